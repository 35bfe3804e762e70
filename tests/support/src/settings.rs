//! How a server is started.

/// How a server is started: durable, as servers of people are, unless it is said otherwise.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    pub(crate) is_volatile: bool,
    pub(crate) own: Vec<(String, String)>,
}

impl Settings {
    /// Nothing is forced to the disk: faster, and lost in a power cut, though not in a crash of the
    /// server alone.
    #[must_use]
    pub fn volatile(mut self) -> Self {
        self.is_volatile = true;
        self
    }

    /// Sets one of the server's own settings, in its own words, such as `max_connections`.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.own.push((name.to_owned(), value.to_owned()));
        self
    }
}
