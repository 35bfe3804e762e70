//! Commands: what a task runs, and what came of it.

#[cfg(unix)]
mod capture;
#[cfg(unix)]
pub(crate) mod run;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Bytes kept of each of a command's two outputs, unless its task says otherwise: enough for the
/// last thousand lines, small enough to keep with every run.
pub(crate) const DEFAULT_CAPTURE: usize = 64 * 1024;

/// What to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Program {
    /// A program and its arguments; at least the program.
    Argv(Vec<String>),
    /// A line for `/bin/sh -c`.
    Shell(String),
}

impl Program {
    /// The std command that runs it, without environment or directory.
    pub(crate) fn command(&self) -> std::process::Command {
        match self {
            Self::Argv(argv) => {
                let mut argv = argv.iter();
                // An empty list is refused where it is read; an empty name is "not found".
                let mut command = std::process::Command::new(argv.next().map_or("", |name| name));
                command.args(argv);
                command
            }
            Self::Shell(line) => {
                let mut command = std::process::Command::new("/bin/sh");
                command.arg("-c").arg(line);
                command
            }
        }
    }
}

/// One command: what to run, where, and how much of its output to keep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CommandSpec {
    /// The program and its arguments, or a shell line.
    pub(crate) program: Program,
    /// Variables on top of the daemon's own environment; later ones win.
    #[serde(default)]
    pub(crate) env: Vec<(String, String)>,
    /// The working directory; without one, the daemon's.
    #[serde(default)]
    pub(crate) dir: Option<PathBuf>,
    /// Bytes of standard output and of standard error to keep, each: the last ones.
    #[serde(default = "default_capture")]
    pub(crate) capture: usize,
}

fn default_capture() -> usize {
    DEFAULT_CAPTURE
}

/// How a command's first process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Exit {
    /// By itself, with this code: 127 if the program was not found, 126 if it could not be run.
    Code(i32),
    /// By this signal.
    Signal(i32),
    /// Unknown: its guard was killed, and it with the guard.
    Lost,
}

/// One of a command's outputs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Captured {
    /// The end of the output; bytes that are not UTF-8 are shown as `\u{fffd}`.
    pub(crate) text: String,
    /// Bytes that came before `text` and were not kept.
    pub(crate) cut: u64,
}

/// What came of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Ended {
    /// How it ended.
    pub(crate) exit: Exit,
    /// Whether it had been asked to stop by then.
    pub(crate) stopped: bool,
    /// Its standard output.
    pub(crate) stdout: Captured,
    /// Its standard error.
    pub(crate) stderr: Captured,
}
