//! The runtime's one error type.

use core::fmt;

use mainspring_contract::{NameError, StoreError, TagsError};

use crate::trigger::TriggerError;

/// Why something could not be done.
///
/// Opaque on purpose: ask the predicates for what a program can act on, print the message and
/// the chain of sources for people.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    source: Option<Box<dyn core::error::Error + Send + Sync>>,
}

#[derive(Debug)]
enum Kind {
    Store,
    Conflict(String),
    Missing(String),
    Invalid(String),
    Failed(String),
}

impl Error {
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self { kind: Kind::Invalid(message.into()), source: None }
    }

    pub(crate) fn conflict(message: impl Into<String>) -> Self {
        Self { kind: Kind::Conflict(message.into()), source: None }
    }

    pub(crate) fn missing(message: impl Into<String>) -> Self {
        Self { kind: Kind::Missing(message.into()), source: None }
    }

    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self { kind: Kind::Failed(message.into()), source: None }
    }

    pub(crate) fn because(
        mut self,
        source: impl Into<Box<dyn core::error::Error + Send + Sync>>,
    ) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Whether the store failed: it cannot be reached, is full, damaged or too new.
    pub fn is_store(&self) -> bool {
        matches!(self.kind, Kind::Store)
    }

    /// Whether what there is already stands in the way: something of this name exists, or a
    /// schedule is paused where it was written down.
    pub fn is_conflict(&self) -> bool {
        matches!(self.kind, Kind::Conflict(_))
    }

    /// Whether there is nothing of this name.
    pub fn is_missing(&self) -> bool {
        matches!(self.kind, Kind::Missing(_))
    }

    /// Whether a job of which a result was wanted did not succeed.
    pub fn is_failed(&self) -> bool {
        matches!(self.kind, Kind::Failed(_))
    }

    /// Whether the request makes no sense: a bad name, a bad trigger, arguments that cannot be
    /// encoded.
    pub fn is_invalid(&self) -> bool {
        matches!(self.kind, Kind::Invalid(_))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.kind, &self.source) {
            (
                Kind::Conflict(text)
                | Kind::Missing(text)
                | Kind::Invalid(text)
                | Kind::Failed(text),
                _,
            ) => f.write_str(text),
            (Kind::Store, Some(source)) => write!(f, "the store failed: {source}"),
            (Kind::Store, None) => f.write_str("the store failed"),
        }
    }
}

impl core::error::Error for Error {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        // The store's own message is part of ours, so the chain goes on behind it.
        match self.kind {
            Kind::Store => self.source.as_deref()?.source(),
            _ => Some(self.source.as_deref()?),
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self { kind: Kind::Store, source: Some(error.into()) }
    }
}

impl From<NameError> for Error {
    fn from(error: NameError) -> Self {
        Self::invalid(error.to_string())
    }
}

impl From<TagsError> for Error {
    fn from(error: TagsError) -> Self {
        Self::invalid(error.to_string())
    }
}

impl From<TriggerError> for Error {
    fn from(error: TriggerError) -> Self {
        Self::invalid(error.to_string()).because(error)
    }
}
