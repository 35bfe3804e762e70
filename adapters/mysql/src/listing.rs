//! What people look at: schedules, jobs, history.

use std::collections::HashMap;

use mainspring_contract::ScheduleId;
use mainspring_contract::record::{Job, Run, Schedule};
use mainspring_contract::store::{
    JobFilter, Page, RunFilter, RunView, ScheduleFilter, SkipFilter, SkipView,
};
use mainspring_contract::tables::Done;
use mainspring_core::trigger::Count;
use mainspring_sql::column::Columns;
use mainspring_sql::condition::{self, Condition, HasTag, Value};
use mainspring_sql::read;
use sqlx::mysql::{MySql, MySqlRow};
use sqlx::{QueryBuilder, Row};

use crate::row::Cols;
use crate::statements::padded;
use crate::transaction::Transaction;

/// The schedule of this name, or why it cannot be read.
pub(crate) async fn schedule(
    tx: &mut Transaction<'_>,
    id: &ScheduleId,
) -> Done<Option<Result<Schedule, String>>> {
    let statement = tx.common.sql.schedule_find.query().bind(id.as_str());
    let found = tx.optional(statement).await?;
    Ok(found.map(|row| read::schedule(&Cols(&row)).map_err(|why| why.to_string())))
}

/// Schedules by name.
pub(crate) async fn schedules(
    tx: &mut Transaction<'_>,
    filter: &ScheduleFilter,
    part: Part,
) -> Done<Vec<Result<Schedule, (String, String)>>> {
    let sql = tx.common.sql.list_schedules.as_str().to_owned();
    let rows = page(tx, &sql, &condition::schedules(filter, HAS_TAG), part).await?;
    let read = |row: &MySqlRow| {
        let row = Cols(row);
        read::schedule(&row).map_err(|why| (row.lossy("id"), why.to_string()))
    };
    Ok(rows.iter().map(read).collect())
}

/// The last runs of these schedules, as far as they can be read.
pub(crate) async fn last_runs(
    tx: &mut Transaction<'_>,
    ids: &[ScheduleId],
) -> Done<Vec<Option<Run>>> {
    let mut found = HashMap::new();
    for list in padded(ids) {
        let text = tx.common.sql.last_runs.repeated(list.len());
        let statement = list.iter().fold(text, |s, id| s.bind(id.as_str()));
        for row in tx.all(statement).await? {
            let row = Cols(&row);
            if let Ok(view) = read::run(&row) {
                found.insert(row.lossy("schedule"), view.run);
            }
        }
    }
    Ok(ids.iter().map(|id| found.remove(id.as_str())).collect())
}

/// Jobs that are not over, by id.
pub(crate) async fn jobs(
    tx: &mut Transaction<'_>,
    filter: &JobFilter,
    part: Part,
) -> Done<Vec<Option<Job>>> {
    let (mut conditions, checked) = condition::jobs(filter, HAS_TAG);
    conditions.extend(checked);
    let sql = tx.common.sql.list_jobs.as_str().to_owned();
    let rows = page(tx, &sql, &conditions, part).await?;
    Ok(rows.iter().map(|row| read::job(&Cols(row)).ok()).collect())
}

/// How many jobs a filter names, after a look at `up_to` rows at most.
pub(crate) async fn count(tx: &mut Transaction<'_>, filter: &JobFilter, up_to: u32) -> Done<Count> {
    let all = JobFilter { page: Page::first(0), ..filter.clone() };
    let (sought, checked) = condition::jobs(&all, HAS_TAG);
    let limit = (i64::from(up_to) + 1).to_string();
    let sql = tx.common.sql.count_jobs.with(&[(":limit", &limit)]);
    let (before, rest) = sql.split_once(":checked").unwrap_or((&sql, ""));
    let (between, after) = rest.split_once(":conditions").unwrap_or((rest, ""));
    let mut query = QueryBuilder::new(before);
    and(&mut query, &checked);
    query.push(between);
    and(&mut query, &sought);
    query.push(after);
    let row = query.build().persistent(false).fetch_one(tx.connection()).await;
    let row = row.map_err(|why| tx.failed(why))?;
    let number = |column| row.try_get::<i64, _>(column).map_err(|why| tx.failed(why));
    let (seen, found) = (number("seen")?, number("found")?.unsigned_abs());
    let more = seen > i64::from(up_to);
    Ok(if more { Count::AtLeast(found.min(u64::from(up_to))) } else { Count::Exact(found) })
}

/// History, newest first.
pub(crate) async fn runs(
    tx: &mut Transaction<'_>,
    filter: &RunFilter,
    part: Part,
) -> Done<Vec<Option<RunView>>> {
    let sql = tx.common.sql.list_runs.as_str().to_owned();
    let rows = page(tx, &sql, &condition::runs(filter), part).await?;
    Ok(rows.iter().map(|row| read::run(&Cols(row)).ok()).collect())
}

/// Fires that did not become jobs, newest record first.
pub(crate) async fn skips(
    tx: &mut Transaction<'_>,
    filter: &SkipFilter,
    part: Part,
) -> Done<Vec<Option<SkipView>>> {
    let sql = tx.common.sql.list_skips.as_str().to_owned();
    let rows = page(tx, &sql, &condition::skips(filter), part).await?;
    Ok(rows.iter().map(|row| read::skip(&Cols(row)).ok()).collect())
}

/// Which rows of a listing are read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    pub(crate) limit: u32,
    pub(crate) offset: u32,
}

async fn page(
    tx: &mut Transaction<'_>,
    sql: &str,
    conditions: &[Condition],
    part: Part,
) -> Done<Vec<MySqlRow>> {
    let sql =
        sql.replace(":limit", &part.limit.to_string()).replace(":offset", &part.offset.to_string());
    let (before, after) = sql.split_once(":conditions").unwrap_or((&sql, ""));
    let mut query = QueryBuilder::new(before);
    and(&mut query, conditions);
    query.push(after);
    let rows = query.build().persistent(false).fetch_all(tx.connection()).await;
    rows.map_err(|why| tx.failed(why))
}

/// Adds conditions to a clause that has one already.
fn and(query: &mut QueryBuilder<MySql>, conditions: &[Condition]) {
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

const HAS_TAG: HasTag = ("INSTR(CONCAT(',', tags, ','), ", ") > 0");
