//! How a database is reached.

use core::fmt;
use core::time::Duration;

use mainspring_contract::tables::Done;
use mainspring_contract::{StoreError, StoreErrorKind};
use mainspring_sql::Prefix;
use mongodb::options::ClientOptions;
use mongodb::{Client, Database};

/// How a database is reached, and what its collections are called.
///
/// ```
/// let url = "mongodb://app@db.example/app?replicaSet=rs0&tls=true";
/// let mut options = mainspring_mongodb::Options::new(url);
/// options.prefix = mainspring_mongodb::Prefix::new("jobs_")?;
/// assert_eq!(options.connections, 16);
/// # Ok::<(), mainspring_mongodb::PrefixError>(())
/// ```
#[derive(Clone)]
pub struct Options {
    /// The address: `mongodb://user:password@host:port/database?replicaSet=name`, or
    /// `mongodb+srv://user:password@host/database`. What follows the question mark is what the
    /// manual of MongoDB says: `tls`, `authSource`, `authMechanism` and so on.
    pub url: String,
    /// The most connections to a server that are open at a time, at least 2: 16.
    pub connections: u32,
    /// What the names of the collections begin with: `mainspring_`.
    pub prefix: Prefix,
    /// Whether missing collections and indexes are made when the store is opened. Without it the
    /// store only checks that they suit this program: for a user who may not make any, or an owner
    /// who wants to see a [`plan`](crate::migrations::plan) first.
    pub migrate: bool,
}

impl Options {
    /// The database at this address, with the defaults.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), connections: 16, prefix: Prefix::default(), migrate: true }
    }

    /// The database, its address without user and password, and what programs call themselves
    /// there. Nothing is connected yet, but the
    /// name of a `mongodb+srv` address is looked up.
    pub(crate) async fn database(&self) -> Done<(Database, String, String)> {
        // No error of the driver is passed on: there may be a password in it.
        let unreadable = |_| {
            let message = "the database's address cannot be read (write \
                           mongodb://user:password@host:port/database?replicaSet=name)";
            StoreError::new(StoreErrorKind::Backend, message)
        };
        let mut options = ClientOptions::parse(&self.url).await.map_err(unreadable)?;
        let Some(database) = options.default_database.clone() else {
            let message = "the address names no database (write \
                           mongodb://user:password@host:port/database?replicaSet=name)";
            return Err(StoreError::new(StoreErrorKind::Backend, message));
        };
        let hosts: Vec<String> = options.hosts.iter().map(ToString::to_string).collect();
        let name = format!("mongodb://{}/{database}", hosts.join(","));
        let app = options.app_name.get_or_insert_with(|| "mainspring".to_owned()).clone();
        options.max_pool_size.get_or_insert_with(|| self.connections.max(2));
        // The driver's own patience is that of a person.
        options.server_selection_timeout.get_or_insert(PATIENCE);
        options.connect_timeout.get_or_insert(PATIENCE);
        let client = Client::with_options(options).map_err(unreadable)?;
        Ok((client.database(&database), name, app))
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

/// How long somebody looks for a primary: two attempts are over before the runtime's patience is.
const PATIENCE: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_name_of_a_database_has_no_password_in_it() {
        let options = Options::new("mongodb://app:secret@db.example:3307,other/jobs");
        let (_, name, _) = options.database().await.expect("an address");
        assert_eq!(name, "mongodb://db.example:3307,other:27017/jobs");
        assert!(!format!("{options:?}").contains("secret"));
        for odd in ["mongodb://app:secret@db.example", "mongodb://app:sec:ret@db/x", "secret"] {
            let error = Options::new(odd).database().await.expect_err("no address");
            assert!(!format!("{error:?}").contains("sec"), "{error:?}");
        }
    }
}
