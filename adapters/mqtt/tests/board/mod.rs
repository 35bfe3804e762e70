//! An MQTT server for the laws of brokers.

use mainspring_mqtt::{MqttBroker, Version};
use mainspring_support::{Mosquitto, SharedMosquitto};

/// A server.
pub(crate) struct Server {
    url: String,
    own: Option<Mosquitto>,
    _shared: Option<SharedMosquitto>,
}

impl Server {
    pub(crate) async fn shared() -> Self {
        let shared = SharedMosquitto::join().await;
        Self { url: shared.url().to_owned(), own: None, _shared: Some(shared) }
    }

    pub(crate) async fn own() -> Self {
        let server = Mosquitto::start().await;
        // A server that asks for no password takes any, and so shows who tells it.
        let url = server.url().replace("://", "://app:secret@");
        Self { url, own: Some(server), _shared: None }
    }

    pub(crate) fn broker(&self, channel: &str, version: Version) -> MqttBroker {
        MqttBroker::new(&self.url, channel, version).expect("the address can be read")
    }

    pub(crate) async fn kill(&mut self) {
        self.own.as_mut().expect("it is our own").kill().await;
    }

    pub(crate) async fn start_again(&mut self) {
        self.own.as_mut().expect("it is our own").start_again().await;
    }
}
