//! The engine of Mainspring on a microcontroller: the same planner and worker as on a server, over
//! a ledger in RAM, driven by embassy-time.
#![no_std]
#![doc = include_str!("../README.md")]

pub mod clock;
pub mod command;
pub mod cursors;
pub mod domain;
pub mod engine;
pub mod fixed;
pub mod flash;
pub mod journal;
#[cfg(feature = "defmt")]
mod log;
#[cfg(not(feature = "defmt"))]
#[path = "silent.rs"]
mod log;
pub mod name;
pub mod pump;
pub mod task;
pub mod timing;
pub mod wire;
