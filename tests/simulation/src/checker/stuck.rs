//! Everything that is due settles: when nothing goes wrong any more, no job stays behind.

use mainspring_core::job::JobState;
use mainspring_core::time::Span;

use super::{Book, Checker};
use crate::fact::{Fact, Moment};

#[derive(Debug, Default)]
pub(super) struct Stuck;

impl Checker for Stuck {
    fn see(&mut self, fact: &Fact, moment: Moment, book: &Book) -> Result<(), String> {
        let Fact::Over = fact else { return Ok(()) };
        for job in book.jobs.values() {
            let since = match &job.state {
                JobState::Waiting { ready_at } => *ready_at,
                JobState::Held { ready_at } => (*ready_at).max(job.created_at),
                // A lease that is kept alive by a run that does not end is as bad as a lost one.
                JobState::Leased { lease, .. } => lease.until.min(job.created_at),
                JobState::Settled { .. } => continue,
            };
            if since.max(job.created_at) + PATIENCE < moment.store {
                return Err(format!("job {} does not come to an end: {:?}", job.id, job.state));
            }
        }
        Ok(())
    }
}

/// How long anything may take once all is well.
const PATIENCE: Span = Span::from_secs(60);
