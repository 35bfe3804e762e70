//! Which part of a store people want to see.
//!
//! A filter names what an entry must be; what it leaves open lets everything through. Pages follow
//! a key and not an offset, so that entries which come and go do not shift those that follow.

use mainspring_core::domain::Origin;
use mainspring_core::fire::SkipReason;
use mainspring_core::outcome::Outcome;
use mainspring_core::schedule::Next;
use mainspring_core::time::Timestamp;

use crate::name::{NodeId, ScheduleId, Source, Tag, TaskId};
use crate::record::{Job, JobState, Schedule};
use crate::store::{RunView, SkipView};
use crate::{JobId, Tags};

/// A part of a listing: at most `limit` entries after this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<Id> {
    /// The last entry of the part before; `None` starts at the beginning.
    pub after: Option<Id>,
    /// At most so many.
    pub limit: u32,
}

impl<Id> Page<Id> {
    /// The first `limit` entries.
    pub const fn first(limit: u32) -> Self {
        Self { after: None, limit }
    }
}

/// A stretch of time; either end may be open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct During {
    /// Its first instant.
    pub from: Option<Timestamp>,
    /// The first instant after it.
    pub before: Option<Timestamp>,
}

impl During {
    /// All of time.
    pub const EVER: Self = Self { from: None, before: None };

    /// Whether `at` is in it.
    pub fn contains(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= at) && self.before.is_none_or(|before| at < before)
    }
}

/// Where a schedule stands, in one word: the first of these that is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// It is out of service until it is put again.
    Quarantined,
    /// It was told to stop firing for a while.
    Paused,
    /// It never fires again.
    Done,
    /// It has a next fire, or will have one after the run before.
    Active,
}

impl Standing {
    /// Where this schedule stands.
    pub fn of(schedule: &Schedule) -> Self {
        if schedule.quarantine.is_some() {
            Self::Quarantined
        } else if schedule.is_paused() {
            Self::Paused
        } else if schedule.next == Next::Done {
            Self::Done
        } else {
            Self::Active
        }
    }
}

/// Where a job stands that is not over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// It waits for its instant or for a worker.
    Waiting,
    /// A worker has it.
    Leased,
    /// It is held until others are over.
    Held,
}

impl Place {
    /// Where a job in this state stands; `None` if it is over.
    pub const fn of(state: &JobState) -> Option<Self> {
        match state {
            JobState::Waiting { .. } => Some(Self::Waiting),
            JobState::Leased { .. } => Some(Self::Leased),
            JobState::Held { .. } => Some(Self::Held),
            JobState::Settled { .. } => None,
        }
    }
}

/// Which schedules a listing shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleFilter {
    /// Only those of this task.
    pub task: Option<TaskId>,
    /// Only those that were written down there.
    pub source: Option<Source>,
    /// Only those that name this tag themselves.
    pub tag: Option<Tag>,
    /// Only those that stand there.
    pub standing: Option<Standing>,
    /// Only those whose next fire is in this stretch.
    pub next: During,
    /// Which part.
    pub page: Page<ScheduleId>,
}

impl ScheduleFilter {
    /// The first `limit` schedules.
    pub const fn first(limit: u32) -> Self {
        Self {
            task: None,
            source: None,
            tag: None,
            standing: None,
            next: During::EVER,
            page: Page::first(limit),
        }
    }

    /// Whether this schedule is among them, on whatever page.
    pub fn matches(&self, schedule: &Schedule) -> bool {
        let spec = &schedule.spec;
        is(self.task.as_ref(), &spec.task)
            && is(self.source.as_ref(), &spec.source)
            && self.tag.as_ref().is_none_or(|tag| spec.tags.as_ref().is_some_and(|t| has(t, tag)))
            && self.standing.is_none_or(|standing| Standing::of(schedule) == standing)
            && (self.next == During::EVER
                || schedule.next.at().is_some_and(|at| self.next.contains(at)))
    }
}

/// Which jobs a listing shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobFilter {
    /// Only those of this task.
    pub task: Option<TaskId>,
    /// Only those of this schedule.
    pub schedule: Option<ScheduleId>,
    /// Only those that stand there.
    pub place: Option<Place>,
    /// Only those that this node holds.
    pub held_by: Option<NodeId>,
    /// Only those that need this tag.
    pub tag: Option<Tag>,
    /// Only those that came to be like this.
    pub origin: Option<Origin>,
    /// Only those that were written in this stretch.
    pub created: During,
    /// Which part.
    pub page: Page<JobId>,
}

impl JobFilter {
    /// The first `limit` jobs.
    pub const fn first(limit: u32) -> Self {
        Self {
            task: None,
            schedule: None,
            place: None,
            held_by: None,
            tag: None,
            origin: None,
            created: During::EVER,
            page: Page::first(limit),
        }
    }

    /// The part of it that stores have indexes for. Whatever else it says is looked up row by row,
    /// and a count that looks at so many rows counts these.
    #[must_use]
    pub fn sought(&self) -> Self {
        Self { tag: None, origin: None, created: During::EVER, ..self.clone() }
    }

    /// Whether this job is among them, on whatever page.
    pub fn matches(&self, job: &Job) -> bool {
        let holder = match &job.state {
            JobState::Leased { lease, .. } => Some(&lease.node),
            _ => None,
        };
        is(self.task.as_ref(), &job.task)
            && (self.schedule.is_none() || self.schedule == job.schedule)
            && self.place.is_none_or(|place| Place::of(&job.state) == Some(place))
            && self.held_by.as_ref().is_none_or(|node| holder == Some(node))
            && self.tag.as_ref().is_none_or(|tag| has(&job.tags, tag))
            && is(self.origin.as_ref(), &job.origin)
            && self.created.contains(job.created_at)
    }
}

/// Which attempts a listing shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFilter {
    /// Only those of this job.
    pub job: Option<JobId>,
    /// Only those of this task.
    pub task: Option<TaskId>,
    /// Only those of this schedule.
    pub schedule: Option<ScheduleId>,
    /// Only those that this node ran.
    pub node: Option<NodeId>,
    /// Only those that ended like this.
    pub outcome: Option<Outcome>,
    /// Only those after which the job was over, or was not.
    pub settled: Option<bool>,
    /// Only those that were recorded in this stretch.
    pub noted: During,
    /// Only those recorded before this one; the last entry of the part before.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: u32,
}

impl RunFilter {
    /// The newest `limit` attempts of everything.
    pub const fn newest(limit: u32) -> Self {
        Self {
            job: None,
            task: None,
            schedule: None,
            node: None,
            outcome: None,
            settled: None,
            noted: During::EVER,
            before: None,
            limit,
        }
    }

    /// Whether this attempt is among them, on whatever page.
    pub fn matches(&self, view: &RunView) -> bool {
        let run = &view.run;
        is(self.job.as_ref(), &run.job)
            && is(self.task.as_ref(), &run.task)
            && (self.schedule.is_none() || self.schedule == run.schedule)
            && (self.node.is_none() || self.node == run.node)
            && is(self.outcome.as_ref(), &run.ended.outcome)
            && is(self.settled.as_ref(), &run.settled)
            && self.noted.contains(view.noted_at)
    }
}

/// Which skipped fires a listing shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkipFilter {
    /// Only those of this schedule.
    pub schedule: Option<ScheduleId>,
    /// Only those that were skipped for this reason.
    pub reason: Option<SkipReason>,
    /// Only those that were recorded in this stretch.
    pub noted: During,
    /// Only those recorded before this one; the last entry of the part before.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: u32,
}

impl SkipFilter {
    /// The newest `limit` records of everything.
    pub const fn newest(limit: u32) -> Self {
        Self { schedule: None, reason: None, noted: During::EVER, before: None, limit }
    }

    /// Whether this record is among them, on whatever page.
    pub fn matches(&self, view: &SkipView) -> bool {
        is(self.schedule.as_ref(), &view.schedule)
            && is(self.reason.as_ref(), &view.skip.reason)
            && self.noted.contains(view.noted_at)
    }
}

/// Whether a filter lets this value through.
fn is<T: PartialEq>(wanted: Option<&T>, value: &T) -> bool {
    wanted.is_none_or(|wanted| wanted == value)
}

fn has(tags: &Tags, tag: &Tag) -> bool {
    tags.iter().any(|other| other == tag)
}
