//! The rows of schedules.

use std::collections::{HashMap, HashSet};

use mainspring_contract::record::{ClaimSchedules, Quarantine, Remove, Schedule};
use mainspring_contract::tables::{Claim, Damaged, Done, Found};
use mainspring_contract::{NodeId, ScheduleId};
use mainspring_core::fire::Skip;
use mainspring_sql::column::{Cells, Columns};
use mainspring_sql::json::JsonRows;
use mainspring_sql::{read, write};

use crate::error;
use crate::row::{Cols, Values};
use crate::statements::{padded, parts};
use crate::transaction::{Id, Transaction};

/// The schedules of these names, locked.
pub(crate) async fn lock(tx: &mut Transaction<'_>, ids: &[ScheduleId]) -> Done<Vec<Option<Found>>> {
    let mut found = HashMap::with_capacity(ids.len());
    for list in padded(ids) {
        let text = tx.common.sql.schedule_lock.repeated(list.len());
        let statement = list.iter().fold(text, |s, id| s.bind(id.as_str()));
        for row in tx.all(statement).await? {
            let row = Cols(&row);
            found.insert(row.lossy("id"), read::found(&row));
        }
    }
    Ok(ids.iter().map(|id| found.remove(id.as_str())).collect())
}

/// Adds schedules.
pub(crate) async fn insert(tx: &mut Transaction<'_>, schedules: &[Schedule]) -> Done<()> {
    let (now, max_packet) = (tx.now(), tx.common.max_packet);
    for part in parts(schedules, max_packet, bytes) {
        refuse_too_long(tx, part)?;
        let mut values = Values::default();
        for schedule in part {
            write::schedule(schedule, &mut values);
            values.int(Some(now.as_micros()));
            values.int(Some(now.as_micros()));
        }
        let statement = tx.common.sql.schedule_insert.rows(part.len(), values);
        tx.execute(statement).await?;
    }
    Ok(())
}

/// Writes whole schedules over locked rows.
pub(crate) async fn replace(tx: &mut Transaction<'_>, schedules: &[Schedule]) -> Done<()> {
    let now = tx.now();
    refuse_too_long(tx, schedules)?;
    for schedule in schedules {
        let mut values = Values::default();
        write::schedule(schedule, &mut values);
        values.int(Some(now.as_micros()));
        values.text(Some(schedule.spec.id.as_str()));
        let statement = tx.common.sql.schedule_replace.rows(1, values);
        tx.execute(statement).await?;
    }
    Ok(())
}

/// About how many bytes of a packet a schedule takes.
fn bytes(schedule: &Schedule) -> usize {
    let spec = &schedule.spec;
    let exclusions = spec.exclusions.as_ref().map_or(0, |value| value.bytes.len());
    ROW_BYTES + spec.trigger.bytes.len() + spec.payload.bytes.len() + exclusions
}

fn refuse_too_long(tx: &Transaction<'_>, schedules: &[Schedule]) -> Done<()> {
    let max_packet = tx.common.max_packet;
    match schedules.iter().find(|schedule| bytes(schedule) > max_packet) {
        Some(long) => {
            let what = format!("schedule `{}`", long.spec.id);
            Err(error::too_long(&tx.common.name, &what, bytes(long), max_packet))
        }
        None => Ok(()),
    }
}

/// Writes what can change about schedules while their words stay.
pub(crate) async fn update(tx: &mut Transaction<'_>, schedules: &[(Schedule, Claim)]) -> Done<()> {
    let rows = JsonRows::of(schedules, |(schedule, claim), row| {
        write::schedule_update(schedule, *claim, row);
    });
    let statement = tx.common.sql.schedule_update.query();
    let statement = statement.bind(rows.into_parts().0).bind(tx.now().as_micros());
    tx.execute(statement).await?;
    Ok(())
}

/// Removes schedules; the names of those that were there.
pub(crate) async fn remove(tx: &mut Transaction<'_>, remove: &Remove<'_>) -> Done<Vec<ScheduleId>> {
    let named: Vec<ScheduleId> = match remove {
        Remove::Named(ids) => {
            let mut ids = ids.to_vec();
            ids.sort_unstable();
            ids.dedup();
            let found = lock(tx, &ids).await?;
            ids.into_iter().zip(found).filter_map(|(id, found)| found.map(|_| id)).collect()
        }
        Remove::SourceExcept(source, kept) => {
            let kept: HashSet<_> = kept.iter().map(|id| id.as_str().to_owned()).collect();
            let statement = tx.common.sql.schedule_source.query().bind(source.as_str());
            let names = tx.all(statement).await?.into_iter().map(|row| Cols(&row).lossy("id"));
            let gone = names.filter(|name| !kept.contains(name));
            gone.filter_map(|name| ScheduleId::new(name).ok()).collect()
        }
    };
    for list in padded(&named) {
        let text = tx.common.sql.schedule_remove.repeated(list.len());
        let statement = list.iter().fold(text, |s, id| s.bind(id.as_str()));
        tx.execute(statement).await?;
    }
    Ok(named)
}

/// Claims schedules that come due.
pub(crate) async fn claim(
    tx: &mut Transaction<'_>,
    claim: &ClaimSchedules,
    max: u32,
) -> Done<Vec<Result<Schedule, Damaged<Id>>>> {
    let now = tx.now();
    let statement = tx.common.sql.schedule_due.query();
    let statement =
        statement.bind((now + claim.within).as_micros()).bind(now.as_micros()).bind(i64::from(max));
    let rows = tx.all(statement).await?;
    let found: Vec<_> = rows.iter().map(|row| schedule(&Cols(row))).collect();
    let ids: Vec<_> = found.iter().flatten().map(|schedule| schedule.spec.id.clone()).collect();
    for list in padded(&ids) {
        let text = tx.common.sql.schedule_claim.repeated(list.len());
        let statement = text.bind(claim.node.as_str()).bind((now + claim.claim_for).as_micros());
        let statement = list.iter().fold(statement, |s, id| s.bind(id.as_str()));
        tx.execute(statement).await?;
    }
    Ok(found)
}

fn schedule(row: &Cols<'_>) -> Result<Schedule, Damaged<Id>> {
    read::schedule(row).map_err(|why| Damaged {
        row: row.raw("id"),
        watched_by: None,
        why: why.to_string(),
    })
}

/// Puts rows that cannot be read into quarantine.
pub(crate) async fn set_aside(tx: &mut Transaction<'_>, rows: &[Damaged<Id>]) -> Done<()> {
    let now = tx.now().as_micros();
    for row in rows {
        // The bytes are compared as the text that they are in the table.
        let id = String::from_utf8_lossy(&row.row);
        let statement = tx.common.sql.schedule_set_aside.query();
        let statement = statement.bind(row.why.as_str()).bind(now).bind(id.as_ref());
        tx.execute(statement).await?;
    }
    Ok(())
}

/// Takes schedules of these revisions out of service; whether there were any.
pub(crate) async fn quarantine(tx: &mut Transaction<'_>, quarantines: &[Quarantine]) -> Done<bool> {
    let now = tx.now().as_micros();
    let mut changed = false;
    for quarantine in quarantines {
        let statement = tx.common.sql.schedule_quarantine.query();
        let statement = statement
            .bind(quarantine.reason.as_str())
            .bind(now)
            .bind(quarantine.schedule.as_str())
            .bind(i64::from(quarantine.revision.number()));
        changed |= tx.execute(statement).await? > 0;
    }
    Ok(changed)
}

/// Ends the claims of a node.
pub(crate) async fn drop_claims(tx: &mut Transaction<'_>, node: &NodeId) -> Done<()> {
    let statement = tx.common.sql.schedule_drop_claims.query().bind(node.as_str());
    tx.execute(statement).await?;
    Ok(())
}

/// Adds records of fires that did not become jobs.
pub(crate) async fn note_skips(tx: &mut Transaction<'_>, skips: &[(ScheduleId, Skip)]) -> Done<()> {
    let now = tx.now().as_micros();
    for part in parts(skips, usize::MAX, |_| 1) {
        let mut values = Values::default();
        for skip in part {
            write::skip(skip, &mut values);
            values.int(Some(now));
        }
        let statement = tx.common.sql.skip_insert.rows(part.len(), values);
        tx.execute(statement).await?;
    }
    Ok(())
}

/// What a row takes besides its encoded values, at most, and rounded up.
const ROW_BYTES: usize = 8 << 10;
