//! The MongoDB store.
mod claim;
mod clock;
mod collections;
mod crowd;
mod document;
mod error;
mod filter;
mod history;
mod jobs;
mod keys;
mod lanes;
mod listing;
pub mod migrations;
mod options;
mod pulse;
mod schedules;
mod server;
mod store;
mod tables;
mod tasks;
mod transaction;

pub use mainspring_sql::{Prefix, PrefixError};
pub use options::Options;
pub use store::MongoStore;
pub use transaction::Transaction;
