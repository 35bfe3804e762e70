//! What people look at: schedules, jobs, history.
//!
//! Pages follow a key, not an offset. Rows that cannot be read are left out, and the page is
//! filled up with those after them, so that a short page always is the last one.

use mainspring_contract::ScheduleId;
use mainspring_contract::record::{Job, Schedule};
use mainspring_contract::store::{
    self as contract, JobFilter, Page, RunFilter, RunView, ScheduleView, SkipFilter, SkipView,
};
use sqlx::sqlite::SqliteRow;

use crate::columns::Statement;
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
    page: &Page<ScheduleId>,
) -> Result<Vec<ScheduleView>, sqlx::Error> {
    let after = page.after.as_ref().map(|id| id.as_str());
    let schedules = fill(tx, page.limit, row::schedule, |limit, offset| {
        sqlx::query(SCHEDULES).bind(after).bind(limit).bind(offset)
    })
    .await?;
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
    fill(tx, limit, wrong, |limit, offset| {
        sqlx::query(SCHEDULES).bind(None::<&str>).bind(limit).bind(offset)
    })
    .await
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
    fill(tx, filter.page.limit, row::job, |limit, offset| {
        let (sql, schedule) = match &filter.schedule {
            Some(schedule) => (JOBS_OF_SCHEDULE, Some(schedule.as_str())),
            None => (JOBS, None),
        };
        let statement = sqlx::query(sql)
            .bind(filter.page.after.as_ref().map(|id| &id.as_bytes()[..]))
            .bind(filter.task.as_ref().map(|id| id.as_str()))
            .bind(filter.held_by.as_ref().map(|id| id.as_str()))
            .bind(limit)
            .bind(offset);
        match schedule {
            Some(schedule) => statement.bind(schedule),
            None => statement,
        }
    })
    .await
}

/// History, newest first.
pub(crate) async fn runs(
    tx: &mut Transaction<'_>,
    filter: &RunFilter,
) -> Result<Vec<RunView>, sqlx::Error> {
    let RunFilter { job, task, schedule, .. } = filter;
    fill(tx, filter.limit, row::run, |limit, offset| {
        // The narrowest filter names the index; the others are checked on the way.
        let sql = match (job, schedule, task) {
            (Some(_), _, _) => RUNS_OF_JOB,
            (None, Some(_), _) => RUNS_OF_SCHEDULE,
            (None, None, Some(_)) => RUNS_OF_TASK,
            (None, None, None) => RUNS,
        };
        let statement = sqlx::query(sql)
            .bind(before(filter.before))
            .bind(task.as_ref().map(|id| id.as_str()))
            .bind(schedule.as_ref().map(|id| id.as_str()))
            .bind(limit)
            .bind(offset);
        match (job, schedule, task) {
            (Some(job), _, _) => statement.bind(&job.as_bytes()[..]),
            (None, Some(schedule), _) => statement.bind(schedule.as_str()),
            (None, None, Some(task)) => statement.bind(task.as_str()),
            (None, None, None) => statement,
        }
    })
    .await
}

/// Fires that did not become jobs, newest record first.
pub(crate) async fn skips(
    tx: &mut Transaction<'_>,
    filter: &SkipFilter,
) -> Result<Vec<SkipView>, sqlx::Error> {
    fill(tx, filter.limit, row::skip, |limit, offset| {
        let sql = if filter.schedule.is_some() { SKIPS_OF_SCHEDULE } else { SKIPS };
        let statement = sqlx::query(sql).bind(before(filter.before)).bind(limit).bind(offset);
        match &filter.schedule {
            Some(schedule) => statement.bind(schedule.as_str()),
            None => statement,
        }
    })
    .await
}

/// Reads rows until there are `limit` readable ones or no more rows. `statement` takes how many
/// rows to read and how many of this page were read before.
async fn fill<'q, T>(
    tx: &mut Transaction<'_>,
    limit: u32,
    read: impl Fn(&SqliteRow) -> Result<T, Unreadable> + Send,
    statement: impl Fn(i64, i64) -> Statement<'q> + Send,
) -> Result<Vec<T>, sqlx::Error> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut found = Vec::new();
    let mut seen = 0_i64;
    while found.len() < limit {
        let open = i64::try_from(limit - found.len()).unwrap_or(i64::MAX);
        let rows = statement(open, seen).fetch_all(tx.connection()).await?;
        let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        seen += count;
        found.extend(rows.iter().filter_map(|row| read(row).ok()));
        if count < open {
            break;
        }
    }
    Ok(found)
}

/// The end of a page that follows `before`, or of the first page.
fn before(before: Option<u64>) -> i64 {
    before.and_then(|seq| i64::try_from(seq).ok()).unwrap_or(i64::MAX)
}

const SCHEDULES: &str = include_str!("sql/list_schedules.sql");
const LAST_RUN: &str = include_str!("sql/last_run.sql");
const JOBS: &str = include_str!("sql/list_jobs.sql");
const JOBS_OF_SCHEDULE: &str = include_str!("sql/list_jobs_of_schedule.sql");
const RUNS: &str = include_str!("sql/list_runs.sql");
const RUNS_OF_JOB: &str = include_str!("sql/list_runs_of_job.sql");
const RUNS_OF_SCHEDULE: &str = include_str!("sql/list_runs_of_schedule.sql");
const RUNS_OF_TASK: &str = include_str!("sql/list_runs_of_task.sql");
const SKIPS: &str = include_str!("sql/list_skips.sql");
const SKIPS_OF_SCHEDULE: &str = include_str!("sql/list_skips_of_schedule.sql");
