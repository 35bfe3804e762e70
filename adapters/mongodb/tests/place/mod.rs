//! A database for one test, on the server that all tests of a run share.

use mainspring_mongodb::{MongoStore, Options};
use mainspring_support::{Database, SharedMongoDb};
use mongodb::Client;
use mongodb::bson::Document;

/// A database, which goes with this.
pub(crate) struct Place {
    database: Database,
    _server: SharedMongoDb,
}

impl Place {
    /// A new one.
    pub(crate) async fn new() -> Self {
        let server = SharedMongoDb::join().await;
        Self { database: server.database().await, _server: server }
    }

    /// How it is reached.
    pub(crate) fn options(&self) -> Options {
        Options::new(self.database.url())
    }

    /// A store on it.
    pub(crate) async fn open(&self) -> MongoStore {
        MongoStore::open_with(&self.options()).await.expect("the database opens")
    }

    /// A client beside the store's.
    pub(crate) async fn beside(&self) -> Beside {
        Beside::new(self.database.url()).await
    }
}

/// A client beside the store's.
pub(crate) struct Beside(pub(crate) mongodb::Database);

impl Beside {
    pub(crate) async fn new(url: &str) -> Self {
        let client = Client::with_uri_str(url).await.expect("an address");
        Self(client.default_database().expect("a database"))
    }

    /// Runs a command.
    pub(crate) async fn run(&self, command: Document) -> Document {
        self.0.run_command(command).await.expect("it runs")
    }
}
