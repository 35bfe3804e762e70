//! Patterns with years, last and nearest days, and counted weekdays.

use core::str::FromStr;

use super::compile::ALL_WEEKS;
use super::describe::Description;
use super::parse::{self, Syntax};
use super::quick;
use super::search::{LAST_YEAR, seconds, weekdays_of_month};
use super::year::Years;
use super::{Cron, CronError, Dialect, Pattern};
use crate::civil::{date_of, days_in_month, days_of, is_leap, split_days, weekday_of};
use crate::time::Timestamp;
use crate::trigger::dst::Dst;
use crate::zone::Zone;

/// A cron pattern in any [`Dialect`], with everything that the [module](super) describes.
///
/// It is 96 bytes and owns nothing. Use a [`Cron`], which is a third of that, where five or six
/// plain fields will do.
///
/// ```
/// use mainspring_core::{trigger::{Dialect, Dst, ExtendedCron}, zone::Zone};
/// const PAYDAY: ExtendedCron = ExtendedCron::literal("0 9 LW * *", Dialect::Crontab);
/// let t = "2026-05-01T00:00:00Z".parse().unwrap();
/// let next = PAYDAY.next_after(t, &Zone::UTC, Dst::ONCE).unwrap();
/// assert_eq!(next.to_string(), "2026-05-29T09:00:00Z"); // the 31st is a Sunday
/// let wed = ExtendedCron::parse("day=2nd wed hour=9", Dialect::ApScheduler).unwrap();
/// assert_eq!(wed.describe().to_string(), "at 09:00 on the second Wednesday of the month");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ExtendedCron {
    pub(super) base: Cron,
    pub(super) years: Years,
    /// ISO weeks as bits 1 to 53.
    pub(super) weeks: u64,
    /// See `Draft` for this and the next two.
    pub(super) last: u32,
    pub(super) nearest: u32,
    pub(super) nth: [u8; 6],
    /// The kinds of years in which some day matches, as bits.
    pub(super) kinds: u16,
    /// No day matches in years before this one, …
    pub(super) first_year: i16,
    /// … nor after this one.
    pub(super) last_year: i16,
    pub(super) any_year: bool,
    pub(super) nth_in_day: bool,
    /// `base` is all there is.
    pub(super) is_plain: bool,
}

impl ExtendedCron {
    /// Reads a pattern in a dialect; see the [module](super) and [`Dialect`] for the grammars.
    ///
    /// # Errors
    /// [`CronError`], which names the field, the bytes and the way out. `H` is one: it needs
    /// [`hashed`](Self::hashed).
    pub const fn parse(text: &str, dialect: Dialect) -> Result<Self, CronError> {
        Self::read(text, Syntax::extended(dialect, None))
    }

    /// Reads a pattern in which `H` stands for a value that depends on `seed`, such as the id of
    /// the schedule: each schedule gets its own, and the same one for ever.
    ///
    /// ```
    /// use mainspring_core::trigger::{Dialect, ExtendedCron};
    /// let at = |seed| ExtendedCron::hashed("H 3 * * *", Dialect::Crontab, seed).unwrap();
    /// assert_eq!(at("backup"), at("backup"));
    /// assert_ne!(at("backup"), at("report"));
    /// ```
    ///
    /// # Errors
    /// [`CronError`], which names the field, the bytes and the way out.
    pub const fn hashed(text: &str, dialect: Dialect, seed: &str) -> Result<Self, CronError> {
        Self::read(text, Syntax::extended(dialect, Some(hash(seed))))
    }

    /// Reads a pattern that is part of the program: in a `const`, a mistake is a compile error.
    ///
    /// # Panics
    /// If the text is not a pattern.
    #[must_use]
    pub const fn literal(text: &str, dialect: Dialect) -> Self {
        match Self::parse(text, dialect) {
            Ok(cron) => cron,
            Err(error) => panic!("{}", error.summary()),
        }
    }

    /// Whether any date ever matches: `0 0 30 2 *` has none.
    pub const fn is_possible(&self) -> bool {
        if self.is_plain { self.base.is_possible() } else { self.first_year <= self.last_year }
    }

    /// Whether the minute or hour is a wildcard or stepped, so that the pattern follows elapsed
    /// time through daylight saving changes; see [`Dst`].
    pub const fn flows(&self) -> bool {
        self.base.flows
    }

    /// The first fire strictly after `t` on the clocks of `zone`, or `None` if there is none
    /// before the year 10000.
    pub fn next_after(&self, t: Timestamp, zone: &Zone<'_>, dst: Dst) -> Option<Timestamp> {
        super::zoned::next_after(self, t, zone, dst)
    }

    /// The last fire strictly before `t` on the clocks of `zone`, or `None` if there is none from
    /// the year 1 on.
    pub fn prev_before(&self, t: Timestamp, zone: &Zone<'_>, dst: Dst) -> Option<Timestamp> {
        super::zoned::prev_before(self, t, zone, dst)
    }

    /// The same pattern as a [`Cron`], unless it needs more.
    pub const fn as_plain(&self) -> Option<Cron> {
        if self.is_plain { Some(self.base) } else { None }
    }

    /// The pattern in English: `at 09:00 on the last day of the month`.
    pub const fn describe(&self) -> Description {
        Description::new(*self)
    }

    pub(super) const fn plain(base: Cron) -> Self {
        Self {
            base,
            years: Years::NONE,
            weeks: ALL_WEEKS,
            last: 0,
            nearest: 0,
            nth: [0; 6],
            kinds: u16::MAX >> 1,
            first_year: 0,
            last_year: i16::MAX,
            any_year: true,
            nth_in_day: false,
            is_plain: true,
        }
    }

    const fn read(text: &str, syntax: Syntax) -> Result<Self, CronError> {
        if let (Dialect::Crontab, Some(cron)) = (syntax.dialect, quick::parse(text.as_bytes())) {
            return Ok(Self::plain(cron));
        }
        match parse::parse(text.as_bytes(), syntax) {
            Ok(draft) => Ok(draft.extended()),
            Err(error) => Err(error),
        }
    }

    pub(super) const fn is_year_possible(&self, year: i32) -> bool {
        self.kinds >> kind_of(year) & 1 != 0
    }

    /// The first matching day from this one on, as days since 1970-01-01. `day` may be one more
    /// than the month has.
    fn day_from(&self, year: i32, month: u32, day: u32) -> Option<i32> {
        let (mut at, mut month, mut day) = (year, month, day);
        loop {
            let year = if self.any_year { at } else { self.years.from(at)? };
            if year > i32::from(self.last_year).min(LAST_YEAR) {
                return None;
            }
            if year != at {
                (month, day) = (1, 1);
            }
            if self.is_year_possible(year) {
                let mut in_year = Month::of(year, month);
                loop {
                    let left = u64::from(self.days_of_month(&in_year)) >> day;
                    if left != 0 {
                        let day = day + left.trailing_zeros();
                        return Some(days_of(year, in_year.number, day));
                    }
                    day = 1;
                    if in_year.number == 12 {
                        break;
                    }
                    in_year = in_year.next();
                }
            }
            (at, month, day) = (year + 1, 1, 1);
        }
    }

    /// The last matching day up to this one. `day` may be 0.
    fn day_back(&self, year: i32, month: u32, day: u32) -> Option<i32> {
        let (mut at, mut month, mut day) = (year, month, day);
        loop {
            let year = if self.any_year { at } else { self.years.back(at)? };
            if year < i32::from(self.first_year) {
                return None;
            }
            if year != at {
                (month, day) = (12, 31);
            }
            if self.is_year_possible(year) {
                while month > 0 {
                    let all = u64::from(self.days_of_month(&Month::of(year, month)));
                    let left = all & (u64::MAX >> (63 - day));
                    if left != 0 {
                        return Some(days_of(year, month, left.ilog2()));
                    }
                    day = 31;
                    month -= 1;
                }
            }
            (at, month, day) = (year - 1, 12, 31);
        }
    }

    /// The matching days of a month, as bits 1 to 31.
    pub(super) const fn days_of_month(&self, month: &Month) -> u32 {
        if self.base.months >> month.number & 1 == 0 {
            return 0;
        }
        let all = u32::MAX >> (31 - month.length) & !1;
        let mut by_month = self.base.days | (self.base.days & 1) << month.length;
        if self.last | self.nearest != 0 {
            by_month |= self.last.reverse_bits() >> (31 - month.length);
            by_month |= nearest_days(self.nearest, month);
        }
        let mut by_week = weekdays_of_month(self.base.weekdays, month.weekday);
        let nth = nth_days(&self.nth, month);
        if self.nth_in_day {
            by_month |= nth;
        } else {
            by_week |= nth;
        }
        let days = if self.base.either_day { by_month | by_week } else { by_month & by_week };
        let days = days & all;
        if days == 0 || self.weeks == ALL_WEEKS { days } else { days & month.in_weeks(self.weeks) }
    }
}

impl Pattern for ExtendedCron {
    fn next_local(&self, local: i64) -> Option<i64> {
        if self.is_plain {
            return self.base.next_local(local);
        }
        if !self.is_possible() {
            return None;
        }
        let (today, second) = split_days(local);
        let (year, month, day) = date_of(today);
        let mut found = self.day_from(year, month, day)?;
        if found == today {
            if let Some(time) = self.base.time_from(second) {
                return Some(seconds(today, time));
            }
            found = self.day_from(year, month, day + 1)?;
        }
        Some(seconds(found, self.base.first_time()))
    }

    fn prev_local(&self, local: i64) -> Option<i64> {
        if self.is_plain {
            return self.base.prev_local(local);
        }
        if !self.is_possible() {
            return None;
        }
        let (today, second) = split_days(local);
        let (year, month, day) = date_of(today);
        let mut found = self.day_back(year, month, day)?;
        if found == today {
            if let Some(time) = self.base.time_back(second) {
                return Some(seconds(today, time));
            }
            found = self.day_back(year, month, day - 1)?;
        }
        Some(seconds(found, self.base.last_time()))
    }

    fn count_local(&self, from: i64, until: i64) -> Option<u64> {
        Some(self.count_matches(from, until))
    }

    fn flows(&self) -> bool {
        self.base.flows
    }

    fn in_english(&self) -> Description {
        self.describe()
    }
}

impl From<Cron> for ExtendedCron {
    fn from(cron: Cron) -> Self {
        Self::plain(cron)
    }
}

impl FromStr for ExtendedCron {
    type Err = CronError;

    /// Reads what [`Display`](core::fmt::Display) writes: named fields if there is a `=`, else the
    /// crontab dialect.
    fn from_str(text: &str) -> Result<Self, CronError> {
        let named = text.as_bytes().contains(&b'=');
        Self::parse(text, if named { Dialect::ApScheduler } else { Dialect::Crontab })
    }
}

/// FNV-1a, 64 bits, by Fowler, Noll and Vo; part of what a stored `H` means, so it stays.
const fn hash(seed: &str) -> u64 {
    let bytes = seed.as_bytes();
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut i = 0;
    while i < bytes.len() {
        hash = (hash ^ bytes[i] as u64).wrapping_mul(0x0100_0000_01b3);
        i += 1;
    }
    hash
}

/// A year's calendar is one of fifteen: 0 to 6 is the weekday of the 1st of January, 7 more in a
/// leap year; 14 is a common year from Saturday after a leap year, whose first day is in week 53.
const fn kind_of(year: i32) -> u32 {
    let first = weekday_of(days_of(year, 1, 1));
    match (is_leap(year), first) {
        (true, _) => first + 7,
        (false, 6) if is_leap(year - 1) => 14,
        (false, _) => first,
    }
}

/// A month of one of the fifteen kinds of years.
#[derive(Clone, Copy)]
pub(super) struct Month {
    /// 1 to 12.
    pub(super) number: u32,
    /// Days in it.
    length: u32,
    /// The weekday of its first day.
    weekday: u32,
    /// Days of the year before it.
    before: u32,
    kind: u32,
}

impl Month {
    pub(super) const fn first_of(kind: u32) -> Self {
        let weekday = if kind == 14 { 6 } else { kind % 7 };
        Self { number: 1, length: 31, weekday, before: 0, kind }
    }

    pub(super) const fn of(year: i32, number: u32) -> Self {
        let first = days_of(year, number, 1);
        let before = (first - days_of(year, 1, 1)).cast_unsigned();
        let length = days_in_month(year, number);
        Self { number, length, weekday: weekday_of(first), before, kind: kind_of(year) }
    }

    /// Which of the fifteen kinds of years it is part of.
    pub(super) const fn kind(&self) -> usize {
        self.kind as usize
    }

    pub(super) const fn next(&self) -> Self {
        let number = self.number + 1;
        let length = match number {
            2 if self.is_leap() => 29,
            2 => 28,
            _ => days_in_month(2_000, number),
        };
        let weekday = (self.weekday + self.length) % 7;
        Self { number, length, weekday, before: self.before + self.length, kind: self.kind }
    }

    const fn is_leap(&self) -> bool {
        self.kind >= 7 && self.kind < 14
    }

    /// The days that lie in a set of ISO weeks, as bits 1 to 31.
    const fn in_weeks(&self, weeks: u64) -> u32 {
        let mut days = 0;
        let mut day = 1;
        while day <= self.length {
            // 1 is Monday, 7 is Sunday.
            let weekday = (self.weekday + day + 5) % 7 + 1;
            let rest = 7 - weekday;
            if weeks >> self.week(self.before + day, weekday) & 1 != 0 {
                days |= (u32::MAX >> (31 - rest)) << day;
            }
            day += rest + 1;
        }
        days
    }

    /// The ISO 8601 week of a day of the year (from 1) on a weekday (from 1).
    const fn week(&self, day: u32, weekday: u32) -> u32 {
        let first = if self.kind == 14 { 6 } else { self.kind % 7 };
        match (day + 9 - (weekday - 1)) / 7 {
            // The last week of the year before, which had 53 if it began on a Thursday, or on a
            // Wednesday and was a leap year: then this year begins on a Friday, or on a Saturday.
            0 if first == 5 || self.kind == 14 => 53,
            0 => 52,
            // A year has a week 53 if it begins on a Thursday, or on a Wednesday and is leap.
            53 if first == 4 || (first == 3 && self.is_leap()) => 53,
            53 => 1,
            week => week,
        }
    }
}

/// The weekdays nearest to the days of a set, as bits 1 to 31; bit 0 of the set is the last day.
/// A month without the day has none.
const fn nearest_days(set: u32, month: &Month) -> u32 {
    let mut left = set;
    let mut days = 0;
    while left != 0 {
        let number = left.trailing_zeros();
        left &= left - 1;
        let day = if number == 0 { month.length } else { number };
        if day > month.length {
            continue;
        }
        days |= 1
            << match (month.weekday + day - 1) % 7 {
                6 if day == 1 => 3,
                6 => day - 1,
                0 if day == month.length => day - 2,
                0 => day + 1,
                _ => day,
            };
    }
    days
}

/// The first to fifth and the last weekdays of their kind, as bits 1 to 31.
const fn nth_days(nth: &[u8; 6], month: &Month) -> u32 {
    let mut days = 0;
    let mut which = 0;
    while which < 5 {
        let week = weekdays_of_month(nth[which as usize], month.weekday);
        days |= week & 0xfe << (7 * which);
        which += 1;
    }
    let week = weekdays_of_month(nth[5], month.weekday);
    days | week & 0xfe << (month.length - 7)
}

const _: () = assert!(size_of::<Cron>() <= 32 && size_of::<ExtendedCron>() <= 96);
