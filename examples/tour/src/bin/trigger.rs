//! A kind of trigger of one's own: reminders that become rarer. The store keeps its name and its
//! arguments; any program that brings along the same name can go on with it.
#![expect(clippy::print_stdout, reason = "an example speaks to whoever tries it")]

use std::time::Duration;

use mainspring::testing::HandClock;
use mainspring::{Context, Schedule, Span, Task, Timestamp};
use mainspring_core::trigger::Trigger;
use mainspring_memory::MemoryStore;

/// Fires one day after an instant, then after two, four and so on, for about a month.
#[derive(Debug)]
struct Rarer {
    since: Timestamp,
}

impl Trigger for Rarer {
    fn next_after(&self, t: Timestamp) -> Option<Timestamp> {
        let days = [1, 2, 4, 8, 16, 32];
        days.into_iter().map(|days| self.since + Span::from_days(days)).find(|&at| at > t)
    }
}

/// What a schedule says about it, as it is stored.
fn rarer(since: String) -> Result<Rarer, String> {
    let since = since.parse().map_err(|_| format!("`{since}` is no instant"))?;
    Ok(Rarer { since })
}

async fn remind(who: String, run: Context) {
    println!("{}: remind {who}", run.started_at());
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let clock = HandClock::at("2027-03-01T09:00:00Z".parse()?);
    let store = MemoryStore::default();
    let writer = clock.builder(store.clone()).trigger("rarer", rarer).build().await?;
    let schedule = Schedule::custom("pay", "remind", "rarer", "2027-03-01T09:00:00Z")?;
    writer.put(schedule.arguments("ada")).await?;
    let wrong = Schedule::custom("other", "remind", "rarer", "yesterday")?;
    if let Err(error) = writer.put(wrong).await {
        println!("refused: {error}");
    }

    let builder = clock.builder(store).trigger("rarer", rarer);
    let scheduler = builder.task(Task::new("remind", remind)).build().await?;
    let running = scheduler.start().await?;
    clock.advance(Duration::from_secs(60 * 86_400)).await;
    running.stop(Duration::from_secs(5)).await;
    Ok(())
}
