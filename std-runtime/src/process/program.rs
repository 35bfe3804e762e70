//! The program whose copies guard commands and run functions.

use std::env;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use tokio::runtime::Handle;

use super::functions::Functions;
use super::{guard, worker};

/// A program whose `main` begins with [`init`] or [`Functions::init`]. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Program {
    /// `None`: the file that this process runs.
    file: Option<PathBuf>,
}

impl Program {
    /// Another program than this one, at this path; for tests, whose `main` is not their own:
    /// `Program::at(env!("CARGO_BIN_EXE_mine"))`.
    ///
    /// Its `main` must begin with [`init`] as well. If it does not, runs fail when they start.
    pub fn at(file: impl Into<PathBuf>) -> Self {
        Self { file: Some(file.into()) }
    }

    /// Starts it again, to be what its first argument says.
    pub(super) fn command(&self, role: &str) -> io::Result<Command> {
        let mut command = match &self.file {
            Some(file) => Command::new(file),
            None => own_program()?,
        };
        command.arg(role);
        Ok(command)
    }
}

/// What `main` begins with in a program that runs [commands](super::Commands), before it looks at
/// its arguments and before it starts anything. Returns in the program that was started, and
/// never in a guard.
///
/// In an `async fn main` it works as well, but each guard then starts that runtime for nothing.
pub fn init() -> Program {
    Functions::new().init()
}

impl Functions {
    /// What `main` begins with in a program that runs these functions in a [`Pool`](super::Pool).
    /// Like [`init`] otherwise.
    pub fn init(self) -> Program {
        let mut arguments = env::args_os().skip(1);
        let role = arguments.next();
        let code = match role.as_deref().and_then(|role| role.to_str()) {
            Some(guard::GUARD) => {
                let lock = arguments.next().map(PathBuf::from);
                guard::named();
                apart(move || guard::main(lock.as_deref()))
            }
            Some(guard::EXEC) => {
                let parent = arguments.next().and_then(|pid| pid.to_str()?.parse().ok());
                // On this thread, which becomes the command.
                guard::exec::main(parent)
            }
            Some(worker::WORK) => apart(move || worker::main(self)),
            _ => return Program { file: None },
        };
        std::process::exit(code)
    }
}

/// Works on a thread that is in no async runtime: on this one, unless `main` is async.
fn apart(work: impl FnOnce() -> i32 + Send + 'static) -> i32 {
    if Handle::try_current().is_err() {
        return work();
    }
    // A panic has been told on standard error.
    thread::spawn(work).join().unwrap_or(FAILURE)
}

/// Our own program file, to be started again.
///
/// On Linux by way of `/proc`, which still leads there after an upgrade has replaced the file.
///
/// # Errors
/// The program file cannot be found.
pub(super) fn own_program() -> io::Result<Command> {
    let linux = Path::new("/proc/self/exe");
    let mut command =
        if linux.exists() { Command::new(linux) } else { Command::new(env::current_exe()?) };
    if let Some(name) = env::args_os().next() {
        command.arg0(name);
    }
    Ok(command)
}

/// The exit code of what went wrong.
pub(super) const FAILURE: i32 = 1;
