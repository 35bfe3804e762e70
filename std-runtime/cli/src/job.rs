//! Tasks that run commands.

use core::time::Duration;
use std::sync::Arc;

use mainspring::{Context, RunEnd, Task};
use mainspring_contract::{Encoded, Tag};
use mainspring_core::outcome::Outcome;
use tracing::{Instrument, info_span};

use crate::command::run::{Commands, DEFAULT_GRACE};
use crate::command::{Captured, CommandSpec, Ended, Exit};
use crate::config::task::Task as Configured;
use crate::plan;

/// The version of what a command leaves behind: exit, standard output and standard error.
const OUTPUT_VERSION: u16 = 1;

/// How long a command that was told to stop may hold its place before its guard is let go of:
/// SIGTERM, the grace, SIGKILL, and the time that a kernel in trouble takes.
const ABORT_GRACE: Duration = Duration::from_secs(30);

/// Makes tasks of what a file says; their commands run under one daemon's lock.
#[derive(Debug)]
pub(crate) struct JobTasks {
    commands: Commands,
}

impl JobTasks {
    pub(crate) fn new(commands: Commands) -> Self {
        Self { commands }
    }

    /// The tasks of a file.
    pub(crate) fn of(&self, configured: &[Configured]) -> Vec<Task> {
        configured.iter().map(|task| self.task(task)).collect()
    }

    fn task(&self, configured: &Configured) -> Task {
        let spec = Arc::new(configured.command.clone());
        let commands = self.commands.clone();
        let run = move |_: Encoded, context: Context| {
            let (spec, commands) = (Arc::clone(&spec), commands.clone());
            async move {
                let span = info_span!("run", task = %context.task(), job = %context.job());
                run(&commands, &spec, &context).instrument(span).await
            }
        };
        let mut task = Task::raw(&configured.name, run)
            .abort_grace(ABORT_GRACE)
            .settings(plan::settings(&configured.settings));
        if let Some(tags) = &configured.settings.tags {
            task = task.tags(tags.iter().map(Tag::as_str));
        }
        if let Some(max) = configured.max_running {
            task = task.max_running(max);
        }
        task
    }
}

async fn run(commands: &Commands, spec: &CommandSpec, context: &Context) -> RunEnd {
    let spec = &informed(spec, context);
    // When the lease is lost, the runtime drops this at once: the guard then kills the session.
    match commands.run(spec, context.cancelled(), DEFAULT_GRACE).await {
        Ok(ended) => end(&ended),
        Err(error) => RunEnd::failure(Outcome::Failed, format!("not started: {error}")),
    }
}

/// The command, told which run it is. These variables are always set, because the daemon itself may
/// run under another daemon, whose variables are not about this run.
fn informed(spec: &CommandSpec, context: &Context) -> CommandSpec {
    let about = [
        ("MAINSPRING_JOB", context.job().to_string()),
        ("MAINSPRING_SCHEDULE", context.schedule().map(ToString::to_string).unwrap_or_default()),
        ("MAINSPRING_FIRE_AT", context.fire_at().map(|at| at.to_string()).unwrap_or_default()),
        ("MAINSPRING_ATTEMPT", context.attempt().to_string()),
        ("MAINSPRING_TOKEN", context.token().to_string()),
    ];
    let mut spec = spec.clone();
    spec.env.extend(about.map(|(name, value)| (name.to_owned(), value)));
    spec
}

fn end(ended: &Ended) -> RunEnd {
    let output = Encoded::json(OUTPUT_VERSION, ended).ok();
    let error = match ended.exit {
        Exit::Code(0) => return RunEnd::success(output),
        Exit::Code(code) => format!("exit code {code}"),
        Exit::Signal(number) => format!("ended by signal {number}"),
        Exit::Lost => "its guard was killed, and the command with it".to_owned(),
    };
    let error = match last_line(&ended.stderr) {
        Some(line) => format!("{error}: {line}"),
        None => error,
    };
    let mut end = RunEnd::failure(Outcome::Failed, error);
    end.detail.output = output;
    end
}

fn last_line(output: &Captured) -> Option<&str> {
    output.text.lines().map(str::trim).rfind(|line| !line.is_empty())
}
