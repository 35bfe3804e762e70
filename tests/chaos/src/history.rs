//! What a store knows once everything is over.

use std::path::Path;

use mainspring_contract::Store;
use mainspring_contract::record::{Job, Run};
use mainspring_contract::store::{
    JobFilter, RunFilter, ScheduleFilter, ScheduleView, SkipFilter, SkipView,
};
use mainspring_sqlite::SqliteStore;
use tokio::runtime::Runtime;

/// An SQLite store as its visitors see it.
#[derive(Debug)]
pub struct Visit {
    runtime: Runtime,
    /// `None` only while it is being dropped.
    store: Option<SqliteStore>,
}

impl Drop for Visit {
    /// Leaves all of the database in its one file.
    fn drop(&mut self) {
        if let Some(store) = self.store.take() {
            self.runtime.block_on(store.close());
        }
    }
}

impl Visit {
    /// Opens the store at `path`.
    ///
    /// # Panics
    /// If it cannot be opened.
    pub fn new(path: &Path) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime can be made");
        let store = runtime.block_on(SqliteStore::open(path)).expect("the store opens");
        Self { runtime, store: Some(store) }
    }

    /// Every schedule.
    ///
    /// # Panics
    /// If the store fails.
    pub fn schedules(&self) -> Vec<ScheduleView> {
        let filter = ScheduleFilter::first(ALL);
        self.runtime.block_on(self.store().schedules(&filter)).expect("the store answers")
    }

    /// Every job that is not over.
    ///
    /// # Panics
    /// If the store fails.
    pub fn jobs(&self) -> Vec<Job> {
        let filter = JobFilter::first(ALL);
        self.runtime.block_on(self.store().jobs(&filter)).expect("the store answers")
    }

    /// Every attempt, oldest first.
    ///
    /// # Panics
    /// If the store fails.
    pub fn runs(&self) -> Vec<Run> {
        let runs = self.runtime.block_on(self.store().runs(&RunFilter::newest(ALL)));
        runs.expect("the store answers").into_iter().rev().map(|view| view.run).collect()
    }

    /// Every attempt for one schedule, oldest first.
    pub fn runs_of(&self, schedule: &str) -> Vec<Run> {
        let of = |run: &Run| run.schedule.as_ref().is_some_and(|id| id.as_str() == schedule);
        self.runs().into_iter().filter(of).collect()
    }

    /// Every range of fires that did not become jobs, oldest first.
    ///
    /// # Panics
    /// If the store fails.
    pub fn skips(&self) -> Vec<SkipView> {
        let filter = SkipFilter::newest(ALL);
        let skips = self.runtime.block_on(self.store().skips(&filter));
        skips.expect("the store answers").into_iter().rev().collect()
    }

    fn store(&self) -> &SqliteStore {
        self.store.as_ref().expect("the store is there until the visit ends")
    }
}

/// More than any test leaves behind.
const ALL: u32 = 1_000_000;
