//! The only reader of clocks of this program.

use std::time::Instant;

/// How many of something are done in a second.
#[expect(clippy::disallowed_methods, reason = "this is the clock file")]
pub(crate) async fn rate(count: usize, work: impl Future<Output = ()>) -> f64 {
    let begun = Instant::now();
    work.await;
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / begun.elapsed().as_secs_f64()
}

/// How busy the machine is: processes that want to run, on average over a minute.
pub(crate) fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().unwrap_or_default().to_owned()
}
