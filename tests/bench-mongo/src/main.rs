//! Prints how fast the MongoDB store queues and runs jobs, as ratios to the bare driver, which
//! writes the same documents with the same indexes on the same server, in turns within one run.
//!
//! `cargo bench-mongo [jobs=N] [batch=N] [rounds=N]`

mod clock;
mod floor;
mod ours;

use std::process::ExitCode;

use floor::Floor;
use mainspring_support::MongoDb;
use ours::Ours;

/// What the command line says.
#[derive(Clone, Copy, Debug)]
struct Arguments {
    jobs: usize,
    batch: usize,
    rounds: usize,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    let mut arguments = Arguments { jobs: 10_000, batch: 200, rounds: 5 };
    for word in std::env::args().skip(1) {
        let value = word.split_once('=').and_then(|(name, value)| {
            let value = value.parse().ok().filter(|value| *value > 0)?;
            match name {
                "jobs" => arguments.jobs = value,
                "batch" => arguments.batch = value,
                "rounds" => arguments.rounds = value,
                _ => return None,
            }
            Some(())
        });
        if value.is_none() {
            eprintln!("usage: cargo bench-mongo [jobs=N] [batch=N] [rounds=N]; not `{word}`");
            return ExitCode::from(2);
        }
    }
    println!("load of the machine at the start: {}", clock::load());
    println!("{arguments:?}; jobs a second, the store and the bare driver, and the ratio");
    run(arguments).await;
    println!("load of the machine at the end: {}", clock::load());
    ExitCode::SUCCESS
}

async fn run(Arguments { jobs, batch, rounds }: Arguments) {
    let server = MongoDb::start().await;
    let (one, other) = (server.database().await, server.database().await);
    let ours = Ours::open(one.url()).await;
    // The same collections and indexes, which nobody but the floor uses.
    let floor = Floor::open(other.url()).await;
    let (mut queued, mut ran) = (Vec::new(), Vec::new());
    for round in 1..=rounds {
        let mine = clock::rate(jobs, ours.enqueue(jobs, batch)).await;
        let documents = ours.documents(one.url()).await;
        let bare = clock::rate(jobs, floor.enqueue(documents, batch)).await;
        queued.push(mine / bare);
        println!("round {round}: enqueue {mine:.0} {bare:.0} {:.2}", mine / bare);
        let mine = clock::rate(jobs, ours.run(jobs, batch)).await;
        let bare = clock::rate(jobs, floor.run(jobs, batch)).await;
        ran.push(mine / bare);
        println!("round {round}: claim and settle {mine:.0} {bare:.0} {:.2}", mine / bare);
    }
    println!("medians: enqueue {:.2}, claim and settle {:.2}", median(queued), median(ran));
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
}
