//! The broker of one process: hints go from scheduler to scheduler without leaving it.

use mainspring_contract::broker::{Broker, BrokerCapabilities, BrokerError, Link};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

/// Hints between schedulers of one process: for those that share a store there, and for tests.
///
/// Clones are the same broker.
#[derive(Clone, Debug)]
pub struct MemoryBroker {
    channel: broadcast::Sender<Vec<u8>>,
}

impl Default for MemoryBroker {
    fn default() -> Self {
        Self { channel: broadcast::Sender::new(KEPT) }
    }
}

impl Broker for MemoryBroker {
    type Link = MemoryLink;

    async fn connect(&self, farewell: &str) -> Result<MemoryLink, BrokerError> {
        Ok(MemoryLink {
            channel: self.channel.clone(),
            heard: self.channel.subscribe(),
            farewell: Some(farewell.to_owned()),
        })
    }

    fn name(&self) -> &str {
        "memory:"
    }

    fn capabilities(&self) -> BrokerCapabilities {
        BrokerCapabilities { max_message: 16_384, last_will: true, shared: false }
    }
}

/// A connection to a [`MemoryBroker`]. One that is too slow misses what is oldest.
#[derive(Debug)]
pub struct MemoryLink {
    channel: broadcast::Sender<Vec<u8>>,
    heard: broadcast::Receiver<Vec<u8>>,
    farewell: Option<String>,
}

impl Link for MemoryLink {
    async fn send(&mut self, text: &str) -> Result<(), BrokerError> {
        tell(&self.channel, text);
        Ok(())
    }

    async fn receive(&mut self) -> Result<Vec<u8>, BrokerError> {
        loop {
            match self.heard.recv().await {
                Ok(text) => return Ok(text),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return Err(BrokerError::new("`memory:` is gone")),
            }
        }
    }

    async fn check(&mut self) -> Result<(), BrokerError> {
        Ok(())
    }

    async fn close(mut self) {
        self.farewell = None;
    }
}

impl Drop for MemoryLink {
    fn drop(&mut self) {
        if let Some(farewell) = self.farewell.take() {
            tell(&self.channel, &farewell);
        }
    }
}

fn tell(channel: &broadcast::Sender<Vec<u8>>, text: &str) {
    // Without anybody who listens there is nobody to tell.
    let _ = channel.send(text.as_bytes().to_vec());
}

/// How many texts are kept for those who are slow.
const KEPT: usize = 1_024;
