//! What is told of what happens: every event of the runtime, worded once for the log, and passed on
//! to those who listen.
//!
//! The names, targets and fields are a promise: [`crate::guide::tracing`] lists them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mainspring_contract::broker::Unread;
use mainspring_contract::record::{Job, JobState, Run};
use mainspring_contract::store::Unreadable;
use mainspring_contract::{JobId, NodeId, ScheduleId, StoreError};
use mainspring_core::fire::Skip;
use mainspring_core::id::Token;
use mainspring_core::outcome::Outcome;
use mainspring_core::time::{self, Timestamp};
use tracing::field::{Empty, display};
use tracing::{Span, debug, debug_span, error, info, info_span, warn};

use crate::context::Context;
use crate::event::{Bell, Event, Events};
use crate::metrics::Numbers;
use crate::task::RunEnd;

/// The log, and those who listen. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Telemetry {
    bell: Bell,
    numbers: Arc<Numbers>,
    /// Why the store does not answer.
    store_failure: Arc<Mutex<Option<String>>>,
}

/// The span of a run, which is over when this is dropped. It has no parent: whoever happens to
/// start it did not ask for it.
pub(crate) fn run_span(job: &Job) -> Span {
    let node = match &job.state {
        JobState::Leased { lease, .. } => Some(lease.node.as_str()),
        _ => None,
    };
    info_span!(
        target: "mainspring::run",
        parent: None,
        "mainspring.run",
        job = %job.id,
        task = %job.task,
        schedule = job.schedule.as_ref().map(ScheduleId::as_str),
        attempt = job.attempt(),
        node,
        outcome = Empty,
    )
}

/// The span of a verb of the store, in whatever span it is asked for.
pub(crate) fn store_span(verb: &'static str) -> Span {
    debug_span!(target: "mainspring::store", "mainspring.store", verb, error = Empty)
}

/// Notes in the span of a verb how it failed.
pub(crate) fn verb_failed(span: &Span, error: &StoreError) {
    span.record("error", display(error));
}

impl Telemetry {
    /// Listens from now on.
    pub(crate) fn listen(&self) -> Events {
        self.bell.listen()
    }

    pub(crate) fn numbers(&self) -> &Numbers {
        &self.numbers
    }

    /// Why the store does not answer; `None` if it does.
    pub(crate) fn store_failure(&self) -> MutexGuard<'_, Option<String>> {
        self.store_failure.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn run_started(&self, context: &Context, span: &Span, now: Timestamp) {
        let _inside = span.enter();
        let late = context.fire_at().map(|at| now.since(at));
        self.numbers.started.add(1);
        if let Some(late) = late {
            self.numbers.lateness.observe(late.to_duration());
        }
        let late = late.map(|late| late.as_micros() / 1_000);
        info!(
            target: "mainspring::run",
            task = %context.task(),
            schedule = context.schedule().map(ScheduleId::as_str),
            job = %context.job(),
            attempt = context.attempt(),
            late_ms = late,
            "run started",
        );
        self.bell.ring(|| Event::RunStarted {
            job: context.job(),
            task: context.task().clone(),
            schedule: context.schedule().cloned(),
            fire_at: context.fire_at(),
            attempt: context.attempt(),
        });
    }

    pub(crate) fn run_aborted(&self, context: &Context, why: Outcome) {
        warn!(
            target: "mainspring::run",
            task = %context.task(), job = %context.job(), %why, "run told to stop",
        );
        self.bell.ring(|| Event::RunTold { job: context.job(), why });
    }

    pub(crate) fn run_finished(
        &self,
        context: &Context,
        span: &Span,
        end: &RunEnd,
        now: Timestamp,
    ) {
        let _inside = span.enter();
        let took = now.since(context.started_at());
        self.numbers.ended(end.outcome, took.to_duration());
        let (task, job, outcome) = (context.task(), context.job(), end.outcome);
        let schedule = context.schedule().map(ScheduleId::as_str);
        span.record("outcome", outcome.name());
        match &end.detail.error {
            None => info!(
                target: "mainspring::run",
                %task, schedule, %job, %outcome, %took, "run finished",
            ),
            Some(error) => warn!(
                target: "mainspring::run",
                %task, schedule, %job, %outcome, %took, error = %error, "run finished",
            ),
        }
        self.bell.ring(|| Event::RunEnded {
            job: context.job(),
            task: context.task().clone(),
            schedule: context.schedule().cloned(),
            outcome: end.outcome,
            error: end.detail.error.clone(),
        });
    }

    pub(crate) fn run_recorded(&self, job: JobId, token: Token) {
        self.bell.ring(|| Event::RunRecorded { job, token });
    }

    pub(crate) fn lease_lost(&self, job: JobId, verb: &str) {
        self.numbers.leases_lost.add(1);
        warn!(
            target: "mainspring::run",
            %job, verb, "the lease was lost; what this run did does not count",
        );
        self.bell.ring(|| Event::LeaseLost { job });
    }

    pub(crate) fn rescued(&self, run: &Run) {
        self.numbers.rescued.add(1);
        warn!(
            target: "mainspring::run",
            task = %run.task, job = %run.job, attempt = run.attempt, outcome = %run.ended.outcome,
            runs_again = !run.settled, "took over a job that nobody was looking after",
        );
        self.bell.ring(|| Event::Rescued {
            job: run.job,
            task: run.task.clone(),
            outcome: run.ended.outcome,
            runs_again: !run.settled,
        });
    }

    pub(crate) fn skipped(&self, schedule: &ScheduleId, skip: &Skip) {
        self.numbers.skipped.add(skip.count.value());
        warn!(
            target: "mainspring::schedule",
            %schedule, reason = skip.reason.name(), from = %skip.from, to = %skip.to,
            count = skip.count.value(), "due fires did not become jobs",
        );
        self.bell.ring(|| Event::Skipped { schedule: schedule.clone(), skip: *skip });
    }

    pub(crate) fn store_is_full(&self, schedule: &ScheduleId) {
        warn!(
            target: "mainspring::schedule",
            %schedule, "the store has no room for the jobs that are due; trying again",
        );
    }

    pub(crate) fn quarantined(&self, schedule: &ScheduleId, reason: &str) {
        self.numbers.quarantined.add(1);
        error!(
            target: "mainspring::schedule",
            %schedule, reason,
            "schedule taken out of service; put it again to bring it back",
        );
        self.bell.ring(|| Event::Quarantined {
            schedule: schedule.to_string(),
            reason: reason.to_owned(),
        });
    }

    pub(crate) fn unreadable(&self, schedule: &Unreadable) {
        error!(
            target: "mainspring::schedule",
            schedule = schedule.name, reason = schedule.reason,
            "schedule out of service: its record cannot be read; put it again to bring it back",
        );
        self.bell.ring(|| schedule.into());
    }

    pub(crate) fn store_failed(&self, verb: &str, error: &StoreError) {
        self.numbers.store_failures.add(1);
        warn!(target: "mainspring::store", verb, error = %error, "the store failed; trying again");
        self.bell.ring(|| Event::StoreFailed { verb: verb.to_owned(), error: error.to_string() });
    }

    pub(crate) fn answers_missing(&self, verb: &str, asked: usize, answered: usize) {
        error!(
            target: "mainspring::store", verb, asked, answered,
            "the store did not answer item by item; asking again (this is a defect of the store)",
        );
    }

    pub(crate) fn store_is_back(&self) {
        *self.store_failure() = None;
        info!(target: "mainspring::store", "the store is back");
        self.bell.ring(|| Event::StoreBack);
    }

    pub(crate) fn broker_is_lost(&self, broker: &str, error: &str) {
        warn!(
            target: "mainspring::broker",
            broker, error, "the broker cannot be reached; going on without it, and trying again",
        );
        let (broker, error) = (broker.to_owned(), error.to_owned());
        self.bell.ring(|| Event::BrokerLost { broker, error });
    }

    pub(crate) fn broker_is_back(&self, broker: &str) {
        info!(target: "mainspring::broker", broker, "the broker can be reached");
        self.bell.ring(|| Event::BrokerBack { broker: broker.to_owned() });
    }

    pub(crate) fn hint_ignored(&self, broker: &str, unread: &Unread) {
        warn!(
            target: "mainspring::broker",
            broker, reason = %unread, "ignored; others of this kind will be without a word",
        );
    }

    pub(crate) fn node_joined(&self, node: &NodeId) {
        info!(target: "mainspring::node", other = %node, "another node began to work");
        self.bell.ring(|| Event::NodeJoined { node: node.clone() });
    }

    pub(crate) fn node_is_gone(&self, node: &NodeId) {
        info!(target: "mainspring::node", other = %node, "another node has ended or was cut off");
        self.bell.ring(|| Event::NodeGone { node: node.clone() });
    }

    pub(crate) fn node_started(&self, node: &NodeId, tasks: usize) {
        info!(target: "mainspring::node", %node, tasks, "started");
        self.bell.ring(|| Event::Started);
    }

    pub(crate) fn node_stopping(&self, running: usize) {
        info!(target: "mainspring::node", running, "stopping; no new runs start");
        self.bell.ring(|| Event::Stopping);
    }

    pub(crate) fn node_stopped(&self, left: usize) {
        if left == 0 {
            info!(target: "mainspring::node", "stopped");
        } else {
            warn!(target: "mainspring::node", left, "stopped before everything was written down");
        }
        self.bell.ring(|| Event::Stopped { left });
    }

    pub(crate) fn clock_jumped(&self) {
        self.numbers.clock_jumps.add(1);
        warn!(target: "mainspring::node", "the wall clock was set or the machine slept");
        self.bell.ring(|| Event::ClockJumped);
    }

    pub(crate) fn clock_is_off(&self, ahead: time::Span) {
        warn!(
            target: "mainspring::node",
            %ahead, "the clock of this machine is far off the store's; nothing runs at a wrong \
            time by that, but times in its log are wrong (set the clock, or that of the store)",
        );
        self.bell.ring(|| Event::ClockIsOff { ahead });
    }

    pub(crate) fn pruned(&self, count: u32) {
        debug!(target: "mainspring::store", count, "old history forgotten");
    }
}
