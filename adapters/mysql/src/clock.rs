//! The clocks of this crate: the server's own, and the timer between two attempts.

use core::time::Duration;

use mainspring_core::time::Timestamp;

/// The instant that the server's clock shows.
pub(crate) fn instant(micros: i64) -> Result<Timestamp, sqlx::Error> {
    Timestamp::from_micros(micros).ok_or_else(|| {
        sqlx::Error::Decode(format!("the clock shows {micros} µs since 1970").into())
    })
}

/// Waits before attempt number `attempt` (from 2) at a transaction: 4 ms, doubling, to 256 ms.
pub(crate) async fn back_off(attempt: u32) {
    let wait = Duration::from_millis(1 << attempt.clamp(2, 8));
    #[expect(clippy::disallowed_methods, reason = "this is the crate's clock file")]
    tokio::time::sleep(wait).await;
}
