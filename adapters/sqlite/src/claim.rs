//! Handing out ready jobs.

use mainspring_contract::Tags;
use mainspring_contract::record::{ClaimJobs, Job};
use mainspring_core::job::Change;
use mainspring_core::time::Timestamp;
use serde_json::json;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::columns::{self, Columns};
use crate::transaction::Transaction;
use crate::{jobs, keys, row};

/// Whether a claim would find anything.
pub(crate) async fn any_claimable(
    tx: &mut Transaction<'_>,
    claim: &ClaimJobs<'_>,
) -> Result<bool, sqlx::Error> {
    Ok(claim.max > 0 && !claimable(tx, claim, 1, 0).await?.is_empty())
}

/// Hands out ready jobs under leases. `turn` is the number of jobs that this store handed out
/// before: it says which task comes first.
pub(crate) async fn claim(
    tx: &mut Transaction<'_>,
    claim: &ClaimJobs<'_>,
    turn: u32,
) -> Result<Vec<Job>, sqlx::Error> {
    let now = tx.now();
    let until = now + claim.lease_for;
    let take = Change::Claim { node: claim.node.clone(), until };
    let mut claimed = Vec::new();
    loop {
        let mut taken = Vec::new();
        let open = usize::try_from(claim.max).unwrap_or(usize::MAX) - claimed.len();
        let rows = claimable(tx, claim, open, turn).await?;
        let mut buried = false;
        for row in rows {
            match row::job(&row) {
                Ok(mut job) => {
                    if job.apply(&take, now).is_ok() {
                        keys::leave(tx, &job).await?;
                        let seq: i64 = row.try_get("seq")?;
                        taken.push(json!([seq, job.token.number()]));
                        claimed.push(job);
                    }
                }
                Err(why) => {
                    jobs::bury(tx, &row, &why).await?;
                    buried = true;
                }
            }
        }
        lease(tx, claim, until, taken).await?;
        // Jobs that were buried leave room for others.
        if !buried {
            return Ok(claimed);
        }
    }
}

/// Writes what a claim changes about jobs: all of them at once, because claims are what a busy
/// store does most.
async fn lease(
    tx: &mut Transaction<'_>,
    claim: &ClaimJobs<'_>,
    until: Timestamp,
    taken: Vec<serde_json::Value>,
) -> Result<(), sqlx::Error> {
    if taken.is_empty() {
        return Ok(());
    }
    sqlx::query(LEASE)
        .bind(serde_json::Value::from(taken).to_string())
        .bind(claim.node.as_str())
        .at(until)
        .execute(tx.connection())
        .await?;
    Ok(())
}

async fn claimable(
    tx: &mut Transaction<'_>,
    claim: &ClaimJobs<'_>,
    max: usize,
    turn: u32,
) -> Result<Vec<SqliteRow>, sqlx::Error> {
    let max = i64::try_from(max).unwrap_or(i64::MAX);
    let lanes = lanes(tx, claim, max, turn).await?;
    if lanes.is_empty() {
        return Ok(Vec::new());
    }
    let now = tx.now();
    sqlx::query(CLAIMABLE)
        .bind(serde_json::Value::from(lanes).to_string())
        .at(now)
        .bind(max)
        .fetch_all(tx.connection())
        .await
}

/// The lanes of waiting jobs that this claim may look into: task, place in the turn, room, tags.
async fn lanes(
    tx: &mut Transaction<'_>,
    claim: &ClaimJobs<'_>,
    max: i64,
    turn: u32,
) -> Result<Vec<serde_json::Value>, sqlx::Error> {
    let rows = sqlx::query(LANES)
        .bind(columns::json(claim.tasks))
        .bind(max)
        .bind(i64::from(turn))
        .fetch_all(tx.connection())
        .await?;
    let mut lanes = Vec::with_capacity(rows.len());
    for row in rows {
        let (task, tags): (&str, &str) = (row.try_get("task")?, row.try_get("tags")?);
        // A job whose tags cannot be read is to be found, and settled for that.
        if Tags::from_text(tags).is_ok_and(|needed| !claim.tags.covers(&needed)) {
            continue;
        }
        let (place, room): (i64, i64) = (row.try_get("place")?, row.try_get("room")?);
        lanes.push(json!([task, place, room, tags]));
    }
    Ok(lanes)
}

const LEASE: &str = include_str!("sql/job_lease.sql");
const LANES: &str = include_str!("sql/job_lanes.sql");
const CLAIMABLE: &str = include_str!("sql/job_claimable.sql");
