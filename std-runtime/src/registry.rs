//! The tasks that this node knows, which may change while it runs.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use mainspring_contract::broker::Named;
use mainspring_contract::{TaskId, record};

use crate::error::Error;
use crate::state::States;
use crate::task::{Bound, Task};

/// A set of tasks behind a lock; readers take what is there at the moment.
#[derive(Debug)]
pub(crate) struct Registry {
    tasks: RwLock<Tasks>,
}

#[derive(Debug)]
struct Tasks {
    by_id: HashMap<TaskId, Bound>,
    ids: Arc<[TaskId]>,
}

/// Tasks with valid, distinct names, and the states that they want.
#[derive(Debug)]
pub(crate) struct Checked {
    by_id: HashMap<TaskId, Bound>,
    /// What the store is to know of them.
    pub(crate) records: Vec<record::Task>,
}

impl Checked {
    pub(crate) fn new(tasks: &[Task], states: &States) -> Result<Self, Error> {
        let mut by_id = HashMap::new();
        let mut records = Vec::new();
        for task in tasks {
            let record = task.record()?;
            let bound = task.bind(states).map_err(|missing| {
                Error::invalid(format!("task `{}` wants {missing}", record.id))
            })?;
            if by_id.insert(record.id.clone(), bound).is_some() {
                let name = record.id;
                return Err(Error::conflict(format!(
                    "task `{name}` was added twice (give one of them another name)"
                )));
            }
            records.push(record);
        }
        Ok(Self { by_id, records })
    }
}

impl Registry {
    pub(crate) fn new(tasks: Checked) -> Self {
        Self { tasks: RwLock::new(tasks.into()) }
    }

    /// Takes these tasks in place of the present ones. Runs that have started go on.
    pub(crate) fn replace(&self, tasks: Checked) {
        *self.tasks.write().unwrap_or_else(PoisonError::into_inner) = tasks.into();
    }

    pub(crate) fn find(&self, id: &TaskId) -> Option<Bound> {
        self.tasks.read().unwrap_or_else(PoisonError::into_inner).by_id.get(id).cloned()
    }

    /// Whether one of these tasks is known.
    pub(crate) fn knows_any(&self, tasks: &Named<TaskId>) -> bool {
        let known = &self.tasks.read().unwrap_or_else(PoisonError::into_inner).by_id;
        match tasks {
            Named::Any => !known.is_empty(),
            these => these.iter().any(|task| known.contains_key(task)),
        }
    }

    /// The names of all tasks.
    pub(crate) fn ids(&self) -> Arc<[TaskId]> {
        Arc::clone(&self.tasks.read().unwrap_or_else(PoisonError::into_inner).ids)
    }
}

impl From<Checked> for Tasks {
    fn from(tasks: Checked) -> Self {
        let ids = tasks.by_id.keys().cloned().collect();
        Self { by_id: tasks.by_id, ids }
    }
}
