//! Patterns of wall-clock time: crontab's five fields, or six with seconds first.
//!
//! ```text
//! ┌──────────── second   0-59        (only in the form with six fields)
//! │ ┌────────── minute   0-59
//! │ │ ┌──────── hour     0-23        may wrap: 22-2
//! │ │ │ ┌────── day      1-31        ? is *
//! │ │ │ │ ┌──── month    1-12        names; may wrap: nov-feb
//! │ │ │ │ │ ┌── weekday  0-7         0 and 7 are Sunday; names; may wrap: fri-mon; ? is *
//! 0 30 9 * * mon-fri
//! ```
//! A field is a list of items with commas: `*`, a value, a range `a-b`, and any of them with a
//! step: `*/n`, `a-b/n`, and `a/n`, which runs from `a` to the field's end. Names are English, of
//! three letters or in full, in any case. `@yearly @annually @monthly @weekly @daily @midnight
//! @hourly` stand for the usual patterns.
//!
//! **Day and weekday.** As in Vixie's cron: if both fields are restricted, either may match
//! (`0 0 13 * fri` is every 13th and every Friday). A field counts as unrestricted if it *begins*
//! with `*` or is `?`; then both must match, so that `0 0 */2 * mon` is Mondays on odd days.
//!
//! **Daylight saving.** See [`Dst`]. A pattern *flows* if its minute or hour field has a `*` or a
//! step or names every value; otherwise it is a fixed time. Weekday, day and second do not matter.

use core::str::FromStr;

use super::{Dst, Trigger};
use crate::civil::{SECONDS_PER_DAY, date_of, days_in_month, days_of, split_days, weekday_of};
use crate::time::Timestamp;
use crate::zone::{TimeZone, Zone};

mod error;
mod parse;
mod zoned;

pub use error::{CronError, CronErrorKind, Field};

/// A cron pattern, as sets of seconds, minutes, hours, days, months and weekdays.
///
/// It is 32 bytes and owns nothing. The zone and the daylight saving policy are not part of it:
/// pass them to [`next_after`](Self::next_after), or keep them with it in a [`CronIn`].
///
/// ```
/// use mainspring_core::{trigger::{Cron, Dst}, zone::{Rule, Zone}};
/// const NINE: Cron = Cron::literal("0 9 * * mon-fri"); // a typo here does not compile
/// let berlin = Zone::posix(Rule::parse("CET-1CEST,M3.5.0,M10.5.0/3").unwrap());
/// let friday = "2026-03-27T12:00:00Z".parse().unwrap();
/// let next = NINE.next_after(friday, &berlin, Dst::ONCE).unwrap();
/// assert_eq!(next.to_string(), "2026-03-30T07:00:00Z");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cron {
    /// Bits 0 to 59. Never empty, and neither are the other sets.
    seconds: u64,
    /// Bits 0 to 59.
    minutes: u64,
    /// Bits 0 to 23.
    hours: u32,
    /// Bits 1 to 31.
    days: u32,
    /// Bits 1 to 12.
    months: u16,
    /// Bits 0 (Sunday) to 6.
    weekdays: u8,
    /// The minute or hour is a wildcard or stepped.
    flows: bool,
    /// Day or weekday may match; otherwise both must.
    either_day: bool,
    /// Some day of some year matches.
    possible: bool,
}

impl Cron {
    /// Reads five or six fields or an `@` macro; see the [module](self) for the grammar.
    ///
    /// # Errors
    /// [`CronError`], which names the field, the bytes and the way out.
    pub const fn parse(text: &str) -> Result<Self, CronError> {
        parse::parse(text.as_bytes())
    }

    /// Reads a pattern that is part of the program: in a `const`, a mistake is a compile error.
    ///
    /// # Panics
    /// If the text is not a pattern.
    #[must_use]
    pub const fn literal(text: &str) -> Self {
        match Self::parse(text) {
            Ok(cron) => cron,
            Err(error) => panic!("{}", error.summary()),
        }
    }

    /// Whether any date ever matches: `0 0 30 2 *` has none.
    pub const fn is_possible(&self) -> bool {
        self.possible
    }

    /// Whether the minute or hour is a wildcard or stepped, so that the pattern follows elapsed
    /// time through daylight saving changes; see [`Dst`].
    pub const fn flows(&self) -> bool {
        self.flows
    }

    /// The first fire strictly after `t` on the clocks of `zone`, or `None` if there is none
    /// before the year 10000.
    pub fn next_after(&self, t: Timestamp, zone: &Zone<'_>, dst: Dst) -> Option<Timestamp> {
        zoned::next_from(self, t.as_secs() + 1, zone, dst).and_then(Timestamp::from_secs)
    }

    /// The first matching local second from `local` on, in seconds since 1970-01-01T00:00:00 on
    /// the wall clock; `None` if there is none up to the year 10000.
    fn next_local(&self, local: i64) -> Option<i64> {
        if !self.possible {
            return None;
        }
        let (today, second) = split_days(local);
        let (year, month, day) = date_of(today);
        if self.matches_day(month, day, today)
            && let Some(time) = self.time_from(second)
        {
            return Some(i64::from(today) * SECONDS_PER_DAY + i64::from(time));
        }
        let day = self.day_from(year, month, day + 1)?;
        Some(i64::from(day) * SECONDS_PER_DAY + i64::from(self.first_time()))
    }

    const fn matches_day(&self, month: u32, day: u32, days: i32) -> bool {
        let in_month = self.days >> day & 1 != 0;
        let in_week = self.weekdays >> weekday_of(days) & 1 != 0;
        let fits = if self.either_day { in_month || in_week } else { in_month && in_week };
        fits && self.months >> month & 1 != 0
    }

    /// The first matching second of the day from `second` on.
    const fn time_from(&self, second: u32) -> Option<u32> {
        let (minute, second) = (second / 60, second % 60);
        let (hour, minute) = (minute / 60, minute % 60);
        if self.hours >> hour & 1 != 0 {
            if self.minutes >> minute & 1 != 0 {
                let left = self.seconds >> second;
                if left != 0 {
                    let second = second + left.trailing_zeros();
                    return Some(hour * 3_600 + minute * 60 + second);
                }
            }
            let left = self.minutes >> minute >> 1;
            if left != 0 {
                let minute = minute + 1 + left.trailing_zeros();
                return Some(hour * 3_600 + minute * 60 + self.seconds.trailing_zeros());
            }
        }
        let left = self.hours >> hour >> 1;
        if left == 0 {
            return None;
        }
        let hour = hour + 1 + left.trailing_zeros();
        Some(hour * 3_600 + self.minutes.trailing_zeros() * 60 + self.seconds.trailing_zeros())
    }

    const fn first_time(&self) -> u32 {
        let minute = self.hours.trailing_zeros() * 60 + self.minutes.trailing_zeros();
        minute * 60 + self.seconds.trailing_zeros()
    }

    /// The first matching day from this one on, as days since 1970-01-01. `day` may be one more
    /// than the month has.
    fn day_from(&self, year: i32, month: u32, day: u32) -> Option<i32> {
        let (mut year, mut month, mut day) = (year, month, day);
        // A possible date comes back within 40 years: the 29th of February on a given weekday
        // can be that rare around a century without a leap day.
        let last = LAST_YEAR.min(year + 41);
        loop {
            if self.months >> month & 1 != 0 {
                let first = days_of(year, month, 1);
                let all = self.days_of_month(year, month, weekday_of(first));
                let left = all.checked_shr(day).unwrap_or(0);
                if left != 0 {
                    return Some(first + (day + left.trailing_zeros()).cast_signed() - 1);
                }
            }
            day = 1;
            let left = self.months >> month >> 1;
            if left != 0 {
                month += 1 + left.trailing_zeros();
            } else {
                month = self.months.trailing_zeros();
                year += 1;
                if year > last {
                    return None;
                }
            }
        }
    }

    /// The matching days of a month that begins on weekday `first`, as bits 1 to 31.
    const fn days_of_month(&self, year: i32, month: u32, first: u32) -> u32 {
        let week = self.weekdays as u32;
        // Bit 0 is the weekday of the 1st; repeated five times and moved to bit 1.
        let week = (week | week << 7) >> first & 0x7f;
        let by_week = week.wrapping_mul(0x1020_4081) << 1;
        let days = if self.either_day { self.days | by_week } else { self.days & by_week };
        days & (u32::MAX >> (31 - days_in_month(year, month)))
    }
}

/// One more than a timestamp has, because local time may be ahead of UTC.
const LAST_YEAR: i32 = 10_000;

impl FromStr for Cron {
    type Err = CronError;

    fn from_str(text: &str) -> Result<Self, CronError> {
        Self::parse(text)
    }
}

/// A cron pattern on the clocks of a zone, with its daylight saving policy: a [`Trigger`].
///
/// ```
/// use mainspring_core::{trigger::{Cron, CronIn, Trigger}, zone::Zone};
/// let daily = CronIn::new(Cron::literal("@daily"), Zone::UTC);
/// let t = "2026-02-28T12:00:00Z".parse().unwrap();
/// assert_eq!(daily.next_after(t).unwrap().to_string(), "2026-03-01T00:00:00Z");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CronIn<Z> {
    /// The pattern.
    pub cron: Cron,
    /// Whose clocks it is about.
    pub zone: Z,
    /// What becomes of times that these clocks skip or show twice.
    pub dst: Dst,
}

impl<Z: TimeZone> CronIn<Z> {
    /// The pattern in a zone, under [`Dst::ONCE`].
    pub const fn new(cron: Cron, zone: Z) -> Self {
        Self { cron, zone, dst: Dst::ONCE }
    }
}

impl<Z: TimeZone> Trigger for CronIn<Z> {
    fn next_after(&self, t: Timestamp) -> Option<Timestamp> {
        self.cron.next_after(t, &self.zone.zone(), self.dst)
    }
}

#[cfg(test)]
mod tests;
