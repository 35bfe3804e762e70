//! The laws of every store, for MongoDB.
//!
//! They run on a replica set of one, of the tests' own. `MAINSPRING_MONGODB_URL` names another one,
//! whose user may make databases.

use std::sync::Mutex;

use mainspring_conformance::{Subject, conformance};
use mainspring_mongodb::MongoStore;
use mainspring_support::{Database, SharedMongoDb};
use tokio::sync::OnceCell;

/// Databases on the server that all tests share; the newest is the one in use.
#[derive(Default)]
struct Sets {
    server: OnceCell<SharedMongoDb>,
    databases: Mutex<Vec<Database>>,
}

impl Sets {
    fn newest(&self) -> String {
        let databases = self.databases.lock().expect("no test panics here");
        databases.last().expect("a database was made before").url().to_owned()
    }

    async fn open(&self) -> MongoStore {
        MongoStore::open(self.newest()).await.expect("a database opens")
    }
}

impl Subject for Sets {
    type Store = MongoStore;

    async fn fresh(&self) -> MongoStore {
        let server = self.server.get_or_init(SharedMongoDb::join).await;
        let database = server.database().await;
        self.databases.lock().expect("no test panics here").push(database);
        self.open().await
    }

    async fn reopen(&self, store: MongoStore) -> MongoStore {
        store.close().await;
        self.open().await
    }

    async fn beside(&self, _store: &MongoStore) -> MongoStore {
        self.open().await
    }
}

conformance!(Sets);
