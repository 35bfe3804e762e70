//! No fire twice: each job is added once, and each fire of a schedule becomes one job at most.
//!
//! As long as there is a record of it, that is. Once that was old enough to be forgotten, a job may
//! be asked for again, and people may set a schedule back to a fire that was.

use std::collections::HashMap;

use mainspring_core::domain::Origin;
use mainspring_core::time::Timestamp;
use mainspring_core::verb::{Put, Resumed};

use super::{Book, Checker};
use crate::fact::{Fact, Moment, Verb};

#[derive(Debug, Default)]
pub(super) struct Twice {
    jobs: HashMap<u64, Life>,
    /// When a schedule fired for an instant.
    fires: HashMap<(u16, Timestamp), (u64, Timestamp)>,
    /// When people last changed where schedules stand.
    edited: HashMap<u16, Timestamp>,
}

/// How far a job has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Live,
    /// Over since then, by the store's clock.
    Over(Timestamp),
    /// Over for so long that nobody need know of it.
    Forgotten,
}

impl Checker for Twice {
    fn see(&mut self, fact: &Fact, moment: Moment, _: &Book) -> Result<(), String> {
        let Fact::Commit(commit) = fact else { return Ok(()) };
        match &commit.verb {
            Verb::Prune(before, _) => self.jobs.values_mut().for_each(|life| {
                if matches!(life, Life::Over(at) if *at < *before) {
                    *life = Life::Forgotten;
                }
            }),
            Verb::Put(spec, _, Put::Created | Put::Replaced) => {
                self.edited.insert(spec.id, moment.at);
            }
            Verb::Resume(id, _, Resumed::Done) => drop(self.edited.insert(*id, moment.at)),
            _ => {}
        }
        for job in &commit.born {
            let forgotten = |id| self.jobs.get(id).is_none_or(|life| *life == Life::Forgotten);
            if !forgotten(&job.id) {
                return Err(format!("job {} is added again", job.id));
            }
            let (Origin::Fire, Some(schedule), Some(at)) = (job.origin, job.schedule, job.fire_at)
            else {
                continue;
            };
            let edited = self.edited.get(&schedule).copied();
            if let Some((other, fired)) = self.fires.insert((schedule, at), (job.id, moment.at))
                && (!forgotten(&other) || edited.is_none_or(|edited| edited < fired))
            {
                return Err(format!("schedule {schedule} fires again for {at}"));
            }
        }
        self.jobs.extend(commit.born.iter().map(|job| (job.id, Life::Live)));
        self.jobs.extend(commit.gone.iter().map(|job| (job.id, Life::Over(moment.store))));
        Ok(())
    }
}
