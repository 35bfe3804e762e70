//! The jobs of schedules that are not over: what overlap is judged by, and whose end is heard of.

use std::collections::{BTreeMap, BTreeSet};

use mainspring_core::outcome::Outcome;
use mainspring_core::overlap::{Live, Overlap};
use mainspring_core::schedule::Next;

use super::work::Work;
use super::{Claim, Damaged, Done, Link, Tables};
use crate::record::Schedule;
use crate::store::Place;
use crate::{JobId, ScheduleId};

/// The locked chains of some schedules.
pub(super) type Chains = BTreeMap<ScheduleId, Vec<Link>>;

/// How many jobs of a chain are not over, besides this one.
pub(super) fn live<'a>(links: impl IntoIterator<Item = &'a Link>, without: Option<JobId>) -> Live {
    let mut live = Live::default();
    for link in links.into_iter().filter(|link| Some(link.job) != without) {
        match link.place {
            Place::Held => live.held += 1,
            Place::Waiting | Place::Leased => live.free += 1,
        }
    }
    live
}

impl<T: Tables> Work<T> {
    /// Locks the chains of locked schedules.
    pub(super) async fn chains(&mut self, ids: BTreeSet<ScheduleId>) -> Done<Chains> {
        if ids.is_empty() {
            return Ok(Chains::new());
        }
        let ids: Vec<_> = ids.into_iter().collect();
        let chains = self.tables.lock_chains(&ids).await?;
        Ok(ids.into_iter().zip(chains).collect())
    }

    /// Watched jobs of these schedules are over.
    pub(super) async fn runs_ended(&mut self, over: &[(ScheduleId, Outcome)]) -> Done<()> {
        if over.is_empty() {
            return Ok(());
        }
        let now = self.now();
        let ids: BTreeSet<ScheduleId> = over.iter().map(|(id, _)| id.clone()).collect();
        self.lock(ids.iter().cloned().collect()).await?;
        let chains = self.chains_to_look_at(ids).await?;
        let mut changed = BTreeSet::new();
        for (id, outcome) in over {
            let awaited = chains.get(id).is_some_and(|links| links.iter().any(|link| link.watched));
            let Some(schedule) = self.schedule_mut(id) else { continue };
            let was_paused = schedule.is_paused();
            if schedule.run_ended(*outcome, awaited, now) {
                let is_paused = schedule.is_paused();
                self.changes_config(is_paused != was_paused);
                changed.insert(id.clone());
            }
        }
        let changed: Vec<_> = changed.into_iter().map(|id| (id, Claim::Kept)).collect();
        self.update(&changed).await?;
        let freed: Vec<JobId> = chains.values().filter_map(|links| to_free(links)).collect();
        if freed.is_empty() { Ok(()) } else { self.tables.free(&freed).await }
    }

    /// Frees whatever is held for these locked schedules: they hold nobody back.
    pub(super) async fn free_all(&mut self, ids: BTreeSet<ScheduleId>) -> Done<()> {
        let ids = self.holding(ids).await?;
        let chains = self.chains(ids).await?;
        let held = chains.into_values().flatten().filter(|link| link.place == Place::Held);
        let held: Vec<JobId> = held.map(|link| link.job).collect();
        if held.is_empty() { Ok(()) } else { self.tables.free(&held).await }
    }

    /// Settles locked jobs whose rows cannot be read. Whoever waits for their end learns of it all
    /// the same.
    pub(super) async fn bury(&mut self, rows: Vec<Damaged<T::RowId>>) -> Done<()> {
        if rows.is_empty() {
            return Ok(());
        }
        self.tables.bury(&rows).await?;
        let watched = rows.into_iter().filter_map(|row| row.watched_by);
        let over: Vec<_> = watched.map(|schedule| (schedule, Outcome::Undecodable)).collect();
        self.runs_ended(&over).await
    }

    /// The chains in which the end of a job makes a difference: the schedule waits for its last
    /// job, or somebody is held and nobody is left to hold them back. Whoever is left is watched,
    /// and its end waits for the lock of the schedule: it will free the others. Where the schedule
    /// is gone there is no such lock, and the chain is locked to find out.
    async fn chains_to_look_at(&mut self, ids: BTreeSet<ScheduleId>) -> Done<Chains> {
        let after_run = |id: &&ScheduleId| {
            self.schedule(id).is_some_and(|schedule| schedule.next == Next::AfterRun)
        };
        let mut needed: BTreeSet<ScheduleId> = ids.iter().filter(after_run).cloned().collect();
        let holding = self.holding(ids).await?;
        let there = holding.iter().filter(|id| self.found(id).is_some()).cloned().collect();
        let free = self.free(&there).await?;
        needed.extend(holding.difference(&free).cloned());
        self.chains(needed).await
    }

    /// Those of these schedules for which a job is held.
    async fn holding(&mut self, ids: BTreeSet<ScheduleId>) -> Done<BTreeSet<ScheduleId>> {
        if ids.is_empty() {
            return Ok(ids);
        }
        let ids: Vec<_> = ids.into_iter().collect();
        let held = self.tables.any_held(&ids).await?;
        Ok(ids.into_iter().zip(held).filter(|(_, held)| *held).map(|(id, _)| id).collect())
    }

    /// Those of these locked schedules of which a job waits or is leased.
    async fn free(&mut self, ids: &BTreeSet<ScheduleId>) -> Done<BTreeSet<ScheduleId>> {
        if ids.is_empty() {
            return Ok(BTreeSet::new());
        }
        let ids: Vec<_> = ids.iter().cloned().collect();
        let free = self.tables.any_free(&ids).await?;
        Ok(ids.into_iter().zip(free).filter(|(_, free)| *free).map(|(id, _)| id).collect())
    }

    /// Those of these locked schedules whose fires are certain to overlap, and by what, as far as a
    /// look tells. A backlog from a time when overlap was allowed is not locked for that.
    pub(super) async fn crowded(
        &mut self,
        ids: &BTreeSet<ScheduleId>,
    ) -> Done<BTreeMap<ScheduleId, Live>> {
        let (skip, queue) = (self.with(Overlap::Skip, ids), self.with(Overlap::Queue, ids));
        let free = self.free(&skip.union(&queue).cloned().collect()).await?;
        let held = self.holding(free.intersection(&queue).cloned().collect()).await?;
        let skipped = free.intersection(&skip).map(|id| (id.clone(), Live { free: 1, held: 0 }));
        let queued = held.into_iter().map(|id| (id, Live { free: 1, held: 1 }));
        Ok(skipped.chain(queued).collect())
    }

    /// Those of these locked schedules that have this policy.
    fn with(&self, overlap: Overlap, ids: &BTreeSet<ScheduleId>) -> BTreeSet<ScheduleId> {
        let has = |one: &Schedule| one.spec.policies.overlap == overlap;
        ids.iter().filter(|id| self.schedule(id).is_some_and(has)).cloned().collect()
    }
}

/// The job that has been held for the longest, if nobody is left to hold it back. The newest comes
/// first in a chain.
fn to_free(links: &[Link]) -> Option<JobId> {
    if live(links, None).free > 0 {
        return None;
    }
    links.iter().rev().find(|link| link.place == Place::Held).map(|link| link.job)
}
