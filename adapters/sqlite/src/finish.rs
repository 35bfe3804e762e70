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
use mainspring_core::job::{Change, Refused};
use mainspring_core::outcome::Outcome;
use mainspring_core::time::Timestamp;

use crate::columns::Columns;
use crate::transaction::Transaction;
use crate::{chain, jobs, keys, row};

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
    let mut answers = Vec::with_capacity(releases.len());
    for release in releases {
        let change = Change::Release { token: release.token };
        let done = match jobs::find(tx, &release.job).await? {
            Some(job) => end(tx, job, &change, None).await?.is_ok(),
            None => false,
        };
        answers.push(if done { Written::Done } else { Written::LeaseLost });
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
        let ready_at = now + retry.after;
        let change = Change::Retry { token: retry.token, ready_at, cause: retry.cause };
        answers.push(finish(tx, (&retry.job, retry.token), &change, &retry.ended).await?);
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
        let change = Change::Settle { token: settle.token, outcome: settle.ended.outcome };
        answers.push(finish(tx, (&settle.job, settle.token), &change, &settle.ended).await?);
    }
    Ok(answers)
}

async fn finish(
    tx: &mut Transaction<'_>,
    (id, token): (&JobId, Token),
    change: &Change<Stored>,
    ended: &Ended,
) -> Result<Written, sqlx::Error> {
    if let Some(job) = jobs::find(tx, id).await?
        && end(tx, job, change, Some(ended)).await?.is_ok()
    {
        return Ok(Written::Done);
    }
    // The same request once more: its first answer was lost on the way. The outcome is part of the
    // question, because a rescue records the lost attempt under the same token.
    let settle = matches!(change, Change::Settle { .. });
    Ok(match recorded(tx, id, token).await? {
        Some(recorded) if recorded == (ended.outcome, settle) => Written::Done,
        // A retry that became the end of a cancelled job.
        Some((Outcome::Cancelled, true)) if !settle => Written::Done,
        _ => Written::LeaseLost,
    })
}

/// How the attempt under this token ended, and whether it settled the job.
async fn recorded(
    tx: &mut Transaction<'_>,
    job: &JobId,
    token: Token,
) -> Result<Option<(Outcome, bool)>, sqlx::Error> {
    let found = sqlx::query(RECORDED)
        .bind(&job.as_bytes()[..])
        .bind(i64::from(token.number()))
        .fetch_optional(tx.connection())
        .await?;
    Ok(found.and_then(|row| row::ending(&row).ok()))
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
    let Some(job) = jobs::find(tx, id).await? else {
        let over = jobs::is_known(tx, id).await?;
        return Ok(if over { Cancelled::Over } else { Cancelled::Missing });
    };
    Ok(match end(tx, job, &Change::Cancel, None).await? {
        Ok(Some(_)) => Cancelled::Settled,
        Ok(None) => Cancelled::Asked,
        Err(_) => Cancelled::Over,
    })
}

/// Makes a change that ends an attempt or a job, and records it; returns the record, if there is
/// one. How an attempt went is known only from its holder.
pub(crate) async fn end(
    tx: &mut Transaction<'_>,
    mut job: Job,
    change: &Change<Stored>,
    ended: Option<&Ended>,
) -> Result<Result<Option<Run>, Refused>, sqlx::Error> {
    let now = tx.now();
    let attempt = job.attempt();
    let node = match &job.state {
        JobState::Leased { lease, .. } => Some(lease.node.clone()),
        _ => None,
    };
    if let Err(refused) = job.apply(change, now) {
        return Ok(Err(refused));
    }
    jobs::update(tx, &job).await?;
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
        record(tx, &run).await?;
        recorded = Some(run);
    }
    if let Some(outcome) = over {
        keys::leave(tx, &job).await?;
        if let Some(schedule) = job.schedule.filter(|_| job.watched) {
            chain::run_ended(tx, &schedule, outcome).await?;
        }
    }
    Ok(Ok(recorded))
}

/// An attempt of which the store has not heard, or that never was.
const fn unheard_of(now: Timestamp) -> Ended {
    Ended { outcome: Outcome::LeaseLost, started_at: None, finished_at: now, detail: None }
}

/// Adds a record to the history.
async fn record(tx: &mut Transaction<'_>, run: &Run) -> Result<(), sqlx::Error> {
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
