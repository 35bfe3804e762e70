//! A task: a named function that jobs run, with its defaults.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::time::Duration;
use std::sync::Arc;

use mainspring_contract::{Detail, Encoded, NameError, Tags, TagsError, TaskId, record};
use mainspring_core::outcome::Outcome;
use mainspring_core::settings::Settings;

mod blocking;
mod executor;
mod form;

pub use blocking::{BlockingFunction, Callable};
pub use executor::{Call, Executor};
pub use form::{Ending, TaskFunction};

use crate::context::Context;
use crate::error::Error;
use crate::settings::setters;
use crate::state::{NoState, States};
use crate::threads::Threads;
use crate::verdict::Asked;

/// The version of the arguments and results that typed tasks write.
pub(crate) const PAYLOAD_VERSION: u16 = 1;

/// How a run ended, as a task with a [raw](Task::raw) function reports it.
#[derive(Clone, Debug, PartialEq)]
pub struct RunEnd {
    /// How it ended.
    pub outcome: Outcome,
    /// What it leaves behind.
    pub detail: Detail,
    /// What it asks for beyond that.
    pub ask: Asked,
}

impl RunEnd {
    /// A success that leaves this behind.
    pub fn success(output: Option<Encoded>) -> Self {
        let detail = Detail { output, error: None };
        Self { outcome: Outcome::Succeeded, detail, ask: Asked::Nothing }
    }

    /// An end of this kind, with the reason for people.
    pub fn failure(outcome: Outcome, error: impl Into<String>) -> Self {
        let detail = Detail { output: None, error: Some(error.into()) };
        Self { outcome, detail, ask: Asked::Nothing }
    }

    /// A failure with this error, or what the error asks for instead.
    fn of_error(error: &(dyn core::error::Error + 'static)) -> Self {
        let ask = Asked::by(error);
        if let Asked::Snooze(_) | Asked::SnoozeUntil(_) = ask {
            return Self { outcome: Outcome::Snoozed, detail: Detail::default(), ask };
        }
        Self { ask, ..Self::failure(Outcome::Failed, chain(error)) }
    }
}

/// A function that is called with arguments as they are stored, for each run.
pub type Function = Arc<dyn Fn(Encoded, Context) -> TaskRun + Send + Sync>;

/// A run.
pub type TaskRun = Pin<Box<dyn Future<Output = RunEnd> + Send>>;

/// A task as it is run.
#[derive(Clone)]
pub(crate) struct Bound {
    function: Function,
    /// How long a run may go on after it was told to stop, before it is dropped.
    pub(crate) abort_grace: Duration,
}

impl Bound {
    /// Starts one run.
    pub(crate) fn call(&self, payload: Encoded, context: Context) -> TaskRun {
        (self.function)(payload, context)
    }
}

impl fmt::Debug for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bound").field("abort_grace", &self.abort_grace).finish_non_exhaustive()
    }
}

/// A named function with the defaults of its jobs.
///
/// ```
/// use mainspring::Task;
/// async fn greet(name: String) -> Result<String, std::io::Error> {
///     Ok(format!("hello, {name}"))
/// }
/// let task = Task::new("greet", greet).retries(3).max_running(1);
/// ```
#[derive(Clone)]
pub struct Task {
    id: Result<TaskId, NameError>,
    version: u32,
    max_running: Option<u32>,
    settings: Settings,
    tags: Result<Option<Tags>, TagsError>,
    abort_grace: Duration,
    bind: Arc<Bind>,
}

type Bind = dyn Fn(&States) -> Result<Function, NoState> + Send + Sync;

impl Task {
    /// A task that decodes its arguments and encodes its result.
    ///
    /// The function gets the arguments and, if it wants them, shared [`State`](crate::State) and
    /// the [`Context`] of the run; [`TaskFunction`] has the rule. An error's message and sources
    /// are recorded; [`GiveUp`](crate::GiveUp), [`RetryAfter`](crate::RetryAfter) and
    /// [`Snooze`](crate::Snooze) also say what follows. When the run must stop (timeout,
    /// cancellation, a lost lease), its future is dropped at the next `await`.
    pub fn new<Form>(name: &str, function: impl TaskFunction<Form>) -> Self {
        let function = Arc::new(function);
        Self::bound_by(name, move |states| {
            let function = Arc::clone(&function).bind(states)?;
            let work = move |payload, run: &Context| Ok(function(payload, run.clone()));
            Ok(executor::function(executor::Here, work))
        })
    }

    /// A task whose function blocks, or computes for long: it runs on a thread of its own, of which
    /// there are as many as the node runs jobs at once. Otherwise like [`new`](Self::new).
    ///
    /// A thread cannot be stopped from outside: a function that may run for long asks its
    /// [`Context`] from time to time [whether it should stop](Context::why_cancelled). One that
    /// does not goes on to its end although its run was given up, and keeps its thread.
    ///
    /// ```
    /// use mainspring::{Context, Task};
    /// fn sum(limit: u64, run: Context) -> Result<u64, &'static str> {
    ///     let mut sum = 0;
    ///     for n in 0..=limit {
    ///         if n % 1_000 == 0 && run.why_cancelled().is_some() {
    ///             return Err("told to stop");
    ///         }
    ///         sum += n;
    ///     }
    ///     Ok(sum)
    /// }
    /// let task = Task::blocking("sum", sum);
    /// # let _ = task;
    /// ```
    pub fn blocking<Form>(name: &str, function: impl BlockingFunction<Form>) -> Self {
        let function = Arc::new(function);
        Self::bound_by(name, move |states| {
            let threads = Threads::clone(&*states.find::<Threads>()?);
            called(threads, &function, states)
        })
    }

    /// A task whose function is called by an executor of [`Call`]s: by other [`Threads`] than those
    /// of [`blocking`](Self::blocking), or by one of your own. [`Executor`] has an example.
    pub fn on<Form>(
        name: &str,
        executor: impl Executor<Work = Call>,
        function: impl BlockingFunction<Form>,
    ) -> Self {
        let (executor, function) = (Arc::new(executor), Arc::new(function));
        Self::bound_by(name, move |states| called(Arc::clone(&executor), &function, states))
    }

    /// A task whose runs are carried out by an executor of whatever work: `work` makes it of the
    /// arguments as they are stored, or says how a run ends for which that is not possible.
    pub fn with<E: Executor>(
        name: &str,
        executor: E,
        work: impl Fn(Encoded, &Context) -> Result<E::Work, RunEnd> + Send + Sync + 'static,
    ) -> Self {
        let function = executor::function(executor, work);
        Self::bound_by(name, move |_| Ok(Arc::clone(&function)))
    }

    /// A task whose function sees the arguments as they are stored, and decides itself how a run
    /// ended.
    pub fn raw<F, Fut>(name: &str, function: F) -> Self
    where
        F: Fn(Encoded, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = RunEnd> + Send + 'static,
    {
        Self::with(name, executor::Here, move |payload, run| -> Result<TaskRun, _> {
            Ok(Box::pin(function(payload, run.clone())))
        })
    }

    fn bound_by(
        name: &str,
        bind: impl Fn(&States) -> Result<Function, NoState> + Send + Sync + 'static,
    ) -> Self {
        Self {
            id: TaskId::new(name),
            version: 1,
            max_running: None,
            settings: Settings::NONE,
            tags: Ok(None),
            abort_grace: Duration::ZERO,
            bind: Arc::new(bind),
        }
    }

    /// How many jobs of this task may run at once, over all nodes. Default: no limit.
    #[must_use]
    pub fn max_running(mut self, max: u32) -> Self {
        self.max_running = Some(max);
        self
    }

    setters!("the built-in value; tags: none");

    /// How long a run may go on after its [`Context`] said to stop, before its future is dropped.
    /// Default: not at all.
    #[must_use]
    pub fn abort_grace(mut self, grace: Duration) -> Self {
        self.abort_grace = grace;
        self
    }

    /// The version of these defaults. Raise it with each change if nodes with an older program
    /// may still run: they then do not overwrite the newer defaults. Default: 1.
    #[must_use]
    pub fn version(mut self, version: u32) -> Self {
        self.version = version;
        self
    }

    /// The task as it is run, with the states that it wants.
    ///
    /// # Errors
    /// If one of them is not there.
    pub(crate) fn bind(&self, states: &States) -> Result<Bound, NoState> {
        Ok(Bound { function: (self.bind)(states)?, abort_grace: self.abort_grace })
    }

    pub(crate) fn record(&self) -> Result<record::Task, Error> {
        Ok(record::Task {
            id: self.id.clone()?,
            version: self.version,
            max_running: self.max_running,
            settings: self.settings,
            tags: self.tags.clone()?.unwrap_or_default(),
        })
    }
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A function that an executor calls.
fn called<Form>(
    executor: impl Executor<Work = Call>,
    function: &Arc<impl BlockingFunction<Form>>,
    states: &States,
) -> Result<Function, NoState> {
    let function = Arc::clone(function).bind(states)?;
    Ok(executor::function(executor, move |payload, run| {
        let (function, run) = (Arc::clone(&function), run.clone());
        Ok(Call::new(move || function(payload, run)))
    }))
}

/// An error and its sources on one line.
fn chain(error: &(dyn core::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
