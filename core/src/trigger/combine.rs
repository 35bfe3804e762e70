//! Several triggers as one: [`Any`] of them, or [`All`] of them together.
//!
//! Both are generic over their [`Children`], which may be a tuple or an array (no heap, one type
//! each), a list of fixed capacity, or boxes, and combinations may stand in combinations. For
//! combinations that are put together at run time without a heap there is a
//! [`Tree`](super::Tree).

#[cfg(feature = "alloc")]
extern crate alloc;

use core::fmt;

use super::{Search, Trigger};
use crate::limits::MEET_LIMIT;
use crate::time::{Span, Timestamp};

const MICRO: Span = Span::from_micros(1);

/// Triggers to combine.
pub trait Children {
    /// Shows each of them, in order.
    fn each(&self, visit: &mut dyn FnMut(&dyn Trigger));
}

/// How often the children of combinations may still be asked within one search.
///
/// The limit is [`MEET_LIMIT`]. It holds for a whole search, however deep combinations are nested,
/// so that no trigger can keep its caller for long.
#[derive(Clone, Debug)]
pub struct Budget {
    left: u32,
}

impl Default for Budget {
    fn default() -> Self {
        Self { left: MEET_LIMIT }
    }
}

impl Budget {
    /// Takes so many questions from what is left.
    pub(super) fn spend(&mut self, questions: u32) {
        self.left = self.left.saturating_sub(questions);
    }

    /// Takes everything that is left.
    pub(super) const fn exhaust(&mut self) {
        self.left = 0;
    }

    /// Whether nothing is left; what a search then answers means nothing.
    pub const fn is_spent(&self) -> bool {
        self.left == 0
    }
}

/// Fires whenever one of its children does; where several coincide, once.
///
/// A child whose search gives up does not silence the others: it is asked again after each of
/// their fires, and then its search reaches further.
///
/// ```
/// use mainspring_core::{time::{Span, Timestamp}, trigger::{Any, Every, Trigger}};
/// let every = |secs| Every::new(Span::from_secs(secs), Timestamp::UNIX_EPOCH).unwrap();
/// let any = Any((every(4), every(6)));
/// let secs: Vec<i64> =
///     any.fires(Timestamp::UNIX_EPOCH).take(4).map(Timestamp::as_secs).collect();
/// assert_eq!(secs, [4, 6, 8, 12]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Any<C>(
    /// The children. Without any, it never fires.
    pub C,
);

impl<C: Children> Any<C> {
    fn best(
        &self,
        mut ask: impl FnMut(&dyn Trigger) -> Option<Timestamp>,
        better: fn(Timestamp, Timestamp) -> Timestamp,
    ) -> Option<Timestamp> {
        let mut found: Option<Timestamp> = None;
        self.0.each(&mut |child| {
            if let Some(at) = ask(child) {
                found = Some(found.map_or(at, |found| better(found, at)));
            }
        });
        found
    }
}

impl<C: Children> Trigger for Any<C> {
    fn next_after(&self, t: Timestamp) -> Option<Timestamp> {
        self.best(|child| child.next_after(t), Timestamp::min)
    }

    fn search_after(&self, t: Timestamp) -> Search {
        let mut gave_up = false;
        let ask = |child: &dyn Trigger| {
            let search = child.search_after(t);
            gave_up |= search == Search::GaveUp;
            search.found()
        };
        match self.best(ask, Timestamp::min) {
            None if gave_up => Search::GaveUp,
            next => next.into(),
        }
    }

    fn prev_before(&self, t: Timestamp) -> Option<Timestamp> {
        self.best(|child| child.prev_before(t), Timestamp::max)
    }

    fn next_within(&self, t: Timestamp, budget: &mut Budget) -> Option<Timestamp> {
        self.best(|child| ask_next(child, t, budget), Timestamp::min)
    }

    fn prev_within(&self, t: Timestamp, budget: &mut Budget) -> Option<Timestamp> {
        self.best(|child| ask_prev(child, t, budget), Timestamp::max)
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any of ")?;
        list(&self.0, f)
    }
}

/// Fires when all of its children do, within a threshold of each other.
///
/// **The rule.** A stretch of time *covers* if it holds a fire of every child, and is *tight* if
/// no shorter stretch inside it covers. The fires are the starts of the tight stretches that are
/// no longer than the threshold, which may equal it. With a threshold of zero these are the
/// instants that all children share.
///
/// The rule looks at children's fires only, not at where a search begins, so the answer is the
/// same from everywhere; no two tight stretches start together. Two of them may share a fire if
/// children alternate more closely than the threshold: keep it below half the distance between
/// the fires of one child.
///
/// **Bounded work.** A search leaps from one child's fire to the next fire of all others, and
/// gives up after [`MEET_LIMIT`] questions. As a [`Trigger`] it then answers `None`, like children
/// that certainly never meet; [`search_after`](Trigger::search_after) tells the two
/// apart.
///
/// ```
/// use mainspring_core::{time::{Span, Timestamp}, trigger::{All, Every, Trigger}};
/// let every = |secs| Every::new(Span::from_secs(secs), Timestamp::UNIX_EPOCH).unwrap();
/// let all = All::new([every(4), every(6)]);
/// assert_eq!(all.next_after(Timestamp::UNIX_EPOCH), Timestamp::from_secs(12));
/// // Six seconds is two seconds after four, and four is two before six.
/// let near = all.threshold(Span::from_secs(2));
/// let secs: Vec<i64> =
///     near.fires(Timestamp::UNIX_EPOCH).take(4).map(Timestamp::as_secs).collect();
/// assert_eq!(secs, [4, 6, 12, 16]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct All<C> {
    children: C,
    /// Not negative.
    threshold: Span,
}

impl<C: Children> All<C> {
    /// The instants that all children share. Without children, it never fires.
    pub const fn new(children: C) -> Self {
        Self { children, threshold: Span::ZERO }
    }

    /// How far the fires of one group may be from each other; a negative span counts as zero.
    #[must_use]
    pub fn threshold(mut self, threshold: Span) -> Self {
        self.threshold = threshold.max(Span::ZERO);
        self
    }

    /// The children.
    pub const fn children(&self) -> &C {
        &self.children
    }

    /// The largest or smallest answer; `None` if there are no children or one of them has none.
    fn extreme(
        &self,
        mut ask: impl FnMut(&dyn Trigger) -> Option<Timestamp>,
        more: fn(Timestamp, Timestamp) -> Timestamp,
    ) -> Option<Timestamp> {
        let mut found: Option<Timestamp> = None;
        let mut missing = false;
        self.children.each(&mut |child| {
            if missing {
                return;
            }
            match ask(child) {
                Some(at) => found = Some(found.map_or(at, |found| more(found, at))),
                None => missing = true,
            }
        });
        found.filter(|_| !missing)
    }
}

impl<C: Children> Trigger for All<C> {
    fn next_after(&self, t: Timestamp) -> Option<Timestamp> {
        self.search_after(t).found()
    }

    fn search_after(&self, t: Timestamp) -> Search {
        let mut budget = Budget::default();
        let next = self.next_within(t, &mut budget);
        if budget.is_spent() { Search::GaveUp } else { next.into() }
    }

    fn prev_before(&self, t: Timestamp) -> Option<Timestamp> {
        let mut budget = Budget::default();
        self.prev_within(t, &mut budget).filter(|_| !budget.is_spent())
    }

    fn next_within(&self, t: Timestamp, budget: &mut Budget) -> Option<Timestamp> {
        let mut after = t;
        let end = loop {
            // The earliest instant by which each child has fired after `after`. Any tight stretch
            // that starts after `after` ends here or later, and the first of them ends here.
            let end = self.extreme(|child| ask_next(child, after, budget), Timestamp::max)?;
            // A short enough stretch that ends here or later does not start before this.
            let least = end - self.threshold - MICRO;
            if budget.is_spent() {
                return None;
            }
            if least <= after {
                break end;
            }
            after = least;
        };
        let start = self.extreme(|child| ask_prev(child, end + MICRO, budget), Timestamp::min)?;
        // Only a fire in the last microsecond of time has none after it to look back from.
        (start > t).then_some(start)
    }

    fn prev_within(&self, t: Timestamp, budget: &mut Budget) -> Option<Timestamp> {
        // Tight stretches that start before `t` end before the first one that does not.
        let later = self.extreme(|child| ask_next(child, t - MICRO, budget), Timestamp::max);
        let mut until = t - MICRO + self.threshold;
        if let Some(later) = later {
            until = until.min(later - MICRO);
        }
        loop {
            // The mirror image of `next_within`: the last tight stretch that ends by `until`
            // starts here.
            let start =
                self.extreme(|child| ask_prev(child, until + MICRO, budget), Timestamp::min)?;
            if budget.is_spent() {
                return None;
            }
            let most = start + self.threshold;
            if most >= until {
                return (start < t).then_some(start);
            }
            until = most;
        }
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("all of ")?;
        list(&self.children, f)?;
        if self.threshold == Span::ZERO {
            f.write_str(" at once")
        } else {
            write!(f, " within {}", self.threshold)
        }
    }
}

fn ask_next(child: &dyn Trigger, t: Timestamp, budget: &mut Budget) -> Option<Timestamp> {
    budget.spend(1);
    if budget.is_spent() { None } else { child.next_within(t, budget) }
}

fn ask_prev(child: &dyn Trigger, t: Timestamp, budget: &mut Budget) -> Option<Timestamp> {
    budget.spend(1);
    if budget.is_spent() { None } else { child.prev_within(t, budget) }
}

/// `(every 2s; every 3s)`, with brackets because children have commas.
fn list<C: Children>(children: &C, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut result = Ok(());
    let mut separator = "(";
    children.each(&mut |child| {
        if result.is_ok() {
            result = f.write_str(separator).and_then(|()| child.describe(f));
        }
        separator = "; ";
    });
    result?;
    f.write_str(if separator == "(" { "nothing" } else { ")" })
}

/// Whatever holds a slice.
macro_rules! slices {
    ($(#[$when:meta])* [$($parameter:tt)*] $owner:ty) => {
        $(#[$when])*
        impl<T: Trigger, $($parameter)*> Children for $owner {
            fn each(&self, visit: &mut dyn FnMut(&dyn Trigger)) {
                self.iter().for_each(|child| visit(child));
            }
        }
    };
}

slices!([] & [T]);
slices!([const N: usize] [T; N]);
slices!([const N: usize] heapless::Vec<T, N>);
slices!(#[cfg(feature = "alloc")] [] alloc::boxed::Box<[T]>);
slices!(#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))] [] alloc::sync::Arc<[T]>);

/// Triggers of several types.
macro_rules! tuples {
    ($($name:ident $index:tt),*) => {
        impl<$($name: Trigger),*> Children for ($($name,)*) {
            fn each(&self, visit: &mut dyn FnMut(&dyn Trigger)) {
                $(visit(&self.$index);)*
            }
        }
    };
}

tuples!(A 0);
tuples!(A 0, B 1);
tuples!(A 0, B 1, C 2);
tuples!(A 0, B 1, C 2, D 3);
tuples!(A 0, B 1, C 2, D 3, E 4);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5);
