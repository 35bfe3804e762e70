//! The nearest matching local time before or after another: bit scans on sets, day by month.

use super::Cron;
use crate::civil::{SECONDS_PER_DAY, date_of, days_in_month, days_of, split_days, weekday_of};

/// The shortest way to a matching day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(super) enum DayRule {
    /// Every day matches.
    Daily,
    /// Only the weekday decides.
    Weekly,
    /// Only day and month decide.
    Dates,
    /// Weekdays and dates do.
    Mixed,
    /// No day ever matches.
    Never,
}

/// One more than a timestamp has, because local time may be ahead of UTC.
pub(super) const LAST_YEAR: i32 = 10_000;

/// A possible date comes back within 40 years: the 29th of February on a given weekday can be
/// that rare around a century without a leap day.
const RARE: i32 = 41;

/// The set of this month alone.
const ONLY_FEBRUARY: u16 = 1 << 2;

impl Cron {
    /// The first matching local second from `local` on; `None` if there is none up to the year
    /// 10000.
    pub(super) fn next_local(&self, local: i64) -> Option<i64> {
        let (today, second) = split_days(local);
        // From today on, bit by bit.
        let days = match self.rule {
            DayRule::Daily => u32::MAX,
            DayRule::Weekly => self.week_from(weekday_of(today)),
            DayRule::Dates | DayRule::Mixed => return self.next_by_date(today, second),
            DayRule::Never => return None,
        };
        let midnight = local - i64::from(second);
        if days & 1 != 0
            && let Some(time) = self.time_from(second)
        {
            return Some(midnight + i64::from(time));
        }
        let ahead = 1 + (days >> 1).trailing_zeros();
        Some(midnight + i64::from(ahead) * SECONDS_PER_DAY + i64::from(self.first_time()))
    }

    /// The last matching local second up to `local`; `None` if there is none from the year 0 on.
    pub(super) fn prev_local(&self, local: i64) -> Option<i64> {
        let (today, second) = split_days(local);
        // Bit 6 is today, bit 5 yesterday and so on.
        let days = match self.rule {
            DayRule::Daily => 0x7f,
            DayRule::Weekly => self.week_from((weekday_of(today) + 1) % 7) & 0x7f,
            DayRule::Dates | DayRule::Mixed => return self.prev_by_date(today, second),
            DayRule::Never => return None,
        };
        let midnight = local - i64::from(second);
        if days & 1 << 6 != 0
            && let Some(time) = self.time_back(second)
        {
            return Some(midnight + i64::from(time));
        }
        // After six days without a match comes this weekday of last week.
        let back = 7 - (days << 1 & 0x7f | 1).ilog2();
        Some(midnight - i64::from(back) * SECONDS_PER_DAY + i64::from(self.last_time()))
    }

    /// [`next_local`](Self::next_local) from a second of a day on, where the date matters. Out of
    /// line, so that patterns that need no date do not pay for the registers that this needs.
    #[inline(never)]
    fn next_by_date(&self, today: i32, second: u32) -> Option<i64> {
        let (year, month, day) = date_of(today);
        let mut days = 0;
        if self.months >> month & 1 != 0 {
            days = self.days_of_month(year, month, today - day.cast_signed() + 1) >> day;
            if days & 1 != 0
                && let Some(time) = self.time_from(second)
            {
                return Some(seconds(today, time));
            }
            days >>= 1;
        }
        let day = if days != 0 {
            today + 1 + days.trailing_zeros().cast_signed()
        } else {
            self.day_from(year, month)?
        };
        Some(seconds(day, self.first_time()))
    }

    /// [`prev_local`](Self::prev_local) up to a second of a day, where the date matters.
    #[inline(never)]
    fn prev_by_date(&self, today: i32, second: u32) -> Option<i64> {
        let (year, month, day) = date_of(today);
        let mut days = 0;
        if self.months >> month & 1 != 0 {
            let first = today - day.cast_signed() + 1;
            days = self.days_of_month(year, month, first) & (u64::MAX >> (63 - day));
            if days >> day != 0
                && let Some(time) = self.time_back(second)
            {
                return Some(seconds(today, time));
            }
            days &= !(1 << day);
        }
        let day = if days != 0 {
            today - (day - days.ilog2()).cast_signed()
        } else {
            self.day_back(year, month)?
        };
        Some(seconds(day, self.last_time()))
    }

    /// Fourteen days' weekdays as bits, bit 0 being weekday `first`.
    const fn week_from(&self, first: u32) -> u32 {
        let week = self.weekdays as u32;
        (week | week << 7 | week << 14) >> first
    }

    /// The first matching second of the day from `second` on.
    pub(super) const fn time_from(&self, second: u32) -> Option<u32> {
        let (whole, of_minute) = (second / 60, second % 60);
        let (hour, minute) = (whole / 60, whole % 60);
        if self.hours >> hour & 1 != 0 {
            if self.minutes >> minute & 1 != 0 {
                let left = self.seconds >> of_minute;
                if left != 0 {
                    return Some(second + left.trailing_zeros());
                }
            }
            let left = self.minutes >> minute >> 1;
            if left != 0 {
                let minute = whole + 1 + left.trailing_zeros();
                return Some(minute * 60 + self.seconds.trailing_zeros());
            }
        }
        let left = self.hours >> hour >> 1;
        if left == 0 {
            return None;
        }
        let hour = hour + 1 + left.trailing_zeros();
        Some(hour * 3_600 + self.minutes.trailing_zeros() * 60 + self.seconds.trailing_zeros())
    }

    /// The last matching second of the day up to `second`.
    pub(super) const fn time_back(&self, second: u32) -> Option<u32> {
        let (minute, second) = (second / 60, second % 60);
        let (hour, minute) = (minute / 60, minute % 60);
        if self.hours >> hour & 1 != 0 {
            if self.minutes >> minute & 1 != 0 {
                let left = self.seconds & (u64::MAX >> (63 - second));
                if left != 0 {
                    return Some(hour * 3_600 + minute * 60 + left.ilog2());
                }
            }
            let left = self.minutes & !(u64::MAX << minute);
            if left != 0 {
                return Some(hour * 3_600 + left.ilog2() * 60 + self.seconds.ilog2());
            }
        }
        let left = self.hours & !(u32::MAX << hour);
        if left == 0 {
            return None;
        }
        Some(left.ilog2() * 3_600 + self.minutes.ilog2() * 60 + self.seconds.ilog2())
    }

    pub(super) const fn first_time(&self) -> u32 {
        let minute = self.hours.trailing_zeros() * 60 + self.minutes.trailing_zeros();
        minute * 60 + self.seconds.trailing_zeros()
    }

    pub(super) const fn last_time(&self) -> u32 {
        (self.hours.ilog2() * 60 + self.minutes.ilog2()) * 60 + self.seconds.ilog2()
    }

    /// The first matching day after this month, as days since 1970-01-01.
    fn day_from(&self, year: i32, month: u32) -> Option<i32> {
        let (mut year, mut month) = (year, month);
        let last = LAST_YEAR.min(year + RARE);
        loop {
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
            if !self.may_match(year, month) {
                // Only leap years have what it looks for, and none lies between multiples of four.
                if self.months == ONLY_FEBRUARY {
                    year |= 3;
                }
                continue;
            }
            let first = days_of(year, month, 1);
            let days = self.days_of_month(year, month, first);
            if days != 0 {
                return Some(first - 1 + days.trailing_zeros().cast_signed());
            }
        }
    }

    /// The last matching day before this month, as days since 1970-01-01.
    fn day_back(&self, year: i32, month: u32) -> Option<i32> {
        let (mut year, mut month) = (year, month);
        let earliest = 0.max(year - RARE);
        loop {
            let left = self.months & !(u16::MAX << month);
            if left != 0 {
                month = left.ilog2();
            } else {
                month = self.months.ilog2();
                year -= 1;
                if year < earliest {
                    return None;
                }
            }
            if !self.may_match(year, month) {
                continue;
            }
            let first = days_of(year, month, 1);
            let days = self.days_of_month(year, month, first);
            if days != 0 {
                return Some(first - 1 + days.ilog2().cast_signed());
            }
        }
    }

    /// Whether the month is long enough for one of the days, if they are needed.
    const fn may_match(&self, year: i32, month: u32) -> bool {
        let earliest = self.days.trailing_zeros();
        self.either_day || earliest <= 28 || earliest <= days_in_month(year, month)
    }

    /// The matching days of a month, which begins `first` days after 1970-01-01, as bits 1 to 31.
    const fn days_of_month(&self, year: i32, month: u32, first: i32) -> u64 {
        let length = days_in_month(year, month);
        let all = u32::MAX >> (31 - length) & !1;
        let days = (self.days | (self.days & 1) << length) & all;
        if matches!(self.rule, DayRule::Dates) {
            return days as u64;
        }
        let by_week = weekdays_of_month(self.weekdays, weekday_of(first)) & all;
        (if self.either_day { days | by_week } else { days & by_week }) as u64
    }
}

/// The days of a set of weekdays, as bits 1 to 31, in a month that begins on weekday `first`.
pub(super) const fn weekdays_of_month(weekdays: u8, first: u32) -> u32 {
    let week = weekdays as u32;
    // Bit 0 is the weekday of the 1st; repeated five times and moved to bit 1.
    let week = (week | week << 7) >> first & 0x7f;
    week.wrapping_mul(0x1020_4081) << 1
}

/// A day and a second of it as one number of seconds.
pub(super) fn seconds(day: i32, time: u32) -> i64 {
    i64::from(day) * SECONDS_PER_DAY + i64::from(time)
}
