//! The MySQL and MariaDB store: one database, any number of processes on any number of machines.
//!
//! ```
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use mainspring_contract::{Store, store::JobFilter};
//! use mainspring_mysql::{MysqlStore, Options, Prefix};
//!
//! # let shared = mainspring_support::SharedMariaDb::join().await;
//! # let database = shared.database().await;
//! # let url = database.url();
//! // let url = "mysql://app:secret@db.example/app?ssl-mode=VERIFY_IDENTITY";
//! let mut options = Options::new(url);
//! options.prefix = Prefix::new("jobs_")?;
//! let store = MysqlStore::open_with(&options).await?;
//! assert_eq!(store.jobs(&JobFilter::first(9)).await?, []);
//! # Ok(())
//! # }
//! ```
//!
//! MariaDB 10.6 or later, MySQL 8.0.16 or later; older servers are refused by name. There is one
//! text of every statement for both. The gate runs all laws of a store on MariaDB 10.11; they were
//! also run on MySQL 9.7 (`MAINSPRING_MARIADB_URL=mysql://… cargo nextest run -p
//! mainspring-mysql`). MySQL 8 itself was not at hand: nothing newer than 8.0.16 is used, by its
//! manual.
//!
//! The program's own writes and its jobs can last together: [`enqueue_in`](MysqlStore::enqueue_in)
//! and [`complete_in`](MysqlStore::complete_in) take part in a transaction of yours, whose session
//! must be READ COMMITTED.
//!
//! # Tables
//!
//! They are InnoDB, described column by column in `src/sql/migrations`, and have a prefix of your
//! choice; migrations are noted in a table of our own. See [`migrations`] for how to look at what
//! is missing, and to apply or check it. Names are compared byte by byte.
//!
//! # Rights
//!
//! Whoever applies the migrations may `CREATE`, `ALTER` and `INDEX`, besides what follows. A
//! program that opens the store with [`Options::migrate`] off needs no more than this (for the
//! database `app`, the user `app` and the prefix `mainspring_`):
//!
//! ```sql
#![doc = include_str!("sql/grants.sql")]
//! ```
//!
//! # Encryption
//!
//! `ssl-mode` in the address decides: `PREFERRED`, which is the default, encrypts if the server
//! can, `VERIFY_IDENTITY` also checks whom it is talking to, by the certificates that the system
//! trusts or by `ssl-ca`. The feature `tls` (on unless switched off) brings rustls with ring.
//! MySQL's `caching_sha2_password` asks for an encrypted connection or a socket file; the way
//! around that, a password under the server's RSA key, is not built in.
//!
//! # The server's settings
//!
//! A session says itself what it needs: READ COMMITTED, so that no gaps between rows are locked in
//! which others want to insert; UTC, strict modes, locks that are given up after five seconds, and
//! an end after ten seconds for a transaction that goes no further, because its node stands still.
//! `binlog_format` must not be `STATEMENT`. `innodb_flush_log_at_trx_commit` is 1 by default,
//! which is what "durable" rests on. A record (a payload, an output) has to fit into
//! `max_allowed_packet`; batches are split so that they do. Pools between program and server must
//! give a connection to one client for as long as that wants it, because statements are prepared.
//!
//! # What keeps it fast
//!
//! - **Few round trips.** A verb is one for `START TRANSACTION` and the clock, one for each
//!   statement, and one for the pulse and `COMMIT`. Settling, queueing and renewing take slices; a
//!   claim is three statements, however many tasks, tags and priorities there are.
//! - **Seeks.** Each task, set of tags and priority is a lane, one stretch of an index that begins
//!   with the state: jobs that run, are held, lie in the future or are for other nodes are not
//!   passed over. Neither server can tell which lanes there are without walking past every job, so
//!   a claim asks between those it knows for one it does not. A test has the server count the rows
//!   that it reads.
//! - **Nobody waits for a claim.** What somebody else has locked is left out, and exactly as many
//!   jobs are locked as are taken.
//! - **No payload moves twice.** Settling reads none.
//!
//! # Trouble
//!
//! Deadlocks (1213), locks that take too long (1205) and rows that somebody else was faster to
//! write (1062) are tried again, and become
//! [`Contended`](mainspring_contract::StoreErrorKind::Contended) in the end. A connection that
//! breaks is [`Unavailable`](mainspring_contract::StoreErrorKind::Unavailable); in the middle of a
//! commit it is [`OutcomeUnknown`](mainspring_contract::StoreErrorKind::OutcomeUnknown), and
//! asking again is safe. A connection is only used again if its last transaction is known to be
//! over. One that lay idle while the server went away is replaced without a word.
//!
//! A transaction that somebody leaves open keeps the server from purging what was deleted since,
//! and claims then walk past the remains of jobs that are over: `innodb_max_purge_lag` and an eye
//! on the oldest transaction (`information_schema.innodb_trx`) are worth having, as with every
//! queue here.

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
mod nodes;
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
