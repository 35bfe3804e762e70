//! No fire twice: each job is added once, and each fire of a schedule becomes one job at most.

use std::collections::HashSet;

use mainspring_core::domain::Origin;
use mainspring_core::time::Timestamp;

use super::{Book, Checker};
use crate::fact::{Fact, Moment};

#[derive(Debug, Default)]
pub(super) struct Twice {
    jobs: HashSet<u64>,
    fires: HashSet<(u16, Timestamp)>,
}

impl Checker for Twice {
    fn see(&mut self, fact: &Fact, _: Moment, _: &Book) -> Result<(), String> {
        let Fact::Commit(commit) = fact else { return Ok(()) };
        for job in &commit.born {
            if !self.jobs.insert(job.id) {
                return Err(format!("job {} is added again", job.id));
            }
            let (Origin::Fire, Some(schedule), Some(at)) = (job.origin, job.schedule, job.fire_at)
            else {
                continue;
            };
            if !self.fires.insert((schedule, at)) {
                return Err(format!("schedule {schedule} fires again for {at}"));
            }
        }
        Ok(())
    }
}
