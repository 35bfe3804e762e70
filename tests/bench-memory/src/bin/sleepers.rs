//! Prints what a job takes of the memory while it runs: ten thousand that sleep at the same time,
//! and what of it is the job in the store. `cargo bench-sleepers` runs it; it takes other numbers.

use std::alloc::System;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cap::Cap;
use mainspring::{Context, Scheduler, Task};
use mainspring_memory::{Capacity, MemoryStore};

#[path = "../clock.rs"]
mod clock;

/// Counts what is allocated; it limits nothing.
#[global_allocator]
static HEAP: Cap<System> = Cap::new(System, usize::MAX);

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let jobs = std::env::args().nth(1).map_or(10_000, |word| word.parse().expect("a number"));
    let before = HEAP.allocated();
    let store = MemoryStore::with_capacity(Capacity { jobs, ..Capacity::default() });
    let asleep = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asleep);
    let task = Task::new("sleep", move |_: u64, run: Context| {
        let asleep = Arc::clone(&counted);
        async move {
            asleep.fetch_add(1, Ordering::Relaxed);
            // Until the scheduler stops.
            run.cancelled().await;
            Ok::<(), String>(())
        }
    });
    let builder = Scheduler::builder(store).task(task).max_running(jobs);
    let scheduler = builder.build().await.expect("a scheduler");
    let empty = HEAP.allocated();
    let batch = (0..jobs as u64).map(|number| scheduler.job("sleep", &number));
    let _ = scheduler.enqueue_all(batch).await.expect("jobs are queued");
    let queued = HEAP.allocated();
    let start = clock::start();
    let running = scheduler.start().await.expect("it starts");
    let idle = HEAP.allocated();
    while asleep.load(Ordering::Relaxed) < jobs {
        clock::wait(Duration::from_millis(1)).await;
    }
    let began = start.took();
    // The last claims are answered, and what only they needed is free.
    clock::wait(Duration::from_millis(100)).await;
    let full = HEAP.allocated();
    let each = |bytes: usize| bytes as f64 / jobs as f64;
    println!(
        "{jobs} jobs asleep at once, all within {:.0} ms, {:.0} ms of CPU, kept from it {:.0} ms; \
         load {}",
        began.seconds * 1e3,
        began.cpu * 1e3,
        began.kept * 1e3,
        clock::load(),
    );
    println!("bytes for each job");
    println!("  places in the store, made with it      {:>7.0}", each(empty - before));
    println!("  what a queued job adds to its place    {:>7.0}", each(queued - empty));
    println!("  places for runs, made at the start     {:>7.0}", each(idle - queued));
    println!("  what a run adds while it sleeps        {:>7.0}", each(full.saturating_sub(idle)));
    println!("  together                               {:>7.0}", each(full - before));
    let _ = running.abort().await;
}
