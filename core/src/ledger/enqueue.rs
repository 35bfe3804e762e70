//! How jobs get into the ledger: by request, and as fires of a schedule.

use super::{JobRow, Ledger};
use crate::domain::{Domain, Origin};
use crate::job::{Change, Job};
use crate::note::Note;
use crate::number::Number;
use crate::overlap::{Admission, Overlap};
use crate::room::Room;
use crate::table::Full;
use crate::time::Timestamp;
use crate::verb::{Contest, Enqueue, Enqueued, History};

impl<D: Domain, S: Room, T: Room, J: Room, K: Room> Ledger<D, S, T, J, K> {
    /// Queues a job.
    ///
    /// # Errors
    /// [`Full`], if there is no room for another job, another task, another set of tags or another
    /// key.
    pub fn enqueue(
        &mut self,
        request: Enqueue<D>,
        now: Timestamp,
        history: &mut impl History<D>,
    ) -> Result<Enqueued<D::JobId>, Full<()>> {
        if self.is_known(&request.id, history) {
            return Ok(Enqueued::Exists);
        }
        let contest = match &request.unique {
            Some((unique, conflict)) => self.contest(&request.task, &unique.key, *conflict, now),
            None => Contest::Free,
        };
        let replaced = match &contest {
            Contest::Free => None,
            Contest::Lost(answer) => return Ok(answer.clone()),
            Contest::Replace(holder) => Some(holder),
        };
        let mut frees = usize::from(replaced.is_some());
        let mut turn = None;
        assert!(D::OFFER.extra || request.extra.is_none(), "the domain rules this out");
        if let Some(extra) = request.extra.as_ref().filter(|_| D::OFFER.extra) {
            let Some(row) = self.schedule(&extra.schedule) else { return Ok(Enqueued::Missing) };
            let policies = row.spec().known_policies();
            let (overlap, watched) = (policies.overlap, policies.watches());
            let live = self.live_without(&extra.schedule, replaced).settle();
            if extra.origin != Origin::Backfill {
                let cancels = overlap == Overlap::Cancel;
                if !cancels && overlap.admit(live, true) == Admission::Overlapped {
                    return Ok(Enqueued::Overlapped);
                }
                if cancels {
                    frees = frees.max(self.waiting(&extra.schedule));
                }
                turn = Some(Turn { overlap, watched });
            }
        }
        if request.unique.is_some() && replaced.is_none() {
            self.room_for_key(now)?;
        }
        let place = self.place(&request.task, request.tags.as_ref(), 1, frees)?;
        let answer = self.enqueue_at(place, request, replaced, turn, now, history);
        self.leave_lane(place.lane);
        Ok(answer)
    }

    /// Queues a job for which there is a place, in the turn of its schedule if it has one.
    fn enqueue_at(
        &mut self,
        place: Place,
        request: Enqueue<D>,
        replaced: Option<&D::JobId>,
        turn: Option<Turn>,
        now: Timestamp,
        history: &mut impl History<D>,
    ) -> Enqueued<D::JobId> {
        let mut admission = Admission::Ready;
        if let (Some(turn), Some(extra)) = (turn, &request.extra) {
            let beside = Beside { schedule: &extra.schedule, last: true, replaced };
            admission = self.admit(turn.overlap, beside, now, history);
        }
        let task = &self.tasks.get(place.task).expect("a place is made of slots in use").task;
        let Some(job) = request.job(task, now).admitted(admission) else {
            return Enqueued::Overlapped;
        };
        if let Some(holder) = replaced {
            // If it is of the same schedule, overlap may have cancelled it already.
            if let Some(slot) = self.jobs.find(holder) {
                let done = self.end(slot, &Change::Cancel, None, now, history);
                debug_assert!(done == Ok(true), "a waiting job is over when it is cancelled");
            }
            // What it held for a while after its end goes to the new one at once.
            self.inherit_key(&job, holder);
        }
        let watched = turn.is_some_and(|turn| turn.watched);
        self.insert(place, Job { watched, ..job });
        match replaced {
            Some(holder) => Enqueued::Replaced(holder.clone()),
            None => Enqueued::Inserted,
        }
    }

    /// Whether a job of this name exists or is over.
    pub(super) fn is_known(&self, job: &D::JobId, history: &impl History<D>) -> bool {
        self.jobs.find(job).is_some() || history.is_settled(job)
    }

    /// Makes sure that so many more jobs of a task fit, once so many others are over. Without tags
    /// they need what the task says. The lane stays until the caller has
    /// [left it](Self::leave_lane).
    pub(super) fn place(
        &mut self,
        task: &D::TaskId,
        tags: Option<&D::Tags>,
        count: usize,
        frees: usize,
    ) -> Result<Place, Full<()>> {
        if count > self.jobs.capacity() - self.jobs.len() + frees {
            return Err(Full(()));
        }
        let task = self.task_slot(task)?;
        let own = self.tasks.get(task).map(|row| row.task.tags.clone());
        let tags = tags.cloned().or(own).unwrap_or_default();
        let lane = self.lane_slot(task, &tags);
        match lane {
            Ok(lane) => self.join_lane(lane),
            Err(Full(())) => self.forget_task(task),
        }
        lane.map(|lane| Place { task, lane })
    }

    /// How one more job gets in beside those of its schedule that are not over.
    pub(super) fn admit(
        &mut self,
        overlap: Overlap,
        beside: Beside<'_, D>,
        now: Timestamp,
        history: &mut impl History<D>,
    ) -> Admission {
        if overlap == Overlap::Allow {
            return Admission::Ready;
        }
        let Beside { schedule, last, replaced } = beside;
        if overlap == Overlap::Cancel && last {
            self.cancel_chain(schedule, now, history);
        }
        let admission = overlap.admit(self.live_without(schedule, replaced).settle(), last);
        if admission == Admission::Held {
            self.watch(schedule);
        }
        admission
    }

    /// Adds a job for which there is a place.
    pub(super) fn insert(&mut self, place: Place, mut job: Job<D>) {
        // One that is held must not miss the end of this one.
        let any_held = job.schedule.as_ref().is_some_and(|id| self.live(id).held > 0);
        job.watched |= any_held && job.is_in_turn();
        self.take_key(&job);
        let lane = Number::of(place.lane);
        let row = JobRow { job, lane, in_lane: false, links: Note::EMPTY };
        let inserted = self.jobs.insert(row).map_err(|_| Full(()));
        let slot = inserted.expect("a place was made for it");
        self.join_lane(place.lane);
        self.join_chain(slot);
        self.link(slot);
    }
}

/// What the schedule says of a job that is in its turn.
#[derive(Clone, Copy, Debug)]
struct Turn {
    overlap: Overlap,
    watched: bool,
}

/// What one more job of a schedule meets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Beside<'a, D: Domain> {
    pub(super) schedule: &'a D::ScheduleId,
    /// No later one follows in the same decision.
    pub(super) last: bool,
    /// This job is cancelled for it and is not in its way.
    pub(super) replaced: Option<&'a D::JobId>,
}

/// Where jobs of a task belong: its slot, and that of the lane for the tags that they need.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) task: usize,
    pub(super) lane: usize,
}
