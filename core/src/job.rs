//! A job, the states it can be in, and THE table of how it gets from one to the next.
//!
//! ```text
//!            ┌────────── release, retry, rescue ──────────┐
//!            ▼                                             │
//!        Waiting ──────────────── claim ───────────────▶ Leased ──┐ renew, cancel
//!            │                                             │  ▲───┘
//!            └── cancel, expire ──▶ Settled ◀── settle, rescue
//! ```
//!
//! Scheduled, available, retrying and running are words derived for people; only three states are
//! stored. Every store executes [`Job::apply`] or quotes its rows in SQL.

use crate::domain::{Domain, Origin};
use crate::id::Token;
use crate::lease::Lease;
use crate::outcome::Outcome;
use crate::retry::{Cause, Counts, Verdict, verdict};
use crate::settings::Terms;
use crate::time::Timestamp;

/// A unit of work: one call of a task, to be done at least once.
#[derive(Clone, Debug, PartialEq)]
pub struct Job<D: Domain> {
    /// Its name.
    pub id: D::JobId,
    /// What runs.
    pub task: D::TaskId,
    /// The schedule whose fire it is.
    pub schedule: Option<D::ScheduleId>,
    /// How it came to be.
    pub origin: Origin,
    /// The instant that the schedule's trigger named.
    pub fire_at: Option<Timestamp>,
    /// The arguments.
    pub payload: D::Payload,
    /// Its settings, decided when it was written.
    pub terms: Terms,
    /// It expires unless its first attempt has started by then.
    pub start_by: Option<Timestamp>,
    /// When it was written, by the store's clock.
    pub created_at: Timestamp,
    /// How its attempts ended so far.
    pub counts: Counts,
    /// The token of the latest claim.
    pub token: Token,
    /// Where it stands.
    pub state: JobState<D>,
}

/// Where a job stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobState<D: Domain> {
    /// Nobody has it.
    Waiting {
        /// It can be claimed from this instant on.
        ready_at: Timestamp,
    },
    /// Somebody has it.
    Leased {
        /// Who, and until when.
        lease: Lease<D>,
        /// Somebody asked for it to stop; the holder learns this when it renews.
        cancel: bool,
    },
    /// It is over. Nothing changes any more.
    Settled {
        /// How it ended.
        outcome: Outcome,
        /// When, by the store's clock.
        finished_at: Timestamp,
    },
}

/// What can happen to a job. Each change is judged at an instant of the store's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change<D: Domain> {
    /// A node takes it.
    Claim {
        /// Who.
        node: D::NodeId,
        /// Until when, by the store's clock.
        until: Timestamp,
    },
    /// The holder keeps it for longer.
    Renew {
        /// The holder's token.
        token: Token,
        /// The new end.
        until: Timestamp,
    },
    /// The holder hands it back unstarted; nothing is counted.
    Release {
        /// The holder's token.
        token: Token,
    },
    /// The holder's attempt ended and another follows.
    Retry {
        /// The holder's token.
        token: Token,
        /// Not before this instant.
        ready_at: Timestamp,
        /// What is counted.
        cause: Cause,
    },
    /// The holder's attempt ended and was the last.
    Settle {
        /// The holder's token.
        token: Token,
        /// How it ended.
        outcome: Outcome,
    },
    /// Somebody wants it to stop.
    Cancel,
    /// The holder's lease has ended, or the holder is known to be gone.
    Rescue {
        /// Whether the lease must have ended by itself. A node that starts again under its own
        /// name rescues at once what it held when it was lost.
        lapsed: bool,
    },
    /// Its start deadline has passed.
    Expire,
}

/// Why a change did not happen. The job is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refused {
    /// The token is not that of the current lease: the job has gone to somebody else, back to
    /// waiting, or is over.
    LeaseLost,
    /// It is not to be claimed before its `ready_at`, or its start deadline has passed.
    NotReady,
    /// Somebody else holds it.
    Held,
    /// Its lease, or its start deadline, has not ended yet.
    NotLapsed,
    /// It is over.
    Settled,
}

impl<D: Domain> Job<D> {
    /// Makes a change, or refuses it and changes nothing.
    ///
    /// # Errors
    /// [`Refused`] says why the change is not allowed in the present state.
    pub fn apply(&mut self, change: &Change<D>, now: Timestamp) -> Result<(), Refused> {
        use Change as C;
        use JobState as S;
        let next = match (&self.state, change) {
            (S::Waiting { ready_at }, C::Claim { node, until }) => {
                if *ready_at > now || self.is_expired(now) {
                    return Err(Refused::NotReady);
                }
                self.token = self.token.next();
                let lease = Lease { node: node.clone(), token: self.token, until: *until };
                S::Leased { lease, cancel: false }
            }
            (S::Waiting { .. }, C::Cancel) => settled(Outcome::Cancelled, now),
            (S::Waiting { .. }, C::Expire) => {
                if !self.is_expired(now) {
                    return Err(Refused::NotLapsed);
                }
                settled(Outcome::Expired, now)
            }
            (S::Waiting { .. }, C::Rescue { .. }) => return Err(Refused::NotLapsed),
            (S::Leased { lease, cancel }, C::Renew { token, until }) if lease.token == *token => {
                // A renewal never shortens a lease: replies may overtake one another.
                let until = lease.until.max(*until);
                S::Leased { lease: Lease { until, ..lease.clone() }, cancel: *cancel }
            }
            (S::Leased { lease, cancel }, C::Release { token }) if lease.token == *token => {
                waiting_unless(*cancel, now, now)
            }
            (S::Leased { lease, cancel }, C::Retry { token, ready_at, cause })
                if lease.token == *token =>
            {
                self.counts = self.counts.plus(*cause);
                // It did start in time, even if this attempt counts as nothing.
                self.start_by = None;
                waiting_unless(*cancel, *ready_at, now)
            }
            (S::Leased { lease, .. }, C::Settle { token, outcome }) if lease.token == *token => {
                settled(*outcome, now)
            }
            (S::Leased { lease, .. }, C::Cancel) => {
                S::Leased { lease: lease.clone(), cancel: true }
            }
            (S::Leased { lease, cancel }, C::Rescue { lapsed }) => {
                if *lapsed && lease.is_live(now) {
                    return Err(Refused::NotLapsed);
                }
                match verdict(Outcome::LeaseLost, self.counts, &self.terms) {
                    _ if *cancel => settled(Outcome::Cancelled, now),
                    Verdict::Again { after, cause } => {
                        self.counts = self.counts.plus(cause);
                        S::Waiting { ready_at: now + after }
                    }
                    Verdict::Settle(outcome) => settled(outcome, now),
                }
            }
            (S::Leased { .. }, C::Claim { .. }) => return Err(Refused::Held),
            (S::Leased { .. }, C::Expire) => return Err(Refused::NotLapsed),
            (
                S::Waiting { .. } | S::Leased { .. } | S::Settled { .. },
                C::Renew { .. } | C::Release { .. } | C::Retry { .. } | C::Settle { .. },
            ) => return Err(Refused::LeaseLost),
            (S::Settled { .. }, C::Claim { .. } | C::Cancel | C::Rescue { .. } | C::Expire) => {
                return Err(Refused::Settled);
            }
        };
        self.state = next;
        Ok(())
    }

    /// Whether the start deadline has passed before a first attempt. The deadline itself is still
    /// in time. A job that was tried once no longer expires.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.counts == Counts::default() && self.start_by.is_some_and(|start_by| start_by < now)
    }

    /// The number of the current or next attempt, from 1. A released claim was no attempt.
    pub fn attempt(&self) -> u32 {
        u32::from(self.counts.failures) + u32::from(self.counts.rescues) + 1
    }
}

fn settled<D: Domain>(outcome: Outcome, finished_at: Timestamp) -> JobState<D> {
    JobState::Settled { outcome, finished_at }
}

/// Back to waiting, unless somebody asked for the job to stop.
fn waiting_unless<D: Domain>(cancel: bool, ready_at: Timestamp, now: Timestamp) -> JobState<D> {
    if cancel { settled(Outcome::Cancelled, now) } else { JobState::Waiting { ready_at } }
}
