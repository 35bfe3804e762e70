//! The overlap policy is kept: a job of a schedule that allows none starts only when those that
//! were there before it are over.

use std::collections::{BTreeMap, BTreeSet};

use mainspring_core::domain::Origin;
use mainspring_core::overlap::Overlap;
use mainspring_core::verb::Put;

use super::book::{is_held, is_leased};
use super::{Book, Checker};
use crate::fact::{Fact, Moment, Verb};

#[derive(Debug, Default)]
pub(super) struct Overlaps {
    /// Whom a job has to wait for.
    before: BTreeMap<u64, BTreeSet<u64>>,
}

impl Checker for Overlaps {
    fn see(&mut self, fact: &Fact, _: Moment, book: &Book) -> Result<(), String> {
        let Fact::Commit(commit) = fact else { return Ok(()) };
        for job in &commit.gone {
            self.before.remove(&job.id);
            self.before.values_mut().for_each(|others| {
                others.remove(&job.id);
            });
        }
        if let Verb::Put(spec, _, Put::Created | Put::Replaced) = &commit.verb
            && spec.policies.overlap == Overlap::Allow
        {
            // From now on nobody has to wait.
            book.of_schedule(spec.id).for_each(|job| drop(self.before.remove(&job.id)));
        }
        let mut siblings: BTreeSet<u64> = BTreeSet::new();
        let mut born: Vec<_> = commit.born.iter().collect();
        born.sort_by_key(|job| job.fire_at);
        for job in born.into_iter().filter(|job| job.origin != Origin::Backfill) {
            let Some(page) = job.schedule.and_then(|schedule| book.schedules.get(&schedule)) else {
                continue;
            };
            let overlap = page.spec.policies.overlap;
            if overlap == Overlap::Allow {
                continue;
            }
            let gone = |id: &u64| commit.gone.iter().any(|gone| gone.id == *id);
            let there = book.of_schedule(page.spec.id).filter(|other| !gone(&other.id));
            // A backfill neither waits for others nor is waited for.
            let there = there.filter(|other| other.origin != Origin::Backfill);
            let (held, free): (Vec<_>, Vec<_>) = there.partition(|job| is_held(job));
            let crowded = !free.is_empty() || !siblings.is_empty();
            if is_held(job) && overlap == Overlap::Skip {
                return Err(format!("job {} is held, and its schedule skips", job.id));
            }
            if !held.is_empty() || (crowded && !is_held(job)) {
                return Err(format!("job {} is added beside others", job.id));
            }
            let others = free.iter().map(|job| job.id).chain(siblings.iter().copied()).collect();
            self.before.insert(job.id, others);
            siblings.insert(job.id);
        }
        if let Verb::Claim { .. } = commit.verb {
            for (_, after) in commit.changed.iter().filter(|(_, after)| is_leased(after)) {
                if let Some(other) = self.before.get(&after.id).and_then(BTreeSet::first) {
                    return Err(format!("job {} is claimed beside job {other}", after.id));
                }
            }
        }
        Ok(())
    }
}
