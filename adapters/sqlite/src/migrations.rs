//! Brings a file's tables up to this program's schema.
//!
//! [`SqliteStore::open`](crate::SqliteStore::open) does so by itself: all of it is one transaction
//! under the write lock, so that two processes that open a new file at once do not collide. Who
//! wants to know before asks for the [`plan`], which changes nothing.

use std::sync::Arc;

use mainspring_contract::{StoreError, StoreErrorKind};
use mainspring_sql::migration::{Applied, Migration, Migrations};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row, SqliteConnection};

use crate::error;
use crate::options::Options;
use crate::statements::Statements;
use crate::store::SqliteStore;
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

/// A step that a file still needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The schema version that it leads to.
    pub version: i64,
    /// What it is about.
    pub name: &'static str,
    /// The oldest schema version whose programs can use the file afterwards: those of before have
    /// to be stopped first.
    pub min_program: i64,
    /// Its statements, with this prefix, to be read.
    pub sql: String,
}

/// Which steps a file still needs; all of them, if it is not there. Nothing is changed.
///
/// # Errors
/// [`Incompatible`](StoreErrorKind::Incompatible) if a newer program has changed the file so that
/// this one must not use it, and whatever is in the way of reading it.
pub async fn plan(options: &Options) -> Result<Vec<Step>, StoreError> {
    let applied = match options.path.exists() {
        true => look(options).await.map_err(|e| error::of_statement(&options.path, e))?,
        false => NOTHING,
    };
    let name = options.path.display().to_string();
    let owed = MIGRATIONS.plan(applied, &name)?;
    let step = |(version, migration): (i64, &Migration)| {
        let Migration { name, min_program, sql } = *migration;
        Step { version, name, min_program, sql: options.prefix.render(sql) }
    };
    Ok(owed.map(step).collect())
}

/// Applies what a file still needs, and makes it if it is missing; which steps that was.
///
/// # Errors
/// As for [`SqliteStore::open_with`].
pub async fn apply(options: &Options) -> Result<Vec<Step>, StoreError> {
    let steps = plan(options).await?;
    SqliteStore::open_with(options.clone()).await?.close().await;
    Ok(steps)
}

/// Whether a file suits this program as it is.
///
/// # Errors
/// [`Incompatible`](StoreErrorKind::Incompatible) if it does not, either way.
pub async fn check(options: &Options) -> Result<(), StoreError> {
    let steps = plan(options).await?;
    let Some(first) = steps.first() else { return Ok(()) };
    let name = options.path.display();
    Err(StoreError::new(
        StoreErrorKind::Incompatible,
        format!(
            "`{name}` has schema version {}, and this program needs {} (apply the migrations, or \
             let any program that opens it do so)",
            first.version - 1,
            MIGRATIONS.program()
        ),
    ))
}

/// What the file's own list of migrations says, if it has one.
async fn look(options: &Options) -> Result<Applied, sqlx::Error> {
    let connect =
        SqliteConnectOptions::new().filename(&options.path).busy_timeout(options.busy_for);
    let mut connection = connect.read_only(true).disable_statement_logging().connect().await?;
    let there = sqlx::query("SELECT 1 FROM sqlite_schema WHERE name = ?1")
        .bind(options.prefix.render("mainspring_migrations"))
        .fetch_optional(&mut connection)
        .await?;
    let applied = match there {
        Some(_) => state(&mut connection, &Statements::new(&options.prefix)).await?,
        None => NOTHING,
    };
    connection.close().await?;
    Ok(applied)
}

/// Brings the file up to date, inside the write transaction `tx`.
pub(crate) async fn migrate(tx: &mut Transaction<'_>) -> Result<(), StoreError> {
    let applied = applied(tx).await.map_err(|e| tx.error(e))?;
    let name = tx.shared.path.display().to_string();
    for (version, migration) in MIGRATIONS.plan(applied, &name)? {
        take(tx, version, migration).await.map_err(|e| tx.error(e))?;
    }
    Ok(())
}

async fn applied(tx: &mut Transaction<'_>) -> Result<Applied, sqlx::Error> {
    let ledger = AssertSqlSafe(tx.shared.sql.ledger.clone());
    sqlx::raw_sql(ledger).execute(tx.connection()).await?;
    let shared = Arc::clone(&tx.shared);
    state(tx.connection(), &shared.sql).await
}

async fn state(
    connection: &mut SqliteConnection,
    sql: &Statements,
) -> Result<Applied, sqlx::Error> {
    let state = AssertSqlSafe(Arc::clone(&sql.ledger_state));
    let row = sqlx::query(state).fetch_one(connection).await?;
    Ok(Applied { version: row.try_get("version")?, min_program: row.try_get("min_program")? })
}

async fn take(
    tx: &mut Transaction<'_>,
    version: i64,
    migration: &Migration,
) -> Result<(), sqlx::Error> {
    let now = tx.now();
    let step = AssertSqlSafe(tx.shared.prefix.render(migration.sql));
    sqlx::raw_sql(step).execute(tx.connection()).await?;
    let note = tx.sql(|sql| &sql.ledger_note).bind(version).bind(migration.name).at(now);
    tx.run(note.bind(migration.min_program)).await.map(drop)
}

/// A file without any table of ours.
const NOTHING: Applied = Applied { version: 0, min_program: 0 };
