//! A store, and short ways to ask it something at an instant of the laws' own day.
//!
//! Every method panics if the store reports an error: no law expects one.

use mainspring_contract::record::{
    Advance, Advanced, Cancelled, ClaimJobs, ClaimSchedules, Enqueue, Enqueued, Hastened, Job,
    Paused, Put, PutSchedule, Quarantine, Release, Remove, Renew, Renewed, Rescue, Resume, Resumed,
    Retry, Run, Schedule, Settle, Task, Written,
};
use mainspring_contract::store::{
    JobFilter, Page, RunFilter, RunView, ScheduleFilter, ScheduleView, SkipFilter, SkipView,
};
use mainspring_contract::{Answer, Clock, JobId, Reply, ScheduleId, Store, StoreError, Tags};
use mainspring_core::fire::Skip;
use mainspring_core::outcome::Outcome;
use mainspring_core::pulse::Pulse;
use mainspring_core::retry::Cause;
use mainspring_core::schedule::Next;
use mainspring_core::time::{Span, Timestamp};

use crate::sample::{advance_all, at, ended, node, schedule_id, secs, task_id};

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

    /// Turns the fires at these seconds of a schedule, as it is now, into jobs; the next one
    /// follows at second `next`. Says how many became jobs.
    pub async fn fire(&self, t: i64, name: &str, fires: &[i64], next: i64) -> u32 {
        let schedule = self.schedule(name).await.expect("laws fire schedules that are there");
        let fires: Vec<_> = fires.iter().map(|&fire| at(fire)).collect();
        match self.advance(t, &advance_all(&schedule, &fires, at(next))).await {
            Advanced::Done { inserted, .. } => inserted,
            other => panic!("{name} is not advanced: {other:?}"),
        }
    }

    /// Pauses a schedule.
    pub async fn pause(&self, t: i64, name: &str) -> Paused {
        one(value(self.0.pause(clock(t), &[schedule_id(name)]).await))
    }

    /// Resumes a schedule as it was when `schedule` was read, with the fire at second `next`.
    pub async fn resume(
        &self,
        t: i64,
        schedule: &Schedule,
        next: i64,
        skip: Option<Skip>,
    ) -> Resumed {
        let resume = Resume {
            schedule: schedule.spec.id.clone(),
            revision: schedule.revision,
            next: Next::At(at(next)),
            skip,
        };
        one(value(self.0.resume(clock(t), &[resume]).await))
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
        self.claim_offering(t, worker, tasks, &[], max).await
    }

    /// Claims up to `max` jobs of these tasks that need no other tags.
    pub async fn claim_offering(
        &self,
        t: i64,
        worker: &str,
        tasks: &[&str],
        tags: &[&str],
        max: u32,
    ) -> Vec<Job> {
        let tasks: Vec<_> = tasks.iter().map(|name| task_id(name)).collect();
        let tags = Tags::new(tags.iter().copied()).expect("laws use good tags");
        let (node, lease_for) = (node(worker), secs(LEASE));
        let claim = ClaimJobs { node, tasks: &tasks, tags: &tags, lease_for, max };
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
        self.again(t, job, after, Cause::Failure, Outcome::Failed).await
    }

    /// Records an attempt that is followed by another after `after` seconds.
    pub async fn again(
        &self,
        t: i64,
        job: &Job,
        after: i64,
        cause: Cause,
        outcome: Outcome,
    ) -> Written {
        let ended = ended(outcome, at(t));
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

    /// Makes a job ready at once.
    pub async fn hasten(&self, t: i64, job: JobId) -> Hastened {
        one(value(self.0.hasten(clock(t), &[job]).await))
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
        ok(self.0.schedule(&schedule_id(name)).await).map(|view| view.schedule)
    }

    /// A page of schedules.
    pub async fn schedules(&self, after: Option<&str>, limit: u32) -> Vec<ScheduleView> {
        let page = Page { after: after.map(schedule_id), limit };
        ok(self.0.schedules(&ScheduleFilter { page, ..ScheduleFilter::first(limit) }).await)
    }

    /// All jobs that are not over.
    pub async fn jobs(&self) -> Vec<Job> {
        ok(self.0.jobs(&JobFilter::first(10_000)).await)
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
    pub async fn skips(&self, filter: &SkipFilter) -> Vec<SkipView> {
        ok(self.0.skips(filter).await)
    }

    /// What was skipped of a schedule, oldest first.
    pub async fn skips_of(&self, name: &str) -> Vec<Skip> {
        let schedule = Some(schedule_id(name));
        let views = self.skips(&SkipFilter { schedule, ..SkipFilter::newest(100) }).await;
        views.into_iter().rev().map(|view| view.skip).collect()
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
