//! The records, requests and replies of the core in the [stored domain](Stored).

use mainspring_core::{job, lease, schedule, task, verb};

use crate::domain::{JobId, Stored};

/// A task's limits and defaults.
pub type Task = task::Task<Stored>;
/// What a person says about a schedule.
pub type Spec = schedule::Spec<Stored>;
/// A schedule as it is stored.
pub type Schedule = schedule::Schedule<Stored>;
/// A job.
pub type Job = job::Job<Stored>;
/// Where a job stands.
pub type JobState = job::JobState<Stored>;
/// One node's right to a job.
pub type Lease = lease::Lease<Stored>;

/// Put a schedule.
pub type PutSchedule = verb::PutSchedule<Stored>;
/// Remove schedules.
pub type Remove<'a> = verb::Remove<'a, Stored>;
/// Share schedules out.
pub type ClaimSchedules = verb::ClaimSchedules<Stored>;
/// A fire that becomes a job.
pub type Fire = verb::Fire<Stored>;
/// Move a cursor and turn fires into jobs.
pub type Advance = verb::Advance<Stored>;
/// Take a schedule out of service.
pub type Quarantine = verb::Quarantine<Stored>;
/// Queue a job.
pub type Enqueue = verb::Enqueue<Stored>;
/// A job that somebody asks of a schedule besides its fires.
pub type Extra = verb::Extra<Stored>;
/// A key that jobs of one task hold one at a time.
pub type Unique = job::Unique<Stored>;
/// The answer to [`Enqueue`].
pub type Enqueued = verb::Enqueued<JobId>;
/// Let a paused schedule fire again.
pub type Resume = verb::Resume<Stored>;
/// Take ready jobs.
pub type ClaimJobs<'a> = verb::ClaimJobs<'a, Stored>;
/// Keep a job for longer.
pub type Renew = verb::Renew<Stored>;
/// Hand a job back.
pub type Release = verb::Release<Stored>;
/// An attempt ended and another follows.
pub type Retry = verb::Retry<Stored>;
/// The last attempt ended.
pub type Settle = verb::Settle<Stored>;
/// Take care of lapsed jobs.
pub type Rescue = verb::Rescue<Stored>;
/// The history's record of an attempt.
pub type Run = verb::Run<Stored>;
/// How one attempt went.
pub type Ended = verb::Ended<Stored>;

pub use mainspring_core::job::Hold;
pub use mainspring_core::verb::{
    Advanced, Cancelled, Conflict, Hastened, Paused, Put, Renewed, Resumed, Written,
};
