//! Attempts are bounded: one failure more than there are retries, unless the task gave up; one loss
//! more than there are rescues; and nothing else counts. A success was one.

use std::collections::HashMap;

use mainspring_core::id::Token;
use mainspring_core::job::{Job, JobState};
use mainspring_core::outcome::Outcome;
use mainspring_core::retry::{Ask, Cause};
use mainspring_core::verb::Settle;

use super::book::is_leased;
use super::{Book, Checker};
use crate::domain::Sim;
use crate::fact::{Fact, Moment, Verb};

#[derive(Debug, Default)]
pub(super) struct Attempts {
    failures: HashMap<u64, u16>,
    losses: HashMap<u64, u16>,
    /// How runs really ended.
    ended: HashMap<(u64, Token), (Outcome, Ask)>,
}

impl Checker for Attempts {
    fn see(&mut self, fact: &Fact, _: Moment, _: &Book) -> Result<(), String> {
        let commit = match fact {
            Fact::Ended(run, outcome, ask) => {
                self.ended.insert((run.job, run.token), (*outcome, *ask));
                return Ok(());
            }
            Fact::Commit(commit) => commit,
            _ => return Ok(()),
        };
        for job in &commit.born {
            // One that was forgotten begins anew.
            self.failures.remove(&job.id);
            self.losses.remove(&job.id);
        }
        for (before, after) in commit.changed.iter().filter(|(before, _)| is_leased(before)) {
            match &commit.verb {
                Verb::Retry(retry, _) if retry.job == before.id => {
                    let really = self.ended.get(&(retry.job, retry.token)).map(|ended| ended.0);
                    let failed = matches!(really, Some(Outcome::Failed | Outcome::Panicked));
                    if failed && !matches!(retry.cause, Cause::Failure | Cause::Stop) {
                        return Err(format!("a failure of job {} is not counted", before.id));
                    }
                    if retry.cause == Cause::Failure {
                        *self.failures.entry(before.id).or_default() += 1;
                    }
                }
                Verb::Rescue(_) => *self.losses.entry(before.id).or_default() += 1,
                _ => {}
            }
            self.bounded(after)?;
        }
        for job in &commit.gone {
            match &commit.verb {
                Verb::Settle(settle, _) if settle.job == job.id => self.settled(job, settle)?,
                Verb::Rescue(_) if is_leased(job) => {
                    let cancelled = matches!(job.state, JobState::Leased { cancel: true, .. });
                    let losses = self.losses(job.id) + 1;
                    if !cancelled && losses != job.terms.max_rescues + 1 {
                        return Err(format!("job {} is given up after {losses} losses", job.id));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl Attempts {
    fn failures(&self, job: u64) -> u16 {
        self.failures.get(&job).copied().unwrap_or(0)
    }

    fn losses(&self, job: u64) -> u16 {
        self.losses.get(&job).copied().unwrap_or(0)
    }

    /// A job that goes on.
    fn bounded(&self, job: &Job<Sim>) -> Result<(), String> {
        let (failures, losses) = (self.failures(job.id), self.losses(job.id));
        if failures > job.terms.retry.max || losses > job.terms.max_rescues {
            return Err(format!("job {} goes on: {failures} failures, {losses} losses", job.id));
        }
        if (job.counts.failures, job.counts.rescues) != (failures, losses) {
            return Err(format!("job {} has counted {:?}", job.id, job.counts));
        }
        Ok(())
    }

    fn settled(&self, job: &Job<Sim>, settle: &Settle<Sim>) -> Result<(), String> {
        let really = self.ended.get(&(settle.job, settle.token));
        match settle.ended.outcome {
            Outcome::Succeeded if !matches!(really, Some((Outcome::Succeeded, _))) => {
                Err(format!("job {} succeeded, and its run did not: {really:?}", job.id))
            }
            Outcome::Failed | Outcome::Panicked | Outcome::TimedOut => {
                let failures = self.failures(job.id) + 1;
                let gave_up = matches!(really, Some((_, Ask::GiveUp)));
                if failures == job.terms.retry.max + 1 || gave_up {
                    return Ok(());
                }
                Err(format!("job {} ends after {failures} failures", job.id))
            }
            _ => Ok(()),
        }
    }
}
