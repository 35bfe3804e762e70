//! The one place of this program that reads clocks: the machine's, and tokio's paused one.

use std::time::Instant;

/// Runs something and says how many nanoseconds it took.
#[expect(clippy::disallowed_methods, reason = "this is a clock file")]
pub(crate) fn time(run: impl FnOnce()) -> f64 {
    let start = Instant::now();
    run();
    start.elapsed().as_nanos() as f64
}

/// What the clock of the runtime shows that was entered.
#[expect(clippy::disallowed_methods, reason = "this is a clock file")]
pub(crate) fn tokio_now() -> tokio::time::Instant {
    tokio::time::Instant::now()
}
