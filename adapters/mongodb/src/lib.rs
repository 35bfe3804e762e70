//! The MongoDB store: one database of a replica set, any number of processes on any number of
//! machines.
//!
//! ```
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use mainspring_contract::{Store, store::JobFilter};
//! use mainspring_mongodb::{MongoStore, Options, Prefix};
//!
//! # let shared = mainspring_support::SharedMongoDb::join().await;
//! # let database = shared.database().await;
//! # let url = database.url();
//! // let url = "mongodb://app:secret@db.example/app?replicaSet=rs0&tls=true";
//! let mut options = Options::new(url);
//! options.prefix = Prefix::new("jobs_")?;
//! let store = MongoStore::open_with(&options).await?;
//! assert_eq!(store.jobs(&JobFilter::first(9)).await?, []);
//! # Ok(())
//! # }
//! ```
//!
//! MongoDB 5.0 or later; the gate runs all laws of a store on 6.0.5. Older servers are refused by
//! name. The collections must not be sharded; a router in front of the replica set is fine.
//!
//! # A replica set, if only of one
//!
//! A verb changes several documents together or none, which takes transactions, and those take a
//! replica set. A standalone server is refused when the store is opened, with the way out: started
//! with `--replSet rs0` and told `rs.initiate()` once, it is a replica set of one. Nothing is
//! offered without: a crash between two writes would lose jobs, or run them twice, and no
//! capability could be honest about that.
//!
//! The program's own writes and its jobs can last together: [`enqueue_in`](MongoStore::enqueue_in)
//! and [`complete_in`](MongoStore::complete_in) take part in a transaction of yours.
//!
//! # Collections
//!
//! `tasks`, `schedules`, `jobs` (those that are not over), `keys`, `runs`, `skips`, `nodes`, `meta`
//! and `migrations`, with a prefix of your choice. Fields have the names of the columns of the SQL
//! stores, and a field that would be NULL is left out. Besides, each document has `v`, the version
//! of its shape: one of a later version is not guessed at, but counts as unreadable. `lk` counts
//! how often a document was locked. What each index is for is said beside it in
//! `src/collections.rs`. See [`migrations`] for how to look at what is missing, and to apply or
//! check it.
//!
//! # Rights
//!
//! Whoever applies the migrations may create collections and indexes, as with the role `readWrite`.
//! A program that opens the store with [`Options::migrate`] off needs no more than this (for the
//! database `app`):
//!
//! ```js
#![doc = include_str!("rights.js")]
//! ```
//!
//! # Locks, and why this is right
//!
//! Reading locks nothing in MongoDB, and nobody waits: of two transactions that write one document,
//! one is ended. How the locks of the verbs become writes, and why decisions that were made for
//! READ COMMITTED are right in snapshots, is said in `src/transaction.rs`. Transactions that were
//! ended are tried again, after a short wait of random length, up to two dozen times. Claims leave
//! out what others have: see `src/crowd.rs`. A node that dies leaves an open transaction behind,
//! with its locks; whoever runs into that ends it after three seconds: see `src/abandoned.rs`. So a
//! program of yours that has the same `appName` in its address should not rest longer within a
//! transaction.
//!
//! # What keeps it fast
//!
//! - **Few round trips.** A verb is one for the snapshot and the server's clock, one for each
//!   operation, one for the pulse, and the commit. Settling, queueing and renewing take slices.
//! - **Seeks.** A claim is a walk along a few stretches of one index, whatever waits for other
//!   instants or other nodes; it reads the documents that it takes and no others.
//! - **Small indexes.** A job that is leased leaves the index of claims, only leased jobs are in
//!   that of leases, only delayed ones in that of the next instants. So a change of state moves few
//!   entries.
//! - **No payload moves twice.** Settling reads none, and writes change fields and not documents.
//! - **No document that everybody writes.** Numbers of records are drawn outside of transactions;
//!   what rises with each change of a schedule or a task is written by nothing else.
//!
//! # Trouble
//!
//! A server that cannot be reached, or an election, is
//! [`Unavailable`](mainspring_contract::StoreErrorKind::Unavailable). A commit whose answer was
//! lost is sent again, which tells; should that fail too, it is
//! [`OutcomeUnknown`](mainspring_contract::StoreErrorKind::OutcomeUnknown), and asking again is
//! safe. A document (a payload, an output) may have 16 MB. The server ends transactions that last
//! for more than a minute (`transactionLifetimeLimitSeconds`), which is a long time for these.
//!
//! Commits wait for the majority of the members, and with that for their journals: this is what
//! "durable" rests on. `writeConcernMajorityJournalDefault` had better stay on.

mod abandoned;
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
mod nodes;
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
