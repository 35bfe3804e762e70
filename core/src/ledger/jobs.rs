//! The ledger's verbs on jobs.

use super::{JobRow, Ledger};
use crate::domain::{Domain, Origin};
use crate::id::Token;
use crate::job::{Change, Job, JobState, Refused};
use crate::outcome::Outcome;
use crate::retry::Counts;
use crate::room::Room;
use crate::settings::Task;
use crate::table::{Full, Table};
use crate::time::{Span, Timestamp};
use crate::verb::{
    Cancelled, ClaimJobs, Ended, Enqueue, Enqueued, History, Release, Renew, Renewed, Rescue,
    Retry, Run, Settle, Written,
};

impl<D: Domain, S: Room, T: Room, J: Room> Ledger<D, S, T, J> {
    /// Queues a job.
    ///
    /// # Errors
    /// [`Full`], if there is no room for another job or another task.
    pub fn enqueue(
        &mut self,
        request: Enqueue<D>,
        now: Timestamp,
        history: &impl History<D>,
    ) -> Result<Enqueued, Full<()>> {
        let job = Job {
            terms: request.settings.or(self.settings_of(&request.task)).resolve(),
            id: request.id,
            task: request.task,
            schedule: None,
            origin: Origin::Queued,
            fire_at: None,
            payload: request.payload,
            start_by: request.start_by,
            created_at: now,
            counts: Counts::default(),
            token: Token::default(),
            state: JobState::Waiting { ready_at: request.ready_at.unwrap_or(now) },
        };
        match self.add_job(job, history) {
            Ok(true) => Ok(Enqueued::Inserted),
            Ok(false) => Ok(Enqueued::Exists),
            Err(Full(_)) => Err(Full(())),
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
            let Some(slot) = self.pop_ready(task, now) else {
                idle += 1;
                continue;
            };
            idle = 0;
            let until = now + claim.lease_for;
            let change = Change::Claim { node: claim.node.clone(), until };
            let done = self.change(slot, &change, now);
            debug_assert!(done.is_ok(), "a ready job can be claimed");
            if let Some(row) = self.jobs.get(slot) {
                claimed(&row.job);
                left -= 1;
            }
        }
    }

    /// Prolongs a lease.
    pub fn renew(&mut self, renew: &Renew<D>, now: Timestamp) -> Renewed {
        let Some(slot) = self.jobs.find(&renew.job) else { return Renewed::LeaseLost };
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
        match self.end(slot, &change, unstarted(Outcome::Cancelled, now), now, history) {
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
        match self.end(slot, &Change::Cancel, unstarted(Outcome::Cancelled, now), now, history) {
            Ok(true) => Cancelled::Settled,
            Ok(false) => Cancelled::Asked,
            Err(_) => Cancelled::Over,
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
        let outcome = if leased { Outcome::LeaseLost } else { Outcome::Expired };
        let done = self.end(slot, &change, unstarted(outcome, now), now, history);
        debug_assert!(done.is_ok(), "the lapse queue names jobs that have lapsed");
    }

    /// Adds a job unless one of its name exists or is over; says whether it did.
    pub(super) fn add_job(
        &mut self,
        job: Job<D>,
        history: &impl History<D>,
    ) -> Result<bool, Full<Job<D>>> {
        if self.jobs.find(&job.id).is_some() || history.is_settled(&job.id) {
            return Ok(false);
        }
        if self.jobs.len() == self.jobs.capacity() {
            return Err(Full(job));
        }
        let task = match self.tasks.find(&job.task) {
            Some(slot) => slot,
            None => match self.add_task(Task::new(job.task.clone()), false) {
                Ok(slot) => slot,
                Err(_) => return Err(Full(job)),
            },
        };
        let task = u32::try_from(task).expect("a table has fewer than 2^32 slots");
        let row = JobRow { job, task, in_lane: false };
        let slot = self.jobs.insert(row).map_err(|Full(row)| Full(row.job))?;
        self.link(slot);
        Ok(true)
    }

    /// Moves waiting jobs whose time has come into the lanes of their tasks.
    pub(super) fn promote(&mut self, now: Timestamp) {
        while let Some((slot, _)) = self.future.peek().filter(|(_, at)| *at <= now) {
            self.future.remove(slot);
            let row = self.jobs.get_mut(slot).expect("the queue names slots that are in use");
            row.in_lane = true;
            let task = row.task as usize;
            let lane = &mut self.tasks.get_mut(task).expect("a job's task stays").ready;
            self.ready.push(lane, slot, before(&self.jobs));
        }
    }

    /// Takes the first job that can be claimed out of a task's lane.
    fn pop_ready(&mut self, task: &D::TaskId, now: Timestamp) -> Option<usize> {
        let row = self.tasks.get_mut(self.tasks.find(task)?)?;
        if row.task.max_running.is_some_and(|max| row.leased >= max) {
            return None;
        }
        loop {
            let slot = self.ready.pop(&mut row.ready, before(&self.jobs))?;
            let job = self.jobs.get_mut(slot).expect("lanes name slots that are in use");
            job.in_lane = false;
            let JobState::Waiting { ready_at } = job.job.state else { continue };
            // Back to the future: an expired job waits for its rescue, and one that is not ready
            // was put into the lane under a later clock.
            self.future.put(slot, ready_at);
            if ready_at <= now && !job.job.is_expired(now) {
                return Some(slot);
            }
        }
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
        let done = slot.map(|slot| self.end(slot, change, ended.clone(), now, history));
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
    fn end(
        &mut self,
        slot: usize,
        change: &Change<D>,
        mut ended: Ended<D>,
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
        let settled = match job.state {
            JobState::Settled { outcome, .. } => {
                // The state's word on the job is final: a cancelled job's failure cancels it.
                ended.outcome = outcome;
                true
            }
            _ => false,
        };
        if settled || matches!(change, Change::Retry { .. } | Change::Rescue { .. }) {
            history.run(Run {
                job: job.id.clone(),
                token: job.token,
                attempt,
                task: job.task.clone(),
                schedule: job.schedule.clone(),
                origin: job.origin,
                fire_at: job.fire_at,
                node,
                settled,
                ended,
            });
        }
        if settled {
            self.jobs.remove(slot);
        }
        Ok(settled)
    }

    fn change(&mut self, slot: usize, change: &Change<D>, now: Timestamp) -> Result<(), Refused> {
        self.unlink(slot);
        let row = self.jobs.get_mut(slot).expect("queues and find name slots that are in use");
        let done = row.job.apply(change, now);
        self.link(slot);
        done
    }

    /// Enters a job into the queues and counts that its state belongs to.
    fn link(&mut self, slot: usize) {
        let row = self.jobs.get(slot).expect("only rows in use are linked");
        match &row.job.state {
            JobState::Waiting { ready_at } => {
                self.future.put(slot, *ready_at);
                let may_expire = row.job.counts == Counts::default();
                if let Some(start_by) = row.job.start_by.filter(|_| may_expire) {
                    self.lapses.put(slot, start_by + Span::from_micros(1));
                }
            }
            JobState::Leased { lease, .. } => {
                self.lapses.put(slot, lease.until);
                self.tasks.get_mut(row.task as usize).expect("a job's task stays").leased += 1;
            }
            JobState::Settled { .. } => {}
        }
    }

    /// Takes a job out of all queues and counts.
    fn unlink(&mut self, slot: usize) {
        let Some(row) = self.jobs.get_mut(slot) else { return };
        let in_lane = core::mem::take(&mut row.in_lane);
        let leased = matches!(row.job.state, JobState::Leased { .. });
        let task = row.task as usize;
        let task = self.tasks.get_mut(task).expect("a job's task stays");
        if in_lane {
            self.ready.remove(&mut task.ready, slot, before(&self.jobs));
        }
        task.leased -= u32::from(leased);
        self.future.remove(slot);
        self.lapses.remove(slot);
    }
}

/// The order within a task: the most urgent, then the longest ready, then by id.
fn before<D: Domain, R>(jobs: &Table<JobRow<D>, R>) -> impl Fn(usize, usize) -> bool
where
    R: AsRef<[crate::table::Slot<JobRow<D>>]> + AsMut<[crate::table::Slot<JobRow<D>>]>,
{
    let key = |slot| {
        let job = jobs.get(slot).map(|row| &row.job)?;
        let JobState::Waiting { ready_at } = job.state else { return None };
        Some((job.terms.priority, ready_at, &job.id))
    };
    move |a, b| key(a) < key(b)
}

fn unstarted<D: Domain>(outcome: Outcome, now: Timestamp) -> Ended<D> {
    Ended { outcome, started_at: None, finished_at: now, detail: None }
}
