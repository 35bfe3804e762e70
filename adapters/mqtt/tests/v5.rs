//! The laws of every broker, for MQTT 5.

mod board;

use mainspring_conformance::broker::Switchboard;
use mainspring_conformance::broker_conformance;
use mainspring_mqtt::{MqttBroker, Version};

use board::Server;

/// A server that is spoken to in this version.
struct Board(Server);

impl Switchboard for Board {
    type Broker = MqttBroker;

    async fn shared() -> Self {
        Self(Server::shared().await)
    }

    async fn own() -> Self {
        Self(Server::own().await)
    }

    fn broker(&self, channel: &str) -> MqttBroker {
        self.0.broker(channel, Version::V5)
    }

    async fn kill(&mut self) {
        self.0.kill().await;
    }

    async fn start_again(&mut self) {
        self.0.start_again().await;
    }
}

broker_conformance!(Board);
