//! Why a store could not do what it was asked.

use core::error::Error;
use core::fmt;

/// What kind of trouble it is; decides what a caller can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// The store cannot be reached or is busy. Nothing was changed; asking again may help.
    Unavailable,
    /// The connection broke while a write was under way, so nobody knows whether it took effect.
    /// Asking again is safe: every verb is idempotent by token, revision or id.
    OutcomeUnknown,
    /// Another transaction was in the way: a deadlock, a serialization failure, a lock. Nothing was
    /// changed. Stores try again by themselves before they say this.
    Contended,
    /// There is no room: a full disk, a full table. Nothing was changed; asking again later may
    /// help.
    Full,
    /// The data were written by a program that this one does not understand.
    Incompatible,
    /// The data are damaged.
    Corrupt,
    /// The request can never succeed: a wrong address, a missing right, a bug.
    Backend,
}

/// Why a store could not do what it was asked.
#[derive(Debug)]
pub struct StoreError {
    kind: StoreErrorKind,
    message: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl StoreError {
    /// An error of this kind; the message names the value and says the way out.
    pub fn new(kind: StoreErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    /// The same error with the one that caused it.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What kind of trouble it is.
    pub fn kind(&self) -> StoreErrorKind {
        self.kind
    }

    /// Whether asking again may help.
    pub fn is_passing(&self) -> bool {
        use StoreErrorKind as K;
        matches!(self.kind, K::Unavailable | K::Contended | K::OutcomeUnknown | K::Full)
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.source.as_deref()?)
    }
}
