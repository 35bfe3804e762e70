//! The driver: one library for each version of MQTT, which differ little.

use core::error::Error;
use core::fmt;

use crate::address::Address;

/// What a connection is made of.
#[derive(Debug)]
pub(crate) struct Settings<'a> {
    /// A name that no other connection to the server has.
    pub(crate) id: String,
    pub(crate) address: &'a Address,
    pub(crate) topic: &'a str,
    pub(crate) farewell: &'a str,
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // As it is shown: without its password.
        fmt::Display::fmt(self, f)
    }
}

/// Why there is no connection; each library has errors of its own.
pub(crate) type Failure = Box<dyn Error + Send + Sync>;

/// What sends on a connection.
#[derive(Debug)]
pub(crate) enum Client {
    V5(rumqttc_v5::AsyncClient),
    V311(rumqttc_v4::AsyncClient),
}

impl Client {
    /// Fails if the connection has ended.
    pub(crate) async fn publish(&self, topic: &str, text: &str) -> Result<(), ()> {
        let text = text.to_owned();
        match self {
            Self::V5(client) => {
                let options = rumqttc_v5::PublishOptions::new(rumqttc_v5::QoS::AtMostOnce);
                client.publish(topic, text, options).await.map_err(|_| ())
            }
            Self::V311(client) => {
                let options = rumqttc_v4::PublishOptions::new(rumqttc_v4::QoS::AtMostOnce);
                client.publish(topic, text, options).await.map_err(|_| ())
            }
        }
    }

    /// Subscribes once more. The server takes what comes over one connection in its order, so what
    /// was published before has arrived when it answers. Fails if the connection has ended.
    pub(crate) async fn subscribe(&self, topic: &str) -> Result<(), ()> {
        match self {
            Self::V5(client) => {
                client.subscribe(topic, rumqttc_v5::QoS::AtMostOnce).await.map_err(|_| ())
            }
            Self::V311(client) => {
                client.subscribe(topic, rumqttc_v4::QoS::AtMostOnce).await.map_err(|_| ())
            }
        }
    }

    /// Ends the connection in good order. Fails if it has ended.
    pub(crate) async fn disconnect(&self) -> Result<(), ()> {
        match self {
            Self::V5(client) => client.disconnect().await.map_err(|_| ()),
            Self::V311(client) => client.disconnect().await.map_err(|_| ()),
        }
    }
}

/// A module that speaks one version.
macro_rules! version {
    ($(#[$doc:meta])* $module:ident, $client:ident, $library:ident,
     $will:expr, $limit:expr) => {
        $(#[$doc])*
        pub(crate) mod $module {
            use $library::{
                AsyncClient, Event, EventLoop, Incoming, LastWill, MqttOptions,
                QoS,
            };
            use std::sync::Arc;
            use tokio::sync::Notify;
            use tokio::sync::mpsc::Sender;
            use tokio::task::JoinHandle;

            use super::{Client, Failure, KEEP_ALIVE, QUEUE, Settings};

            /// Connects, subscribes, and goes on in the background until the connection ends.
            pub(crate) async fn connect(
                settings: &Settings<'_>,
                said: Sender<Vec<u8>>,
                subscribed_again: Arc<Notify>,
            ) -> Result<(Client, JoinHandle<()>), Failure> {
                let options = options(settings)?;
                let (client, mut events) = AsyncClient::builder(options).capacity(QUEUE).build();
                let subscribed = client.subscribe(settings.topic, QoS::AtMostOnce).await;
                subscribed?;
                loop {
                    match events.poll().await? {
                        Event::Incoming(Incoming::SubAck(_)) => break,
                        Event::Incoming(Incoming::Publish(message)) => {
                            // It may overtake the answer.
                            let _ = said.try_send(message.payload.to_vec());
                        }
                        _ => {}
                    }
                }
                Ok((Client::$client(client), tokio::spawn(work(events, said, subscribed_again))))
            }

            fn options(settings: &Settings<'_>) -> Result<MqttOptions, Failure> {
                let Settings { id, address, topic, farewell } = settings;
                let server = (address.host.clone(), address.port);
                let mut options = MqttOptions::new(id.clone(), server);
                options.set_keep_alive(KEEP_ALIVE);
                let make: fn(&str, &str) -> LastWill = $will;
                options.set_last_will(make(topic, farewell));
                let limit: fn(&mut MqttOptions) = $limit;
                limit(&mut options);
                if let Some((user, password)) = &address.credentials {
                    options.set_credentials(user.clone(), password.clone());
                }
                #[cfg(feature = "tls")]
                if address.is_encrypted {
                    let transport = $library::Transport::try_tls_with_default_config()?;
                    options.set_transport(transport);
                }
                Ok(options)
            }

            async fn work(
                mut events: EventLoop,
                said: Sender<Vec<u8>>,
                subscribed_again: Arc<Notify>,
            ) {
                // After an error it would connect again without a word, and what was said
                // meanwhile be missed.
                while let Ok(event) = events.poll().await {
                    match event {
                        Event::Incoming(Incoming::Publish(message)) => {
                            // A reader that is too slow misses it, rather than holding up the rest.
                            let _ = said.try_send(message.payload.to_vec());
                        }
                        Event::Incoming(Incoming::SubAck(_)) => subscribed_again.notify_one(),
                        _ => {}
                    }
                }
            }
        }
    };
}

version! {
    /// MQTT 5.
    v5, V5, rumqttc_v5,
    |topic, farewell| LastWill::new(topic, farewell, QoS::AtMostOnce, false, None),
    |options| {
        // The server keeps larger ones back.
        options.set_max_packet_size(Some(super::PACKET_MAX));
    }
}
version! {
    /// MQTT 3.1.1.
    v311, V311, rumqttc_v4,
    |topic, farewell| LastWill::new(topic, farewell, QoS::AtMostOnce, false),
    |options| {
        options.set_clean_session(true);
        options.set_max_packet_size(super::PACKET_MAX as usize, super::PACKET_MAX as usize);
    }
}

/// How many requests wait for the driver.
const QUEUE: usize = 16;
/// After so many seconds of silence the server is asked whether it is there.
const KEEP_ALIVE: u16 = 10;
/// A packet that is larger is none of ours.
const PACKET_MAX: u32 = 131_072;
