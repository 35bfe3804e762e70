//! The scheduler: what a program holds in its hands.

use core::future::Future;
use core::time::Duration;
use std::sync::{Arc, Mutex, PoisonError};

use mainspring_contract::node::{Node, NodeView};
use mainspring_contract::record::{self, Job, Rescue};
use mainspring_contract::store::{
    JobFilter, Page, Reply, RunFilter, RunView, ScheduleFilter, ScheduleView, SkipFilter, SkipView,
    Unreadable,
};
use mainspring_contract::{NodeId, Program, Role, ScheduleId, Store, Tags, TaskId};
use mainspring_core::lease::LeaseTerms;
use mainspring_core::limits;
use mainspring_core::planner::{self, Planner};
use mainspring_core::room::Boxed;
use mainspring_core::time::{Mono, Now, Span, Timestamp};
use mainspring_core::trigger::Count;
use mainspring_core::worker::{self, Worker};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::broker::Neighbours;
use crate::builder::Builder;
use crate::clock::Time;
use crate::dice;
use crate::erased::AnyStore;
use crate::error::Error;
use crate::event::Events;
use crate::pump::{self, Parts, Pump};
use crate::registry::{Checked, Registry};
use crate::running::{Running, Stopped};
use crate::state::States;
use crate::task::Task;
use crate::telemetry::Telemetry;
use crate::trigger::Triggers;
use crate::waiting::Waiting;
use crate::zone::Zones;

mod backfill;
mod health;
mod jobs;
mod results;
mod schedules;

pub use backfill::Backfilled;
pub use jobs::{NewJob, Queued};
pub use results::JobEnd;

/// Plans schedules and runs jobs on a store.
///
/// Cheap to clone; clones are handles to the same scheduler. It does nothing by itself until
/// [`start`](Self::start) or [`run_until`](Self::run_until): before that, and without ever being
/// started, it is a client that puts schedules and queues jobs for others.
#[derive(Clone, Debug)]
pub struct Scheduler {
    shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) store: Arc<dyn AnyStore>,
    pub(crate) time: Time,
    pub(crate) node: NodeId,
    /// What this node's name holds in the store may be taken over at the start.
    pub(crate) node_is_mine: bool,
    /// The name is new, or promised to be used by this process only.
    pub(crate) node_is_unique: bool,
    /// What this node does.
    pub(crate) role: Role,
    /// What this node offers.
    pub(crate) tags: Tags,
    pub(crate) tasks: Arc<Registry>,
    /// What tasks share.
    pub(crate) states: States,
    pub(crate) zones: Arc<Zones>,
    pub(crate) triggers: Arc<Triggers>,
    pub(crate) max_running: usize,
    pub(crate) lease: LeaseTerms,
    pub(crate) max_idle: Span,
    pub(crate) keep_history: Span,
    /// Who waits for jobs.
    pub(crate) waiting: Waiting,
    /// What is told of what happens.
    pub(crate) telemetry: Telemetry,
    /// The other nodes, as far as a broker knows them.
    pub(crate) neighbours: Neighbours,
    pub(crate) pump: Mutex<Option<mpsc::UnboundedSender<pump::Event>>>,
}

impl core::fmt::Debug for Shared {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Shared").field("node", &self.node).finish_non_exhaustive()
    }
}

impl Scheduler {
    /// Starts to describe a scheduler on this store.
    pub fn builder(store: impl Store) -> Builder {
        Builder::new(store, Time::default())
    }

    pub(crate) fn new(shared: Shared) -> Self {
        Self { shared: Arc::new(shared) }
    }

    /// Starts planning and working in the background of the present tokio runtime.
    ///
    /// # Errors
    /// If it runs already, or the store fails.
    pub async fn start(&self) -> Result<Running, Error> {
        let (sender, events) = mpsc::unbounded_channel();
        {
            let mut pump = self.shared.pump.lock().unwrap_or_else(PoisonError::into_inner);
            if pump.as_ref().is_some_and(|sender| !sender.is_closed()) {
                return Err(Error::conflict("this scheduler runs already (start it once)"));
            }
            *pump = Some(sender.clone());
        }
        if self.shared.node_is_mine {
            self.take_over().await?;
        }
        let shared = &self.shared;
        let mut planner = Planner::new(&Boxed(limits::PLANNER_WINDOW), shared.max_idle);
        planner.keep_history(shared.keep_history);
        planner.dice(dice::new());
        let mut worker = Worker::new(&Boxed(shared.max_running), shared.lease, shared.max_idle);
        worker.dice(dice::new());
        worker.settles_travel();
        let jobs_per_claim = match shared.store.capabilities().durable {
            true => limits::JOBS_PER_CLAIM,
            false => limits::JOBS_PER_LIGHT_CLAIM,
        };
        worker.jobs_per_claim(jobs_per_claim);
        // What a node does not do is a machine that was stopped before it began.
        let now = Now { wall: Timestamp::UNIX_EPOCH, mono: Mono::ZERO };
        if !shared.role.plans() {
            planner.handle(planner::Input::Stop, now);
        }
        if !shared.role.works() {
            worker.handle(worker::Input::Stop, now);
        }
        let pump = Pump::new(Parts {
            store: Arc::clone(&shared.store),
            time: shared.time.clone(),
            node: self.describe()?,
            node_is_mine: shared.node_is_unique,
            tasks: Arc::clone(&shared.tasks),
            zones: Arc::clone(&shared.zones),
            triggers: Arc::clone(&shared.triggers),
            waiting: shared.waiting.clone(),
            telemetry: shared.telemetry.clone(),
            neighbours: shared.neighbours.clone(),
            planner,
            worker,
            jobs_per_claim,
            events,
        });
        if let Some(hand) = shared.time.hand() {
            hand.adopt(&sender);
        }
        let mut survey = JoinSet::new();
        survey.spawn(survey_schedules(Arc::clone(&shared.store), shared.telemetry.clone()));
        let pump = async move {
            let left = pump.run().await;
            drop(survey);
            left
        };
        Ok(Running { pump: tokio::spawn(pump), sender })
    }

    /// Plans and works until `signal` resolves, then stops softly: nothing new starts, and what
    /// runs may go on for `grace`.
    ///
    /// # Errors
    /// If it runs already, or the store fails at the start.
    pub async fn run_until(
        &self,
        signal: impl Future<Output = ()>,
        grace: Duration,
    ) -> Result<Stopped, Error> {
        let running = self.start().await?;
        signal.await;
        Ok(running.stop(grace).await)
    }

    /// Takes these tasks in place of those that this node knows, also while it runs. Runs that
    /// have started go on; jobs of a task that is gone wait for a node that knows it.
    ///
    /// # Errors
    /// If a name is not valid, two tasks have the same, a task wants a state that was not given to
    /// the builder, or the store fails; nothing is changed then.
    pub async fn replace_tasks(&self, tasks: Vec<Task>) -> Result<(), Error> {
        let tasks = Checked::new(&tasks, &self.shared.states)?;
        let reply = self.shared.store.put_tasks(&tasks.records).await?;
        self.shared.tasks.replace(tasks);
        self.shared.neighbours.changed();
        self.told(reply);
        Ok(())
    }

    /// Schedules by name.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn schedules(&self, filter: &ScheduleFilter) -> Result<Vec<ScheduleView>, Error> {
        Ok(self.shared.store.schedules(filter).await?)
    }

    /// The schedule of this name.
    ///
    /// # Errors
    /// If the name is not valid, its record cannot be read, or the store fails.
    pub async fn schedule(&self, schedule: &str) -> Result<Option<ScheduleView>, Error> {
        Ok(self.shared.store.schedule(&ScheduleId::new(schedule)?).await?)
    }

    /// Jobs that are not over.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn jobs(&self, filter: &JobFilter) -> Result<Vec<Job>, Error> {
        Ok(self.shared.store.jobs(filter).await?)
    }

    /// How many jobs of this kind are not over; counting stops after a look at `up_to` of them.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn count_jobs(&self, filter: &JobFilter, up_to: u32) -> Result<Count, Error> {
        Ok(self.shared.store.count_jobs(filter, up_to).await?)
    }

    /// At most `limit` schedules that are there but cannot be read, and why.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn unreadable(&self, limit: u32) -> Result<Vec<Unreadable>, Error> {
        Ok(self.shared.store.unreadable(limit).await?)
    }

    /// History, newest first. Reading a result does not consume it.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn runs(&self, filter: &RunFilter) -> Result<Vec<RunView>, Error> {
        Ok(self.shared.store.runs(filter).await?)
    }

    /// Fires that did not become jobs, newest record first.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn skips(&self, filter: &SkipFilter) -> Result<Vec<SkipView>, Error> {
        Ok(self.shared.store.skips(filter).await?)
    }

    /// Forgets records of the history from before `before`, the oldest first, and says how many: a
    /// few hundred at most, so that nobody waits for it. None are left once it answers 0.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn prune(&self, before: Timestamp) -> Result<u32, Error> {
        Ok(self.shared.store.prune(before, limits::ROWS_PER_SWEEP).await?.value)
    }

    /// What the store's clock shows.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn store_clock(&self) -> Result<Timestamp, Error> {
        Ok(self.shared.store.put_tasks(&[]).await?.pulse.store_now)
    }

    /// Nodes by name, those of other programs too: who plans, who works, since when, how far their
    /// clocks are off, and whether they are lost. A node shows itself shortly after its start.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn nodes(&self, page: &Page<NodeId>) -> Result<Vec<NodeView>, Error> {
        Ok(self.shared.store.nodes(page).await?.value)
    }

    /// What the store knows of tasks, by name: their limits and defaults.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn tasks(&self, page: &Page<TaskId>) -> Result<Vec<record::Task>, Error> {
        Ok(self.shared.store.tasks(page).await?)
    }

    /// What happens on this node from now on, as it happens.
    ///
    /// ```
    /// # use mainspring::{Event, Scheduler, Task};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = mainspring_memory::MemoryStore::default();
    /// let builder = Scheduler::builder(store).task(Task::new("nap", async || {}));
    /// let scheduler = builder.build().await?;
    /// let mut events = scheduler.events();
    /// let running = scheduler.start().await?;
    /// scheduler.enqueue("nap", &()).await?;
    /// while let Some(event) = events.next().await {
    ///     if let Event::RunEnded { task, outcome, .. } = event {
    ///         assert_eq!(format!("{task}: {outcome}"), "nap: succeeded");
    ///         break;
    ///     }
    /// }
    /// # drop(running);
    /// # Ok(())
    /// # }
    /// ```
    pub fn events(&self) -> Events {
        self.shared.telemetry.listen()
    }

    /// Waits until the [broker](Builder::broker) has all that other nodes are to hear of what was
    /// done through this scheduler before, at most `within`; says whether it has. For programs that
    /// end right after they changed something. Without a broker there is nothing to wait for.
    pub async fn told_others(&self, within: Duration) -> bool {
        self.shared.neighbours.sent(within).await
    }

    /// This node's name in the store.
    pub fn node(&self) -> &NodeId {
        &self.shared.node
    }

    /// What this node says about itself, before it has heard from its store.
    fn describe(&self) -> Result<Node, Error> {
        let shared = &self.shared;
        Ok(Node {
            id: shared.node.clone(),
            role: shared.role,
            tags: shared.tags.clone(),
            tasks: Vec::new(),
            program: Program::new(PROGRAM)?,
            started_at: Timestamp::UNIX_EPOCH,
            clock_offset: Span::ZERO,
        })
    }

    /// Takes over what this node's former self held.
    pub(crate) async fn take_over(&self) -> Result<(), Error> {
        let rescue = Rescue::HeldBy(self.shared.node.clone());
        loop {
            let reply = self.shared.store.rescue(&rescue, limits::ROWS_PER_SWEEP).await?;
            reply.value.iter().for_each(|run| self.shared.telemetry.rescued(run));
            if reply.value.is_empty() {
                return Ok(());
            }
        }
    }

    /// Passes a reply's news on to the pump, if it runs.
    fn told<T>(&self, reply: Reply<T>) -> T {
        self.tell(pump::Event::Changed(reply.pulse));
        reply.value
    }

    fn tell(&self, event: pump::Event) {
        let pump = self.shared.pump.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = pump.as_ref() {
            // It may have stopped; then there is nobody to tell.
            let _ = sender.send(event);
        }
    }
}

/// Tells which schedules cannot be read. It looks at every one of them, so nobody waits for it.
async fn survey_schedules(store: Arc<dyn AnyStore>, telemetry: Telemetry) {
    match store.unreadable(limits::ROWS_PER_SWEEP).await {
        Ok(unreadable) => unreadable.iter().for_each(|one| telemetry.unreadable(one)),
        Err(error) => telemetry.store_failed("unreadable", &error),
    }
}

/// What a node says of its program.
const PROGRAM: &str = concat!("mainspring ", env!("CARGO_PKG_VERSION"));
