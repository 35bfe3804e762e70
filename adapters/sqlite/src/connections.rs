//! A few connections to one file, lent out one at a time.
//!
//! A connection comes back only when its borrower says that it is clean. A verb that fails or
//! whose future is dropped half way loses its connection instead: SQLite rolls back whatever was
//! open when it closes it, and the next verb opens another. So no transaction is ever left open on
//! a connection that somebody else gets.

use std::sync::{Arc, Mutex, PoisonError};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// At most so many connections, opened as they are needed.
#[derive(Debug)]
pub(crate) struct Connections {
    options: SqliteConnectOptions,
    setup: &'static str,
    most: u32,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<SqliteConnection>>,
}

impl Connections {
    /// At most `most` connections, each of which runs `setup` when it is opened.
    pub(crate) fn new(options: SqliteConnectOptions, setup: &'static str, most: u8) -> Self {
        let most = u32::from(most.max(1));
        let permits = Arc::new(Semaphore::new(most as usize));
        Self { options, setup, most, permits, idle: Mutex::default() }
    }

    /// Borrows a connection; waits in line if all are in use.
    pub(crate) async fn borrow(owner: &Arc<Self>) -> Result<Borrowed, sqlx::Error> {
        let permits = Arc::clone(&owner.permits);
        let permit = permits.acquire_owned().await.map_err(|_| sqlx::Error::PoolClosed)?;
        let idle = owner.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => owner.connect().await?,
        };
        Ok(Borrowed { owner: Arc::clone(owner), connection, _permit: permit })
    }

    /// Waits for what is under way, then closes everything.
    pub(crate) async fn close(&self) {
        if let Ok(all) = self.permits.acquire_many(self.most).await {
            all.forget();
        }
        self.permits.close();
        let idle = core::mem::take(&mut *self.idle());
        for connection in idle {
            // The file is consistent whether or not SQLite could tidy its log away.
            drop(connection.close().await);
        }
    }

    async fn connect(&self) -> Result<SqliteConnection, sqlx::Error> {
        let mut connection = self.options.connect().await?;
        sqlx::raw_sql(self.setup).execute(&mut connection).await?;
        Ok(connection)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<SqliteConnection>> {
        // A list of connections is whole after every push and pop.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection on loan. Dropped, it is closed.
#[derive(Debug)]
pub(crate) struct Borrowed {
    owner: Arc<Connections>,
    connection: SqliteConnection,
    _permit: OwnedSemaphorePermit,
}

impl Borrowed {
    /// The connection.
    pub(crate) fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }

    /// Gives it back, outside any transaction.
    pub(crate) fn give_back(self) {
        self.owner.idle().push(self.connection);
    }
}
