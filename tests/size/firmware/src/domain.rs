//! The types that the firmware chooses: numbers, and what a device has of policies and triggers.

use core::borrow::Borrow;
use core::convert::Infallible;
use core::fmt::Debug;
use core::hash::Hash;
use core::hint::black_box;
use core::marker::PhantomData;

use mainspring_core::domain::{Domain, Origin};
use mainspring_core::exclude::Plan;
use mainspring_core::few::{Few, One};
use mainspring_core::fire::{Several, Skips};
use mainspring_core::note::{Cursor, Notable, Note};
use mainspring_core::offer::Offer;
use mainspring_core::room::{Inline, Room};
use mainspring_core::schedule::{Next, Spec};
use mainspring_core::settings::{Level, Settings, Terms};
use mainspring_core::time::Timestamp;
use mainspring_core::trigger::{Count, Cron, CronIn, Every, Trigger};
use mainspring_core::zone::{Rule, TimeZone, Zone};

/// The domain of a small device with triggers of kind `K`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Small<K>(PhantomData<K>);

/// What a device has.
pub trait Kind: Copy + Debug + Eq + Hash + 'static {
    /// One of its triggers.
    type Fires: Trigger + Copy + Debug + PartialEq;
    /// How it keeps a spec.
    type Held<T: Clone + Debug + PartialEq + 'static>: Borrow<T> + Clone + Debug + PartialEq;
    /// How it keeps settings.
    type Settings: Level<Self::Terms>;
    /// How it keeps the terms of a job.
    type Terms: Borrow<Terms> + Copy + Debug + PartialEq;
    /// What its planner asks.
    type Plan: Plan;
    /// The fires and skips of one decision.
    type Fired<T: Clone + Debug + PartialEq>: Few<T>;
    /// The same for skips.
    type Skips<T: Clone + Debug + PartialEq>: Few<T>;
    /// The room for schedules that have jobs.
    type Chains<J: Room>: Room;
    /// How it keeps the cursor of a schedule.
    type Cursor: Cursor;
    /// What it notes besides.
    type Note<T: Notable>: Note<T>;
    /// Why a schedule is out of service.
    type Text: Clone + Debug + PartialEq;

    /// What its schedules may ask for.
    const OFFER: Offer;
    /// Somebody took a schedule out of service.
    const BY_HAND: Self::Text;

    /// Takes a record from the program text.
    fn hold<T: Clone + Debug + PartialEq>(record: &'static T) -> Self::Held<T>;

    /// What the planner asks about a schedule.
    fn plan(spec: &Self::Held<Spec<Small<Self>>>) -> Self::Plan;
}

/// Schedules that stay in flash, and what every device needs: no policy beyond the usual, no record
/// of what was skipped.
macro_rules! plain {
    ($name:ident: $fires:ty) => {
        impl Kind for $name {
            type Fires = $fires;
            type Held<T: Clone + Debug + PartialEq + 'static> = InFlash<T>;
            type Settings = Option<&'static Terms>;
            type Terms = &'static Terms;
            type Plan = &'static $fires;
            type Text = ();
            type Fired<T: Clone + Debug + PartialEq> = One<T>;
            type Skips<T: Clone + Debug + PartialEq> = ();
            type Chains<J: Room> = Inline<0>;
            type Cursor = Option<Timestamp>;
            type Note<T: Notable> = ();

            const OFFER: Offer = Offer { misfire_grace: true, ..Offer::PLAIN };
            const BY_HAND: () = ();

            fn hold<T: Clone + Debug + PartialEq>(record: &'static T) -> InFlash<T> {
                InFlash(record)
            }

            fn plan(spec: &InFlash<Spec<Small<Self>>>) -> &'static $fires {
                &spec.0.trigger
            }
        }
    };
}

/// Plain, with intervals only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Intervals;

plain!(Intervals: Every);

/// Plain, with intervals and patterns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Patterns;

plain!(Patterns: Fires);

/// Everything there is, with schedules that may come from anywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Everything;

impl Kind for Everything {
    type Fires = Counted;
    type Held<T: Clone + Debug + PartialEq + 'static> = T;
    type Settings = Settings;
    type Terms = Terms;
    type Plan = Counted;
    type Text = &'static str;
    type Fired<T: Clone + Debug + PartialEq> = Several<T>;
    type Skips<T: Clone + Debug + PartialEq> = Skips<T>;
    type Chains<J: Room> = J;
    type Cursor = Next;
    type Note<T: Notable> = T;

    const OFFER: Offer = Offer::EVERYTHING;
    const BY_HAND: &'static str = "the trigger makes no sense";

    fn hold<T: Clone + Debug + PartialEq>(record: &'static T) -> T {
        record.clone()
    }

    fn plan(spec: &Spec<Small<Self>>) -> Counted {
        spec.trigger
    }
}

/// A record in the program text. Two are the same if they lie in the same place.
#[derive(Debug)]
pub struct InFlash<T: 'static>(&'static T);

impl<T> Clone for InFlash<T> {
    fn clone(&self) -> Self {
        Self(self.0)
    }
}

impl<T> PartialEq for InFlash<T> {
    fn eq(&self, other: &Self) -> bool {
        core::ptr::eq(self.0, other.0)
    }
}

impl<T> Borrow<T> for InFlash<T> {
    fn borrow(&self) -> &T {
        self.0
    }
}

impl<K: Kind> Domain for Small<K> {
    type ScheduleId = u16;
    type TaskId = u8;
    type JobId = (u16, u32);
    /// There is no other.
    type NodeId = ();
    type Source = u8;
    type Trigger = K::Fires;
    type Payload = u32;
    type Detail = u8;
    type Text = K::Text;
    type Exclusions = ();
    type Key = Infallible;
    type Tags = ();
    type Held<T: Clone + Debug + PartialEq + 'static> = K::Held<T>;
    type Settings = K::Settings;
    type Terms = K::Terms;
    type Fires<T: Clone + Debug + PartialEq> = K::Fired<T>;
    type Skips<T: Clone + Debug + PartialEq> = K::Skips<T>;
    type Chains<J: Room> = K::Chains<J>;
    type Cursor = K::Cursor;
    type Note<T: Notable> = K::Note<T>;

    const OFFER: Offer = K::OFFER;

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

/// An interval or a pattern. What was missed is found by bisection, which is less code.
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
}

/// An interval or a pattern, each with all that it can.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Counted(pub Fires);

impl Trigger for Counted {
    fn next_after(&self, t: Timestamp) -> Option<Timestamp> {
        self.0.next_after(t)
    }

    fn prev_before(&self, t: Timestamp) -> Option<Timestamp> {
        match &self.0 {
            Fires::Every(every) => every.prev_before(t),
            Fires::Cron(cron) => cron.prev_before(t),
        }
    }

    fn count_between(&self, after: Timestamp, until: Timestamp) -> Count {
        match &self.0 {
            Fires::Every(every) => every.count_between(after, until),
            Fires::Cron(cron) => cron.count_between(after, until),
        }
    }
}

/// The number of a zone in the table of the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Wall(pub u8);

impl TimeZone for Wall {
    fn zone(&self) -> Zone<'_> {
        Zone::posix(*black_box(&ZONES).get(usize::from(self.0)).unwrap_or(&UTC))
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
