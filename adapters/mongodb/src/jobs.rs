//! The documents of jobs.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{MutexGuard, PoisonError};

use mainspring_contract::record::{Ended, Job, JobState, Renew, Renewed, Rescue, Run};
use mainspring_contract::tables::{Damaged, Done, Link, Row};
use mainspring_contract::{Detail, JobId, NodeId, ScheduleId, TaskId};
use mainspring_core::domain::Origin;
use mainspring_core::id::Token;
use mainspring_core::outcome::Outcome;
use mainspring_core::time::Timestamp;
use mainspring_sql::column::{Cells, Columns, state_code};
use mainspring_sql::{read, write};
use mongodb::bson::{Bson, Document, RawDocumentBuf, cstr, doc};

use crate::document::{self, Fields, JOB, job_id, job_ids, texts};
use crate::error;
use crate::transaction::{BATCH, Id, Transaction, every, number, one};
use crate::{history, keys};

/// Which of these jobs exist, or existed and are over.
pub(crate) async fn known(tx: &mut Transaction<'_>, ids: &[JobId]) -> Done<Vec<bool>> {
    let jobs = tx.common.collections.jobs.clone();
    let mut known: HashSet<JobId> = by_ids(tx, &jobs, ids, doc! { "_id": 1 })
        .await?
        .iter()
        .filter_map(|row| read::job_id(&document::Row::new(row), "id").ok())
        .collect();
    known.extend(history::over(tx, ids).await?);
    Ok(ids.iter().map(|id| known.contains(id)).collect())
}

/// Adds jobs that wait or are held, except those that are known; which were added.
///
/// Most jobs are new. So neither the collection is asked, nor, before the end, the history; if a
/// job turns out to be there, the transaction ends, and its next attempt asks. The user's own
/// transaction is not to end for that.
pub(crate) async fn insert(tx: &mut Transaction<'_>, jobs: &[Job]) -> Done<Vec<bool>> {
    let ids: Vec<JobId> = jobs.iter().map(|job| job.id).collect();
    let mut known: HashSet<JobId> = HashSet::new();
    if tx.is_users() || ids.iter().any(|id| doubtful(tx).contains(id)) {
        known.extend(
            ids.iter().zip(self::known(tx, &ids).await?).filter(|(_, k)| *k).map(|(i, _)| *i),
        );
    } else {
        tx.made.unproven.extend(&ids);
    }
    let new: Vec<&Job> = jobs.iter().filter(|job| !known.contains(&job.id)).collect();
    let chained = new.iter().filter(|job| job.schedule.is_some()).count();
    let mut seq = if chained == 0 { 0 } else { tx.numbers(chained).await? };
    let mut documents = Vec::with_capacity(new.len());
    for job in &new {
        let chain = job.schedule.as_ref().map(|_| {
            seq += 1;
            seq - 1
        });
        documents.push(fields(job, chain, tx.now()));
    }
    tx.fit(&documents)?;
    if !documents.is_empty() {
        let collection = tx.common.collections.jobs.clone();
        if let Err(why) = tx.try_insert(&collection, documents).await {
            if error::code_of(&why) == Some(error::code::DUPLICATE_KEY) {
                doubt(tx, &ids);
            }
            return Err(tx.failed(why));
        }
        tx.made.waiting = true;
        tx.made.written.extend(new.iter().map(|job| job.id));
    }
    Ok(jobs.iter().map(|job| !known.contains(&job.id)).collect())
}

/// Makes sure that no job was inserted that is over. `newest` is the largest name in the history.
pub(crate) async fn prove(tx: &mut Transaction<'_>, newest: Option<JobId>) -> Done<()> {
    let unproven = core::mem::take(&mut tx.made.unproven);
    let old: Vec<JobId> = unproven.into_iter().filter(|id| Some(*id) <= newest).collect();
    if old.is_empty() {
        return Ok(());
    }
    let over: Vec<JobId> = history::over(tx, &old).await?.into_iter().collect();
    if over.is_empty() {
        return Ok(());
    }
    doubt(tx, &over);
    Err(error::contended(&tx.common.name))
}

/// The next attempt to insert these is to ask first.
fn doubt(tx: &Transaction<'_>, ids: &[JobId]) {
    let mut doubtful = doubtful(tx);
    if doubtful.len() >= DOUBTFUL {
        doubtful.clear();
    }
    doubtful.extend(ids);
}

fn doubtful<'t>(tx: &'t Transaction<'_>) -> MutexGuard<'t, HashSet<JobId>> {
    // A set is whole after every change.
    tx.common.doubtful.lock().unwrap_or_else(PoisonError::into_inner)
}

fn fields(job: &Job, seq: Option<i64>, now: Timestamp) -> RawDocumentBuf {
    let mut fields = Fields::new(JOB);
    write::job(job, &mut fields);
    // Failures, rescues, token.
    (0..3).for_each(|_| fields.int(Some(0)));
    fields.flag(false);
    fields.also(cstr!("seq"), seq);
    fields.also(cstr!("wake_at_us"), wake_at(job, now));
    fields.also(cstr!("expire_at_us"), expire_at(job));
    fields.done()
}

/// When a job that waits becomes ready, if it is not yet.
fn wake_at(job: &Job, now: Timestamp) -> Option<i64> {
    match job.state {
        JobState::Waiting { ready_at } if ready_at > now => Some(ready_at.as_micros()),
        _ => None,
    }
}

/// The start deadline of a job that can still expire.
fn expire_at(job: &Job) -> Option<i64> {
    let is_leased = matches!(job.state, JobState::Leased { .. });
    let is_new = job.counts.failures == 0 && job.counts.rescues == 0;
    job.start_by.filter(|_| is_new && !is_leased).map(Timestamp::as_micros)
}

/// The schedules that have to hear of the end of these jobs.
pub(crate) async fn watchers(
    tx: &mut Transaction<'_>,
    ids: &[JobId],
) -> Done<Vec<Option<ScheduleId>>> {
    let command = doc! {
        "find": &tx.common.collections.jobs,
        "filter": { "_id": { "$in": job_ids(ids) }, "watched": true },
        "projection": { "schedule": 1 },
        "batchSize": BATCH,
    };
    let mut found = HashMap::new();
    for row in tx.find(command).await? {
        let row = document::Row::new(&row);
        if let Ok(id) = read::job_id(&row, "id") {
            found.insert(id, ScheduleId::new(row.lossy("schedule")).ok());
        }
    }
    Ok(ids.iter().map(|id| found.remove(id).flatten()).collect())
}

/// The jobs of these ids that are not over, locked.
pub(crate) async fn lock(
    tx: &mut Transaction<'_>,
    ids: &[JobId],
) -> Done<Vec<Option<Row<Job, Id>>>> {
    let jobs = tx.common.collections.jobs.clone();
    let mut found = HashMap::with_capacity(ids.len());
    for row in by_ids(tx, &jobs, ids, doc! {}).await? {
        let row = document::Row::new(&row);
        if let Ok(id) = read::job_id(&row, "id") {
            tx.owed.jobs.insert(id);
            found.insert(id, job(&row));
        }
    }
    Ok(ids.iter().map(|id| found.remove(id)).collect())
}

/// The job of a document.
pub(crate) fn job(row: &document::Row<'_>) -> Row<Job, Id> {
    row.of_known_shape().and_then(|()| read::job(row)).map_err(|why| Damaged {
        row: row.raw_id(),
        watched_by: read::watched_by(row),
        why: why.to_string(),
    })
}

/// Writes what can change about jobs; those that are over leave the collection.
pub(crate) async fn update(tx: &mut Transaction<'_>, jobs: &[Job]) -> Done<()> {
    let is_over = |job: &&Job| matches!(job.state, JobState::Settled { .. });
    for job in jobs.iter().filter(|job| !matches!(job.state, JobState::Leased { .. })) {
        // It may have been leased before; if it was not, it is counted once more in the snapshot.
        *tx.made.ended.entry(job.task.clone()).or_default() += 1;
    }
    let over: Vec<JobId> = jobs.iter().filter(is_over).map(|job| job.id).collect();
    for job in &over {
        tx.made.unproven.remove(job);
    }
    delete(tx, &over).await?;
    let now = tx.now();
    let rest: Vec<&Job> = jobs.iter().filter(|job| !is_over(job)).collect();
    for job in &rest {
        tx.owed.jobs.remove(&job.id);
        tx.made.waiting |= matches!(job.state, JobState::Waiting { .. });
        tx.made.written.insert(job.id);
    }
    let changes = rest.into_iter().map(|job| {
        let (set, unset) = changes(job, now);
        let change = doc! { "$set": set, "$unset": unset, "$inc": { "lk": 1_i64 } };
        one(doc! { "_id": job_id(&job.id) }, change)
    });
    let (collection, changes) = (tx.common.collections.jobs.clone(), changes.collect());
    tx.update(&collection, changes).await?;
    Ok(())
}

/// What a job says from now on, and which fields it has no longer.
fn changes(job: &Job, now: Timestamp) -> (Document, Document) {
    let (mut set, mut unset) = (Document::new(), Document::new());
    let mut field = |name: &str, value: Option<Bson>| match value {
        Some(value) => drop(set.insert(name, value)),
        None => drop(unset.insert(name, "")),
    };
    let lease = match &job.state {
        JobState::Leased { lease, cancel } => Some((lease, *cancel)),
        _ => None,
    };
    field("failures", Some(i64::from(job.counts.failures).into()));
    field("rescues", Some(i64::from(job.counts.rescues).into()));
    field("token", Some(i64::from(job.token.number()).into()));
    field("state", state_code(&job.state).map(Bson::from));
    if let JobState::Held { ready_at } | JobState::Waiting { ready_at } = job.state {
        field("ready_at_us", Some(ready_at.as_micros().into()));
    }
    field("node", lease.map(|(lease, _)| lease.node.as_str().into()));
    field("lease_until_us", lease.map(|(lease, _)| lease.until.as_micros().into()));
    field("cancel", Some(lease.is_some_and(|(_, cancel)| cancel).into()));
    field("start_by_us", job.start_by.map(|at| at.as_micros().into()));
    field("wake_at_us", wake_at(job, now).map(Bson::from));
    field("expire_at_us", expire_at(job).map(Bson::from));
    (set, unset)
}

/// Prolongs leases.
pub(crate) async fn renew(tx: &mut Transaction<'_>, renews: &[Renew]) -> Done<Vec<Renewed>> {
    let command = doc! {
        "find": &tx.common.collections.jobs,
        "filter": {
            "_id": { "$in": job_ids(renews.iter().map(|renew| &renew.job)) }, "state": 1,
        },
        "projection": { "token": 1, "cancel": 1 },
        "batchSize": BATCH,
    };
    let mut leased = HashMap::with_capacity(renews.len());
    for row in tx.find(command).await? {
        let row = document::Row::new(&row);
        if let (Ok(id), Ok(Some(token)), Ok(Some(cancel))) =
            (read::job_id(&row, "id"), row.int("token"), row.flag("cancel"))
        {
            leased.insert(id, (token, cancel));
        }
    }
    let now = tx.now();
    let mut kept: BTreeMap<Timestamp, Vec<JobId>> = BTreeMap::new();
    let mut answers = Vec::with_capacity(renews.len());
    for renew in renews {
        answers.push(match leased.get(&renew.job) {
            Some(&(token, cancel)) if token == i64::from(renew.token.number()) => {
                kept.entry(now + renew.lease_for).or_default().push(renew.job);
                Renewed::Kept { cancel }
            }
            _ => Renewed::LeaseLost,
        });
    }
    let changes = kept.into_iter().map(|(until, ids)| {
        let until = doc! { "lease_until_us": until.as_micros() };
        every(doc! { "_id": { "$in": job_ids(&ids) } }, doc! { "$max": until })
    });
    let (collection, changes) = (tx.common.collections.jobs.clone(), changes.collect());
    tx.update(&collection, changes).await?;
    Ok(answers)
}

/// Jobs of which a rescue has to take care.
pub(crate) async fn lapsed(
    tx: &mut Transaction<'_>,
    rescue: &Rescue,
    max: u32,
) -> Done<Vec<JobId>> {
    if max == 0 {
        return Ok(Vec::new());
    }
    let now = tx.now().as_micros();
    let (leases, deadlines) = match rescue {
        Rescue::Lapsed => (
            doc! { "state": 1, "lease_until_us": { "$lte": now } },
            // The deadline itself is still in time.
            Some(doc! { "expire_at_us": { "$lt": now } }),
        ),
        Rescue::HeldBy(node) => {
            let all = doc! { "$gte": i64::MIN };
            (doc! { "state": 1, "lease_until_us": all, "node": node.as_str() }, None)
        }
    };
    let mut found = Vec::new();
    for (filter, column) in [(Some(leases), "lease_until_us"), (deadlines, "expire_at_us")] {
        let Some(filter) = filter else { continue };
        let command = doc! {
            "find": &tx.common.collections.jobs,
            "filter": filter,
            "sort": { column: 1 },
            "limit": i64::from(max),
            "projection": { column: 1 },
            "batchSize": BATCH,
        };
        for row in tx.find(command).await? {
            if let Ok(id) = read::job_id(&document::Row::new(&row), "id") {
                found.push((number(&row, column) + i64::from(column == "expire_at_us"), id));
            }
        }
    }
    found.sort_unstable();
    found.truncate(usize::try_from(max).unwrap_or(usize::MAX));
    Ok(found.into_iter().map(|(_, id)| id).collect())
}

/// Settles jobs whose documents cannot be read.
pub(crate) async fn bury(tx: &mut Transaction<'_>, rows: &[Damaged<Id>]) -> Done<()> {
    let collection = tx.common.collections.jobs.clone();
    for damaged in rows {
        let filter = doc! { "_id": { "$eq": &damaged.row } };
        let command = doc! { "find": &collection, "filter": &filter, "limit": 1 };
        let Some(row) = tx.find(command).await?.pop() else { continue };
        let row = document::Row::new(&row);
        let run = remains(&row, &damaged.why, tx.now());
        if let Some(key) = row.text("unique_key").ok().flatten() {
            let name = keys::name(&row.lossy("task"), key);
            let filter = doc! { "_id": name, "job": damaged.row.clone() };
            let keys = tx.common.collections.keys.clone();
            tx.delete(&keys, vec![filter]).await?;
        }
        history::record(tx, &[run]).await?;
        tx.delete(&collection, vec![filter]).await?;
    }
    Ok(())
}

/// The history's record of a job that cannot be read: whatever can be said about it.
fn remains(row: &document::Row<'_>, why: &str, now: Timestamp) -> Run {
    let number = |column| row.int(column).ok().flatten().and_then(|n| u32::try_from(n).ok());
    let text = |column| row.text(column).ok().flatten();
    let origin = number("origin").and_then(|code| u8::try_from(code).ok());
    let detail = Detail { output: None, error: Some(why.to_owned()) };
    let nameless = || TaskId::new("?").expect("a question mark is a name");
    Run {
        job: row.id("id").ok().flatten().unwrap_or(JobId::from_bytes([0; 16])),
        token: Token::new(number("token").unwrap_or(0)),
        attempt: number("failures")
            .unwrap_or(0)
            .saturating_add(number("rescues").unwrap_or(0))
            .saturating_add(1),
        task: text("task").and_then(|task| TaskId::new(task).ok()).unwrap_or_else(nameless),
        schedule: text("schedule").and_then(|id| ScheduleId::new(id).ok()),
        origin: origin.and_then(Origin::from_code).unwrap_or(Origin::Queued),
        fire_at: row.int("fire_at_us").ok().flatten().and_then(Timestamp::from_micros),
        node: text("node").and_then(|node| NodeId::new(node).ok()),
        settled: true,
        ended: Ended {
            outcome: Outcome::Undecodable,
            started_at: None,
            finished_at: now,
            detail: Some(detail),
        },
    }
}

/// Which of these schedules have a job that is held.
pub(crate) async fn any_held(tx: &mut Transaction<'_>, ids: &[ScheduleId]) -> Done<Vec<bool>> {
    let names = texts(ids.iter().map(ScheduleId::as_str));
    // A jump from name to name in an index, however many jobs are held.
    let command = doc! {
        "distinct": &tx.common.collections.jobs, "key": "schedule",
        "query": { "state": 2, "schedule": { "$in": names } },
    };
    let found = tx.run(command).await?;
    let held: HashSet<&str> = found
        .get_array("values")
        .map(|values| values.iter().filter_map(Bson::as_str).collect())
        .unwrap_or_default();
    Ok(ids.iter().map(|id| held.contains(id.as_str())).collect())
}

/// The jobs of each of these schedules that are not over, the newest first, locked.
pub(crate) async fn lock_chains(
    tx: &mut Transaction<'_>,
    ids: &[ScheduleId],
) -> Done<Vec<Vec<Link>>> {
    let command = doc! {
        "find": &tx.common.collections.jobs,
        "filter": {
            "schedule": { "$in": texts(ids.iter().map(ScheduleId::as_str)) },
            "origin": { "$ne": i64::from(Origin::Backfill.code()) },
        },
        "projection": { "schedule": 1, "state": 1, "watched": 1, "created_at_us": 1, "seq": 1 },
        "batchSize": BATCH,
    };
    let mut chains: HashMap<String, Vec<Placed>> = HashMap::new();
    for row in tx.find(command).await? {
        let place = (number(&row, "created_at_us"), number(&row, "seq"));
        let row = document::Row::new(&row);
        // What cannot be read does not stand in the way of others.
        if let Ok(link) = read::link(&row) {
            tx.owed.jobs.insert(link.job);
            chains.entry(row.lossy("schedule")).or_default().push((place, link));
        }
    }
    let newest_first = |id: &ScheduleId| {
        let mut chain = chains.remove(id.as_str()).unwrap_or_default();
        chain.sort_by_key(|(place, _)| core::cmp::Reverse(*place));
        chain.into_iter().map(|(_, link)| link).collect()
    };
    Ok(ids.iter().map(newest_first).collect())
}

/// When a job was written, and its link.
type Placed = ((i64, i64), Link);

/// Makes a schedule hear of the end of these jobs.
pub(crate) async fn watch(tx: &mut Transaction<'_>, ids: &[JobId]) -> Done<()> {
    let change = doc! { "$set": { "watched": true }, "$inc": { "lk": 1_i64 } };
    write_all(tx, ids, change).await
}

/// Lets held jobs wait.
pub(crate) async fn free(tx: &mut Transaction<'_>, ids: &[JobId]) -> Done<()> {
    tx.made.waiting = true;
    let later = doc! { "$gt": ["$ready_at_us", tx.now().as_micros()] };
    let wake = doc! { "$cond": [later, "$ready_at_us", "$$REMOVE"] };
    let set = doc! { "state": 0, "wake_at_us": wake, "lk": { "$add": ["$lk", 1_i64] } };
    write_all(tx, ids, vec![Bson::Document(doc! { "$set": set })]).await
}

async fn write_all(
    tx: &mut Transaction<'_>,
    ids: &[JobId],
    change: impl Into<Bson> + Send,
) -> Done<()> {
    for id in ids {
        tx.owed.jobs.remove(id);
        tx.made.written.insert(*id);
    }
    let collection = tx.common.collections.jobs.clone();
    let change = every(doc! { "_id": { "$in": job_ids(ids) } }, change);
    tx.update(&collection, vec![change]).await?;
    Ok(())
}

/// Removes the documents of jobs.
pub(crate) async fn delete(tx: &mut Transaction<'_>, ids: &[JobId]) -> Done<()> {
    if ids.is_empty() {
        return Ok(());
    }
    for id in ids {
        tx.owed.jobs.remove(id);
    }
    let collection = tx.common.collections.jobs.clone();
    tx.delete(&collection, vec![doc! { "_id": { "$in": job_ids(ids) } }]).await?;
    Ok(())
}

/// The documents of these jobs; of each, what the projection names.
pub(crate) async fn by_ids(
    tx: &mut Transaction<'_>,
    collection: &str,
    ids: &[JobId],
    projection: Document,
) -> Done<Vec<RawDocumentBuf>> {
    let command = doc! {
        "find": collection,
        "filter": { "_id": { "$in": job_ids(ids) } },
        "projection": projection,
        "batchSize": BATCH,
    };
    tx.find(command).await
}

/// How many jobs are kept in mind that turned out to be there.
const DOUBTFUL: usize = 10_000;
