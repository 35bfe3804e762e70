//! Commands, as a configuration file has them.

use std::path::PathBuf;

/// Bytes kept of each of a command's two outputs, unless its task says otherwise: enough for the
/// last thousand lines, small enough to keep with every run.
pub(crate) const DEFAULT_CAPTURE: usize = 64 * 1024;

/// What to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Program {
    /// A program and its arguments; at least the program.
    Argv(Vec<String>),
    /// A line for `/bin/sh -c`.
    Shell(String),
}

/// One command: what to run, where, and how much of its output to keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CommandSpec {
    /// The program and its arguments, or a shell line.
    pub(crate) program: Program,
    /// Variables on top of the daemon's own environment; later ones win.
    pub(crate) env: Vec<(String, String)>,
    /// The working directory; without one, the daemon's.
    pub(crate) dir: Option<PathBuf>,
    /// Bytes of standard output and of standard error to keep, each.
    pub(crate) capture: usize,
}

#[cfg(unix)]
impl CommandSpec {
    /// In the words of the runtime.
    pub(crate) fn command(&self) -> mainspring::process::Command {
        use mainspring::process::Command;
        let mut command = match &self.program {
            Program::Argv(argv) => {
                let mut argv = argv.iter();
                // An empty list is refused where it is read; an empty name is "not found".
                let name = argv.next().map_or("", |name| name);
                Command::new(name).args(argv)
            }
            Program::Shell(line) => Command::shell(line),
        };
        for (name, value) in &self.env {
            command = command.env(name, value);
        }
        if let Some(dir) = &self.dir {
            command = command.dir(dir);
        }
        command.capture(self.capture)
    }
}
