//! What the planner asks for.

use crate::domain::Domain;
use crate::id::Ticket;
use crate::time::{Span, Timestamp};
use crate::verb::Advance;

/// What to do. Each is done once; its reply is an [`Input`](super::Input).
#[derive(Clone, Debug, PartialEq)]
pub enum Output<D: Domain> {
    /// Ask the store for schedules; [adopt](super::Planner::adopt) each, then report
    /// [`Input::Claimed`](super::Input::Claimed).
    Claim {
        /// To be quoted.
        ticket: Ticket,
        /// Those that come due within this span.
        within: Span,
        /// How long the claims last.
        claim_for: Span,
        /// At most so many.
        max: u32,
    },
    /// Ask the store to advance a schedule, then report
    /// [`Input::Advanced`](super::Input::Advanced).
    Advance {
        /// To be quoted.
        ticket: Ticket,
        /// The request.
        advance: Advance<D>,
    },
    /// Ask the store to rescue lapsed jobs, then report [`Input::Rescued`](super::Input::Rescued).
    Rescue {
        /// To be quoted.
        ticket: Ticket,
        /// At most so many.
        max: u32,
    },
    /// Ask the store to forget history, then report [`Input::Pruned`](super::Input::Pruned).
    Prune {
        /// To be quoted.
        ticket: Ticket,
        /// Records from before this instant.
        before: Timestamp,
        /// At most so many of each kind.
        max: u32,
    },
}
