//! A fixed span, again and again.

use core::fmt;

use super::{Count, Trigger};
use crate::time::{Span, Timestamp};

/// Fires at `anchor + k × span` for every whole number `k`, also before the anchor.
///
/// The grid lies on the absolute time line: daylight saving and restarts do not move it, and all
/// answers take the same time however far away they are. For "every day at nine" on a wall clock
/// use [`Cron`](super::Cron).
///
/// ```
/// use mainspring_core::{time::{Span, Timestamp}, trigger::{Every, Trigger}};
/// let quarter = Every::new(Span::from_mins(15), Timestamp::UNIX_EPOCH).unwrap();
/// let t = "2026-01-01T12:07:00Z".parse().unwrap();
/// assert_eq!(quarter.next_after(t).unwrap().to_string(), "2026-01-01T12:15:00Z");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Every {
    /// At least one microsecond.
    span: Span,
    anchor: Timestamp,
}

impl Every {
    /// A fire each `span`, one of them at `anchor`; `None` unless the span is positive.
    pub const fn new(span: Span, anchor: Timestamp) -> Option<Self> {
        if span.is_positive() { Some(Self { span, anchor }) } else { None }
    }

    /// The distance between fires: at least one microsecond.
    pub const fn span(&self) -> Span {
        self.span
    }

    /// One of the fires.
    pub const fn anchor(&self) -> Timestamp {
        self.anchor
    }
}

impl Trigger for Every {
    fn next_after(&self, t: Timestamp) -> Option<Timestamp> {
        let span = self.span.as_micros();
        let past = remainder(t.since(self.anchor).as_micros(), span);
        t.checked_add(Span::from_micros(span - past))
    }

    fn prev_before(&self, t: Timestamp) -> Option<Timestamp> {
        let span = self.span.as_micros();
        // One less than the distance, so that a fire at `t` itself is passed over.
        let past = remainder(t.since(self.anchor).as_micros() - 1, span);
        t.checked_add(Span::from_micros(-1 - past))
    }

    fn count_between(&self, after: Timestamp, until: Timestamp) -> Count {
        let index =
            |t: Timestamp| t.since(self.anchor).as_micros().div_euclid(self.span.as_micros());
        let count = if after < until { index(until) - index(after) } else { 0 };
        Count::Exact(count.unsigned_abs())
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "every {}, counted from {}", self.span, self.anchor)
    }
}

/// `micros.rem_euclid(span)` for a positive span.
const fn remainder(micros: i64, span: i64) -> i64 {
    if usize::BITS == 64 {
        return micros.rem_euclid(span);
    }
    by_shifts(micros, span)
}

/// The same for processors that cannot divide 64 bits, bit by bit of the quotient: an eighth of
/// the code that the compiler brings along, which nothing else in an engine needs.
const fn by_shifts(micros: i64, span: i64) -> i64 {
    let (mut left, span) = (micros.unsigned_abs(), span.unsigned_abs());
    let mut shifted = span;
    while shifted <= left >> 1 {
        shifted <<= 1;
    }
    while shifted >= span {
        if left >= shifted {
            left -= shifted;
        }
        shifted >>= 1;
    }
    let past = left.cast_signed();
    if micros < 0 && past > 0 { span.cast_signed() - past } else { past }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shifts_and_division_leave_the_same() {
        let spans = [1, 2, 3, 999_999, 1_000_000, 86_400_000_000, i64::MAX / 2, i64::MAX];
        let mut micros = i64::MIN + 1;
        for step in 0..if cfg!(miri) { 100 } else { 20_000 } {
            for span in spans {
                for near in [micros, micros >> (step % 60), span, -span, span - 1, 0, -1] {
                    assert_eq!(by_shifts(near, span), near.rem_euclid(span), "{near} {span}");
                }
            }
            micros = micros.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        }
    }

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros).unwrap()
    }

    #[test]
    fn fires_lie_on_a_grid_through_the_anchor() {
        let every = Every::new(Span::from_micros(10), at(3)).unwrap();
        assert_eq!(every.next_after(at(3)), Some(at(13)));
        assert_eq!(every.next_after(at(2)), Some(at(3)));
        assert_eq!(every.next_after(at(-8)), Some(at(-7)));
        assert_eq!(every.prev_before(at(3)), Some(at(-7)));
        assert_eq!(every.prev_before(at(4)), Some(at(3)));
        assert_eq!(every.count_between(at(3), at(13)), Count::Exact(1));
        assert_eq!(every.count_between(at(2), at(13)), Count::Exact(2));
        assert_eq!(every.count_between(at(13), at(2)), Count::Exact(0));
    }

    #[test]
    fn the_largest_spans_and_the_ends_of_time_do_not_overflow() {
        assert_eq!(Every::new(Span::ZERO, at(0)), None);
        assert_eq!(Every::new(Span::from_micros(-1), at(0)), None);
        for anchor in [Timestamp::MIN, at(0), Timestamp::MAX] {
            let once = Every::new(Span::MAX, anchor).unwrap();
            let fine = Every::new(Span::from_micros(1), anchor).unwrap();
            for t in [Timestamp::MIN, at(0), Timestamp::MAX] {
                assert_eq!(once.next_after(t), (anchor > t).then_some(anchor));
                assert_eq!(once.prev_before(t), (anchor < t).then_some(anchor));
                assert_eq!(fine.next_after(t), t.checked_add(Span::from_micros(1)));
                assert_eq!(fine.prev_before(t), t.checked_add(Span::from_micros(-1)));
            }
        }
        let fine = Every::new(Span::from_micros(1), at(0)).unwrap();
        let all = Timestamp::MAX.since(Timestamp::MIN).as_micros().unsigned_abs();
        assert_eq!(fine.count_between(Timestamp::MIN, Timestamp::MAX), Count::Exact(all));
    }
}
