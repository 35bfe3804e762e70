//! Any store behind one type, so that the scheduler needs no type parameter for it.
//!
//! Costs one boxed future a batch.

use core::future::Future;
use core::pin::Pin;

use mainspring_contract::record::{
    Advance, Advanced, Cancelled, ClaimJobs, ClaimSchedules, Enqueue, Enqueued, Job, Put,
    PutSchedule, Quarantine, Release, Remove, Renew, Renewed, Rescue, Retry, Run, Schedule, Settle,
    Task, Written,
};
use mainspring_contract::store::{
    JobFilter, Page, RunFilter, RunView, ScheduleView, SkipFilter, SkipView,
};
use mainspring_contract::{Answer, Clock, JobId, ScheduleId, Store, StoreError};
use mainspring_core::time::Timestamp;

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
type List<'a, T> = Boxed<'a, Result<Vec<T>, StoreError>>;

/// [`Store`] with boxed futures, always by the store's own clock.
macro_rules! erased {
    ($($verb:ident($($arg:ident: $type:ty),*) -> $answer:ty;)* ---
     $($list:ident($page:ty) -> $item:ty;)*) => {
        pub(crate) trait AnyStore: Send + Sync + 'static {
            $(fn $verb<'a>(&'a self, $($arg: $type),*) -> Boxed<'a, Answer<$answer>>;)*
            $(fn $list<'a>(&'a self, filter: &'a $page) -> List<'a, $item>;)*
        }

        impl<S: Store> AnyStore for S {
            $(fn $verb<'a>(&'a self, $($arg: $type),*) -> Boxed<'a, Answer<$answer>> {
                Box::pin(Store::$verb(self, Clock::Server, $($arg),*))
            })*
            $(fn $list<'a>(&'a self, filter: &'a $page) -> List<'a, $item> {
                Box::pin(Store::$list(self, filter))
            })*
        }
    };
}

erased! {
    put_tasks(tasks: &'a [Task]) -> ();
    put_schedules(puts: &'a [PutSchedule]) -> Vec<Put>;
    remove_schedules(remove: &'a Remove<'a>) -> Vec<ScheduleId>;
    claim_schedules(claim: &'a ClaimSchedules) -> Vec<Schedule>;
    advance(advances: &'a [Advance]) -> Vec<Advanced>;
    quarantine(quarantines: &'a [Quarantine]) -> ();
    enqueue(jobs: &'a [Enqueue]) -> Vec<Enqueued>;
    claim_jobs(claim: &'a ClaimJobs<'a>) -> Vec<Job>;
    renew(renews: &'a [Renew]) -> Vec<Renewed>;
    release(releases: &'a [Release]) -> Vec<Written>;
    retry(retries: &'a [Retry]) -> Vec<Written>;
    settle(settles: &'a [Settle]) -> Vec<Written>;
    cancel(jobs: &'a [JobId]) -> Vec<Cancelled>;
    rescue(rescue: &'a Rescue, max: u32) -> Vec<Run>;
    prune(before: Timestamp, max: u32) -> u32;
    ---
    schedules(Page<ScheduleId>) -> ScheduleView;
    jobs(JobFilter) -> Job;
    runs(RunFilter) -> RunView;
    skips(SkipFilter) -> SkipView;
}
