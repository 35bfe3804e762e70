//! The one place of this store that reads the clock.

use std::time::SystemTime;

use mainspring_contract::Clock;
use mainspring_core::time::{Span, Timestamp};

/// The instant by which a verb is judged.
pub(crate) fn read(clock: Clock) -> Timestamp {
    match clock {
        Clock::Fixed(at) => at,
        Clock::Server => {
            #[expect(clippy::disallowed_methods, reason = "this is the clock.rs of this store")]
            let now = SystemTime::now();
            let since_epoch = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            Timestamp::UNIX_EPOCH + Span::from_duration(since_epoch)
        }
    }
}
