//! What is logged: every event of the runtime, worded once.
//!
//! Targets: `mainspring::run` for runs, `mainspring::schedule` for schedules, `mainspring::store`
//! for the store and `mainspring::node` for the process itself.

use mainspring_contract::record::Run;
use mainspring_contract::store::Unreadable;
use mainspring_contract::{JobId, NodeId, ScheduleId, StoreError};
use mainspring_core::fire::Skip;
use mainspring_core::outcome::Outcome;
use mainspring_core::time::Timestamp;
use tracing::{debug, error, info, warn};

use crate::context::Context;
use crate::task::RunEnd;

pub(crate) fn run_started(context: &Context, now: Timestamp) {
    let late = context.fire_at().map(|at| now.since(at).as_micros() / 1_000);
    info!(
        target: "mainspring::run",
        task = %context.task(),
        schedule = context.schedule().map(ScheduleId::as_str),
        job = %context.job(),
        attempt = context.attempt(),
        late_ms = late,
        "run started",
    );
}

pub(crate) fn run_aborted(context: &Context, why: Outcome) {
    warn!(
        target: "mainspring::run",
        task = %context.task(), job = %context.job(), %why, "run told to stop",
    );
}

pub(crate) fn run_finished(context: &Context, end: &RunEnd, now: Timestamp) {
    let took = now.since(context.started_at());
    let (task, job, outcome) = (context.task(), context.job(), end.outcome);
    let schedule = context.schedule().map(ScheduleId::as_str);
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
}

pub(crate) fn lease_lost(job: JobId, verb: &str) {
    warn!(
        target: "mainspring::run",
        %job, verb, "the lease was lost; what this run did does not count",
    );
}

pub(crate) fn rescued(run: &Run) {
    warn!(
        target: "mainspring::run",
        task = %run.task, job = %run.job, attempt = run.attempt, outcome = %run.ended.outcome,
        runs_again = !run.settled, "took over a job that nobody was looking after",
    );
}

pub(crate) fn skipped(schedule: &ScheduleId, skip: &Skip) {
    warn!(
        target: "mainspring::schedule",
        %schedule, reason = skip.reason.name(), from = %skip.from, to = %skip.to,
        count = skip.count.value(), "due fires did not become jobs",
    );
}

pub(crate) fn store_is_full(schedule: &ScheduleId) {
    warn!(
        target: "mainspring::schedule",
        %schedule, "the store has no room for the jobs that are due; trying again",
    );
}

pub(crate) fn quarantined(schedule: &ScheduleId, reason: &str) {
    error!(
        target: "mainspring::schedule",
        %schedule, reason,
        "schedule taken out of service; put it again to bring it back",
    );
}

pub(crate) fn unreadable(schedule: &Unreadable) {
    error!(
        target: "mainspring::schedule",
        schedule = schedule.name, reason = schedule.reason,
        "schedule out of service: its record cannot be read; put it again to bring it back",
    );
}

pub(crate) fn store_failed(verb: &str, error: &StoreError) {
    warn!(target: "mainspring::store", verb, error = %error, "the store failed; trying again");
}

pub(crate) fn answers_missing(verb: &str, asked: usize, answered: usize) {
    error!(
        target: "mainspring::store", verb, asked, answered,
        "the store did not answer item by item; asking again (this is a defect of the store)",
    );
}

pub(crate) fn store_is_back() {
    info!(target: "mainspring::store", "the store is back");
}

pub(crate) fn node_started(node: &NodeId, tasks: usize) {
    info!(target: "mainspring::node", %node, tasks, "started");
}

pub(crate) fn node_stopping(running: usize) {
    info!(target: "mainspring::node", running, "stopping; no new runs start");
}

pub(crate) fn node_stopped(left: usize) {
    if left == 0 {
        info!(target: "mainspring::node", "stopped");
    } else {
        warn!(target: "mainspring::node", left, "stopped before everything was written down");
    }
}

pub(crate) fn clock_jumped() {
    warn!(target: "mainspring::node", "the wall clock was set or the machine slept");
}

pub(crate) fn pruned(count: u32) {
    debug!(target: "mainspring::store", count, "old history forgotten");
}
