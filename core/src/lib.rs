//! The scheduling engine of Mainspring: trigger mathematics, job states and the two machines.
#![no_std]

#[cfg(feature = "alloc")]
extern crate alloc;

pub mod civil;
pub mod dice;
pub mod domain;
pub mod exclude;
pub mod few;
pub mod fire;
pub mod id;
#[cfg(feature = "alloc")]
pub mod index;
pub mod job;
pub mod lane;
pub mod lease;
pub mod ledger;
pub mod limits;
#[cfg(feature = "defmt")]
pub mod log;
pub mod note;
pub mod number;
pub mod offer;
pub mod order;
pub mod outcome;
pub mod overlap;
pub mod planner;
pub mod pulse;
pub mod queue;
pub mod retry;
pub mod room;
pub mod schedule;
pub mod settings;
pub mod table;
pub mod task;
pub mod time;
pub mod trigger;
pub mod verb;
pub mod worker;
pub mod zone;

#[cfg(test)]
mod scenario;
