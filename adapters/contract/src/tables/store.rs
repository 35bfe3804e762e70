//! The verbs of the contract, for every database.

use std::collections::HashSet;

use mainspring_core::pulse::Pulse;
use mainspring_core::time::Timestamp;
use mainspring_core::trigger::Count;

use super::enqueue::is_plain;
use super::work::Work;
use super::{Database, Mode, Tables};
use crate::node::{Node, NodeView};
use crate::record::{
    Advance, Advanced, Cancelled, ClaimJobs, ClaimSchedules, Enqueue, Enqueued, Hastened, Job,
    Paused, Put, PutSchedule, Quarantine, Release, Remove, Renew, Renewed, Rescue, Resume, Resumed,
    Retry, Run, Schedule, Settle, Task, Written,
};
use crate::store::{
    JobFilter, Page, RunFilter, RunView, ScheduleFilter, ScheduleView, SkipFilter, SkipView,
    Unreadable,
};
use crate::{
    Answer, Capabilities, Clock, JobId, NodeId, Reply, ScheduleId, Store, StoreError,
    StoreErrorKind, TaskId,
};

/// What a verb answers when it is repeated because nobody knows whether it took effect.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repeated {
    /// The same, or what its caller takes for the same: the first answer is not missed. An advance
    /// does not tell again how many jobs it has inserted.
    Same,
    /// Something else, so its caller must know.
    Different,
}

/// Whether a verb that failed like this may be tried again.
fn may_repeat(kind: StoreErrorKind, repeated: Repeated) -> bool {
    match kind {
        StoreErrorKind::Contended | StoreErrorKind::Unavailable => true,
        StoreErrorKind::OutcomeUnknown => repeated == Repeated::Same,
        StoreErrorKind::Full
        | StoreErrorKind::Incompatible
        | StoreErrorKind::Corrupt
        | StoreErrorKind::Backend => false,
    }
}

/// Does something until it works or has failed often enough: as often as the database says, but not
/// more than so many times, if that is said.
macro_rules! attempts {
    ($store:ident, $repeated:ident, $once:expr) => {
        attempts!($store, $repeated, u32::MAX, $once)
    };
    ($store:ident, $repeated:ident, $most:expr, $once:expr) => {{
        let mut attempt = 1;
        loop {
            let done: Result<_, StoreError> = $once;
            let kind = match &done {
                Err(error) if may_repeat(error.kind(), Repeated::$repeated) => error.kind(),
                _ => break done,
            };
            attempt += 1;
            if attempt > $most || !$store.try_again(attempt, kind).await {
                break done;
            }
        }
    }};
}

/// One verb: a transaction, the work, the pulse.
macro_rules! verb {
    ($store:ident, $clock:ident, $mode:ident, $repeated:ident, $work:ident => $does:expr) => {
        attempts!(
            $store,
            $repeated,
            async {
                let mut $work = Work::new($store.begin(Mode::$mode, $clock).await?);
                let value = $does;
                let pulse = $work.finish().await?;
                Ok(Reply { value, pulse })
            }
            .await
        )
    };
}

/// The answer to a verb that has nothing to do.
macro_rules! nothing {
    ($store:ident, $clock:ident) => {
        attempts!(
            $store,
            Same,
            async {
                let work = Work::new($store.begin(Mode::Read, $clock).await?);
                Ok(Reply { value: Default::default(), pulse: work.finish().await? })
            }
            .await
        )
    };
}

/// One verb over items. Without any, it only takes the pulse.
macro_rules! write {
    ($store:ident, $clock:ident, $items:ident, $repeated:ident, $verb:ident) => {{
        if $items.is_empty() {
            return nothing!($store, $clock);
        }
        verb!($store, $clock, Write, $repeated, work => work.$verb($items).await?)
    }};
}

/// Answers a verb that often finds nothing to do, if this is such a time, and if a transaction that
/// writes is worth avoiding.
macro_rules! look {
    ($store:ident, $clock:ident, $work:ident => $any:expr) => {
        if D::ONE_WRITER {
            let looked: Result<Option<_>, StoreError> = async {
                let mut $work = Work::new($store.begin(Mode::Read, $clock).await?);
                if $any {
                    $work.tables.end().await?;
                    return Ok(None);
                }
                Ok(Some($work.finish().await?))
            }
            .await;
            if let Some(pulse) = looked? {
                return Ok(Reply { value: Default::default(), pulse });
            }
        }
    };
}

/// One listing.
macro_rules! list {
    ($store:ident, $work:ident => $does:expr) => {
        attempts!(
            $store,
            Same,
            async {
                let mut $work = Work::new($store.begin(Mode::Read, Clock::Server).await?);
                let value = $does;
                $work.tables.end().await?;
                Ok(value)
            }
            .await
        )
    };
}

impl<D: Database> Store for D {
    fn capabilities(&self) -> Capabilities {
        Database::capabilities(self)
    }

    async fn put_tasks(&self, clock: Clock, tasks: &[Task]) -> Answer<()> {
        write!(self, clock, tasks, Same, put_tasks)
    }

    async fn put_schedules(&self, clock: Clock, puts: &[PutSchedule]) -> Answer<Vec<Put>> {
        write!(self, clock, puts, Different, put_schedules)
    }

    async fn remove_schedules(&self, clock: Clock, remove: &Remove<'_>) -> Answer<Vec<ScheduleId>> {
        verb!(self, clock, Write, Different, work => work.remove_schedules(remove).await?)
    }

    async fn claim_schedules(&self, clock: Clock, claim: &ClaimSchedules) -> Answer<Vec<Schedule>> {
        look!(self, clock, work => claim.max > 0 && work.tables.any_due(claim).await?);
        verb!(self, clock, Write, Different, work => work.claim_schedules(claim).await?)
    }

    async fn advance(&self, clock: Clock, advances: &[Advance]) -> Answer<Vec<Advanced>> {
        write!(self, clock, advances, Same, advance)
    }

    async fn pause(&self, clock: Clock, ids: &[ScheduleId]) -> Answer<Vec<Paused>> {
        write!(self, clock, ids, Different, pause)
    }

    async fn resume(&self, clock: Clock, resumes: &[Resume]) -> Answer<Vec<Resumed>> {
        write!(self, clock, resumes, Different, resume)
    }

    async fn quarantine(&self, clock: Clock, quarantines: &[Quarantine]) -> Answer<()> {
        write!(self, clock, quarantines, Same, quarantine)
    }

    async fn enqueue(&self, clock: Clock, jobs: &[Enqueue]) -> Answer<Vec<Enqueued>> {
        let once = enqueue_at_once(self, clock, jobs).await?;
        if let Once::Done(pulse) = once {
            return Ok(Reply { value: vec![Enqueued::Inserted], pulse });
        }
        let reply: Answer<_> = write!(self, clock, jobs, Different, enqueue);
        match (once, reply) {
            // Its own job, perhaps.
            (Once::Unknown(error), Ok(reply)) if reply.value == [Enqueued::Exists] => Err(error),
            (_, reply) => reply,
        }
    }

    async fn claim_jobs(&self, clock: Clock, claim: &ClaimJobs<'_>) -> Answer<Vec<Job>> {
        let claimed = claim_jobs(self, clock, claim).await?;
        self.handed_out(u32::try_from(claimed.value.len()).unwrap_or(0));
        Ok(claimed)
    }

    async fn renew(&self, clock: Clock, renews: &[Renew]) -> Answer<Vec<Renewed>> {
        write!(self, clock, renews, Same, renew)
    }

    async fn release(&self, clock: Clock, releases: &[Release]) -> Answer<Vec<Written>> {
        write!(self, clock, releases, Different, release)
    }

    async fn retry(&self, clock: Clock, retries: &[Retry]) -> Answer<Vec<Written>> {
        write!(self, clock, retries, Same, retry)
    }

    async fn settle(&self, clock: Clock, settles: &[Settle]) -> Answer<Vec<Written>> {
        if settles.is_empty() {
            return nothing!(self, clock);
        }
        verb!(self, clock, Write, Same, work => {
            let (next, written) = settle(self, clock, work, settles).await?;
            work = next;
            written
        })
    }

    async fn settle_and_claim(
        &self,
        clock: Clock,
        settles: &[Settle],
        claim: &ClaimJobs<'_>,
    ) -> Answer<(Vec<Written>, Vec<Job>)> {
        if settles.is_empty() {
            let Reply { value, pulse } = Store::claim_jobs(self, clock, claim).await?;
            return Ok(Reply { value: (Vec::new(), value), pulse });
        }
        let done = settle_and_claim(self, clock, settles, claim).await?;
        self.handed_out(u32::try_from(done.value.1.len()).unwrap_or(0));
        Ok(done)
    }

    async fn cancel(&self, clock: Clock, jobs: &[JobId]) -> Answer<Vec<Cancelled>> {
        write!(self, clock, jobs, Different, cancel)
    }

    async fn hasten(&self, clock: Clock, jobs: &[JobId]) -> Answer<Vec<Hastened>> {
        write!(self, clock, jobs, Same, hasten)
    }

    async fn rescue(&self, clock: Clock, rescue: &Rescue, max: u32) -> Answer<Vec<Run>> {
        // A node that starts or ends does so rarely: what it holds is not worth a look first.
        let rare = matches!(rescue, Rescue::HeldBy(_));
        look!(self, clock, work => {
            rare || max > 0 && !work.tables.lapsed(rescue, 1).await?.is_empty()
        });
        verb!(self, clock, Write, Different, work => work.rescue(rescue, max).await?)
    }

    async fn prune(&self, clock: Clock, before: Timestamp, max: u32) -> Answer<u32> {
        look!(self, clock, work => max > 0 && work.tables.any_old(before).await?);
        verb!(self, clock, Write, Different, work => work.tables.prune(before, max).await?)
    }

    async fn beat(&self, clock: Clock, node: &Node) -> Answer<()> {
        verb!(self, clock, Write, Same, work => work.beat(node).await?)
    }

    async fn leave(&self, clock: Clock, node: &NodeId) -> Answer<()> {
        verb!(self, clock, Write, Same, work => work.tables.remove_node(node).await?)
    }

    async fn nodes(&self, clock: Clock, page: &Page<NodeId>) -> Answer<Vec<NodeView>> {
        verb!(self, clock, Read, Same, work => work.nodes(page).await?)
    }

    async fn tasks(&self, page: &Page<TaskId>) -> Result<Vec<Task>, StoreError> {
        list!(self, work => work.list_tasks(page).await?)
    }

    async fn schedule(&self, id: &ScheduleId) -> Result<Option<ScheduleView>, StoreError> {
        match find_schedule(self, id).await? {
            Some(Ok(view)) => Ok(Some(view)),
            None => Ok(None),
            Some(Err(why)) => {
                let name = self.name();
                let message = format!(
                    "schedule `{id}` in `{name}` cannot be read: {why} (put it again to replace it)"
                );
                Err(StoreError::new(StoreErrorKind::Corrupt, message))
            }
        }
    }

    async fn schedules(&self, filter: &ScheduleFilter) -> Result<Vec<ScheduleView>, StoreError> {
        list!(self, work => work.schedules(filter).await?)
    }

    async fn unreadable(&self, limit: u32) -> Result<Vec<Unreadable>, StoreError> {
        list!(self, work => work.unreadable(limit).await?)
    }

    async fn jobs(&self, filter: &JobFilter) -> Result<Vec<Job>, StoreError> {
        list!(self, work => work.jobs(filter).await?)
    }

    async fn count_jobs(&self, filter: &JobFilter, up_to: u32) -> Result<Count, StoreError> {
        list!(self, work => work.tables.count_jobs(filter, up_to).await?)
    }

    async fn runs(&self, filter: &RunFilter) -> Result<Vec<RunView>, StoreError> {
        list!(self, work => work.runs(filter).await?)
    }

    async fn skips(&self, filter: &SkipFilter) -> Result<Vec<SkipView>, StoreError> {
        list!(self, work => work.skips(filter).await?)
    }
}

/// What became of an attempt to queue a job in one step.
enum Once {
    /// It is queued.
    Done(Pulse),
    /// It is to be queued in a transaction.
    Not,
    /// Nobody knows whether it is queued: a transaction finds out, unless the job is there.
    Unknown(StoreError),
}

async fn enqueue_at_once<D: Database>(
    store: &D,
    clock: Clock,
    jobs: &[Enqueue],
) -> Result<Once, StoreError> {
    let [job] = jobs else { return Ok(Once::Not) };
    if !is_plain(job) {
        return Ok(Once::Not);
    }
    match store.enqueue_at_once(clock, job).await {
        Ok(Some(pulse)) => Ok(Once::Done(pulse)),
        Ok(None) => Ok(Once::Not),
        Err(error) if may_repeat(error.kind(), Repeated::Different) => Ok(Once::Not),
        Err(error) if error.kind() == StoreErrorKind::OutcomeUnknown => Ok(Once::Unknown(error)),
        Err(error) => Err(error),
    }
}

async fn claim_jobs<D: Database>(
    store: &D,
    clock: Clock,
    claim: &ClaimJobs<'_>,
) -> Answer<Vec<Job>> {
    look!(store, clock, work => claim.max > 0 && work.tables.any_claimable(claim).await?);
    let turn = store.handed_out(0);
    let at_once = attempts!(store, Different, store.claim_at_once(clock, claim, turn).await);
    let (mut jobs, pulse) = at_once?;
    if let Some(pulse) = pulse {
        return Ok(Reply { value: jobs, pulse });
    }
    let max = claim.max.saturating_sub(u32::try_from(jobs.len()).unwrap_or(u32::MAX));
    let rest = ClaimJobs { node: claim.node.clone(), max, ..*claim };
    // If this fails, what was leased before lapses.
    let rest: Answer<_> =
        verb!(store, clock, Write, Different, work => work.claim_jobs(&rest, turn).await?);
    let Reply { value: more, pulse } = rest?;
    jobs.extend(more);
    Ok(Reply { value: jobs, pulse })
}

/// In one transaction, unless others are in its way again and again: where nobody waits for a lock,
/// what has ended must not stay unwritten, until its lease ends, for the sake of what is to begin.
async fn settle_and_claim<D: Database>(
    store: &D,
    clock: Clock,
    settles: &[Settle],
    claim: &ClaimJobs<'_>,
) -> Answer<(Vec<Written>, Vec<Job>)> {
    let turn = store.handed_out(0);
    let together = attempts!(
        store,
        Different,
        TOGETHER,
        async {
            let work = Work::new(store.begin(Mode::Write, clock).await?);
            let (mut work, written) = settle(store, clock, work, settles).await?;
            let value = (written, work.claim_jobs(claim, turn).await?);
            Ok(Reply { value, pulse: work.finish().await? })
        }
        .await
    );
    match together {
        Err(error) if error.kind() == StoreErrorKind::Contended => {}
        done => return done,
    }
    let Reply { value: written, mut pulse } = Store::settle(store, clock, settles).await?;
    // There may be jobs: the caller is to come again for them.
    pulse.next_ready_at = Some(pulse.store_now);
    Ok(Reply { value: (written, Vec::new()), pulse })
}

/// How often it is tried to settle and to claim in one transaction.
const TOGETHER: u32 = 3;

/// Records last attempts. What concerns nobody else is made to last before the others wait for
/// their schedules: a node that stands still may have locked one of them, and jobs that have
/// nothing to do with it must not lose their leases over that.
async fn settle<D: Database>(
    store: &D,
    clock: Clock,
    mut work: Work<D::Tables>,
    settles: &[Settle],
) -> Result<(Work<D::Tables>, Vec<Written>), StoreError> {
    let jobs: HashSet<JobId> = settles.iter().map(|settle| settle.job).collect();
    if D::ONE_WRITER || jobs.len() < settles.len() {
        let written = work.settle(settles).await?;
        return Ok((work, written));
    }
    let alone = work.settle_alone(settles).await?;
    if alone.contains(&true) && alone.contains(&false) {
        work.finish().await?;
        work = Work::new(store.begin(Mode::Write, clock).await?);
    }
    let written = work.settle_others(settles, alone).await?;
    Ok((work, written))
}

async fn find_schedule<D: Database>(
    store: &D,
    id: &ScheduleId,
) -> Result<Option<Result<ScheduleView, String>>, StoreError> {
    list!(store, work => work.find_schedule(id).await?)
}
