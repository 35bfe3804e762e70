//! Tasks: limits and defaults.

use mainspring_contract::TaskId;
use mainspring_contract::record::Task;

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
            .tags(&task.tags)
            .execute(tx.connection())
            .await?;
        changed |= done.rows_affected() > 0;
    }
    if changed {
        pulse::config_changed(tx).await?;
    }
    Ok(())
}

/// What is known of a task: nothing if nobody has put it or its row cannot be read, because a job
/// must not be lost over that.
pub(crate) async fn find(tx: &mut Transaction<'_>, id: &TaskId) -> Result<Task, sqlx::Error> {
    let found = sqlx::query(FIND).bind(id.as_str()).fetch_optional(tx.connection()).await?;
    Ok(found.and_then(|row| row::task(&row).ok()).unwrap_or_else(|| Task::new(id.clone())))
}

const PUT: &str = include_str!("sql/task_put.sql");
const FIND: &str = include_str!("sql/task_find.sql");
