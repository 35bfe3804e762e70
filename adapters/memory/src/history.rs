//! The newest records of what happened, as many as fit.

mod attempts;

use std::collections::{HashMap, HashSet, VecDeque};

use mainspring_contract::record::Run;
use mainspring_contract::store::{RunFilter, RunView, SkipFilter, SkipView};
use mainspring_contract::{JobId, ScheduleId, Stored};
use mainspring_core::fire::Skip;
use mainspring_core::id::Token;
use mainspring_core::outcome::Outcome;
use mainspring_core::time::Timestamp;
use mainspring_core::verb::History;

use self::attempts::Attempts;

/// Runs and skips, oldest first; the oldest make room for the newest.
#[derive(Debug)]
pub(crate) struct Records {
    runs: VecDeque<RunView>,
    skips: VecDeque<SkipView>,
    /// Which of `runs` are of which job.
    attempts: Attempts,
    last_seq: u64,
    limit: usize,
    /// The instant by which the verb under way is judged.
    pub(crate) now: Timestamp,
}

impl Records {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            runs: VecDeque::new(),
            skips: VecDeque::new(),
            attempts: Attempts::default(),
            last_seq: 0,
            limit,
            now: Timestamp::UNIX_EPOCH,
        }
    }

    /// Forgets at most `max` runs and `max` skips from before `before`.
    pub(crate) fn prune(&mut self, before: Timestamp, max: u32) -> u32 {
        let mut gone = 0;
        let old = |run: &RunView| run.noted_at < before;
        while gone < max && self.runs.front().is_some_and(old) {
            self.forget_oldest_run();
            gone += 1;
        }
        let mut skips = 0;
        while skips < max && self.skips.front().is_some_and(|skip| skip.noted_at < before) {
            self.skips.pop_front();
            skips += 1;
        }
        gone + skips
    }

    pub(crate) fn runs(&self, filter: &RunFilter) -> Vec<RunView> {
        let chosen = |view: &&RunView| {
            filter.before.is_none_or(|seq| view.seq < seq) && filter.matches(view)
        };
        self.runs.iter().rev().filter(chosen).take(filter.limit as usize).cloned().collect()
    }

    /// The number of the newest record.
    pub(crate) fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// Attempts that were recorded after that number, the newest first.
    pub(crate) fn since(&self, seq: u64) -> impl Iterator<Item = &RunView> {
        self.runs.iter().rev().take_while(move |view| view.seq > seq)
    }

    /// The last attempts of these schedules, as far as there are any.
    pub(crate) fn last_runs<'a>(
        &'a self,
        mut schedules: HashSet<&'a ScheduleId>,
    ) -> HashMap<&'a ScheduleId, &'a Run> {
        let mut found = HashMap::new();
        for view in self.runs.iter().rev() {
            if schedules.is_empty() {
                break;
            }
            if let Some(id) = view.run.schedule.as_ref().filter(|id| schedules.remove(id)) {
                found.insert(id, &view.run);
            }
        }
        found
    }

    pub(crate) fn skips(&self, filter: &SkipFilter) -> Vec<SkipView> {
        let chosen = |view: &&SkipView| {
            filter.before.is_none_or(|seq| view.seq < seq) && filter.matches(view)
        };
        self.skips.iter().rev().filter(chosen).take(filter.limit as usize).cloned().collect()
    }

    fn next_seq(&mut self) -> u64 {
        self.last_seq += 1;
        self.last_seq
    }

    fn forget_oldest_run(&mut self) {
        if self.runs.pop_front().is_some() {
            self.attempts.forget_oldest();
        }
    }

    /// What is kept of the runs of a job, the newest first.
    fn of(&self, job: &JobId) -> impl Iterator<Item = &Run> {
        let runs = self.attempts.of(job).filter_map(|at| self.runs.get(at));
        runs.map(|view| &view.run).filter(move |run| run.job == *job)
    }
}

impl History<Stored> for Records {
    fn run(&mut self, run: Run) {
        if self.runs.len() >= self.limit {
            self.forget_oldest_run();
        }
        self.attempts.add(&run.job);
        let seq = self.next_seq();
        let noted_at = self.now;
        self.runs.push_back(RunView { seq, run, noted_at });
    }

    fn skip(&mut self, schedule: &ScheduleId, skip: Skip) {
        if self.skips.len() >= self.limit {
            self.skips.pop_front();
        }
        let seq = self.next_seq();
        let (schedule, noted_at) = (schedule.clone(), self.now);
        self.skips.push_back(SkipView { seq, schedule, skip, noted_at });
    }

    fn is_settled(&self, job: &JobId) -> bool {
        self.of(job).any(|run| run.settled)
    }

    fn ended(&self, job: &JobId, token: Token) -> Option<(Outcome, bool)> {
        let run = self.of(job).find(|run| run.token == token)?;
        Some((run.ended.outcome, run.settled))
    }
}
