//! A broker over Redis, or what speaks its protocol: hints between nodes by publish and subscribe.
//!
//! ```
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use mainspring_contract::broker::{Broker, Link};
//! use mainspring_redis::RedisBroker;
//!
//! # let shared = mainspring_support::SharedRedis::join().await;
//! # let url = shared.url();
//! // let url = "rediss://app:secret@redis.example:6380";
//! let broker = RedisBroker::new(url, "jobs")?;
//! // let scheduler = Scheduler::builder(store).broker(broker);
//! let (mut ada, mut bob) = (broker.connect("").await?, broker.connect("").await?);
//! ada.send("hello").await?;
//! assert_eq!(bob.receive().await?, b"hello");
//! # Ok(())
//! # }
//! ```
//!
//! Redis 2.8 or later (the tests run on 7.0), a cluster included, since any of its nodes will do.
//! A node takes two connections: one that listens can do nothing else. The user, if the address
//! names one, needs no more than this (ACL, Redis 6 or later; for the channel `jobs`):
//!
//! ```text
//! ACL SETUSER app on >secret resetkeys resetchannels &jobs -@all
//!     +subscribe +unsubscribe +publish +ping
//! ```
//!
//! The feature `tls` (on unless switched off) is for addresses that begin with `rediss:`. It trusts
//! the certificates that the system trusts, or those in the file that the variable `SSL_CERT_FILE`
//! names.

use core::fmt;
use core::future::poll_fn;
use core::pin::Pin;
use core::time::Duration;
use std::sync::Arc;

use futures_core::Stream;
use mainspring_contract::broker::{Broker, BrokerCapabilities, BrokerError, Link};
use redis::aio::{MultiplexedConnection, PubSubSink, PubSubStream};
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ErrorKind, IntoConnectionInfo, RedisError,
};

/// A channel on a Redis server.
#[derive(Clone)]
pub struct RedisBroker {
    client: Client,
    channel: Arc<str>,
    name: Arc<str>,
}

impl RedisBroker {
    /// The channel of this name on the server at `url`:
    /// `redis://user:password@host:port/database`, or `rediss:` for an encrypted connection, or
    /// `redis+unix:///path`. Channels are the same in all databases of a server.
    ///
    /// # Errors
    /// If the address cannot be read.
    pub fn new(url: &str, channel: &str) -> Result<Self, BrokerError> {
        // The address is not repeated: there may be a password in it.
        let wrong = |error: RedisError| {
            BrokerError::new(
                "the address of the Redis server cannot be read (write \
                 redis://user:password@host:port, with special characters as %40 and so on)",
            )
            .because(error)
        };
        let info = url.into_connection_info().map_err(wrong)?;
        if !info.addr().is_supported() {
            return Err(BrokerError::new(
                "an encrypted connection to Redis needs the feature `tls` of mainspring-redis",
            ));
        }
        let scheme = if matches!(info.addr(), ConnectionAddr::TcpTls { .. }) {
            use_a_provider();
            "rediss"
        } else {
            "redis"
        };
        let user = info.redis_settings().username().map(|user| format!("{user}@"));
        let name = format!("{scheme}://{}{}", user.unwrap_or_default(), info.addr());
        // It would be one more command that a user has to be allowed.
        let settings = info.redis_settings().clone().set_skip_set_lib_name();
        let client = Client::open(info.set_redis_settings(settings)).map_err(wrong)?;
        Ok(Self { client, channel: channel.into(), name: name.into() })
    }

    fn lost(&self, error: RedisError) -> BrokerError {
        let way_out = match (error.kind(), error.code()) {
            (ErrorKind::AuthenticationFailed, _) | (_, Some("NOAUTH")) => "check user and password",
            (_, Some("NOPERM")) => "see the rights in mainspring-redis",
            _ => "check that it runs",
        };
        BrokerError::new(format!("no hints over `{}` ({way_out})", self.name)).because(error)
    }

    fn broke(&self) -> BrokerError {
        BrokerError::new(format!("the connection to `{}` broke", self.name))
    }
}

impl fmt::Debug for RedisBroker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No `client`: there may be a password in it.
        f.debug_struct("RedisBroker")
            .field("name", &self.name)
            .field("channel", &self.channel)
            .finish_non_exhaustive()
    }
}

impl Broker for RedisBroker {
    type Link = RedisLink;

    async fn connect(&self, _farewell: &str) -> Result<RedisLink, BrokerError> {
        let lost = |error| self.lost(error);
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        let sending = self.client.get_multiplexed_async_connection_with_config(&config);
        let sending = sending.await.map_err(lost)?;
        let (mut asking, listening) = self.client.get_async_pubsub().await.map_err(lost)?.split();
        asking.subscribe(&*self.channel).await.map_err(lost)?;
        Ok(RedisLink { broker: self.clone(), sending, asking, listening })
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn capabilities(&self) -> BrokerCapabilities {
        // It would take 512 MB; nobody says that much.
        BrokerCapabilities { max_message: 65_536, last_will: false, shared: true }
    }
}

/// A pair of connections to a Redis server.
pub struct RedisLink {
    broker: RedisBroker,
    sending: MultiplexedConnection,
    /// The connection that listens, as far as it can be asked something.
    asking: PubSubSink,
    listening: PubSubStream,
}

impl fmt::Debug for RedisLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisLink").field("broker", &self.broker).finish_non_exhaustive()
    }
}

impl Link for RedisLink {
    async fn send(&mut self, text: &str) -> Result<(), BrokerError> {
        let mut publish = redis::cmd("PUBLISH");
        publish.arg(&*self.broker.channel).arg(text);
        let sent = publish.exec_async(&mut self.sending).await;
        sent.map_err(|error| self.broker.lost(error))
    }

    async fn receive(&mut self) -> Result<Vec<u8>, BrokerError> {
        let next = poll_fn(|context| Pin::new(&mut self.listening).poll_next(context)).await;
        next.map(|said| said.get_payload_bytes().to_vec()).ok_or_else(|| self.broker.broke())
    }

    async fn check(&mut self) -> Result<(), BrokerError> {
        let heard = self.asking.ping::<redis::Value>().await;
        heard.map_err(|error| self.broker.lost(error))?;
        let spoke = redis::cmd("PING").exec_async(&mut self.sending).await;
        spoke.map_err(|error| self.broker.lost(error))
    }

    async fn close(self) {
        // What was sent was answered, so it has arrived.
    }
}

/// The driver asks for the process's provider of cryptography; one that the program has chosen
/// stays.
fn use_a_provider() {
    #[cfg(feature = "tls")]
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Somebody else may have been faster.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}

/// The caller's own patience ends first.
const PATIENCE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_address_is_refused_without_its_password() {
        for url in ["", "localhost", "http://redis", "redis://app:secret@:x"] {
            let error = RedisBroker::new(url, "a").expect_err(url).to_string();
            assert!(error.contains("redis://user:password@host:port"), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_broker_is_shown_without_its_password() {
        for (url, name) in [
            ("redis://app:secret@cache:1234/3", "redis://app@cache:1234"),
            ("redis://:secret@cache", "redis://cache:6379"),
        ] {
            let broker = RedisBroker::new(url, "a").expect("an address");
            assert_eq!(broker.name(), name);
            assert!(!format!("{broker:?}").contains("secret"));
        }
    }
}
