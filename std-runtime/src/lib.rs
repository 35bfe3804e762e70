//! Runs your function at the time you said, once, even if the machine that promised it is gone.
//!
//! A [`Task`] is a named async function, a [`Schedule`] says when it runs, and a [`Scheduler`]
//! drives both on a store: SQLite, memory, and others as they come.
//!
//! ```
//! use mainspring::{Context, Schedule, Scheduler, Task};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! async fn greet(name: String, _: Context) -> Result<(), std::io::Error> {
//!     println!("hello, {name}");
//!     Ok(())
//! }
//! let store = mainspring_memory::MemoryStore::default();
//! let scheduler = Scheduler::builder(store).task(Task::new("greet", greet)).build().await?;
//! scheduler.put(Schedule::cron("mornings", "greet", "0 9 * * *").arguments(&"world")).await?;
//! let running = scheduler.start().await?;
//! # drop(running);
//! # Ok(())
//! # }
//! ```

//!
//! # What becomes of fires
//!
//! ```
//! use core::time::Duration;
//! use mainspring::{Coalesce, ExcludeForm, Overlap, Schedule};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let schedule = Schedule::cron("report", "report", "0 9 * * mon-fri")
//!     .zone("Europe/Berlin")
//!     .exclude(ExcludeForm::dates("2026-12-24..2026-12-26", "Europe/Berlin")?)
//!     .coalesce(Coalesce::All) // after an outage make up for each fire …
//!     .misfire_grace(Duration::from_secs(86_400)) // … of the last day
//!     .overlap(Overlap::Queue) // one after the other
//!     .jitter(Duration::from_secs(60))
//!     .max_failures(5)
//!     .retries(3)
//!     .tags(["eu"]);
//! # let _ = schedule;
//! # Ok(())
//! # }
//! ```
//!
//! Each fire that becomes no job leaves a record of why: see [`Scheduler::skips`].
//!
//! # Jobs without a schedule
//!
//! [`Scheduler::enqueue`] queues one; [`Scheduler::job`] says more about it. A task ends a job that
//! cannot succeed with [`GiveUp`], asks for another wait with [`RetryAfter`], and asks to be called
//! again with [`Snooze`].
//!
//! # Tests, numbers, and where you come from
//!
//! [`testing`] has a clock that tests move by hand, [`metrics`] what happened in numbers and
//! whether a node is well, and [`guide`] the words of other schedulers in ours.
//!
//! # Where a setting comes from
//!
//! Retry, timeout, priority, tags and rescues are looked for at the job, then at its schedule, then
//! at its task; what none of them says has a built-in value. They are decided when the job is
//! written, so a later change of a task or a schedule does not change jobs that exist. How many
//! jobs of a task run at once is said by the task alone, and a change counts at once.

pub mod blocking;
mod broker;
mod builder;
mod clock;
mod context;
mod dice;
mod erased;
mod error;
mod event;
pub mod guide;
pub mod metrics;
mod owed;
pub mod plan;
#[cfg(all(unix, feature = "process"))]
pub mod process;
mod pump;
mod registry;
mod request;
mod running;
mod runs;
mod schedule;
mod scheduler;
mod settings;
pub mod signal;
mod state;
mod task;
mod telemetry;
pub mod testing;
mod threads;
pub mod trigger;
mod verdict;
mod waiting;
pub mod zone;

pub use builder::Builder;
pub use context::Context;
pub use error::Error;
pub use event::{Event, Events};
pub use running::{Running, Stopped};
pub use schedule::Schedule;
pub use scheduler::{Backfilled, JobEnd, NewJob, Queued, Scheduler};
pub use state::{NoState, State, States};
pub use task::{
    BlockingFunction, Call, Callable, Ending, Executor, Function, RunEnd, Task, TaskFunction,
    TaskRun,
};
pub use threads::Threads;
pub use verdict::{Asked, GiveUp, RetryAfter, Snooze};

pub use mainspring_contract::exclude::ExcludeForm;
pub use mainspring_contract::record::{Cancelled, Conflict, Hastened, Hold};
pub use mainspring_contract::{JobId, Role};
pub use mainspring_core::fire::Resume;
pub use mainspring_core::outcome::Outcome;
pub use mainspring_core::overlap::Overlap;
pub use mainspring_core::schedule::Coalesce;
pub use mainspring_core::settings::{Backoff, Priority, Retry};
pub use mainspring_core::time::{Span, Timestamp};
pub use mainspring_core::trigger::Count;
