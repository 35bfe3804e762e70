//! How many fires of a calendar lie in a stretch, without looking at each of them.

use super::{Calendar, months_between};
use crate::civil::{SECONDS_PER_DAY, date_of};
use crate::limits::COUNT_CHANGES;
use crate::time::Timestamp;
use crate::trigger::{Count, Dst, Fold, Gap};
use crate::zone::{MAX_SWING, Segment, Zone};

impl Calendar {
    /// The first local second of a date from `local` on. Dates that drift are walked along, from
    /// the date where the last question ended.
    fn first_from(&self, local: i64, walked: &mut i32) -> Option<i64> {
        if self.months == 0 || self.days == 0 {
            return self.next_local(local);
        }
        while self.local(*walked) < local {
            *walked = self.step(*walked)?;
        }
        Some(self.local(*walked))
    }

    /// How many dates come before this one: a closed form, unless days do not exist or drift.
    fn index(&self, date: i32) -> u64 {
        match (self.months, self.days) {
            (0, days) => {
                (i64::from(date) - i64::from(self.anchor.days())).unsigned_abs() / u64::from(days)
            }
            (months, 0) if self.anchor.day() <= 28 => {
                let (year, month, _) = date_of(date);
                months_between(self.anchor, year, month) / u64::from(months)
            }
            _ => {
                let dates = core::iter::successors(Some(self.anchor.days()), |&at| self.step(at));
                dates.take_while(|&at| at < date).fold(0, |count, _| count + 1)
            }
        }
    }

    /// How many fires lie in `(after, until]`, unless dates are so close, or clocks so restless,
    /// that two dates might share an instant or change places.
    pub(super) fn count(
        &self,
        after: Timestamp,
        until: Timestamp,
        zone: &Zone<'_>,
        dst: Dst,
    ) -> Option<Count> {
        // Every date fires once under this policy, and later dates fire later.
        let steady = Dst {
            gap: if dst.gap == Gap::Skip { Gap::AtEnd } else { dst.gap },
            fold: if dst.fold == Fold::Both { Fold::First } else { dst.fold },
        };
        // Nothing fires before the anchor.
        let from = after.as_secs().max(self.local(self.anchor.days()) - MAX_SWING);
        let mut changes = Changes::new(from - MAX_SWING, zone);
        let mut walked = self.anchor.days();
        let (mut skipped, mut doubled) = (0, 0);
        let counts = |at: i64| after.as_secs() < at && at <= until.as_secs();
        while let Some(Change { at, before, now }) = changes.next(until.as_secs() + MAX_SWING) {
            let (start, end) = (at + before.min(now), at + before.max(now));
            let matters =
                if before < now { dst.gap != steady.gap } else { dst.fold != steady.fold };
            if matters
                && let Some(local) = self.first_from(start, &mut walked)
                && local < end
            {
                if before < now {
                    skipped += u64::from(counts(at));
                } else {
                    doubled += u64::from(counts(local - now));
                }
            }
        }
        let apart = if self.months > 0 { 28 } else { i64::from(self.days) } * SECONDS_PER_DAY;
        if changes.highest - changes.lowest >= apart || changes.shortest() <= MAX_SWING {
            return None;
        }
        let dates_until = |t: i64| match self.last_until(t, zone, steady) {
            Some((_, date)) => self.index(date) + 1,
            None => 0,
        };
        let reached = until.as_secs().min(changes.reached - MAX_SWING);
        let dates = dates_until(reached).saturating_sub(dates_until(after.as_secs()));
        let count = (dates + doubled).saturating_sub(skipped);
        Some(if changes.is_complete { Count::Exact(count) } else { Count::AtLeast(count) })
    }
}

/// Clock changes that are looked at before the answer is "at least": all of eight thousand years.
/// To look at one costs a small part of what it costs to count around it.
const LOOKED_AT: u32 = 20 * COUNT_CHANGES;

/// When clocks change, and their offsets before and from then on, in seconds.
struct Change {
    at: i64,
    before: i64,
    now: i64,
}

/// The changes of a zone's clocks one after the other, and what kind of clocks they are.
struct Changes<'a> {
    zone: &'a Zone<'a>,
    segment: Segment,
    /// Since when the offset has been what it is.
    since: i64,
    lowest: i64,
    highest: i64,
    /// The shortest time between two changes.
    shortest: i64,
    /// Everything before this second has been looked at.
    reached: i64,
    left: u32,
    is_complete: bool,
}

impl<'a> Changes<'a> {
    fn new(from: i64, zone: &'a Zone<'a>) -> Self {
        let segment = zone.segment(from);
        let offset = i64::from(segment.offset.as_secs());
        Self {
            zone,
            segment,
            since: segment.from,
            lowest: offset,
            highest: offset,
            shortest: i64::MAX,
            reached: segment.until,
            left: LOOKED_AT,
            is_complete: true,
        }
    }

    /// The next change up to `until`.
    fn next(&mut self, until: i64) -> Option<Change> {
        while self.segment.until <= until {
            if self.left == 0 {
                self.is_complete = false;
                return None;
            }
            self.left -= 1;
            let (at, before) = (self.segment.until, i64::from(self.segment.offset.as_secs()));
            self.segment = self.zone.segment(at);
            self.reached = self.segment.until;
            let now = i64::from(self.segment.offset.as_secs());
            // A table and the rule after it may meet within one stretch.
            if before != now {
                self.shortest = self.shortest.min(at.saturating_sub(self.since));
                self.since = at;
                (self.lowest, self.highest) = (self.lowest.min(now), self.highest.max(now));
                return Some(Change { at, before, now });
            }
        }
        None
    }

    fn shortest(&self) -> i64 {
        self.shortest.min(self.reached.saturating_sub(self.since))
    }
}
