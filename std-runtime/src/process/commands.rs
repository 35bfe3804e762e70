//! The executor of commands.

use core::future::Future;
use core::pin::pin;
use core::time::Duration;
use std::io;
use std::path::PathBuf;

use mainspring_contract::Encoded;
use mainspring_core::outcome::Outcome;
use tracing::{Instrument, info_span};

use super::capture::Capture;
use super::command::{Command, CommandEnd, Exit, Invocation};
use super::guard::link::Link;
use super::program::Program;
use crate::clock;
use crate::context::Context;
use crate::task::{Executor, PAYLOAD_VERSION, RunEnd, Task, TaskRun};

/// Runs commands, each under a guard of its own: an [`Executor`].
///
/// A command that ends with code 0 has succeeded; the result of its job is a [`CommandEnd`]. One
/// that ends otherwise has failed, with its code or signal and the last line of its standard error
/// as the reason, and leaves its `CommandEnd` behind as well. When its run is to stop, the whole
/// session gets SIGTERM and, after the grace, SIGKILL. The run is over when no process of the
/// session is left. Each line of output is also logged, with the target `mainspring::command`.
#[derive(Clone, Debug)]
pub struct Commands {
    program: Program,
    lock: Option<PathBuf>,
    grace: Duration,
}

impl Commands {
    /// Commands that are guarded by copies of this program.
    pub fn new(program: &Program) -> Self {
        Self { program: program.clone(), lock: None, grace: DEFAULT_GRACE }
    }

    /// How long a command may take to end after SIGTERM. Default: 10 s.
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Has each guard hold a share of the lock on this file (as `flock` does it) from before its
    /// command begins until after its last process has gone. Who has the lock alone knows that no
    /// command of an earlier process runs, or will: for programs that make sure that there is only
    /// one of them.
    #[must_use]
    pub fn share_lock(mut self, file: impl Into<PathBuf>) -> Self {
        self.lock = Some(file.into());
        self
    }

    /// A task that runs a command.
    pub fn task(&self, name: &str, command: Command) -> Task {
        let work = move |payload: Encoded, run: &Context| command.fill(&payload, run);
        Task::with(name, self.clone(), work).abort_grace(self.grace + LAST_GRACE)
    }

    /// Runs a command to its end, which is when no process of its session is left. Once `stop`
    /// resolves, it is told to end. Dropping the future kills the session, without waiting until it
    /// has gone.
    ///
    /// # Errors
    /// The command was not started: no process could be made, or its guard could not take the lock.
    pub async fn end_of(
        &self,
        invocation: &Invocation,
        stop: impl Future<Output = ()>,
    ) -> io::Result<CommandEnd> {
        let (out, out_end) = io::pipe()?;
        let (err, err_end) = io::pipe()?;
        let mut stdout = Capture::new("stdout", out, invocation.capture)?;
        let mut stderr = Capture::new("stderr", err, invocation.capture)?;
        let outputs = [out_end.into(), err_end.into()];
        let mut link = Link::start(&self.program, self.lock.as_deref(), outputs)?;
        let talk = async {
            link.begin(invocation).await?;
            let stopped = self.until_over(&mut link, stop).await?;
            Ok::<_, io::Error>((link.exit().await?, stopped))
        };
        // The guard's end and not the end of output decides: a process that left the session may
        // hold the pipes open for as long as it likes.
        let (exit, stopped) = tokio::select! {
            ended = talk => ended?,
            never = async { tokio::join!(stdout.pump(), stderr.pump()) } => match never.0 {},
        };
        let (stdout, stderr) = (stdout.finish(), stderr.finish());
        Ok(CommandEnd { exit, stopped, stdout, stderr })
    }

    /// Waits until the session is empty; says whether it was told to end.
    async fn until_over(
        &self,
        link: &mut Link,
        stop: impl Future<Output = ()>,
    ) -> io::Result<bool> {
        let mut stop = pin!(stop);
        tokio::select! {
            over = link.over() => return over.map(|()| false),
            () = &mut stop => {}
        }
        link.terminate().await;
        tokio::select! {
            over = link.over() => return over.map(|()| true),
            () = clock::wait_for(self.grace) => {}
        }
        link.kill().await;
        link.over().await.map(|()| true)
    }
}

impl Executor for Commands {
    type Work = Invocation;

    fn run(&self, invocation: Invocation, run: Context) -> TaskRun {
        let commands = self.clone();
        let span = info_span!("run", task = %run.task(), job = %run.job());
        let run = async move {
            // When the lease is lost, this is dropped at once: the guard then kills the session.
            match commands.end_of(&invocation, run.cancelled()).await {
                Ok(ended) => run_end(&ended),
                Err(error) => RunEnd::failure(Outcome::Failed, format!("not started: {error}")),
            }
        };
        Box::pin(run.instrument(span))
    }
}

fn run_end(ended: &CommandEnd) -> RunEnd {
    let output = Encoded::json(PAYLOAD_VERSION, ended).ok();
    if ended.exit == Exit::Code(0) {
        return RunEnd::success(output);
    }
    let error = match ended.stderr.last_line() {
        Some(line) => format!("{}: {line}", ended.exit),
        None => ended.exit.to_string(),
    };
    let mut end = RunEnd::failure(Outcome::Failed, error);
    end.detail.output = output;
    end
}

/// How long a command may take to end after SIGTERM, unless the program says otherwise.
const DEFAULT_GRACE: Duration = Duration::from_secs(10);

/// How long a process may hold its place after SIGKILL, before its guard is let go of: the time
/// that a kernel in trouble takes.
pub(super) const LAST_GRACE: Duration = Duration::from_secs(20);
