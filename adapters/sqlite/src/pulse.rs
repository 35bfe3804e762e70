//! The pulse: what every reply says about the store, read in the verb's own transaction.

use mainspring_core::id::ConfigRevision;
use mainspring_core::pulse::Pulse;
use mainspring_core::time::{Span, Timestamp};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::transaction::Transaction;

/// Reads it.
pub(crate) async fn read(tx: &mut Transaction<'_>) -> Result<Pulse, sqlx::Error> {
    let store_now = tx.now();
    let row = sqlx::query(PULSE).bind(store_now.as_micros()).fetch_one(tx.connection()).await?;
    let lease_until = instant(&row, "lease_until_us")?;
    // A start deadline itself is still in time.
    let start_by = instant(&row, "start_by_us")?.map(|at| at + Span::from_micros(1));
    Ok(Pulse {
        store_now,
        next_due_at: instant(&row, "due_at_us")?,
        next_ready_at: instant(&row, "ready_at_us")?,
        next_lapse_at: lease_until.into_iter().chain(start_by).min(),
        config_revision: revision(&row)?,
    })
}

/// Reads only how often schedules and tasks have changed.
pub(crate) async fn config_revision(
    tx: &mut Transaction<'_>,
) -> Result<ConfigRevision, sqlx::Error> {
    revision(&sqlx::query(CONFIG_REVISION).fetch_one(tx.connection()).await?)
}

fn revision(row: &SqliteRow) -> Result<ConfigRevision, sqlx::Error> {
    let number: Option<i64> = row.try_get("config_revision")?;
    let number = number.ok_or_else(|| sqlx::Error::Decode("no `config_revision`".into()))?;
    Ok(ConfigRevision::new(number.unsigned_abs()))
}

/// Notes that a schedule or a task changed.
pub(crate) async fn config_changed(tx: &mut Transaction<'_>) -> Result<(), sqlx::Error> {
    sqlx::query(CHANGED).execute(tx.connection()).await?;
    Ok(())
}

/// An instant out of range stops at the end of the range: the row it is from is put aside by the
/// verb that reads it, and that verb must be called for it.
fn instant(row: &SqliteRow, column: &str) -> Result<Option<Timestamp>, sqlx::Error> {
    let micros: Option<i64> = row.try_get(column)?;
    Ok(micros.map(|us| Timestamp::UNIX_EPOCH + Span::from_micros(us)))
}

const PULSE: &str = include_str!("sql/pulse.sql");
const CONFIG_REVISION: &str = include_str!("sql/config_revision.sql");
const CHANGED: &str = include_str!("sql/config_changed.sql");
