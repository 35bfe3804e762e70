//! No two live runs: a run begins under a live lease, and by then every other run of its job has
//! ended, or takes no notice of having been told to stop, or does not move.
//!
//! A machine that slept does not know it at first: its runs have the length of a lease to stop. So
//! have those whose leases ended early because the store's clock was set forward. A process that
//! was stopped knows it as soon as it moves.

use std::collections::{BTreeMap, BTreeSet};

use mainspring_core::id::Token;
use mainspring_core::job::JobState;
use mainspring_core::time::{Span, Timestamp};

use super::{Book, Checker};
use crate::fact::{Fact, Moment, RunId};
use crate::swarm::Swarm;

#[derive(Debug)]
pub(super) struct Runs {
    lease_for: Span,
    /// When each began, and whether it is stubborn.
    active: BTreeMap<RunId, (Timestamp, bool)>,
    /// When the end of a lease was last decided.
    granted: BTreeMap<(u64, Token), Timestamp>,
    away: BTreeSet<u16>,
    asleep: BTreeSet<u16>,
    /// When machines woke up.
    woken: BTreeMap<u16, Timestamp>,
    /// When processes last moved again.
    moved: BTreeMap<u16, Timestamp>,
}

impl Runs {
    pub(super) fn new(swarm: &Swarm) -> Self {
        Self {
            lease_for: swarm.terms.lease_for,
            active: BTreeMap::new(),
            granted: BTreeMap::new(),
            away: BTreeSet::new(),
            asleep: BTreeSet::new(),
            woken: BTreeMap::new(),
            moved: BTreeMap::new(),
        }
    }

    fn begins(&mut self, run: RunId, moment: Moment, book: &Book) -> Result<(), String> {
        let state = book.jobs.get(&run.job).map(|job| &job.state);
        let live = matches!(state, Some(JobState::Leased { lease, .. })
            if lease.token == run.token && lease.until > moment.store);
        let unaware = self.is_cut_short(&run, moment);
        if !live && !unaware {
            return Err(format!("{run:?} begins without a live lease"));
        }
        for (other, (began, stubborn)) in &self.active {
            let woken = self
                .woken
                .get(&other.node)
                .is_some_and(|woken| woken > began && moment.at.since(*woken) < self.lease_for);
            let moves = self.moved.get(&other.node) == Some(&moment.at);
            let excused = unaware || woken || moves || self.is_cut_short(other, moment);
            if other.job == run.job && !stubborn && !excused && !self.away.contains(&other.node) {
                return Err(format!("{run:?} begins while {other:?} goes on"));
            }
        }
        self.active.insert(run, (moment.at, false));
        Ok(())
    }

    /// Whether the store's clock was set forward while the lease lasted, and its holder need not
    /// know of it yet.
    fn is_cut_short(&self, run: &RunId, moment: Moment) -> bool {
        let granted = self.granted.get(&(run.job, run.token));
        moment.set_forward.zip(granted).is_some_and(|(jumped, granted)| {
            jumped >= *granted && moment.at.since(jumped) < self.lease_for
        })
    }
}

impl Checker for Runs {
    fn see(&mut self, fact: &Fact, moment: Moment, book: &Book) -> Result<(), String> {
        match fact {
            Fact::Commit(commit) => {
                for (before, after) in &commit.changed {
                    if let JobState::Leased { lease, .. } = &after.state
                        && !matches!(&before.state, JobState::Leased { lease: old, .. }
                            if old.until == lease.until)
                    {
                        self.granted.insert((after.id, lease.token), moment.at);
                    }
                }
            }
            Fact::Began(run) => return self.begins(*run, moment, book),
            Fact::Ended(run, ..) => {
                self.active.remove(run);
            }
            Fact::Stubborn(run) => {
                if let Some((_, stubborn)) = self.active.get_mut(run) {
                    *stubborn = true;
                }
            }
            Fact::Lost(node) => self.active.retain(|run, _| run.node != *node),
            Fact::Away(node, asleep) => {
                self.away.insert(*node);
                if *asleep {
                    self.asleep.insert(*node);
                }
            }
            Fact::Back(node) => {
                self.away.remove(node);
                self.moved.insert(*node, moment.at);
                if self.asleep.remove(node) {
                    self.woken.insert(*node, moment.at);
                }
            }
            _ => {}
        }
        Ok(())
    }
}
