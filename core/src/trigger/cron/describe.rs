//! A pattern in English.

use core::fmt::{self, Formatter};

use super::compile::{ALL_DAYS, ALL_MONTHS, ALL_WEEKS};
use super::extended::ExtendedCron;
use super::item::{MONTHS, WEEKDAYS};
use super::text::progression;
use crate::civil::TimeOfDay;

/// What a pattern says, in English: `at 09:00 on Monday to Friday`.
///
/// Made by [`Cron::describe`](super::Cron::describe) and [`ExtendedCron::describe`]. It names
/// neither zone nor daylight saving policy, which are not the pattern's.
#[derive(Clone, Copy, Debug)]
pub struct Description(ExtendedCron);

/// As many times of day as are named one by one.
const TIMES: u32 = 6;

impl Description {
    pub(super) const fn new(cron: ExtendedCron) -> Self {
        Self(cron)
    }

    fn time(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let base = &self.0.base;
        let (seconds, minutes, hours) = (base.seconds, base.minutes, u64::from(base.hours));
        let each = seconds.count_ones() * minutes.count_ones();
        if each * hours.count_ones() <= TIMES {
            return self.times(f, each * hours.count_ones());
        }
        let whole_minutes = seconds == 1;
        if !whole_minutes {
            match (step_of(seconds, 60), minutes == ALL_MINUTES) {
                (Some(1), true) => f.write_str("every second")?,
                (Some(step), true) => write!(f, "every {step} seconds")?,
                _ => {
                    f.write_str("at second")?;
                    plural(f, seconds)?;
                    f.write_str(if minutes == ALL_MINUTES { " of every minute" } else { " " })?;
                }
            }
        }
        let listed = match step_of(minutes, 60) {
            Some(_) if !whole_minutes && minutes == ALL_MINUTES => false,
            Some(1) => f.write_str("every minute").map(|()| false)?,
            Some(step) => write!(f, "every {step} minutes").map(|()| false)?,
            None if minutes == 1 && whole_minutes && step_of(hours, 24).is_some() => {
                return match step_of(hours, 24) {
                    Some(step) if step > 1 => write!(f, "every {step} hours"),
                    _ => f.write_str("every hour"),
                };
            }
            None => {
                f.write_str(if whole_minutes { "at minute" } else { "of minute" })?;
                plural(f, minutes)?;
                true
            }
        };
        match step_of(hours, 24) {
            Some(1) if listed => f.write_str(" of every hour"),
            Some(1) => Ok(()),
            Some(step) => {
                write!(f, " of every {}", Ordinal(step)).and_then(|()| f.write_str(" hour"))
            }
            None => Self::hours(f, hours, listed),
        }
    }

    fn hours(f: &mut Formatter<'_>, hours: u64, listed: bool) -> fmt::Result {
        let first = hours.trailing_zeros();
        let run = (!(hours >> first)).trailing_zeros();
        if !listed && run == hours.count_ones() {
            return write!(f, " from {first:02}:00 to {:02}:59", first + run - 1);
        }
        f.write_str(" of hour")?;
        plural(f, hours)
    }

    fn times(&self, f: &mut Formatter<'_>, count: u32) -> fmt::Result {
        f.write_str("at ")?;
        let mut from = Some(0);
        let mut index = 0;
        while let Some(time) = from.and_then(|from| self.0.base.time_from(from)) {
            separate(f, index, count)?;
            let shown = TimeOfDay::from_secs(time).unwrap_or_default();
            write!(f, "{:02}:{:02}", shown.hour(), shown.minute())?;
            if self.0.base.seconds != 1 {
                write!(f, ":{:02}", shown.second())?;
            }
            index += 1;
            from = Some(time + 1).filter(|&next| next < 86_400);
        }
        Ok(())
    }

    fn date(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let cron = &self.0;
        let base = &cron.base;
        let counted = cron.nth != [0; 6];
        let by_day = base.days != ALL_DAYS;
        let by_week = base.weekdays != 0x7f && (base.weekdays != 0 || !cron.nth_in_day);
        // Either of two, of which one is always there, is no restriction.
        let every_day = base.either_day && !(by_day && by_week);
        let by_month = base.months != ALL_MONTHS;
        let mut of_month = false;
        if !every_day && by_day {
            let others = cron.last_days() | cron.nearest == 0 && !(counted && cron.nth_in_day);
            match progression(u64::from(base.days & !1), (1, 31)).filter(|_| others) {
                Some(step) => write!(f, " on every {} day", Ordinal(step))?,
                None => {
                    f.write_str(" on the ")?;
                    self.days(f)?;
                }
            }
            f.write_str(" of ")?;
            self.months(f, "the month")?;
            of_month = true;
        }
        if !every_day && by_week {
            f.write_str(match (by_day, base.either_day) {
                (false, _) => " on ",
                (true, true) => " and on ",
                (true, false) => " if it is ",
            })?;
            self.weekdays(f)?;
            if !of_month && counted {
                f.write_str(" of ")?;
                self.months(f, "the month")?;
                of_month = true;
            }
        }
        if by_month && !of_month {
            f.write_str(" in ")?;
            self.months(f, "")?;
        }
        if cron.weeks != ALL_WEEKS {
            f.write_str(" in ISO week")?;
            plural(f, cron.weeks)?;
        }
        if !cron.any_year {
            f.write_str(" in ")?;
            cron.write_years(f)?;
        }
        if cron.is_possible() { Ok(()) } else { f.write_str(", which never comes") }
    }

    /// `1st, 15th and last day`.
    fn days(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let cron = &self.0;
        let nth = if cron.nth_in_day { count(&cron.nth) } else { 0 };
        let runs = Runs(u64::from(cron.base.days & !1));
        let last = cron.last_days();
        let total = runs.count() + last.count_ones() + cron.nearest.count_ones() + nth;
        let mut index = 0;
        for (from, to) in runs {
            separate(f, index, total)?;
            write!(f, "{}", Ordinal(from))?;
            if to > from {
                write!(f, " to {}", Ordinal(to))?;
            }
            index += 1;
        }
        for back in (0..31).filter(|back| last >> back & 1 != 0) {
            separate(f, index, total)?;
            match back {
                0 => f.write_str("last day")?,
                1 => f.write_str("last day but one")?,
                _ => write!(f, "{} day before the last", Ordinal(back))?,
            }
            index += 1;
        }
        for day in (0..32).filter(|day| cron.nearest >> day & 1 != 0) {
            separate(f, index, total)?;
            match day {
                0 => f.write_str("last working day")?,
                _ => write!(f, "working day nearest to the {}", Ordinal(day))?,
            }
            index += 1;
        }
        if nth > 0 { self.nth(f, index, total, "") } else { Ok(()) }
    }

    /// `Monday to Friday`, `the second Wednesday`.
    fn weekdays(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let cron = &self.0;
        let nth = if cron.nth_in_day { 0 } else { count(&cron.nth) };
        // A week is read from Monday on, unless the set wraps around there and not at Sunday.
        let week = u64::from(cron.base.weekdays);
        let sunday_first = week & 0b111 == 0b111 && week & 1 << 6 == 0;
        let shifted = if sunday_first { week << 1 } else { week & !1 | (week & 1) << 7 };
        let name =
            |value: u32| Capital(WEEKDAYS[(value as usize + 7 - usize::from(sunday_first)) % 7]);
        let runs = Runs(shifted);
        let total = runs.count() + nth;
        let mut index = 0;
        for (from, to) in runs {
            separate(f, index, total)?;
            write!(f, "{}", name(from))?;
            if to > from {
                write!(f, " to {}", name(to))?;
            }
            index += 1;
        }
        if nth > 0 { self.nth(f, index, total, "the ") } else { Ok(()) }
    }

    fn nth(&self, f: &mut Formatter<'_>, index: u32, total: u32, article: &str) -> fmt::Result {
        let mut index = index;
        let words = ["first", "second", "third", "fourth", "fifth", "last"];
        for (word, weekdays) in words.iter().zip(self.0.nth) {
            for (weekday, name) in WEEKDAYS.iter().enumerate() {
                if weekdays >> weekday & 1 != 0 {
                    separate(f, index, total)?;
                    write!(f, "{article}{word} {}", Capital(name))?;
                    index += 1;
                }
            }
        }
        Ok(())
    }

    fn months(&self, f: &mut Formatter<'_>, all: &str) -> fmt::Result {
        if self.0.base.months == ALL_MONTHS {
            return f.write_str(all);
        }
        let runs = Runs(u64::from(self.0.base.months));
        let total = runs.count();
        for (index, (from, to)) in (0..).zip(runs) {
            separate(f, index, total)?;
            write!(f, "{}", Capital(MONTHS[from as usize - 1]))?;
            if to > from {
                write!(f, " to {}", Capital(MONTHS[to as usize - 1]))?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.time(f)?;
        self.date(f)
    }
}

const ALL_MINUTES: u64 = (1 << 60) - 1;

/// The step of values from 0 on that divides the field evenly.
fn step_of(bits: u64, size: u32) -> Option<u32> {
    (1..=size / 2).filter(|step| size.is_multiple_of(*step)).find(|&step| {
        (0..size).step_by(step as usize).fold(0, |all: u64, value| all | 1 << value) == bits
    })
}

/// What stands before an item of a list.
fn separate(f: &mut Formatter<'_>, index: u32, total: u32) -> fmt::Result {
    f.write_str(match index {
        0 => "",
        _ if index + 1 == total => " and ",
        _ => ", ",
    })
}

/// ` 5`, or `s 5, 10 and 15 to 20`.
fn plural(f: &mut Formatter<'_>, bits: u64) -> fmt::Result {
    let runs = Runs(bits);
    f.write_str(if bits.count_ones() > 1 { "s " } else { " " })?;
    let total = runs.count();
    for (index, (from, to)) in (0..).zip(runs) {
        separate(f, index, total)?;
        write!(f, "{from}")?;
        if to > from {
            write!(f, " to {to}")?;
        }
    }
    Ok(())
}

fn count(nth: &[u8; 6]) -> u32 {
    nth.iter().map(|weekdays| weekdays.count_ones()).sum()
}

/// The values of a set: three or more in a row together, others one by one.
#[derive(Clone, Copy)]
struct Runs(u64);

impl Runs {
    fn count(self) -> u32 {
        self.map(|_| 1).sum()
    }
}

impl Iterator for Runs {
    type Item = (u32, u32);

    fn next(&mut self) -> Option<(u32, u32)> {
        if self.0 == 0 {
            return None;
        }
        let from = self.0.trailing_zeros();
        let length = match (!(self.0 >> from)).trailing_zeros() {
            2 => 1,
            length => length,
        };
        self.0 &= u64::MAX.checked_shl(from + length).unwrap_or(0);
        Some((from, from + length - 1))
    }
}

/// `1st`, `22nd`.
struct Ordinal(u32);

impl fmt::Display for Ordinal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let ending = match (self.0 / 10, self.0 % 10) {
            (1, _) => "th",
            (_, 1) => "st",
            (_, 2) => "nd",
            (_, 3) => "rd",
            _ => "th",
        };
        write!(f, "{}{ending}", self.0)
    }
}

/// A lower-case name with its first letter large.
struct Capital(&'static str);

impl fmt::Display for Capital {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (first, rest) = self.0.split_at(1);
        for letter in first.chars() {
            write!(f, "{}", letter.to_ascii_uppercase())?;
        }
        f.write_str(rest)
    }
}
