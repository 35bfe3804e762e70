//! Dates and times of day on integers.
//!
//! All conversions are closed forms: no loop over days, months or years. Days are counted from
//! 1970-01-01 in an `i32`; seconds within a day in a `u32`. The calendar is the proleptic
//! Gregorian one. Dates reach one year further than timestamps at each end, because the local
//! date of the first and the last timestamp may lie outside the years 0001 to 9999.

mod text;

use core::fmt;
use core::str::FromStr;

use self::text::Reader;

pub use self::text::{AtOffset, ParseTimestampError};

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
    let year = (year + 400 * CYCLES).cast_unsigned();
    year & 3 == 0 && (year & 15 == 0 || !year.is_multiple_of(25))
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
