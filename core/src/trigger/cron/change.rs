//! What clock changes do to a pattern, for people who want to know beforehand.

use super::Pattern;
use crate::civil::{DateTime, Offset};
use crate::time::Timestamp;
use crate::trigger::dst::{Dst, Fold, Gap};
use crate::zone::Zone;

/// A clock change that a pattern notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockChange {
    /// When clocks change.
    pub at: Timestamp,
    /// The offset until then.
    pub before: Offset,
    /// The offset from then on.
    pub after: Offset,
    /// The first matching time that clocks skip or show twice.
    pub wall: DateTime,
    /// The last one, perhaps the same.
    pub last: DateTime,
    /// What becomes of them.
    pub effect: Effect,
}

/// What becomes of the matching times that a clock change skips or repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// They do not exist, and do not fire.
    Skipped,
    /// They fire once, when the gap ends.
    AtEnd,
    /// They fire as much later as the gap is long.
    Shifted,
    /// They fire on the first pass only.
    First,
    /// They fire on the second pass only.
    Second,
    /// They fire on both passes.
    Doubled,
}

/// The clock changes that a pattern notices; made by [`CronIn`](super::CronIn::clock_changes).
#[derive(Clone, Copy, Debug)]
pub struct ClockChanges<'a, P> {
    pattern: &'a P,
    zone: Zone<'a>,
    dst: Dst,
    after: Timestamp,
    until: Timestamp,
}

impl<'a, P: Pattern> ClockChanges<'a, P> {
    pub(super) fn new(
        pattern: &'a P,
        zone: Zone<'a>,
        dst: Dst,
        after: Timestamp,
        until: Timestamp,
    ) -> Self {
        let dst = if pattern.flows() { Dst::LITERAL } else { dst };
        Self { pattern, zone, dst, after, until }
    }

    fn notice(&self, at: Timestamp) -> Option<ClockChange> {
        let after = self.zone.offset_at(at);
        let before = self.zone.offset_at(at - crate::time::Span::from_micros(1));
        let (old, new) = (i64::from(before.as_secs()), i64::from(after.as_secs()));
        let (start, end) = (at.as_secs() + old.min(new), at.as_secs() + old.max(new));
        let wall = self.pattern.next_local(start).filter(|&local| local < end)?;
        let last = self.pattern.prev_local(end - 1)?;
        let effect = match (old < new, self.dst.gap, self.dst.fold) {
            (true, Gap::Skip, _) => Effect::Skipped,
            (true, Gap::AtEnd, _) => Effect::AtEnd,
            (true, Gap::Shift, _) => Effect::Shifted,
            (false, _, Fold::First) => Effect::First,
            (false, _, Fold::Second) => Effect::Second,
            (false, _, Fold::Both) => Effect::Doubled,
        };
        let (wall, last) = (DateTime::from_secs(wall)?, DateTime::from_secs(last)?);
        Some(ClockChange { at, before, after, wall, last, effect })
    }
}

impl<P: Pattern> Iterator for ClockChanges<'_, P> {
    type Item = ClockChange;

    fn next(&mut self) -> Option<ClockChange> {
        loop {
            let at = self.zone.next_transition(self.after).filter(|&at| at <= self.until)?;
            self.after = at;
            if let Some(change) = self.notice(at) {
                return Some(change);
            }
        }
    }
}
