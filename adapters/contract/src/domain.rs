//! The stored domain: the types that every server-side store keeps.

use core::fmt;

use mainspring_core::domain::{Domain, Origin};
use mainspring_core::settings::{Settings, Terms};
use mainspring_core::time::Timestamp;
use uuid::Uuid;

use crate::encoded::Encoded;
use crate::name::{Key, NodeId, ScheduleId, Source, TaskId};
use crate::tags::Tags;

/// Texts as ids, UUIDs for jobs, encoded bytes for triggers and payloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stored;

impl Domain for Stored {
    type ScheduleId = ScheduleId;
    type TaskId = TaskId;
    type JobId = JobId;
    type NodeId = NodeId;
    type Source = Source;
    type Trigger = Encoded;
    type Payload = Encoded;
    type Detail = Detail;
    type Text = String;
    /// `None` excludes nothing.
    type Exclusions = Option<Encoded>;
    type Key = Key;
    type Tags = Tags;
    type Held<T: Clone + fmt::Debug + PartialEq + 'static> = T;
    type Settings = Settings;
    type Terms = Terms;
    type Fires<T: Clone + fmt::Debug + PartialEq> = mainspring_core::fire::Several<T>;
    type Skips<T: Clone + fmt::Debug + PartialEq> = mainspring_core::fire::Skips<T>;
    type Chains<J: mainspring_core::room::Room> = J;
    type Cursor = mainspring_core::schedule::Next;
    type Note<T: mainspring_core::note::Notable> = T;

    fn fire_job(schedule: &ScheduleId, at: Timestamp, origin: Origin) -> JobId {
        JobId::derived(schedule, at, origin)
    }

    /// FNV-1a of the name's bytes.
    fn spread(schedule: &ScheduleId) -> u64 {
        schedule.as_str().bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        })
    }

    fn covers(offered: &Tags, needed: &Tags) -> bool {
        offered.covers(needed)
    }
}

/// Names a job: a UUID whose first 48 bits are its time, so that new jobs lie together in an
/// index.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(Uuid);

impl JobId {
    /// An id for a job that is queued at `now` (RFC 9562, version 7).
    ///
    /// `random` must come from a good source: two jobs of the same millisecond differ by it only.
    pub fn queued(now: Timestamp, random: [u8; 10]) -> Self {
        Self(uuid::Builder::from_unix_timestamp_millis(millis(now), &random).into_uuid())
    }

    /// The id of the job that a schedule's fire becomes (RFC 9562, version 8): 48 bits of the
    /// fire's milliseconds since 1970, then the SHA-1 of schedule, microseconds and origin.
    ///
    /// ```
    /// use mainspring_contract::{JobId, ScheduleId};
    /// use mainspring_core::{domain::Origin, time::Timestamp};
    /// let schedule = ScheduleId::new("nightly")?;
    /// let id = JobId::derived(&schedule, Timestamp::UNIX_EPOCH, Origin::Fire);
    /// assert_eq!(id, JobId::derived(&schedule, Timestamp::UNIX_EPOCH, Origin::Fire));
    /// # Ok::<(), mainspring_contract::NameError>(())
    /// ```
    pub fn derived(schedule: &ScheduleId, at: Timestamp, origin: Origin) -> Self {
        let mut named = Vec::with_capacity(schedule.as_str().len() + 9);
        named.extend_from_slice(&at.as_micros().to_be_bytes());
        named.push(origin.code());
        named.extend_from_slice(schedule.as_str().as_bytes());
        let mut bytes = *Uuid::new_v5(&FIRES, &named).as_bytes();
        bytes[..6].copy_from_slice(&millis(at).to_be_bytes()[2..]);
        Self(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }

    /// The id with these bytes, as kept in a store.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// The bytes, as kept in a store: most significant first.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

/// Milliseconds since 1970 as an unsigned number; earlier instants share the number 0.
fn millis(at: Timestamp) -> u64 {
    u64::try_from(at.as_micros() / 1_000).unwrap_or(0)
}

/// The name space of fires' ids; drawn at random once.
const FIRES: Uuid = Uuid::from_u128(0x8f1c_51d2_4e0b_4b7a_9d37_2c66_a1e0_53f4);

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl fmt::Debug for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl core::str::FromStr for JobId {
    type Err = uuid::Error;
    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse().map(Self)
    }
}

/// What an attempt leaves behind besides its outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detail {
    /// What the task returned or wrote.
    pub output: Option<Encoded>,
    /// Why it failed, for people.
    pub error: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use mainspring_core::time::Span;

    #[test]
    fn a_fire_has_one_id_and_different_fires_have_different_ids() {
        let a = ScheduleId::new("a").expect("a name");
        let b = ScheduleId::new("b").expect("a name");
        let t = Timestamp::UNIX_EPOCH + Span::from_days(20_000);
        let id = JobId::derived(&a, t, Origin::Fire);
        assert_eq!(id, JobId::derived(&a, t, Origin::Fire));
        let others = [
            JobId::derived(&b, t, Origin::Fire),
            JobId::derived(&a, t, Origin::Queued),
            JobId::derived(&a, t + Span::from_micros(1), Origin::Fire),
        ];
        assert!(!others.contains(&id));
        assert_eq!(id.0.get_version_num(), 8);
        assert_eq!(id.to_string().parse::<JobId>(), Ok(id));
    }

    #[test]
    fn later_jobs_sort_after_earlier_ones() {
        let t = Timestamp::UNIX_EPOCH + Span::from_days(20_000);
        let early = JobId::queued(t, [0xff; 10]);
        let late = JobId::queued(t + Span::from_millis(1), [0; 10]);
        assert!(early < late && early.0.get_version_num() == 7);
    }
}
