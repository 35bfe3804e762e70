//! The one trait that every store implements.

use core::future::Future;

use mainspring_core::fire::Skip;
use mainspring_core::pulse::Pulse;
use mainspring_core::time::Timestamp;
use mainspring_core::trigger::Count;

use crate::error::StoreError;
use crate::node::{Node, NodeView};
use crate::record::{
    Advance, Advanced, Cancelled, ClaimJobs, ClaimSchedules, Enqueue, Enqueued, Hastened, Job,
    Paused, Put, PutSchedule, Quarantine, Release, Remove, Renew, Renewed, Rescue, Resume, Resumed,
    Retry, Run, Schedule, Settle, Task, Written,
};
use crate::{JobId, NodeId, ScheduleId, TaskId};

pub use crate::filter::{
    During, JobFilter, Page, Place, RunFilter, ScheduleFilter, SkipFilter, Standing,
};

/// The clock by which a verb is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The store's own.
    Server,
    /// This instant: for laws about leases and due times that need no waiting.
    Fixed(Timestamp),
}

/// What a store answers to every verb: the value, and its pulse taken in the same transaction.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply<T> {
    /// The answer.
    pub value: T,
    /// The store's clock, deadlines and configuration.
    pub pulse: Pulse,
}

/// The result of a verb.
pub type Answer<T> = Result<Reply<T>, StoreError>;

/// What a store can do beyond what all of them must.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// What it holds is still there after the process ended.
    pub durable: bool,
    /// Several processes can use it at once.
    pub shared: bool,
}

/// Holds schedules, jobs and their history, and hands them out.
///
/// Every verb is atomic and idempotent by id, revision or token: a caller that does not know
/// whether a write took effect asks again. Verbs that take a slice do all of it in one
/// transaction and answer item by item, in order; an empty slice only fetches the pulse. No verb
/// panics on bad data: a schedule row that cannot be read is put into quarantine by the claim that
/// finds it, a job row that cannot be read is settled as
/// [`Undecodable`](mainspring_core::outcome::Outcome::Undecodable) by the claim that finds it, and
/// listings leave such rows out of the page but never stop at them, and
/// [`unreadable`](Self::unreadable) names them.
///
/// The words of each verb are defined by the requests in [`mainspring_core::verb`]; the
/// [`Ledger`](mainspring_core::ledger::Ledger) is the model that every store must agree with, and
/// the conformance suite is what decides.
pub trait Store: Send + Sync + 'static {
    /// What this store can do beyond what all of them must.
    fn capabilities(&self) -> Capabilities;

    /// Makes tasks known, or changes them. A smaller [`Task::version`] than the stored one
    /// changes nothing.
    fn put_tasks(&self, clock: Clock, tasks: &[Task]) -> impl Future<Output = Answer<()>> + Send;

    /// Puts schedules.
    fn put_schedules(
        &self,
        clock: Clock,
        puts: &[PutSchedule],
    ) -> impl Future<Output = Answer<Vec<Put>>> + Send;

    /// Removes schedules and returns the names of those that were there.
    fn remove_schedules(
        &self,
        clock: Clock,
        remove: &Remove<'_>,
    ) -> impl Future<Output = Answer<Vec<ScheduleId>>> + Send;

    /// Shares out schedules that are due or will be soon, the earliest first. Paused, done and
    /// quarantined schedules and those under somebody's live claim are left out.
    fn claim_schedules(
        &self,
        clock: Clock,
        claim: &ClaimSchedules,
    ) -> impl Future<Output = Answer<Vec<Schedule>>> + Send;

    /// Moves cursors and turns fires into jobs.
    fn advance(
        &self,
        clock: Clock,
        advances: &[Advance],
    ) -> impl Future<Output = Answer<Vec<Advanced>>> + Send;

    /// Tells schedules to stop firing. What the planner that holds one is about to decide about it
    /// becomes stale.
    fn pause(
        &self,
        clock: Clock,
        schedules: &[ScheduleId],
    ) -> impl Future<Output = Answer<Vec<Paused>>> + Send;

    /// Lets paused schedules fire again.
    fn resume(
        &self,
        clock: Clock,
        resumes: &[Resume],
    ) -> impl Future<Output = Answer<Vec<Resumed>>> + Send;

    /// Takes schedules out of service; one whose revision has changed is left alone.
    fn quarantine(
        &self,
        clock: Clock,
        quarantines: &[Quarantine],
    ) -> impl Future<Output = Answer<()>> + Send;

    /// Queues jobs.
    fn enqueue(
        &self,
        clock: Clock,
        jobs: &[Enqueue],
    ) -> impl Future<Output = Answer<Vec<Enqueued>>> + Send;

    /// Hands out ready jobs under leases: as many as `max` if that many can be claimed, so that a
    /// shorter answer means that nothing more is ready.
    fn claim_jobs(
        &self,
        clock: Clock,
        claim: &ClaimJobs<'_>,
    ) -> impl Future<Output = Answer<Vec<Job>>> + Send;

    /// Prolongs leases.
    fn renew(
        &self,
        clock: Clock,
        renews: &[Renew],
    ) -> impl Future<Output = Answer<Vec<Renewed>>> + Send;

    /// Takes jobs back that were not started.
    fn release(
        &self,
        clock: Clock,
        releases: &[Release],
    ) -> impl Future<Output = Answer<Vec<Written>>> + Send;

    /// Records attempts that will be followed by another.
    fn retry(
        &self,
        clock: Clock,
        retries: &[Retry],
    ) -> impl Future<Output = Answer<Vec<Written>>> + Send;

    /// Records last attempts. A settle that is repeated with the token that settled the job
    /// answers [`Written::Done`] again.
    fn settle(
        &self,
        clock: Clock,
        settles: &[Settle],
    ) -> impl Future<Output = Answer<Vec<Written>>> + Send;

    /// Records last attempts and hands out more: what a busy worker does all the time. Stores with
    /// transactions do both in one, which saves a commit; the answer to the claim is given only if
    /// the settles were written. The default does one after the other: an error then leaves it
    /// open whether the settles took effect, so they are to be repeated, which is safe.
    fn settle_and_claim(
        &self,
        clock: Clock,
        settles: &[Settle],
        claim: &ClaimJobs<'_>,
    ) -> impl Future<Output = Answer<(Vec<Written>, Vec<Job>)>> + Send {
        async move {
            let written = self.settle(clock, settles).await?.value;
            let Reply { value: jobs, pulse } = self.claim_jobs(clock, claim).await?;
            Ok(Reply { value: (written, jobs), pulse })
        }
    }

    /// Cancels jobs.
    fn cancel(
        &self,
        clock: Clock,
        jobs: &[JobId],
    ) -> impl Future<Output = Answer<Vec<Cancelled>>> + Send;

    /// Makes waiting jobs ready at once, whatever they wait for: the wait before a retry, or the
    /// instant for which they were queued.
    fn hasten(
        &self,
        clock: Clock,
        jobs: &[JobId],
    ) -> impl Future<Output = Answer<Vec<Hastened>>> + Send;

    /// Takes care of at most `max` jobs whose lease or start deadline has passed, and returns the
    /// history's record of each.
    fn rescue(
        &self,
        clock: Clock,
        rescue: &Rescue,
        max: u32,
    ) -> impl Future<Output = Answer<Vec<Run>>> + Send;

    /// Forgets at most `max` runs and `max` skips that were recorded before `before`, the oldest
    /// first, and says how many records went.
    fn prune(
        &self,
        clock: Clock,
        before: Timestamp,
        max: u32,
    ) -> impl Future<Output = Answer<u32>> + Send;

    /// Takes note of what a node says about itself, and that it lives. Forgets nodes that were not
    /// heard of for [long](mainspring_core::limits::FORGET_NODE_AFTER).
    fn beat(&self, clock: Clock, node: &Node) -> impl Future<Output = Answer<()>> + Send;

    /// Forgets a node that is about to end.
    fn leave(&self, clock: Clock, node: &NodeId) -> impl Future<Output = Answer<()>> + Send;

    /// Nodes by name: those that live, and those that are lost and not forgotten.
    fn nodes(
        &self,
        clock: Clock,
        page: &Page<NodeId>,
    ) -> impl Future<Output = Answer<Vec<NodeView>>> + Send;

    /// Tasks that somebody has put, by name.
    fn tasks(
        &self,
        page: &Page<TaskId>,
    ) -> impl Future<Output = Result<Vec<Task>, StoreError>> + Send;

    /// The schedule of this name.
    ///
    /// # Errors
    /// [`Corrupt`](crate::StoreErrorKind::Corrupt), if it is there but cannot be read.
    fn schedule(
        &self,
        id: &ScheduleId,
    ) -> impl Future<Output = Result<Option<ScheduleView>, StoreError>> + Send;

    /// Schedules by name.
    fn schedules(
        &self,
        filter: &ScheduleFilter,
    ) -> impl Future<Output = Result<Vec<ScheduleView>, StoreError>> + Send;

    /// At most `limit` schedules that are there but cannot be read, and why, by name.
    fn unreadable(
        &self,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<Unreadable>, StoreError>> + Send;

    /// Jobs that are not over, by id.
    fn jobs(&self, filter: &JobFilter)
    -> impl Future<Output = Result<Vec<Job>, StoreError>> + Send;

    /// How many jobs a listing would show on all of its pages together.
    ///
    /// Looks at no more than `up_to` jobs, of those that the filter's task, schedule, place and
    /// node leave over; if there are more, counting stops there and the answer is what was found
    /// until then. So it is cheap however long the backlog is.
    fn count_jobs(
        &self,
        filter: &JobFilter,
        up_to: u32,
    ) -> impl Future<Output = Result<Count, StoreError>> + Send;

    /// History, newest first.
    fn runs(
        &self,
        filter: &RunFilter,
    ) -> impl Future<Output = Result<Vec<RunView>, StoreError>> + Send;

    /// Fires that did not become jobs, newest record first.
    fn skips(
        &self,
        filter: &SkipFilter,
    ) -> impl Future<Output = Result<Vec<SkipView>, StoreError>> + Send;
}

/// A schedule as listings show it.
#[derive(Clone, Debug, PartialEq)]
pub struct ScheduleView {
    /// The schedule.
    pub schedule: Schedule,
    /// Its most recent attempt.
    pub last_run: Option<Run>,
}

/// A schedule whose record cannot be read: written by something else than this program, or damaged.
/// It does not fire. Putting a schedule of its name again replaces it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Its name, as far as it is a text.
    pub name: String,
    /// What is wrong with the record.
    pub reason: String,
}

/// An attempt as listings show it.
#[derive(Clone, Debug, PartialEq)]
pub struct RunView {
    /// Rises with each record.
    pub seq: u64,
    /// The attempt.
    pub run: Run,
    /// When it was recorded, by the store's clock.
    pub noted_at: Timestamp,
}

/// A range of skipped fires as listings show it.
#[derive(Clone, Debug, PartialEq)]
pub struct SkipView {
    /// Rises with each record.
    pub seq: u64,
    /// The schedule.
    pub schedule: ScheduleId,
    /// What was skipped and why.
    pub skip: Skip,
    /// When it was recorded, by the store's clock.
    pub noted_at: Timestamp,
}
