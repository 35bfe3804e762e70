//! The ledger's verbs on jobs.

use super::{JobRow, Ledger};
use crate::domain::{Domain, Origin};
use crate::id::Token;
use crate::job::{Change, Job, JobState, Refused};
use crate::note::Note;
use crate::number::Number;
use crate::outcome::Outcome;
use crate::overlap::{Admission, Overlap};
use crate::retry::Counts;
use crate::room::Room;
use crate::table::Full;
use crate::time::{Span, Timestamp};
use crate::verb::{
    Cancelled, ClaimJobs, Contest, Ended, Enqueue, Enqueued, Hastened, History, Release, Renew,
    Renewed, Rescue, Retry, Run, Settle, Written,
};

impl<D: Domain, S: Room, T: Room, J: Room, K: Room, C: Room> Ledger<D, S, T, J, K, C> {
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

    /// Hands out ready jobs under leases.
    pub fn claim_jobs(
        &mut self,
        claim: &ClaimJobs<'_, D>,
        now: Timestamp,
        mut claimed: impl FnMut(&Job<D>),
    ) {
        self.promote(now);
        let mut left = claim.max;
        let mut idle = 0;
        self.turn = self.turn.checked_rem(claim.tasks.len()).unwrap_or(0);
        // One job of each task in turn, until a whole round of tasks has nothing more to give.
        while left > 0 && idle < claim.tasks.len() {
            let task = &claim.tasks[self.turn];
            self.turn = (self.turn + 1) % claim.tasks.len();
            let Some(slot) = self.pop_ready(task, claim.tags, now) else {
                idle += 1;
                continue;
            };
            idle = 0;
            let until = now + claim.lease_for;
            let change = Change::Claim { node: claim.node.clone(), until };
            let done = self.change(slot, &change, now);
            debug_assert!(done.is_ok(), "a ready job can be claimed");
            self.leave_key(slot, now);
            if let Some(row) = self.jobs.get(slot) {
                claimed(&row.job);
                left -= 1;
            }
        }
    }

    /// Prolongs a lease.
    pub fn renew(&mut self, renew: &Renew<D>, now: Timestamp) -> Renewed {
        let slot = if D::OFFER.renews() { self.jobs.find(&renew.job) } else { None };
        let Some(slot) = slot else { return Renewed::LeaseLost };
        let change = Change::Renew { token: renew.token, until: now + renew.lease_for };
        match self.change(slot, &change, now) {
            Ok(()) => {
                let state = self.jobs.get(slot).map(|row| &row.job.state);
                let cancel = matches!(state, Some(JobState::Leased { cancel: true, .. }));
                Renewed::Kept { cancel }
            }
            Err(_) => Renewed::LeaseLost,
        }
    }

    /// Takes a job back that was not started.
    pub fn release(
        &mut self,
        release: &Release<D>,
        now: Timestamp,
        history: &mut impl History<D>,
    ) -> Written {
        let Some(slot) = self.jobs.find(&release.job) else { return Written::LeaseLost };
        let change = Change::Release { token: release.token };
        match self.end(slot, &change, None, now, history) {
            Ok(_) => Written::Done,
            Err(_) => Written::LeaseLost,
        }
    }

    /// Records an attempt that will be followed by another.
    pub fn retry(
        &mut self,
        retry: &Retry<D>,
        now: Timestamp,
        history: &mut impl History<D>,
    ) -> Written {
        let Retry { job, token, after, cause, ended } = retry;
        let change = Change::Retry { token: *token, ready_at: now + *after, cause: *cause };
        self.finish(job, *token, &change, ended, now, history)
    }

    /// Records a last attempt.
    pub fn settle(
        &mut self,
        settle: &Settle<D>,
        now: Timestamp,
        history: &mut impl History<D>,
    ) -> Written {
        let Settle { job, token, ended } = settle;
        let change = Change::Settle { token: *token, outcome: ended.outcome };
        self.finish(job, *token, &change, ended, now, history)
    }

    /// Cancels a job.
    pub fn cancel(
        &mut self,
        job: &D::JobId,
        now: Timestamp,
        history: &mut impl History<D>,
    ) -> Cancelled {
        let Some(slot) = self.jobs.find(job) else {
            return if history.is_settled(job) { Cancelled::Over } else { Cancelled::Missing };
        };
        match self.end(slot, &Change::Cancel, None, now, history) {
            Ok(true) => Cancelled::Settled,
            Ok(false) => Cancelled::Asked,
            Err(_) => Cancelled::Over,
        }
    }

    /// Makes a waiting job ready at once.
    pub fn hasten(
        &mut self,
        job: &D::JobId,
        now: Timestamp,
        history: &impl History<D>,
    ) -> Hastened {
        match self.jobs.find(job) {
            Some(slot) => Hastened::of(self.change(slot, &Change::Hasten, now)),
            None if history.is_settled(job) => Hastened::Over,
            None => Hastened::Missing,
        }
    }

    /// Takes care of at most `max` jobs whose lease or start deadline has passed.
    pub fn rescue(
        &mut self,
        rescue: &Rescue<D>,
        max: u32,
        now: Timestamp,
        history: &mut impl History<D>,
    ) {
        match rescue {
            Rescue::Lapsed => {
                for _ in 0..max {
                    let Some((slot, at)) = self.lapses.peek() else { break };
                    if at > now {
                        break;
                    }
                    self.rescue_slot(slot, true, now, history);
                }
            }
            Rescue::HeldBy(node) => {
                self.drop_claims(node);
                let mut left = max;
                for slot in 0..self.jobs.capacity() {
                    let state = self.jobs.get(slot).map(|row| &row.job.state);
                    let held = matches!(
                        state, Some(JobState::Leased { lease, .. }) if lease.node == *node
                    );
                    if held && left > 0 {
                        left -= 1;
                        self.rescue_slot(slot, false, now, history);
                    }
                }
            }
        }
    }

    fn rescue_slot(
        &mut self,
        slot: usize,
        lapsed: bool,
        now: Timestamp,
        history: &mut impl History<D>,
    ) {
        let state = self.jobs.get(slot).map(|row| &row.job.state);
        let leased = matches!(state, Some(JobState::Leased { .. }));
        let change = if leased { Change::Rescue { lapsed } } else { Change::Expire };
        let done = self.end(slot, &change, None, now, history);
        debug_assert!(done.is_ok(), "the lapse queue names jobs that have lapsed");
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
        let (task, lane) = (Number::of(place.task), Number::of(place.lane));
        self.take_key(&job);
        let (chain, next, previous) = (Number::NONE, Number::NONE, Number::NONE);
        let row = JobRow { job, task, lane, in_lane: false, chain, next, previous };
        let inserted = self.jobs.insert(row).map_err(|_| Full(()));
        let slot = inserted.expect("a place was made for it");
        self.join_lane(place.lane);
        self.join_chain(slot);
        self.link(slot);
    }

    fn finish(
        &mut self,
        job: &D::JobId,
        token: Token,
        change: &Change<D>,
        ended: &Ended<D>,
        now: Timestamp,
        history: &mut impl History<D>,
    ) -> Written {
        let slot = self.jobs.find(job);
        let done = slot.map(|slot| self.end(slot, change, Some(ended), now, history));
        if let Some(Ok(_)) = done {
            return Written::Done;
        }
        // The same request once more: its first answer was lost on the way. The outcome is part
        // of the question, because a rescue records the lost attempt under the same token.
        let settle = matches!(change, Change::Settle { .. });
        match history.ended(job, token) {
            Some(recorded) if recorded == (ended.outcome, settle) => Written::Done,
            Some((Outcome::Cancelled, true)) if !settle => Written::Done,
            _ => Written::LeaseLost,
        }
    }

    /// Makes a change that ends an attempt or a job, and records it; says whether the job is over.
    /// How an attempt went is known only from its holder.
    pub(super) fn end(
        &mut self,
        slot: usize,
        change: &Change<D>,
        ended: Option<&Ended<D>>,
        now: Timestamp,
        history: &mut impl History<D>,
    ) -> Result<bool, Refused> {
        let Some(row) = self.jobs.get(slot) else { return Err(Refused::Settled) };
        let attempt = row.job.attempt();
        let node = match &row.job.state {
            JobState::Leased { lease, .. } => Some(lease.node.clone()),
            _ => None,
        };
        self.change(slot, change, now)?;
        let job = &self.jobs.get(slot).expect("a change keeps the row").job;
        let over = match job.state {
            JobState::Settled { outcome, .. } => Some(outcome),
            _ => None,
        };
        if over.is_some() || matches!(change, Change::Retry { .. } | Change::Rescue { .. }) {
            let mut ended = ended.cloned().unwrap_or_else(|| unheard_of(now));
            // The state's word on the job is final: a cancelled job's failure cancels it.
            ended.outcome = over.unwrap_or(ended.outcome);
            history.run(Run {
                job: job.id.clone(),
                token: job.token,
                attempt,
                task: job.task.clone(),
                schedule: job.schedule.clone(),
                origin: job.origin,
                fire_at: job.fire_at,
                node,
                settled: over.is_some(),
                ended,
            });
        }
        if let Some(outcome) = over {
            self.bury(slot, outcome, now);
        }
        Ok(over.is_some())
    }

    /// Takes a job that is over out of everything.
    fn bury(&mut self, slot: usize, outcome: Outcome, now: Timestamp) {
        self.leave_key(slot, now);
        self.leave_chain(slot);
        let Some(row) = self.jobs.remove(slot) else { return };
        self.leave_lane(row.lane());
        let watched = D::OFFER.watches() && row.job.watched;
        if let Some(schedule) = row.job.schedule.filter(|_| watched) {
            self.run_ended(&schedule, outcome, now);
        }
    }

    pub(super) fn change(
        &mut self,
        slot: usize,
        change: &Change<D>,
        now: Timestamp,
    ) -> Result<(), Refused> {
        self.unlink(slot);
        let row = self.jobs.get_mut(slot).expect("queues and find name slots that are in use");
        let done = row.job.apply(change, now);
        self.link(slot);
        done
    }

    /// Enters a job into the queues and counts that its state belongs to.
    fn link(&mut self, slot: usize) {
        self.tally(slot, true);
        let row = self.jobs.get(slot).expect("only rows in use are linked");
        match &row.job.state {
            JobState::Held { .. } | JobState::Waiting { .. } => {
                if let JobState::Waiting { ready_at } = row.job.state {
                    self.future.put(slot, ready_at);
                }
                let may_expire = row.job.counts == Counts::default();
                if let Some(start_by) = row.job.start_by.filter(|_| may_expire) {
                    self.lapses.put(slot, start_by + Span::from_micros(1));
                }
            }
            JobState::Leased { lease, .. } => {
                if D::OFFER.remote {
                    self.lapses.put(slot, lease.until.value());
                }
                self.tasks.get_mut(row.task()).expect("a job's task stays").leased += 1;
            }
            JobState::Settled { .. } => {}
        }
    }

    /// Takes a job out of all queues and counts.
    pub(super) fn unlink(&mut self, slot: usize) {
        self.leave_ready(slot);
        self.tally(slot, false);
        let Some(row) = self.jobs.get(slot) else { return };
        let leased = matches!(row.job.state, JobState::Leased { .. });
        let task = self.tasks.get_mut(row.task()).expect("a job's task stays");
        task.leased -= u32::from(leased);
        self.future.remove(slot);
        self.lapses.remove(slot);
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

/// An attempt of which the store has not heard, or that never was.
fn unheard_of<D: Domain>(now: Timestamp) -> Ended<D> {
    Ended { outcome: Outcome::LeaseLost, started_at: None, finished_at: now, detail: None }
}
