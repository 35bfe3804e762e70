//! A database for one test, on the server that all tests of a run share.

use core::sync::atomic::{AtomicU32, Ordering};

use mainspring_postgres::{Options, PostgresStore};
use mainspring_support::{Database, SharedPostgres};
use tokio::sync::OnceCell;

/// Schemas in a database of their own, which goes with this; the newest is the one in use.
#[derive(Default)]
pub(crate) struct Place {
    database: OnceCell<(SharedPostgres, Database)>,
    newest: AtomicU32,
}

impl Place {
    /// A store on a schema of its own.
    pub(crate) async fn fresh(&self) -> PostgresStore {
        self.newest.fetch_add(1, Ordering::Relaxed);
        self.open().await
    }

    /// How the schema is reached.
    pub(crate) async fn options(&self) -> Options {
        let make = async || {
            let shared = SharedPostgres::join().await;
            let database = shared.database().await;
            (shared, database)
        };
        let (_, database) = self.database.get_or_init(make).await;
        let mut options = Options::new(database.url());
        options.schema = Some(format!("jobs-{}", self.newest.load(Ordering::Relaxed)));
        options
    }

    /// A store on it.
    pub(crate) async fn open(&self) -> PostgresStore {
        PostgresStore::open_with(&self.options().await).await.expect("the schema opens")
    }
}
