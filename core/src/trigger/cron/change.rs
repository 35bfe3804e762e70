//! What clock changes do to a pattern or a calendar, for people who want to know beforehand.

use super::Pattern;
use crate::civil::{DateTime, Offset};
use crate::time::Timestamp;
use crate::trigger::calendar::Calendar;
use crate::trigger::dst::{Dst, Fold, Gap};
use crate::zone::Zone;

/// Wall-clock times that clocks may skip or show twice: those of a [`Pattern`] or a [`Calendar`].
///
/// Times are whole local seconds since 1970-01-01T00:00:00 on the wall clock.
pub trait WallTimes {
    /// The first time from `local` on.
    fn first_from(&self, local: i64) -> Option<i64>;

    /// The last time up to `local`.
    fn last_until(&self, local: i64) -> Option<i64>;

    /// Whether they follow elapsed time, whatever the policy; see [`Dst`].
    fn flow(&self) -> bool;
}

impl<P: Pattern> WallTimes for P {
    fn first_from(&self, local: i64) -> Option<i64> {
        self.next_local(local)
    }

    fn last_until(&self, local: i64) -> Option<i64> {
        self.prev_local(local)
    }

    fn flow(&self) -> bool {
        self.flows()
    }
}

impl WallTimes for Calendar {
    fn first_from(&self, local: i64) -> Option<i64> {
        self.next_local(local)
    }

    fn last_until(&self, local: i64) -> Option<i64> {
        self.prev_local(local)
    }

    fn flow(&self) -> bool {
        false
    }
}

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

/// The clock changes that a pattern notices; made by [`CronIn`](super::CronIn::clock_changes)
/// and [`CalendarIn`](crate::trigger::CalendarIn::clock_changes).
#[derive(Clone, Copy, Debug)]
pub struct ClockChanges<'a, P> {
    pattern: &'a P,
    zone: Zone<'a>,
    dst: Dst,
    after: Timestamp,
    until: Timestamp,
}

impl<'a, P: WallTimes> ClockChanges<'a, P> {
    pub(in crate::trigger) fn new(
        pattern: &'a P,
        zone: Zone<'a>,
        dst: Dst,
        after: Timestamp,
        until: Timestamp,
    ) -> Self {
        let dst = if pattern.flow() { Dst::LITERAL } else { dst };
        Self { pattern, zone, dst, after, until }
    }

    fn notice(&self, at: Timestamp) -> Option<ClockChange> {
        let after = self.zone.offset_at(at);
        let before = self.zone.offset_at(at - crate::time::Span::from_micros(1));
        let (old, new) = (i64::from(before.as_secs()), i64::from(after.as_secs()));
        let (start, end) = (at.as_secs() + old.min(new), at.as_secs() + old.max(new));
        let wall = self.pattern.first_from(start).filter(|&local| local < end)?;
        let last = self.pattern.last_until(end - 1)?;
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

impl<P: WallTimes> Iterator for ClockChanges<'_, P> {
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
