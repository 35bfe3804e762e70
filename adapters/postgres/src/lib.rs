//! The PostgreSQL store: one database, any number of processes on any number of machines; and a
//! [broker](PostgresBroker) over the same database.
//!
//! ```
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use mainspring_contract::{Clock, Store};
//! use mainspring_postgres::{Options, PostgresStore};
//!
//! # let shared = mainspring_support::SharedPostgres::join().await;
//! # let database = shared.database().await;
//! # let url = database.url();
//! // let url = "postgres://app:secret@db.example/app?sslmode=verify-full";
//! let mut options = Options::new(url);
//! options.schema = Some("jobs".into());
//! let store = PostgresStore::open_with(&options).await?;
//! assert_eq!(store.claim_jobs(Clock::Server, &claim()).await?.value, []);
//! # fn claim() -> mainspring_contract::record::ClaimJobs<'static> {
//! #     mainspring_contract::record::ClaimJobs {
//! #         node: mainspring_contract::NodeId::new("n").expect("a name"),
//! #         tasks: &[],
//! #         tags: &mainspring_contract::Tags::NONE,
//! #         lease_for: mainspring_core::time::Span::from_secs(30),
//! #         max: 1,
//! #     }
//! # }
//! # Ok(())
//! # }
//! ```
//!
//! PostgreSQL 13 or later (the tests run on 15). The program's own writes and its jobs can last
//! together: [`enqueue_in`](PostgresStore::enqueue_in) and
//! [`complete_in`](PostgresStore::complete_in) take part in a transaction of yours.
//!
//! # Tables
//!
//! They are described column by column in `src/sql/migrations`, live in a schema of your choice and
//! have a prefix of your choice; migrations are noted in a table of our own. See [`migrations`] for
//! how to look at what is missing, and to apply or check it.
//!
//! # Rights
//!
//! Whoever applies the migrations owns the tables. A program that opens the store with
//! [`Options::migrate`] off needs no more than this (for the schema `jobs` and the prefix
//! `mainspring_`):
//!
//! ```sql
#![doc = include_str!("sql/grants.sql")]
//! ```
//!
//! `TRUNCATE` is for history that was pruned and for tables that are mostly dead rows; without it
//! that space is not given back.
//!
//! # Encryption
//!
//! `sslmode` in the address decides, as with `libpq`: `require` encrypts, `verify-full` also checks
//! whom it is talking to, by the certificates that the system trusts or by `sslrootcert`. The
//! feature `tls` (on unless switched off) brings rustls with ring, the smallest of the providers
//! that the driver knows.
//!
//! # What keeps it fast
//!
//! - **Few round trips.** A claim of jobs is one, however many there are, with the pulse; unless a
//!   task has a limit or a key is given up. Every other verb is one for `BEGIN` and the clock, one
//!   for each statement, and one for the pulse and `COMMIT`. To queue jobs, or to settle them, is
//!   one statement: what tasks say is kept in mind for as long as nothing was configured, and
//!   whether somebody else has run one of the jobs meanwhile is asked with `COMMIT`.
//! - **Seeks.** Each task, set of tags and priority is a lane, sought in one index. Jobs of the
//!   future, of tasks without room and for other nodes are not passed over: they are not met. A job
//!   that is ready when it is queued is in two indexes, the table's key and that one.
//! - **No payload moves twice.** Settling reads none. What the jobs of a batch have in common is
//!   sent once.
//! - **Plans do not drift.** Statistics of a queue are always old, so the store's connections plan
//!   once, for the indexes, without sequential scans; a test asks the server for each hot plan.
//!
//! # What keeps it clean
//!
//! - **History is only added to.** Pruning raises a floor below which nobody looks; there are four
//!   parts, written to in turn, and one that lies below the floor is emptied as a whole. History
//!   has no dead rows, whether or not vacuum can run.
//! - **Dead rows are bounded.** Each job leaves two behind: one of the claim, one of the settle.
//!   Vacuum of that table comes early and at full speed. But while another session of the database
//!   keeps an old snapshot open (a long report, a forgotten transaction), no vacuum can remove
//!   them, and claims would pass over more and more of them. So a table in which at least 50,000
//!   rows are dead, ten times as many as live, is emptied with `TRUNCATE`, which asks nobody, and
//!   filled again with the rows that live, in one short transaction during which others wait. That
//!   goes for jobs, keys and schedules. It is not done where more than 10,000 rows or 32 MB live,
//!   nor while somebody has touched the table in a transaction that is still open: then vacuum is
//!   needed, and sessions that stay open want an `idle_in_transaction_session_timeout`.
//! - **Your own snapshots**: a transaction of yours that is REPEATABLE READ or SERIALIZABLE, began
//!   before such a moment and looks at one of these tables for the first time afterwards finds it
//!   empty, as with every `TRUNCATE`. Let it begin with `LOCK TABLE … IN ACCESS SHARE MODE`, as the
//!   store's own do. `pg_dump` locks what it reads, and is waited for.
//! - **Numbers about the whole store** have a page for their versions (`fillfactor`), and are
//!   written when people change something, not by the hot path. There is no counter of running
//!   jobs.
//!
//! # Trouble
//!
//! Transactions are READ COMMITTED; what two of them could both decide is locked first. Deadlocks,
//! serialization failures and locks that take longer than five seconds are tried again, and become
//! [`Contended`](mainspring_contract::StoreErrorKind::Contended) in the end. A connection that
//! breaks is [`Unavailable`](mainspring_contract::StoreErrorKind::Unavailable); in the middle of a
//! commit it is [`OutcomeUnknown`](mainspring_contract::StoreErrorKind::OutcomeUnknown), and asking
//! again is safe. A connection is only used again if its last transaction is known to be over. One
//! that lay idle while the server went away is replaced without a word. A node that stands still in
//! the middle of a transaction loses it after ten seconds.
//!
//! Pools between program and server must give a connection to one client for as long as that wants
//! it (session pooling), because statements are prepared.

mod broker;
mod claim;
mod clock;
mod columns;
mod compact;
mod connections;
mod error;
mod history;
mod insert;
mod jobs;
mod keys;
mod listing;
pub mod migrations;
mod nodes;
mod options;
mod parts;
mod row;
mod schedules;
mod statements;
mod store;
mod tables;
mod tasks;
mod transaction;

pub use broker::{PostgresBroker, PostgresLink};
pub use options::Options;
pub use row::RowId;
pub use store::PostgresStore;
pub use transaction::Transaction;
