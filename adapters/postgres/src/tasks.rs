//! Tasks: limits and defaults.

use mainspring_contract::TaskId;
use mainspring_contract::record::Task;
use mainspring_contract::store::Page;
use mainspring_contract::tables::Done;
use sqlx::Row as _;

use crate::columns::SettingsList;
use crate::row;
use crate::statements::query;
use crate::transaction::Transaction;

/// Makes tasks known, or changes them; whether anything is different now.
pub(crate) async fn put(tx: &mut Transaction<'_>, tasks: &[Task]) -> Done<bool> {
    if tasks.is_empty() {
        return Ok(false);
    }
    // In the order of their names, so that two nodes that start at once do not wait for each other.
    let mut tasks: Vec<&Task> = tasks.iter().collect();
    tasks.sort_by(|a, b| a.id.cmp(&b.id));
    let mut settings = SettingsList::default();
    for task in &tasks {
        settings.push(&task.settings);
    }
    let statement = query(&tx.common.sql.task_put)
        .bind(tasks.iter().map(|task| task.id.as_str()).collect::<Vec<_>>())
        .bind(tasks.iter().map(|task| i64::from(task.version)).collect::<Vec<_>>())
        .bind(tasks.iter().map(|task| task.max_running.map(i64::from)).collect::<Vec<_>>());
    let statement = settings
        .bind(statement)
        .bind(tasks.iter().map(|task| task.tags.to_string()).collect::<Vec<_>>());
    let changed = tx.run(statement).await? > 0;
    tx.has_put_tasks |= changed;
    Ok(changed)
}

/// Those of these tasks that somebody has put and that can be read.
pub(crate) async fn find(tx: &mut Transaction<'_>, ids: &[TaskId]) -> Done<Vec<Task>> {
    let at = tx.config_revision;
    let (mut tasks, missing) = match tx.has_put_tasks {
        true => (Vec::new(), ids.to_vec()),
        false => tx.common.tasks.look(at, ids),
    };
    if missing.is_empty() {
        return Ok(tasks);
    }
    let names: Vec<&str> = missing.iter().map(TaskId::as_str).collect();
    let rows = tx.all(query(&tx.common.sql.task_find).bind(names)).await?;
    let rows = rows.iter().map(|row| Ok((row.try_get::<String, _>(0)?, row::task(row).ok())));
    let rows = rows.collect::<Result<Vec<_>, _>>().map_err(|error| tx.error(error))?;
    if !tx.has_put_tasks {
        let rows = rows.iter().map(|(id, task)| (id.as_str(), task.as_ref()));
        tx.common.tasks.found(at, missing, rows);
    }
    tasks.extend(rows.into_iter().filter_map(|(_, task)| task));
    Ok(tasks)
}

/// Tasks by name.
pub(crate) async fn list(
    tx: &mut Transaction<'_>,
    page: &Page<TaskId>,
    limit: u32,
    offset: u32,
) -> Done<Vec<Option<Task>>> {
    // No name is empty.
    let after = page.after.as_ref().map_or("", TaskId::as_str);
    let statement = query(&tx.common.sql.task_list).bind(after);
    let rows = tx.all(statement.bind(i64::from(limit)).bind(i64::from(offset))).await?;
    Ok(rows.iter().map(|row| row::task(row).ok()).collect())
}
