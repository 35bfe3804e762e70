//! The pulse: what every reply says about the store, read in the verb's own transaction.

use mainspring_contract::tables::Done;
use mainspring_core::id::ConfigRevision;
use mainspring_core::pulse::Pulse;
use mainspring_sql::read;

use crate::error;
use crate::row::Cols;
use crate::transaction::Transaction;

/// Reads it and commits, with one request.
pub(crate) async fn finish(tx: Transaction<'_>) -> Done<Pulse> {
    let (now, common) = (tx.now(), std::sync::Arc::clone(&tx.common));
    let query = common.sql.pulse.with(&[(":now", &now.as_micros().to_string())]);
    let row = tx.commit_with(query).await?;
    read::pulse(&Cols(&row), now).map_err(|why| error::of_row(&common.name, &why))
}

/// Reads only how often schedules and tasks have changed.
pub(crate) async fn config_revision(tx: &mut Transaction<'_>) -> Done<ConfigRevision> {
    let statement = tx.common.sql.config_revision.query();
    let row = tx.optional(statement).await?.ok_or_else(|| tx.failed(sqlx::Error::RowNotFound))?;
    read::config_revision(&Cols(&row)).map_err(|why| error::of_row(&tx.common.name, &why))
}

/// Schedules or tasks changed.
pub(crate) async fn config_changed(tx: &mut Transaction<'_>) -> Done<()> {
    let statement = tx.common.sql.config_changed.query();
    tx.execute(statement).await?;
    Ok(())
}
