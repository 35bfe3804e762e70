//! A scheduler on any store, with any broker, both named by addresses.

use std::path::Path;

use mainspring::{Builder, Scheduler};
use mainspring_contract::broker::BrokerError;
use mainspring_contract::{StoreError, StoreErrorKind};
use mainspring_mongodb::MongoStore;
use mainspring_mqtt::{MqttBroker, Version};
use mainspring_mysql::MysqlStore;
use mainspring_nats::NatsBroker;
use mainspring_postgres::{PostgresBroker, PostgresStore};
use mainspring_redis::RedisBroker;
use mainspring_sqlite::SqliteStore;

/// Starts to describe a scheduler on the store at `url`: `sqlite:PATH`,
/// `postgres://…`, `mysql://…` or `mongodb://…`.
///
/// # Errors
/// If the store cannot be opened.
pub async fn builder(url: &str) -> Result<Builder, StoreError> {
    match url.split_once(':') {
        Some(("mongodb", _)) => Ok(Scheduler::builder(MongoStore::open(url).await?)),
        Some(("mysql", _)) => Ok(Scheduler::builder(MysqlStore::open(url).await?)),
        Some(("postgres", _)) => Ok(Scheduler::builder(PostgresStore::open(url).await?)),
        Some(("sqlite", path)) => Ok(Scheduler::builder(SqliteStore::open(Path::new(path)).await?)),
        _ => {
            let message = format!("no store is known by the address `{url}`");
            Err(StoreError::new(StoreErrorKind::Backend, message))
        }
    }
}

/// Gives it the broker at `url`: `postgres://…`, `redis://…`, `mqtt://…` or `nats://…`.
///
/// # Errors
/// If it is none of these.
pub fn with_broker(builder: Builder, url: &str) -> Result<Builder, BrokerError> {
    match url.split_once(':').map_or(url, |(scheme, _)| scheme) {
        "mqtt" => Ok(builder.broker(MqttBroker::new(url, CHANNEL, Version::V5)?)),
        "nats" => Ok(builder.broker(NatsBroker::new(url, CHANNEL)?)),
        "redis" => Ok(builder.broker(RedisBroker::new(url, CHANNEL)?)),
        "postgres" => {
            let broker = PostgresBroker::on_channel(url, CHANNEL);
            let why = "this address is none of a broker";
            broker.map(|broker| builder.broker(broker)).map_err(|_| BrokerError::new(why))
        }
        _ => Err(BrokerError::new("no broker is known by this address")),
    }
}

const CHANNEL: &str = "chaos";
