//! Tasks: limits and defaults.

use std::collections::HashMap;

use mainspring_contract::TaskId;
use mainspring_contract::record::Task;
use mainspring_contract::store::Page;
use mainspring_contract::tables::Done;
use mainspring_sql::column::{Cells, Columns};
use mainspring_sql::{read, write};
use sqlx::mysql::MySqlRow;

use crate::listing::Part;
use crate::row::{Cols, Values};
use crate::statements::padded;
use crate::transaction::Transaction;

/// Writes tasks whose stored version is not larger; whether anything is different now.
pub(crate) async fn put(tx: &mut Transaction<'_>, tasks: &[Task]) -> Done<bool> {
    let ids: Vec<_> = tasks.iter().map(|task| task.id.clone()).collect();
    let mut stored = HashMap::new();
    for row in select(tx, &ids, true).await? {
        let row = Cols(&row);
        let version = row.int("version").ok().flatten();
        stored.insert(row.lossy("id"), (version, read::task(&row).ok()));
    }
    let mut changed = false;
    for task in tasks {
        let mut values = Values::default();
        write::task(task, &mut values);
        let statement = match stored.get(task.id.as_str()) {
            // What cannot be read is written anew.
            Some((version, _)) if version.is_some_and(|old| old > i64::from(task.version)) => {
                continue;
            }
            Some((_, Some(old))) if old == task => continue,
            Some(_) => {
                values.text(Some(task.id.as_str()));
                tx.common.sql.task_update.rows(1, values)
            }
            None => tx.common.sql.task_insert.rows(1, values),
        };
        tx.execute(statement).await?;
        changed = true;
    }
    Ok(changed)
}

/// Those of these tasks that somebody has put and that can be read.
pub(crate) async fn find(tx: &mut Transaction<'_>, ids: &[TaskId]) -> Done<Vec<Task>> {
    let rows = select(tx, ids, false).await?;
    Ok(rows.iter().filter_map(|row| read::task(&Cols(row)).ok()).collect())
}

/// Tasks by name.
pub(crate) async fn list(
    tx: &mut Transaction<'_>,
    page: &Page<TaskId>,
    part: Part,
) -> Done<Vec<Option<Task>>> {
    // No name is empty.
    let after = page.after.as_ref().map_or("", TaskId::as_str);
    let statement = tx.common.sql.task_list.query().bind(after);
    let statement = statement.bind(i64::from(part.limit)).bind(i64::from(part.offset));
    let rows = tx.all(statement).await?;
    Ok(rows.iter().map(|row| read::task(&Cols(row)).ok()).collect())
}

async fn select(tx: &mut Transaction<'_>, ids: &[TaskId], lock: bool) -> Done<Vec<MySqlRow>> {
    let mut rows = Vec::with_capacity(ids.len());
    for list in padded(ids) {
        let sql = &tx.common.sql;
        let text = if lock { &sql.task_lock } else { &sql.task_find };
        let statement = list.iter().fold(text.repeated(list.len()), |s, id| s.bind(id.as_str()));
        rows.extend(tx.all(statement).await?);
    }
    Ok(rows)
}
