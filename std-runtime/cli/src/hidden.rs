//! The subcommands that the program calls itself with. They are no part of its interface.

use core::time::Duration;
use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::command::run::{self, DEFAULT_GRACE};
use crate::guard::{self, EXEC, GUARD};

/// Runs one command as the daemon would: see [`run::run_one`].
const COMMAND: &str = "__command";

/// Runs the hidden subcommand that the arguments name, if they name one.
pub(crate) fn main() -> Option<ExitCode> {
    let mut args = env::args_os().skip(1);
    let name = args.next()?;
    if name == GUARD {
        let lock = args.next().map(PathBuf::from);
        Some(guard::main(lock.as_deref()))
    } else if name == EXEC {
        let guard = number(args.next().as_deref())?;
        Some(guard::exec::main(guard))
    } else if name == COMMAND {
        Some(run_one(args.next(), args.next()))
    } else {
        None
    }
}

fn run_one(grace_ms: Option<OsString>, dir: Option<OsString>) -> ExitCode {
    let grace = number(grace_ms.as_deref()).map_or(DEFAULT_GRACE, Duration::from_millis);
    let ran = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Into::into)
        .and_then(|runtime| runtime.block_on(run::run_one(dir.as_ref().map(Path::new), grace)));
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mainspring: {error}");
            ExitCode::FAILURE
        }
    }
}

fn number<T: core::str::FromStr>(text: Option<&OsStr>) -> Option<T> {
    text?.to_str()?.parse().ok()
}
