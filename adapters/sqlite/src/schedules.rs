//! Schedules: put, remove, claim, advance, quarantine.

use mainspring_contract::ScheduleId;
use mainspring_contract::record::{
    Advance, Advanced, ClaimSchedules, Conflict, Put, PutSchedule, Quarantine, Remove, Schedule,
};
use mainspring_core::domain::Origin;
use mainspring_core::id::Revision;
use mainspring_core::time::Timestamp;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::columns::{Columns, json};
use crate::jobs::{self, NewJob};
use crate::row::{self, Unreadable};
use crate::transaction::Transaction;
use crate::{pulse, tasks};

/// Puts schedules.
pub(crate) async fn put(
    tx: &mut Transaction<'_>,
    puts: &[PutSchedule],
) -> Result<Vec<Put>, sqlx::Error> {
    let mut answers = Vec::with_capacity(puts.len());
    for put in puts {
        answers.push(put_one(tx, put).await?);
    }
    if answers.iter().any(|answer| matches!(answer, Put::Created | Put::Replaced)) {
        pulse::config_changed(tx).await?;
    }
    Ok(answers)
}

async fn put_one(tx: &mut Transaction<'_>, put: &PutSchedule) -> Result<Put, sqlx::Error> {
    let PutSchedule { spec, next, conflict } = put;
    let (schedule, answer) = match find(tx, &spec.id).await? {
        None => {
            let config = pulse::config_revision(tx).await?;
            (Schedule::created(spec.clone(), *next, config, tx.now()), Put::Created)
        }
        Some(Found { source, .. }) if source != spec.source.as_str() => {
            return Ok(Put::OtherSource);
        }
        Some(Found { schedule: Ok(old), .. }) if old.spec == *spec && old.quarantine.is_none() => {
            return Ok(Put::Unchanged);
        }
        Some(found) => match (conflict, found.schedule) {
            (Conflict::Reject, _) => return Ok(Put::Rejected),
            (Conflict::Keep, _) => return Ok(Put::Kept),
            (Conflict::Replace, Ok(old)) => {
                (old.replaced(spec.clone(), *next, tx.now()), Put::Replaced)
            }
            (Conflict::Replace, Err(_)) => {
                // Whatever the old row says is not to be trusted, except for its revision: an
                // advance that is under way must find itself stale.
                let schedule = Schedule {
                    spec: spec.clone(),
                    revision: found.revision.next(),
                    next: *next,
                    last_fire_at: None,
                    quarantine: None,
                };
                (schedule, Put::Replaced)
            }
        },
    };
    write(tx, &schedule).await?;
    Ok(answer)
}

async fn write(tx: &mut Transaction<'_>, schedule: &Schedule) -> Result<(), sqlx::Error> {
    let spec = &schedule.spec;
    let now = tx.now();
    sqlx::query(PUT)
        .bind(spec.id.as_str())
        .bind(spec.task.as_str())
        .bind(spec.source.as_str())
        .encoded(&spec.trigger)
        .encoded(&spec.payload)
        .bind(i64::from(spec.policies.coalesce.code()))
        .bind(spec.policies.misfire_grace.map(|span| span.as_micros()))
        .bind(i64::from(spec.policies.catch_up))
        .settings(&spec.settings)
        .bind(spec.paused)
        .bind(i64::from(schedule.revision.number()))
        .at_or_null(schedule.next.at())
        .at_or_null(schedule.last_fire_at)
        .at(now)
        .execute(tx.connection())
        .await?;
    Ok(())
}

/// Removes schedules and returns the names of those that were there.
pub(crate) async fn remove(
    tx: &mut Transaction<'_>,
    remove: &Remove<'_>,
) -> Result<Vec<ScheduleId>, sqlx::Error> {
    let statement = match remove {
        Remove::Named(ids) => sqlx::query(REMOVE_NAMED).bind(json(ids)),
        Remove::SourceExcept(source, kept) => {
            sqlx::query(REMOVE_SOURCE).bind(source.as_str()).bind(json(kept))
        }
    };
    let rows = statement.fetch_all(tx.connection()).await?;
    if !rows.is_empty() {
        pulse::config_changed(tx).await?;
    }
    let names =
        rows.iter().filter_map(|row| ScheduleId::try_from(row.try_get::<&str, _>("id").ok()?).ok());
    Ok(names.collect())
}

/// Whether a claim would find anything.
pub(crate) async fn any_due(
    tx: &mut Transaction<'_>,
    claim: &ClaimSchedules,
) -> Result<bool, sqlx::Error> {
    Ok(claim.max > 0 && !due(tx, claim, 1).await?.is_empty())
}

/// Shares out schedules that come due.
pub(crate) async fn claim(
    tx: &mut Transaction<'_>,
    claim: &ClaimSchedules,
) -> Result<Vec<Schedule>, sqlx::Error> {
    let until = tx.now() + claim.claim_for;
    let mut claimed = Vec::new();
    let mut odd = false;
    loop {
        let open = usize::try_from(claim.max).unwrap_or(usize::MAX) - claimed.len();
        let rows = due(tx, claim, open).await?;
        let mut odd_here = false;
        for row in rows {
            let row_id: i64 = row.try_get("row_id")?;
            match row::schedule(&row) {
                Ok(schedule) => {
                    sqlx::query(CLAIM)
                        .bind(row_id)
                        .bind(claim.node.as_str())
                        .at(until)
                        .execute(tx.connection())
                        .await?;
                    claimed.push(schedule);
                }
                Err(why) => {
                    set_aside(tx, row_id, &why).await?;
                    odd_here = true;
                }
            }
        }
        odd |= odd_here;
        // Rows that were set aside leave room for others.
        if !odd_here {
            break;
        }
    }
    if odd {
        pulse::config_changed(tx).await?;
    }
    Ok(claimed)
}

async fn due(
    tx: &mut Transaction<'_>,
    claim: &ClaimSchedules,
    max: usize,
) -> Result<Vec<SqliteRow>, sqlx::Error> {
    let now = tx.now();
    sqlx::query(DUE)
        .at(now + claim.within)
        .at(now)
        .bind(i64::try_from(max).unwrap_or(i64::MAX))
        .fetch_all(tx.connection())
        .await
}

async fn set_aside(
    tx: &mut Transaction<'_>,
    row_id: i64,
    why: &Unreadable,
) -> Result<(), sqlx::Error> {
    let now = tx.now();
    sqlx::query(SET_ASIDE)
        .bind(row_id)
        .bind(why.to_string())
        .at(now)
        .execute(tx.connection())
        .await?;
    Ok(())
}

/// Moves cursors and turns fires into jobs.
pub(crate) async fn advance(
    tx: &mut Transaction<'_>,
    advances: &[Advance],
) -> Result<Vec<Advanced>, sqlx::Error> {
    let mut answers = Vec::with_capacity(advances.len());
    for advance in advances {
        answers.push(advance_one(tx, advance).await?);
    }
    Ok(answers)
}

async fn advance_one(tx: &mut Transaction<'_>, advance: &Advance) -> Result<Advanced, sqlx::Error> {
    let Some(Found { schedule: Ok(schedule), .. }) = find(tx, &advance.schedule).await? else {
        return Ok(Advanced::Stale);
    };
    if schedule.due().is_none() || schedule.revision != advance.revision {
        return Ok(Advanced::Stale);
    }
    let mut inserted = 0;
    if !advance.fires.is_empty() {
        let spec = &schedule.spec;
        let terms = spec.settings.or(tasks::settings(tx, &spec.task).await?).resolve();
        for fire in &advance.fires {
            let job = NewJob {
                id: fire.job,
                task: &spec.task,
                schedule: Some(&spec.id),
                origin: Origin::Fire,
                fire_at: Some(fire.at),
                payload: &spec.payload,
                terms,
                start_by: fire.start_by,
                ready_at: fire.ready_at,
            };
            inserted += u32::from(jobs::insert(tx, &job).await?);
        }
    }
    let now = tx.now();
    for skip in &advance.skips {
        sqlx::query(SKIP)
            .bind(advance.schedule.as_str())
            .skip(skip)
            .at(now)
            .execute(tx.connection())
            .await?;
    }
    let revision = schedule.revision.next();
    sqlx::query(ADVANCE)
        .bind(advance.schedule.as_str())
        .bind(i64::from(revision.number()))
        .at_or_null(advance.next.at())
        .at_or_null(advance.fires.last().map(|fire| fire.at))
        .at_or_null(advance.keep_for.map(|span| now + span))
        .at(now)
        .execute(tx.connection())
        .await?;
    Ok(Advanced::Done { revision, inserted })
}

/// Takes schedules out of service.
pub(crate) async fn quarantine(
    tx: &mut Transaction<'_>,
    quarantines: &[Quarantine],
) -> Result<(), sqlx::Error> {
    let now: Timestamp = tx.now();
    let mut changed = false;
    for quarantine in quarantines {
        let done = sqlx::query(QUARANTINE)
            .bind(quarantine.schedule.as_str())
            .bind(i64::from(quarantine.revision.number()))
            .bind(quarantine.reason.as_str())
            .at(now)
            .execute(tx.connection())
            .await?;
        changed |= done.rows_affected() > 0;
    }
    if changed {
        pulse::config_changed(tx).await?;
    }
    Ok(())
}

/// A row, and what is known of it even if it cannot be read.
struct Found {
    source: String,
    revision: Revision,
    schedule: Result<Schedule, Unreadable>,
}

async fn find(tx: &mut Transaction<'_>, id: &ScheduleId) -> Result<Option<Found>, sqlx::Error> {
    let Some(row) = sqlx::query(FIND).bind(id.as_str()).fetch_optional(tx.connection()).await?
    else {
        return Ok(None);
    };
    let revision: i64 = row.try_get("revision")?;
    Ok(Some(Found {
        source: row.try_get("source").unwrap_or_default(),
        revision: Revision::new(u32::try_from(revision).unwrap_or(0)),
        schedule: row::schedule(&row),
    }))
}

const FIND: &str = include_str!("sql/schedule_find.sql");
const PUT: &str = include_str!("sql/schedule_put.sql");
const REMOVE_NAMED: &str = include_str!("sql/schedule_remove_named.sql");
const REMOVE_SOURCE: &str = include_str!("sql/schedule_remove_source.sql");
const DUE: &str = include_str!("sql/schedule_due.sql");
const CLAIM: &str = include_str!("sql/schedule_claim.sql");
const SET_ASIDE: &str = include_str!("sql/schedule_set_aside.sql");
const ADVANCE: &str = include_str!("sql/schedule_advance.sql");
const SKIP: &str = include_str!("sql/skip_insert.sql");
const QUARANTINE: &str = include_str!("sql/schedule_quarantine.sql");
