//! The one place where this benchmark reads clocks and waits.

use std::fs;
use std::time::{Duration, Instant};

/// An instant, and how long the process has computed by then.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start {
    at: Instant,
    spent: Spent,
}

/// How long something took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Took {
    pub(crate) seconds: f64,
    /// Seconds of all processors together: a busy machine stretches them less.
    pub(crate) cpu: f64,
    /// Seconds of all threads together in which a thread was ready and had no processor, because
    /// something else on the machine had them.
    pub(crate) kept: f64,
}

/// What the threads of this process have had.
#[derive(Clone, Copy, Debug, Default)]
struct Spent {
    cpu: f64,
    kept: f64,
}

/// Begins to measure.
#[expect(clippy::disallowed_methods, reason = "this is a clock file")]
pub(crate) fn start() -> Start {
    Start { at: Instant::now(), spent: spent() }
}

impl Start {
    /// What has passed since.
    pub(crate) fn took(self) -> Took {
        let seconds = self.at.elapsed().as_secs_f64();
        let Spent { cpu, kept } = spent();
        Took { seconds, cpu: cpu - self.spent.cpu, kept: kept - self.spent.kept }
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

/// What the threads of this process have had by now.
fn spent() -> Spent {
    let threads = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    // A thread may end meanwhile.
    let texts = threads.filter_map(|it| fs::read_to_string(it.path().join("schedstat")).ok());
    texts.fold(Spent::default(), |Spent { cpu, kept }, text| {
        let mut seconds = text.split(' ').map(|nanos| nanos.parse().unwrap_or(0.0) / 1e9);
        let mut next = || seconds.next().unwrap_or(0.0);
        Spent { cpu: cpu + next(), kept: kept + next() }
    })
}
