//! The verb that queues a job, and what it meets.

use super::Conflict;
use crate::domain::{Domain, Origin};
use crate::id::Token;
use crate::job::{Job, JobState, Unique};
use crate::note::Note;
use crate::overlap::Admission;
use crate::retry::Counts;
use crate::settings::Level;
use crate::task::Task;
use crate::time::Timestamp;

/// Queue a job.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = "D: crate::domain::SerdeDomain"))]
pub struct Enqueue<D: Domain> {
    /// Its name, chosen by the caller so that asking twice adds one job.
    pub id: D::JobId,
    /// What runs.
    pub task: D::TaskId,
    /// The arguments.
    pub payload: D::Payload,
    /// Settings that differ from the task's.
    pub settings: D::Settings,
    /// What a worker must offer to run it; `None`: what the task says.
    pub tags: Option<D::Tags>,
    /// Not before this instant; `None`: at once.
    pub ready_at: Option<Timestamp>,
    /// It expires unless it has started by then.
    pub start_by: Option<Timestamp>,
    /// Another job must not hold the same key, and what to do if one does.
    pub unique: Option<(Unique<D>, Conflict)>,
    /// The schedule on whose behalf it is queued, if any.
    pub extra: Option<Extra<D>>,
}

/// A job that somebody asks of a schedule besides its fires.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = "D: crate::domain::SerdeDomain"))]
pub struct Extra<D: Domain> {
    /// Which schedule. What it says about overlap is kept, except for a backfill: its jobs stand
    /// for instants of the past, each of which is wanted.
    pub schedule: D::ScheduleId,
    /// The instant that the job is for.
    pub at: Timestamp,
    /// [`Origin::Manual`] or [`Origin::Backfill`].
    pub origin: Origin,
}

/// The answer to [`Enqueue`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[must_use]
pub enum Enqueued<Id> {
    /// It waits.
    Inserted,
    /// A job of this name exists, or existed and is over.
    Exists,
    /// This job has the key and stays ([`Conflict::Keep`]).
    Kept(Id),
    /// This job has the key ([`Conflict::Reject`]), or had it and cannot be replaced.
    Rejected(Id),
    /// It waits, and this job was cancelled for it.
    Replaced(Id),
    /// An earlier job of the schedule is not over.
    Overlapped,
    /// There is no such schedule.
    Missing,
}

/// What a job that wants a key meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Contest<Id> {
    /// Nobody has it.
    Free,
    /// It is not queued, because of this one.
    Lost(Enqueued<Id>),
    /// This job has it and is cancelled for the new one.
    Replace(Id),
}

impl<Id> Contest<Id> {
    /// Against this holder, which waits or does not.
    pub fn with(holder: Id, waits: bool, conflict: Conflict) -> Self {
        match conflict {
            Conflict::Replace if waits => Self::Replace(holder),
            Conflict::Replace | Conflict::Reject => Self::Lost(Enqueued::Rejected(holder)),
            Conflict::Keep => Self::Lost(Enqueued::Kept(holder)),
        }
    }
}

impl<D: Domain> Enqueue<D> {
    /// A job that can be claimed at once, with the settings and tags of its task.
    pub const fn new(id: D::JobId, task: D::TaskId, payload: D::Payload) -> Self {
        Self {
            id,
            task,
            payload,
            settings: D::Settings::NONE,
            tags: None,
            ready_at: None,
            start_by: None,
            unique: None,
            extra: None,
        }
    }

    /// The job as it is written at `now`, given what the store knows of its task.
    pub fn job(self, task: &Task<D>, now: Timestamp) -> Job<D> {
        let (schedule, at, origin) = match self.extra {
            Some(extra) => (Some(extra.schedule), Some(extra.at), extra.origin),
            None => (None, None, Origin::Queued),
        };
        Job {
            id: self.id,
            task: self.task,
            schedule,
            origin,
            fire_at: at,
            payload: self.payload,
            terms: self.settings.or(task.settings).resolve(),
            tags: self.tags.unwrap_or_else(|| task.tags.clone()),
            unique: self.unique.map(|(unique, _)| unique),
            watched: false,
            start_by: self.start_by,
            created_at: D::Note::of(now),
            counts: Counts::default(),
            token: Token::default(),
            state: JobState::Waiting { ready_at: self.ready_at.unwrap_or(now) },
        }
    }
}

impl<D: Domain> Job<D> {
    /// The job as it is let in; `None` if it is not.
    #[must_use]
    pub fn admitted(mut self, admission: Admission) -> Option<Self> {
        match (admission, &self.state) {
            (Admission::Overlapped, _) => return None,
            (Admission::Held, &JobState::Waiting { ready_at }) => {
                self.state = JobState::Held { ready_at };
            }
            _ => {}
        }
        Some(self)
    }
}
