//! Jobs on their way to a worker: insert, enqueue, find, claim.

use std::collections::HashMap;

use mainspring_contract::record::{ClaimJobs, Enqueue, Enqueued, Job, JobState};
use mainspring_contract::{Encoded, JobId, ScheduleId, TaskId};
use mainspring_core::domain::Origin;
use mainspring_core::job::Change;
use mainspring_core::settings::{Settings, Terms};
use mainspring_core::time::Timestamp;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::columns::{Columns, json};
use crate::row::{self, Unreadable};
use crate::tasks;
use crate::transaction::Transaction;

/// A job that is to wait.
pub(crate) struct NewJob<'a> {
    pub(crate) id: JobId,
    pub(crate) task: &'a TaskId,
    pub(crate) schedule: Option<&'a ScheduleId>,
    pub(crate) origin: Origin,
    pub(crate) fire_at: Option<Timestamp>,
    pub(crate) payload: &'a Encoded,
    pub(crate) terms: Terms,
    pub(crate) start_by: Option<Timestamp>,
    pub(crate) ready_at: Timestamp,
}

/// Adds a job, unless it exists or existed and is over; says whether it did.
pub(crate) async fn insert(
    tx: &mut Transaction<'_>,
    job: &NewJob<'_>,
) -> Result<bool, sqlx::Error> {
    let now = tx.now();
    let done = sqlx::query(INSERT)
        .bind(&job.id.as_bytes()[..])
        .bind(job.task.as_str())
        .bind(job.schedule.map(ScheduleId::as_str))
        .bind(i64::from(job.origin.code()))
        .at_or_null(job.fire_at)
        .encoded(job.payload)
        .terms(&job.terms)
        .at_or_null(job.start_by)
        .at(now)
        .at(job.ready_at)
        .execute(tx.connection())
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Queues jobs.
pub(crate) async fn enqueue(
    tx: &mut Transaction<'_>,
    jobs: &[Enqueue],
) -> Result<Vec<Enqueued>, sqlx::Error> {
    let mut defaults: HashMap<&TaskId, Settings> = HashMap::new();
    let mut answers = Vec::with_capacity(jobs.len());
    for job in jobs {
        let of_task = match defaults.get(&job.task) {
            Some(settings) => *settings,
            None => {
                let settings = tasks::settings(tx, &job.task).await?;
                defaults.insert(&job.task, settings);
                settings
            }
        };
        let new = NewJob {
            id: job.id,
            task: &job.task,
            schedule: None,
            origin: Origin::Queued,
            fire_at: None,
            payload: &job.payload,
            terms: job.settings.or(of_task).resolve(),
            start_by: job.start_by,
            ready_at: job.ready_at.unwrap_or_else(|| tx.now()),
        };
        let inserted = insert(tx, &new).await?;
        answers.push(if inserted { Enqueued::Inserted } else { Enqueued::Exists });
    }
    Ok(answers)
}

/// Whether a claim would find anything.
pub(crate) async fn any_claimable(
    tx: &mut Transaction<'_>,
    claim: &ClaimJobs<'_>,
) -> Result<bool, sqlx::Error> {
    Ok(claim.max > 0 && !claimable(tx, &json(claim.tasks), 1, 0).await?.is_empty())
}

/// Hands out ready jobs under leases. `turn` is the number of jobs that this store handed out
/// before: it says which task comes first.
pub(crate) async fn claim(
    tx: &mut Transaction<'_>,
    claim: &ClaimJobs<'_>,
    turn: u32,
) -> Result<Vec<Job>, sqlx::Error> {
    let now = tx.now();
    let tasks = json(claim.tasks);
    let take = Change::Claim { node: claim.node.clone(), until: now + claim.lease_for };
    let mut claimed = Vec::new();
    loop {
        let open = usize::try_from(claim.max).unwrap_or(usize::MAX) - claimed.len();
        let rows = claimable(tx, &tasks, open, turn).await?;
        let mut buried = false;
        for row in rows {
            match row::job(&row) {
                Ok(mut job) => {
                    if job.apply(&take, now).is_ok() {
                        update(tx, &job).await?;
                        claimed.push(job);
                    }
                }
                Err(why) => {
                    bury(tx, &row, &why).await?;
                    buried = true;
                }
            }
        }
        // Jobs that were buried leave room for others.
        if !buried {
            return Ok(claimed);
        }
    }
}

async fn claimable(
    tx: &mut Transaction<'_>,
    tasks: &str,
    max: usize,
    turn: u32,
) -> Result<Vec<SqliteRow>, sqlx::Error> {
    let now = tx.now();
    sqlx::query(CLAIMABLE)
        .bind(tasks)
        .at(now)
        .bind(i64::try_from(max).unwrap_or(i64::MAX))
        .bind(i64::from(turn))
        .fetch_all(tx.connection())
        .await
}

/// The live job with this id. A row that cannot be read is settled as undecodable and counts as
/// missing.
pub(crate) async fn find(tx: &mut Transaction<'_>, id: &JobId) -> Result<Option<Job>, sqlx::Error> {
    let found = sqlx::query(FIND).bind(&id.as_bytes()[..]).fetch_optional(tx.connection()).await?;
    let Some(row) = found else { return Ok(None) };
    match row::job(&row) {
        Ok(job) => Ok(Some(job)),
        Err(why) => {
            bury(tx, &row, &why).await?;
            Ok(None)
        }
    }
}

/// Writes what can change about a job; one that is over leaves the table.
pub(crate) async fn update(tx: &mut Transaction<'_>, job: &Job) -> Result<(), sqlx::Error> {
    let (state, ready_at, lease, cancel) = match &job.state {
        JobState::Waiting { ready_at } => (0_i64, Some(*ready_at), None, false),
        JobState::Leased { lease, cancel } => (1, None, Some(lease), *cancel),
        JobState::Settled { .. } => {
            sqlx::query(DELETE).bind(&job.id.as_bytes()[..]).execute(tx.connection()).await?;
            return Ok(());
        }
    };
    sqlx::query(UPDATE)
        .bind(&job.id.as_bytes()[..])
        .bind(i64::from(job.counts.failures))
        .bind(i64::from(job.counts.rescues))
        .bind(i64::from(job.token.number()))
        .bind(state)
        .at_or_null(ready_at)
        .bind(lease.map(|lease| lease.node.as_str()))
        .at_or_null(lease.map(|lease| lease.until))
        .bind(cancel)
        .at_or_null(job.start_by)
        .execute(tx.connection())
        .await?;
    Ok(())
}

/// Settles a job whose row cannot be read.
pub(crate) async fn bury(
    tx: &mut Transaction<'_>,
    row: &SqliteRow,
    why: &Unreadable,
) -> Result<(), sqlx::Error> {
    let row_id: i64 = row.try_get("row_id")?;
    let now = tx.now();
    sqlx::query(BURY).bind(row_id).at(now).bind(why.to_string()).execute(tx.connection()).await?;
    sqlx::query(FORGET).bind(row_id).execute(tx.connection()).await?;
    Ok(())
}

const INSERT: &str = include_str!("sql/job_insert.sql");
const CLAIMABLE: &str = include_str!("sql/job_claimable.sql");
const FIND: &str = include_str!("sql/job_find.sql");
const UPDATE: &str = include_str!("sql/job_update.sql");
const DELETE: &str = include_str!("sql/job_delete.sql");
const BURY: &str = include_str!("sql/job_bury.sql");
const FORGET: &str = include_str!("sql/job_forget.sql");
