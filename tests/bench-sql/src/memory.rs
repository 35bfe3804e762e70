//! The memory store: what the runtime itself costs.

use mainspring_memory::{Capacity, MemoryStore};

use crate::arguments::Arguments;
use crate::ours;
use crate::stats::median;

/// Prints jobs per second.
pub(crate) async fn run(arguments: &Arguments) {
    let Arguments { jobs, batch, window, rounds, .. } = *arguments;
    let (mut enqueued, mut run) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let capacity = Capacity { jobs: jobs as usize, ..Capacity::default() };
        let store = MemoryStore::with_capacity(capacity);
        let (scheduler, runs) = ours::scheduler(store, window).await;
        enqueued.push(jobs as f64 / ours::enqueue(&scheduler, jobs, batch).await);
        run.push(jobs as f64 / ours::drain(&scheduler, &runs, jobs).await);
    }
    println!("\nmemory store, {jobs} jobs, window {window}; medians of {rounds} rounds");
    println!("enqueued {:>10.0}/s", median(&enqueued));
    println!("run      {:>10.0}/s", median(&run));
}
