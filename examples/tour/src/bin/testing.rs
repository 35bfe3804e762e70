//! A month of a newsletter in a moment: a clock that is moved by hand.
#![expect(clippy::print_stdout, reason = "an example speaks to whoever tries it")]

use std::time::Duration;

use mainspring::testing::HandClock;
use mainspring::{Context, Schedule, Task};
use mainspring_memory::MemoryStore;

async fn newsletter((): (), run: Context) {
    println!("{}: newsletter", run.started_at());
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let clock = HandClock::at("2027-03-01T00:00:00Z".parse()?);
    let builder = clock.builder(MemoryStore::default());
    let scheduler = builder.task(Task::new("newsletter", newsletter)).build().await?;
    let schedule = Schedule::cron("weekly", "newsletter", "0 9 * * mon").zone("Europe/Berlin");
    scheduler.put(schedule).await?;
    let running = scheduler.start().await?;
    clock.advance(Duration::from_secs(31 * 86_400)).await;
    println!("{}: the end", clock.now());
    running.stop(Duration::from_secs(5)).await;
    Ok(())
}
