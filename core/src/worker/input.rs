//! What the worker is told.

use super::Entry;
use crate::domain::Domain;
use crate::id::{Ticket, Token};
use crate::planner::Down;
use crate::pulse::Pulse;
use crate::retry::Ask;
use crate::verb::{Ended, Renewed, Written};

/// What happened outside. Replies quote the ticket of the [`Output`](super::Output) that they
/// answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Input<D: Domain> {
    /// Reply to [`Output::Claim`](super::Output::Claim); each claimed job was
    /// [adopted](super::Worker::adopt) before.
    Claimed {
        /// The output's ticket.
        ticket: Ticket,
        /// How many jobs there were, and the store's pulse.
        result: Result<(u32, Pulse), Down>,
    },
    /// A run ended, by itself or because it was aborted.
    Finished {
        /// Which job.
        job: D::JobId,
        /// The token that it ran under.
        token: Token,
        /// How it went.
        ended: Ended<D>,
        /// What the task asks for.
        ask: Ask,
    },
    /// A run could not start here, because its task was taken away: its job goes back.
    Unstarted {
        /// Which job.
        job: D::JobId,
        /// The token that it was to run under.
        token: Token,
    },
    /// Reply to [`Output::Renew`](super::Output::Renew).
    Renewed {
        /// The output's ticket.
        ticket: Ticket,
        /// Which job.
        job: D::JobId,
        /// The store's verdict.
        result: Result<Renewed, Down>,
    },
    /// Reply to [`Output::Release`](super::Output::Release),
    /// [`Output::Retry`](super::Output::Retry) and [`Output::Settle`](super::Output::Settle).
    Written {
        /// The output's ticket.
        ticket: Ticket,
        /// Which job.
        job: D::JobId,
        /// The store's verdict and pulse.
        result: Result<(Written, Pulse), Down>,
    },
    /// News from a reply to somebody else's request.
    Pulse(Pulse),
    /// A job became ready, here or elsewhere: look now.
    Hint,
    /// Jobs may have been told to stop: those that run here are renewed now, which tells.
    Verify(Suspects<D>),
    /// This job was told to stop: the store has [said so](crate::verb::Cancelled::Asked).
    Cancelled(D::JobId),
    /// The wall clock was set, or the machine slept: leases are verified at once.
    ClockJumped,
    /// Start nothing more and hand back what has not started.
    Stop,
    /// Abort what runs.
    Abort,
}

/// Jobs that may have been told to stop.
#[derive(Clone, Debug, PartialEq)]
pub enum Suspects<D: Domain> {
    /// This one.
    Job(D::JobId),
    /// Those of this schedule, as far as its [overlap](crate::overlap::Overlap) may cancel them.
    Schedule(D::ScheduleId),
}

impl<D: Domain> Suspects<D> {
    pub(super) fn include(&self, entry: &Entry<D>) -> bool {
        match self {
            Self::Job(id) => entry.id == *id,
            Self::Schedule(id) => entry.watched_by.as_ref() == Some(id),
        }
    }
}
