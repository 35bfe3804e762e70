//! A job, the states it can be in, and THE table of how it gets from one to the next.
//!
//! ```text
//!               ┌────────── release, retry, rescue ──────────┐
//!               ▼                                             │
//! Held ─ free ▶ Waiting ──────────── claim ───────────────▶ Leased ──┐ renew, cancel
//!   │           │                                             │  ▲───┘
//!   └───────────┴── cancel, expire ──▶ Settled ◀── settle, rescue
//! ```
//!
//! Scheduled, available, retrying and running are words derived for people; only four states are
//! stored. Every store executes [`Job::apply`] or quotes its rows in SQL. `job_table.txt`, beside
//! this file, shows what it makes of every change in every state.

use core::borrow::Borrow;

use crate::dice::Dice;
use crate::domain::{Domain, Origin};
use crate::id::Token;
use crate::lease::Lease;
use crate::note::{Notable, Note};
use crate::outcome::Outcome;
use crate::retry::{Ask, Cause, Counts, Verdict, verdict};
use crate::settings::Terms;
use crate::time::{Span, Timestamp};

/// A unit of work: one call of a task, to be done at least once.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = "D: crate::domain::SerdeDomain"))]
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
    pub terms: D::Terms,
    /// What a worker must offer to run it.
    pub tags: D::Tags,
    /// What keeps jobs that stand for the same thing out.
    pub unique: Option<Unique<D>>,
    /// Its schedule has to hear of its end.
    pub watched: bool,
    /// It expires unless its first attempt has started by then.
    pub start_by: Option<Timestamp>,
    /// When it was written, by the store's clock.
    pub created_at: D::Note<Timestamp>,
    /// How its attempts ended so far.
    pub counts: Counts,
    /// The token of the latest claim.
    pub token: Token,
    /// Where it stands.
    pub state: JobState<D>,
}

/// A key that jobs of one task hold one at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = "D: crate::domain::SerdeDomain"))]
pub struct Unique<D: Domain> {
    /// What the job stands for. Jobs of different tasks do not meet.
    pub key: D::Key,
    /// How long it holds the key.
    #[cfg_attr(feature = "serde", serde(with = "crate::note::data"))]
    pub hold: D::Note<Hold>,
}

/// How long a job holds its key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Hold {
    /// Until it is claimed for the first time: while it runs, another one may be queued.
    Waiting,
    /// Until it is over.
    #[default]
    Live,
    /// Until it is over, and at least this long after it was queued.
    AtLeast(Span),
}

impl Notable for Hold {
    const NOTHING: Self = Self::Live;
}

impl<D: Domain> Unique<D> {
    /// How long it holds the key.
    pub fn hold(&self) -> Hold {
        self.hold.value()
    }
}

impl Hold {
    /// When the key becomes free at the latest if the job of this instant is over; `None`: with its
    /// end.
    pub fn until(self, created_at: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Waiting | Self::Live => None,
            Self::AtLeast(span) => Some(created_at + span),
        }
    }
}

/// Where a job stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = "D: crate::domain::SerdeDomain"))]
pub enum JobState<D: Domain> {
    /// Another job of its schedule must be over first.
    Held {
        /// It can be claimed from this instant on, once it is free.
        ready_at: Timestamp,
    },
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
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = "D: crate::domain::SerdeDomain"))]
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
    /// The jobs of its schedule for which it was held are over.
    Free,
    /// Somebody does not want to wait for its `ready_at`.
    Hasten,
}

/// Why a change did not happen. The job is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
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
    /// It waits for nothing but its time.
    NotHeld,
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
                let lease = Lease::granted(node.clone(), self.token, *until);
                S::Leased { lease, cancel: false }
            }
            (S::Waiting { ready_at }, C::Hasten) => S::Waiting { ready_at: (*ready_at).min(now) },
            (S::Held { ready_at }, C::Free) => S::Waiting { ready_at: *ready_at },
            (S::Waiting { .. } | S::Held { .. }, C::Cancel) => settled(Outcome::Cancelled, now),
            (S::Waiting { .. } | S::Held { .. }, C::Expire) => {
                if !self.is_expired(now) {
                    return Err(Refused::NotLapsed);
                }
                settled(Outcome::Expired, now)
            }
            (S::Waiting { .. } | S::Held { .. }, C::Rescue { .. }) => {
                return Err(Refused::NotLapsed);
            }
            (S::Held { .. }, C::Claim { .. } | C::Hasten) => return Err(Refused::NotReady),
            (S::Leased { lease, cancel }, C::Renew { token, until })
                if D::OFFER.renews() && lease.token == *token =>
            {
                S::Leased { lease: lease.prolonged(*until), cancel: *cancel }
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
                if D::OFFER.remote && *lapsed && lease.is_live(now) {
                    return Err(Refused::NotLapsed);
                }
                let (counts, state) = self.rescued(*cancel, now);
                self.counts = counts;
                state
            }
            (S::Leased { .. }, C::Claim { .. } | C::Hasten) => return Err(Refused::Held),
            (S::Leased { .. }, C::Expire) => return Err(Refused::NotLapsed),
            (
                S::Held { .. } | S::Waiting { .. } | S::Leased { .. } | S::Settled { .. },
                C::Renew { .. } | C::Release { .. } | C::Retry { .. } | C::Settle { .. },
            ) => return Err(Refused::LeaseLost),
            (S::Waiting { .. } | S::Leased { .. }, C::Free) => return Err(Refused::NotHeld),
            (
                S::Settled { .. },
                C::Claim { .. } | C::Cancel | C::Rescue { .. } | C::Expire | C::Free | C::Hasten,
            ) => return Err(Refused::Settled),
        };
        self.state = next;
        Ok(())
    }

    /// Its settings, decided when it was written.
    pub fn terms(&self) -> &Terms {
        self.terms.borrow()
    }

    /// What becomes of a leased job whose holder is gone.
    fn rescued(&self, cancel: bool, now: Timestamp) -> (Counts, JobState<D>) {
        if cancel {
            return (self.counts, settled(Outcome::Cancelled, now));
        }
        // A rescue does not wait, so there is nothing to leave to chance.
        let dice = &mut Dice::seeded(0);
        match verdict(Outcome::LeaseLost, Ask::Nothing, self.counts, self.terms(), dice) {
            Verdict::Again { after, cause } => {
                (self.counts.plus(cause), JobState::Waiting { ready_at: now + after })
            }
            Verdict::Settle(outcome) => (self.counts, settled(outcome, now)),
        }
    }

    /// Whether the start deadline has passed before a first attempt. The deadline itself is still
    /// in time. A job that was tried once no longer expires.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.counts == Counts::default() && self.start_by.is_some_and(|start_by| start_by < now)
    }

    /// Whether it is one of the jobs of its schedule that wait for one another. A backfill is not:
    /// its jobs stand for instants of the past.
    pub fn is_in_turn(&self) -> bool {
        self.schedule.is_some() && self.origin != Origin::Backfill
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

#[cfg(test)]
mod tests {
    extern crate std;
    use std::string::{String, ToString};
    use std::vec::Vec;
    use std::{format, fs};

    use super::*;
    use crate::domain::tests::Numbers;
    use crate::retry::Cause;
    use crate::settings::Settings;

    fn at(secs: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + Span::from_secs(secs)
    }

    const NOW: i64 = 100;
    const CURRENT: Token = Token::new(7);
    const STALE: Token = Token::new(6);

    fn job(state: JobState<Numbers>) -> Job<Numbers> {
        Job {
            id: 1,
            task: 1,
            schedule: None,
            origin: Origin::Queued,
            fire_at: None,
            payload: 0,
            terms: Settings { max_rescues: Some(1), ..Settings::NONE }.resolve(),
            tags: 0,
            unique: None,
            watched: false,
            start_by: None,
            created_at: at(0),
            counts: Counts::default(),
            token: CURRENT,
            state,
        }
    }

    fn states() -> Vec<(&'static str, Job<Numbers>)> {
        let waiting = |ready_at| job(JobState::Waiting { ready_at: at(ready_at) });
        let leased = |until, cancel| {
            let lease = Lease { node: 1, token: CURRENT, until: at(until) };
            job(JobState::Leased { lease, cancel })
        };
        let failed = Counts { failures: 1, rescues: 0 };
        let rescued = Counts { failures: 0, rescues: 1 };
        let late = Some(at(NOW - 1));
        let (outcome, finished_at) = (Outcome::Succeeded, at(NOW - 1));
        let held = job(JobState::Held { ready_at: at(NOW) });
        Vec::from([
            ("held", held.clone()),
            ("held, expired", Job { start_by: late, ..held }),
            ("waiting, ready", waiting(NOW)),
            ("waiting, not ready", waiting(NOW + 1)),
            ("waiting, start deadline now", Job { start_by: Some(at(NOW)), ..waiting(NOW) }),
            ("waiting, expired", Job { start_by: late, ..waiting(NOW) }),
            ("waiting, late but tried", Job { start_by: late, counts: failed, ..waiting(NOW) }),
            ("leased, live", leased(NOW + 1, false)),
            ("leased, live, to cancel", leased(NOW + 1, true)),
            ("leased, lapsed", leased(NOW, false)),
            ("leased, lapsed, to cancel", leased(NOW, true)),
            ("leased, lapsed once too often", Job { counts: rescued, ..leased(NOW, false) }),
            ("settled", job(JobState::Settled { outcome, finished_at })),
        ])
    }

    fn changes() -> Vec<(&'static str, &'static str, Change<Numbers>)> {
        use Change as C;
        let until = at(NOW + 15);
        let mut all = Vec::from([("claim", "", C::Claim { node: 2, until })]);
        for (which, token) in [("current", CURRENT), ("stale", STALE)] {
            let (ready_at, cause) = (at(NOW + 5), Cause::Failure);
            all.push(("renew", which, C::Renew { token, until }));
            all.push(("release", which, C::Release { token }));
            all.push(("retry", which, C::Retry { token, ready_at, cause }));
            all.push(("settle", which, C::Settle { token, outcome: Outcome::Failed }));
        }
        all.push(("cancel", "", C::Cancel));
        all.push(("rescue", "lapsed", C::Rescue { lapsed: true }));
        all.push(("rescue", "held", C::Rescue { lapsed: false }));
        all.push(("expire", "", C::Expire));
        all.push(("free", "", C::Free));
        all.push(("hasten", "", C::Hasten));
        all
    }

    /// What a change makes of a job, in a word.
    fn cell(before: &Job<Numbers>, change: &Change<Numbers>) -> String {
        let mut after = before.clone();
        if let Err(refused) = after.apply(change, at(NOW)) {
            assert_eq!(after, *before, "a refused change changes nothing");
            let word = match refused {
                Refused::LeaseLost => "lost",
                Refused::NotReady => "not ready",
                Refused::Held => "held",
                Refused::NotLapsed => "not lapsed",
                Refused::NotHeld => "not held",
                Refused::Settled => "over",
            };
            return format!("({word})");
        }
        let mut word = match &after.state {
            JobState::Held { .. } => "held".to_string(),
            JobState::Waiting { .. } => "waiting".to_string(),
            JobState::Leased { cancel: false, .. } => "leased".to_string(),
            JobState::Leased { cancel: true, .. } => "leased!".to_string(),
            JobState::Settled { outcome, .. } => outcome.to_string(),
        };
        for (raised, mark) in [
            (after.token != before.token, "+t"),
            (after.counts.failures > before.counts.failures, "+f"),
            (after.counts.rescues > before.counts.rescues, "+r"),
        ] {
            word.push_str(if raised { mark } else { "" });
        }
        word
    }

    fn printed() -> String {
        let mut text = LEGEND.to_string();
        let mut line = |label: &str, cells: Vec<String>| {
            let cells: String = cells.iter().map(|cell| format!("{cell:<13}")).collect();
            text.push_str(format!("{label:<31}{cells}").trim_end());
            text.push('\n');
        };
        let changes = changes();
        line("", changes.iter().map(|(verb, ..)| (*verb).to_string()).collect());
        line("", changes.iter().map(|(_, which, _)| (*which).to_string()).collect());
        for (name, job) in states() {
            line(name, changes.iter().map(|(.., change)| cell(&job, change)).collect());
        }
        text
    }

    #[test]
    fn the_table_is_the_reviewed_one() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/job_table.txt");
        let printed = printed();
        if std::env::var_os("UPDATE").is_some() {
            fs::write(path, &printed).expect("the source tree can be written");
        }
        let reviewed = fs::read_to_string(path).expect("the table is there");
        assert_eq!(printed, reviewed, "review the change, then run this test with UPDATE=1");
    }

    const LEGEND: &str = "\
What every change makes of a job in every state, as `Job::apply` decides it.

(word)  refused, and nothing is changed: the token is not that of the current lease (lost), it is
        too early or too late to be claimed (not ready), somebody holds it (held), neither lease
        nor start deadline has passed (not lapsed), it is not held for another job (not held), it
        is over (over)
!       somebody asked for it to stop
+t      the token is raised     +f  a failure is counted     +r  a rescue is counted

A retry is one after a failure, a settle one with the outcome `failed`. The job may be rescued
once. `held` rescues what a node that starts again held before.

";
}
