//! What was read, made ready to search in.

use super::Cron;
use super::extended::{ExtendedCron, Month};
use super::search::DayRule;
use super::year::Years;

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
    pub(super) const fn plain(&self) -> Cron {
        Cron::assemble(&Sets {
            seconds: self.seconds.bits,
            minutes: self.minutes.bits,
            hours: self.hours.bits,
            days: self.days.bits | (self.last & 1) as u64,
            months: self.months.bits,
            weekdays: self.weekdays.bits,
            flows: self.minutes.flows || self.hours.flows,
            either_day: !self.both && !self.days.star && !self.weekdays.star,
        })
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
        // `plain` knows the last day itself.
        let last = self.last & !1;
        let plain = nth == 0 && last | self.nearest == 0 && weeks == ALL_WEEKS;
        if plain && self.any_year {
            return cron;
        }
        cron.is_plain = false;
        cron.weeks = weeks;
        cron.nth = self.nth;
        cron.nth_in_day = self.nth_in_day && nth != 0;
        cron.last = last;
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

/// The values of a [`Cron`], with bit 7 of the weekdays for Sunday and bit 0 of the days for the
/// last one.
pub(super) struct Sets {
    pub(super) seconds: u64,
    pub(super) minutes: u64,
    pub(super) hours: u64,
    pub(super) days: u64,
    pub(super) months: u64,
    pub(super) weekdays: u64,
    /// Minutes or hours have a star or a step.
    pub(super) flows: bool,
    pub(super) either_day: bool,
}

const ALL_MINUTES: u64 = (1 << 60) - 1;
const ALL_HOURS: u64 = (1 << 24) - 1;

impl Cron {
    #[expect(clippy::cast_possible_truncation, reason = "each set is within its field's range")]
    pub(super) const fn assemble(sets: &Sets) -> Self {
        let weekdays = (sets.weekdays & 0x7f | sets.weekdays >> 7) as u8;
        let months = sets.months as u16;
        // Every day includes the last one.
        let all_days = sets.days as u32 & ALL_DAYS == ALL_DAYS;
        let days = if all_days { ALL_DAYS } else { sets.days as u32 };
        let all_weekdays = weekdays == 0x7f;
        let either_day = sets.either_day;
        let rule = if either_day && (all_days || all_weekdays) || all_days && all_weekdays {
            if months == ALL_MONTHS { DayRule::Daily } else { DayRule::Mixed }
        } else if all_days && months == ALL_MONTHS {
            DayRule::Weekly
        } else if either_day {
            DayRule::Mixed
        } else if !some_date_exists(months, days) {
            DayRule::Never
        } else if all_weekdays {
            DayRule::Dates
        } else {
            DayRule::Mixed
        };
        Self {
            seconds: sets.seconds,
            minutes: sets.minutes,
            hours: sets.hours as u32,
            days,
            months,
            weekdays,
            flows: sets.flows || sets.minutes == ALL_MINUTES || sets.hours == ALL_HOURS,
            either_day,
            rule,
        }
    }
}

/// Whether one of the months ever has one of the days. On which weekday does not matter, because
/// each date falls on every weekday within a 400-year cycle.
const fn some_date_exists(months: u16, days: u32) -> bool {
    const LONG: u16 = 1 << 1 | 1 << 3 | 1 << 5 | 1 << 7 | 1 << 8 | 1 << 10 | 1 << 12;
    const FEBRUARY: u16 = 1 << 2;
    // Bit 0 is the last day, which every month has.
    let days = days | (days & 1) << 1;
    let latest = if months & LONG != 0 {
        31
    } else if months != FEBRUARY {
        30
    } else {
        29
    };
    days & (u32::MAX >> (31 - latest)) & !1 != 0
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
