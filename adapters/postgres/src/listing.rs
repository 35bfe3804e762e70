//! What people look at: schedules, jobs, history.
//!
//! A listing's statement is put together from the parts of its filter, because a statement that
//! leaves conditions open has no plan that suits all of them.

use std::collections::HashMap;

use mainspring_contract::ScheduleId;
use mainspring_contract::record::{Job, Run, Schedule};
use mainspring_contract::store::{JobFilter, RunFilter, RunView, SkipFilter, SkipView};
use mainspring_contract::tables::Done;
use sqlx::postgres::{PgRow, Postgres};
use sqlx::{QueryBuilder, Row as _};

use crate::columns::uuid;
use crate::row;
use crate::schedules::texts;
use crate::statements::query;
use crate::transaction::{Link, Transaction};

/// A statement to which conditions are added.
type Select = QueryBuilder<Postgres>;

/// Schedules by name, after this one.
pub(crate) async fn schedules<C: Link>(
    tx: &mut Transaction<C>,
    after: Option<&ScheduleId>,
    limit: u32,
    offset: u32,
) -> Done<Vec<Result<Schedule, (String, String)>>> {
    let mut select = start(tx, "SELECT {schedule} FROM schema.mainspring_schedules WHERE true");
    if let Some(id) = after {
        select.push(" AND id > ").push_bind(id.as_str().to_owned());
    }
    page(&mut select, " ORDER BY id", limit, offset);
    let rows = all(tx, select).await?;
    let read = |row: &PgRow| {
        row::schedule(row)
            .map_err(|why| (row.try_get::<String, _>(0).unwrap_or_default(), why.to_string()))
    };
    Ok(rows.iter().map(read).collect())
}

/// The last runs of these schedules.
pub(crate) async fn last_runs<C: Link>(
    tx: &mut Transaction<C>,
    ids: &[ScheduleId],
) -> Done<Vec<Option<Run>>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = tx.all(query(&tx.sql.last_runs).bind(texts(ids))).await?;
    let runs = rows.iter().filter_map(|row| row::run(row).ok()).map(|view| view.run);
    let mut last: HashMap<ScheduleId, Run> =
        runs.filter_map(|run| Some((run.schedule.clone()?, run))).collect();
    Ok(ids.iter().map(|id| last.remove(id)).collect())
}

/// Jobs that are not over, by id.
pub(crate) async fn jobs<C: Link>(
    tx: &mut Transaction<C>,
    filter: &JobFilter,
    limit: u32,
    offset: u32,
) -> Done<Vec<Option<Job>>> {
    let mut select = start(tx, "SELECT {job} FROM schema.mainspring_jobs WHERE true");
    if let Some(id) = &filter.page.after {
        select.push(" AND id > ").push_bind(uuid(id));
    }
    if let Some(id) = &filter.task {
        select.push(" AND task = ").push_bind(id.as_str().to_owned());
    }
    if let Some(id) = &filter.schedule {
        select.push(" AND schedule = ").push_bind(id.as_str().to_owned());
    }
    if let Some(id) = &filter.held_by {
        select.push(" AND state = 1 AND node = ").push_bind(id.as_str().to_owned());
    }
    page(&mut select, " ORDER BY id", limit, offset);
    let rows = all(tx, select).await?;
    Ok(rows.iter().map(|row| row::job(row).ok()).collect())
}

/// History, newest first.
pub(crate) async fn runs<C: Link>(
    tx: &mut Transaction<C>,
    filter: &RunFilter,
    limit: u32,
    offset: u32,
) -> Done<Vec<Option<RunView>>> {
    let mut select = start(
        tx,
        "SELECT {run} FROM schema.mainspring_runs WHERE seq >= (
            SELECT value FROM schema.mainspring_meta WHERE key = 'runs_floor'
        )",
    );
    if let Some(seq) = filter.before {
        select.push(" AND seq < ").push_bind(i64::try_from(seq).unwrap_or(i64::MAX));
    }
    if let Some(id) = &filter.job {
        select.push(" AND job = ").push_bind(uuid(id));
    }
    if let Some(id) = &filter.task {
        select.push(" AND task = ").push_bind(id.as_str().to_owned());
    }
    if let Some(id) = &filter.schedule {
        select.push(" AND schedule = ").push_bind(id.as_str().to_owned());
    }
    page(&mut select, " ORDER BY seq DESC", limit, offset);
    let rows = all(tx, select).await?;
    Ok(rows.iter().map(|row| row::run(row).ok()).collect())
}

/// Fires that did not become jobs, newest record first.
pub(crate) async fn skips<C: Link>(
    tx: &mut Transaction<C>,
    filter: &SkipFilter,
    limit: u32,
    offset: u32,
) -> Done<Vec<Option<SkipView>>> {
    let mut select = start(tx, "SELECT {skip} FROM schema.mainspring_skips WHERE true");
    if let Some(seq) = filter.before {
        select.push(" AND seq < ").push_bind(i64::try_from(seq).unwrap_or(i64::MAX));
    }
    if let Some(id) = &filter.schedule {
        select.push(" AND schedule = ").push_bind(id.as_str().to_owned());
    }
    page(&mut select, " ORDER BY seq DESC", limit, offset);
    let rows = all(tx, select).await?;
    Ok(rows.iter().map(|row| row::skip(row).ok()).collect())
}

fn start<C: Link>(tx: &Transaction<C>, sql: &str) -> Select {
    QueryBuilder::new(tx.sql.names.render(sql))
}

fn page(select: &mut Select, order: &'static str, limit: u32, offset: u32) {
    select.push(order);
    select.push(" LIMIT ").push_bind(i64::from(limit));
    select.push(" OFFSET ").push_bind(i64::from(offset));
}

async fn all<C: Link>(tx: &mut Transaction<C>, mut select: Select) -> Done<Vec<PgRow>> {
    tx.all(select.build().persistent(false)).await
}
