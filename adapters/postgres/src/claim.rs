//! Handing out ready jobs.

use mainspring_contract::record::{ClaimJobs, Job};
use mainspring_contract::tables::{Done, Row, by_turn, in_turn};
use mainspring_contract::{JobId, TaskId};
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::columns::uuid;
use crate::row::{self, RowId};
use crate::statements::query;
use crate::transaction::Transaction;

/// Leases at most `max` ready jobs.
///
/// A task with a limit has its row locked first, in a statement of its own, so that the one that
/// counts sees what others have committed until then. Whether there is such a task is what the
/// claim itself says: without one, nothing more is asked.
pub(crate) async fn claim(
    tx: &mut Transaction<'_>,
    claim: &ClaimJobs<'_>,
    max: u32,
    turn: u32,
) -> Done<Vec<Row<Job, RowId>>> {
    if max == 0 || claim.tasks.is_empty() {
        return Ok(Vec::new());
    }
    let mut locked = false;
    let Attempt { mut taken, limited } = attempt(tx, claim, max, turn, locked).await?;
    if limited {
        tx.run(query(&tx.common.sql.task_limits).bind(tasks(claim))).await?;
        locked = true;
        taken = attempt(tx, claim, max, turn, locked).await?.taken;
    }
    let mut found = taken.len();
    while let Some(expected) = taken.first().and_then(|taken| taken.expected)
        && found > 0
        && taken.len() < expected
    {
        // Others took what was looked at; there may be more beside it.
        let open = max.saturating_sub(u32::try_from(taken.len()).unwrap_or(u32::MAX));
        let more = attempt(tx, claim, open, turn, locked).await?.taken;
        found = more.len();
        taken.extend(more);
    }
    let claimed = ordered(claim.tasks, turn, taken);
    let bad = |row: &Row<Job, RowId>| match row {
        Err(damaged) => match &damaged.row {
            RowId::Job(id) => Some(uuid(id)),
            RowId::Schedule(_) => None,
        },
        Ok(_) => None,
    };
    let unreadable: Vec<_> = claimed.iter().filter_map(bad).collect();
    if !unreadable.is_empty() {
        tx.run(query(&tx.common.sql.job_unclaim).bind(unreadable)).await?;
    }
    Ok(claimed)
}

/// What one look has brought.
struct Attempt {
    taken: Vec<Taken>,
    /// Nothing was taken, because there are tasks with limits and they are not locked.
    limited: bool,
}

async fn attempt(
    tx: &mut Transaction<'_>,
    claim: &ClaimJobs<'_>,
    max: u32,
    turn: u32,
    locked: bool,
) -> Done<Attempt> {
    let now = tx.now;
    let statement = query(&tx.common.sql.job_claim)
        .bind(tasks(claim))
        .bind(i64::from(max))
        .bind(i64::from(turn))
        .bind(now.as_micros())
        .bind(tags(claim))
        .bind(claim.node.as_str())
        .bind((now + claim.lease_for).as_micros())
        .bind(locked);
    let rows = tx.all(statement).await?;
    let read = || {
        let limited = rows.first().map_or(Ok(false), |row| row.try_get("limited"))?;
        let taken = rows.iter().filter_map(|row| Taken::read(row).transpose());
        Ok(Attempt { taken: taken.collect::<Result<_, _>>()?, limited })
    };
    read().map_err(|error| tx.error(error))
}

/// A job that was taken.
struct Taken {
    /// From when on it was ready.
    ready_at_us: i64,
    /// How many were to be taken with it, if that is known.
    expected: Option<usize>,
    job: Row<Job, RowId>,
}

impl Taken {
    fn read(row: &PgRow) -> Result<Option<Self>, sqlx::Error> {
        if row.try_get::<Option<Uuid>, _>(0)?.is_none() {
            return Ok(None);
        }
        let expected: Option<i64> = row.try_get("expected")?;
        Ok(Some(Self {
            ready_at_us: row::ready_at_us(row)?,
            expected: expected.and_then(|count| usize::try_from(count).ok()),
            job: row::job_or_damaged(row)?,
        }))
    }

    /// Its place among the jobs of its task.
    fn place(&self) -> (u8, i64, Option<JobId>) {
        match &self.job {
            Ok(job) => (job.terms.priority.number(), self.ready_at_us, Some(job.id)),
            Err(_) => (0, self.ready_at_us, None),
        }
    }
}

/// Jobs in the order in which they are handed out: those of one task by priority, instant and id;
/// between tasks the turn goes round.
fn ordered(tasks: &[TaskId], turn: u32, mut taken: Vec<Taken>) -> Vec<Row<Job, RowId>> {
    taken.sort_by_cached_key(Taken::place);
    let places = in_turn(tasks, turn);
    let place = |row: &Row<Job, RowId>| {
        let task = row.as_ref().ok().and_then(|job| places.iter().position(|id| *id == job.task));
        task.unwrap_or(0)
    };
    by_turn(taken.into_iter().map(|taken| (place(&taken.job), taken.job)))
}

fn tasks<'a>(claim: &ClaimJobs<'a>) -> Vec<&'a str> {
    claim.tasks.iter().map(TaskId::as_str).collect()
}

fn tags<'a>(claim: &ClaimJobs<'a>) -> Vec<&'a str> {
    claim.tags.iter().map(|tag| tag.as_str()).collect()
}
