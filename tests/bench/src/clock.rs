//! The one place where the benchmarks read a clock.

use std::time::Instant;

/// Runs something and says how many nanoseconds it took.
#[expect(clippy::disallowed_methods, reason = "this is a clock file")]
pub(crate) fn time(run: impl FnOnce()) -> f64 {
    let start = Instant::now();
    run();
    start.elapsed().as_nanos() as f64
}
