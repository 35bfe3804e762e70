//! The subcommand by which tests run one command as the daemon would. It is no part of the
//! program's interface.

use core::future::pending;
use core::time::Duration;
use std::env;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use mainspring::process::{Command, Commands, Program};
use serde::Deserialize;
use tokio::signal::unix::{SignalKind, signal};

use crate::lock::{NodeLock, RUNS_WAIT};

/// The subcommand: its grace in milliseconds and, to run under a node's locks, their directory.
const COMMAND: &str = "__command";

/// A command, as tests write it.
#[derive(Deserialize)]
struct Spec {
    program: Kind,
    #[serde(default)]
    env: Vec<(String, String)>,
    dir: Option<PathBuf>,
    stdin: Option<String>,
    capture: Option<usize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Argv(Vec<String>),
    Shell(String),
}

impl Spec {
    fn command(self) -> Command {
        let mut command = match self.program {
            Kind::Argv(argv) => {
                let mut argv = argv.into_iter();
                Command::new(argv.next().unwrap_or_default()).args(argv)
            }
            Kind::Shell(line) => Command::shell(line),
        };
        for (name, value) in self.env {
            command = command.env(name, value);
        }
        if let Some(dir) = self.dir {
            command = command.dir(dir);
        }
        if let Some(text) = self.stdin {
            command = command.stdin(text);
        }
        self.capture.into_iter().fold(command, Command::capture)
    }
}

/// Runs the hidden subcommand, if the arguments name it.
pub(crate) fn main(program: &Program) -> Option<ExitCode> {
    let mut args = env::args_os().skip(1);
    if args.next()? != COMMAND {
        return None;
    }
    let grace_ms = args.next()?.to_str()?.parse().ok()?;
    let dir = args.next().map(PathBuf::from);
    let commands = Commands::new(program).grace(Duration::from_millis(grace_ms));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let ran = runtime.map_err(Into::into);
    match ran.and_then(|runtime| runtime.block_on(run_one(commands, dir))) {
        Ok(()) => Some(ExitCode::SUCCESS),
        Err(error) => {
            eprintln!("mainspring: {error}");
            Some(ExitCode::FAILURE)
        }
    }
}

/// Runs one command as a daemon would: the spec as JSON on standard input, what came of it as JSON
/// on standard output; SIGTERM stops it.
async fn run_one(
    mut commands: Commands,
    dir: Option<PathBuf>,
) -> Result<(), Box<dyn std::error::Error>> {
    let lock = match dir {
        Some(dir) => Some(NodeLock::take(&dir, "command", "node", RUNS_WAIT).await?),
        None => None,
    };
    let spec: Spec = serde_json::from_reader(io::stdin().lock())?;
    let mut asked = signal(SignalKind::terminate())?;
    let stop = async {
        if asked.recv().await.is_none() {
            pending::<()>().await;
        }
    };
    if let Some(lock) = &lock {
        commands = commands.share_lock(lock.runs_lock());
    }
    let ended = commands.end_of(&spec.command().without_job()?, stop).await?;
    serde_json::to_writer(io::stdout().lock(), &ended)?;
    Ok(())
}
