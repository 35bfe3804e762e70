//! An order and the job that ships it: written in one transaction, so that there is both or none.
#![expect(clippy::print_stdout, reason = "an example speaks to whoever tries it")]

use std::time::Duration;

use mainspring::{Count, Scheduler, Task};
use mainspring_contract::Clock;
use mainspring_contract::store::JobFilter;
use mainspring_sqlite::SqliteStore;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};

type Done<T> = Result<T, Box<dyn std::error::Error>>;

async fn ship(order: i64) {
    println!("shipped {order}");
}

/// What a shop does: some of it writes rows of its own, some of it queues jobs.
struct Shop {
    database: SqliteConnection,
    store: SqliteStore,
    scheduler: Scheduler,
}

impl Shop {
    async fn order(&mut self, number: i64, is_paid: bool) -> Done<()> {
        let job = self.scheduler.job("ship", &number).into_request()?;
        let mut tx = self.database.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query("INSERT INTO orders VALUES (?)").bind(number).execute(&mut *tx).await?;
        let _inserted = self.store.enqueue_in(&mut tx, Clock::Server, &[job]).await?;
        if is_paid {
            tx.commit().await?
        } else {
            tx.rollback().await?
        }
        Ok(())
    }

    async fn count(&mut self) -> Done<(i64, Count)> {
        let orders = sqlx::query_scalar("SELECT count(*) FROM orders");
        let orders = orders.fetch_one(&mut self.database).await?;
        Ok((orders, self.scheduler.count_jobs(&JobFilter::first(0), 100).await?))
    }
}

#[tokio::main]
async fn main() -> Done<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("shop.db");
    let builder = Scheduler::builder(SqliteStore::open(&path).await?);
    let scheduler = builder.task(Task::new("ship", ship)).build().await?;
    let mut database = SqliteConnectOptions::new().filename(&path).connect().await?;
    sqlx::raw_sql("CREATE TABLE orders (number integer)").execute(&mut database).await?;
    let store = SqliteStore::open(&path).await?;
    let mut shop = Shop { database, store, scheduler: scheduler.clone() };
    for (number, is_paid, word) in [(7, false, "rolled back"), (8, true, "committed")] {
        shop.order(number, is_paid).await?;
        let (orders, jobs) = shop.count().await?;
        println!("{word}: {orders} orders, {} jobs", jobs.value());
    }

    let waiting = scheduler.jobs(&JobFilter::first(1)).await?.pop().ok_or("it was queued")?;
    let running = scheduler.start().await?;
    let _end = scheduler.wait(waiting.id).await?;
    running.stop(Duration::from_secs(5)).await;
    Ok(())
}
