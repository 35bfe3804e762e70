//! The only reader of clocks in the command line: everything else is told the time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mainspring_core::time::Timestamp;

/// The wall clock, held within the years 0001 to 9999.
#[expect(clippy::disallowed_methods, reason = "this is the clock file")]
pub(crate) fn now() -> Timestamp {
    let micros = match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_micros()).unwrap_or(i64::MAX),
        Err(before) => {
            i64::try_from(before.duration().as_micros()).map_or(i64::MIN, core::ops::Neg::neg)
        }
    };
    let end = if micros < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_micros(micros).unwrap_or(end)
}

/// Ends after `span` of monotonic time.
#[cfg(unix)]
#[expect(clippy::disallowed_methods, reason = "this is the clock file")]
pub(crate) async fn pause(span: Duration) {
    tokio::time::sleep(span).await;
}
