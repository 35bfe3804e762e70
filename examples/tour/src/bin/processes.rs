//! Work in other processes: a command, and functions that may crash without harm.
#![cfg(unix)]
#![expect(clippy::print_stdout, reason = "an example speaks to whoever tries it")]

use std::time::Duration;

use mainspring::process::{Command, CommandEnd, Commands, Functions, Pool, Program};
use mainspring::{Retry, Scheduler};
use mainspring_memory::MemoryStore;

fn largest_factor(number: u64) -> Result<u64, String> {
    (1..number).rev().find(|factor| number.is_multiple_of(*factor)).ok_or_else(|| "none".to_owned())
}

/// Stands for native code with a fault.
fn crash(code: i32) -> Result<(), String> {
    std::process::exit(code)
}

// Before anything else: the copies of this program, which run the functions, begin here as well.
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let program = Functions::new().with("factor", largest_factor).with("crash", crash).init();
    tokio::runtime::Runtime::new()?.block_on(schedule(&program))
}

async fn schedule(program: &Program) -> Result<(), Box<dyn std::error::Error>> {
    let pool = Pool::new(program, 2).recycle_after(1_000);
    // What a job brings along is an argument, whatever is in it, and never a piece of a shell line.
    let shout = Command::new("tr").args(["a-z", "A-Z"]).job_stdin();
    let fails = Command::shell("echo \"cannot read $1\" >&2; exit 3").job_args();
    let commands = Commands::new(program);
    let scheduler = Scheduler::builder(MemoryStore::default())
        .task(pool.task("factor").timeout(Duration::from_secs(60)))
        .task(pool.task("crash").retry(Retry::times(0)))
        .task(commands.task("shout", shout))
        .task(commands.task("fails", fails))
        .build()
        .await?;
    let running = scheduler.start().await?;

    let factor: u64 = scheduler.job("factor", &91).enqueue_and_wait().await?.output()?;
    println!("91 = {factor} * {}", 91 / factor);
    let end = scheduler.job("crash", &7).enqueue_and_wait().await?;
    println!("crash: {}: {}", end.outcome(), end.error().unwrap_or_default());
    let again: u64 = scheduler.job("factor", &97).enqueue_and_wait().await?.output()?;
    println!("nobody else noticed: {again}");

    let end: CommandEnd =
        scheduler.job("shout", "$(id) & co").enqueue_and_wait().await?.output()?;
    println!("{}", end.stdout);
    let end = scheduler.job("fails", "a file; with spaces").enqueue_and_wait().await?;
    println!("fails: {}: {}", end.outcome(), end.error().unwrap_or_default());
    running.stop(Duration::from_secs(5)).await;
    Ok(())
}
