//! Handing out ready jobs.

use mainspring_contract::record::{ClaimJobs, Job};
use mainspring_contract::tables::{Done, Row};
use mainspring_contract::{JobId, TaskId};
use sqlx::Row as _;

use crate::columns::uuid;
use crate::row::{self, RowId};
use crate::statements::query;
use crate::transaction::{Link, Transaction};

/// Whether a claim would find anything.
pub(crate) async fn any<C: Link>(tx: &mut Transaction<C>, claim: &ClaimJobs<'_>) -> Done<bool> {
    if claim.max == 0 || claim.tasks.is_empty() {
        return Ok(false);
    }
    let statement = query(&tx.sql.job_any_claimable)
        .bind(tasks(claim))
        .bind(tx.now.as_micros())
        .bind(tags(claim));
    let row = tx.one(statement).await?;
    row.try_get(0).map_err(|error| tx.error(error))
}

/// Leases at most `max` ready jobs.
///
/// A task with a limit has its row locked first, in a statement of its own, so that the one that
/// counts sees what others have committed until then. Whether there is such a task is found out
/// by the claim itself: without one, nothing more is asked.
pub(crate) async fn claim<C: Link>(
    tx: &mut Transaction<C>,
    claim: &ClaimJobs<'_>,
    max: u32,
    turn: u32,
) -> Done<Vec<Row<Job, RowId>>> {
    if max == 0 || claim.tasks.is_empty() {
        return Ok(Vec::new());
    }
    let mut claimed = attempt(tx, claim, (max, turn), false).await?;
    if claimed.is_empty() {
        let limited = query(&tx.sql.task_limits).bind(tasks(claim));
        if !tx.all(limited).await?.is_empty() {
            claimed = attempt(tx, claim, (max, turn), true).await?;
        }
    }
    let bad = |row: &Row<Job, RowId>| match row {
        Err(damaged) => match &damaged.row {
            RowId::Job(id) => Some(uuid(id)),
            RowId::Schedule(_) => None,
        },
        Ok(_) => None,
    };
    let unreadable: Vec<_> = claimed.iter().filter_map(bad).collect();
    if !unreadable.is_empty() {
        tx.run(query(&tx.sql.job_unclaim).bind(unreadable)).await?;
    }
    Ok(claimed)
}

async fn attempt<C: Link>(
    tx: &mut Transaction<C>,
    claim: &ClaimJobs<'_>,
    (max, turn): (u32, u32),
    locked: bool,
) -> Done<Vec<Row<Job, RowId>>> {
    let now = tx.now;
    let statement = query(&tx.sql.job_claim)
        .bind(tasks(claim))
        .bind(i64::from(max))
        .bind(i64::from(turn))
        .bind(now.as_micros())
        .bind(tags(claim))
        .bind(claim.node.as_str())
        .bind((now + claim.lease_for).as_micros())
        .bind(locked);
    let rows = tx.all(statement).await?;
    let mut claimed = Vec::with_capacity(rows.len());
    for row in &rows {
        let ready_at = row::ready_at_us(row).map_err(|error| tx.error(error))?;
        let job = row::job_or_damaged(row).map_err(|error| tx.error(error))?;
        claimed.push((ready_at, job));
    }
    Ok(in_turn(claim.tasks, turn, claimed))
}

/// Jobs in the order in which they are handed out: those of one task by priority, instant and id;
/// between tasks the turn goes round.
fn in_turn(
    tasks: &[TaskId],
    turn: u32,
    mut claimed: Vec<(i64, Row<Job, RowId>)>,
) -> Vec<Row<Job, RowId>> {
    type Place = (u8, i64, Option<JobId>);
    let place = |(ready_at, row): &(i64, Row<Job, RowId>)| -> Place {
        row.as_ref().map_or((0, *ready_at, None), |job| {
            (job.terms.priority.number(), *ready_at, Some(job.id))
        })
    };
    claimed.sort_by_cached_key(place);
    if let [_] = tasks {
        return claimed.into_iter().map(|(_, row)| row).collect();
    }
    let count = tasks.len();
    let start = usize::try_from(turn).unwrap_or(0) % count;
    let mut taken = vec![0_u32; count];
    let mut ranked = Vec::with_capacity(claimed.len());
    for (_, row) in claimed {
        let task = row.as_ref().ok().and_then(|job| tasks.iter().position(|id| *id == job.task));
        let index = task.unwrap_or(0);
        taken[index] += 1;
        ranked.push((taken[index], (index + count - start) % count, row));
    }
    ranked.sort_by_key(|&(rank, place, _)| (rank, place));
    ranked.into_iter().map(|(_, _, row)| row).collect()
}

fn tasks<'a>(claim: &ClaimJobs<'a>) -> Vec<&'a str> {
    claim.tasks.iter().map(TaskId::as_str).collect()
}

fn tags<'a>(claim: &ClaimJobs<'a>) -> Vec<&'a str> {
    claim.tags.iter().map(|tag| tag.as_str()).collect()
}
