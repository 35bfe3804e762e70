//! What cannot be read is out of service and nothing else is: a schedule goes into quarantine for
//! what is written down now, and leaves it when it is put again; until then it does not fire. A job
//! is settled for it by the claim that finds it, and nobody runs it.

use mainspring_core::domain::Origin;
use mainspring_core::outcome::Outcome;

use super::book::is_leased;
use super::{Book, Checker};
use crate::domain::{Arguments, Form};
use crate::fact::{Commit, Fact, Moment, Verb};

#[derive(Debug)]
pub(super) struct Readable;

impl Checker for Readable {
    fn see(&mut self, fact: &Fact, _: Moment, book: &Book) -> Result<(), String> {
        let Fact::Commit(commit) = fact else { return Ok(()) };
        if let Verb::Quarantine(quarantine, true) = &commit.verb {
            let id = quarantine.schedule;
            let page = book.schedules.get(&id);
            if page.is_none_or(|page| page.spec.trigger != Form::Unreadable) {
                return Err(format!("schedule {id} can be read and is out of service"));
            }
        }
        for job in commit.born.iter().filter(|job| job.origin == Origin::Fire) {
            let page = job.schedule.and_then(|schedule| book.schedules.get(&schedule));
            if let Some(page) = page.filter(|page| page.spec.trigger == Form::Unreadable) {
                return Err(format!("schedule {} cannot be read and fires", page.spec.id));
            }
        }
        jobs(commit)
    }
}

fn jobs(commit: &Commit) -> Result<(), String> {
    let is_claim = matches!(commit.verb, Verb::Claim { .. });
    for (_, job) in commit.changed.iter().filter(|(_, after)| is_leased(after)) {
        if job.payload == Arguments::Unreadable {
            return Err(format!("job {} cannot be read and is claimed", job.id));
        }
    }
    for job in commit.gone.iter().filter(|_| is_claim) {
        if job.payload != Arguments::Unreadable {
            return Err(format!("job {} can be read and is settled by a claim", job.id));
        }
    }
    for run in &commit.runs {
        let outcome = run.ended.outcome;
        if (outcome == Outcome::Undecodable) != is_claim {
            return Err(format!("the record of job {} says that it ended as {outcome}", run.job));
        }
    }
    Ok(())
}
