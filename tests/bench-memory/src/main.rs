//! What the runtime itself costs: jobs whose task does nothing, in the memory store, on two
//! threads, through the public API.
//!
//! ```text
//! cargo bench-memory                     # 100,000 jobs, seven times
//! cargo bench-memory 1000000 3           # a million, three times
//! cargo bench-memory 100000 7 500        # at most 500 at once instead of 2,000
//! ```
//!
//! Each round queues all jobs, then runs them, and then does both at once with as many more. The
//! best round counts: whatever else the machine does makes rounds slower and never faster. How long
//! the processors worked for one job depends on it less, but it does: caches and memory are shared.

mod clock;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use clock::Took;
use mainspring::{Scheduler, Task};
use mainspring_memory::{Capacity, MemoryStore};

/// The name of the task that does nothing.
const TASK: &str = "noop";
/// Jobs in one call that queues.
const BATCH: u64 = 1_000;
/// Short against what is measured, long against what looking costs.
const LOOK_EVERY: Duration = Duration::from_millis(1);

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let mut numbers = std::env::args().skip(1).map(|word| word.parse().expect("a number"));
    let jobs = numbers.next().unwrap_or(100_000);
    let rounds = numbers.next().unwrap_or(7);
    let window = numbers.next().unwrap_or(2_000) as usize;
    // What is awaited here, and not in a task, runs on a third thread.
    tokio::spawn(measure(jobs, rounds, window)).await.expect("each job runs once");
}

async fn measure(jobs: u64, rounds: u64, window: usize) {
    println!("bar: 1,000,000 jobs a second run; load of the machine: {}", clock::load());
    let mut all = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..rounds {
        for (all, took) in all.iter_mut().zip(round(jobs, window).await) {
            all.push(took);
        }
    }
    println!("{jobs} jobs, window {window}, {rounds} rounds");
    println!("{:<18}{:>12}{:>12}{:>14}{:>8}", "", "best", "median", "CPU ns a job", "idle");
    for (name, took) in ["queued", "run", "queued and run"].into_iter().zip(&mut all) {
        line(name, jobs, took);
    }
    println!("load of the machine: {}", clock::load());
}

async fn round(jobs: u64, window: usize) -> [Took; 3] {
    let capacity = Capacity { jobs: jobs as usize, ..Capacity::default() };
    let runs = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&runs);
    let task = Task::new(TASK, move |_: u64| {
        counted.fetch_add(1, Ordering::Relaxed);
        async { Ok::<(), String>(()) }
    });
    let builder = Scheduler::builder(MemoryStore::with_capacity(capacity));
    let scheduler = builder.task(task).max_running(window).build().await.expect("a scheduler");

    let start = clock::start();
    enqueue(&scheduler, jobs).await;
    let queued = start.took();

    let start = clock::start();
    let running = scheduler.start().await.expect("a scheduler that does not run yet");
    until(&runs, jobs).await;
    // A stop ends when everything is written down.
    let stopped = running.stop(Duration::from_secs(60)).await;
    let run = start.took();
    assert_eq!((stopped.left, runs.load(Ordering::Relaxed)), (0, jobs), "each job ran once");

    let start = clock::start();
    let running = scheduler.start().await.expect("a scheduler that has stopped");
    enqueue(&scheduler, jobs).await;
    until(&runs, 2 * jobs).await;
    let stopped = running.stop(Duration::from_secs(60)).await;
    let both = start.took();
    assert_eq!((stopped.left, runs.load(Ordering::Relaxed)), (0, 2 * jobs), "each job ran once");
    [queued, run, both]
}

async fn enqueue(scheduler: &Scheduler, jobs: u64) {
    for first in (0..jobs).step_by(BATCH as usize) {
        let batch = (first..jobs.min(first + BATCH)).map(|number| scheduler.job(TASK, &number));
        let _ = scheduler.enqueue_all(batch).await.expect("jobs are queued");
    }
}

async fn until(runs: &AtomicU64, count: u64) {
    while runs.load(Ordering::Relaxed) < count {
        clock::wait(LOOK_EVERY).await;
    }
}

fn line(name: &str, jobs: u64, took: &mut [Took]) {
    took.sort_unstable_by(|a, b| a.seconds.total_cmp(&b.seconds));
    let [best, middle] = [took[0], took[took.len() / 2]];
    let per_second = |took: Took| jobs as f64 / took.seconds;
    let cpu = took.iter().map(|took| took.cpu).fold(f64::INFINITY, f64::min);
    let cpu = cpu * 1e9 / jobs as f64;
    let (best, middle) = (per_second(best), per_second(middle));
    let idle = idle(took) * 100.0;
    println!("{name:<18}{best:>10.0}/s{middle:>10.0}/s{cpu:>14.0}{idle:>7.0}%");
}

/// The share of the two threads' time, over all rounds, in which neither this process worked nor
/// the rest of the machine kept it from working: what better use of the threads could win.
fn idle(took: &[Took]) -> f64 {
    let sum = |of: fn(&Took) -> f64| took.iter().map(of).sum::<f64>();
    let all = 2.0 * sum(|took| took.seconds);
    (all - sum(|took| took.cpu) - sum(|took| took.kept)) / all
}
