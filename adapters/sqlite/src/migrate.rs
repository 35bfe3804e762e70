//! Brings a file's tables up to this program's schema.
//!
//! Migrations only go forward. Each is noted in a table of our own together with the oldest schema
//! version whose programs can still use the file afterwards, so that nodes can be updated one by
//! one, and a program that is too old says so instead of guessing. All of it is one transaction
//! under the write lock, so that two processes that open a new file at once do not collide.

use std::path::Path;

use mainspring_contract::{StoreError, StoreErrorKind};
use sqlx::Row;

use crate::transaction::Transaction;

/// One step from a schema version to the next.
struct Migration {
    /// What the step is about.
    name: &'static str,
    /// The oldest schema version whose programs can use the file after this step.
    min_program: i64,
    /// The step.
    sql: &'static str,
}

/// Every step; the first makes version 1.
const MIGRATIONS: [Migration; 1] = [Migration {
    name: "initial",
    min_program: 1,
    sql: include_str!("sql/migrations/0001_initial.sql"),
}];

/// The schema version of this program.
const PROGRAM: i64 = MIGRATIONS.len() as i64;

/// What has to happen before a file can be used.
enum Step {
    /// The steps from this index on.
    Apply(usize),
    /// Nothing this program can do.
    Refuse {
        /// The file's schema version.
        version: i64,
        /// The oldest program that can use it.
        min_program: i64,
    },
}

/// Brings the file up to date, inside the write transaction `tx`.
pub(crate) async fn migrate(
    tx: &mut Transaction<'_>,
) -> Result<Result<(), Incompatible>, sqlx::Error> {
    sqlx::raw_sql(LEDGER).execute(tx.connection()).await?;
    let row = sqlx::query(STATE).fetch_one(tx.connection()).await?;
    let from = match step(row.try_get("version")?, row.try_get("min_program")?) {
        Step::Apply(from) => from,
        Step::Refuse { version, min_program } => {
            return Ok(Err(Incompatible { version, min_program }));
        }
    };
    let now_us = tx.now().as_micros();
    for (version, migration) in (1_i64..).zip(&MIGRATIONS).skip(from) {
        sqlx::raw_sql(migration.sql).execute(tx.connection()).await?;
        sqlx::query(NOTE)
            .bind(version)
            .bind(migration.name)
            .bind(now_us)
            .bind(migration.min_program)
            .execute(tx.connection())
            .await?;
    }
    Ok(Ok(()))
}

/// A file that a newer program made and that this one must not touch.
pub(crate) struct Incompatible {
    version: i64,
    min_program: i64,
}

impl Incompatible {
    /// The same for people.
    pub(crate) fn at(&self, path: &Path) -> StoreError {
        let Self { version, min_program } = self;
        StoreError::new(
            StoreErrorKind::Incompatible,
            format!(
                "`{}` has schema version {version}, which needs a program of schema version \
                 {min_program} or later; this program has {PROGRAM} (update this program, or name \
                 another file)",
                path.display()
            ),
        )
    }
}

fn step(version: i64, min_program: i64) -> Step {
    if min_program > PROGRAM {
        return Step::Refuse { version, min_program };
    }
    // A newer file that still suits this program needs no step.
    Step::Apply(usize::try_from(version.clamp(0, PROGRAM)).unwrap_or(0))
}

const LEDGER: &str = include_str!("sql/ledger.sql");
const STATE: &str = include_str!("sql/ledger_state.sql");
const NOTE: &str = include_str!("sql/ledger_note.sql");
