//! The SQLite store: one file, any number of processes on one machine.
//!
//! The file is in WAL mode, so readers and the one writer do not wait for each other, and every
//! commit is synced, so that nothing is undone by a power loss. Verbs first look with a read and
//! take the write lock only if there is something to do. The names of all tables begin with
//! `mainspring_`, unless the options say otherwise; they are defined column by column in
//! `src/sql/migrations`, and the file may hold an application's own tables too. Rows come and go in
//! batches, as JSON that SQLite takes apart. There is no in-memory mode: that is the memory store.
//!
//! The program's own writes and its jobs can last together: [`enqueue_in`](SqliteStore::enqueue_in)
//! and [`complete_in`](SqliteStore::complete_in) work inside a transaction of the caller's.

mod claim;
mod clock;
mod columns;
mod connections;
mod error;
mod history;
mod jobs;
mod keys;
mod listing;
pub mod migrations;
mod nodes;
mod options;
mod schedules;
mod statements;
mod store;
mod tables;
mod transaction;

pub use mainspring_sql::{Prefix, PrefixError};
pub use options::Options;
pub use store::SqliteStore;
pub use transaction::Transaction;
