//! The PostgreSQL store.

mod claim;
mod clock;
mod columns;
mod connections;
mod error;
mod history;
mod insert;
mod jobs;
mod keys;
mod listing;
pub mod migrations;
mod options;
mod parts;
mod row;
mod schedules;
mod statements;
mod store;
mod tables;
mod tasks;
mod transaction;

pub use options::Options;
pub use row::RowId;
pub use store::PostgresStore;
pub use transaction::Transaction;
