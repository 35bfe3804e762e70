//! Jobs that do nothing, queued and run: bare SQL, Mainspring, and other people's queues, in turns.

use mainspring_postgres::PostgresStore;
use mainspring_support::Postgres;

use crate::arguments::Arguments;
use crate::floor::Floor;
use crate::ours;
use crate::peers::{Apalis, Graphile};
use crate::server::Place;
use crate::stats::median;

/// One of those that are compared.
#[derive(Clone, Copy, PartialEq)]
enum Who {
    /// Bare SQL over so many connections.
    Floor(u32),
    Mainspring,
    Graphile,
    Apalis,
}

const ALL: [(Who, &str); 5] = [
    (Who::Floor(1), "bare SQL, 1 connection"),
    (Who::Floor(2), "bare SQL, 2 connections"),
    (Who::Mainspring, "mainspring"),
    (Who::Graphile, "graphile_worker"),
    (Who::Apalis, "apalis-postgres"),
];

/// What one repetition of one of them gave.
#[derive(Clone, Copy, Default)]
struct Result {
    enqueued_per_s: f64,
    run_per_s: f64,
    enqueue_wal: f64,
    run_wal: f64,
}

/// Prints the table.
pub(crate) async fn run(server: &Postgres, arguments: &Arguments) {
    let mut results = vec![Vec::new(); ALL.len()];
    for _ in 0..arguments.rounds {
        for (who, results) in ALL.iter().zip(&mut results) {
            results.push(once(server, who.0, arguments).await);
        }
    }
    let of = |results: &[Result], part: fn(&Result) -> f64| {
        median(&results.iter().map(part).collect::<Vec<_>>())
    };
    let mut enqueued: Vec<f64> =
        results.iter().map(|all| of(all, |one| one.enqueued_per_s)).collect();
    let run: Vec<f64> = results.iter().map(|all| of(all, |one| one.run_per_s)).collect();
    let floor = |values: &[f64]| values[0].max(values[1]);
    // Enqueueing uses one connection in both.
    enqueued[0] = of(&results[..2].concat(), |one| one.enqueued_per_s);
    enqueued[1] = enqueued[0];
    println!(
        "\nPostgreSQL, fsync on, {} jobs, batches of {}, window {}; medians of {} rounds in turns",
        arguments.jobs, arguments.batch, arguments.window, arguments.rounds
    );
    println!(
        "{:<24} {:>11} {:>9} {:>9} {:>11} {:>9} {:>9}",
        "", "enqueued/s", "to floor", "WAL/job", "run/s", "to floor", "WAL/job"
    );
    for (index, (_, name)) in ALL.iter().enumerate() {
        println!(
            "{name:<24} {:>11.0} {:>9.2} {:>9.0} {:>11.0} {:>9.2} {:>9.0}",
            enqueued[index],
            enqueued[index] / floor(&enqueued),
            of(&results[index], |one| one.enqueue_wal),
            run[index],
            run[index] / floor(&run),
            of(&results[index], |one| one.run_wal),
        );
    }
    println!("mainspring to graphile_worker, run/s: {:.2}", run[2] / run[3]);
    println!("mainspring to apalis-postgres, run/s: {:.2}", run[2] / run[4]);
}

async fn once(server: &Postgres, who: Who, arguments: &Arguments) -> Result {
    let place = Place::new(server).await;
    let Arguments { jobs, batch, window, .. } = *arguments;
    let per_job = |bytes: i64| bytes as f64 / jobs as f64;
    let mut result = Result::default();
    match who {
        Who::Floor(connections) => {
            // Its tables are Mainspring's.
            drop(open(&place).await);
            let floor = Floor::new(&place).await;
            let wal = place.wal().await;
            result.enqueued_per_s = jobs as f64 / floor.enqueue(jobs, batch).await;
            result.enqueue_wal = per_job(place.wal().await - wal);
            place.settle_down().await;
            let wal = place.wal().await;
            result.run_per_s = jobs as f64 / floor.drain(jobs, batch, connections).await;
            result.run_wal = per_job(place.wal().await - wal);
            if arguments.statements {
                place.print_statements().await;
            }
        }
        Who::Mainspring => {
            let (scheduler, runs) = ours::scheduler(open(&place).await, window).await;
            let wal = place.wal().await;
            result.enqueued_per_s = jobs as f64 / ours::enqueue(&scheduler, jobs, batch).await;
            result.enqueue_wal = per_job(place.wal().await - wal);
            place.settle_down().await;
            let wal = place.wal().await;
            result.run_per_s = jobs as f64 / ours::drain(&scheduler, &runs, jobs).await;
            result.run_wal = per_job(place.wal().await - wal);
            if arguments.statements {
                place.print_statements().await;
            }
            let left = place.number("SELECT count(*) FROM mainspring_jobs").await;
            assert_eq!(left, 0, "every job is over");
        }
        Who::Graphile => {
            let peer = Graphile::new(&place).await;
            let wal = place.wal().await;
            result.enqueued_per_s = jobs as f64 / peer.enqueue(jobs, batch).await;
            result.enqueue_wal = per_job(place.wal().await - wal);
            place.settle_down().await;
            let wal = place.wal().await;
            result.run_per_s = jobs as f64 / peer.drain(jobs).await;
            result.run_wal = per_job(place.wal().await - wal);
        }
        Who::Apalis => {
            let peer = Apalis::new(&place).await;
            let wal = place.wal().await;
            result.enqueued_per_s = jobs as f64 / peer.enqueue(jobs, batch).await;
            result.enqueue_wal = per_job(place.wal().await - wal);
            place.settle_down().await;
            let wal = place.wal().await;
            result.run_per_s = jobs as f64 / peer.drain(jobs).await;
            result.run_wal = per_job(place.wal().await - wal);
        }
    }
    result
}

/// The store, with its tables made.
pub(crate) async fn open(place: &Place) -> PostgresStore {
    PostgresStore::open(place.url()).await.expect("a store")
}
