//! What happened, as nobody inside the simulated cluster can know it: the log that checkers read.
//!
//! What a store committed is found by comparing its tables before and after, not by believing its
//! answers.

use mainspring_core::fire::{Resume, Skip};
use mainspring_core::id::Token;
use mainspring_core::job::Job;
use mainspring_core::outcome::Outcome;
use mainspring_core::retry::Ask;
use mainspring_core::schedule::{Next, Spec};
use mainspring_core::task::Task;
use mainspring_core::time::{Span, Timestamp};
use mainspring_core::verb::{
    Advance, Advanced, Cancelled, Enqueue, Enqueued, Paused, Put, Quarantine, Release, Renew,
    Rescue, Resumed, Retry, Run, Settle, Written,
};

use crate::domain::Sim;

/// When something happened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    /// Really.
    pub(crate) at: Timestamp,
    /// By the store's clock.
    pub(crate) store: Timestamp,
    /// How far that clock was set back lately, as somebody may still go by what it showed before.
    pub(crate) set_back: Span,
    /// When that clock was last set forward, if ever.
    pub(crate) set_forward: Option<Timestamp>,
}

/// Something that happened.
#[derive(Clone, Debug)]
pub(crate) enum Fact {
    /// The store carried out a request.
    Commit(Commit),
    /// A run began.
    Began(RunId),
    /// A run ended, or was dropped.
    Ended(RunId, Outcome, Ask),
    /// A run takes no notice of being aborted.
    Stubborn(RunId),
    /// A node is gone, and with it whatever ran on it.
    Lost(u16),
    /// Nothing of a node moves: it is stopped, or its machine sleeps (`true`).
    Away(u16, bool),
    /// It moves again.
    Back(u16),
    /// From now on nothing goes wrong any more.
    Healed,
    /// The simulation ends.
    Over,
}

/// One run of one job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RunId {
    /// Which job.
    pub(crate) job: u64,
    /// The token that it runs under.
    pub(crate) token: Token,
    /// Where.
    pub(crate) node: u16,
}

/// What one request did to the store.
#[derive(Clone, Debug)]
pub(crate) struct Commit {
    /// What was asked, and the answer.
    pub(crate) verb: Verb,
    /// Records of skipped fires.
    pub(crate) skips: Vec<(u16, Skip)>,
    /// Records of attempts and ends.
    pub(crate) runs: Vec<Run<Sim>>,
    /// Jobs that are new.
    pub(crate) born: Vec<Job<Sim>>,
    /// Jobs before and after.
    pub(crate) changed: Vec<(Job<Sim>, Job<Sim>)>,
    /// Jobs that are over, as they were before.
    pub(crate) gone: Vec<Job<Sim>>,
}

/// What was asked of a store, and what it answered.
#[derive(Clone, Debug)]
pub(crate) enum Verb {
    /// A task was made known.
    PutTask(Task<Sim>),
    /// A schedule was put.
    Put(Box<Spec<Sim>>, Next, Put),
    /// These schedules were removed.
    Remove(Vec<u16>),
    /// A schedule was paused.
    Pause(u16, Paused),
    /// A schedule was resumed, from the point that somebody wanted.
    Resume(u16, Resume, Resumed),
    /// A planner's decision. `moved`: the schedule is not the same as before.
    Advance {
        /// The decision.
        advance: Box<Advance<Sim>>,
        /// The answer.
        answer: Advanced,
        /// Whether the schedule changed.
        moved: bool,
    },
    /// A job was queued.
    Enqueue(Box<Enqueue<Sim>>, Option<Enqueued<u64>>),
    /// Jobs were claimed by a node that knows these tasks and offers these tags.
    Claim {
        /// Who.
        node: u16,
        /// The tasks that it knows.
        tasks: Vec<u16>,
        /// What it offers.
        tags: u8,
    },
    /// A lease was prolonged.
    Renew(Renew<Sim>, bool),
    /// A job was handed back.
    Release(Release<Sim>, Written),
    /// An attempt ended.
    Retry(Retry<Sim>, Written),
    /// A last attempt ended.
    Settle(Settle<Sim>, Written),
    /// A job was cancelled.
    Cancel(u64, Cancelled),
    /// Lapsed jobs were taken care of.
    Rescue(Rescue<Sim>),
    /// A schedule that cannot be read was reported, and was taken out of service or not.
    Quarantine(Quarantine<Sim>, bool),
    /// Records from before an instant were to be forgotten, and so many were.
    Prune(Timestamp, u32),
}
