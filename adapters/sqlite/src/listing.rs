//! What people look at: schedules, jobs, history.
//!
//! Pages follow a key, not an offset. Rows that cannot be read are left out, and the page is
//! filled up with those after them, so that a short page always is the last one.

use mainspring_contract::ScheduleId;
use mainspring_contract::record::{Job, Schedule};
use mainspring_contract::store::{
    self as contract, JobFilter, Page, RunFilter, RunView, ScheduleFilter, ScheduleView,
    SkipFilter, SkipView,
};
use mainspring_core::trigger::Count;
use mainspring_sql::condition::{self, Condition, HasTag, Value};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite};

use crate::row::{self, Unreadable};
use crate::schedules::{self, Found};
use crate::transaction::Transaction;

/// The schedule of this name, if it is there, and if it can be read.
pub(crate) async fn schedule(
    tx: &mut Transaction<'_>,
    id: &ScheduleId,
) -> Result<Option<Result<ScheduleView, Unreadable>>, sqlx::Error> {
    Ok(match schedules::find(tx, id).await? {
        Some(Found { schedule: Ok(schedule), .. }) => Some(Ok(view(tx, schedule).await?)),
        Some(Found { schedule: Err(why), .. }) => Some(Err(why)),
        None => None,
    })
}

/// Schedules by name.
pub(crate) async fn schedules(
    tx: &mut Transaction<'_>,
    filter: &ScheduleFilter,
) -> Result<Vec<ScheduleView>, sqlx::Error> {
    let part = Part::of("mainspring_schedules", condition::schedules(filter, HAS_TAG), "id");
    let schedules = fill(tx, filter.page.limit, row::schedule, &part).await?;
    let mut views = Vec::with_capacity(schedules.len());
    for schedule in schedules {
        views.push(view(tx, schedule).await?);
    }
    Ok(views)
}

/// Schedules that cannot be read, by name.
pub(crate) async fn unreadable(
    tx: &mut Transaction<'_>,
    limit: u32,
) -> Result<Vec<contract::Unreadable>, sqlx::Error> {
    let wrong = |row: &SqliteRow| match row::schedule(row) {
        Ok(_) => Err(Unreadable::nothing()),
        Err(why) => {
            Ok(contract::Unreadable { name: row::text(row, "id"), reason: why.to_string() })
        }
    };
    fill(tx, limit, wrong, &Part::of("mainspring_schedules", Vec::new(), "id")).await
}

async fn view(tx: &mut Transaction<'_>, schedule: Schedule) -> Result<ScheduleView, sqlx::Error> {
    let id = schedule.spec.id.as_str();
    let found = sqlx::query(LAST_RUN).bind(id).fetch_optional(tx.connection()).await?;
    let last_run = found.and_then(|row| row::run(&row).ok()).map(|view| view.run);
    Ok(ScheduleView { schedule, last_run })
}

/// Jobs that are not over, by id.
pub(crate) async fn jobs(
    tx: &mut Transaction<'_>,
    filter: &JobFilter,
) -> Result<Vec<Job>, sqlx::Error> {
    let (mut conditions, checked) = condition::jobs(filter, HAS_TAG);
    conditions.extend(checked);
    let part = Part::of("mainspring_jobs", conditions, "id");
    fill(tx, filter.page.limit, row::job, &part).await
}

/// How many jobs a filter names, after a look at `up_to` rows at most.
pub(crate) async fn count(
    tx: &mut Transaction<'_>,
    filter: &JobFilter,
    up_to: u32,
) -> Result<Count, sqlx::Error> {
    let all = JobFilter { page: Page::first(0), ..filter.clone() };
    let (sought, checked) = condition::jobs(&all, HAS_TAG);
    let mut query = QueryBuilder::new("SELECT count(*) AS seen, ifnull(sum(1");
    and(&mut query, &checked);
    query.push("), 0) AS found FROM (SELECT tags, origin, created_at_us FROM mainspring_jobs");
    query.push(" WHERE 1");
    and(&mut query, &sought);
    query.push(" LIMIT ").push_bind(i64::from(up_to) + 1).push(")");
    let row = query.build().fetch_one(tx.connection()).await?;
    let (seen, found): (i64, i64) = (row.try_get("seen")?, row.try_get("found")?);
    let found = found.unsigned_abs();
    let more = seen > i64::from(up_to);
    Ok(if more { Count::AtLeast(found.min(u64::from(up_to))) } else { Count::Exact(found) })
}

/// History, newest first.
pub(crate) async fn runs(
    tx: &mut Transaction<'_>,
    filter: &RunFilter,
) -> Result<Vec<RunView>, sqlx::Error> {
    let part = Part::of("mainspring_runs", condition::runs(filter), "seq DESC");
    fill(tx, filter.limit, row::run, &part).await
}

/// Fires that did not become jobs, newest record first.
pub(crate) async fn skips(
    tx: &mut Transaction<'_>,
    filter: &SkipFilter,
) -> Result<Vec<SkipView>, sqlx::Error> {
    let part = Part::of("mainspring_skips", condition::skips(filter), "seq DESC");
    fill(tx, filter.limit, row::skip, &part).await
}

/// What a listing reads.
struct Part {
    table: &'static str,
    conditions: Vec<Condition>,
    order: &'static str,
}

impl Part {
    fn of(table: &'static str, conditions: Vec<Condition>, order: &'static str) -> Self {
        Self { table, conditions, order }
    }
}

/// Reads rows until there are `limit` readable ones or no more rows.
async fn fill<T>(
    tx: &mut Transaction<'_>,
    limit: u32,
    read: impl Fn(&SqliteRow) -> Result<T, Unreadable> + Send,
    part: &Part,
) -> Result<Vec<T>, sqlx::Error> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut found = Vec::new();
    let mut seen = 0_i64;
    while found.len() < limit {
        let open = i64::try_from(limit - found.len()).unwrap_or(i64::MAX);
        let mut query = QueryBuilder::new("SELECT * FROM ");
        query.push(part.table).push(" WHERE 1");
        and(&mut query, &part.conditions);
        query.push(" ORDER BY ").push(part.order).push(" LIMIT ").push_bind(open);
        query.push(" OFFSET ").push_bind(seen);
        let rows = query.build().fetch_all(tx.connection()).await?;
        let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        seen += count;
        found.extend(rows.iter().filter_map(|row| read(row).ok()));
        if count < open {
            break;
        }
    }
    Ok(found)
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
const LAST_RUN: &str = include_str!("sql/last_run.sql");
