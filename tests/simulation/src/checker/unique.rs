//! Keys are kept: a job that wants a key gets in only if nobody holds it, or if it replaces a
//! holder that waits; and whoever is turned away is turned away for a holder.

use std::collections::BTreeMap;

use mainspring_core::job::{Hold, Job};
use mainspring_core::time::Timestamp;
use mainspring_core::verb::{Conflict, Enqueued};

use super::book::is_leased;
use super::{Book, Checker};
use crate::domain::Sim;
use crate::fact::{Commit, Fact, Moment, Verb};

#[derive(Debug, Default)]
pub(super) struct Keys {
    /// Who has a key of a task; once its job is over, until when.
    holders: BTreeMap<(u16, u8), (Job<Sim>, Option<Timestamp>)>,
}

impl Keys {
    fn release(&mut self, job: &Job<Sim>, over: bool, moment: Moment) {
        let Some(unique) = &job.unique else { return };
        let key = (job.task, unique.key);
        let Some((holder, until)) = self.holders.get_mut(&key) else { return };
        if holder.id != job.id {
            return;
        }
        match unique.hold {
            Hold::AtLeast(span) if over && holder.created_at + span > moment.store => {
                *until = Some(holder.created_at + span);
            }
            Hold::Live | Hold::AtLeast(_) if !over => {}
            _ => drop(self.holders.remove(&key)),
        }
    }

    fn enqueued(&mut self, commit: &Commit, moment: Moment) -> Result<(), String> {
        let Verb::Enqueue(request, answer) = &commit.verb else { return Ok(()) };
        let Some((unique, conflict)) = &request.unique else { return Ok(()) };
        let key = (request.task, unique.key);
        let lapsed = self.holders.get(&key).and_then(|(_, until)| *until);
        if lapsed.is_some_and(|until| until <= moment.store) {
            self.holders.remove(&key);
        }
        let holder = self.holders.get(&key).map(|(job, _)| job.id);
        let born = commit.born.iter().find(|job| job.id == request.id);
        match (born, answer) {
            (Some(job), _) => {
                let replaced = holder.is_some_and(|id| commit.gone.iter().any(|g| g.id == id));
                if let Some(other) = holder.filter(|_| !replaced) {
                    return Err(format!("job {} has a key that job {other} holds", job.id));
                }
                if replaced && *conflict != Conflict::Replace {
                    return Err(format!("job {} replaces another unasked", job.id));
                }
                let kept = Job { unique: Some(unique.clone()), ..job.clone() };
                self.holders.insert(key, (kept, None));
            }
            (None, Some(Enqueued::Kept(other) | Enqueued::Rejected(other)))
                if holder != Some(*other) =>
            {
                return Err(format!("job {} is turned away for job {other}", request.id));
            }
            _ => {}
        }
        Ok(())
    }
}

impl Checker for Keys {
    fn see(&mut self, fact: &Fact, moment: Moment, _: &Book) -> Result<(), String> {
        let Fact::Commit(commit) = fact else { return Ok(()) };
        self.enqueued(commit, moment)?;
        let claimed = commit.changed.iter().filter(|(_, after)| is_leased(after));
        claimed.for_each(|(_, after)| self.release(after, false, moment));
        commit.gone.iter().for_each(|job| self.release(job, true, moment));
        Ok(())
    }
}
