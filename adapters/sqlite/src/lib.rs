//! The SQLite store: one file, any number of processes on one machine.
//!
//! The file is in WAL mode, so readers and the one writer do not wait for each other, and every
//! commit is synced, so that nothing is undone by a power loss. Verbs first look with a read and
//! take the write lock only if there is something to do. All tables are prefixed `mainspring_` and
//! defined column by column in `src/sql/migrations`; the file may hold an application's own tables
//! too. There is no in-memory mode: that is the memory store.

mod chain;
mod claim;
mod clock;
mod columns;
mod connections;
mod enqueue;
mod error;
mod finish;
mod jobs;
mod keys;
mod listing;
mod migrate;
mod options;
mod pulse;
mod row;
mod schedules;
mod store;
mod sweep;
mod tasks;
mod transaction;

pub use options::Options;
pub use store::SqliteStore;
