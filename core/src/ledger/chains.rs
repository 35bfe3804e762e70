//! The jobs of each schedule that are not over: what overlap is judged by.
//!
//! A backfill is not among them: its jobs stand for instants of the past, and neither wait for the
//! schedule's other jobs nor are waited for.

use super::{JobRow, Ledger};
use crate::domain::Domain;
use crate::job::{Change, JobState};
use crate::note::{Notable, Note};
use crate::number::Number;
use crate::outcome::Outcome;
use crate::overlap::Live;
use crate::room::Room;
use crate::table::{Full, Keyed};
use crate::time::Timestamp;
use crate::verb::History;

/// The jobs of one schedule in a ledger. It exists as long as there are any, whatever becomes of
/// the schedule.
#[derive(Clone, Debug)]
pub struct Chain<D: Domain, J: Room> {
    schedule: D::ScheduleId,
    first: J::Number,
    /// How many of them are free and held: counted where a job enters and leaves the queues only.
    live: Live,
    /// Of how many the schedule hears when they end.
    watched: u32,
}

impl<D: Domain, J: Room> Keyed for Chain<D, J> {
    type Key = D::ScheduleId;
    fn key(&self) -> &D::ScheduleId {
        &self.schedule
    }
}

/// Where a job is among those of its schedule: not in a domain without chains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Links<N> {
    chain: N,
    /// The next and the previous job in it.
    next: N,
    previous: N,
}

impl<N: Number> Notable for Links<N> {
    /// In no chain.
    const NOTHING: Self = Self { chain: N::NONE, next: N::NONE, previous: N::NONE };
}

impl<D: Domain, T: Room, J: Room> JobRow<D, T, J> {
    fn links(&self) -> Links<J::Number> {
        self.links.value()
    }

    fn relink(&mut self, change: impl FnOnce(&mut Links<J::Number>)) {
        let mut links = self.links();
        change(&mut links);
        self.links = D::Note::of(links);
    }
}

impl<D: Domain, S: Room, T: Room, J: Room, K: Room> Ledger<D, S, T, J, K> {
    /// Adds a job to the chain of its schedule.
    pub(super) fn join_chain(&mut self, slot: usize) {
        if !D::OFFER.chains() {
            return;
        }
        let Some(row) = self.jobs.get(slot) else { return };
        let watched = u32::from(row.job.watched);
        let Some(schedule) = row.job.schedule.clone().filter(|_| row.job.is_in_turn()) else {
            return;
        };
        let (chain, first) = match self.chains.find(&schedule) {
            Some(chain) => {
                let row = self.chains.get_mut(chain).expect("find returns slots in use");
                row.watched += watched;
                (chain, core::mem::replace(&mut row.first, Number::of(slot)))
            }
            None => {
                let first = Number::of(slot);
                let chain = Chain { schedule, first, live: Live::default(), watched };
                let inserted = self.chains.insert(chain).map_err(|_| Full(()));
                (inserted.expect("there are as many chains as jobs at most"), Number::NONE)
            }
        };
        if let Some(row) = self.jobs.get_mut(slot) {
            let links = Links { chain: Number::of(chain), next: first, previous: Number::NONE };
            row.links = D::Note::of(links);
        }
        if let Some(row) = first.slot().and_then(|first| self.jobs.get_mut(first)) {
            row.relink(|links| links.previous = Number::of(slot));
        }
    }

    /// Takes a job out of the chain of its schedule.
    pub(super) fn leave_chain(&mut self, slot: usize) {
        if !D::OFFER.chains() {
            return;
        }
        let Some(row) = self.jobs.get(slot) else { return };
        let Links { chain, next, previous } = row.links();
        let watched = u32::from(row.job.watched);
        let Some(chain) = chain.slot() else { return };
        let Some(chain_row) = self.chains.get_mut(chain) else { return };
        chain_row.watched -= watched;
        match previous.slot() {
            Some(previous) => {
                if let Some(row) = self.jobs.get_mut(previous) {
                    row.relink(|links| links.next = next);
                }
            }
            None => {
                chain_row.first = next;
                if next == Number::NONE {
                    self.chains.remove(chain);
                }
            }
        }
        if let Some(row) = next.slot().and_then(|next| self.jobs.get_mut(next)) {
            row.relink(|links| links.previous = previous);
        }
    }

    /// A job enters (or leaves) the state that it is in.
    pub(super) fn tally(&mut self, slot: usize, enters: bool) {
        if !D::OFFER.chains() {
            return;
        }
        let Some(row) = self.jobs.get(slot) else { return };
        let chain = row.links().chain.slot();
        let Some(chain) = chain.and_then(|chain| self.chains.get_mut(chain)) else { return };
        let count = match row.job.state {
            JobState::Held { .. } => &mut chain.live.held,
            JobState::Waiting { .. } | JobState::Leased { .. } => &mut chain.live.free,
            JobState::Settled { .. } => return,
        };
        *count = if enters { *count + 1 } else { *count - 1 };
    }

    /// How many jobs of a schedule are not over.
    pub(super) fn live(&self, schedule: &D::ScheduleId) -> Live {
        self.chain_row(schedule).map_or_else(Live::default, |chain| chain.live)
    }

    /// How many jobs of a schedule are not over once this one is.
    pub(super) fn live_without(
        &self,
        schedule: &D::ScheduleId,
        without: Option<&D::JobId>,
    ) -> Live {
        let mut live = self.live(schedule);
        let row = without.and_then(|id| self.jobs.find(id)).and_then(|slot| self.jobs.get(slot));
        let Some(row) =
            row.filter(|row| row.job.is_in_turn() && row.job.schedule.as_ref() == Some(schedule))
        else {
            return live;
        };
        match row.job.state {
            JobState::Held { .. } => live.held -= 1,
            JobState::Waiting { .. } | JobState::Leased { .. } => live.free -= 1,
            JobState::Settled { .. } => {}
        }
        live
    }

    /// How many jobs of a schedule are over at once if they are cancelled.
    pub(super) fn waiting(&self, schedule: &D::ScheduleId) -> usize {
        let leased = |row: &JobRow<D, T, J>| matches!(row.job.state, JobState::Leased { .. });
        self.chain(schedule).filter(|(_, row)| !leased(row)).count()
    }

    /// Whether a job is left of whose end the schedule will hear.
    pub(super) fn is_awaited(&self, schedule: &D::ScheduleId) -> bool {
        self.chain_row(schedule).is_some_and(|chain| chain.watched > 0)
    }

    /// Makes a schedule hear of the end of each of its jobs: one is held for them.
    pub(super) fn watch(&mut self, schedule: &D::ScheduleId) {
        let Some(chain) = self.chains.find(schedule) else { return };
        let Some(row) = self.chains.get_mut(chain) else { return };
        if row.watched == row.live.free + row.live.held {
            return;
        }
        row.watched = row.live.free + row.live.held;
        let mut at = row.first.slot();
        while let Some(row) = at.and_then(|at| self.jobs.get_mut(at)) {
            row.job.watched = true;
            at = row.links().next.slot();
        }
    }

    /// Cancels every job of a schedule.
    pub(super) fn cancel_chain(
        &mut self,
        schedule: &D::ScheduleId,
        now: Timestamp,
        history: &mut impl History<D>,
    ) {
        let mut next = self.first(schedule);
        while let Some(at) = next.slot()
            && let Some(row) = self.jobs.get(at)
        {
            next = row.links().next;
            let done = self.end(at, &Change::Cancel, None, now, history);
            debug_assert!(done.is_ok(), "a job that is not over can be cancelled");
        }
    }

    /// A watched job of this schedule is over.
    pub(super) fn run_ended(&mut self, schedule: &D::ScheduleId, outcome: Outcome, now: Timestamp) {
        let awaited = self.is_awaited(schedule);
        if let Some(slot) = self.schedules.find(schedule)
            && let Some(row) = self.schedules.get_mut(slot)
        {
            let was_paused = row.schedule.is_paused();
            if row.schedule.run_ended(outcome, awaited, now) {
                if row.schedule.is_paused() != was_paused {
                    self.config_revision = self.config_revision.next();
                }
                self.requeue(slot);
            }
        }
        let live = self.live(schedule);
        if live.free == 0 && live.held > 0 {
            self.free_oldest(schedule, now);
        }
    }

    /// Frees the job of a schedule that has been held for the longest; says whether there was one.
    pub(super) fn free_oldest(&mut self, schedule: &D::ScheduleId, now: Timestamp) -> bool {
        // The newest comes first in a chain, so the last that is held has been for the longest.
        let held = |row: &JobRow<D, T, J>| matches!(row.job.state, JobState::Held { .. });
        let oldest = self.chain(schedule).filter(|(_, row)| held(row)).last();
        let Some(slot) = oldest.map(|(slot, _)| slot) else { return false };
        let freed = self.change(slot, &Change::Free, now);
        debug_assert!(freed.is_ok(), "a job that is held can be freed");
        true
    }

    /// The jobs of a schedule that are not over, the newest first.
    fn chain(&self, schedule: &D::ScheduleId) -> impl Iterator<Item = (usize, &JobRow<D, T, J>)> {
        let mut at = self.first(schedule);
        core::iter::from_fn(move || {
            let slot = at.slot()?;
            let row = self.jobs.get(slot)?;
            at = row.links().next;
            Some((slot, row))
        })
    }

    fn first(&self, schedule: &D::ScheduleId) -> J::Number {
        self.chain_row(schedule).map_or(Number::NONE, |chain| chain.first)
    }

    fn chain_row(&self, schedule: &D::ScheduleId) -> Option<&Chain<D, J>> {
        if !D::OFFER.chains() {
            return None;
        }
        self.chains.find(schedule).and_then(|slot| self.chains.get(slot))
    }
}
