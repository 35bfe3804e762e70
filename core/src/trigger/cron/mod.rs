//! Patterns of wall-clock time: crontab's five fields, and what other schedulers made of them.
//!
//! ```text
//! ┌──────────── second   0-59        (only in the forms with six and seven fields)
//! │ ┌────────── minute   0-59
//! │ │ ┌──────── hour     0-23        may wrap: 22-2
//! │ │ │ ┌────── day      1-31        ? is *
//! │ │ │ │ ┌──── month    1-12        names; may wrap: nov-feb
//! │ │ │ │ │ ┌── weekday  0-7         0 and 7 are Sunday; names; may wrap: fri-mon; ? is *
//! │ │ │ │ │ │  ┌ year    1970-9999   (only in the form with seven fields)
//! 0 30 9 * * fri 2026
//! ```
//! A field is a list of items with commas: `*`, a value, a range `a-b`, and any of them with a
//! step: `*/n`, `a-b/n`, and `a/n`, which runs from `a` to the field's end. Names are English, of
//! three letters or in full, in any case. `@yearly @annually @monthly @weekly @daily @midnight
//! @hourly` stand for the usual patterns.
//!
//! `L` as a day is the last one of the month.
//!
//! This much is a [`Cron`] of 32 bytes. An [`ExtendedCron`] of 96 bytes also has years and
//!
//! | item | field | meaning |
//! |---|---|---|
//! | `L-3` | day | the third day before the last one of the month |
//! | `15W`, `LW` | day | the working day nearest to the 15th within the month; the last one |
//! | `fri#2`, `5#2` | weekday | the second Friday of the month |
//! | `friL`, `5L`, `fri#L` | weekday | the last Friday of the month |
//! | `+mon` | weekday | a `+` before the field: both day and weekday must match |
//! | `H`, `H(0-29)` | not year | a value that a seed spreads; a day is at most 28 |
//! | `H/15`, `H(0-29)/10` | not year | a step whose first value a seed spreads |
//!
//! in the [`Dialect`] crontab, and reads two more dialects, which see.
//!
//! **Day and weekday.** As in Vixie's cron: if both fields are restricted, either may match
//! (`0 0 13 * fri` is every 13th and every Friday). A field counts as unrestricted if it *begins*
//! with `*` or is `?`; then both must match, so that `0 0 */2 * mon` is Mondays on odd days.
//!
//! **Daylight saving.** See [`Dst`]. A pattern *flows* if its minute or hour field has a `*` or a
//! step or names every value; otherwise it is a fixed time. Weekday, day and second do not matter.

use core::fmt;
use core::str::FromStr;

use super::{Count, Dst, Trigger};
use crate::time::Timestamp;
use crate::zone::{TimeZone, Zone};

mod change;
mod compile;
mod count;
#[cfg(feature = "serde")]
mod data;
mod describe;
mod error;
mod extended;
mod item;
mod named;
mod parse;
mod quick;
mod search;
mod text;
mod year;
mod zoned;

pub use change::{ClockChange, ClockChanges, Effect, WallTimes};
pub use describe::Description;
pub use error::{CronError, CronErrorKind, Field};
pub use extended::ExtendedCron;
use search::DayRule;

/// How the text of a pattern is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Dialect {
    /// Five fields as in crontab(5), six with seconds first, or seven with years last; see the
    /// [module](self).
    #[default]
    Crontab,
    /// Six fields with seconds first, or seven with years last. Weekdays count from Sunday = 1 to
    /// Saturday = 7, and both day and weekday must match; one of them is usually `?`.
    Quartz,
    /// APScheduler's named fields, `day=2nd wed hour=9`: all of `year month day week day_of_week
    /// hour minute second` must match. A field that is not given is `*` before the last one given,
    /// and its smallest value after it. `day` also has `last`, `2nd wed` and `last fri`; `week` is
    /// the ISO week. Ranges do not wrap around, except those of weekday names; 0 and 7 are Sunday,
    /// and a step on `*` weekdays counts from Monday. Five words without `=` are read as a
    /// crontab, still with all fields needed.
    ApScheduler,
}

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
/// assert_eq!(NINE.to_string(), "0 9 * * 1-5");
/// assert_eq!(NINE.describe().to_string(), "at 09:00 on Monday to Friday");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cron {
    /// Bits 0 to 59. Never empty, and neither are the other sets.
    seconds: u64,
    /// Bits 0 to 59.
    minutes: u64,
    /// Bits 0 to 23.
    hours: u32,
    /// Bits 1 to 31, and bit 0 for the last day. May be empty within an [`ExtendedCron`], as may
    /// `weekdays`.
    days: u32,
    /// Bits 1 to 12.
    months: u16,
    /// Bits 0 (Sunday) to 6.
    weekdays: u8,
    /// The minute or hour is a wildcard or stepped.
    flows: bool,
    /// Day or weekday may match; otherwise both must.
    either_day: bool,
    /// The shortest way to a matching day; follows from the sets.
    rule: DayRule,
}

impl Cron {
    /// Reads five or six fields or an `@` macro; see the [module](self) for the grammar.
    ///
    /// # Errors
    /// [`CronError`], which names the field, the bytes and the way out.
    pub const fn parse(text: &str) -> Result<Self, CronError> {
        if let Some(cron) = quick::parse(text.as_bytes()) {
            return Ok(cron);
        }
        Self::read(text)
    }

    /// [`parse`](Self::parse) for what is unusual or wrong.
    #[cold]
    const fn read(text: &str) -> Result<Self, CronError> {
        match parse::parse(text.as_bytes(), parse::Syntax::PLAIN) {
            Ok(draft) => Ok(draft.plain()),
            Err(error) => Err(error),
        }
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
        !matches!(self.rule, DayRule::Never)
    }

    /// Whether the minute or hour is a wildcard or stepped, so that the pattern follows elapsed
    /// time through daylight saving changes; see [`Dst`].
    pub const fn flows(&self) -> bool {
        self.flows
    }

    /// The first fire strictly after `t` on the clocks of `zone`, or `None` if there is none
    /// before the year 10000.
    pub fn next_after(&self, t: Timestamp, zone: &Zone<'_>, dst: Dst) -> Option<Timestamp> {
        zoned::next_after(self, t, zone, dst)
    }

    /// The last fire strictly before `t` on the clocks of `zone`, or `None` if there is none from
    /// the year 1 on.
    pub fn prev_before(&self, t: Timestamp, zone: &Zone<'_>, dst: Dst) -> Option<Timestamp> {
        zoned::prev_before(self, t, zone, dst)
    }

    /// The pattern in English: `at 09:00 on Monday to Friday`.
    pub const fn describe(&self) -> Description {
        Description::new(ExtendedCron::plain(*self))
    }
}

impl FromStr for Cron {
    type Err = CronError;

    fn from_str(text: &str) -> Result<Self, CronError> {
        Self::parse(text)
    }
}

/// A set of wall-clock times that repeats; implemented by [`Cron`] and [`ExtendedCron`].
///
/// Times are whole local seconds since 1970-01-01T00:00:00 on the wall clock.
pub trait Pattern {
    /// The first matching time from `local` on, up to the year 10000.
    fn next_local(&self, local: i64) -> Option<i64>;

    /// The last matching time up to `local`, down to the year 0.
    fn prev_local(&self, local: i64) -> Option<i64>;

    /// How many matching times lie between these two, both included, if that takes bounded work
    /// however many there are.
    fn count_local(&self, from: i64, until: i64) -> Option<u64> {
        let _ = (from, until);
        None
    }

    /// Whether the pattern follows elapsed time through daylight saving changes; see [`Dst`].
    fn flows(&self) -> bool;

    /// The pattern in English.
    fn in_english(&self) -> Description;
}

impl Pattern for Cron {
    fn next_local(&self, local: i64) -> Option<i64> {
        Self::next_local(self, local)
    }

    fn prev_local(&self, local: i64) -> Option<i64> {
        Self::prev_local(self, local)
    }

    fn count_local(&self, from: i64, until: i64) -> Option<u64> {
        ExtendedCron::plain(*self).count_local(from, until)
    }

    fn flows(&self) -> bool {
        self.flows
    }

    fn in_english(&self) -> Description {
        self.describe()
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CronIn<Z, P = Cron> {
    /// The pattern.
    pub cron: P,
    /// Whose clocks it is about.
    pub zone: Z,
    /// What becomes of times that these clocks skip or show twice.
    pub dst: Dst,
}

impl<Z: TimeZone, P: Pattern> CronIn<Z, P> {
    /// The pattern in a zone, under [`Dst::ONCE`].
    pub const fn new(cron: P, zone: Z) -> Self {
        Self { cron, zone, dst: Dst::ONCE }
    }

    /// What the zone's clock changes strictly after `after` and up to `until` do to the pattern,
    /// earliest first; changes that it does not notice are left out.
    pub fn clock_changes(&self, after: Timestamp, until: Timestamp) -> ClockChanges<'_, P> {
        ClockChanges::new(&self.cron, self.zone.zone(), self.dst, after, until)
    }
}

impl<Z: TimeZone, P: Pattern> Trigger for CronIn<Z, P> {
    fn next_after(&self, t: Timestamp) -> Option<Timestamp> {
        zoned::next_after(&self.cron, t, &self.zone.zone(), self.dst)
    }

    fn prev_before(&self, t: Timestamp) -> Option<Timestamp> {
        zoned::prev_before(&self.cron, t, &self.zone.zone(), self.dst)
    }

    fn count_between(&self, after: Timestamp, until: Timestamp) -> Count {
        if after >= until {
            return Count::Exact(0);
        }
        count::count_between(&self.cron, (after, until), &self.zone.zone(), self.dst)
            .unwrap_or_else(|| super::count_one_by_one(self, after, until))
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.cron.in_english(), f)?;
        if let Some(name) = self.zone.name() {
            write!(f, ", {name}")?;
        }
        // A pattern that follows elapsed time has no use for the policy.
        if self.cron.flows() { Ok(()) } else { self.dst.describe(f) }
    }
}

#[cfg(test)]
mod tests;
