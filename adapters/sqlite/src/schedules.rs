//! Schedules: put, remove, claim, advance, pause, resume, quarantine.

use mainspring_contract::ScheduleId;
use mainspring_contract::record::{
    Advance, Advanced, ClaimSchedules, Conflict, Paused, Put, PutSchedule, Quarantine, Remove,
    Resume, Resumed, Schedule,
};
use mainspring_core::fire::Skip;
use mainspring_core::id::Revision;
use mainspring_core::overlap::Overlap;
use mainspring_core::schedule::{Next, PauseReason, Step};
use mainspring_core::time::Timestamp;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::chain::{self, Beside};
use crate::columns::{Columns, json};
use crate::row::{self, Unreadable};
use crate::transaction::Transaction;
use crate::{jobs, pulse, tasks};

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
                    revision: found.revision.after_put(),
                    next: *next,
                    last_fire_at: None,
                    fired: 0,
                    failures: 0,
                    pause: None,
                    quarantine: None,
                };
                (schedule, Put::Replaced)
            }
        },
    };
    write(tx, &schedule).await?;
    if spec.policies.overlap == Overlap::Allow {
        chain::free_all(tx, &spec.id).await?;
    }
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
        .encoded_or_null(spec.exclusions.as_ref())
        .policies(&spec.policies)
        .settings(&spec.settings)
        .bind(spec.tags.as_ref().map(ToString::to_string))
        .bind(spec.paused)
        .bind(i64::from(schedule.revision.number()))
        .next(schedule.next)
        .at_or_null(schedule.last_fire_at)
        .bind(i64::from(schedule.fired))
        .bind(i64::from(schedule.failures))
        .bind(schedule.pause.map(|pause| i64::from(pause.reason.code())))
        .at_or_null(schedule.pause.map(|pause| pause.since))
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
    let Some(Found { schedule: Ok(mut schedule), .. }) = find(tx, &advance.schedule).await? else {
        return Ok(Advanced::Stale);
    };
    if schedule.is_advanced(advance.revision, advance.next) {
        return Ok(Advanced::Done { revision: schedule.revision, inserted: 0 });
    }
    if schedule.due().is_none() || schedule.revision != advance.revision {
        return Ok(Advanced::Stale);
    }
    let (inserted, last_fire_at) = insert_fires(tx, &schedule, advance).await?;
    if schedule.spec.policies.overlap == Overlap::Cancel
        && let Some(Found { schedule: Ok(found), .. }) = find(tx, &advance.schedule).await?
    {
        // It may have heard of the end of jobs that were cancelled.
        schedule = found;
    }
    for skip in &advance.skips {
        note_skip(tx, &advance.schedule, skip).await?;
    }
    // Asked only if it makes a difference.
    let awaited =
        advance.next == Next::AfterRun && chain::is_awaited(tx, &advance.schedule).await?;
    let now = tx.now();
    schedule.advance(Step { next: advance.next, last_fire_at, inserted, awaited }, now);
    let claim = advance.keep_for.map_or(Claim::GivenUp, |span| Claim::Until(now + span));
    update(tx, &schedule, claim).await?;
    Ok(Advanced::Done { revision: schedule.revision, inserted })
}

/// Turns fires into jobs, as far as overlap and what is left of the limit allow; says how many, and
/// which was the last.
async fn insert_fires(
    tx: &mut Transaction<'_>,
    schedule: &Schedule,
    advance: &Advance,
) -> Result<(u32, Option<Timestamp>), sqlx::Error> {
    if advance.fires.is_empty() {
        return Ok((0, None));
    }
    let (spec, now) = (&schedule.spec, tx.now());
    let task = tasks::find(tx, &spec.task).await?;
    let overlap = spec.policies.overlap;
    let left = schedule.policies().limit.unwrap_or(u32::MAX);
    let (mut inserted, mut last_fire_at) = (0, None);
    let mut overlapped = None;
    for (index, fire) in advance.fires.iter().enumerate() {
        if inserted == left {
            break;
        }
        // A job that is known is not inserted again; but it must not count as one more either.
        if overlap != Overlap::Allow && jobs::is_known(tx, &fire.job).await? {
            continue;
        }
        let last = index + 1 == advance.fires.len();
        let beside = Beside { schedule: &spec.id, last, replaced: None };
        let admission = chain::admit(tx, overlap, beside).await?;
        match fire.job(spec, &task, now).admitted(admission) {
            Some(job) => {
                if jobs::insert(tx, &job).await? {
                    inserted += 1;
                    last_fire_at = Some(fire.at);
                }
            }
            None => overlapped = Some(Skip::overlapped(overlapped, fire.at)),
        }
    }
    if let Some(skip) = overlapped {
        note_skip(tx, &spec.id, &skip).await?;
    }
    Ok((inserted, last_fire_at))
}

async fn note_skip(
    tx: &mut Transaction<'_>,
    schedule: &ScheduleId,
    skip: &Skip,
) -> Result<(), sqlx::Error> {
    let now = tx.now();
    let statement = sqlx::query(SKIP).bind(schedule.as_str()).skip(skip).at(now);
    statement.execute(tx.connection()).await?;
    Ok(())
}

/// Tells schedules to stop firing. One that cannot be read does not fire, and counts as missing:
/// what would be written down about it could not be read either.
pub(crate) async fn pause(
    tx: &mut Transaction<'_>,
    ids: &[ScheduleId],
) -> Result<Vec<Paused>, sqlx::Error> {
    let now = tx.now();
    let mut answers = Vec::with_capacity(ids.len());
    for id in ids {
        let Some(Found { schedule: Ok(mut schedule), .. }) = find(tx, id).await? else {
            answers.push(Paused::Missing);
            continue;
        };
        let stopped = schedule.stop(PauseReason::Person, now);
        if stopped {
            update(tx, &schedule, Claim::GivenUp).await?;
        }
        answers.push(if stopped { Paused::Done } else { Paused::Already });
    }
    if answers.contains(&Paused::Done) {
        pulse::config_changed(tx).await?;
    }
    Ok(answers)
}

/// Lets paused schedules fire again.
pub(crate) async fn resume(
    tx: &mut Transaction<'_>,
    resumes: &[Resume],
) -> Result<Vec<Resumed>, sqlx::Error> {
    let mut answers = Vec::with_capacity(resumes.len());
    for resume in resumes {
        answers.push(resume_one(tx, resume).await?);
    }
    if answers.contains(&Resumed::Done) {
        pulse::config_changed(tx).await?;
    }
    Ok(answers)
}

async fn resume_one(tx: &mut Transaction<'_>, resume: &Resume) -> Result<Resumed, sqlx::Error> {
    let Some(Found { schedule: Ok(mut schedule), .. }) = find(tx, &resume.schedule).await? else {
        return Ok(Resumed::Stale);
    };
    if schedule.revision != resume.revision {
        return Ok(Resumed::Stale);
    }
    if schedule.spec.paused || !schedule.resume(resume.next) {
        return Ok(Resumed::Unchanged);
    }
    if let Some(skip) = &resume.skip {
        note_skip(tx, &resume.schedule, skip).await?;
    }
    update(tx, &schedule, Claim::GivenUp).await?;
    Ok(Resumed::Done)
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

/// What becomes of the claim on a schedule that changes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Claim {
    /// It stays.
    Kept,
    /// It is given up.
    GivenUp,
    /// It ends at this instant, if there is one.
    Until(Timestamp),
}

/// Writes what can change about a schedule while its words stay.
pub(crate) async fn update(
    tx: &mut Transaction<'_>,
    schedule: &Schedule,
    claim: Claim,
) -> Result<(), sqlx::Error> {
    let now = tx.now();
    let (code, until) = match claim {
        Claim::Kept => (0_i64, None),
        Claim::GivenUp => (1, None),
        Claim::Until(until) => (2, Some(until)),
    };
    sqlx::query(UPDATE)
        .bind(schedule.spec.id.as_str())
        .bind(i64::from(schedule.revision.number()))
        .next(schedule.next)
        .at_or_null(schedule.last_fire_at)
        .bind(i64::from(schedule.fired))
        .bind(i64::from(schedule.failures))
        .bind(schedule.pause.map(|pause| i64::from(pause.reason.code())))
        .at_or_null(schedule.pause.map(|pause| pause.since))
        .at(now)
        .bind(code)
        .at_or_null(until)
        .execute(tx.connection())
        .await?;
    Ok(())
}

/// A row, and what is known of it even if it cannot be read.
pub(crate) struct Found {
    source: String,
    revision: Revision,
    /// The schedule, if it can be read.
    pub(crate) schedule: Result<Schedule, Unreadable>,
}

/// The schedule of this name.
pub(crate) async fn find(
    tx: &mut Transaction<'_>,
    id: &ScheduleId,
) -> Result<Option<Found>, sqlx::Error> {
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
const UPDATE: &str = include_str!("sql/schedule_update.sql");
const SKIP: &str = include_str!("sql/skip_insert.sql");
const QUARANTINE: &str = include_str!("sql/schedule_quarantine.sql");
