//! Lateness returns to normal: when nothing has gone wrong for a while, fires become jobs in time
//! and jobs start in time.

use std::collections::HashMap;

use mainspring_core::domain::Origin;
use mainspring_core::job::{Job, JobState};
use mainspring_core::time::{Span, Timestamp};

use super::{Book, Checker};
use crate::domain::Sim;
use crate::fact::{Fact, Moment, Verb};
use crate::swarm::Swarm;

#[derive(Debug)]
pub(super) struct Late {
    max_idle: Span,
    /// What small windows and a small store cost.
    crowding: Span,
    /// The store is so small that fires wait for room.
    tight: bool,
    healed: Option<Timestamp>,
    /// When schedules were last changed: what was due before could not be in time.
    edited: HashMap<u16, Timestamp>,
    /// First attempts that are still to come, of jobs that were added since all is well: from when
    /// on they may start.
    waiting: HashMap<u64, Timestamp>,
}

impl Late {
    pub(super) fn new(swarm: &Swarm) -> Self {
        let crowded = swarm.plans < usize::from(swarm.schedules) || swarm.jobs < 16;
        let crowding = if crowded { Span::from_secs(10) } else { Span::ZERO };
        Self {
            max_idle: swarm.max_idle,
            crowding,
            tight: swarm.jobs < 16,
            healed: None,
            edited: HashMap::new(),
            waiting: HashMap::new(),
        }
    }

    /// A job that a fire became.
    fn fired(&self, job: &Job<Sim>, book: &Book) -> Result<(), String> {
        let page = job.schedule.and_then(|schedule| book.schedules.get(&schedule));
        let (Some(page), Some(at)) = (page, job.fire_at) else { return Ok(()) };
        let most = page.spec.policies.slack + Span::from_secs(2) + self.crowding;
        let edited = self.edited.get(&page.spec.id).copied();
        // Nobody tells the nodes what somebody changes elsewhere: they see it when they look.
        let seen = edited.map_or(at, |edited| at.max(edited + self.max_idle));
        let late = job.created_at.since(seen);
        let owed = edited.is_some_and(|edited| edited >= at);
        if late > most && !owed && !self.tight {
            return Err(format!("schedule {} fires {late} late", page.spec.id));
        }
        Ok(())
    }
}

impl Checker for Late {
    fn see(&mut self, fact: &Fact, moment: Moment, book: &Book) -> Result<(), String> {
        let calm = self.healed.is_some_and(|healed| moment.at.since(healed) > SETTLING);
        match fact {
            Fact::Healed => self.healed = Some(moment.at),
            Fact::Commit(commit) => {
                let id = match &commit.verb {
                    Verb::Put(spec, ..) => Some(spec.id),
                    Verb::Resume(id, ..) => Some(*id),
                    _ => None,
                };
                id.map(|id| self.edited.insert(id, moment.store));
                if !calm {
                    return Ok(());
                }
                for job in &commit.born {
                    if job.origin == Origin::Fire {
                        self.fired(job, book)?;
                    }
                    let task = book.tasks.get(&job.task);
                    let free = task.is_none_or(|task| task.max_running.is_none());
                    if let JobState::Waiting { ready_at } = job.state
                        && free
                    {
                        self.waiting.insert(job.id, ready_at.max(job.created_at));
                    }
                }
            }
            Fact::Began(run) => {
                let Some(ready_at) = self.waiting.remove(&run.job) else { return Ok(()) };
                let late = moment.store.since(ready_at);
                if late > self.max_idle + Span::from_secs(2) + self.crowding {
                    return Err(format!("job {} starts {late} late", run.job));
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// How long it may take until all is normal.
const SETTLING: Span = Span::from_secs(90);
