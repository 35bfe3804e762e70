//! Which broker is meant: what tells nodes on one store about each other.

use core::fmt;

use mainspring::Builder;
use mainspring_contract::broker::{Broker, BrokerError};
use mainspring_mqtt::{MqttBroker, Version};
use mainspring_nats::NatsBroker;
use mainspring_postgres::PostgresBroker;
use mainspring_redis::RedisBroker;

/// A broker that somebody has named, or that there shall be none.
#[derive(Clone, Debug)]
pub(crate) enum BrokerPlace {
    /// Nodes find out by looking at the store.
    None,
    /// `LISTEN` and `NOTIFY` in a database.
    Postgres(PostgresBroker),
    /// Publish and subscribe.
    Redis(RedisBroker),
    /// A topic.
    Mqtt(MqttBroker),
    /// A subject.
    Nats(NatsBroker),
}

impl BrokerPlace {
    /// Reads a URL. What follows `#` names the channel, for several clusters on one server.
    ///
    /// # Errors
    /// What is wrong and what to write instead, without repeating a password.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let told = |error: BrokerError| error.to_string();
        let (url, channel) = text.split_once('#').unwrap_or((text, CHANNEL));
        if channel.is_empty() {
            return Err("nothing follows the `#` (name a channel, or leave it out)".to_owned());
        }
        match url.split_once(':').map_or(url, |(scheme, _)| scheme) {
            "none" => Ok(Self::None),
            "postgres" | "postgresql" if url.contains("://") => {
                let broker = PostgresBroker::on_channel(url, channel);
                broker.map(Self::Postgres).map_err(|error| error.to_string())
            }
            "redis" | "rediss" | "redis+unix" => {
                RedisBroker::new(url, channel).map(Self::Redis).map_err(told)
            }
            "mqtt" | "mqtts" => {
                let (url, version) = match url.split_once('?') {
                    None => (url, Version::V5),
                    Some((url, "version=5")) => (url, Version::V5),
                    Some((url, "version=3.1.1")) => (url, Version::V311),
                    Some(_) => {
                        let message = "what follows `?` is no version of MQTT (write \
                                       `version=5` or `version=3.1.1`)";
                        return Err(message.to_owned());
                    }
                };
                MqttBroker::new(url, channel, version).map(Self::Mqtt).map_err(told)
            }
            "nats" | "tls" => NatsBroker::new(url, channel).map(Self::Nats).map_err(told),
            _ => Err("it names no broker (write \"redis://HOST\", \"mqtt://HOST\", \
                      \"nats://HOST\", \"postgres://USER@HOST/DATABASE\" or \"none\")"
                .to_owned()),
        }
    }

    /// Gives it to a scheduler.
    pub(crate) fn give_to(&self, builder: Builder) -> Builder {
        match self.clone() {
            Self::None => builder,
            Self::Postgres(broker) => builder.broker(broker),
            Self::Redis(broker) => builder.broker(broker),
            Self::Mqtt(broker) => builder.broker(broker),
            Self::Nats(broker) => builder.broker(broker),
        }
    }
}

/// The address without its password.
impl fmt::Display for BrokerPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Postgres(broker) => broker.name(),
            Self::Redis(broker) => broker.name(),
            Self::Mqtt(broker) => broker.name(),
            Self::Nats(broker) => broker.name(),
        })
    }
}

/// The channel that all use who name none.
const CHANNEL: &str = "mainspring";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_every_broker_are_read_and_shown_without_secrets() {
        for (text, shown) in [
            ("none", "none"),
            ("postgres://ada:s3cret@db/jobs?sslmode=disable", "postgres://db:5432/jobs"),
            ("redis://:s3cret@cache", "redis://cache:6379"),
            ("rediss://app:s3cret@cache:1#jobs", "rediss://app@cache:1"),
            ("mqtt://app:s3cret@here?version=3.1.1#a/b", "mqtt://app@here:1883"),
            ("mqtts://here?version=5", "mqtts://here:8883"),
            ("nats://s3cret@here#jobs", "nats://here:4222"),
            ("tls://app:s3cret@here", "tls://app@here:4222"),
        ] {
            let place = BrokerPlace::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(place.to_string(), shown);
            assert!(!format!("{place:?}").contains("s3cret"), "{place:?}");
        }
    }

    #[test]
    fn what_is_none_is_refused_with_a_way_out() {
        for (text, way_out) in [
            ("", "write \"redis://HOST\""),
            ("kafka://ada:s3cret@here", "write \"redis://HOST\""),
            ("postgres:", "write \"redis://HOST\""),
            ("redis://app:s3cret@:x", "redis://user:password@host:port"),
            ("mqtt://app:s3cret@here?version=4", "write `version=5`"),
            ("nats://app:s3cret@", "nats://user:password@host:port"),
            ("redis://here#", "name a channel"),
        ] {
            let error = BrokerPlace::parse(text).expect_err(text);
            assert!(error.contains(way_out) && !error.contains("s3cret"), "{text}: {error}");
        }
    }
}
