//! When schedules of a device fire: by the time that has passed, or by the wall clock.

use core::fmt::Debug;

use mainspring_core::time::{Span, Timestamp};
use mainspring_core::trigger::{At, Count, Cron, CronIn, Every, Trigger};
use mainspring_core::zone::{Rule, TimeZone};
use serde::{Deserialize, Serialize};

/// A trigger as a device keeps it.
///
/// The engine asks a [`Plan`](Self::Plan), which is made where the cursor of its schedule is known.
pub trait Timing: Copy + Debug + PartialEq + 'static {
    /// What the engine asks.
    type Plan: Trigger + Clone + Debug;

    /// The trigger of a schedule whose cursor is there.
    fn plan(&self, cursor: Timestamp) -> Self::Plan;

    /// The first fire of a schedule that is new at `now`.
    fn first(&self, now: Timestamp) -> Option<Timestamp>;

    /// Whether it means places on the wall clock: then it waits until the time is known. If not, it
    /// means time that passes, whatever any clock shows.
    fn follows_clock(&self) -> bool;
}

/// Fires again and again after so much time, counted from when its schedule was put.
///
/// It needs no clock and follows none: if the time is set, the next fire comes when it would have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Span", into = "Span")]
pub struct Interval(Span);

impl Interval {
    /// A fire each `span`; `None` unless that is positive.
    pub const fn new(span: Span) -> Option<Self> {
        if span.is_positive() { Some(Self(span)) } else { None }
    }

    /// A fire each so many seconds, in a `const`.
    ///
    /// # Panics
    /// For zero seconds.
    #[must_use]
    pub const fn secs(secs: u32) -> Self {
        assert!(secs > 0, "an interval takes time");
        Self(Span::from_secs(secs as i64))
    }

    /// The distance between fires.
    pub const fn span(self) -> Span {
        self.0
    }
}

impl TryFrom<Span> for Interval {
    type Error = &'static str;
    fn try_from(span: Span) -> Result<Self, Self::Error> {
        Self::new(span).ok_or("an interval takes time")
    }
}

impl From<Interval> for Span {
    fn from(interval: Interval) -> Self {
        interval.0
    }
}

impl Timing for Interval {
    type Plan = Every;

    /// Each cursor lies where a fire is due, so that it tells where the others are: nothing else
    /// has to be kept, or to be changed when the clock is set.
    fn plan(&self, cursor: Timestamp) -> Every {
        Every::new(self.0, cursor).expect("an interval takes time")
    }

    fn first(&self, now: Timestamp) -> Option<Timestamp> {
        now.checked_add(self.0)
    }

    fn follows_clock(&self) -> bool {
        false
    }
}

/// What a device fires by, with the zones of its patterns: rules, or what finds them.
#[derive(Clone, Copy, Debug, PartialEq, Hash, Serialize, Deserialize)]
pub enum Fires<Z = Rule> {
    /// By the time that has passed.
    Every(Interval),
    /// By a grid on the wall clock.
    Grid(#[serde(with = "grid")] Every),
    /// Once.
    At(At),
    /// By a pattern on the clocks of a zone.
    Cron(CronIn<Z>),
}

impl Fires {
    /// A fire each so many seconds.
    ///
    /// # Panics
    /// For zero seconds.
    #[must_use]
    pub const fn every_secs(secs: u32) -> Self {
        Self::Every(Interval::secs(secs))
    }

    /// A pattern on the clocks of a zone that is given as in POSIX. In a `const`, a mistake is a
    /// compile error, and no parser comes into the firmware.
    ///
    /// ```
    /// use mainspring_embassy::timing::Fires;
    /// const NINE: Fires = Fires::cron("0 9 * * mon-fri", "CET-1CEST,M3.5.0,M10.5.0/3");
    /// assert!(matches!(NINE, Fires::Cron(_)));
    /// ```
    ///
    /// # Panics
    /// If one of the texts makes no sense.
    #[must_use]
    pub const fn cron(pattern: &str, zone: &str) -> Self {
        match Rule::parse(zone) {
            Ok(zone) => Self::cron_in(pattern, zone),
            Err(_) => panic!("not a POSIX time zone"),
        }
    }
}

impl<Z: Copy + TimeZone> Fires<Z> {
    /// A pattern on the clocks of this zone.
    ///
    /// # Panics
    /// If the text makes no sense.
    #[must_use]
    pub const fn cron_in(pattern: &str, zone: Z) -> Self {
        Self::Cron(CronIn::new(Cron::literal(pattern), zone))
    }
}

impl<Z: TimeZone + Copy + Debug + PartialEq + 'static> Timing for Fires<Z> {
    type Plan = Asked<Z>;

    fn plan(&self, cursor: Timestamp) -> Asked<Z> {
        match *self {
            Self::Every(interval) => Asked::Every(interval.plan(cursor)),
            Self::Grid(every) => Asked::Every(every),
            Self::At(at) => Asked::At(at),
            Self::Cron(cron) => Asked::Cron(cron),
        }
    }

    fn first(&self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Every(interval) => interval.first(now),
            Self::Grid(every) => every.next_after(now),
            // A single instant that has just gone by was meant to be seen.
            Self::At(At(at)) => Some(*at),
            Self::Cron(cron) => cron.next_after(now),
        }
    }

    fn follows_clock(&self) -> bool {
        !matches!(self, Self::Every(_))
    }
}

/// What is made of [`Fires`] where the cursor is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Asked<Z = Rule> {
    /// A grid.
    Every(Every),
    /// One instant.
    At(At),
    /// A pattern.
    Cron(CronIn<Z>),
}

impl<Z: TimeZone> Trigger for Asked<Z> {
    fn next_after(&self, t: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Every(every) => every.next_after(t),
            Self::At(at) => at.next_after(t),
            Self::Cron(cron) => cron.next_after(t),
        }
    }

    fn prev_before(&self, t: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Every(every) => every.prev_before(t),
            Self::At(at) => at.prev_before(t),
            Self::Cron(cron) => cron.prev_before(t),
        }
    }

    fn count_between(&self, after: Timestamp, until: Timestamp) -> Count {
        match self {
            Self::Every(every) => every.count_between(after, until),
            Self::At(at) => at.count_between(after, until),
            Self::Cron(cron) => cron.count_between(after, until),
        }
    }
}

/// A grid as data: its distance, and one of its fires.
mod grid {
    use mainspring_core::time::{Span, Timestamp};
    use mainspring_core::trigger::Every;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(every: &Every, to: S) -> Result<S::Ok, S::Error> {
        (every.span(), every.anchor()).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Every, D::Error> {
        let (span, anchor) = <(Span, Timestamp)>::deserialize(from)?;
        Every::new(span, anchor).ok_or_else(|| D::Error::custom("an interval takes time"))
    }
}
