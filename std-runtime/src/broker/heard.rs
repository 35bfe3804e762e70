//! What other nodes said, until the pump takes it.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use mainspring_contract::JobId;
use mainspring_contract::broker::{Hints, Named};
use tokio::sync::Notify;

use crate::waiting::Waiting;

/// Hints, merged; and the jobs whose end other nodes wait for.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    kept: Mutex<Kept>,
    bell: Notify,
}

#[derive(Debug, Default)]
struct Kept {
    hints: Hints,
    /// The connection was lost, or is new.
    missed: bool,
    /// The oldest go first, when there are too many: who waits says so again and again.
    awaited: BTreeSet<JobId>,
}

impl Heard {
    /// Takes note of what others said.
    pub(crate) fn hear(&self, mut hints: Hints, waiting: &Waiting) {
        match &hints.settled {
            Named::Any => waiting.look_all(),
            settled => settled.iter().for_each(|job| waiting.look(*job)),
        }
        let mut kept = self.kept();
        for job in core::mem::take(&mut hints.awaited).iter() {
            kept.awaited.insert(*job);
            if kept.awaited.len() > AWAITED_MAX {
                kept.awaited.pop_first();
            }
        }
        hints.settled = Named::default();
        if !hints.is_empty() {
            kept.hints.merge(hints);
            self.bell.notify_one();
        }
    }

    /// Nobody knows what others said in the meantime.
    pub(crate) fn missed(&self, waiting: &Waiting) {
        waiting.look_all();
        self.kept().missed = true;
        self.bell.notify_one();
    }

    /// Whether other nodes wait for the end of a job; they are told once.
    pub(crate) fn is_awaited(&self, job: JobId) -> bool {
        self.kept().awaited.remove(&job)
    }

    /// Waits until there is something to take.
    pub(crate) async fn stirs(&self) {
        self.bell.notified().await;
    }

    /// What was said since this was last asked, and whether something was missed.
    pub(crate) fn take(&self) -> (Hints, bool) {
        let mut kept = self.kept();
        (core::mem::take(&mut kept.hints), core::mem::take(&mut kept.missed))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Nothing under the lock can panic halfway.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many jobs of others are kept in mind: some hundred kilobytes.
const AWAITED_MAX: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_jobs_that_others_wait_for_are_bounded_and_told_once() {
        let (heard, waiting) = (Heard::default(), Waiting::default());
        let job = |number: usize| JobId::from_bytes((number as u128).to_be_bytes());
        for number in 0..=AWAITED_MAX {
            heard.hear(Hints { awaited: job(number).into(), ..Hints::default() }, &waiting);
        }
        assert!(!heard.is_awaited(job(0)), "the oldest made room");
        assert!(heard.is_awaited(job(1)) && !heard.is_awaited(job(1)));
        assert_eq!(heard.take(), (Hints::default(), false));
    }
}
