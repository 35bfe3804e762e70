//! What the store remembers of the past: which jobs are over, and how attempts ended.

use std::collections::{HashMap, HashSet, VecDeque};

use mainspring_core::fire::Skip;
use mainspring_core::id::Token;
use mainspring_core::outcome::Outcome;
use mainspring_core::time::Timestamp;
use mainspring_core::verb::{History, Run};

use crate::domain::Sim;

/// What verbs leave behind.
#[derive(Debug, Default)]
pub(crate) struct Records {
    forgets: bool,
    settled: HashSet<u64>,
    ended: HashMap<(u64, Token), (Outcome, bool)>,
    /// Of which attempts there are records, and since when, in the order of their arrival.
    noted: VecDeque<(Timestamp, u64, Token)>,
    now: Timestamp,
    /// What is new since somebody last took it.
    pub(crate) skips: Vec<(u16, Skip)>,
    pub(crate) runs: Vec<Run<Sim>>,
}

impl Records {
    /// Nothing yet. If it `forgets`, it does not know which jobs are over.
    pub(crate) fn new(forgets: bool) -> Self {
        Self { forgets, ..Self::default() }
    }

    /// What is recorded next is recorded at `now`.
    pub(crate) fn at(&mut self, now: Timestamp) -> &mut Self {
        self.now = now;
        self
    }

    /// Forgets at most `max` attempts that were recorded before `before`, and says how many.
    pub(crate) fn prune(&mut self, before: Timestamp, max: u32) -> u32 {
        let mut gone = 0;
        while let Some(&(at, job, token)) = self.noted.front()
            && at < before
            && gone < max
        {
            self.noted.pop_front();
            if let Some((_, true)) = self.ended.remove(&(job, token)) {
                self.settled.remove(&job);
            }
            gone += 1;
        }
        gone
    }
}

impl History<Sim> for Records {
    fn run(&mut self, run: Run<Sim>) {
        if run.settled {
            self.settled.insert(run.job);
        }
        self.ended.insert((run.job, run.token), (run.ended.outcome, run.settled));
        self.noted.push_back((self.now, run.job, run.token));
        self.runs.push(run);
    }

    fn skip(&mut self, schedule: &u16, skip: Skip) {
        self.skips.push((*schedule, skip));
    }

    fn is_settled(&self, job: &u64) -> bool {
        !self.forgets && self.settled.contains(job)
    }

    fn ended(&self, job: &u64, token: Token) -> Option<(Outcome, bool)> {
        self.ended.get(&(*job, token)).copied()
    }
}
