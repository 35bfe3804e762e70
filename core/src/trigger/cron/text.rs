//! The text of a pattern: what it means, written in one way.

use core::fmt::{self, Formatter};

use super::compile::{ALL_DAYS, ALL_WEEKS};
use super::extended::ExtendedCron;
use super::{Cron, Field, year};

impl fmt::Display for Cron {
    /// Five fields, or six if there are seconds; reading them gives the same pattern.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&ExtendedCron::plain(*self), f)
    }
}

impl fmt::Display for ExtendedCron {
    /// Fields of the crontab dialect, or APScheduler's named ones where only they can say it;
    /// reading them with [`FromStr`](core::str::FromStr) gives the same pattern.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let counted_days = self.nth_in_day && self.nth != [0; 6];
        if self.weeks != ALL_WEEKS || counted_days { self.named(f) } else { self.fields(f) }
    }
}

/// How a set may be written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    /// Values and ranges only.
    List,
    /// `*/n` where it says the same.
    Steps,
    /// With a step or a star, whatever the values.
    Flowing,
}

impl ExtendedCron {
    fn fields(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let base = &self.base;
        if base.seconds != 1 || !self.any_year {
            write_set(f, Field::Second, base.seconds, Style::Steps)?;
            f.write_str(" ")?;
        }
        self.time(f, [" ", " "])?;
        let (days, weekdays) = (u64::from(base.days & !1), u64::from(base.weekdays));
        let items = |f: &mut Formatter<'_>| self.day_items(f, days != 0);
        let counted = self.nth != [0; 6];
        let both = !base.either_day && base.days != ALL_DAYS && (base.weekdays != 0x7f || counted);
        let stars = (both && days != 0, both && weekdays != 0);
        let day_star = Some(()).filter(|()| stars.0).and_then(|()| star_step(days, 1, 31));
        // Sunday is both ends of the week.
        let week = weekdays | (weekdays & 1) << 7;
        let week_star = Some(()).filter(|()| stars.1).and_then(|()| star_step(week, 0, 7));
        match day_star {
            Some(step) => write_star(f, Field::Day, days, step)?,
            None if base.either_day || both => write_set(f, Field::Day, days, Style::List)?,
            None => write_set(f, Field::Day, days, Style::Steps)?,
        }
        items(f)?;
        f.write_str(" ")?;
        write_set(f, Field::Month, u64::from(base.months), Style::Steps)?;
        f.write_str(" ")?;
        match (day_star, week_star) {
            (None, Some(step)) => write_star(f, Field::Weekday, weekdays, step)?,
            (None, None) if both => {
                f.write_str("+")?;
                write_set(f, Field::Weekday, weekdays, Style::List)?;
            }
            _ if weekdays == 0x7f && !base.either_day => f.write_str("*")?,
            _ => write_set(f, Field::Weekday, weekdays, Style::List)?,
        }
        self.weekday_items(f, weekdays != 0)?;
        if self.any_year {
            return Ok(());
        }
        f.write_str(" ")?;
        self.write_years(f)
    }

    /// Minutes and hours with something after each; they flow exactly if the pattern does.
    fn time(&self, f: &mut Formatter<'_>, after: [&str; 2]) -> fmt::Result {
        let (minutes, hours) = self.time_styles();
        write_set(f, Field::Minute, self.base.minutes, minutes)?;
        f.write_str(after[0])?;
        write_set(f, Field::Hour, u64::from(self.base.hours), hours)?;
        f.write_str(after[1])
    }

    fn time_styles(&self) -> (Style, Style) {
        let (minutes, hours) = (self.base.minutes, u64::from(self.base.hours));
        if !self.base.flows {
            return (Style::List, Style::List);
        }
        let flows = |bits, field: Field| progression(bits, field.range()).is_some();
        if flows(minutes, Field::Minute) || flows(hours, Field::Hour) {
            return (Style::Steps, Style::Steps);
        }
        // One value cannot be stepped in every dialect; two can.
        let (few, many) = (Style::List, Style::Flowing);
        if minutes.count_ones() > 1 || hours.count_ones() == 1 { (many, few) } else { (few, many) }
    }

    fn named(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let base = &self.base;
        f.write_str("year=")?;
        self.write_years(f)?;
        f.write_str(" month=")?;
        write_set(f, Field::Month, u64::from(base.months), Style::Steps)?;
        f.write_str(" day=")?;
        let days = u64::from(base.days & !1);
        write_set(f, Field::Day, days, Style::Steps)?;
        let mut comma = days != 0;
        if self.last_days() != 0 {
            f.write_str(if comma { ",last" } else { "last" })?;
            comma = true;
        }
        for (name, weekdays) in ["1st", "2nd", "3rd", "4th", "5th", "last"].iter().zip(self.nth) {
            for (weekday, short) in
                ["sun", "mon", "tue", "wed", "thu", "fri", "sat"].iter().enumerate()
            {
                if weekdays >> weekday & 1 != 0 {
                    let separator = if comma { "," } else { "" };
                    write!(f, "{separator}{name} {short}")?;
                    comma = true;
                }
            }
        }
        f.write_str(" week=")?;
        write_set(f, Field::Week, self.weeks, Style::Steps)?;
        f.write_str(" day_of_week=")?;
        let weekdays = u64::from(base.weekdays);
        if weekdays == 0x7f {
            f.write_str("*")?;
        } else {
            write_set(f, Field::Weekday, weekdays, Style::List)?;
        }
        let (minutes, hours) = self.time_styles();
        f.write_str(" hour=")?;
        write_set(f, Field::Hour, u64::from(base.hours), hours)?;
        f.write_str(" minute=")?;
        write_set(f, Field::Minute, base.minutes, minutes)?;
        f.write_str(" second=")?;
        write_set(f, Field::Second, base.seconds, Style::Steps)
    }

    /// Bit n: n days before the last one.
    pub(super) const fn last_days(&self) -> u32 {
        self.last | self.base.days & 1
    }

    /// `L`, `L-3`, `15W`, `LW`.
    fn day_items(&self, f: &mut Formatter<'_>, mut comma: bool) -> fmt::Result {
        let last = self.last_days();
        for back in (0..31).filter(|back| last >> back & 1 != 0) {
            f.write_str(if comma { "," } else { "" })?;
            if back == 0 {
                f.write_str("L")?
            } else {
                write!(f, "L-{back}")?
            }
            comma = true;
        }
        for day in (0..32).filter(|day| self.nearest >> day & 1 != 0) {
            f.write_str(if comma { "," } else { "" })?;
            if day == 0 {
                f.write_str("LW")?
            } else {
                write!(f, "{day}W")?
            }
            comma = true;
        }
        Ok(())
    }

    /// `5#2`, `5L`.
    fn weekday_items(&self, f: &mut Formatter<'_>, mut comma: bool) -> fmt::Result {
        for (which, weekdays) in self.nth.iter().enumerate() {
            for weekday in (0..7).filter(|weekday| weekdays >> weekday & 1 != 0) {
                f.write_str(if comma { "," } else { "" })?;
                if which == 5 {
                    write!(f, "{weekday}L")?;
                } else {
                    write!(f, "{weekday}#{}", which + 1)?;
                }
                comma = true;
            }
        }
        Ok(())
    }

    pub(super) fn write_years(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.any_year {
            return f.write_str("*");
        }
        let mut far = self.years.far();
        let mut comma = "";
        let mut next = self.near_year(0);
        while let Some(from) = next {
            let step = self.near_year(from + 1).map_or(1, |second| second - from);
            let mut to = from;
            let mut count = 1;
            while self.near_year(to + 1) == Some(to + step) {
                to += step;
                count += 1;
            }
            let goes_on = (to + step).cast_unsigned();
            if count > 2
                && let Some((_, last, _)) = far.take_if(|far| {
                    far.0 == goes_on && (far.2 == step.cast_unsigned() || far.0 == far.1)
                })
            {
                to = last.cast_signed();
            }
            match (count, step) {
                (1 | 2, _) => {
                    to = from;
                    write!(f, "{comma}{from}")?;
                }
                (_, 1) => write!(f, "{comma}{from}-{to}")?,
                _ => write!(f, "{comma}{from}-{to}/{step}")?,
            }
            comma = ",";
            next = self.near_year(to + 1);
        }
        match far {
            None => Ok(()),
            Some((from, to, _)) if from == to => write!(f, "{comma}{from}"),
            Some((from, to, 1)) => write!(f, "{comma}{from}-{to}"),
            Some((from, to, step)) => write!(f, "{comma}{from}-{to}/{step}"),
        }
    }

    fn near_year(&self, from: i32) -> Option<i32> {
        self.years.from(from).filter(|&year| year.cast_unsigned() <= year::LAST_NEAR)
    }
}

/// Writes values as a list; nothing for an empty set.
fn write_set(f: &mut Formatter<'_>, field: Field, bits: u64, style: Style) -> fmt::Result {
    let mut bits = bits;
    let mut comma = "";
    if style != Style::List {
        match progression(bits, field.range()) {
            Some(1) => return f.write_str("*"),
            Some(step) => return write!(f, "*/{step}"),
            None => {}
        }
    } else if field == Field::Day && bits == u64::from(ALL_DAYS) {
        return f.write_str("1-31");
    }
    if style == Style::Flowing {
        let first = bits.trailing_zeros();
        bits &= bits - 1;
        if bits == 0 {
            return write!(f, "{first}-{first}/1");
        }
        let second = bits.trailing_zeros();
        bits &= bits - 1;
        write!(f, "{first}-{second}/{}", second - first)?;
        comma = ",";
    }
    write_runs(f, bits, comma)
}

/// Writes `*/n` and the values that it does not have.
fn write_star(f: &mut Formatter<'_>, field: Field, bits: u64, step: u32) -> fmt::Result {
    let (min, max) = field.range();
    write!(f, "*/{step}")?;
    let mut rest = bits;
    for value in (min..=max).step_by(step as usize) {
        rest &= !(1 << if field == Field::Weekday { value % 7 } else { value });
    }
    write_runs(f, rest, ",")
}

fn write_runs(f: &mut Formatter<'_>, bits: u64, comma: &str) -> fmt::Result {
    let (mut bits, mut comma) = (bits, comma);
    while bits != 0 {
        let from = bits.trailing_zeros();
        let length = (!(bits >> from)).trailing_zeros();
        bits &= u64::MAX.checked_shl(from + length).unwrap_or(0);
        match length {
            1 => write!(f, "{comma}{from}")?,
            2 => write!(f, "{comma}{from},{}", from + 1)?,
            _ => write!(f, "{comma}{from}-{}", from + length - 1)?,
        }
        comma = ",";
    }
    Ok(())
}

/// The step of `*/n` that gives exactly these values; 1 for all values.
pub(super) fn progression(bits: u64, (min, max): (u32, u32)) -> Option<u32> {
    let rest = bits & (bits.wrapping_sub(1));
    let step = rest.trailing_zeros().wrapping_sub(bits.trailing_zeros());
    if bits.trailing_zeros() != min || rest == 0 || step > max - min {
        return None;
    }
    let all = (min..=max).step_by(step as usize).fold(0, |all, value| all | 1 << value);
    (all == bits).then_some(step)
}

/// The smallest step from 2 on for which these values include those of `*/n`.
fn star_step(bits: u64, min: u32, max: u32) -> Option<u32> {
    (2..=max - min)
        .find(|&step| (min..=max).step_by(step as usize).all(|value| bits >> value & 1 != 0))
}
