//! Brings a database's tables up to this program's schema.
//!
//! Migrations only go forward. Each is noted in a table of our own together with the oldest schema
//! version whose programs can still use the tables afterwards, so that nodes can be updated one by
//! one, and a program that is too old says so instead of guessing.
//!
//! The server commits after every statement that defines something. So a step is made of statements
//! that may run again, and it is noted after the last of them: a node that dies half way leaves
//! work for the next one, and nothing that is in its way. A lock of the server keeps nodes that
//! start at once from doing the same work; should it be lost, that is all that happens.
//!
//! [`MysqlStore::open_with`](crate::MysqlStore::open_with) applies what is missing, unless the
//! [options](crate::Options::migrate) say otherwise. Where the program's own user may not change
//! tables, its owner runs [`apply`], or what [`plan`] prints.

use mainspring_contract::{StoreError, StoreErrorKind};
use mainspring_sql::Prefix;
use mainspring_sql::column::Columns;
use mainspring_sql::migration::{Applied, Migration, Migrations};
use sqlx::{AssertSqlSafe, Connection, MySqlConnection};

use crate::error;
use crate::options::Options;
use crate::row::Cols;
use crate::server;
use crate::statements::Text;

/// Every step; the first makes version 1.
const MIGRATIONS: Migrations = Migrations(&[
    Migration {
        name: "initial",
        min_program: 1,
        sql: include_str!("sql/migrations/0001_initial.sql"),
    },
    Migration { name: "nodes", min_program: 1, sql: include_str!("sql/migrations/0002_nodes.sql") },
]);

/// A step that a database still needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The schema version that it leads to.
    pub version: i64,
    /// What it is about.
    pub name: &'static str,
    /// The oldest schema version whose programs can use the tables afterwards: those of before have
    /// to be stopped first.
    pub min_program: i64,
    /// Its statements, with this prefix, to be read or to be run by hand. They note the step in the
    /// table of migrations, too.
    pub sql: String,
}

/// Which steps a database still needs; none, if it suits this program. Nothing is changed.
///
/// # Errors
/// [`Incompatible`](StoreErrorKind::Incompatible) if a newer program has changed the tables so that
/// this one must not use them, and whatever is in the way of connecting.
pub async fn plan(options: &Options) -> Result<Vec<Step>, StoreError> {
    let mut database = Database::connect(options).await?;
    let steps = database.missing().await;
    database.close().await;
    steps
}

/// Applies what a database still needs; which steps that was.
///
/// # Errors
/// As for [`plan`]; [`Backend`](StoreErrorKind::Backend) also if the user may not make tables.
pub async fn apply(options: &Options) -> Result<Vec<Step>, StoreError> {
    let mut database = Database::connect(options).await?;
    let steps = database.apply().await;
    database.close().await;
    steps
}

/// Whether a database suits this program as it is.
///
/// # Errors
/// [`Incompatible`](StoreErrorKind::Incompatible) if it does not, either way.
pub async fn check(options: &Options) -> Result<(), StoreError> {
    let mut database = Database::connect(options).await?;
    let checked = database.check().await;
    database.close().await;
    checked
}

/// A connection of its own, because the lock goes with it.
struct Database {
    connection: MySqlConnection,
    prefix: Prefix,
    name: String,
}

impl Database {
    async fn connect(options: &Options) -> Result<Self, StoreError> {
        let (connections, name) = options.connections()?;
        let connected = connections.connect().await;
        let (connection, greeting) = connected.map_err(|why| error::of_statement(&name, why))?;
        server::check(&greeting.version, &name)?;
        Ok(Self { connection, prefix: options.prefix.clone(), name })
    }

    /// Says goodbye; the work is done or has failed by now.
    async fn close(self) {
        drop(self.connection.close().await);
    }

    async fn check(&mut self) -> Result<(), StoreError> {
        MIGRATIONS.check(self.applied().await?, &self.name)
    }

    async fn apply(&mut self) -> Result<Vec<Step>, StoreError> {
        // Most of the time there is nothing to do, and nothing is to be locked for that.
        if self.missing().await?.is_empty() {
            return Ok(Vec::new());
        }
        self.lock().await?;
        // Somebody else may have done it all while this node waited for the lock.
        let steps = self.missing().await?;
        for step in &steps {
            for statement in step.sql.split(";\n").map(str::trim).filter(|sql| !sql.is_empty()) {
                let statement = sqlx::raw_sql(AssertSqlSafe(statement.to_owned()));
                let done = statement.execute(&mut self.connection).await;
                done.map_err(|why| error::of_statement(&self.name, why))?;
            }
        }
        Ok(steps)
    }

    async fn lock(&mut self) -> Result<(), StoreError> {
        let statement = sqlx::query(LEDGER_LOCK).bind(self.prefix.as_str()).bind(LOCK_WAIT_SECS);
        let row = statement.fetch_one(&mut self.connection).await;
        let row = row.map_err(|why| error::of_statement(&self.name, why))?;
        if Cols(&row).int("locked").ok().flatten() == Some(1) {
            return Ok(());
        }
        let message = format!(
            "another program has been changing the tables of `{}` for {LOCK_WAIT_SECS} s (ask \
             again)",
            self.name
        );
        Err(StoreError::new(StoreErrorKind::Unavailable, message))
    }

    async fn missing(&mut self) -> Result<Vec<Step>, StoreError> {
        let applied = self.applied().await?;
        let steps = MIGRATIONS.plan(applied, &self.name)?;
        Ok(steps.map(|(version, migration)| step(version, migration, &self.prefix)).collect())
    }

    /// What the database's own list of migrations says.
    async fn applied(&mut self) -> Result<Applied, StoreError> {
        if self.number(LEDGER_THERE, "there").await? == 0 {
            return Ok(Applied { version: 0, min_program: 0 });
        }
        Ok(Applied {
            version: self.number(LEDGER_STATE, "version").await?,
            min_program: self.number(LEDGER_STATE, "min_program").await?,
        })
    }

    async fn number(&mut self, sql: &str, column: &str) -> Result<i64, StoreError> {
        let sql = AssertSqlSafe(self.prefix.render(sql));
        let row = sqlx::raw_sql(sql).fetch_one(&mut self.connection).await;
        let row = row.map_err(|why| error::of_statement(&self.name, why))?;
        let number = Cols(&row).int(column).map_err(|why| error::of_row(&self.name, &why))?;
        Ok(number.unwrap_or(0))
    }
}

fn step(version: i64, migration: &Migration, prefix: &Prefix) -> Step {
    let Migration { name, min_program, sql } = *migration;
    let note = Text::new(LEDGER_NOTE, prefix).with(&[
        (":version", &version.to_string()),
        (":name", name),
        (":min_program", &min_program.to_string()),
    ]);
    let (ledger, sql) = (Text::new(LEDGER, prefix), Text::new(sql, prefix));
    let sql = format!("{};\n\n{};\n\n{note};\n", ledger.as_str(), sql.as_str());
    Step { version, name, min_program, sql }
}

/// How long a node waits for another one that changes the tables, in seconds.
const LOCK_WAIT_SECS: i64 = 60;
const LEDGER: &str = include_str!("sql/ledger.sql");
const LEDGER_THERE: &str = include_str!("sql/ledger_there.sql");
const LEDGER_STATE: &str = include_str!("sql/ledger_state.sql");
const LEDGER_NOTE: &str = include_str!("sql/ledger_note.sql");
const LEDGER_LOCK: &str = include_str!("sql/ledger_lock.sql");
