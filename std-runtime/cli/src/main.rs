//! The `mainspring` program.

use std::process::ExitCode;

#[cfg(unix)]
mod clock;
#[cfg(unix)]
mod command;
#[cfg(unix)]
mod guard;
#[cfg(unix)]
mod hidden;
#[cfg(unix)]
mod lock;

fn main() -> ExitCode {
    #[cfg(unix)]
    if let Some(code) = hidden::main() {
        return code;
    }
    ExitCode::FAILURE
}
