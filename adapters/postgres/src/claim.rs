//! Handing out ready jobs.

use std::sync::Arc;

use mainspring_contract::record::{ClaimJobs, Job};
use mainspring_contract::tables::{Damaged, Done, Row, by_turn, in_turn};
use mainspring_contract::{Clock, JobId, TaskId};
use mainspring_core::pulse::Pulse;
use mainspring_core::time::Timestamp;
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::columns::uuid;
use crate::row::{self, RowId};
use crate::statements::{Statement, Statements, query};
use crate::transaction::{self, Common, Transaction};
use crate::{clock, error};

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
    let Attempt { mut taken, tied, .. } = attempt(tx, claim, max, turn, locked).await?;
    if tied {
        tx.run(query(&tx.common.sql.task_limits).bind(tasks(claim))).await?;
        locked = true;
        taken = attempt(tx, claim, max, turn, locked).await?.taken;
    }
    let mut found = taken.len();
    while found > 0 && may_have_missed(&taken) {
        let open = max.saturating_sub(u32::try_from(taken.len()).unwrap_or(u32::MAX));
        let more = attempt(tx, claim, open, turn, locked).await?.taken;
        found = more.len();
        taken.extend(more);
    }
    let claimed = ordered(claim.tasks, turn, taken);
    let unreadable = unreadable(&claimed);
    if !unreadable.is_empty() {
        tx.run(query(&tx.common.sql.job_unclaim).bind(unreadable)).await?;
    }
    Ok(claimed)
}

/// Leases jobs in a statement that is a transaction of its own, in one round trip; see
/// [`claim_at_once`](mainspring_contract::tables::Database::claim_at_once).
///
/// The server takes the locks of a statement before it decides what that sees, so that this one
/// needs none of its own to see what a compaction has put back.
pub(crate) async fn at_once(
    common: &Arc<Common>,
    clock: Clock,
    claim: &ClaimJobs<'_>,
    turn: u32,
) -> Done<(Vec<Job>, Option<Pulse>)> {
    if claim.max == 0 || claim.tasks.is_empty() {
        return Ok((Vec::new(), None));
    }
    let at = match clock {
        Clock::Fixed(at) => Some(at),
        Clock::Server => None,
    };
    let failed = |error| error::of_commit(&common.name, error);
    let (mut lent, rows) = loop {
        let lent = common.connections.borrow().await;
        let mut lent = lent.map_err(|error| error::of_connect(&common.name, error))?;
        let statement = statement(&common.sql, claim, claim.max, turn, at);
        match statement.bind(false).bind(true).fetch_all(&mut lent.connection).await {
            Ok(rows) => break (lent, rows),
            // It was cut while it lay idle; if the server has heard this all the same, what is
            // leased now lapses.
            Err(error) if error::is_lost(&error) && !lent.fresh => common.connections.forget(),
            Err(error) => return Err(failed(error)),
        }
    };
    let Attempt { taken, tied, pulse } = Attempt::read(&rows).map_err(failed)?;
    let mut is_all = !tied && !may_have_missed(&taken);
    let claimed = ordered(claim.tasks, turn, taken);
    let unreadable = unreadable(&claimed);
    if !unreadable.is_empty() {
        is_all = false;
        let unclaim = query(&common.sql.job_unclaim).bind(unreadable);
        let done = unclaim.execute(&mut lent.connection).await;
        done.map_err(|error| error::of_statement(&common.name, error))?;
    }
    lent.give_back();
    let jobs: Vec<Job> = claimed.into_iter().filter_map(Result::ok).collect();
    let pulse = pulse.filter(|_| is_all).map(|pulse| {
        // It was taken before the jobs were leased.
        let lapse = (!jobs.is_empty()).then(|| pulse.store_now + claim.lease_for);
        Pulse { next_lapse_at: pulse.next_lapse_at.into_iter().chain(lapse).min(), ..pulse }
    });
    Ok((jobs, pulse))
}

/// What one look has brought.
struct Attempt {
    taken: Vec<Taken>,
    /// Nothing was taken, because something else has to be done in the same transaction.
    tied: bool,
    /// If it was asked for.
    pulse: Option<Pulse>,
}

async fn attempt(
    tx: &mut Transaction<'_>,
    claim: &ClaimJobs<'_>,
    max: u32,
    turn: u32,
    locked: bool,
) -> Done<Attempt> {
    let statement = statement(&tx.common.sql, claim, max, turn, Some(tx.now));
    let rows = tx.all(statement.bind(locked).bind(false)).await?;
    Attempt::read(&rows).map_err(|error| tx.error(error))
}

/// A look for `max` jobs, by the clock of the server or by this instant. Two values are missing:
/// whether tasks with a limit are locked, and whether it is alone.
fn statement<'q>(
    sql: &Statements,
    claim: &ClaimJobs<'q>,
    max: u32,
    turn: u32,
    now: Option<Timestamp>,
) -> Statement<'q> {
    query(&sql.job_claim)
        .bind(tasks(claim))
        .bind(i64::from(max))
        .bind(i64::from(turn))
        .bind(now.map(Timestamp::as_micros))
        .bind(tags(claim))
        .bind(claim.node.to_string())
        .bind(claim.lease_for.as_micros())
}

impl Attempt {
    fn read(rows: &[PgRow]) -> Result<Self, sqlx::Error> {
        let first = rows.first().ok_or(sqlx::Error::RowNotFound)?;
        let now = clock::instant(first.try_get("now_us")?)?;
        let is_told: Option<i64> = first.try_get("config_revision")?;
        let pulse = is_told.map(|_| transaction::pulse(first, now)).transpose()?;
        let taken = rows.iter().filter_map(|row| Taken::read(row).transpose());
        Ok(Self { taken: taken.collect::<Result<_, _>>()?, tied: first.try_get("tied")?, pulse })
    }
}

/// Whether others took some of what was looked at; there may be more beside it then.
fn may_have_missed(taken: &[Taken]) -> bool {
    let expected = taken.first().and_then(|taken| taken.expected);
    expected.is_some_and(|expected| taken.len() < expected)
}

/// The rows among these that cannot be read.
fn unreadable(claimed: &[Row<Job, RowId>]) -> Vec<Uuid> {
    let bad = |row: &Row<Job, RowId>| match row {
        Err(Damaged { row: RowId::Job(id), .. }) => Some(uuid(id)),
        _ => None,
    };
    claimed.iter().filter_map(bad).collect()
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
