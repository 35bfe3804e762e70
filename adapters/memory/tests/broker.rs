//! The laws of every broker, for the one in memory; its server is a switch.

use std::sync::Arc;

use mainspring_conformance::broker::Switchboard;
use mainspring_conformance::broker_conformance;
use mainspring_contract::broker::{Broker, BrokerCapabilities, BrokerError, Link};
use mainspring_memory::{MemoryBroker, MemoryLink};
use std::collections::HashMap;
use std::sync::Mutex;
use tokio::sync::watch;

/// Brokers by channel, and whether they are switched on.
struct Switch {
    channels: Mutex<HashMap<String, MemoryBroker>>,
    is_on: Arc<watch::Sender<bool>>,
}

/// A broker that can be switched off.
struct Switched {
    broker: MemoryBroker,
    is_on: Arc<watch::Sender<bool>>,
}

struct SwitchedLink {
    link: MemoryLink,
    is_on: watch::Receiver<bool>,
}

impl Switchboard for Switch {
    type Broker = Switched;

    async fn shared() -> Self {
        Self::own().await
    }

    async fn own() -> Self {
        Self { channels: Mutex::default(), is_on: Arc::new(watch::Sender::new(true)) }
    }

    fn broker(&self, channel: &str) -> Switched {
        let mut channels = self.channels.lock().expect("no panic under this lock");
        let broker = channels.entry(channel.to_owned()).or_default().clone();
        Switched { broker, is_on: Arc::clone(&self.is_on) }
    }

    async fn kill(&mut self) {
        self.is_on.send_replace(false);
    }

    async fn start_again(&mut self) {
        self.is_on.send_replace(true);
    }
}

impl Broker for Switched {
    type Link = SwitchedLink;

    async fn connect(&self, farewell: &str) -> Result<SwitchedLink, BrokerError> {
        if !*self.is_on.borrow() {
            return Err(BrokerError::new(format!("`{}` is switched off", self.name())));
        }
        let link = self.broker.connect(farewell).await?;
        Ok(SwitchedLink { link, is_on: self.is_on.subscribe() })
    }

    fn name(&self) -> &str {
        self.broker.name()
    }

    fn capabilities(&self) -> BrokerCapabilities {
        self.broker.capabilities()
    }
}

impl Link for SwitchedLink {
    async fn send(&mut self, text: &str) -> Result<(), BrokerError> {
        self.link.send(text).await
    }

    async fn receive(&mut self) -> Result<Vec<u8>, BrokerError> {
        // A server that was killed delivers nobody's farewell.
        tokio::select! {
            biased;
            _ = self.is_on.wait_for(|is_on| !is_on) => Err(BrokerError::new("switched off")),
            received = self.link.receive() => received,
        }
    }

    async fn check(&mut self) -> Result<(), BrokerError> {
        self.link.check().await
    }

    async fn close(self) {
        self.link.close().await;
    }
}

broker_conformance!(Switch);
