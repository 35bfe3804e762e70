//! (stub)
pub mod trigger;
pub mod zone;
