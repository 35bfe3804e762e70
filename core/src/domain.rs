//! The types that an application of the engine chooses: ids, payloads, stored triggers.

use core::borrow::Borrow;
use core::fmt::Debug;
use core::hash::Hash;

use crate::few::Few;
use crate::note::{Cursor, Notable, Note};
use crate::offer::Offer;
use crate::room::Room;
use crate::settings::{Level, Terms};
use crate::time::Timestamp;

/// One choice of types for everything that the engine stores and passes on but never looks into.
///
/// A server uses strings, UUIDs and encoded bytes; firmware uses `u16` and inline values. All
/// records, requests and machines are generic over it, so that both run the same code.
pub trait Domain: Copy + Debug + Eq + Hash + 'static {
    /// Names a schedule.
    type ScheduleId: Clone + Debug + Eq + Ord + Hash;
    /// Names a task.
    type TaskId: Clone + Debug + Eq + Ord + Hash;
    /// Names a job.
    type JobId: Clone + Debug + Eq + Ord + Hash;
    /// Names a node: one process or device that plans or works.
    type NodeId: Clone + Debug + Eq;
    /// Says where a schedule was written down: code, a file, a person.
    type Source: Clone + Debug + Eq;
    /// A trigger as it is stored. A machine works with the decoded trigger.
    type Trigger: Clone + Debug + PartialEq;
    /// The arguments of a job.
    type Payload: Clone + Debug + PartialEq;
    /// What an attempt leaves behind besides its outcome: a result, an error text.
    type Detail: Clone + Debug + PartialEq;
    /// A short text for people, such as the reason of a quarantine.
    type Text: Clone + Debug + PartialEq;
    /// Stretches of time in which a schedule does not fire, as they are stored; the default is
    /// none. `()` if there are none in this domain.
    type Exclusions: Clone + Debug + Default + PartialEq;
    /// What keeps jobs that stand for the same thing from being queued twice. A domain that does
    /// without takes [`Infallible`](core::convert::Infallible), which takes no room.
    type Key: Clone + Debug + Eq + Hash;
    /// What a worker must offer to run a job, such as a region or a device. `()` if there is no
    /// such thing in this domain. The default asks for nothing.
    type Tags: Clone + Debug + Default + Eq + Ord + Hash;
    /// How a record that a person wrote is kept: as itself on a server, as a reference on a device
    /// where it lies in flash.
    type Held<T: Clone + Debug + PartialEq + 'static>: Borrow<T> + Clone + Debug + PartialEq;
    /// What one level says about how jobs run: [`Settings`](crate::settings::Settings) or less.
    type Settings: Level<Self::Terms>;
    /// What has been decided of it for a job: [`Terms`], or where they lie.
    type Terms: Borrow<Terms> + Copy + Debug + PartialEq;

    /// The list of what becomes a job by one decision: a [`Several`](crate::fire::Several), or
    /// [`One`](crate::few::One) where neither all of several due fires nor a record of skips is
    /// offered.
    type Fires<T: Clone + Debug + PartialEq>: Few<T>;
    /// The list of what does not: [`Skips`](crate::fire::Skips), or `()` where none are recorded.
    type Skips<T: Clone + Debug + PartialEq>: Few<T>;
    /// The room for schedules that have jobs, in a ledger with room `J` for jobs: the same, or
    /// `Inline<0>` where the [`Offer`] has neither overlap nor fixed delays.
    type Chains<J: Room>: Room;
    /// How a schedule's cursor is kept: [`Next`](crate::schedule::Next), or an
    /// `Option<Timestamp>` where [`after_run`](Offer::after_run) is not offered.
    type Cursor: Cursor;
    /// What a plain domain goes without, as a schedule's [number of
    /// fires](crate::schedule::Schedule::fired): `T`, or [`()`](crate::note) where the offer has
    /// no policy besides `misfire_grace`, no store that is `remote`, and nobody has keys.
    type Note<T: Notable>: Note<T>;

    /// What schedules and jobs of this domain may ask for. A device goes without the code for what
    /// it rules out.
    const OFFER: Offer = Offer::EVERYTHING;

    /// The id of the job that a schedule's fire becomes.
    ///
    /// Must depend on the arguments only and differ whenever they differ: this is what keeps one
    /// fire from becoming two jobs.
    fn fire_job(schedule: &Self::ScheduleId, at: Timestamp, origin: Origin) -> Self::JobId;

    /// A number for a schedule, the same on every node and after every restart, by which
    /// [stable jitter](crate::schedule::Spread::Stable) spreads schedules.
    fn spread(schedule: &Self::ScheduleId) -> u64;

    /// Whether a worker that offers these tags may run a job that needs those.
    fn covers(offered: &Self::Tags, needed: &Self::Tags) -> bool;
}

/// A domain whose types can be written down and read back: what the records of the engine need for
/// that. Every domain that can is one.
#[cfg(feature = "serde")]
pub trait SerdeDomain:
    Domain<
        ScheduleId: Kept,
        TaskId: Kept,
        JobId: Kept,
        NodeId: Kept,
        Source: Kept,
        Trigger: Kept,
        Payload: Kept,
        Detail: Kept,
        Text: Kept,
        Exclusions: Kept,
        Key: Kept,
        Tags: Kept,
        Settings: Kept,
        Terms: Kept,
        Cursor: Kept,
        Note<u16>: Kept,
        Note<u32>: Kept,
        Note<Timestamp>: Kept,
        Note<Option<Timestamp>>: Kept,
    >
{
}

#[cfg(feature = "serde")]
impl<D> SerdeDomain for D where
    D: Domain<
            ScheduleId: Kept,
            TaskId: Kept,
            JobId: Kept,
            NodeId: Kept,
            Source: Kept,
            Trigger: Kept,
            Payload: Kept,
            Detail: Kept,
            Text: Kept,
            Exclusions: Kept,
            Key: Kept,
            Tags: Kept,
            Settings: Kept,
            Terms: Kept,
            Cursor: Kept,
            Note<u16>: Kept,
            Note<u32>: Kept,
            Note<Timestamp>: Kept,
            Note<Option<Timestamp>>: Kept,
        >
{
}

/// Can be written down and read back. Everything that can is.
#[cfg(feature = "serde")]
pub trait Kept: serde::Serialize + serde::de::DeserializeOwned {}

#[cfg(feature = "serde")]
impl<T: serde::Serialize + serde::de::DeserializeOwned> Kept for T {}

/// How a job came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Origin {
    /// A schedule came due.
    Fire,
    /// Somebody queued it, without any schedule.
    Queued,
    /// Somebody asked for a schedule to run now.
    Manual,
    /// Somebody asked for a schedule's fires of a past range.
    Backfill,
}

impl Origin {
    /// Every origin, in the order of their codes.
    pub const ALL: [Self; 4] = [Self::Fire, Self::Queued, Self::Manual, Self::Backfill];

    /// The number kept in stores; it never changes its meaning.
    pub const fn code(self) -> u8 {
        match self {
            Self::Fire => 0,
            Self::Queued => 1,
            Self::Manual => 2,
            Self::Backfill => 3,
        }
    }

    /// The origin with this code, or `None` if this program knows none.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|origin| origin.code() == code)
    }

    /// The word for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fire => "fire",
            Self::Queued => "queued",
            Self::Manual => "manual",
            Self::Backfill => "backfill",
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::settings::Settings;

    /// The smallest domain: numbers for everything.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub(crate) struct Numbers;

    impl Domain for Numbers {
        type ScheduleId = u16;
        type TaskId = u16;
        type JobId = u64;
        type NodeId = u8;
        type Source = u8;
        type Trigger = u32;
        type Payload = u32;
        type Detail = u32;
        type Text = &'static str;
        /// One excluded stretch: its first and the first second after it.
        type Exclusions = Option<(u32, u32)>;
        type Key = u16;
        /// A bit for each tag.
        type Tags = u8;
        type Held<T: Clone + Debug + PartialEq + 'static> = T;
        type Settings = Settings;
        type Terms = Terms;
        type Fires<T: Clone + Debug + PartialEq> = crate::fire::Several<T>;
        type Skips<T: Clone + Debug + PartialEq> = crate::fire::Skips<T>;
        type Chains<J: Room> = J;
        type Cursor = crate::schedule::Next;
        type Note<T: Notable> = T;

        fn fire_job(schedule: &u16, at: Timestamp, origin: Origin) -> u64 {
            let micros = u64::try_from(at.as_micros()).unwrap_or(0);
            micros << 18 | u64::from(*schedule) << 2 | u64::from(origin.code())
        }

        fn spread(schedule: &u16) -> u64 {
            u64::from(*schedule).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        }

        fn covers(offered: &u8, needed: &u8) -> bool {
            needed & !offered == 0
        }
    }

    #[test]
    fn every_origin_has_a_code_of_its_own() {
        for origin in Origin::ALL {
            assert_eq!(Origin::from_code(origin.code()), Some(origin));
        }
        assert_eq!(Origin::from_code(200), None);
    }
}
