//! The scheduling engine of Mainspring.
#![no_std]

pub mod limits;
pub mod time;
pub mod trigger;
