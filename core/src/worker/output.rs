//! What the worker asks for.

use crate::domain::Domain;
use crate::id::{Ticket, Token};
use crate::job::Job;
use crate::outcome::Outcome;
use crate::time::Span;
use crate::verb::{Release, Renew, Retry, Settle};

/// What to do. Each is done once; its reply is an [`Input`](super::Input).
#[derive(Clone, Debug, PartialEq)]
pub enum Output<D: Domain> {
    /// Ask the store for jobs; [adopt](super::Worker::adopt) each, then report
    /// [`Input::Claimed`](super::Input::Claimed).
    Claim {
        /// To be quoted.
        ticket: Ticket,
        /// How long the leases last.
        lease_for: Span,
        /// At most so many.
        max: u32,
    },
    /// Run a job; report [`Input::Finished`](super::Input::Finished) when it has ended.
    Run(Job<D>),
    /// Make a run stop as soon as possible; it still reports
    /// [`Input::Finished`](super::Input::Finished). One that was told before is told again if its
    /// lease is lost, which leaves it no time.
    Abort {
        /// Which job.
        job: D::JobId,
        /// The token that it runs under.
        token: Token,
        /// Why: timed out, cancelled, interrupted or lease lost.
        why: Outcome,
    },
    /// Ask the store to prolong a lease, then report [`Input::Renewed`](super::Input::Renewed).
    Renew {
        /// To be quoted.
        ticket: Ticket,
        /// The request.
        renew: Renew<D>,
    },
    /// Tell the store that a job goes back, then report [`Input::Written`](super::Input::Written).
    Release {
        /// To be quoted.
        ticket: Ticket,
        /// The request.
        release: Release<D>,
    },
    /// Tell the store that another attempt follows, then report
    /// [`Input::Written`](super::Input::Written).
    Retry {
        /// To be quoted.
        ticket: Ticket,
        /// The request.
        retry: Retry<D>,
    },
    /// Tell the store that a job is over, then report [`Input::Written`](super::Input::Written).
    Settle {
        /// To be quoted.
        ticket: Ticket,
        /// The request.
        settle: Settle<D>,
    },
}
