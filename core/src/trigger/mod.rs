//! Rules for instants: one trait that every trigger implements, ours and yours alike.
//!
//! A trigger is pure: what it answers depends on the trigger and the instant asked about, never
//! on a clock, a counter or an earlier call. Preview, catching up and skipping a year of downtime
//! are therefore plain calls, and two nodes always agree.

#[cfg(feature = "alloc")]
extern crate alloc;

use core::fmt;

use crate::time::{Span, Timestamp};

mod at;
pub mod calendar;
pub mod combine;
pub mod cron;
mod dst;
mod every;
mod tree;
mod within;

pub use at::At;
pub use calendar::{Calendar, CalendarIn, Period};
pub use combine::{All, Any, Budget, Children};
pub use cron::{Cron, CronError, CronIn, Dialect, ExtendedCron};
pub use dst::{Dst, Fold, Gap};
pub use every::Every;
pub use tree::{Tree, TreeError};
pub use within::Within;

/// A rule that names instants on the time line.
///
/// Only [`next_after`](Self::next_after) must be written; the rest follows from it.
///
/// # Laws
/// - `next_after(t) > t`.
/// - `a <= b` implies `next_after(a) <= next_after(b)` (with `None` as the largest).
/// - No fire lies strictly between `t` and `next_after(t)`.
pub trait Trigger {
    /// The first fire strictly after `t`, or `None` if there is none before the year 10000.
    fn next_after(&self, t: Timestamp) -> Option<Timestamp>;

    /// [`next_after`](Self::next_after) that says what its `None` means.
    ///
    /// It finds exactly what `next_after` finds. Combinations give up after bounded work; whoever
    /// wraps a trigger should hand its answer on.
    fn search_after(&self, t: Timestamp) -> Search {
        self.next_after(t).into()
    }

    /// The last fire strictly before `t`, or `None` if there is none.
    ///
    /// The default searches by bisection: about 60 calls of [`next_after`](Self::next_after),
    /// however many fires lie in between.
    fn prev_before(&self, t: Timestamp) -> Option<Timestamp> {
        // A fire lies in (x, t) exactly if self.next_after(x) < t, and that is monotone in x.
        let fires_from = |x: Timestamp| self.next_after(x).filter(|&fire| fire < t);
        let mut reach = Span::from_secs(1);
        let mut low = loop {
            let x = t - reach;
            if let Some(fire) = fires_from(x) {
                break fire;
            }
            if x == Timestamp::MIN {
                return None;
            }
            reach = reach.saturating_mul(4);
        };
        let mut high = t;
        // `low` is a fire before `t`; no fire lies strictly between `high` and `t`.
        while high.since(low) > Span::from_micros(1) {
            let middle = low + Span::from_micros(high.since(low).as_micros() / 2);
            match fires_from(middle) {
                Some(fire) => low = fire,
                None => high = middle,
            }
        }
        // `high` itself may be a fire: a middle that had no fire after it was never asked about.
        fires_from(low).or(Some(low))
    }

    /// How many fires lie in the half-open stretch `(after, until]`.
    ///
    /// The default counts up to [`COUNT_LIMIT`](crate::limits::COUNT_LIMIT) one by one.
    fn count_between(&self, after: Timestamp, until: Timestamp) -> Count {
        count_one_by_one(self, after, until)
    }

    /// [`next_after`](Self::next_after) on somebody else's [`Budget`]: only combinations need their
    /// own. If the budget is spent by then, the answer means nothing.
    fn next_within(&self, t: Timestamp, budget: &mut Budget) -> Option<Timestamp> {
        let search = self.search_after(t);
        if search == Search::GaveUp {
            budget.exhaust();
        }
        search.found()
    }

    /// [`prev_before`](Self::prev_before) on somebody else's [`Budget`].
    fn prev_within(&self, t: Timestamp, budget: &mut Budget) -> Option<Timestamp> {
        let _ = budget;
        self.prev_before(t)
    }

    /// Says in English when it fires; [`description`](Self::description) makes it a value.
    ///
    /// # Errors
    /// Those of the formatter.
    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("when a trigger of its own kind says so")
    }

    /// When it fires, in English: `every 15m, counted from 1970-01-01T00:00:00Z`.
    fn description(&self) -> Description<'_, Self>
    where
        Self: Sized,
    {
        Description(self)
    }

    /// The fires after `t`, one after the other.
    fn fires(&self, t: Timestamp) -> Fires<'_, Self>
    where
        Self: Sized,
    {
        Fires { trigger: self, t: Some(t) }
    }
}

/// Counts up to [`COUNT_LIMIT`](crate::limits::COUNT_LIMIT).
pub(crate) fn count_one_by_one<T: Trigger + ?Sized>(
    trigger: &T,
    after: Timestamp,
    until: Timestamp,
) -> Count {
    let mut count = 0;
    let mut at = after;
    while let Some(fire) = trigger.next_after(at).filter(|&fire| fire <= until) {
        if count == crate::limits::COUNT_LIMIT {
            return Count::AtLeast(count);
        }
        count += 1;
        at = fire;
    }
    Count::Exact(count)
}

/// The fires of a trigger in order; made by [`Trigger::fires`].
///
/// ```
/// use mainspring_core::{time::{Span, Timestamp}, trigger::{Every, Trigger}};
/// let daily = Every::new(Span::from_days(1), Timestamp::UNIX_EPOCH).unwrap();
/// let third = daily.fires(Timestamp::UNIX_EPOCH).nth(2).unwrap();
/// assert_eq!(third.to_string(), "1970-01-04T00:00:00Z");
/// ```
#[derive(Clone, Debug)]
pub struct Fires<'a, T> {
    trigger: &'a T,
    /// `None` after the last fire.
    t: Option<Timestamp>,
}

impl<T: Trigger> Iterator for Fires<'_, T> {
    type Item = Timestamp;

    fn next(&mut self) -> Option<Timestamp> {
        self.t = self.trigger.next_after(self.t?);
        self.t
    }
}

impl<T: Trigger> core::iter::FusedIterator for Fires<'_, T> {}

/// Whoever borrows, boxes or shares a trigger is one.
macro_rules! forward {
    ($pointer:ty) => {
        impl<T: Trigger + ?Sized> Trigger for $pointer {
            fn next_after(&self, t: Timestamp) -> Option<Timestamp> {
                (**self).next_after(t)
            }
            fn search_after(&self, t: Timestamp) -> Search {
                (**self).search_after(t)
            }
            fn prev_before(&self, t: Timestamp) -> Option<Timestamp> {
                (**self).prev_before(t)
            }
            fn count_between(&self, after: Timestamp, until: Timestamp) -> Count {
                (**self).count_between(after, until)
            }
            fn next_within(&self, t: Timestamp, budget: &mut Budget) -> Option<Timestamp> {
                (**self).next_within(t, budget)
            }
            fn prev_within(&self, t: Timestamp, budget: &mut Budget) -> Option<Timestamp> {
                (**self).prev_within(t, budget)
            }
            fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                (**self).describe(f)
            }
        }
    };
}

forward!(&T);
#[cfg(feature = "alloc")]
forward!(alloc::boxed::Box<T>);
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
forward!(alloc::sync::Arc<T>);

/// What a trigger says of itself; made by [`Trigger::description`].
#[derive(Clone, Copy, Debug)]
pub struct Description<'a, T: ?Sized>(&'a T);

impl<T: Trigger + ?Sized> fmt::Display for Description<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.describe(f)
    }
}

/// What a search for the next fire found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Search {
    /// The next fire.
    Found(Timestamp),
    /// There is none.
    Over,
    /// None as far as bounded work reached; there may be some.
    GaveUp,
}

impl Search {
    /// The fire, if one was found.
    pub const fn found(self) -> Option<Timestamp> {
        match self {
            Self::Found(at) => Some(at),
            Self::Over | Self::GaveUp => None,
        }
    }
}

impl From<Option<Timestamp>> for Search {
    fn from(next: Option<Timestamp>) -> Self {
        next.map_or(Self::Over, Self::Found)
    }
}

/// A number of fires, as far as bounded work can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Count {
    /// This many.
    Exact(u64),
    /// This many and perhaps more: counting stopped.
    AtLeast(u64),
}

impl Count {
    /// The number, exact or not.
    pub const fn value(self) -> u64 {
        match self {
            Self::Exact(n) | Self::AtLeast(n) => n,
        }
    }

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        let sum = self.value().saturating_add(other.value());
        match (self, other) {
            (Self::Exact(_), Self::Exact(_)) => Self::Exact(sum),
            _ => Self::AtLeast(sum),
        }
    }
}
