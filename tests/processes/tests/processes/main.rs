//! Commands and functions in other processes, driven by schedulers in this one.
//!
//! Tests wait for signals only: processes hold a named pipe open, and its end of file is the moment
//! when the last of them has gone.

#![cfg(target_os = "linux")]

mod commands;
mod functions;
mod interrupted;
mod killed;
mod rig;
