//! Databases that are made for one test.

use core::error::Error;
use core::fmt;
use core::future::Future;
use core::time::Duration;
use std::hash::{BuildHasher, RandomState};

use crate::server::Service;

/// Why a server refused something.
pub type Failure = Box<dyn Error + Send + Sync>;

/// A kind of server with databases that can be made and dropped.
pub trait Databases: Service {
    /// Makes an empty database.
    ///
    /// # Errors
    /// What the server says.
    fn create(url: &str, name: &str) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Drops a database, whoever uses it.
    ///
    /// # Errors
    /// What the server says.
    fn remove(url: &str, name: &str) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Cuts every connection but its own.
    ///
    /// # Errors
    /// What the server says.
    fn cut(url: &str) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Connects, and has the server answer the least question that there is.
    ///
    /// # Errors
    /// What the server says.
    fn answers(url: &str) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// A database that was empty when it was made; dropped with this.
pub struct Database {
    url: String,
    name: String,
    /// `None` if its server goes, and the database with it.
    remove: Option<Box<dyn FnOnce() + Send + Sync>>,
}

impl Database {
    /// Makes one on the server at `server`.
    ///
    /// # Panics
    /// If the server refuses.
    pub(crate) async fn create<S: Databases>(server: &str) -> Self {
        // Each `RandomState` has keys that the system drew.
        let name = format!("mainspring_{:016x}", RandomState::new().hash_one(S::NAME));
        let created = S::create(server, &name).await;
        created.unwrap_or_else(|why| panic!("{} makes no database: {why}", S::NAME));
        let url = with_database(server, &name);
        let (server, same) = (server.to_owned(), name.clone());
        Self { url, name, remove: Some(Box::new(move || remove::<S>(&server, &same))) }
    }

    /// Leaves it to its server to take the database along.
    pub(crate) fn keep(mut self) -> Self {
        self.remove = None;
        self
    }

    /// Its address, with all that is needed to connect.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its name on the server.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some(remove) = self.remove.take() {
            // A test's own runtime may be the one that is just being left.
            let _ = std::thread::spawn(remove).join();
        }
    }
}

/// Drops a database, unless the server is in trouble: it is a test's, and more are no harm.
fn remove<S: Databases>(server: &str, name: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    if let Ok(runtime) = runtime {
        let _ = runtime
            .block_on(async { tokio::time::timeout(REMOVING, S::remove(server, name)).await });
    }
}

/// The address of a database on the server at `server`.
fn with_database(server: &str, name: &str) -> String {
    let (address, query) = server.split_once('?').unwrap_or((server, ""));
    let host = address.find("://").map_or(0, |at| at + 3);
    let end = address[host..].find('/').map_or(address.len(), |at| host + at);
    let question = if query.is_empty() { "" } else { "?" };
    format!("{}/{name}{question}{query}", &address[..end])
}

/// How long a server may take to drop a database.
const REMOVING: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_of_an_address_is_replaced() {
        let of = |server| with_database(server, "x");
        assert_eq!(of("postgres://a:b@c:1"), "postgres://a:b@c:1/x");
        assert_eq!(of("postgres://a@c/"), "postgres://a@c/x");
        assert_eq!(of("mysql://c/d?ssl-mode=disabled"), "mysql://c/x?ssl-mode=disabled");
    }
}
