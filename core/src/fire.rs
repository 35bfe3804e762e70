//! Which fires of a schedule are due, and what becomes of them.
//!
//! Coalescing, misfire grace and the catch-up limit are decided here and nowhere else. The work
//! is bounded however many fires were missed: ranges are found by the trigger's own arithmetic or
//! by bisection, never by stepping through them.

use crate::limits::FIRES_PER_ADVANCE;
use crate::schedule::{Coalesce, Next, Policies};
use crate::time::{Span, Timestamp};
use crate::trigger::{Count, Trigger};

/// Why a due fire did not become a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SkipReason {
    /// A later (or earlier) fire of the same decision stands for it.
    Coalesced,
    /// It was noticed later than the misfire grace allows.
    Missed,
    /// More fires were due than the catch-up limit allows; only the most recent ones run.
    CatchUp,
}

impl SkipReason {
    /// Every reason, in the order of their codes.
    pub const ALL: [Self; 3] = [Self::Coalesced, Self::Missed, Self::CatchUp];

    /// The number kept in stores; it never changes its meaning.
    pub const fn code(self) -> u8 {
        match self {
            Self::Coalesced => 0,
            Self::Missed => 1,
            Self::CatchUp => 2,
        }
    }

    /// The reason with this code, or `None` if this program knows none.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }

    /// The word for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Coalesced => "coalesced",
            Self::Missed => "missed",
            Self::CatchUp => "catch-up limit",
        }
    }
}

/// A range of fires that did not become jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skip {
    /// Why.
    pub reason: SkipReason,
    /// The first of them.
    pub from: Timestamp,
    /// The last of them; equal to `from` if there is one only.
    pub to: Timestamp,
    /// How many.
    pub count: Count,
}

/// What to do with the fires that are due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// These become jobs, oldest first.
    pub fires: heapless::Vec<Timestamp, FIRES_PER_ADVANCE>,
    /// These do not.
    pub skips: heapless::Vec<Skip, SKIPS>,
    /// The cursor after this decision. It may still be due: a long catch-up comes in pieces.
    pub next: Next,
}

/// Decides about every fire from `next` (the stored cursor) up to `now`; `None` if nothing is due.
///
/// The cursor itself always counts as a fire, even if the trigger no longer names it: it was
/// promised before the trigger was replaced.
#[inline]
pub fn due<T: Trigger + ?Sized>(
    trigger: &T,
    next: Timestamp,
    now: Timestamp,
    policies: &Policies,
) -> Option<Due> {
    if next > now {
        return None;
    }
    let after = trigger.next_after(next);
    if after.is_none_or(|after| after > now) {
        return Some(single(next, now, after, policies));
    }
    Some(several(trigger, next, now, policies))
}

/// The usual case: nothing else is due than the cursor, so the trigger was asked once only.
#[inline]
fn single(at: Timestamp, now: Timestamp, after: Option<Timestamp>, policies: &Policies) -> Due {
    let mut due =
        Due { fires: heapless::Vec::new(), skips: heapless::Vec::new(), next: after.into() };
    if policies.misfire_grace.is_some_and(|grace| now.since(at) > grace.max(Span::ZERO)) {
        let count = Count::Exact(1);
        record(&mut due.skips, Skip { reason: SkipReason::Missed, from: at, to: at, count });
    } else {
        push(&mut due.fires, at);
    }
    due
}

/// More fires are due than the cursor.
#[cold]
fn several<T: Trigger + ?Sized>(
    trigger: &T,
    next: Timestamp,
    now: Timestamp,
    policies: &Policies,
) -> Due {
    let stretch = Stretch { trigger, cursor: next, now };
    let mut skips = heapless::Vec::new();
    let oldest_in_grace = match policies.misfire_grace {
        None => Some(next),
        Some(grace) => stretch.from(now - grace.max(Span::ZERO)),
    };
    let missed_until = match oldest_in_grace {
        Some(oldest) => stretch.before(oldest),
        None => Some(stretch.last()),
    };
    if let Some(to) = missed_until {
        record(&mut skips, stretch.skip(SkipReason::Missed, next, to));
    }
    let mut fires = heapless::Vec::new();
    let mut cursor = stretch.last();
    if let Some(oldest) = oldest_in_grace {
        let last = stretch.last();
        match policies.coalesce {
            Coalesce::Latest => {
                if let Some(to) = stretch.before(last).filter(|&to| to >= oldest) {
                    record(&mut skips, stretch.skip(SkipReason::Coalesced, oldest, to));
                }
                push(&mut fires, last);
            }
            Coalesce::Earliest => {
                push(&mut fires, oldest);
                if let Some(from) = stretch.after(oldest) {
                    record(&mut skips, stretch.skip(SkipReason::Coalesced, from, last));
                }
            }
            Coalesce::All => {
                let kept = stretch.most_recent(oldest, policies.catch_up.max(1));
                if let Some(to) = stretch.before(kept).filter(|&to| to >= oldest) {
                    record(&mut skips, stretch.skip(SkipReason::CatchUp, oldest, to));
                }
                let mut fire = Some(kept);
                while let Some(at) = fire.filter(|_| !fires.is_full()) {
                    push(&mut fires, at);
                    cursor = at;
                    fire = stretch.after(at);
                }
            }
        }
    }
    Due { fires, skips, next: trigger.next_after(cursor).into() }
}

/// The fires of one decision: the cursor and whatever the trigger names after it, up to `now`.
struct Stretch<'a, T: ?Sized> {
    trigger: &'a T,
    cursor: Timestamp,
    now: Timestamp,
}

impl<T: Trigger + ?Sized> Stretch<'_, T> {
    /// The most recent fire.
    fn last(&self) -> Timestamp {
        self.trigger
            .prev_before(self.now + ONE_MICRO)
            .map_or(self.cursor, |last| last.max(self.cursor))
    }

    /// The first fire at or after `at`.
    fn from(&self, at: Timestamp) -> Option<Timestamp> {
        if at <= self.cursor { Some(self.cursor) } else { self.after(at - ONE_MICRO) }
    }

    /// The first fire after `at`, which is not before the cursor.
    fn after(&self, at: Timestamp) -> Option<Timestamp> {
        self.trigger.next_after(at.max(self.cursor)).filter(|&fire| fire <= self.now)
    }

    /// The last fire before `at`.
    fn before(&self, at: Timestamp) -> Option<Timestamp> {
        if at <= self.cursor {
            return None;
        }
        Some(self.trigger.prev_before(at).map_or(self.cursor, |fire| fire.max(self.cursor)))
    }

    /// The oldest of the `limit` most recent fires that are not before `oldest`.
    fn most_recent(&self, oldest: Timestamp, limit: u16) -> Timestamp {
        if self.count(oldest, self.now).value() <= u64::from(limit) {
            return oldest;
        }
        let mut kept = self.last();
        for _ in 1..limit {
            match self.before(kept).filter(|&fire| fire >= oldest) {
                Some(fire) => kept = fire,
                None => break,
            }
        }
        kept
    }

    fn skip(&self, reason: SkipReason, from: Timestamp, to: Timestamp) -> Skip {
        Skip { reason, from, to, count: self.count(from, to) }
    }

    /// How many fires lie in `[from, to]`, where `from` is one of them.
    fn count(&self, from: Timestamp, to: Timestamp) -> Count {
        match self.trigger.count_between(from, to) {
            Count::Exact(n) => Count::Exact(n + 1),
            Count::AtLeast(n) => Count::AtLeast(n + 1),
        }
    }
}

fn record(skips: &mut heapless::Vec<Skip, SKIPS>, skip: Skip) {
    let pushed = skips.push(skip);
    debug_assert!(pushed.is_ok(), "one decision skips for two reasons at most");
}

fn push(fires: &mut heapless::Vec<Timestamp, FIRES_PER_ADVANCE>, at: Timestamp) {
    let pushed = fires.push(at);
    debug_assert!(pushed.is_ok(), "callers ask whether the list is full");
}

/// Missed fires, and coalesced ones or those beyond the catch-up limit.
const SKIPS: usize = 2;

const ONE_MICRO: Span = Span::from_micros(1);

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    /// Fires at each of these seconds.
    struct Seconds(Vec<i64>);

    impl Trigger for Seconds {
        fn next_after(&self, t: Timestamp) -> Option<Timestamp> {
            self.0.iter().map(|&s| at(s)).find(|&fire| fire > t)
        }
    }

    fn at(secs: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + Span::from_secs(secs)
    }

    fn every(step: i64) -> Seconds {
        Seconds((0..10_000).map(|n| n * step).collect())
    }

    fn decide(trigger: &Seconds, next: i64, now: i64, policies: Policies) -> Due {
        due(trigger, at(next), at(now), &policies).expect("something is due")
    }

    fn skip(reason: SkipReason, from: i64, to: i64, count: u64) -> Skip {
        Skip { reason, from: at(from), to: at(to), count: Count::Exact(count) }
    }

    const LATEST: Policies = Policies::DEFAULT;
    const EARLIEST: Policies = Policies { coalesce: Coalesce::Earliest, ..LATEST };
    const ALL: Policies = Policies { coalesce: Coalesce::All, ..LATEST };

    #[test]
    fn nothing_is_due_before_the_cursor() {
        assert_eq!(due(&every(10), at(50), at(49), &LATEST), None);
    }

    #[test]
    fn a_single_due_fire_runs_under_every_policy() {
        for policies in [LATEST, EARLIEST, ALL] {
            let due = decide(&every(10), 50, 50, policies);
            assert_eq!((&due.fires[..], due.skips.len()), (&[at(50)][..], 0));
            assert_eq!(due.next, Next::At(at(60)));
        }
    }

    #[test]
    fn latest_keeps_the_last_and_records_the_rest() {
        let due = decide(&every(10), 50, 95, LATEST);
        assert_eq!(due.fires[..], [at(90)]);
        assert_eq!(due.skips[..], [skip(SkipReason::Coalesced, 50, 80, 4)]);
        assert_eq!(due.next, Next::At(at(100)));
    }

    #[test]
    fn earliest_keeps_the_first_and_records_the_rest() {
        let due = decide(&every(10), 50, 95, EARLIEST);
        assert_eq!(due.fires[..], [at(50)]);
        assert_eq!(due.skips[..], [skip(SkipReason::Coalesced, 60, 90, 4)]);
        assert_eq!(due.next, Next::At(at(100)));
    }

    #[test]
    fn all_comes_in_pieces_and_stops_at_the_catch_up_limit() {
        let policies = Policies { catch_up: 20, ..ALL };
        let trigger = every(10);
        let first = decide(&trigger, 0, 1_000, policies);
        assert_eq!(first.skips[..], [skip(SkipReason::CatchUp, 0, 800, 81)]);
        let mut fires = first.fires.to_vec();
        let mut next = first.next;
        while let Some(at) = next.at().filter(|&n| n <= at(1_000)) {
            let piece = due(&trigger, at, tests::at(1_000), &policies).expect("due");
            assert!(piece.skips.is_empty());
            fires.extend(piece.fires.iter().copied());
            next = piece.next;
        }
        assert_eq!(fires, (81..=100).map(|n| at(n * 10)).collect::<Vec<_>>());
        assert_eq!(next, Next::At(at(1_010)));
    }

    #[test]
    fn fires_beyond_the_grace_are_missed() {
        let policies = Policies { misfire_grace: Some(Span::from_secs(15)), ..ALL };
        let due = decide(&every(10), 50, 95, policies);
        assert_eq!(due.fires[..], [at(80), at(90)]);
        assert_eq!(due.skips[..], [skip(SkipReason::Missed, 50, 70, 3)]);
        let all_missed = decide(&Seconds(std::vec![50]), 50, 95, policies);
        assert!(all_missed.fires.is_empty());
        assert_eq!(all_missed.skips[..], [skip(SkipReason::Missed, 50, 50, 1)]);
        assert_eq!(all_missed.next, Next::Done);
    }

    #[test]
    fn the_end_of_the_grace_still_runs() {
        let policies = Policies { misfire_grace: Some(Span::from_secs(5)), ..LATEST };
        assert_eq!(decide(&every(10), 50, 55, policies).fires[..], [at(50)]);
        assert!(decide(&every(10), 50, 56, policies).fires.is_empty());
    }

    #[test]
    fn an_owed_fire_runs_although_the_trigger_no_longer_names_it() {
        for policies in [EARLIEST, ALL] {
            let due = decide(&every(10), 47, 49, policies);
            assert_eq!((&due.fires[..], due.next), (&[at(47)][..], Next::At(at(50))));
        }
        let with_new = decide(&every(10), 47, 50, ALL);
        assert_eq!(with_new.fires[..], [at(47), at(50)]);
    }

    #[test]
    fn every_due_fire_is_accounted_for_exactly_once() {
        let trigger = Seconds(
            (0..400)
                .map(|n| n * n % 977 + n * 3)
                .collect::<std::collections::BTreeSet<_>>()
                .into_iter()
                .collect(),
        );
        let all: Vec<Timestamp> = trigger.0.iter().map(|&s| at(s)).collect();
        for grace in [None, Some(0), Some(7), Some(100), Some(5_000)] {
            for coalesce in Coalesce::ALL {
                for catch_up in [1, 3, 50] {
                    let misfire_grace = grace.map(Span::from_secs);
                    let policies = Policies { coalesce, misfire_grace, catch_up };
                    let now = at(1_203);
                    let mut seen = 0;
                    let mut next = Some(all[0]);
                    while let Some(decision) = next.and_then(|n| due(&trigger, n, now, &policies)) {
                        seen += decision.fires.len() as u64;
                        seen += decision.skips.iter().map(|s| s.count.value()).sum::<u64>();
                        next = decision.next.at();
                    }
                    let due_fires = all.iter().filter(|&&fire| fire <= now).count() as u64;
                    assert_eq!(seen, due_fires, "{policies:?}");
                }
            }
        }
    }
}
