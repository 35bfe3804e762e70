//! No two live leases: the store gives a job away only when it waits, under a new token and to
//! somebody who may run it, and only its holder, or the end of its lease, takes it back.

use std::collections::HashMap;

use mainspring_core::domain::Domain;
use mainspring_core::id::Token;
use mainspring_core::job::{Job, JobState};
use mainspring_core::lease::Lease;
use mainspring_core::verb::Rescue;

use super::book::is_leased;
use super::{Book, Checker};
use crate::domain::Sim;
use crate::fact::{Fact, Moment, Verb};

#[derive(Debug, Default)]
pub(super) struct Leases {
    highest: HashMap<u64, Token>,
}

impl Checker for Leases {
    fn see(&mut self, fact: &Fact, moment: Moment, _: &Book) -> Result<(), String> {
        let Fact::Commit(commit) = fact else { return Ok(()) };
        for job in &commit.born {
            if is_leased(job) {
                return Err(format!("job {} is new and leased", job.id));
            }
            // One that was forgotten begins anew.
            self.highest.remove(&job.id);
        }
        for (before, after) in &commit.changed {
            match (&before.state, &after.state) {
                (JobState::Leased { lease, .. }, JobState::Leased { lease: then, .. }) => {
                    let renewed = matches!(&commit.verb, Verb::Renew(renew, _)
                        if renew.job == before.id && renew.token == lease.token);
                    // Somebody asked for it to stop, or its schedule wants to hear of its end.
                    let same = lease == then;
                    if lease.token != then.token || then.until < lease.until || !(renewed || same) {
                        return Err(format!("the lease on job {} is exchanged", before.id));
                    }
                }
                (JobState::Leased { lease, .. }, _) => ends(before, lease, &commit.verb, moment)?,
                (JobState::Waiting { .. }, JobState::Leased { lease, .. }) => {
                    self.begins(after, lease, &commit.verb)?;
                }
                (_, JobState::Leased { .. }) => {
                    return Err(format!("job {} was held and is claimed", before.id));
                }
                _ => {}
            }
        }
        for before in &commit.gone {
            if let JobState::Leased { lease, .. } = &before.state {
                ends(before, lease, &commit.verb, moment)?;
            }
        }
        Ok(())
    }
}

impl Leases {
    fn begins(&mut self, job: &Job<Sim>, lease: &Lease<Sim>, verb: &Verb) -> Result<(), String> {
        let Verb::Claim { node, tasks, tags } = verb else {
            return Err(format!("job {} is leased, and nobody claimed it", job.id));
        };
        let allowed = tasks.contains(&job.task) && Sim::covers(tags, &job.tags);
        if lease.node != *node || !allowed {
            return Err(format!("job {} goes to node {node}, which cannot run it", job.id));
        }
        let highest = self.highest.insert(job.id, lease.token);
        if highest.is_some_and(|highest| highest >= lease.token) {
            return Err(format!("job {} is claimed under an old token", job.id));
        }
        Ok(())
    }
}

fn ends(job: &Job<Sim>, lease: &Lease<Sim>, verb: &Verb, moment: Moment) -> Result<(), String> {
    let by = match verb {
        Verb::Release(release, _) => (release.job, release.token),
        Verb::Retry(retry, _) => (retry.job, retry.token),
        Verb::Settle(settle, _) => (settle.job, settle.token),
        Verb::Rescue(Rescue::Lapsed) if lease.until <= moment.store => return Ok(()),
        Verb::Rescue(Rescue::HeldBy(node)) if lease.node == *node => return Ok(()),
        Verb::Rescue(_) => {
            let until = lease.until;
            return Err(format!("job {} is rescued, and its lease lasts until {until}", job.id));
        }
        _ => return Err(format!("the lease on job {} ends without a reason", job.id)),
    };
    if by == (job.id, lease.token) {
        return Ok(());
    }
    Err(format!("the lease on job {} is ended by somebody who does not hold it", job.id))
}
