//! Jobs that stand for something: a second one for the same is not queued.
#![expect(clippy::print_stdout, reason = "an example speaks to whoever tries it")]

use std::time::Duration;

use mainspring::{Conflict, Queued, Scheduler};
use mainspring_memory::MemoryStore;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let scheduler = Scheduler::builder(MemoryStore::default()).build().await?;
    let remind = |name| {
        let job = scheduler.job("remind", name).unique(name);
        job.delay(Duration::from_secs(60))
    };
    for name in ["ada", "grace", "ada"] {
        match remind(name).enqueue().await? {
            Queued::New(_) => println!("{name}: queued"),
            _ => println!("{name}: is queued already"),
        }
    }
    match remind("ada").on_conflict(Conflict::Replace).enqueue().await? {
        Queued::Replaced { .. } => println!("ada: replaced"),
        other => println!("ada: {other:?}"),
    }
    Ok(())
}
