//! Time zones: what a clock on some wall shows at an instant, and when it shows a given time.
//!
//! One representation serves all: a sorted slice of transitions, and after the last of them a
//! [`Rule`] as POSIX writes it (`CET-1CEST,M3.5.0,M10.5.0/3`). UTC and fixed offsets are rules
//! without transitions. A [`Zone`] borrows its slice and is `Copy`: the slice may lie in flash, on
//! the stack (filled by [`tzif::read`]) or in an `OwnedZone` (feature `alloc`).
//!
//! Between two transitions the offset is constant; such a stretch is a *segment*, and everything
//! here is an answer about segments, so that the questions cannot disagree with each other.

use core::fmt;

use crate::civil::{DateTime, Offset};
use crate::time::Timestamp;

#[cfg(feature = "alloc")]
mod owned;
mod posix;
pub mod table;
pub mod tzif;

#[cfg(feature = "alloc")]
pub use owned::OwnedZone;
pub use posix::{Rule, RuleError};

/// From `at` on, local time is `offset` ahead of UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Transition {
    /// Seconds since the Unix epoch, within ±2⁶⁰.
    pub at: i64,
    /// The offset from then on.
    pub offset: Offset,
}

impl Transition {
    /// The largest `at` to either side; TZif files mark "always" with −2⁵⁹.
    pub(crate) const LIMIT: i64 = 1 << 60;
}

/// A time zone: what local clocks show, for all time.
///
/// ```
/// use mainspring_core::zone::{Local, Rule, Zone};
/// let berlin = Zone::posix(Rule::parse("CET-1CEST,M3.5.0,M10.5.0/3").unwrap());
/// let t = "2026-07-01T12:00:00Z".parse().unwrap();
/// assert_eq!(berlin.offset_at(t).to_string(), "+02:00");
/// let change = berlin.next_transition(t).unwrap();
/// assert_eq!(change.to_string(), "2026-10-25T01:00:00Z");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone<'a> {
    /// The offset before the first transition; unused if there is none.
    before: Offset,
    /// Strictly increasing in `at`.
    transitions: &'a [Transition],
    /// Holds from the last transition on.
    rule: Rule,
}

impl Zone<'static> {
    /// Coordinated universal time.
    pub const UTC: Self = Self::fixed(Offset::UTC);

    /// A zone that is always `offset` ahead of UTC.
    pub const fn fixed(offset: Offset) -> Self {
        Self::posix(Rule::fixed(offset))
    }

    /// A zone that has always followed `rule` and always will.
    pub const fn posix(rule: Rule) -> Self {
        Self { before: Offset::UTC, transitions: &[], rule }
    }
}

impl<'a> Zone<'a> {
    /// A zone with a history: `before` until the first of `transitions`, and `rule` from the last
    /// of them on (the last one's own offset is then the rule's business).
    ///
    /// # Errors
    /// [`UnsortedTransitions`], if a transition is not later than the one before it or lies
    /// beyond ±2⁶⁰ seconds.
    pub const fn new(
        before: Offset,
        transitions: &'a [Transition],
        rule: Rule,
    ) -> Result<Self, UnsortedTransitions> {
        let mut i = 0;
        while i < transitions.len() {
            let at = transitions[i].at;
            let wild = at < -Transition::LIMIT || at > Transition::LIMIT;
            if wild || (i > 0 && at <= transitions[i - 1].at) {
                return Err(UnsortedTransitions { index: i });
            }
            i += 1;
        }
        Ok(Self { before, transitions, rule })
    }

    /// The rule that holds after the last transition of the zone's history.
    pub const fn rule(&self) -> Rule {
        self.rule
    }

    /// How far local time is ahead of UTC at `t`.
    pub fn offset_at(&self, t: Timestamp) -> Offset {
        self.segment(t.as_secs()).offset
    }

    /// What a clock shows at `t`, to the second.
    pub fn local(&self, t: Timestamp) -> DateTime {
        let secs = t.as_secs() + i64::from(self.offset_at(t).as_secs());
        DateTime::from_secs(secs).expect("a timestamp and an offset stay within years 0 to 10000")
    }

    /// When a clock shows `wall`: once, never or twice.
    pub fn resolve(&self, wall: DateTime) -> Local {
        match self.shown(wall.as_secs()) {
            Shown::Once(at) => Local::One(edge(at)),
            Shown::Twice(first, second) => Local::Fold { first: edge(first), second: edge(second) },
            Shown::Never { before, segment } => {
                Local::Gap { before, after: segment.offset, end: edge(segment.from) }
            }
        }
    }

    /// The first instant strictly after `t` from which another offset holds.
    pub fn next_transition(&self, t: Timestamp) -> Option<Timestamp> {
        let mut segment = self.segment(t.as_secs());
        // A rule that means "daylight saving all year" has seams without a change.
        for _ in 0..SEAM_LIMIT {
            if segment.until == i64::MAX {
                return None;
            }
            let next = self.segment(segment.until);
            if next.offset != segment.offset {
                return Timestamp::from_secs(next.from);
            }
            segment = next;
        }
        None
    }

    /// The last instant strictly before `t` from which another offset held.
    pub fn prev_transition(&self, t: Timestamp) -> Option<Timestamp> {
        let last = t.as_secs() - i64::from(t.subsec_micros() == 0);
        let mut segment = self.segment(last);
        for _ in 0..SEAM_LIMIT {
            if segment.from == i64::MIN {
                return None;
            }
            let prev = self.segment(segment.from - 1);
            if prev.offset != segment.offset {
                return Timestamp::from_secs(segment.from);
            }
            segment = prev;
        }
        None
    }

    /// The offset of a zone that never had another one.
    pub(crate) const fn constant(&self) -> Option<Offset> {
        if self.transitions.is_empty() { self.rule.constant() } else { None }
    }

    /// The stretch of constant offset around the second `t`.
    pub(crate) fn segment(&self, t: i64) -> Segment {
        let last = self.transitions.last().map_or(i64::MIN, |last| last.at);
        if t < last {
            return self.listed_segment(t);
        }
        let mut tail = self.rule.segment(t);
        tail.from = tail.from.max(last);
        tail
    }

    /// The same before the last transition.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn listed_segment(&self, t: i64) -> Segment {
        let next = self.after(t);
        let until = self.transitions[next].at;
        match next.checked_sub(1).map(|i| self.transitions[i]) {
            Some(Transition { at, offset }) => Segment { from: at, until, offset },
            None => Segment { from: i64::MIN, until, offset: self.before },
        }
    }

    /// The index of the first transition after `t`, which is before the last one.
    ///
    /// Most questions are about a time in which clocks change twice a year, and most tables are
    /// written out far into it. Counting half years back from the end then misses by one or two.
    /// A processor that cannot divide 64 bits searches sooner than it divides.
    fn after(&self, t: i64) -> usize {
        const HALF_YEAR: u64 = 15_778_476;
        let last = self.transitions.len() - 1;
        let from_end = match usize::BITS {
            64 => usize::try_from(self.transitions[last].at.abs_diff(t) / HALF_YEAR).ok(),
            _ => None,
        };
        if let Some(from_end) = from_end.filter(|from_end| from_end + 2 < last) {
            let mut guess = last - from_end - 2;
            if self.transitions[guess].at <= t {
                for _ in 0..5 {
                    guess += 1;
                    match self.transitions.get(guess) {
                        Some(transition) if transition.at > t => return guess,
                        _ => {}
                    }
                }
            }
        }
        self.transitions.partition_point(|transition| transition.at <= t)
    }

    /// When a clock shows the local second `local`.
    pub(crate) fn shown(&self, local: i64) -> Shown {
        // No candidate lies earlier than this, because no offset is larger.
        let mut segment = self.segment(local - i64::from(Offset::MAX_SECS));
        let mut before = segment.offset;
        loop {
            let at = local - i64::from(segment.offset.as_secs());
            if at < segment.from {
                return self.shown_after_all(local, before, segment);
            }
            if at < segment.until {
                return self.shown_again(local, at, segment);
            }
            before = segment.offset;
            segment = self.segment(segment.until);
        }
    }

    /// A time that `segment` has skipped: an odd rule may put clocks back again within hours.
    fn shown_after_all(&self, local: i64, before: Offset, segment: Segment) -> Shown {
        let mut later = segment;
        while later.until.saturating_sub(segment.from) <= MAX_SWING {
            later = self.segment(later.until);
            let at = local - i64::from(later.offset.as_secs());
            if at >= later.from && at < later.until {
                return self.shown_again(local, at, later);
            }
        }
        Shown::Never { before, segment }
    }

    fn shown_again(&self, local: i64, first: i64, segment: Segment) -> Shown {
        if segment.until.saturating_sub(first) <= MAX_SWING {
            let next = self.segment(segment.until);
            let second = local - i64::from(next.offset.as_secs());
            if second >= next.from && second < next.until {
                return Shown::Twice(first, second);
            }
        }
        Shown::Once(first)
    }
}

/// Seams between segments of equal offset that a search for a transition looks past.
const SEAM_LIMIT: usize = 8;

/// The largest change of offset in one transition, in seconds.
pub(crate) const MAX_SWING: i64 = 2 * Offset::MAX_SECS as i64;

/// The instant of a second near the ends of the range, where a wall time may lie outside it.
fn edge(secs: i64) -> Timestamp {
    let inside = secs.clamp(Timestamp::MIN.as_secs(), Timestamp::MAX.as_secs());
    Timestamp::from_secs(inside).expect("clamped to the range of timestamps")
}

/// A stretch of constant offset: `from` (inclusive) to `until` (exclusive), in seconds since the
/// Unix epoch, with the ends of `i64` for "always".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) from: i64,
    pub(crate) until: i64,
    pub(crate) offset: Offset,
}

/// When a clock shows a local second, in seconds since the Unix epoch: a [`Local`] whose instants
/// need not be timestamps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    Once(i64),
    Twice(i64, i64),
    /// It is in the gap between an offset and the segment after it.
    Never {
        before: Offset,
        segment: Segment,
    },
}

/// When a wall clock shows a given time.
///
/// Wall times whose instant lies outside the years 0001 to 9999 get the nearest timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Local {
    /// Once: the usual case.
    One(Timestamp),
    /// Never: the clock was put forward over it.
    Gap {
        /// The offset before the gap.
        before: Offset,
        /// The offset after the gap.
        after: Offset,
        /// The first instant after the gap.
        end: Timestamp,
    },
    /// Twice: the clock was put back to before it.
    Fold {
        /// The first pass.
        first: Timestamp,
        /// The second pass.
        second: Timestamp,
    },
}

/// The transitions of a zone do not increase, or lie out of range, at this index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnsortedTransitions {
    /// The index of the first transition at fault.
    pub index: usize,
}

impl fmt::Display for UnsortedTransitions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "transition {} is not later than the one before it", self.index)
    }
}

impl core::error::Error for UnsortedTransitions {}

/// Something that has a [`Zone`]: a zone itself, a [`Rule`], or an owner such as an
/// `Arc<OwnedZone>`.
pub trait TimeZone {
    /// The zone, borrowed from its owner.
    fn zone(&self) -> Zone<'_>;

    /// What people call it, if its owner knows: `Europe/Berlin`.
    fn name(&self) -> Option<&str> {
        None
    }
}

impl TimeZone for Zone<'_> {
    fn zone(&self) -> Zone<'_> {
        *self
    }
}

impl TimeZone for Rule {
    fn zone(&self) -> Zone<'_> {
        Zone::posix(*self)
    }
}

impl<T: TimeZone + ?Sized> TimeZone for &T {
    fn zone(&self) -> Zone<'_> {
        (**self).zone()
    }

    fn name(&self) -> Option<&str> {
        (**self).name()
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;

    const BERLIN: Zone<'static> = Zone::posix(match Rule::parse("CET-1CEST,M3.5.0,M10.5.0/3") {
        Ok(rule) => rule,
        Err(_) => panic!("a valid rule"),
    });

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn wall(text: &str) -> DateTime {
        DateTime::from_secs(at(text).as_secs()).unwrap()
    }

    #[test]
    fn a_wall_time_exists_once_never_or_twice() {
        assert_eq!(BERLIN.resolve(wall("2026-01-01T00:00:00Z")), {
            Local::One(at("2025-12-31T23:00:00Z"))
        });
        let Local::Gap { before, after, end } = BERLIN.resolve(wall("2026-03-29T02:30:00Z")) else {
            panic!("02:30 is in the gap");
        };
        assert_eq!((before.as_secs(), after.as_secs()), (3_600, 7_200));
        assert_eq!(end, at("2026-03-29T01:00:00Z"));
        assert_eq!(BERLIN.resolve(wall("2026-10-25T02:30:00Z")), {
            Local::Fold { first: at("2026-10-25T00:30:00Z"), second: at("2026-10-25T01:30:00Z") }
        });
        for (edge, one) in [
            ("2026-03-29T01:59:59Z", "2026-03-29T00:59:59Z"),
            ("2026-03-29T03:00:00Z", "2026-03-29T01:00:00Z"),
            ("2026-10-25T01:59:59Z", "2026-10-24T23:59:59Z"),
            ("2026-10-25T03:00:00Z", "2026-10-25T02:00:00Z"),
        ] {
            assert_eq!(BERLIN.resolve(wall(edge)), Local::One(at(one)), "{edge}");
        }
    }

    #[test]
    fn a_time_that_is_skipped_and_then_shown_is_shown() {
        // On 31 December clocks go from 21:00 to 23:00, and an hour later from 00:00 to 22:00.
        let odd = Zone::posix(Rule::parse("XXX0YYY2,0/0,J365/21").unwrap());
        let shown = odd.resolve(wall("2025-12-31T22:00:00Z"));
        assert_eq!(shown, Local::One(at("2026-01-01T00:00:00Z")));
        assert!(matches!(odd.resolve(wall("2025-12-31T21:30:00Z")), Local::Gap { .. }));
    }

    #[test]
    fn transitions_are_strictly_after_and_strictly_before() {
        let spring = at("2026-03-29T01:00:00Z");
        let autumn = at("2026-10-25T01:00:00Z");
        assert_eq!(BERLIN.next_transition(spring), Some(autumn));
        assert_eq!(BERLIN.prev_transition(autumn), Some(spring));
        let micro = crate::time::Span::from_micros(1);
        assert_eq!(BERLIN.next_transition(spring - micro), Some(spring));
        assert_eq!(BERLIN.prev_transition(autumn + micro), Some(autumn));
        assert_eq!(Zone::UTC.next_transition(spring), None);
        assert_eq!(Zone::UTC.prev_transition(spring), None);
    }

    #[test]
    fn a_table_holds_until_its_last_transition_and_the_rule_from_there() {
        let offset = |secs| Offset::from_secs(secs).unwrap();
        let table = [
            Transition { at: -100, offset: offset(60) },
            Transition { at: 100, offset: offset(3_600) },
        ];
        let rule = Rule::parse("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let zone = Zone::new(offset(30), &table, rule).unwrap();
        let at = |secs| zone.offset_at(Timestamp::from_secs(secs).unwrap()).as_secs();
        assert_eq!([at(-101), at(-100), at(99), at(100)], [30, 60, 60, 3_600]);
        assert_eq!(zone.offset_at("2026-07-01T00:00:00Z".parse().unwrap()).as_secs(), 7_200);
        assert_eq!(zone.prev_transition(Timestamp::from_secs(100).unwrap()), {
            Timestamp::from_secs(-100)
        });
        assert_eq!(zone.next_transition(Timestamp::UNIX_EPOCH), Timestamp::from_secs(100));
        let unsorted = [table[1], table[0]];
        assert_eq!(Zone::new(offset(0), &unsorted, rule), Err(UnsortedTransitions { index: 1 }));
    }

    #[test]
    fn the_ends_of_time_have_local_times_too() {
        for zone in [Zone::UTC, BERLIN, Zone::fixed(Offset::from_secs(-93_599).unwrap())] {
            for t in [Timestamp::MIN, Timestamp::MAX] {
                let shown = zone.local(t);
                assert!(shown.to_string().len() >= 19);
                assert!(matches!(zone.resolve(shown), Local::One(_)));
                let _ = (zone.next_transition(t), zone.prev_transition(t));
            }
        }
    }
}
