//! The one place of this runtime that reads clocks and waits for them.

use core::sync::atomic::{AtomicI64, Ordering};
use core::time::Duration;
use std::sync::Arc;
use std::time::SystemTime;

use mainspring_core::limits;
use mainspring_core::time::{Mono, Now, Span, Timestamp};
use tokio::time::Instant;

use crate::testing::HandClock;

/// Whose clock a scheduler goes by: the machine's, or one that a test moves by hand.
#[derive(Clone, Debug, Default)]
pub(crate) struct Time {
    hand: Option<HandClock>,
    /// What the machine's clock shows too much, in microseconds.
    too_much: Arc<AtomicI64>,
}

impl Time {
    /// A clock that a test moves.
    pub(crate) fn by_hand(clock: HandClock) -> Self {
        Self { hand: Some(clock), ..Self::default() }
    }

    /// The clock that a test moves, if it is one.
    pub(crate) fn hand(&self) -> Option<&HandClock> {
        self.hand.as_ref()
    }

    /// The wall clock, made right if it is far off the store's.
    pub(crate) fn wall(&self) -> Timestamp {
        self.hand().map_or_else(|| self.righted(wall()), HandClock::now)
    }

    /// What the wall clock showed, made right.
    pub(crate) fn righted(&self, wall: Timestamp) -> Timestamp {
        wall - Span::from_micros(self.too_much.load(Ordering::Relaxed))
    }

    /// Takes note of what the wall clock shows too much.
    pub(crate) fn correct(&self, too_much: Span) {
        self.too_much.store(too_much.as_micros(), Ordering::Relaxed);
    }

    /// The clock by which stores judge.
    pub(crate) fn of_stores(&self) -> mainspring_contract::Clock {
        let hand = self.hand().map(HandClock::now);
        hand.map_or(mainspring_contract::Clock::Server, mainspring_contract::Clock::Fixed)
    }
}

/// The wall clock and the monotonic clock of this machine.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    time: Time,
    start: Instant,
    /// Wall minus monotonic clock when they were last compared.
    apart: Span,
}

impl Clock {
    pub(crate) fn new(time: Time) -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the clock.rs of this runtime")]
        let start = Instant::now();
        let mut clock = Self { time, start, apart: Span::ZERO };
        clock.jumped();
        clock
    }

    /// What both clocks show.
    pub(crate) fn now(&self) -> Now {
        if let Some(hand) = self.time.hand() {
            return hand.read();
        }
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
        // Whoever moves a clock by hand tells those who go by it.
        match at.filter(|_| self.time.hand().is_none()) {
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
