//! One transaction of a verb: its rows, and the schedules that it has locked.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;

use mainspring_core::pulse::Pulse;
use mainspring_core::time::Timestamp;

use super::{Claim, Done, Found, Tables};
use crate::node::{Node, NodeView};
use crate::record::{Schedule, Task};
use crate::{ScheduleId, TaskId};

/// One transaction of a verb.
pub(super) struct Work<T> {
    pub(super) tables: T,
    /// What was locked, as it is by now; `None`: there is none of this name.
    schedules: HashMap<ScheduleId, Option<Found>>,
    config_changed: bool,
}

impl<T: Tables> Work<T> {
    pub(super) fn new(tables: T) -> Self {
        Self { tables, schedules: HashMap::new(), config_changed: false }
    }

    /// Takes the pulse and makes everything last.
    pub(super) async fn finish(mut self) -> Done<Pulse> {
        if self.config_changed {
            self.tables.config_changed().await?;
        }
        self.tables.finish().await
    }

    /// Leaves everything to whoever ends the transaction.
    pub(super) async fn leave(mut self) -> Done<()> {
        if self.config_changed {
            self.tables.config_changed().await?;
        }
        self.tables.end().await
    }

    pub(super) fn now(&self) -> Timestamp {
        self.tables.now()
    }

    /// Schedules or tasks are different now.
    pub(super) fn changes_config(&mut self, changed: bool) {
        self.config_changed |= changed;
    }

    /// Locks schedules, those that are not locked yet, in the order of their names.
    pub(super) async fn lock(&mut self, mut ids: Vec<ScheduleId>) -> Done<()> {
        ids.retain(|id| !self.schedules.contains_key(id));
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() {
            return Ok(());
        }
        let found = self.tables.lock_schedules(&ids).await?;
        self.schedules.extend(ids.into_iter().zip(found));
        Ok(())
    }

    /// The locked row of a schedule.
    pub(super) fn found(&self, id: &ScheduleId) -> Option<&Found> {
        self.schedules.get(id)?.as_ref()
    }

    /// The locked schedule of this name, if it can be read.
    pub(super) fn schedule(&self, id: &ScheduleId) -> Option<&Schedule> {
        self.found(id)?.schedule.as_ref().ok()
    }

    /// The same, to be changed; the caller writes the row.
    pub(super) fn schedule_mut(&mut self, id: &ScheduleId) -> Option<&mut Schedule> {
        self.schedules.get_mut(id)?.as_mut()?.schedule.as_mut().ok()
    }

    /// What the locked row of a schedule says from now on.
    pub(super) fn set_schedule(&mut self, schedule: Schedule) {
        let id = schedule.spec.id.clone();
        let source = Some(schedule.spec.source.clone());
        let revision = schedule.revision;
        let found = Found { source, revision, schedule: Ok(schedule) };
        self.schedules.insert(id, Some(found));
    }

    /// Writes locked schedules as they are by now.
    pub(super) async fn update(&mut self, changed: &[(ScheduleId, Claim)]) -> Done<()> {
        let rows = changed
            .iter()
            .filter_map(|(id, claim)| Some((self.schedule(id)?.clone(), *claim)))
            .collect::<Vec<_>>();
        if rows.is_empty() { Ok(()) } else { self.tables.update_schedules(&rows).await }
    }

    /// Takes note of what a node says about itself.
    pub(super) async fn beat(&mut self, node: &Node) -> Done<()> {
        // First those that are long gone, so that two nodes which beat at once lock old rows before
        // their own.
        self.tables.forget_nodes(NodeView::forgotten_before(self.now())).await?;
        self.tables.put_node(node).await
    }

    /// What is known of tasks: nothing of one that nobody has put or whose row cannot be read,
    /// because a job must not be lost over that.
    pub(super) async fn tasks(&mut self, mut ids: Vec<TaskId>) -> Done<HashMap<TaskId, Task>> {
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let known = self.tables.tasks(&ids).await?;
        let unknown = ids.into_iter().map(|id| (id.clone(), Task::new(id)));
        let mut tasks: HashMap<_, _> = unknown.collect();
        tasks.extend(known.into_iter().map(|task| (task.id.clone(), task)));
        Ok(tasks)
    }

    /// Puts tasks.
    pub(super) async fn put_tasks(&mut self, tasks: &[Task]) -> Done<()> {
        for round in rounds(tasks.iter().map(|task| &task.id)) {
            let part: Vec<Task> = pick(tasks, &round);
            let changed = self.tables.put_tasks(&part).await?;
            self.changes_config(changed);
        }
        Ok(())
    }
}

/// The numbers of items in rounds in which no key comes twice, each as early as possible. There is
/// one round unless somebody asks for the same thing twice.
pub(super) fn rounds<K: Eq + Hash>(keys: impl IntoIterator<Item = K>) -> Vec<Vec<usize>> {
    let mut seen: HashMap<K, usize> = HashMap::new();
    let mut rounds: Vec<Vec<usize>> = Vec::new();
    for (index, key) in keys.into_iter().enumerate() {
        let round = match seen.entry(key) {
            Entry::Occupied(mut times) => {
                *times.get_mut() += 1;
                *times.get()
            }
            Entry::Vacant(first) => *first.insert(0),
        };
        if round == rounds.len() {
            rounds.push(Vec::new());
        }
        rounds[round].push(index);
    }
    rounds
}

/// The items with these numbers.
pub(super) fn pick<I: Clone>(items: &[I], numbers: &[usize]) -> Vec<I> {
    numbers.iter().map(|&number| items[number].clone()).collect()
}

/// Does a verb in [`rounds`], and puts the answers into the order of the items.
macro_rules! in_rounds {
    ($work:ident, $items:ident, |$item:ident| $key:expr, $verb:ident) => {{
        let rounds = $crate::tables::work::rounds($items.iter().map(|$item| $key));
        if rounds.len() <= 1 {
            return $work.$verb($items).await;
        }
        let mut answers = Vec::new();
        for round in rounds {
            let part = $crate::tables::work::pick($items, &round);
            let done = $work.$verb(&part).await?;
            answers.extend(round.into_iter().zip(done));
        }
        answers.sort_by_key(|(number, _)| *number);
        Ok(answers.into_iter().map(|(_, answer)| answer).collect())
    }};
}

pub(super) use in_rounds;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_comes_twice_in_a_round() {
        assert_eq!(rounds([1, 2, 1, 3, 1, 2]), [vec![0, 1, 3], vec![2, 5], vec![4]]);
        assert_eq!(rounds([7, 8]), [vec![0, 1]]);
        assert_eq!(rounds::<u8>([]), Vec::<Vec<usize>>::new());
    }
}
