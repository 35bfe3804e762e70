//! Which lanes the jobs of a task were seen in lately, so that a claim knows where to look.
//!
//! A lane is a set of tags and a priority: one stretch of the index of claims. No query of MySQL
//! or MariaDB names the lanes that there are without a walk past every job. So a claim looks into
//! the lanes that it knows and, with the same request, once between each two of them, where a job
//! shows that there is one more. What is known here is a hint: nothing is decided by it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use mainspring_contract::TaskId;

/// Where a lane lies in the index, within its task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Spot {
    /// The column `lane`: the tags in 16 bytes.
    pub(crate) lane: [u8; 16],
    /// The priority.
    pub(crate) priority: i16,
}

/// What is known of a lane.
#[derive(Clone, Debug)]
pub(crate) struct Lane {
    /// Its tags as they are written.
    pub(crate) tags: String,
    /// How many claims in a row found nothing here.
    misses: u32,
}

/// The lanes of all tasks.
#[derive(Debug, Default)]
pub(crate) struct Lanes(Mutex<HashMap<TaskId, BTreeMap<Spot, Lane>>>);

impl Lanes {
    /// The lanes of a task, in the order of the index.
    pub(crate) fn of(&self, task: &TaskId) -> Vec<(Spot, Lane)> {
        let all = self.all();
        let Some(lanes) = all.get(task) else { return Vec::new() };
        lanes.iter().map(|(spot, lane)| (*spot, lane.clone())).collect()
    }

    /// There is a lane.
    pub(crate) fn found(&self, task: &TaskId, spot: Spot, tags: String) {
        let mut all = self.all();
        if all.values().map(BTreeMap::len).sum::<usize>() >= MOST {
            all.clear();
        }
        all.entry(task.clone()).or_default().insert(spot, Lane { tags, misses: 0 });
    }

    /// Whether a claim found anything in a lane. One that brings nothing for long is forgotten: if
    /// it is still there, it is found again.
    pub(crate) fn visited(&self, task: &TaskId, spot: &Spot, any: bool) {
        let mut all = self.all();
        let Some(lanes) = all.get_mut(task) else { return };
        if let Some(lane) = lanes.get_mut(spot) {
            lane.misses = if any { 0 } else { lane.misses + 1 };
            if lane.misses > PATIENCE {
                lanes.remove(spot);
            }
        }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<TaskId, BTreeMap<Spot, Lane>>> {
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
        let spot = Spot { lane: [0; 16], priority: 5 };
        lanes.found(&task, spot, String::new());
        for _ in 0..PATIENCE {
            lanes.visited(&task, &spot, false);
        }
        lanes.visited(&task, &spot, true);
        for _ in 0..PATIENCE {
            lanes.visited(&task, &spot, false);
            assert_eq!(lanes.of(&task).len(), 1);
        }
        lanes.visited(&task, &spot, false);
        assert_eq!(lanes.of(&task).len(), 0);
    }

    #[test]
    fn memory_is_bounded() {
        let lanes = Lanes::default();
        let task = TaskId::new("t").expect("a name");
        for number in 0..(MOST + 10) {
            let mut lane = [0; 16];
            lane[..8].copy_from_slice(&number.to_be_bytes());
            lanes.found(&task, Spot { lane, priority: 5 }, String::new());
            assert!(lanes.of(&task).len() <= MOST);
        }
    }
}
