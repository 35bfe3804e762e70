//! Any store behind one type, so that the scheduler needs no type parameter for it.
//!
//! Costs one boxed future a batch. A store that panics answers with an error, so that its defect
//! neither ends the scheduler nor leaves it waiting.

use core::future::{Future, poll_fn};
use core::pin::{Pin, pin};
use core::task::Poll;
use std::panic::{AssertUnwindSafe, catch_unwind};

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
    Answer, Capabilities, JobId, NodeId, ScheduleId, Store, StoreError, StoreErrorKind, TaskId,
};
use mainspring_core::time::Timestamp;
use mainspring_core::trigger::Count;

use crate::clock::Time;
use crate::telemetry;

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
type List<'a, T> = Boxed<'a, Result<Vec<T>, StoreError>>;

/// A store, and the clock by which it judges: its own, except in tests.
pub(crate) struct Timed<S> {
    pub(crate) store: S,
    pub(crate) time: Time,
}

/// [`Store`] with boxed futures, always by one clock.
macro_rules! erased {
    ($($verb:ident($($arg:ident: $type:ty),*) -> $answer:ty;)* ---
     $($list:ident($page:ty) -> $item:ty;)*) => {
        pub(crate) trait AnyStore: Send + Sync + 'static {
            $(fn $verb<'a>(&'a self, $($arg: $type),*) -> Boxed<'a, Answer<$answer>>;)*
            $(fn $list<'a>(&'a self, filter: &'a $page) -> List<'a, $item>;)*
            fn capabilities(&self) -> Capabilities;
            fn unreadable<'a>(&'a self, limit: u32) -> List<'a, Unreadable>;
            fn count_jobs<'a>(
                &'a self,
                filter: &'a JobFilter,
                up_to: u32,
            ) -> Boxed<'a, Result<Count, StoreError>>;
            fn schedule<'a>(
                &'a self,
                id: &'a ScheduleId,
            ) -> Boxed<'a, Result<Option<ScheduleView>, StoreError>>;
        }

        impl<S: Store> AnyStore for Timed<S> {
            $(fn $verb<'a>(&'a self, $($arg: $type),*) -> Boxed<'a, Answer<$answer>> {
                let work = Store::$verb(&self.store, self.time.of_stores(), $($arg),*);
                Box::pin(told(stringify!($verb), work))
            })*
            $(fn $list<'a>(&'a self, filter: &'a $page) -> List<'a, $item> {
                Box::pin(told(stringify!($list), Store::$list(&self.store, filter)))
            })*
            fn capabilities(&self) -> Capabilities {
                self.store.capabilities()
            }
            fn unreadable<'a>(&'a self, limit: u32) -> List<'a, Unreadable> {
                Box::pin(told("unreadable", Store::unreadable(&self.store, limit)))
            }
            fn count_jobs<'a>(
                &'a self,
                filter: &'a JobFilter,
                up_to: u32,
            ) -> Boxed<'a, Result<Count, StoreError>> {
                Box::pin(told("count_jobs", Store::count_jobs(&self.store, filter, up_to)))
            }
            fn schedule<'a>(
                &'a self,
                id: &'a ScheduleId,
            ) -> Boxed<'a, Result<Option<ScheduleView>, StoreError>> {
                Box::pin(told("schedule", Store::schedule(&self.store, id)))
            }
        }
    };
}

/// What `work` returns or, if it panics, an error; all of it in a span that names the verb. It is
/// not polled again after a panic, so that whatever the panic left behind in it is not seen by
/// anybody.
async fn told<T>(
    verb: &'static str,
    work: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let span = telemetry::store_span(verb);
    let mut work = pin!(work);
    let result = poll_fn(|context| {
        let _inside = span.enter();
        let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context)));
        polled.unwrap_or_else(|_| {
            let message = "the store panicked (this is a defect of the store)";
            Poll::Ready(Err(StoreError::new(StoreErrorKind::OutcomeUnknown, message)))
        })
    });
    let result = result.await;
    if let Err(error) = &result {
        telemetry::verb_failed(&span, error);
    }
    result
}

erased! {
    put_tasks(tasks: &'a [Task]) -> ();
    put_schedules(puts: &'a [PutSchedule]) -> Vec<Put>;
    remove_schedules(remove: &'a Remove<'a>) -> Vec<ScheduleId>;
    claim_schedules(claim: &'a ClaimSchedules) -> Vec<Schedule>;
    advance(advances: &'a [Advance]) -> Vec<Advanced>;
    pause(schedules: &'a [ScheduleId]) -> Vec<Paused>;
    resume(resumes: &'a [Resume]) -> Vec<Resumed>;
    quarantine(quarantines: &'a [Quarantine]) -> ();
    enqueue(jobs: &'a [Enqueue]) -> Vec<Enqueued>;
    claim_jobs(claim: &'a ClaimJobs<'a>) -> Vec<Job>;
    renew(renews: &'a [Renew]) -> Vec<Renewed>;
    release(releases: &'a [Release]) -> Vec<Written>;
    retry(retries: &'a [Retry]) -> Vec<Written>;
    settle(settles: &'a [Settle]) -> Vec<Written>;
    settle_and_claim(
        settles: &'a [Settle],
        claim: &'a ClaimJobs<'a>
    ) -> (Vec<Written>, Vec<Job>);
    cancel(jobs: &'a [JobId]) -> Vec<Cancelled>;
    hasten(jobs: &'a [JobId]) -> Vec<Hastened>;
    rescue(rescue: &'a Rescue, max: u32) -> Vec<Run>;
    prune(before: Timestamp, max: u32) -> u32;
    beat(node: &'a Node) -> ();
    leave(node: &'a NodeId) -> ();
    nodes(page: &'a Page<NodeId>) -> Vec<NodeView>;
    ---
    schedules(ScheduleFilter) -> ScheduleView;
    tasks(Page<TaskId>) -> Task;
    jobs(JobFilter) -> Job;
    runs(RunFilter) -> RunView;
    skips(SkipFilter) -> SkipView;
}
