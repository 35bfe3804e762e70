//! The jobs of each schedule that are not over: what overlap is judged by.

use super::{JobRow, Ledger, NONE, number};
use crate::domain::Domain;
use crate::job::{Change, JobState};
use crate::outcome::Outcome;
use crate::overlap::Live;
use crate::room::Room;
use crate::table::{Full, Keyed};
use crate::time::Timestamp;
use crate::verb::History;

/// The jobs of one schedule in a ledger. It exists as long as there are any, whatever becomes of
/// the schedule.
#[derive(Clone, Debug)]
pub struct Chain<D: Domain> {
    schedule: D::ScheduleId,
    first: u32,
}

impl<D: Domain> Keyed for Chain<D> {
    type Key = D::ScheduleId;
    fn key(&self) -> &D::ScheduleId {
        &self.schedule
    }
}

impl<D: Domain, S: Room, T: Room, J: Room> Ledger<D, S, T, J> {
    /// Adds a job to the chain of its schedule.
    pub(super) fn join_chain(&mut self, slot: usize) {
        let Some(schedule) = self.jobs.get(slot).and_then(|row| row.job.schedule.clone()) else {
            return;
        };
        let first = match self.chains.find(&schedule) {
            Some(chain) => {
                let chain = self.chains.get_mut(chain).expect("find returns slots in use");
                core::mem::replace(&mut chain.first, number(slot))
            }
            None => {
                let chain = Chain { schedule, first: number(slot) };
                let inserted = self.chains.insert(chain).map_err(|_| Full(()));
                inserted.expect("there are as many chains as jobs at most");
                NONE
            }
        };
        if let Some(row) = self.jobs.get_mut(slot) {
            (row.next, row.previous) = (first, NONE);
        }
        if let Some(row) = self.jobs.get_mut(first as usize) {
            row.previous = number(slot);
        }
    }

    /// Takes a job out of the chain of its schedule.
    pub(super) fn leave_chain(&mut self, slot: usize) {
        let Some(row) = self.jobs.get(slot) else { return };
        let (next, previous) = (row.next, row.previous);
        let Some(schedule) = row.job.schedule.as_ref() else { return };
        if previous == NONE {
            let chain = self.chains.find(schedule).expect("a job's chain stays");
            if next == NONE {
                self.chains.remove(chain);
            } else if let Some(chain) = self.chains.get_mut(chain) {
                chain.first = next;
            }
        } else if let Some(row) = self.jobs.get_mut(previous as usize) {
            row.next = next;
        }
        if let Some(row) = self.jobs.get_mut(next as usize) {
            row.previous = previous;
        }
    }

    /// How many jobs of a schedule are not over.
    pub(super) fn live(&self, schedule: &D::ScheduleId) -> Live {
        self.live_without(schedule, None)
    }

    /// How many jobs of a schedule are not over once this one is.
    pub(super) fn live_without(
        &self,
        schedule: &D::ScheduleId,
        without: Option<&D::JobId>,
    ) -> Live {
        let mut live = Live::default();
        for (_, row) in self.chain(schedule).filter(|(_, row)| Some(&row.job.id) != without) {
            match row.job.state {
                JobState::Held { .. } => live.held += 1,
                JobState::Waiting { .. } | JobState::Leased { .. } => live.free += 1,
                JobState::Settled { .. } => {}
            }
        }
        live
    }

    /// Whether a job of a schedule is held. All of them are watched then, so that the search ends
    /// at the first that is not.
    pub(super) fn is_any_held(&self, schedule: &D::ScheduleId) -> bool {
        let mut watched = self.chain(schedule).take_while(|(_, row)| row.job.watched);
        watched.any(|(_, row)| matches!(row.job.state, JobState::Held { .. }))
    }

    /// Whether a job is left of whose end the schedule will hear.
    pub(super) fn is_awaited(&self, schedule: &D::ScheduleId) -> bool {
        self.chain(schedule).any(|(_, row)| row.job.watched)
    }

    /// Makes a schedule hear of the end of each of its jobs: one is held for them.
    pub(super) fn watch(&mut self, schedule: &D::ScheduleId) {
        let mut at = self.first(schedule);
        while let Some(row) = self.jobs.get_mut(at) {
            row.job.watched = true;
            at = row.next as usize;
        }
    }

    /// Cancels every job of a schedule.
    pub(super) fn cancel_chain(
        &mut self,
        schedule: &D::ScheduleId,
        now: Timestamp,
        history: &mut impl History<D>,
    ) {
        let mut at = self.first(schedule);
        while let Some(row) = self.jobs.get(at) {
            let next = row.next as usize;
            let done = self.end(at, &Change::Cancel, None, now, history);
            debug_assert!(done.is_ok(), "a job that is not over can be cancelled");
            at = next;
        }
    }

    /// A watched job of this schedule is over.
    pub(super) fn run_ended(&mut self, schedule: &D::ScheduleId, outcome: Outcome, now: Timestamp) {
        if let Some(slot) = self.schedules.find(schedule)
            && let Some(row) = self.schedules.get_mut(slot)
        {
            let was_paused = row.schedule.is_paused();
            if row.schedule.run_ended(outcome, now) {
                if row.schedule.is_paused() != was_paused {
                    self.config_revision = self.config_revision.next();
                }
                self.requeue(slot);
            }
        }
        if self.live(schedule).free == 0 {
            self.free_oldest(schedule, now);
        }
    }

    /// Frees the job of a schedule that has been held for the longest; says whether there was one.
    pub(super) fn free_oldest(&mut self, schedule: &D::ScheduleId, now: Timestamp) -> bool {
        // The newest comes first in a chain, so the last that is held has been for the longest.
        let held = |row: &JobRow<D>| matches!(row.job.state, JobState::Held { .. });
        let oldest = self.chain(schedule).filter(|(_, row)| held(row)).last();
        let Some(slot) = oldest.map(|(slot, _)| slot) else { return false };
        let freed = self.change(slot, &Change::Free, now);
        debug_assert!(freed.is_ok(), "a job that is held can be freed");
        true
    }

    /// The jobs of a schedule that are not over, the newest first.
    fn chain(&self, schedule: &D::ScheduleId) -> impl Iterator<Item = (usize, &JobRow<D>)> {
        let mut at = self.first(schedule);
        core::iter::from_fn(move || {
            let row = self.jobs.get(at)?;
            let slot = core::mem::replace(&mut at, row.next as usize);
            Some((slot, row))
        })
    }

    fn first(&self, schedule: &D::ScheduleId) -> usize {
        let chain = self.chains.find(schedule).and_then(|slot| self.chains.get(slot));
        chain.map_or(NONE, |chain| chain.first) as usize
    }
}
