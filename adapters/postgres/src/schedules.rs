//! The rows of schedules.

use std::collections::HashMap;

use mainspring_contract::record::{ClaimSchedules, Quarantine, Remove, Schedule};
use mainspring_contract::tables::{Claim, Damaged, Done, Found, Row};
use mainspring_contract::{NodeId, ScheduleId, StoreError, StoreErrorKind};
use mainspring_core::fire::Skip;
use mainspring_core::schedule::Policies;
use mainspring_core::time::{Span, Timestamp};
use mainspring_core::trigger::Count;
use sqlx::Row as _;

use crate::columns::{self, EncodedList, SettingsList};
use crate::row::{self, RowId};
use crate::statements::{Statement, query};
use crate::transaction::Transaction;

/// The schedules of these names, locked in the order of their names.
pub(crate) async fn lock(tx: &mut Transaction<'_>, ids: &[ScheduleId]) -> Done<Vec<Option<Found>>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = tx.all(query(&tx.common.sql.schedule_lock).bind(texts(ids))).await?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in rows {
        let id: String = row.try_get(0).map_err(|error| tx.error(error))?;
        found.insert(id, row::found(&row).map_err(|error| tx.error(error))?);
    }
    Ok(ids.iter().map(|id| found.remove(id.as_str())).collect())
}

/// The schedule of this name.
pub(crate) async fn find(
    tx: &mut Transaction<'_>,
    id: &ScheduleId,
) -> Done<Option<Result<Schedule, String>>> {
    let rows = tx.all(query(&tx.common.sql.schedule_find).bind(id.as_str())).await?;
    Ok(rows.first().map(|row| row::schedule(row).map_err(|why| why.to_string())))
}

/// Adds schedules; contended, if one of these names is there by now.
pub(crate) async fn insert(tx: &mut Transaction<'_>, schedules: &[Schedule]) -> Done<()> {
    if schedules.is_empty() {
        return Ok(());
    }
    let added = tx.run(whole(query(&tx.common.sql.schedule_insert), schedules, tx.now)).await?;
    if usize::try_from(added) == Ok(schedules.len()) {
        return Ok(());
    }
    let message =
        format!("somebody else has put one of these schedules in `{}` (ask again)", tx.common.name);
    Err(StoreError::new(StoreErrorKind::Contended, message))
}

/// Writes whole schedules over locked rows.
pub(crate) async fn replace(tx: &mut Transaction<'_>, schedules: &[Schedule]) -> Done<()> {
    if !schedules.is_empty() {
        tx.run(whole(query(&tx.common.sql.schedule_replace), schedules, tx.now)).await?;
    }
    Ok(())
}

/// Binds whole schedules, column by column.
fn whole<'q>(statement: Statement<'q>, all: &[Schedule], now: Timestamp) -> Statement<'q> {
    let mut trigger = EncodedList::default();
    let mut payload = EncodedList::default();
    let mut exclude = EncodedList::default();
    let mut settings = SettingsList::default();
    for Schedule { spec, .. } in all {
        trigger.push(Some(&spec.trigger));
        payload.push(Some(&spec.payload));
        exclude.push(spec.exclusions.as_ref());
        settings.push(&spec.settings);
    }
    let tags = |schedule: &Schedule| schedule.spec.tags.as_ref().map(ToString::to_string);
    let statement = statement
        .bind(list(all, |schedule| schedule.spec.id.to_string()))
        .bind(list(all, |schedule| schedule.spec.task.to_string()))
        .bind(list(all, |schedule| schedule.spec.source.to_string()));
    let statement = exclude.bind(payload.bind(trigger.bind(statement)));
    let statement = settings.bind(policies(statement, all)).bind(list(all, tags));
    let statement = statement.bind(list(all, |schedule| schedule.spec.paused));
    let all: Vec<&Schedule> = all.iter().collect();
    progress(statement, &all).bind(now.as_micros())
}

/// `coalesce` to `max_failures`.
fn policies<'q>(statement: Statement<'q>, all: &[Schedule]) -> Statement<'q> {
    let all: Vec<&Policies> = all.iter().map(|schedule| &schedule.spec.policies).collect();
    let jitter = |policies: &&Policies| policies.jitter.map(|jitter| jitter.up_to.as_micros());
    let spread = |policies: &&Policies| policies.jitter.map(|j| i16::from(j.spread.code()));
    statement
        .bind(list(&all, |policies| i16::from(policies.coalesce.code())))
        .bind(list(&all, |policies| policies.misfire_grace.map(Span::as_micros)))
        .bind(list(&all, |policies| i32::from(policies.catch_up)))
        .bind(list(&all, jitter))
        .bind(list(&all, spread))
        .bind(list(&all, |policies| policies.slack.as_micros()))
        .bind(list(&all, |policies| i16::from(policies.overlap.code())))
        .bind(list(&all, |policies| policies.limit.map(i64::from)))
        .bind(list(&all, |policies| policies.after_run.map(Span::as_micros)))
        .bind(list(&all, |policies| policies.max_failures.map(i32::from)))
}

/// `revision` to `pause_since_us`.
fn progress<'q>(statement: Statement<'q>, all: &[&Schedule]) -> Statement<'q> {
    let reason = |schedule: &&Schedule| schedule.pause.map(|p| i16::from(p.reason.code()));
    statement
        .bind(list(all, |schedule| i64::from(schedule.revision.number())))
        .bind(list(all, |schedule| columns::next(schedule.next).0))
        .bind(list(all, |schedule| columns::next(schedule.next).1))
        .bind(list(all, |schedule| columns::at(schedule.last_fire_at)))
        .bind(list(all, |schedule| i64::from(schedule.fired)))
        .bind(list(all, |schedule| i32::from(schedule.failures)))
        .bind(list(all, reason))
        .bind(list(all, |schedule| columns::at(schedule.pause.map(|pause| pause.since))))
}

/// One column.
fn list<T, V>(all: &[T], value: impl FnMut(&T) -> V) -> Vec<V> {
    all.iter().map(value).collect()
}

/// Writes what can change about schedules while their words stay.
pub(crate) async fn update(tx: &mut Transaction<'_>, schedules: &[(Schedule, Claim)]) -> Done<()> {
    if schedules.is_empty() {
        return Ok(());
    }
    let claims = schedules.iter().map(|(_, claim)| match *claim {
        Claim::Kept => (0_i16, None),
        Claim::GivenUp => (1, None),
        Claim::Until(at) => (2, Some(at.as_micros())),
    });
    let (claims, until): (Vec<_>, Vec<_>) = claims.unzip();
    let all: Vec<&Schedule> = schedules.iter().map(|(schedule, _)| schedule).collect();
    let statement = query(&tx.common.sql.schedule_update)
        .bind(list(&all, |schedule| schedule.spec.id.as_str()));
    let statement = progress(statement, &all).bind(claims).bind(until).bind(tx.now.as_micros());
    tx.run(statement).await?;
    Ok(())
}

/// Removes schedules; the names of those that were there.
pub(crate) async fn remove(tx: &mut Transaction<'_>, remove: &Remove<'_>) -> Done<Vec<ScheduleId>> {
    let statement = match remove {
        Remove::Named(ids) => query(&tx.common.sql.schedule_remove_named).bind(texts(ids)),
        Remove::SourceExcept(source, kept) => query(&tx.common.sql.schedule_remove_source)
            .bind(source.as_str().to_owned())
            .bind(texts(kept)),
    };
    let rows = tx.all(statement).await?;
    let names =
        rows.iter().filter_map(|row| ScheduleId::try_from(row.try_get::<&str, _>(0).ok()?).ok());
    Ok(names.collect())
}

/// Claims schedules that come due, the earliest first.
pub(crate) async fn claim(
    tx: &mut Transaction<'_>,
    claim: &ClaimSchedules,
    max: u32,
) -> Done<Vec<Row<Schedule, RowId>>> {
    let now = tx.now;
    let statement = query(&tx.common.sql.schedule_claim)
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

/// Puts rows that cannot be read into quarantine, which ends the claims that were just made.
pub(crate) async fn set_aside(tx: &mut Transaction<'_>, rows: &[Damaged<RowId>]) -> Done<()> {
    let bad = rows.iter().filter_map(|row| match &row.row {
        RowId::Schedule(id) => Some((id.as_str(), row.why.as_str())),
        RowId::Job(_) => None,
    });
    let (ids, reasons): (Vec<_>, Vec<_>) = bad.unzip();
    if ids.is_empty() {
        return Ok(());
    }
    let statement =
        query(&tx.common.sql.schedule_set_aside).bind(ids).bind(reasons).bind(tx.now.as_micros());
    tx.run(statement).await?;
    Ok(())
}

/// Takes schedules of these revisions out of service; whether there were any.
pub(crate) async fn quarantine(tx: &mut Transaction<'_>, quarantines: &[Quarantine]) -> Done<bool> {
    if quarantines.is_empty() {
        return Ok(false);
    }
    let statement = query(&tx.common.sql.schedule_quarantine)
        .bind(quarantines.iter().map(|item| item.schedule.as_str()).collect::<Vec<_>>())
        .bind(quarantines.iter().map(|item| i64::from(item.revision.number())).collect::<Vec<_>>())
        .bind(quarantines.iter().map(|item| columns::text(&item.reason)).collect::<Vec<_>>())
        .bind(tx.now.as_micros());
    Ok(tx.run(statement).await? > 0)
}

/// Ends the claims of a node.
pub(crate) async fn drop_claims(tx: &mut Transaction<'_>, node: &NodeId) -> Done<()> {
    tx.run(query(&tx.common.sql.schedule_drop_claims).bind(node.as_str())).await?;
    Ok(())
}

/// Adds records of fires that did not become jobs.
pub(crate) async fn note_skips(tx: &mut Transaction<'_>, skips: &[(ScheduleId, Skip)]) -> Done<()> {
    if skips.is_empty() {
        return Ok(());
    }
    let count = |count: &Count| i64::try_from(count.value()).unwrap_or(i64::MAX);
    let at_least = |count: &Count| matches!(count, Count::AtLeast(_));
    let statement = query(&tx.common.sql.skip_insert)
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
