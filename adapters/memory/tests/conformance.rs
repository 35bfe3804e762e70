//! The laws of every store, for memory.

use mainspring_conformance::{Subject, conformance};
use mainspring_memory::MemoryStore;

/// A store of its own for each law.
#[derive(Default)]
struct Memory;

impl Subject for Memory {
    type Store = MemoryStore;

    async fn fresh(&self) -> MemoryStore {
        MemoryStore::default()
    }

    async fn reopen(&self, store: MemoryStore) -> MemoryStore {
        drop(store);
        MemoryStore::default()
    }

    async fn beside(&self, _store: &MemoryStore) -> MemoryStore {
        MemoryStore::default()
    }
}

conformance!(Memory);
