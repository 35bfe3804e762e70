//! The last step before a command: ties its life to the guard's, then becomes it.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{ExitCode, Stdio};

use rustix::process::{getppid, setsid};

use crate::command::CommandSpec;

/// As shells do: a command that is not there.
const NOT_FOUND: u8 = 127;
/// As shells do: a command that is there and cannot be run.
const NOT_RUNNABLE: u8 = 126;

/// Becomes the command that standard input describes, in a session of its own that dies with the
/// process `guard`. Returns only if that fails, having said why on standard error.
pub(crate) fn main(guard: i32) -> ExitCode {
    let (code, why) = match become_command(guard) {
        Ok(never) => match never {},
        Err(refused) => refused,
    };
    eprintln!("mainspring: {why}");
    ExitCode::from(code)
}

fn become_command(guard: i32) -> Result<core::convert::Infallible, (u8, String)> {
    let cannot = |what: &str, error: io::Error| (NOT_RUNNABLE, format!("cannot {what}: {error}"));
    die_with_parent().map_err(|error| cannot("follow the guard", error))?;
    // A guard that died before the line above took effect sends no signal any more.
    if getppid().is_none_or(|parent| parent.as_raw_pid() != guard) {
        return Err((NOT_RUNNABLE, "the guard has gone".to_owned()));
    }
    setsid().map_err(|error| cannot("make a session", error.into()))?;
    let spec: CommandSpec = serde_json::from_reader(io::stdin().lock())
        .map_err(|error| cannot("read the command", error.into()))?;
    if let Some(dir) = &spec.dir {
        std::env::set_current_dir(dir)
            .map_err(|error| cannot(&format!("enter directory `{}`", dir.display()), error))?;
    }
    let mut command = spec.program.command();
    let name = command.get_program().to_string_lossy().into_owned();
    command.envs(spec.env.iter().map(|(key, value)| (key, value))).stdin(Stdio::null());
    let error = command.exec();
    Err(match error.kind() {
        io::ErrorKind::NotFound => (
            NOT_FOUND,
            format!("command `{name}` not found (neither here nor in PATH, or its interpreter)"),
        ),
        _ => (NOT_RUNNABLE, format!("command `{name}` cannot be run: {error}")),
    })
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
