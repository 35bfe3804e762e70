//! The store: a database, its connections, and the transactions that the verbs run in.

use core::fmt;
use core::sync::atomic::{AtomicU32, Ordering};
use std::sync::Arc;

use mainspring_contract::record::{ClaimJobs, Enqueue, Enqueued, Job, Settle, Written};
use mainspring_contract::tables::{Database, KnownTasks, Mode, within};
use mainspring_contract::{Capabilities, Clock, StoreError, StoreErrorKind};
use mainspring_core::pulse::Pulse;
use sqlx::PgConnection;

use crate::broker::PostgresBroker;
use crate::compact::Compactor;
use crate::connections::Connections;
use crate::options::Options;
use crate::statements::Statements;
use crate::transaction::{self, Common, Transaction};
use crate::{claim, clock, error, insert, migrations};

/// Schedules, jobs and history in one PostgreSQL database.
///
/// Durable: a reply to a verb means that its changes survive a power loss. Shared: any number of
/// processes may use the database at once. Any future may be dropped at any time; what its verb had
/// begun is then rolled back, and its connection closed. Only what a claim has leased by then stays
/// leased until that ends.
pub struct PostgresStore {
    common: Arc<Common>,
    most: u32,
    broker: PostgresBroker,
    /// How many jobs were handed out: whose turn it is among tasks.
    handed_out: AtomicU32,
    /// So many claims begin a transaction right away, because one needed it.
    tied: AtomicU32,
    compactor: Compactor,
}

impl PostgresStore {
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
    /// not to be changed, and [`Backend`](StoreErrorKind::Backend) if the address cannot be read,
    /// the user is not let in, or a right is missing.
    pub async fn open_with(options: &Options) -> Result<Self, StoreError> {
        let (mut connection, names, name) = migrations::connect(options).await?;
        let ready = if options.migrate {
            migrations::apply_on(&mut connection, &names, &name).await.map(|_| ())
        } else {
            migrations::check_on(&mut connection, &names, &name).await
        };
        migrations::close(connection).await;
        ready?;
        let (connect, name) = options.connect()?;
        let broker = PostgresBroker::new(connect.clone(), &name, &names);
        let sql = Statements::new(names);
        let most = options.connections.max(1);
        let connections = Arc::new(Connections::new(connect, transaction::setup(&sql), most));
        let common = Common { connections, sql, name, tasks: KnownTasks::default() };
        Ok(Self {
            common: Arc::new(common),
            most,
            broker,
            handed_out: AtomicU32::new(0),
            tied: AtomicU32::new(0),
            compactor: Compactor::default(),
        })
    }

    /// A broker over the same database, for all nodes on the same tables.
    pub fn broker(&self) -> PostgresBroker {
        self.broker.clone()
    }

    /// Queues jobs inside the caller's own transaction, on its own connection to the same database:
    /// what the program writes and the jobs that stand for it last together, or not at all.
    ///
    /// Nodes that lie idle find the jobs with their next question to the store. The transaction
    /// must be READ COMMITTED, which is the server's default: one that sees the database as it was
    /// when it first looked would give away a key that somebody else has taken since.
    ///
    /// # Errors
    /// [`Backend`](StoreErrorKind::Backend) if the transaction is not READ COMMITTED; nothing was
    /// done then. Otherwise whatever the database says: the transaction must be rolled back then,
    /// and if the error [is passing](StoreError::is_passing), all of it may be tried again.
    ///
    /// ```
    /// # use mainspring_conformance::sample::queued;
    /// # use mainspring_contract::{Clock, Store, record::Enqueued, store::JobFilter};
    /// use sqlx::{Connection, PgConnection};
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let shared = mainspring_support::SharedPostgres::join().await;
    /// # let database = shared.database().await;
    /// # let (url, order_shipped) = (database.url(), queued(1, "ship"));
    /// let store = mainspring_postgres::PostgresStore::open(url).await?;
    /// let mut connection = PgConnection::connect(url).await?;
    /// # sqlx::raw_sql("CREATE TABLE orders (number integer)").execute(&mut connection).await?;
    /// let mut tx = connection.begin().await?;
    /// sqlx::query("INSERT INTO orders VALUES (7)").execute(&mut *tx).await?;
    /// let answers = store.enqueue_in(&mut tx, Clock::Server, &[order_shipped]).await?;
    /// assert_eq!(answers, [Enqueued::Inserted]);
    /// assert_eq!(store.jobs(&JobFilter::first(9)).await?, [], "nobody sees it yet");
    /// tx.commit().await?;
    /// assert_eq!(store.jobs(&JobFilter::first(9)).await?.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn enqueue_in(
        &self,
        connection: &mut PgConnection,
        clock: Clock,
        jobs: &[Enqueue],
    ) -> Result<Vec<Enqueued>, StoreError> {
        let tx = Transaction::within(connection, &self.common, clock).await?;
        within::enqueue(tx, jobs).await
    }

    /// Records last attempts inside the caller's own transaction: the effect of a job and its end
    /// last together. What is answered [`LeaseLost`](Written::LeaseLost) has been given to somebody
    /// else, so that its transaction is to be rolled back.
    ///
    /// # Errors
    /// As for [`enqueue_in`](Self::enqueue_in).
    ///
    /// ```
    /// # use mainspring_conformance::{rig::Rig, sample::queued};
    /// # use mainspring_contract::{Clock, record::{Ended, Settle, Written}};
    /// # use mainspring_core::{outcome::Outcome, time::{Span, Timestamp}};
    /// use sqlx::{Connection, PgConnection};
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let shared = mainspring_support::SharedPostgres::join().await;
    /// # let database = shared.database().await;
    /// # let url = database.url();
    /// # let rig = Rig(mainspring_postgres::PostgresStore::open(url).await?);
    /// # rig.enqueue_all(0, &[queued(1, "ship")]).await;
    /// # let job = rig.claim(0, "worker", &["ship"], 1).await.remove(0);
    /// # let store = &rig.0;
    /// # let finished_at = Timestamp::UNIX_EPOCH;
    /// let mut connection = PgConnection::connect(url).await?;
    /// # sqlx::raw_sql("CREATE TABLE parcels (number integer)").execute(&mut connection).await?;
    /// let mut tx = connection.begin().await?;
    /// sqlx::query("INSERT INTO parcels VALUES (7)").execute(&mut *tx).await?;
    /// let ended =
    ///     Ended { outcome: Outcome::Succeeded, started_at: None, finished_at, detail: None };
    /// let settle = Settle { job: job.id, token: job.token, ended };
    /// match store.complete_in(&mut tx, Clock::Server, &[settle]).await?[..] {
    ///     [Written::Done] => tx.commit().await?,
    ///     _ => tx.rollback().await?,
    /// }
    /// # assert_eq!(rig.jobs().await, []);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn complete_in(
        &self,
        connection: &mut PgConnection,
        clock: Clock,
        settles: &[Settle],
    ) -> Result<Vec<Written>, StoreError> {
        let tx = Transaction::within(connection, &self.common, clock).await?;
        within::settle(tx, settles).await
    }

    /// Waits for what is under way and closes all connections.
    pub async fn close(self) {
        self.common.connections.close(self.most).await;
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").field("name", &self.common.name).finish_non_exhaustive()
    }
}

impl Database for PostgresStore {
    type Tables = Transaction<'static>;

    const ONE_WRITER: bool = false;

    fn capabilities(&self) -> Capabilities {
        Capabilities { durable: true, shared: true }
    }

    fn name(&self) -> String {
        self.common.name.clone()
    }

    async fn begin(&self, mode: Mode, clock: Clock) -> Result<Transaction<'static>, StoreError> {
        if mode == Mode::Write {
            self.compactor.pass(&self.common.connections, &self.common.sql).await;
        }
        Transaction::begin(&self.common, mode, clock)
            .await
            .map_err(|error| error::of_connect(&self.common.name, error))
    }

    async fn claim_at_once(
        &self,
        clock: Clock,
        claim: &ClaimJobs<'_>,
        turn: u32,
    ) -> Result<(Vec<Job>, Option<Pulse>), StoreError> {
        let fewer = |left: u32| left.checked_sub(1);
        if self.tied.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fewer).is_ok() {
            return Ok((Vec::new(), None));
        }
        self.compactor.pass(&self.common.connections, &self.common.sql).await;
        let (jobs, pulse) = claim::at_once(&self.common, clock, claim, turn).await?;
        if jobs.is_empty() && pulse.is_none() {
            self.tied.store(TIED, Ordering::Relaxed);
        }
        Ok((jobs, pulse))
    }

    async fn enqueue_at_once(
        &self,
        clock: Clock,
        job: &Enqueue,
    ) -> Result<Option<Pulse>, StoreError> {
        self.compactor.pass(&self.common.connections, &self.common.sql).await;
        insert::at_once(&self.common, clock, job).await
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

/// After a claim that needed a transaction, how many begin one without asking whether they need it:
/// it is for what their tasks are like, which changes rarely.
const TIED: u32 = 15;
