//! The types that firmware chooses, and what the pump has to know of them.

use core::fmt::Debug;
use core::hash::Hash;
use core::marker::PhantomData;

use mainspring_core::domain::{Domain, Kept, Origin};
use mainspring_core::few::Few;
use mainspring_core::fire::{Several, Skips};
use mainspring_core::note::{Cursor, Notable, Note};
use mainspring_core::offer::Offer;
use mainspring_core::room::Room;
use mainspring_core::schedule::{Next, Spec};
use mainspring_core::settings::{Settings, Terms};
use mainspring_core::time::Timestamp;
use mainspring_core::trigger::Trigger;
use serde::{Deserialize, Serialize};

use crate::name::{JobId, Name};
use crate::timing::{Fires, Interval, Timing};

/// A domain that the pump can drive. [`Small`] and [`Fixed`](crate::fixed::Fixed) are.
pub trait Device: Domain<Tags = (), Detail = u32> {
    /// The device, as its ledger knows it.
    const NODE: Self::NodeId;
    /// Whoever holds schedules until the time is known. It may be the same.
    const CLOCK: Self::NodeId;

    /// A trigger as the planner asks it.
    type Plan: Trigger + Clone + Debug;

    /// The trigger of a schedule whose cursor is there.
    fn plan(spec: &Self::Held<Spec<Self>>, cursor: Timestamp) -> Self::Plan;

    /// The first fire of a schedule that is new at `now`.
    fn first(trigger: &Self::Trigger, now: Timestamp) -> Option<Timestamp>;

    /// Whether the trigger means places on the wall clock.
    fn follows_clock(trigger: &Self::Trigger) -> bool;
}

/// The domain of a small device: numbers for names, triggers by value, and nothing that only many
/// nodes need.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Small<K = Usual>(PhantomData<K>);

/// What differs between small devices.
pub trait Kind: Copy + Debug + Eq + Hash + 'static {
    /// What schedules fire by.
    type Fires: Timing + Kept;
    /// The arguments of a job.
    type Payload: Clone + Debug + PartialEq + Kept;

    /// The list of the [fires](Domain::Fires) of one decision.
    type Fired<T: Clone + Debug + PartialEq>: Few<T>;
    /// The list of its [skips](Domain::Skips).
    type Skips<T: Clone + Debug + PartialEq>: Few<T>;
    /// The [room](Domain::Chains) for schedules that have jobs.
    type Chains<J: Room>: Room;
    /// How the [cursor](Domain::Cursor) of a schedule in the program is kept.
    type Cursor: Cursor;
    /// What is [noted](Domain::Note) besides of schedules in the program and their jobs.
    type Note<T: Notable>: Note<T>;

    /// What its schedules may ask for. A device goes without the code for what it rules out.
    const OFFER: Offer = Offer::EVERYTHING;
}

/// Intervals, instants and patterns; a number as arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Usual;

impl Kind for Usual {
    type Fires = Fires;
    type Payload = u32;
    type Fired<T: Clone + Debug + PartialEq> = Several<T>;
    type Skips<T: Clone + Debug + PartialEq> = Skips<T>;
    type Chains<J: Room> = J;
    type Cursor = Next;
    type Note<T: Notable> = T;
}

/// Intervals only, for a device that never learns the time: patterns and zones stay out of its
/// flash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Intervals;

impl Kind for Intervals {
    type Fires = Interval;
    type Payload = u32;
    type Fired<T: Clone + Debug + PartialEq> = Several<T>;
    type Skips<T: Clone + Debug + PartialEq> = Skips<T>;
    type Chains<J: Room> = J;
    type Cursor = Next;
    type Note<T: Notable> = T;
}

/// No two jobs of a small device hold one key: there are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum NoKey {}

impl<K: Kind> Domain for Small<K> {
    type ScheduleId = Name;
    type TaskId = Name;
    type JobId = JobId;
    type NodeId = u8;
    type Source = u8;
    type Trigger = K::Fires;
    type Payload = K::Payload;
    type Detail = u32;
    type Text = ();
    type Exclusions = ();
    type Key = NoKey;
    type Tags = ();
    type Held<T: Clone + Debug + PartialEq + 'static> = T;
    type Settings = Settings;
    type Terms = Terms;
    type Fires<T: Clone + Debug + PartialEq> = K::Fired<T>;
    type Skips<T: Clone + Debug + PartialEq> = K::Skips<T>;
    type Chains<J: Room> = K::Chains<J>;
    type Cursor = Next;
    /// A journal goes by them.
    type Note<T: Notable> = T;

    const OFFER: Offer = K::OFFER;

    fn fire_job(schedule: &Name, at: Timestamp, origin: Origin) -> JobId {
        JobId::fire(*schedule, at, origin)
    }

    /// Multiplied, because spreading looks at all bits.
    fn spread(schedule: &Name) -> u64 {
        u64::from(schedule.number()).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    fn covers((): &(), (): &()) -> bool {
        true
    }
}

impl<K: Kind> Device for Small<K> {
    const NODE: u8 = 0;
    const CLOCK: u8 = 1;

    type Plan = <K::Fires as Timing>::Plan;

    fn plan(spec: &Spec<Self>, cursor: Timestamp) -> Self::Plan {
        spec.trigger.plan(cursor)
    }

    fn first(trigger: &K::Fires, now: Timestamp) -> Option<Timestamp> {
        trigger.first(now)
    }

    fn follows_clock(trigger: &K::Fires) -> bool {
        trigger.follows_clock()
    }
}
