//! The newest records of what happened, as many as fit.

use core::hash::{BuildHasherDefault, Hasher};
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet, VecDeque};

use mainspring_contract::record::Run;
use mainspring_contract::store::{RunFilter, RunView, SkipFilter, SkipView};
use mainspring_contract::{JobId, ScheduleId, Stored};
use mainspring_core::fire::Skip;
use mainspring_core::id::Token;
use mainspring_core::outcome::Outcome;
use mainspring_core::time::Timestamp;
use mainspring_core::verb::History;

/// Runs and skips, oldest first; the oldest make room for the newest.
#[derive(Debug)]
pub(crate) struct Records {
    runs: VecDeque<RunView>,
    skips: VecDeque<SkipView>,
    /// The attempts of each job that are in `runs`.
    ended: HashMap<JobId, Attempts, BuildHasherDefault<IdHasher>>,
    last_seq: u64,
    limit: usize,
    /// The instant by which the verb under way is judged.
    pub(crate) now: Timestamp,
}

/// How the attempts of one job ended, the oldest first. Most jobs have one.
#[derive(Debug)]
struct Attempts {
    before: Vec<Attempt>,
    last: Attempt,
}

#[derive(Clone, Copy, Debug)]
struct Attempt {
    token: Token,
    outcome: Outcome,
    settled: bool,
}

/// Hashes the names of jobs, which are random numbers or hashes already. Whoever chooses names that
/// meet makes only the own process slower.
#[derive(Debug, Default)]
struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks();
        words.iter().for_each(|&word| self.write_u64(u64::from_le_bytes(word)));
        rest.iter().for_each(|&byte| self.write_u64(u64::from(byte)));
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn write_usize(&mut self, _length: usize) {
        // All names are equally long.
    }

    fn finish(&self) -> u64 {
        // A table looks at both ends, and only the upper bits depend on all of the last word.
        self.0 ^ self.0 >> 32
    }
}

impl Attempts {
    fn iter(&self) -> impl Iterator<Item = &Attempt> {
        self.before.iter().chain([&self.last])
    }
}

impl Records {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            runs: VecDeque::new(),
            skips: VecDeque::new(),
            ended: HashMap::default(),
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
        let Some(RunView { run, .. }) = self.runs.pop_front() else { return };
        let Entry::Occupied(mut attempts) = self.ended.entry(run.job) else { return };
        match attempts.get_mut().before.is_empty() {
            true => drop(attempts.remove()),
            false => drop(attempts.get_mut().before.remove(0)),
        }
    }
}

impl History<Stored> for Records {
    fn run(&mut self, run: Run) {
        if self.runs.len() >= self.limit {
            self.forget_oldest_run();
        }
        let outcome = run.ended.outcome;
        let attempt = Attempt { token: run.token, outcome, settled: run.settled };
        match self.ended.entry(run.job) {
            Entry::Vacant(place) => {
                place.insert(Attempts { before: Vec::new(), last: attempt });
            }
            Entry::Occupied(mut attempts) => {
                let Attempts { before, last } = attempts.get_mut();
                before.push(core::mem::replace(last, attempt));
            }
        }
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
        self.ended.get(job).is_some_and(|attempts| attempts.iter().any(|attempt| attempt.settled))
    }

    fn ended(&self, job: &JobId, token: Token) -> Option<(Outcome, bool)> {
        let attempt = self.ended.get(job)?.iter().find(|attempt| attempt.token == token)?;
        Some((attempt.outcome, attempt.settled))
    }
}
