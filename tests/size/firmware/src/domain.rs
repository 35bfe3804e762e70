//! The types that the firmware chooses: numbers, and triggers by value.

use core::convert::Infallible;
use core::fmt::Debug;
use core::hash::Hash;
use core::hint::black_box;
use core::marker::PhantomData;

use mainspring_core::domain::{Domain, Origin};
use mainspring_core::settings::{Settings, Terms};
use mainspring_core::time::Timestamp;
use mainspring_core::trigger::{Count, Cron, CronIn, Every, Trigger};
use mainspring_core::zone::{Rule, TimeZone, Zone};

/// The domain of a small device with triggers of kind `K`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Small<K>(PhantomData<K>);

/// The triggers that a device has.
pub trait Kind: Copy + Debug + Eq + Hash + 'static {
    /// One of them, as the device stores it.
    type Fires: Trigger + Copy + Debug + PartialEq;
}

/// Intervals only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Intervals;

impl Kind for Intervals {
    type Fires = Every;
}

/// Intervals and patterns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Patterns;

impl Kind for Patterns {
    type Fires = Fires;
}

impl<K: Kind> Domain for Small<K> {
    type ScheduleId = u16;
    type TaskId = u8;
    type JobId = (u16, u32);
    type NodeId = u8;
    type Source = u8;
    type Trigger = K::Fires;
    type Payload = u32;
    type Detail = u8;
    type Text = &'static str;
    type Exclusions = ();
    type Key = Infallible;
    type Tags = ();
    type Held<T: Clone + Debug + PartialEq + 'static> = T;
    type Settings = Settings;
    type Terms = Terms;

    /// Schedules of this device fire once a second at most, so that 2^16 µs tell fires apart; two
    /// bits of them make room for the origin.
    fn fire_job(schedule: &u16, at: Timestamp, origin: Origin) -> (u16, u32) {
        (*schedule, (at.as_micros() >> 18 << 2) as u32 | u32::from(origin.code()))
    }

    fn spread(schedule: &u16) -> u64 {
        u64::from(*schedule) << 48
    }

    fn covers((): &(), (): &()) -> bool {
        true
    }
}

/// An interval or a pattern.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fires {
    /// An interval.
    Every(Every),
    /// A pattern on the clocks of one of the device's zones.
    Cron(CronIn<Wall>),
}

impl Trigger for Fires {
    fn next_after(&self, t: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Every(every) => every.next_after(t),
            Self::Cron(cron) => cron.next_after(t),
        }
    }

    fn prev_before(&self, t: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Every(every) => every.prev_before(t),
            Self::Cron(cron) => cron.prev_before(t),
        }
    }

    fn count_between(&self, after: Timestamp, until: Timestamp) -> Count {
        match self {
            Self::Every(every) => every.count_between(after, until),
            Self::Cron(cron) => cron.count_between(after, until),
        }
    }
}

/// The number of a zone in the table of the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Wall(pub u8);

impl TimeZone for Wall {
    fn zone(&self) -> Zone<'_> {
        let rule = ZONES.get(usize::from(self.0)).copied();
        Zone::posix(black_box(rule).unwrap_or(UTC))
    }
}

/// A trigger of the program text.
pub const fn cron(pattern: &str, zone: u8) -> Fires {
    Fires::Cron(CronIn::new(Cron::literal(pattern), Wall(zone)))
}

const UTC: Rule = rule("UTC0");

static ZONES: [Rule; 3] =
    [UTC, rule("CET-1CEST,M3.5.0,M10.5.0/3"), rule("AEST-10AEDT,M10.1.0,M4.1.0/3")];

const fn rule(text: &str) -> Rule {
    match Rule::parse(text) {
        Ok(rule) => rule,
        Err(_) => panic!("not a time zone rule"),
    }
}
