//! Settled is final: a job that is over leaves one last record and never another, and one that was
//! cancelled is never claimed again.

use std::collections::HashSet;

use mainspring_core::verb::Cancelled;

use super::book::is_leased;
use super::{Book, Checker};
use crate::fact::{Fact, Moment, Verb};

#[derive(Debug, Default)]
pub(super) struct Settled {
    over: HashSet<u64>,
    cancelled: HashSet<u64>,
}

impl Checker for Settled {
    fn see(&mut self, fact: &Fact, _: Moment, _: &Book) -> Result<(), String> {
        let Fact::Commit(commit) = fact else { return Ok(()) };
        for job in &commit.born {
            // One that was forgotten begins anew.
            self.over.remove(&job.id);
            self.cancelled.remove(&job.id);
        }
        for run in &commit.runs {
            if self.over.contains(&run.job) {
                return Err(format!("job {} was over and has another record", run.job));
            }
        }
        for job in &commit.gone {
            let last = commit.runs.iter().filter(|run| run.job == job.id && run.settled).count();
            if last != 1 {
                return Err(format!("job {} is gone with {last} last records", job.id));
            }
            self.over.insert(job.id);
        }
        let lasting = commit.runs.iter().filter(|run| run.settled);
        for run in lasting {
            if !self.over.contains(&run.job) {
                return Err(format!("job {} has a last record and is still there", run.job));
            }
        }
        match commit.verb {
            Verb::Cancel(job, Cancelled::Asked | Cancelled::Settled) => {
                self.cancelled.insert(job);
            }
            Verb::Claim { .. } => {
                for (_, after) in commit.changed.iter().filter(|(_, after)| is_leased(after)) {
                    if self.cancelled.contains(&after.id) {
                        return Err(format!("job {} was cancelled and is claimed", after.id));
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }
}
