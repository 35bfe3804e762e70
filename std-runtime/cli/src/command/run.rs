//! Running a command under a [guard](crate::guard), so that it ends when the daemon ends.

use core::future::{Future, pending};
use core::pin::pin;
use core::time::Duration;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use rustix::process::{Pid, Signal};
use tokio::net::UnixStream;

use super::capture::Capture;
use super::{CommandSpec, Ended, Exit};
use crate::clock;
use crate::guard::session::Session;
use crate::guard::wire::{self, Order, Report};
use crate::guard::{GUARD, own_program};
use crate::lock::{NodeLock, RUNS_WAIT};

/// How long a command may take to end after SIGTERM.
pub(crate) const DEFAULT_GRACE: Duration = Duration::from_secs(10);

/// How often a daemon that lost a guard looks whether its command has gone.
const TICK: Duration = Duration::from_millis(10);

/// Runs commands for one daemon.
#[derive(Clone, Debug, Default)]
pub(crate) struct Commands {
    runs_lock: Option<PathBuf>,
}

impl Commands {
    /// Commands whose guards hold shares of the lock file `runs_lock`
    /// ([`NodeLock::runs_lock`](crate::lock::NodeLock::runs_lock)), if there is one.
    pub(crate) fn new(runs_lock: Option<PathBuf>) -> Self {
        Self { runs_lock }
    }

    /// Runs a command to its end, which is when no process of its session is left.
    ///
    /// Once `stop` resolves, the session gets SIGTERM and, `grace` later, SIGKILL. Each line of
    /// output is also logged, with the target `mainspring::command`. Dropping the future kills the
    /// session, without waiting until it has gone.
    ///
    /// # Errors
    /// The command was not started: no process could be made, or its guard could not take the lock.
    pub(crate) async fn run(
        &self,
        spec: &CommandSpec,
        stop: impl Future<Output = ()>,
        grace: Duration,
    ) -> io::Result<Ended> {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let ours = UnixStream::from_std(ours)?;
        let (out, out_end) = io::pipe()?;
        let (err, err_end) = io::pipe()?;
        let mut stdout = Capture::new("stdout", out, spec.capture)?;
        let mut stderr = Capture::new("stderr", err, spec.capture)?;
        let mut guard = self.start_guard([theirs.into(), out_end.into(), err_end.into()])?;
        let talk = async {
            let told = converse(ours, spec, stop, grace).await?;
            Ok::<_, io::Error>((told, guard.wait().await?))
        };
        // The guard's end and not the end of output decides: a process that left the session may
        // hold the pipes open for as long as it likes.
        let (told, status) = tokio::select! {
            ended = talk => ended?,
            never = async { tokio::join!(stdout.pump(), stderr.pump()) } => match never.0 {},
        };
        let exit = told.exit(status).await?;
        let (stdout, stderr) = (stdout.finish(), stderr.finish());
        Ok(Ended { exit, stopped: told.stopped, stdout, stderr })
    }

    fn start_guard(
        &self,
        [socket, stdout, stderr]: [OwnedFd; 3],
    ) -> io::Result<tokio::process::Child> {
        let mut command = own_program()?;
        command.arg(GUARD);
        if let Some(lock) = &self.runs_lock {
            command.arg(lock);
        }
        command.stdin(socket).stdout(stdout).stderr(stderr);
        // Keeps Ctrl-C in the daemon's terminal away from the guard.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        tokio::process::Command::from(command).spawn()
    }
}

/// What a guard has told by the time its end of the socket closed.
#[derive(Debug, Default)]
struct Told {
    leader: Option<Pid>,
    exit: Option<Exit>,
    failed: Option<String>,
    stopped: bool,
}

impl Told {
    /// How the command ended; if the guard could not say, once what it left behind has gone.
    async fn exit(&self, guard: ExitStatus) -> io::Result<Exit> {
        if let Some(exit) = self.exit {
            return Ok(exit);
        }
        if let Some(why) = &self.failed {
            return Err(io::Error::other(why.clone()));
        }
        let Some(leader) = self.leader else {
            let why = format!("the guard of the command ended ({guard}) before it started it");
            return Err(io::Error::other(why));
        };
        let session = Session::led_by(leader);
        while session.is_alive() {
            session.signal(Signal::KILL);
            clock::pause(TICK).await;
        }
        Ok(Exit::Lost)
    }
}

async fn converse(
    socket: UnixStream,
    spec: &CommandSpec,
    stop: impl Future<Output = ()>,
    grace: Duration,
) -> io::Result<Told> {
    let (mut reports, mut orders) = wire::split(socket);
    let mut told = Told::default();
    let mut running = false;
    let mut stop = pin!(stop);
    // A timer counts from its making, hence made lazily: at the first poll, after `stop`.
    let mut kill = pin!(async { clock::pause(grace).await });
    let mut killed = false;
    loop {
        // A send fails only if the guard is gone, which the next report then says.
        tokio::select! {
            report = reports.next() => match report? {
                None => return Ok(told),
                Some(Report::Ready) => {
                    let _ = orders.send(&Order::Run(Box::new(spec.clone()))).await;
                    running = true;
                }
                Some(Report::Started(pid)) => told.leader = Pid::from_raw(pid),
                Some(Report::Ended(exit)) => told.exit = Some(exit),
                Some(Report::Failed(why)) => told.failed = Some(why),
            },
            () = &mut stop, if running && !told.stopped => {
                told.stopped = true;
                let _ = orders.send(&Order::Terminate).await;
            }
            () = &mut kill, if told.stopped && !killed => {
                killed = true;
                let _ = orders.send(&Order::Kill).await;
            }
        }
    }
}

/// Runs one command as a daemon would: the spec as JSON on standard input, what came of it as JSON
/// on standard output; SIGTERM stops it. With a directory, under a node's locks in there.
pub(crate) async fn run_one(
    dir: Option<&Path>,
    grace: Duration,
) -> Result<(), Box<dyn std::error::Error>> {
    let lock = match dir {
        Some(dir) => Some(NodeLock::take(dir, "command", "node", RUNS_WAIT).await?),
        None => None,
    };
    let spec: CommandSpec = serde_json::from_reader(io::stdin().lock())?;
    let mut asked = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    let stop = async {
        if asked.recv().await.is_none() {
            pending::<()>().await;
        }
    };
    let commands = Commands::new(lock.as_ref().map(|lock| lock.runs_lock().to_owned()));
    let ended = commands.run(&spec, stop, grace).await?;
    serde_json::to_writer(io::stdout().lock(), &ended)?;
    Ok(())
}
