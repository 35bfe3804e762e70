//! What the planner is told.

use crate::domain::Domain;
use crate::id::Ticket;
use crate::pulse::Pulse;
use crate::verb::Advanced;

/// The store did not do what was asked, or nobody knows whether it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Down;

/// What happened outside. Replies quote the ticket of the [`Output`](super::Output) that they
/// answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Input<D: Domain> {
    /// Reply to [`Output::Claim`](super::Output::Claim); each claimed schedule was
    /// [adopted](super::Planner::adopt) before.
    Claimed {
        /// The output's ticket.
        ticket: Ticket,
        /// The store's pulse.
        result: Result<Pulse, Down>,
    },
    /// Reply to [`Output::Advance`](super::Output::Advance).
    Advanced {
        /// The output's ticket.
        ticket: Ticket,
        /// The schedule in question.
        schedule: D::ScheduleId,
        /// The store's verdict and pulse.
        result: Result<(Advanced, Pulse), Down>,
    },
    /// Reply to [`Output::Rescue`](super::Output::Rescue).
    Rescued {
        /// The output's ticket.
        ticket: Ticket,
        /// The store's pulse.
        result: Result<Pulse, Down>,
    },
    /// Reply to [`Output::Prune`](super::Output::Prune).
    Pruned {
        /// The output's ticket.
        ticket: Ticket,
        /// How many records went, and the store's pulse.
        result: Result<(u32, Pulse), Down>,
    },
    /// News from a reply to somebody else's request.
    Pulse(Pulse),
    /// A schedule was put, resumed or removed, here or elsewhere: look now.
    Hint,
    /// The wall clock was set, or the machine slept.
    ClockJumped,
    /// Plan no more. What is under way goes on.
    Stop,
}
