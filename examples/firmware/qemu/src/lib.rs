//! What the programs for the emulated board share: the board itself, lines on the terminal, and an
//! end with an exit status.
#![no_std]

pub mod board;
#[cfg(feature = "messages")]
mod panic;
#[cfg(not(feature = "messages"))]
#[path = "halt.rs"]
mod panic;

use core::fmt;

use cortex_m_semihosting::{debug, hprintln};

/// A line on the terminal.
pub fn print(line: fmt::Arguments<'_>) {
    hprintln!("{}", line);
}

/// Ends QEMU, with 0 if it was a success.
pub fn end(success: bool) -> ! {
    debug::exit(if success { debug::EXIT_SUCCESS } else { debug::EXIT_FAILURE });
    loop {
        cortex_m::asm::wfi();
    }
}
