//! graphile_worker, with the settings of its own throughput benchmark (`benches/perf_test.rs`).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use graphile_worker::{
    Database, IntoTaskHandlerResult, JobSpec, LocalQueueConfig, RawJobSpec, TaskHandler,
    WorkerContext, WorkerOptions, WorkerUtils,
};
use serde::{Deserialize, Serialize};

use crate::clock;
use crate::server::Place;

#[derive(Clone, Debug)]
struct Runs(Arc<AtomicU64>);

#[derive(Clone, Deserialize, Serialize)]
struct Noop(u64);

impl TaskHandler for Noop {
    const IDENTIFIER: &'static str = "noop";

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        if let Some(runs) = context.get_ext::<Runs>() {
            runs.0.fetch_add(1, Ordering::Relaxed);
        }
        Ok::<(), String>(())
    }
}

pub(crate) struct Graphile {
    database: Database,
}

impl Graphile {
    pub(crate) async fn new(place: &Place) -> Self {
        let database = Database::from(place.pool.clone());
        WorkerUtils::new(database.clone(), SCHEMA).migrate().await.expect("its tables are made");
        Self { database }
    }

    pub(crate) async fn enqueue(&self, jobs: u64, batch: u64) -> f64 {
        let utils = WorkerUtils::new(self.database.clone(), SCHEMA);
        let start = clock::now();
        let mut queued = 0;
        while queued < jobs {
            let until = jobs.min(queued + batch);
            let specs: Vec<RawJobSpec> = (queued..until)
                .map(|number| RawJobSpec {
                    identifier: Noop::IDENTIFIER.to_owned(),
                    payload: number.into(),
                    spec: JobSpec::default(),
                })
                .collect();
            utils.add_raw_jobs(&specs).await.expect("jobs are queued");
            queued = until;
        }
        clock::since(start)
    }

    /// Until the last job has run; some of the last ones may not be marked as done by then.
    pub(crate) async fn drain(&self, jobs: u64) -> f64 {
        let runs = Arc::new(AtomicU64::new(0));
        let options = WorkerOptions::default()
            .database(self.database.clone())
            .schema(SCHEMA)
            .concurrency(500)
            .poll_interval(Duration::from_millis(5))
            .complete_job_batch_delay(Duration::from_millis(5))
            .local_queue(LocalQueueConfig::default().with_size(5_000))
            .add_extension(Runs(Arc::clone(&runs)))
            .define_job::<Noop>();
        let worker = Arc::new(options.init().await.expect("a worker"));
        let start = clock::now();
        let running = tokio::spawn({
            let worker = Arc::clone(&worker);
            async move { worker.run().await }
        });
        while runs.load(Ordering::Relaxed) < jobs {
            clock::wait(LOOK_EVERY).await;
        }
        let seconds = clock::since(start);
        worker.request_shutdown();
        running.await.expect("a worker that does not panic").expect("a worker that ends well");
        seconds
    }
}

const SCHEMA: &str = "graphile_worker";
const LOOK_EVERY: Duration = Duration::from_millis(2);
