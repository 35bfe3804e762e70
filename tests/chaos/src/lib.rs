//! What the tests that mistreat real daemons are made of: a driver, a reader of what was left
//! behind, and a matcher that holds what ran against what was due.
//!
//! The tests themselves live with the program that they start, in `std-runtime/cli/tests/daemon`:
//! cargo tells only them where that program is.

pub mod clock;
pub mod cluster;
pub mod daemon;
pub mod dice;
pub mod history;
pub mod journal;
pub mod matcher;
pub mod process;
pub mod rows;
pub mod store;
