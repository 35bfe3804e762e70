//! Watches a seed from outside: a panic of the engine is a violation like any other.

use core::ops::Range;
use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;

use crate::bug::Bug;
use crate::checker::Violation;
use crate::tally::Tally;
use crate::world;

/// How a seed ended.
#[derive(Debug)]
pub struct Outcome {
    /// What was exercised.
    pub tally: Tally,
    /// What was violated, if anything.
    pub violation: Option<Violation>,
    /// What happened, if that was wanted and the engine did not panic.
    pub trace: Vec<String>,
}

/// Lives a seed through.
pub fn live(seed: u64, bug: Option<Bug>, traced: bool) -> Outcome {
    match catch_unwind(AssertUnwindSafe(|| world::live(seed, bug, traced))) {
        Ok(world::Report { tally, violation, trace }) => Outcome { tally, violation, trace },
        Err(panic) => {
            let text = panic
                .downcast_ref::<&str>()
                .map(|text| (*text).to_owned())
                .or_else(|| panic.downcast_ref::<String>().cloned());
            let explanation = text.unwrap_or_default();
            let violation = Some(Violation { checker: "panic", explanation });
            Outcome { tally: Tally::default(), violation, trace: Vec::new() }
        }
    }
}

/// The first of these seeds that shows a bug, and how.
pub fn first(bug: Bug, seeds: Range<u64>) -> Option<(u64, Violation)> {
    seeds
        .into_iter()
        .find_map(|seed| live(seed, Some(bug), false).violation.map(|violation| (seed, violation)))
}
