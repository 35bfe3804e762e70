//! A few connections to one database, lent out one at a time.
//!
//! A connection comes back only when its borrower says that it is clean. A verb that fails or
//! whose future is dropped half way loses its connection instead: the server rolls back whatever
//! was open when it notices, and the next verb opens another. So no transaction is ever left open
//! on a connection that somebody else gets.

use std::sync::{Arc, Mutex, PoisonError};

use sqlx::mysql::MySqlConnectOptions;
use sqlx::{ConnectOptions, Connection, MySqlConnection, Row};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// At most so many connections, opened as they are needed.
#[derive(Debug)]
pub(crate) struct Connections {
    options: MySqlConnectOptions,
    setup: &'static str,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<MySqlConnection>>,
}

impl Connections {
    /// At most `max` connections, each of which runs `setup` when it is opened.
    pub(crate) fn new(options: MySqlConnectOptions, setup: &'static str, max: u32) -> Self {
        let max = usize::try_from(max).unwrap_or(usize::MAX).clamp(1, Semaphore::MAX_PERMITS);
        Self { options, setup, permits: Arc::new(Semaphore::new(max)), idle: Mutex::default() }
    }

    /// Borrows a connection; waits in line if all are in use.
    pub(crate) async fn borrow(self: &Arc<Self>) -> Result<Lent, sqlx::Error> {
        let permits = Arc::clone(&self.permits);
        let permit = permits.acquire_owned().await.map_err(|_| sqlx::Error::PoolClosed)?;
        let idle = self.idle().pop();
        let fresh = idle.is_none();
        let connection = match idle {
            Some(connection) => connection,
            None => self.connect().await?.0,
        };
        Ok(Lent { owner: Arc::clone(self), connection, fresh, _permit: permit })
    }

    /// Opens a connection beside the others, and says what server it leads to.
    pub(crate) async fn connect(&self) -> Result<(MySqlConnection, Greeting), sqlx::Error> {
        let mut connection = self.options.connect().await?;
        let setup = sqlx::raw_sql(self.setup);
        let row = setup.fetch_one(&mut connection).await?;
        let greeting =
            Greeting { version: row.try_get("version")?, max_packet: row.try_get("max_packet")? };
        Ok((connection, greeting))
    }

    /// Closes what lies idle: what was open before the server went away is of no use.
    pub(crate) fn forget(&self) {
        self.idle().clear();
    }

    /// Waits for what is under way, then closes everything.
    pub(crate) async fn close(&self, max: u32) {
        if let Ok(all) = self.permits.acquire_many(max.max(1)).await {
            all.forget();
        }
        self.permits.close();
        let idle = core::mem::take(&mut *self.idle());
        for connection in idle {
            // Whether or not the server heard it, nothing is open.
            drop(connection.close().await);
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<MySqlConnection>> {
        // A list of connections is whole after every push and pop.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a server says about itself.
#[derive(Clone, Debug)]
pub(crate) struct Greeting {
    /// Its version, and what it is: `10.11.6-MariaDB-0+deb12u1`, `8.0.36`.
    pub(crate) version: String,
    /// The longest packet that it takes, in bytes.
    pub(crate) max_packet: i64,
}

/// A connection on loan. Dropped, it is closed.
#[derive(Debug)]
pub(crate) struct Lent {
    owner: Arc<Connections>,
    pub(crate) connection: MySqlConnection,
    /// Nobody has used it before.
    pub(crate) fresh: bool,
    _permit: OwnedSemaphorePermit,
}

impl Lent {
    /// Gives it back, outside any transaction.
    pub(crate) fn give_back(self) {
        self.owner.idle().push(self.connection);
    }
}
