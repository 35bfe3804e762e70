//! A zone that owns its transitions.

extern crate alloc;

use alloc::boxed::Box;
use alloc::vec;

use super::{Rule, TimeZone, Transition, Zone, tzif};
use crate::civil::Offset;

/// The transitions of a zone in a box, and the rule after them.
///
/// ```
/// use mainspring_core::zone::{OwnedZone, Rule, TimeZone};
/// let zone = OwnedZone::from(Rule::parse("JST-9").unwrap());
/// assert_eq!(zone.zone().offset_at("2026-01-01T00:00:00Z".parse().unwrap()).as_secs(), 32_400);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedZone {
    before: Offset,
    transitions: Box<[Transition]>,
    rule: Rule,
}

impl OwnedZone {
    /// Reads a TZif file. The rule at its end is written out up to the year 2100, so that the
    /// usual lookup is a search in a table.
    ///
    /// # Errors
    /// [`TzifError`](tzif::TzifError), if the bytes are not a usable TZif file.
    pub fn from_tzif(bytes: &[u8]) -> Result<Self, tzif::TzifError> {
        let mut storage = vec![Transition::default(); tzif::transition_count(bytes)?];
        let (before, used, rule) = tzif::fill(bytes, &mut storage)?;
        storage.truncate(used);
        if rule.has_daylight_saving()
            && let Some(mut at) = storage.last().map(|last| last.at)
        {
            let tail = Zone::posix(rule);
            // The rule decides from the last transition on, whatever offset the file gives it.
            if let Some(last) = storage.last_mut() {
                last.offset = tail.segment(at.max(FIRST_YEAR)).offset;
            }
            at = at.max(FIRST_YEAR);
            while at < WRITTEN_OUT {
                at = tail.segment(at).until;
                storage.push(Transition { at, offset: tail.segment(at).offset });
            }
        }
        Ok(Self { before, transitions: storage.into_boxed_slice(), rule })
    }
}

/// 0001-01-01, before which no timestamp lies.
const FIRST_YEAR: i64 = crate::time::Timestamp::MIN.as_secs();
/// 2100-01-01: beyond it the rule is evaluated instead of looked up.
const WRITTEN_OUT: i64 = 4_102_444_800;

impl From<Rule> for OwnedZone {
    fn from(rule: Rule) -> Self {
        Self { before: Offset::UTC, transitions: Box::default(), rule }
    }
}

impl TimeZone for OwnedZone {
    fn zone(&self) -> Zone<'_> {
        Zone { before: self.before, transitions: &self.transitions, rule: self.rule }
    }
}

#[cfg(target_has_atomic = "ptr")]
impl<T: TimeZone + ?Sized> TimeZone for alloc::sync::Arc<T> {
    fn zone(&self) -> Zone<'_> {
        (**self).zone()
    }

    fn name(&self) -> Option<&str> {
        (**self).name()
    }
}
