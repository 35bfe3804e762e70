//! What a running task knows about its run, and how it learns that it should stop.

use core::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use mainspring_contract::record::Job;
use mainspring_contract::{Encoded, JobId, ScheduleId, TaskId};
use mainspring_core::id::Token;
use mainspring_core::outcome::Outcome;
use mainspring_core::time::Timestamp;
use tokio::sync::Notify;

/// One run of a task: what it is for, and whether it should stop.
///
/// Cheap to clone; clones belong to the same run.
#[derive(Clone, Debug)]
pub struct Context {
    inner: Arc<Inner>,
}

/// What a run is for.
#[derive(Debug)]
pub(crate) struct About {
    pub(crate) job: JobId,
    pub(crate) task: TaskId,
    pub(crate) schedule: Option<ScheduleId>,
    pub(crate) fire_at: Option<Timestamp>,
    pub(crate) attempt: u32,
    pub(crate) token: Token,
    pub(crate) started_at: Timestamp,
}

#[derive(Debug)]
struct Inner {
    about: About,
    /// Why the run should stop, once it should.
    why: OnceLock<Outcome>,
    /// The run must end now: its lease is lost, or its node is gone.
    over: AtomicBool,
    /// The run was told to stop before it began.
    unstarted: AtomicBool,
    /// Tells of changes of `why` and `over`.
    changed: Notify,
}

impl Context {
    /// The context of a job's run, and its arguments.
    pub(crate) fn new(job: Job, started_at: Timestamp) -> (Self, Encoded) {
        let attempt = job.attempt();
        let Job { id: job, task, schedule, fire_at, token, payload, .. } = job;
        let about = About { job, task, schedule, fire_at, attempt, token, started_at };
        (Self::of(about), payload)
    }

    pub(crate) fn of(about: About) -> Self {
        let inner = Inner {
            about,
            why: OnceLock::new(),
            over: AtomicBool::new(false),
            unstarted: AtomicBool::new(false),
            changed: Notify::new(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The job.
    pub fn job(&self) -> JobId {
        self.inner.about.job
    }

    /// The task.
    pub fn task(&self) -> &TaskId {
        &self.inner.about.task
    }

    /// The schedule whose fire this is; `None` for a job that was queued by itself.
    pub fn schedule(&self) -> Option<&ScheduleId> {
        self.inner.about.schedule.as_ref()
    }

    /// The instant that the schedule's trigger named, which may lie some time ago.
    pub fn fire_at(&self) -> Option<Timestamp> {
        self.inner.about.fire_at
    }

    /// The attempt, counted from 1.
    pub fn attempt(&self) -> u32 {
        self.inner.about.attempt
    }

    /// The fencing token: it rises with each claim of the job. Pass it to whatever must not
    /// listen to a run that was given up for lost.
    pub fn token(&self) -> Token {
        self.inner.about.token
    }

    /// When this run started, by this node's clock.
    pub fn started_at(&self) -> Timestamp {
        self.inner.about.started_at
    }

    /// Resolves when this run should stop: it took too long, was cancelled, its node stops, or
    /// its lease was lost.
    pub async fn cancelled(&self) {
        self.until(|inner| inner.why.get().is_some()).await;
    }

    /// Why this run should stop; `None` as long as it should not.
    pub fn why_cancelled(&self) -> Option<Outcome> {
        self.inner.why.get().copied()
    }

    pub(crate) fn cancel(&self, why: Outcome) {
        // The first reason stays.
        let _ = self.inner.why.set(why);
        if why == Outcome::LeaseLost {
            self.inner.over.store(true, Ordering::Release);
        }
        self.inner.changed.notify_waiters();
    }

    /// Notes that the run ends before its work began, so that it counts as no attempt. For an
    /// [`Executor`](crate::Executor) with which work waits for its turn.
    pub fn never_began(&self) {
        self.inner.unstarted.store(true, Ordering::Release);
    }

    /// Whether the run has ended before it began.
    pub(crate) fn is_unstarted(&self) -> bool {
        self.inner.unstarted.load(Ordering::Acquire)
    }

    /// Resolves when the lease is lost, even if the run was to stop for another reason before.
    pub(crate) async fn lost(&self) {
        self.until(|inner| inner.over.load(Ordering::Acquire)).await;
    }

    async fn until(&self, is_so: impl Fn(&Inner) -> bool) {
        loop {
            // Made before the question is asked, so that no answer is missed.
            let changed = self.inner.changed.notified();
            if is_so(&self.inner) {
                return;
            }
            changed.await;
        }
    }
}
