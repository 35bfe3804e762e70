//! Which job holds which key, so that what stands for the same thing is not queued twice.

use super::Ledger;
use crate::domain::Domain;
use crate::job::{Hold, Job, JobState};
use crate::note::Note;
use crate::room::Room;
use crate::table::{Full, Keyed};
use crate::time::{Span, Timestamp};
use crate::verb::{Conflict, Contest};

/// A key in a ledger.
#[derive(Clone, Debug)]
pub struct KeyRow<D: Domain> {
    key: (D::TaskId, D::Key),
    job: D::JobId,
    /// The job is over, and the key is held until then.
    over_until: Option<Timestamp>,
}

impl<D: Domain> KeyRow<D> {
    pub(super) const fn job(&self) -> &D::JobId {
        &self.job
    }
}

impl<D: Domain> Keyed for KeyRow<D> {
    type Key = (D::TaskId, D::Key);
    fn key(&self) -> &(D::TaskId, D::Key) {
        &self.key
    }
}

impl<D: Domain, S: Room, T: Room, J: Room, K: Room> Ledger<D, S, T, J, K> {
    /// The clock was set: what is held for a while is held for as long as before.
    pub(super) fn move_keys(&mut self, by: Span) {
        for slot in 0..self.keys.capacity() {
            if let Some(row) = self.keys.get_mut(slot) {
                row.over_until = row.over_until.map(|at| at + by);
            }
        }
    }

    /// What a job that wants this key meets.
    pub(super) fn contest(
        &mut self,
        task: &D::TaskId,
        key: &D::Key,
        conflict: Conflict,
        now: Timestamp,
    ) -> Contest<D::JobId> {
        let Some(slot) = self.keys.find(&(task.clone(), key.clone())) else {
            return Contest::Free;
        };
        let Some(row) = self.keys.get(slot) else { return Contest::Free };
        if row.over_until.is_some_and(|until| until <= now) {
            self.keys.remove(slot);
            return Contest::Free;
        }
        let holder = row.job.clone();
        let state = self.jobs.find(&holder).and_then(|slot| self.jobs.get(slot));
        let waits = matches!(
            state.map(|row| &row.job.state),
            Some(JobState::Waiting { .. } | JobState::Held { .. })
        );
        Contest::with(holder, waits, conflict)
    }

    /// Makes sure that one more key fits.
    pub(super) fn room_for_key(&mut self, now: Timestamp) -> Result<(), Full<()>> {
        if self.keys.len() < self.keys.capacity() {
            return Ok(());
        }
        for slot in 0..self.keys.capacity() {
            let until = self.keys.get(slot).and_then(|row| row.over_until);
            if until.is_some_and(|until| until <= now) {
                self.keys.remove(slot);
            }
        }
        if self.keys.len() < self.keys.capacity() { Ok(()) } else { Err(Full(())) }
    }

    /// The key of a job that was cancelled for this one becomes free at once.
    pub(super) fn inherit_key(&mut self, job: &Job<D>, from: &D::JobId) {
        let Some(unique) = &job.unique else { return };
        let slot = self.keys.find(&(job.task.clone(), unique.key.clone()));
        if let Some(slot) = slot
            && self.keys.get(slot).is_some_and(|row| row.job == *from)
        {
            self.keys.remove(slot);
        }
    }

    /// A job takes its key, which is free.
    pub(super) fn take_key(&mut self, job: &Job<D>) {
        let Some(unique) = &job.unique else { return };
        let key = (job.task.clone(), unique.key.clone());
        let row = KeyRow { key, job: job.id.clone(), over_until: None };
        let taken = self.keys.insert(row).map_err(|_| Full(()));
        taken.expect("there is room for one more key");
    }

    /// A job was claimed, or is over: it may have to leave its key to others.
    pub(super) fn leave_key(&mut self, slot: usize, now: Timestamp) {
        let Some(job) = self.jobs.get(slot).map(|row| &row.job) else { return };
        let Some(unique) = &job.unique else { return };
        let is_over = matches!(job.state, JobState::Settled { .. });
        if !is_over && unique.hold() != Hold::Waiting {
            return;
        }
        let key = (job.task.clone(), unique.key.clone());
        // Another job may have the key by now.
        let Some(slot) = self.keys.find(&key) else { return };
        let Some(row) = self.keys.get_mut(slot).filter(|row| row.job == job.id) else { return };
        match unique.hold().until(job.created_at.value()).filter(|&until| until > now) {
            Some(until) => row.over_until = Some(until),
            None => drop(self.keys.remove(slot)),
        }
    }
}
