//! A single instant.

use core::fmt;

use super::{Count, Trigger};
use crate::time::Timestamp;

/// Fires once, at this instant.
///
/// ```
/// use mainspring_core::{time::Timestamp, trigger::{At, Trigger}};
/// let eve: Timestamp = "2026-12-24T18:00:00+01:00".parse().unwrap();
/// assert_eq!(At(eve).next_after(Timestamp::UNIX_EPOCH), Some(eve));
/// assert_eq!(At(eve).next_after(eve), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct At(
    /// The instant.
    pub Timestamp,
);

impl Trigger for At {
    fn next_after(&self, t: Timestamp) -> Option<Timestamp> {
        (self.0 > t).then_some(self.0)
    }

    fn prev_before(&self, t: Timestamp) -> Option<Timestamp> {
        (self.0 < t).then_some(self.0)
    }

    fn count_between(&self, after: Timestamp, until: Timestamp) -> Count {
        Count::Exact(u64::from(after < self.0 && self.0 <= until))
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "once, at {}", self.0)
    }
}
