//! The guard: the small process between a node and one command, so that no command outlives its
//! node. A worker, which runs functions, is a command like any other.
//!
//! ```text
//! the program ──socket── its guard ──── the command (session leader)
//!            <──stdout, stderr of the command──  └── its children
//! ```
//!
//! What it promises:
//!
//! - **The node ends, however it ends:** the socket closes, and the guard sends SIGKILL to the
//!   command's whole session.
//! - **The guard ends, however it ends:** the kernel sends SIGKILL to the command itself
//!   (parent-death signal, Linux), and a node that lives kills the rest of the session. Guard
//!   processes are named `ms-guard`, so that `pkill -9` of the program does not hit both at once.
//! - **The command's first process ends:** what it left behind in its session is killed, as
//!   systemd's `KillMode=control-group` does; after an order to terminate, what is left has the
//!   rest of the grace to end by itself.
//! - **The guard reports the end and exits only when the session is empty.**
//!
//! No command of a dead node can start or still run once the *runs lock*, if the node has one
//! ([`Commands::share_lock`](super::Commands::share_lock)), could be had exclusively. A guard opens
//! that file, takes a shared lock and only then says `Ready`; a node says `Run` only to a guard
//! that said `Ready`. So every command that was ever started is, from before its first instruction
//! until after its last, covered by a shared lock. A guard that has not yet locked when its node
//! dies gets the lock late, reads the end of the stream where `Run` should be, and exits having
//! started nothing. The one exception: if something kills guard and node at once with SIGKILL, the
//! command goes with them, but its children may live on.
//!
//! The guard answers SIGTERM, SIGINT and SIGHUP by sending the command SIGTERM: service managers
//! send those to every process of a unit. The command has no terminal, and `/dev/null` as input
//! unless it is given one, which the guard passes on.

pub(super) mod exec;
pub(super) mod link;
pub(super) mod session;
pub(super) mod wire;

use core::time::Duration;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, getpid};
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio::net::unix::pipe;
use tokio::signal::unix::{SignalKind, signal};

use super::command::{Exit, Invocation};
use super::program::{FAILURE, own_program};
use crate::clock;
use session::Session;
use wire::{Order, Receiver, Report, Sender};

/// The first argument of a guard.
pub(super) const GUARD: &str = "__mainspring_guard";
/// The first argument of what becomes the command.
pub(super) const EXEC: &str = "__mainspring_exec";

/// How often a guard looks whether the last processes of a session have gone, since the end of a
/// process that is no child of its own reaches it in no other way.
const TICK: Duration = Duration::from_millis(10);

/// Names this process after what it is.
#[cfg(target_os = "linux")]
pub(super) fn named() {
    // Without the name it is as good a guard.
    let _ = rustix::thread::set_name(c"ms-guard");
}

/// Elsewhere only the file gives a process its name.
#[cfg(not(target_os = "linux"))]
pub(super) fn named() {}

/// Runs a guard, with the socket to its node as standard input, and gives its exit code.
///
/// The node learns the command's end from the socket; the exit code repeats it for people: the
/// command's own, or 128 plus the signal that ended it.
pub(super) fn main(lock: Option<&Path>) -> i32 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let ended = runtime.and_then(|runtime| runtime.block_on(guard(lock)));
    match ended {
        Ok(Some(Exit::Code(code))) => code,
        Ok(Some(Exit::Signal(signal))) => 128 + signal,
        Ok(Some(Exit::Lost) | None) | Err(_) => FAILURE,
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
    let Some(Order::Run { mut invocation, reads }) = orders.next().await? else { return Ok(None) };
    if let Some(length) = reads {
        let Some(bytes) = orders.bytes(length).await else { return Ok(None) };
        invocation.stdin = Some(bytes);
    }
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
    // The node can read the leader's number before the command exists, so that it can clean up
    // after a guard that is killed at any moment. A node that is gone is noticed by `watch`,
    // which reads the other half.
    let _ = reports.send(&Report::Started(leader.as_raw_pid())).await;
    if let Some(pipe) = child.stdin.take() {
        // Beside everything else: the command may read late, or never.
        tokio::spawn(feed(pipe.into(), *invocation));
    }
    let exit = watch(session, orders, &mut stops, &mut children).await?;
    session.reap_leader();
    while session.lingers() {
        clock::wait_for(TICK).await;
    }
    let _ = reports.send(&Report::Ended(exit)).await;
    Ok(Some(exit))
}

/// Tells the child what to become, and gives it what it reads. One that ends before is seen by its
/// exit.
async fn feed(pipe: OwnedFd, invocation: Invocation) -> io::Result<()> {
    let mut pipe = pipe::Sender::from_owned_fd(pipe)?;
    pipe.write_all(&exec::order(&invocation)?).await?;
    pipe.write_all(invocation.stdin.as_deref().unwrap_or_default()).await
}

/// Starts what becomes the command once it has read it from its standard input. On the
/// only thread, since the parent-death signal follows the thread that made the child.
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
    let mut node_lives = true;
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
            order = orders.next(), if node_lives => match order {
                Ok(Some(Order::Terminate)) => {
                    graceful = true;
                    session.signal(Signal::TERM);
                }
                Ok(Some(Order::Kill)) => {
                    graceful = false;
                    session.signal(Signal::KILL);
                }
                Ok(Some(Order::Run { .. })) => {}
                Ok(None) | Err(_) => {
                    node_lives = false;
                    graceful = false;
                    session.signal(Signal::KILL);
                }
            },
            () = stops.next(), if node_lives => {
                graceful = true;
                session.signal(Signal::TERM);
            }
            _ = children.recv() => {}
            () = clock::wait_for(TICK), if exit.is_some() => {}
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
