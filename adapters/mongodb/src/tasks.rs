//! Tasks: limits and defaults.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use mainspring_contract::TaskId;
use mainspring_contract::record::Task;
use mainspring_contract::tables::Done;
use mainspring_sql::column::Columns;
use mainspring_sql::{read, write};
use mongodb::bson::{RawDocumentBuf, doc};

use crate::document::{Fields, Row, TASK, texts};
use crate::transaction::{BATCH, Transaction, one};

/// What tasks said when schedules and tasks had changed so often. Whoever changes a task counts
/// that up in the same transaction, so that whoever sees the same count sees the same tasks.
#[derive(Debug, Default)]
pub(crate) struct Tasks(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    config_revision: i64,
    /// `None`: nobody has put this one.
    tasks: HashMap<TaskId, Option<Task>>,
}

impl Tasks {
    /// What is known of these tasks.
    fn of(&self, config_revision: i64, ids: &[TaskId]) -> HashMap<TaskId, Option<Task>> {
        let seen = self.seen();
        let known = |id: &TaskId| Some((id.clone(), seen.tasks.get(id)?.clone()));
        let is_same = seen.config_revision == config_revision;
        ids.iter().filter(|_| is_same).filter_map(known).collect()
    }

    /// Tasks were found, or were not there.
    fn found(&self, config_revision: i64, tasks: HashMap<TaskId, Option<Task>>) {
        let mut seen = self.seen();
        if seen.config_revision > config_revision {
            return;
        }
        if seen.config_revision < config_revision || seen.tasks.len() >= MOST {
            *seen = Seen { config_revision, tasks: HashMap::new() };
        }
        seen.tasks.extend(tasks);
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        // Each change is of one entry, or of all.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

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
    let revision = tx.config_revision();
    let mut tasks = if tx.made.tasks { HashMap::new() } else { tx.common.tasks.of(revision, ids) };
    let ids: Vec<TaskId> = ids.iter().filter(|id| !tasks.contains_key(*id)).cloned().collect();
    if !ids.is_empty() {
        let rows = select(tx, &ids).await?;
        let mut found: HashMap<TaskId, Option<Task>> =
            ids.into_iter().map(|id| (id, None)).collect();
        for row in &rows {
            let row = Row::new(row);
            match task(&row) {
                Some(task) => drop(found.insert(task.id.clone(), Some(task))),
                // Whoever mends it may count nothing up.
                None => found.retain(|id, _| id.as_str() != row.lossy("id")),
            }
        }
        if !tx.made.tasks {
            tx.common.tasks.found(revision, found.clone());
        }
        tasks.extend(found);
    }
    Ok(tasks.into_values().flatten().collect())
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

/// How many tasks are kept in mind, so that memory is bounded whatever the store holds.
const MOST: usize = 1_000;
