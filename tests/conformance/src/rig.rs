//! A store, and short ways to ask it something at an instant of the laws' own day.
//!
//! Every method panics if the store reports an error: no law expects one.

use mainspring_contract::record::{
    Advance, Advanced, Cancelled, ClaimJobs, ClaimSchedules, Enqueue, Enqueued, Job, Put,
    PutSchedule, Quarantine, Release, Remove, Renew, Renewed, Rescue, Retry, Run, Schedule, Settle,
    Task, Written,
};
use mainspring_contract::store::{JobFilter, Page, RunFilter, RunView, ScheduleView, SkipFilter};
use mainspring_contract::{Answer, Clock, JobId, Reply, ScheduleId, Store, StoreError, Tags};
use mainspring_core::outcome::Outcome;
use mainspring_core::pulse::Pulse;
use mainspring_core::retry::Cause;
use mainspring_core::time::{Span, Timestamp};

use crate::sample::{at, ended, node, schedule_id, secs, task_id};

/// How long the rig's leases last, in seconds.
pub const LEASE: i64 = 10;

/// How long the rig's claims on schedules last, in seconds.
pub const CLAIM: i64 = 30;

/// A store under test.
#[derive(Debug)]
pub struct Rig<S>(pub S);

impl<S: Store> Rig<S> {
    /// Puts a task.
    pub async fn put_task(&self, t: i64, task: Task) {
        value(self.0.put_tasks(clock(t), &[task]).await);
    }

    /// Puts a schedule.
    pub async fn put(&self, t: i64, put: &PutSchedule) -> Put {
        one(value(self.0.put_schedules(clock(t), core::slice::from_ref(put)).await))
    }

    /// Removes a schedule.
    pub async fn remove(&self, t: i64, name: &str) -> Vec<ScheduleId> {
        value(self.0.remove_schedules(clock(t), &Remove::Named(&[schedule_id(name)])).await)
    }

    /// Claims up to `max` schedules that are due at `t`.
    pub async fn claim_due(&self, t: i64, planner: &str, max: u32) -> Vec<Schedule> {
        self.claim_within(t, planner, Span::ZERO, max).await
    }

    /// Claims up to `max` schedules that come due within a span after `t`.
    pub async fn claim_within(
        &self,
        t: i64,
        planner: &str,
        within: Span,
        max: u32,
    ) -> Vec<Schedule> {
        let claim = ClaimSchedules { node: node(planner), within, claim_for: secs(CLAIM), max };
        value(self.0.claim_schedules(clock(t), &claim).await)
    }

    /// Advances one schedule.
    pub async fn advance(&self, t: i64, advance: &Advance) -> Advanced {
        one(value(self.0.advance(clock(t), core::slice::from_ref(advance)).await))
    }

    /// Quarantines a schedule as it was when `schedule` was read.
    pub async fn quarantine(&self, t: i64, schedule: &Schedule, reason: &str) {
        let quarantine = Quarantine {
            schedule: schedule.spec.id.clone(),
            revision: schedule.revision,
            reason: reason.to_owned(),
        };
        value(self.0.quarantine(clock(t), &[quarantine]).await);
    }

    /// Queues a job.
    pub async fn enqueue(&self, t: i64, job: &Enqueue) -> Enqueued {
        one(value(self.0.enqueue(clock(t), core::slice::from_ref(job)).await))
    }

    /// Queues jobs that are new.
    pub async fn enqueue_all(&self, t: i64, jobs: &[Enqueue]) {
        let answers = value(self.0.enqueue(clock(t), jobs).await);
        assert_eq!(answers, vec![Enqueued::Inserted; jobs.len()]);
    }

    /// Claims up to `max` jobs of these tasks.
    pub async fn claim(&self, t: i64, worker: &str, tasks: &[&str], max: u32) -> Vec<Job> {
        let tasks: Vec<_> = tasks.iter().map(|name| task_id(name)).collect();
        let claim = ClaimJobs {
            node: node(worker),
            tasks: &tasks,
            tags: &Tags::NONE,
            lease_for: secs(LEASE),
            max,
        };
        value(self.0.claim_jobs(clock(t), &claim).await)
    }

    /// Claims the one job that there is.
    pub async fn claim_one(&self, t: i64, worker: &str, task: &str) -> Job {
        one(self.claim(t, worker, &[task], 100).await)
    }

    /// Renews a lease for `lease_for` seconds from `t`.
    pub async fn renew(&self, t: i64, job: &Job, lease_for: i64) -> Renewed {
        let renew = Renew { job: job.id, token: job.token, lease_for: secs(lease_for) };
        one(value(self.0.renew(clock(t), &[renew]).await))
    }

    /// Hands a job back.
    pub async fn release(&self, t: i64, job: &Job) -> Written {
        let release = Release { job: job.id, token: job.token };
        one(value(self.0.release(clock(t), &[release]).await))
    }

    /// Records a failure that is tried again after `after` seconds.
    pub async fn retry(&self, t: i64, job: &Job, after: i64) -> Written {
        let ended = ended(Outcome::Failed, at(t));
        let cause = Cause::Failure;
        let retry = Retry { job: job.id, token: job.token, after: secs(after), cause, ended };
        one(value(self.0.retry(clock(t), &[retry]).await))
    }

    /// Records a last attempt.
    pub async fn settle(&self, t: i64, job: &Job, outcome: Outcome) -> Written {
        let settle = Settle { job: job.id, token: job.token, ended: ended(outcome, at(t)) };
        one(value(self.0.settle(clock(t), &[settle]).await))
    }

    /// Cancels a job.
    pub async fn cancel(&self, t: i64, job: JobId) -> Cancelled {
        one(value(self.0.cancel(clock(t), &[job]).await))
    }

    /// Rescues up to `max` lapsed jobs.
    pub async fn rescue(&self, t: i64, max: u32) -> Vec<Run> {
        value(self.0.rescue(clock(t), &Rescue::Lapsed, max).await)
    }

    /// Rescues what a node holds.
    pub async fn rescue_held_by(&self, t: i64, worker: &str) -> Vec<Run> {
        value(self.0.rescue(clock(t), &Rescue::HeldBy(node(worker)), 100).await)
    }

    /// Forgets history from before `before`.
    pub async fn prune(&self, before: Timestamp, max: u32) -> u32 {
        value(self.0.prune(clock(0), before, max).await)
    }

    /// The pulse.
    pub async fn pulse(&self, t: i64) -> Pulse {
        ok(self.0.put_tasks(clock(t), &[]).await).pulse
    }

    /// The schedule of this name.
    pub async fn schedule(&self, name: &str) -> Option<Schedule> {
        let id = schedule_id(name);
        let views = self.schedules(None, 1_000).await;
        views.into_iter().map(|view| view.schedule).find(|schedule| schedule.spec.id == id)
    }

    /// A page of schedules.
    pub async fn schedules(&self, after: Option<&str>, limit: u32) -> Vec<ScheduleView> {
        let page = Page { after: after.map(schedule_id), limit };
        ok(self.0.schedules(&page).await)
    }

    /// All jobs that are not over.
    pub async fn jobs(&self) -> Vec<Job> {
        let page = Page { after: None, limit: 10_000 };
        let filter = JobFilter { task: None, schedule: None, held_by: None, page };
        ok(self.0.jobs(&filter).await)
    }

    /// The job with this id, if it is not over.
    pub async fn job(&self, id: JobId) -> Option<Job> {
        self.jobs().await.into_iter().find(|job| job.id == id)
    }

    /// A job's history, oldest first.
    pub async fn runs_of(&self, job: JobId) -> Vec<Run> {
        let filter = RunFilter { job: Some(job), ..RunFilter::newest(1_000) };
        ok(self.0.runs(&filter).await).into_iter().rev().map(|view| view.run).collect()
    }

    /// History, newest first.
    pub async fn runs(&self, filter: &RunFilter) -> Vec<RunView> {
        ok(self.0.runs(filter).await)
    }

    /// How a job ended, if it is over.
    pub async fn outcome(&self, job: JobId) -> Option<Outcome> {
        let last = self.runs_of(job).await.pop().filter(|run| run.settled)?;
        assert_eq!(self.job(job).await, None, "a job that is over waits no more");
        Some(last.ended.outcome)
    }

    /// The newest `limit` records of skipped fires.
    pub async fn skips(&self, filter: &SkipFilter) -> Vec<mainspring_contract::store::SkipView> {
        ok(self.0.skips(filter).await)
    }
}

/// The clock at second `t`.
pub fn clock(t: i64) -> Clock {
    Clock::Fixed(at(t))
}

/// The value of a reply.
pub fn value<T>(answer: Answer<T>) -> T {
    let Reply { value, .. } = ok(answer);
    value
}

/// What is there when nothing goes wrong.
pub fn ok<T>(result: Result<T, StoreError>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("the store failed: {error}: {error:?}"),
    }
}

/// The only element.
pub fn one<T: core::fmt::Debug>(mut list: Vec<T>) -> T {
    assert_eq!(list.len(), 1, "one of {list:?}");
    list.remove(0)
}
