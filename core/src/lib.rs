//! The scheduling engine of Mainspring.
#![no_std]

pub mod civil;
pub mod limits;
pub mod time;
pub mod trigger;
pub mod zone;
