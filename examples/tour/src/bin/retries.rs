//! A task that fails: it is tried again with growing waits, and at last its job is dead.
#![expect(clippy::print_stdout, reason = "an example speaks to whoever tries it")]

use std::time::Duration;

use mainspring::testing::HandClock;
use mainspring::{Context, State, Task};
use mainspring_memory::MemoryStore;

async fn call(host: String, clock: State<HandClock>, run: Context) -> Result<(), String> {
    println!("{} attempt {}", clock.now(), run.attempt());
    Err(format!("{host} does not answer"))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Moved by hand, so that nobody has to wait; a program uses `Scheduler::builder`.
    let clock = HandClock::at("2027-03-01T00:00:00Z".parse()?);
    let task = Task::new("call", call).retries(3);
    let builder = clock.builder(MemoryStore::default()).state(clock.clone()).task(task);
    let scheduler = builder.build().await?;
    let running = scheduler.start().await?;
    let job = scheduler.enqueue("call", "example.org").await?;
    clock.advance(Duration::from_secs(86_400)).await;
    let end = scheduler.result(job).await?.ok_or("a day is enough")?;
    println!("{} after {}: {}", end.outcome(), end.run().attempt, end.error().unwrap_or_default());
    running.stop(Duration::from_secs(5)).await;
    Ok(())
}
