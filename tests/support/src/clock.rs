//! The only reader of clocks among the servers for tests.

use core::time::Duration;

use tokio::time::Instant;

/// How often something is asked for that tells nobody when it happens, such as the end of a process
/// that is no child of ours.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// Lets one tick pass.
#[expect(clippy::disallowed_methods, reason = "this is the clock file")]
pub(crate) async fn tick() {
    tokio::time::sleep(TICK).await;
}

/// Lets this much time pass.
#[expect(clippy::disallowed_methods, reason = "this is the clock file")]
pub(crate) async fn rest(span: Duration) {
    tokio::time::sleep(span).await;
}

/// An instant after which nobody waits any longer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline(Instant);

impl Deadline {
    /// This long from now.
    #[expect(clippy::disallowed_methods, reason = "this is the clock file")]
    pub(crate) fn after(span: Duration) -> Self {
        Self(Instant::now() + span)
    }

    /// Whether it has passed.
    #[expect(clippy::disallowed_methods, reason = "this is the clock file")]
    pub(crate) fn has_passed(&self) -> bool {
        Instant::now() >= self.0
    }
}
