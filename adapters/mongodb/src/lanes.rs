//! Which lanes the jobs of a task were seen in lately, so that a claim knows where to look.
//!
//! A lane is a set of tags. With the lanes that it covers a claim asks an index for the first jobs
//! in order; and, with the same request, for one job in none of the lanes that are known. What is
//! known here is a hint: nothing is decided by it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use mainspring_contract::TaskId;

/// The lanes of all tasks: tags as they are written, and how many claims in a row found nothing.
#[derive(Debug, Default)]
pub(crate) struct Lanes(Mutex<HashMap<TaskId, BTreeMap<String, u32>>>);

impl Lanes {
    /// The lanes of a task, in the order of the index.
    pub(crate) fn of(&self, task: &TaskId) -> Vec<String> {
        let all = self.all();
        all.get(task).map(|lanes| lanes.keys().cloned().collect()).unwrap_or_default()
    }

    /// There is a lane.
    pub(crate) fn found(&self, task: &TaskId, tags: String) {
        let mut all = self.all();
        if all.values().map(BTreeMap::len).sum::<usize>() >= MOST {
            all.clear();
        }
        all.entry(task.clone()).or_default().insert(tags, 0);
    }

    /// Whether a claim found anything in a lane. One that brings nothing for long is forgotten: if
    /// it is still there, it is found again.
    pub(crate) fn visited(&self, task: &TaskId, tags: &str, any: bool) {
        let mut all = self.all();
        let Some(lanes) = all.get_mut(task) else { return };
        let Some(misses) = lanes.get_mut(tags) else { return };
        *misses = if any { 0 } else { *misses + 1 };
        if *misses > PATIENCE {
            lanes.remove(tags);
        }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<TaskId, BTreeMap<String, u32>>> {
        // Whatever is known is a hint.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many claims in a row may find nothing in a lane.
const PATIENCE: u32 = 32;

/// How many lanes are kept in mind, so that memory is bounded whatever the store holds.
const MOST: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_that_brings_nothing_is_forgotten() {
        let lanes = Lanes::default();
        let task = TaskId::new("t").expect("a name");
        lanes.found(&task, "gpu".to_owned());
        for any in [false, true] {
            lanes.visited(&task, "gpu", any);
            for _ in 0..PATIENCE - 1 {
                lanes.visited(&task, "gpu", false);
                assert_eq!(lanes.of(&task), ["gpu"]);
            }
        }
        lanes.visited(&task, "gpu", false);
        lanes.visited(&task, "gpu", false);
        assert_eq!(lanes.of(&task), [""; 0]);
    }

    #[test]
    fn memory_is_bounded() {
        let lanes = Lanes::default();
        let task = TaskId::new("t").expect("a name");
        for number in 0..(MOST + 10) {
            lanes.found(&task, number.to_string());
            assert!(lanes.of(&task).len() <= MOST);
        }
    }
}
