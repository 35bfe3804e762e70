//! What errors of MySQL and MariaDB mean to a caller.

use mainspring_contract::{StoreError, StoreErrorKind as Kind};
use mainspring_sql::column::Unreadable;
use sqlx::Error;
use sqlx::mysql::MySqlDatabaseError;

/// Error numbers that mean something of their own to us. MySQL's list:
/// <https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html>, MariaDB's:
/// <https://mariadb.com/kb/en/mariadb-error-codes/>.
mod number {
    pub(super) const DISK_FULL: u16 = 1021;
    pub(super) const CHANGED_SINCE: u16 = 1020;
    pub(super) const OUT_OF_MEMORY: u16 = 1038;
    pub(super) const TOO_MANY_CONNECTIONS: u16 = 1040;
    pub(super) const DATABASE_DENIED: u16 = 1044;
    pub(super) const USER_DENIED: u16 = 1045;
    pub(super) const NOT_READY: u16 = 1047;
    pub(super) const NO_DATABASE: u16 = 1049;
    pub(super) const SERVER_SHUTDOWN: u16 = 1053;
    pub(super) const NO_COLUMN: u16 = 1054;
    pub(super) const DUPLICATE: u16 = 1062;
    pub(super) const NORMAL_SHUTDOWN: u16 = 1077;
    pub(super) const TABLE_FULL: u16 = 1114;
    pub(super) const TABLE_DENIED: u16 = 1142;
    pub(super) const COLUMN_DENIED: u16 = 1143;
    pub(super) const NO_TABLE: u16 = 1146;
    pub(super) const PACKET_TOO_LARGE: u16 = 1153;
    pub(super) const CRASHED_TABLE: u16 = 1194;
    pub(super) const TOO_MANY_OF_USER: u16 = 1203;
    pub(super) const LOCK_WAIT: u16 = 1205;
    pub(super) const DEADLOCK: u16 = 1213;
    pub(super) const RIGHT_MISSING: u16 = 1227;
    pub(super) const READ_ONLY: u16 = 1290;
    pub(super) const INTERRUPTED: u16 = 1317;
    pub(super) const NOT_LOGGABLE: u16 = 1665;
    pub(super) const READ_ONLY_MODE: u16 = 1836;
    pub(super) const CONNECTION_KILLED: u16 = 1927;
    pub(super) const STATEMENT_TIMEOUT_MARIADB: u16 = 1969;
    pub(super) const STATEMENT_TIMEOUT: u16 = 3024;
    pub(super) const PACKET_TOO_LARGE_MYSQL: u16 = 3065;
    pub(super) const LOCKED_NOW: u16 = 3572;
    pub(super) const IDLE_TOO_LONG: u16 = 4031;
}

/// Whether the connection is of no use any more, so that another one may be.
pub(crate) fn is_lost(error: &Error) -> bool {
    match error {
        Error::Io(_) | Error::Tls(_) | Error::Protocol(_) | Error::WorkerCrashed => true,
        _ => matches!(
            number_of(error),
            Some(
                number::SERVER_SHUTDOWN
                    | number::NORMAL_SHUTDOWN
                    | number::CONNECTION_KILLED
                    | number::IDLE_TOO_LONG
            )
        ),
    }
}

/// Whether a row of this key is there by now.
pub(crate) fn is_duplicate(error: &Error) -> bool {
    number_of(error) == Some(number::DUPLICATE)
}

/// The error of a statement that was not a commit: nothing was changed.
pub(crate) fn of_statement(name: &str, error: Error) -> StoreError {
    of(name, error, Kind::Unavailable)
}

/// The error of a commit: after a lost connection nobody knows whether it took effect.
pub(crate) fn of_commit(name: &str, error: Error) -> StoreError {
    of(name, error, Kind::OutcomeUnknown)
}

/// The error of a row that has to be readable and is not.
pub(crate) fn of_row(name: &str, why: &Unreadable) -> StoreError {
    let message = format!("`{name}` cannot be read: {why} (restore it from a backup)");
    StoreError::new(Kind::Corrupt, message)
}

/// The error of a record that is too long to be sent: `what` names it.
pub(crate) fn too_long(name: &str, what: &str, bytes: usize, max_packet: usize) -> StoreError {
    StoreError::new(
        Kind::Backend,
        format!(
            "{what} has {bytes} bytes, more than `{name}` takes in a packet of {max_packet} (raise \
             max_allowed_packet)"
        ),
    )
}

/// The error of a user's transaction that does not see what was committed before each statement.
pub(crate) fn wrong_isolation(name: &str, isolation: &str) -> StoreError {
    StoreError::new(
        Kind::Backend,
        format!(
            "a session of `{name}` is {isolation}, so that its transactions decide by what was \
             there before (run SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED before the \
             transaction begins)"
        ),
    )
}

fn of(name: &str, error: Error, broken: Kind) -> StoreError {
    if is_lost(&error) {
        let message = format!("the connection to `{name}` broke (ask again)");
        return StoreError::new(broken, message).because(error);
    }
    let (kind, message) = match number_of(&error) {
        Some(number) => of_number(name, number),
        None => of_client(name, &error),
    };
    StoreError::new(kind, message).because(error)
}

fn of_number(name: &str, code: u16) -> (Kind, String) {
    use number as n;
    match code {
        // A duplicate key that nobody expected was written by another transaction just now.
        n::DEADLOCK | n::LOCK_WAIT | n::LOCKED_NOW | n::CHANGED_SINCE | n::DUPLICATE => {
            (Kind::Contended, format!("another transaction in `{name}` was in the way (ask again)"))
        }
        n::INTERRUPTED | n::STATEMENT_TIMEOUT | n::STATEMENT_TIMEOUT_MARIADB => {
            (Kind::Unavailable, format!("a statement in `{name}` was cancelled (ask again)"))
        }
        n::TOO_MANY_CONNECTIONS | n::TOO_MANY_OF_USER => (
            Kind::Unavailable,
            format!("`{name}` has no free connection (use fewer, or raise max_connections)"),
        ),
        n::NOT_READY => {
            (Kind::Unavailable, format!("`{name}` is not part of its cluster (ask again)"))
        }
        n::READ_ONLY | n::READ_ONLY_MODE => (
            Kind::Unavailable,
            format!("`{name}` is read-only (if it is a replica, connect to its primary)"),
        ),
        n::DISK_FULL | n::TABLE_FULL | n::OUT_OF_MEMORY => {
            (Kind::Full, format!("`{name}` has no room (free disk space or prune the history)"))
        }
        n::USER_DENIED => {
            (Kind::Backend, format!("`{name}` does not let this user in (check user and password)"))
        }
        n::NO_DATABASE => {
            (Kind::Backend, format!("there is no database `{name}` (create it first)"))
        }
        n::DATABASE_DENIED | n::TABLE_DENIED | n::COLUMN_DENIED | n::RIGHT_MISSING => (
            Kind::Backend,
            format!("a right is missing in `{name}` (see the grants in mainspring-mysql)"),
        ),
        n::NO_TABLE | n::NO_COLUMN => {
            (Kind::Incompatible, format!("a table is missing in `{name}` (apply the migrations)"))
        }
        n::PACKET_TOO_LARGE | n::PACKET_TOO_LARGE_MYSQL => (
            Kind::Backend,
            format!("a record is longer than `{name}` takes (raise max_allowed_packet)"),
        ),
        n::NOT_LOGGABLE => {
            (Kind::Backend, format!("`{name}` logs statements (set binlog_format to ROW or MIXED)"))
        }
        n::CRASHED_TABLE => {
            (Kind::Corrupt, format!("`{name}` is damaged (restore it from a backup)"))
        }
        _ => (
            Kind::Backend,
            format!("`{name}` refused a statement (another program may have changed its tables)"),
        ),
    }
}

fn of_client(name: &str, error: &Error) -> (Kind, String) {
    match error {
        Error::ColumnDecode { .. } | Error::Decode(_) | Error::ColumnNotFound(_) => (
            Kind::Corrupt,
            format!("`{name}` holds a value that does not fit (restore it from a backup)"),
        ),
        Error::PoolClosed => {
            (Kind::Backend, format!("the store `{name}` is closed (open it again)"))
        }
        _ => (Kind::Backend, format!("`{name}` cannot be used (check its address)")),
    }
}

fn number_of(error: &Error) -> Option<u16> {
    let error = error.as_database_error()?.try_downcast_ref::<MySqlDatabaseError>()?;
    Some(error.number())
}
