//! Dates and times of day on integers, and the RFC 3339 text of a [`Timestamp`].
//!
//! All conversions are closed forms: no loop over days, months or years. Days are counted from
//! 1970-01-01 in an `i32`; seconds within a day in a `u32`. The calendar is the proleptic
//! Gregorian one. Dates reach one year further than timestamps at each end, because the local
//! date of the first and the last timestamp may lie outside the years 0001 to 9999.

use core::fmt;
use core::str::FromStr;

use crate::time::{MICROS_PER_SECOND, Timestamp};

/// Seconds in one day on the POSIX time line.
pub const SECONDS_PER_DAY: i64 = 86_400;

/// A day of the week; the discriminant counts from Sunday, as cron does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Weekday {
    /// Sunday: 0.
    Sunday = 0,
    /// Monday: 1.
    Monday,
    /// Tuesday: 2.
    Tuesday,
    /// Wednesday: 3.
    Wednesday,
    /// Thursday: 4.
    Thursday,
    /// Friday: 5.
    Friday,
    /// Saturday: 6.
    Saturday,
}

impl Weekday {
    const ALL: [Self; 7] = [
        Self::Sunday,
        Self::Monday,
        Self::Tuesday,
        Self::Wednesday,
        Self::Thursday,
        Self::Friday,
        Self::Saturday,
    ];

    /// The English name: `Sunday`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sunday => "Sunday",
            Self::Monday => "Monday",
            Self::Tuesday => "Tuesday",
            Self::Wednesday => "Wednesday",
            Self::Thursday => "Thursday",
            Self::Friday => "Friday",
            Self::Saturday => "Saturday",
        }
    }
}

/// A calendar date in the years 0000 to 10000.
///
/// ```
/// use mainspring_core::civil::{Date, Weekday};
/// let date = Date::new(2026, 3, 29).unwrap();
/// assert_eq!(date.weekday(), Weekday::Sunday);
/// assert_eq!(Date::from_days(date.days()), Some(date));
/// assert_eq!(Date::new(2026, 2, 29), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: i16,
    month: u8,
    day: u8,
}

impl Date {
    /// 0000-01-01, in days since 1970-01-01.
    const FIRST_DAY: i32 = days_of(0, 1, 1);
    /// 10000-12-31, in days since 1970-01-01.
    const LAST_DAY: i32 = days_of(10_000, 12, 31);

    /// The date of year 0 to 10 000, month 1 to 12 and day 1 to 31, if there is such a day.
    pub const fn new(year: i32, month: u32, day: u32) -> Option<Self> {
        if year < 0 || year > 10_000 || month < 1 || month > 12 {
            return None;
        }
        if day < 1 || day > days_in_month(year, month) {
            return None;
        }
        Some(Self::pack(year, month, day))
    }

    /// The date `days` days after 1970-01-01, or `None` outside the years 0000 to 10000.
    pub const fn from_days(days: i32) -> Option<Self> {
        if days < Self::FIRST_DAY || days > Self::LAST_DAY {
            return None;
        }
        let (year, month, day) = date_of(days);
        Some(Self::pack(year, month, day))
    }

    #[expect(clippy::cast_possible_truncation, reason = "callers pass year 0..=10000 and a day")]
    const fn pack(year: i32, month: u32, day: u32) -> Self {
        Self { year: year as i16, month: month as u8, day: day as u8 }
    }

    /// The year: 0 to 10 000.
    pub const fn year(self) -> i32 {
        self.year as i32
    }

    /// The month: 1 to 12.
    pub const fn month(self) -> u32 {
        self.month as u32
    }

    /// The day of the month: 1 to 31.
    pub const fn day(self) -> u32 {
        self.day as u32
    }

    /// Days since 1970-01-01; negative before it.
    pub const fn days(self) -> i32 {
        days_of(self.year(), self.month(), self.day())
    }

    /// The day of the week.
    pub const fn weekday(self) -> Weekday {
        Weekday::ALL[weekday_of(self.days()) as usize]
    }
}

impl fmt::Display for Date {
    /// ISO 8601: `2026-03-29`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl FromStr for Date {
    type Err = ParseCivilError;

    /// Reads what [`Display`](fmt::Display) writes: `2026-03-29`, of the years 0000 to 9999.
    fn from_str(text: &str) -> Result<Self, ParseCivilError> {
        const FORM: ParseCivilError = ParseCivilError::Form("2026-03-29");
        let mut reader = Reader { bytes: text.as_bytes(), at: 0 };
        let year = reader.digits(4).map_err(|_| FORM)?;
        reader.one_of(b"-", "`-`").map_err(|_| FORM)?;
        let month = reader.digits(2).map_err(|_| FORM)?;
        reader.one_of(b"-", "`-`").map_err(|_| FORM)?;
        let day = reader.digits(2).map_err(|_| FORM)?;
        reader.finish().map_err(|_| FORM)?;
        Self::new(year.cast_signed(), month, day).ok_or(ParseCivilError::NoSuch("date"))
    }
}

/// A time of day in whole seconds: 00:00:00 to 23:59:59.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeOfDay(u32);

impl TimeOfDay {
    /// 00:00:00.
    pub const MIDNIGHT: Self = Self(0);

    /// The time of hour 0 to 23, minute 0 to 59 and second 0 to 59; `None` for anything else.
    pub const fn new(hour: u32, minute: u32, second: u32) -> Option<Self> {
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        Some(Self(hour * 3_600 + minute * 60 + second))
    }

    /// The time `secs` seconds after midnight, or `None` from 86 400 on.
    pub const fn from_secs(secs: u32) -> Option<Self> {
        if secs < 86_400 { Some(Self(secs)) } else { None }
    }

    /// Seconds since midnight: 0 to 86 399.
    pub const fn as_secs(self) -> u32 {
        self.0
    }

    /// The hour: 0 to 23.
    pub const fn hour(self) -> u32 {
        self.0 / 3_600
    }

    /// The minute: 0 to 59.
    pub const fn minute(self) -> u32 {
        self.0 / 60 % 60
    }

    /// The second: 0 to 59.
    pub const fn second(self) -> u32 {
        self.0 % 60
    }
}

impl fmt::Display for TimeOfDay {
    /// ISO 8601: `03:04:05`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}:{:02}", self.hour(), self.minute(), self.second())
    }
}

impl FromStr for TimeOfDay {
    type Err = ParseCivilError;

    /// Reads `09:30` and `09:30:15`.
    fn from_str(text: &str) -> Result<Self, ParseCivilError> {
        const FORM: ParseCivilError = ParseCivilError::Form("09:30` or `09:30:15");
        let mut reader = Reader { bytes: text.as_bytes(), at: 0 };
        let hour = reader.digits(2).map_err(|_| FORM)?;
        reader.one_of(b":", "`:`").map_err(|_| FORM)?;
        let minute = reader.digits(2).map_err(|_| FORM)?;
        let mut second = 0;
        if reader.at < text.len() {
            reader.one_of(b":", "`:`").map_err(|_| FORM)?;
            second = reader.digits(2).map_err(|_| FORM)?;
        }
        reader.finish().map_err(|_| FORM)?;
        Self::new(hour, minute, second).ok_or(ParseCivilError::NoSuch("time of day"))
    }
}

/// Why a text is not a date or a time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParseCivilError {
    /// It is not of this form.
    Form(&'static str),
    /// It has the form, but there is no such date or time, as the 30th of February.
    NoSuch(&'static str),
}

impl fmt::Display for ParseCivilError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form(example) => write!(f, "write for example `{example}`"),
            Self::NoSuch(what) => write!(f, "there is no such {what}"),
        }
    }
}

impl core::error::Error for ParseCivilError {}

/// A date and a time of day as a clock on some wall shows them; not an instant, because no zone
/// is attached. [`Zone::resolve`](crate::zone::Zone::resolve) finds the instants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTime {
    /// The date.
    pub date: Date,
    /// The time of day.
    pub time: TimeOfDay,
}

impl DateTime {
    /// What a clock shows `secs` local seconds after 1970-01-01T00:00:00, or `None` outside the
    /// years 0000 to 10000.
    pub const fn from_secs(secs: i64) -> Option<Self> {
        let days = secs.div_euclid(SECONDS_PER_DAY);
        if days < Date::FIRST_DAY as i64 || days > Date::LAST_DAY as i64 {
            return None;
        }
        let (days, second) = split_days(secs);
        match Date::from_days(days) {
            Some(date) => Some(Self { date, time: TimeOfDay(second) }),
            None => None,
        }
    }

    /// Local seconds since 1970-01-01T00:00:00.
    pub const fn as_secs(self) -> i64 {
        self.date.days() as i64 * SECONDS_PER_DAY + self.time.0 as i64
    }
}

impl fmt::Display for DateTime {
    /// ISO 8601 without an offset: `2026-03-29T03:04:05`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}T{}", self.date, self.time)
    }
}

/// How far local time is ahead of UTC, in whole seconds east of Greenwich: within ±25:59:59, the
/// range that RFC 8536 allows.
///
/// ```
/// use mainspring_core::civil::Offset;
/// let india: Offset = "+05:30".parse().unwrap();
/// assert_eq!(india.as_secs(), 19_800);
/// assert_eq!(Offset::from_secs(-17_762).unwrap().to_string(), "-04:56:02");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Offset(i32);

impl Offset {
    /// No difference to UTC.
    pub const UTC: Self = Self(0);
    /// The largest number of seconds to either side: 25:59:59.
    pub const MAX_SECS: i32 = 93_599;

    /// An offset of `secs` seconds east, or `None` beyond ±25:59:59.
    pub const fn from_secs(secs: i32) -> Option<Self> {
        if secs < -Self::MAX_SECS || secs > Self::MAX_SECS { None } else { Some(Self(secs)) }
    }

    /// Seconds east of Greenwich.
    pub const fn as_secs(self) -> i32 {
        self.0
    }
}

impl fmt::Display for Offset {
    /// `+02:00`, or `+00:53:28` when it has seconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { '-' } else { '+' };
        let secs = self.0.unsigned_abs();
        write!(f, "{sign}{:02}:{:02}", secs / 3_600, secs / 60 % 60)?;
        if secs.is_multiple_of(60) { Ok(()) } else { write!(f, ":{:02}", secs % 60) }
    }
}

impl FromStr for Offset {
    type Err = ParseTimestampError;

    /// Reads `Z`, `+hh:mm` and `+hh:mm:ss`.
    fn from_str(text: &str) -> Result<Self, ParseTimestampError> {
        let mut reader = Reader { bytes: text.as_bytes(), at: 0 };
        let offset = reader.offset()?;
        reader.finish()?;
        Ok(offset)
    }
}

impl Timestamp {
    /// This instant as a clock at `offset` shows it, for people: `2026-03-29T03:00:00+02:00`.
    ///
    /// ```
    /// # use mainspring_core::{civil::Offset, time::Timestamp};
    /// let t: Timestamp = "2026-03-29T01:00:00Z".parse().unwrap();
    /// let summer = Offset::from_secs(7_200).unwrap();
    /// assert_eq!(t.at_offset(summer).to_string(), "2026-03-29T03:00:00+02:00");
    /// ```
    pub const fn at_offset(self, offset: Offset) -> AtOffset {
        AtOffset { at: self, offset }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC: `2026-01-02T03:04:05Z`; a fraction only if there is one, without trailing
    /// zeros.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_local(f, *self, Offset::UTC)?;
        f.write_str("Z")
    }
}

/// A timestamp and the offset to show it at; made by [`Timestamp::at_offset`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AtOffset {
    at: Timestamp,
    offset: Offset,
}

impl fmt::Display for AtOffset {
    /// RFC 3339 with a numeric offset; one with seconds, which RFC 3339 lacks, is `±hh:mm:ss`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_local(f, self.at, self.offset)?;
        fmt::Display::fmt(&self.offset, f)
    }
}

fn write_local(f: &mut fmt::Formatter<'_>, at: Timestamp, offset: Offset) -> fmt::Result {
    let (days, second) = split_days(at.as_secs() + i64::from(offset.0));
    let (year, month, day) = date_of(days);
    write!(f, "{year:04}-{month:02}-{day:02}T{}", TimeOfDay(second))?;
    let mut fraction = at.subsec_micros();
    if fraction == 0 {
        return Ok(());
    }
    let mut width = 6;
    while fraction % 10 == 0 {
        fraction /= 10;
        width -= 1;
    }
    write!(f, ".{fraction:0width$}")
}

/// Why a text is not an RFC 3339 timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParseTimestampError {
    /// Something else was needed at this byte.
    Expected(&'static str, usize),
    /// A time without `Z` or a numeric offset, which would mean something else on each machine.
    MissingOffset,
    /// A date, time or offset that does not exist, such as the 30th of February or 24:00.
    NoSuch(&'static str),
    /// More than six digits after the point.
    TooPrecise,
    /// Before the year 0001 or after the year 9999.
    OutOfRange,
}

impl fmt::Display for ParseTimestampError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const HOW: &str = "write for example `2026-01-02T03:04:05Z` or `2026-01-02T03:04:05+01:00`";
        match self {
            Self::Expected(what, at) => write!(f, "expected {what} at byte {at} ({HOW})"),
            Self::MissingOffset => write!(f, "no offset from UTC ({HOW})"),
            Self::NoSuch(what) => write!(f, "there is no such {what}"),
            Self::TooPrecise => f.write_str("more than six digits of a second's fraction"),
            Self::OutOfRange => f.write_str("not in the years 0001 to 9999"),
        }
    }
}

impl core::error::Error for ParseTimestampError {}

impl FromStr for Timestamp {
    type Err = ParseTimestampError;

    /// Reads RFC 3339: `T` or a blank between date and time, `Z` or a numeric offset, and up to
    /// six digits of a fraction. The offset is mandatory; `:60` is refused, because the POSIX
    /// time line has no leap seconds.
    fn from_str(text: &str) -> Result<Self, ParseTimestampError> {
        let mut reader = Reader { bytes: text.as_bytes(), at: 0 };
        let year = reader.digits(4)?;
        reader.one_of(b"-", "`-`")?;
        let month = reader.digits(2)?;
        reader.one_of(b"-", "`-`")?;
        let day = reader.digits(2)?;
        reader.one_of(b"Tt ", "`T` or a blank")?;
        let hour = reader.digits(2)?;
        reader.one_of(b":", "`:`")?;
        let minute = reader.digits(2)?;
        reader.one_of(b":", "`:`")?;
        let second = reader.digits(2)?;
        let micros = reader.fraction()?;
        let offset = reader.offset()?;
        reader.finish()?;
        let date =
            Date::new(year.cast_signed(), month, day).ok_or(ParseTimestampError::NoSuch("date"))?;
        let time = TimeOfDay::new(hour, minute, second)
            .ok_or(ParseTimestampError::NoSuch("time of day"))?;
        let secs = DateTime { date, time }.as_secs() - i64::from(offset.0);
        Self::from_micros(secs * MICROS_PER_SECOND + i64::from(micros))
            .ok_or(ParseTimestampError::OutOfRange)
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn digits(&mut self, count: usize) -> Result<u32, ParseTimestampError> {
        let mut number = 0;
        for _ in 0..count {
            match self.bytes.get(self.at) {
                Some(b) if b.is_ascii_digit() => number = number * 10 + u32::from(b - b'0'),
                _ => return Err(ParseTimestampError::Expected("a digit", self.at)),
            }
            self.at += 1;
        }
        Ok(number)
    }

    fn one_of(&mut self, set: &[u8], what: &'static str) -> Result<(), ParseTimestampError> {
        match self.bytes.get(self.at) {
            Some(b) if set.contains(b) => {
                self.at += 1;
                Ok(())
            }
            _ => Err(ParseTimestampError::Expected(what, self.at)),
        }
    }

    fn fraction(&mut self) -> Result<u32, ParseTimestampError> {
        if self.bytes.get(self.at) != Some(&b'.') {
            return Ok(0);
        }
        self.at += 1;
        let mut micros = self.digits(1)? * 100_000;
        let mut weight = 10_000;
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            if weight == 0 {
                return Err(ParseTimestampError::TooPrecise);
            }
            micros += self.digits(1)? * weight;
            weight /= 10;
        }
        Ok(micros)
    }

    fn offset(&mut self) -> Result<Offset, ParseTimestampError> {
        let east = match self.bytes.get(self.at) {
            None => return Err(ParseTimestampError::MissingOffset),
            Some(b'Z' | b'z') => {
                self.at += 1;
                return Ok(Offset::UTC);
            }
            Some(b'+') => true,
            Some(b'-') => false,
            Some(_) => return Err(ParseTimestampError::Expected("`Z`, `+` or `-`", self.at)),
        };
        self.at += 1;
        let hour = self.digits(2)?;
        self.one_of(b":", "`:`")?;
        let minute = self.digits(2)?;
        let mut second = 0;
        if self.bytes.get(self.at) == Some(&b':') {
            self.at += 1;
            second = self.digits(2)?;
        }
        if minute > 59 || second > 59 {
            return Err(ParseTimestampError::NoSuch("offset"));
        }
        let secs = (hour * 3_600 + minute * 60 + second).cast_signed();
        Offset::from_secs(if east { secs } else { -secs })
            .ok_or(ParseTimestampError::NoSuch("offset"))
    }

    const fn finish(&self) -> Result<(), ParseTimestampError> {
        if self.at == self.bytes.len() {
            Ok(())
        } else {
            Err(ParseTimestampError::Expected("the end", self.at))
        }
    }
}

/// Seconds → (days, second of the day), from the year −2030 to 15390.
///
/// A day is 675 × 2⁷ seconds, so that both fit into 32 bits, which divide fast everywhere.
pub(crate) const fn split_days(secs: i64) -> (i32, u32) {
    const SHIFT: i64 = 10 * 146_097;
    let secs = (secs + SHIFT * SECONDS_PER_DAY).cast_unsigned();
    #[expect(clippy::cast_possible_truncation, reason = "the stated years, and a remainder")]
    {
        let day = (secs >> 7) as u32 / 675;
        let second = (secs as u32).wrapping_sub(day.wrapping_mul(86_400));
        (day.cast_signed() - SHIFT as i32, second)
    }
}

/// Whole 400-year cycles added so that all intermediate values are unsigned.
const CYCLES: i32 = 25;
/// Days from the shifted 0000-03-01 to 1970-01-01.
const EPOCH_SHIFT: i32 = 719_468 + 146_097 * CYCLES;

/// Days since 1970-01-01 of a date from year −9999 on.
///
/// Cassio Neri and Lorenz Schneider, "Euclidean affine functions and their application to
/// calendar algorithms", Software: Practice and Experience, 2022.
pub(crate) const fn days_of(year: i32, month: u32, day: u32) -> i32 {
    let late = month <= 2;
    let year = (year + 400 * CYCLES).cast_unsigned() - late as u32;
    let month = if late { month + 12 } else { month };
    // Divided by 100: exact for years up to 43 698, and no division on machines that have none.
    let century = (year * 5_243) >> 19;
    let days = 1_461 * year / 4 - century + century / 4 + (979 * month - 2_919) / 32 + day - 1;
    days.cast_signed() - EPOCH_SHIFT
}

/// (year, month, day) of a number of days since 1970-01-01; the inverse of [`days_of`].
pub(crate) const fn date_of(days: i32) -> (i32, u32, u32) {
    const YEAR: u64 = 2_939_745;
    let n = 4 * (days + EPOCH_SHIFT).cast_unsigned() + 3;
    let century = n / 146_097;
    let of_century = (n % 146_097) | 3;
    let product = YEAR * of_century as u64;
    #[expect(clippy::cast_possible_truncation, reason = "a product's high half is 32 bits")]
    let (year, rest) = ((product >> 32) as u32, product as u32);
    #[expect(clippy::cast_possible_truncation, reason = "YEAR fits into 32 bits")]
    let of_year = rest / YEAR as u32 / 4;
    let month_and_day = 2_141 * of_year + 197_913;
    // Divided by 2 141: exact for 16 bits, and no division on machines that have none.
    let (month, day) = (month_and_day >> 16, (((month_and_day & 0xffff) * 31_345) >> 26) + 1);
    let late = of_year >= 306;
    let year = (100 * century + year + late as u32).cast_signed() - 400 * CYCLES;
    (year, if late { month - 12 } else { month }, day)
}

/// The day of the week of a number of days since 1970-01-01: 0 is Sunday.
pub(crate) const fn weekday_of(days: i32) -> u32 {
    // 1970-01-01 was a Thursday, and whole cycles are whole weeks.
    (days + 146_097 * CYCLES + 4).cast_unsigned() % 7
}

/// Whether a year from −9999 on has a 29th of February.
pub(crate) const fn is_leap(year: i32) -> bool {
    // A multiple of 4 is one of 100 if it is one of 25, and one of 400 if it is one of 16 too.
    year & 3 == 0 && (year & 15 == 0 || year % 25 != 0)
}

/// The number of days in month 1 to 12.
pub(crate) const fn days_in_month(year: i32, month: u32) -> u32 {
    if month == 2 { 28 + is_leap(year) as u32 } else { 30 | (month ^ (month >> 3)) }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;

    #[test]
    fn dates_and_times_read_what_they_write() {
        for text in ["2026-03-29", "0000-01-01", "9999-12-31"] {
            assert_eq!(text.parse::<Date>().unwrap().to_string(), text);
        }
        assert_eq!("09:30".parse::<TimeOfDay>(), Ok(TimeOfDay::new(9, 30, 0).unwrap()));
        assert_eq!("23:59:59".parse::<TimeOfDay>(), Ok(TimeOfDay::from_secs(86_399).unwrap()));
        for text in ["", "2026-3-29", "2026-03-29T", "26-03-29", "2026/03/29", "2026-02-30"] {
            assert!(text.parse::<Date>().is_err(), "{text}");
        }
        for text in ["", "9:30", "09", "09:3", "09:30:", "09:30:1", "24:00", "09:60", "09:30:15Z"] {
            assert!(text.parse::<TimeOfDay>().is_err(), "{text}");
        }
    }

    #[test]
    fn every_day_of_ten_thousand_years_converts_both_ways() {
        let mut days = Date::FIRST_DAY;
        let mut weekday = weekday_of(days);
        for year in 0..=10_000 {
            for month in 1..=12 {
                for day in 1..=days_in_month(year, month) {
                    assert_eq!(days_of(year, month, day), days);
                    assert_eq!(date_of(days), (year, month, day));
                    assert_eq!(weekday_of(days), weekday);
                    days += 1;
                    weekday = (weekday + 1) % 7;
                }
            }
        }
        assert_eq!(days, Date::LAST_DAY + 1);
        assert_eq!(days_of(1970, 1, 1), 0);
        assert_eq!(Date::new(1970, 1, 1).map(Date::weekday), Some(Weekday::Thursday));
    }

    #[test]
    fn a_timestamp_reads_what_it_writes() {
        for text in [
            "1970-01-01T00:00:00Z",
            "2026-01-02T03:04:05Z",
            "2026-01-02T03:04:05.5Z",
            "2026-01-02T03:04:05.000001Z",
            "1969-12-31T23:59:59.999999Z",
            "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59.999999Z",
        ] {
            assert_eq!(text.parse::<Timestamp>().unwrap().to_string(), text);
        }
        let t: Timestamp = "2026-12-24 18:00:00+01:00".parse().unwrap();
        assert_eq!(t.to_string(), "2026-12-24T17:00:00Z");
        assert_eq!("2026-12-24t17:00:00.0z".parse(), Ok(t));
    }

    #[test]
    fn a_timestamp_at_an_offset_shows_local_time() {
        let t: Timestamp = "2026-03-29T01:00:00.25Z".parse().unwrap();
        let at = |secs| t.at_offset(Offset::from_secs(secs).unwrap()).to_string();
        assert_eq!(at(7_200), "2026-03-29T03:00:00.25+02:00");
        assert_eq!(at(-12_600), "2026-03-28T21:30:00.25-03:30");
        assert_eq!(at(3_208), "2026-03-29T01:53:28.25+00:53:28");
        assert_eq!(at(3_208).parse(), Ok(t));
    }

    #[test]
    fn a_bad_timestamp_says_what_is_wrong() {
        use ParseTimestampError as E;
        let error = |text: &str| text.parse::<Timestamp>().unwrap_err();
        assert_eq!(error("2026-01-02T03:04:05"), E::MissingOffset);
        assert_eq!(error("2026-02-30T00:00:00Z"), E::NoSuch("date"));
        assert_eq!(error("2026-01-02T24:00:00Z"), E::NoSuch("time of day"));
        assert_eq!(error("2026-06-30T23:59:60Z"), E::NoSuch("time of day"));
        assert_eq!(error("2026-01-02T03:04:05+27:00"), E::NoSuch("offset"));
        assert_eq!(error("2026-01-02T03:04:05+01:60"), E::NoSuch("offset"));
        assert_eq!(error("2026-01-02T03:04:05.1234567Z"), E::TooPrecise);
        assert_eq!(error("2026-01-02T03:04:05.Z"), E::Expected("a digit", 20));
        assert_eq!(error("2026-01-02"), E::Expected("`T` or a blank", 10));
        assert_eq!(error("2026-01-02T03:04:05Zz"), E::Expected("the end", 20));
        assert_eq!(error("0000-12-31T23:59:59Z"), E::OutOfRange);
        assert_eq!(error("9999-12-31T23:59:59-01:00"), E::OutOfRange);
        assert_eq!(error("tomorrow"), E::Expected("a digit", 0));
    }

    #[test]
    fn times_of_day_and_dates_have_limits() {
        assert_eq!(TimeOfDay::new(23, 59, 59).map(TimeOfDay::as_secs), Some(86_399));
        assert_eq!(TimeOfDay::new(24, 0, 0), None);
        assert_eq!(TimeOfDay::from_secs(86_400), None);
        assert_eq!(Date::new(10_001, 1, 1), None);
        assert_eq!(Date::from_days(i32::MAX), None);
        assert_eq!(DateTime::from_secs(i64::MIN), None);
        let wall = DateTime::from_secs(-1).unwrap();
        assert_eq!(wall.to_string(), "1969-12-31T23:59:59");
        assert_eq!(wall.as_secs(), -1);
    }
}
