//! The laws of every store, for MySQL and MariaDB.
//!
//! They run on a MariaDB server of the tests' own. `MAINSPRING_MARIADB_URL` names another one, of
//! either kind, whose user may make databases.

use std::sync::Mutex;

use mainspring_conformance::{Subject, conformance};
use mainspring_mysql::MysqlStore;
use mainspring_support::{Database, SharedMariaDb};
use tokio::sync::OnceCell;

/// Databases on the server that all tests share; the newest is the one in use.
#[derive(Default)]
struct Tables {
    server: OnceCell<SharedMariaDb>,
    databases: Mutex<Vec<Database>>,
}

impl Tables {
    fn newest(&self) -> String {
        let databases = self.databases.lock().expect("no test panics here");
        databases.last().expect("a database was made before").url().to_owned()
    }

    async fn open(&self) -> MysqlStore {
        MysqlStore::open(self.newest()).await.expect("a database opens")
    }
}

impl Subject for Tables {
    type Store = MysqlStore;

    async fn fresh(&self) -> MysqlStore {
        let server = self.server.get_or_init(SharedMariaDb::join).await;
        let database = server.database().await;
        self.databases.lock().expect("no test panics here").push(database);
        self.open().await
    }

    async fn reopen(&self, store: MysqlStore) -> MysqlStore {
        store.close().await;
        self.open().await
    }

    async fn beside(&self, _store: &MysqlStore) -> MysqlStore {
        self.open().await
    }
}

conformance!(Tables);
