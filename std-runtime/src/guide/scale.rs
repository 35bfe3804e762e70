//! How far it goes: what a hundred nodes and a hundred million schedules cost, what ends first,
//! and how to go on from there.
//!
//! Numbers that were measured say so: on two cores that the server and the nodes shared, in one
//! run. The rest follows from how the stores work and is for planning, not a promise.
//!
//! # What a node costs
//!
//! - *Memory* is fixed: a node holds schedules that are due within ten seconds, 1,024 at most,
//!   and the jobs that it [runs](crate::Builder::max_running). Beside a million schedules it took
//!   16 MB (measured).
//! - *Connections*: at most 8 to PostgreSQL and MySQL and 16 to MongoDB, an option of each store,
//!   and one to its broker.
//! - *Idle*, each of its two machines looks every five seconds
//!   ([`max_idle`](crate::Builder::max_idle)): 83 statements a minute on PostgreSQL, 131 on
//!   MariaDB (measured). Each half minute it writes one row that says that it lives.
//!
//! A hundred nodes that idle are 140 to 220 statements a second, which no server notices; but they
//! may open 900 connections, which PostgreSQL notices: give each fewer. A longer `max_idle` and a
//! broker make the looks rare and the start of a job prompt. A broker brings each hint to every
//! node, so that a hundred busy nodes hear a hundred times what each says; hints of one batch are
//! one message, and a node that hears more than it can take in looks once instead.
//!
//! # What schedules cost
//!
//! Their number alone costs room on the disk and nothing else: a look reads the first entries of
//! an index of due instants, and its depth grows with the logarithm. With 1,000,000 schedules in
//! PostgreSQL, 2,000 fires a second started with a lateness of 10 ms at the middle and 25 ms at
//! the 99th percentile (measured). What ends first is how many fire in a second: each fire moves
//! a cursor, inserts a job, and the job is leased, removed and recorded.
//!
//! | a hundred million schedules that fire | fires a second | |
//! |---|---|---|
//! | once a day, evenly | 1,160 | one server |
//! | once an hour, evenly | 27,800 | a dozen or more shards |
//! | once a day, all at midnight | 100 million at once | fourteen hours at 2,000 a second |
//!
//! So spread them: `H` in a cron pattern, or [`jitter`](crate::Schedule::jitter), which may be as
//! long as the time to the next fire. Who has to do something for each of many rows at one time
//! wants one schedule whose task queues jobs in batches, not a schedule per row.
//!
//! # What ends first, store by store
//!
//! - *PostgreSQL*: bytes of its log; each job is written three times and recorded once. What
//!   helps is a faster disk for the log, and larger batches by a larger `max_running`. Dead rows
//!   stay few beside a transaction that somebody leaves open, as long as no more than 10,000 jobs
//!   live; beside a longer backlog they go only when no old snapshot needs them.
//! - *MySQL and MariaDB*: the same, and index entries that move with each claim.
//! - *MongoDB*: conflicts; nobody waits there, and who runs into another begins anew. What helps
//!   are few nodes for each task with a limit: fewer and larger ones.
//! - *SQLite*: one writer on one machine. The next step is PostgreSQL.
//!
//! What goes one after the other in the whole cluster, whatever the store: claims of one task
//! with a limit, and jobs of one schedule whose [`overlap`](crate::Schedule::overlap) is not
//! `Allow`. A task with a limit on a hundred nodes is claimed by one of them at a time; without a
//! limit nodes take what others have not locked.
//!
//! The table of jobs is as long as the backlog, and claims are seeks in it however long it is.
//! History is the largest table: [`keep_history`](crate::Builder::keep_history) bounds it.
//!
//! # Shards
//!
//! A store is one world: names, limits and unique keys hold within it, and nothing is shared
//! between two. So a shard is a store of its own, under a prefix, in a schema or on another
//! server, and whoever puts a schedule or queues a job chooses it, by tenant or by a hash of the
//! name. A program may run a scheduler for each of several shards; they share nothing but its
//! memory. Partitioning our tables inside of one server is not worth it: the hot one is short,
//! and the others are read by key.
//!
//! # Asking the planner of your server
//!
//! What runs all the time is held against what the server itself says that it did, with tables as
//! long as one likes; PostgreSQL, MariaDB and MongoDB are each filled by their own test:
//!
//! ```text
//! MAINSPRING_PLAN_ROWS=10000000 cargo test -p mainspring-postgres --test plans
//! ```
//!
//! All three pass with 10,000,000 rows (measured): no statement reads more rows than it returns or
//! changes, but for a few.
