//! What people look at: schedules, tasks, jobs, history.

use mainspring_contract::record::{Job, Schedule, Task};
use mainspring_contract::store::{
    JobFilter, Page, RunFilter, RunView, ScheduleFilter, SkipFilter, SkipView,
};
use mainspring_contract::{ScheduleId, TaskId};
use mainspring_core::trigger::Count;
use mainspring_sql::column::Columns;
use mainspring_sql::condition::{self, Condition, HasTag, Value};
use mainspring_sql::read;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite};

use crate::columns::Cols;
use crate::schedules;
use crate::transaction::Transaction;

type Done<T> = Result<T, sqlx::Error>;

/// The schedule of this name, or why it cannot be read.
pub(crate) async fn schedule(
    tx: &mut Transaction<'_>,
    id: &ScheduleId,
) -> Done<Option<Result<Schedule, String>>> {
    let found = schedules::find(tx, core::slice::from_ref(id)).await?.pop().flatten();
    Ok(found.map(|found| found.schedule))
}

/// Schedules by name.
pub(crate) async fn schedules(
    tx: &mut Transaction<'_>,
    filter: &ScheduleFilter,
    limit: u32,
    offset: u32,
) -> Done<Vec<Result<Schedule, (String, String)>>> {
    let part = Part {
        select: "SELECT * FROM mainspring_schedules WHERE 1",
        conditions: condition::schedules(filter, HAS_TAG),
        order: "id",
    };
    let read = |row: &SqliteRow| {
        let cols = Cols(row);
        read::schedule(&cols).map_err(|why| (cols.lossy("id"), why.to_string()))
    };
    Ok(rows(tx, &part, limit, offset).await?.iter().map(read).collect())
}

/// Tasks by name.
pub(crate) async fn tasks(
    tx: &mut Transaction<'_>,
    page: &Page<TaskId>,
    limit: u32,
    offset: u32,
) -> Done<Vec<Option<Task>>> {
    // No name is empty.
    let after = page.after.as_ref().map_or("", TaskId::as_str).to_owned();
    let statement = tx.sql(|sql| &sql.task_list).bind(after);
    let rows = tx.rows(statement.bind(i64::from(limit)).bind(i64::from(offset))).await?;
    Ok(rows.iter().map(|row| read::task(&Cols(row)).ok()).collect())
}

/// Jobs that are not over, by id.
pub(crate) async fn jobs(
    tx: &mut Transaction<'_>,
    filter: &JobFilter,
    limit: u32,
    offset: u32,
) -> Done<Vec<Option<Job>>> {
    let (mut conditions, checked) = condition::jobs(filter, HAS_TAG);
    conditions.extend(checked);
    let select = "SELECT * FROM mainspring_jobs WHERE 1";
    let found = rows(tx, &Part { select, conditions, order: "id" }, limit, offset).await?;
    Ok(found.iter().map(|row| read::job(&Cols(row)).ok()).collect())
}

/// How many jobs a filter names, after a look at `up_to` rows at most.
pub(crate) async fn count(tx: &mut Transaction<'_>, filter: &JobFilter, up_to: u32) -> Done<Count> {
    let all = JobFilter { page: Page::first(0), ..filter.clone() };
    let (sought, checked) = condition::jobs(&all, HAS_TAG);
    let mut query = QueryBuilder::new("SELECT count(*) AS seen, ifnull(sum(nr <= ");
    query.push_bind(i64::from(up_to));
    and(&mut query, &checked);
    query.push(
        "), 0) AS found FROM (SELECT tags, origin, created_at_us, row_number() OVER () AS nr",
    );
    query.push(tx.shared.prefix.render(" FROM mainspring_jobs WHERE 1"));
    and(&mut query, &sought);
    query.push(" LIMIT ").push_bind(i64::from(up_to) + 1).push(")");
    let row = query.build().fetch_one(tx.connection()).await?;
    let (seen, found): (i64, i64) = (row.try_get("seen")?, row.try_get("found")?);
    let found = found.unsigned_abs();
    Ok(if seen > i64::from(up_to) { Count::AtLeast(found) } else { Count::Exact(found) })
}

/// History, newest first.
pub(crate) async fn runs(
    tx: &mut Transaction<'_>,
    filter: &RunFilter,
    limit: u32,
    offset: u32,
) -> Done<Vec<Option<RunView>>> {
    let select = "SELECT * FROM mainspring_runs WHERE 1";
    let part = Part { select, conditions: condition::runs(filter), order: "seq DESC" };
    let found = rows(tx, &part, limit, offset).await?;
    Ok(found.iter().map(|row| read::run(&Cols(row)).ok()).collect())
}

/// Fires that did not become jobs, newest record first.
pub(crate) async fn skips(
    tx: &mut Transaction<'_>,
    filter: &SkipFilter,
    limit: u32,
    offset: u32,
) -> Done<Vec<Option<SkipView>>> {
    let select = "SELECT * FROM mainspring_skips WHERE 1";
    let part = Part { select, conditions: condition::skips(filter), order: "seq DESC" };
    let found = rows(tx, &part, limit, offset).await?;
    Ok(found.iter().map(|row| read::skip(&Cols(row)).ok()).collect())
}

/// What a listing reads.
struct Part {
    select: &'static str,
    conditions: Vec<Condition>,
    order: &'static str,
}

async fn rows(
    tx: &mut Transaction<'_>,
    part: &Part,
    limit: u32,
    offset: u32,
) -> Done<Vec<SqliteRow>> {
    let mut query = QueryBuilder::new(tx.shared.prefix.render(part.select));
    and(&mut query, &part.conditions);
    query.push(" ORDER BY ").push(part.order);
    query.push(" LIMIT ").push_bind(i64::from(limit)).push(" OFFSET ").push_bind(i64::from(offset));
    query.build().fetch_all(tx.connection()).await
}

/// Adds conditions to a clause that has one already.
fn and(query: &mut QueryBuilder<Sqlite>, conditions: &[Condition]) {
    for Condition { sql, value, rest } in conditions {
        query.push(" AND ").push(sql);
        match value {
            Some(Value::Int(number)) => query.push_bind(*number),
            Some(Value::Text(text)) => query.push_bind(text.clone()),
            Some(Value::Id(id)) => query.push_bind(id.as_bytes().to_vec()),
            None => query,
        };
        query.push(rest);
    }
}

const HAS_TAG: HasTag = ("instr(',' || tags || ',', ", ") > 0");
