//! What one seed is about: some faults and features are off, the others come at wild ratios, so
//! that each is met alone and in all kinds of company (Groce et al., "Swarm testing", 2012).

use mainspring_core::lease::LeaseTerms;
use mainspring_core::limits;
use mainspring_core::time::{Span, Timestamp};

use crate::chance::Chance;

/// The options of one seed. Spans are means, `None` is never; numbers are times in a thousand.
#[derive(Clone, Debug)]
pub(crate) struct Swarm {
    /// When it begins.
    pub(crate) start: Timestamp,
    /// How long things go wrong.
    pub(crate) trouble: Span,
    /// How many nodes.
    pub(crate) nodes: usize,
    /// Schedules that one node plans at once.
    pub(crate) plans: usize,
    /// Jobs that one node runs at once.
    pub(crate) works: usize,
    /// Jobs that fit into the store.
    pub(crate) jobs: usize,
    /// How many schedule names people use.
    pub(crate) schedules: u16,
    /// How many tasks there are.
    pub(crate) tasks: u16,
    /// The longest time without asking the store.
    pub(crate) max_idle: Span,
    /// How leases are treated.
    pub(crate) terms: LeaseTerms,
    /// Whether calls are batched.
    pub(crate) batches: bool,
    /// Whether settles travel with the next claim.
    pub(crate) travels: bool,
    /// The faults of the way to the store.
    pub(crate) wire: Wire,
    /// The store is restarted.
    pub(crate) restarts: Option<Span>,
    /// A node crashes.
    pub(crate) crashes: Option<Span>,
    /// A node is stopped softly.
    pub(crate) stops: Option<Span>,
    /// A node's process stands still.
    pub(crate) pauses: Option<Span>,
    /// A node's machine sleeps.
    pub(crate) sleeps: Option<Span>,
    /// A node is cut off from the store.
    pub(crate) cuts: Option<Span>,
    /// How long a node is gone.
    pub(crate) gone: Span,
    /// A wall clock is set.
    pub(crate) clock_steps: Option<Span>,
    /// The store's clock is set.
    pub(crate) store_steps: Option<Span>,
    /// How far at most it is ahead then of where it was at first.
    pub(crate) store_step: Span,
    /// How far wall clocks are off.
    pub(crate) skew: Span,
    /// How fast monotonic clocks drift, in millionths.
    pub(crate) drift: i64,
    /// How long history is kept: longer than the store's clock jumps, or nothing would be known
    /// after a jump.
    pub(crate) keep_history: Span,
    /// A node comes back under a new name.
    pub(crate) renames: u32,
    /// People change something.
    pub(crate) edits: Option<Span>,
    /// People queue a job.
    pub(crate) queues: Option<Span>,
    /// What people write into schedules and jobs.
    pub(crate) words: Words,
    /// How runs go.
    pub(crate) runs: Runs,
}

/// The faults of the way to the store, each so many times in a thousand calls.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wire {
    /// The longest way, each way.
    pub(crate) latency: Span,
    /// The request is lost before it takes effect.
    pub(crate) lost: u32,
    /// The reply is lost.
    pub(crate) unheard: u32,
    /// The request arrives twice.
    pub(crate) doubled: u32,
    /// The request takes effect after the caller was told that it failed.
    pub(crate) late: u32,
    /// Only the first part of a batch takes effect.
    pub(crate) torn: u32,
}

/// How often people use a feature, in a thousand schedules or jobs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words {
    /// The shortest span between fires.
    pub(crate) dense: bool,
    /// Cron patterns.
    pub(crate) cron: u32,
    /// Triggers that no node can read.
    pub(crate) unreadable: u32,
    /// Jobs whose rows no node can read.
    pub(crate) undecodable: u32,
    /// Exclusions.
    pub(crate) freeze: u32,
    /// Overlap policies.
    pub(crate) overlap: u32,
    /// Coalescing other than the latest.
    pub(crate) coalesce: u32,
    /// Misfire grace.
    pub(crate) grace: u32,
    /// Jitter.
    pub(crate) jitter: u32,
    /// Slack.
    pub(crate) slack: u32,
    /// A limit of fires.
    pub(crate) limit: u32,
    /// A fixed delay.
    pub(crate) after_run: u32,
    /// A pause after failures.
    pub(crate) max_failures: u32,
    /// Retries.
    pub(crate) retries: u32,
    /// Timeouts.
    pub(crate) timeout: u32,
    /// Keys.
    pub(crate) unique: u32,
    /// Tags.
    pub(crate) tags: u32,
    /// `ready_at` and `start_by` of queued jobs.
    pub(crate) deadlines: u32,
    /// `max_running` of tasks.
    pub(crate) max_running: u32,
}

/// How runs go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Runs {
    /// The longest.
    pub(crate) longest: Span,
    /// They fail.
    pub(crate) fail: u32,
    /// They panic.
    pub(crate) panic: u32,
    /// They ask to be run again later.
    pub(crate) snooze: u32,
    /// Failures ask for no further attempt, or for another wait.
    pub(crate) ask: u32,
    /// They take no notice of being aborted.
    pub(crate) stubborn: u32,
    /// They take their time when they are aborted.
    pub(crate) grace: Span,
    /// They cannot start where they were claimed.
    pub(crate) unstarted: u32,
}

impl Swarm {
    /// The options of a seed.
    pub(crate) fn drawn(chance: &mut Chance) -> Self {
        let secs = Span::from_secs;
        let trouble = secs(chance.between(60, 420));
        let calm = chance.odds(100);
        let often = |chance: &mut Chance, from: i64, to: i64| {
            let some = chance.odds(550) && !calm;
            some.then(|| chance.span(Span::from_secs(from), Span::from_secs(to)))
        };
        let short = chance.odds(500);
        let lease_for = secs(if short { chance.between(6, 14) } else { 15 });
        let schedules = u16::try_from(chance.between(1, 6)).unwrap_or(1);
        let plans = if chance.odds(150) { 2 } else { 16 };
        let step = if chance.odds(500) { 5 } else { 600 };
        let batches = chance.odds(700);
        let store_step = chance.pick(&[secs(3), secs(30), secs(4_000)]);
        Self {
            start: start(chance, trouble),
            trouble,
            nodes: 1 + chance.index(4),
            plans,
            works: chance.pick(&[1, 2, 4, 16]),
            jobs: chance.pick(&[8, 16, 64, 64]),
            schedules,
            tasks: u16::try_from(chance.between(1, 3)).unwrap_or(1),
            max_idle: chance.pick(&[secs(1), secs(2), secs(5), secs(5)]),
            terms: LeaseTerms { lease_for, margin: secs(2) },
            batches,
            travels: batches && chance.odds(500),
            wire: Wire::drawn(chance, calm),
            restarts: often(chance, 20, 300),
            crashes: often(chance, 10, 300),
            stops: often(chance, 20, 300),
            pauses: often(chance, 10, 200),
            sleeps: often(chance, 10, 200),
            cuts: often(chance, 10, 200),
            gone: chance.span(secs(2), secs(90)),
            clock_steps: often(chance, 10, 200),
            store_steps: often(chance, 20, 300),
            store_step,
            skew: chance.pick(&[Span::ZERO, Span::from_millis(80), secs(20), secs(4_000)]),
            drift: chance.pick(&[0, 50, 200]),
            keep_history: store_step + chance.pick(&[secs(60), secs(120), limits::KEEP_HISTORY]),
            renames: chance.pick(&[0, 300, 1_000]),
            edits: often(chance, step, step * 4),
            queues: often(chance, 1, 60),
            words: Words::drawn(chance),
            runs: Runs::drawn(chance, calm),
        }
    }
}

/// Half of the time a zone changes its clocks while the simulation goes on.
fn start(chance: &mut Chance, trouble: Span) -> Timestamp {
    // 2026-03-29T01:00Z and 2026-10-25T01:00Z in Europe, 2026-03-08T07:00Z and 2026-11-01T06:00Z
    // in New York.
    let change = chance.pick(&[1_774_746_000, 1_792_890_000, 1_772_953_200, 1_793_512_800]);
    let change = Timestamp::UNIX_EPOCH + Span::from_secs(change);
    let early = if chance.odds(500) { trouble } else { Span::from_days(20) };
    change - chance.span(Span::ZERO, early)
}

/// A frequency that is off, low, or high.
fn wild(chance: &mut Chance, most: u32) -> u32 {
    let most = i64::from(most);
    let drawn = match chance.index(4) {
        0 | 1 => 0,
        2 => chance.between(1, most / 8 + 1),
        _ => chance.between(1, most),
    };
    u32::try_from(drawn).unwrap_or(0)
}

impl Wire {
    fn drawn(chance: &mut Chance, calm: bool) -> Self {
        let millis = chance.pick(&[1, 20, 20, 200, 3_000]);
        let mut fault = |most| if calm { 0 } else { wild(chance, most) };
        Self {
            latency: Span::from_millis(millis),
            lost: fault(300),
            unheard: fault(300),
            doubled: fault(300),
            late: fault(150),
            torn: fault(300),
        }
    }

    /// Without any fault.
    pub(crate) fn good() -> Self {
        let latency = Span::from_millis(5);
        Self { latency, lost: 0, unheard: 0, doubled: 0, late: 0, torn: 0 }
    }
}

impl Words {
    fn drawn(chance: &mut Chance) -> Self {
        let mut word = || wild(chance, 900);
        Self {
            dense: word() > 400,
            cron: word(),
            unreadable: word(),
            undecodable: word() / 2,
            freeze: word(),
            overlap: word(),
            coalesce: word(),
            grace: word(),
            jitter: word(),
            slack: word(),
            limit: word() / 2,
            after_run: word() / 2,
            max_failures: word() / 2,
            retries: word(),
            timeout: word(),
            unique: word(),
            tags: word(),
            deadlines: word(),
            max_running: word(),
        }
    }
}

impl Runs {
    fn drawn(chance: &mut Chance, calm: bool) -> Self {
        let longest = chance.pick(&[100, 2_000, 10_000, 40_000]);
        let grace = chance.pick(&[0, 2_000, 20_000, 50_000]);
        let mut fault = |most| if calm { 0 } else { wild(chance, most) };
        Self {
            longest: Span::from_millis(longest),
            fail: fault(600),
            panic: fault(200),
            snooze: fault(200),
            ask: fault(300),
            stubborn: fault(300),
            grace: Span::from_millis(grace),
            unstarted: fault(100),
        }
    }

    /// Nothing fails, and nothing takes long.
    pub(crate) fn good() -> Self {
        Self {
            longest: Span::from_millis(50),
            fail: 0,
            panic: 0,
            snooze: 0,
            ask: 0,
            stubborn: 0,
            grace: Span::ZERO,
            unstarted: 0,
        }
    }
}
