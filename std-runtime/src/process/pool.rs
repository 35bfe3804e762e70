//! The executor of functions in other processes.

mod place;

use core::fmt;
use core::time::Duration;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mainspring_contract::Encoded;
use mainspring_core::outcome::Outcome;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use super::commands::LAST_GRACE;
use super::program::Program;
use crate::context::Context;
use crate::task::{Executor, RunEnd, Task, TaskRun};

/// Runs [functions](super::Functions) in copies of a program: an [`Executor`].
///
/// A process runs one function at a time, on its main thread, and then the next one. It is started
/// when it is needed, and ends after a minute without work. A function learns from its [`Context`]
/// that it should stop; the process of one that has not ended after the grace is killed, together
/// with whatever it started. If its process ends by itself, the run has failed with the signal or
/// the exit code, and the last line on standard error, as the reason. What functions print is
/// logged, with the target `mainspring::command`. Cheap to clone; clones are the same processes.
///
/// A panic is an outcome like elsewhere, and its process runs on.
#[derive(Clone)]
pub struct Pool {
    program: Program,
    shared: Arc<Shared>,
    recycle_after: Option<u32>,
    grace: Duration,
}

/// Invariant: as many processes at most as there are permits. A process is started only by who has
/// a permit and found no idle process, and who ends one keeps the permit until it has gone.
struct Shared {
    permits: Arc<Semaphore>,
    idle: Mutex<Idle>,
}

/// The places whose processes have nothing to do; the one that was busy last is the last.
#[derive(Default)]
struct Idle {
    places: Vec<(u64, mpsc::Sender<Assignment>)>,
    /// The number of the next place.
    next: u64,
}

/// One run of one function, as [`Pool`] takes it.
#[derive(Clone, Debug)]
pub struct Portion {
    /// The name that the function has in [`Functions`](super::Functions).
    pub function: String,
    /// Its arguments.
    pub payload: Encoded,
}

/// A run, handed to a place.
struct Assignment {
    portion: Portion,
    run: Context,
    /// Closed if nobody wants the end any more.
    end: oneshot::Sender<RunEnd>,
    permit: OwnedSemaphorePermit,
}

impl Pool {
    /// At most so many processes (and at least one) of this program.
    pub fn new(program: &Program, max: usize) -> Self {
        let permits = Arc::new(Semaphore::new(max.clamp(1, Semaphore::MAX_PERMITS)));
        let shared = Arc::new(Shared { permits, idle: Mutex::default() });
        Self { program: program.clone(), shared, recycle_after: None, grace: DEFAULT_GRACE }
    }

    /// Ends a process after so many runs (at least one), for functions that leak. Default: never.
    #[must_use]
    pub fn recycle_after(mut self, runs: u32) -> Self {
        self.recycle_after = Some(runs.max(1));
        self
    }

    /// How long a function that was told to stop may go on before its process is killed. Default:
    /// 2 s.
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// The task that runs the function of this name.
    pub fn task(&self, name: &str) -> Task {
        let function = name.to_owned();
        let work = move |payload, _: &Context| Ok(Portion { function: function.clone(), payload });
        Task::with(name, self.clone(), work).abort_grace(self.grace + LAST_GRACE)
    }

    async fn end_of(self, portion: Portion, run: Context) -> RunEnd {
        let permit = tokio::select! {
            biased;
            permit = Arc::clone(&self.shared.permits).acquire_owned() => permit,
            () = run.cancelled() => {
                run.never_began();
                let why = run.why_cancelled().unwrap_or(Outcome::Interrupted);
                let error = format!("not started, because no process became free: {why}");
                return RunEnd::failure(why, error);
            }
        };
        let permit = permit.expect("nobody closes the semaphore");
        let (end, ended) = oneshot::channel();
        let mut assignment = Assignment { portion, run, end, permit };
        loop {
            let place = self.shared.idle().places.pop();
            let place = place.map_or_else(|| place::start(&self), |(_, place)| place);
            match place.try_send(assignment) {
                Ok(()) => break,
                // The async runtime that looked after it is gone, and its process with it.
                Err(
                    mpsc::error::TrySendError::Closed(back) | mpsc::error::TrySendError::Full(back),
                ) => {
                    assignment = back;
                }
            }
        }
        ended.await.unwrap_or_else(|_| {
            RunEnd::failure(Outcome::Interrupted, "nobody looks after its process any more")
        })
    }
}

impl Executor for Pool {
    type Work = Portion;

    fn run(&self, portion: Portion, run: Context) -> TaskRun {
        Box::pin(self.clone().end_of(portion, run))
    }
}

impl Shared {
    /// A number for a new place.
    fn number(&self) -> u64 {
        let mut idle = self.idle();
        idle.next += 1;
        idle.next
    }

    /// A place has nothing to do.
    fn rest(&self, number: u64, place: mpsc::Sender<Assignment>) {
        self.idle().places.push((number, place));
    }

    /// A place is to be given nothing more; `false` if it is about to be given something.
    fn withdraw(&self, number: u64) -> bool {
        let mut idle = self.idle();
        let before = idle.places.len();
        idle.places.retain(|(other, _)| *other != number);
        idle.places.len() < before
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        // Nothing that can panic happens under this lock.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("program", &self.program).finish_non_exhaustive()
    }
}

/// How long a function may go on after it was told to stop, unless the program says otherwise.
const DEFAULT_GRACE: Duration = Duration::from_secs(2);
