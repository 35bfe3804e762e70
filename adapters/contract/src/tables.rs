//! What a database has to be able to do to become a store.
//!
//! The verbs of the contract are written once, over the rows of six tables (tasks, schedules, jobs,
//! keys, runs, skips) inside one transaction. A database says how it begins a transaction
//! ([`Database`]) and what it does to rows ([`Tables`]); being a [`Store`](crate::Store) follows.
//! So a database holds statements and no policy.
//!
//! Whatever is called `lock_…` keeps other transactions away from the rows that it returns until
//! this one is over; statements after it see what was committed before. Locks are taken in the
//! order schedules, jobs, keys, and within a table in the order of ids. Where that cannot be kept,
//! a database may notice that two transactions wait for each other and end one of them with
//! [`Contended`](crate::StoreErrorKind::Contended), which is then tried again from its start.
//!
//! Methods that take a slice answer item by item, in its order, with as few statements as the
//! database allows; an empty slice asks the database nothing. They may rely on there being no id
//! twice in a slice.

use core::future::Future;

use mainspring_core::domain::Origin;
use mainspring_core::fire::Skip;
use mainspring_core::id::{ConfigRevision, Revision, Token};
use mainspring_core::outcome::Outcome;
use mainspring_core::pulse::Pulse;
use mainspring_core::time::Timestamp;

use crate::record::{
    ClaimJobs, ClaimSchedules, Job, Quarantine, Remove, Renew, Renewed, Rescue, Run, Schedule,
    Settle, Task,
};
use crate::store::{Capabilities, Clock, JobFilter, RunFilter, RunView, SkipFilter, SkipView};
use crate::{JobId, Key, NodeId, ScheduleId, StoreError, TaskId};

/// A database that can be a store.
pub trait Database: Send + Sync + 'static {
    /// An open transaction. It owns its connection; dropped without
    /// [`finish`](Tables::finish), it changes nothing.
    type Tables: Tables + 'static;

    /// A transaction that writes keeps all others that write out. Verbs that often find nothing to
    /// do then look before they write.
    const ONE_WRITER: bool;

    /// What it can do beyond what all stores must.
    fn capabilities(&self) -> Capabilities;

    /// What people call it, without any password: `jobs.db`, `postgres://host/name`.
    fn name(&self) -> String;

    /// Begins a transaction.
    fn begin(
        &self,
        mode: Mode,
        clock: Clock,
    ) -> impl Future<Output = Result<Self::Tables, StoreError>> + Send;

    /// How many jobs this process was handed out before these: whose turn it is among tasks.
    fn handed_out(&self, jobs: u32) -> u32;

    /// Waits before attempt number `attempt`, counted from 2, at a transaction that was
    /// [`Contended`](crate::StoreErrorKind::Contended); false if there have been enough.
    fn try_again(&self, attempt: u32) -> impl Future<Output = bool> + Send;
}

/// What a transaction may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// See one state of the database.
    Read,
    /// Change it.
    Write,
}

/// The result of a method of [`Tables`].
pub type Done<T> = Result<T, StoreError>;

/// A row that was found: what it says, or what is known of one that cannot be read.
pub type Row<T, Id> = Result<T, Damaged<Id>>;

/// A row that cannot be read.
#[derive(Clone, Debug)]
pub struct Damaged<Id> {
    /// Which.
    pub row: Id,
    /// The schedule that has to hear of the end of this job, if it is a job and that is known.
    pub watched_by: Option<ScheduleId>,
    /// Why it cannot be read, for people.
    pub why: String,
}

/// A schedule's row, and what is known of it even if it cannot be read.
#[derive(Debug)]
pub struct Found {
    /// Where it was written down, as far as it is a text.
    pub source: String,
    /// Its revision; 0, if that is damaged too.
    pub revision: Revision,
    /// The schedule, or why it cannot be read.
    pub schedule: Result<Schedule, String>,
}

/// What becomes of the claim on a schedule that changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It stays.
    Kept,
    /// It is given up.
    GivenUp,
    /// It ends at this instant, if there is one.
    Until(Timestamp),
}

/// Where a job stands that is not over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// It waits for its instant or for a worker.
    Waiting,
    /// A worker has it.
    Leased,
    /// It is held until others are over.
    Held,
}

/// A job in the chain of its schedule.
#[derive(Clone, Copy, Debug)]
pub struct Link {
    /// The job.
    pub job: JobId,
    /// Where it stands.
    pub place: Place,
    /// Where it comes from. A backfill is not in turn with the others.
    pub origin: Origin,
    /// The schedule will hear of its end.
    pub watched: bool,
}

/// A key, and who holds it.
#[derive(Clone, Copy, Debug)]
pub struct Holder {
    /// The job.
    pub job: JobId,
    /// It is over and holds the key until then.
    pub over_until: Option<Timestamp>,
    /// Where it stands; `None` if it is over, or its row is gone.
    pub place: Option<Place>,
}

/// A job and the key that it wants, or has, or leaves.
#[derive(Clone, Copy, Debug)]
pub struct Hold<'a> {
    /// Keys are kept apart by task.
    pub task: &'a TaskId,
    /// The key.
    pub key: &'a Key,
    /// The job.
    pub job: JobId,
}

/// The rows of one store, inside one transaction.
pub trait Tables: Send {
    /// Names a row of schedules or jobs whatever the row says.
    type RowId: Clone + core::fmt::Debug + Send + Sync;

    /// The instant by which everything in this transaction is judged.
    fn now(&self) -> Timestamp;

    /// Takes the pulse, with what this transaction changed, and makes the changes last.
    fn finish(self) -> impl Future<Output = Done<Pulse>> + Send;

    /// How often schedules and tasks have changed.
    fn config_revision(&mut self) -> impl Future<Output = Done<ConfigRevision>> + Send;

    /// Notes that a schedule or a task changed.
    fn config_changed(&mut self) -> impl Future<Output = Done<()>> + Send;

    // Tasks.

    /// Writes tasks whose stored version is not larger; whether anything is different now.
    fn put_tasks(&mut self, tasks: &[Task]) -> impl Future<Output = Done<bool>> + Send;

    /// Those of these tasks that somebody has put and that can be read, in any order.
    fn tasks(&mut self, ids: &[TaskId]) -> impl Future<Output = Done<Vec<Task>>> + Send;

    // Schedules.

    /// The schedules of these names, locked.
    fn lock_schedules(
        &mut self,
        ids: &[ScheduleId],
    ) -> impl Future<Output = Done<Vec<Option<Found>>>> + Send;

    /// Writes whole schedules, new ones and over old ones. Nobody has a claim on them.
    fn write_schedules(&mut self, schedules: &[Schedule]) -> impl Future<Output = Done<()>> + Send;

    /// Writes what can change about schedules while their words stay: revision, cursor, counts and
    /// pause.
    fn update_schedules(
        &mut self,
        schedules: &[(Schedule, Claim)],
    ) -> impl Future<Output = Done<()>> + Send;

    /// Removes schedules; the names of those that were there.
    fn remove_schedules(
        &mut self,
        remove: &Remove<'_>,
    ) -> impl Future<Output = Done<Vec<ScheduleId>>> + Send;

    /// Whether [`claim_schedules`](Self::claim_schedules) would find anything.
    fn any_due(&mut self, claim: &ClaimSchedules) -> impl Future<Output = Done<bool>> + Send;

    /// Claims at most `max` schedules that come due, the earliest first, and leaves those out that
    /// another transaction has locked. Rows that cannot be read are among the answers, unclaimed.
    fn claim_schedules(
        &mut self,
        claim: &ClaimSchedules,
        max: u32,
    ) -> impl Future<Output = Done<Vec<Row<Schedule, Self::RowId>>>> + Send;

    /// Puts rows that cannot be read into quarantine.
    fn set_aside(&mut self, rows: &[Damaged<Self::RowId>])
    -> impl Future<Output = Done<()>> + Send;

    /// Takes schedules of these revisions out of service; whether there were any.
    fn quarantine(&mut self, quarantines: &[Quarantine])
    -> impl Future<Output = Done<bool>> + Send;

    /// Ends the claims of a node.
    fn drop_claims(&mut self, node: &NodeId) -> impl Future<Output = Done<()>> + Send;

    /// Adds records of fires that did not become jobs.
    fn note_skips(&mut self, skips: &[(ScheduleId, Skip)])
    -> impl Future<Output = Done<()>> + Send;

    // Jobs.

    /// Which of these jobs exist, or existed and are over.
    fn known(&mut self, ids: &[JobId]) -> impl Future<Output = Done<Vec<bool>>> + Send;

    /// Adds jobs that wait or are held, except those that are known; which were added.
    fn insert_jobs(&mut self, jobs: &[Job]) -> impl Future<Output = Done<Vec<bool>>> + Send;

    /// The jobs of these ids that are not over, locked.
    fn lock_jobs(
        &mut self,
        ids: &[JobId],
    ) -> impl Future<Output = Done<Vec<Option<Row<Job, Self::RowId>>>>> + Send;

    /// Writes what can change about jobs; those that are over leave the table.
    fn update_jobs(&mut self, jobs: &[Job]) -> impl Future<Output = Done<()>> + Send;

    /// Whether [`claim_jobs`](Self::claim_jobs) would find anything.
    fn any_claimable(&mut self, claim: &ClaimJobs<'_>) -> impl Future<Output = Done<bool>> + Send;

    /// Leases at most `max` ready jobs and returns them as they are then. The tasks take turns,
    /// starting with number `turn` of the claim's; those of one task go by priority, ready instant
    /// and id. A task with a limit is locked and its leases are counted before the limit of the
    /// claim is applied, so that a task without room hides nobody. Jobs that another transaction
    /// has locked are left out. Rows that cannot be read are among the answers, unleased.
    fn claim_jobs(
        &mut self,
        claim: &ClaimJobs<'_>,
        max: u32,
        turn: u32,
    ) -> impl Future<Output = Done<Vec<Row<Job, Self::RowId>>>> + Send;

    /// Prolongs leases of these tokens.
    fn renew(&mut self, renews: &[Renew]) -> impl Future<Output = Done<Vec<Renewed>>> + Send;

    /// Settles those jobs whose end concerns nobody else: leased under this token, not told to
    /// stop, not watched, without a key. Each leaves the table and gets its record. Says which
    /// were settled; the others are for [`lock_jobs`](Self::lock_jobs). This is the path of most
    /// jobs, so it is worth a statement that reads no payload.
    fn settle_alone(&mut self, settles: &[Settle]) -> impl Future<Output = Done<Vec<bool>>> + Send;

    /// At most `max` jobs of which a rescue has to take care, locked; those that another
    /// transaction has locked are left out.
    fn lapsed(
        &mut self,
        rescue: &Rescue,
        max: u32,
    ) -> impl Future<Output = Done<Vec<Row<Job, Self::RowId>>>> + Send;

    /// Whether [`lapsed`](Self::lapsed) would find anything.
    fn any_lapsed(&mut self, rescue: &Rescue) -> impl Future<Output = Done<bool>> + Send;

    /// Settles jobs whose rows cannot be read as
    /// [`Undecodable`](mainspring_core::outcome::Outcome::Undecodable); their keys become free.
    fn bury(&mut self, rows: &[Damaged<Self::RowId>]) -> impl Future<Output = Done<()>> + Send;

    /// The jobs of a schedule that are not over, the newest first, locked.
    fn lock_chain(&mut self, schedule: &ScheduleId)
    -> impl Future<Output = Done<Vec<Link>>> + Send;

    /// Makes a schedule hear of the end of these jobs.
    fn watch(&mut self, jobs: &[JobId]) -> impl Future<Output = Done<()>> + Send;

    /// Lets held jobs wait: the row `held`, `free` of the transition table.
    fn free(&mut self, jobs: &[JobId]) -> impl Future<Output = Done<()>> + Send;

    // Keys.

    /// Who holds these keys, locked.
    fn lock_keys(
        &mut self,
        keys: &[(&TaskId, &Key)],
    ) -> impl Future<Output = Done<Vec<Option<Holder>>>> + Send;

    /// Gives free keys to jobs, and forgets a few that nobody holds any more: at least twice as
    /// many as were given, so that the table does not outgrow what is held.
    fn take_keys(&mut self, holds: &[Hold<'_>]) -> impl Future<Output = Done<()>> + Send;

    /// Jobs leave their keys, unless others have them by now: at once, or at an instant.
    fn leave_keys(
        &mut self,
        holds: &[(Hold<'_>, Option<Timestamp>)],
    ) -> impl Future<Output = Done<()>> + Send;

    // History.

    /// Adds records of attempts.
    fn record(&mut self, runs: &[Run]) -> impl Future<Output = Done<()>> + Send;

    /// How the attempts of these jobs under these tokens ended, and whether that settled the job.
    fn recorded(
        &mut self,
        attempts: &[(JobId, Token)],
    ) -> impl Future<Output = Done<Vec<Option<(Outcome, bool)>>>> + Send;

    /// Forgets at most `max` runs and `max` skips that were noted before `before`, the oldest
    /// first; how many records went.
    fn prune(&mut self, before: Timestamp, max: u32) -> impl Future<Output = Done<u32>> + Send;

    /// Whether [`prune`](Self::prune) would find anything.
    fn any_old(&mut self, before: Timestamp) -> impl Future<Output = Done<bool>> + Send;

    // Listings. Each reads at most `limit` rows after the first `offset` of the part that the
    // filter names; the filter's own limit is for the caller, who asks again if rows could not be
    // read. Nothing is locked.

    /// The schedule of this name.
    fn find_schedule(
        &mut self,
        id: &ScheduleId,
    ) -> impl Future<Output = Done<Option<Result<Schedule, String>>>> + Send;

    /// Schedules by name, after this one. One that cannot be read has its name, as far as it is a
    /// text, and the reason.
    fn list_schedules(
        &mut self,
        after: Option<&ScheduleId>,
        limit: u32,
        offset: u32,
    ) -> impl Future<Output = Done<Vec<Result<Schedule, (String, String)>>>> + Send;

    /// The last runs of these schedules.
    fn last_runs(
        &mut self,
        ids: &[ScheduleId],
    ) -> impl Future<Output = Done<Vec<Option<Run>>>> + Send;

    /// Jobs that are not over, by id; `None` stands for one that cannot be read.
    fn list_jobs(
        &mut self,
        filter: &JobFilter,
        limit: u32,
        offset: u32,
    ) -> impl Future<Output = Done<Vec<Option<Job>>>> + Send;

    /// History, newest first; `None` stands for a record that cannot be read.
    fn list_runs(
        &mut self,
        filter: &RunFilter,
        limit: u32,
        offset: u32,
    ) -> impl Future<Output = Done<Vec<Option<RunView>>>> + Send;

    /// Skipped fires, newest record first; `None` stands for a record that cannot be read.
    fn list_skips(
        &mut self,
        filter: &SkipFilter,
        limit: u32,
        offset: u32,
    ) -> impl Future<Output = Done<Vec<Option<SkipView>>>> + Send;
}
