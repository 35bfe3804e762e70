//! apalis on PostgreSQL, with large batches, without the second lock, and with runs in parallel, as
//! its documentation and its examples have it for throughput.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use apalis::prelude::*;
use apalis_postgres::{Config, PostgresStorage};

use crate::clock;
use crate::server::Place;

pub(crate) struct Apalis {
    storage: PostgresStorage<u64>,
}

impl Apalis {
    pub(crate) async fn new(place: &Place) -> Self {
        PostgresStorage::setup(&place.pool).await.expect("its tables are made");
        let config = Config::default().queue("noop").batch_size(BATCH).lock_tasks(false);
        Self { storage: PostgresStorage::new(&place.pool).with_config(config) }
    }

    pub(crate) async fn enqueue(&self, jobs: u64, batch: u64) -> f64 {
        let mut storage = self.storage.clone();
        let start = clock::now();
        let mut queued = 0;
        while queued < jobs {
            let until = jobs.min(queued + batch);
            storage.push_bulk((queued..until).collect()).await.expect("jobs are queued");
            queued = until;
        }
        clock::since(start)
    }

    /// Until the last job has run; some of the last ones may not be marked as done by then.
    pub(crate) async fn drain(&self, jobs: u64) -> f64 {
        let runs = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&runs);
        let start = clock::now();
        let worker = WorkerBuilder::new("noop")
            .backend(self.storage.clone())
            .concurrency(64)
            .parallelize(tokio::spawn)
            .build(move |_: u64| {
                let runs = Arc::clone(&counted);
                async move {
                    runs.fetch_add(1, Ordering::Relaxed);
                    Ok::<(), BoxDynError>(())
                }
            });
        let running = tokio::spawn(worker.run());
        while runs.load(Ordering::Relaxed) < jobs {
            assert!(!running.is_finished(), "the worker goes on");
            clock::wait(LOOK_EVERY).await;
        }
        let seconds = clock::since(start);
        running.abort();
        seconds
    }
}

const BATCH: usize = 500;
const LOOK_EVERY: Duration = Duration::from_millis(2);
