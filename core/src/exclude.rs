//! Stretches of time in which a schedule does not fire: holidays, freezes, nights.
//!
//! What is excluded belongs to the schedule and not to its trigger, so that a fire that does not
//! happen leaves a record. Like triggers, exclusions are pure.

use crate::limits;
use crate::time::{Span, Timestamp};
use crate::trigger::{Count, Trigger, count_one_by_one};

/// A stretch of time: from its first instant up to, and without, its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Stretch {
    /// The first instant.
    pub from: Timestamp,
    /// The first instant that is no longer part of it.
    pub until: Timestamp,
}

/// Says when a schedule does not fire. `()` excludes nothing.
pub trait Exclude {
    /// Whether nothing is ever excluded, so that nobody has to ask.
    const NOTHING: bool = false;

    /// The first stretch that ends after `t`; `t` is excluded if it has begun by then. Stretches
    /// may touch or overlap. `None`: nothing is excluded any more.
    fn next(&self, t: Timestamp) -> Option<Stretch>;

    /// The stretch that `t` lies in.
    fn around(&self, t: Timestamp) -> Option<Stretch> {
        self.next(t).filter(|stretch| stretch.from <= t)
    }
}

impl Exclude for () {
    const NOTHING: bool = true;

    fn next(&self, _t: Timestamp) -> Option<Stretch> {
        None
    }
}

impl Exclude for Stretch {
    fn next(&self, t: Timestamp) -> Option<Stretch> {
        (self.until > t && self.from < self.until).then_some(*self)
    }
}

impl<X: Exclude> Exclude for Option<X> {
    fn next(&self, t: Timestamp) -> Option<Stretch> {
        self.as_ref()?.next(t)
    }
}

/// All of them together.
impl<X: Exclude> Exclude for [X] {
    fn next(&self, t: Timestamp) -> Option<Stretch> {
        // The earliest or, of those that have begun, the one that ends last.
        let key = |s: &Stretch| (s.from.max(t), core::cmp::Reverse(s.until));
        self.iter().filter_map(|one| one.next(t)).min_by_key(key)
    }
}

/// A stretch of the same length at each fire of a trigger, such as every night from ten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Windows<T> {
    /// When each begins.
    pub opens: T,
    /// How long each lasts.
    pub length: Span,
}

impl<T: Trigger> Exclude for Windows<T> {
    fn next(&self, t: Timestamp) -> Option<Stretch> {
        if self.length <= Span::ZERO {
            return None;
        }
        // The last one that has opened ends last.
        let open = self.opens.prev_before(t + ONE_MICRO).filter(|&from| from + self.length > t);
        let from = open.or_else(|| self.opens.next_after(t))?;
        Some(Stretch { from, until: from + self.length })
    }
}

/// When a schedule fires: its trigger, and what is excluded. Each trigger is a plan that excludes
/// nothing.
pub trait Plan {
    /// The trigger's type.
    type Trigger: Trigger;
    /// The exclusions' type.
    type Exclude: Exclude;

    /// The trigger.
    fn trigger(&self) -> &Self::Trigger;
    /// What is excluded.
    fn exclude(&self) -> &Self::Exclude;
}

impl<T: Trigger> Plan for T {
    type Trigger = T;
    type Exclude = ();

    fn trigger(&self) -> &T {
        self
    }

    fn exclude(&self) -> &() {
        &()
    }
}

/// A trigger except when something excludes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Except<T, X> {
    /// When it fires.
    pub trigger: T,
    /// When it does not.
    pub exclude: X,
}

impl<T: Trigger, X: Exclude> Plan for Except<T, X> {
    type Trigger = T;
    type Exclude = X;

    fn trigger(&self) -> &T {
        &self.trigger
    }

    fn exclude(&self) -> &X {
        &self.exclude
    }
}

/// The fires of a plan that are not excluded.
///
/// A search leaps from one excluded stretch to the next, and not over more than
/// [`EXCLUDED_STRETCHES`](limits::EXCLUDED_STRETCHES). One that would have to answers with the
/// excluded fire that it has reached, so that it can be continued there.
#[derive(Clone, Copy, Debug)]
pub struct Allowed<'a, P: ?Sized>(pub &'a P);

impl<P: Plan> Trigger for Allowed<'_, P> {
    fn next_after(&self, t: Timestamp) -> Option<Timestamp> {
        let mut fire = self.0.trigger().next_after(t)?;
        for _ in 0..limits::EXCLUDED_STRETCHES {
            let Some(stretch) = self.0.exclude().around(fire) else { break };
            fire = self.0.trigger().next_after((stretch.until - ONE_MICRO).max(fire))?;
        }
        Some(fire)
    }

    fn prev_before(&self, t: Timestamp) -> Option<Timestamp> {
        let mut fire = self.0.trigger().prev_before(t)?;
        for _ in 0..limits::EXCLUDED_STRETCHES {
            let Some(stretch) = self.0.exclude().around(fire) else { break };
            fire = self.0.trigger().prev_before(stretch.from.min(fire))?;
        }
        Some(fire)
    }

    fn count_between(&self, after: Timestamp, until: Timestamp) -> Count {
        let within = Stretch { from: after + ONE_MICRO, until: until + ONE_MICRO };
        let out = excluded(self.0, within).map_or(Count::Exact(0), |(.., count)| count);
        match (self.0.trigger().count_between(after, until), out) {
            (Count::Exact(all), Count::Exact(out)) => Count::Exact(all.saturating_sub(out)),
            _ => count_one_by_one(self, after, until),
        }
    }
}

/// The excluded fires of a plan in a stretch: the first, the last, and how many.
pub(crate) fn excluded<P: Plan + ?Sized>(
    plan: &P,
    within: Stretch,
) -> Option<(Timestamp, Timestamp, Count)> {
    if P::Exclude::NOTHING {
        return None;
    }
    let (trigger, exclude) = (plan.trigger(), plan.exclude());
    let from = |at: Timestamp| trigger.next_after(at - ONE_MICRO).filter(|&at| at < within.until);
    let mut found: Option<(Timestamp, Timestamp, Count)> = None;
    let mut fire = from(within.from);
    // Each stretch is asked for twice: from before it, and from its first fire.
    for _ in 0..2 * limits::EXCLUDED_STRETCHES {
        let Some(at) = fire else { return found };
        let Some(stretch) = exclude.next(at) else { return found };
        if stretch.from > at {
            fire = from(stretch.from);
            continue;
        }
        let until = stretch.until.min(within.until);
        let count = trigger.count_between(at, until - ONE_MICRO).plus(Count::Exact(1));
        let last = trigger.prev_before(until).map_or(at, |last| last.max(at));
        found = Some(match found {
            Some((first, _, before)) => (first, last, before.plus(count)),
            None => (at, last, count),
        });
        fire = from(until);
    }
    // There may be more, up to the end.
    let (first, last, count) = found?;
    let last = trigger.prev_before(within.until).map_or(last, |end| end.max(last));
    Some((first, last, Count::AtLeast(count.value())))
}

const ONE_MICRO: Span = Span::from_micros(1);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trigger::Every;

    fn at(secs: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + Span::from_secs(secs)
    }

    fn stretch(from: i64, until: i64) -> Stretch {
        Stretch { from: at(from), until: at(until) }
    }

    fn every(secs: i64) -> Every {
        Every::new(Span::from_secs(secs), Timestamp::UNIX_EPOCH).expect("a span above zero")
    }

    #[test]
    fn a_stretch_excludes_its_first_instant_and_not_its_end() {
        let one = stretch(10, 20);
        assert_eq!(one.around(at(10)), Some(one));
        assert_eq!(one.around(at(20)), None);
        assert_eq!(one.next(at(5)), Some(one));
        assert_eq!(stretch(20, 20).next(at(0)), None);
    }

    #[test]
    fn of_several_the_earliest_comes_first_and_of_those_begun_the_longest() {
        let all = [stretch(10, 20), stretch(12, 40), stretch(50, 60)];
        assert_eq!(all.as_slice().next(at(0)), Some(stretch(10, 20)));
        assert_eq!(all.as_slice().next(at(15)), Some(stretch(12, 40)));
        assert_eq!(all.as_slice().next(at(45)), Some(stretch(50, 60)));
        assert_eq!(all.as_slice().next(at(60)), None);
    }

    #[test]
    fn windows_open_again_and_again() {
        let nights = Windows { opens: every(100), length: Span::from_secs(30) };
        assert_eq!(nights.around(at(129)), Some(stretch(100, 130)));
        assert_eq!(nights.around(at(130)), None);
        assert_eq!(nights.next(at(130)), Some(stretch(200, 230)));
        assert_eq!(Windows { length: Span::ZERO, ..nights }.next(at(0)), None);
    }

    #[test]
    fn searches_leap_over_what_is_excluded() {
        let nights = Windows { opens: every(100), length: Span::from_secs(35) };
        let plan = Except { trigger: every(10), exclude: nights };
        let allowed = Allowed(&plan);
        assert_eq!(allowed.next_after(at(90)), Some(at(140)));
        assert_eq!(allowed.prev_before(at(140)), Some(at(90)));
        assert_eq!(allowed.count_between(at(80), at(150)), Count::Exact(3));
        let found = excluded(&plan, Stretch { from: at(80), until: at(215) });
        assert_eq!(found, Some((at(100), at(210), Count::Exact(6))));
        assert_eq!(excluded(&plan, Stretch { from: at(40), until: at(100) }), None);
    }

    #[test]
    fn a_search_in_what_is_always_excluded_comes_back() {
        let always = Windows { opens: every(10), length: Span::from_secs(10) };
        let plan = Except { trigger: every(10), exclude: always };
        let reached = Allowed(&plan).next_after(at(0)).expect("it can be continued");
        assert!(reached > at(10 * i64::from(limits::EXCLUDED_STRETCHES)));
        let (.., count) =
            excluded(&plan, Stretch { from: at(0), until: at(1_000_000) }).expect("many");
        assert!(matches!(count, Count::AtLeast(_)));
    }
}
