//! How jobs ended: looked up, or waited for.

use core::pin::pin;
use core::time::Duration;

use mainspring_contract::JobId;
use mainspring_contract::record::{Job, Run};
use mainspring_contract::store::{JobFilter, Page, RunFilter};
use mainspring_core::outcome::Outcome;
use serde::de::DeserializeOwned;

use super::{NewJob, Scheduler};
use crate::clock;
use crate::error::Error;
use crate::task::PAYLOAD_VERSION;

/// How a job ended: its last attempt, as the history has it.
#[derive(Clone, Debug, PartialEq)]
pub struct JobEnd(Run);

impl JobEnd {
    /// The outcome.
    pub const fn outcome(&self) -> Outcome {
        self.0.ended.outcome
    }

    /// Why it did not succeed, or why its result is missing, for people.
    pub fn error(&self) -> Option<&str> {
        self.0.ended.detail.as_ref()?.error.as_deref()
    }

    /// What the task returned.
    ///
    /// # Errors
    /// If the job did not succeed, with its outcome and reason; if it left nothing behind, or
    /// something that does not fit the type.
    pub fn output<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let Run { job, ended, .. } = &self.0;
        let outcome = ended.outcome;
        if outcome != Outcome::Succeeded {
            let why = self.error().unwrap_or("nobody knows why");
            return Err(Error::failed(format!("job {job} is over: {outcome}: {why}")));
        }
        let output = ended.detail.as_ref().and_then(|detail| detail.output.as_ref());
        let Some(output) = output else {
            let why = self.error().unwrap_or("its task returns nothing");
            return Err(Error::missing(format!("job {job} has no result: {why}")));
        };
        output.from_json(PAYLOAD_VERSION).map_err(|error| {
            Error::invalid(format!("the result of job {job} does not fit: {error}"))
        })
    }

    /// The record of its last attempt.
    pub const fn run(&self) -> &Run {
        &self.0
    }
}

impl NewJob<'_> {
    /// Queues it and waits until it is over, wherever it runs.
    ///
    /// ```
    /// # use mainspring::{Scheduler, Task};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// async fn add((a, b): (u8, u8)) -> Result<u8, &'static str> {
    ///     a.checked_add(b).ok_or("too much")
    /// }
    /// # let store = mainspring_memory::MemoryStore::default();
    /// let scheduler = Scheduler::builder(store).task(Task::new("add", add)).build().await?;
    /// let running = scheduler.start().await?;
    /// let sum: u8 = scheduler.job("add", &(2, 3)).enqueue_and_wait().await?.output()?;
    /// assert_eq!(sum, 5);
    /// let end = scheduler.job("add", &(200, 200)).enqueue_and_wait().await?;
    /// assert_eq!(end.error(), Some("too much"));
    /// # drop(running);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As for [`enqueue`](Self::enqueue) and [`Scheduler::wait`].
    pub async fn enqueue_and_wait(self) -> Result<JobEnd, Error> {
        let scheduler = self.scheduler();
        let job = self.awaited().enqueue().await?.id();
        scheduler.wait(job).await
    }
}

impl Scheduler {
    /// How a job ended; `None` if it is not over, or not known. Looking does not consume it: the
    /// answer is there as long as the history is kept.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn result(&self, job: JobId) -> Result<Option<JobEnd>, Error> {
        let filter = RunFilter { job: Some(job), ..RunFilter::newest(1) };
        let last = self.runs(&filter).await?.pop();
        Ok(last.map(|view| view.run).filter(|run| run.settled).map(JobEnd))
    }

    /// Waits until a job is over, wherever it runs, and says how it ended. At once if this
    /// scheduler settles it, or another one behind the same [broker](crate::Builder::broker);
    /// otherwise within a tenth of a second at first and within
    /// [`max_idle`](crate::Builder::max_idle) later.
    ///
    /// # Errors
    /// If the job is not known (any more), or the store fails.
    pub async fn wait(&self, job: JobId) -> Result<JobEnd, Error> {
        let wait = self.shared.waiting.begin(job);
        let max_idle = self.shared.max_idle.to_duration();
        let mut pause = FIRST_LOOK.min(max_idle);
        loop {
            let mut bell = pin!(wait.bell());
            // From here on the bell is heard, also if it rings while the store is asked.
            bell.as_mut().enable();
            // Said each time, because whoever runs the job may not have been there before.
            self.shared.neighbours.awaits(job);
            if let Some(end) = self.result(job).await? {
                return Ok(end);
            }
            if self.find_job(job).await?.is_none() {
                // It may have ended between the two questions.
                return self.result(job).await?.ok_or_else(|| {
                    Error::missing(format!("there is no job {job} (it may have been forgotten)"))
                });
            }
            tokio::select! {
                () = bell => {}
                () = clock::wait_for(pause) => pause = (pause * 2).min(max_idle),
            }
        }
    }

    /// The job, if it is not over; [`result`](Self::result) has those that are.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn find_job(&self, job: JobId) -> Result<Option<Job>, Error> {
        // Pages follow the id, so the page after its predecessor begins with it.
        let after = u128::from_be_bytes(*job.as_bytes()).checked_sub(1);
        let after = after.map(|before| JobId::from_bytes(before.to_be_bytes()));
        let page = Page { after, limit: 1 };
        let filter = JobFilter { page, ..JobFilter::first(1) };
        Ok(self.jobs(&filter).await?.pop().filter(|found| found.id == job))
    }
}

/// How soon a waiter first asks about a job that another node may have settled.
const FIRST_LOOK: Duration = Duration::from_millis(100);
