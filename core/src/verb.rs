//! What can be asked of a store, and what it answers: requests and replies of every verb.
//!
//! Each request is atomic. Stores take them in slices and answer item by item, together with a
//! [`Pulse`](crate::pulse::Pulse). Verdicts such as [`Written::LeaseLost`] are values, not errors.

mod advance;
mod enqueue;
mod history;
mod jobs;
mod schedules;

pub use advance::{Advance, Advanced, Fire};
pub use enqueue::{Contest, Enqueue, Enqueued, Extra};
pub use history::{History, Run};
pub use jobs::{
    Cancelled, ClaimJobs, Ended, Hastened, Release, Renew, Renewed, Rescue, Retry, Settle, Written,
};
pub use schedules::{
    ClaimSchedules, Paused, Put, PutSchedule, Quarantine, Remove, Resume, Resumed,
};

/// What to do when a schedule of this name, or a job with this key, exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Conflict {
    /// Change nothing and say so.
    Reject,
    /// Keep what is there.
    Keep,
    /// Take the new one. What becomes of a schedule's cursor is decided by
    /// [`Schedule::replaced`](crate::schedule::Schedule::replaced). A job that waits is cancelled
    /// for the new one; one that runs, or is over, cannot be replaced.
    Replace,
}
