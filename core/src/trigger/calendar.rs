//! A time of day on dates that follow each other by years, months, weeks and days.
//!
//! **Dates.** The anchor is the first date. From one date to the next, the months (years count as
//! twelve) are added again and again until a date exists, and then the weeks and days. So the 31st
//! monthly goes from January to March, and the 29th of February yearly to the next leap year.
//! With months only, or weeks and days only, the date at any distance is a closed form. With both,
//! each date depends on the one before, because the day of the month drifts; those are walked from
//! the anchor, at a few nanoseconds a step. Each step is a month or more, so at most 120 000 steps
//! lie between any anchor and the year 9999.
//!
//! **Instants.** Each date has the instants at which clocks of the zone show the time of day, as
//! [`Dst`] says for a fixed time; an instant that two dates share is one fire. A skipped time does
//! not move the dates after it.

mod count;

use core::fmt;

use super::cron::ClockChanges;
use super::{Budget, Count, Dst, Fold, Gap, Trigger};
use crate::civil::{Date, SECONDS_PER_DAY, TimeOfDay, date_of, days_in_month, days_of};
use crate::time::Timestamp;
use crate::zone::{MAX_SWING, Shown, TimeZone, Zone};

/// How far one date of a [`Calendar`] is from the next: the sum of all four.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Period {
    /// Years: twelve months each.
    pub years: u32,
    /// Months.
    pub months: u32,
    /// Weeks: seven days each.
    pub weeks: u32,
    /// Days.
    pub days: u32,
}

impl Period {
    /// No distance, to start from: `Period { months: 1, ..Period::ZERO }`.
    pub const ZERO: Self = Self { years: 0, months: 0, weeks: 0, days: 0 };
}

/// Dates at a fixed distance from each other, and a time of day; see the [module](self).
///
/// It is 16 bytes and owns nothing. The zone and the daylight saving policy are not part of it:
/// keep them with it in a [`CalendarIn`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Calendar {
    /// Not zero together with `days`, and neither is above [`FAR`].
    months: u32,
    days: u32,
    anchor: Date,
    time: TimeOfDay,
}

/// More months or days than there are: one step leads out of the calendar.
const FAR: u32 = 4_000_000;
/// Steps from date to date that take as long as asking an ordinary trigger.
const STEPS_PER_QUESTION: i64 = 8;
/// The last year that a fire may lie in, and one more because local time may be ahead of UTC.
const LAST_YEAR: i64 = 10_000;
/// No clock is further from UTC than this many seconds.
const REACH: i64 = MAX_SWING / 2;

impl Calendar {
    /// The dates from `anchor` on, one each `period`, at `time`; `None` for no period at all.
    pub const fn new(period: Period, anchor: Date, time: TimeOfDay) -> Option<Self> {
        let months = period.years.saturating_mul(12).saturating_add(period.months);
        let days = period.weeks.saturating_mul(7).saturating_add(period.days);
        if months == 0 && days == 0 {
            return None;
        }
        let months = if months > FAR { FAR } else { months };
        let days = if days > FAR { FAR } else { days };
        Some(Self { months, days, anchor, time })
    }

    /// The distance between two dates, in years below twelve months and weeks of seven days.
    pub const fn period(&self) -> Period {
        Period {
            years: self.months / 12,
            months: self.months % 12,
            weeks: self.days / 7,
            days: self.days % 7,
        }
    }

    /// The first date.
    pub const fn anchor(&self) -> Date {
        self.anchor
    }

    /// The time of day.
    pub const fn time(&self) -> TimeOfDay {
        self.time
    }

    /// The first fire strictly after `t` on the clocks of `zone`, or `None` if there is none
    /// before the year 10000.
    pub fn next_after(&self, t: Timestamp, zone: &Zone<'_>, dst: Dst) -> Option<Timestamp> {
        let from = t.as_secs() + 1;
        if let Some(at) = self.next_undisturbed(from, zone) {
            return Timestamp::from_secs(at);
        }
        let mut best: Option<i64> = None;
        let mut dates = self.dates_from(self.day_at(from - REACH));
        while let Some(date) = dates {
            let local = self.local(date);
            // This date and all later ones fire later than what was found, or than there are
            // timestamps.
            if local - REACH > best.unwrap_or(Timestamp::MAX.as_secs()) {
                break;
            }
            let found = Instants::of(local, zone, dst).into_iter().flatten();
            best = found.filter(|&at| at >= from).chain(best).min();
            dates = self.step(date);
        }
        best.and_then(Timestamp::from_secs)
    }

    /// The last fire strictly before `t`, or `None` if there is none.
    pub fn prev_before(&self, t: Timestamp, zone: &Zone<'_>, dst: Dst) -> Option<Timestamp> {
        self.last_until(t.as_secs() - i64::from(t.subsec_micros() == 0), zone, dst)
            .and_then(|(at, _)| Timestamp::from_secs(at))
    }

    /// The last fire at or before the second `until`, and its date.
    fn last_until(&self, until: i64, zone: &Zone<'_>, dst: Dst) -> Option<(i64, i32)> {
        let mut best: Option<(i64, i32)> = None;
        let mut dates = self.date_until(self.day_at(until + REACH));
        while let Some(date) = dates {
            let local = self.local(date);
            if best.is_some_and(|(at, _)| local + REACH < at) {
                break;
            }
            let found = Instants::of(local, zone, dst).into_iter().flatten();
            best = found.filter(|&at| at <= until).map(|at| (at, date)).chain(best).max();
            dates = self.date_until(date - 1);
        }
        best
    }

    /// The first fire at or after `from` if it and `from` lie in one stretch of constant offset,
    /// far from its ends: the usual case.
    fn next_undisturbed(&self, from: i64, zone: &Zone<'_>) -> Option<i64> {
        let segment = zone.segment(from);
        if segment.from != i64::MIN && from - segment.from <= MAX_SWING {
            return None;
        }
        let offset = i64::from(segment.offset.as_secs());
        let mut date = self.dates_from(self.day_at(from + offset))?;
        if self.local(date) - offset < from {
            date = self.step(date)?;
        }
        let at = self.local(date) - offset;
        (segment.until == i64::MAX || at < segment.until - MAX_SWING).then_some(at)
    }

    /// What a question about `t` costs besides itself, because dates are walked up to there.
    fn cost(&self, t: Timestamp) -> u32 {
        if self.months == 0 || self.days == 0 {
            return 0;
        }
        let days = i64::from(self.day_at(t.as_secs())) - i64::from(self.anchor.days());
        let steps = days / (i64::from(self.months) * 30 + i64::from(self.days));
        u32::try_from(steps / STEPS_PER_QUESTION).unwrap_or(0)
    }

    /// The local second of a date.
    fn local(&self, date: i32) -> i64 {
        i64::from(date) * SECONDS_PER_DAY + i64::from(self.time.as_secs())
    }

    /// The day that holds a local second, kept within reach of 32 bits.
    #[expect(clippy::cast_possible_truncation, reason = "instants stay within ten thousand years")]
    fn day_at(&self, local: i64) -> i32 {
        (local.div_euclid(SECONDS_PER_DAY)) as i32
    }

    /// The first local second of a date from `local` on.
    pub(super) fn next_local(&self, local: i64) -> Option<i64> {
        let date = self.dates_from(self.day_at(local))?;
        if self.local(date) >= local {
            return Some(self.local(date));
        }
        self.step(date).map(|date| self.local(date))
    }

    /// The last local second of a date up to `local`.
    pub(super) fn prev_local(&self, local: i64) -> Option<i64> {
        let date = self.date_until(self.day_at(local))?;
        if self.local(date) <= local {
            return Some(self.local(date));
        }
        self.date_until(date - 1).map(|date| self.local(date))
    }

    /// The first date at or after a day.
    fn dates_from(&self, day: i32) -> Option<i32> {
        let anchor = self.anchor.days();
        if day <= anchor {
            return Some(anchor);
        }
        match (self.months, self.days) {
            (0, days) => {
                let steps =
                    (i64::from(day) - i64::from(anchor)).unsigned_abs().div_ceil(days.into());
                self.after_days(steps)
            }
            (months, 0) => {
                let (year, month, _) = date_of(day);
                let passed = months_between(self.anchor, year, month);
                let mut steps = passed.div_ceil(months.into());
                loop {
                    match self.after_months(steps) {
                        MonthStep::Day(date) if date >= day => return Some(date),
                        MonthStep::Day(_) | MonthStep::Missing => steps += 1,
                        MonthStep::Over => return None,
                    }
                }
            }
            _ => {
                let mut date = anchor;
                while date < day {
                    date = self.step(date)?;
                }
                Some(date)
            }
        }
    }

    /// The last date at or before a day.
    fn date_until(&self, day: i32) -> Option<i32> {
        let anchor = self.anchor.days();
        if day < anchor {
            return None;
        }
        match (self.months, self.days) {
            (0, days) => {
                let steps = (i64::from(day) - i64::from(anchor)).unsigned_abs() / u64::from(days);
                self.after_days(steps)
            }
            (months, 0) => {
                let (year, month, _) = date_of(day);
                let mut steps = months_between(self.anchor, year, month) / u64::from(months);
                loop {
                    match self.after_months(steps) {
                        MonthStep::Day(date) if date <= day => return Some(date),
                        // The anchor itself is not after `day`, so this ends there at the latest.
                        _ => steps = steps.checked_sub(1)?,
                    }
                }
            }
            _ => {
                let mut date = anchor;
                while let Some(next) = self.step(date).filter(|&next| next <= day) {
                    date = next;
                }
                Some(date)
            }
        }
    }

    /// The date after a date.
    fn step(&self, date: i32) -> Option<i32> {
        let moved = if self.months == 0 {
            date
        } else {
            let (year, month, day) = date_of(date);
            let mut count = i64::from(year) * 12 + i64::from(month) - 1;
            loop {
                count += i64::from(self.months);
                match day_in_month(count, day) {
                    MonthStep::Day(date) => break date,
                    MonthStep::Missing => {}
                    MonthStep::Over => return None,
                }
            }
        };
        moved.checked_add(self.days.cast_signed()).filter(|&date| date <= LAST_DAY)
    }

    /// The date `steps` periods of days after the anchor.
    fn after_days(&self, steps: u64) -> Option<i32> {
        let days = steps.checked_mul(self.days.into()).and_then(|days| i32::try_from(days).ok())?;
        self.anchor.days().checked_add(days).filter(|&date| date <= LAST_DAY)
    }

    /// The date `steps` periods of months after the anchor.
    fn after_months(&self, steps: u64) -> MonthStep {
        let first = i64::from(self.anchor.year()) * 12 + i64::from(self.anchor.month()) - 1;
        let count =
            steps.checked_mul(self.months.into()).and_then(|n| first.checked_add_unsigned(n));
        count.map_or(MonthStep::Over, |count| day_in_month(count, self.anchor.day()))
    }
}

impl fmt::Display for Calendar {
    /// In English: `at 09:30 every month, counted from 2026-01-31`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Period { years, months, weeks, days } = self.period();
        let (hour, minute) = (self.time.hour(), self.time.minute());
        write!(f, "at {hour:02}:{minute:02}")?;
        if self.time.second() > 0 {
            write!(f, ":{:02}", self.time.second())?;
        }
        let parts = [(years, "year"), (months, "month"), (weeks, "week"), (days, "day")];
        let count = parts.iter().filter(|(n, _)| *n > 0).count();
        let mut separator = " every ";
        for (n, unit) in parts.into_iter().filter(|(n, _)| *n > 0) {
            match (n, count) {
                (1, 1) => write!(f, "{separator}{unit}")?,
                (1, _) => write!(f, "{separator}1 {unit}")?,
                _ => write!(f, "{separator}{n} {unit}s")?,
            }
            separator = " and ";
        }
        write!(f, ", counted from {}", self.anchor)
    }
}

/// 10000-12-31, in days since 1970-01-01.
const LAST_DAY: i32 = days_of(10_000, 12, 31);

enum MonthStep {
    Day(i32),
    /// The month has no such day.
    Missing,
    /// Beyond the last year.
    Over,
}

/// A day of the month `count` months after January of the year 0.
#[expect(clippy::cast_possible_truncation, reason = "the year is checked, the month below 12")]
fn day_in_month(count: i64, day: u32) -> MonthStep {
    let (year, month) = (count.div_euclid(12), count.rem_euclid(12) as u32 + 1);
    if year > LAST_YEAR {
        return MonthStep::Over;
    }
    let year = year as i32;
    if day > days_in_month(year, month) {
        MonthStep::Missing
    } else {
        MonthStep::Day(days_of(year, month, day))
    }
}

/// From the anchor's month to another that is not before it.
fn months_between(anchor: Date, year: i32, month: u32) -> u64 {
    let years = i64::from(year) - i64::from(anchor.year());
    (years * 12 + i64::from(month) - i64::from(anchor.month())).unsigned_abs()
}

/// The instants of one local second under a policy: two at most.
struct Instants;

impl Instants {
    fn of(local: i64, zone: &Zone<'_>, dst: Dst) -> [Option<i64>; 2] {
        match zone.shown(local) {
            Shown::Once(at) => [Some(at), None],
            Shown::Twice(first, second) => match dst.fold {
                Fold::First => [Some(first), None],
                Fold::Second => [Some(second), None],
                Fold::Both => [Some(first), Some(second)],
            },
            Shown::Never { before, segment } => match dst.gap {
                Gap::Skip => [None, None],
                Gap::AtEnd => [Some(segment.from), None],
                Gap::Shift => {
                    let at = local - i64::from(before.as_secs());
                    [(at < segment.until).then_some(at), None]
                }
            },
        }
    }
}

/// A calendar on the clocks of a zone, with its daylight saving policy: a [`Trigger`].
///
/// ```
/// use mainspring_core::civil::{Date, TimeOfDay};
/// use mainspring_core::trigger::{Calendar, CalendarIn, Period, Trigger};
/// use mainspring_core::zone::Zone;
/// let monthly = Period { months: 1, ..Period::ZERO };
/// let (anchor, time) = (Date::new(2026, 1, 31).unwrap(), TimeOfDay::new(9, 30, 0).unwrap());
/// let trigger = CalendarIn::new(Calendar::new(monthly, anchor, time).unwrap(), Zone::UTC);
/// let t = "2026-02-01T00:00:00Z".parse().unwrap();
/// assert_eq!(trigger.next_after(t).unwrap().to_string(), "2026-03-31T09:30:00Z");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CalendarIn<Z> {
    /// The dates and the time of day.
    pub calendar: Calendar,
    /// Whose clocks show the time.
    pub zone: Z,
    /// What becomes of times that these clocks skip or show twice.
    pub dst: Dst,
}

impl<Z: TimeZone> CalendarIn<Z> {
    /// The calendar in a zone, under [`Dst::ONCE`].
    pub const fn new(calendar: Calendar, zone: Z) -> Self {
        Self { calendar, zone, dst: Dst::ONCE }
    }

    /// What the zone's clock changes strictly after `after` and up to `until` do to the dates,
    /// earliest first; changes that no date notices are left out.
    pub fn clock_changes(&self, after: Timestamp, until: Timestamp) -> ClockChanges<'_, Calendar> {
        ClockChanges::new(&self.calendar, self.zone.zone(), self.dst, after, until)
    }
}

impl<Z: TimeZone> Trigger for CalendarIn<Z> {
    fn next_after(&self, t: Timestamp) -> Option<Timestamp> {
        self.calendar.next_after(t, &self.zone.zone(), self.dst)
    }

    fn prev_before(&self, t: Timestamp) -> Option<Timestamp> {
        self.calendar.prev_before(t, &self.zone.zone(), self.dst)
    }

    fn count_between(&self, after: Timestamp, until: Timestamp) -> Count {
        if after >= until {
            return Count::Exact(0);
        }
        match self.calendar.count(after, until, &self.zone.zone(), self.dst) {
            Some(count) => count,
            None => super::count_one_by_one(self, after, until),
        }
    }

    fn next_within(&self, t: Timestamp, budget: &mut Budget) -> Option<Timestamp> {
        budget.spend(self.calendar.cost(t));
        self.next_after(t)
    }

    fn prev_within(&self, t: Timestamp, budget: &mut Budget) -> Option<Timestamp> {
        budget.spend(self.calendar.cost(t));
        self.prev_before(t)
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.calendar, f)?;
        if let Some(name) = self.zone.name() {
            write!(f, ", {name}")?;
        }
        self.dst.describe(f)
    }
}
