//! What people wrote down and which jobs there are, kept apart from what the engine believes.

use std::collections::BTreeMap;

use mainspring_core::job::{Job, JobState};
use mainspring_core::outcome::Outcome;
use mainspring_core::schedule::Spec;
use mainspring_core::task::Task;
use mainspring_core::verb::{Paused, Put, Resumed};

use crate::domain::Sim;
use crate::fact::{Commit, Fact, Verb};

/// The book.
#[derive(Debug, Default)]
pub(super) struct Book {
    pub(super) tasks: BTreeMap<u16, Task<Sim>>,
    pub(super) schedules: BTreeMap<u16, Page>,
    /// The jobs that are not over.
    pub(super) jobs: BTreeMap<u64, Job<Sim>>,
}

/// One schedule.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) spec: Spec<Sim>,
    by_hand: bool,
    by_failures: bool,
    /// It is out of service, because it cannot be read.
    pub(super) quarantined: bool,
    failures: u16,
}

impl Page {
    fn new(spec: Spec<Sim>) -> Self {
        Self { spec, by_hand: false, by_failures: false, quarantined: false, failures: 0 }
    }

    pub(super) fn is_paused(&self) -> bool {
        self.spec.paused || self.by_hand || self.by_failures
    }
}

impl Book {
    pub(super) fn see(&mut self, fact: &Fact) {
        let Fact::Commit(commit) = fact else { return };
        for run in commit.runs.iter().filter(|run| run.settled) {
            let watched = self.jobs.get(&run.job).is_some_and(|job| job.watched);
            if let Some(schedule) = run.schedule.filter(|_| watched) {
                self.ended(schedule, run.ended.outcome);
            }
        }
        self.turn_page(commit);
        for job in &commit.gone {
            self.jobs.remove(&job.id);
        }
        let after = commit.born.iter().chain(commit.changed.iter().map(|(_, after)| after));
        for job in after {
            self.jobs.insert(job.id, job.clone());
        }
    }

    /// A job was the last word of a schedule that wants to hear of it.
    fn ended(&mut self, schedule: u16, outcome: Outcome) {
        let Some(page) = self.schedules.get_mut(&schedule) else { return };
        let Some(most) = page.spec.policies.max_failures else { return };
        if outcome.is_failure() {
            page.failures += 1;
        } else if outcome == Outcome::Succeeded {
            page.failures = 0;
        }
        if page.failures >= most && !page.by_hand {
            page.by_failures = true;
        }
    }

    fn turn_page(&mut self, commit: &Commit) {
        match &commit.verb {
            Verb::PutTask(task) => {
                let older = self.tasks.get(&task.id).is_some_and(|old| old.version > task.version);
                if !older {
                    self.tasks.insert(task.id, task.clone());
                }
            }
            Verb::Put(spec, _, Put::Created) => {
                let spec = (**spec).clone();
                self.schedules.insert(spec.id, Page::new(spec));
            }
            Verb::Put(spec, _, Put::Replaced) => {
                if let Some(page) = self.schedules.get_mut(&spec.id) {
                    page.spec = (**spec).clone();
                    (page.by_failures, page.failures) = (false, 0);
                    page.quarantined = false;
                }
            }
            Verb::Remove(ids) => ids.iter().for_each(|id| {
                self.schedules.remove(id);
            }),
            Verb::Pause(id, Paused::Done) => {
                if let Some(page) = self.schedules.get_mut(id) {
                    page.by_hand = true;
                }
            }
            Verb::Resume(id, _, Resumed::Done) => {
                if let Some(page) = self.schedules.get_mut(id) {
                    (page.by_hand, page.by_failures, page.failures) = (false, false, 0);
                }
            }
            Verb::Quarantine(quarantine, true) => {
                if let Some(page) = self.schedules.get_mut(&quarantine.schedule) {
                    page.quarantined = true;
                }
            }
            _ => {}
        }
    }

    /// The jobs of a schedule that are not over.
    pub(super) fn of_schedule(&self, schedule: u16) -> impl Iterator<Item = &Job<Sim>> {
        self.jobs.values().filter(move |job| job.schedule == Some(schedule))
    }
}

/// Whether somebody has the job.
pub(super) fn is_leased(job: &Job<Sim>) -> bool {
    matches!(job.state, JobState::Leased { .. })
}

/// Whether the job is held for others.
pub(super) fn is_held(job: &Job<Sim>) -> bool {
    matches!(job.state, JobState::Held { .. })
}
