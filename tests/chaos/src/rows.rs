//! Tampering: statements that no program of ours would send to its database.

use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

/// Runs SQL on the database at `path` and says how many rows changed.
///
/// # Panics
/// If it fails.
pub fn tamper(path: &Path, sql: &str) -> u64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let done = runtime.expect("a runtime can be made").block_on(async {
        let mut connection = SqliteConnectOptions::new().filename(path).connect().await?;
        let done = sqlx::query(AssertSqlSafe(sql)).execute(&mut connection).await?;
        connection.close().await?;
        Ok::<_, sqlx::Error>(done.rows_affected())
    });
    done.expect("the statement runs")
}

/// Does `work` while nobody else can write the database at `path`.
///
/// # Panics
/// If it cannot be locked.
pub fn locked<T>(path: &Path, work: impl FnOnce() -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime can be made");
    let connect = SqliteConnectOptions::new().filename(path);
    let mut connection = runtime.block_on(connect.connect()).expect("it opens");
    let begin = sqlx::query("BEGIN IMMEDIATE").execute(&mut connection);
    runtime.block_on(begin).expect("it is locked");
    let done = work();
    runtime.block_on(connection.close()).expect("it closes");
    done
}
