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

mod clock;
mod context;
mod erased;
mod error;
mod executor;
mod owed;
mod pump;
mod registry;
mod request;
mod schedule;
mod scheduler;
pub mod signal;
mod task;
mod telemetry;
pub mod trigger;
pub mod zone;

pub use context::Context;
pub use error::Error;
pub use schedule::Schedule;
pub use scheduler::{Builder, Running, Scheduler, Stopped};
pub use task::{RunEnd, Task};
