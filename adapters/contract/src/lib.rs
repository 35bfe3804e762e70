//! (stub)
pub mod trigger;
