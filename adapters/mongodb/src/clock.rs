//! The clocks of this crate: the server's own, and the timer between two attempts.

use core::time::Duration;
use std::hash::{BuildHasher, RandomState};

use mainspring_contract::tables::Done;
use mainspring_contract::{StoreError, StoreErrorKind};
use mainspring_core::time::Timestamp;

/// The instant that the server's clock shows, in milliseconds since 1970: it has no finer ones.
pub(crate) fn instant(millis: i64) -> Done<Timestamp> {
    millis.checked_mul(1_000).and_then(Timestamp::from_micros).ok_or_else(|| {
        let message = format!("the server's clock shows {millis} ms since 1970 (set it)");
        StoreError::new(StoreErrorKind::Backend, message)
    })
}

/// Waits before attempt number `attempt` (from 2) at a transaction: 2 ms, doubling, to 128 ms, and
/// of that at least a half, by chance: whoever was in each other's way does not meet again.
pub(crate) async fn back_off(attempt: u32) {
    let most = 1_000_u64 << attempt.clamp(2, 8).saturating_sub(1);
    let wait = Duration::from_micros(most / 2 + random() % (most / 2));
    #[expect(clippy::disallowed_methods, reason = "this is the crate's clock file")]
    tokio::time::sleep(wait).await;
}

/// A number that nobody can foresee, good enough to tell claims and waits apart.
pub(crate) fn random() -> u64 {
    // Each `RandomState` has keys of its own, which come from the system's random numbers.
    RandomState::new().hash_one(0)
}
