//! Verbs on jobs: claim, renew, release, retry, settle, cancel, rescue.

use crate::domain::Domain;
use crate::id::Token;
use crate::job::Refused;
use crate::outcome::Outcome;
use crate::retry::Cause;
use crate::time::{Span, Timestamp};

/// Take ready jobs.
///
/// Within a task the most urgent first, between tasks a fair turn; a task at its `max_running`
/// hides nobody. A leased job counts as running until it is rescued.
#[derive(Clone, Debug, PartialEq)]
pub struct ClaimJobs<'a, D: Domain> {
    /// Who works.
    pub node: D::NodeId,
    /// The tasks that this node knows.
    pub tasks: &'a [D::TaskId],
    /// What this node offers. A job that needs more is left to others.
    pub tags: &'a D::Tags,
    /// How long the leases last.
    pub lease_for: Span,
    /// At most so many.
    pub max: u32,
}

/// Keep a job for longer.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = "D: crate::domain::SerdeDomain"))]
pub struct Renew<D: Domain> {
    /// Which.
    pub job: D::JobId,
    /// The holder's token.
    pub token: Token,
    /// How long from now.
    pub lease_for: Span,
}

/// The answer to [`Renew`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[must_use]
pub enum Renewed {
    /// The lease goes on.
    Kept {
        /// Whether somebody asked for the job to stop.
        cancel: bool,
    },
    /// The token is stale.
    LeaseLost,
}

/// Hand a job back that was not started.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = "D: crate::domain::SerdeDomain"))]
pub struct Release<D: Domain> {
    /// Which.
    pub job: D::JobId,
    /// The holder's token.
    pub token: Token,
}

/// How one attempt went, for the history.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = "D: crate::domain::SerdeDomain"))]
pub struct Ended<D: Domain> {
    /// How it ended.
    pub outcome: Outcome,
    /// When it started, by the node's clock; `None` if it never did.
    pub started_at: Option<Timestamp>,
    /// When it ended, by the node's clock.
    pub finished_at: Timestamp,
    /// What it left behind.
    pub detail: Option<D::Detail>,
}

/// An attempt ended and another follows.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = "D: crate::domain::SerdeDomain"))]
pub struct Retry<D: Domain> {
    /// Which.
    pub job: D::JobId,
    /// The holder's token.
    pub token: Token,
    /// How long to wait first, by the store's clock.
    pub after: Span,
    /// What is counted.
    pub cause: Cause,
    /// How the attempt went.
    pub ended: Ended<D>,
}

/// The last attempt ended.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = "D: crate::domain::SerdeDomain"))]
pub struct Settle<D: Domain> {
    /// Which.
    pub job: D::JobId,
    /// The holder's token.
    pub token: Token,
    /// How the attempt went, and with it the job.
    pub ended: Ended<D>,
}

/// The answer to [`Release`], [`Retry`] and [`Settle`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[must_use]
pub enum Written {
    /// Done.
    Done,
    /// The token is stale; nothing was changed.
    LeaseLost,
}

/// The answer to a cancellation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Cancelled {
    /// It was waiting and is over now.
    Settled,
    /// It is running; its holder is told when it renews.
    Asked,
    /// It was over already.
    Over,
    /// There is no such job.
    Missing,
}

/// The answer to whoever does not want to wait for a job's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Hastened {
    /// It waits for a worker and for nothing else.
    Ready,
    /// It is held for an earlier job of its schedule, and nothing was changed.
    Held,
    /// It is running.
    Running,
    /// It is over.
    Over,
    /// There is no such job.
    Missing,
}

impl Hastened {
    /// What became of [`Change::Hasten`](crate::job::Change::Hasten).
    pub const fn of(done: Result<(), Refused>) -> Self {
        match done {
            Ok(()) => Self::Ready,
            Err(Refused::Held) => Self::Running,
            Err(Refused::Settled) => Self::Over,
            Err(_) => Self::Held,
        }
    }
}

/// Take care of jobs whose lease or start deadline has passed.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = "D: crate::domain::SerdeDomain"))]
pub enum Rescue<D: Domain> {
    /// Leases that ended by themselves and start deadlines that passed.
    Lapsed,
    /// Whatever this node holds: its leases, and its claims on schedules. Only for a node that has
    /// just started and is certain that its former self is gone, or that is about to end.
    HeldBy(D::NodeId),
}
