//! Work in other processes: commands, and functions of this program.
//!
//! | | runs | ends |
//! |---|---|---|
//! | [`Commands`] | any program, with a job's arguments as data | by SIGTERM, then SIGKILL |
//! | [`Pool`] | functions of this program, in copies of it | by asking, then SIGKILL |
//!
//! Both are [executors](crate::Executor), and both need a *guard*: a small process beside each of
//! them, so that nothing outlives the node that started it, however that ends. The guard is this
//! program itself, started again under another name, and so are the copies that functions run in.
//! Therefore `main` begins with [`init`], or with [`Functions::init`], which is the same with
//! functions. In the program that a person starts it does nothing; in a guard and in a copy it does
//! all that there is to do, and does not return.
//!
//! ```no_run
//! use mainspring::process::{Command, Commands, Functions, Pool};
//! use mainspring::{Scheduler, Task};
//!
//! fn thumbnail(picture: String) -> Result<u64, std::io::Error> {
//!     Ok(std::fs::read(picture)?.len() as u64 / 100) // what crashes here harms nobody else
//! }
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let program = Functions::new().with("thumbnail", thumbnail).init();
//!     let pool = Pool::new(&program, 4).recycle_after(1_000);
//!     let commands = Commands::new(&program);
//!     let backup = Command::new("tar").args(["czf", "backup.tgz", "--"]).job_arg("folder");
//!     let builder = Scheduler::builder(mainspring_memory::MemoryStore::default())
//!         .task(pool.task("thumbnail"))
//!         .task(commands.task("backup", backup));
//!     // … and the async runtime that the rest of the program lives in.
//!     # let _ = builder;
//!     Ok(())
//! }
//! ```
//!
//! What is promised, on Linux:
//!
//! - A process lives in a session of its own, and that is what is ended: also what it started, and
//!   what `timeout(1)` or a shell put into another group. Who calls `setsid` itself has left.
//! - If the node ends, by SIGKILL too, the guard sends SIGKILL to the session. If the guard is
//!   killed, the kernel sends SIGKILL to the process that it guards, and the node does so to the
//!   rest. Only if both are killed at once may children of the process live on.
//! - Whatever ends a process is the outcome of its own run and of no other.
//!
//! On other Unix systems only the group of the process is ended, and not if the guard is killed as
//! well. Elsewhere there is no such module. What a program starts by itself, with
//! `std::process::Command` in a task, is not guarded.

mod capture;
mod command;
mod commands;
mod functions;
mod guard;
mod pool;
mod program;
mod worker;

pub use command::{Captured, Command, CommandEnd, Exit, Invocation};
pub use commands::Commands;
pub use functions::Functions;
pub use pool::{Pool, Portion};
pub use program::{Program, init};
