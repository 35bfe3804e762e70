//! Which of the runs that are kept are of which job.
//!
//! Jobs come and go by the million, and what is kept is forgotten in the order in which it came. So
//! this is no map: the runs are numbered, each knows the one before it in its bucket, and one that
//! is forgotten needs no other to hear of it, because every chain leads from newer runs to older
//! ones and ends with the first that is gone.

use std::collections::VecDeque;

use mainspring_contract::JobId;

/// The numbers of the runs that are kept, by the hashes of their jobs.
///
/// Invariant: `heads` has as many buckets as a power of two, at least one for each run.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    /// The newest run of each bucket.
    heads: Vec<Number>,
    /// For each run that is kept, the oldest first, its hash and the run before it in its bucket.
    runs: VecDeque<(u32, Number)>,
    /// How many were forgotten: the number of the oldest that is kept.
    forgotten: Number,
}

/// Which run it is, of all that there ever were.
type Number = u64;

/// No bucket leads to a run before the first.
const NONE: Number = Number::MAX;

impl Attempts {
    /// Adds a run of this job.
    pub(super) fn add(&mut self, job: &JobId) {
        if self.runs.len() == self.heads.len() {
            self.grow();
        }
        let hash = hash(job);
        let before = self.lead(hash, self.next());
        self.runs.push_back((hash, before));
    }

    /// Forgets the oldest.
    pub(super) fn forget_oldest(&mut self) {
        if self.runs.pop_front().is_some() {
            self.forgotten += 1;
        }
    }

    /// Where runs of this job are, counted from the oldest that is kept: the newest first. Some may
    /// be of other jobs.
    pub(super) fn of(&self, job: &JobId) -> impl Iterator<Item = usize> {
        let sought = hash(job);
        let head = self.heads.get(bucket(sought, self.heads.len())).copied();
        let chain = core::iter::successors(head.and_then(|head| self.place(head)), |&at| {
            self.place(self.runs[at].1)
        });
        chain.filter(move |&at| self.runs[at].0 == sought)
    }

    /// Where a run is, if it is kept.
    fn place(&self, number: Number) -> Option<usize> {
        let at = usize::try_from(number.checked_sub(self.forgotten)?).ok()?;
        (at < self.runs.len()).then_some(at)
    }

    fn next(&self) -> Number {
        self.forgotten + self.runs.len() as Number
    }

    /// Makes this run the newest of its bucket; returns which one was.
    fn lead(&mut self, hash: u32, number: Number) -> Number {
        let bucket = bucket(hash, self.heads.len());
        core::mem::replace(&mut self.heads[bucket], number)
    }

    /// Twice as many buckets.
    fn grow(&mut self) {
        self.heads = vec![NONE; (2 * self.heads.len()).max(64)];
        for at in 0..self.runs.len() {
            let hash = self.runs[at].0;
            self.runs[at].1 = self.lead(hash, self.forgotten + at as Number);
        }
    }
}

/// Names of jobs are random numbers or hashes already, but those of one call follow one another in
/// their last bytes. Whoever chooses names that meet makes only the own process slower.
fn hash(job: &JobId) -> u32 {
    let (words, _) = job.as_bytes().as_chunks();
    let both =
        words.iter().fold(0_u64, |both, &word| both.rotate_left(29) ^ u64::from_be_bytes(word));
    // Of a product, only the upper bits depend on all bits of both factors.
    let [a, b, c, d, ..] = both.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}

/// The bucket of a hash, by its upper bits.
fn bucket(hash: u32, buckets: usize) -> usize {
    ((u64::from(hash) * buckets as u64) >> 32) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(number: u64) -> JobId {
        let [bytes, _] = [number.wrapping_mul(0x517c_c1b7_2722_0a95).to_be_bytes(); 2];
        let mut name = [7; 16];
        name[8..].copy_from_slice(&bytes);
        JobId::from_bytes(name)
    }

    #[test]
    fn runs_are_found_until_they_are_forgotten() {
        let mut attempts = Attempts::default();
        // What is kept, the oldest first.
        let mut kept: VecDeque<u64> = VecDeque::new();
        for step in 0..3_000_u64 {
            // Each job has two runs that are some way apart, and every few steps one is forgotten.
            let number = if step % 2 == 0 { step } else { step.saturating_sub(101) };
            attempts.add(&job(number));
            kept.push_back(number);
            if step % 3 == 0 {
                attempts.forget_oldest();
                kept.pop_front();
            }
            for sought in [number, step.saturating_sub(700), step + 1] {
                let found: Vec<usize> = attempts.of(&job(sought)).collect();
                let places = (0..kept.len()).rev();
                let there: Vec<usize> = places.filter(|&at| kept[at] == sought).collect();
                assert_eq!(found, there, "job {sought} after step {step}");
            }
        }
        assert!(attempts.heads.len() >= kept.len() && kept.len() == 2_000);
    }

    #[test]
    fn jobs_of_one_call_do_not_meet() {
        let names = (0..10_000_u64).map(|number| {
            let mut name = [0x5a; 16];
            name[8..].copy_from_slice(&number.to_be_bytes());
            JobId::from_bytes(name)
        });
        let mut counts = vec![0_u32; 16_384];
        names.for_each(|job| counts[bucket(hash(&job), 16_384)] += 1);
        let most = counts.iter().max();
        assert!(most.is_some_and(|&most| most <= 8), "{most:?} in one bucket");
    }
}
