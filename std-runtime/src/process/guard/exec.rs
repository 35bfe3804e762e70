//! The last step before a command: ties its life to the guard's, then becomes it.

use core::convert::Infallible;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use rustix::process::{getppid, setsid};

use crate::process::command::{Invocation, Kind};
use crate::process::program::own_program;
use crate::process::worker::WORK;

/// As shells do: a command that is not there.
const NOT_FOUND: i32 = 127;
/// As shells do: a command that is there and cannot be run.
const NOT_RUNNABLE: i32 = 126;

/// What is sent to this step: the length of the order, the order, and then whatever the command
/// shall read.
pub(super) fn order(invocation: &Invocation) -> io::Result<Vec<u8>> {
    let order = Order { invocation: invocation.clone(), reads: invocation.stdin.is_some() };
    let order = serde_json::to_vec(&order)?;
    let mut bytes = (order.len() as u64).to_be_bytes().to_vec();
    bytes.extend(order);
    Ok(bytes)
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Order {
    invocation: Invocation,
    /// What follows is the command's standard input.
    reads: bool,
}

/// Becomes the command that standard input describes, in a session of its own that dies with the
/// process `guard`. Returns only if that fails, having said why on standard error.
pub(crate) fn main(guard: Option<i32>) -> i32 {
    let (code, why) = match become_command(guard) {
        Ok(never) => match never {},
        Err(refused) => refused,
    };
    let _ = writeln!(io::stderr(), "mainspring: {why}");
    code
}

fn become_command(guard: Option<i32>) -> Result<Infallible, (i32, String)> {
    let cannot = |what: &str, error: io::Error| (NOT_RUNNABLE, format!("cannot {what}: {error}"));
    die_with_parent().map_err(|error| cannot("follow the guard", error))?;
    // A guard that died before the line above took effect sends no signal any more.
    if getppid().map(|parent| parent.as_raw_pid()) != guard {
        return Err((NOT_RUNNABLE, "the guard has gone".to_owned()));
    }
    setsid().map_err(|error| cannot("make a session", error.into()))?;
    let Order { invocation, reads } = read().map_err(|error| cannot("read the command", error))?;
    if let Some(dir) = &invocation.dir {
        std::env::set_current_dir(dir)
            .map_err(|error| cannot(&format!("enter directory `{}`", dir.display()), error))?;
    }
    let mut command = command(&invocation).map_err(|error| cannot("find this program", error))?;
    let name = command.get_program().to_string_lossy().into_owned();
    if invocation.clear_env {
        command.env_clear();
    }
    command.envs(invocation.env);
    if !reads {
        command.stdin(Stdio::null());
    }
    let error = command.exec();
    Err(match error.kind() {
        io::ErrorKind::NotFound => (
            NOT_FOUND,
            format!("command `{name}` not found (neither here nor in PATH, or its interpreter)"),
        ),
        _ => (NOT_RUNNABLE, format!("command `{name}` cannot be run: {error}")),
    })
}

/// Reads the order, and not one byte of what is for the command: hence past the buffer of std.
fn read() -> io::Result<Order> {
    let mut input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let mut length = [0; 8];
    input.read_exact(&mut length)?;
    let mut order = Vec::new();
    input.take(u64::from_be_bytes(length)).read_to_end(&mut order)?;
    Ok(serde_json::from_slice(&order)?)
}

fn command(Invocation { program, argv, .. }: &Invocation) -> io::Result<Command> {
    let mut command = match program {
        Kind::Worker => {
            let mut command = own_program()?;
            command.arg(WORK);
            return Ok(command);
        }
        Kind::Shell => {
            let mut command = Command::new("/bin/sh");
            command.arg("-c").args(argv);
            return Ok(command);
        }
        // An empty list is made by nobody; an empty name is "not found".
        Kind::Program => Command::new(argv.first().map_or("", |name| name)),
    };
    command.args(argv.get(1..).unwrap_or_default());
    Ok(command)
}

#[cfg(target_os = "linux")]
fn die_with_parent() -> io::Result<()> {
    let kill = Some(rustix::process::Signal::KILL);
    Ok(rustix::process::set_parent_process_death_signal(kill)?)
}

#[cfg(not(target_os = "linux"))]
fn die_with_parent() -> io::Result<()> {
    Ok(())
}
