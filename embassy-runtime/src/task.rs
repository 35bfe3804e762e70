//! Tasks: async functions, found by the names of what they run.

use mainspring_core::domain::{Domain, Origin};
use mainspring_core::id::Token;
use mainspring_core::job::Job;
use mainspring_core::outcome::Outcome;
use mainspring_core::retry::Ask;
use mainspring_core::time::{Span, Timestamp};

/// One attempt at a job: what its task is called with.
#[derive(Clone, Debug, PartialEq)]
pub struct Run<D: Domain> {
    /// The job.
    pub job: D::JobId,
    /// Its task.
    pub task: D::TaskId,
    /// The schedule whose fire it is, or on whose behalf somebody asked for it.
    pub schedule: Option<D::ScheduleId>,
    /// How it came to be.
    pub origin: Origin,
    /// The instant that the schedule's trigger named.
    pub fire_at: Option<Timestamp>,
    /// The arguments.
    pub payload: D::Payload,
    /// Which attempt this is, counted from 1.
    pub attempt: u32,
    pub(crate) token: Token,
}

impl<D: Domain> Run<D> {
    pub(crate) fn of(job: &Job<D>) -> Self {
        Self {
            job: job.id.clone(),
            task: job.task.clone(),
            schedule: job.schedule.clone(),
            origin: job.origin,
            fire_at: job.fire_at,
            payload: job.payload.clone(),
            attempt: job.attempt(),
            token: job.token,
        }
    }

    pub(crate) fn is(&self, job: &D::JobId, token: Token) -> bool {
        self.job == *job && self.token == token
    }
}

/// How a task ended.
pub type Report = Result<(), Failure>;

/// Why a task did not do what it should, and what it asks for. The numbers are the task's own: they
/// come into the history, and mean nothing here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Failure {
    /// It failed; whether it is tried again is for the job's settings to say.
    Failed(u32),
    /// It failed, and trying again cannot help.
    GiveUp(u32),
    /// It failed; if it is tried again, then after this wait.
    RetryAfter(Span, u32),
    /// It cannot do its work yet and wants to be called again after this wait, which counts as
    /// nothing.
    Snooze(Span),
}

/// A report as the engine judges it.
pub(crate) fn judged(report: Report) -> (Outcome, Ask, Option<u32>) {
    match report {
        Ok(()) => (Outcome::Succeeded, Ask::Nothing, None),
        Err(Failure::Failed(code)) => (Outcome::Failed, Ask::Nothing, Some(code)),
        Err(Failure::GiveUp(code)) => (Outcome::Failed, Ask::GiveUp, Some(code)),
        Err(Failure::RetryAfter(span, code)) => {
            (Outcome::Failed, Ask::RetryAfter(span), Some(code))
        }
        Err(Failure::Snooze(span)) => (Outcome::Snoozed, Ask::Snooze(span), None),
    }
}

/// The tasks of a program. [`tasks`] makes one of async functions; a program that wants to choose
/// for itself implements it with a `match` over [`Run::task`].
pub trait Tasks<D: Domain> {
    /// Names each task.
    fn names(&self, name: &mut impl FnMut(&D::TaskId));

    /// Runs a job whose task is one of them. Where it awaits something it may be dropped: after its
    /// timeout, when it is cancelled, and when the pump is aborted.
    fn run(&self, run: &Run<D>) -> impl Future<Output = Report>;
}

/// No tasks, to be followed by some.
///
/// ```
/// use mainspring_embassy::domain::Small;
/// use mainspring_embassy::name::Name;
/// use mainspring_embassy::task::{self, Failure, Report, Run, Tasks};
///
/// async fn blink(_: &Run<Small>) -> Report {
///     Ok(())
/// }
///
/// fn all() -> impl Tasks<Small> {
///     let too_dark = true;
///     let look = async move |run: &Run<Small>| {
///         if too_dark { Err(Failure::Failed(run.payload)) } else { Ok(()) }
///     };
///     task::tasks().on(Name::of("blink"), blink).on(Name::of("look"), look)
/// }
/// let mut count = 0;
/// all().names(&mut |_| count += 1);
/// assert_eq!(count, 2);
/// ```
pub const fn tasks() -> NoTasks {
    NoTasks
}

/// No tasks.
#[derive(Clone, Copy, Debug)]
pub struct NoTasks;

/// A task and others.
#[derive(Clone, Copy, Debug)]
pub struct On<I, F, T> {
    name: I,
    task: F,
    others: T,
}

impl NoTasks {
    /// A task of this name.
    pub const fn on<I, F>(self, name: I, task: F) -> On<I, F, Self> {
        On { name, task, others: self }
    }
}

impl<I, F, T> On<I, F, T> {
    /// A further task of this name.
    pub const fn on<G>(self, name: I, task: G) -> On<I, G, Self> {
        On { name, task, others: self }
    }
}

impl<D: Domain> Tasks<D> for NoTasks {
    fn names(&self, _: &mut impl FnMut(&D::TaskId)) {}

    async fn run(&self, _: &Run<D>) -> Report {
        // Only jobs of tasks that were named are claimed.
        Err(Failure::GiveUp(0))
    }
}

impl<D: Domain, F: AsyncFn(&Run<D>) -> Report, T: Tasks<D>> Tasks<D> for On<D::TaskId, F, T> {
    fn names(&self, name: &mut impl FnMut(&D::TaskId)) {
        self.others.names(name);
        name(&self.name);
    }

    async fn run(&self, run: &Run<D>) -> Report {
        if run.task == self.name { (self.task)(run).await } else { self.others.run(run).await }
    }
}
