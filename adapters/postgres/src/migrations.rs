//! Brings a database's tables up to this program's schema.
//!
//! Migrations only go forward. Each is noted in a table of our own together with the oldest schema
//! version whose programs can still use the tables afterwards, so that nodes can be updated one by
//! one, and a program that is too old says so instead of guessing. All of it is one transaction
//! under an advisory lock, so that two nodes that start at once do not collide.
//!
//! [`PostgresStore::open_with`](crate::PostgresStore::open_with) applies what is missing, unless
//! the [options](crate::Options::migrate) say otherwise. Where the program's own user may not
//! change tables, its owner runs [`apply`], or what [`plan`] prints.

use mainspring_contract::{StoreError, StoreErrorKind};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, Row};

use crate::error;
use crate::options::Options;
use crate::statements::Names;

/// One step from a schema version to the next.
struct Migration {
    /// What the step is about.
    name: &'static str,
    /// The oldest schema version whose programs can use the tables after this step.
    min_program: i32,
    /// The step.
    sql: &'static str,
}

/// Every step; the first makes version 1.
const MIGRATIONS: [Migration; PROGRAM as usize] = [
    Migration {
        name: "initial",
        min_program: 1,
        sql: include_str!("sql/migrations/0001_initial.sql"),
    },
    Migration { name: "nodes", min_program: 1, sql: include_str!("sql/migrations/0002_nodes.sql") },
];

/// The schema version of this program.
const PROGRAM: i32 = 2;

/// A step that a database still needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The schema version that it leads to.
    pub version: i32,
    /// What it is about.
    pub name: &'static str,
    /// The oldest schema version whose programs can use the tables afterwards: those of before have
    /// to be stopped first.
    pub min_program: i32,
    /// Its statements, with this schema and prefix, to be read or to be run by hand. They note the
    /// step in the table of migrations, too.
    pub sql: String,
}

/// Which steps a database still needs; none, if it suits this program. Nothing is changed.
///
/// # Errors
/// [`Incompatible`](StoreErrorKind::Incompatible) if a newer program has changed the tables so that
/// this one must not use them, and whatever is in the way of connecting.
pub async fn plan(options: &Options) -> Result<Vec<Step>, StoreError> {
    let (mut connection, names, name) = connect(options).await?;
    let steps = missing(&mut connection, &names, &name).await;
    close(connection).await;
    steps
}

/// Applies what a database still needs; which steps that was.
///
/// # Errors
/// As for [`plan`]; [`Backend`](StoreErrorKind::Backend) also if the user may not make tables. Then
/// nothing was changed.
pub async fn apply(options: &Options) -> Result<Vec<Step>, StoreError> {
    let (mut connection, names, name) = connect(options).await?;
    let steps = apply_on(&mut connection, &names, &name).await;
    close(connection).await;
    steps
}

/// Whether a database suits this program as it is.
///
/// # Errors
/// [`Incompatible`](StoreErrorKind::Incompatible) if it does not, either way.
pub async fn check(options: &Options) -> Result<(), StoreError> {
    let (mut connection, names, name) = connect(options).await?;
    let checked = check_on(&mut connection, &names, &name).await;
    close(connection).await;
    checked
}

/// Connects, and finds out where the tables are.
pub(crate) async fn connect(
    options: &Options,
) -> Result<(PgConnection, Names, String), StoreError> {
    let (connect, name) = options.connect()?;
    let of = |error| error::of_connect(&name, error);
    let mut connection = connect.connect().await.map_err(of)?;
    let names = match &options.schema {
        Some(schema) => options.names(schema)?,
        None => {
            let row = sqlx::query("SELECT current_schema()::text").fetch_one(&mut connection);
            let schema: Option<String> = row.await.and_then(|row| row.try_get(0)).map_err(of)?;
            let schema = schema.ok_or_else(|| {
                let message = format!(
                    "no schema of the search path exists in `{name}` (name one in the options)"
                );
                StoreError::new(StoreErrorKind::Backend, message)
            })?;
            options.names(&schema)?
        }
    };
    Ok((connection, names, name))
}

/// Says goodbye; the work is done or has failed by now.
pub(crate) async fn close(connection: PgConnection) {
    drop(connection.close().await);
}

/// Applies what is missing, in one transaction.
pub(crate) async fn apply_on(
    connection: &mut PgConnection,
    names: &Names,
    name: &str,
) -> Result<Vec<Step>, StoreError> {
    // Most of the time there is nothing to do, and nothing is to be locked for that.
    if let Ok(steps) = missing(connection, names, name).await
        && steps.is_empty()
    {
        return Ok(steps);
    }
    let of = |error| error::of_statement(name, error);
    let mut tx = connection.begin().await.map_err(of)?;
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))")
        .bind(format!("mainspring {}.{}", names.schema, names.prefix))
        .execute(&mut *tx)
        .await
        .map_err(of)?;
    let found = sqlx::query("SELECT to_regnamespace($1) IS NOT NULL")
        .bind(format!("\"{}\"", names.schema))
        .fetch_one(&mut *tx)
        .await
        .and_then(|row| row.try_get::<bool, _>(0));
    if !found.map_err(of)? {
        run(&mut tx, format!("CREATE SCHEMA \"{}\"", names.schema)).await.map_err(of)?;
    }
    // Somebody else may have done it all while this node waited for the lock.
    let steps = missing(&mut tx, names, name).await?;
    for step in &steps {
        run(&mut tx, step.sql.clone()).await.map_err(of)?;
    }
    tx.commit().await.map_err(|error| error::of_commit(name, error))?;
    Ok(steps)
}

/// Whether everything is there.
pub(crate) async fn check_on(
    connection: &mut PgConnection,
    names: &Names,
    name: &str,
) -> Result<(), StoreError> {
    let steps = missing(connection, names, name).await?;
    let Some(first) = steps.first() else { return Ok(()) };
    let message = format!(
        "the tables in `{name}` have schema version {}, and this program needs {PROGRAM} (apply \
         the migrations)",
        first.version - 1
    );
    Err(StoreError::new(StoreErrorKind::Incompatible, message))
}

/// The steps that have not been taken.
async fn missing(
    connection: &mut PgConnection,
    names: &Names,
    name: &str,
) -> Result<Vec<Step>, StoreError> {
    let (version, min_program) =
        state(&mut *connection, names).await.map_err(|error| error::of_statement(name, error))?;
    if min_program > PROGRAM {
        let message = format!(
            "the tables in `{name}` have schema version {version}, which needs a program of schema \
             version {min_program} or later; this program has {PROGRAM} (update this program, or \
             name another schema)"
        );
        return Err(StoreError::new(StoreErrorKind::Incompatible, message));
    }
    // Newer tables that still suit this program need no step.
    let taken = usize::try_from(version.max(0)).unwrap_or(0);
    let steps = (1_i32..).zip(&MIGRATIONS).skip(taken).map(|(version, migration)| Step {
        version,
        name: migration.name,
        min_program: migration.min_program,
        sql: names.render(&format!(
            "{LEDGER};\n\n{}\nINSERT INTO schema.mainspring_migrations \
             (version, name, min_program)\nVALUES ({version}, '{}', {});\n",
            migration.sql, migration.name, migration.min_program
        )),
    });
    Ok(steps.collect())
}

/// The version of the tables, and of the oldest program that can use them.
async fn state(connection: &mut PgConnection, names: &Names) -> Result<(i32, i32), sqlx::Error> {
    let ledger = names.render("schema.mainspring_migrations");
    let row = sqlx::query("SELECT to_regclass($1) IS NOT NULL")
        .bind(ledger)
        .fetch_one(&mut *connection)
        .await?;
    if !row.try_get::<bool, _>(0)? {
        return Ok((0, 0));
    }
    let row = sqlx::query(AssertSqlSafe(names.render(LEDGER_STATE))).fetch_one(connection).await?;
    Ok((row.try_get(0)?, row.try_get(1)?))
}

async fn run(connection: &mut PgConnection, sql: String) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await?;
    Ok(())
}

const LEDGER: &str = include_str!("sql/ledger.sql");
const LEDGER_STATE: &str = include_str!("sql/ledger_state.sql");
