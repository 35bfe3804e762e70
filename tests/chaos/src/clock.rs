//! The only reader of clocks among the chaos tests.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use mainspring_core::time::{Span, Timestamp};

/// The wall clock.
#[expect(clippy::disallowed_methods, reason = "this is the clock file")]
pub fn wall() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::UNIX_EPOCH + Span::from_duration(since)
}

/// Lets time pass in which nothing is there to be waited for, such as the time between the end of
/// one daemon and the start of the next.
#[expect(clippy::disallowed_methods, reason = "this is the clock file")]
pub fn pass(span: Duration) {
    std::thread::sleep(span);
}

/// An instant after which nobody waits any longer.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Instant);

impl Deadline {
    /// This long from now.
    #[expect(clippy::disallowed_methods, reason = "this is the clock file")]
    pub fn after(span: Duration) -> Self {
        Self(Instant::now() + span)
    }

    /// How long it is until then; zero once it has passed.
    #[expect(clippy::disallowed_methods, reason = "this is the clock file")]
    pub fn left(&self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }
}

/// What a task does that has nothing to do.
#[expect(clippy::disallowed_methods, reason = "this is the clock file")]
pub async fn rest(span: Duration) {
    tokio::time::sleep(span).await;
}
