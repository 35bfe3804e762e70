//! The jobs of one schedule that are not over: what overlap is judged by, and whose end it hears
//! of.

use mainspring_contract::{JobId, ScheduleId};
use mainspring_core::job::Change;
use mainspring_core::outcome::Outcome;
use mainspring_core::overlap::{Admission, Live, Overlap};
use sqlx::Row;

use crate::schedules::{self, Claim, Found};
use crate::transaction::Transaction;
use crate::{finish, jobs, pulse, row};

/// What one more job of a schedule meets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Beside<'a> {
    /// The schedule.
    pub(crate) schedule: &'a ScheduleId,
    /// No later one follows in the same decision.
    pub(crate) last: bool,
    /// This job is cancelled for it and is not in its way.
    pub(crate) replaced: Option<&'a JobId>,
}

/// How one more job of a schedule gets in beside those that are not over.
pub(crate) async fn admit(
    tx: &mut Transaction<'_>,
    overlap: Overlap,
    beside: Beside<'_>,
) -> Result<Admission, sqlx::Error> {
    if overlap == Overlap::Allow {
        return Ok(Admission::Ready);
    }
    let Beside { schedule, last, replaced } = beside;
    if overlap == Overlap::Cancel && last {
        cancel(tx, schedule).await?;
    }
    let live = live(tx, schedule, replaced).await?.settle();
    let admission = overlap.admit(live, last);
    if admission == Admission::Held {
        sqlx::query(WATCH).bind(schedule.as_str()).execute(tx.connection()).await?;
    }
    Ok(admission)
}

/// Whether a job is left of whose end the schedule will hear.
pub(crate) async fn is_awaited(
    tx: &mut Transaction<'_>,
    schedule: &ScheduleId,
) -> Result<bool, sqlx::Error> {
    let found =
        sqlx::query(AWAITED).bind(schedule.as_str()).fetch_optional(tx.connection()).await?;
    Ok(found.is_some())
}

/// A watched job of this schedule is over.
pub(crate) async fn run_ended(
    tx: &mut Transaction<'_>,
    schedule: &ScheduleId,
    outcome: Outcome,
) -> Result<(), sqlx::Error> {
    let now = tx.now();
    if let Some(Found { schedule: Ok(mut found), .. }) = schedules::find(tx, schedule).await? {
        let was_paused = found.is_paused();
        if found.run_ended(outcome, now) {
            schedules::update(tx, &found, Claim::Kept).await?;
            if found.is_paused() != was_paused {
                pulse::config_changed(tx).await?;
            }
        }
    }
    sqlx::query(FREE).bind(schedule.as_str()).execute(tx.connection()).await?;
    Ok(())
}

/// Frees whatever is held: a schedule that allows overlap holds nobody back.
pub(crate) async fn free_all(
    tx: &mut Transaction<'_>,
    schedule: &ScheduleId,
) -> Result<(), sqlx::Error> {
    sqlx::query(FREE_ALL).bind(schedule.as_str()).execute(tx.connection()).await?;
    Ok(())
}

async fn live(
    tx: &mut Transaction<'_>,
    schedule: &ScheduleId,
    without: Option<&JobId>,
) -> Result<Live, sqlx::Error> {
    let row = sqlx::query(LIVE)
        .bind(schedule.as_str())
        .bind(without.map(|id| &id.as_bytes()[..]))
        .fetch_one(tx.connection())
        .await?;
    Ok(Live { free: row.try_get("free")?, held: row.try_get("held")? })
}

/// Cancels every job of a schedule, the newest first.
async fn cancel(tx: &mut Transaction<'_>, schedule: &ScheduleId) -> Result<(), sqlx::Error> {
    let rows = sqlx::query(JOBS).bind(schedule.as_str()).fetch_all(tx.connection()).await?;
    for id in rows.iter().filter_map(|row| row::job_id(row, "id").ok()) {
        // Read one by one: the end of one may have freed another.
        if let Some(job) = jobs::find(tx, &id).await? {
            let done = finish::end(tx, job, &Change::Cancel, None).await?;
            debug_assert!(done.is_ok(), "a job that is not over can be cancelled");
        }
    }
    Ok(())
}

const LIVE: &str = include_str!("sql/chain_live.sql");
const JOBS: &str = include_str!("sql/chain_jobs.sql");
const WATCH: &str = include_str!("sql/chain_watch.sql");
const AWAITED: &str = include_str!("sql/chain_awaited.sql");
const FREE_ALL: &str = include_str!("sql/chain_free_all.sql");
const FREE: &str = include_str!("sql/chain_free.sql");
