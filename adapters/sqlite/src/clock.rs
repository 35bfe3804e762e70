//! The clocks of this crate: SQLite's own, and the timer between two attempts to begin.

use core::time::Duration;

use mainspring_contract::Clock;
use mainspring_core::time::Timestamp;
use sqlx::{Row, SqliteConnection};

/// The instant by which a verb is judged. The store's own clock is read inside the transaction,
/// after it has begun, so that waiting for the lock does not make it old.
pub(crate) async fn now(
    connection: &mut SqliteConnection,
    clock: Clock,
) -> Result<Timestamp, sqlx::Error> {
    match clock {
        Clock::Fixed(at) => Ok(at),
        Clock::Server => {
            let row = sqlx::query(SERVER_CLOCK).fetch_one(connection).await?;
            let micros: i64 = row.try_get("now_us")?;
            Timestamp::from_micros(micros).ok_or_else(|| {
                sqlx::Error::Decode(format!("the clock shows {micros} µs since 1970").into())
            })
        }
    }
}

/// Waits before attempt number `attempt` (from 1) to begin a transaction: 4 ms, doubling.
pub(crate) async fn back_off(attempt: u32) {
    let wait = Duration::from_millis(2 << attempt.min(8));
    #[expect(clippy::disallowed_methods, reason = "this is the crate's clock file")]
    tokio::time::sleep(wait).await;
}

const SERVER_CLOCK: &str = include_str!("sql/clock.sql");
