//! What schedules, tasks and jobs are called on a device: numbers that stand for names.

use core::fmt;

use mainspring_core::domain::Origin;
use mainspring_core::time::Timestamp;

/// A name, of which only a number is kept: every place that spells it alike has the same one, the
/// firmware, the command line on the host and the device itself.
///
/// The number is the FNV-1a hash of the text (Fowler, Noll and Vo, 32 bits). Two names of one
/// device share a number with a chance of one in four billion; `mainspring firmware encode` refuses
/// a file in which two do.
///
/// ```
/// use mainspring_embassy::name::Name;
/// const BLINK: Name = Name::of("blink");
/// assert_eq!(BLINK, Name::of("blink"));
/// assert_ne!(BLINK, Name::of("blank"));
/// assert_eq!(BLINK.to_string(), "07617589");
/// ```
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Name(u32);

impl Name {
    /// The number that stands for this text.
    pub const fn of(text: &str) -> Self {
        Self(hash(text.as_bytes()))
    }

    /// The number itself.
    pub const fn number(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Name {
    /// Eight hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a job is called: the schedule and the instant that it stands for, or what its owner chose.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct JobId {
    of: Name,
    /// In halves, so that no padding follows.
    high: u32,
    low: u32,
}

impl JobId {
    /// The job that a schedule's fire becomes.
    pub const fn fire(schedule: Name, at: Timestamp, origin: Origin) -> Self {
        // The years 1 to 9999 leave the upper bits free.
        let number = (at.as_micros() << 2 | origin.code() as i64).cast_unsigned();
        Self::with(schedule, number)
    }

    /// The job that somebody queues by hand; asking twice for the same number adds one job, as long
    /// as the first one is not over.
    pub const fn queued(task: Name, number: u32) -> Self {
        Self::with(task, QUEUED | number as u64)
    }

    #[expect(clippy::cast_possible_truncation, reason = "two halves are made of it")]
    const fn with(of: Name, number: u64) -> Self {
        Self { of, high: (number >> 32) as u32, low: number as u32 }
    }
}

/// FNV-1a with 32 bits.
pub(crate) const fn hash(bytes: &[u8]) -> u32 {
    hash_on(0x811c_9dc5, bytes)
}

/// The hash of whatever this is the hash of, and of these bytes behind it.
pub(crate) const fn hash_on(mut hash: u32, bytes: &[u8]) -> u32 {
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u32).wrapping_mul(0x0100_0193);
        at += 1;
    }
    hash
}

/// No instant has this number.
const QUEUED: u64 = 1 << 63;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_of_different_fires_have_different_names() {
        let name = Name::of("a");
        let instants = [Timestamp::MIN, Timestamp::UNIX_EPOCH, Timestamp::MAX];
        let mut ids = [JobId::queued(name, 0); 13];
        ids[0] = JobId::queued(name, u32::MAX);
        for (index, at) in instants.into_iter().enumerate() {
            for (turn, origin) in Origin::ALL.into_iter().enumerate() {
                ids[1 + index * 4 + turn] = JobId::fire(name, at, origin);
            }
        }
        for (index, id) in ids.iter().enumerate() {
            assert!(ids[..index].iter().all(|other| other != id));
        }
    }
}
