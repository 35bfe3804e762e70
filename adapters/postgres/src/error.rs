//! What PostgreSQL's errors mean to a caller.

use mainspring_contract::{StoreError, StoreErrorKind as Kind};
use sqlx::Error;

/// Whether the connection is of no use any more, so that another one may be.
pub(crate) fn is_lost(error: &Error) -> bool {
    match error {
        Error::Io(_) | Error::Tls(_) | Error::Protocol(_) | Error::WorkerCrashed => true,
        // 57P01 to 57P05: shut down, crashed, starting, database dropped, idle for too long.
        // 25P03: idle in a transaction for too long. 08: connection exceptions.
        Error::Database(_) => code(error).is_some_and(|code| {
            code.starts_with("57P") || code.starts_with("08") || code == "25P03"
        }),
        _ => false,
    }
}

/// The error of a statement that was not a commit: nothing was changed.
pub(crate) fn of_statement(name: &str, error: Error) -> StoreError {
    of(name, error, Kind::Unavailable)
}

/// The error of connecting, or of beginning a transaction: nothing was changed.
pub(crate) fn of_connect(name: &str, error: Error) -> StoreError {
    if is_lost(&error) {
        let message = format!("cannot reach `{name}` (check that it runs, then ask again)");
        return StoreError::new(Kind::Unavailable, message).because(error);
    }
    of(name, error, Kind::Unavailable)
}

/// The error of a commit: after a lost connection nobody knows whether it took effect.
pub(crate) fn of_commit(name: &str, error: Error) -> StoreError {
    of(name, error, Kind::OutcomeUnknown)
}

/// The error of a user's transaction that does not see what was committed before each statement.
pub(crate) fn wrong_isolation(name: &str, isolation: &str) -> StoreError {
    StoreError::new(
        Kind::Backend,
        format!(
            "a transaction in `{name}` is {isolation}, so that it decides by what was there before \
             (begin it with ISOLATION LEVEL READ COMMITTED)"
        ),
    )
}

fn of(name: &str, error: Error, broken: Kind) -> StoreError {
    if is_lost(&error) {
        let message = format!("the connection to `{name}` broke (ask again)");
        return StoreError::new(broken, message).because(error);
    }
    // <https://www.postgresql.org/docs/current/errcodes-appendix.html>
    let (kind, message) = match (&error, code(&error).as_deref()) {
        // Serialization failure, deadlock, lock not available, a key that somebody else has written
        // since it was looked for, and what `sql/prove.sql` finds.
        (_, Some("40001" | "40P01" | "55P03" | "23505" | "22012")) => {
            (Kind::Contended, format!("another transaction in `{name}` was in the way (ask again)"))
        }
        // Cancelled by somebody, or by statement_timeout.
        (_, Some("57014")) => {
            (Kind::Unavailable, format!("a statement in `{name}` was cancelled (ask again)"))
        }
        (_, Some(code)) if code.starts_with("53") && code != "53300" => {
            (Kind::Full, format!("`{name}` has no room (free disk space or prune the history)"))
        }
        (_, Some("53300")) => (
            Kind::Unavailable,
            format!("`{name}` has no free connection (use fewer, or raise max_connections)"),
        ),
        // Not a superuser, or the wrong password.
        (_, Some(code)) if code.starts_with("28") => {
            (Kind::Backend, format!("`{name}` does not let this user in (check user and password)"))
        }
        (_, Some("3D000")) => {
            (Kind::Backend, format!("there is no database `{name}` (create it first)"))
        }
        (_, Some("42501")) => (
            Kind::Backend,
            format!("a right is missing in `{name}` (see the grants in mainspring-postgres)"),
        ),
        (_, Some("42P01" | "42703" | "3F000")) => {
            (Kind::Incompatible, format!("a table is missing in `{name}` (apply the migrations)"))
        }
        (_, Some("25006")) => (
            Kind::Unavailable,
            format!("`{name}` is read-only (it is a standby; connect to the primary)"),
        ),
        (_, Some("XX001" | "XX002")) => {
            (Kind::Corrupt, format!("`{name}` is damaged (restore it from a backup)"))
        }
        (Error::ColumnDecode { .. } | Error::Decode(_) | Error::ColumnNotFound(_), _) => (
            Kind::Corrupt,
            format!("`{name}` holds a value that does not fit (restore it from a backup)"),
        ),
        (Error::PoolClosed, _) => {
            (Kind::Backend, format!("the store `{name}` is closed (open it again)"))
        }
        (Error::PoolTimedOut, _) => (
            Kind::Unavailable,
            format!("`{name}` cannot be reached (check that it runs, then ask again)"),
        ),
        _ => (
            Kind::Backend,
            format!("`{name}` refused a statement (another program may have changed its tables)"),
        ),
    };
    StoreError::new(kind, message).because(error)
}

/// The five characters of SQLSTATE.
fn code(error: &Error) -> Option<String> {
    Some(error.as_database_error()?.code()?.into_owned())
}
