//! What becomes of claimed jobs: renew, release, retry, settle, cancel.
//!
//! The transition table of the core decides; this file reads the job, applies the change and
//! writes the job and its history back.

use mainspring_contract::JobId;
use mainspring_contract::Stored;
use mainspring_contract::record::{
    Cancelled, Ended, Job, JobState, Release, Renew, Renewed, Retry, Run, Settle, Written,
};
use mainspring_core::id::Token;
use mainspring_core::job::Change;
use mainspring_core::outcome::Outcome;
use mainspring_core::time::{Span, Timestamp};

use crate::columns::Columns;
use crate::jobs;
use crate::transaction::Transaction;

/// Prolongs leases.
pub(crate) async fn renew(
    tx: &mut Transaction<'_>,
    renews: &[Renew],
) -> Result<Vec<Renewed>, sqlx::Error> {
    let now = tx.now();
    let mut answers = Vec::with_capacity(renews.len());
    for renew in renews {
        let change = Change::Renew { token: renew.token, until: now + renew.lease_for };
        let found = jobs::find(tx, &renew.job).await?;
        let kept = found.and_then(|mut job| job.apply(&change, now).ok().map(|()| job));
        answers.push(match kept {
            Some(job) => {
                jobs::update(tx, &job).await?;
                Renewed::Kept { cancel: matches!(job.state, JobState::Leased { cancel: true, .. }) }
            }
            None => Renewed::LeaseLost,
        });
    }
    Ok(answers)
}

/// Takes jobs back that were not started.
pub(crate) async fn release(
    tx: &mut Transaction<'_>,
    releases: &[Release],
) -> Result<Vec<Written>, sqlx::Error> {
    let now = tx.now();
    let mut answers = Vec::with_capacity(releases.len());
    for release in releases {
        let change = Change::Release { token: release.token };
        let Some(mut job) = jobs::find(tx, &release.job).await? else {
            answers.push(Written::LeaseLost);
            continue;
        };
        let before = Attempt::of(&job);
        if job.apply(&change, now).is_err() {
            answers.push(Written::LeaseLost);
            continue;
        }
        jobs::update(tx, &job).await?;
        if matches!(job.state, JobState::Settled { .. }) {
            let unstarted = unstarted(Outcome::Cancelled, now);
            record(tx, &before.run(&job, unstarted)).await?;
        }
        answers.push(Written::Done);
    }
    Ok(answers)
}

/// Records attempts that will be followed by another.
pub(crate) async fn retry(
    tx: &mut Transaction<'_>,
    retries: &[Retry],
) -> Result<Vec<Written>, sqlx::Error> {
    let now = tx.now();
    let mut answers = Vec::with_capacity(retries.len());
    for retry in retries {
        let ready_at = now + retry.after.max(Span::ZERO);
        let change = Change::Retry { token: retry.token, ready_at, cause: retry.cause };
        let attempt = (&retry.job, retry.token);
        let mut written = end(tx, attempt, &change, &retry.ended).await?;
        if written == Written::LeaseLost {
            // Recorded before, or turned into the end of a cancelled job.
            let again = recorded(tx, attempt, retry.ended.outcome, false).await?
                || recorded(tx, attempt, Outcome::Cancelled, true).await?;
            written = if again { Written::Done } else { Written::LeaseLost };
        }
        answers.push(written);
    }
    Ok(answers)
}

/// Records last attempts.
pub(crate) async fn settle(
    tx: &mut Transaction<'_>,
    settles: &[Settle],
) -> Result<Vec<Written>, sqlx::Error> {
    let mut answers = Vec::with_capacity(settles.len());
    for settle in settles {
        let outcome = settle.ended.outcome;
        let change = Change::Settle { token: settle.token, outcome };
        let attempt = (&settle.job, settle.token);
        let mut written = end(tx, attempt, &change, &settle.ended).await?;
        if written == Written::LeaseLost && recorded(tx, attempt, outcome, true).await? {
            written = Written::Done;
        }
        answers.push(written);
    }
    Ok(answers)
}

async fn end(
    tx: &mut Transaction<'_>,
    (job, _): (&JobId, Token),
    change: &Change<Stored>,
    ended: &Ended,
) -> Result<Written, sqlx::Error> {
    let now = tx.now();
    let Some(mut job) = jobs::find(tx, job).await? else { return Ok(Written::LeaseLost) };
    let before = Attempt::of(&job);
    if job.apply(change, now).is_err() {
        return Ok(Written::LeaseLost);
    }
    jobs::update(tx, &job).await?;
    record(tx, &before.run(&job, ended.clone())).await?;
    Ok(Written::Done)
}

/// Whether this attempt was recorded with this outcome. The outcome is part of the question,
/// because a rescue records the attempt that was lost under the same token.
async fn recorded(
    tx: &mut Transaction<'_>,
    (job, token): (&JobId, Token),
    outcome: Outcome,
    settled: bool,
) -> Result<bool, sqlx::Error> {
    let found = sqlx::query(RECORDED)
        .bind(&job.as_bytes()[..])
        .bind(i64::from(token.number()))
        .bind(i64::from(outcome.code()))
        .bind(settled)
        .fetch_optional(tx.connection())
        .await?;
    Ok(found.is_some())
}

/// Cancels jobs.
pub(crate) async fn cancel(
    tx: &mut Transaction<'_>,
    ids: &[JobId],
) -> Result<Vec<Cancelled>, sqlx::Error> {
    let mut answers = Vec::with_capacity(ids.len());
    for id in ids {
        answers.push(cancel_one(tx, id).await?);
    }
    Ok(answers)
}

async fn cancel_one(tx: &mut Transaction<'_>, id: &JobId) -> Result<Cancelled, sqlx::Error> {
    let now = tx.now();
    let Some(mut job) = jobs::find(tx, id).await? else {
        let settled =
            sqlx::query(SETTLED).bind(&id.as_bytes()[..]).fetch_optional(tx.connection()).await?;
        return Ok(if settled.is_some() { Cancelled::Over } else { Cancelled::Missing });
    };
    let before = Attempt::of(&job);
    if job.apply(&Change::Cancel, now).is_err() {
        return Ok(Cancelled::Over);
    }
    jobs::update(tx, &job).await?;
    if matches!(job.state, JobState::Settled { .. }) {
        let unstarted = unstarted(Outcome::Cancelled, now);
        record(tx, &before.run(&job, unstarted)).await?;
        Ok(Cancelled::Settled)
    } else {
        Ok(Cancelled::Asked)
    }
}

/// What the history says of a job's attempt and what a change to the job forgets.
pub(crate) struct Attempt {
    number: u32,
    node: Option<mainspring_contract::NodeId>,
}

impl Attempt {
    /// The present or next attempt of a job that is about to change.
    pub(crate) fn of(job: &Job) -> Self {
        let node = match &job.state {
            JobState::Leased { lease, .. } => Some(lease.node.clone()),
            JobState::Waiting { .. } | JobState::Settled { .. } => None,
        };
        Self { number: job.attempt(), node }
    }

    /// The record of the attempt, given the job after the change. If the job is over, its outcome
    /// is that of the record, because the record is all that remains of it.
    pub(crate) fn run(self, job: &Job, ended: Ended) -> Run {
        let (settled, outcome) = match job.state {
            JobState::Settled { outcome, .. } => (true, outcome),
            JobState::Waiting { .. } | JobState::Leased { .. } => (false, ended.outcome),
        };
        Run {
            job: job.id,
            token: job.token,
            attempt: self.number,
            task: job.task.clone(),
            schedule: job.schedule.clone(),
            origin: job.origin,
            fire_at: job.fire_at,
            node: self.node,
            settled,
            ended: Ended { outcome, ..ended },
        }
    }
}

/// The end of something that the store ended itself.
pub(crate) const fn unstarted(outcome: Outcome, now: Timestamp) -> Ended {
    Ended { outcome, started_at: None, finished_at: now, detail: None }
}

/// Adds a record to the history.
pub(crate) async fn record(tx: &mut Transaction<'_>, run: &Run) -> Result<(), sqlx::Error> {
    let detail = run.ended.detail.as_ref();
    sqlx::query(RECORD)
        .bind(&run.job.as_bytes()[..])
        .bind(i64::from(run.token.number()))
        .bind(i64::from(run.attempt))
        .bind(run.task.as_str())
        .bind(run.schedule.as_ref().map(|id| id.as_str()))
        .bind(i64::from(run.origin.code()))
        .at_or_null(run.fire_at)
        .bind(run.node.as_ref().map(|id| id.as_str()))
        .bind(i64::from(run.ended.outcome.code()))
        .bind(run.settled)
        .at_or_null(run.ended.started_at)
        .at(run.ended.finished_at)
        .at(tx.now())
        .encoded_or_null(detail.and_then(|detail| detail.output.as_ref()))
        .bind(detail.and_then(|detail| detail.error.as_deref()))
        .execute(tx.connection())
        .await?;
    Ok(())
}

const RECORD: &str = include_str!("sql/run_insert.sql");
const RECORDED: &str = include_str!("sql/run_recorded.sql");
const SETTLED: &str = include_str!("sql/run_settled.sql");
