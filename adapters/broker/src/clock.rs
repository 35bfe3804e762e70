//! The one place here that reads a clock and waits for it.

use core::time::Duration;

use tokio::time::Instant;

/// The monotonic clock.
#[expect(clippy::disallowed_methods, reason = "this is the clock file")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Waits until the clock shows `at`; not at all, if that has passed.
pub(crate) async fn wait_until(at: Instant) {
    tokio::time::sleep_until(at).await;
}

/// Waits this long.
#[expect(clippy::disallowed_methods, reason = "this is the clock file")]
pub(crate) async fn wait_for(span: Duration) {
    tokio::time::sleep(span).await;
}
