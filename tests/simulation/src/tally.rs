//! What was exercised, so that nobody believes a simulation that never tried anything.

use core::fmt;
use std::collections::BTreeMap;

use mainspring_core::domain::Origin;
use mainspring_core::job::JobState;
use mainspring_core::verb::{Advanced, Cancelled, Enqueued, Rescue, Resumed, Written};

use crate::fact::{Commit, Fact, Verb};

/// Counts by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally(BTreeMap<&'static str, u64>);

impl Tally {
    /// Adds to one.
    pub fn add(&mut self, name: &'static str, count: u64) {
        *self.0.entry(name).or_default() += count;
    }

    /// Adds all of another.
    pub fn merge(&mut self, other: &Self) {
        other.0.iter().for_each(|(name, count)| self.add(name, *count));
    }

    /// One of them.
    pub fn get(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or(0)
    }

    /// Counts what a fact is about.
    pub(crate) fn count(&mut self, fact: &Fact) {
        match fact {
            Fact::Commit(commit) => self.commit(commit),
            Fact::Began(_) => self.add("runs", 1),
            Fact::Stubborn(_) => self.add("aborts that a run ignored", 1),
            _ => {}
        }
    }

    fn commit(&mut self, commit: &Commit) {
        for (_, skip) in &commit.skips {
            let name = match skip.reason.name() {
                "coalesced" => "skips: coalesced",
                "missed" => "skips: missed",
                "catch-up limit" => "skips: catch-up limit",
                "overlapped" => "skips: overlapped",
                "excluded" => "skips: excluded",
                _ => "skips: paused",
            };
            self.add(name, skip.count.value());
        }
        for job in &commit.born {
            self.add(
                match job.origin {
                    Origin::Fire => "jobs: fires",
                    Origin::Queued => "jobs: queued",
                    Origin::Manual => "jobs: run now",
                    Origin::Backfill => "jobs: backfilled",
                },
                1,
            );
            self.add("jobs that were held", u64::from(matches!(job.state, JobState::Held { .. })));
        }
        for run in &commit.runs {
            let settled = if run.settled { "ended: " } else { "attempts: " };
            let name = names().find(|name| **name == format!("{settled}{}", run.ended.outcome));
            self.add(name.copied().unwrap_or("attempts: other"), 1);
        }
        let claimed = |(_, after): &&(_, mainspring_core::job::Job<crate::domain::Sim>)| {
            matches!(after.state, JobState::Leased { .. })
        };
        let (name, count) = match &commit.verb {
            Verb::PutTask(_) => ("edits: tasks", 1),
            Verb::Put(..) => ("edits: puts", 1),
            Verb::Remove(_) => ("edits: removals", 1),
            Verb::Pause(..) => ("edits: pauses", 1),
            Verb::Resume(_, _, Resumed::Done) => ("edits: resumes", 1),
            Verb::Resume(..) => ("edits: stale resumes", 1),
            Verb::Advance { answer: Advanced::Stale, .. } => ("decisions: stale", 1),
            Verb::Advance { answer: Advanced::Full, .. } => ("decisions: store full", 1),
            Verb::Advance { moved: true, .. } => ("decisions", 1),
            Verb::Advance { .. } => ("decisions: repeated", 1),
            Verb::Enqueue(_, Some(Enqueued::Replaced(_))) => ("keys: replaced", 1),
            Verb::Enqueue(_, Some(Enqueued::Rejected(_) | Enqueued::Kept(_))) => {
                ("keys: turned away", 1)
            }
            Verb::Enqueue(_, None) => ("jobs: store full", 1),
            Verb::Enqueue(..) => ("requests to queue", 1),
            Verb::Claim { .. } => ("claims", commit.changed.iter().filter(claimed).count()),
            Verb::Renew(_, true) => ("renewals", 1),
            Verb::Renew(..)
            | Verb::Release(_, Written::LeaseLost)
            | Verb::Retry(_, Written::LeaseLost)
            | Verb::Settle(_, Written::LeaseLost) => ("stale writes refused", 1),
            Verb::Release(..) => ("releases", 1),
            Verb::Retry(..) => ("retries", 1),
            Verb::Settle(..) => ("settles", 1),
            Verb::Cancel(_, Cancelled::Asked) => ("cancellations of running jobs", 1),
            Verb::Cancel(..) => ("cancellations", 1),
            Verb::Rescue(Rescue::Lapsed) => ("rescues", commit.changed.len() + commit.gone.len()),
            Verb::Rescue(_) => ("take-overs", commit.changed.len() + commit.gone.len()),
            Verb::Quarantine(_, true) => ("quarantines", 1),
            Verb::Quarantine(_, false) => ("quarantines: stale", 1),
            Verb::Prune(_, records) => ("records pruned", *records as usize),
        };
        self.add(name, count as u64);
    }
}

/// How attempts and jobs can end.
fn names() -> core::slice::Iter<'static, &'static str> {
    const NAMES: &[&str] = &[
        "ended: succeeded",
        "ended: failed",
        "ended: panicked",
        "ended: timed out",
        "ended: cancelled",
        "ended: expired",
        "ended: abandoned",
        "ended: undecodable",
        "attempts: failed",
        "attempts: panicked",
        "attempts: timed out",
        "attempts: interrupted",
        "attempts: lease lost",
        "attempts: snoozed",
    ];
    NAMES.iter()
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(name, count)| writeln!(f, "{count:>14} {name}"))
    }
}
