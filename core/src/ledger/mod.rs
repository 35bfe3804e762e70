//! Every store verb on fixed-capacity tables in memory.
//!
//! The ledger is three things at once: what firmware runs on, what the in-memory store wraps, and
//! the model that every other store must agree with. It owns the due, ready and lease queues over
//! everything it holds. Each verb takes the instant by which it is judged; none of them fails
//! halfway, and a full table hands the request back.

mod chains;
mod clock;
mod enqueue;
mod jobs;
mod keys;
mod lanes;
mod restore;
mod schedules;

use core::fmt;

use crate::domain::Domain;
use crate::id::ConfigRevision;
use crate::job::{Job, JobState};
use crate::lane::Lists;
use crate::note::Note;
use crate::number::Number;
use crate::order::{Order, Sought};
use crate::pulse::Pulse;
use crate::retry::Counts;
use crate::room::{Inline, Room};
use crate::schedule::Schedule;
use crate::table::{Full, Keyed, Slot, Table, Vacant};
use crate::task::Task;
use crate::time::{Span, Timestamp};

use self::chains::Links;

pub use chains::Chain;
pub use keys::KeyRow;
pub use lanes::LaneRow;

/// Schedules, tasks and jobs, with the queues over them.
///
/// There is room for as many keys as jobs. A domain that has none can save it, in a static: `K` is
/// the room for keys.
pub struct Ledger<D: Domain, S: Room, T: Room, J: Room, K: Room = J> {
    schedules: TableIn<S, ScheduleRow<D, S>>,
    /// Every schedule that can fire, by when it comes due.
    due: S::Order,
    tasks: TableIn<T, TaskRow<D, T>>,
    jobs: TableIn<J, JobRow<D, T, J>>,
    /// The jobs of each schedule that are not over.
    chains: TableIn<D::Chains<J>, Chain<D, J>>,
    /// Which job holds which key.
    keys: TableIn<K, KeyRow<D>>,
    /// A lane for each task and each set of tags that a job of it needs.
    lanes: TableIn<T, LaneRow<D, T, J>>,
    /// Waiting jobs that were found ready, in their lanes.
    ready: J::Lanes,
    /// The other waiting jobs, by `ready_at`.
    future: J::Order,
    /// Ends of leases, and start deadlines.
    lapses: J::Order,
    /// The task slot whose turn it is to be asked first for a ready job.
    turn: usize,
    config_revision: ConfigRevision,
}

type TableIn<R, T> = Table<T, SlotsIn<R, T>>;
type SlotsIn<R, T> = <R as Room>::Slots<T>;

/// A schedule in a ledger.
#[derive(Clone, Debug)]
pub struct ScheduleRow<D: Domain, S: Room> {
    schedule: Schedule<D>,
    /// Who plans it, and until when.
    claim: Option<(D::NodeId, D::Note<Timestamp>)>,
    /// The next one of a chain that a claim sets aside while it looks further; the last one names
    /// itself.
    aside: S::Number,
}

impl<D: Domain, S: Room> ScheduleRow<D, S> {
    /// When it comes due or, if it is claimed, when that claim ends, whichever is later. Never, as
    /// long as it is set aside.
    fn due(&self) -> Option<Timestamp> {
        if self.aside != Number::NONE {
            return None;
        }
        let claimed_until = self.claim().map_or(Timestamp::MIN, |(_, until)| until);
        Some(self.schedule.due()?.max(claimed_until))
    }

    /// The node that plans it, and until when: for ever, unless others could take over.
    fn claim(&self) -> Option<(&D::NodeId, Timestamp)> {
        let (node, until) = self.claim.as_ref()?;
        Some((node, if D::OFFER.remote { until.value() } else { Timestamp::MAX }))
    }
}

impl<D: Domain, S: Room> Keyed for ScheduleRow<D, S> {
    type Key = D::ScheduleId;
    fn key(&self) -> &D::ScheduleId {
        &self.schedule.spec().id
    }
}

/// A task in a ledger: what is known of it, and its jobs.
#[derive(Clone, Debug)]
pub struct TaskRow<D: Domain, T: Room> {
    task: Task<D>,
    /// Whether somebody put it. If not, it only gives the jobs of that name a lane.
    known: bool,
    /// The first of its lanes.
    lanes: T::Number,
    /// How many of its jobs are leased: counted where a job enters and leaves the queues only.
    leased: u32,
}

impl<D: Domain, T: Room> Keyed for TaskRow<D, T> {
    type Key = D::TaskId;
    fn key(&self) -> &D::TaskId {
        &self.task.id
    }
}

/// A job in a ledger.
#[derive(Clone, Debug)]
pub struct JobRow<D: Domain, T: Room, J: Room> {
    job: Job<D>,
    lane: T::Number,
    in_lane: bool,
    links: D::Note<Links<J::Number>>,
}

impl<D: Domain, T: Room, J: Room> JobRow<D, T, J> {
    /// The slot of its lane.
    fn lane(&self) -> usize {
        self.lane.slot().expect("a job has a lane")
    }

    /// When it is to enter its lane.
    fn ready_at(&self) -> Option<Timestamp> {
        match self.job.state {
            JobState::Waiting { ready_at } if !self.in_lane => Some(ready_at),
            _ => None,
        }
    }

    /// When its lease has ended, or it is too late to start.
    fn lapse_at(&self) -> Option<Timestamp> {
        let job = &self.job;
        match &job.state {
            JobState::Held { .. } | JobState::Waiting { .. } => {
                let start_by = job.start_by.filter(|_| job.counts == Counts::default());
                start_by.map(|start_by| start_by + Span::from_micros(1))
            }
            JobState::Leased { lease, .. } => D::OFFER.remote.then(|| lease.until.value()),
            JobState::Settled { .. } => None,
        }
    }
}

impl<D: Domain, T: Room, J: Room> Keyed for JobRow<D, T, J> {
    type Key = D::JobId;
    fn key(&self) -> &D::JobId {
        &self.job.id
    }
}

impl<D: Domain, const S: usize, const T: usize, const J: usize, const K: usize>
    Ledger<D, Inline<S>, Inline<T>, Inline<J>, Inline<K>>
where
    SlotsIn<D::Chains<Inline<J>>, Chain<D, Inline<J>>>: Vacant,
{
    /// An empty ledger for a static: all its bits are zero, so that it takes no flash, and nothing
    /// has to build it on a stack.
    ///
    /// It does not compile for a domain that has to know of the jobs of a schedule and has no room
    /// for that.
    pub const EMPTY: Self = Self {
        schedules: Table::new([const { Slot::Free }; S]),
        due: Sought,
        tasks: Table::new([const { Slot::Free }; T]),
        jobs: Table::new([const { Slot::Free }; J]),
        chains: {
            let room = size_of::<SlotsIn<D::Chains<Inline<J>>, Chain<D, Inline<J>>>>();
            let all = size_of::<[Slot<Chain<D, Inline<J>>>; J]>();
            assert!(!D::OFFER.chains() || room >= all, "`Domain::Chains` is to be its argument");
            Table::new(Vacant::VACANT)
        },
        keys: Table::new([const { Slot::Free }; K]),
        lanes: Table::new([const { Slot::Free }; T]),
        ready: Lists::over([0; J]),
        future: Sought,
        lapses: Sought,
        turn: 0,
        config_revision: ConfigRevision::new(0),
    };
}

impl<D: Domain<Chains<J> = J>, S: Room, T: Room, J: Room> Ledger<D, S, T, J> {
    /// An empty ledger with room for these schedules, tasks and jobs. A job whose task was never
    /// put takes room among the tasks too, and so does each further set of tags that jobs of one
    /// task need.
    pub fn new(schedules: S, tasks: T, jobs: J) -> Self {
        Self {
            schedules: Table::new(schedules.slots()),
            due: schedules.order(),
            tasks: Table::new(tasks.slots()),
            jobs: Table::new(jobs.slots()),
            chains: Table::new(jobs.slots()),
            keys: Table::new(jobs.slots()),
            lanes: Table::new(tasks.slots()),
            ready: jobs.lanes(),
            future: jobs.order(),
            lapses: jobs.order(),
            turn: 0,
            config_revision: ConfigRevision::default(),
        }
    }
}

impl<D: Domain, S: Room, T: Room, J: Room, K: Room> Ledger<D, S, T, J, K> {
    /// Makes a task known, or changes it; a smaller version than the stored one changes nothing.
    ///
    /// # Errors
    /// [`Full`] with the task, if there is no room for another one.
    pub fn put_task(&mut self, task: Task<D>) -> Result<(), Full<Task<D>>> {
        if let Some(slot) = self.tasks.find(&task.id) {
            let row = self.tasks.get_mut(slot).expect("find returns slots that are in use");
            if row.known && (task.version < row.task.version || task == row.task) {
                return Ok(());
            }
            row.task = task;
            row.known = true;
        } else {
            self.add_task(task, true)?;
        }
        self.config_revision = self.config_revision.next();
        Ok(())
    }

    /// The clock, deadlines and news that every reply carries.
    pub fn pulse(&mut self, now: Timestamp) -> Pulse {
        self.promote(now);
        Pulse {
            store_now: now,
            next_due_at: self.first_due().map(|(_, at)| at),
            next_ready_at: self.first_future().map(|(_, at)| at).filter(|&at| at > now),
            next_lapse_at: self.first_lapse().map(|(_, at)| at),
            config_revision: self.config_revision,
        }
    }

    /// The schedule of this name.
    pub fn schedule(&self, id: &D::ScheduleId) -> Option<&Schedule<D>> {
        let slot = self.schedules.find(id)?;
        self.schedules.get(slot).map(|row| &row.schedule)
    }

    /// Every schedule with the node that plans it and until when, in no particular order.
    pub fn schedules(
        &self,
    ) -> impl Iterator<Item = (&Schedule<D>, Option<(&D::NodeId, Timestamp)>)> {
        self.schedules.iter().map(|(_, row)| (&row.schedule, row.claim()))
    }

    /// Every task that somebody put, in no particular order.
    pub fn tasks(&self) -> impl Iterator<Item = &Task<D>> {
        self.tasks.iter().filter(|(_, row)| row.known).map(|(_, row)| &row.task)
    }

    /// The job of this name, unless it is over.
    pub fn job(&self, id: &D::JobId) -> Option<&Job<D>> {
        let slot = self.jobs.find(id)?;
        self.jobs.get(slot).map(|row| &row.job)
    }

    /// Every job that is not over, in no particular order.
    pub fn jobs(&self) -> impl Iterator<Item = &Job<D>> {
        self.jobs.iter().map(|(_, row)| &row.job)
    }

    /// How many jobs are not over.
    pub fn job_count(&self) -> usize {
        self.jobs.len()
    }

    /// The schedule that comes due first.
    fn first_due(&self) -> Option<(usize, Timestamp)> {
        self.due.first(|slot| self.schedules.get(slot).and_then(ScheduleRow::due))
    }

    /// The job that is the first to enter its lane.
    fn first_future(&self) -> Option<(usize, Timestamp)> {
        self.future.first(|slot| self.jobs.get(slot).and_then(JobRow::ready_at))
    }

    /// The job that lapses first.
    fn first_lapse(&self) -> Option<(usize, Timestamp)> {
        self.lapses.first(|slot| self.jobs.get(slot).and_then(JobRow::lapse_at))
    }

    fn add_task(&mut self, task: Task<D>, known: bool) -> Result<usize, Full<Task<D>>> {
        let row = TaskRow { task, known, lanes: Number::NONE, leased: 0 };
        self.tasks.insert(row).map_err(|Full(row)| Full(row.task))
    }

    /// The slot of a task, which is added if nobody has put it.
    fn task_slot(&mut self, task: &D::TaskId) -> Result<usize, Full<()>> {
        match self.tasks.find(task) {
            Some(slot) => Ok(slot),
            None => self.add_task(Task::new(task.clone()), false).map_err(|Full(_)| Full(())),
        }
    }

    /// A task without any jobs that nobody has put takes no room.
    fn forget_task(&mut self, slot: usize) {
        if self.tasks.get(slot).is_some_and(|row| !row.known && row.lanes == Number::NONE) {
            self.tasks.remove(slot);
        }
    }
}

impl<D: Domain, S: Room, T: Room, J: Room, K: Room> fmt::Debug for Ledger<D, S, T, J, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger")
            .field("schedules", &self.schedules.len())
            .field("tasks", &self.tasks.len())
            .field("jobs", &self.jobs.len())
            .finish_non_exhaustive()
    }
}
