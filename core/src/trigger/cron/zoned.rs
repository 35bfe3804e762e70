//! The fires of a pattern on the clocks of a zone.
//!
//! The time line is cut into the zone's segments of constant offset. Each segment has its own
//! fires: the matching local times that it shows, less what the fold policy drops at its ends,
//! plus what the gap policy adds at its start. A segment's fires depend on it and its neighbours
//! only, and the answer is the nearest fire of the first segment that has one, so the sequence
//! increases strictly and does not depend on where it is entered.

use super::Pattern;
use crate::civil::Offset;
use crate::limits::COUNT_LIMIT;
use crate::time::Timestamp;
use crate::trigger::dst::{Dst, Fold, Gap};
use crate::zone::{MAX_SWING, Segment, Zone};

/// The first fire strictly after `t`.
pub(super) fn next_after(
    pattern: &impl Pattern,
    t: Timestamp,
    zone: &Zone<'_>,
    dst: Dst,
) -> Option<Timestamp> {
    let t = t.as_secs() + 1;
    let Some(offset) = zone.constant() else {
        return next_across(pattern, t, zone, dst);
    };
    let offset = i64::from(offset.as_secs());
    Timestamp::from_secs(pattern.next_local(t + offset)? - offset)
}

/// The last fire strictly before `t`.
pub(super) fn prev_before(
    pattern: &impl Pattern,
    t: Timestamp,
    zone: &Zone<'_>,
    dst: Dst,
) -> Option<Timestamp> {
    let t = t.as_secs() - i64::from(t.subsec_micros() == 0);
    let Some(offset) = zone.constant() else {
        return prev_across(pattern, t, zone, dst);
    };
    let offset = i64::from(offset.as_secs());
    Timestamp::from_secs(pattern.prev_local(t + offset)? - offset)
}

/// The first fire from the second `t` on, segment by segment. Out of line, so that zones of one
/// offset do not pay for the registers that this needs.
#[inline(never)]
fn next_across(pattern: &impl Pattern, mut t: i64, zone: &Zone<'_>, dst: Dst) -> Option<Timestamp> {
    let view = View::new(pattern, zone, dst);
    loop {
        match view.search(t, zone.segment(t)) {
            Found::Fire(at) => return Timestamp::from_secs(at),
            Found::Beyond(at) if at <= Timestamp::MAX.as_secs() => t = at,
            Found::Beyond(_) | Found::Never => return None,
        }
    }
}

/// The last fire up to the second `t`, segment by segment.
#[inline(never)]
fn prev_across(pattern: &impl Pattern, mut t: i64, zone: &Zone<'_>, dst: Dst) -> Option<Timestamp> {
    let view = View::new(pattern, zone, dst);
    loop {
        match view.search_back(t, zone.segment(t)) {
            Found::Fire(at) => return Timestamp::from_secs(at),
            Found::Beyond(at) if at >= Timestamp::MIN.as_secs() => t = at,
            Found::Beyond(_) | Found::Never => return None,
        }
    }
}

enum Found {
    Fire(i64),
    /// No fire in this segment, nor in others on the near side of this instant.
    Beyond(i64),
    Never,
}

/// How far local time can be from UTC.
const REACH: i64 = Offset::MAX_SECS as i64;

pub(super) struct View<'a, P> {
    pattern: &'a P,
    zone: &'a Zone<'a>,
    dst: Dst,
}

impl<'a, P: Pattern> View<'a, P> {
    pub(super) fn new(pattern: &'a P, zone: &'a Zone<'a>, dst: Dst) -> Self {
        let dst = if pattern.flows() { Dst::LITERAL } else { dst };
        Self { pattern, zone, dst }
    }

    fn search(&self, t: i64, segment: Segment) -> Found {
        let offset = i64::from(segment.offset.as_secs());
        let mut local = t + offset;
        let mut extra = None;
        if self.dst != Dst::LITERAL && t.saturating_sub(segment.from) <= MAX_SWING {
            let start = segment.from + self.offset_before(segment);
            if start < segment.from + offset {
                extra = self.in_gap(t, start, segment);
            } else if self.dst.fold == Fold::First {
                // Up to `start`, the earlier segment has shown these local times already.
                local = local.max(start);
            }
        }
        let matching = self.pattern.next_local(local);
        if let Some(matching) = matching {
            let at = matching - offset;
            if let Some(extra) = extra.filter(|&extra| extra <= at) {
                return Found::Fire(extra);
            }
            if at < segment.until && at < self.second_pass(at, segment) {
                return Found::Fire(at);
            }
        } else if let Some(extra) = extra {
            return Found::Fire(extra);
        }
        if segment.until == i64::MAX {
            return Found::Never;
        }
        // No local time from `local` to `matching` matches. A fold may show earlier ones again, but
        // not if the segment still lasts longer than any fold; then segments may be stepped over.
        if segment.until - REACH < local {
            return Found::Beyond(segment.until);
        }
        matching.map_or(Found::Never, |matching| Found::Beyond(segment.until.max(matching - REACH)))
    }

    fn search_back(&self, t: i64, segment: Segment) -> Found {
        let offset = i64::from(segment.offset.as_secs());
        let local = (t + offset).min(self.second_pass(t, segment) - 1 + offset);
        let matching = self.pattern.prev_local(local);
        let mut fire = matching.map(|local| local - offset).filter(|&at| at >= segment.from);
        let near = fire.is_none_or(|fire| fire.saturating_sub(segment.from) <= MAX_SWING);
        if self.dst != Dst::LITERAL && segment.from != i64::MIN && near {
            let start = segment.from + self.offset_before(segment);
            if start < segment.from + offset {
                fire = fire.max(self.in_gap_back(t, start, segment));
            } else if self.dst.fold == Fold::First {
                fire = fire.filter(|fire| fire + offset >= start);
            }
        }
        if let Some(fire) = fire {
            return Found::Fire(fire);
        }
        if segment.from == i64::MIN {
            return Found::Never;
        }
        // As in `search`, mirrored.
        if segment.from + REACH > local {
            return Found::Beyond(segment.from - 1);
        }
        matching.map_or(Found::Never, |matching| {
            Found::Beyond((segment.from - 1).min(matching + REACH))
        })
    }

    /// How many fires lie between two instants of a segment, both included; `None` if the pattern
    /// cannot count, or only one by one.
    pub(super) fn count(&self, first: i64, last: i64, segment: Segment) -> Option<u64> {
        let offset = i64::from(segment.offset.as_secs());
        let (mut low, mut high) = (first + offset, last + offset);
        let mut added = 0;
        if self.dst != Dst::LITERAL {
            if self.dst.fold == Fold::Second && segment.until != i64::MAX {
                let after = i64::from(self.zone.segment(segment.until).offset.as_secs());
                high = high.min(segment.until + after - 1);
            }
            if segment.from != i64::MIN {
                let start = segment.from + self.offset_before(segment);
                if start < segment.from + offset {
                    added = self.count_in_gap((first, last), start, segment, high)?;
                } else if self.dst.fold == Fold::First {
                    low = low.max(start);
                }
            }
        }
        Some(self.pattern.count_local(low, high)? + added)
    }

    /// How many fires a gap adds between two instants, besides those on matching local times up to
    /// `high`.
    fn count_in_gap(
        &self,
        (first, last): (i64, i64),
        start: i64,
        segment: Segment,
        high: i64,
    ) -> Option<u64> {
        let offset = i64::from(segment.offset.as_secs());
        let is_shown = |at: i64| {
            let local = at + offset;
            local <= high && self.pattern.next_local(local) == Some(local)
        };
        let mut count = 0;
        let mut from = first;
        while let Some(at) = self.in_gap(from, start, segment).filter(|&at| at <= last) {
            if count == COUNT_LIMIT {
                return None;
            }
            count += u64::from(!is_shown(at));
            from = at + 1;
        }
        Some(count)
    }

    fn offset_before(&self, segment: Segment) -> i64 {
        i64::from(self.zone.segment(segment.from - 1).offset.as_secs())
    }

    /// The earliest fire at or after `t` that a gap adds to the segment after it. The gap begins
    /// at the local time `start`.
    fn in_gap(&self, t: i64, start: i64, segment: Segment) -> Option<i64> {
        let end = segment.from + i64::from(segment.offset.as_secs());
        match self.dst.gap {
            Gap::Skip => None,
            Gap::AtEnd if t > segment.from => None,
            Gap::AtEnd => {
                self.pattern.next_local(start).filter(|&local| local < end).map(|_| segment.from)
            }
            Gap::Shift => {
                // A skipped local time is as far after `start` as its fire is after the gap.
                let local = self.pattern.next_local(start + (t - segment.from))?;
                let at = segment.from + (local - start);
                (local < end && at < segment.until).then_some(at)
            }
        }
    }

    /// The latest fire at or before `t` that a gap adds.
    fn in_gap_back(&self, t: i64, start: i64, segment: Segment) -> Option<i64> {
        let end = segment.from + i64::from(segment.offset.as_secs());
        match self.dst.gap {
            Gap::Skip => None,
            Gap::AtEnd => self.in_gap(segment.from, start, segment),
            Gap::Shift => {
                let last = t.min(segment.until - 1) - segment.from + start;
                let local = self.pattern.prev_local(last.min(end - 1))?;
                (local >= start).then(|| segment.from + (local - start))
            }
        }
    }

    /// From when on the policy leaves the segment's local times to a second pass, as far as that
    /// may concern `at`; never, unless it is near the segment's end.
    fn second_pass(&self, at: i64, segment: Segment) -> i64 {
        if self.dst.fold != Fold::Second || segment.until.saturating_sub(at) > MAX_SWING {
            return i64::MAX / 2;
        }
        let after = i64::from(self.zone.segment(segment.until).offset.as_secs());
        segment.until + (after - i64::from(segment.offset.as_secs()))
    }
}
