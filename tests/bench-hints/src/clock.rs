//! The one place where this benchmark reads a clock and waits.

use std::time::{Duration, Instant};

/// An instant of the monotonic clock.
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Waits this long.
pub(crate) async fn wait(span: Duration) {
    tokio::time::sleep(span).await;
}

/// How many processes of the whole machine wanted a processor in the last one, five and fifteen
/// minutes.
pub(crate) fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').take(3).collect::<Vec<_>>().join(" ")
}
