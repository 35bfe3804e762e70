//! The laws of every store, for PostgreSQL.

mod place;

use mainspring_conformance::{Subject, conformance};
use mainspring_postgres::PostgresStore;

use place::Place;

impl Subject for Place {
    type Store = PostgresStore;

    async fn fresh(&self) -> PostgresStore {
        Self::fresh(self).await
    }

    async fn reopen(&self, store: PostgresStore) -> PostgresStore {
        store.close().await;
        self.open().await
    }

    async fn beside(&self, _store: &PostgresStore) -> PostgresStore {
        self.open().await
    }
}

conformance!(Place);
