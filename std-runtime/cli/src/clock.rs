//! The only reader of clocks in the command line: everything else is told the time.

use core::time::Duration;

/// Ends after `span` of monotonic time.
#[expect(clippy::disallowed_methods, reason = "this is the clock file")]
pub(crate) async fn pause(span: Duration) {
    tokio::time::sleep(span).await;
}
