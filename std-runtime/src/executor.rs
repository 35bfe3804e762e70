//! Runs tasks; a panic or an abort becomes an outcome like any other.

use core::any::Any;
use std::collections::HashMap;

use mainspring_contract::record::{Ended, Job};
use mainspring_contract::{Encoded, JobId};
use mainspring_core::id::Token;
use mainspring_core::outcome::Outcome;
use mainspring_core::retry::Ask;
use mainspring_core::time::Timestamp;
use tokio::task::{Id, JoinError, JoinSet};

use crate::clock;
use crate::context::Context;
use crate::task::{Bound, RunEnd};
use crate::telemetry;

/// The runs of one node.
#[derive(Debug, Default)]
pub(crate) struct Executor {
    set: JoinSet<RunEnd>,
    runs: HashMap<Id, (JobId, Context)>,
    contexts: HashMap<(JobId, Token), Context>,
}

/// A run that has ended.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) job: JobId,
    pub(crate) token: Token,
    pub(crate) ended: Ended,
    pub(crate) ask: Ask,
}

impl Executor {
    /// Starts a run.
    pub(crate) fn start(&mut self, task: Bound, job: &Job, now: Timestamp) {
        let context = Context::new(job, now);
        telemetry::run_started(&context, now);
        let run = guarded(task, job.payload.clone(), context.clone());
        let handle = self.set.spawn(run);
        self.contexts.insert((job.id, job.token), context.clone());
        self.runs.insert(handle.id(), (job.id, context));
    }

    /// Tells a run to stop.
    pub(crate) fn abort(&self, job: JobId, token: Token, why: Outcome) {
        if let Some(context) = self.contexts.get(&(job, token)) {
            telemetry::run_aborted(context, why);
            context.cancel(why);
        }
    }

    /// Waits for the next run to end; for ever, if there is none.
    pub(crate) async fn next(&mut self) -> Finished {
        loop {
            let (id, end) = match self.set.join_next_with_id().await {
                Some(Ok((id, end))) => (id, end),
                Some(Err(error)) => (error.id(), crashed(error)),
                None => core::future::pending().await,
            };
            let Some((job, context)) = self.runs.remove(&id) else { continue };
            self.contexts.remove(&(job, context.token()));
            let finished_at = clock::wall();
            telemetry::run_finished(&context, &end, finished_at);
            let started_at = Some(context.started_at());
            let detail = Some(end.detail);
            let ended = Ended { outcome: end.outcome, started_at, finished_at, detail };
            return Finished { job, token: context.token(), ended, ask: end.ask };
        }
    }

    /// How many runs there are.
    pub(crate) fn len(&self) -> usize {
        self.runs.len()
    }
}

/// A run that is dropped some time after it was told to stop.
async fn guarded(task: Bound, payload: Encoded, context: Context) -> RunEnd {
    let run = task.call(payload, context.clone());
    let told = async {
        context.cancelled().await;
        // A lost lease leaves no time: the job may start elsewhere at any moment.
        tokio::select! {
            () = context.lost() => {}
            () = clock::wait_for(task.abort_grace) => {}
        }
    };
    tokio::select! {
        // A run that ends while it is being told to stop has ended by itself.
        biased;
        end = run => end,
        () = told => {
            let why = context.why_cancelled().unwrap_or(Outcome::Interrupted);
            RunEnd::failure(why, format!("aborted: {why}"))
        }
    }
}

fn crashed(error: JoinError) -> RunEnd {
    if !error.is_panic() {
        return RunEnd::failure(Outcome::Interrupted, "the runtime dropped the run");
    }
    RunEnd::failure(Outcome::Panicked, panic_text(&*error.into_panic()))
}

/// What a panic said.
pub(crate) fn panic_text(payload: &(dyn Any + Send)) -> String {
    payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned())
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use mainspring_contract::record::Enqueue;
    use mainspring_contract::{JobId, TaskId};
    use mainspring_core::task;

    use super::*;
    use crate::state::States;
    use crate::task::Task;

    const HOUR: Duration = Duration::from_secs(3_600);

    /// A run that takes no notice of being told to stop, and has an hour to do so.
    fn stubborn() -> (impl Future<Output = RunEnd>, Context) {
        let task = Task::new("t", core::future::pending::<()>).abort_grace(HOUR);
        let task = task.bind(&States::default()).expect("it wants no state");
        let payload = Encoded::json(1, &()).expect("it can be encoded");
        let name = TaskId::new("t").expect("a name");
        let id = JobId::from_bytes([1; 16]);
        let known = task::Task::new(name.clone());
        let job = Enqueue::new(id, name, payload.clone()).job(&known, Timestamp::UNIX_EPOCH);
        let context = Context::new(&job, Timestamp::UNIX_EPOCH);
        (guarded(task, payload, context.clone()), context)
    }

    #[tokio::test(start_paused = true)]
    async fn a_run_within_its_grace_is_dropped_when_its_lease_is_lost() {
        let (run, context) = stubborn();
        context.cancel(Outcome::TimedOut);
        context.cancel(Outcome::LeaseLost);
        tokio::select! {
            end = run => assert_eq!(end.outcome, Outcome::TimedOut, "the first reason stays"),
            () = clock::wait_for(HOUR / 2) => panic!("the job may have started elsewhere by now"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_run_has_its_grace_to_stop() {
        let (run, context) = stubborn();
        context.cancel(Outcome::TimedOut);
        tokio::select! {
            _ = run => panic!("it was given an hour"),
            () = clock::wait_for(HOUR / 2) => {}
        }
    }
}
