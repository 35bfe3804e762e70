//! Instants and lengths of time, as integers.
//!
//! Two clocks exist and never mix: [`Timestamp`] is a point on the wall clock (UTC), [`Mono`] a
//! point on a clock that only moves forward. [`Span`] is a length on either. Nothing here reads a
//! clock: whoever drives a machine passes a [`Now`].

use core::fmt;
use core::num::NonZeroU64;
use core::time::Duration;

#[cfg(feature = "chrono")]
mod chrono;
#[cfg(feature = "serde")]
mod data;

#[cfg(feature = "chrono")]
pub use self::chrono::OutOfRange;

/// Microseconds in one second.
pub const MICROS_PER_SECOND: i64 = 1_000_000;

/// A signed length of time in whole microseconds.
///
/// The whole `i64` range is valid (about ±292 000 years).
///
/// ```
/// use mainspring_core::time::Span;
/// assert_eq!(Span::from_secs(90), Span::from_mins(1) + Span::from_secs(30));
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
// Such machines load 64 bits as two words, so that a gap in a record would be for nothing.
#[cfg_attr(target_pointer_width = "32", repr(packed(4)))]
pub struct Span(i64);

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// The longest representable span.
    pub const MAX: Self = Self(i64::MAX);

    /// A span of `micros` microseconds.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// A span of `millis` milliseconds, saturating at the ends of the range.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// A span of `secs` seconds, saturating at the ends of the range.
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(MICROS_PER_SECOND))
    }

    /// A span of `mins` minutes of 60 s, saturating at the ends of the range.
    pub const fn from_mins(mins: i64) -> Self {
        Self::from_secs(mins.saturating_mul(60))
    }

    /// A span of `hours` hours of 3600 s, saturating at the ends of the range.
    pub const fn from_hours(hours: i64) -> Self {
        Self::from_secs(hours.saturating_mul(3_600))
    }

    /// A span of `days` days of 86 400 s, saturating at the ends of the range.
    pub const fn from_days(days: i64) -> Self {
        Self::from_secs(days.saturating_mul(86_400))
    }

    /// The length in microseconds.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Whether the span is longer than nothing.
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// `self + other`, or `None` on overflow.
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(us) => Some(Self(us)),
            None => None,
        }
    }

    /// `self × factor`, stopping at the ends of the range.
    pub const fn saturating_mul(self, factor: i64) -> Self {
        Self(self.0.saturating_mul(factor))
    }

    /// The same length for std's and embassy's timers; a negative span becomes zero.
    pub const fn to_duration(self) -> Duration {
        if self.0 <= 0 { Duration::ZERO } else { Duration::from_micros(self.0.unsigned_abs()) }
    }

    /// The span of a [`Duration`], rounded down to microseconds and capped at [`Span::MAX`].
    pub const fn from_duration(duration: Duration) -> Self {
        let us = duration.as_micros();
        if us > i64::MAX as u128 {
            Self::MAX
        } else {
            #[expect(clippy::cast_possible_truncation, reason = "checked against i64::MAX above")]
            Self(us as i64)
        }
    }
}

impl From<Duration> for Span {
    fn from(duration: Duration) -> Self {
        Self::from_duration(duration)
    }
}

impl core::ops::Add for Span {
    type Output = Self;
    /// Saturates at the ends of the range.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl core::ops::Sub for Span {
    type Output = Self;
    /// Saturates at the ends of the range.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for Span {
    /// The shortest sum of units that is exact, largest first: `1h30m`, `250ms`, `0s`.
    ///
    /// Units: `w` (7 d), `d` (24 h), `h`, `m`, `s`, `ms`, `us`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u64, &str); 6] = [
            (86_400_000_000, "d"),
            (3_600_000_000, "h"),
            (60_000_000, "m"),
            (1_000_000, "s"),
            (1_000, "ms"),
            (1, "us"),
        ];
        if self.0 == 0 {
            return f.write_str("0s");
        }
        if self.0 < 0 {
            f.write_str("-")?;
        }
        let mut rest = self.0.unsigned_abs();
        for (size, unit) in UNITS {
            let count = rest / size;
            rest %= size;
            if count > 0 {
                write!(f, "{count}{unit}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a text is not a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParseSpanError {
    /// The text has no digits and units at all.
    Empty,
    /// A number without a unit, at this byte.
    MissingUnit(usize),
    /// Something that is neither a digit nor a known unit, at this byte.
    Unknown(usize),
    /// The sum does not fit into 64-bit microseconds.
    TooLong,
}

impl fmt::Display for ParseSpanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const HOW: &str = "write for example `90s`, `1h30m`, `250ms` or `7d`";
        match self {
            Self::Empty => write!(f, "an empty span ({HOW})"),
            Self::MissingUnit(at) => write!(f, "no unit at byte {at} ({HOW})"),
            Self::Unknown(at) => {
                write!(f, "unknown unit at byte {at} (units: w, d, h, m, s, ms, us; {HOW})")
            }
            Self::TooLong => f.write_str("longer than 292 000 years"),
        }
    }
}

impl core::error::Error for ParseSpanError {}

impl core::str::FromStr for Span {
    type Err = ParseSpanError;

    /// Reads what [`Display`](fmt::Display) writes: numbers with units, added up, with optional
    /// blanks and an optional leading minus: `1h30m`, `1h 30m`, `90s`.
    fn from_str(text: &str) -> Result<Self, ParseSpanError> {
        let bytes = text.as_bytes();
        let skip_blanks = |mut i: usize| {
            while i < bytes.len() && bytes[i] == b' ' {
                i += 1;
            }
            i
        };
        let mut at = skip_blanks(0);
        let negative = bytes.get(at) == Some(&b'-');
        if negative {
            at = skip_blanks(at + 1);
        }
        if at == bytes.len() {
            return Err(ParseSpanError::Empty);
        }
        let mut sum: i64 = 0;
        while at < bytes.len() {
            let mut number: i64 = 0;
            let digits = at;
            while let Some(digit) = bytes.get(at).filter(|b| b.is_ascii_digit()) {
                number = number
                    .checked_mul(10)
                    .and_then(|n| n.checked_add(i64::from(digit - b'0')))
                    .ok_or(ParseSpanError::TooLong)?;
                at += 1;
            }
            if at == digits {
                return Err(ParseSpanError::Unknown(at));
            }
            at = skip_blanks(at);
            let unit = at;
            while bytes.get(at).is_some_and(u8::is_ascii_alphabetic) {
                at += 1;
            }
            let size: i64 = match &bytes[unit..at] {
                b"" => return Err(ParseSpanError::MissingUnit(unit)),
                b"w" => 604_800_000_000,
                b"d" => 86_400_000_000,
                b"h" => 3_600_000_000,
                b"m" | b"min" => 60_000_000,
                b"s" => 1_000_000,
                b"ms" => 1_000,
                b"us" => 1,
                _ => return Err(ParseSpanError::Unknown(unit)),
            };
            sum = number
                .checked_mul(size)
                .and_then(|part| sum.checked_add(part))
                .ok_or(ParseSpanError::TooLong)?;
            at = skip_blanks(at);
        }
        Ok(Self(if negative { -sum } else { sum }))
    }
}

/// A point on the wall clock: microseconds since 1970-01-01T00:00:00Z on the POSIX time line,
/// which has no leap seconds.
///
/// Only the years 0001 to 9999 are representable, so that every timestamp has an RFC 3339 form.
///
/// ```
/// use mainspring_core::time::{Span, Timestamp};
/// let epoch = Timestamp::UNIX_EPOCH;
/// assert_eq!((epoch + Span::from_secs(5)).as_micros(), 5_000_000);
/// assert!(Timestamp::from_micros(i64::MAX).is_none());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(target_pointer_width = "32", repr(packed(4)))]
pub struct Timestamp(
    /// The microseconds with their sign bit flipped: in the order of time, and never zero, so that
    /// an `Option<Timestamp>` takes eight bytes too.
    NonZeroU64,
);

impl Timestamp {
    /// 0001-01-01T00:00:00Z.
    pub const MIN: Self = Self::known(-62_135_596_800 * MICROS_PER_SECOND);
    /// 9999-12-31T23:59:59.999999Z.
    pub const MAX: Self = Self::known(253_402_300_800 * MICROS_PER_SECOND - 1);
    /// 1970-01-01T00:00:00Z.
    pub const UNIX_EPOCH: Self = Self::known(0);

    /// The instant `micros` microseconds after the Unix epoch, or `None` outside the years
    /// 0001 to 9999.
    pub const fn from_micros(micros: i64) -> Option<Self> {
        if micros < Self::MIN.as_micros() || micros > Self::MAX.as_micros() {
            None
        } else {
            Some(Self::known(micros))
        }
    }

    /// The instant `secs` seconds after the Unix epoch, or `None` outside the years 0001 to 9999.
    pub const fn from_secs(secs: i64) -> Option<Self> {
        if secs < Self::MIN.as_secs() || secs > Self::MAX.as_secs() {
            return None;
        }
        Some(Self::known(secs * MICROS_PER_SECOND))
    }

    /// The number that the timestamp is kept as: the later, the larger.
    pub(crate) const fn number(self) -> NonZeroU64 {
        self.0
    }

    /// The timestamp with this [number](Self::number), which must be the one of a timestamp.
    pub(crate) const fn from_number(number: NonZeroU64) -> Self {
        Self(number)
    }

    /// Microseconds since the Unix epoch; negative before it.
    pub const fn as_micros(self) -> i64 {
        (self.0.get() ^ SIGN).cast_signed()
    }

    /// Whole seconds since the Unix epoch, rounded towards the past.
    pub const fn as_secs(self) -> i64 {
        // Counted from the first timestamp, which is a whole second, there is no sign to look at.
        let since = (self.as_micros() - Self::MIN.as_micros()).cast_unsigned();
        let since = if usize::BITS < 64 {
            seconds_by_product(since)
        } else {
            since / MICROS_PER_SECOND.cast_unsigned()
        };
        since.cast_signed() + Self::MIN.as_micros() / MICROS_PER_SECOND
    }

    /// Microseconds since the last whole second: 0 to 999 999.
    pub const fn subsec_micros(self) -> i64 {
        self.as_micros() - self.as_secs() * MICROS_PER_SECOND
    }

    /// `self + span`, or `None` outside the years 0001 to 9999.
    pub const fn checked_add(self, span: Span) -> Option<Self> {
        match self.as_micros().checked_add(span.0) {
            Some(us) => Self::from_micros(us),
            None => None,
        }
    }

    /// The span from `earlier` to `self`; negative if `earlier` is later.
    pub const fn since(self, earlier: Self) -> Span {
        // Both lie within ±2.6e17, so the difference cannot overflow.
        Span(self.as_micros() - earlier.as_micros())
    }

    /// An instant that is known to lie in the range.
    const fn known(micros: i64) -> Self {
        match NonZeroU64::new(micros.cast_unsigned() ^ SIGN) {
            Some(flipped) => Self(flipped),
            None => Self(NonZeroU64::MIN),
        }
    }

    /// The nearest instant in the range.
    fn nearest(micros: i64) -> Self {
        Self::known(micros.clamp(Self::MIN.as_micros(), Self::MAX.as_micros()))
    }
}

const SIGN: u64 = 1 << 63;

impl Default for Timestamp {
    /// The Unix epoch.
    fn default() -> Self {
        Self::UNIX_EPOCH
    }
}

impl core::ops::Add<Span> for Timestamp {
    type Output = Self;
    /// Stops at [`Timestamp::MIN`] and [`Timestamp::MAX`].
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn add(self, span: Span) -> Self {
        Self::nearest(self.as_micros().saturating_add(span.0))
    }
}

impl core::ops::Sub<Span> for Timestamp {
    type Output = Self;
    /// Stops at [`Timestamp::MIN`] and [`Timestamp::MAX`].
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn sub(self, span: Span) -> Self {
        Self::nearest(self.as_micros().saturating_sub(span.0))
    }
}

/// A point on a clock that never goes back: microseconds since an arbitrary start, such as boot.
///
/// No conversion to or from [`Timestamp`], because the distance between the two clocks changes
/// whenever the wall clock is set or the machine sleeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(target_pointer_width = "32", repr(packed(4)))]
pub struct Mono(i64);

impl Mono {
    /// The start of the monotonic clock.
    pub const ZERO: Self = Self(0);
    /// Later than anything that happens.
    pub const MAX: Self = Self(i64::MAX);

    /// The instant `micros` microseconds after the start of the clock.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the start of the clock.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// The span from `earlier` to `self`; negative if `earlier` is later.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl core::ops::Add<Span> for Mono {
    type Output = Self;
    /// Saturates at the ends of the range.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl core::ops::Sub<Span> for Mono {
    type Output = Self;
    /// Saturates at the ends of the range.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    fn sub(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

/// `micros / 1_000_000` for processors that cannot divide 64 bits.
///
/// A second is 2⁶ × 15 625 microseconds, and a multiple of ⌈2⁷⁷ / 15 625⌉ exceeds the true quotient
/// by too little to reach the next whole number. (Torbjörn Granlund and Peter L. Montgomery,
/// "Division by Invariant Integers using Multiplication", 1994.)
const fn seconds_by_product(micros: u64) -> u64 {
    #[expect(clippy::cast_possible_truncation, reason = "2⁷⁷ / 15 625 is less than 2⁶⁴")]
    const INVERSE: u64 = ((1_u128 << 77) / 15_625 + 1) as u64;
    const HIGH: u64 = INVERSE >> 32;
    const LOW: u64 = INVERSE & LOW_HALF;
    const LOW_HALF: u64 = u32::MAX as u64;
    let micros = micros >> 6;
    let (high, low) = (micros >> 32, micros & LOW_HALF);
    // The upper half of a product of 128 bits, from products of 64 bits.
    let middle = high * LOW + ((low * LOW) >> 32);
    let other = low * HIGH + (middle & LOW_HALF);
    (high * HIGH + (middle >> 32) + (other >> 32)) >> 13
}

/// What both clocks show at one moment.
///
/// Fires are judged on `wall`; leases, timeouts and backoff on `mono`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Now {
    /// The wall clock.
    pub wall: Timestamp,
    /// The monotonic clock.
    pub mono: Mono,
}

impl Now {
    /// The reading `span` later, on both clocks.
    #[must_use]
    pub fn after(self, span: Span) -> Self {
        Self { wall: self.wall + span, mono: self.mono + span }
    }

    /// When the wall clock will show `at` if neither clock is set: now, if it already does.
    pub fn mono_at(self, at: Timestamp) -> Mono {
        if at <= self.wall { self.mono } else { self.mono + at.since(self.wall) }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;

    #[test]
    fn an_instant_that_may_be_missing_takes_no_more_room() {
        assert_eq!(size_of::<Option<Timestamp>>(), 8);
        let ends = [i64::MIN, Timestamp::MIN.as_micros() - 1, Timestamp::MAX.as_micros() + 1];
        assert_eq!(ends.map(Timestamp::from_micros), [None; 3]);
        let instants = [-62_135_596_800_000_000, -1, 0, 1, 253_402_300_799_999_999];
        let instants = instants.map(|micros| Timestamp::from_micros(micros).expect("in range"));
        assert!(instants.is_sorted());
        assert_eq!(instants.map(Timestamp::as_micros)[1..4], [-1, 0, 1]);
        assert_eq!((instants[0], instants[4]), (Timestamp::MIN, Timestamp::MAX));
        assert_eq!(Timestamp::default(), Timestamp::UNIX_EPOCH);
    }

    #[test]
    fn seconds_are_the_same_without_a_division() {
        let range = Timestamp::MAX.as_micros().abs_diff(Timestamp::MIN.as_micros());
        let mut state: u64 = 1;
        for step in 0..100_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let around = state % range / 1_000_000 * 1_000_000;
            // All sizes, and both sides of a whole second.
            for micros in [(state % range) >> (step % 58), around, around.saturating_sub(1), range]
            {
                assert_eq!(seconds_by_product(micros), micros / 1_000_000, "{micros}");
            }
        }
    }

    #[test]
    fn a_span_reads_what_it_writes() {
        for us in [0, 1, 999, 1_000, 61_000_000, 5_400_000_000, 90_061_001_001, -1_500_000] {
            let span = Span::from_micros(us);
            assert_eq!(span.to_string().parse::<Span>(), Ok(span), "{span}");
        }
        assert_eq!("1w".parse::<Span>(), Ok(Span::from_days(7)));
        assert_eq!(" 1h 30m ".parse::<Span>(), Ok(Span::from_mins(90)));
    }

    #[test]
    fn a_bad_span_names_the_byte() {
        assert_eq!("".parse::<Span>(), Err(ParseSpanError::Empty));
        assert_eq!("90".parse::<Span>(), Err(ParseSpanError::MissingUnit(2)));
        assert_eq!("5 parsecs".parse::<Span>(), Err(ParseSpanError::Unknown(2)));
        assert_eq!("h".parse::<Span>(), Err(ParseSpanError::Unknown(0)));
        assert_eq!("99999999999999999999s".parse::<Span>(), Err(ParseSpanError::TooLong));
        assert_eq!("9223372036854775807d".parse::<Span>(), Err(ParseSpanError::TooLong));
    }

    #[test]
    fn timestamps_stop_at_the_ends_of_their_range() {
        assert_eq!(Timestamp::MAX + Span::MAX, Timestamp::MAX);
        assert_eq!(Timestamp::MIN - Span::MAX, Timestamp::MIN);
        assert_eq!(Timestamp::MAX.checked_add(Span::from_micros(1)), None);
        assert_eq!(Timestamp::from_secs(-1).map(Timestamp::subsec_micros), Some(0));
        assert_eq!(Timestamp::from_micros(-1).map(Timestamp::as_secs), Some(-1));
    }
}
