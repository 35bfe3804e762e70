//! Tasks that are kept in mind, so that a database is not asked for them again and again.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use mainspring_core::id::ConfigRevision;

use crate::TaskId;
use crate::record::Task;

/// What tasks said when schedules and tasks had changed so often. Whoever changes a task counts
/// that up in the same transaction, so that whoever sees the same count sees the same tasks.
#[derive(Debug, Default)]
pub struct KnownTasks(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    at: ConfigRevision,
    /// `None`: nobody has put this one.
    tasks: HashMap<TaskId, Option<Task>>,
}

impl KnownTasks {
    /// Those of the tasks `ids` that are there, as far as that is known for a transaction that sees
    /// the count `at`; and the ids that are to be looked for.
    pub fn look(&self, at: ConfigRevision, ids: &[TaskId]) -> (Vec<Task>, Vec<TaskId>) {
        let seen = self.seen();
        if seen.at != at {
            return (Vec::new(), ids.to_vec());
        }
        let (mut tasks, mut missing) = (Vec::new(), Vec::new());
        for id in ids {
            match seen.tasks.get(id) {
                Some(task) => tasks.extend(task.clone()),
                None => missing.push(id.clone()),
            }
        }
        (tasks, missing)
    }

    /// What a task said when it was last looked for, and the count that was seen before that.
    /// Nothing of one that nobody had put.
    pub fn last(&self, id: &TaskId) -> Option<(ConfigRevision, Option<Task>)> {
        let seen = self.seen();
        Some((seen.at, seen.tasks.get(id)?.clone()))
    }

    /// The tasks `ids` were looked for, by a transaction that saw the count `at` before that, and
    /// these rows were there: what each is called, and what it says if it can be read. One that
    /// cannot is not kept in mind, because whoever mends it may count nothing up.
    pub fn found<'a>(
        &self,
        at: ConfigRevision,
        ids: Vec<TaskId>,
        rows: impl IntoIterator<Item = (&'a str, Option<&'a Task>)>,
    ) {
        let mut found: HashMap<TaskId, Option<Task>> =
            ids.into_iter().map(|id| (id, None)).collect();
        for (name, task) in rows {
            match task {
                Some(task) => drop(found.insert(task.id.clone(), Some(task.clone()))),
                None => found.retain(|id, _| id.as_str() != name),
            }
        }
        let mut seen = self.seen();
        if seen.at > at {
            return;
        }
        if seen.at < at || seen.tasks.len() >= MOST {
            *seen = Seen { at, tasks: HashMap::new() };
        }
        seen.tasks.extend(found);
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        // Each change is of one entry, or of all.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many tasks are kept in mind, so that memory is bounded whatever the store holds.
const MOST: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_are_known_for_one_count() {
        let known = KnownTasks::default();
        let (old, new) = (ConfigRevision::new(4), ConfigRevision::new(5));
        let [a, b, c] = ["a", "b", "c"].map(|id| TaskId::new(id).expect("a name"));
        let ids = [a.clone(), b.clone(), c.clone()];
        let task = Task::new(a.clone());
        assert_eq!(known.look(old, &ids), (vec![], ids.to_vec()));
        known.found(old, ids.to_vec(), [("a", Some(&task)), ("b", None)]);
        let told = (vec![task.clone()], vec![b.clone()]);
        assert_eq!(known.look(old, &ids), told, "`c` is not there, `b` cannot be read");
        assert_eq!(known.look(new, &ids), (vec![], ids.to_vec()), "others may have changed it");
        known.found(new, vec![a], []);
        known.found(old, vec![b], []);
        assert_eq!(known.look(new, &ids), (vec![], ids[1..].to_vec()), "what was seen late is old");
        assert_eq!(known.last(&ids[0]), Some((new, None)));
        assert_eq!(known.last(&ids[1]), None);
    }

    #[test]
    fn memory_is_bounded() {
        let known = KnownTasks::default();
        let at = ConfigRevision::new(1);
        for number in 0..10 * MOST {
            let id = TaskId::new(format!("task-{number}")).expect("a name");
            known.found(at, vec![id], []);
        }
        assert!(known.seen().tasks.len() <= MOST);
    }
}
