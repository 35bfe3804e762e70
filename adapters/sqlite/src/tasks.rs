//! Tasks: limits and defaults.

use mainspring_contract::TaskId;
use mainspring_contract::record::Task;
use mainspring_core::settings::Settings;

use crate::columns::Columns;
use crate::transaction::Transaction;
use crate::{pulse, row};

/// Makes tasks known, or changes them.
pub(crate) async fn put(tx: &mut Transaction<'_>, tasks: &[Task]) -> Result<(), sqlx::Error> {
    let mut changed = false;
    for task in tasks {
        let done = sqlx::query(PUT)
            .bind(task.id.as_str())
            .bind(i64::from(task.version))
            .bind(task.max_running.map(i64::from))
            .settings(&task.settings)
            .execute(tx.connection())
            .await?;
        changed |= done.rows_affected() > 0;
    }
    if changed {
        pulse::config_changed(tx).await?;
    }
    Ok(())
}

/// The defaults of a task's jobs; none if the task is unknown or its row cannot be read, because
/// a job must not be lost over that.
pub(crate) async fn settings(
    tx: &mut Transaction<'_>,
    task: &TaskId,
) -> Result<Settings, sqlx::Error> {
    let found = sqlx::query(SETTINGS).bind(task.as_str()).fetch_optional(tx.connection()).await?;
    Ok(found.and_then(|row| row::settings(&row).ok()).unwrap_or(Settings::NONE))
}

const PUT: &str = include_str!("sql/task_put.sql");
const SETTINGS: &str = include_str!("sql/task_settings.sql");
