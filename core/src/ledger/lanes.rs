//! The lanes of waiting jobs: one for each task and each set of tags that jobs of it need, so that
//! a job which nobody here may run hides no other.

use super::{JobRow, Ledger, TaskRow};
use crate::domain::Domain;
use crate::job::JobState;
use crate::lane::{Lane, Lanes};
use crate::number::Number;
use crate::order::Order;
use crate::room::Room;
use crate::table::{Full, Keyed, Storage, Table};
use crate::time::Timestamp;

/// A lane in a ledger.
#[derive(Clone, Debug)]
pub struct LaneRow<D: Domain, T: Room, J: Room> {
    /// The task's slot, and the tags.
    key: (T::Number, D::Tags),
    /// Its jobs that were found ready.
    ready: Lane<J::Number>,
    /// How many jobs belong here, ready or not. A lane without any goes.
    jobs: u32,
    /// The next lane of the same task.
    next: T::Number,
}

impl<D: Domain, T: Room, J: Room> Keyed for LaneRow<D, T, J> {
    type Key = (T::Number, D::Tags);
    fn key(&self) -> &(T::Number, D::Tags) {
        &self.key
    }
}

impl<D: Domain, T: Room, J: Room> LaneRow<D, T, J> {
    /// The slot of its task.
    fn task(&self) -> usize {
        self.key.0.slot().expect("a lane has a task")
    }
}

impl<D: Domain, S: Room, T: Room, J: Room, K: Room> Ledger<D, S, T, J, K> {
    /// Finds or makes the lane for jobs of this task that need these tags.
    pub(super) fn lane_slot(&mut self, task: usize, tags: &D::Tags) -> Result<usize, Full<()>> {
        let key = (Number::of(task), tags.clone());
        if let Some(slot) = self.lanes.find(&key) {
            return Ok(slot);
        }
        let first = self.tasks.get(task).map_or(Number::NONE, |row| row.lanes);
        let row = LaneRow { key, ready: Lane::EMPTY, jobs: 0, next: first };
        let slot = self.lanes.insert(row).map_err(|_| Full(()))?;
        if let Some(row) = self.tasks.get_mut(task) {
            row.lanes = Number::of(slot);
        }
        Ok(slot)
    }

    /// The task that a lane belongs to.
    pub(super) fn task_of(&mut self, lane: usize) -> &mut TaskRow<D, T> {
        let task = self.lanes.get(lane).map(LaneRow::task);
        task.and_then(|task| self.tasks.get_mut(task)).expect("a job's lane and its task stay")
    }

    /// A job joins a lane.
    pub(super) fn join_lane(&mut self, lane: usize) {
        if let Some(row) = self.lanes.get_mut(lane) {
            row.jobs += 1;
        }
    }

    /// A job is over; its lane goes with its last one, and with the last lane of a task that nobody
    /// has put, the task.
    pub(super) fn leave_lane(&mut self, lane: usize) {
        let Some(row) = self.lanes.get_mut(lane) else { return };
        row.jobs -= 1;
        if row.jobs > 0 {
            return;
        }
        let (task, after) = (row.task(), row.next);
        self.lanes.remove(lane);
        let first = &mut self.tasks.get_mut(task).expect("a lane's task stays").lanes;
        if first.slot() == Some(lane) {
            *first = after;
            self.forget_task(task);
            return;
        }
        let mut at = first.slot();
        while let Some(row) = at.and_then(|at| self.lanes.get_mut(at)) {
            at = row.next.slot();
            if at == Some(lane) {
                row.next = after;
                return;
            }
        }
    }

    /// Moves waiting jobs whose time has come into their lanes.
    pub(super) fn promote(&mut self, now: Timestamp) {
        while let Some((slot, _)) = self.first_future().filter(|(_, at)| *at <= now) {
            self.future.put(slot, None);
            let row = self.jobs.get_mut(slot).expect("the queue names slots that are in use");
            row.in_lane = true;
            let lane = row.lane();
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
        let lane = row.lane();
        let lane = &mut self.lanes.get_mut(lane).expect("a job's lane stays").ready;
        self.ready.remove(lane, slot, before(&self.jobs));
    }

    /// Takes the first job of a task that can be claimed by who offers these tags, out of all
    /// queues of waiting jobs.
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
            if ready_at <= now && !row.job.is_expired(now) {
                return Some(slot);
            }
            // Back to the future: an expired job waits for its rescue, and one that is not ready
            // was put into the lane under a later clock.
            self.future.put(slot, Some(ready_at));
        }
    }

    /// The lane of a task whose first job comes before those of its other lanes.
    fn best_lane(&self, task: usize, tags: &D::Tags) -> Option<usize> {
        let mut best: Option<(usize, usize)> = None;
        let mut next = self.tasks.get(task)?.lanes;
        while let Some(at) = next.slot()
            && let Some(row) = self.lanes.get(at)
        {
            if let Some(first) = row.ready.peek().filter(|_| D::covers(tags, &row.key.1))
                && best.is_none_or(|(_, other)| before(&self.jobs)(first, other))
            {
                best = Some((at, first));
            }
            next = row.next;
        }
        best.map(|(lane, _)| lane)
    }
}

/// The order within a task: the most urgent, then the longest ready, then by id.
fn before<D: Domain, T: Room, J: Room>(
    jobs: &Table<JobRow<D, T, J>, impl Storage<JobRow<D, T, J>>>,
) -> impl Fn(usize, usize) -> bool {
    let key = |slot| {
        let job = jobs.get(slot).map(|row| &row.job)?;
        let JobState::Waiting { ready_at } = job.state else { return None };
        Some((job.terms().priority, ready_at, &job.id))
    };
    move |a, b| key(a) < key(b)
}
