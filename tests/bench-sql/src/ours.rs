//! Mainspring through its public API: what a program would write, with a task that does nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mainspring::{Scheduler, Task};
use mainspring_contract::Store;

use crate::clock;

/// The name of the task that does nothing.
pub(crate) const TASK: &str = "noop";

/// A scheduler on `store` with a task that only counts its runs.
pub(crate) async fn scheduler(store: impl Store, window: usize) -> (Scheduler, Arc<AtomicU64>) {
    let runs = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&runs);
    let task = Task::new(TASK, move |_: u64| {
        let runs = Arc::clone(&counted);
        async move {
            runs.fetch_add(1, Ordering::Relaxed);
            Ok::<(), String>(())
        }
    });
    let builder = Scheduler::builder(store).task(task).max_running(window);
    (builder.build().await.expect("a scheduler"), runs)
}

/// Queues so many jobs in calls of `batch`; returns the seconds.
pub(crate) async fn enqueue(scheduler: &Scheduler, jobs: u64, batch: u64) -> f64 {
    let start = clock::now();
    let mut queued = 0;
    while queued < jobs {
        let until = jobs.min(queued + batch);
        let batch = (queued..until).map(|number| scheduler.job(TASK, &number));
        scheduler.enqueue_all(batch).await.expect("jobs are queued");
        queued = until;
    }
    clock::since(start)
}

/// Runs until so many jobs have run and all of them are settled; returns the seconds.
pub(crate) async fn drain(scheduler: &Scheduler, runs: &AtomicU64, jobs: u64) -> f64 {
    let start = clock::now();
    let running = scheduler.start().await.expect("a scheduler that does not run yet");
    while runs.load(Ordering::Relaxed) < jobs {
        clock::wait(LOOK_EVERY).await;
    }
    // A stop ends when everything is written down.
    let stopped = running.stop(Duration::from_secs(60)).await;
    assert_eq!(stopped.left, 0, "every job was settled");
    let seconds = clock::since(start);
    assert_eq!(runs.load(Ordering::Relaxed), jobs, "every job ran once");
    seconds
}

/// Short against what is measured, long against what looking costs.
const LOOK_EVERY: Duration = Duration::from_millis(2);
