//! The parts of the history: which one is written to, and emptying those of which everything is
//! forgotten.
//!
//! Nothing is deleted row by row. Pruning raises a floor below which nobody looks; there are four
//! parts, written to in turn, and one that lies below the floor altogether is emptied at once. A
//! part is written to for half as long as history is kept, so that two are full, one is written to
//! and one is empty.

use mainspring_contract::tables::Done;
use mainspring_core::time::{Span, Timestamp};
use sqlx::{AssertSqlSafe, Row as _};

use crate::statements::query;
use crate::transaction::Transaction;

/// One part.
#[derive(Debug)]
struct Part {
    number: i16,
    empty: bool,
    forgotten: bool,
}

/// All parts, and which is written to since when.
#[derive(Debug)]
struct Parts {
    current: i16,
    since_us: i64,
    parts: Vec<Part>,
}

/// Empties what is forgotten, and goes on to the next part if it is time. `before` says how long
/// history is kept.
pub(crate) async fn tidy(tx: &mut Transaction<'_>, before: Timestamp) -> Done<()> {
    let Parts { current, since_us, mut parts } = look(tx).await?;
    for part in &mut parts {
        if part.forgotten && part.number != current {
            part.empty = empty(tx, part.number).await?;
        }
    }
    let next = (current + 1) % PARTS;
    let is_empty = |number| parts.iter().any(|part| part.number == number && part.empty);
    let half = Span::from_micros(tx.now.since(before).as_micros() / 2);
    let since = Timestamp::UNIX_EPOCH + Span::from_micros(since_us);
    if is_empty(next) && !is_empty(current) && tx.now.since(since) >= half {
        let statement =
            query(&tx.common.sql.prune_rotate).bind(i64::from(next)).bind(tx.now.as_micros());
        tx.run(statement).await?;
    }
    Ok(())
}

async fn look(tx: &mut Transaction<'_>) -> Done<Parts> {
    let rows = tx.all(query(&tx.common.sql.prune_slots)).await?;
    let mut all = Parts { current: 0, since_us: 0, parts: Vec::with_capacity(rows.len()) };
    for row in rows {
        let part = (|| {
            all.current = row.try_get(0)?;
            all.since_us = row.try_get(1)?;
            let forgotten: Option<bool> = row.try_get(4)?;
            Ok(Part {
                number: row.try_get(2)?,
                empty: row.try_get(3)?,
                forgotten: forgotten.unwrap_or(false),
            })
        })();
        all.parts.push(part.map_err(|error| tx.error(error))?);
    }
    Ok(all)
}

/// Empties a part, unless somebody is using it or something came in that is not forgotten; whether
/// it is empty now. The next prune tries again.
async fn empty(tx: &mut Transaction<'_>, number: i16) -> Done<bool> {
    let table = tx.common.sql.names.render(&format!("schema.mainspring_runs_{number}"));
    // Whoever writes history waits behind this lock, so it is given up soon.
    let lock = format!(
        "SAVEPOINT mainspring; SET LOCAL lock_timeout = '100ms';
         LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"
    );
    if let Err(error) = sqlx::raw_sql(AssertSqlSafe(lock)).execute(tx.connection()).await {
        if crate::error::is_lost(&error) {
            return Err(tx.error(error));
        }
        batch(tx, "ROLLBACK TO SAVEPOINT mainspring; RELEASE SAVEPOINT mainspring".into()).await?;
        return Ok(false);
    }
    let parts = look(tx).await?.parts;
    let forgotten = parts.iter().any(|part| part.number == number && part.forgotten);
    if forgotten {
        batch(tx, format!("TRUNCATE TABLE {table}")).await?;
    }
    batch(tx, "SET LOCAL lock_timeout = '5s'; RELEASE SAVEPOINT mainspring".into()).await?;
    Ok(forgotten)
}

/// Statements without values.
async fn batch(tx: &mut Transaction<'_>, statements: String) -> Done<()> {
    let done = sqlx::raw_sql(AssertSqlSafe(statements)).execute(tx.connection()).await;
    done.map(|_| ()).map_err(|error| tx.error(error))
}

/// How many parts there are.
const PARTS: i16 = 4;
