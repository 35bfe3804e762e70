//! A memory store that can be told to fail, and that tells when it was called.

use core::future::Future;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use mainspring_contract::node::{Node, NodeView};
use mainspring_contract::record::{
    Advance, Advanced, Cancelled, ClaimJobs, ClaimSchedules, Enqueue, Enqueued, Hastened, Job,
    Paused, Put, PutSchedule, Quarantine, Release, Remove, Renew, Renewed, Rescue, Resume, Resumed,
    Retry, Run, Schedule, Settle, Task, Written,
};
use mainspring_contract::store::{
    JobFilter, Page, RunFilter, RunView, ScheduleFilter, ScheduleView, SkipFilter, SkipView,
    Unreadable,
};
use mainspring_contract::{
    Answer, Capabilities, Clock, JobId, NodeId, ScheduleId, Store, StoreError, StoreErrorKind,
    TaskId,
};
use mainspring_core::time::{Span, Timestamp};
use mainspring_core::trigger::Count;
use mainspring_memory::MemoryStore;
use tokio::sync::watch;

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// It works.
    None,
    /// It changes nothing and fails.
    Down,
    /// It takes effect, but its answer is lost.
    AnswerLost,
    /// It takes effect, but the last item of its answer is missing.
    AnswerShort,
    /// It takes effect, but the answer comes only when there is other trouble, or none.
    AnswerLate,
    /// It changes nothing, and no answer ever comes.
    Silent,
    /// It panics.
    Panic,
}

/// A [`MemoryStore`] in trouble. Clones share one store and one trouble.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flaky {
    inner: MemoryStore,
    trouble: Arc<Mutex<HashMap<&'static str, Trouble>>>,
    /// How far the clock in its answers is ahead.
    ahead: Arc<Mutex<Span>>,
    /// How often each verb was answered.
    calls: Arc<watch::Sender<HashMap<&'static str, u32>>>,
}

impl Flaky {
    /// The same store as another node sees it: with calls and trouble of its own.
    pub(crate) fn beside(&self) -> Self {
        Self { inner: self.inner.clone(), ..Self::default() }
    }

    /// Lets `verb` meet `trouble` from now on; `"all"` means every verb without a trouble of its
    /// own.
    pub(crate) fn meets(&self, verb: &'static str, trouble: Trouble) {
        self.trouble.lock().expect("no panic under this lock").insert(verb, trouble);
        self.calls.send_modify(|_| ());
    }

    /// Lets its answers show a clock that is ahead of the wall clock.
    pub(crate) fn is_ahead(&self, ahead: Span) {
        *self.ahead.lock().expect("no panic under this lock") = ahead;
    }

    /// How often `verb` was answered.
    pub(crate) fn calls(&self, verb: &str) -> u32 {
        self.calls.borrow().get(verb).copied().unwrap_or(0)
    }

    /// How often any verb was answered.
    pub(crate) fn all_calls(&self) -> u32 {
        self.calls.borrow().values().sum()
    }

    /// Waits until `holds`, which is asked after each answer.
    pub(crate) async fn until<F: Future<Output = bool>>(&self, holds: impl Fn() -> F) {
        let mut calls = self.calls.subscribe();
        super::rig::soon(async {
            while !holds().await {
                calls.changed().await.expect("the store is there");
            }
        })
        .await;
    }

    fn trouble(&self, verb: &str) -> Trouble {
        let troubles = self.trouble.lock().expect("no panic under this lock");
        *troubles.get(verb).or_else(|| troubles.get("all")).unwrap_or(&Trouble::None)
    }

    async fn through<T>(
        &self,
        verb: &'static str,
        call: impl Future<Output = Answer<T>> + Send,
        shorten: impl Fn(&mut T) + Send,
    ) -> Answer<T> {
        let mut answer = match self.trouble(verb) {
            Trouble::Down => Err(StoreError::new(StoreErrorKind::Unavailable, "told to be down")),
            Trouble::Silent => {
                self.count(verb);
                core::future::pending().await
            }
            Trouble::Panic => {
                self.count(verb);
                panic!("told to panic");
            }
            _ => call.await,
        };
        let mut calls = self.calls.subscribe();
        while self.trouble(verb) == Trouble::AnswerLate {
            calls.changed().await.expect("the store is there");
        }
        if let Ok(reply) = &mut answer {
            let ahead = *self.ahead.lock().expect("no panic under this lock");
            reply.pulse.store_now = reply.pulse.store_now + ahead;
        }
        match (self.trouble(verb), &mut answer) {
            (Trouble::AnswerLost, Ok(_)) => {
                answer = Err(StoreError::new(StoreErrorKind::OutcomeUnknown, "told to be lost"));
            }
            (Trouble::AnswerShort, Ok(reply)) => shorten(&mut reply.value),
            _ => {}
        }
        self.count(verb);
        answer
    }

    fn count(&self, verb: &'static str) {
        self.calls.send_modify(|calls| *calls.entry(verb).or_default() += 1);
    }
}

macro_rules! verbs {
    ($($verb:ident($($arg:ident: $type:ty),*) -> $answer:ty, $shorten:expr;)*) => {
        $(async fn $verb(&self, clock: Clock, $($arg: $type),*) -> Answer<$answer> {
            self.through(stringify!($verb), self.inner.$verb(clock, $($arg),*), $shorten).await
        })*
    };
}

impl Store for Flaky {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    verbs! {
        put_tasks(tasks: &[Task]) -> (), |()| ();
        put_schedules(puts: &[PutSchedule]) -> Vec<Put>, pop;
        remove_schedules(remove: &Remove<'_>) -> Vec<ScheduleId>, pop;
        claim_schedules(claim: &ClaimSchedules) -> Vec<Schedule>, pop;
        advance(advances: &[Advance]) -> Vec<Advanced>, pop;
        pause(schedules: &[ScheduleId]) -> Vec<Paused>, pop;
        resume(resumes: &[Resume]) -> Vec<Resumed>, pop;
        quarantine(quarantines: &[Quarantine]) -> (), |()| ();
        enqueue(jobs: &[Enqueue]) -> Vec<Enqueued>, pop;
        claim_jobs(claim: &ClaimJobs<'_>) -> Vec<Job>, pop;
        renew(renews: &[Renew]) -> Vec<Renewed>, pop;
        release(releases: &[Release]) -> Vec<Written>, pop;
        retry(retries: &[Retry]) -> Vec<Written>, pop;
        settle(settles: &[Settle]) -> Vec<Written>, pop;
        cancel(jobs: &[JobId]) -> Vec<Cancelled>, pop;
        hasten(jobs: &[JobId]) -> Vec<Hastened>, pop;
        rescue(rescue: &Rescue, max: u32) -> Vec<Run>, pop;
        prune(before: Timestamp, max: u32) -> u32, |_| ();
        beat(node: &Node) -> (), |()| ();
        leave(node: &NodeId) -> (), |()| ();
        nodes(page: &Page<NodeId>) -> Vec<NodeView>, pop;
    }

    async fn tasks(&self, page: &Page<TaskId>) -> Result<Vec<Task>, StoreError> {
        self.inner.tasks(page).await
    }

    async fn schedule(&self, id: &ScheduleId) -> Result<Option<ScheduleView>, StoreError> {
        self.inner.schedule(id).await
    }

    async fn schedules(&self, filter: &ScheduleFilter) -> Result<Vec<ScheduleView>, StoreError> {
        self.inner.schedules(filter).await
    }

    async fn unreadable(&self, limit: u32) -> Result<Vec<Unreadable>, StoreError> {
        self.inner.unreadable(limit).await
    }

    async fn jobs(&self, filter: &JobFilter) -> Result<Vec<Job>, StoreError> {
        self.inner.jobs(filter).await
    }

    async fn count_jobs(&self, filter: &JobFilter, up_to: u32) -> Result<Count, StoreError> {
        self.inner.count_jobs(filter, up_to).await
    }

    async fn runs(&self, filter: &RunFilter) -> Result<Vec<RunView>, StoreError> {
        self.inner.runs(filter).await
    }

    async fn skips(&self, filter: &SkipFilter) -> Result<Vec<SkipView>, StoreError> {
        self.inner.skips(filter).await
    }
}

fn pop<T>(answers: &mut Vec<T>) {
    let _ = answers.pop();
}
