//! The store: a database, its connections, and the transactions that the verbs run in.

use core::fmt;
use core::sync::atomic::{AtomicU32, Ordering};
use std::sync::Arc;

use mainspring_contract::tables::{Database, Mode};
use mainspring_contract::{Capabilities, Clock, StoreError, StoreErrorKind};

use crate::connections::Connections;
use crate::lanes::Lanes;
use crate::options::Options;
use crate::statements::Statements;
use crate::transaction::{Common, Transaction};
use crate::{clock, error, migrations};

/// Schedules, jobs and history in one database of MySQL or MariaDB.
///
/// Durable: a reply to a verb means that its changes survive a power loss, as far as the server's
/// `innodb_flush_log_at_trx_commit` is 1, which is its default. Shared: any number of processes may
/// use the database at once. Any future may be dropped at any time; what its verb had begun is then
/// rolled back, and its connection closed.
pub struct MysqlStore {
    common: Arc<Common>,
    connections: Arc<Connections>,
    most: u32,
    /// How many jobs were handed out: whose turn it is among tasks.
    handed_out: AtomicU32,
}

impl MysqlStore {
    /// Opens the database at `url` with the default [`Options`].
    ///
    /// # Errors
    /// See [`open_with`](Self::open_with).
    pub async fn open(url: impl Into<String>) -> Result<Self, StoreError> {
        Self::open_with(&Options::new(url)).await
    }

    /// Opens a database, and brings its tables up to date or checks them, as the options say.
    ///
    /// # Errors
    /// [`Unavailable`](StoreErrorKind::Unavailable) if it cannot be reached,
    /// [`Incompatible`](StoreErrorKind::Incompatible) if its tables are too new, or too old and
    /// not to be changed, or the server is too old, and [`Backend`](StoreErrorKind::Backend) if the
    /// address cannot be read, the user is not let in, or a right is missing.
    pub async fn open_with(options: &Options) -> Result<Self, StoreError> {
        if options.migrate {
            migrations::apply(options).await?;
        } else {
            migrations::check(options).await?;
        }
        let (connections, name) = options.connections()?;
        let connections = Arc::new(connections);
        let opened = connections.connect().await;
        let (_, greeting) = opened.map_err(|why| error::of_statement(&name, why))?;
        // Room for what is not counted: the statement itself, and lengths of values.
        let max_packet = usize::try_from(greeting.max_packet).unwrap_or(usize::MAX);
        let common = Common {
            name,
            sql: Statements::new(&options.prefix),
            max_packet: max_packet.saturating_sub(PACKET_SLACK),
            lanes: Lanes::default(),
        };
        Ok(Self {
            common: Arc::new(common),
            connections,
            most: options.connections.max(1),
            handed_out: AtomicU32::new(0),
        })
    }

    /// Waits for what is under way and closes all connections.
    pub async fn close(self) {
        self.connections.close(self.most).await;
    }
}

impl fmt::Debug for MysqlStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MysqlStore").field("name", &self.common.name).finish_non_exhaustive()
    }
}

impl Database for MysqlStore {
    type Tables = Transaction<'static>;

    const ONE_WRITER: bool = false;

    fn capabilities(&self) -> Capabilities {
        Capabilities { durable: true, shared: true }
    }

    fn name(&self) -> String {
        self.common.name.clone()
    }

    async fn begin(&self, mode: Mode, clock: Clock) -> Result<Self::Tables, StoreError> {
        Transaction::begin(&self.connections, &self.common, mode, clock).await
    }

    fn handed_out(&self, jobs: u32) -> u32 {
        self.handed_out.fetch_add(jobs, Ordering::Relaxed)
    }

    async fn try_again(&self, attempt: u32, after: StoreErrorKind) -> bool {
        let again = match after {
            StoreErrorKind::Contended => attempt <= 10,
            // The server may just be starting again.
            StoreErrorKind::Unavailable | StoreErrorKind::OutcomeUnknown => attempt <= 3,
            _ => false,
        };
        if again {
            clock::back_off(attempt).await;
        }
        again
    }
}

/// What is kept free in a packet.
const PACKET_SLACK: usize = 64 << 10;
