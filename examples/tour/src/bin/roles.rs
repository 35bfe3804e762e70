//! Planners and workers in processes of their own, on one store: as many of each as one likes.
//!
//! `roles planner STORE`, `roles worker STORE` and `roles client STORE`, where STORE is the path of
//! an SQLite file or a postgres:// address.
#![expect(clippy::print_stdout, reason = "an example speaks to whoever tries it")]

use std::time::Duration;

use mainspring::{Builder, Context, Role, Schedule, Scheduler, Task, signal};
use mainspring_postgres::PostgresStore;
use mainspring_sqlite::SqliteStore;

async fn work(what: String, run: Context) -> Result<String, String> {
    println!("{what}, attempt {}", run.attempt());
    Ok(format!("done: {what}"))
}

async fn builder(place: &str) -> Result<Builder, Box<dyn std::error::Error>> {
    if place.starts_with("postgres://") {
        let store = PostgresStore::open(place).await?;
        let broker = store.broker();
        // Others hear at once of what there is to do, instead of with their next question.
        return Ok(Scheduler::builder(store).broker(broker));
    }
    Ok(Scheduler::builder(SqliteStore::open(place).await?))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [role, place] = &words[..] else { return Err("say a role and a store".into()) };
    let builder = builder(place).await?.max_idle(Duration::from_secs(1));
    let scheduler = match &**role {
        "planner" => builder.role(Role::Planner).build().await?,
        "worker" => builder.role(Role::Worker).task(Task::new("work", work)).build().await?,
        "client" => {
            let client = builder.build().await?;
            let often = Schedule::every("often", "work", Duration::from_secs(1));
            client.put(often.arguments("from the schedule")).await?;
            let end = client.job("work", "from the client").enqueue_and_wait().await?;
            println!("{}", end.output::<String>()?);
            return Ok(());
        }
        _ => return Err(format!("`{role}` is none of planner, worker and client").into()),
    };
    println!("{role} at work");
    let stopped = scheduler.run_until(signal::interrupt(), Duration::from_secs(5)).await?;
    println!("{role} stopped, {} left behind", stopped.left);
    Ok(())
}
