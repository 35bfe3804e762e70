//! Brings a file's tables up to this program's schema.
//!
//! All of it is one transaction under the write lock, so that two processes that open a new file at
//! once do not collide.

use mainspring_contract::StoreError;
use mainspring_sql::migration::{Applied, Migration, Migrations};
use sqlx::{AssertSqlSafe, Row};

use crate::transaction::{Bind, Transaction};

/// Every step; the first makes version 1.
const MIGRATIONS: Migrations = Migrations(&[
    Migration {
        name: "initial",
        min_program: 1,
        sql: include_str!("sql/migrations/0001_initial.sql"),
    },
    Migration { name: "nodes", min_program: 1, sql: include_str!("sql/migrations/0002_nodes.sql") },
]);

/// Brings the file up to date, inside the write transaction `tx`.
pub(crate) async fn migrate(tx: &mut Transaction) -> Result<(), StoreError> {
    let applied = applied(tx).await.map_err(|e| tx.error(e))?;
    let name = tx.shared.path.display().to_string();
    for (version, migration) in MIGRATIONS.plan(applied, &name)? {
        apply(tx, version, migration).await.map_err(|e| tx.error(e))?;
    }
    Ok(())
}

async fn applied(tx: &mut Transaction) -> Result<Applied, sqlx::Error> {
    let ledger = AssertSqlSafe(tx.shared.sql.ledger.clone());
    sqlx::raw_sql(ledger).execute(tx.connection()).await?;
    let row = tx.sql(|sql| &sql.ledger_state).fetch_one(tx.connection()).await?;
    Ok(Applied { version: row.try_get("version")?, min_program: row.try_get("min_program")? })
}

async fn apply(
    tx: &mut Transaction,
    version: i64,
    migration: &Migration,
) -> Result<(), sqlx::Error> {
    let now = tx.now();
    let step = AssertSqlSafe(tx.shared.prefix.render(migration.sql));
    sqlx::raw_sql(step).execute(tx.connection()).await?;
    let note = tx.sql(|sql| &sql.ledger_note).bind(version).bind(migration.name).at(now);
    tx.run(note.bind(migration.min_program)).await.map(drop)
}
