//! The domain of a device whose schedules are part of its program: they stay in flash, and memory
//! holds only where each of them stands.

use core::borrow::Borrow;
use core::fmt::Debug;
use core::marker::PhantomData;

use mainspring_core::domain::{Domain, Origin};
use mainspring_core::few::One;
use mainspring_core::note::Notable;
use mainspring_core::offer::Offer;
use mainspring_core::room::{Inline, Room};
use mainspring_core::schedule::{Policies, Spec};
use mainspring_core::settings::Terms;
use mainspring_core::time::Timestamp;
use mainspring_core::trigger::Trigger;

use crate::domain::{Device, Kind, NoKey, Small};
use crate::name::{JobId, Name};
use crate::timing::{Fires, Interval, Timing};

/// The domain of a device whose schedules are part of its program, and which goes without the
/// policies that it does not need.
///
/// What a [`Spec`] says stays in flash, as do the terms of jobs: a level of settings says
/// everything or nothing. Nothing can be put over a wire.
///
/// ```
/// use mainspring_core::schedule::Spec;
/// use mainspring_embassy::command::Command;
/// use mainspring_embassy::fixed::{Fixed, InProgram};
/// use mainspring_embassy::name::Name;
/// use mainspring_embassy::timing::Fires;
///
/// const BEAT: Spec<Fixed> = Spec {
///     payload: 7,
///     ..Fixed::spec(Name::of("beat"), Name::of("lamp"), Fires::every_secs(60))
/// };
/// let put: Command<Fixed> = Command::Put(InProgram(&BEAT));
/// # let _ = put;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fixed<K = Plain>(PhantomData<K>);

impl<K: Kind<Payload = u32>> Fixed<K> {
    /// A schedule for a `const` or a `static`, with the argument 0, the built-in policies and the
    /// settings of its task.
    #[must_use]
    pub const fn spec(id: Name, task: Name, fires: K::Fires) -> Spec<Self> {
        Spec {
            id,
            task,
            source: 0,
            trigger: fires,
            payload: 0,
            exclusions: (),
            policies: Policies::DEFAULT,
            settings: None,
            tags: None,
            paused: false,
        }
    }
}

/// Intervals, instants and patterns with the built-in policies, of which only the misfire grace may
/// differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Plain;

impl Kind for Plain {
    type Fires = Fires;
    type Payload = u32;

    type Fired<T: Clone + Debug + PartialEq> = One<T>;
    type Skips<T: Clone + Debug + PartialEq> = ();
    type Chains<J: Room> = Inline<0>;
    type Cursor = Option<Timestamp>;
    type Note<T: Notable> = ();

    const OFFER: Offer = PLAIN;
}

/// The same with intervals only, for a device that never learns the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PlainIntervals;

impl Kind for PlainIntervals {
    type Fires = Interval;
    type Payload = u32;

    type Fired<T: Clone + Debug + PartialEq> = One<T>;
    type Skips<T: Clone + Debug + PartialEq> = ();
    type Chains<J: Room> = Inline<0>;
    type Cursor = Option<Timestamp>;
    type Note<T: Notable> = ();

    const OFFER: Offer = PLAIN;
}

const PLAIN: Offer = Offer { misfire_grace: true, ..Offer::PLAIN };

/// A record in the program. Two are the same if they lie in the same place.
#[derive(Debug)]
pub struct InProgram<T: 'static>(pub &'static T);

impl<T> Clone for InProgram<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for InProgram<T> {}

impl<T> PartialEq for InProgram<T> {
    fn eq(&self, other: &Self) -> bool {
        core::ptr::eq(self.0, other.0)
    }
}

impl<T> Borrow<T> for InProgram<T> {
    fn borrow(&self) -> &T {
        self.0
    }
}

impl<K: Kind> Domain for Fixed<K> {
    type ScheduleId = Name;
    type TaskId = Name;
    type JobId = JobId;
    /// There is no other.
    type NodeId = ();
    type Source = u8;
    type Trigger = K::Fires;
    type Payload = K::Payload;
    type Detail = u32;
    type Text = ();
    type Exclusions = ();
    type Key = NoKey;
    type Tags = ();
    type Held<T: Clone + Debug + PartialEq + 'static> = InProgram<T>;
    type Settings = Option<&'static Terms>;
    type Terms = &'static Terms;
    type Fires<T: Clone + Debug + PartialEq> = K::Fired<T>;
    type Skips<T: Clone + Debug + PartialEq> = K::Skips<T>;
    type Chains<J: Room> = K::Chains<J>;
    type Cursor = K::Cursor;
    type Note<T: Notable> = K::Note<T>;

    const OFFER: Offer = K::OFFER;

    fn fire_job(schedule: &Name, at: Timestamp, origin: Origin) -> JobId {
        JobId::fire(*schedule, at, origin)
    }

    fn spread(schedule: &Name) -> u64 {
        Small::<K>::spread(schedule)
    }

    fn covers((): &(), (): &()) -> bool {
        true
    }
}

impl<K: Kind> Device for Fixed<K> {
    const NODE: () = ();
    const CLOCK: () = ();

    type Plan = Planned<K::Fires>;

    fn plan(spec: &InProgram<Spec<Self>>, cursor: Timestamp) -> Self::Plan {
        Planned { fires: &spec.0.trigger, cursor }
    }

    fn first(trigger: &K::Fires, now: Timestamp) -> Option<Timestamp> {
        trigger.first(now)
    }

    fn follows_clock(trigger: &K::Fires) -> bool {
        trigger.follows_clock()
    }
}

/// A trigger in the program, and a cursor that it is planned from. What was missed is found by
/// bisection, which is less code than searching backwards.
#[derive(Debug)]
pub struct Planned<F: 'static> {
    fires: &'static F,
    cursor: Timestamp,
}

impl<F> Clone for Planned<F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F> Copy for Planned<F> {}

impl<F: Timing> Trigger for Planned<F> {
    fn next_after(&self, t: Timestamp) -> Option<Timestamp> {
        self.fires.plan(self.cursor).next_after(t)
    }
}
