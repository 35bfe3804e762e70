//! Real servers for tests: private ones, on free ports of the loopback device, with their data in a
//! folder for temporary files.
//!
//! ```no_run
//! # async fn example() {
//! use mainspring_support::{Postgres, SharedPostgres};
//!
//! // A server of one's own, to be mistreated.
//! let mut server = Postgres::start().await;
//! let database = server.database().await;
//! assert!(database.url().starts_with("postgres://"));
//! server.kill().await;
//! server.start_again().await;
//!
//! // A server that all tests of a run share, each with databases of its own.
//! let shared = SharedPostgres::join().await;
//! let database = shared.database().await;
//! # }
//! ```
//!
//! Nothing depends on servers that happen to run on the machine, and no server outlives its tests,
//! however they end. What is missing names its Debian package; `cargo verify` installs it.

mod certificate;
mod clock;
mod database;
mod folder;
mod mariadb;
mod mongodb;
mod mosquitto;
mod nats;
mod port;
mod postgres;
mod process;
mod program;
mod redis;
mod server;
mod settings;
mod shared;

pub use certificate::Certificate;
pub use database::{Database, Databases, Failure};
pub use mariadb::{MariaDb, MariaDbService, SharedMariaDb};
pub use mongodb::{MongoDb, MongoDbService, SharedMongoDb};
pub use mosquitto::{Mosquitto, MosquittoService, SharedMosquitto};
pub use nats::{Nats, NatsService, SharedNats};
pub use postgres::{Postgres, PostgresService, SharedPostgres};
pub use redis::{Redis, RedisService, SharedRedis};
pub use server::{Server, Service, Step};
pub use settings::Settings;
pub use shared::Shared;
