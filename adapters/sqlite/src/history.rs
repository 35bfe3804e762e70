//! The rows of runs and skips: settle, record, look up, prune.

use std::collections::HashSet;

use mainspring_contract::record::{Run, Settle};
use mainspring_contract::{JobId, ScheduleId};
use mainspring_core::id::Token;
use mainspring_core::outcome::Outcome;
use mainspring_core::time::Timestamp;
use mainspring_sql::column::Cells;
use mainspring_sql::json::{JsonRows, names};
use mainspring_sql::lists::{parts, repeat};
use mainspring_sql::{read, write};
use sqlx::AssertSqlSafe;

use crate::columns::{Cols, Values};
use crate::jobs;
use crate::transaction::{Bind, Transaction};

type Done<T> = Result<T, sqlx::Error>;

/// Settles those jobs whose end concerns nobody else.
///
/// Values are bound one by one: to take a list of ends out of a text costs SQLite more than to
/// write them.
pub(crate) async fn settle_alone(tx: &mut Transaction<'_>, settles: &[Settle]) -> Done<Vec<bool>> {
    let mut over = Vec::with_capacity(settles.len());
    for part in parts(settles, usize::MAX, |_| 1) {
        let mut values = Values::default();
        values.int(Some(tx.now().as_micros()));
        part.iter().for_each(|settle| write::settle(settle, &mut values));
        let sql = repeat(&tx.shared.sql.run_settle, part.len());
        let settled = tx.run(sqlx::query_with(AssertSqlSafe(sql), values.0)).await?;
        if settled == part.len() as u64 {
            over.extend(part.iter().map(|settle| settle.job));
        } else {
            let statement = tx.sql(|sql| &sql.run_newest).bind(settled.cast_signed());
            over.extend(jobs::job_ids(&tx.rows(statement).await?, "job"));
        }
    }
    jobs::delete(tx, &over).await?;
    let over: HashSet<JobId> = over.into_iter().collect();
    Ok(settles.iter().map(|settle| over.contains(&settle.job)).collect())
}

/// Adds records of attempts.
pub(crate) async fn record(tx: &mut Transaction<'_>, runs: &[Run]) -> Done<()> {
    let now = tx.now();
    let statement = tx.sql(|sql| &sql.run_insert).rows(JsonRows::of(runs, write::run)).at(now);
    tx.run(statement).await.map(drop)
}

/// How attempts ended, and whether that settled the job.
pub(crate) async fn recorded(
    tx: &mut Transaction<'_>,
    attempts: &[(JobId, Token)],
) -> Done<Vec<Option<(Outcome, bool)>>> {
    let rows = JsonRows::of(attempts, |(job, token), out| {
        out.id(*job);
        out.int(Some(i64::from(token.number())));
    });
    let statement = tx.sql(|sql| &sql.run_recorded).rows(rows);
    let found = tx.numbered(statement, attempts.len(), |row| read::ending(&Cols(row)).ok()).await?;
    Ok(found.into_iter().map(Option::flatten).collect())
}

/// The last runs of these schedules.
pub(crate) async fn last_runs(
    tx: &mut Transaction<'_>,
    ids: &[ScheduleId],
) -> Done<Vec<Option<Run>>> {
    let statement = tx.sql(|sql| &sql.run_last).bind(names(ids));
    let found = tx.numbered(statement, ids.len(), |row| read::run(&Cols(row)).ok()).await?;
    Ok(found.into_iter().map(|view| view.flatten().map(|view| view.run)).collect())
}

/// Whether there is history from before `before`.
pub(crate) async fn any_old(tx: &mut Transaction<'_>, before: Timestamp) -> Done<bool> {
    let statement = tx.sql(|sql| &sql.prune_look).at(before);
    Ok(!tx.rows(statement).await?.is_empty())
}

/// Forgets old history.
pub(crate) async fn prune(tx: &mut Transaction<'_>, before: Timestamp, max: u32) -> Done<u32> {
    let runs = tx.sql(|sql| &sql.prune_runs).at(before).bind(i64::from(max));
    let skips = tx.sql(|sql| &sql.prune_skips).at(before).bind(i64::from(max));
    let gone = tx.run(runs).await? + tx.run(skips).await?;
    Ok(u32::try_from(gone).unwrap_or(u32::MAX))
}
