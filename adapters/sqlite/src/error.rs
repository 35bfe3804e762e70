//! What SQLite's errors mean to a caller.

use std::path::Path;

use mainspring_contract::{StoreError, StoreErrorKind as Kind};
use sqlx::Error;

/// SQLite's primary result codes that mean something of their own to us
/// (<https://www.sqlite.org/rescode.html>).
mod code {
    pub(super) const PERM: i32 = 3;
    pub(super) const BUSY: i32 = 5;
    pub(super) const LOCKED: i32 = 6;
    pub(super) const READONLY: i32 = 8;
    pub(super) const IOERR: i32 = 10;
    pub(super) const CORRUPT: i32 = 11;
    pub(super) const FULL: i32 = 13;
    pub(super) const CANTOPEN: i32 = 14;
    pub(super) const AUTH: i32 = 23;
    pub(super) const NOTADB: i32 = 26;
}

/// Whether somebody else holds a lock, so that another attempt may help.
pub(crate) fn is_busy(error: &Error) -> bool {
    matches!(primary_code(error), Some(code::BUSY | code::LOCKED))
}

/// The error of a statement that was not a commit: nothing was changed.
pub(crate) fn of_statement(path: &Path, error: Error) -> StoreError {
    of(path, error, Kind::Unavailable)
}

/// The error of a commit: after a lost connection or a failed write nobody knows what the file
/// holds.
pub(crate) fn of_commit(path: &Path, error: Error) -> StoreError {
    of(path, error, Kind::OutcomeUnknown)
}

fn of(path: &Path, error: Error, broken: Kind) -> StoreError {
    let path = path.display();
    let (kind, message) = match (&error, primary_code(&error)) {
        (_, Some(code::BUSY | code::LOCKED)) => (
            Kind::Unavailable,
            format!("`{path}` is locked by another process's write (ask again)"),
        ),
        (_, Some(code::FULL)) => {
            (Kind::Full, format!("no room for `{path}` (free disk space or prune the history)"))
        }
        (_, Some(code::READONLY)) => {
            (Kind::Backend, format!("`{path}` is read-only (give this user the right to write it)"))
        }
        (_, Some(code::CANTOPEN | code::PERM | code::AUTH)) => (
            Kind::Backend,
            format!("cannot open `{path}` (name a file in a folder that this user may write)"),
        ),
        (_, Some(code::NOTADB)) => {
            (Kind::Backend, format!("`{path}` is not an SQLite database (name another file)"))
        }
        (_, Some(code::CORRUPT)) => (
            Kind::Corrupt,
            format!("`{path}` is damaged (restore it from a backup, or try `sqlite3 … .recover`)"),
        ),
        (_, Some(code::IOERR)) => {
            (broken, format!("reading or writing `{path}` failed (check its disk, then ask again)"))
        }
        (Error::WorkerCrashed, _) => {
            (broken, format!("the connection to `{path}` broke (ask again)"))
        }
        (Error::ColumnDecode { .. } | Error::Decode(_) | Error::ColumnNotFound(_), _) => (
            Kind::Corrupt,
            format!("`{path}` holds a value that does not fit (restore it from a backup)"),
        ),
        (Error::PoolClosed, _) => {
            (Kind::Backend, format!("the store `{path}` is closed (open it again)"))
        }
        _ => (
            Kind::Backend,
            format!("`{path}` refused a statement (another program may have changed its tables)"),
        ),
    };
    StoreError::new(kind, message).because(error)
}

/// SQLite's result code without its extension.
fn primary_code(error: &Error) -> Option<i32> {
    let code: i32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}
