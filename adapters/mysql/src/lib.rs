//! The MySQL and MariaDB store.

mod claim;
mod clock;
mod connections;
mod error;
mod history;
mod jobs;
mod keys;
mod lanes;
mod listing;
pub mod migrations;
mod options;
mod pulse;
mod row;
mod schedules;
mod server;
mod statements;
mod store;
mod tables;
mod tasks;
mod transaction;

pub use mainspring_sql::{Prefix, PrefixError};
pub use options::Options;
pub use store::MysqlStore;
pub use transaction::Transaction;
