//! The documents of schedules.

use std::collections::HashMap;

use mainspring_contract::record::{ClaimSchedules, Quarantine, Remove, Schedule};
use mainspring_contract::tables::{Claim, Damaged, Done, Found};
use mainspring_contract::{NodeId, ScheduleId};
use mainspring_core::fire::Skip;
use mainspring_core::schedule::Next;
use mainspring_core::time::Timestamp;
use mainspring_sql::column::{Cells, Columns};
use mainspring_sql::{read, write};
use mongodb::bson::{Bson, Document, RawDocumentBuf, cstr, doc};

use crate::document::{Fields, Row, SCHEDULE, SKIP, texts};
use crate::transaction::{BATCH, Id, Transaction, every, one};
use crate::{crowd, error};

/// The schedules of these names, locked.
pub(crate) async fn lock(tx: &mut Transaction<'_>, ids: &[ScheduleId]) -> Done<Vec<Option<Found>>> {
    let command = doc! {
        "find": &tx.common.collections.schedules,
        "filter": { "_id": { "$in": texts(ids.iter().map(ScheduleId::as_str)) } },
        "batchSize": BATCH,
    };
    let mut found = HashMap::with_capacity(ids.len());
    for row in tx.find(command).await? {
        let row = Row::new(&row);
        let name = row.lossy("id");
        let until = row.int("claimed_until_us").ok().flatten();
        let node = row.text("claimed_by").ok().flatten().map(str::to_owned);
        tx.made.claims.insert(name.clone(), (node, until));
        tx.owed.schedules.insert(name.clone());
        let mut schedule = read::found(&row);
        if let Err(why) = row.of_known_shape() {
            schedule.schedule = Err(why.to_string());
        }
        found.insert(name, schedule);
    }
    Ok(ids.iter().map(|id| found.remove(id.as_str())).collect())
}

/// The schedule of a document.
pub(crate) fn schedule(row: &Row<'_>) -> mainspring_sql::column::Read<Schedule> {
    row.of_known_shape().and_then(|()| read::schedule(row))
}

/// Adds schedules.
pub(crate) async fn insert(tx: &mut Transaction<'_>, schedules: &[Schedule]) -> Done<()> {
    let rows = schedules.iter().map(|schedule| whole(schedule, tx.now())).collect();
    let collection = tx.common.collections.schedules.clone();
    tx.insert(&collection, rows).await
}

/// Writes whole schedules over locked documents.
pub(crate) async fn replace(tx: &mut Transaction<'_>, schedules: &[Schedule]) -> Done<()> {
    let mut changes = Vec::with_capacity(schedules.len());
    for schedule in schedules {
        let name = schedule.spec.id.as_str();
        let row = Document::try_from(whole(schedule, tx.now()));
        let row = row.map_err(|why| error::unreadable(&tx.common.name, &why.to_string()))?;
        changes.push(one(doc! { "_id": name }, row));
        tx.owed.schedules.remove(name);
        tx.made.claims.remove(name);
    }
    let collection = tx.common.collections.schedules.clone();
    tx.update(&collection, changes).await?;
    Ok(())
}

fn whole(schedule: &Schedule, now: Timestamp) -> RawDocumentBuf {
    let mut fields = Fields::new(SCHEDULE);
    write::schedule(schedule, &mut fields);
    fields.also(cstr!("updated_at_us"), Some(now.as_micros()));
    let open = open_at(schedule);
    fields.also(cstr!("open_at_us"), open);
    fields.also(cstr!("due_at_us"), open);
    fields.done()
}

/// The cursor of a schedule that fires as it stands.
fn open_at(schedule: &Schedule) -> Option<i64> {
    let fires = !schedule.is_paused() && schedule.quarantine.is_none();
    schedule.next.at().filter(|_| fires).map(Timestamp::as_micros)
}

/// Writes what can change about schedules while their words stay.
pub(crate) async fn update(tx: &mut Transaction<'_>, schedules: &[(Schedule, Claim)]) -> Done<()> {
    let mut changes = Vec::with_capacity(schedules.len());
    for (schedule, claim) in schedules {
        let name = schedule.spec.id.as_str();
        let before = tx.made.claims.remove(name).unwrap_or_default();
        let (node, until) = match (claim, before) {
            (Claim::Kept, before) => before,
            (Claim::GivenUp, _) => (None, None),
            (Claim::Until(until), (Some(node), _)) => (Some(node), Some(until.as_micros())),
            (Claim::Until(_), (None, _)) => (None, None),
        };
        let open = open_at(schedule);
        let mut change = Change::default();
        change.number("revision", Some(schedule.revision.number()));
        change.number("next_kind", Some(next_kind(schedule.next)));
        change.number("next_at_us", schedule.next.at().map(Timestamp::as_micros));
        change.number("last_fire_at_us", schedule.last_fire_at.map(Timestamp::as_micros));
        change.number("fired", Some(schedule.fired));
        change.number("failures", Some(schedule.failures));
        change.number("pause_reason", schedule.pause.map(|pause| pause.reason.code()));
        change.number("pause_since_us", schedule.pause.map(|pause| pause.since.as_micros()));
        change.number("updated_at_us", Some(tx.now().as_micros()));
        change.number("claimed_until_us", until);
        change.number("open_at_us", open);
        change.number("due_at_us", open.map(|open| open.max(until.unwrap_or(open))));
        change.value("claimed_by", node.clone().map(Bson::from));
        changes.push(change.of(name));
        tx.owed.schedules.remove(name);
        tx.made.claims.insert(name.to_owned(), (node, until));
    }
    let collection = tx.common.collections.schedules.clone();
    tx.update(&collection, changes).await?;
    Ok(())
}

const fn next_kind(next: Next) -> i64 {
    match next {
        Next::At(_) => 0,
        Next::AfterRun => 1,
        Next::Done => 2,
    }
}

/// What a document says from now on, and which fields it has no longer.
#[derive(Default)]
struct Change {
    set: Document,
    unset: Document,
}

impl Change {
    fn number(&mut self, field: &str, number: Option<impl Into<i64>>) {
        self.value(field, number.map(|number| Bson::from(number.into())));
    }

    fn value(&mut self, field: &str, value: Option<Bson>) {
        match value {
            Some(value) => drop(self.set.insert(field, value)),
            None => drop(self.unset.insert(field, "")),
        }
    }

    fn of(self, name: &str) -> Document {
        let Self { set, unset } = self;
        let change = doc! { "$set": set, "$unset": unset, "$inc": { "lk": 1_i64 } };
        one(doc! { "_id": name }, change)
    }
}

/// Removes schedules; the names of those that were there.
pub(crate) async fn remove(tx: &mut Transaction<'_>, remove: &Remove<'_>) -> Done<Vec<ScheduleId>> {
    let names = |ids: &[ScheduleId]| texts(ids.iter().map(ScheduleId::as_str));
    let filter = match remove {
        Remove::Named(ids) => doc! { "_id": { "$in": names(ids) } },
        Remove::SourceExcept(source, kept) => {
            doc! { "source": source.as_str(), "_id": { "$nin": names(kept) } }
        }
    };
    let collection = tx.common.collections.schedules.clone();
    let command = doc! {
        "find": &collection, "filter": filter, "projection": { "_id": 1 }, "sort": { "_id": 1 },
        "batchSize": BATCH,
    };
    let rows = tx.find(command).await?;
    let name = |row: &RawDocumentBuf| ScheduleId::new(Row::new(row).lossy("id")).ok();
    let there: Vec<ScheduleId> = rows.iter().filter_map(name).collect();
    if !there.is_empty() {
        tx.delete(&collection, vec![doc! { "_id": { "$in": names(&there) } }]).await?;
    }
    Ok(there)
}

/// Claims schedules that come due.
pub(crate) async fn claim(
    tx: &mut Transaction<'_>,
    claim: &ClaimSchedules,
    max: u32,
) -> Done<Vec<Result<Schedule, Damaged<Id>>>> {
    let now = tx.now();
    let collection = tx.common.collections.schedules.clone();
    let live = doc! { "$gt": now.as_micros() };
    let mut filter = doc! {
        "open_at_us": { "$lte": (now + claim.within).as_micros() },
        "claimed_until_us": { "$not": live },
    };
    if !tx.made.seen.is_empty() {
        filter.insert("_id", doc! { "$nin": tx.made.seen.clone() });
    }
    let command = doc! {
        "find": &collection, "filter": filter, "sort": { "open_at_us": 1, "_id": 1 },
        "limit": i64::from(max), "batchSize": BATCH,
    };
    let rows = tx.find(command).await?;
    let ids: Vec<Bson> = rows.iter().map(|row| Row::new(row).raw_id()).collect();
    tx.made.seen.extend(ids.iter().cloned());
    let free = crowd::avoid(tx, &collection, ids, &[]).await?;
    let (mut found, mut changes) = (Vec::with_capacity(rows.len()), Vec::new());
    let until = (now + claim.claim_for).as_micros();
    for row in &rows {
        let row = Row::new(row);
        if !free.contains(&row.raw_id()) {
            continue;
        }
        let schedule = schedule(&row);
        if let Ok(schedule) = &schedule {
            let open = row.int("open_at_us").ok().flatten().unwrap_or(until);
            let set = doc! {
                "claimed_by": claim.node.as_str(), "claimed_until_us": until,
                "due_at_us": open.max(until),
            };
            let change = doc! { "$set": set, "$inc": { "lk": 1_i64 } };
            changes.push(one(doc! { "_id": schedule.spec.id.as_str() }, change));
        }
        found.push(schedule.map_err(|why| Damaged {
            row: row.raw_id(),
            watched_by: None,
            why: why.to_string(),
        }));
    }
    if !changes.is_empty() {
        let changes: Vec<Bson> = changes.into_iter().map(Bson::Document).collect();
        let command = doc! { "update": collection, "updates": changes };
        tx.try_run(command).await.map_err(|why| {
            if error::is_conflict(&why) {
                tx.common.crowd.suspect(&free);
            }
            tx.failed(why)
        })?;
    }
    Ok(found)
}

/// Puts documents that cannot be read into quarantine.
pub(crate) async fn set_aside(tx: &mut Transaction<'_>, rows: &[Damaged<Id>]) -> Done<()> {
    let now = tx.now().as_micros();
    let changes = rows.iter().map(|row| {
        let next = doc! { "$mod": [{ "$add": ["$revision", 1_i64] }, 1_i64 << 32] };
        let revision = doc! { "$cond": [{ "$isNumber": "$revision" }, next, 0_i64] };
        let set = doc! {
            "quarantine": { "$literal": row.why.as_str() }, "revision": revision,
            "updated_at_us": now,
        };
        let change = vec![
            Bson::Document(doc! { "$set": set }),
            Bson::Document(doc! { "$unset": GONE.to_vec() }),
        ];
        every(doc! { "_id": { "$eq": &row.row } }, change)
    });
    let (collection, changes) = (tx.common.collections.schedules.clone(), changes.collect());
    tx.update(&collection, changes).await?;
    Ok(())
}

/// Takes schedules of these revisions out of service; whether there were any.
pub(crate) async fn quarantine(tx: &mut Transaction<'_>, quarantines: &[Quarantine]) -> Done<bool> {
    let now = tx.now().as_micros();
    let changes = quarantines.iter().map(|quarantine| {
        let revision = quarantine.revision.number();
        let filter = doc! { "_id": quarantine.schedule.as_str(), "revision": i64::from(revision) };
        let set = doc! {
            "quarantine": quarantine.reason.as_str(), "updated_at_us": now,
            "revision": i64::from(revision.wrapping_add(1)),
        };
        let unset: Document =
            GONE.iter().map(|field| ((*field).to_owned(), Bson::from(""))).collect();
        one(filter, doc! { "$set": set, "$unset": unset, "$inc": { "lk": 1_i64 } })
    });
    let (collection, changes) = (tx.common.collections.schedules.clone(), changes.collect());
    Ok(tx.update(&collection, changes).await? > 0)
}

/// Ends the claims of a node.
pub(crate) async fn drop_claims(tx: &mut Transaction<'_>, node: &NodeId) -> Done<()> {
    let change = vec![
        Bson::Document(doc! { "$set": { "due_at_us": "$open_at_us" } }),
        Bson::Document(doc! { "$unset": ["claimed_by", "claimed_until_us"] }),
    ];
    let change = every(doc! { "claimed_by": node.as_str() }, change);
    let collection = tx.common.collections.schedules.clone();
    tx.update(&collection, vec![change]).await?;
    Ok(())
}

/// Adds records of fires that did not become jobs.
pub(crate) async fn note_skips(tx: &mut Transaction<'_>, skips: &[(ScheduleId, Skip)]) -> Done<()> {
    let (now, first) = (tx.now().as_micros(), tx.numbers(skips.len()).await?);
    let rows = skips.iter().zip(first..).map(|(skip, seq)| {
        let mut fields = Fields::new(SKIP);
        fields.int(Some(seq));
        write::skip(skip, &mut fields);
        fields.int(Some(now));
        fields.done()
    });
    let (collection, rows) = (tx.common.collections.skips.clone(), rows.collect());
    tx.insert(&collection, rows).await
}

/// What a schedule in quarantine has no longer: a claim, and a place among those that fire.
const GONE: [&str; 4] = ["claimed_by", "claimed_until_us", "open_at_us", "due_at_us"];
