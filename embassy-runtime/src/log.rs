//! What the pump logs over a debug probe.
//!
//! What runs and how it ended is for the program to log: it hears of it as tasks and as history,
//! and knows what its names mean.

use defmt::{debug, info, warn};
use mainspring_core::outcome::Outcome;
use mainspring_core::time::Span;

use crate::journal::{Loss, Restored};

/// Power is on, and this is what was kept.
pub(crate) fn restored(restored: &Restored) {
    info!("{} schedules and {} jobs are back", restored.schedules, restored.jobs);
    if restored.loss != Loss::NONE {
        warn!("some of what was kept is lost: {}", restored.loss);
    }
}

/// The clock was set.
pub(crate) fn clock_set(moved: Span, drift: i32) {
    let millis = moved.as_micros() / 1_000;
    info!("the clock was set, by {} ms; the crystal is wrong by {} ppb", millis, drift);
}

/// An attempt is over.
pub(crate) fn ended(attempt: u32, outcome: Outcome) {
    debug!("attempt {} {}", attempt, outcome);
}

/// The journal could not write so many times in a row; nothing new starts.
pub(crate) fn unwritten(failures: u32) {
    warn!("the journal could not write, {} times now", failures);
}

/// The pump ends.
pub(crate) fn stopped() {
    info!("stopped");
}
