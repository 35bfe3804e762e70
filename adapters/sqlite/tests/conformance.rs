//! The laws of every store, for SQLite.

use core::sync::atomic::{AtomicU32, Ordering};

use mainspring_conformance::{Subject, conformance};
use mainspring_sqlite::SqliteStore;
use tempfile::TempDir;

/// Files in a folder of their own, which goes with the subject; the newest is the one in use.
struct File {
    folder: TempDir,
    newest: AtomicU32,
}

impl Default for File {
    fn default() -> Self {
        let folder = TempDir::new().expect("a folder for temporary files");
        Self { folder, newest: AtomicU32::new(0) }
    }
}

impl File {
    async fn open(&self) -> SqliteStore {
        let name = format!("jobs {}.db", self.newest.load(Ordering::Relaxed));
        SqliteStore::open(self.folder.path().join(name)).await.expect("a new file opens")
    }
}

impl Subject for File {
    type Store = SqliteStore;

    async fn fresh(&self) -> SqliteStore {
        self.newest.fetch_add(1, Ordering::Relaxed);
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
