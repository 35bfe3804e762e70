//! The store: a file, its connections, and the verbs.

use core::fmt;
use core::sync::atomic::{AtomicU32, Ordering};
use std::path::{Path, PathBuf};

use mainspring_contract::record::{
    Advance, Advanced, Cancelled, ClaimJobs, ClaimSchedules, Enqueue, Enqueued, Job, Paused, Put,
    PutSchedule, Quarantine, Release, Remove, Renew, Renewed, Rescue, Resume, Resumed, Retry, Run,
    Schedule, Settle, Task, Written,
};
use mainspring_contract::store::{
    JobFilter, RunFilter, RunView, ScheduleFilter, ScheduleView, SkipFilter, SkipView, Unreadable,
};
use mainspring_contract::{
    Answer, Capabilities, Clock, JobId, Reply, ScheduleId, Store, StoreError, StoreErrorKind,
};
use mainspring_core::time::Timestamp;
use mainspring_core::trigger::Count;
use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;

use crate::connections::Connections;
use crate::options::Options;
use crate::transaction::{ATTEMPTS, Mode, Transaction};
use crate::{claim, enqueue, error, finish, listing, migrate, pulse, schedules, sweep, tasks};

/// Schedules, jobs and history in one SQLite file.
///
/// Durable: a reply to a verb means that its changes survive a power loss. Shared: any number of
/// processes on one machine may use the file at once, but it must not lie on a network drive,
/// where SQLite's locks do not hold. Any future may be dropped at any time.
pub struct SqliteStore {
    path: PathBuf,
    writer: Connections,
    readers: Connections,
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
            .disable_statement_logging();
        if let Some(bytes) = options.max_bytes {
            let pages = (bytes / PAGE_BYTES).max(1);
            connect = connect.pragma("max_page_count", pages.to_string());
        }
        let readers = usize::try_from(options.readers).unwrap_or(usize::MAX).min(64);
        let store = Self {
            path,
            writer: Connections::new(connect.clone(), SETUP_WRITER, 1),
            readers: Connections::new(connect, SETUP_READER, readers),
            handed_out: AtomicU32::new(0),
        };
        let mut tx = store.begin(Mode::Write, Clock::Server).await?;
        migrate::migrate(&mut tx)
            .await
            .map_err(|e| store.error(e))?
            .map_err(|incompatible| incompatible.at(&store.path))?;
        tx.commit().await.map_err(|e| error::of_commit(&store.path, e))?;
        Ok(store)
    }

    /// Waits for what is under way and closes the file; SQLite then tidies its log away.
    ///
    /// Dropping the store is as safe, but leaves the tidying to a thread in the background.
    pub async fn close(self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// Begins a transaction that sees one state of the file.
    async fn read(&self, clock: Clock) -> Result<Transaction<'_>, StoreError> {
        self.begin(Mode::Read, clock).await
    }

    /// Begins a transaction that changes the file.
    async fn write(&self, clock: Clock) -> Result<Transaction<'_>, StoreError> {
        self.begin(Mode::Write, clock).await
    }

    async fn begin(&self, mode: Mode, clock: Clock) -> Result<Transaction<'_>, StoreError> {
        let connections = match mode {
            Mode::Read => &self.readers,
            Mode::Write => &self.writer,
        };
        Transaction::begin(connections, mode, clock).await.map_err(|e| self.error(e))
    }

    /// Ends a verb with its answer and the pulse.
    async fn reply<T>(&self, mut tx: Transaction<'_>, value: T) -> Answer<T> {
        let pulse = pulse::read(&mut tx).await.map_err(|e| self.error(e))?;
        tx.commit().await.map_err(|e| error::of_commit(&self.path, e))?;
        Ok(Reply { value, pulse })
    }

    /// The answer to a verb that has nothing to do.
    async fn nothing<T: Default>(&self, clock: Clock) -> Answer<T> {
        let tx = self.read(clock).await?;
        self.reply(tx, T::default()).await
    }

    fn error(&self, error: sqlx::Error) -> StoreError {
        error::of_statement(&self.path, error)
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.path).finish_non_exhaustive()
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

/// One verb: nothing to do needs no write lock; otherwise a transaction, the work, the reply.
macro_rules! write {
    ($store:ident, $clock:ident, $items:ident, $work:path) => {{
        if $items.is_empty() {
            return $store.nothing($clock).await;
        }
        let mut tx = $store.write($clock).await?;
        let value = $work(&mut tx, $items).await.map_err(|e| $store.error(e))?;
        $store.reply(tx, value).await
    }};
}

/// One verb that looks before it takes the write lock.
macro_rules! look_then_write {
    (
        $store:ident, $clock:ident, $look:path, $work:path,
        ($($request:expr),*), ($($rest:expr),*)
    ) => {{
        let mut tx = $store.read($clock).await?;
        if !$look(&mut tx, $($request),*).await.map_err(|e| $store.error(e))? {
            return $store.reply(tx, Default::default()).await;
        }
        tx.commit().await.map_err(|e| $store.error(e))?;
        let mut tx = $store.write($clock).await?;
        let value = $work(&mut tx, $($request,)* $($rest),*).await.map_err(|e| $store.error(e))?;
        $store.reply(tx, value).await
    }};
}

/// One listing.
macro_rules! list {
    ($store:ident, $work:path, $filter:ident) => {{
        let mut tx = $store.read(Clock::Server).await?;
        let value = $work(&mut tx, $filter).await.map_err(|e| $store.error(e))?;
        tx.commit().await.map_err(|e| $store.error(e))?;
        Ok(value)
    }};
}

impl Store for SqliteStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities { durable: true, shared: true }
    }

    async fn put_tasks(&self, clock: Clock, tasks: &[Task]) -> Answer<()> {
        write!(self, clock, tasks, tasks::put)
    }

    async fn put_schedules(&self, clock: Clock, puts: &[PutSchedule]) -> Answer<Vec<Put>> {
        write!(self, clock, puts, schedules::put)
    }

    async fn remove_schedules(&self, clock: Clock, remove: &Remove<'_>) -> Answer<Vec<ScheduleId>> {
        let mut tx = self.write(clock).await?;
        let value = schedules::remove(&mut tx, remove).await.map_err(|e| self.error(e))?;
        self.reply(tx, value).await
    }

    async fn claim_schedules(&self, clock: Clock, claim: &ClaimSchedules) -> Answer<Vec<Schedule>> {
        look_then_write!(self, clock, schedules::any_due, schedules::claim, (claim), ())
    }

    async fn advance(&self, clock: Clock, advances: &[Advance]) -> Answer<Vec<Advanced>> {
        write!(self, clock, advances, schedules::advance)
    }

    async fn pause(&self, clock: Clock, ids: &[ScheduleId]) -> Answer<Vec<Paused>> {
        write!(self, clock, ids, schedules::pause)
    }

    async fn resume(&self, clock: Clock, resumes: &[Resume]) -> Answer<Vec<Resumed>> {
        write!(self, clock, resumes, schedules::resume)
    }

    async fn quarantine(&self, clock: Clock, quarantines: &[Quarantine]) -> Answer<()> {
        write!(self, clock, quarantines, schedules::quarantine)
    }

    async fn enqueue(&self, clock: Clock, jobs: &[Enqueue]) -> Answer<Vec<Enqueued>> {
        write!(self, clock, jobs, enqueue::enqueue)
    }

    async fn claim_jobs(&self, clock: Clock, claim: &ClaimJobs<'_>) -> Answer<Vec<Job>> {
        let turn = self.handed_out.load(Ordering::Relaxed);
        let claimed: Answer<Vec<Job>> =
            look_then_write!(self, clock, claim::any_claimable, claim::claim, (claim), (turn));
        let count = claimed.as_ref().map_or(0, |reply| reply.value.len());
        self.handed_out.fetch_add(u32::try_from(count).unwrap_or(0), Ordering::Relaxed);
        claimed
    }

    async fn renew(&self, clock: Clock, renews: &[Renew]) -> Answer<Vec<Renewed>> {
        write!(self, clock, renews, finish::renew)
    }

    async fn release(&self, clock: Clock, releases: &[Release]) -> Answer<Vec<Written>> {
        write!(self, clock, releases, finish::release)
    }

    async fn retry(&self, clock: Clock, retries: &[Retry]) -> Answer<Vec<Written>> {
        write!(self, clock, retries, finish::retry)
    }

    async fn settle(&self, clock: Clock, settles: &[Settle]) -> Answer<Vec<Written>> {
        write!(self, clock, settles, finish::settle)
    }

    async fn cancel(&self, clock: Clock, jobs: &[JobId]) -> Answer<Vec<Cancelled>> {
        write!(self, clock, jobs, finish::cancel)
    }

    async fn rescue(&self, clock: Clock, rescue: &Rescue, max: u32) -> Answer<Vec<Run>> {
        look_then_write!(self, clock, sweep::any_lapsed, sweep::rescue, (rescue, max), ())
    }

    async fn prune(&self, clock: Clock, before: Timestamp, max: u32) -> Answer<u32> {
        look_then_write!(self, clock, sweep::any_old, sweep::prune, (before), (max))
    }

    async fn schedule(&self, id: &ScheduleId) -> Result<Option<ScheduleView>, StoreError> {
        let found: Result<_, StoreError> = list!(self, listing::schedule, id);
        found?.transpose().map_err(|why| error::of_row(&self.path, id, &why))
    }

    async fn schedules(&self, filter: &ScheduleFilter) -> Result<Vec<ScheduleView>, StoreError> {
        list!(self, listing::schedules, filter)
    }

    async fn unreadable(&self, limit: u32) -> Result<Vec<Unreadable>, StoreError> {
        list!(self, listing::unreadable, limit)
    }

    async fn jobs(&self, filter: &JobFilter) -> Result<Vec<Job>, StoreError> {
        list!(self, listing::jobs, filter)
    }

    async fn count_jobs(&self, filter: &JobFilter, up_to: u32) -> Result<Count, StoreError> {
        let mut tx = self.read(Clock::Server).await?;
        let value = listing::count(&mut tx, filter, up_to).await.map_err(|e| self.error(e))?;
        tx.commit().await.map_err(|e| self.error(e))?;
        Ok(value)
    }

    async fn runs(&self, filter: &RunFilter) -> Result<Vec<RunView>, StoreError> {
        list!(self, listing::runs, filter)
    }

    async fn skips(&self, filter: &SkipFilter) -> Result<Vec<SkipView>, StoreError> {
        list!(self, listing::skips, filter)
    }
}

/// SQLite's page size unless a file was made with another one.
const PAGE_BYTES: u64 = 4_096;
const SETUP_WRITER: &str = include_str!("sql/setup_writer.sql");
const SETUP_READER: &str = include_str!("sql/setup_reader.sql");
