//! How soon an idle node starts what another one has queued, with each broker and without; and what
//! the broker that is on by default, PostgreSQL's, takes from the throughput of a busy node.
//!
//! ```text
//! cargo bench-hints                # 200 jobs with each broker, three times in turns
//! cargo bench-hints 1000 5         # 1,000 jobs, five times
//! cargo bench-hints cost           # throughput with LISTEN and NOTIFY, and without
//! ```
//!
//! Two schedulers of one process share a private PostgreSQL that forces commits to the disk; the
//! one that queues knows no task. Each sample is the time from the call that queues a job to the
//! first line of its task, so it holds a commit to queue, a hint, and a commit to claim. `bare
//! postgres` is these three alone, with sqlx.

mod clock;
mod cost;
mod floor;

use std::sync::Arc;
use std::time::{Duration, Instant};

use mainspring::{Builder, Scheduler, Task};
use mainspring_mqtt::{MqttBroker, Version};
use mainspring_nats::NatsBroker;
use mainspring_postgres::PostgresStore;
use mainspring_redis::RedisBroker;
use mainspring_support::{Mosquitto, Nats, Postgres, Redis};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// What the latency is measured with.
const BROKERS: [&str; 7] =
    ["none", "bare postgres", "postgres", "redis", "mqtt 5", "mqtt 3.1.1", "nats"];

#[tokio::main]
async fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let numbers: Vec<usize> = words.iter().filter_map(|word| word.parse().ok()).collect();
    println!("load of the machine: {}", clock::load());
    if words.iter().any(|word| word == "cost") {
        cost::run(numbers.first().copied().unwrap_or(20_000), 3).await;
    } else {
        let samples = numbers.first().copied().unwrap_or(200);
        latency(samples, numbers.get(1).copied().unwrap_or(3)).await;
    }
    println!("load of the machine: {}", clock::load());
}

/// The servers of all brokers.
struct Servers {
    postgres: Postgres,
    redis: Redis,
    mosquitto: Mosquitto,
    nats: Nats,
}

async fn latency(samples: usize, rounds: usize) {
    let servers = Servers {
        postgres: Postgres::start().await,
        redis: Redis::start().await,
        mosquitto: Mosquitto::start().await,
        nats: Nats::start().await,
    };
    let mut found: Vec<Vec<f64>> = vec![Vec::new(); BROKERS.len()];
    for round in 0..rounds {
        for (at, broker) in BROKERS.into_iter().enumerate() {
            // Without a broker each takes seconds.
            let samples = if broker == "none" { NONE_SAMPLES } else { samples };
            let mut seconds = measure(&servers, broker, samples).await;
            line(&format!("round {round}, {broker}"), &mut seconds);
            found[at].append(&mut seconds);
        }
    }
    println!();
    for (broker, seconds) in BROKERS.into_iter().zip(&mut found) {
        line(broker, seconds);
    }
}

async fn measure(servers: &Servers, broker: &str, samples: usize) -> Vec<f64> {
    if broker == "bare postgres" {
        return floor::measure(&servers.postgres, samples).await;
    }
    let database = servers.postgres.database().await;
    let (task, mut starts) = timed();
    let worker = builder(servers, broker, database.url()).await.task(task);
    let worker = worker.build().await.expect("a scheduler");
    let running = worker.start().await.expect("it starts");
    let client = builder(servers, broker, database.url()).await.build().await.expect("a scheduler");
    let mut seconds = Vec::with_capacity(samples);
    for sample in 0..samples + WARM_UP {
        // Idle again, and at no particular distance from its last look.
        clock::wait(APART + Duration::from_millis(sample as u64 % 7)).await;
        let before = clock::now();
        client.enqueue("timed", &()).await.expect("it is queued");
        let started = starts.recv().await.expect("it runs");
        if sample >= WARM_UP {
            seconds.push(started.duration_since(before).as_secs_f64());
        }
    }
    let _ = running.stop(Duration::from_secs(10)).await;
    seconds
}

/// A task that tells when it starts.
fn timed() -> (Task, UnboundedReceiver<Instant>) {
    let (sender, starts) = unbounded_channel();
    let sender = Arc::new(sender);
    let run = move |(): ()| {
        let sent = sender.send(clock::now());
        async move { sent.map_err(|error| error.to_string()) }
    };
    (Task::new("timed", run), starts)
}

async fn builder(servers: &Servers, broker: &str, url: &str) -> Builder {
    let store = PostgresStore::open(url).await.expect("a store");
    let own = store.broker();
    let builder = Scheduler::builder(store);
    let mqtt =
        |version| MqttBroker::new(&servers.mosquitto.url(), url, version).expect("an address");
    match broker {
        "postgres" => builder.broker(own),
        "redis" => builder.broker(RedisBroker::new(&servers.redis.url(), url).expect("an address")),
        "mqtt 5" => builder.broker(mqtt(Version::V5)),
        "mqtt 3.1.1" => builder.broker(mqtt(Version::V311)),
        "nats" => builder.broker(NatsBroker::new(&servers.nats.url(), url).expect("an address")),
        _ => builder,
    }
}

/// One line of quantiles.
fn line(name: &str, seconds: &mut [f64]) {
    seconds.sort_unstable_by(f64::total_cmp);
    let of = |share: f64| {
        let rank = (share * seconds.len() as f64).ceil() as usize;
        seconds.get(rank.max(1) - 1).copied().unwrap_or(f64::NAN) * 1e3
    };
    println!(
        "{name:<24} {:>6} samples  p50 {:>8.2} ms  p99 {:>8.2} ms  max {:>8.2} ms",
        seconds.len(),
        of(0.5),
        of(0.99),
        of(1.0),
    );
}

/// Each costs up to the longest idle time.
const NONE_SAMPLES: usize = 4;
/// The first ones meet connections that are not open yet.
const WARM_UP: usize = 3;
/// Long against all that is measured.
const APART: Duration = Duration::from_millis(20);
