//! Which fires of a schedule are due, and what becomes of them.
//!
//! Coalescing, misfire grace, exclusions and the catch-up limit are decided here and nowhere else.
//! The work is bounded however many fires were missed: ranges are found by the trigger's own
//! arithmetic or by bisection, never by stepping through them.

use crate::exclude::{Allowed, Exclude, Plan, Stretch as Range, excluded};
use crate::few::Few;
use crate::limits::{FIRES_PER_ADVANCE, SKIPS_PER_ADVANCE};
use crate::offer::Offer;
use crate::schedule::{Coalesce, Next, Policies};
use crate::time::{Span, Timestamp};
use crate::trigger::{Count, Trigger};

/// Why a due fire did not become a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum SkipReason {
    /// A later (or earlier) fire of the same decision stands for it.
    Coalesced,
    /// It was noticed later than the misfire grace allows.
    Missed,
    /// More fires were due than the catch-up limit allows; only the most recent ones run.
    CatchUp,
    /// An earlier job of the schedule was not over yet.
    Overlapped,
    /// The schedule's exclusions name it.
    Excluded,
    /// The schedule was paused, and was resumed with a later fire.
    Paused,
}

impl SkipReason {
    /// Every reason, in the order of their codes.
    pub const ALL: [Self; 6] = [
        Self::Coalesced,
        Self::Missed,
        Self::CatchUp,
        Self::Overlapped,
        Self::Excluded,
        Self::Paused,
    ];

    /// The number kept in stores; it never changes its meaning.
    pub const fn code(self) -> u8 {
        self as u8
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
            Self::Overlapped => "overlapped",
            Self::Excluded => "excluded",
            Self::Paused => "paused",
        }
    }
}

/// A range of fires that did not become jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
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

impl Skip {
    /// One more fire at `at` that comes while an earlier job is not over.
    #[must_use]
    pub fn overlapped(before: Option<Self>, at: Timestamp) -> Self {
        let count = before.map_or(Count::Exact(0), |skip| skip.count).plus(Count::Exact(1));
        let from = before.map_or(at, |skip| skip.from);
        Self { reason: SkipReason::Overlapped, from, to: at, count }
    }
}

/// What to do with the fires that are due.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Due<F = Several<Timestamp>, S = Skips> {
    /// These become jobs, oldest first.
    pub fires: F,
    /// These do not.
    pub skips: S,
    /// The cursor after this decision. It may still be due: a long catch-up comes in pieces.
    pub next: Next,
}

/// Up to [`FIRES_PER_ADVANCE`].
pub type Several<T> = heapless::Vec<T, FIRES_PER_ADVANCE>;

/// What does not become a job, for each reason that one decision may have.
pub type Skips<T = Skip> = heapless::Vec<T, SKIPS_PER_ADVANCE>;

/// Decides about every fire from `next` (the stored cursor) up to `now`; `None` if nothing is due.
///
/// The cursor itself always counts as a fire, even if the trigger no longer names it: it was
/// promised before the trigger was replaced. `policies` are those of
/// [`Schedule::policies`](crate::schedule::Schedule::policies), whose limit is what is left of it:
/// no more fires are named, and the cursor stays behind the last of them. Whether the limit is used
/// up is for the store to say, because a fire that overlaps does not count.
///
/// What is excluded until the new cursor is recorded by this decision, also where that lies ahead:
/// a freeze of a month wakes nobody up each minute.
#[inline]
pub fn due<P: Plan>(plan: &P, next: Timestamp, now: Timestamp, policies: &Policies) -> Option<Due> {
    if next > now {
        return None;
    }
    let Some(after) = only(plan, next, now, policies) else {
        return Some(more(plan, next, now, policies, Offer::EVERYTHING));
    };
    let mut due = Due { next: after, ..Due::nothing() };
    due.push(next);
    Some(due)
}

/// The decision about a cursor that has come, if it is not the usual one, in a domain with this
/// offer.
#[cold]
#[cfg_attr(target_pointer_width = "64", inline(never))]
pub(crate) fn more<P: Plan, F: Few<Timestamp>, S: Few<Skip>>(
    plan: &P,
    next: Timestamp,
    now: Timestamp,
    policies: &Policies,
    offer: Offer,
) -> Due<F, S> {
    let mut due = Due::nothing();
    let policies = &policies.within(offer);
    if policies.limit == Some(0) {
        return due;
    }
    if policies.after_run.is_some() {
        due.after_run(plan, next, offer);
        return due;
    }
    let trigger = &Allowed(plan);
    let is_allowed = |at| plan.exclude().around(at).is_none();
    let cursor = if is_allowed(next) { Some(next) } else { trigger.next_after(next) };
    match cursor {
        Some(cursor) if cursor <= now && is_allowed(cursor) => {
            due.decide(&Stretch { trigger, cursor, now }, policies, offer);
            // A search that gave up names an excluded instant, to be continued there.
            due.fires.retain(|&at| is_allowed(at));
        }
        ahead => due.next = ahead.into(),
    }
    let until = due.next.at().unwrap_or(Timestamp::MAX);
    due.record(offer, || {
        let mut out = excluded(plan, Range { from: next, until });
        if !is_allowed(next) && plan.trigger().next_after(next - ONE_MICRO) != Some(next) {
            let (_, to, count) = out.unwrap_or((next, next, Count::Exact(0)));
            out = Some((next, to, count.plus(Count::Exact(1))));
        }
        let (from, to, count) = out?;
        Some(Skip { reason: SkipReason::Excluded, from, to, count })
    });
    due
}

/// The usual decision: the cursor's fire becomes a job, and no other is due, or excluded before the
/// new cursor, which is returned. `None`: [`due`] has more to say. The trigger is asked once only.
#[inline]
pub(crate) fn only<P: Plan>(
    plan: &P,
    next: Timestamp,
    now: Timestamp,
    policies: &Policies,
) -> Option<Next> {
    let stretch = Stretch { trigger: plan.trigger(), cursor: next, now };
    let is_usual = policies.limit != Some(0) && policies.after_run.is_none();
    if next > now || !is_usual || stretch.is_missed(policies) {
        return None;
    }
    let after = stretch.trigger.next_after(next);
    if after.is_some_and(|after| after <= now) {
        return None;
    }
    let is_ahead = |from| after.is_some_and(|after| after < from);
    let nothing_excluded = plan.exclude().next(next).is_none_or(|stretch| is_ahead(stretch.from));
    nothing_excluded.then(|| after.into())
}

impl<F: Few<Timestamp>, S: Few<Skip>> Due<F, S> {
    /// No fire becomes a job, and none follows.
    fn nothing() -> Self {
        Self { fires: F::default(), skips: S::default(), next: Next::Done }
    }

    /// Decides about a stretch whose first fire is due and not excluded.
    fn decide<T: Trigger>(&mut self, stretch: &Stretch<'_, T>, policies: &Policies, offer: Offer) {
        let Stretch { trigger, cursor, now } = *stretch;
        let after = trigger.next_after(cursor);
        if after.is_some_and(|after| after <= now) {
            let last = self.several(stretch, policies, offer);
            self.next = trigger.next_after(last).into();
            return;
        }
        self.next = after.into();
        if stretch.is_missed(policies) {
            let (reason, count) = (SkipReason::Missed, Count::Exact(1));
            self.record(offer, || Some(Skip { reason, from: cursor, to: cursor, count }));
        } else {
            self.push(cursor);
        }
    }

    /// More fires are due than the first one. Returns the last fire that is settled by this.
    #[cold]
    fn several<T: Trigger>(
        &mut self,
        stretch: &Stretch<'_, T>,
        policies: &Policies,
        offer: Offer,
    ) -> Timestamp {
        let Stretch { cursor: next, now, .. } = *stretch;
        let last = stretch.last();
        let oldest_in_grace = match policies.misfire_grace {
            None => Some(next),
            Some(grace) => stretch.from(now - grace.max(Span::ZERO)),
        };
        self.record(offer, || {
            let to = match oldest_in_grace {
                Some(oldest) => stretch.before(oldest)?,
                None => last,
            };
            Some(stretch.skip(SkipReason::Missed, next, to))
        });
        let Some(oldest) = oldest_in_grace else { return last };
        match policies.coalesce {
            Coalesce::Latest => {
                self.record(offer, || {
                    let to = stretch.before(last).filter(|&to| to >= oldest)?;
                    Some(stretch.skip(SkipReason::Coalesced, oldest, to))
                });
                self.push(last);
            }
            Coalesce::Earliest => {
                self.push(oldest);
                self.record(offer, || {
                    let from = stretch.after(oldest)?;
                    Some(stretch.skip(SkipReason::Coalesced, from, last))
                });
            }
            Coalesce::All => {
                let kept = stretch.most_recent(oldest, policies.catch_up.max(1));
                self.record(offer, || {
                    let to = stretch.before(kept).filter(|&to| to >= oldest)?;
                    Some(stretch.skip(SkipReason::CatchUp, oldest, to))
                });
                let mut settled = kept;
                let mut fire = Some(kept);
                let most = policies.limit.map_or(FIRES_PER_ADVANCE, |left| left as usize);
                let most = most.min(FIRES_PER_ADVANCE);
                while let Some(at) = fire.filter(|_| self.fires.as_slice().len() < most) {
                    self.push(at);
                    settled = at;
                    fire = stretch.after(at);
                }
                return settled;
            }
        }
        last
    }

    /// The one fire of a schedule that fires again only when its job is over. It is never too late:
    /// nobody knows when it should have been.
    fn after_run<P: Plan>(&mut self, plan: &P, next: Timestamp, offer: Offer) {
        if plan.trigger().next_after(next - ONE_MICRO).is_none() {
            return;
        }
        if let Some(stretch) = plan.exclude().around(next) {
            let (reason, count) = (SkipReason::Excluded, Count::Exact(1));
            self.record(offer, || Some(Skip { reason, from: next, to: next, count }));
            self.next = Next::At(stretch.until.max(next + ONE_MICRO));
        } else {
            self.push(next);
            self.next = Next::AfterRun;
        }
    }

    /// Records a skip where anybody wants to know.
    fn record(&mut self, offer: Offer, skip: impl FnOnce() -> Option<Skip>) {
        let Some(skip) = offer.skips.then(skip).flatten() else { return };
        let pushed = self.skips.push(skip);
        debug_assert!(pushed, "one decision skips for three reasons at most");
    }

    fn push(&mut self, at: Timestamp) {
        let pushed = self.fires.push(at);
        debug_assert!(pushed, "callers ask whether the list is full");
    }
}

/// Where a schedule that was paused goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Resume {
    /// With what came due in the meantime, as coalescing, misfire grace and the catch-up limit say.
    #[default]
    Owed,
    /// With the first fire at or after this instant, which may lie ahead. What came due before is
    /// recorded as skipped.
    At(Timestamp),
}

/// The cursor of a schedule that is resumed, and what is skipped by that, given the cursor that it
/// was paused with.
///
/// With a fixed delay the point itself is the next fire, and a run that is still under way by then
/// is a matter of overlap.
pub fn resumed<P: Plan>(
    plan: &P,
    cursor: Next,
    point: Resume,
    policies: &Policies,
) -> (Next, Option<Skip>) {
    resumed_within(Offer::EVERYTHING, plan, (cursor, point), policies)
}

/// The same in a domain with this offer.
pub fn resumed_within<P: Plan>(
    offer: Offer,
    plan: &P,
    (cursor, point): (Next, Resume),
    policies: &Policies,
) -> (Next, Option<Skip>) {
    let policies = &policies.within(offer);
    let Resume::At(at) = point else { return (cursor, None) };
    let from = match cursor {
        Next::At(from) if from < at => from,
        Next::AfterRun => return (Next::At(at), None),
        Next::At(_) | Next::Done => return (cursor, None),
    };
    if policies.after_run.is_some() {
        let (reason, count) = (SkipReason::Paused, Count::Exact(1));
        return (Next::At(at), Some(Skip { reason, from, to: from, count }));
    }
    let trigger = plan.trigger();
    let next = trigger.next_after(at - ONE_MICRO).into();
    if !offer.skips {
        return (next, None);
    }
    let stretch = Stretch { trigger, cursor: from, now: at - ONE_MICRO };
    (next, Some(stretch.skip(SkipReason::Paused, from, stretch.last())))
}

/// The fires of one decision: the cursor and whatever the trigger names after it, up to `now`.
struct Stretch<'a, T: ?Sized> {
    trigger: &'a T,
    cursor: Timestamp,
    now: Timestamp,
}

impl<T: Trigger + ?Sized> Stretch<'_, T> {
    /// Whether the first fire is too late.
    fn is_missed(&self, policies: &Policies) -> bool {
        let late = self.now.since(self.cursor);
        policies.misfire_grace.is_some_and(|grace| late > grace.max(Span::ZERO))
    }

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
        self.trigger.count_between(from, to).plus(Count::Exact(1))
    }
}

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
        // Miri is a hundred times slower.
        let fires = if cfg!(miri) { 200 } else { 10_000 };
        Seconds((0..fires).map(|n| n * step).collect())
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
            (0..if cfg!(miri) { 20 } else { 400 })
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
                    let policies = Policies { coalesce, misfire_grace, catch_up, ..LATEST };
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

    fn with_freeze(step: i64, from: i64, until: i64) -> crate::exclude::Except<Seconds, Range> {
        let exclude = Range { from: at(from), until: at(until) };
        crate::exclude::Except { trigger: every(step), exclude }
    }

    #[test]
    fn excluded_fires_leave_a_record_and_wake_nobody_up() {
        let plan = with_freeze(10, 100, 200);
        let before = due(&plan, at(90), at(90), &LATEST).expect("due");
        assert_eq!((&before.fires[..], before.next), (&[at(90)][..], Next::At(at(200))));
        assert_eq!(before.skips[..], [skip(SkipReason::Excluded, 100, 190, 10)]);
        let created_inside = due(&plan, at(150), at(151), &LATEST).expect("due");
        assert_eq!((created_inside.fires.len(), created_inside.next), (0, Next::At(at(200))));
        assert_eq!(created_inside.skips[..], [skip(SkipReason::Excluded, 150, 190, 5)]);
    }

    #[test]
    fn catching_up_over_a_freeze_runs_what_is_allowed() {
        let plan = with_freeze(10, 100, 200);
        let all = due(&plan, at(80), at(215), &ALL).expect("due");
        assert_eq!(all.fires[..], [at(80), at(90), at(200), at(210)]);
        assert_eq!(all.skips[..], [skip(SkipReason::Excluded, 100, 190, 10)]);
        let latest = due(&plan, at(80), at(150), &LATEST).expect("due");
        assert_eq!((&latest.fires[..], latest.next), (&[at(90)][..], Next::At(at(200))));
        let reasons: Vec<_> = latest.skips.iter().map(|s| (s.reason, s.count.value())).collect();
        assert_eq!(reasons, [(SkipReason::Coalesced, 1), (SkipReason::Excluded, 10)]);
    }

    #[test]
    fn a_limit_names_no_more_fires_than_are_left() {
        let limited = |limit, coalesce| Policies { limit: Some(limit), coalesce, ..LATEST };
        let one = decide(&every(10), 50, 50, limited(1, Coalesce::Latest));
        assert_eq!((&one.fires[..], one.next), (&[at(50)][..], Next::At(at(60))));
        let two = decide(&every(10), 50, 95, limited(2, Coalesce::All));
        assert_eq!((&two.fires[..], two.next), (&[at(50), at(60)][..], Next::At(at(70))));
        let none = decide(&every(10), 50, 95, limited(0, Coalesce::All));
        assert_eq!((none.fires.len(), none.next), (0, Next::Done));
        let more = decide(&every(10), 50, 50, limited(2, Coalesce::All));
        assert_eq!(more.next, Next::At(at(60)));
    }

    #[test]
    fn an_owed_fire_that_no_trigger_names_any_more_is_skipped_with_a_record() {
        let plan = with_freeze(10, 100, 150);
        let frozen = due(&plan, at(123), at(124), &LATEST).expect("due");
        assert_eq!((frozen.fires.len(), frozen.next), (0, Next::At(at(150))));
        assert_eq!(frozen.skips[..], [skip(SkipReason::Excluded, 123, 140, 3)]);
        let never = due(&with_freeze(100, 101, 199), at(123), at(124), &LATEST).expect("due");
        assert_eq!(never.skips[..], [skip(SkipReason::Excluded, 123, 123, 1)]);
    }

    #[test]
    fn a_fixed_delay_waits_for_its_job_and_ends_with_its_trigger() {
        let policies = Policies { after_run: Some(Span::from_secs(5)), ..LATEST };
        let first = decide(&every(10), 50, 95, policies);
        assert_eq!((&first.fires[..], first.next), (&[at(50)][..], Next::AfterRun));
        let over = decide(&Seconds(std::vec![50]), 55, 56, policies);
        assert_eq!((over.fires.len(), over.next), (0, Next::Done));
        let frozen = due(&with_freeze(10, 100, 200), at(123), at(124), &policies).expect("due");
        assert_eq!((frozen.fires.len(), frozen.next), (0, Next::At(at(200))));
    }

    #[test]
    fn resuming_goes_on_with_what_is_owed_or_from_an_instant_on() {
        let cursor = Next::At(at(50));
        let resume = |cursor, point| resumed(&every(10), cursor, point, &LATEST);
        assert_eq!(resume(cursor, Resume::Owed), (cursor, None));
        assert_eq!(resume(cursor, Resume::At(at(50))), (cursor, None));
        let skipped = skip(SkipReason::Paused, 50, 90, 5);
        assert_eq!(resume(cursor, Resume::At(at(100))), (Next::At(at(100)), Some(skipped)));
        let last = resumed(&Seconds(std::vec![50]), cursor, Resume::At(at(100)), &LATEST);
        assert_eq!(last, (Next::Done, Some(skip(SkipReason::Paused, 50, 50, 1))));
    }

    #[test]
    fn a_fixed_delay_goes_on_at_the_instant_itself() {
        let policies = Policies { after_run: Some(Span::from_secs(5)), ..LATEST };
        let resume = |cursor, point| resumed(&every(10), cursor, point, &policies);
        let skipped = skip(SkipReason::Paused, 53, 53, 1);
        let later = resume(Next::At(at(53)), Resume::At(at(101)));
        assert_eq!(later, (Next::At(at(101)), Some(skipped)));
        assert_eq!(resume(Next::AfterRun, Resume::At(at(101))), (Next::At(at(101)), None));
        assert_eq!(resume(Next::AfterRun, Resume::Owed), (Next::AfterRun, None));
    }

    #[test]
    fn a_search_that_gives_up_fires_nothing_that_is_excluded() {
        use crate::exclude::{Except, Windows};
        use crate::trigger::Every;
        let every = |secs| Every::new(Span::from_secs(secs), at(0)).expect("a span above zero");
        let windows = Windows { opens: every(10), length: Span::from_secs(1) };
        let plan = Except { trigger: every(10), exclude: windows };
        for policies in [LATEST, EARLIEST, ALL] {
            let due = due(&plan, at(5), at(100_000), &policies).expect("due");
            assert!(due.fires.iter().all(|&fire| fire == at(5)), "{due:?}");
            assert!(due.next.at().is_some_and(|next| next > at(4_000)), "it goes on");
        }
    }
}
