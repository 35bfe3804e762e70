//! The store: a database, and the transactions that the verbs run in.

use core::fmt;
use core::sync::atomic::{AtomicU32, Ordering};
use std::sync::Arc;

use mainspring_contract::record::{Enqueue, Enqueued, Settle, Written};
use mainspring_contract::tables::{Database, Mode, within};
use mainspring_contract::{Capabilities, Clock, StoreError, StoreErrorKind};
use mongodb::ClientSession;

use crate::collections::Collections;
use crate::migrations::Place;
use crate::options::Options;
use crate::transaction::{Common, Transaction};
use crate::{abandoned, clock};

/// Schedules, jobs and history in one database of MongoDB.
///
/// Durable: a reply to a verb means that most members of the replica set have its changes in their
/// journals. Shared: any number of processes may use the database at once. Any future may be
/// dropped at any time; what its verb had begun is then rolled back.
pub struct MongoStore {
    common: Arc<Common>,
    database: mongodb::Database,
    /// How many jobs were handed out: whose turn it is among tasks.
    handed_out: AtomicU32,
}

impl MongoStore {
    /// Opens the database at `url` with the default [`Options`].
    ///
    /// # Errors
    /// See [`open_with`](Self::open_with).
    pub async fn open(url: impl Into<String>) -> Result<Self, StoreError> {
        Self::open_with(&Options::new(url)).await
    }

    /// Opens a database, and makes its collections and indexes or checks them, as the options say.
    ///
    /// # Errors
    /// [`Unavailable`](StoreErrorKind::Unavailable) if it cannot be reached,
    /// [`Incompatible`](StoreErrorKind::Incompatible) if its collections are too new, or too old
    /// and not to be changed, or the server is too old or has no transactions, and
    /// [`Backend`](StoreErrorKind::Backend) if the address cannot be read, the user is not let in,
    /// or a right is missing.
    pub async fn open_with(options: &Options) -> Result<Self, StoreError> {
        let (database, name, app) = options.database().await?;
        let place = Place::new(&database, &name, options);
        if options.migrate {
            place.apply().await?;
        } else {
            place.check().await?;
        }
        let common = Common {
            name,
            app,
            database: database.name().to_owned(),
            collections: Collections::new(&options.prefix),
            lanes: Default::default(),
            crowd: Default::default(),
            doubtful: Default::default(),
            tasks: Default::default(),
        };
        Ok(Self { common: Arc::new(common), database, handed_out: AtomicU32::new(0) })
    }

    /// Queues jobs inside the caller's own transaction: what the program writes to its own
    /// collections and the jobs that stand for it last together, or not at all. The session may be
    /// of any client that is connected to the same replica set.
    ///
    /// # Errors
    /// Whatever the database says. The transaction must be aborted then; if the error
    /// [is passing](StoreError::is_passing), all of it may be tried again.
    ///
    /// ```
    /// # use mainspring_conformance::sample::queued;
    /// # use mainspring_contract::{Clock, Store, record::Enqueued, store::JobFilter};
    /// use mongodb::{Client, bson::doc};
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let shared = mainspring_support::SharedMongoDb::join().await;
    /// # let database = shared.database().await;
    /// # let (url, order_shipped) = (database.url(), queued(1, "ship"));
    /// let store = mainspring_mongodb::MongoStore::open(url).await?;
    /// let client = Client::with_uri_str(url).await?;
    /// let orders = client.default_database().ok_or("a database")?.collection("orders");
    /// let mut session = client.start_session().await?;
    /// session.start_transaction().await?;
    /// orders.insert_one(doc! { "number": 7 }).session(&mut session).await?;
    /// let answers = store.enqueue_in(&mut session, Clock::Server, &[order_shipped]).await?;
    /// assert_eq!(answers, [Enqueued::Inserted]);
    /// assert_eq!(store.jobs(&JobFilter::first(9)).await?, [], "nobody sees it yet");
    /// session.commit_transaction().await?;
    /// assert_eq!(store.jobs(&JobFilter::first(9)).await?.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn enqueue_in(
        &self,
        session: &mut ClientSession,
        clock: Clock,
        jobs: &[Enqueue],
    ) -> Result<Vec<Enqueued>, StoreError> {
        let tx = Transaction::within(session, &self.common, clock).await?;
        within::enqueue(tx, jobs).await
    }

    /// Records last attempts inside the caller's own transaction: the effect of a job and its end
    /// last together. What is answered [`LeaseLost`](Written::LeaseLost) has been given to somebody
    /// else, so that its transaction is to be aborted.
    ///
    /// # Errors
    /// As for [`enqueue_in`](Self::enqueue_in).
    ///
    /// ```
    /// # use mainspring_conformance::{rig::Rig, sample::queued};
    /// # use mainspring_contract::{Clock, record::{Ended, Settle, Written}};
    /// # use mainspring_core::{outcome::Outcome, time::{Span, Timestamp}};
    /// use mongodb::{Client, bson::doc};
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let shared = mainspring_support::SharedMongoDb::join().await;
    /// # let database = shared.database().await;
    /// # let url = database.url();
    /// # let rig = Rig(mainspring_mongodb::MongoStore::open(url).await?);
    /// # rig.enqueue_all(0, &[queued(1, "ship")]).await;
    /// # let job = rig.claim(0, "worker", &["ship"], 1).await.remove(0);
    /// # let store = &rig.0;
    /// # let finished_at = Timestamp::UNIX_EPOCH;
    /// let client = Client::with_uri_str(url).await?;
    /// let parcels = client.default_database().ok_or("a database")?.collection("parcels");
    /// let mut session = client.start_session().await?;
    /// session.start_transaction().await?;
    /// parcels.insert_one(doc! { "number": 7 }).session(&mut session).await?;
    /// let ended =
    ///     Ended { outcome: Outcome::Succeeded, started_at: None, finished_at, detail: None };
    /// let settle = Settle { job: job.id, token: job.token, ended };
    /// match store.complete_in(&mut session, Clock::Server, &[settle]).await?[..] {
    ///     [Written::Done] => session.commit_transaction().await?,
    ///     _ => session.abort_transaction().await?,
    /// }
    /// # assert_eq!(rig.jobs().await, []);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn complete_in(
        &self,
        session: &mut ClientSession,
        clock: Clock,
        settles: &[Settle],
    ) -> Result<Vec<Written>, StoreError> {
        let tx = Transaction::within(session, &self.common, clock).await?;
        within::settle(tx, settles).await
    }

    /// Waits for what is under way and closes all connections.
    pub async fn close(self) {
        self.database.client().clone().shutdown().await;
    }
}

impl fmt::Debug for MongoStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MongoStore").field("name", &self.common.name).finish_non_exhaustive()
    }
}

impl Database for MongoStore {
    type Tables = Transaction<'static>;

    const ONE_WRITER: bool = false;

    fn capabilities(&self) -> Capabilities {
        Capabilities { durable: true, shared: true }
    }

    fn name(&self) -> String {
        self.common.name.clone()
    }

    async fn begin(&self, mode: Mode, clock: Clock) -> Result<Self::Tables, StoreError> {
        Transaction::begin(&self.database, &self.common, mode, clock).await
    }

    fn handed_out(&self, jobs: u32) -> u32 {
        self.handed_out.fetch_add(jobs, Ordering::Relaxed)
    }

    async fn try_again(&self, attempt: u32, after: StoreErrorKind) -> bool {
        let again = match after {
            // Nobody waits for a lock here: to try again is how one waits.
            StoreErrorKind::Contended => attempt <= 24,
            // There may just be an election.
            StoreErrorKind::Unavailable | StoreErrorKind::OutcomeUnknown => attempt <= 2,
            _ => false,
        };
        if again && attempt.is_multiple_of(PATIENCE) {
            // Without an answer all goes on as before.
            let _ = abandoned::end(&self.database, &self.common.app).await;
        }
        if again {
            clock::back_off(attempt).await;
        }
        again
    }
}

/// After so many attempts, about a second, it is asked whether somebody is in the way who will not
/// come back.
const PATIENCE: u32 = 12;
