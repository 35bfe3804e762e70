//! What the stores in SQL databases share besides the verbs.
//!
//! The verbs are in [`mainspring_contract::tables`]. Here is how records become columns and columns
//! become records. The tables and columns of every SQL store have the same names, so that whoever
//! knows one knows all of them; `adapters/sqlite/src/sql/migrations` describes each.

pub mod column;
pub mod condition;
