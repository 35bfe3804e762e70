//! What a database has to be able to do to become a store.
//!
//! The verbs of the contract are written once, over the rows of seven tables (tasks, schedules,
//! jobs, keys, runs, skips, nodes) inside one transaction. A database says how it begins a
//! transaction ([`Database`]) and what it does to rows ([`Tables`]); being a
//! [`Store`](crate::Store) follows. So a database holds statements and no policy.
//!
//! # What transactions see
//!
//! Whatever is called `lock_…` waits until no other transaction has these rows, returns them as
//! they were committed last, and keeps others away from them until this transaction is over. Each
//! statement sees what was committed before it began: READ COMMITTED, not a snapshot of the
//! transaction's start. What is not locked may change between two statements; the verbs decide
//! nothing by it, except to know what to lock.
//!
//! Locks are taken in the order schedules, jobs, keys, and within a table in the order of ids; the
//! verbs pass sorted slices. Two places cannot keep to that and do not wait instead:
//! [`lock_jobs_now`](Tables::lock_jobs_now), and whatever leaves out rows that others have locked.
//! Renewals and the ends of jobs that are settled alone come as their holder says them: those rows
//! are its own, and others touch them rarely. Should two transactions wait for each other all the
//! same, the database ends one of them with [`Contended`](crate::StoreErrorKind::Contended), and
//! the verb is tried again from its start.
//!
//! # Slices
//!
//! Methods that take a slice answer item by item, in its order, with as few statements as the
//! database allows: one, as a rule. The verbs never pass an empty slice, nor one with an id twice,
//! unless a method says so.

mod advance;
mod chain;
mod claim;
mod enqueue;
mod finish;
mod known;
mod listing;
mod schedules;
mod store;
mod turn;
pub mod within;
mod work;

use core::future::Future;

use mainspring_core::fire::Skip;
use mainspring_core::id::{ConfigRevision, Revision, Token};
use mainspring_core::outcome::Outcome;
use mainspring_core::pulse::Pulse;
use mainspring_core::time::Timestamp;
use mainspring_core::trigger::Count;

use crate::node::Node;
use crate::record::{
    ClaimJobs, ClaimSchedules, Enqueue, Job, Quarantine, Remove, Renew, Renewed, Rescue, Run,
    Schedule, Settle, Task,
};
use crate::store::{
    Capabilities, Clock, JobFilter, Page, Place, RunFilter, RunView, ScheduleFilter, SkipFilter,
    SkipView,
};
use crate::{JobId, Key, NodeId, ScheduleId, Source, StoreError, StoreErrorKind, TaskId};

pub use known::KnownTasks;
pub use turn::{by_turn, choose, in_turn};

/// A database that can be a store.
pub trait Database: Send + Sync + 'static {
    /// An open transaction. It owns its connection; dropped, it changes nothing.
    type Tables: Tables + 'static;

    /// A transaction that writes keeps all others that write out. Verbs that often find nothing to
    /// do then look before they write: see [`Tables::any_due`] and the other `any_…`.
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

    /// Leases jobs as [`Tables::claim_jobs`] does, in one step that is over with the answer, as far
    /// as nothing else has to be done for them: no task with a limit to be locked, no key to be
    /// given up, no row that cannot be read. With the jobs comes the pulse; none, if there may be
    /// more, for which a transaction is needed. A database that cannot do this answers so.
    fn claim_at_once(
        &self,
        _clock: Clock,
        _claim: &ClaimJobs<'_>,
        _turn: u32,
    ) -> impl Future<Output = Done<(Vec<Job>, Option<Pulse>)>> + Send {
        async { Ok((Vec::new(), None)) }
    }

    /// Queues a job that wants no key and has no schedule, in one step that is over with the
    /// answer: the pulse. None if nothing was changed, because the job is or was there, what its
    /// task says is not known, or for another reason for which a transaction is needed. A database
    /// that cannot do this answers so.
    fn enqueue_at_once(
        &self,
        _clock: Clock,
        _job: &Enqueue,
    ) -> impl Future<Output = Done<Option<Pulse>>> + Send {
        async { Ok(None) }
    }

    /// Adds to the number of jobs that this process was handed out and returns what it was before:
    /// whose turn it is among tasks. Each process takes turns of its own, which is fair enough and
    /// costs no write.
    fn handed_out(&self, jobs: u32) -> u32;

    /// Waits before attempt number `attempt`, counted from 2, at a verb that failed like this;
    /// false if there have been enough. Asked only where another attempt does no harm: nothing was
    /// changed, or the verb answers the same when it is repeated.
    fn try_again(&self, attempt: u32, after: StoreErrorKind) -> impl Future<Output = bool> + Send;
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

/// Jobs that were asked for; `None` stands for one that is over or never was.
pub type FoundJobs<Id> = Vec<Option<Row<Job, Id>>>;

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
#[derive(Clone, Debug)]
pub struct Found {
    /// Where it was written down; `None`, if that is damaged.
    pub source: Option<Source>,
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

/// A job in the chain of its schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The job.
    pub job: JobId,
    /// Where it stands.
    pub place: Place,
    /// The schedule will hear of its end.
    pub watched: bool,
}

/// A key's row: who has it, or had it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The job.
    pub job: JobId,
    /// It is over and holds the key until then.
    pub over_until: Option<Timestamp>,
    /// Whether the job has a row, by the time that the key is locked. It is not locked itself.
    pub lives: bool,
}

/// A job and the key that it wants, or has, or leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Keys are kept apart by task.
    pub task: TaskId,
    /// The key.
    pub key: Key,
    /// The job.
    pub job: JobId,
}

impl Hold {
    /// By what keys are sorted.
    pub(super) fn by_key(&self) -> (&TaskId, &Key) {
        (&self.task, &self.key)
    }
}

/// The rows of one store, inside one transaction.
pub trait Tables: Send {
    /// Names a row of schedules or jobs whatever the row says.
    type RowId: Clone + core::fmt::Debug + Send + Sync;

    /// The instant by which everything in this transaction is judged.
    fn now(&self) -> Timestamp;

    /// Takes the pulse, with what this transaction changed, and makes the changes last.
    fn finish(self) -> impl Future<Output = Done<Pulse>> + Send;

    /// Ends a transaction that has only read.
    fn end(self) -> impl Future<Output = Done<()>> + Send;

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

    /// Adds schedules; [`Contended`](StoreErrorKind::Contended), if one of these names is there by
    /// now.
    fn insert_schedules(&mut self, schedules: &[Schedule])
    -> impl Future<Output = Done<()>> + Send;

    /// Writes whole schedules over locked rows. Nobody has a claim on them, and none is in
    /// quarantine.
    fn replace_schedules(
        &mut self,
        schedules: &[Schedule],
    ) -> impl Future<Output = Done<()>> + Send;

    /// Writes what can change about locked schedules while their words stay: revision, cursor,
    /// counts and pause.
    fn update_schedules(
        &mut self,
        schedules: &[(Schedule, Claim)],
    ) -> impl Future<Output = Done<()>> + Send;

    /// Removes schedules; the names of those that were there. It may name one twice, or none.
    fn remove_schedules(
        &mut self,
        remove: &Remove<'_>,
    ) -> impl Future<Output = Done<Vec<ScheduleId>>> + Send;

    /// Whether [`claim_schedules`](Self::claim_schedules) would find anything. Only a database with
    /// [`ONE_WRITER`](Database::ONE_WRITER) is asked; this one has to write to find out.
    fn any_due(&mut self, _claim: &ClaimSchedules) -> impl Future<Output = Done<bool>> + Send {
        async { Ok(true) }
    }

    /// Claims at most `max` schedules that come due, the earliest first, and leaves those out that
    /// another transaction has locked. Rows that cannot be read are among the answers, locked and
    /// unclaimed.
    fn claim_schedules(
        &mut self,
        claim: &ClaimSchedules,
        max: u32,
    ) -> impl Future<Output = Done<Vec<Row<Schedule, Self::RowId>>>> + Send;

    /// Puts rows that cannot be read into quarantine.
    fn set_aside(&mut self, rows: &[Damaged<Self::RowId>])
    -> impl Future<Output = Done<()>> + Send;

    /// Takes schedules of these revisions out of service; whether there were any. It may name one
    /// twice.
    fn quarantine(&mut self, quarantines: &[Quarantine])
    -> impl Future<Output = Done<bool>> + Send;

    /// Ends the claims of a node.
    fn drop_claims(&mut self, node: &NodeId) -> impl Future<Output = Done<()>> + Send;

    /// Adds records of fires that did not become jobs, in this order.
    fn note_skips(&mut self, skips: &[(ScheduleId, Skip)])
    -> impl Future<Output = Done<()>> + Send;

    // Jobs.

    /// Which of these jobs exist, or existed and are over.
    fn known(&mut self, ids: &[JobId]) -> impl Future<Output = Done<Vec<bool>>> + Send;

    /// Adds jobs that wait or are held, except those that are [`known`](Self::known); which were
    /// added. A job that is settled by another transaction at the same moment is known: it must
    /// not come back.
    fn insert_jobs(&mut self, jobs: &[Job]) -> impl Future<Output = Done<Vec<bool>>> + Send;

    /// The schedules that have to hear of the end of these jobs. Nothing is locked.
    fn watchers(
        &mut self,
        ids: &[JobId],
    ) -> impl Future<Output = Done<Vec<Option<ScheduleId>>>> + Send;

    /// The jobs of these ids that are not over, locked.
    fn lock_jobs(
        &mut self,
        ids: &[JobId],
    ) -> impl Future<Output = Done<FoundJobs<Self::RowId>>> + Send;

    /// The same without waiting: [`Contended`](StoreErrorKind::Contended), if another transaction
    /// has one of them.
    fn lock_jobs_now(
        &mut self,
        ids: &[JobId],
    ) -> impl Future<Output = Done<FoundJobs<Self::RowId>>> + Send;

    /// Writes what can change about locked jobs (counts, token, state, start deadline); those that
    /// are over leave the table.
    fn update_jobs(&mut self, jobs: &[Job]) -> impl Future<Output = Done<()>> + Send;

    /// Whether [`claim_jobs`](Self::claim_jobs) would find anything. Only a database with
    /// [`ONE_WRITER`](Database::ONE_WRITER) is asked.
    fn any_claimable(&mut self, _claim: &ClaimJobs<'_>) -> impl Future<Output = Done<bool>> + Send {
        async { Ok(true) }
    }

    /// Leases at most `max` ready jobs and returns them as they are then: the row `waiting`,
    /// `claim` of the transition table. The tasks take turns, starting with number `turn` of the
    /// claim's, modulo how many there are; those of one task go by priority, ready instant and id,
    /// whatever their tags, as far as the claim's tags cover them. A task with a limit is locked
    /// and its leases are counted before the limit of the claim is applied, so that a task without
    /// room hides nobody. Jobs that another transaction has locked are left out. Rows that cannot
    /// be read are among the answers, locked and unleased.
    fn claim_jobs(
        &mut self,
        claim: &ClaimJobs<'_>,
        max: u32,
        turn: u32,
    ) -> impl Future<Output = Done<Vec<Row<Job, Self::RowId>>>> + Send;

    /// Prolongs leases of these tokens; a renewal never shortens one.
    fn renew(&mut self, renews: &[Renew]) -> impl Future<Output = Done<Vec<Renewed>>> + Send;

    /// Settles those jobs whose end concerns nobody else: leased under this token, not watched,
    /// without a key. Each leaves the table and gets its record. Says which were settled; the
    /// others are for [`lock_jobs`](Self::lock_jobs). This is the path of most jobs, so it is worth
    /// a statement that reads no payload. Where it is not, the default leaves all of them.
    fn settle_alone(&mut self, settles: &[Settle]) -> impl Future<Output = Done<Vec<bool>>> + Send {
        let none = vec![false; settles.len()];
        async { Ok(none) }
    }

    /// At most `max` jobs of which a rescue has to take care, those that lapsed first before
    /// others. Nothing is locked.
    fn lapsed(
        &mut self,
        rescue: &Rescue,
        max: u32,
    ) -> impl Future<Output = Done<Vec<JobId>>> + Send;

    /// Settles locked jobs whose rows cannot be read as
    /// [`Undecodable`](mainspring_core::outcome::Outcome::Undecodable), with a record of what can
    /// be said about them; their keys become free.
    fn bury(&mut self, rows: &[Damaged<Self::RowId>]) -> impl Future<Output = Done<()>> + Send;

    /// Which of these schedules have a job that is held. Nothing is locked: whoever holds a job
    /// has locked its schedule before.
    fn any_held(&mut self, ids: &[ScheduleId]) -> impl Future<Output = Done<Vec<bool>>> + Send;

    /// Which of these locked schedules have a job that waits or is leased, besides backfills.
    /// No job is locked: whoever adds one has locked its schedule before. The default
    /// finds out from [`lock_chains`](Self::lock_chains); a database that can look at one job
    /// instead of all of them does.
    fn any_free(&mut self, ids: &[ScheduleId]) -> impl Future<Output = Done<Vec<bool>>> + Send {
        async {
            let is_free = |link: &Link| link.place != Place::Held;
            let chains = self.lock_chains(ids).await?;
            Ok(chains.iter().map(|links| links.iter().any(is_free)).collect())
        }
    }

    /// The jobs of each of these schedules that are not over, the newest first, locked. Backfills
    /// are left out: they are not in turn with the others.
    fn lock_chains(
        &mut self,
        schedules: &[ScheduleId],
    ) -> impl Future<Output = Done<Vec<Vec<Link>>>> + Send;

    /// Makes a schedule hear of the end of these locked jobs.
    fn watch(&mut self, jobs: &[JobId]) -> impl Future<Output = Done<()>> + Send;

    /// Lets locked jobs that are held wait: the row `held`, `free` of the transition table.
    fn free(&mut self, jobs: &[JobId]) -> impl Future<Output = Done<()>> + Send;

    // Keys.

    /// The rows of these keys, locked. If the database can, a key without a row is locked too.
    fn lock_keys(
        &mut self,
        keys: &[(TaskId, Key)],
    ) -> impl Future<Output = Done<Vec<Option<Holder>>>> + Send;

    /// Gives keys to jobs: the locked row of the job that is named beside it changes hands, or, if
    /// there is none, a new row is written, and it is [`Contended`](StoreErrorKind::Contended) if
    /// one is there by now. Forgets a few rows that nobody holds any more: at least two for each
    /// new one, so that the table does not outgrow what is held.
    fn take_keys(
        &mut self,
        holds: &[(Hold, Option<JobId>)],
    ) -> impl Future<Output = Done<()>> + Send;

    /// Jobs leave their keys, unless others have them by now: at once, or at an instant.
    fn leave_keys(
        &mut self,
        holds: &[(Hold, Option<Timestamp>)],
    ) -> impl Future<Output = Done<()>> + Send;

    // History.

    /// Adds records of attempts, in this order.
    fn record(&mut self, runs: &[Run]) -> impl Future<Output = Done<()>> + Send;

    /// How the attempts of these jobs under these tokens ended, and whether that settled the job.
    /// It may name one twice.
    fn recorded(
        &mut self,
        attempts: &[(JobId, Token)],
    ) -> impl Future<Output = Done<Vec<Option<(Outcome, bool)>>>> + Send;

    /// Forgets at most `max` runs and `max` skips that were noted before `before`, the oldest
    /// first; how many records went.
    fn prune(&mut self, before: Timestamp, max: u32) -> impl Future<Output = Done<u32>> + Send;

    /// Whether [`prune`](Self::prune) would find anything. Only a database with
    /// [`ONE_WRITER`](Database::ONE_WRITER) is asked.
    fn any_old(&mut self, _before: Timestamp) -> impl Future<Output = Done<bool>> + Send {
        async { Ok(true) }
    }

    // Nodes.

    /// Writes what a node says about itself over what it said before, noted now.
    fn put_node(&mut self, node: &Node) -> impl Future<Output = Done<()>> + Send;

    /// Forgets a node, if it is there.
    fn remove_node(&mut self, id: &NodeId) -> impl Future<Output = Done<()>> + Send;

    /// Forgets nodes that were noted before `before`.
    fn forget_nodes(&mut self, before: Timestamp) -> impl Future<Output = Done<()>> + Send;

    // Listings. Each reads at most `limit` rows after the first `offset` of the part that the
    // filter and its page name; the page's own limit is for the caller, who asks again if rows
    // could not be read. Nothing is locked.

    /// The schedule of this name, or why it cannot be read.
    fn find_schedule(
        &mut self,
        id: &ScheduleId,
    ) -> impl Future<Output = Done<Option<Result<Schedule, String>>>> + Send;

    /// Schedules by name. One that cannot be read has its name, as far as it is a text, and the
    /// reason.
    fn list_schedules(
        &mut self,
        filter: &ScheduleFilter,
        limit: u32,
        offset: u32,
    ) -> impl Future<Output = Done<Vec<Result<Schedule, (String, String)>>>> + Send;

    /// Tasks by name; `None` stands for one that cannot be read.
    fn list_tasks(
        &mut self,
        page: &Page<TaskId>,
        limit: u32,
        offset: u32,
    ) -> impl Future<Output = Done<Vec<Option<Task>>>> + Send;

    /// Nodes by name, and when each was noted; `None` stands for one that cannot be read.
    fn list_nodes(
        &mut self,
        page: &Page<NodeId>,
        limit: u32,
        offset: u32,
    ) -> impl Future<Output = Done<Vec<Option<(Node, Timestamp)>>>> + Send;

    /// The last runs of these schedules, as far as they can be read.
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

    /// How many jobs a filter names on all of its pages, after a look at `up_to` rows at most.
    fn count_jobs(
        &mut self,
        filter: &JobFilter,
        up_to: u32,
    ) -> impl Future<Output = Done<Count>> + Send;

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
