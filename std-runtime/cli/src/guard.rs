//! The guard: the small process between a daemon and one command, so that no command outlives its
//! daemon.
//!
//! ```text
//! mainspring serve ──socket── mainspring __guard ──── the command (session leader)
//!                 <──stdout, stderr of the command──       └── its children
//! ```
//!
//! What it promises:
//!
//! - **The daemon ends, however it ends:** the socket closes, and the guard sends SIGKILL to the
//!   command's whole session.
//! - **The guard ends, however it ends:** the kernel sends SIGKILL to the command itself
//!   (parent-death signal, Linux), and a daemon that lives kills the rest of the session. Guard
//!   processes are named `ms-guard`, so that `pkill -9 mainspring` does not hit both at once.
//! - **The command's first process ends:** what it left behind in its session is killed, as
//!   systemd's `KillMode=control-group` does; after an order to terminate, what is left has the
//!   rest of the grace to end by itself.
//! - **The guard reports the end and exits only when the session is empty.**
//!
//! No command of a dead daemon can start or still run once the *runs lock* (`crate::lock`) could be
//! had exclusively. A guard opens that file, takes a shared lock and only then says `Ready`; a
//! daemon says `Run` only to a guard that said `Ready`. So every command that was ever started is,
//! from before its first instruction until after its last, covered by a shared lock. A guard that
//! has not yet locked when its daemon dies gets the lock late, reads the end of the stream where
//! `Run` should be, and exits having started nothing. The one exception: if something kills guard
//! and daemon at once with SIGKILL, the command goes with them, but its children may live on.
//!
//! The guard answers SIGTERM, SIGINT and SIGHUP by sending the command SIGTERM: service managers
//! send those to every process of a unit. The command gets the daemon's environment plus its own
//! variables, `/dev/null` as input, and no terminal.

pub(crate) mod exec;
pub(crate) mod session;
pub(crate) mod wire;

use core::time::Duration;
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};

use rustix::process::{Pid, Signal, getpid};
use tokio::net::UnixStream;
use tokio::signal::unix::{SignalKind, signal};

use crate::clock;
use crate::command::Exit;
use session::Session;
use wire::{Order, Receiver, Report, Sender};

/// The hidden subcommand that runs a guard.
pub(crate) const GUARD: &str = "__guard";
/// The hidden subcommand that becomes the command.
pub(crate) const EXEC: &str = "__exec";

/// How often a guard looks whether the last processes of a session have gone, since the end of a
/// process that is no child of its own reaches it in no other way.
const TICK: Duration = Duration::from_millis(10);

/// Our own program file, to be started again under another subcommand.
///
/// On Linux by way of `/proc`, which still leads there after an upgrade has replaced the file.
///
/// # Errors
/// The program file cannot be found.
pub(crate) fn own_program() -> io::Result<Command> {
    let linux = Path::new("/proc/self/exe");
    let mut command =
        if linux.exists() { Command::new(linux) } else { Command::new(std::env::current_exe()?) };
    command.arg0("mainspring");
    Ok(command)
}

/// Runs a guard, with the socket to its daemon as standard input.
///
/// The daemon learns the command's end from the socket; the exit code repeats it for people:
/// the command's own, or 128 plus the signal that ended it.
pub(crate) fn main(lock: Option<&Path>) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let ended = runtime.and_then(|runtime| runtime.block_on(guard(lock)));
    match ended {
        Ok(Some(Exit::Code(code))) => ExitCode::from(u8::try_from(code).unwrap_or(1)),
        Ok(Some(Exit::Signal(signal))) => ExitCode::from(u8::try_from(128 + signal).unwrap_or(1)),
        Ok(Some(Exit::Lost) | None) | Err(_) => ExitCode::FAILURE,
    }
}

async fn guard(lock: Option<&Path>) -> io::Result<Option<Exit>> {
    let socket = std::os::unix::net::UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    socket.set_nonblocking(true)?;
    let (mut orders, mut reports) = wire::split(UnixStream::from_std(socket)?);
    match prepare(lock) {
        // The lock is held until the process ends, after the last report.
        Ok(held) => {
            let ended = serve(&mut orders, &mut reports).await;
            drop(held);
            ended
        }
        Err(error) => {
            reports.send(&Report::Failed(error.to_string())).await?;
            Err(error)
        }
    }
}

/// Takes the shared lock and the kernel's help.
fn prepare(lock: Option<&Path>) -> io::Result<Option<File>> {
    adopt_orphans()?;
    let Some(path) = lock else { return Ok(None) };
    let file = File::options().read(true).write(true).create(true).truncate(false).open(path);
    let named = |error| io::Error::other(format!("lock file `{}`: {error}", path.display()));
    let file = file.map_err(named)?;
    file.lock_shared().map_err(named)?;
    Ok(Some(file))
}

#[cfg(target_os = "linux")]
fn adopt_orphans() -> io::Result<()> {
    rustix::thread::set_name(c"ms-guard")?;
    Ok(rustix::process::set_child_subreaper(Some(getpid()))?)
}

#[cfg(not(target_os = "linux"))]
fn adopt_orphans() -> io::Result<()> {
    Ok(())
}

async fn serve(orders: &mut Receiver, reports: &mut Sender) -> io::Result<Option<Exit>> {
    // From here on a service manager's SIGTERM ends the command and not the guard.
    let mut stops = Stops::listen()?;
    let mut children = signal(SignalKind::child())?;
    reports.send(&Report::Ready).await?;
    let Some(Order::Run(spec)) = orders.next().await? else { return Ok(None) };
    let mut child = match start() {
        Ok(child) => child,
        Err(error) => {
            let why = format!("cannot start a process for the command: {error}");
            reports.send(&Report::Failed(why)).await?;
            return Ok(None);
        }
    };
    let leader = Pid::from_child(&child);
    let session = Session::led_by(leader);
    // The daemon can read the leader's number before the command exists, so that it can clean up
    // after a guard that is killed at any moment. A daemon that is gone is noticed by `watch`,
    // which reads the other half.
    let _ = reports.send(&Report::Started(leader.as_raw_pid())).await;
    if let Some(pipe) = child.stdin.take() {
        // A child that ended before it read its orders is seen by its exit.
        let _ = serde_json::to_writer(pipe, &spec);
    }
    let exit = watch(session, orders, &mut stops, &mut children).await?;
    session.reap_leader();
    while session.lingers() {
        clock::pause(TICK).await;
    }
    let _ = reports.send(&Report::Ended(exit)).await;
    Ok(Some(exit))
}

/// Starts `__exec`, which becomes the command once it has read it from its standard input. On the
/// main thread, since the parent-death signal follows the thread that made the child.
fn start() -> io::Result<Child> {
    let mut command = own_program()?;
    command.arg(EXEC).arg(getpid().as_raw_pid().to_string()).stdin(Stdio::piped());
    command.spawn()
}

/// Follows the orders until the session is empty but for its ended leader.
async fn watch(
    session: Session,
    orders: &mut Receiver,
    stops: &mut Stops,
    children: &mut tokio::signal::unix::Signal,
) -> io::Result<Exit> {
    let mut daemon_lives = true;
    let mut graceful = false;
    let mut exit = None;
    loop {
        session.reap_adopted();
        if exit.is_none() {
            exit = session.leader_exit()?;
            if exit.is_some() && !graceful {
                session.signal(Signal::KILL);
            }
        }
        if let Some(exit) = exit {
            if !session.has_others() {
                return Ok(exit);
            }
            if !graceful {
                session.signal(Signal::KILL);
            }
        }
        tokio::select! {
            order = orders.next(), if daemon_lives => match order {
                Ok(Some(Order::Terminate)) => {
                    graceful = true;
                    session.signal(Signal::TERM);
                }
                Ok(Some(Order::Kill)) => {
                    graceful = false;
                    session.signal(Signal::KILL);
                }
                Ok(Some(Order::Run(_))) => {}
                Ok(None) | Err(_) => {
                    daemon_lives = false;
                    graceful = false;
                    session.signal(Signal::KILL);
                }
            },
            () = stops.next(), if daemon_lives => {
                graceful = true;
                session.signal(Signal::TERM);
            }
            _ = children.recv() => {}
            () = clock::pause(TICK), if exit.is_some() => {}
        }
    }
}

/// The signals by which a service manager or a person asks a process to end.
struct Stops {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
}

impl Stops {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            _ = self.hangup.recv() => {}
        }
    }
}
