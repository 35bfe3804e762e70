//! What the stores in SQL databases share besides the verbs.
//!
//! The verbs are in [`mainspring_contract::tables`]. Here is how records become rows and rows
//! become records. The tables and columns of every SQL store have the same names, so that whoever
//! knows one knows all of them; `adapters/sqlite/src/sql/migrations` describes each.

pub mod column;
pub mod condition;
pub mod json;
pub mod lists;
pub mod migration;
mod prefix;
pub mod read;
pub mod write;

pub use prefix::{PREFIX_MAX, Prefix, PrefixError};
