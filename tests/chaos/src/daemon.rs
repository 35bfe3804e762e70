//! A real daemon in a process of its own, and what it says.
//!
//! Nothing here sleeps: a test waits for a line that the daemon logs, or for its end, and gives up
//! with everything that was said once its patience is at an end.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::clock::{self, Deadline};

/// Nothing that a test waits for takes this long, however busy the machine is.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// What a daemon logs once it plans and works.
pub const SERVING: &str = "mainspring::node: serving";

/// A running daemon; killed when dropped, and when the process that holds it ends in any other way.
#[derive(Debug)]
pub struct Daemon {
    child: Child,
    guard: Child,
    lines: Receiver<String>,
    said: Vec<String>,
}

/// How a daemon ended.
#[derive(Debug)]
pub struct End {
    /// Its exit code or signal.
    pub status: ExitStatus,
    /// Everything that it wrote to standard error.
    pub said: String,
}

impl Daemon {
    /// Starts `program` with these arguments, as the leader of a process group.
    ///
    /// # Panics
    /// If the program cannot be started.
    pub fn start<A: AsRef<OsStr>>(program: &Path, args: &[A]) -> Self {
        let mut command = Command::new(program);
        command.args(args);
        Self::start_as(command)
    }

    /// Starts a command that runs, or becomes, a daemon.
    ///
    /// # Panics
    /// If it cannot be started.
    pub fn start_as(mut command: Command) -> Self {
        command.env("MAINSPRING_LOG", "info").process_group(0);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the daemon's program can be started");
        let guard = guard(&child);
        let stderr = child.stderr.take().expect("standard error is a pipe");
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stderr).split(b'\n').map_while(Result::ok) {
                if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                    break;
                }
            }
        });
        Self { child, guard, lines, said: Vec::new() }
    }

    /// Starts `mainspring serve FILE` and waits until it serves.
    ///
    /// # Panics
    /// If it does not.
    pub fn serve(program: &Path, file: &Path) -> Self {
        let args = [OsStr::new("serve"), file.as_os_str(), "--node".as_ref(), "chaos".as_ref()];
        let mut daemon = Self::start(program, &args);
        daemon.hear(SERVING);
        daemon
    }

    /// Waits until a line that was not heard before holds `text`, and returns that line.
    ///
    /// # Panics
    /// If the daemon ends first, or at the end of the [patience](PATIENCE).
    pub fn hear(&mut self, text: &str) -> String {
        let deadline = Deadline::after(PATIENCE);
        loop {
            match self.next_line(deadline) {
                Ok(line) if line.contains(text) => return line,
                Ok(_) => {}
                Err(why) => panic!("waiting for `{text}`: {why}:\n{}", self.said.join("\n")),
            }
        }
    }

    /// Waits until each of these texts was in a line, in any order, counted from now.
    ///
    /// # Panics
    /// Like [`hear`](Self::hear).
    pub fn hear_all(&mut self, texts: &[&str]) {
        let from = self.said.len();
        while let Some(text) =
            texts.iter().find(|text| !self.said[from..].iter().any(|line| line.contains(**text)))
        {
            self.hear(text);
        }
    }

    /// Listens for `span` and returns what was said.
    pub fn listen(&mut self, span: Duration) -> Vec<String> {
        let (deadline, before) = (Deadline::after(span), self.said.len());
        while self.next_line(deadline).is_ok() {}
        // A daemon that has ended says nothing more; the time passes all the same.
        clock::pass(deadline.left());
        self.said[before..].to_vec()
    }

    /// Sends a signal to the daemon alone.
    ///
    /// # Panics
    /// If it has ended.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("the daemon is there");
    }

    /// Sends a signal to its process group, as a terminal does on Ctrl-C.
    ///
    /// # Panics
    /// If it has ended.
    pub fn signal_group(&self, signal: Signal) {
        kill_process_group(Pid::from_child(&self.child), signal).expect("the daemon is there");
    }

    /// Kills it with SIGKILL; returns once it is gone.
    ///
    /// # Panics
    /// If the kernel refuses.
    pub fn kill(mut self) -> String {
        self.child.kill().expect("a child that was not waited for can be killed");
        self.child.wait().expect("a child can be waited for");
        self.rest()
    }

    /// Waits until it ends by itself.
    ///
    /// # Panics
    /// At the end of the [patience](PATIENCE).
    pub fn ended(mut self) -> End {
        let said = self.rest();
        let status = self.child.wait().expect("a child can be waited for");
        End { status, said }
    }

    /// Its process number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Everything that was heard so far.
    pub fn said(&self) -> String {
        self.said.join("\n")
    }

    /// Everything it says until it closes standard error, which a daemon does by ending.
    fn rest(&mut self) -> String {
        let deadline = Deadline::after(PATIENCE);
        loop {
            match self.next_line(deadline) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => return self.said.join("\n"),
                Err(RecvTimeoutError::Timeout) => {
                    panic!("the daemon does not end:\n{}", self.said.join("\n"))
                }
            }
        }
    }

    fn next_line(&mut self, deadline: Deadline) -> Result<String, RecvTimeoutError> {
        let line = self.lines.recv_timeout(deadline.left())?;
        self.said.push(line.clone());
        Ok(line)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // First, or it would kill whoever has the number of the daemon next.
        let _ = self.guard.kill();
        let _ = self.guard.wait();
        // Both fail for a daemon that was waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
        clock::forget_wrong(self.child.id());
    }
}

/// Kills the group of a daemon, also of one that was stopped, when its own standard input ends:
/// when this process does, whatever ends it. It is in a group of its own, which nobody signals.
fn guard(daemon: &Child) -> Child {
    let mut guard = Command::new("/bin/sh");
    guard.args(["-c", "read -r nothing; kill -KILL \"-$1\"", "guard", &daemon.id().to_string()]);
    guard.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    guard.spawn().expect("a shell can be started")
}
