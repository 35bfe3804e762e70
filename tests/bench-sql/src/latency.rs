//! How late runs start on an idle cluster, beside what a commit costs at the same time.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mainspring::{Context, Schedule, Scheduler, Task, Timestamp};
use mainspring_contract::trigger::{EveryForm, TriggerForm};
use mainspring_core::time::Span;
use mainspring_support::Postgres;
use sqlx::Connection;

use crate::arguments::Arguments;
use crate::clock;
use crate::server::Place;
use crate::stats;
use crate::throughput::open;

/// Two nodes that do nothing but wait; jobs that become ready and schedules that come due one at a
/// time, and commits of one row in between.
pub(crate) async fn run(server: &Postgres, arguments: &Arguments) {
    let place = Place::new(server).await;
    let late: Arc<Mutex<Vec<(bool, f64)>>> = Arc::default();
    let mut nodes = Vec::new();
    for _ in 0..2 {
        let scheduler = node(&place, &late).await;
        nodes.push((scheduler.start().await.expect("it starts"), scheduler));
    }
    let (_, scheduler) = &nodes[0];
    let first = clock::wall_us() + START_US;
    let count = i64::try_from(arguments.samples).expect("a small number");
    let jobs = (0..count).map(|number| {
        let at = first + number * APART_US;
        scheduler.job("late", &at).ready_at(instant(at))
    });
    scheduler.enqueue_all(jobs).await.expect("jobs are queued");
    for number in 0..SCHEDULES {
        // Between the jobs, and apart from each other.
        let anchor = instant(first + number * APART_US + APART_US / 2);
        let mut every = EveryForm::new(Span::from_micros(SCHEDULES * APART_US));
        (every.anchor, every.start) = (Some(anchor), Some(anchor));
        let schedule = Schedule::new(&format!("s{number}"), "late", TriggerForm::Every(every));
        let put = scheduler.put(schedule.arguments(&0_i64)).await;
        let _ = put.expect("a schedule is put");
    }
    let mut commits = Vec::new();
    let mut connection = sqlx::PgConnection::connect(place.url()).await.expect("a connection");
    let table = "CREATE TABLE commits (at bigint)";
    sqlx::query(table).execute(&mut connection).await.expect("a table");
    while clock::wall_us() < first + count * APART_US + APART_US {
        clock::wait(Duration::from_micros(APART_US as u64)).await;
        let start = clock::now();
        let insert = sqlx::query("INSERT INTO commits VALUES ($1)").bind(clock::wall_us());
        insert.execute(&mut connection).await.expect("a commit");
        commits.push(clock::since(start));
    }
    for (running, _) in nodes {
        let _ = running.stop(Duration::from_secs(10)).await;
    }
    let late = late.lock().expect("nobody panicked");
    let of = |fires: bool| -> Vec<f64> {
        late.iter().filter(|(fire, _)| *fire == fires).map(|(_, late)| *late).collect()
    };
    let (jobs, fires) = (of(false), of(true));
    println!("\nidle PostgreSQL cluster of two nodes, no broker");
    stats::line("commit of one row", &commits);
    stats::line("start after ready_at", &jobs);
    stats::line("start after due, schedules", &fires);
    let bar = 4.0 * stats::quantile(&commits, 0.99) + 5e-3;
    println!("bar for p99, 4 commits + 5 ms: {:.2} ms", bar * 1e3);
}

async fn node(place: &Place, late: &Arc<Mutex<Vec<(bool, f64)>>>) -> Scheduler {
    let late = Arc::clone(late);
    let task = Task::new("late", move |ready_us: i64, run: Context| {
        let fire_us = run.fire_at().map(Timestamp::as_micros);
        let after = clock::wall_us() - fire_us.unwrap_or(ready_us);
        late.lock().expect("nobody panicked").push((fire_us.is_some(), after as f64 / 1e6));
        async { Ok::<(), String>(()) }
    });
    Scheduler::builder(open(place).await).task(task).build().await.expect("a scheduler")
}

fn instant(us: i64) -> Timestamp {
    Timestamp::from_micros(us).expect("an instant of these years")
}

/// Longer than a node goes without news: no hint is needed to know of what comes.
const START_US: i64 = 8_000_000;
const APART_US: i64 = 20_000;
const SCHEDULES: i64 = 100;
