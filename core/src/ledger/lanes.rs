//! The lanes of waiting jobs: one for each task and each set of tags that jobs of it need, so that
//! a job which nobody here may run hides no other.

use super::{Ledger, NONE, number};
use crate::domain::Domain;
use crate::job::JobState;
use crate::lane::Lane;
use crate::room::Room;
use crate::table::{Full, Keyed, Storage, Table};
use crate::time::Timestamp;

/// A lane in a ledger.
#[derive(Clone, Debug)]
pub struct LaneRow<D: Domain, J: Room> {
    /// The task's slot, and the tags.
    key: (u32, D::Tags),
    /// Its jobs that were found ready.
    ready: Lane<J::Number>,
    /// How many jobs belong here, ready or not. A lane without any goes.
    jobs: u32,
    /// The next lane of the same task.
    next: u32,
}

impl<D: Domain, J: Room> Keyed for LaneRow<D, J> {
    type Key = (u32, D::Tags);
    fn key(&self) -> &(u32, D::Tags) {
        &self.key
    }
}

impl<D: Domain, S: Room, T: Room, J: Room, K: Room> Ledger<D, S, T, J, K> {
    /// Finds or makes the lane for jobs of this task that need these tags.
    pub(super) fn lane_slot(&mut self, task: usize, tags: &D::Tags) -> Result<usize, Full<()>> {
        let key = (number(task), tags.clone());
        if let Some(slot) = self.lanes.find(&key) {
            return Ok(slot);
        }
        let first = self.tasks.get(task).map_or(NONE, |row| row.lanes);
        let row = LaneRow { key, ready: Lane::EMPTY, jobs: 0, next: first };
        let slot = self.lanes.insert(row).map_err(|_| Full(()))?;
        if let Some(row) = self.tasks.get_mut(task) {
            row.lanes = number(slot);
        }
        Ok(slot)
    }

    /// A job joins a lane.
    pub(super) fn join_lane(&mut self, lane: usize) {
        if let Some(row) = self.lanes.get_mut(lane) {
            row.jobs += 1;
        }
    }

    /// A job is over; its lane goes with its last one.
    pub(super) fn leave_lane(&mut self, lane: usize) {
        let Some(row) = self.lanes.get_mut(lane) else { return };
        row.jobs -= 1;
        if row.jobs > 0 {
            return;
        }
        let (task, after) = (row.key.0 as usize, row.next);
        self.lanes.remove(lane);
        let first = &mut self.tasks.get_mut(task).expect("a lane's task stays").lanes;
        if *first as usize == lane {
            *first = after;
            return;
        }
        let mut at = *first as usize;
        while let Some(row) = self.lanes.get_mut(at) {
            if row.next as usize == lane {
                row.next = after;
                return;
            }
            at = row.next as usize;
        }
    }

    /// Moves waiting jobs whose time has come into their lanes.
    pub(super) fn promote(&mut self, now: Timestamp) {
        while let Some((slot, _)) = self.future.peek().filter(|(_, at)| *at <= now) {
            self.future.remove(slot);
            let row = self.jobs.get_mut(slot).expect("the queue names slots that are in use");
            row.in_lane = true;
            let lane = row.lane as usize;
            let lane = &mut self.lanes.get_mut(lane).expect("a job's lane stays").ready;
            self.ready.push(lane, slot, before(&self.jobs));
        }
    }

    /// Takes a job out of its lane, if it is in it.
    pub(super) fn leave_ready(&mut self, slot: usize) {
        let Some(row) = self.jobs.get_mut(slot) else { return };
        if !core::mem::take(&mut row.in_lane) {
            return;
        }
        let lane = row.lane as usize;
        let lane = &mut self.lanes.get_mut(lane).expect("a job's lane stays").ready;
        self.ready.remove(lane, slot, before(&self.jobs));
    }

    /// Takes the first job of a task that can be claimed by who offers these tags.
    pub(super) fn pop_ready(
        &mut self,
        task: &D::TaskId,
        tags: &D::Tags,
        now: Timestamp,
    ) -> Option<usize> {
        let task = self.tasks.find(task)?;
        let row = self.tasks.get(task)?;
        if row.task.max_running.is_some_and(|max| row.leased >= max) {
            return None;
        }
        loop {
            let lane = self.best_lane(task, tags)?;
            let lane = &mut self.lanes.get_mut(lane)?.ready;
            let slot = self.ready.pop(lane, before(&self.jobs))?;
            let row = self.jobs.get_mut(slot).expect("lanes name slots that are in use");
            row.in_lane = false;
            let JobState::Waiting { ready_at } = row.job.state else { continue };
            // Back to the future: an expired job waits for its rescue, and one that is not ready
            // was put into the lane under a later clock.
            self.future.put(slot, ready_at);
            if ready_at <= now && !row.job.is_expired(now) {
                return Some(slot);
            }
        }
    }

    /// The lane of a task whose first job comes before those of its other lanes.
    fn best_lane(&self, task: usize, tags: &D::Tags) -> Option<usize> {
        let mut best: Option<(usize, usize)> = None;
        let mut at = self.tasks.get(task)?.lanes as usize;
        while let Some(row) = self.lanes.get(at) {
            if let Some(first) = row.ready.peek().filter(|_| D::covers(tags, &row.key.1))
                && best.is_none_or(|(_, other)| before(&self.jobs)(first, other))
            {
                best = Some((at, first));
            }
            at = row.next as usize;
        }
        best.map(|(lane, _)| lane)
    }
}

/// The order within a task: the most urgent, then the longest ready, then by id.
fn before<D: Domain, R>(jobs: &Table<super::JobRow<D>, R>) -> impl Fn(usize, usize) -> bool
where
    R: Storage<super::JobRow<D>>,
{
    let key = |slot| {
        let job = jobs.get(slot).map(|row| &row.job)?;
        let JobState::Waiting { ready_at } = job.state else { return None };
        Some((job.terms().priority, ready_at, &job.id))
    };
    move |a, b| key(a) < key(b)
}
