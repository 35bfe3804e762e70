//! What becomes of claimed jobs: renew, release, retry, settle, cancel, rescue.
//!
//! The transition table of the core decides; here jobs are locked, changed and written back with
//! their history.

use core::future::Future;

use mainspring_core::id::Token;
use mainspring_core::job::{Change, Refused};
use mainspring_core::outcome::Outcome;
use mainspring_core::time::Timestamp;

use super::work::{Work, in_rounds};
use super::{Done, FoundJobs, Hold, Tables};
use crate::record::{
    Cancelled, Ended, Hastened, Job, JobState, Release, Renew, Renewed, Rescue, Retry, Run, Settle,
    Written,
};
use crate::{JobId, ScheduleId, Stored};

/// A locked job, what happens to it, and how its attempt went if its holder tells.
pub(super) struct End<'a> {
    pub(super) job: Job,
    pub(super) change: Change<Stored>,
    pub(super) ended: Option<&'a Ended>,
}

/// What a holder says of its attempt.
struct Finish<'a> {
    job: JobId,
    token: Token,
    change: Change<Stored>,
    ended: &'a Ended,
}

/// What changes make of several jobs.
#[derive(Default)]
struct Ends {
    answers: Vec<Result<Option<Run>, Refused>>,
    jobs: Vec<Job>,
    runs: Vec<Run>,
    keys: Vec<(Hold, Option<Timestamp>)>,
    over: Vec<(ScheduleId, Outcome)>,
}

impl<T: Tables> Work<T> {
    /// Prolongs leases.
    pub(super) async fn renew(&mut self, renews: &[Renew]) -> Done<Vec<Renewed>> {
        in_rounds!(self, renews, |renew| renew.job, renew_round)
    }

    fn renew_round(&mut self, renews: &[Renew]) -> impl Future<Output = Done<Vec<Renewed>>> + Send {
        self.tables.renew(renews)
    }

    /// Takes jobs back that were not started.
    pub(super) async fn release(&mut self, releases: &[Release]) -> Done<Vec<Written>> {
        in_rounds!(self, releases, |release| release.job, release_round)
    }

    async fn release_round(&mut self, releases: &[Release]) -> Done<Vec<Written>> {
        let ids: Vec<JobId> = releases.iter().map(|release| release.job).collect();
        let found = self.lock_jobs(&ids).await?;
        let changes = releases.iter().map(|release| Change::Release { token: release.token });
        let ends = found.into_iter().zip(changes).map(|(job, change)| (job, change, None));
        let done = self.end_found(ends.collect()).await?;
        let written = |done: Option<Result<_, _>>| match done {
            Some(Ok(_)) => Written::Done,
            _ => Written::LeaseLost,
        };
        Ok(done.into_iter().map(written).collect())
    }

    /// Records attempts that will be followed by another.
    pub(super) async fn retry(&mut self, retries: &[Retry]) -> Done<Vec<Written>> {
        in_rounds!(self, retries, |retry| retry.job, retry_round)
    }

    async fn retry_round(&mut self, retries: &[Retry]) -> Done<Vec<Written>> {
        let now = self.now();
        let finishes = retries.iter().map(|retry| {
            let Retry { job, token, after, cause, ref ended } = *retry;
            Finish {
                job,
                token,
                change: Change::Retry { token, ready_at: now + after, cause },
                ended,
            }
        });
        self.finish_all(finishes.collect()).await
    }

    /// Records last attempts.
    pub(super) async fn settle(&mut self, settles: &[Settle]) -> Done<Vec<Written>> {
        in_rounds!(self, settles, |settle| settle.job, settle_round)
    }

    async fn settle_round(&mut self, settles: &[Settle]) -> Done<Vec<Written>> {
        if settles.is_empty() {
            return Ok(Vec::new());
        }
        let alone = self.tables.settle_alone(settles).await?;
        self.settle_others(settles, alone).await
    }

    /// Records last attempts of different jobs, those of which the end concerns nobody else; says
    /// which.
    pub(super) async fn settle_alone(&mut self, settles: &[Settle]) -> Done<Vec<bool>> {
        self.tables.settle_alone(settles).await
    }

    /// Records the last attempts that were not settled alone.
    pub(super) async fn settle_others(
        &mut self,
        settles: &[Settle],
        alone: Vec<bool>,
    ) -> Done<Vec<Written>> {
        let left = settles.iter().zip(&alone).filter(|(_, done)| !**done);
        let finishes = left.map(|(settle, _)| {
            let Settle { job, token, ref ended } = *settle;
            Finish { job, token, change: Change::Settle { token, outcome: ended.outcome }, ended }
        });
        let finishes = finishes.collect();
        let mut others = self.finish_all(finishes).await?.into_iter();
        let answer = |done| if done { Some(Written::Done) } else { others.next() };
        Ok(alone.into_iter().map_while(answer).collect())
    }

    async fn finish_all(&mut self, finishes: Vec<Finish<'_>>) -> Done<Vec<Written>> {
        let ids: Vec<JobId> = finishes.iter().map(|finish| finish.job).collect();
        let found = self.lock_jobs(&ids).await?;
        let ends = found.into_iter().zip(&finishes);
        let ends = ends.map(|(job, finish)| (job, finish.change.clone(), Some(finish.ended)));
        let done = self.end_found(ends.collect()).await?;
        let refused = |done: &Option<Result<_, _>>| !matches!(done, Some(Ok(_)));
        let doubtful: Vec<(JobId, Token)> = finishes
            .iter()
            .zip(&done)
            .filter(|(_, done)| refused(done))
            .map(|(finish, _)| (finish.job, finish.token))
            .collect();
        let mut recorded = if doubtful.is_empty() {
            Vec::new().into_iter()
        } else {
            self.tables.recorded(&doubtful).await?.into_iter()
        };
        let answer = |(finish, done): (&Finish<'_>, Option<Result<_, _>>)| {
            if !refused(&done) {
                return Written::Done;
            }
            again(finish, recorded.next().flatten())
        };
        Ok(finishes.iter().zip(done).map(answer).collect())
    }

    /// Cancels jobs.
    pub(super) async fn cancel(&mut self, ids: &[JobId]) -> Done<Vec<Cancelled>> {
        in_rounds!(self, ids, |id| *id, cancel_round)
    }

    async fn cancel_round(&mut self, ids: &[JobId]) -> Done<Vec<Cancelled>> {
        let found = self.lock_jobs(ids).await?;
        let ends = found.into_iter().map(|job| (job, Change::Cancel, None));
        let done = self.end_found(ends.collect()).await?;
        let mut over = self.known_of(ids, &done).await?;
        let answer = |done| match done {
            Some(Ok(Some(_))) => Cancelled::Settled,
            Some(Ok(None)) => Cancelled::Asked,
            Some(Err(_)) => Cancelled::Over,
            None if over.next() == Some(true) => Cancelled::Over,
            None => Cancelled::Missing,
        };
        Ok(done.into_iter().map(answer).collect())
    }

    /// Which of those jobs are over that were not found, in their order.
    async fn known_of<R>(
        &mut self,
        ids: &[JobId],
        found: &[Option<R>],
    ) -> Done<impl Iterator<Item = bool> + use<T, R>> {
        let missing = ids.iter().zip(found).filter(|(_, found)| found.is_none());
        let missing: Vec<JobId> = missing.map(|(id, _)| *id).collect();
        let known = match missing.is_empty() {
            true => Vec::new(),
            false => self.tables.known(&missing).await?,
        };
        Ok(known.into_iter())
    }

    /// Makes waiting jobs ready at once.
    pub(super) async fn hasten(&mut self, ids: &[JobId]) -> Done<Vec<Hastened>> {
        in_rounds!(self, ids, |id| *id, hasten_round)
    }

    async fn hasten_round(&mut self, ids: &[JobId]) -> Done<Vec<Hastened>> {
        let now = self.now();
        let mut found = self.lock_jobs(ids).await?;
        let done: Vec<Option<Hastened>> = found
            .iter_mut()
            .map(|job| Some(Hastened::of(job.as_mut()?.apply(&Change::Hasten, now))))
            .collect();
        let changed: Vec<Job> = found
            .into_iter()
            .zip(&done)
            .filter_map(|(job, done)| job.filter(|_| *done == Some(Hastened::Ready)))
            .collect();
        if !changed.is_empty() {
            self.tables.update_jobs(&changed).await?;
        }
        let mut over = self.known_of(ids, &done).await?;
        let answer = |done: Option<Hastened>| match done {
            Some(done) => done,
            None if over.next() == Some(true) => Hastened::Over,
            None => Hastened::Missing,
        };
        Ok(done.into_iter().map(answer).collect())
    }

    /// Takes care of jobs whose lease or start deadline has passed.
    pub(super) async fn rescue(&mut self, rescue: &Rescue, max: u32) -> Done<Vec<Run>> {
        if let Rescue::HeldBy(node) = rescue {
            self.tables.drop_claims(node).await?;
        }
        let ids = self.tables.lapsed(rescue, max).await?;
        let found = self.lock_jobs(&ids).await?;
        let mut ends = Vec::with_capacity(found.len());
        for job in found.into_iter().flatten() {
            // It may have gone to somebody else before it was locked.
            let change = match (&job.state, rescue) {
                (JobState::Leased { lease, .. }, Rescue::HeldBy(node)) if lease.node != *node => {
                    continue;
                }
                (JobState::Leased { .. }, _) => {
                    Change::Rescue { lapsed: *rescue == Rescue::Lapsed }
                }
                _ => Change::Expire,
            };
            ends.push(End { job, change, ended: None });
        }
        let done = self.end_all(ends).await?;
        Ok(done.into_iter().filter_map(|done| done.ok().flatten()).collect())
    }

    /// The jobs of these ids that are not over, locked, and before them the schedules that have to
    /// hear of their end. A row that cannot be read is settled for that and counts as missing.
    pub(super) async fn lock_jobs(&mut self, ids: &[JobId]) -> Done<Vec<Option<Job>>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let watchers = self.tables.watchers(ids).await?;
        self.lock(watchers.into_iter().flatten().collect()).await?;
        let mut order: Vec<usize> = (0..ids.len()).collect();
        order.sort_unstable_by_key(|&number| ids[number]);
        let sorted: Vec<JobId> = order.iter().map(|&number| ids[number]).collect();
        let found = self.tables.lock_jobs(&sorted).await?;
        let mut jobs = vec![None; ids.len()];
        for (number, job) in order.into_iter().zip(self.readable(found).await?) {
            jobs[number] = job;
        }
        Ok(jobs)
    }

    /// Settles those of locked jobs that cannot be read.
    pub(super) async fn readable(&mut self, found: FoundJobs<T::RowId>) -> Done<Vec<Option<Job>>> {
        let mut damaged = Vec::new();
        let mut jobs = Vec::with_capacity(found.len());
        for row in found {
            jobs.push(match row {
                Some(Ok(job)) => Some(job),
                Some(Err(row)) => {
                    damaged.push(row);
                    None
                }
                None => None,
            });
        }
        self.bury(damaged).await?;
        Ok(jobs)
    }

    /// Makes changes to those of some jobs that are there; `None` for the others.
    async fn end_found(
        &mut self,
        ends: Vec<(Option<Job>, Change<Stored>, Option<&Ended>)>,
    ) -> Done<Vec<Option<Result<Option<Run>, Refused>>>> {
        let there: Vec<bool> = ends.iter().map(|(job, ..)| job.is_some()).collect();
        let ends = ends
            .into_iter()
            .filter_map(|(job, change, ended)| Some(End { job: job?, change, ended }));
        let mut done = self.end_all(ends.collect()).await?.into_iter();
        Ok(there.into_iter().map(|there| if there { done.next() } else { None }).collect())
    }

    /// Makes changes that end attempts or jobs, and records them; the answers have the records, as
    /// far as there are any. How an attempt went is known only from its holder.
    pub(super) async fn end_all(
        &mut self,
        ends: Vec<End<'_>>,
    ) -> Done<Vec<Result<Option<Run>, Refused>>> {
        let now = self.now();
        let mut all = Ends::default();
        ends.into_iter().for_each(|end| all.add(end, now));
        let Ends { answers, jobs, runs, mut keys, over } = all;
        if !jobs.is_empty() {
            self.tables.update_jobs(&jobs).await?;
        }
        if !runs.is_empty() {
            self.tables.record(&runs).await?;
        }
        if !keys.is_empty() {
            keys.sort_unstable_by(|(one, _), (other, _)| one.by_key().cmp(&other.by_key()));
            self.tables.leave_keys(&keys).await?;
        }
        self.runs_ended(&over).await?;
        Ok(answers)
    }
}

impl Ends {
    fn add(&mut self, end: End<'_>, now: Timestamp) {
        let End { mut job, change, ended } = end;
        let attempt = job.attempt();
        let node = match &job.state {
            JobState::Leased { lease, .. } => Some(lease.node.clone()),
            _ => None,
        };
        if let Err(refused) = job.apply(&change, now) {
            self.answers.push(Err(refused));
            return;
        }
        let over = match job.state {
            JobState::Settled { outcome, .. } => Some(outcome),
            _ => None,
        };
        let mut recorded = None;
        if over.is_some() || matches!(change, Change::Retry { .. } | Change::Rescue { .. }) {
            let mut ended = ended.cloned().unwrap_or_else(|| unheard_of(now));
            // The state's word on the job is final: a cancelled job's failure cancels it.
            ended.outcome = over.unwrap_or(ended.outcome);
            let run = Run {
                job: job.id,
                token: job.token,
                attempt,
                task: job.task.clone(),
                schedule: job.schedule.clone(),
                origin: job.origin,
                fire_at: job.fire_at,
                node,
                settled: over.is_some(),
                ended,
            };
            self.runs.push(run.clone());
            recorded = Some(run);
        }
        if let Some(outcome) = over {
            self.keys.extend(left_key(&job, now));
            self.over.extend(job.schedule.clone().filter(|_| job.watched).map(|id| (id, outcome)));
        }
        self.jobs.push(job);
        self.answers.push(Ok(recorded));
    }
}

/// The key of a job that was claimed or is over, if it has to leave it to others, and when.
pub(super) fn left_key(job: &Job, now: Timestamp) -> Option<(Hold, Option<Timestamp>)> {
    let unique = job.unique.as_ref()?;
    let is_over = matches!(job.state, JobState::Settled { .. });
    if !is_over && unique.hold != crate::record::Hold::Waiting {
        return None;
    }
    let hold = Hold { task: job.task.clone(), key: unique.key.clone(), job: job.id };
    Some((hold, unique.hold.until(job.created_at).filter(|&until| until > now)))
}

/// The answer to a request that was refused, given what the history says of this attempt: it may be
/// the same request once more, whose first answer was lost on the way. The outcome is part of the
/// question, because a rescue records the lost attempt under the same token.
fn again(finish: &Finish<'_>, recorded: Option<(Outcome, bool)>) -> Written {
    let settle = matches!(finish.change, Change::Settle { .. });
    match recorded {
        Some(recorded) if recorded == (finish.ended.outcome, settle) => Written::Done,
        // A retry that became the end of a cancelled job.
        Some((Outcome::Cancelled, true)) if !settle => Written::Done,
        _ => Written::LeaseLost,
    }
}

/// An attempt of which the store has not heard, or that never was.
const fn unheard_of(now: Timestamp) -> Ended {
    Ended { outcome: Outcome::LeaseLost, started_at: None, finished_at: now, detail: None }
}
