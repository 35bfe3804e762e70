//! How a database is reached.

use core::fmt;
use core::str::FromStr;

use mainspring_contract::{StoreError, StoreErrorKind};
use mainspring_sql::Prefix;
use sqlx::ConnectOptions;
use sqlx::mysql::MySqlConnectOptions;

use crate::connections::Connections;

/// How a database is reached, and what its tables are called.
///
/// ```
/// let mut options = mainspring_mysql::Options::new("mysql://app@db.example/app?ssl-mode=VERIFY_CA");
/// options.prefix = mainspring_mysql::Prefix::new("jobs_")?;
/// assert_eq!(options.connections, 8);
/// # Ok::<(), mainspring_mysql::PrefixError>(())
/// ```
#[derive(Clone)]
pub struct Options {
    /// The address: `mysql://user:password@host:port/database`. `ssl-mode`, `ssl-ca`, `ssl-cert`
    /// and `ssl-key` after the question mark say how the connection is encrypted, `socket` names a
    /// socket file.
    pub url: String,
    /// The most connections that are open at a time, at least 1: 8.
    pub connections: u32,
    /// What the names of the tables begin with: `mainspring_`.
    pub prefix: Prefix,
    /// Whether missing tables are made, and old ones brought up to date, when the store is opened.
    /// Without it the store only checks that they suit this program: for a user who may not change
    /// tables, or an owner who wants to see a [`plan`](crate::migrations::plan) first.
    pub migrate: bool,
}

impl Options {
    /// The database at this address, with the defaults.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), connections: 8, prefix: Prefix::default(), migrate: true }
    }

    /// The connections, of which none is open, and the address without its password.
    pub(crate) fn connections(&self) -> Result<(Connections, String), StoreError> {
        let (connect, name) = self.connect()?;
        Ok((Connections::new(connect, SETUP, self.connections), name))
    }

    fn connect(&self) -> Result<(MySqlConnectOptions, String), StoreError> {
        let options = MySqlConnectOptions::from_str(&self.url).map_err(|error| {
            // The address is not repeated: there may be a password in it.
            let message = "the database's address cannot be read (write \
                           mysql://user:password@host:port/database)";
            StoreError::new(StoreErrorKind::Backend, message).because(error)
        })?;
        let Some(database) = options.get_database() else {
            let message = "the address names no database (write \
                           mysql://user:password@host:port/database)";
            return Err(StoreError::new(StoreErrorKind::Backend, message));
        };
        let host = match options.get_socket() {
            Some(socket) => socket.display().to_string(),
            None => format!("{}:{}", options.get_host(), options.get_port()),
        };
        let name = format!("mysql://{host}/{database}");
        let options = options
            // The setup statement says all of this itself.
            .pipes_as_concat(false)
            .no_engine_substitution(false)
            .timezone(None)
            .set_names(false)
            .charset("utf8mb4")
            .statement_cache_capacity(STATEMENTS)
            .disable_statement_logging();
        Ok((options, name))
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("connections", &self.connections)
            .field("prefix", &self.prefix)
            .field("migrate", &self.migrate)
            // No `url`: there may be a password in it.
            .finish_non_exhaustive()
    }
}

/// How many statements a connection keeps prepared. One that repeats a part has a form for each
/// power of two, of which a program uses a few.
const STATEMENTS: usize = 160;

const SETUP: &str = include_str!("sql/setup.sql");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_database_has_no_password_in_it() {
        let options = Options::new("mysql://app:secret@db.example:3307/jobs");
        let (_, name) = options.connect().expect("an address");
        assert_eq!(name, "mysql://db.example:3307/jobs");
        assert!(!format!("{options:?}").contains("secret"));
        let error = Options::new("mysql://app:secret@db.example").connect().expect_err("no name");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
