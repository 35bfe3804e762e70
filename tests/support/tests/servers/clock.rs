//! The only reader of clocks among the tests of servers.

use std::time::{Duration, Instant};

/// Waits for something that tells nobody when it happens.
///
/// # Panics
/// If it has not happened after a minute.
#[expect(clippy::disallowed_methods, reason = "this is the clock file")]
pub(crate) fn wait_until(what: &str, happened: impl Fn() -> bool) {
    let begun = Instant::now();
    while !happened() {
        assert!(begun.elapsed() < Duration::from_secs(60), "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
