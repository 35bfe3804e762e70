//! The store: a file and its connections.

use core::fmt;
use core::sync::atomic::{AtomicU32, Ordering};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mainspring_contract::record::{Enqueue, Enqueued, Settle, Written};
use mainspring_contract::tables::{Database, Mode, Tables, within};
use mainspring_contract::{Capabilities, Clock, StoreError, StoreErrorKind};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqliteConnection};

use crate::connections::Connections;
use crate::options::Options;
use crate::statements::Statements;
use crate::transaction::{ATTEMPTS, Shared, Transaction};
use crate::{error, migrations};

/// Schedules, jobs and history in one SQLite file.
///
/// Durable: a reply to a verb means that its changes survive a power loss. Shared: any number of
/// processes on one machine may use the file at once, but it must not lie on a network drive,
/// where SQLite's locks do not hold. Any future may be dropped at any time.
pub struct SqliteStore {
    shared: Arc<Shared>,
    writer: Arc<Connections>,
    readers: Arc<Connections>,
    /// How many jobs were handed out: whose turn it is among tasks. Each process takes turns of
    /// its own, which is fair enough and costs no write.
    handed_out: AtomicU32,
}

impl SqliteStore {
    /// Opens the file at `path` with the default [`Options`].
    ///
    /// # Errors
    /// See [`open_with`](Self::open_with).
    pub async fn open(path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        Self::open_with(Options::new(path)).await
    }

    /// Opens a file, makes it if it is missing, and brings its tables up to date.
    ///
    /// A new file can be read and written by its owner only.
    ///
    /// # Errors
    /// [`Incompatible`](StoreErrorKind::Incompatible) if a newer program made the file,
    /// [`Corrupt`](StoreErrorKind::Corrupt) if it is damaged, [`Full`](StoreErrorKind::Full) if
    /// the disk is, [`Unavailable`](StoreErrorKind::Unavailable) if another process keeps it
    /// locked, and [`Backend`](StoreErrorKind::Backend) if it is no database or this user may not
    /// write it.
    pub async fn open_with(options: Options) -> Result<Self, StoreError> {
        let path = create(&options.path)?;
        let mut connect = SqliteConnectOptions::new()
            .filename(&path)
            .busy_timeout(options.busy_for / ATTEMPTS)
            .row_buffer_size(ROWS)
            .disable_statement_logging();
        if let Some(bytes) = options.max_bytes {
            let pages = (bytes / PAGE_BYTES).max(1);
            connect = connect.pragma("max_page_count", pages.to_string());
        }
        let readers = u8::try_from(options.readers).unwrap_or(u8::MAX).min(MOST_READERS);
        let sql = Statements::new(&options.prefix);
        let store = Self {
            shared: Arc::new(Shared { path, prefix: options.prefix, sql }),
            writer: Arc::new(Connections::new(connect.clone(), SETUP_WRITER, 1)),
            readers: Arc::new(Connections::new(connect, SETUP_READER, readers)),
            handed_out: AtomicU32::new(0),
        };
        let mut tx = store.begin(Mode::Write, Clock::Server).await?;
        migrations::migrate(&mut tx).await?;
        tx.end().await?;
        Ok(store)
    }

    /// Queues jobs inside the caller's own transaction, on its own connection to the same file:
    /// what the program writes and the jobs that stand for it last together, or not at all.
    ///
    /// Nodes that lie idle find the jobs with their next question to the store. Nobody else can
    /// write the file until the transaction ends. It should be begun with `BEGIN IMMEDIATE`: one
    /// that reads first may find, when it writes, that somebody else was faster.
    ///
    /// # Errors
    /// Whatever the database says. The transaction must be rolled back then; if the error
    /// [is passing](StoreError::is_passing), all of it may be tried again.
    ///
    /// ```
    /// # use mainspring_conformance::sample::queued;
    /// # use mainspring_contract::{Clock, Store, record::Enqueued, store::JobFilter};
    /// use sqlx::{Connection, SqliteConnection};
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("shop.db");
    /// # let (url, order_shipped) = (format!("sqlite:{}", path.display()), queued(1, "ship"));
    /// let store = mainspring_sqlite::SqliteStore::open(path).await?;
    /// let mut connection = SqliteConnection::connect(&url).await?;
    /// # sqlx::raw_sql("CREATE TABLE orders (number integer)").execute(&mut connection).await?;
    /// let mut tx = connection.begin_with("BEGIN IMMEDIATE").await?;
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
        connection: &mut SqliteConnection,
        clock: Clock,
        jobs: &[Enqueue],
    ) -> Result<Vec<Enqueued>, StoreError> {
        let tx = Transaction::within(connection, &self.shared, clock).await?;
        within::enqueue(tx, jobs).await
    }

    /// Records last attempts inside the caller's own transaction: the effect of a job and its end
    /// last together. What is answered [`LeaseLost`](Written::LeaseLost) has been given to somebody
    /// else, so that its transaction is to be rolled back.
    ///
    /// # Errors
    /// As for [`enqueue_in`](Self::enqueue_in).
    pub async fn complete_in(
        &self,
        connection: &mut SqliteConnection,
        clock: Clock,
        settles: &[Settle],
    ) -> Result<Vec<Written>, StoreError> {
        let tx = Transaction::within(connection, &self.shared, clock).await?;
        within::settle(tx, settles).await
    }

    /// Waits for what is under way and closes the file; SQLite then tidies its log away.
    ///
    /// Dropping the store is as safe, but leaves the tidying to a thread in the background.
    pub async fn close(self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.shared.path).finish_non_exhaustive()
    }
}

/// Makes the file and its folder if they are missing, and returns the file's full path.
///
/// A full path, because SQLite gives special meanings to some texts (`:memory:`, `file:…`) that no
/// full path has.
fn create(path: &Path) -> Result<PathBuf, StoreError> {
    let failed = |why: std::io::Error| {
        let message = format!(
            "cannot open `{}` (name a file in a folder that this user may write)",
            path.display()
        );
        StoreError::new(StoreErrorKind::Backend, message).because(why)
    };
    if path == Path::new(":memory:") {
        return Err(StoreError::new(
            StoreErrorKind::Backend,
            "`:memory:` is not a file (use the memory store for what need not last)",
        ));
    }
    let path = std::path::absolute(path).map_err(failed)?;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(&path) {
        Ok(_) => Ok(path),
        Err(why) if why.kind() == std::io::ErrorKind::AlreadyExists => Ok(path),
        Err(why) => Err(failed(why)),
    }
}

impl Database for SqliteStore {
    type Tables = Transaction<'static>;

    const ONE_WRITER: bool = true;

    fn capabilities(&self) -> Capabilities {
        Capabilities { durable: true, shared: true }
    }

    fn name(&self) -> String {
        self.shared.path.display().to_string()
    }

    async fn begin(&self, mode: Mode, clock: Clock) -> Result<Self::Tables, StoreError> {
        let connections = match mode {
            Mode::Read => &self.readers,
            Mode::Write => &self.writer,
        };
        let begun = Transaction::begin(&self.shared, connections, mode, clock).await;
        begun.map_err(|e| error::of_statement(&self.shared.path, e))
    }

    fn handed_out(&self, jobs: u32) -> u32 {
        self.handed_out.fetch_add(jobs, Ordering::Relaxed)
    }

    /// Never: one that writes has the file to itself, and waits for that where it begins.
    async fn try_again(&self, _attempt: u32, _after: StoreErrorKind) -> bool {
        false
    }
}

/// More readers of one file than any machine serves at once.
const MOST_READERS: u8 = 64;
/// How many rows SQLite finds before somebody has to have taken the first: a batch of jobs.
const ROWS: usize = 1_024;
/// SQLite's page size unless a file was made with another one.
const PAGE_BYTES: u64 = 4_096;
const SETUP_WRITER: &str = include_str!("sql/setup_writer.sql");
const SETUP_READER: &str = include_str!("sql/setup_reader.sql");

#[cfg(test)]
mod tests {
    use core::pin::pin;

    use super::*;

    #[tokio::test]
    async fn closing_waits_for_what_is_under_way() {
        let folder = tempfile::tempdir().expect("a folder");
        for mode in [Mode::Read, Mode::Write] {
            let path = folder.path().join(format!("{mode:?}.db"));
            let store = SqliteStore::open(path).await.expect("it opens");
            let tx = store.begin(mode, Clock::Server).await.expect("it begins");
            let mut closing = pin!(store.close());
            tokio::select! {
                biased;
                () = &mut closing => panic!("closed under a transaction"),
                done = tx.end() => done.expect("it ends"),
            }
            closing.await;
        }
    }
}
