//! The fires of a pattern on the clocks of a zone.
//!
//! The time line is cut into the zone's segments of constant offset. Each segment has its own
//! fires: the matching local times that it shows, less what the fold policy drops at its ends,
//! plus what the gap policy adds at its start. A segment's fires depend on it and its neighbours
//! only, and the answer is the earliest fire of the first segment that has one, so the sequence
//! increases strictly and does not depend on where it is entered.

use super::Cron;
use crate::civil::Offset;
use crate::trigger::dst::{Dst, Fold, Gap};
use crate::zone::{MAX_SWING, Segment, Zone};

/// The first fire at or after the second `t`.
pub(super) fn next_from(cron: &Cron, t: i64, zone: &Zone<'_>, dst: Dst) -> Option<i64> {
    let dst = if cron.flows { Dst::LITERAL } else { dst };
    let mut t = t;
    loop {
        let segment = zone.segment(t);
        match search(cron, t, zone, dst, segment) {
            Found::Fire(at) => return Some(at),
            Found::NotBefore(at) => t = at,
            Found::Never => return None,
        }
    }
}

enum Found {
    Fire(i64),
    /// No fire in this segment, nor before this instant in later ones.
    NotBefore(i64),
    Never,
}

fn search(cron: &Cron, t: i64, zone: &Zone<'_>, dst: Dst, segment: Segment) -> Found {
    let offset = i64::from(segment.offset.as_secs());
    let mut local = t + offset;
    let mut extra = None;
    if dst != Dst::LITERAL && segment.from != i64::MIN && t - segment.from <= MAX_SWING {
        let before = i64::from(zone.segment(segment.from - 1).offset.as_secs());
        let (gap_start, gap_end) = (segment.from + before, segment.from + offset);
        if gap_start < gap_end {
            extra = in_gap(cron, t, dst.gap, segment, gap_start..gap_end);
        } else if dst.fold == Fold::First {
            // Up to `gap_start`, the earlier segment has shown these local times already.
            local = local.max(gap_start);
        }
    }
    let Some(matching) = cron.next_local(local) else {
        return extra.map_or(Found::Never, Found::Fire);
    };
    let at = matching - offset;
    if let Some(extra) = extra.filter(|&extra| extra <= at) {
        return Found::Fire(extra);
    }
    if at < segment.until && !is_first_pass(at, zone, dst, segment) {
        return Found::Fire(at);
    }
    if segment.until == i64::MAX {
        return Found::Never;
    }
    // No local time from `local` to `matching` matches. A fold may show earlier ones again, but
    // not if the segment still lasts longer than any fold; then whole segments may be stepped over.
    let reach = i64::from(Offset::MAX_SECS);
    let again = segment.until - reach < local;
    Found::NotBefore(if again { segment.until } else { segment.until.max(matching - reach) })
}

/// The earliest fire at or after `t` that the gap at the start of `segment` adds to it.
fn in_gap(
    cron: &Cron,
    t: i64,
    policy: Gap,
    segment: Segment,
    gap: core::ops::Range<i64>,
) -> Option<i64> {
    match policy {
        Gap::Skip => None,
        Gap::AtEnd if t > segment.from => None,
        Gap::AtEnd => {
            cron.next_local(gap.start).filter(|&local| local < gap.end).map(|_| segment.from)
        }
        Gap::Shift => {
            // A skipped local time is as far after `gap.start` as its fire is after the gap.
            let local = cron.next_local(gap.start + (t - segment.from))?;
            let at = segment.from + (local - gap.start);
            (local < gap.end && at < segment.until).then_some(at)
        }
    }
}

/// Whether the policy leaves the local time shown at `at` to a second pass.
fn is_first_pass(at: i64, zone: &Zone<'_>, dst: Dst, segment: Segment) -> bool {
    if dst.fold != Fold::Second || segment.until.saturating_sub(at) > MAX_SWING {
        return false;
    }
    let after = zone.segment(segment.until).offset.as_secs();
    at + i64::from(segment.offset.as_secs()) >= segment.until + i64::from(after)
}
