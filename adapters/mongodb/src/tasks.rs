//! Tasks: limits and defaults.

use std::collections::HashMap;

use mainspring_contract::TaskId;
use mainspring_contract::record::Task;
use mainspring_contract::tables::Done;
use mainspring_sql::column::Columns;
use mainspring_sql::{read, write};
use mongodb::bson::{RawDocumentBuf, doc};

use crate::document::{Fields, Row, TASK, texts};
use crate::transaction::{BATCH, Transaction, one};

/// Writes tasks whose stored version is not larger; whether anything is different now.
pub(crate) async fn put(tx: &mut Transaction<'_>, tasks: &[Task]) -> Done<bool> {
    let ids: Vec<_> = tasks.iter().map(|task| task.id.clone()).collect();
    let mut stored = HashMap::new();
    for row in select(tx, &ids).await? {
        let row = Row::new(&row);
        let version = row.int("version").ok().flatten();
        stored.insert(row.lossy("id"), (version, task(&row)));
    }
    let (mut new, mut changes) = (Vec::new(), Vec::new());
    for task in tasks {
        let mut fields = Fields::new(TASK);
        write::task(task, &mut fields);
        match stored.get(task.id.as_str()) {
            // What cannot be read is written anew.
            Some((version, _)) if version.is_some_and(|old| old > i64::from(task.version)) => {}
            Some((_, Some(old))) if old == task => {}
            Some(_) => changes.push((task, fields.done())),
            None => new.push(fields.done()),
        }
    }
    let changed = !new.is_empty() || !changes.is_empty();
    tx.made.tasks |= changed;
    let collection = tx.common.collections.tasks.clone();
    let changes = changes.into_iter().map(|(task, row)| {
        let row = mongodb::bson::Document::try_from(row);
        row.map(|row| one(doc! { "_id": task.id.as_str() }, row))
    });
    let changes: Result<Vec<_>, _> = changes.collect();
    let changes =
        changes.map_err(|why| crate::error::unreadable(&tx.common.name, &why.to_string()));
    tx.update(&collection, changes?).await?;
    if !new.is_empty() {
        tx.insert(&collection, new).await?;
    }
    Ok(changed)
}

/// Those of these tasks that somebody has put and that can be read.
pub(crate) async fn find(tx: &mut Transaction<'_>, ids: &[TaskId]) -> Done<Vec<Task>> {
    let at = tx.config_revision();
    let (mut tasks, missing) = match tx.made.tasks {
        true => (Vec::new(), ids.to_vec()),
        false => tx.common.tasks.look(at, ids),
    };
    if missing.is_empty() {
        return Ok(tasks);
    }
    let rows = select(tx, &missing).await?;
    let rows = rows.iter().map(|row| Row::new(row));
    let rows: Vec<_> = rows.map(|row| (row.lossy("id"), task(&row))).collect();
    if !tx.made.tasks {
        let rows = rows.iter().map(|(id, task)| (id.as_str(), task.as_ref()));
        tx.common.tasks.found(at, missing, rows);
    }
    tasks.extend(rows.into_iter().filter_map(|(_, task)| task));
    Ok(tasks)
}

/// The task of a document.
pub(crate) fn task(row: &Row<'_>) -> Option<Task> {
    row.of_known_shape().and_then(|()| read::task(row)).ok()
}

async fn select(tx: &mut Transaction<'_>, ids: &[TaskId]) -> Done<Vec<RawDocumentBuf>> {
    let command = doc! {
        "find": &tx.common.collections.tasks,
        "filter": { "_id": { "$in": texts(ids.iter().map(TaskId::as_str)) } },
        "batchSize": BATCH,
    };
    tx.find(command).await
}
