//! The rows of tasks and schedules.

use mainspring_contract::record::{ClaimSchedules, Quarantine, Remove, Schedule, Task};
use mainspring_contract::tables::{Claim, Damaged, Found, Row};
use mainspring_contract::{NodeId, ScheduleId, TaskId};
use mainspring_core::fire::Skip;
use mainspring_core::id::ConfigRevision;
use mainspring_sql::json::{JsonRows, names};
use mainspring_sql::{read, write};
use serde_json::Value;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::columns::Cols;
use crate::transaction::{Bind, Transaction};

type Done<T> = Result<T, sqlx::Error>;

/// How often schedules and tasks have changed.
pub(crate) async fn config_revision(tx: &mut Transaction<'_>) -> Done<ConfigRevision> {
    let row = tx.sql(|sql| &sql.config_revision).fetch_one(tx.connection()).await?;
    read::config_revision(&Cols(&row)).map_err(|why| sqlx::Error::Decode(why.to_string().into()))
}

/// Notes that a schedule or a task changed.
pub(crate) async fn config_changed(tx: &mut Transaction<'_>) -> Done<()> {
    let statement = tx.sql(|sql| &sql.config_changed);
    tx.run(statement).await.map(drop)
}

/// Writes tasks whose stored version is not larger.
pub(crate) async fn put_tasks(tx: &mut Transaction<'_>, tasks: &[Task]) -> Done<bool> {
    let (text, _) = JsonRows::of(tasks, write::task).into_parts();
    let statement = tx.sql(|sql| &sql.task_put).bind(text);
    Ok(tx.run(statement).await? > 0)
}

/// Those of these tasks that can be read.
pub(crate) async fn tasks(tx: &mut Transaction<'_>, ids: &[TaskId]) -> Done<Vec<Task>> {
    let statement = tx.sql(|sql| &sql.task_find).bind(names(ids));
    let rows = tx.rows(statement).await?;
    Ok(rows.iter().filter_map(|row| read::task(&Cols(row)).ok()).collect())
}

/// The schedules of these names.
pub(crate) async fn find(tx: &mut Transaction<'_>, ids: &[ScheduleId]) -> Done<Vec<Option<Found>>> {
    let statement = tx.sql(|sql| &sql.schedule_find).bind(names(ids));
    tx.numbered(statement, ids.len(), |row| read::found(&Cols(row))).await
}

/// Writes whole schedules.
pub(crate) async fn write(tx: &mut Transaction<'_>, schedules: &[Schedule]) -> Done<()> {
    let now = tx.now();
    let rows = JsonRows::of(schedules, write::schedule);
    let statement = tx.sql(|sql| &sql.schedule_put).rows(rows).at(now);
    tx.run(statement).await.map(drop)
}

/// Writes what can change about schedules while their words stay.
pub(crate) async fn update(tx: &mut Transaction<'_>, schedules: &[(Schedule, Claim)]) -> Done<()> {
    let now = tx.now();
    let rows = JsonRows::of(schedules, |(schedule, claim), out| {
        write::schedule_update(schedule, *claim, out);
    });
    let statement = tx.sql(|sql| &sql.schedule_update).bind(rows.into_parts().0).at(now);
    tx.run(statement).await.map(drop)
}

/// Removes schedules and returns the names of those that were there.
pub(crate) async fn remove(tx: &mut Transaction<'_>, remove: &Remove<'_>) -> Done<Vec<ScheduleId>> {
    let statement = match remove {
        Remove::Named(ids) => tx.sql(|sql| &sql.schedule_remove_named).bind(names(ids)),
        Remove::SourceExcept(source, kept) => {
            let statement = tx.sql(|sql| &sql.schedule_remove_source);
            statement.bind(source.as_str().to_owned()).bind(names(kept))
        }
    };
    let rows = tx.rows(statement).await?;
    let name = |row: &SqliteRow| ScheduleId::try_from(row.try_get::<&str, _>("id").ok()?).ok();
    Ok(rows.iter().filter_map(name).collect())
}

/// Whether a claim would find anything.
pub(crate) async fn any_due(tx: &mut Transaction<'_>, claim: &ClaimSchedules) -> Done<bool> {
    Ok(!due(tx, claim, 1).await?.is_empty())
}

/// Shares out schedules that come due.
pub(crate) async fn claim(
    tx: &mut Transaction<'_>,
    claim: &ClaimSchedules,
    max: u32,
) -> Done<Vec<Row<Schedule, i64>>> {
    let until = tx.now() + claim.claim_for;
    let (mut found, mut claimed) = (Vec::new(), Vec::new());
    for row in due(tx, claim, max).await? {
        let number: i64 = row.try_get("row_id")?;
        let schedule = read::schedule(&Cols(&row));
        if schedule.is_ok() {
            claimed.push(Value::from(number));
        }
        let damaged = |why: mainspring_sql::column::Unreadable| Damaged {
            row: number,
            watched_by: None,
            why: why.to_string(),
        };
        found.push(schedule.map_err(damaged));
    }
    if !claimed.is_empty() {
        let statement = tx.sql(|sql| &sql.schedule_claim).bind(Value::from(claimed).to_string());
        let statement = statement.bind(claim.node.as_str().to_owned()).at(until);
        tx.run(statement).await?;
    }
    Ok(found)
}

async fn due(tx: &mut Transaction<'_>, claim: &ClaimSchedules, max: u32) -> Done<Vec<SqliteRow>> {
    let now = tx.now();
    let statement = tx.sql(|sql| &sql.schedule_due).at(now + claim.within).at(now);
    tx.rows(statement.bind(i64::from(max))).await
}

/// Puts rows that cannot be read into quarantine.
pub(crate) async fn set_aside(tx: &mut Transaction<'_>, rows: &[Damaged<i64>]) -> Done<()> {
    let now = tx.now();
    for row in rows {
        let statement = tx.sql(|sql| &sql.schedule_set_aside).bind(row.row).bind(row.why.clone());
        tx.run(statement.at(now)).await?;
    }
    Ok(())
}

/// Takes schedules of these revisions out of service.
pub(crate) async fn quarantine(tx: &mut Transaction<'_>, quarantines: &[Quarantine]) -> Done<bool> {
    let now = tx.now();
    let mut changed = false;
    for quarantine in quarantines {
        let statement = tx
            .sql(|sql| &sql.schedule_quarantine)
            .bind(quarantine.schedule.as_str().to_owned())
            .bind(i64::from(quarantine.revision.number()))
            .bind(quarantine.reason.clone())
            .at(now);
        changed |= tx.run(statement).await? > 0;
    }
    Ok(changed)
}

/// Ends the claims of a node.
pub(crate) async fn drop_claims(tx: &mut Transaction<'_>, node: &NodeId) -> Done<()> {
    let statement = tx.sql(|sql| &sql.schedule_drop_claims).bind(node.as_str().to_owned());
    tx.run(statement).await.map(drop)
}

/// Adds records of fires that did not become jobs.
pub(crate) async fn note_skips(tx: &mut Transaction<'_>, skips: &[(ScheduleId, Skip)]) -> Done<()> {
    let now = tx.now();
    let (text, _) = JsonRows::of(skips, write::skip).into_parts();
    let statement = tx.sql(|sql| &sql.skip_insert).bind(text).at(now);
    tx.run(statement).await.map(drop)
}
