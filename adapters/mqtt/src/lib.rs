//! A broker over MQTT 5 or 3.1.1: hints between nodes on a topic.
//!
//! ```
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use mainspring_contract::broker::{Broker, Link};
//! use mainspring_mqtt::{MqttBroker, Version};
//!
//! # let shared = mainspring_support::SharedMosquitto::join().await;
//! # let url = shared.url();
//! // let url = "mqtts://app:secret@mqtt.example";
//! let broker = MqttBroker::new(url, "plant/jobs", Version::V5)?;
//! // let scheduler = Scheduler::builder(store).broker(broker);
//! let (mut ada, mut bob) = (broker.connect("").await?, broker.connect("").await?);
//! ada.send("hello").await?;
//! assert_eq!(bob.receive().await?, b"hello");
//! # Ok(())
//! # }
//! ```
//!
//! # Quality of service 0
//!
//! Hints are sent "at most once". On a connection that is whole nothing is lost by that, since TCP
//! repeats what got lost. What a higher quality adds is that a server keeps messages for those who
//! are away, in a session with a name of its own; whoever comes back looks at the store anyway, so
//! old hints would only be work. Nothing is retained either.
//!
//! # Last will
//!
//! If a node is lost without a word, the server tells the others that it is gone. That is no more
//! than a hint: what the node holds is its own until its leases end.
//!
//! The feature `tls` (on unless switched off) is for addresses that begin with `mqtts:`. It trusts
//! the certificates that the system trusts, or those in the file that the variable `SSL_CERT_FILE`
//! names.

mod address;
mod driver;

use core::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use mainspring_contract::broker::{Broker, BrokerCapabilities, BrokerError, Link};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

use crate::address::Address;
use crate::driver::{Client, Failure, Settings};

/// Which MQTT a server speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    /// MQTT 5.
    #[default]
    V5,
    /// MQTT 3.1.1, for servers that know no other.
    V311,
}

/// A topic on an MQTT server.
#[derive(Clone)]
pub struct MqttBroker {
    address: Address,
    version: Version,
    topic: Arc<str>,
    name: Arc<str>,
}

impl MqttBroker {
    /// The topic of this name on the server at `url`: `mqtt://user:password@host:port`, or `mqtts:`
    /// for an encrypted connection.
    ///
    /// Characters of the name that topics cannot have are written as `%2B` and so on.
    ///
    /// # Errors
    /// If the address cannot be read.
    pub fn new(url: &str, topic: &str, version: Version) -> Result<Self, BrokerError> {
        let address = Address::read(url)?;
        let name = address.to_string().into();
        Ok(Self { address, version, topic: escaped(topic).into(), name })
    }

    fn lost(&self, error: Failure) -> BrokerError {
        BrokerError::new(format!("no hints over `{}` (check that it runs)", self.name))
            .because(error)
    }
}

impl fmt::Debug for MqttBroker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No `address`: there may be a password in it.
        f.debug_struct("MqttBroker")
            .field("name", &self.name)
            .field("topic", &self.topic)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl Broker for MqttBroker {
    type Link = MqttLink;

    async fn connect(&self, farewell: &str) -> Result<MqttLink, BrokerError> {
        // Each `RandomState` has keys that the system drew.
        let id = format!("mainspring{:013x}", RandomState::new().hash_one(0) >> 12);
        let settings = Settings { id, address: &self.address, topic: &self.topic, farewell };
        let (said, heard) = mpsc::channel(WAITING_MAX);
        let subscribed_again = Arc::new(Notify::new());
        let again = Arc::clone(&subscribed_again);
        let (client, work) = match self.version {
            Version::V5 => driver::v5::connect(&settings, said, again).await,
            Version::V311 => driver::v311::connect(&settings, said, again).await,
        }
        .map_err(|error| self.lost(error))?;
        Ok(MqttLink { broker: self.clone(), client, heard, subscribed_again, work: Work(work) })
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn capabilities(&self) -> BrokerCapabilities {
        BrokerCapabilities { max_message: MAX_MESSAGE, last_will: true, shared: true }
    }
}

/// A connection to an MQTT server.
pub struct MqttLink {
    broker: MqttBroker,
    client: Client,
    heard: mpsc::Receiver<Vec<u8>>,
    subscribed_again: Arc<Notify>,
    work: Work,
}

/// What keeps the connection; it ends with this, without a word to the server.
struct Work(JoinHandle<()>);

impl Drop for Work {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl fmt::Debug for MqttLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MqttLink").field("broker", &self.broker).finish_non_exhaustive()
    }
}

impl MqttLink {
    fn broke(&self) -> BrokerError {
        BrokerError::new(format!("the connection to `{}` broke", self.broker.name))
    }
}

impl Link for MqttLink {
    async fn send(&mut self, text: &str) -> Result<(), BrokerError> {
        let sent = self.client.publish(&self.broker.topic, text).await;
        sent.map_err(|()| self.broke())
    }

    async fn receive(&mut self) -> Result<Vec<u8>, BrokerError> {
        let next = self.heard.recv().await;
        next.ok_or_else(|| self.broke())
    }

    async fn check(&mut self) -> Result<(), BrokerError> {
        // The protocol has a question of its own, which the driver asks and gives up on.
        if self.work.0.is_finished() { Err(self.broke()) } else { Ok(()) }
    }

    async fn close(mut self) {
        // Texts that come in meanwhile are not waited for, so that there is room for them.
        self.heard.close();
        // Who ends a connection while something lies there unread resets it, and the server forgets
        // what it has not looked at yet. So it is to have looked at everything before.
        if self.client.subscribe(&self.broker.topic).await.is_err() {
            return;
        }
        tokio::select! {
            () = self.subscribed_again.notified() => {}
            _ = &mut self.work.0 => return,
        }
        if self.client.disconnect().await.is_ok() {
            let _ = (&mut self.work.0).await;
        }
    }
}

/// A topic without wildcards, which is none of the server's own.
fn escaped(name: &str) -> String {
    let mut topic = String::with_capacity(name.len());
    for (at, c) in name.char_indices() {
        let is_special = matches!(c, '+' | '#' | '%') || c.is_control() || at == 0 && c == '$';
        if is_special {
            let mut buffer = [0; 4];
            for byte in c.encode_utf8(&mut buffer).bytes() {
                topic.push_str(&format!("%{byte:02X}"));
            }
        } else {
            topic.push(c);
        }
    }
    topic
}

/// Servers take more unless they are told otherwise; nobody says that much.
const MAX_MESSAGE: usize = 65_536;
/// How many texts are kept for a reader who is slow; those that come then are lost.
const WAITING_MAX: usize = 1_024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_address_is_refused_without_its_password() {
        for url in ["", "localhost", "http://mqtt", "mqtt://app:secret@", "mqtt://a:secret@b:x"] {
            let error = MqttBroker::new(url, "a", Version::V5).expect_err(url).to_string();
            assert!(error.contains("mqtt://user:password@host:port"), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_broker_is_shown_without_its_password() {
        let broker = MqttBroker::new("mqtt://app:secret@here", "a", Version::V5);
        let broker = broker.expect("an address");
        assert_eq!(broker.name(), "mqtt://app@here:1883");
        assert!(!format!("{broker:?}").contains("secret"));
    }

    #[test]
    fn a_name_becomes_a_topic_of_its_own() {
        for (name, topic) in [
            ("plant/jobs", "plant/jobs"),
            ("a/+/#", "a/%2B/%23"),
            ("$SYS/$x", "%24SYS/$x"),
            ("100% früh", "100%25 früh"),
        ] {
            assert_eq!(escaped(name), topic);
        }
    }
}
