//! What can be asked of a store, and what it answers: requests and replies of every verb.
//!
//! Each request is atomic. Stores take them in slices and answer item by item, together with a
//! [`Pulse`](crate::pulse::Pulse). Verdicts such as [`Written::LeaseLost`] are values, not errors.

use crate::domain::{Domain, Origin};
use crate::fire::{Due, Skip};
use crate::id::{Revision, Token};
use crate::limits::FIRES_PER_ADVANCE;
use crate::outcome::Outcome;
use crate::retry::Cause;
use crate::schedule::{Next, Policies, Spec};
use crate::settings::Settings;
use crate::time::{Span, Timestamp};

/// What to do when a schedule of this name exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Conflict {
    /// Change nothing and say so.
    Reject,
    /// Keep what is there.
    Keep,
    /// Take the new one. What becomes of the cursor is decided by
    /// [`Schedule::replaced`](crate::schedule::Schedule::replaced).
    Replace,
}

/// Put a schedule.
#[derive(Clone, Debug, PartialEq)]
pub struct PutSchedule<D: Domain> {
    /// The schedule.
    pub spec: Spec<D>,
    /// The first instant that its trigger names, for a schedule that is new or has a new trigger.
    pub next: Next,
    /// What to do when a schedule of this name exists.
    pub conflict: Conflict,
}

/// The answer to [`PutSchedule`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
pub struct Advance<D: Domain> {
    /// Which.
    pub schedule: D::ScheduleId,
    /// The revision that the decision was based on.
    pub revision: Revision,
    /// These become jobs.
    pub fires: heapless::Vec<Fire<D>, FIRES_PER_ADVANCE>,
    /// These do not; a record of why.
    pub skips: heapless::Vec<Skip, 2>,
    /// The cursor from now on.
    pub next: Next,
    /// How long the planner keeps its claim; `None` gives it up.
    pub keep_for: Option<Span>,
}

impl<D: Domain> Advance<D> {
    /// The request that carries out a decision about the schedule of this name, which was made on
    /// the basis of this revision and these policies.
    pub fn decided(
        schedule: &D::ScheduleId,
        revision: Revision,
        policies: &Policies,
        decision: Due,
    ) -> Self {
        let fires = decision.fires.iter().map(|&at| Fire {
            job: D::fire_job(schedule, at, Origin::Fire),
            at,
            ready_at: at,
            start_by: policies.misfire_grace.map(|grace| at + grace),
        });
        Self {
            schedule: schedule.clone(),
            revision,
            fires: fires.collect(),
            skips: decision.skips,
            next: decision.next,
            keep_for: None,
        }
    }
}

/// The answer to [`Advance`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use]
pub enum Advanced {
    /// Done.
    Done {
        /// The schedule's revision from now on.
        revision: Revision,
        /// How many of the fires became jobs; the others were jobs already.
        inserted: u32,
    },
    /// The schedule changed or is gone; nothing was done.
    Stale,
}

/// Take a schedule out of service until it is put again.
#[derive(Clone, Debug, PartialEq)]
pub struct Quarantine<D: Domain> {
    /// Which.
    pub schedule: D::ScheduleId,
    /// The revision that was found unusable.
    pub revision: Revision,
    /// Why, for people.
    pub reason: D::Text,
}

/// Queue a job without any schedule.
#[derive(Clone, Debug, PartialEq)]
pub struct Enqueue<D: Domain> {
    /// Its name, chosen by the caller so that asking twice adds one job.
    pub id: D::JobId,
    /// What runs.
    pub task: D::TaskId,
    /// The arguments.
    pub payload: D::Payload,
    /// Settings that differ from the task's.
    pub settings: Settings,
    /// Not before this instant; `None`: at once.
    pub ready_at: Option<Timestamp>,
    /// It expires unless it has started by then.
    pub start_by: Option<Timestamp>,
}

/// The answer to [`Enqueue`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Enqueued {
    /// It waits.
    Inserted,
    /// A job of this name exists, or existed and is over.
    Exists,
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
    /// How long the leases last.
    pub lease_for: Span,
    /// At most so many.
    pub max: u32,
}

/// Keep a job for longer.
#[derive(Clone, Debug, PartialEq)]
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
pub struct Release<D: Domain> {
    /// Which.
    pub job: D::JobId,
    /// The holder's token.
    pub token: Token,
}

/// How one attempt went, for the history.
#[derive(Clone, Debug, PartialEq)]
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
#[must_use]
pub enum Written {
    /// Done.
    Done,
    /// The token is stale; nothing was changed.
    LeaseLost,
}

/// The answer to a cancellation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
pub enum Rescue<D: Domain> {
    /// Leases that ended by themselves and start deadlines that passed.
    Lapsed,
    /// Whatever this node holds: its leases, and its claims on schedules. Only for a node that has
    /// just started and is certain that its former self is gone, or that is about to end.
    HeldBy(D::NodeId),
}

/// The history's record of one attempt, or of a job that was settled without any.
#[derive(Clone, Debug, PartialEq)]
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
