//! The engine of Mainspring on a microcontroller: the same planner and worker as on a server, over
//! a ledger in RAM, driven by embassy-time.
#![no_std]

pub mod journal;
