//! A clock that shows what a test says, and those who go by it.

use core::time::Duration;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mainspring_contract::Store;
use mainspring_contract::record::Job;
use mainspring_contract::store::{JobFilter, Page};
use mainspring_core::job::JobState;
use mainspring_core::limits;
use mainspring_core::time::{Mono, Now, Span, Timestamp};
use serde::de::DeserializeOwned;
use tokio::sync::{mpsc, watch};

use crate::builder::Builder;
use crate::clock::Time;
use crate::error::Error;
use crate::pump::Event;
use crate::scheduler::Scheduler;
use crate::task::PAYLOAD_VERSION;

/// A clock that stands still until a test moves it; see the [module](super).
///
/// Cheap to clone; clones are one clock.
#[derive(Clone, Debug)]
pub struct HandClock {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    start: Timestamp,
    shown: watch::Sender<Timestamp>,
    /// Until when runs sleep, one entry each.
    sleepers: Mutex<Vec<Timestamp>>,
    /// The schedulers at work.
    pumps: Mutex<Vec<mpsc::WeakUnboundedSender<Event>>>,
}

impl HandClock {
    /// A clock that shows this instant.
    #[must_use]
    pub fn at(start: Timestamp) -> Self {
        let (sleepers, pumps) = (Mutex::default(), Mutex::default());
        let shared = Shared { start, shown: watch::Sender::new(start), sleepers, pumps };
        Self { shared: Arc::new(shared) }
    }

    /// Starts to describe a scheduler that goes by this clock, and so does what it does with this
    /// store. It asks for news once an hour, unless it is told
    /// [otherwise](Builder::max_idle): what other schedulers queue is noticed then.
    pub fn builder(&self, store: impl Store) -> Builder {
        Builder::new(store, Time::by_hand(self.clone())).max_idle(HOUR)
    }

    /// What the clock shows.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        *self.shared.shown.borrow()
    }

    /// Lets this span pass, and everything happen that becomes due, each at its instant.
    ///
    /// Returns when there is nothing left to be done now: every run has ended or
    /// [waits](Self::wait) for this clock, and the store has heard of it. So it does not return
    /// while a run waits for something that this very caller is going to do later.
    pub async fn advance(&self, span: Duration) {
        self.advance_to(self.now() + Span::from(span)).await;
    }

    /// The same up to an instant. One that has passed does not turn the clock back.
    pub async fn advance_to(&self, to: Timestamp) {
        loop {
            let next = self.settle().await.filter(|&next| next <= to);
            let Some(next) = next else { break };
            self.show(next);
        }
        self.show(to);
        self.settle().await;
    }

    /// Waits until this clock shows that the span has passed: for tasks, one at a time in each run.
    pub async fn wait(&self, span: Duration) {
        let until = self.now() + Span::from(span);
        let mut shown = self.shared.shown.subscribe();
        let _sleeper = Sleeper::new(&self.shared, until);
        // The clock outlives its sleepers, so it does not go away.
        let _ = shown.wait_for(|&now| now >= until).await;
    }

    /// What was queued for this task and has not started: the arguments of each job. First what is
    /// ready first; what is ready at the same instant, in the order of its encoded arguments.
    ///
    /// # Errors
    /// If arguments are of another type, or the store fails.
    pub async fn enqueued<A: DeserializeOwned>(
        &self,
        scheduler: &Scheduler,
        task: &str,
    ) -> Result<Vec<A>, Error> {
        let mut jobs: Vec<Job> = Vec::new();
        let mut filter = JobFilter::first(limits::ROWS_PER_SWEEP);
        loop {
            let page = scheduler.jobs(&filter).await?;
            let Some(last) = page.last() else { break };
            filter.page = Page { after: Some(last.id), ..filter.page };
            jobs.extend(page);
        }
        jobs.retain(|job| job.task.as_str() == task);
        let mut ready: Vec<_> = jobs.iter().filter_map(|job| Some((ready_at(job)?, job))).collect();
        ready.sort_by(|a, b| (a.0, &a.1.payload.bytes).cmp(&(b.0, &b.1.payload.bytes)));
        let arguments = ready.into_iter().map(|(_, job)| {
            job.payload.from_json(PAYLOAD_VERSION).map_err(|error| {
                let Job { id, payload, .. } = job;
                Error::invalid(format!("the arguments {payload:?} of job {id} do not fit: {error}"))
            })
        });
        arguments.collect()
    }

    /// What a scheduler goes by.
    pub(crate) fn read(&self) -> Now {
        let wall = self.now();
        Now { wall, mono: Mono::ZERO + wall.since(self.shared.start) }
    }

    /// A scheduler is at work.
    pub(crate) fn adopt(&self, pump: &mpsc::UnboundedSender<Event>) {
        self.pumps().push(pump.downgrade());
    }

    /// How many runs sleep on.
    pub(crate) fn asleep(&self) -> usize {
        let now = self.now();
        self.shared.sleepers().iter().filter(|&&until| until > now).count()
    }

    /// Waits until nothing is left to be done now; the next instant at which something is.
    async fn settle(&self) -> Option<Timestamp> {
        let pumps: Vec<_> = self.pumps().iter().filter_map(|pump| pump.upgrade()).collect();
        let mut next: Option<Mono> = None;
        for pump in pumps {
            let (answer, mut answers) = mpsc::unbounded_channel();
            // A pump that has ended has nothing more to do.
            let _ = pump.send(Event::Still(answer));
            drop(pump);
            let deadline = answers.recv().await.flatten();
            next = [next, deadline].into_iter().flatten().min();
        }
        let next = next.map(|next| self.shared.start + next.since(Mono::ZERO));
        let wakes = self.shared.sleepers().iter().min().copied();
        [next, wakes].into_iter().flatten().min()
    }

    fn show(&self, at: Timestamp) {
        self.shared.shown.send_modify(|shown| *shown = at.max(*shown));
    }

    fn pumps(&self) -> MutexGuard<'_, Vec<mpsc::WeakUnboundedSender<Event>>> {
        self.shared.pumps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    fn sleepers(&self) -> MutexGuard<'_, Vec<Timestamp>> {
        self.sleepers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One who sleeps. Dropped, it sleeps no more.
struct Sleeper<'a> {
    shared: &'a Shared,
    until: Timestamp,
}

impl<'a> Sleeper<'a> {
    fn new(shared: &'a Shared, until: Timestamp) -> Self {
        shared.sleepers().push(until);
        Self { shared, until }
    }
}

impl Drop for Sleeper<'_> {
    fn drop(&mut self) {
        let mut sleepers = self.shared.sleepers();
        if let Some(mine) = sleepers.iter().position(|&until| until == self.until) {
            sleepers.swap_remove(mine);
        }
    }
}

/// From when on a job can be claimed, if nobody has it.
fn ready_at(job: &Job) -> Option<Timestamp> {
    match job.state {
        JobState::Held { ready_at } | JobState::Waiting { ready_at } => Some(ready_at),
        JobState::Leased { .. } | JobState::Settled { .. } => None,
    }
}

/// How long a scheduler does without news from others.
const HOUR: Duration = Duration::from_secs(3_600);
