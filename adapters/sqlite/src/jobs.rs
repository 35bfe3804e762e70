//! The rows of jobs: known, insert, find, update, bury.

use mainspring_contract::record::{Job, JobState};
use mainspring_contract::{JobId, ScheduleId};
use mainspring_core::outcome::Outcome;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::chain;
use crate::columns::{self, Columns};
use crate::row::{self, Unreadable};
use crate::transaction::Transaction;

/// Whether a job exists, or existed and is over.
pub(crate) async fn is_known(tx: &mut Transaction<'_>, id: &JobId) -> Result<bool, sqlx::Error> {
    let found = sqlx::query(KNOWN).bind(&id.as_bytes()[..]).fetch_optional(tx.connection()).await?;
    Ok(found.is_some())
}

/// Adds a job that waits or is held, unless it is known; says whether it did.
pub(crate) async fn insert(tx: &mut Transaction<'_>, job: &Job) -> Result<bool, sqlx::Error> {
    let (JobState::Held { ready_at } | JobState::Waiting { ready_at }) = job.state else {
        return Ok(false);
    };
    let done = sqlx::query(INSERT)
        .bind(&job.id.as_bytes()[..])
        .bind(job.task.as_str())
        .bind(job.schedule.as_ref().map(ScheduleId::as_str))
        .bind(i64::from(job.origin.code()))
        .at_or_null(job.fire_at)
        .encoded(&job.payload)
        .terms(&job.terms)
        .tags(&job.tags)
        .unique(job.unique.as_ref())
        .bind(job.watched)
        .at_or_null(job.start_by)
        .at(job.created_at)
        .at(ready_at)
        .bind(columns::state(&job.state))
        .execute(tx.connection())
        .await?;
    Ok(done.rows_affected() > 0)
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
    let (ready_at, lease, cancel) = match &job.state {
        JobState::Held { ready_at } | JobState::Waiting { ready_at } => {
            (Some(*ready_at), None, false)
        }
        JobState::Leased { lease, cancel } => (None, Some(lease), *cancel),
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
        .bind(columns::state(&job.state))
        .at_or_null(ready_at)
        .bind(lease.map(|lease| lease.node.as_str()))
        .at_or_null(lease.map(|lease| lease.until))
        .bind(cancel)
        .at_or_null(job.start_by)
        .execute(tx.connection())
        .await?;
    Ok(())
}

/// Settles a job whose row cannot be read. Whoever waits for its end learns of it all the same.
pub(crate) async fn bury(
    tx: &mut Transaction<'_>,
    row: &SqliteRow,
    why: &Unreadable,
) -> Result<(), sqlx::Error> {
    let seq: i64 = row.try_get("seq")?;
    let now = tx.now();
    sqlx::query(BURY).bind(seq).at(now).bind(why.to_string()).execute(tx.connection()).await?;
    sqlx::query(FORGET_KEY).bind(seq).execute(tx.connection()).await?;
    sqlx::query(FORGET).bind(seq).execute(tx.connection()).await?;
    let watched: i64 = row.try_get("watched")?;
    if watched != 0
        && let Ok(schedule) = ScheduleId::new(row::text(row, "schedule"))
    {
        chain::run_ended(tx, &schedule, Outcome::Undecodable).await?;
    }
    Ok(())
}

const KNOWN: &str = include_str!("sql/job_known.sql");
const INSERT: &str = include_str!("sql/job_insert.sql");
const FIND: &str = include_str!("sql/job_find.sql");
const UPDATE: &str = include_str!("sql/job_update.sql");
const DELETE: &str = include_str!("sql/job_delete.sql");
const BURY: &str = include_str!("sql/job_bury.sql");
const FORGET_KEY: &str = include_str!("sql/key_forget.sql");
const FORGET: &str = include_str!("sql/job_forget.sql");
