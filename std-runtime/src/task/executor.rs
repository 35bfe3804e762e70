//! Where and how runs are carried out.

use core::fmt;
use core::future::ready;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use mainspring_contract::Encoded;
use mainspring_core::outcome::Outcome;

use super::{Function, RunEnd, TaskRun};
use crate::context::Context;
use crate::runs::panic_text;

/// Carries out the runs of tasks: on an event loop, on threads, in processes, or where you say.
///
/// The kinds of tasks that the library has are uses of this trait, and the scheduler knows no other
/// way to run anything. So retries, timeouts, results and events are the same for all of them.
///
/// What a program brings along is given to [`Task::on`](super::Task::on) if it calls functions, and
/// else to [`Task::with`](super::Task::with). Here all runs share one thread of the program's own,
/// as an interface or a device that knows its thread demands:
///
/// ```
/// use std::sync::mpsc::{Sender, channel};
///
/// use mainspring::{Call, Context, Executor, Outcome, RunEnd, Scheduler, Task, TaskRun};
/// use tokio::sync::oneshot;
///
/// struct OneThread(Sender<(Call, oneshot::Sender<RunEnd>)>);
///
/// impl Executor for OneThread {
///     type Work = Call;
///
///     fn run(&self, call: Call, _: Context) -> TaskRun {
///         let (end, ended) = oneshot::channel();
///         let sent = self.0.send((call, end));
///         Box::pin(async move {
///             let gone = || RunEnd::failure(Outcome::Failed, "the thread has ended");
///             if sent.is_err() { gone() } else { ended.await.unwrap_or_else(|_| gone()) }
///         })
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), mainspring::Error> {
/// let (calls, to_do) = channel::<(Call, oneshot::Sender<RunEnd>)>();
/// let thread = std::thread::spawn(move || {
///     for (call, end) in to_do {
///         let _ = end.send(call.run()); // whoever asked may have gone
///     }
/// });
/// let here = thread.thread().id();
/// let task = Task::on("where", OneThread(calls), move || {
///     Ok::<_, String>(std::thread::current().id() == here)
/// });
/// # let store = mainspring_memory::MemoryStore::default();
/// let scheduler = Scheduler::builder(store).task(task).build().await?;
/// let running = scheduler.start().await?;
/// let there: bool = scheduler.job("where", &()).enqueue_and_wait().await?.output()?;
/// assert!(there);
/// # drop(running);
/// # Ok(())
/// # }
/// ```
pub trait Executor: Send + Sync + 'static {
    /// What a task gives it for each run: for functions a [`Call`].
    type Work: Send + 'static;

    /// Carries out one run, and says how it ended.
    ///
    /// This itself must not block: the work is done while the future is polled, or elsewhere.
    ///
    /// [`Context::cancelled`] says when the run should stop. If the future has not resolved when
    /// the task's [`abort_grace`](super::Task::abort_grace) is over, or if the lease is lost, it is
    /// dropped: what is not over by then should be ended. A run that was told to stop before its
    /// work had begun says so with [`Context::never_began`]; it then counts as no attempt.
    fn run(&self, work: Self::Work, run: Context) -> TaskRun;
}

impl<E: Executor + ?Sized> Executor for Arc<E> {
    type Work = E::Work;

    fn run(&self, work: Self::Work, run: Context) -> TaskRun {
        (**self).run(work, run)
    }
}

/// A task's function together with its arguments, to be called once, on a thread that may block.
pub struct Call(Box<dyn FnOnce() -> RunEnd + Send>);

impl Call {
    pub(crate) fn new(call: impl FnOnce() -> RunEnd + Send + 'static) -> Self {
        Self(Box::new(call))
    }

    /// Calls the function and says how it ended. A panic is an end like any other.
    pub fn run(self) -> RunEnd {
        catch_unwind(AssertUnwindSafe(self.0))
            .unwrap_or_else(|panic| RunEnd::failure(Outcome::Panicked, panic_text(&*panic)))
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").finish_non_exhaustive()
    }
}

/// Carries out futures where they are polled: on the threads of the async runtime.
#[derive(Clone, Copy, Debug)]
pub(super) struct Here;

impl Executor for Here {
    type Work = TaskRun;

    fn run(&self, work: TaskRun, _: Context) -> TaskRun {
        work
    }
}

/// A task's function: an executor, and what it is given for each run, unless the arguments do not
/// fit.
pub(super) fn function<E: Executor>(
    executor: E,
    work: impl Fn(Encoded, &Context) -> Result<E::Work, RunEnd> + Send + Sync + 'static,
) -> Function {
    Arc::new(move |payload, context| match work(payload, &context) {
        Ok(work) => executor.run(work, context),
        Err(end) => Box::pin(ready(end)),
    })
}
