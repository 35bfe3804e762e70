//! The same scheduler for programs that are not async.
//!
//! Nothing of an async runtime is visible: a [`Runtime`] has its own threads, and every call waits
//! on the thread that makes it, which may also belong to somebody else's async runtime. Tasks may
//! be async or [blocking](crate::Task::blocking).
//!
//! ```
//! use mainspring::blocking::Runtime;
//! use mainspring::{Scheduler, Task};
//! fn add((a, b): (u8, u8)) -> Result<u8, &'static str> {
//!     a.checked_add(b).ok_or("too much")
//! }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let runtime = Runtime::start()?;
//! # let store = mainspring_memory::MemoryStore::default();
//! // let store = runtime.wait(SqliteStore::open("jobs.db"))?;
//! let builder = Scheduler::builder(store).task(Task::blocking("add", add));
//! let scheduler = runtime.build(builder)?;
//! let running = scheduler.start()?;
//! let sum: u8 = scheduler.run(scheduler.job("add", &(2, 3)))?.output()?;
//! assert_eq!(sum, 5);
//! running.stop(std::time::Duration::from_secs(5));
//! # Ok(())
//! # }
//! ```

use core::future::Future;
use core::ops::RangeInclusive;
use core::pin::pin;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::io;
use std::sync::Arc;
use std::task::Wake;
use std::thread::{self, Thread};

use mainspring_contract::node::NodeView;
use mainspring_contract::record::{self, Cancelled, Conflict, Hastened, Job, Put};
use mainspring_contract::store::{
    JobFilter, Page, RunFilter, RunView, ScheduleFilter, ScheduleView, SkipFilter, SkipView,
    Unreadable,
};
use mainspring_contract::{JobId, NodeId, ScheduleId, TaskId};
use mainspring_core::fire::Resume;
use mainspring_core::time::Timestamp;
use mainspring_core::trigger::Count;
use serde::Serialize;

use crate::builder::Builder;
use crate::error::Error;
use crate::metrics::{Health, Metrics};
use crate::running::Stopped;
use crate::schedule::Schedule;
use crate::scheduler::{Backfilled, JobEnd, NewJob, Queued};
use crate::signal;
use crate::task::Task;

/// The threads on which a scheduler and its async tasks run. Cheap to clone; what runs on it is
/// dropped with the last clone.
#[derive(Clone, Debug)]
pub struct Runtime {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// Always there, until it is dropped.
    runtime: Option<tokio::runtime::Runtime>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        // In the background, because this may be a thread on which nobody may wait.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Runtime {
    /// Starts two threads.
    ///
    /// # Errors
    /// If the operating system refuses them.
    pub fn start() -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("mainspring")
            .enable_all()
            .build()?;
        Ok(Self { shared: Arc::new(Shared { runtime: Some(runtime) }) })
    }

    /// Makes a scheduler.
    ///
    /// # Errors
    /// As for [`Builder::build`].
    pub fn build(&self, builder: Builder) -> Result<Scheduler, Error> {
        let inner = self.wait(builder.build())?;
        Ok(Scheduler { inner, runtime: self.clone() })
    }

    /// Waits on this thread for async work, such as opening a store.
    ///
    /// In an async function, it holds up all that shares its thread: `await` the work there.
    pub fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        let _entered = self.shared.runtime.as_ref().map(tokio::runtime::Runtime::enter);
        let bell = Arc::new(Bell { rung: AtomicBool::new(false), thread: thread::current() });
        let waker = Waker::from(Arc::clone(&bell));
        let mut context = Context::from_waker(&waker);
        let mut work = pin!(work);
        loop {
            if let Poll::Ready(done) = work.as_mut().poll(&mut context) {
                return done;
            }
            while !bell.rung.swap(false, Ordering::Acquire) {
                thread::park();
            }
        }
    }
}

/// Wakes the thread that waits.
struct Bell {
    rung: AtomicBool,
    thread: Thread,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rung.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

/// [`crate::Scheduler`] for programs that are not async: each method does what its namesake there
/// does, and waits for it.
#[derive(Clone, Debug)]
pub struct Scheduler {
    inner: crate::Scheduler,
    runtime: Runtime,
}

/// Methods that wait for their namesakes.
macro_rules! twins {
    ($($name:ident($($arg:ident: $type:ty),*) -> $answer:ty;)*) => {
        impl Scheduler {
            $(
                #[doc = concat!("See [`crate::Scheduler::", stringify!($name), "`].")]
                ///
                /// # Errors
                #[doc = concat!("As there.")]
                pub fn $name(&self, $($arg: $type),*) -> Result<$answer, Error> {
                    self.runtime.wait(self.inner.$name($($arg),*))
                }
            )*
        }
    };
}

twins! {
    replace_tasks(tasks: Vec<Task>) -> ();
    put(schedule: Schedule) -> Put;
    put_with(schedule: Schedule, conflict: Conflict) -> Put;
    sync(source: &str, schedules: Vec<Schedule>) -> (Vec<Put>, Vec<ScheduleId>);
    remove(schedule: &str) -> bool;
    pause(schedule: &str) -> bool;
    resume(schedule: &str, point: Resume) -> bool;
    run_now(schedule: &str) -> Option<JobId>;
    backfill_count(schedule: &str, range: RangeInclusive<Timestamp>) -> Count;
    backfill(schedule: &str, range: RangeInclusive<Timestamp>) -> Backfilled;
    backfill_watched(
        schedule: &str,
        range: RangeInclusive<Timestamp>,
        watch: impl FnMut(Backfilled)
    ) -> Backfilled;
    cancel(job: JobId) -> Cancelled;
    hasten(job: JobId) -> Hastened;
    find_job(job: JobId) -> Option<Job>;
    result(job: JobId) -> Option<JobEnd>;
    wait(job: JobId) -> JobEnd;
    schedule(schedule: &str) -> Option<ScheduleView>;
    schedules(filter: &ScheduleFilter) -> Vec<ScheduleView>;
    jobs(filter: &JobFilter) -> Vec<Job>;
    count_jobs(filter: &JobFilter, up_to: u32) -> Count;
    runs(filter: &RunFilter) -> Vec<RunView>;
    skips(filter: &SkipFilter) -> Vec<SkipView>;
    unreadable(limit: u32) -> Vec<Unreadable>;
    prune(before: Timestamp) -> u32;
    store_clock() -> Timestamp;
    nodes(page: &Page<NodeId>) -> Vec<NodeView>;
    tasks(page: &Page<TaskId>) -> Vec<record::Task>;
}

impl Scheduler {
    /// See [`crate::Scheduler::health`].
    pub fn health(&self) -> Health {
        self.inner.health()
    }

    /// See [`crate::Scheduler::metrics`].
    pub fn metrics(&self) -> Metrics {
        self.runtime.wait(self.inner.metrics())
    }

    /// See [`crate::Scheduler::start`].
    ///
    /// # Errors
    /// As there.
    pub fn start(&self) -> Result<Running, Error> {
        let inner = self.runtime.wait(self.inner.start())?;
        Ok(Running { inner, runtime: self.runtime.clone() })
    }

    /// Plans and works until Ctrl-C or SIGTERM, then stops softly: nothing new starts, and what
    /// runs may go on for `grace`. A second signal stops it hard.
    ///
    /// # Errors
    /// As for [`start`](Self::start).
    pub fn run_until_interrupted(&self, grace: Duration) -> Result<Stopped, Error> {
        self.runtime.wait(async {
            let running = self.inner.start().await?;
            signal::interrupt().await;
            Ok(running.stop_or_abort(grace, signal::interrupt()).await)
        })
    }

    /// See [`crate::Scheduler::enqueue`].
    ///
    /// # Errors
    /// As there.
    pub fn enqueue<A: Serialize + ?Sized>(
        &self,
        task: &str,
        arguments: &A,
    ) -> Result<JobId, Error> {
        self.runtime.wait(self.inner.enqueue(task, arguments))
    }

    /// See [`crate::Scheduler::enqueue_all`].
    ///
    /// # Errors
    /// As there.
    pub fn enqueue_all<'a>(
        &self,
        jobs: impl IntoIterator<Item = NewJob<'a>>,
    ) -> Result<Vec<Queued>, Error> {
        self.runtime.wait(self.inner.enqueue_all(jobs))
    }

    /// Describes a job; [`queue`](Self::queue) queues it, [`run`](Self::run) also waits for it.
    #[must_use = "a job is queued by `queue`"]
    pub fn job<A: Serialize + ?Sized>(&self, task: &str, arguments: &A) -> NewJob<'_> {
        self.inner.job(task, arguments)
    }

    /// See [`NewJob::enqueue`].
    ///
    /// # Errors
    /// As there.
    pub fn queue(&self, job: NewJob<'_>) -> Result<Queued, Error> {
        self.runtime.wait(job.enqueue())
    }

    /// See [`NewJob::enqueue_and_wait`].
    ///
    /// # Errors
    /// As there.
    pub fn run(&self, job: NewJob<'_>) -> Result<JobEnd, Error> {
        self.runtime.wait(job.enqueue_and_wait())
    }

    /// See [`crate::Scheduler::told_others`].
    pub fn told_others(&self, within: Duration) -> bool {
        self.runtime.wait(self.inner.told_others(within))
    }

    /// This node's name in the store.
    pub fn node(&self) -> &NodeId {
        self.inner.node()
    }
}

/// A scheduler at work. Dropping it stops the scheduler softly, without waiting.
#[derive(Debug)]
pub struct Running {
    inner: crate::Running,
    runtime: Runtime,
}

impl Running {
    /// See [`crate::Running::stop`].
    pub fn stop(self, grace: Duration) -> Stopped {
        self.runtime.wait(self.inner.stop(grace))
    }

    /// See [`crate::Running::abort`].
    pub fn abort(self) -> Stopped {
        self.runtime.wait(self.inner.abort())
    }
}
