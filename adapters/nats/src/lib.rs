//! A broker over NATS: hints between nodes on a subject of core NATS. JetStream is not needed, as
//! hints may be lost.
//!
//! ```
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use mainspring_contract::broker::{Broker, Link};
//! use mainspring_nats::NatsBroker;
//!
//! # let shared = mainspring_support::SharedNats::join().await;
//! # let url = shared.url();
//! // let url = "tls://app:secret@nats.example";
//! let broker = NatsBroker::new(url, "jobs")?;
//! // let scheduler = Scheduler::builder(store).broker(broker);
//! let (mut ada, mut bob) = (broker.connect("").await?, broker.connect("").await?);
//! ada.send("hello").await?;
//! assert_eq!(bob.receive().await?, b"hello");
//! # Ok(())
//! # }
//! ```
//!
//! NATS 2.0 or later (the tests run on 2.9). The user needs the right to publish and to subscribe
//! to the subject and to `_INBOX.>`, where a node asks the server whether it is still there.
//!
//! There is no feature for encryption: the driver does not build without a provider of
//! cryptography. It is ring, the smaller of the two that it knows. `tls:` trusts the certificates
//! that the system trusts, or those in the file that the variable `SSL_CERT_FILE` names.

use core::fmt;
use core::future::poll_fn;
use core::pin::Pin;
use std::sync::Arc;

use async_nats::{Client, ConnectOptions, Event, ServerAddr, Subscriber};
use futures_core::Stream;
use mainspring_contract::broker::{Broker, BrokerCapabilities, BrokerError, Link};
use tokio::sync::watch;

/// A subject on a NATS server.
#[derive(Clone)]
pub struct NatsBroker {
    servers: Vec<ServerAddr>,
    subject: Arc<str>,
    name: Arc<str>,
}

impl NatsBroker {
    /// The subject of this name on the server at `url`: `nats://user:password@host:port`,
    /// `nats://token@host`, or `tls:` for an encrypted connection. Several addresses of one cluster
    /// are separated by commas.
    ///
    /// Characters of the name that subjects cannot have are written as `%20` and so on.
    ///
    /// # Errors
    /// If the address cannot be read.
    pub fn new(url: &str, subject: &str) -> Result<Self, BrokerError> {
        let read = |one: &str| {
            let schemed = one.starts_with("nats://") || one.starts_with("tls://");
            one.parse::<ServerAddr>().ok().filter(|server| schemed && !server.host().is_empty())
        };
        // The address is not repeated: there may be a password in it.
        let wrong = || {
            BrokerError::new(
                "the address of the NATS server cannot be read (write \
                 nats://user:password@host:port, with special characters as %40 and so on)",
            )
        };
        let servers: Vec<_> = url.split(',').map(read).collect::<Option<_>>().ok_or_else(wrong)?;
        let name: Vec<String> = servers.iter().map(shown).collect();
        Ok(Self { servers, subject: escaped(subject).into(), name: name.join(",").into() })
    }

    fn lost(&self, error: impl core::error::Error + Send + Sync + 'static) -> BrokerError {
        BrokerError::new(format!("no hints over `{}` (check that it runs)", self.name))
            .because(error)
    }

    fn broke(&self) -> BrokerError {
        BrokerError::new(format!("the connection to `{}` broke", self.name))
    }
}

impl fmt::Debug for NatsBroker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No `servers`: there may be a password in them.
        f.debug_struct("NatsBroker")
            .field("name", &self.name)
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}

impl Broker for NatsBroker {
    type Link = NatsLink;

    async fn connect(&self, _farewell: &str) -> Result<NatsLink, BrokerError> {
        let (breaks, broken) = watch::channel(false);
        let options = ConnectOptions::new()
            .name("mainspring")
            .event_callback(move |event| {
                // The driver would come back without a word, and what was said meanwhile be missed.
                if matches!(event, Event::Disconnected | Event::Closed) {
                    breaks.send_replace(true);
                }
                async {}
            })
            .max_reconnects(1);
        let client = options.connect(&*self.servers).await.map_err(|error| self.lost(error))?;
        let subject = self.subject.to_string();
        let heard = client.subscribe(subject).await.map_err(|error| self.lost(error))?;
        let inbox: Arc<str> = client.new_inbox().into();
        let echoes = client.subscribe(inbox.to_string()).await.map_err(|error| self.lost(error))?;
        let mut link = NatsLink { broker: self.clone(), client, heard, inbox, echoes, broken };
        // What the server answers to what comes after it, it has seen.
        link.check().await?;
        Ok(link)
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn capabilities(&self) -> BrokerCapabilities {
        // Servers take a megabyte unless they are told otherwise; nobody says that much.
        BrokerCapabilities { max_message: 65_536, last_will: false, shared: true }
    }
}

/// A connection to a NATS server.
pub struct NatsLink {
    broker: NatsBroker,
    client: Client,
    heard: Subscriber,
    /// Where this connection hears nobody but itself.
    inbox: Arc<str>,
    echoes: Subscriber,
    broken: watch::Receiver<bool>,
}

impl fmt::Debug for NatsLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsLink").field("broker", &self.broker).finish_non_exhaustive()
    }
}

impl NatsLink {
    async fn publish(&self, subject: &str, text: &str) -> Result<(), BrokerError> {
        if *self.broken.borrow() {
            return Err(self.broker.broke());
        }
        let published = self.client.publish(subject.to_owned(), text.to_owned().into()).await;
        published.map_err(|error| self.broker.lost(error))?;
        self.client.flush().await.map_err(|error| self.broker.lost(error))
    }

    /// The next message, unless the connection breaks.
    async fn next(
        subscriber: &mut Subscriber,
        broken: &mut watch::Receiver<bool>,
    ) -> Option<Vec<u8>> {
        let next = poll_fn(|context| Pin::new(&mut *subscriber).poll_next(context));
        tokio::select! {
            biased;
            message = next => Some(message?.payload.to_vec()),
            // Its sender lives as long as the driver.
            _ = broken.wait_for(|broken| *broken) => None,
        }
    }
}

impl Link for NatsLink {
    async fn send(&mut self, text: &str) -> Result<(), BrokerError> {
        self.publish(&self.broker.subject, text).await
    }

    async fn receive(&mut self) -> Result<Vec<u8>, BrokerError> {
        let next = Self::next(&mut self.heard, &mut self.broken).await;
        next.ok_or_else(|| self.broker.broke())
    }

    async fn check(&mut self) -> Result<(), BrokerError> {
        self.publish(&self.inbox, "").await?;
        let next = Self::next(&mut self.echoes, &mut self.broken).await;
        next.map(|_| ()).ok_or_else(|| self.broker.broke())
    }

    async fn close(mut self) {
        // A whole connection answers after it has taken what was sent before.
        let _ = self.check().await;
    }
}

/// An address without its password, or token.
fn shown(server: &ServerAddr) -> String {
    let scheme = if server.tls_required() { "tls" } else { "nats" };
    // What stands alone is a token.
    let user = server.password().and_then(|_| server.username()).map(|user| format!("{user}@"));
    format!("{scheme}://{}{}:{}", user.unwrap_or_default(), server.host(), server.port())
}

/// A subject without blanks, wildcards and empty parts, in which nothing has a special meaning but
/// a dot between two parts.
fn escaped(name: &str) -> String {
    let mut subject = String::with_capacity(name.len());
    let bytes = name.as_bytes();
    for (at, &byte) in bytes.iter().enumerate() {
        let separates = byte == b'.'
            && at.checked_sub(1).is_some_and(|before| bytes[before] != b'.')
            && bytes.get(at + 1).is_some_and(|after| *after != b'.');
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') || separates {
            subject.push(char::from(byte));
        } else {
            subject.push_str(&format!("%{byte:02X}"));
        }
    }
    subject
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_address_is_refused_without_its_password() {
        for url in ["", "localhost", "http://nats", "nats://app:secret@", "nats://a,redis://b"] {
            let error = NatsBroker::new(url, "a").expect_err(url).to_string();
            assert!(error.contains("nats://user:password@host:port"), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_broker_is_shown_without_its_password() {
        for (url, name) in [
            ("nats://app:secret@here:1", "nats://app@here:1"),
            ("tls://secret@here,nats://there", "tls://here:4222,nats://there:4222"),
        ] {
            let broker = NatsBroker::new(url, "a").expect("an address");
            assert_eq!(broker.name(), name);
            assert!(!format!("{broker:?}").contains("secret"));
        }
    }

    #[test]
    fn a_name_becomes_a_subject_of_its_own() {
        for (name, subject) in [
            ("jobs", "jobs"),
            ("eu.jobs", "eu.jobs"),
            (".a..b.", "%2Ea%2E%2Eb%2E"),
            ("a b.*.>", "a%20b.%2A.%3E"),
            ("$SYS", "%24SYS"),
            ("100%", "100%25"),
        ] {
            assert_eq!(escaped(name), subject);
        }
    }
}
