//! Tables that are mostly dead rows are emptied and filled again with the rows that live.
//!
//! Each job leaves two dead rows behind. Vacuum removes them, unless somebody's old snapshot may
//! still ask for them; then claims would pass over more and more of them. `TRUNCATE` asks nobody.
//! So what is dead stays bounded beside a transaction that stays open for days, as long as that one
//! has not touched the table itself, and as long as few rows live in it (see `sql/compact.sql`).
//!
//! Any node does this on its way: now and then a verb that writes looks first. Nothing depends on
//! whether it succeeds.

use core::sync::atomic::{AtomicU32, Ordering};
use std::sync::Arc;

use sqlx::{AssertSqlSafe, PgConnection, Row as _};

use crate::connections::Connections;
use crate::error;
use crate::statements::{Statements, query};

/// When to look next.
#[derive(Debug)]
pub(crate) struct Compactor {
    /// After so many verbs.
    left: AtomicU32,
    /// And then after so many.
    pause: AtomicU32,
}

impl Default for Compactor {
    fn default() -> Self {
        Self { left: AtomicU32::new(PAUSE), pause: AtomicU32::new(PAUSE) }
    }
}

impl Compactor {
    /// A verb is about to write. If it is time, looks for tables that are mostly dead rows, and
    /// compacts them. What fails is tried again later, and later still if it fails again: whoever
    /// wants such a table waits as long as this does.
    pub(crate) async fn pass(&self, connections: &Arc<Connections>, sql: &Statements) {
        if self.left.fetch_sub(1, Ordering::Relaxed) != 1 {
            return;
        }
        // Said first, because this future may be dropped.
        self.left.store(self.pause.load(Ordering::Relaxed), Ordering::Relaxed);
        // A connection that is of no use is the verb's trouble, which comes next.
        let Ok(mut lent) = connections.borrow().await else { return };
        if let Ok(done) = compact(&mut lent.connection, sql).await {
            lent.give_back();
            let pause = self.pause.load(Ordering::Relaxed);
            let pause = if done { PAUSE } else { (pause * 2).min(LONGEST_PAUSE) };
            self.pause.store(pause, Ordering::Relaxed);
            self.left.store(pause, Ordering::Relaxed);
        }
    }
}

/// Whether every table that needed it was compacted.
async fn compact(connection: &mut PgConnection, sql: &Statements) -> Result<bool, sqlx::Error> {
    let mut done = true;
    for row in query(&sql.compact_look).fetch_all(&mut *connection).await? {
        let table: &str = row.try_get(0)?;
        let weight = if table == "keys" { "key" } else { "payload_bytes" };
        let weight = format!("octet_length(old.{weight})");
        let compact = sql.compact.replace("{table}", table).replace("{weight}", &weight);
        match sqlx::raw_sql(AssertSqlSafe(compact)).execute(&mut *connection).await {
            Ok(_) => {}
            Err(error) if error::is_lost(&error) => return Err(error),
            Err(_) => {
                sqlx::raw_sql("ROLLBACK").execute(&mut *connection).await?;
                done = false;
            }
        }
    }
    Ok(done)
}

/// How many verbs pass between two looks. A look costs as much as a small statement.
const PAUSE: u32 = 16;

/// How many verbs pass after attempts that failed, at most.
const LONGEST_PAUSE: u32 = 1024;
