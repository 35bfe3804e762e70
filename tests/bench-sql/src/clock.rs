//! The one place where the benchmarks read a clock and wait.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// An instant of the monotonic clock.
#[expect(clippy::disallowed_methods, reason = "this is a clock file")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Seconds since an instant.
pub(crate) fn since(start: Instant) -> f64 {
    start.elapsed().as_secs_f64()
}

/// Waits this long.
#[expect(clippy::disallowed_methods, reason = "this is a clock file")]
pub(crate) async fn wait(span: Duration) {
    tokio::time::sleep(span).await;
}

/// The wall clock, in microseconds since 1970.
#[expect(clippy::disallowed_methods, reason = "this is a clock file")]
pub(crate) fn wall_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_micros()).expect("before the year 294247")
}

/// How many processes of the whole machine wanted a processor in the last one, five and fifteen
/// minutes.
pub(crate) fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').take(3).collect::<Vec<_>>().join(" ")
}
