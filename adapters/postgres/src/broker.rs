//! The broker: LISTEN and NOTIFY on one connection of its own.
//!
//! Notifications are not part of anybody's transaction. A transaction that notifies takes a lock on
//! the whole server's queue when it commits, so if each enqueue did, all of them would stand in
//! line. Here one connection says what many enqueues have done, and its commits do not wait for the
//! disk: a hint that a power cut takes away is not missed by anybody.

use core::fmt;
use std::sync::Arc;

use mainspring_contract::StoreError;
use mainspring_contract::broker::{Broker, BrokerCapabilities, BrokerError, Link};
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgPool};

use crate::options::Options;
use crate::statements::Names;

/// Hints over the database that holds the store: no other server is needed.
///
/// All nodes on one store hear each other; those on another schema or prefix of the same database
/// do not. It takes one connection to the server besides those of the store, which must not go
/// through a pool that gives it to others between two statements.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use mainspring_postgres::PostgresStore;
/// let store = PostgresStore::open("postgres://app@db.example/app").await?;
/// let broker = store.broker();
/// // let scheduler = Scheduler::builder(store).broker(broker);
/// # drop(broker);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct PostgresBroker {
    options: PgConnectOptions,
    name: Arc<str>,
    channel: Arc<str>,
}

impl PostgresBroker {
    /// For all who name this channel in the database at `url`, whose store may be somewhere else.
    /// Any name will do.
    ///
    /// # Errors
    /// If the address cannot be read.
    pub fn on_channel(url: &str, channel: &str) -> Result<Self, StoreError> {
        let (options, name) = Options::new(url).connect()?;
        Ok(Self { options, name: name.into(), channel: self::channel(channel) })
    }

    /// For those who use the tables of these names.
    pub(crate) fn new(options: PgConnectOptions, name: &str, names: &Names) -> Self {
        let Names { schema, prefix } = names;
        Self { options, name: name.into(), channel: channel(&format!("{prefix}hints.{schema}")) }
    }
}

impl fmt::Debug for PostgresBroker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No `options`: there may be a password in them.
        f.debug_struct("PostgresBroker")
            .field("name", &self.name)
            .field("channel", &self.channel)
            .finish_non_exhaustive()
    }
}

impl Broker for PostgresBroker {
    type Link = PostgresLink;

    async fn connect(&self, _farewell: &str) -> Result<PostgresLink, BrokerError> {
        let lost = |error| self.lost(error);
        // A pool would ask a server that is not there again and again before it said so.
        let there = self.options.connect().await.map_err(lost)?;
        drop(there.close().await);
        // The driver's listener wants a pool; this one has nothing but its connection.
        let pool = PgPoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
        let pool = pool.connect_with(self.options.clone()).await.map_err(lost)?;
        let mut listener = PgListener::connect_with(&pool).await.map_err(lost)?;
        // It would come back without a word, and what was said meanwhile be missed.
        listener.eager_reconnect(false);
        let setup = sqlx::raw_sql("SET synchronous_commit = off");
        setup.execute(&mut listener).await.map_err(lost)?;
        listener.listen(&self.channel).await.map_err(lost)?;
        Ok(PostgresLink { broker: self.clone(), listener, pool })
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn capabilities(&self) -> BrokerCapabilities {
        // NOTIFY takes less than 8,000 bytes.
        BrokerCapabilities { max_message: 7_999, last_will: false, shared: true }
    }
}

impl PostgresBroker {
    fn lost(&self, error: sqlx::Error) -> BrokerError {
        BrokerError::new(format!("no hints over `{}` (check that it runs)", self.name))
            .because(error)
    }
}

/// A connection that listens.
#[derive(Debug)]
pub struct PostgresLink {
    broker: PostgresBroker,
    listener: PgListener,
    pool: PgPool,
}

impl Link for PostgresLink {
    async fn send(&mut self, text: &str) -> Result<(), BrokerError> {
        let channel = &*self.broker.channel;
        let notify = sqlx::query("SELECT pg_notify($1, $2)").bind(channel).bind(text);
        let sent = notify.execute(&mut self.listener).await;
        sent.map(|_| ()).map_err(|error| self.broker.lost(error))
    }

    async fn receive(&mut self) -> Result<Vec<u8>, BrokerError> {
        match self.listener.try_recv().await {
            Ok(Some(said)) => Ok(said.payload().as_bytes().to_vec()),
            Ok(None) => {
                let message = format!("the connection to `{}` broke", self.broker.name);
                Err(BrokerError::new(message))
            }
            Err(error) => Err(self.broker.lost(error)),
        }
    }

    async fn check(&mut self) -> Result<(), BrokerError> {
        let checked = sqlx::raw_sql("SELECT 1").execute(&mut self.listener).await;
        checked.map(|_| ()).map_err(|error| self.broker.lost(error))
    }

    async fn close(self) {
        let Self { listener, pool, .. } = self;
        drop(listener);
        pool.close().await;
    }
}

/// The channel of this name: names of more than 63 bytes would be cut, and then be the same.
fn channel(name: &str) -> Arc<str> {
    if name.len() <= NAME_MAX {
        return name.into();
    }
    // FNV-1a.
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let mut end = NAME_MAX - 17;
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}~{hash:016x}", &name[..end]).into()
}

/// The longest name in a server that was built as usual (`NAMEDATALEN`), in bytes.
const NAME_MAX: usize = 63;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_told_apart_within_what_the_server_takes() {
        assert_eq!(&*channel("mainspring_hints.public"), "mainspring_hints.public");
        let long = "ß".repeat(60);
        let (one, other) = (channel(&format!("{long}1")), channel(&format!("{long}2")));
        assert!(one.len() <= NAME_MAX && one != other, "{one} {other}");
    }
}
