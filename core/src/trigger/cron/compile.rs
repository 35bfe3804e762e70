//! What was read, made ready to search in.

use super::extended::{ExtendedCron, Month};
use super::search::DayRule;
use super::year::Years;
use super::{Cron, Field};
use crate::civil::days_in_month;

/// The values of one field, and how they were written.
#[derive(Clone, Copy)]
pub(super) struct Set {
    pub(super) bits: u64,
    /// The field begins with `*` or is `?`.
    pub(super) star: bool,
    /// Some item is `*` or has a step.
    pub(super) flows: bool,
}

impl Set {
    pub(super) const EMPTY: Self = Self { bits: 0, star: false, flows: false };
    /// Just the value 0.
    pub(super) const ZERO: Self = Self { bits: 1, star: false, flows: false };
    /// Just the value 1.
    pub(super) const ONE: Self = Self { bits: 2, star: false, flows: false };
}

/// A pattern in pieces.
#[derive(Clone, Copy)]
pub(super) struct Draft {
    pub(super) seconds: Set,
    pub(super) minutes: Set,
    pub(super) hours: Set,
    pub(super) days: Set,
    pub(super) months: Set,
    /// Bit 7 is Sunday, too.
    pub(super) weekdays: Set,
    /// Bits 1 to 53.
    pub(super) weeks: Set,
    pub(super) years: Years,
    pub(super) any_year: bool,
    /// Bit n: n days before the last of the month.
    pub(super) last: u32,
    /// Bits 1 to 31: the weekday nearest to that day; bit 0: nearest to the last day.
    pub(super) nearest: u32,
    /// Weekdays that are the first to fifth, or the last, of their kind in the month.
    pub(super) nth: [u8; 6],
    /// The latter count as days and not as weekdays.
    pub(super) nth_in_day: bool,
    /// Both day and weekday must match whatever they are.
    pub(super) both: bool,
}

impl Draft {
    pub(super) const EMPTY: Self = Self {
        seconds: Set::ZERO,
        minutes: Set::EMPTY,
        hours: Set::EMPTY,
        days: Set::EMPTY,
        months: Set::EMPTY,
        weekdays: Set::EMPTY,
        weeks: Set { bits: ALL_WEEKS, star: true, flows: true },
        years: Years::NONE,
        any_year: true,
        last: 0,
        nearest: 0,
        nth: [0; 6],
        nth_in_day: false,
        both: false,
    };

    /// The part that a [`Cron`] has room for.
    #[expect(clippy::cast_possible_truncation, reason = "each set is within its field's range")]
    pub(super) const fn plain(&self) -> Cron {
        let weekdays = (self.weekdays.bits & 0x7f | self.weekdays.bits >> 7) as u8;
        let days = self.days.bits as u32;
        let either_day = !self.both && !self.days.star && !self.weekdays.star;
        let (all_days, all_weekdays) = (days == ALL_DAYS, weekdays == 0x7f);
        let months = self.months.bits as u16;
        let rule = if !either_day && !some_date_exists(months, days) {
            DayRule::Never
        } else if months != ALL_MONTHS {
            DayRule::Monthly
        } else if (all_days && all_weekdays) || (either_day && (all_days || all_weekdays)) {
            DayRule::Daily
        } else if all_days && !either_day {
            DayRule::Weekly
        } else {
            DayRule::Monthly
        };
        Cron {
            seconds: self.seconds.bits,
            minutes: self.minutes.bits,
            hours: self.hours.bits as u32,
            days,
            months,
            weekdays,
            flows: flows(self.minutes, Field::Minute) || flows(self.hours, Field::Hour),
            either_day,
            rule,
        }
    }

    /// All of it.
    pub(super) const fn extended(&self) -> ExtendedCron {
        let mut nth = 0;
        let mut i = 0;
        while i < 6 {
            nth |= self.nth[i];
            i += 1;
        }
        let mut cron = ExtendedCron::plain(self.plain());
        let weeks = self.weeks.bits;
        let plain = nth == 0 && self.last | self.nearest == 0 && weeks == ALL_WEEKS;
        if plain && self.any_year {
            return cron;
        }
        cron.is_plain = false;
        cron.weeks = weeks;
        cron.nth = self.nth;
        cron.nth_in_day = self.nth_in_day && nth != 0;
        cron.last = self.last;
        cron.nearest = self.nearest;
        cron.years = self.years;
        cron.any_year = self.any_year;
        cron.kinds = year_kinds(&cron);
        bound_years(&mut cron);
        cron
    }
}

pub(super) const ALL_DAYS: u32 = !1;
pub(super) const ALL_MONTHS: u16 = 0x1ffe;
pub(super) const ALL_WEEKS: u64 = (1 << 54) - 2;

const fn flows(set: Set, field: Field) -> bool {
    set.flows || set.bits == u64::MAX >> (63 - field.range().1)
}

/// Whether one of the months ever has one of the days. On which weekday does not matter, because
/// each date falls on every weekday within a 400-year cycle.
const fn some_date_exists(months: u16, days: u32) -> bool {
    const LEAP_YEAR: i32 = 2_000;
    let mut month = 1;
    while month <= 12 {
        let last = days_in_month(LEAP_YEAR, month);
        if months >> month & 1 != 0 && days & (u32::MAX >> (31 - last)) != 0 {
            return true;
        }
        month += 1;
    }
    false
}

/// In which of the fifteen kinds of years some day matches.
const fn year_kinds(cron: &ExtendedCron) -> u16 {
    let mut kinds = 0;
    let mut kind = 0;
    while kind < 15 {
        let mut month = Month::first_of(kind);
        loop {
            if cron.days_of_month(&month) != 0 {
                kinds |= 1 << kind;
                break;
            }
            if month.number == 12 {
                break;
            }
            month = month.next();
        }
        kind += 1;
    }
    kinds
}

/// Finds the first and the last year in which some day matches. Kinds of years repeat after 400
/// years, so no more of them have to be looked at.
#[expect(clippy::cast_possible_truncation, reason = "years have at most five digits")]
const fn bound_years(cron: &mut ExtendedCron) {
    if cron.any_year {
        if cron.kinds == 0 {
            (cron.first_year, cron.last_year) = NO_YEARS;
        }
        return;
    }
    let (mut first, mut last) = (0, 10_000);
    let mut tries = 0;
    loop {
        let Some(year) = cron.years.from(first) else {
            (cron.first_year, cron.last_year) = NO_YEARS;
            return;
        };
        if cron.is_year_possible(year) {
            first = year;
            break;
        }
        first = year + 1;
        tries += 1;
        if tries > 600 {
            (cron.first_year, cron.last_year) = NO_YEARS;
            return;
        }
    }
    while let Some(year) = cron.years.back(last) {
        last = year;
        if cron.is_year_possible(year) {
            break;
        }
        last -= 1;
    }
    (cron.first_year, cron.last_year) = (first as i16, last as i16);
}

/// A range without any year in it.
const NO_YEARS: (i16, i16) = (1, 0);
