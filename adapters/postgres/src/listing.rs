//! What people look at: schedules, jobs, history.
//!
//! A listing's statement is put together from the parts of its filter, because a statement that
//! leaves conditions open has no plan that suits all of them.

use std::collections::HashMap;

use mainspring_contract::record::{Job, Run, Schedule};
use mainspring_contract::store::{
    During, JobFilter, Place, RunFilter, RunView, ScheduleFilter, SkipFilter, SkipView, Standing,
};
use mainspring_contract::tables::Done;
use mainspring_contract::{NodeId, ScheduleId, Source, Tag, TaskId};
use mainspring_core::trigger::Count;
use sqlx::postgres::{PgRow, Postgres};
use sqlx::{QueryBuilder, Row as _};

use crate::columns::uuid;
use crate::row;
use crate::schedules::texts;
use crate::statements::query;
use crate::transaction::Transaction;

/// A statement to which conditions are added.
type Select = QueryBuilder<Postgres>;

/// Schedules by name.
pub(crate) async fn schedules(
    tx: &mut Transaction<'_>,
    filter: &ScheduleFilter,
    limit: u32,
    offset: u32,
) -> Done<Vec<Result<Schedule, (String, String)>>> {
    let mut select = start(tx, "SELECT {schedule} FROM schema.mainspring_schedules WHERE true");
    text(&mut select, " AND id > ", filter.page.after.as_ref().map(ScheduleId::as_str));
    text(&mut select, " AND task = ", filter.task.as_ref().map(TaskId::as_str));
    text(&mut select, " AND source = ", filter.source.as_ref().map(Source::as_str));
    tag(&mut select, filter.tag.as_ref());
    during(&mut select, "next_at_us", filter.next);
    let live = " AND quarantine IS NULL AND NOT paused AND pause_reason IS NULL";
    match filter.standing {
        None => {}
        Some(Standing::Quarantined) => {
            select.push(" AND quarantine IS NOT NULL");
        }
        Some(Standing::Paused) => {
            select.push(" AND quarantine IS NULL AND (paused OR pause_reason IS NOT NULL)");
        }
        Some(Standing::Done) => {
            select.push(live).push(" AND next_kind = 2");
        }
        Some(Standing::Active) => {
            select.push(live).push(" AND next_kind <> 2");
        }
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
pub(crate) async fn last_runs(
    tx: &mut Transaction<'_>,
    ids: &[ScheduleId],
) -> Done<Vec<Option<Run>>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = tx.all(query(&tx.common.sql.last_runs).bind(texts(ids))).await?;
    let runs = rows.iter().filter_map(|row| row::run(row).ok()).map(|view| view.run);
    let mut last: HashMap<ScheduleId, Run> =
        runs.filter_map(|run| Some((run.schedule.clone()?, run))).collect();
    Ok(ids.iter().map(|id| last.remove(id)).collect())
}

/// Jobs that are not over, by id.
pub(crate) async fn jobs(
    tx: &mut Transaction<'_>,
    filter: &JobFilter,
    limit: u32,
    offset: u32,
) -> Done<Vec<Option<Job>>> {
    let mut select = start(tx, "SELECT {job} FROM schema.mainspring_jobs WHERE true");
    if let Some(id) = &filter.page.after {
        select.push(" AND id > ").push_bind(uuid(id));
    }
    sought(&mut select, filter);
    checked(&mut select, filter);
    page(&mut select, " ORDER BY id", limit, offset);
    let rows = all(tx, select).await?;
    Ok(rows.iter().map(|row| row::job(row).ok()).collect())
}

/// How many jobs a filter names, after a look at `up_to` rows at most.
pub(crate) async fn count_jobs(
    tx: &mut Transaction<'_>,
    filter: &JobFilter,
    up_to: u32,
) -> Done<Count> {
    let mut select = start(tx, "SELECT count(*) AS seen, count(*) FILTER (WHERE looked.number <= ");
    select.push_bind(i64::from(up_to));
    checked(&mut select, filter);
    select.push(tx.common.sql.names.render(
        ") AS found FROM (
            SELECT tags, origin, created_at_us, row_number() OVER () AS number
            FROM schema.mainspring_jobs WHERE true",
    ));
    sought(&mut select, filter);
    // One more, to know whether there are more.
    select.push(" LIMIT ").push_bind(i64::from(up_to) + 1).push(") AS looked");
    let rows = all(tx, select).await?;
    let Some(row) = rows.first() else { return Ok(Count::Exact(0)) };
    let (seen, found): (i64, i64) = match (row.try_get(0), row.try_get(1)) {
        (Ok(seen), Ok(found)) => (seen, found),
        (Err(error), _) | (_, Err(error)) => return Err(tx.error(error)),
    };
    let found = found.unsigned_abs();
    Ok(if seen > i64::from(up_to) { Count::AtLeast(found) } else { Count::Exact(found) })
}

/// What there are indexes for.
fn sought(select: &mut Select, filter: &JobFilter) {
    text(select, " AND task = ", filter.task.as_ref().map(TaskId::as_str));
    text(select, " AND schedule = ", filter.schedule.as_ref().map(ScheduleId::as_str));
    text(select, " AND node = ", filter.held_by.as_ref().map(NodeId::as_str));
    // The state is part of the text, because indexes of some states only are chosen by it.
    let leased = filter.held_by.as_ref().map(|_| Place::Leased);
    match filter.place.or(leased) {
        None => {}
        Some(Place::Waiting) => {
            select.push(" AND state = 0");
        }
        Some(Place::Leased) => {
            select.push(" AND state = 1");
        }
        Some(Place::Held) => {
            select.push(" AND state = 2");
        }
    }
}

/// What is looked at row by row.
fn checked(select: &mut Select, filter: &JobFilter) {
    tag(select, filter.tag.as_ref());
    if let Some(origin) = filter.origin {
        select.push(" AND origin = ").push_bind(i16::from(origin.code()));
    }
    during(select, "created_at_us", filter.created);
}

/// History, newest first.
pub(crate) async fn runs(
    tx: &mut Transaction<'_>,
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
    before(&mut select, filter.before);
    if let Some(id) = &filter.job {
        select.push(" AND job = ").push_bind(uuid(id));
    }
    text(&mut select, " AND task = ", filter.task.as_ref().map(TaskId::as_str));
    text(&mut select, " AND schedule = ", filter.schedule.as_ref().map(ScheduleId::as_str));
    text(&mut select, " AND node = ", filter.node.as_ref().map(NodeId::as_str));
    if let Some(outcome) = filter.outcome {
        select.push(" AND outcome = ").push_bind(i16::from(outcome.code()));
    }
    if let Some(settled) = filter.settled {
        select.push(" AND settled = ").push_bind(settled);
    }
    during(&mut select, "noted_at_us", filter.noted);
    page(&mut select, " ORDER BY seq DESC", limit, offset);
    let rows = all(tx, select).await?;
    Ok(rows.iter().map(|row| row::run(row).ok()).collect())
}

/// Fires that did not become jobs, newest record first.
pub(crate) async fn skips(
    tx: &mut Transaction<'_>,
    filter: &SkipFilter,
    limit: u32,
    offset: u32,
) -> Done<Vec<Option<SkipView>>> {
    let mut select = start(tx, "SELECT {skip} FROM schema.mainspring_skips WHERE true");
    before(&mut select, filter.before);
    text(&mut select, " AND schedule = ", filter.schedule.as_ref().map(ScheduleId::as_str));
    if let Some(reason) = filter.reason {
        select.push(" AND reason = ").push_bind(i16::from(reason.code()));
    }
    during(&mut select, "noted_at_us", filter.noted);
    page(&mut select, " ORDER BY seq DESC", limit, offset);
    let rows = all(tx, select).await?;
    Ok(rows.iter().map(|row| row::skip(row).ok()).collect())
}

/// A condition on a text, if it is asked for.
fn text(select: &mut Select, condition: &'static str, text: Option<&str>) {
    if let Some(text) = text {
        select.push(condition).push_bind(text.to_owned());
    }
}

/// Those that name this tag.
fn tag(select: &mut Select, tag: Option<&Tag>) {
    if let Some(tag) = tag {
        select.push(" AND ").push_bind(tag.as_str().to_owned());
        select.push(" = ANY (string_to_array(tags, ','))");
    }
}

/// Those of which an instant is in this stretch.
fn during(select: &mut Select, column: &'static str, during: During) {
    if let Some(from) = during.from {
        select.push(" AND ").push(column).push(" >= ").push_bind(from.as_micros());
    }
    if let Some(before) = during.before {
        select.push(" AND ").push(column).push(" < ").push_bind(before.as_micros());
    }
}

/// Those on the pages after the record of this number.
fn before(select: &mut Select, seq: Option<u64>) {
    if let Some(seq) = seq {
        select.push(" AND seq < ").push_bind(i64::try_from(seq).unwrap_or(i64::MAX));
    }
}

fn start(tx: &Transaction<'_>, sql: &str) -> Select {
    QueryBuilder::new(tx.common.sql.names.render(sql))
}

fn page(select: &mut Select, order: &'static str, limit: u32, offset: u32) {
    select.push(order);
    select.push(" LIMIT ").push_bind(i64::from(limit));
    select.push(" OFFSET ").push_bind(i64::from(offset));
}

async fn all(tx: &mut Transaction<'_>, mut select: Select) -> Done<Vec<PgRow>> {
    tx.all(select.build().persistent(false)).await
}
