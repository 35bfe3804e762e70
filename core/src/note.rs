//! What records keep beyond what a plain domain decides by.
//!
//! When a schedule fired last, how often it fired and failed, since when it is paused, when a job
//! was written and how long its lease is trusted: people want to know, and policies, keys, journals
//! and stores elsewhere depend on it. A domain that offers none of them keeps `()`, which takes no
//! room.

#[cfg(feature = "serde")]
pub(crate) mod data;

use core::fmt::Debug;

use crate::time::{Mono, Timestamp};

/// A value that a domain may go without: `T` itself, or `()`.
pub trait Note<T>: Copy + Debug + Eq {
    /// Nothing has been noted yet.
    const EMPTY: Self;

    /// Takes note of `value`, or not.
    fn of(value: T) -> Self;

    /// What was noted; [nothing](Notable::NOTHING), if nothing was.
    fn value(self) -> T;
}

/// What can be noted.
pub trait Notable: Copy + Debug + Eq {
    /// What stands for nothing: all zeros, if it is part of a static.
    const NOTHING: Self;
}

impl Notable for u16 {
    const NOTHING: Self = 0;
}

impl Notable for u32 {
    const NOTHING: Self = 0;
}

impl Notable for Mono {
    const NOTHING: Self = Self::ZERO;
}

impl Notable for Timestamp {
    const NOTHING: Self = Self::UNIX_EPOCH;
}

impl<T: Copy + Debug + Eq> Notable for Option<T> {
    const NOTHING: Self = None;
}

/// It is kept.
impl<T: Notable> Note<T> for T {
    const EMPTY: Self = Self::NOTHING;

    fn of(value: T) -> Self {
        value
    }

    fn value(self) -> T {
        self
    }
}

/// It is not.
impl<T: Notable> Note<T> for () {
    const EMPTY: Self = ();

    fn of(_: T) -> Self {}

    fn value(self) -> T {
        T::NOTHING
    }
}

/// How a schedule's cursor is kept: as [`Next`](crate::schedule::Next) or, where no schedule has a
/// fixed delay, as an `Option<Timestamp>`, which takes half the room.
pub trait Cursor: Copy + Debug + PartialEq {
    /// Whether it can wait for the end of a run.
    const AFTER_RUN: bool;

    /// A cursor at this instant; without any, one that waits for the end of a run or is done.
    fn new(at: Option<Timestamp>, after_run: bool) -> Self;

    /// The instant.
    fn at(self) -> Option<Timestamp>;

    /// Whether it waits for the end of a run.
    fn is_after_run(self) -> bool;
}

impl Cursor for Option<Timestamp> {
    const AFTER_RUN: bool = false;

    fn new(at: Self, _: bool) -> Self {
        at
    }

    fn at(self) -> Self {
        self
    }

    fn is_after_run(self) -> bool {
        false
    }
}
