//! How a database is reached.

use core::fmt;
use core::str::FromStr;

use mainspring_contract::{StoreError, StoreErrorKind};
use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;

use crate::statements::Names;

/// How a database is reached, and where in it the tables are.
///
/// ```
/// let url = "postgres://app@db.example/app?sslmode=require";
/// let mut options = mainspring_postgres::Options::new(url);
/// options.schema = Some("jobs".into());
/// assert_eq!(options.connections, 8);
/// ```
#[derive(Clone)]
pub struct Options {
    /// The address: `postgres://user:password@host:port/database`. What it leaves out is taken from
    /// the variables of `libpq` (`PGHOST`, `PGUSER`, `PGPASSWORD`, …). `sslmode`, `sslrootcert`,
    /// `sslcert` and `sslkey` after the question mark say how the connection is encrypted.
    pub url: String,
    /// The most connections that are open at a time, at least 1: 8.
    pub connections: u32,
    /// The schema that holds the tables; it is made if it is missing. `None`: the first one of the
    /// user's search path, which is `public` unless somebody has changed it.
    pub schema: Option<String>,
    /// What the names of the tables begin with: `mainspring_`.
    pub prefix: String,
    /// Whether missing tables are made, and old ones brought up to date, when the store is opened.
    /// Without it the store only checks that they suit this program: for a user who may not change
    /// tables, or an owner who wants to see a [`plan`](crate::migrations::plan) first.
    pub migrate: bool,
}

impl Options {
    /// The database at this address, with the defaults.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            connections: 8,
            schema: None,
            prefix: "mainspring_".into(),
            migrate: true,
        }
    }

    /// How to connect, and the address without its password.
    pub(crate) fn connect(&self) -> Result<(PgConnectOptions, String), StoreError> {
        let options = PgConnectOptions::from_str(&self.url).map_err(|error| {
            // The address is not repeated: there may be a password in it.
            let message = "the database's address cannot be read (write \
                           postgres://user:password@host:port/database)";
            StoreError::new(StoreErrorKind::Backend, message).because(error)
        })?;
        let host = match options.get_socket() {
            Some(socket) => socket.display().to_string(),
            None => options.get_host().to_owned(),
        };
        let database = options.get_database().unwrap_or_else(|| options.get_username());
        let name = format!("postgres://{host}:{}/{database}", options.get_port());
        let options = options
            .application_name("mainspring")
            .statement_cache_capacity(STATEMENTS)
            .disable_statement_logging();
        Ok((options, name))
    }

    /// The names of the tables, in this schema.
    pub(crate) fn names(&self, schema: &str) -> Result<Names, StoreError> {
        let wrong = |message: String| StoreError::new(StoreErrorKind::Backend, message);
        let prefix_fits = self.prefix.len() <= 32
            && self.prefix.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
            && self.prefix.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '_'));
        if !prefix_fits {
            return Err(wrong(format!(
                "the prefix `{}` does not fit (use at most 32 lower-case letters, digits and \
                 underscores, and no digit first)",
                self.prefix
            )));
        }
        let schema_fits = !schema.is_empty()
            && schema.len() <= 63
            && schema.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '$'));
        if !schema_fits {
            return Err(wrong(format!(
                "the schema `{schema}` does not fit (use at most 63 letters, digits, underscores \
                 and hyphens)"
            )));
        }
        Ok(Names { schema: schema.to_owned(), prefix: self.prefix.clone() })
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("connections", &self.connections)
            .field("schema", &self.schema)
            .field("prefix", &self.prefix)
            .field("migrate", &self.migrate)
            // No `url`: there may be a password in it.
            .finish_non_exhaustive()
    }
}

/// How many statements a connection keeps prepared: more than there are.
const STATEMENTS: usize = 128;
