//! How a server is started.

use crate::certificate::Certificate;

/// How a server is started: durable, as servers of people are, unless it is said otherwise.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    pub(crate) is_volatile: bool,
    pub(crate) own: Vec<(String, String)>,
    pub(crate) certificate: Option<Certificate>,
}

impl Settings {
    /// Nothing is forced to the disk: faster, and lost in a power cut, though not in a crash of the
    /// server alone.
    #[must_use]
    pub fn volatile(mut self) -> Self {
        self.is_volatile = true;
        self
    }

    /// It is spoken to under encryption only, at `localhost`, and shows this certificate. Redis,
    /// Mosquitto and NATS can do so; to others it says nothing.
    #[must_use]
    pub fn encrypted(mut self, certificate: &Certificate) -> Self {
        self.certificate = Some(certificate.clone());
        self
    }

    /// Sets one of the server's own settings, in its own words, such as `max_connections`.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.own.push((name.to_owned(), value.to_owned()));
        self
    }
}
