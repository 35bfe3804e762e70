//! A scheduler on any store, named by an address.

use std::path::Path;

use mainspring::{Builder, Scheduler};
use mainspring_contract::{StoreError, StoreErrorKind};
use mainspring_sqlite::SqliteStore;

/// Starts to describe a scheduler on the store at `url`: `sqlite:PATH`.
///
/// # Errors
/// If the store cannot be opened.
pub async fn builder(url: &str) -> Result<Builder, StoreError> {
    match url.split_once(':') {
        Some(("sqlite", path)) => Ok(Scheduler::builder(SqliteStore::open(Path::new(path)).await?)),
        _ => {
            let message = format!("no store is known by the address `{url}`");
            Err(StoreError::new(StoreErrorKind::Backend, message))
        }
    }
}
