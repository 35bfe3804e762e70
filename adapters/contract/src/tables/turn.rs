//! Whose turn it is: tasks take turns at a claim, so that one with many jobs hides no other.
//!
//! Databases that read in one order and decide in another share these; a database may also say the
//! same in a statement.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::TaskId;

/// The tasks that take turns, each once, in the order of turn number `turn`.
pub fn in_turn(tasks: &[TaskId], turn: u32) -> Vec<TaskId> {
    let mut seen = HashSet::new();
    let start = usize::try_from(turn).unwrap_or(0) % tasks.len().max(1);
    let mut places: Vec<_> = tasks
        .iter()
        .enumerate()
        .filter(|(_, task)| seen.insert(*task))
        .map(|(index, task)| ((index + tasks.len() - start) % tasks.len(), task.clone()))
        .collect();
    places.sort_unstable_by_key(|(place, _)| *place);
    places.into_iter().map(|(_, task)| task).collect()
}

/// Which jobs are wanted of those that wait, at most `open`: the first of each task, then the
/// second of each, and so on, as far as a task has room for more. Each task is called by its place
/// in the turn, and its jobs are in their order.
pub fn choose<T>(
    waiting: &BTreeMap<usize, Vec<T>>,
    open: usize,
    room: impl Fn(usize) -> usize,
) -> Vec<(usize, &T)> {
    let mut chosen = Vec::new();
    for rank in 0.. {
        let before = chosen.len();
        for (&task, jobs) in waiting {
            let job = jobs.get(rank).filter(|_| rank < room(task) && chosen.len() < open);
            chosen.extend(job.map(|job| (task, job)));
        }
        if chosen.len() == before {
            break;
        }
    }
    chosen
}

/// Puts what was taken into the order in which it is handed out: the first of each task, then the
/// second of each, and so on. Each comes with the place of its task in the turn, and those of one
/// task are in their order.
pub fn by_turn<T>(taken: impl IntoIterator<Item = (usize, T)>) -> Vec<T> {
    let mut ranks: HashMap<usize, usize> = HashMap::new();
    let place = |(task, job)| {
        let rank = ranks.entry(task).or_default();
        *rank += 1;
        ((*rank, task), job)
    };
    let mut jobs: Vec<_> = taken.into_iter().map(place).collect();
    jobs.sort_by_key(|(place, _)| *place);
    jobs.into_iter().map(|(_, job)| job).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_turn_goes_round_the_tasks() {
        let tasks = ["a", "b", "a", "c"].map(|name| TaskId::new(name).expect("a name"));
        let names =
            |turn| in_turn(&tasks, turn).iter().map(ToString::to_string).collect::<String>();
        assert_eq!([0, 1, 2, 3, 4].map(names), ["abc", "bca", "cab", "cab", "abc"]);
        assert_eq!(in_turn(&[], 3), []);
    }

    #[test]
    fn tasks_take_turns_within_their_room() {
        let waiting = BTreeMap::from([(0, vec!["a1", "a2", "a3"]), (1, vec!["b1", "b2"])]);
        let chosen = |room: [usize; 2], open| {
            let chosen = choose(&waiting, open, |task| room[task]);
            chosen.iter().map(|(_, job)| **job).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(chosen([9, 9], 9), "a1 b1 a2 b2 a3");
        assert_eq!(chosen([9, 9], 3), "a1 b1 a2");
        assert_eq!(chosen([1, 9], 9), "a1 b1 b2");
        assert_eq!(chosen([0, 0], 9), "");
    }

    #[test]
    fn the_first_of_each_task_comes_before_the_second_of_any() {
        let taken = [(1, "b1"), (0, "a1"), (0, "a2"), (1, "b2"), (0, "a3"), (2, "c1")];
        assert_eq!(by_turn(taken), ["a1", "b1", "c1", "a2", "b2", "a3"]);
        assert_eq!(by_turn::<()>([]), []);
    }
}
