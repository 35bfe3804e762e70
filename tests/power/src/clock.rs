//! The only place that waits.

use std::time::Duration;

/// Leaves the processor to the board for a moment, before somebody looks at it again.
#[expect(clippy::disallowed_methods, reason = "this is the clock.rs of these tests")]
pub(crate) fn pause() {
    std::thread::sleep(Duration::from_micros(300));
}
