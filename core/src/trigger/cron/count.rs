//! How many times of a pattern lie in a stretch, without looking at each of them.
//!
//! Days are counted by the bits of their months, years by their kind, and clock changes by what
//! they drop and add, so the work grows with years and clock changes and not with fires.

use super::extended::{ExtendedCron, Month};
use super::zoned::View;
use super::{Cron, Pattern};
use crate::civil::{date_of, split_days};
use crate::limits::COUNT_CHANGES;
use crate::time::Timestamp;
use crate::trigger::Count;
use crate::trigger::dst::Dst;
use crate::zone::Zone;

/// How many fires lie in `(after, until]`; `None` if the pattern cannot count.
pub(super) fn count_between(
    pattern: &impl Pattern,
    (after, until): (Timestamp, Timestamp),
    zone: &Zone<'_>,
    dst: Dst,
) -> Option<Count> {
    let (mut from, last) = (after.as_secs() + 1, until.as_secs());
    if let Some(offset) = zone.constant() {
        let offset = i64::from(offset.as_secs());
        return pattern.count_local(from + offset, last + offset).map(Count::Exact);
    }
    let view = View::new(pattern, zone, dst);
    let mut count = 0;
    for _ in 0..COUNT_CHANGES {
        let segment = zone.segment(from);
        count += view.count(from, last.min(segment.until.saturating_sub(1)), segment)?;
        if segment.until > last {
            return Some(Count::Exact(count));
        }
        from = segment.until;
    }
    Some(Count::AtLeast(count))
}

impl Cron {
    /// Matching seconds of a day that matches.
    const fn times(&self) -> u64 {
        let minutes = self.hours.count_ones() * self.minutes.count_ones();
        (minutes * self.seconds.count_ones()) as u64
    }

    /// Those of them before this second.
    const fn times_before(&self, second: u32) -> u64 {
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        let mut minutes = (self.hours & !(u32::MAX << hour)).count_ones();
        minutes *= self.minutes.count_ones();
        let mut seconds = 0;
        if self.hours >> hour & 1 != 0 {
            minutes += (self.minutes & !(u64::MAX << minute)).count_ones();
            if self.minutes >> minute & 1 != 0 {
                seconds = (self.seconds & !(u64::MAX << second)).count_ones();
            }
        }
        (minutes * self.seconds.count_ones() + seconds) as u64
    }
}

impl ExtendedCron {
    /// How many matching local seconds lie between these two, both included.
    pub(super) fn count_matches(&self, from: i64, until: i64) -> u64 {
        if from > until || !self.is_possible() {
            return 0;
        }
        let ((first, early), (last, late)) = (split_days(from), split_days(until));
        let times = self.base.times();
        let mut count = self.count_days(first, last) * times;
        if self.count_days(first, first) > 0 {
            count -= self.base.times_before(early);
        }
        if self.count_days(last, last) > 0 {
            count -= times - self.base.times_before(late + 1);
        }
        count
    }

    /// How many matching days lie between these two, both included.
    fn count_days(&self, first: i32, last: i32) -> u64 {
        let (start, end) = (date_of(first), date_of(last));
        // Years of a kind have as many matching days.
        let mut by_kind = [None; KINDS];
        let mut count = 0;
        for year in start.0..=end.0 {
            if !self.any_year && self.years.from(year) != Some(year) || !self.is_year_possible(year)
            {
                continue;
            }
            if year == start.0 || year == end.0 {
                let from = if year == start.0 { (start.1, start.2) } else { (1, 1) };
                let to = if year == end.0 { (end.1, end.2) } else { (12, 31) };
                count += self.count_in_year(Month::of(year, 1), from, to);
            } else {
                let january = Month::of(year, 1);
                let known = &mut by_kind[january.kind()];
                count +=
                    *known.get_or_insert_with(|| self.count_in_year(january, (1, 1), (12, 31)));
            }
        }
        count
    }

    /// How many days of a year match from one month and day to another.
    fn count_in_year(&self, january: Month, from: (u32, u32), to: (u32, u32)) -> u64 {
        let mut count = 0;
        let mut month = january;
        loop {
            if month.number >= from.0 {
                let mut days = self.days_of_month(&month);
                if month.number == from.0 {
                    days &= u32::MAX << from.1;
                }
                if month.number == to.0 {
                    days &= u32::MAX >> (31 - to.1);
                }
                count += u64::from(days.count_ones());
            }
            if month.number == to.0 {
                return count;
            }
            month = month.next();
        }
    }
}

/// See `kind_of` in `extended`.
const KINDS: usize = 15;
