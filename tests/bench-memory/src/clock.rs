//! The one place where this benchmark reads clocks and waits.

use std::fs;
use std::time::{Duration, Instant};

/// An instant, and how long the process has computed by then.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start {
    at: Instant,
    cpu: f64,
}

/// How long something took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Took {
    pub(crate) seconds: f64,
    /// Seconds of all processors together: a busy machine stretches them less.
    pub(crate) cpu: f64,
}

/// Begins to measure.
#[expect(clippy::disallowed_methods, reason = "this is a clock file")]
pub(crate) fn start() -> Start {
    Start { at: Instant::now(), cpu: cpu() }
}

impl Start {
    /// What has passed since.
    pub(crate) fn took(self) -> Took {
        Took { seconds: self.at.elapsed().as_secs_f64(), cpu: cpu() - self.cpu }
    }
}

/// Waits this long.
#[expect(clippy::disallowed_methods, reason = "this is a clock file")]
pub(crate) async fn wait(span: Duration) {
    tokio::time::sleep(span).await;
}

/// How many processes of the whole machine wanted a processor in the last one, five and fifteen
/// minutes.
pub(crate) fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

/// What the threads of this process have computed, in seconds.
fn cpu() -> f64 {
    let threads = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    // A thread may end meanwhile.
    let texts = threads.filter_map(|it| fs::read_to_string(it.path().join("schedstat")).ok());
    let nanos = |text: String| text.split(' ').next()?.parse::<f64>().ok();
    texts.filter_map(nanos).sum::<f64>() / 1e9
}
