//! The simulator itself: seeds repeat, and a handful of them exercises everything.

use mainspring_simulation::tally::Tally;
use mainspring_simulation::watch;

#[test]
fn a_seed_repeats() {
    for seed in [7, 8] {
        let (one, other) = (watch::live(seed, None, true), watch::live(seed, None, true));
        assert!(one.trace.len() > 100 && one.trace == other.trace);
        assert_eq!(one.tally, other.tally);
    }
    assert_ne!(watch::live(7, None, false).tally, watch::live(8, None, false).tally);
}

#[test]
fn a_few_seeds_exercise_everything_and_break_nothing() {
    let mut tally = Tally::default();
    for seed in 0..200 {
        let outcome = watch::live(seed, None, false);
        assert_eq!(outcome.violation, None, "seed {seed}");
        tally.merge(&outcome.tally);
    }
    for name in EVERYTHING {
        assert!(tally.get(name) > 0, "no {name} in\n{tally}");
    }
}

const EVERYTHING: &[&str] = &[
    "aborts",
    "aborts that a run ignored",
    "attempts: interrupted",
    "attempts: lease lost",
    "attempts: snoozed",
    "attempts: timed out",
    "batches torn",
    "cancellations of running jobs",
    "clock steps",
    "clock steps of the store",
    "crashes",
    "decisions: repeated",
    "decisions: stale",
    "decisions: store full",
    "edits: pauses",
    "edits: puts",
    "edits: removals",
    "edits: resumes",
    "edits: tasks",
    "ended: abandoned",
    "ended: expired",
    "ended: undecodable",
    "jobs that were held",
    "jobs: backfilled",
    "jobs: run now",
    "keys: turned away",
    "nodes cut off",
    "pauses",
    "quarantines",
    "records pruned",
    "releases",
    "replies lost",
    "requests doubled",
    "requests late",
    "requests lost",
    "rescues",
    "runs that could not start",
    "skips: catch-up limit",
    "skips: coalesced",
    "skips: excluded",
    "skips: missed",
    "skips: overlapped",
    "skips: paused",
    "sleeps",
    "soft stops",
    "stale writes refused",
    "store restarts",
    "take-overs",
];
