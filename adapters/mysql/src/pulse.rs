//! The pulse: what every reply says about the store, read in the verb's own transaction.

use mainspring_contract::tables::Done;
use mainspring_core::id::ConfigRevision;
use mainspring_core::pulse::Pulse;
use mainspring_core::time::{Span, Timestamp};
use sqlx::Row;
use sqlx::mysql::MySqlRow;

use crate::error;
use crate::transaction::Transaction;

/// Reads it and commits, with one request.
pub(crate) async fn finish(tx: Transaction<'_>) -> Done<Pulse> {
    let (now, common) = (tx.now(), std::sync::Arc::clone(&tx.common));
    let query = common.sql.pulse.with(&[(":now", &now.as_micros().to_string())]);
    let row = tx.commit_with(query).await?;
    pulse(&row, now).map_err(|why| error::of_statement(&common.name, why))
}

/// Reads only how often schedules and tasks have changed.
pub(crate) async fn config_revision(tx: &mut Transaction<'_>) -> Done<ConfigRevision> {
    let statement = tx.common.sql.config_revision.query();
    let row = tx.optional(statement).await?.ok_or_else(|| tx.failed(sqlx::Error::RowNotFound))?;
    revision(&row).map_err(|why| tx.failed(why))
}

/// Schedules or tasks changed.
pub(crate) async fn config_changed(tx: &mut Transaction<'_>) -> Done<()> {
    let statement = tx.common.sql.config_changed.query();
    tx.execute(statement).await?;
    Ok(())
}

fn pulse(row: &MySqlRow, store_now: Timestamp) -> Result<Pulse, sqlx::Error> {
    let lease_until = instant(row, "lease_until_us")?;
    // A start deadline itself is still in time.
    let start_by = instant(row, "start_by_us")?.map(|at| at + Span::from_micros(1));
    Ok(Pulse {
        store_now,
        next_due_at: instant(row, "due_at_us")?,
        next_ready_at: instant(row, "ready_at_us")?,
        next_lapse_at: lease_until.into_iter().chain(start_by).min(),
        config_revision: revision(row)?,
    })
}

fn revision(row: &MySqlRow) -> Result<ConfigRevision, sqlx::Error> {
    let number: i64 = row.try_get("config_revision")?;
    Ok(ConfigRevision::new(u64::try_from(number).unwrap_or(0)))
}

/// An instant out of range stops at the end of the range: the row it is from is put aside by the
/// verb that reads it, and that verb must be called for it.
fn instant(row: &MySqlRow, column: &str) -> Result<Option<Timestamp>, sqlx::Error> {
    let micros: Option<i64> = row.try_get(column)?;
    Ok(micros.map(|us| Timestamp::UNIX_EPOCH + Span::from_micros(us)))
}
