//! Handing out ready jobs.
//!
//! One request asks for the first jobs of every task in the lanes that this node covers, and for
//! lanes that are not known yet. Whose turn it is, is decided here. A second request reads the
//! jobs that were chosen, a third writes their leases. The first two look at what is committed and
//! not at the snapshot of the transaction, so that jobs which others have claimed meanwhile are not
//! in the way; unless the transaction itself has let jobs wait.

use std::collections::{BTreeMap, HashMap, HashSet};

use mainspring_contract::record::{ClaimJobs, Job};
use mainspring_contract::tables::{Done, Row, by_turn, choose, in_turn};
use mainspring_contract::{JobId, Tags, TaskId};
use mainspring_core::job::Change;
use mainspring_sql::column::Columns;
use mainspring_sql::read;
use mongodb::bson::{Bson, Document, RawDocumentBuf, doc};

use crate::collections::CONFIG_REVISION;
use crate::document::{self, job_ids, texts};
use crate::transaction::{BATCH, Id, Transaction, every, number};
use crate::{clock, crowd, error, jobs};

/// Leases at most `max` ready jobs.
pub(crate) async fn claim(
    tx: &mut Transaction<'_>,
    claim: &ClaimJobs<'_>,
    max: u32,
    turn: u32,
) -> Done<Vec<Row<Job, Id>>> {
    let mut offer = Offer {
        tasks: in_turn(claim.tasks, turn),
        tags: claim.tags,
        room: HashMap::new(),
        open: usize::try_from(max).unwrap_or(usize::MAX),
    };
    let (mut taken, mut late) = (Vec::new(), false);
    while offer.open > 0 {
        let heads = heads(tx, &offer).await?;
        count_room(tx, &mut offer, &heads).await?;
        let chosen = choose(&heads, offer.open, |task| offer.room(task));
        let chosen: Vec<Head> = chosen.into_iter().map(|(_, head)| head.clone()).collect();
        if chosen.is_empty() {
            break;
        }
        let wanted: Vec<Bson> = chosen.iter().map(|head| head.id.clone()).collect();
        tx.made.seen.extend(wanted.iter().cloned());
        let written: Vec<Bson> = tx.made.written.iter().map(document::job_id).collect();
        let free = crowd::avoid(tx, &tx.common.collections.jobs, wanted, &written).await?;
        let expected = free.len();
        let found = take(tx, claim, &chosen, free).await?;
        offer.took(&found);
        late |= found.len() < expected;
        // Rows that cannot be read are for the caller, who comes again.
        let stop = found.len() == chosen.len() || found.iter().any(|taken| taken.job.is_err());
        taken.extend(found);
        if stop {
            break;
        }
    }
    if taken.is_empty() && late {
        // Whatever there is has come since our snapshot: a later one has it.
        return Err(error::contended(&tx.common.name));
    }
    // Those of one task are in their order, and whoever was found later comes later.
    Ok(by_turn(taken.into_iter().map(|taken| (taken.head.task, taken.job))))
}

/// What a claim may still have.
struct Offer<'a> {
    /// In the order of their turn.
    tasks: Vec<TaskId>,
    tags: &'a Tags,
    /// How many more jobs of a task may run, for those of which that has been counted.
    room: HashMap<TaskId, Option<usize>>,
    /// How many more jobs may be claimed.
    open: usize,
}

impl Offer<'_> {
    /// How many more jobs of a task may be claimed.
    fn room(&self, task: usize) -> usize {
        let room = self.tasks.get(task).and_then(|task| self.room.get(task).copied().flatten());
        room.unwrap_or(usize::MAX).min(self.open)
    }

    fn took(&mut self, found: &[Taken]) {
        self.open = self.open.saturating_sub(found.len());
        for Taken { head, job } in found {
            let task = job.is_ok().then(|| self.tasks.get(head.task)).flatten();
            if let Some(Some(room)) = task.and_then(|task| self.room.get_mut(task)) {
                *room = room.saturating_sub(1);
            }
        }
    }
}

/// A job that may be claimed: the number of its task, and its place among the jobs of that.
#[derive(Clone, Debug)]
struct Head {
    task: usize,
    place: usize,
    id: Bson,
}

/// A job that was claimed, or that cannot be read.
struct Taken {
    head: Head,
    job: Row<Job, Id>,
}

/// The first ready jobs of each task, in their order.
type Heads = BTreeMap<usize, Vec<Head>>;

/// The first ready jobs of every task in the lanes that are covered.
async fn heads(tx: &mut Transaction<'_>, offer: &Offer<'_>) -> Done<Heads> {
    loop {
        let asked = Asked::new(tx, offer);
        let found = look(tx, asked.command).await?.pop();
        let found = found.ok_or_else(|| error::unreadable(&tx.common.name, "`meta` is empty"))?;
        let (mut heads, mut is_new) = (Heads::new(), false);
        for (number, lanes) in asked.tasks {
            let Some(task) = offer.tasks.get(number) else { continue };
            let mut orders = BTreeMap::new();
            for chunk in 0..lanes.chunks(LANES).len() {
                collect(&found, &format!("h{number}_{chunk}"), &mut orders);
            }
            let visited: HashSet<String> =
                orders.values().map(|(_, tags): &(Bson, String)| tags.clone()).collect();
            // A lane may have been passed over for those before it, if there was no more room.
            let is_short = orders.len() < offer.room(number);
            for lane in &lanes {
                let any = visited.contains(lane);
                if any || is_short {
                    tx.common.lanes.visited(task, lane, any);
                }
            }
            let mut ids: Vec<Bson> = orders.into_values().map(|(id, _)| id).collect();
            if let Some((id, tags)) = stranger(&found, &format!("l{number}")) {
                match tags {
                    Some(tags) => {
                        tx.common.lanes.found(task, tags);
                        is_new = true;
                    }
                    // What has no tags at all cannot be read, and is to be found and settled.
                    None => ids.insert(0, id),
                }
            }
            let ids = ids.into_iter().enumerate();
            heads.insert(number, ids.map(|(place, id)| Head { task: number, place, id }).collect());
        }
        // Each round finds a lane that nobody knew, so this ends.
        if !is_new {
            return Ok(heads);
        }
    }
}

/// What is asked: the request, and for each task the lanes that it is about.
struct Asked {
    command: Document,
    tasks: Vec<(usize, Vec<String>)>,
}

impl Asked {
    fn new(tx: &Transaction<'_>, offer: &Offer<'_>) -> Self {
        let names = &tx.common.collections;
        let (mut stages, mut tasks) =
            (vec![doc! { "$match": { "_id": CONFIG_REVISION } }], Vec::new());
        let join = |pipeline: Vec<Document>, name: String| {
            doc! { "$lookup": { "from": &names.jobs, "pipeline": pipeline, "as": name } }
        };
        for (number, task) in offer.tasks.iter().enumerate() {
            let room = offer.room(number);
            if room == 0 {
                continue;
            }
            let known = tx.common.lanes.of(task);
            let mut other = doc! {
                "state": 0, "task": task.as_str(),
                "tags": { "$nin": texts(known.iter().map(String::as_str)) },
            };
            without(&mut other, &tx.made.seen);
            let one = vec![
                doc! { "$match": other },
                doc! { "$limit": 1 },
                doc! { "$project": { "tags": 1 } },
            ];
            stages.push(join(one, format!("l{number}")));
            // A job whose tags cannot be read is to be found, and settled for that.
            let covers = |tags: &String| {
                Tags::from_text(tags).map_or(true, |needed| offer.tags.covers(&needed))
            };
            let lanes: Vec<String> = known.into_iter().filter(covers).collect();
            for (chunk, lanes) in lanes.chunks(LANES).enumerate() {
                let first = first(tx, task, lanes, room);
                stages.push(join(first, format!("h{number}_{chunk}")));
            }
            tasks.push((number, lanes));
        }
        let command = doc! { "aggregate": &names.meta, "pipeline": stages, "cursor": {} };
        Self { command, tasks }
    }
}

/// The first jobs of these lanes of a task, in their order: a walk along several stretches of the
/// index at once, which reads no document.
fn first(tx: &Transaction<'_>, task: &TaskId, lanes: &[String], room: usize) -> Vec<Document> {
    let now = tx.now().as_micros();
    let mut ready = doc! {
        "state": 0, "task": task.as_str(),
        "tags": { "$in": texts(lanes.iter().map(String::as_str)) },
        "ready_at_us": { "$lte": now },
        // Or there is none.
        "expire_at_us": { "$not": { "$lt": now } },
    };
    without(&mut ready, &tx.made.seen);
    vec![
        doc! { "$match": ready },
        doc! { "$sort": { "priority": 1, "ready_at_us": 1, "_id": 1 } },
        doc! { "$limit": i64::try_from(room).unwrap_or(i64::MAX) },
        doc! { "$project": { "priority": 1, "ready_at_us": 1, "tags": 1 } },
    ]
}

/// Leaves out what was seen before.
fn without(filter: &mut Document, seen: &[Bson]) {
    if !seen.is_empty() {
        filter.insert("_id", doc! { "$nin": seen });
    }
}

/// By priority, instant and name.
type Order = (i64, i64, Vec<u8>);

/// Reads a list of jobs.
fn collect(found: &RawDocumentBuf, list: &str, orders: &mut BTreeMap<Order, (Bson, String)>) {
    let Ok(list) = found.get_array(list) else { return };
    for row in list.into_iter().map_while(Result::ok).filter_map(|row| row.as_document()) {
        let row = document::Row::new(row);
        let number = |column| row.int(column).ok().flatten().unwrap_or(i64::MIN);
        let name = row.bytes("id").ok().flatten().unwrap_or_default().to_vec();
        let order = (number("priority"), number("ready_at_us"), name);
        orders.insert(order, (row.raw_id(), row.lossy("tags")));
    }
}

/// A job in a lane that was not known, and its tags if they are a text.
fn stranger(found: &RawDocumentBuf, list: &str) -> Option<(Bson, Option<String>)> {
    let row = found.get_array(list).ok()?.into_iter().next()?.ok()?.as_document()?;
    let row = document::Row::new(row);
    Some((row.raw_id(), row.text("tags").ok().flatten().map(str::to_owned)))
}

async fn look(tx: &mut Transaction<'_>, command: Document) -> Done<Vec<RawDocumentBuf>> {
    if tx.made.waiting { tx.find(command).await } else { tx.find_now(command).await }
}

/// Counts how many more jobs may run of those tasks that have jobs, under locks on those that have
/// a limit and room.
async fn count_room(tx: &mut Transaction<'_>, offer: &mut Offer<'_>, heads: &Heads) -> Done<()> {
    let with_jobs = heads.iter().filter(|(_, heads)| !heads.is_empty());
    let open: Vec<TaskId> = with_jobs
        .filter_map(|(number, _)| offer.tasks.get(*number))
        .filter(|task| !offer.room.contains_key(task))
        .cloned()
        .collect();
    if open.is_empty() {
        return Ok(());
    }
    let ids = texts(open.iter().map(TaskId::as_str));
    let command = doc! {
        "find": &tx.common.collections.tasks,
        "filter": { "_id": { "$in": ids }, "max_running": { "$gte": 0 } },
        "projection": { "max_running": 1 },
        "batchSize": BATCH,
    };
    let rows = tx.find(command).await?;
    let limit = |row: &RawDocumentBuf| {
        let task = TaskId::new(row.get_str("_id").ok()?).ok()?;
        Some((task, number(row, "max_running")))
    };
    let limits: HashMap<TaskId, i64> = rows.iter().filter_map(limit).collect();
    offer.room.extend(open.into_iter().map(|task| (task, None)));
    // First without a lock: a task without room is not worth being in anybody's way.
    let mut room = HashMap::new();
    for in_snapshot in [false, true] {
        let roomy: Vec<TaskId> =
            limits.keys().filter(|task| room.get(*task) != Some(&0)).cloned().collect();
        if roomy.is_empty() {
            break;
        }
        let running = running(tx, &roomy, in_snapshot).await?;
        for task in roomy {
            let left = limits.get(&task).unwrap_or(&0) - running.get(&task).unwrap_or(&0);
            room.insert(task, usize::try_from(left).unwrap_or(0));
        }
    }
    offer.room.extend(room.into_iter().map(|(task, room)| (task, Some(room))));
    Ok(())
}

/// How many jobs of these tasks run. In the snapshot it is counted under a lock on each of them.
async fn running(
    tx: &mut Transaction<'_>,
    tasks: &[TaskId],
    in_snapshot: bool,
) -> Done<HashMap<TaskId, i64>> {
    let names = texts(tasks.iter().map(TaskId::as_str));
    let command = doc! {
        "aggregate": &tx.common.collections.jobs,
        "pipeline": [
            { "$match": {
                "state": 1, "lease_until_us": { "$gte": i64::MIN }, "task": { "$in": &names },
            } },
            { "$group": { "_id": "$task", "running": { "$sum": 1 } } },
        ],
        "cursor": {},
    };
    let rows = if in_snapshot {
        let collection = tx.common.collections.tasks.clone();
        let lock = every(doc! { "_id": { "$in": names } }, doc! { "$inc": { "lk": 1_i64 } });
        tx.update(&collection, vec![lock]).await?;
        tx.find(command).await?
    } else {
        tx.find_now(command).await?
    };
    let mut running = HashMap::new();
    for row in rows {
        if let Some(task) = row.get_str("_id").ok().and_then(|task| TaskId::new(task).ok()) {
            // What has ended here still runs for everybody else.
            let ended = tx.made.ended.get(&task).filter(|_| !in_snapshot).unwrap_or(&0);
            running.insert(task, number(&row, "running") - ended);
        }
    }
    Ok(running)
}

/// Reads jobs that were chosen and leases those that can be read, as far as nobody was faster.
async fn take(
    tx: &mut Transaction<'_>,
    claim: &ClaimJobs<'_>,
    chosen: &[Head],
    free: Vec<Bson>,
) -> Done<Vec<Taken>> {
    if free.is_empty() {
        return Ok(Vec::new());
    }
    let command = doc! {
        "find": &tx.common.collections.jobs,
        "filter": { "_id": { "$in": &free }, "state": 0 },
        "batchSize": BATCH,
    };
    let mut found = Vec::new();
    for row in look(tx, command).await? {
        let row = document::Row::new(&row);
        let id = row.raw_id();
        if let Some(head) = chosen.iter().find(|head| head.id == id) {
            found.push(Taken { head: head.clone(), job: jobs::job(&row) });
        }
    }
    let leased = lease(tx, claim, &mut found, &free).await?;
    found.retain(|taken| taken.job.as_ref().map_or(true, |job| leased.contains(&job.id)));
    found.sort_by_key(|taken| taken.head.place);
    Ok(found)
}

/// Writes the leases; which jobs have got one.
async fn lease(
    tx: &mut Transaction<'_>,
    claim: &ClaimJobs<'_>,
    found: &mut [Taken],
    wanted: &[Bson],
) -> Done<HashSet<JobId>> {
    let now = tx.now();
    let until = now + claim.lease_for;
    let change = Change::Claim { node: claim.node.clone(), until };
    // Jobs are as they were read as long as their tokens are, except that others may watch them.
    let mut groups: BTreeMap<(u32, bool, u32), Vec<JobId>> = BTreeMap::new();
    for job in found.iter_mut().filter_map(|taken| taken.job.as_mut().ok()) {
        let before = job.token.number();
        let done = job.apply(&change, now);
        debug_assert!(done.is_ok(), "only jobs that can be claimed were found");
        groups.entry((before, job.watched, job.token.number())).or_default().push(job.id);
    }
    let ids: Vec<JobId> = groups.values().flatten().copied().collect();
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    // By this it can be told which are ours.
    let mark = i64::try_from(clock::random() >> 2).unwrap_or(0);
    let changes = groups.iter().map(|((before, watched, token), ids)| {
        let filter = doc! {
            "_id": { "$in": job_ids(ids) }, "state": 0, "token": i64::from(*before),
            "watched": *watched,
        };
        let set = doc! {
            "state": 1, "token": i64::from(*token), "node": claim.node.as_str(), "lk": mark,
            "lease_until_us": until.as_micros(), "cancel": false,
        };
        every(filter, doc! { "$set": set, "$unset": { "wake_at_us": "", "expire_at_us": "" } })
    });
    let collection = tx.common.collections.jobs.clone();
    let command = doc! {
        "update": &collection,
        "updates": changes.map(Bson::Document).collect::<Vec<_>>(),
    };
    let done = tx.try_run(command).await.map_err(|why| {
        if error::is_conflict(&why) {
            tx.common.crowd.suspect(wanted);
        }
        tx.failed(why)
    })?;
    let count = done.get_i32("n").ok().and_then(|count| usize::try_from(count).ok());
    if count == Some(ids.len()) {
        return Ok(ids.into_iter().collect());
    }
    let command = doc! {
        "find": collection,
        "filter": { "_id": { "$in": job_ids(&ids) }, "lk": mark },
        "projection": { "_id": 1 },
        "batchSize": BATCH,
    };
    let rows = tx.find(command).await?;
    let id = |row: &RawDocumentBuf| read::job_id(&document::Row::new(row), "id").ok();
    Ok(rows.iter().filter_map(id).collect())
}

/// How many stretches of an index a server walks along at once, and some less.
const LANES: usize = 150;
