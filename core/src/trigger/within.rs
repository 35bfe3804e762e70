//! A first and a last instant around any trigger.

use core::fmt;

use super::{Budget, Count, Search, Trigger};
use crate::time::{Span, Timestamp};

/// The fires of `trigger` from `start` to `end`, both inclusive; a missing bound does not bound.
///
/// ```
/// use mainspring_core::{time::{Span, Timestamp}, trigger::{Every, Trigger, Within}};
/// let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
/// let hourly = Every::new(Span::from_hours(1), start).unwrap();
/// let bounded = Within { trigger: hourly, start: Some(start), end: None };
/// assert_eq!(bounded.next_after(Timestamp::UNIX_EPOCH), Some(start));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Within<T> {
    /// The trigger whose fires are let through.
    pub trigger: T,
    /// The first instant at which a fire may lie.
    pub start: Option<Timestamp>,
    /// The last instant at which a fire may lie.
    pub end: Option<Timestamp>,
}

const MICRO: Span = Span::from_micros(1);

impl<T> Within<T> {
    /// The latest instant before `start`, or `t` if that is later. At the very beginning of time
    /// there is no earlier instant and none is needed, because nothing is asked about before it.
    fn clip(&self, t: Timestamp) -> Timestamp {
        self.start.map_or(t, |start| t.max(start - MICRO))
    }
}

impl<T: Trigger> Trigger for Within<T> {
    fn next_after(&self, t: Timestamp) -> Option<Timestamp> {
        let fire = self.trigger.next_after(self.clip(t))?;
        self.end.is_none_or(|end| fire <= end).then_some(fire)
    }

    fn search_after(&self, t: Timestamp) -> Search {
        let from = self.clip(t);
        // Past the end there is nothing that a search could fail to find.
        if self.end.is_some_and(|end| from >= end) {
            return Search::Over;
        }
        match self.trigger.search_after(from) {
            Search::Found(fire) if self.end.is_some_and(|end| fire > end) => Search::Over,
            search => search,
        }
    }

    fn prev_before(&self, t: Timestamp) -> Option<Timestamp> {
        let fire = self.trigger.prev_before(self.end.map_or(t, |end| t.min(end + MICRO)))?;
        self.start.is_none_or(|start| fire >= start).then_some(fire)
    }

    fn count_between(&self, after: Timestamp, until: Timestamp) -> Count {
        let until = self.end.map_or(until, |end| until.min(end));
        self.trigger.count_between(self.clip(after), until)
    }

    fn next_within(&self, t: Timestamp, budget: &mut Budget) -> Option<Timestamp> {
        let fire = self.trigger.next_within(self.clip(t), budget)?;
        self.end.is_none_or(|end| fire <= end).then_some(fire)
    }

    fn prev_within(&self, t: Timestamp, budget: &mut Budget) -> Option<Timestamp> {
        let until = self.end.map_or(t, |end| t.min(end + MICRO));
        let fire = self.trigger.prev_within(until, budget)?;
        self.start.is_none_or(|start| fire >= start).then_some(fire)
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.trigger.describe(f)?;
        if let Some(start) = self.start {
            write!(f, ", not before {start}")?;
        }
        match self.end {
            Some(end) => write!(f, ", not after {end}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trigger::Every;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs).unwrap()
    }

    #[test]
    fn both_bounds_are_inclusive() {
        let trigger = Every::new(Span::from_secs(10), at(0)).unwrap();
        let within = Within { trigger, start: Some(at(20)), end: Some(at(40)) };
        assert_eq!(within.next_after(at(-5)), Some(at(20)));
        assert_eq!(within.next_after(at(20)), Some(at(30)));
        assert_eq!(within.next_after(at(30)), Some(at(40)));
        assert_eq!(within.next_after(at(40)), None);
        assert_eq!(within.prev_before(at(99)), Some(at(40)));
        assert_eq!(within.prev_before(at(40)), Some(at(30)));
        assert_eq!(within.prev_before(at(20)), None);
        assert_eq!(within.count_between(at(-5), at(99)), Count::Exact(3));
        assert_eq!(within.count_between(at(20), at(40)), Count::Exact(2));
        assert_eq!(within.count_between(at(50), at(99)), Count::Exact(0));
    }

    #[test]
    fn an_end_before_the_start_means_no_fires() {
        let trigger = Every::new(Span::from_secs(10), at(0)).unwrap();
        let never = Within { trigger, start: Some(at(40)), end: Some(at(20)) };
        assert_eq!(never.next_after(at(0)), None);
        assert_eq!(never.prev_before(at(99)), None);
        assert_eq!(never.count_between(at(0), at(99)), Count::Exact(0));
    }
}
