//! Which job holds which key, so that what stands for the same thing is not queued twice.

use mainspring_contract::record::{Conflict, Hold, Job, JobState};
use mainspring_contract::{JobId, Key, TaskId};
use mainspring_core::time::Timestamp;
use mainspring_core::verb::Contest;
use sqlx::Row;

use crate::columns::Columns;
use crate::row;
use crate::transaction::Transaction;

/// What a job that wants this key meets.
pub(crate) async fn contest(
    tx: &mut Transaction<'_>,
    task: &TaskId,
    key: &Key,
    conflict: Conflict,
) -> Result<Contest<JobId>, sqlx::Error> {
    let found = sqlx::query(FIND)
        .bind(task.as_str())
        .bind(key.as_str())
        .fetch_optional(tx.connection())
        .await?;
    let Some(found) = found else { return Ok(Contest::Free) };
    let state: Option<i64> = found.try_get("state")?;
    let over_until: Option<i64> = found.try_get("over_until_us")?;
    // A holder of which nothing is left, because somebody deleted its row, holds nothing.
    let held = match over_until {
        Some(until) => until > tx.now().as_micros(),
        None => state.is_some(),
    };
    match row::job_id(&found, "job") {
        Ok(holder) if held => {
            let waits = state.is_some_and(|state| state != LEASED);
            Ok(Contest::with(holder, waits, conflict))
        }
        _ => {
            sqlx::query(DROP)
                .bind(task.as_str())
                .bind(key.as_str())
                .execute(tx.connection())
                .await?;
            Ok(Contest::Free)
        }
    }
}

/// A job takes its key, which is free.
pub(crate) async fn take(tx: &mut Transaction<'_>, job: &Job) -> Result<(), sqlx::Error> {
    let Some(unique) = &job.unique else { return Ok(()) };
    let now = tx.now();
    sqlx::query(SWEEP).at(now).execute(tx.connection()).await?;
    sqlx::query(TAKE)
        .bind(job.task.as_str())
        .bind(unique.key.as_str())
        .bind(&job.id.as_bytes()[..])
        .execute(tx.connection())
        .await?;
    Ok(())
}

/// A job was claimed, or is over: it may have to leave its key to others.
pub(crate) async fn leave(tx: &mut Transaction<'_>, job: &Job) -> Result<(), sqlx::Error> {
    let Some(unique) = &job.unique else { return Ok(()) };
    let is_over = matches!(job.state, JobState::Settled { .. });
    if !is_over && unique.hold != Hold::Waiting {
        return Ok(());
    }
    let now = tx.now();
    match unique.hold.until(job.created_at).filter(|&until| until > now) {
        Some(until) => keep(tx, job, until).await,
        None => forget(tx, job, &job.id).await,
    }
}

async fn keep(tx: &mut Transaction<'_>, job: &Job, until: Timestamp) -> Result<(), sqlx::Error> {
    let Some(unique) = &job.unique else { return Ok(()) };
    sqlx::query(KEEP)
        .bind(job.task.as_str())
        .bind(unique.key.as_str())
        .bind(&job.id.as_bytes()[..])
        .at(until)
        .execute(tx.connection())
        .await?;
    Ok(())
}

/// The key that this job has or wants becomes free, if this holder has it.
pub(crate) async fn forget(
    tx: &mut Transaction<'_>,
    job: &Job,
    holder: &JobId,
) -> Result<(), sqlx::Error> {
    let Some(unique) = &job.unique else { return Ok(()) };
    sqlx::query(LEAVE)
        .bind(job.task.as_str())
        .bind(unique.key.as_str())
        .bind(&holder.as_bytes()[..])
        .execute(tx.connection())
        .await?;
    Ok(())
}

/// The code of the state in which a job no longer waits.
const LEASED: i64 = 1;
const FIND: &str = include_str!("sql/key_find.sql");
const TAKE: &str = include_str!("sql/key_take.sql");
const SWEEP: &str = include_str!("sql/key_sweep.sql");
const LEAVE: &str = include_str!("sql/key_leave.sql");
const KEEP: &str = include_str!("sql/key_keep.sql");
const DROP: &str = include_str!("sql/key_drop.sql");
