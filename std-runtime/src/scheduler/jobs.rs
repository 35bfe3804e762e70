//! Verbs on jobs.

use core::time::Duration;

use mainspring_contract::broker::Hints;
use mainspring_contract::record::{Cancelled, Conflict, Enqueue, Enqueued, Hastened, Hold, Unique};
use mainspring_contract::{Encoded, JobId, Key, NameError, Tags, TagsError, TaskId};
use mainspring_core::limits;
use mainspring_core::settings::Settings;
use mainspring_core::time::{Span, Timestamp};
use mainspring_core::worker::Suspects;
use serde::Serialize;

use super::Scheduler;
use crate::dice::Ids;
use crate::error::Error;
use crate::pump::Event;
use crate::schedule::encode;
use crate::settings::setters;

/// A job that is to be queued without any schedule; see [`Scheduler::job`].
#[derive(Clone, Debug)]
pub struct NewJob<'a> {
    scheduler: &'a Scheduler,
    id: Option<JobId>,
    task: Result<TaskId, NameError>,
    arguments: Result<Encoded, String>,
    settings: Settings,
    tags: Result<Option<Tags>, TagsError>,
    ready_at: Option<Timestamp>,
    start_by: Option<Timestamp>,
    key: Option<String>,
    hold: Hold,
    conflict: Conflict,
    is_awaited: bool,
}

/// What became of a job that was to be queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Queued {
    /// It waits.
    New(JobId),
    /// It was queued before, under the same [id](NewJob::id).
    Known(JobId),
    /// It was not queued: this job has its key and stays ([`Conflict::Keep`]).
    Kept(JobId),
    /// It was not queued: this job has its key, and the new one insists ([`Conflict::Reject`]) or
    /// cannot replace what no longer waits.
    Rejected(JobId),
    /// It waits, and the job that had its key was cancelled for it.
    Replaced {
        /// The one that waits.
        new: JobId,
        /// The one that is over.
        old: JobId,
    },
}

impl Queued {
    /// The job that stands for what was asked: the new one, or the one that has its key.
    pub const fn id(self) -> JobId {
        match self {
            Self::New(id) | Self::Known(id) | Self::Kept(id) | Self::Rejected(id) => id,
            Self::Replaced { new, .. } => new,
        }
    }
}

impl<'a> NewJob<'a> {
    pub(super) const fn scheduler(&self) -> &'a Scheduler {
        self.scheduler
    }

    /// Its name, so that asking twice queues one job. Default: a new one.
    #[must_use]
    pub fn id(mut self, id: JobId) -> Self {
        self.id = Some(id);
        self
    }

    /// It stands for this, and only one job of its task does at a time: what becomes of a second
    /// one is said by [`on_conflict`](Self::on_conflict), what "at a time" means by
    /// [`hold`](Self::hold).
    #[must_use]
    pub fn unique(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    /// How long it holds its [key](Self::unique). Default: until it is over.
    #[must_use]
    pub fn hold(mut self, hold: Hold) -> Self {
        self.hold = hold;
        self
    }

    /// What to do if another job has its [key](Self::unique). Default: [`Conflict::Keep`].
    #[must_use]
    pub fn on_conflict(mut self, conflict: Conflict) -> Self {
        self.conflict = conflict;
        self
    }

    /// It is not run before this instant. Default: at once.
    #[must_use]
    pub fn ready_at(mut self, at: Timestamp) -> Self {
        self.ready_at = Some(at);
        self
    }

    /// It is not run before this span has passed, counted from now by this node's clock.
    #[must_use]
    pub fn delay(self, span: Duration) -> Self {
        let now = self.scheduler.shared.time.wall();
        self.ready_at(now + Span::from(span))
    }

    /// It expires unless it has started by then. Default: it never does.
    #[must_use]
    pub fn start_by(mut self, at: Timestamp) -> Self {
        self.start_by = Some(at);
        self
    }

    setters!("what the task says");

    /// Queues it.
    ///
    /// # Errors
    /// If a name is not valid, the arguments cannot be encoded, or the store fails.
    pub async fn enqueue(self) -> Result<Queued, Error> {
        let scheduler = self.scheduler;
        let queued = scheduler.enqueue_all([self]).await?;
        queued.into_iter().next().ok_or_else(|| Error::invalid("the store did not answer"))
    }

    /// Somebody is going to wait for its end, and other nodes hear that together with the news of
    /// it.
    pub(super) fn awaited(mut self) -> Self {
        self.is_awaited = true;
        self
    }

    /// What a store is asked to queue it, for a store that can do so
    /// [in the caller's own transaction](mainspring_contract::tables::within): its `enqueue_in`.
    ///
    /// # Errors
    /// If a name is not valid, or the arguments cannot be encoded.
    pub fn into_request(self) -> Result<Enqueue, Error> {
        let mut ids = self.scheduler.ids();
        self.request(&mut ids)
    }

    fn request(self, ids: &mut Ids) -> Result<Enqueue, Error> {
        let task = self.task?;
        let id = self.id.unwrap_or_else(|| ids.next());
        let payload = self.arguments.map_err(|error| {
            Error::invalid(format!("the arguments for `{task}` cannot be stored: {error}"))
        })?;
        let key = self.key.map(Key::new).transpose()?;
        let unique = key.map(|key| (Unique { key, hold: self.hold }, self.conflict));
        Ok(Enqueue {
            settings: self.settings,
            tags: self.tags?,
            ready_at: self.ready_at,
            start_by: self.start_by,
            unique,
            ..Enqueue::new(id, task, payload)
        })
    }
}

impl Scheduler {
    /// Queues a job without any schedule, to run as soon as possible.
    ///
    /// # Errors
    /// If the name is not valid, the arguments cannot be encoded, or the store fails.
    pub async fn enqueue<A: Serialize + ?Sized>(
        &self,
        task: &str,
        arguments: &A,
    ) -> Result<JobId, Error> {
        Ok(self.job(task, arguments).enqueue().await?.id())
    }

    /// Describes a job without any schedule; [`enqueue`](NewJob::enqueue) queues it.
    ///
    /// ```
    /// # use core::time::Duration;
    /// # use mainspring::{Queued, Scheduler};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = mainspring_memory::MemoryStore::default();
    /// # let scheduler = Scheduler::builder(store).build().await?;
    /// let minute = Duration::from_secs(60);
    /// let remind = || scheduler.job("remind", &"ada").unique("ada").delay(minute);
    /// let queued = remind().enqueue().await?;
    /// assert!(matches!(queued, Queued::New(_)));
    /// assert_eq!(remind().enqueue().await?, Queued::Kept(queued.id()));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use = "a job is queued by `enqueue`"]
    pub fn job<A: Serialize + ?Sized>(&self, task: &str, arguments: &A) -> NewJob<'_> {
        NewJob {
            scheduler: self,
            id: None,
            task: TaskId::new(task),
            arguments: encode(arguments),
            settings: Settings::NONE,
            tags: Ok(None),
            ready_at: None,
            start_by: None,
            key: None,
            hold: Hold::Live,
            conflict: Conflict::Keep,
            is_awaited: false,
        }
    }

    /// Queues many jobs, and says what became of each. Much faster than one by one. Where nothing
    /// else sets them apart, jobs of one task begin in the order in which they are given here.
    ///
    /// # Errors
    /// If a name is not valid or arguments cannot be encoded (nothing is queued then), or the store
    /// fails. Then some may have been queued; jobs that were given [ids](NewJob::id) can be queued
    /// again.
    pub async fn enqueue_all<'a>(
        &self,
        jobs: impl IntoIterator<Item = NewJob<'a>>,
    ) -> Result<Vec<Queued>, Error> {
        let mut is_awaited = false;
        let jobs = jobs.into_iter().inspect(|job| is_awaited |= job.is_awaited);
        let mut ids = self.ids();
        // Requests are large, and a list that grows copies them.
        let mut requests = Vec::with_capacity(jobs.size_hint().0);
        for job in jobs {
            requests.push(job.request(&mut ids)?);
        }
        let mut queued = Vec::with_capacity(requests.len());
        for batch in requests.chunks(limits::ITEMS_PER_CALL) {
            let answers = self.told(self.shared.store.enqueue(batch).await?);
            self.queued_told(batch, &answers, is_awaited);
            queued.extend(batch.iter().zip(answers).map(|(request, answer)| match answer {
                Enqueued::Exists => Queued::Known(request.id),
                Enqueued::Kept(id) => Queued::Kept(id),
                Enqueued::Rejected(id) => Queued::Rejected(id),
                Enqueued::Replaced(old) => Queued::Replaced { new: request.id, old },
                // The others are about jobs of schedules.
                Enqueued::Inserted | Enqueued::Overlapped | Enqueued::Missing => {
                    Queued::New(request.id)
                }
            }));
        }
        Ok(queued)
    }

    /// Names for jobs that are queued now.
    fn ids(&self) -> Ids {
        Ids::new(self.shared.time.wall())
    }

    /// Tells other nodes what was queued, and which jobs were cancelled for it.
    fn queued_told(&self, batch: &[Enqueue], answers: &[Enqueued], is_awaited: bool) {
        if !self.shared.neighbours.are_told() {
            return;
        }
        let mut hints = Hints::default();
        for (request, answer) in batch.iter().zip(answers) {
            if let Enqueued::Inserted | Enqueued::Replaced(_) = answer {
                hints.ready.add(request.task.clone());
            }
            if let Enqueued::Replaced(old) = answer {
                self.shared.neighbours.look(*old);
            }
            if is_awaited {
                hints.awaited.add(request.id);
            }
        }
        self.shared.neighbours.tell(hints);
    }

    /// Cancels a job: a waiting one is over at once, a running one is told to stop.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn cancel(&self, job: JobId) -> Result<Cancelled, Error> {
        let reply = self.told(self.shared.store.cancel(&[job]).await?);
        let cancelled = reply.into_iter().next().unwrap_or(Cancelled::Missing);
        self.shared.waiting.look(job);
        self.shared.neighbours.look(job);
        if cancelled == Cancelled::Asked {
            let hints = Hints { cancelled: job.into(), ..Hints::default() };
            self.shared.neighbours.tell(hints);
            self.tell(Event::Verify(Suspects::Job(job)));
        }
        Ok(cancelled)
    }

    /// Makes a waiting job ready at once: it waits neither for its instant nor for the time before
    /// its next attempt.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn hasten(&self, job: JobId) -> Result<Hastened, Error> {
        let reply = self.told(self.shared.store.hasten(&[job]).await?);
        Ok(reply.into_iter().next().unwrap_or(Hastened::Missing))
    }
}
