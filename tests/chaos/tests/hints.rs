//! Nodes whose real broker is killed and started again: with it they hear at once, without it they
//! look, and nothing is lost either way.

use core::time::Duration;
use std::future::Future;

use mainspring::{Builder, Context, Event, Events, Running, Scheduler, Task};
use mainspring_contract::broker::Broker;
use mainspring_core::lease::LeaseTerms;
use mainspring_core::time::Span;
use mainspring_memory::MemoryStore;
use mainspring_mqtt::{MqttBroker, Version};
use mainspring_nats::NatsBroker;
use mainspring_postgres::PostgresBroker;
use mainspring_redis::RedisBroker;
use mainspring_support::{Mosquitto, Nats, Postgres, Redis, Server, Service};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// What `work` returns. It is waited for generously: this only ever ends a test that has failed.
async fn soon<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), work).await.expect("what must happen happens")
}

/// Nobody looks by himself as long as a test takes.
const NEVER: Duration = Duration::from_secs(7_200);

/// A node that runs one task, and what is known of it.
struct Node {
    running: Running,
    events: Events,
    runs: UnboundedReceiver<Context>,
}

/// A node that looks by itself so often.
async fn node(store: &MemoryStore, broker: impl Broker, task: &str, max_idle: Duration) -> Node {
    let (report, runs) = unbounded_channel();
    let run = move |(): (), context: Context| {
        let sent = report.send(context);
        async move { sent.map_err(|error| error.to_string()) }
    };
    let scheduler = builder(store, broker).max_idle(max_idle).task(Task::new(task, run));
    let scheduler = scheduler.build().await.expect("it is valid");
    let events = scheduler.events();
    Node { running: scheduler.start().await.expect("it starts"), events, runs }
}

fn builder(store: &MemoryStore, broker: impl Broker) -> Builder {
    let lease = LeaseTerms { lease_for: Span::from_hours(6), margin: Span::from_secs(2) };
    Scheduler::builder(store.clone()).broker(broker).lease(lease)
}

impl Node {
    /// Waits until it has lost its broker, or reached it.
    async fn until(&mut self, wanted: impl Fn(&Event) -> bool) {
        soon(async {
            while !wanted(&self.events.next().await.expect("its scheduler is there")) {}
        })
        .await;
    }
}

fn is_lost(event: &Event) -> bool {
    matches!(event, Event::BrokerLost { .. })
}

fn is_back(event: &Event) -> bool {
    matches!(event, Event::BrokerBack { .. })
}

/// One who only hears and one who also looks, while their broker goes and comes.
async fn a_broker_goes_and_comes<S: Service, B: Broker>(
    mut server: Server<S>,
    broker: impl Fn(&str) -> B,
) {
    let url = server.url();
    let store = MemoryStore::default();
    let mut hears = node(&store, broker(&url), "hears", NEVER).await;
    let mut looks = node(&store, broker(&url), "looks", Duration::from_millis(200)).await;
    let client = builder(&store, broker(&url)).build().await.expect("it is valid");
    let heard_of = async |client: &Scheduler, node: &mut Node, task: &str| {
        let job = client.enqueue(task, &()).await.expect("it is queued");
        let run = soon(node.runs.recv()).await.expect("its task is there");
        assert_eq!(run.job(), job);
        soon(client.wait(job)).await.expect("it is known");
    };
    heard_of(&client, &mut hears, "hears").await;

    server.kill().await;
    hears.until(is_lost).await;
    looks.until(is_lost).await;
    for _ in 0..3 {
        heard_of(&client, &mut looks, "looks").await;
    }
    let waits = client.enqueue("hears", &()).await.expect("it is queued");
    assert!(hears.runs.try_recv().is_err(), "nobody could tell it");

    server.start_again().await;
    hears.until(is_back).await;
    let run = soon(hears.runs.recv()).await.expect("its task is there");
    assert_eq!(run.job(), waits, "what it missed it finds");
    looks.until(is_back).await;
    // What this client says now goes out once it is back as well.
    heard_of(&client, &mut hears, "hears").await;
    for node in [hears, looks] {
        assert_eq!(node.running.stop(Duration::from_secs(60)).await.left, 0);
    }
}

#[tokio::test]
async fn postgres_goes_and_comes() {
    let broker = |url: &str| PostgresBroker::on_channel(url, "hints").expect("an address");
    a_broker_goes_and_comes(Postgres::start().await, broker).await;
}

#[tokio::test]
async fn redis_goes_and_comes() {
    let broker = |url: &str| RedisBroker::new(url, "hints").expect("an address");
    a_broker_goes_and_comes(Redis::start().await, broker).await;
}

#[tokio::test]
async fn mqtt_goes_and_comes() {
    let broker = |url: &str| MqttBroker::new(url, "hints", Version::V5).expect("an address");
    a_broker_goes_and_comes(Mosquitto::start().await, broker).await;
}

#[tokio::test]
async fn nats_goes_and_comes() {
    let broker = |url: &str| NatsBroker::new(url, "hints").expect("an address");
    a_broker_goes_and_comes(Nats::start().await, broker).await;
}
