//! `max_running` is never exceeded: a claim never takes a task above what is written down.

use std::collections::BTreeSet;

use super::book::is_leased;
use super::{Book, Checker};
use crate::fact::{Fact, Moment, Verb};

#[derive(Debug)]
pub(super) struct Running;

impl Checker for Running {
    fn see(&mut self, fact: &Fact, _: Moment, book: &Book) -> Result<(), String> {
        let Fact::Commit(commit) = fact else { return Ok(()) };
        let Verb::Claim { .. } = commit.verb else { return Ok(()) };
        let claimed = || commit.changed.iter().map(|(_, after)| after).filter(|job| is_leased(job));
        let tasks: BTreeSet<u16> = claimed().map(|job| job.task).collect();
        for task in tasks {
            let Some(most) = book.tasks.get(&task).and_then(|task| task.max_running) else {
                continue;
            };
            let new = claimed().filter(|job| job.task == task).count();
            let old = book.jobs.values().filter(|job| job.task == task && is_leased(job)).count();
            if old + new > most as usize {
                return Err(format!("task {task} may run {most} jobs and runs {}", old + new));
            }
        }
        Ok(())
    }
}
