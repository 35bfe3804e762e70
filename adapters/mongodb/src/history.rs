//! Records of attempts.

use std::collections::{HashMap, HashSet};

use mainspring_contract::JobId;
use mainspring_contract::record::{Run, Settle};
use mainspring_contract::tables::Done;
use mainspring_core::id::Token;
use mainspring_core::outcome::Outcome;
use mainspring_core::time::Timestamp;
use mainspring_sql::column::{Cells, Columns, Read};
use mainspring_sql::{read, write};
use mongodb::bson::{Bson, Document, RawDocumentBuf, doc};

use crate::document::{Fields, RUN, Row, job_ids};
use crate::jobs;
use crate::transaction::{BATCH, Transaction, number};

/// Adds records of attempts.
pub(crate) async fn record(tx: &mut Transaction<'_>, runs: &[Run]) -> Done<()> {
    let first = tx.numbers(runs.len()).await?;
    insert(tx, runs, first).await
}

async fn insert(tx: &mut Transaction<'_>, runs: &[Run], first: i64) -> Done<()> {
    let now = tx.now().as_micros();
    let rows = runs.iter().zip(first..).map(|(run, seq)| {
        let mut fields = Fields::new(RUN);
        fields.int(Some(seq));
        write::run(run, &mut fields);
        fields.int(Some(now));
        fields.done()
    });
    let (collection, rows) = (tx.common.collections.runs.clone(), rows.collect());
    tx.insert(&collection, rows).await
}

/// Settles those jobs whose end concerns nobody else; which. No payload is read.
pub(crate) async fn settle_alone(tx: &mut Transaction<'_>, settles: &[Settle]) -> Done<Vec<bool>> {
    let command = doc! {
        "find": &tx.common.collections.jobs,
        "filter": {
            "_id": { "$in": job_ids(settles.iter().map(|settle| &settle.job)) },
            "state": 1, "watched": false, "unique_key": Bson::Null,
        },
        "projection": {
            "v": 1, "token": 1, "failures": 1, "rescues": 1, "task": 1, "schedule": 1, "origin": 1,
            "fire_at_us": 1, "node": 1,
        },
        "batchSize": BATCH,
    };
    let mut leased = HashMap::with_capacity(settles.len());
    for row in tx.find(command).await? {
        let row = Row::new(&row);
        // What cannot be read is for those who lock the whole row.
        if let Ok(view) = row.of_known_shape().and_then(|()| read::run(&Attempt(row))) {
            leased.insert(view.run.job, view.run);
        }
    }
    let mut settled = Vec::with_capacity(settles.len());
    let mut runs = Vec::with_capacity(settles.len());
    for settle in settles {
        let attempt = leased.get(&settle.job).filter(|attempt| attempt.token == settle.token);
        settled.push(attempt.is_some());
        if let Some(attempt) = attempt {
            *tx.made.ended.entry(attempt.task.clone()).or_default() += 1;
            runs.push(Run { ended: settle.ended.clone(), ..attempt.clone() });
        }
    }
    if !runs.is_empty() {
        record(tx, &runs).await?;
        let over: Vec<_> = runs.iter().map(|run| run.job).collect();
        jobs::delete(tx, &over).await?;
    }
    Ok(settled)
}

/// A leased job as the record of an attempt that has settled it. How it did that is added by the
/// holder.
struct Attempt<'a>(Row<'a>);

impl Columns for Attempt<'_> {
    fn int(&self, column: &str) -> Read<Option<i64>> {
        match column {
            "seq" | "finished_at_us" | "noted_at_us" => Ok(Some(0)),
            "outcome" => Ok(Some(i64::from(Outcome::LeaseLost.code()))),
            "started_at_us" | "output_format" => Ok(None),
            "attempt" => {
                let (failures, rescues) = (self.0.int("failures")?, self.0.int("rescues")?);
                Ok(failures.zip(rescues).map(|(failures, rescues)| failures + rescues + 1))
            }
            other => self.0.int(other),
        }
    }

    fn flag(&self, column: &str) -> Read<Option<bool>> {
        if column == "settled" { Ok(Some(true)) } else { self.0.flag(column) }
    }

    fn text(&self, column: &str) -> Read<Option<&str>> {
        if column == "error" { Ok(None) } else { self.0.text(column) }
    }

    fn bytes(&self, column: &str) -> Read<Option<&[u8]>> {
        self.0.bytes(column)
    }

    fn id(&self, _column: &str) -> Read<Option<JobId>> {
        self.0.id("id")
    }

    fn lossy(&self, column: &str) -> String {
        self.0.lossy(column)
    }
}

/// Which of these jobs are over.
pub(crate) async fn over(tx: &mut Transaction<'_>, ids: &[JobId]) -> Done<HashSet<JobId>> {
    let command = doc! {
        "find": &tx.common.collections.runs,
        "filter": { "job": { "$in": job_ids(ids) }, "settled": true },
        "projection": { "job": 1 },
        "batchSize": BATCH,
    };
    let rows = tx.find(command).await?;
    Ok(rows.iter().filter_map(|row| read::job_id(&Row::new(row), "job").ok()).collect())
}

/// Finds the job of the largest name in the history. Names begin with their time: one that is
/// larger is new, so that history is hardly ever asked about it.
pub(crate) fn newest() -> [Document; 3] {
    [
        doc! { "$sort": { "job": -1 } },
        doc! { "$limit": 1 },
        doc! { "$project": { "_id": 0, "job": 1 } },
    ]
}

/// How these attempts ended, and whether that settled the job.
pub(crate) async fn recorded(
    tx: &mut Transaction<'_>,
    attempts: &[(JobId, Token)],
) -> Done<Vec<Option<(Outcome, bool)>>> {
    let command = doc! {
        "find": &tx.common.collections.runs,
        "filter": { "job": { "$in": job_ids(attempts.iter().map(|(job, _)| job)) } },
        "projection": { "job": 1, "token": 1, "outcome": 1, "settled": 1 },
        "batchSize": BATCH,
    };
    let mut rows = tx.find(command).await?;
    rows.sort_by_key(|row| number(row, "_id"));
    let mut found = HashMap::new();
    for row in rows {
        let row = Row::new(&row);
        if let (Ok(job), Ok(Some(token))) = (read::job_id(&row, "job"), row.int("token")) {
            found.entry((job, token)).or_insert_with(|| read::ending(&row).ok());
        }
    }
    let ending = |(job, token): &(JobId, Token)| {
        found.get(&(*job, i64::from(token.number()))).copied().flatten()
    };
    Ok(attempts.iter().map(ending).collect())
}

/// Forgets old history; how many records went. The oldest have the smallest numbers, so that no
/// index of instants is needed: the clock of a server may go back by a little, and then a record
/// waits for those before it.
pub(crate) async fn prune(tx: &mut Transaction<'_>, before: Timestamp, max: u32) -> Done<u32> {
    let mut gone = 0;
    for collection in [tx.common.collections.runs.clone(), tx.common.collections.skips.clone()] {
        let command = doc! {
            "find": &collection,
            "filter": {},
            "sort": { "_id": 1 },
            "limit": i64::from(max),
            "projection": { "noted_at_us": 1 },
            "batchSize": BATCH,
        };
        if max == 0 {
            break;
        }
        let rows = tx.find(command).await?;
        let is_old = |row: &&RawDocumentBuf| number(row, "noted_at_us") < before.as_micros();
        let old: Vec<Bson> = rows.iter().filter(is_old).map(|row| Row::new(row).raw_id()).collect();
        if !old.is_empty() {
            gone += tx.delete(&collection, vec![doc! { "_id": { "$in": old } }]).await?;
        }
    }
    Ok(u32::try_from(gone).unwrap_or(u32::MAX))
}
