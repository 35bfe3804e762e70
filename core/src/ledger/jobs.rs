//! The ledger's verbs on jobs.

use super::Ledger;
use crate::domain::Domain;
use crate::id::Token;
use crate::job::{Change, Job, JobState, Refused};
use crate::order::Order;
use crate::outcome::Outcome;
use crate::room::Room;
use crate::time::Timestamp;
use crate::verb::{
    Cancelled, ClaimJobs, Ended, Hastened, History, Release, Renew, Renewed, Rescue, Retry, Run,
    Settle, Written,
};

impl<D: Domain, S: Room, T: Room, J: Room, K: Room> Ledger<D, S, T, J, K> {
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
                    let Some((slot, at)) = self.first_lapse() else { break };
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
        let Some(row) = self.jobs.get(slot) else { return };
        let (lane, watched) = (row.lane(), D::OFFER.watches() && row.job.watched);
        let schedule = row.job.schedule.as_ref().filter(|_| watched).cloned();
        self.jobs.discard(slot);
        self.leave_lane(lane);
        if let Some(schedule) = schedule {
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
    pub(super) fn link(&mut self, slot: usize) {
        self.tally(slot, true);
        let row = self.jobs.get(slot).expect("only rows in use are linked");
        let (lane, leased) = (row.lane(), matches!(row.job.state, JobState::Leased { .. }));
        self.task_of(lane).leased += u32::from(leased);
        self.requeue_job(slot);
    }

    /// Puts a job where its state belongs in the queues over instants.
    pub(super) fn requeue_job(&mut self, slot: usize) {
        let Some(row) = self.jobs.get(slot) else { return };
        self.future.put(slot, row.ready_at());
        self.lapses.put(slot, row.lapse_at());
    }

    /// Takes a job out of all queues and counts.
    pub(super) fn unlink(&mut self, slot: usize) {
        self.leave_ready(slot);
        self.tally(slot, false);
        let Some(row) = self.jobs.get(slot) else { return };
        let (lane, leased) = (row.lane(), matches!(row.job.state, JobState::Leased { .. }));
        self.task_of(lane).leased -= u32::from(leased);
        self.future.put(slot, None);
        self.lapses.put(slot, None);
    }
}

/// An attempt of which the store has not heard, or that never was.
fn unheard_of<D: Domain>(now: Timestamp) -> Ended<D> {
    Ended { outcome: Outcome::LeaseLost, started_at: None, finished_at: now, detail: None }
}
