//! The laws of every store, for SQLite.

use mainspring_conformance::{Subject, conformance};
use mainspring_sqlite::SqliteStore;
use tempfile::TempDir;

/// One file in a folder of its own, which goes with the subject.
struct File(TempDir);

impl Default for File {
    fn default() -> Self {
        Self(TempDir::new().expect("a folder for temporary files"))
    }
}

impl File {
    async fn open(&self) -> SqliteStore {
        SqliteStore::open(self.0.path().join("jobs.db")).await.expect("a new file opens")
    }
}

impl Subject for File {
    type Store = SqliteStore;

    async fn fresh(&self) -> SqliteStore {
        self.open().await
    }

    async fn reopen(&self, store: SqliteStore) -> SqliteStore {
        store.close().await;
        self.open().await
    }

    async fn beside(&self, _store: &SqliteStore) -> SqliteStore {
        self.open().await
    }
}

conformance!(File);
