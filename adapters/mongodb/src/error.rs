//! What errors of MongoDB mean to a caller.

use mainspring_contract::{StoreError, StoreErrorKind as Kind};
use mongodb::error::{
    Error, ErrorKind, TRANSIENT_TRANSACTION_ERROR, UNKNOWN_TRANSACTION_COMMIT_RESULT, WriteFailure,
};

/// Error codes that mean something of their own to us:
/// <https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml>.
pub(crate) mod code {
    pub(crate) const UNAUTHORIZED: i32 = 13;
    pub(crate) const AUTHENTICATION_FAILED: i32 = 18;
    pub(crate) const ILLEGAL_OPERATION: i32 = 20;
    pub(crate) const LOCK_TIMEOUT: i32 = 24;
    pub(crate) const NAMESPACE_NOT_FOUND: i32 = 26;
    pub(crate) const NAMESPACE_EXISTS: i32 = 48;
    pub(crate) const MAX_TIME_EXPIRED: i32 = 50;
    pub(crate) const WRITE_CONFLICT: i32 = 112;
    pub(crate) const SNAPSHOT_TOO_OLD: i32 = 239;
    pub(crate) const SNAPSHOT_UNAVAILABLE: i32 = 246;
    pub(crate) const NO_SUCH_TRANSACTION: i32 = 251;
    pub(crate) const TRANSACTION_TOO_LARGE: i32 = 388;
    pub(crate) const TOO_LARGE_BY_CLIENT: i32 = 2;
    pub(crate) const TOO_LARGE: i32 = 10334;
    pub(crate) const INTERRUPTED: i32 = 11601;
    pub(crate) const DUPLICATE_KEY: i32 = 11000;
    pub(crate) const OUT_OF_DISK_SPACE: i32 = 14031;
    pub(crate) const KEY_TOO_LARGE: i32 = 17280;
    pub(crate) const OPERATION_TOO_LARGE: i32 = 17419;

    /// The server is on its way down or up, or another one has become the primary.
    pub(super) const MOVING: [i32; 12] =
        [6, 7, 89, 91, 134, 189, 9001, 10107, 11600, 11602, 13435, 13436];
}

/// The error of an operation that is not a commit: nothing was changed.
pub(crate) fn of_statement(name: &str, error: Error) -> StoreError {
    of(name, error, Kind::Unavailable)
}

/// The error of a commit: if the answer was lost, it may have worked.
pub(crate) fn of_commit(name: &str, error: Error) -> StoreError {
    if error.contains_label(TRANSIENT_TRANSACTION_ERROR) && !is_lost(&error) {
        return contended(name).because(error);
    }
    if error.contains_label(UNKNOWN_TRANSACTION_COMMIT_RESULT) || is_lost(&error) {
        let message = format!("nobody knows whether `{name}` committed (ask again)");
        return StoreError::new(Kind::OutcomeUnknown, message).because(error);
    }
    of(name, error, Kind::OutcomeUnknown)
}

/// The error of a write that the server answered with this code.
pub(crate) fn of_code(name: &str, code: i32, said: &str) -> StoreError {
    let (kind, message) = of_number(name, code);
    StoreError::new(kind, message).because(format!("code {code}: {said}"))
}

/// Another transaction has changed what this one wants to write.
pub(crate) fn contended(name: &str) -> StoreError {
    let message = format!("another transaction in `{name}` was in the way (ask again)");
    StoreError::new(Kind::Contended, message)
}

/// A record is longer than any server takes.
pub(crate) fn too_long(name: &str) -> StoreError {
    let (kind, message) = of_number(name, code::TOO_LARGE);
    StoreError::new(kind, message)
}

/// A record that has to be readable and is not: `what` names it.
pub(crate) fn unreadable(name: &str, what: &str) -> StoreError {
    let message = format!("`{name}` cannot be read: {what} (restore it from a backup)");
    StoreError::new(Kind::Corrupt, message)
}

/// Whether the connection is of no use any more, so that another one may be.
pub(crate) fn is_lost(error: &Error) -> bool {
    match &*error.kind {
        ErrorKind::Io(_)
        | ErrorKind::ConnectionPoolCleared { .. }
        | ErrorKind::ServerSelection { .. }
        | ErrorKind::DnsResolve { .. } => true,
        _ => code_of(error).is_some_and(|code| code::MOVING.contains(&code)),
    }
}

/// Whether another transaction was in the way.
pub(crate) fn is_conflict(error: &Error) -> bool {
    code_of(error) == Some(code::WRITE_CONFLICT)
}

/// The server's code.
pub(crate) fn code_of(error: &Error) -> Option<i32> {
    match &*error.kind {
        ErrorKind::Command(error) => Some(error.code),
        ErrorKind::Write(WriteFailure::WriteError(error)) => Some(error.code),
        ErrorKind::Write(WriteFailure::WriteConcernError(error)) => Some(error.code),
        ErrorKind::InsertMany(error) => {
            let writes = error.write_errors.as_ref().and_then(|errors| errors.first());
            let concern = error.write_concern_error.as_ref();
            writes.map(|error| error.code).or_else(|| concern.map(|error| error.code))
        }
        _ => None,
    }
}

fn of(name: &str, error: Error, broken: Kind) -> StoreError {
    if is_lost(&error) {
        let message = format!("`{name}` cannot be reached, or has no primary now (ask again)");
        return StoreError::new(broken, message).because(error);
    }
    let (kind, message) = match code_of(&error) {
        Some(number) => of_number(name, number),
        None if error.contains_label(TRANSIENT_TRANSACTION_ERROR) => {
            return contended(name).because(error);
        }
        None => of_client(name, &error),
    };
    StoreError::new(kind, message).because(error)
}

fn of_number(name: &str, number: i32) -> (Kind, String) {
    use code as c;
    match number {
        // A duplicate key that nobody expected was written by another transaction just now.
        c::WRITE_CONFLICT
        | c::DUPLICATE_KEY
        | c::LOCK_TIMEOUT
        | c::SNAPSHOT_TOO_OLD
        | c::SNAPSHOT_UNAVAILABLE
        | c::NO_SUCH_TRANSACTION => {
            (Kind::Contended, format!("another transaction in `{name}` was in the way (ask again)"))
        }
        c::MAX_TIME_EXPIRED | c::INTERRUPTED => {
            (Kind::Unavailable, format!("an operation in `{name}` was cancelled (ask again)"))
        }
        c::OUT_OF_DISK_SPACE => {
            (Kind::Full, format!("`{name}` has no room (free disk space or prune the history)"))
        }
        c::AUTHENTICATION_FAILED => {
            (Kind::Backend, format!("`{name}` does not let this user in (check user and password)"))
        }
        c::UNAUTHORIZED => (
            Kind::Backend,
            format!("a right is missing in `{name}` (see the rights in mainspring-mongodb)"),
        ),
        c::TRANSACTION_TOO_LARGE => (
            Kind::Backend,
            format!(
                "`{name}` has no cache for so much in one transaction (ask for less at a time, or \
                 raise its cache)"
            ),
        ),
        c::ILLEGAL_OPERATION => (Kind::Incompatible, crate::server::standalone(name)),
        c::NAMESPACE_NOT_FOUND => (
            Kind::Incompatible,
            format!("a collection is missing in `{name}` (apply the migrations)"),
        ),
        c::TOO_LARGE | c::TOO_LARGE_BY_CLIENT | c::OPERATION_TOO_LARGE | c::KEY_TOO_LARGE => (
            Kind::Backend,
            format!("a record is longer than the 16 MB that `{name}` takes (make it shorter)"),
        ),
        _ => (
            Kind::Backend,
            format!(
                "`{name}` refused an operation (another program may have changed its collections)"
            ),
        ),
    }
}

fn of_client(name: &str, error: &Error) -> (Kind, String) {
    match &*error.kind {
        ErrorKind::Authentication { .. } => {
            (Kind::Backend, format!("`{name}` does not let this user in (check user and password)"))
        }
        ErrorKind::SessionsNotSupported => (Kind::Incompatible, crate::server::standalone(name)),
        _ => (Kind::Backend, format!("`{name}` cannot be used (check its address)")),
    }
}
