//! What a running task knows about its run, and how it learns that it should stop.

use std::sync::{Arc, OnceLock};

use mainspring_contract::record::Job;
use mainspring_contract::{JobId, ScheduleId, TaskId};
use mainspring_core::id::Token;
use mainspring_core::outcome::Outcome;
use mainspring_core::time::Timestamp;
use tokio_util::sync::CancellationToken;

/// One run of a task: what it is for, and whether it should stop.
///
/// Cheap to clone; clones belong to the same run.
#[derive(Clone, Debug)]
pub struct Context {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    job: JobId,
    task: TaskId,
    schedule: Option<ScheduleId>,
    fire_at: Option<Timestamp>,
    attempt: u32,
    token: Token,
    started_at: Timestamp,
    cancelled: CancellationToken,
    why: OnceLock<Outcome>,
    /// The lease is lost: the run must end now.
    lost: CancellationToken,
}

impl Context {
    pub(crate) fn new(job: &Job, started_at: Timestamp) -> Self {
        let inner = Inner {
            job: job.id,
            task: job.task.clone(),
            schedule: job.schedule.clone(),
            fire_at: job.fire_at,
            attempt: job.attempt(),
            token: job.token,
            started_at,
            cancelled: CancellationToken::new(),
            why: OnceLock::new(),
            lost: CancellationToken::new(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The job.
    pub fn job(&self) -> JobId {
        self.inner.job
    }

    /// The task.
    pub fn task(&self) -> &TaskId {
        &self.inner.task
    }

    /// The schedule whose fire this is; `None` for a job that was queued by itself.
    pub fn schedule(&self) -> Option<&ScheduleId> {
        self.inner.schedule.as_ref()
    }

    /// The instant that the schedule's trigger named, which may lie some time ago.
    pub fn fire_at(&self) -> Option<Timestamp> {
        self.inner.fire_at
    }

    /// The attempt, counted from 1.
    pub fn attempt(&self) -> u32 {
        self.inner.attempt
    }

    /// The fencing token: it rises with each claim of the job. Pass it to whatever must not
    /// listen to a run that was given up for lost.
    pub fn token(&self) -> Token {
        self.inner.token
    }

    /// When this run started, by this node's clock.
    pub fn started_at(&self) -> Timestamp {
        self.inner.started_at
    }

    /// Resolves when this run should stop: it took too long, was cancelled, its node stops, or
    /// its lease was lost.
    pub async fn cancelled(&self) {
        self.inner.cancelled.cancelled().await;
    }

    /// Why this run should stop; `None` as long as it should not.
    pub fn why_cancelled(&self) -> Option<Outcome> {
        self.inner.why.get().copied()
    }

    pub(crate) fn cancel(&self, why: Outcome) {
        // The first reason stays.
        let _ = self.inner.why.set(why);
        self.inner.cancelled.cancel();
        if why == Outcome::LeaseLost {
            self.inner.lost.cancel();
        }
    }

    /// Resolves when the lease is lost, even if the run was to stop for another reason before.
    pub(crate) async fn lost(&self) {
        self.inner.lost.cancelled().await;
    }
}
