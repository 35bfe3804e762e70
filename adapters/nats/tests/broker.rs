//! The laws of every broker, for NATS.

use mainspring_conformance::broker::Switchboard;
use mainspring_conformance::broker_conformance;
use mainspring_nats::NatsBroker;
use mainspring_support::{Nats, SharedNats};

/// A server.
struct Board {
    url: String,
    own: Option<Nats>,
    _shared: Option<SharedNats>,
}

impl Switchboard for Board {
    type Broker = NatsBroker;

    async fn shared() -> Self {
        let shared = SharedNats::join().await;
        Self { url: shared.url().to_owned(), own: None, _shared: Some(shared) }
    }

    async fn own() -> Self {
        let server = Nats::start().await;
        // A server that asks for no password takes any, and so shows who tells it.
        let url = server.url().replace("://", "://app:secret@");
        Self { url, own: Some(server), _shared: None }
    }

    fn broker(&self, channel: &str) -> NatsBroker {
        NatsBroker::new(&self.url, channel).expect("the address can be read")
    }

    async fn kill(&mut self) {
        self.own.as_mut().expect("it is our own").kill().await;
    }

    async fn start_again(&mut self) {
        self.own.as_mut().expect("it is our own").start_again().await;
    }
}

broker_conformance!(Board);
