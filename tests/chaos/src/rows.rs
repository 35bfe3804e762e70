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
