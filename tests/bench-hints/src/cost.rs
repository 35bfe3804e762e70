//! What LISTEN and NOTIFY take from the throughput of a node that queues and runs as fast as it
//! can, while others listen.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mainspring::{Scheduler, Task};
use mainspring_postgres::PostgresStore;
use mainspring_support::Postgres;

use crate::clock;

/// Nodes that listen and have nothing to do with the jobs.
const LISTENERS: usize = 4;
/// Jobs in one call that queues.
const BATCH: usize = 200;

/// Queues so many jobs in calls of a few and runs them, with the broker and without, in turns.
pub(crate) async fn run(jobs: usize, rounds: usize) {
    let server = Postgres::start().await;
    let mut ratios = Vec::new();
    for round in 0..rounds {
        let mut both = [(0.0, 0.0); 2];
        // Whoever comes second finds another server than whoever comes first.
        for with in [round % 2 == 0, round % 2 == 1] {
            both[usize::from(with)] = once(&server, jobs, with).await;
            let (queued, run) = both[usize::from(with)];
            let name = if with { "with LISTEN and NOTIFY" } else { "without" };
            println!("round {round}, {name:<24} queued {queued:>9.0}/s  run {run:>9.0}/s");
        }
        let [(queued, run), (queued_with, run_with)] = both;
        ratios.push((queued_with / queued, run_with / run));
    }
    for (queued, run) in ratios {
        println!("with / without: queued {queued:.3}  run {run:.3}");
    }
}

/// Jobs queued a second, and jobs run a second.
async fn once(server: &Postgres, jobs: usize, with: bool) -> (f64, f64) {
    let database = server.database().await;
    let runs = Arc::new(AtomicUsize::new(0));
    let builder = async || {
        let store = PostgresStore::open(database.url()).await.expect("a store");
        let broker = store.broker();
        let builder = Scheduler::builder(store).max_running(2_000);
        if with { builder.broker(broker) } else { builder }
    };
    let mut listeners = Vec::new();
    for _ in 0..LISTENERS {
        let task = Task::new("other", |(): ()| async { Ok::<(), String>(()) });
        let scheduler = builder().await.task(task).build().await.expect("a scheduler");
        listeners.push(scheduler.start().await.expect("it starts"));
    }
    let counted = Arc::clone(&runs);
    let task = Task::new("noop", move |_: usize| {
        counted.fetch_add(1, Ordering::Relaxed);
        async { Ok::<(), String>(()) }
    });
    let scheduler = builder().await.task(task).build().await.expect("a scheduler");
    let start = clock::now();
    for first in (0..jobs).step_by(BATCH) {
        let batch = (first..jobs.min(first + BATCH)).map(|number| scheduler.job("noop", &number));
        let _ = scheduler.enqueue_all(batch).await.expect("they are queued");
    }
    let queued = jobs as f64 / start.elapsed().as_secs_f64();
    let start = clock::now();
    let running = scheduler.start().await.expect("it starts");
    while runs.load(Ordering::Relaxed) < jobs {
        clock::wait(Duration::from_millis(2)).await;
    }
    let run = jobs as f64 / start.elapsed().as_secs_f64();
    let _ = running.stop(Duration::from_secs(60)).await;
    for listener in listeners {
        let _ = listener.stop(Duration::from_secs(10)).await;
    }
    (queued, run)
}
