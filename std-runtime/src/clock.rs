//! The one place of this runtime that reads clocks and waits for them.

use core::time::Duration;
use std::time::SystemTime;

use mainspring_core::limits;
use mainspring_core::time::{Mono, Now, Span, Timestamp};
use tokio::time::Instant;

/// The wall clock and the monotonic clock of this machine.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    start: Instant,
    /// Wall minus monotonic clock when they were last compared.
    apart: Span,
}

impl Clock {
    pub(crate) fn new() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the clock.rs of this runtime")]
        let start = Instant::now();
        let mut clock = Self { start, apart: Span::ZERO };
        clock.jumped();
        clock
    }

    /// What both clocks show.
    pub(crate) fn now(&self) -> Now {
        #[expect(clippy::disallowed_methods, reason = "this is the clock.rs of this runtime")]
        let mono = Instant::now().saturating_duration_since(self.start);
        Now { wall: wall(), mono: Mono::ZERO + Span::from_duration(mono) }
    }

    /// Whether the wall clock was set, or the machine slept, since this was last asked.
    pub(crate) fn jumped(&mut self) -> bool {
        let now = self.now();
        let apart = now.wall.since(Timestamp::UNIX_EPOCH) - now.mono.since(Mono::ZERO);
        let moved = apart - core::mem::replace(&mut self.apart, apart);
        moved > limits::CLOCK_JUMP || moved < Span::ZERO - limits::CLOCK_JUMP
    }

    /// Waits until the monotonic clock shows `at`; for ever, if there is no such instant.
    ///
    /// Timers may fire late or early: the caller reads the clock again and decides by that.
    pub(crate) async fn wait_until(&self, at: Option<Mono>) {
        match at {
            Some(at) => {
                let after = at.since(Mono::ZERO).to_duration();
                tokio::time::sleep_until(self.start + after).await;
            }
            None => core::future::pending().await,
        }
    }
}

/// The wall clock. Before 1970 it counts as 1970.
pub(crate) fn wall() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "this is the clock.rs of this runtime")]
    let now = SystemTime::now();
    let since_epoch = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::UNIX_EPOCH + Span::from_duration(since_epoch)
}

/// A reading of the monotonic clock.
pub(crate) type Steady = Instant;

/// The monotonic clock.
pub(crate) fn steady() -> Steady {
    #[expect(clippy::disallowed_methods, reason = "this is the clock.rs of this runtime")]
    Instant::now()
}

/// Waits until the monotonic clock shows this.
pub(crate) async fn wait_until(at: Steady) {
    tokio::time::sleep_until(at).await;
}

/// Waits this long.
pub(crate) async fn wait_for(span: Duration) {
    #[expect(clippy::disallowed_methods, reason = "this is the clock.rs of this runtime")]
    tokio::time::sleep(span).await;
}
