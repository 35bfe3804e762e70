//! Where a server is, and who asks.

use core::fmt;

use mainspring_contract::broker::BrokerError;
use percent_encoding::percent_decode_str;
use url::Url;

/// The parts of a URL that matter.
#[derive(Clone)]
pub(crate) struct Address {
    pub(crate) is_encrypted: bool,
    pub(crate) host: String,
    pub(crate) port: u16,
    /// User and password.
    pub(crate) credentials: Option<(String, String)>,
}

impl Address {
    pub(crate) fn read(url: &str) -> Result<Self, BrokerError> {
        // The address is not repeated: there may be a password in it.
        let wrong = || {
            BrokerError::new(
                "the address of the MQTT server cannot be read (write \
                 mqtt://user:password@host:port, with special characters as %40 and so on)",
            )
        };
        let url = Url::parse(url).map_err(|_| wrong())?;
        let is_encrypted = match url.scheme() {
            "mqtt" => false,
            "mqtts" if cfg!(feature = "tls") => true,
            "mqtts" => {
                return Err(BrokerError::new(
                    "an encrypted connection to MQTT needs the feature `tls` of mainspring-mqtt",
                ));
            }
            _ => return Err(wrong()),
        };
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(wrong)?;
        // An IPv6 address is in brackets only where a port follows.
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let password = decoded(url.password().unwrap_or_default());
        let user = Some(url.username()).filter(|user| !user.is_empty()).map(decoded);
        Ok(Self {
            is_encrypted,
            host,
            port: url.port().unwrap_or(if is_encrypted { 8_883 } else { 1_883 }),
            credentials: user.map(|user| (user, password)),
        })
    }
}

/// The address without its password.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_encrypted { "mqtts" } else { "mqtt" };
        let user = self.credentials.as_ref().map(|(user, _)| format!("{user}@"));
        write!(f, "{scheme}://{}{}:{}", user.unwrap_or_default(), self.host, self.port)
    }
}
