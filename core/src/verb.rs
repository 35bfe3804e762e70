//! What can be asked of a store, and what it answers: requests and replies of every verb.
//!
//! Each request is atomic. Stores take them in slices and answer item by item, together with a
//! [`Pulse`](crate::pulse::Pulse). Verdicts such as [`Written::LeaseLost`] are values, not errors.

use core::borrow::Borrow;

use crate::dice::{Dice, spread};
use crate::domain::{Domain, Origin};
use crate::fire::{Due, Skip};
use crate::id::{Revision, Token};
use crate::job::{Job, JobState, Unique};
use crate::limits::{FIRES_PER_ADVANCE, SKIPS_PER_ADVANCE};
use crate::outcome::Outcome;
use crate::overlap::Admission;
use crate::retry::{Cause, Counts};
use crate::schedule::{Next, Policies, Spec, Spread};
use crate::settings::Level;
use crate::task::Task;
use crate::time::{Span, Timestamp};

/// What to do when a schedule of this name, or a job with this key, exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Conflict {
    /// Change nothing and say so.
    Reject,
    /// Keep what is there.
    Keep,
    /// Take the new one. What becomes of a schedule's cursor is decided by
    /// [`Schedule::replaced`](crate::schedule::Schedule::replaced). A job that waits is cancelled
    /// for the new one; one that runs, or is over, cannot be replaced.
    Replace,
}

/// Put a schedule.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(bound = "D: crate::domain::SerdeDomain, D::Held<Spec<D>>: crate::domain::Kept")
)]
pub struct PutSchedule<D: Domain> {
    /// The schedule.
    pub spec: D::Held<Spec<D>>,
    /// The first instant that its trigger names, for a schedule that is new or has a new trigger.
    pub next: Next,
    /// What to do when a schedule of this name exists.
    pub conflict: Conflict,
}

impl<D: Domain> PutSchedule<D> {
    /// The schedule.
    pub fn spec(&self) -> &Spec<D> {
        self.spec.borrow()
    }
}

/// The answer to [`PutSchedule`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Put {
    /// It is new.
    Created,
    /// It took the place of another.
    Replaced,
    /// It is there already, word for word.
    Unchanged,
    /// Another one is there and stays ([`Conflict::Keep`]).
    Kept,
    /// Another one is there ([`Conflict::Reject`]).
    Rejected,
    /// Another one is there that was written down somewhere else.
    OtherSource,
}

/// Remove schedules. Jobs that exist already stay.
#[derive(Clone, Debug, PartialEq)]
pub enum Remove<'a, D: Domain> {
    /// These.
    Named(&'a [D::ScheduleId]),
    /// All of this source, except these: what remains after the source was read again.
    SourceExcept(&'a D::Source, &'a [D::ScheduleId]),
}

/// Share schedules out among planners.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = "D: crate::domain::SerdeDomain"))]
pub struct ClaimSchedules<D: Domain> {
    /// Who plans.
    pub node: D::NodeId,
    /// Those that come due within this span.
    pub within: Span,
    /// How long nobody else shall plan them. A hint: only the revision decides.
    pub claim_for: Span,
    /// At most so many, the earliest first.
    pub max: u32,
}

/// A fire that becomes a job.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = "D: crate::domain::SerdeDomain"))]
pub struct Fire<D: Domain> {
    /// The job's name, derived from schedule, instant and origin.
    pub job: D::JobId,
    /// The instant that the trigger named.
    pub at: Timestamp,
    /// The job can be claimed from this instant on.
    pub ready_at: Timestamp,
    /// The job expires unless it has started by then.
    pub start_by: Option<Timestamp>,
}

/// Move a schedule's cursor and turn its due fires into jobs: both or neither, and only if the
/// schedule's revision is still the one that the decision was based on.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = "D: crate::domain::SerdeDomain"))]
pub struct Advance<D: Domain> {
    /// Which.
    pub schedule: D::ScheduleId,
    /// The revision that the decision was based on.
    pub revision: Revision,
    /// These become jobs.
    pub fires: heapless::Vec<Fire<D>, FIRES_PER_ADVANCE>,
    /// These do not; a record of why.
    pub skips: heapless::Vec<Skip, SKIPS_PER_ADVANCE>,
    /// The cursor from now on.
    pub next: Next,
    /// How long the planner keeps its claim; `None` gives it up.
    pub keep_for: Option<Span>,
}

impl<D: Domain> Advance<D> {
    /// The request that carries out a decision about the schedule of this name, which was made on
    /// the basis of this revision and these policies. The dice are rolled only for
    /// [`Spread::Random`].
    pub fn decided(
        schedule: &D::ScheduleId,
        revision: Revision,
        policies: &Policies,
        decision: Due,
        dice: &mut Dice,
    ) -> Self {
        let mut advance = Self {
            schedule: schedule.clone(),
            revision,
            fires: heapless::Vec::new(),
            skips: decision.skips,
            next: decision.next,
            keep_for: None,
        };
        for (index, &at) in decision.fires.iter().enumerate() {
            let following = decision.fires.get(index + 1).copied().or_else(|| decision.next.at());
            advance.push(Fire::decided(schedule, at, following, policies, dice));
        }
        advance
    }

    /// The same for a decision that [`only`](crate::fire::only) has made: one fire, no skip. It is
    /// made in place, because the usual request shall not be carried about.
    #[inline]
    pub(crate) fn only(
        (schedule, revision): (&D::ScheduleId, Revision),
        policies: &Policies,
        (at, next): (Timestamp, Next),
        keep_for: Option<Span>,
        dice: &mut Dice,
    ) -> Self {
        let mut advance = Self {
            schedule: schedule.clone(),
            revision,
            fires: heapless::Vec::new(),
            skips: heapless::Vec::new(),
            next,
            keep_for,
        };
        advance.push(Fire::decided(schedule, at, next.at(), policies, dice));
        advance
    }

    #[inline]
    fn push(&mut self, fire: Fire<D>) {
        let pushed = self.fires.push(fire);
        debug_assert!(pushed.is_ok(), "a decision has no more fires than an advance");
    }
}

/// The answer to [`Advance`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[must_use]
pub enum Advanced {
    /// Done.
    Done {
        /// The schedule's revision from now on.
        revision: Revision,
        /// How many of the fires became jobs. The others were jobs already, or were skipped because
        /// an earlier job was not over.
        inserted: u32,
    },
    /// The schedule changed or is gone; nothing was done.
    Stale,
    /// The store has no room for all of the jobs; nothing was done.
    Full,
}

/// The answer to a request that a schedule be paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Paused {
    /// It does not fire from now on.
    Done,
    /// It was paused already.
    Already,
    /// There is no such schedule.
    Missing,
}

/// Let a paused schedule fire again, if its revision is still the one that was looked at.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = "D: crate::domain::SerdeDomain"))]
pub struct Resume<D: Domain> {
    /// Which.
    pub schedule: D::ScheduleId,
    /// The revision that the cursor was computed from.
    pub revision: Revision,
    /// The cursor from now on, as [`resumed`](crate::fire::resumed) says.
    pub next: Next,
    /// What is skipped by that.
    pub skip: Option<Skip>,
}

/// The answer to [`Resume`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[must_use]
pub enum Resumed {
    /// It fires again.
    Done,
    /// It was not paused, or it is paused where it was written down, which has the last word.
    Unchanged,
    /// It changed or is gone; nothing was done.
    Stale,
}

/// Take a schedule out of service until it is put again.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = "D: crate::domain::SerdeDomain"))]
pub struct Quarantine<D: Domain> {
    /// Which.
    pub schedule: D::ScheduleId,
    /// The revision that was found unusable.
    pub revision: Revision,
    /// Why, for people.
    pub reason: D::Text,
}

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
            created_at: now,
            counts: Counts::default(),
            token: Token::default(),
            state: JobState::Waiting { ready_at: self.ready_at.unwrap_or(now) },
        }
    }
}

impl<D: Domain> Fire<D> {
    /// The fire at `at`, which another one follows, under these policies.
    #[inline]
    fn decided(
        schedule: &D::ScheduleId,
        at: Timestamp,
        following: Option<Timestamp>,
        policies: &Policies,
        dice: &mut Dice,
    ) -> Self {
        let delay = policies.jitter.map_or(Span::ZERO, |jitter| {
            let room = following.map_or(Span::MAX, |next| next.since(at) - ONE_MICRO);
            let longest = jitter.up_to.min(room);
            match jitter.spread {
                Spread::Random => dice.span(longest),
                Spread::Stable => spread(D::spread(schedule), longest),
            }
        });
        let ready_at = at + delay;
        // A fire that follows the run before is never too late.
        let grace = policies.misfire_grace.filter(|_| policies.after_run.is_none());
        let start_by = grace.map(|grace| ready_at + grace.max(Span::ZERO));
        Self { job: D::fire_job(schedule, at, Origin::Fire), at, ready_at, start_by }
    }

    /// The job that this fire of a schedule becomes at `now`, given what the store knows of its
    /// task.
    pub fn job(&self, spec: &Spec<D>, task: &Task<D>, now: Timestamp) -> Job<D> {
        Job {
            id: self.job.clone(),
            task: spec.task.clone(),
            schedule: Some(spec.id.clone()),
            origin: Origin::Fire,
            fire_at: Some(self.at),
            payload: spec.payload.clone(),
            terms: spec.settings.or(task.settings).resolve(),
            tags: spec.tags.clone().unwrap_or_else(|| task.tags.clone()),
            unique: None,
            watched: spec.policies.watches(),
            start_by: self.start_by,
            created_at: now,
            counts: Counts::default(),
            token: Token::default(),
            state: JobState::Waiting { ready_at: self.ready_at },
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

/// Take ready jobs.
///
/// Within a task the most urgent first, between tasks a fair turn; a task at its `max_running`
/// hides nobody. A leased job counts as running until it is rescued.
#[derive(Clone, Debug, PartialEq)]
pub struct ClaimJobs<'a, D: Domain> {
    /// Who works.
    pub node: D::NodeId,
    /// The tasks that this node knows.
    pub tasks: &'a [D::TaskId],
    /// What this node offers. A job that needs more is left to others.
    pub tags: &'a D::Tags,
    /// How long the leases last.
    pub lease_for: Span,
    /// At most so many.
    pub max: u32,
}

/// Keep a job for longer.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = "D: crate::domain::SerdeDomain"))]
pub struct Renew<D: Domain> {
    /// Which.
    pub job: D::JobId,
    /// The holder's token.
    pub token: Token,
    /// How long from now.
    pub lease_for: Span,
}

/// The answer to [`Renew`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[must_use]
pub enum Renewed {
    /// The lease goes on.
    Kept {
        /// Whether somebody asked for the job to stop.
        cancel: bool,
    },
    /// The token is stale.
    LeaseLost,
}

/// Hand a job back that was not started.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = "D: crate::domain::SerdeDomain"))]
pub struct Release<D: Domain> {
    /// Which.
    pub job: D::JobId,
    /// The holder's token.
    pub token: Token,
}

/// How one attempt went, for the history.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = "D: crate::domain::SerdeDomain"))]
pub struct Ended<D: Domain> {
    /// How it ended.
    pub outcome: Outcome,
    /// When it started, by the node's clock; `None` if it never did.
    pub started_at: Option<Timestamp>,
    /// When it ended, by the node's clock.
    pub finished_at: Timestamp,
    /// What it left behind.
    pub detail: Option<D::Detail>,
}

/// An attempt ended and another follows.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = "D: crate::domain::SerdeDomain"))]
pub struct Retry<D: Domain> {
    /// Which.
    pub job: D::JobId,
    /// The holder's token.
    pub token: Token,
    /// How long to wait first, by the store's clock.
    pub after: Span,
    /// What is counted.
    pub cause: Cause,
    /// How the attempt went.
    pub ended: Ended<D>,
}

/// The last attempt ended.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = "D: crate::domain::SerdeDomain"))]
pub struct Settle<D: Domain> {
    /// Which.
    pub job: D::JobId,
    /// The holder's token.
    pub token: Token,
    /// How the attempt went, and with it the job.
    pub ended: Ended<D>,
}

/// The answer to [`Release`], [`Retry`] and [`Settle`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[must_use]
pub enum Written {
    /// Done.
    Done,
    /// The token is stale; nothing was changed.
    LeaseLost,
}

/// The answer to a cancellation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Cancelled {
    /// It was waiting and is over now.
    Settled,
    /// It is running; its holder is told when it renews.
    Asked,
    /// It was over already.
    Over,
    /// There is no such job.
    Missing,
}

/// Take care of jobs whose lease or start deadline has passed.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = "D: crate::domain::SerdeDomain"))]
pub enum Rescue<D: Domain> {
    /// Leases that ended by themselves and start deadlines that passed.
    Lapsed,
    /// Whatever this node holds: its leases, and its claims on schedules. Only for a node that has
    /// just started and is certain that its former self is gone, or that is about to end.
    HeldBy(D::NodeId),
}

/// The history's record of one attempt, or of a job that was settled without any.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = "D: crate::domain::SerdeDomain"))]
pub struct Run<D: Domain> {
    /// Which job.
    pub job: D::JobId,
    /// The token of the attempt's claim; zero if the job was never claimed.
    pub token: Token,
    /// The attempt, counted from 1.
    pub attempt: u32,
    /// What ran.
    pub task: D::TaskId,
    /// The schedule whose fire it was.
    pub schedule: Option<D::ScheduleId>,
    /// How the job came to be.
    pub origin: Origin,
    /// The instant that the trigger named.
    pub fire_at: Option<Timestamp>,
    /// Who ran it.
    pub node: Option<D::NodeId>,
    /// Whether the job was over after this.
    pub settled: bool,
    /// How it ended.
    pub ended: Ended<D>,
}

/// Keeps the records that verbs leave behind. `()` forgets them, and with them the knowledge that
/// makes a repeated enqueue or settle of a job that is over a no-op.
pub trait History<D: Domain> {
    /// An attempt ended.
    fn run(&mut self, run: Run<D>);
    /// Fires did not become jobs.
    fn skip(&mut self, schedule: &D::ScheduleId, skip: Skip);
    /// Whether the job is over.
    fn is_settled(&self, job: &D::JobId) -> bool;
    /// How the attempt under this token ended, if it did, and whether it settled the job.
    fn ended(&self, job: &D::JobId, token: Token) -> Option<(Outcome, bool)>;
}

impl<D: Domain> History<D> for () {
    fn run(&mut self, _run: Run<D>) {}
    fn skip(&mut self, _schedule: &D::ScheduleId, _skip: Skip) {}
    fn is_settled(&self, _job: &D::JobId) -> bool {
        false
    }
    fn ended(&self, _job: &D::JobId, _token: Token) -> Option<(Outcome, bool)> {
        None
    }
}

const ONE_MICRO: Span = Span::from_micros(1);
