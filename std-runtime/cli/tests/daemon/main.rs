//! Real daemons: killed at random, fed with mistakes, asked to read again and to stop.

#![cfg(target_os = "linux")]
#![expect(clippy::print_stdout, reason = "what was counted is part of the answer")]

mod health;
mod kill;
mod operate;
mod outage;
mod place;
mod refuse;
mod reload;
mod stop;
