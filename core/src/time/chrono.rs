//! Conversions to and from the types of the crate `chrono`.
//!
//! Theirs hold nanoseconds and more years; what has no counterpart here is refused, and parts of a
//! microsecond are rounded towards the past, as everywhere in this engine.

use core::fmt;

use ::chrono::{DateTime, TimeDelta, TimeZone, Utc};

use super::{MICROS_PER_SECOND, Span, Timestamp};

/// An instant outside the years 0001 to 9999, or a span of more than 64-bit microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfRange;

impl fmt::Display for OutOfRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not in the years 0001 to 9999, or longer than 292 000 years")
    }
}

impl core::error::Error for OutOfRange {}

impl From<Timestamp> for DateTime<Utc> {
    fn from(at: Timestamp) -> Self {
        Self::from_timestamp_micros(at.as_micros()).expect("chrono has more years than we do")
    }
}

impl<Tz: TimeZone> TryFrom<DateTime<Tz>> for Timestamp {
    type Error = OutOfRange;

    fn try_from(at: DateTime<Tz>) -> Result<Self, OutOfRange> {
        let second = Self::from_secs(at.timestamp()).ok_or(OutOfRange)?;
        // A leap second, which chrono counts beyond the end of a second, has no number of its own.
        let micros = i64::from(at.timestamp_subsec_micros()).min(MICROS_PER_SECOND - 1);
        second.checked_add(Span::from_micros(micros)).ok_or(OutOfRange)
    }
}

impl From<Span> for TimeDelta {
    fn from(span: Span) -> Self {
        Self::microseconds(span.as_micros())
    }
}

impl TryFrom<TimeDelta> for Span {
    type Error = OutOfRange;

    fn try_from(delta: TimeDelta) -> Result<Self, OutOfRange> {
        let micros = delta.num_microseconds().ok_or(OutOfRange)?;
        // chrono rounds towards zero.
        let late = delta < TimeDelta::microseconds(micros);
        micros.checked_sub(i64::from(late)).map(Self::from_micros).ok_or(OutOfRange)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::chrono::FixedOffset;

    fn utc(secs: i64, nanos: u32) -> DateTime<Utc> {
        DateTime::from_timestamp(secs, nanos).unwrap()
    }

    #[test]
    fn instants_go_both_ways() {
        for micros in [0, 1, -1, 1_790_000_000_123_456, -62_135_596_800_000_000] {
            let at = Timestamp::from_micros(micros).unwrap();
            let theirs = DateTime::<Utc>::from(at);
            assert_eq!(theirs.timestamp_micros(), micros);
            assert_eq!(Timestamp::try_from(theirs), Ok(at));
        }
        for at in [Timestamp::MIN, Timestamp::MAX] {
            assert_eq!(Timestamp::try_from(DateTime::<Utc>::from(at)), Ok(at));
        }
        let india = FixedOffset::east_opt(19_800).unwrap();
        let there = utc(1_000, 0).with_timezone(&india);
        assert_eq!(Timestamp::try_from(there), Ok(Timestamp::from_secs(1_000).unwrap()));
    }

    #[test]
    fn what_has_no_counterpart_is_refused() {
        assert_eq!(Timestamp::try_from(DateTime::<Utc>::MIN_UTC), Err(OutOfRange));
        assert_eq!(Timestamp::try_from(DateTime::<Utc>::MAX_UTC), Err(OutOfRange));
        assert_eq!(Timestamp::try_from(utc(253_402_300_800, 0)), Err(OutOfRange));
        assert_eq!(Span::try_from(TimeDelta::MAX), Err(OutOfRange));
        assert_eq!(Span::try_from(TimeDelta::MIN), Err(OutOfRange));
    }

    #[test]
    fn parts_of_a_microsecond_are_rounded_towards_the_past() {
        let before = Timestamp::from_micros(-1).unwrap();
        assert_eq!(Timestamp::try_from(utc(-1, 999_999_999)), Ok(before));
        let leap = utc(59, 1_500_000_000);
        assert_eq!(Timestamp::try_from(leap).unwrap().as_micros(), 59_999_999);
        assert_eq!(Span::try_from(TimeDelta::nanoseconds(1_999)), Ok(Span::from_micros(1)));
        assert_eq!(Span::try_from(TimeDelta::nanoseconds(-1)), Ok(Span::from_micros(-1)));
    }

    #[test]
    fn spans_go_both_ways() {
        for micros in [0, 1, -1, i64::MAX, i64::MIN] {
            let span = Span::from_micros(micros);
            assert_eq!(Span::try_from(TimeDelta::from(span)), Ok(span));
        }
    }
}
