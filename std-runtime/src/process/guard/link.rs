//! The node's end of the conversation with one guard.

use core::time::Duration;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::ExitStatus;

use rustix::process::{Pid, Signal};
use tokio::net::UnixStream;
use tokio::process::Child;

use super::GUARD;
use super::session::Session;
use super::wire::{self, Order, Receiver, Report, Sender};
use crate::clock;
use crate::process::command::{Exit, Invocation};
use crate::process::program::Program;

/// How often a node that lost a guard looks whether its command has gone.
const TICK: Duration = Duration::from_millis(10);

/// A guard and its command. Dropping it kills the command's session, without waiting until it has
/// gone.
#[derive(Debug)]
pub(in crate::process) struct Link {
    reports: Receiver,
    orders: Sender,
    guard: Child,
    told: Told,
}

/// What a guard has told.
#[derive(Debug, Default)]
struct Told {
    leader: Option<Pid>,
    exit: Option<Exit>,
    failed: Option<String>,
}

impl Link {
    /// Starts a guard, whose command will have these outputs. With a path, the guard holds a share
    /// of the lock on that file.
    ///
    /// # Errors
    /// No process could be made.
    pub(in crate::process) fn start(
        program: &Program,
        lock: Option<&Path>,
        [stdout, stderr]: [OwnedFd; 2],
    ) -> io::Result<Self> {
        let (ours, theirs) = socket_pair()?;
        let mut command = program.command(GUARD)?;
        command.args(lock).stdin(theirs).stdout(stdout).stderr(stderr);
        // Keeps Ctrl-C in the node's terminal away from the guard.
        command.process_group(0);
        let guard = tokio::process::Command::from(command).spawn()?;
        let (reports, orders) = wire::split(ours);
        Ok(Self { reports, orders, guard, told: Told::default() })
    }

    /// Waits until the guard is ready, and lets it start this.
    ///
    /// # Errors
    /// What the guard says is no message.
    pub(in crate::process) async fn begin(&mut self, invocation: &Invocation) -> io::Result<()> {
        match self.reports.next().await? {
            Some(Report::Ready) => {
                let invocation = Box::new(invocation.clone());
                let stdin = invocation.stdin.clone();
                let reads = stdin.as_ref().map(Vec::len);
                // A send fails only if the guard is gone, which the next report then says.
                let _ = self.orders.send(&Order::Run { invocation, reads }).await;
                let _ = self.orders.send_bytes(stdin.as_deref().unwrap_or_default()).await;
            }
            Some(Report::Failed(why)) => self.told.failed = Some(why),
            _ => {}
        }
        Ok(())
    }

    /// Listens until there is nothing more to be said: the command's session is empty, or the guard
    /// is gone. Cancel safe.
    ///
    /// # Errors
    /// What the guard says is no message.
    pub(in crate::process) async fn over(&mut self) -> io::Result<()> {
        loop {
            match self.reports.next().await? {
                None => return Ok(()),
                Some(Report::Ready) => {}
                Some(Report::Started(pid)) => self.told.leader = Pid::from_raw(pid),
                Some(Report::Ended(exit)) => self.told.exit = Some(exit),
                Some(Report::Failed(why)) => self.told.failed = Some(why),
            }
        }
    }

    /// Asks the session to end.
    pub(in crate::process) async fn terminate(&mut self) {
        let _ = self.orders.send(&Order::Terminate).await;
    }

    /// Ends the session.
    pub(in crate::process) async fn kill(&mut self) {
        let _ = self.orders.send(&Order::Kill).await;
    }

    /// How the command ended, after [`over`](Self::over): once all that it left behind has gone.
    ///
    /// # Errors
    /// The command was not started.
    pub(in crate::process) async fn exit(mut self) -> io::Result<Exit> {
        let status = self.guard.wait().await?;
        self.told.exit(status).await
    }
}

impl Told {
    async fn exit(&self, guard: ExitStatus) -> io::Result<Exit> {
        if let Some(exit) = self.exit {
            return Ok(exit);
        }
        if let Some(why) = &self.failed {
            return Err(io::Error::other(why.clone()));
        }
        let Some(leader) = self.leader else {
            let why = format!(
                "its guard ended ({guard}) before it could start it (does the program's `main` \
                 begin with `process::init`?)"
            );
            return Err(io::Error::other(why));
        };
        let session = Session::led_by(leader);
        while session.is_alive() {
            session.signal(Signal::KILL);
            clock::wait_for(TICK).await;
        }
        Ok(Exit::Lost)
    }
}

/// Two ends of a socket: ours, and that of a process to be started.
pub(in crate::process) fn socket_pair() -> io::Result<(UnixStream, OwnedFd)> {
    let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    Ok((UnixStream::from_std(ours)?, theirs.into()))
}
