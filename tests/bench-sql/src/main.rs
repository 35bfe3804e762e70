//! Prints how stores behave under load, as ratios to bare SQL and to other people's queues in the
//! same run.
//!
//! `cargo bench-sql [part…] [name=value…]`; the parts and the values are in `arguments.rs`.

mod arguments;
mod clock;
mod crowd;
mod floor;
mod latency;
mod lite;
mod maria;
mod ours;
mod peers;
mod server;
mod stats;
mod throughput;

use std::process::ExitCode;

use arguments::{Arguments, USAGE};

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.iter().any(|word| word == "--help" || word == "-h") {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    let arguments = match Arguments::read(words.into_iter()) {
        Ok(arguments) => arguments,
        Err(why) => {
            eprintln!("bench-sql: {why}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    println!("load of the machine at the start: {}", clock::load());
    for part in &arguments.parts {
        match part.as_str() {
            "sqlite" => lite::run(&arguments).await,
            "mariadb" => maria::run(&arguments).await,
            _ => on_postgres(part, &arguments).await,
        }
    }
    println!("\nload of the machine at the end: {}", clock::load());
    ExitCode::SUCCESS
}

/// Each part has a server of its own, so that none suffers from what another has left.
async fn on_postgres(part: &str, arguments: &Arguments) {
    let server = server::start().await;
    match part {
        "throughput" => throughput::run(&server, arguments).await,
        "latency" => latency::run(&server, arguments).await,
        "schedules" => crowd::schedules(&server, arguments).await,
        "backlog" => crowd::backlog(&server, arguments).await,
        "future" => crowd::future(&server, arguments).await,
        "bloat" => crowd::bloat(&server, arguments).await,
        _ => unreachable!("parts are checked when they are read"),
    }
}
