//! The in-memory store: the [`Ledger`] behind a lock; and the [broker](MemoryBroker) of a process.
//!
//! For tests, for programs that only want a scheduler while they run, and as the measure for
//! every other store. What it holds is gone with the process. Clones share one store, so several
//! schedulers of a process may use it together.

mod broker;
mod clock;
mod history;

use core::hint::black_box;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mainspring_contract::node::{Node, NodeView};
use mainspring_contract::record::{
    Advance, Advanced, Cancelled, ClaimJobs, ClaimSchedules, Enqueue, Enqueued, Hastened, Job,
    Paused, Put, PutSchedule, Quarantine, Release, Remove, Renew, Renewed, Rescue, Resume, Resumed,
    Retry, Run, Schedule, Settle, Task, Written,
};
use mainspring_contract::store::{
    JobFilter, Page, RunFilter, RunView, ScheduleFilter, ScheduleView, SkipFilter, SkipView,
    Unreadable,
};
use mainspring_contract::{
    Answer, Capabilities, Clock, JobId, NodeId, Reply, ScheduleId, Store, StoreError,
    StoreErrorKind, Stored, TaskId,
};
use mainspring_core::ledger::Ledger;
use mainspring_core::room::Boxed;
use mainspring_core::time::Timestamp;
use mainspring_core::trigger::Count;

use crate::history::Records;

pub use crate::broker::{MemoryBroker, MemoryLink};

/// How much a [`MemoryStore`] holds. All of it is allocated when the store is made, except for
/// the history, which grows up to its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// Schedules.
    pub schedules: usize,
    /// Tasks.
    pub tasks: usize,
    /// Jobs that are not over.
    pub jobs: usize,
    /// Runs and skips in the history, each; the oldest make room for the newest.
    pub history: usize,
}

impl Default for Capacity {
    /// Ten thousand schedules, a thousand tasks, ten thousand jobs and as many records.
    fn default() -> Self {
        Self { schedules: 10_000, tasks: 1_000, jobs: 10_000, history: 10_000 }
    }
}

/// A store that lives and dies with the process.
///
/// ```
/// use mainspring_contract::{Clock, Store};
/// use mainspring_memory::MemoryStore;
/// let store = MemoryStore::default();
/// assert!(!store.capabilities().durable);
/// ```
#[derive(Clone, Debug)]
pub struct MemoryStore {
    state: Arc<Mutex<State>>,
}

/// Schedules, tasks and jobs.
type Jobs = Ledger<Stored, Boxed, Boxed, Boxed>;

#[derive(Debug)]
struct State {
    ledger: Jobs,
    records: Records,
    /// Nodes, and when each beat last.
    nodes: BTreeMap<NodeId, (Node, Timestamp)>,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::with_capacity(Capacity::default())
    }
}

impl MemoryStore {
    /// An empty store of this size.
    pub fn with_capacity(capacity: Capacity) -> Self {
        let Capacity { schedules, tasks, jobs, history } = capacity;
        let ledger = Ledger::new(Boxed(schedules), Boxed(tasks), Boxed(jobs));
        let state = State { ledger, records: Records::new(history), nodes: BTreeMap::new() };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Does `work` under the lock and adds the pulse.
    ///
    /// A verb that fails for lack of room may have done the items before the one that did not
    /// fit; each of them is idempotent, so the caller asks again.
    fn verb<T>(
        &self,
        clock: Clock,
        work: impl FnOnce(&mut State, Timestamp) -> Result<T, StoreError>,
    ) -> Answer<T> {
        let mut state = self.lock();
        let now = clock::read(clock);
        state.records.now = now;
        let value = work(&mut state, now)?;
        let pulse = state.ledger.pulse(now);
        Ok(Reply { value, pulse })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every verb of the ledger leaves it consistent, so a panic elsewhere spoils nothing.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities { durable: false, shared: false }
    }

    async fn put_tasks(&self, clock: Clock, tasks: &[Task]) -> Answer<()> {
        self.verb(clock, |state, _| {
            tasks
                .iter()
                .try_for_each(|task| state.ledger.put_task(task.clone()).map_err(|_| full("tasks")))
        })
    }

    async fn put_schedules(&self, clock: Clock, puts: &[PutSchedule]) -> Answer<Vec<Put>> {
        self.verb(clock, |state, now| {
            let put = |put: &PutSchedule| {
                state.ledger.put_schedule(put.clone(), now).map_err(|_| full("schedules"))
            };
            puts.iter().map(put).collect()
        })
    }

    async fn remove_schedules(&self, clock: Clock, remove: &Remove<'_>) -> Answer<Vec<ScheduleId>> {
        self.verb(clock, |state, _| {
            let mut removed = Vec::new();
            state.ledger.remove_schedules(remove, |id| removed.push(id.clone()));
            Ok(removed)
        })
    }

    async fn claim_schedules(&self, clock: Clock, claim: &ClaimSchedules) -> Answer<Vec<Schedule>> {
        self.verb(clock, |state, now| {
            let mut claimed = Vec::new();
            state.ledger.claim_schedules(claim, now, |schedule| claimed.push(schedule.clone()));
            Ok(claimed)
        })
    }

    async fn advance(&self, clock: Clock, advances: &[Advance]) -> Answer<Vec<Advanced>> {
        self.verb(clock, |State { ledger, records, .. }, now| {
            Ok(advances.iter().map(|advance| ledger.advance(advance, now, records)).collect())
        })
    }

    async fn pause(&self, clock: Clock, schedules: &[ScheduleId]) -> Answer<Vec<Paused>> {
        self.verb(clock, |state, now| {
            Ok(schedules.iter().map(|id| state.ledger.pause(id, now)).collect())
        })
    }

    async fn resume(&self, clock: Clock, resumes: &[Resume]) -> Answer<Vec<Resumed>> {
        self.verb(clock, |State { ledger, records, .. }, _| {
            Ok(resumes.iter().map(|resume| ledger.resume(resume, records)).collect())
        })
    }

    async fn quarantine(&self, clock: Clock, quarantines: &[Quarantine]) -> Answer<()> {
        self.verb(clock, |state, _| {
            quarantines.iter().for_each(|one| state.ledger.quarantine(one.clone()));
            Ok(())
        })
    }

    async fn enqueue(&self, clock: Clock, jobs: &[Enqueue]) -> Answer<Vec<Enqueued>> {
        self.verb(clock, |State { ledger, records, .. }, now| {
            look_ahead(ledger, jobs.iter().map(|job| &job.id));
            let enqueue =
                |job: &Enqueue| ledger.enqueue(job.clone(), now, records).map_err(|_| full("jobs"));
            jobs.iter().map(enqueue).collect()
        })
    }

    async fn claim_jobs(&self, clock: Clock, claim: &ClaimJobs<'_>) -> Answer<Vec<Job>> {
        self.verb(clock, |state, now| {
            // Jobs are large, and a list that grows copies them.
            let there = state.ledger.job_count();
            let mut claimed = Vec::with_capacity(there.min(claim.max as usize));
            let claim = ClaimJobs { node: own(&claim.node), ..claim.clone() };
            state.ledger.claim_jobs(&claim, now, |job| claimed.push(job.clone()));
            Ok(claimed)
        })
    }

    async fn renew(&self, clock: Clock, renews: &[Renew]) -> Answer<Vec<Renewed>> {
        self.verb(clock, |state, now| {
            Ok(renews.iter().map(|renew| state.ledger.renew(renew, now)).collect())
        })
    }

    async fn release(&self, clock: Clock, releases: &[Release]) -> Answer<Vec<Written>> {
        self.verb(clock, |State { ledger, records, .. }, now| {
            Ok(releases.iter().map(|release| ledger.release(release, now, records)).collect())
        })
    }

    async fn retry(&self, clock: Clock, retries: &[Retry]) -> Answer<Vec<Written>> {
        self.verb(clock, |State { ledger, records, .. }, now| {
            Ok(retries.iter().map(|retry| ledger.retry(retry, now, records)).collect())
        })
    }

    async fn settle(&self, clock: Clock, settles: &[Settle]) -> Answer<Vec<Written>> {
        self.verb(clock, |State { ledger, records, .. }, now| {
            look_ahead(ledger, settles.iter().map(|settle| &settle.job));
            Ok(settles.iter().map(|settle| ledger.settle(settle, now, records)).collect())
        })
    }

    async fn cancel(&self, clock: Clock, jobs: &[JobId]) -> Answer<Vec<Cancelled>> {
        self.verb(clock, |State { ledger, records, .. }, now| {
            Ok(jobs.iter().map(|job| ledger.cancel(job, now, records)).collect())
        })
    }

    async fn hasten(&self, clock: Clock, jobs: &[JobId]) -> Answer<Vec<Hastened>> {
        self.verb(clock, |State { ledger, records, .. }, now| {
            Ok(jobs.iter().map(|job| ledger.hasten(job, now, records)).collect())
        })
    }

    async fn rescue(&self, clock: Clock, rescue: &Rescue, max: u32) -> Answer<Vec<Run>> {
        self.verb(clock, |State { ledger, records, .. }, now| {
            let before = records.last_seq();
            ledger.rescue(rescue, max, now, records);
            Ok(records.since(before).map(|view| view.run.clone()).collect())
        })
    }

    async fn prune(&self, clock: Clock, before: Timestamp, max: u32) -> Answer<u32> {
        self.verb(clock, |state, _| Ok(state.records.prune(before, max)))
    }

    async fn beat(&self, clock: Clock, node: &Node) -> Answer<()> {
        self.verb(clock, |state, now| {
            state.nodes.retain(|_, (_, beat_at)| !NodeView::is_forgotten(*beat_at, now));
            state.nodes.insert(node.id.clone(), (node.clone(), now));
            Ok(())
        })
    }

    async fn leave(&self, clock: Clock, node: &NodeId) -> Answer<()> {
        self.verb(clock, |state, _| {
            state.nodes.remove(node);
            Ok(())
        })
    }

    async fn nodes(&self, clock: Clock, page: &Page<NodeId>) -> Answer<Vec<NodeView>> {
        self.verb(clock, |state, now| {
            let nodes = state.nodes.values();
            let there = nodes.filter(|(_, beat_at)| !NodeView::is_forgotten(*beat_at, now));
            let chosen = select(there, page, |(node, _)| &node.id).into_iter().cloned();
            Ok(chosen.map(|(node, beat_at)| NodeView::new(node, beat_at, now)).collect())
        })
    }

    async fn tasks(&self, page: &Page<TaskId>) -> Result<Vec<Task>, StoreError> {
        let state = self.lock();
        let tasks = state.ledger.tasks();
        Ok(select(tasks, page, |task| &task.id).into_iter().cloned().collect())
    }

    async fn schedule(&self, id: &ScheduleId) -> Result<Option<ScheduleView>, StoreError> {
        let state = self.lock();
        Ok(state.ledger.schedule(id).and_then(|schedule| state.views(&[schedule]).pop()))
    }

    async fn schedules(&self, filter: &ScheduleFilter) -> Result<Vec<ScheduleView>, StoreError> {
        let state = self.lock();
        let schedules = state.ledger.schedules().map(|(schedule, _)| schedule);
        let chosen = schedules.filter(|schedule| filter.matches(schedule));
        let chosen = select(chosen, &filter.page, |schedule| &schedule.spec.id);
        Ok(state.views(&chosen))
    }

    async fn unreadable(&self, _limit: u32) -> Result<Vec<Unreadable>, StoreError> {
        // What is in memory was never encoded.
        Ok(Vec::new())
    }

    async fn jobs(&self, filter: &JobFilter) -> Result<Vec<Job>, StoreError> {
        let state = self.lock();
        let jobs = state.ledger.jobs().filter(|job| filter.matches(job));
        Ok(select(jobs, &filter.page, |job| &job.id).into_iter().cloned().collect())
    }

    async fn count_jobs(&self, filter: &JobFilter, up_to: u32) -> Result<Count, StoreError> {
        let state = self.lock();
        let limit = usize::try_from(up_to).unwrap_or(usize::MAX);
        let sought = filter.sought();
        let mut jobs = state.ledger.jobs().filter(|job| sought.matches(job));
        let count = jobs.by_ref().take(limit).filter(|job| filter.matches(job)).count();
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        let all = jobs.next().is_none();
        Ok(if all { Count::Exact(count) } else { Count::AtLeast(count) })
    }

    async fn runs(&self, filter: &RunFilter) -> Result<Vec<RunView>, StoreError> {
        Ok(self.lock().records.runs(filter))
    }

    async fn skips(&self, filter: &SkipFilter) -> Result<Vec<SkipView>, StoreError> {
        Ok(self.lock().records.skips(filter))
    }
}

impl State {
    fn views(&self, schedules: &[&Schedule]) -> Vec<ScheduleView> {
        let ids = schedules.iter().map(|schedule| &schedule.spec.id).collect();
        let last_runs = self.records.last_runs(ids);
        let view = |schedule: &&Schedule| ScheduleView {
            schedule: (*schedule).clone(),
            last_run: last_runs.get(&schedule.spec.id).map(|run| (*run).clone()),
        };
        schedules.iter().map(view).collect()
    }
}

/// The entries of one page, in the order of their ids.
fn select<'a, T, Id: Ord>(
    all: impl Iterator<Item = &'a T>,
    page: &Page<Id>,
    id: impl Fn(&T) -> &Id,
) -> Vec<&'a T> {
    let mut chosen: Vec<&T> =
        all.filter(|one| page.after.as_ref().is_none_or(|after| id(one) > after)).collect();
    chosen.sort_unstable_by(|a, b| id(a).cmp(id(b)));
    chosen.truncate(page.limit as usize);
    chosen
}

/// Has a look at each of these jobs, one right after the other, before anything is done to the
/// first: a processor fetches many at the same time then, and does not wait for each in turn.
fn look_ahead<'a>(ledger: &Jobs, jobs: impl Iterator<Item = &'a JobId>) {
    black_box(jobs.filter(|job| ledger.job(job).is_some_and(|job| job.watched)).count());
}

/// The same name in a text of its own. Threads that count the holders of one text all the time, as
/// one that claims and one that begins what was claimed before would, keep one another waiting.
fn own(node: &NodeId) -> NodeId {
    NodeId::new(node.as_str()).unwrap_or_else(|_| node.clone())
}

fn full(what: &str) -> StoreError {
    let way_out = "give the store a larger capacity";
    StoreError::new(
        StoreErrorKind::Full,
        format!("the memory store has no room for more {what} ({way_out})"),
    )
}
