//! The rows of schedules.

use std::collections::HashMap;

use mainspring_contract::record::{ClaimSchedules, Quarantine, Remove, Schedule};
use mainspring_contract::tables::{Claim, Damaged, Done, Found, Row};
use mainspring_contract::{NodeId, ScheduleId};
use mainspring_core::fire::Skip;
use mainspring_core::settings::{Backoff, Settings, Timeout};
use mainspring_core::time::{Span, Timestamp};
use mainspring_core::trigger::Count;
use sqlx::Row as _;

use crate::columns;
use crate::row::{self, RowId};
use crate::statements::{Statement, query};
use crate::transaction::{Link, Transaction};

/// The schedules of these names, locked in the order of their names.
pub(crate) async fn lock<C: Link>(
    tx: &mut Transaction<C>,
    ids: &[ScheduleId],
) -> Done<Vec<Option<Found>>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = tx.all(query(&tx.sql.schedule_lock).bind(texts(ids))).await?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in rows {
        let id: String = row.try_get(0).map_err(|error| tx.error(error))?;
        found.insert(id, row::found(&row).map_err(|error| tx.error(error))?);
    }
    Ok(ids.iter().map(|id| found.remove(id.as_str())).collect())
}

/// The schedule of this name.
pub(crate) async fn find<C: Link>(
    tx: &mut Transaction<C>,
    id: &ScheduleId,
) -> Done<Option<Result<Schedule, String>>> {
    let rows = tx.all(query(&tx.sql.schedule_find).bind(id.as_str())).await?;
    Ok(rows.first().map(|row| row::schedule(row).map_err(|why| why.to_string())))
}

/// Writes whole schedules, new ones and over old ones.
pub(crate) async fn write<C: Link>(tx: &mut Transaction<C>, schedules: &[Schedule]) -> Done<()> {
    let now = tx.now;
    for schedule in schedules {
        tx.run(whole(query(&tx.sql.schedule_put), schedule, now)).await?;
    }
    Ok(())
}

/// Binds a whole schedule.
fn whole<'q>(statement: Statement<'q>, schedule: &Schedule, now: Timestamp) -> Statement<'q> {
    let spec = &schedule.spec;
    let policies = &spec.policies;
    let exclude = spec.exclusions.as_ref();
    let (next_kind, next_at) = columns::next(schedule.next);
    let statement = statement
        .bind(spec.id.as_str().to_owned())
        .bind(spec.task.as_str().to_owned())
        .bind(spec.source.as_str().to_owned())
        .bind(i16::from(spec.trigger.format.code()))
        .bind(i32::from(spec.trigger.version))
        .bind(spec.trigger.bytes.to_vec())
        .bind(i16::from(spec.payload.format.code()))
        .bind(i32::from(spec.payload.version))
        .bind(spec.payload.bytes.to_vec())
        .bind(exclude.map(|value| i16::from(value.format.code())))
        .bind(exclude.map(|value| i32::from(value.version)))
        .bind(exclude.map(|value| value.bytes.to_vec()))
        .bind(i16::from(policies.coalesce.code()))
        .bind(policies.misfire_grace.map(Span::as_micros))
        .bind(i32::from(policies.catch_up))
        .bind(policies.jitter.map(|jitter| jitter.up_to.as_micros()))
        .bind(policies.jitter.map(|jitter| i16::from(jitter.spread.code())))
        .bind(policies.slack.as_micros())
        .bind(i16::from(policies.overlap.code()))
        .bind(policies.limit.map(i64::from))
        .bind(policies.after_run.map(Span::as_micros))
        .bind(policies.pause_after.map(i32::from));
    settings(statement, &spec.settings)
        .bind(spec.tags.as_ref().map(ToString::to_string))
        .bind(spec.paused)
        .bind(i64::from(schedule.revision.number()))
        .bind(next_kind)
        .bind(next_at)
        .bind(columns::at(schedule.last_fire_at))
        .bind(i64::from(schedule.fired))
        .bind(i32::from(schedule.failures))
        .bind(schedule.pause.map(|pause| i16::from(pause.reason.code())))
        .bind(columns::at(schedule.pause.map(|pause| pause.since)))
        .bind(now.as_micros())
}

fn settings<'q>(statement: Statement<'q>, settings: &Settings) -> Statement<'q> {
    let backoff = settings.retry.map(|retry| match retry.backoff {
        Backoff::Fixed(span) => (0_i16, span, span),
        Backoff::Exponential { first, max } => (1, first, max),
        Backoff::Linear { first, max } => (2, first, max),
    });
    let timeout_us = |timeout: Timeout| timeout.span().map_or(0, |span| span.as_micros().max(1));
    statement
        .bind(settings.priority.map(|priority| i16::from(priority.number())))
        .bind(settings.timeout.map(timeout_us))
        .bind(settings.retry.map(|retry| i32::from(retry.max)))
        .bind(backoff.map(|(kind, _, _)| kind))
        .bind(backoff.map(|(_, first, _)| first.as_micros()))
        .bind(backoff.map(|(_, _, max)| max.as_micros()))
        .bind(settings.retry.map(|retry| i16::from(retry.jitter)))
        .bind(settings.max_rescues.map(i32::from))
}

/// Writes what can change about schedules while their words stay.
pub(crate) async fn update<C: Link>(
    tx: &mut Transaction<C>,
    schedules: &[(Schedule, Claim)],
) -> Done<()> {
    if schedules.is_empty() {
        return Ok(());
    }
    let all = || schedules.iter().map(|(schedule, _)| schedule);
    let next: Vec<_> = all().map(|schedule| columns::next(schedule.next)).collect();
    let claims = schedules.iter().map(|(_, claim)| match *claim {
        Claim::Kept => (0_i16, None),
        Claim::GivenUp => (1, None),
        Claim::Until(at) => (2, Some(at.as_micros())),
    });
    let (claims, until): (Vec<_>, Vec<_>) = claims.unzip();
    let statement = query(&tx.sql.schedule_update)
        .bind(all().map(|schedule| schedule.spec.id.as_str()).collect::<Vec<_>>())
        .bind(all().map(|schedule| i64::from(schedule.revision.number())).collect::<Vec<_>>())
        .bind(next.iter().map(|next| next.0).collect::<Vec<_>>())
        .bind(next.iter().map(|next| next.1).collect::<Vec<_>>())
        .bind(all().map(|schedule| columns::at(schedule.last_fire_at)).collect::<Vec<_>>())
        .bind(all().map(|schedule| i64::from(schedule.fired)).collect::<Vec<_>>())
        .bind(all().map(|schedule| i32::from(schedule.failures)).collect::<Vec<_>>())
        .bind(
            all()
                .map(|schedule| schedule.pause.map(|pause| i16::from(pause.reason.code())))
                .collect::<Vec<_>>(),
        )
        .bind(
            all()
                .map(|schedule| columns::at(schedule.pause.map(|pause| pause.since)))
                .collect::<Vec<_>>(),
        )
        .bind(claims)
        .bind(until)
        .bind(tx.now.as_micros());
    tx.run(statement).await?;
    Ok(())
}

/// Removes schedules; the names of those that were there.
pub(crate) async fn remove<C: Link>(
    tx: &mut Transaction<C>,
    remove: &Remove<'_>,
) -> Done<Vec<ScheduleId>> {
    let statement = match remove {
        Remove::Named(ids) => query(&tx.sql.schedule_remove_named).bind(texts(ids)),
        Remove::SourceExcept(source, kept) => query(&tx.sql.schedule_remove_source)
            .bind(source.as_str().to_owned())
            .bind(texts(kept)),
    };
    let rows = tx.all(statement).await?;
    let names =
        rows.iter().filter_map(|row| ScheduleId::try_from(row.try_get::<&str, _>(0).ok()?).ok());
    Ok(names.collect())
}

/// Whether a claim would find anything.
pub(crate) async fn any_due<C: Link>(tx: &mut Transaction<C>, claim: &ClaimSchedules) -> Done<bool> {
    if claim.max == 0 {
        return Ok(false);
    }
    let now = tx.now;
    let statement = query(&tx.sql.schedule_any_due)
        .bind((now + claim.within).as_micros())
        .bind(now.as_micros());
    let row = tx.one(statement).await?;
    row.try_get(0).map_err(|error| tx.error(error))
}

/// Claims schedules that come due, the earliest first.
pub(crate) async fn claim<C: Link>(
    tx: &mut Transaction<C>,
    claim: &ClaimSchedules,
    max: u32,
) -> Done<Vec<Row<Schedule, RowId>>> {
    let now = tx.now;
    let statement = query(&tx.sql.schedule_claim)
        .bind((now + claim.within).as_micros())
        .bind(now.as_micros())
        .bind(claim.node.as_str())
        .bind((now + claim.claim_for).as_micros())
        .bind(i64::from(max));
    let rows = tx.all(statement).await?;
    let claimed = rows.iter().map(row::schedule_or_damaged).collect::<Result<Vec<_>, _>>();
    let mut claimed = claimed.map_err(|error| tx.error(error))?;
    claimed.sort_by(|a, b| {
        let place = |row: &Row<Schedule, RowId>| match row {
            Ok(schedule) => schedule.next.at(),
            Err(_) => None,
        };
        let name = |row: &Row<Schedule, RowId>| match row {
            Ok(schedule) => Some(schedule.spec.id.clone()),
            Err(_) => None,
        };
        place(a).cmp(&place(b)).then_with(|| name(a).cmp(&name(b)))
    });
    Ok(claimed)
}

/// Puts rows that cannot be read into quarantine; that ends their claims, too.
pub(crate) async fn set_aside<C: Link>(
    tx: &mut Transaction<C>,
    rows: &[Damaged<RowId>],
) -> Done<()> {
    let bad = rows.iter().filter_map(|row| match &row.row {
        RowId::Schedule(id) => Some((id.as_str(), row.why.as_str())),
        RowId::Job(_) => None,
    });
    let (ids, reasons): (Vec<_>, Vec<_>) = bad.unzip();
    if ids.is_empty() {
        return Ok(());
    }
    let statement =
        query(&tx.sql.schedule_set_aside).bind(ids).bind(reasons).bind(tx.now.as_micros());
    tx.run(statement).await?;
    Ok(())
}

/// Takes schedules of these revisions out of service; whether there were any.
pub(crate) async fn quarantine<C: Link>(
    tx: &mut Transaction<C>,
    quarantines: &[Quarantine],
) -> Done<bool> {
    if quarantines.is_empty() {
        return Ok(false);
    }
    let statement = query(&tx.sql.schedule_quarantine)
        .bind(quarantines.iter().map(|item| item.schedule.as_str()).collect::<Vec<_>>())
        .bind(quarantines.iter().map(|item| i64::from(item.revision.number())).collect::<Vec<_>>())
        .bind(quarantines.iter().map(|item| item.reason.as_str()).collect::<Vec<_>>())
        .bind(tx.now.as_micros());
    Ok(tx.run(statement).await? > 0)
}

/// Ends the claims of a node.
pub(crate) async fn drop_claims<C: Link>(tx: &mut Transaction<C>, node: &NodeId) -> Done<()> {
    tx.run(query(&tx.sql.schedule_drop_claims).bind(node.as_str())).await?;
    Ok(())
}

/// Adds records of fires that did not become jobs.
pub(crate) async fn note_skips<C: Link>(
    tx: &mut Transaction<C>,
    skips: &[(ScheduleId, Skip)],
) -> Done<()> {
    if skips.is_empty() {
        return Ok(());
    }
    let count = |count: &Count| i64::try_from(count.value()).unwrap_or(i64::MAX);
    let at_least = |count: &Count| matches!(count, Count::AtLeast(_));
    let statement = query(&tx.sql.skip_insert)
        .bind(skips.iter().map(|(schedule, _)| schedule.as_str()).collect::<Vec<_>>())
        .bind(skips.iter().map(|(_, skip)| i16::from(skip.reason.code())).collect::<Vec<_>>())
        .bind(skips.iter().map(|(_, skip)| skip.from.as_micros()).collect::<Vec<_>>())
        .bind(skips.iter().map(|(_, skip)| skip.to.as_micros()).collect::<Vec<_>>())
        .bind(skips.iter().map(|(_, skip)| count(&skip.count)).collect::<Vec<_>>())
        .bind(skips.iter().map(|(_, skip)| at_least(&skip.count)).collect::<Vec<_>>())
        .bind(tx.now.as_micros());
    tx.run(statement).await?;
    Ok(())
}

/// Names as texts.
pub(crate) fn texts(ids: &[ScheduleId]) -> Vec<&str> {
    ids.iter().map(ScheduleId::as_str).collect()
}
