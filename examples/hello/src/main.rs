//! Twenty lines: a durable schedule in a program of your own.
#![expect(clippy::print_stdout, reason = "an example speaks to whoever tries it")]

use std::time::Duration;

use mainspring::{Context, Schedule, Scheduler, Task};
use mainspring_sqlite::SqliteStore;

async fn greet(name: String, run: Context) -> Result<String, std::io::Error> {
    let due = run.fire_at().map(|at| at.to_string()).unwrap_or_default();
    println!("{due}: hello, {name}!");
    Ok(due)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let store = SqliteStore::open("hello.db").await?;
    let scheduler = Scheduler::builder(store).task(Task::new("greet", greet)).build().await?;
    let schedule = Schedule::every("hello", "greet", Duration::from_secs(2)).arguments("world");
    scheduler.put(schedule).await?;
    println!("press Ctrl-C to stop; start again and see that nothing is forgotten");
    scheduler.run_until(mainspring::signal::interrupt(), Duration::from_secs(5)).await?;
    Ok(())
}
