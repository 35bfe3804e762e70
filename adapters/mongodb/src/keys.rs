//! Which job holds which key.

use std::collections::{HashMap, HashSet};

use mainspring_contract::tables::{Done, Hold, Holder};
use mainspring_contract::{JobId, Key, TaskId};
use mainspring_core::time::{Span, Timestamp};
use mainspring_sql::column::Columns;
use mainspring_sql::read;
use mongodb::bson::{Bson, doc};

use crate::collections::VERSION;
use crate::document::{self, job_id};
use crate::jobs;
use crate::transaction::{BATCH, Transaction, one};

/// The name of a key's document: a document of two texts, so that nothing has to be escaped.
pub(crate) fn id(task: &TaskId, key: &Key) -> Bson {
    name(task.as_str(), key.as_str())
}

/// See [`id`].
pub(crate) fn name(task: &str, key: &str) -> Bson {
    Bson::Document(doc! { "task": task, "key": key })
}

/// The documents of these keys, locked. A key without one cannot be locked; whoever is slower to
/// write it starts over.
pub(crate) async fn lock(
    tx: &mut Transaction<'_>,
    keys: &[(TaskId, Key)],
) -> Done<Vec<Option<Holder>>> {
    let ids: Vec<Bson> = keys.iter().map(|(task, key)| id(task, key)).collect();
    let command = doc! {
        "find": &tx.common.collections.keys,
        "filter": { "_id": { "$in": ids } },
        "batchSize": BATCH,
    };
    let mut found = HashMap::new();
    for row in tx.find(command).await? {
        let Ok(name) = row.get_document("_id") else { continue };
        let text = |field| name.get_str(field).unwrap_or_default().to_owned();
        let name = (text("task"), text("key"));
        let row = document::Row::new(&row);
        let over_until = row.int("over_until_us").ok().flatten();
        // Whatever is out of range is over at the end of the range.
        let over_until = over_until.map(|us| Timestamp::UNIX_EPOCH + Span::from_micros(us));
        // A job of which not even the name can be read has no document either.
        let job = read::job_id(&row, "job").unwrap_or(JobId::from_bytes([0; 16]));
        found.insert(name, (job, over_until));
    }
    let mut live = HashSet::new();
    if !found.is_empty() {
        let ids: Vec<JobId> = found.values().map(|(job, _)| *job).collect();
        let collection = tx.common.collections.jobs.clone();
        let rows = jobs::by_ids(tx, &collection, &ids, doc! { "_id": 1 }).await?;
        live.extend(
            rows.iter().filter_map(|row| read::job_id(&document::Row::new(row), "id").ok()),
        );
    }
    let mut holders = Vec::with_capacity(keys.len());
    for (task, key) in keys {
        let holder = found.remove(&(task.to_string(), key.to_string()));
        if holder.is_some() {
            tx.owed.keys.insert((task.clone(), key.clone()));
        }
        holders.push(holder.map(|(job, over_until)| {
            let lives = live.contains(&job);
            Holder { job, over_until, lives }
        }));
    }
    Ok(holders)
}

/// Gives keys to jobs, and forgets a few that nobody holds any more.
pub(crate) async fn take(tx: &mut Transaction<'_>, holds: &[(Hold, Option<JobId>)]) -> Done<()> {
    let (mut taken, mut new) = (Vec::new(), Vec::new());
    for (hold, former) in holds {
        tx.owed.keys.remove(&(hold.task.clone(), hold.key.clone()));
        let name = id(&hold.task, &hold.key);
        if former.is_some() {
            let change = doc! {
                "$set": { "job": job_id(&hold.job) }, "$unset": { "over_until_us": "" },
                "$inc": { "lk": 1_i64 },
            };
            taken.push(one(doc! { "_id": name }, change));
        } else {
            let row = doc! {
                "_id": name, "job": job_id(&hold.job), "v": VERSION, "lk": 0_i64,
            };
            new.push(row);
        }
    }
    let collection = tx.common.collections.keys.clone();
    tx.update(&collection, taken).await?;
    if new.is_empty() {
        return Ok(());
    }
    let count = new.len();
    let rows = new.iter().map(mongodb::bson::RawDocumentBuf::try_from);
    let rows: Result<Vec<_>, _> = rows.collect();
    let rows = rows.map_err(|why| crate::error::unreadable(&tx.common.name, &why.to_string()))?;
    tx.insert(&collection, rows).await?;
    sweep(tx, holds, count.saturating_mul(2)).await
}

/// Forgets at most so many keys that nobody holds any more; outside of the transaction, because two
/// that swept at one moment would be in each other's way.
async fn sweep(tx: &Transaction<'_>, holds: &[(Hold, Option<JobId>)], most: usize) -> Done<()> {
    let ours: Vec<Bson> = holds.iter().map(|(hold, _)| id(&hold.task, &hold.key)).collect();
    let owed = tx.owed.keys.iter().map(|(task, key)| id(task, key));
    let old = doc! { "$lte": tx.now().as_micros() };
    let command = doc! {
        "find": &tx.common.collections.keys,
        "filter": {
            "over_until_us": old.clone(),
            "_id": { "$nin": ours.into_iter().chain(owed).collect::<Vec<_>>() },
        },
        "sort": { "over_until_us": 1 },
        "limit": i64::try_from(most).unwrap_or(i64::MAX),
        "projection": { "_id": 1 },
        "batchSize": BATCH,
    };
    let rows = tx.find_now(command).await?;
    if rows.is_empty() {
        return Ok(());
    }
    let ids: Vec<Bson> = rows.iter().map(|row| document::Row::new(row).raw_id()).collect();
    // Somebody may be about to take one of them again; that is not worth waiting for.
    let command = doc! {
        "delete": &tx.common.collections.keys,
        "deletes": [{ "q": { "_id": { "$in": ids }, "over_until_us": old }, "limit": 0 }],
        "maxTimeMS": SWEEP_MS,
    };
    drop(tx.database().run_command(command).await);
    Ok(())
}

/// Jobs leave their keys, unless others have them by now.
pub(crate) async fn leave(
    tx: &mut Transaction<'_>,
    holds: &[(Hold, Option<Timestamp>)],
) -> Done<()> {
    let (mut kept, mut gone) = (Vec::new(), Vec::new());
    for (hold, until) in holds {
        let filter = doc! { "_id": id(&hold.task, &hold.key), "job": job_id(&hold.job) };
        match until {
            Some(until) => {
                let until = doc! { "over_until_us": until.as_micros() };
                kept.push(one(filter, doc! { "$set": until, "$inc": { "lk": 1_i64 } }));
            }
            None => gone.push(filter),
        }
    }
    let collection = tx.common.collections.keys.clone();
    tx.update(&collection, kept).await?;
    tx.delete(&collection, gone).await?;
    Ok(())
}

/// How long a sweep may take, in milliseconds.
const SWEEP_MS: i32 = 50;
