//! Rules for instants: one trait that every trigger implements, ours and yours alike.
//!
//! A trigger is pure: what it answers depends on the trigger and the instant asked about, never
//! on a clock, a counter or an earlier call. Preview, catching up and skipping a year of downtime
//! are therefore plain calls, and two nodes always agree.

use crate::time::{Span, Timestamp};

mod at;
pub mod cron;
mod dst;
mod every;
mod within;

pub use at::At;
pub use cron::{Cron, CronError, CronIn, Dialect, ExtendedCron};
pub use dst::{Dst, Fold, Gap};
pub use every::Every;
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

    /// The last fire strictly before `t`, or `None` if there is none.
    ///
    /// The default searches by bisection: about 60 calls of [`next_after`](Self::next_after),
    /// however many fires lie in between.
    fn prev_before(&self, t: Timestamp) -> Option<Timestamp> {
        // A fire lies in (x, t) exactly if next_after(x) < t, and that is monotone in x.
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
        let mut count = 0;
        let mut at = after;
        while let Some(fire) = self.next_after(at).filter(|&fire| fire <= until) {
            if count == crate::limits::COUNT_LIMIT {
                return Count::AtLeast(count);
            }
            count += 1;
            at = fire;
        }
        Count::Exact(count)
    }
}

impl<T: Trigger + ?Sized> Trigger for &T {
    fn next_after(&self, t: Timestamp) -> Option<Timestamp> {
        (**self).next_after(t)
    }
    fn prev_before(&self, t: Timestamp) -> Option<Timestamp> {
        (**self).prev_before(t)
    }
    fn count_between(&self, after: Timestamp, until: Timestamp) -> Count {
        (**self).count_between(after, until)
    }
}

/// A number of fires, as far as bounded work can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
}
