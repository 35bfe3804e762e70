//! Whoever waits for a job to be over, and is to be woken when this node settles it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mainspring_contract::JobId;
use tokio::sync::Notify;

/// The jobs that somebody in this process waits for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Waiting {
    jobs: Arc<Mutex<HashMap<JobId, Waited>>>,
}

#[derive(Debug, Default)]
struct Waited {
    bell: Arc<Notify>,
    by: usize,
}

/// One who waits. Dropped, it waits no more.
#[derive(Debug)]
pub(crate) struct Wait {
    waiting: Waiting,
    job: JobId,
    bell: Arc<Notify>,
}

impl Waiting {
    /// Begins to wait for a job.
    pub(crate) fn begin(&self, job: JobId) -> Wait {
        let mut jobs = self.jobs();
        let waited = jobs.entry(job).or_default();
        waited.by += 1;
        let bell = Arc::clone(&waited.bell);
        drop(jobs);
        Wait { waiting: self.clone(), job, bell }
    }

    /// Something happened to a job. Whoever waits for it has a look.
    pub(crate) fn look(&self, job: JobId) {
        if let Some(waited) = self.jobs().get(&job) {
            waited.bell.notify_waiters();
        }
    }

    /// Something happened to some job. Whoever waits for any has a look.
    pub(crate) fn look_all(&self) {
        self.jobs().values().for_each(|waited| waited.bell.notify_waiters());
    }

    fn jobs(&self) -> MutexGuard<'_, HashMap<JobId, Waited>> {
        // A table of counts is whole after every change.
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wait {
    /// The bell, from now on: a look that begins before this is awaited is not missed.
    pub(crate) fn bell(&self) -> tokio::sync::futures::Notified<'_> {
        self.bell.notified()
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        let mut jobs = self.waiting.jobs();
        if let Some(waited) = jobs.get_mut(&self.job) {
            waited.by -= 1;
            if waited.by == 0 {
                jobs.remove(&self.job);
            }
        }
    }
}
