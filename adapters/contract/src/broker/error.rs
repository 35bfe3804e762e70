//! Why a broker could not do what it was asked.

use core::error::Error;
use core::fmt;

/// Why a broker cannot be reached, or no longer. It is tried again, whatever the reason.
#[derive(Debug)]
pub struct BrokerError {
    message: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl BrokerError {
    /// An error; the message names the value and says the way out, and holds no password.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), source: None }
    }

    /// The same error with the one that caused it.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

/// The message and, behind it, what caused it.
impl fmt::Display for BrokerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.source.as_ref().map_or(Ok(()), |source| write!(f, ": {source}"))
    }
}

impl Error for BrokerError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        // Its message is part of ours, so the chain goes on behind it.
        self.source.as_deref()?.source()
    }
}
