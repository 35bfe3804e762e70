//! A scheduler on any store, named by an address.

use std::path::Path;

use mainspring::{Builder, Scheduler};
use mainspring_contract::{StoreError, StoreErrorKind};
use mainspring_mysql::MysqlStore;
use mainspring_postgres::PostgresStore;
use mainspring_sqlite::SqliteStore;

/// Starts to describe a scheduler on the store at `url`: `sqlite:PATH`, `postgres://…` or
/// `mysql://…`.
///
/// # Errors
/// If the store cannot be opened.
pub async fn builder(url: &str) -> Result<Builder, StoreError> {
    match url.split_once(':') {
        Some(("mysql", _)) => Ok(Scheduler::builder(MysqlStore::open(url).await?)),
        Some(("postgres", _)) => Ok(Scheduler::builder(PostgresStore::open(url).await?)),
        Some(("sqlite", path)) => Ok(Scheduler::builder(SqliteStore::open(Path::new(path)).await?)),
        _ => {
            let message = format!("no store is known by the address `{url}`");
            Err(StoreError::new(StoreErrorKind::Backend, message))
        }
    }
}
