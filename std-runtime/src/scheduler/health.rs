//! How a scheduler is.

use std::sync::PoisonError;

use mainspring_contract::store::JobFilter;

use super::Scheduler;
use crate::metrics::{COUNTED, Health, Metrics};

impl Scheduler {
    /// Whether this scheduler works and its store answers, as far as is known: nothing is asked.
    pub fn health(&self) -> Health {
        let pump = self.shared.pump.lock().unwrap_or_else(PoisonError::into_inner);
        let is_running = pump.as_ref().is_some_and(|sender| !sender.is_closed());
        let store_failure = self.shared.telemetry.store_failure().clone();
        Health { is_running, store_failure }
    }

    /// What happened on this node so far, in numbers. Asks the store how long the queue is; if it
    /// does not answer, the rest is told without.
    ///
    /// ```
    /// # use mainspring::{Scheduler, Task};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = mainspring_memory::MemoryStore::default();
    /// let builder = Scheduler::builder(store).task(Task::new("nap", async || {}));
    /// let scheduler = builder.build().await?;
    /// assert_eq!(scheduler.health().to_string(), "not running");
    /// let running = scheduler.start().await?;
    /// scheduler.job("nap", &()).enqueue_and_wait().await?;
    /// assert!(scheduler.health().is_well());
    /// let metrics = scheduler.metrics().await;
    /// assert_eq!((metrics.started, metrics.running), (1, 0));
    /// let text = metrics.to_string(); // for Prometheus
    /// assert!(text.contains("mainspring_runs_ended_total{outcome=\"succeeded\"} 1"));
    /// # drop(running);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn metrics(&self) -> Metrics {
        let queued = self.count_jobs(&JobFilter::first(COUNTED), COUNTED).await.ok();
        self.shared.telemetry.numbers().read(self.health().is_well(), queued)
    }
}
