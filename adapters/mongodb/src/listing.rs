//! What people look at: schedules, jobs, history.

use std::collections::HashMap;

use mainspring_contract::node::Node;
use mainspring_contract::record::{Job, Run, Schedule, Task};
use mainspring_contract::store::{
    JobFilter, Page, RunFilter, RunView, ScheduleFilter, SkipFilter, SkipView,
};
use mainspring_contract::tables::Done;
use mainspring_contract::{NodeId, ScheduleId, TaskId};
use mainspring_core::time::Timestamp;
use mainspring_core::trigger::Count;
use mainspring_sql::column::Columns;
use mainspring_sql::read;
use mongodb::bson::{Document, RawDocumentBuf, doc};

use crate::document::{Row, texts};
use crate::transaction::{BATCH, Transaction, number};
use crate::{filter, jobs, nodes, schedules, tasks};

/// The schedule of this name, or why it cannot be read.
pub(crate) async fn schedule(
    tx: &mut Transaction<'_>,
    id: &ScheduleId,
) -> Done<Option<Result<Schedule, String>>> {
    let command = doc! {
        "find": &tx.common.collections.schedules, "filter": { "_id": id.as_str() }, "limit": 1,
    };
    let found = tx.find(command).await?.pop();
    Ok(found.map(|row| schedules::schedule(&Row::new(&row)).map_err(|why| why.to_string())))
}

/// Schedules by name.
pub(crate) async fn schedules(
    tx: &mut Transaction<'_>,
    filter: &ScheduleFilter,
    part: Part,
) -> Done<Vec<Result<Schedule, (String, String)>>> {
    let collection = tx.common.collections.schedules.clone();
    let rows = page(tx, &collection, filter::schedules(filter), Order::Up, part).await?;
    let read = |row: &RawDocumentBuf| {
        let row = Row::new(row);
        schedules::schedule(&row).map_err(|why| (row.lossy("id"), why.to_string()))
    };
    Ok(rows.iter().map(read).collect())
}

/// Tasks by name.
pub(crate) async fn tasks(
    tx: &mut Transaction<'_>,
    page: &Page<TaskId>,
    part: Part,
) -> Done<Vec<Option<Task>>> {
    let collection = tx.common.collections.tasks.clone();
    let after = after(page.after.as_ref().map(TaskId::as_str));
    let rows = self::page(tx, &collection, after, Order::Up, part).await?;
    Ok(rows.iter().map(|row| tasks::task(&Row::new(row))).collect())
}

/// Nodes by name, and when each was noted.
pub(crate) async fn nodes(
    tx: &mut Transaction<'_>,
    page: &Page<NodeId>,
    part: Part,
) -> Done<Vec<Option<(Node, Timestamp)>>> {
    let collection = tx.common.collections.nodes.clone();
    let after = after(page.after.as_ref().map(NodeId::as_str));
    let rows = self::page(tx, &collection, after, Order::Up, part).await?;
    Ok(rows.iter().map(|row| nodes::node(&Row::new(row))).collect())
}

/// Names behind this one; all, if there is none.
fn after(name: Option<&str>) -> Document {
    name.map_or_else(Document::new, |name| doc! { "_id": { "$gt": name } })
}

/// The last runs of these schedules, as far as they can be read.
pub(crate) async fn last_runs(
    tx: &mut Transaction<'_>,
    ids: &[ScheduleId],
) -> Done<Vec<Option<Run>>> {
    let last = vec![doc! { "$sort": { "_id": -1 } }, doc! { "$limit": 1 }];
    let command = doc! {
        "aggregate": &tx.common.collections.schedules,
        "pipeline": [
            { "$match": { "_id": { "$in": texts(ids.iter().map(ScheduleId::as_str)) } } },
            { "$project": { "_id": 1 } },
            { "$lookup": {
                "from": &tx.common.collections.runs, "localField": "_id",
                "foreignField": "schedule", "pipeline": last, "as": "last",
            } },
            { "$unwind": "$last" },
            { "$replaceRoot": { "newRoot": "$last" } },
        ],
        "cursor": { "batchSize": BATCH },
    };
    let mut found = HashMap::new();
    for row in tx.find(command).await? {
        let row = Row::new(&row);
        if let Some(view) = run(&row) {
            found.insert(row.lossy("schedule"), view.run);
        }
    }
    Ok(ids.iter().map(|id| found.remove(id.as_str())).collect())
}

fn run(row: &Row<'_>) -> Option<RunView> {
    row.of_known_shape().and_then(|()| read::run(row)).ok()
}

/// Jobs that are not over, by id.
pub(crate) async fn jobs(
    tx: &mut Transaction<'_>,
    filter: &JobFilter,
    part: Part,
) -> Done<Vec<Option<Job>>> {
    let (mut condition, checked) = filter::jobs(filter);
    condition.extend(checked);
    let collection = tx.common.collections.jobs.clone();
    let rows = page(tx, &collection, condition, Order::Up, part).await?;
    Ok(rows.iter().map(|row| jobs::job(&Row::new(row)).ok()).collect())
}

/// How many jobs a filter names, after a look at `up_to` documents at most.
pub(crate) async fn count(tx: &mut Transaction<'_>, filter: &JobFilter, up_to: u32) -> Done<Count> {
    let all = JobFilter { page: Page::first(0), ..filter.clone() };
    let (sought, checked) = filter::jobs(&all);
    let command = doc! {
        "aggregate": &tx.common.collections.jobs,
        "pipeline": [
            { "$match": sought },
            { "$limit": i64::from(up_to) + 1 },
            { "$project": { "tags": 1, "origin": 1, "created_at_us": 1 } },
            { "$facet": {
                "seen": [{ "$count": "count" }],
                "found": [{ "$match": checked }, { "$count": "count" }],
            } },
            { "$project": {
                "seen": { "$first": "$seen.count" }, "found": { "$first": "$found.count" },
            } },
        ],
        "cursor": {},
    };
    let row = tx.find(command).await?.pop().unwrap_or_default();
    let (seen, found) = (number(&row, "seen"), number(&row, "found").unsigned_abs());
    let more = seen > i64::from(up_to);
    Ok(if more { Count::AtLeast(found.min(u64::from(up_to))) } else { Count::Exact(found) })
}

/// History, newest first.
pub(crate) async fn runs(
    tx: &mut Transaction<'_>,
    filter: &RunFilter,
    part: Part,
) -> Done<Vec<Option<RunView>>> {
    let collection = tx.common.collections.runs.clone();
    let rows = page(tx, &collection, filter::runs(filter), Order::Down, part).await?;
    Ok(rows.iter().map(|row| run(&Row::new(row))).collect())
}

/// Fires that did not become jobs, newest record first.
pub(crate) async fn skips(
    tx: &mut Transaction<'_>,
    filter: &SkipFilter,
    part: Part,
) -> Done<Vec<Option<SkipView>>> {
    let collection = tx.common.collections.skips.clone();
    let rows = page(tx, &collection, filter::skips(filter), Order::Down, part).await?;
    let skip = |row: &RawDocumentBuf| {
        let row = Row::new(row);
        row.of_known_shape().and_then(|()| read::skip(&row)).ok()
    };
    Ok(rows.iter().map(skip).collect())
}

/// Which documents of a listing are read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    pub(crate) limit: u32,
    pub(crate) offset: u32,
}

/// In which order of their names documents are listed.
#[derive(Clone, Copy, Debug)]
enum Order {
    Up = 1,
    Down = -1,
}

async fn page(
    tx: &mut Transaction<'_>,
    collection: &str,
    filter: Document,
    order: Order,
    part: Part,
) -> Done<Vec<RawDocumentBuf>> {
    if part.limit == 0 {
        return Ok(Vec::new());
    }
    let command = doc! {
        "find": collection,
        "filter": filter,
        "sort": { "_id": order as i32 },
        "skip": i64::from(part.offset),
        "limit": i64::from(part.limit),
        "batchSize": BATCH,
    };
    tx.find(command).await
}
