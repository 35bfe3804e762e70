//! The one place of this program that reads clocks: the processor's, and tokio's paused one.

use rustix::time::{ClockId, clock_gettime};

/// Runs something and says how many nanoseconds of processor time it took in this thread: time in
/// which others had the processor says nothing.
pub(crate) fn time(run: impl FnOnce()) -> f64 {
    let start = processor_nanos();
    run();
    (processor_nanos() - start) as f64
}

fn processor_nanos() -> i64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec * 1_000_000_000 + time.tv_nsec
}

/// What the clock of the runtime shows that was entered.
#[expect(clippy::disallowed_methods, reason = "this is a clock file")]
pub(crate) fn tokio_now() -> tokio::time::Instant {
    tokio::time::Instant::now()
}
