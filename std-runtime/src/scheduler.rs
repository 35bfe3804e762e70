//! The scheduler: what a program holds in its hands.

use core::future::Future;
use core::time::Duration;
use std::sync::{Arc, Mutex, PoisonError};

use mainspring_contract::record::{
    self, Cancelled, Conflict, Enqueue, Enqueued, Job, Put, PutSchedule, Remove, Rescue,
};
use mainspring_contract::store::{
    JobFilter, Page, Reply, RunFilter, RunView, ScheduleView, SkipFilter, SkipView, Unreadable,
};
use mainspring_contract::{Encoded, JobId, NodeId, ScheduleId, Source, Store, TaskId};
use mainspring_core::lease::LeaseTerms;
use mainspring_core::limits;
use mainspring_core::planner::Planner;
use mainspring_core::room::Boxed;
use mainspring_core::settings::Settings;
use mainspring_core::time::{Mono, Span, Timestamp};
use mainspring_core::trigger::Trigger;
use mainspring_core::worker::Worker;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::clock;
use crate::erased::AnyStore;
use crate::error::Error;
use crate::owed;
use crate::pump::{Event, Parts, Pump};
use crate::registry::{Checked, Registry};
use crate::schedule::{Schedule, trigger_of};
use crate::task::{PAYLOAD_VERSION, Task};
use crate::telemetry;
use crate::trigger::Triggers;
use crate::zone::Zones;

/// Plans schedules and runs jobs on a store.
///
/// Cheap to clone; clones are handles to the same scheduler. It does nothing by itself until
/// [`start`](Self::start) or [`run_until`](Self::run_until): before that, and without ever being
/// started, it is a client that puts schedules and queues jobs for others.
#[derive(Clone, Debug)]
pub struct Scheduler {
    shared: Arc<Shared>,
}

struct Shared {
    store: Arc<dyn AnyStore>,
    node: NodeId,
    /// What this node's name holds in the store may be taken over at the start.
    node_is_mine: bool,
    /// The name is new, or promised to be used by this process only.
    node_is_unique: bool,
    tasks: Arc<Registry>,
    zones: Arc<Zones>,
    triggers: Arc<Triggers>,
    max_running: usize,
    lease: LeaseTerms,
    max_idle: Span,
    keep_history: Span,
    pump: Mutex<Option<mpsc::UnboundedSender<Event>>>,
}

impl core::fmt::Debug for Shared {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Shared").field("node", &self.node).finish_non_exhaustive()
    }
}

/// Says how a [`Scheduler`] is made.
pub struct Builder {
    store: Arc<dyn AnyStore>,
    node: Option<String>,
    node_is_mine: bool,
    tasks: Vec<Task>,
    zones: Option<Zones>,
    triggers: Triggers,
    max_running: usize,
    lease: LeaseTerms,
    max_idle: Span,
    keep_history: Span,
}

impl core::fmt::Debug for Builder {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Builder").field("tasks", &self.tasks).finish_non_exhaustive()
    }
}

impl Builder {
    /// Adds a task that this node runs.
    #[must_use]
    pub fn task(mut self, task: Task) -> Self {
        self.tasks.push(task);
        self
    }

    /// The name of this node in the store. Default: a new name for each process.
    #[must_use]
    pub fn node(mut self, name: &str) -> Self {
        self.node = Some(name.to_owned());
        self
    }

    /// Promises that no other process uses this node's name at the same time, for instance
    /// because a lock file guards it. The scheduler then takes over at once what its former self
    /// held when it was lost, instead of waiting for leases to end.
    #[must_use]
    pub fn node_is_mine(mut self) -> Self {
        self.node_is_mine = true;
        self
    }

    /// How many jobs this node runs at once. Default: 100.
    #[must_use]
    pub fn max_running(mut self, max: usize) -> Self {
        self.max_running = max;
        self
    }

    /// How long leases last, and how much earlier their holder stops. Default: 15 s and 2 s. The
    /// margin must be less than two thirds of the lease, so that it can be renewed in time.
    #[must_use]
    pub fn lease(mut self, terms: LeaseTerms) -> Self {
        self.lease = terms;
        self
    }

    /// The longest time without asking the store for news. Default: 5 s; at least 10 ms.
    #[must_use]
    pub fn max_idle(mut self, span: Duration) -> Self {
        self.max_idle = Span::from(span).max(limits::MIN_IDLE);
        self
    }

    /// How long history is kept. Default: 30 days.
    #[must_use]
    pub fn keep_history(mut self, span: Duration) -> Self {
        self.keep_history = Span::from(span);
        self
    }

    /// The time zones. Default: the system's, else the bundled ones.
    #[must_use]
    pub fn zones(mut self, zones: Zones) -> Self {
        self.zones = Some(zones);
        self
    }

    /// Brings along a kind of trigger: `make` turns the arguments of a schedule into a trigger,
    /// or says why it cannot. A schedule asks for it with [`Schedule::custom`]; it is then stored,
    /// listed, combined and planned like any other.
    ///
    /// Every node that plans such schedules must know the name; one that does not takes the
    /// schedule out of service, with this as the reason. The same happens when the trigger panics
    /// or breaks a law of [`Trigger`].
    #[must_use]
    pub fn trigger<A, T, E>(
        mut self,
        name: &str,
        make: impl Fn(A) -> Result<T, E> + Send + Sync + 'static,
    ) -> Self
    where
        A: DeserializeOwned,
        T: Trigger + Send + Sync + 'static,
        E: core::fmt::Display,
    {
        self.triggers.add(name, make);
        self
    }

    /// Makes the scheduler and makes its tasks known to the store.
    ///
    /// # Errors
    /// If a name or the lease is not valid, two tasks or two triggers have the same name, or the
    /// store fails.
    pub async fn build(self) -> Result<Scheduler, Error> {
        check(self.lease)?;
        if let Some(name) = self.triggers.doubled() {
            return Err(Error::conflict(format!(
                "trigger `{name}` was added twice (give one of them another name)"
            )));
        }
        let tasks = Checked::new(self.tasks)?;
        self.store.put_tasks(&tasks.records).await?;
        let node_is_unique = self.node_is_mine || self.node.is_none();
        let node = match self.node {
            Some(name) => NodeId::new(name)?,
            None => NodeId::new(format!("node-{}", uuid::Uuid::new_v4().simple()))?,
        };
        let shared = Shared {
            store: self.store,
            node,
            node_is_mine: self.node_is_mine,
            node_is_unique,
            tasks: Arc::new(Registry::new(tasks)),
            zones: Arc::new(self.zones.unwrap_or_else(Zones::system)),
            triggers: Arc::new(self.triggers),
            max_running: self.max_running.max(1),
            lease: self.lease,
            max_idle: self.max_idle,
            keep_history: self.keep_history,
            pump: Mutex::new(None),
        };
        Ok(Scheduler { shared: Arc::new(shared) })
    }
}

impl Scheduler {
    /// Starts to describe a scheduler on this store.
    pub fn builder(store: impl Store) -> Builder {
        Builder {
            store: Arc::new(store),
            node: None,
            node_is_mine: false,
            tasks: Vec::new(),
            zones: None,
            triggers: Triggers::default(),
            max_running: limits::WORKER_WINDOW,
            lease: LeaseTerms::DEFAULT,
            max_idle: limits::MAX_IDLE,
            keep_history: limits::KEEP_HISTORY,
        }
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
        let unreadable = shared.store.unreadable(limits::ROWS_PER_SWEEP).await?;
        unreadable.iter().for_each(telemetry::unreadable);
        let mut planner = Planner::new(&Boxed(limits::PLANNER_WINDOW), shared.max_idle);
        planner.keep_history(shared.keep_history);
        let pump = Pump::new(Parts {
            store: Arc::clone(&shared.store),
            node: shared.node.clone(),
            node_is_mine: shared.node_is_unique,
            tasks: Arc::clone(&shared.tasks),
            zones: Arc::clone(&shared.zones),
            triggers: Arc::clone(&shared.triggers),
            planner,
            worker: Worker::new(&Boxed(shared.max_running), shared.lease, shared.max_idle),
            events,
        });
        Ok(Running { pump: tokio::spawn(pump.run()), sender })
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
    /// If a name is not valid, two tasks have the same, or the store fails; nothing is changed
    /// then.
    pub async fn replace_tasks(&self, tasks: Vec<Task>) -> Result<(), Error> {
        let tasks = Checked::new(tasks)?;
        let reply = self.shared.store.put_tasks(&tasks.records).await?;
        self.shared.tasks.replace(tasks);
        self.told(reply);
        Ok(())
    }

    /// Puts a schedule; one of the same name and source is replaced. A fire that was
    /// due already still runs; of several, the first.
    ///
    /// # Errors
    /// If something about the schedule is not valid, a schedule of this name was written down
    /// elsewhere, or the store fails.
    pub async fn put(&self, schedule: Schedule) -> Result<Put, Error> {
        let request = self.request(schedule, Conflict::Replace)?;
        let id = request.spec.id.clone();
        let reply = self.told(self.shared.store.put_schedules(&[request]).await?);
        match reply.into_iter().next() {
            Some(Put::OtherSource) => Err(Error::conflict(format!(
                "schedule `{id}` was written down elsewhere (remove it there or choose another \
                 name)"
            ))),
            Some(put) => Ok(put),
            None => Err(Error::invalid("the store did not answer")),
        }
    }

    /// Makes the schedules of one source exactly these: puts them and removes the others that
    /// were written down there. Says what became of each, and which were removed.
    ///
    /// What came due before that runs as it was written down then, also for a schedule that is
    /// removed, unless its task is gone as well.
    ///
    /// # Errors
    /// If something about a schedule is not valid (nothing is changed then), or the store fails.
    pub async fn sync(
        &self,
        source: &str,
        schedules: Vec<Schedule>,
    ) -> Result<(Vec<Put>, Vec<ScheduleId>), Error> {
        let mut requests = Vec::new();
        for schedule in schedules {
            requests.push(self.request(schedule.source(source), Conflict::Replace)?);
        }
        let ids: Vec<_> = requests.iter().map(|request| request.spec.id.clone()).collect();
        let source = Source::new(source)?;
        let Shared { store, node, tasks, zones, triggers, .. } = &*self.shared;
        // A schedule may go together with its task; its job would then wait for nobody.
        let wanted = |schedule: &record::Schedule| {
            let stays = schedule.spec.source != source || ids.contains(&schedule.spec.id);
            stays || tasks.find(&schedule.spec.task).is_some()
        };
        let trigger_of = |schedule: &record::Schedule| trigger_of(schedule, triggers, zones);
        owed::advance(&**store, node, trigger_of, wanted).await?;
        let puts = self.told(store.put_schedules(&requests).await?);
        let remove = Remove::SourceExcept(&source, &ids);
        let removed = self.told(store.remove_schedules(&remove).await?);
        Ok((puts, removed))
    }

    /// Removes a schedule; says whether it was there. Its jobs that exist already stay.
    ///
    /// # Errors
    /// If the name is not valid, or the store fails.
    pub async fn remove(&self, schedule: &str) -> Result<bool, Error> {
        let id = ScheduleId::new(schedule)?;
        let reply = self.shared.store.remove_schedules(&Remove::Named(&[id])).await?;
        Ok(!self.told(reply).is_empty())
    }

    /// Queues a job without any schedule, to run as soon as possible.
    ///
    /// # Errors
    /// If the name is not valid, the arguments cannot be encoded, or the store fails.
    pub async fn enqueue<A: Serialize + ?Sized>(
        &self,
        task: &str,
        arguments: &A,
    ) -> Result<JobId, Error> {
        let payload = Encoded::json(PAYLOAD_VERSION, arguments).map_err(|error| {
            Error::invalid(format!("the arguments for `{task}` cannot be stored: {error}"))
        })?;
        let random = *uuid::Uuid::new_v4().as_bytes();
        let id = JobId::queued(clock::wall(), core::array::from_fn(|i| random[i]));
        let job = Enqueue {
            id,
            task: TaskId::new(task)?,
            payload,
            settings: Settings::NONE,
            ready_at: None,
            start_by: None,
        };
        let reply = self.told(self.shared.store.enqueue(&[job]).await?);
        debug_assert_eq!(reply, [Enqueued::Inserted], "a new id");
        Ok(id)
    }

    /// Cancels a job: a waiting one is over at once, a running one is told to stop.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn cancel(&self, job: JobId) -> Result<Cancelled, Error> {
        let reply = self.told(self.shared.store.cancel(&[job]).await?);
        Ok(reply.into_iter().next().unwrap_or(Cancelled::Missing))
    }

    /// Schedules by name.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn schedules(&self, page: &Page<ScheduleId>) -> Result<Vec<ScheduleView>, Error> {
        Ok(self.shared.store.schedules(page).await?)
    }

    /// Jobs that are not over.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn jobs(&self, filter: &JobFilter) -> Result<Vec<Job>, Error> {
        Ok(self.shared.store.jobs(filter).await?)
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

    /// This node's name in the store.
    pub fn node(&self) -> &NodeId {
        &self.shared.node
    }

    /// Takes over what this node's former self held.
    async fn take_over(&self) -> Result<(), Error> {
        let rescue = Rescue::HeldBy(self.shared.node.clone());
        loop {
            let reply = self.shared.store.rescue(&rescue, limits::ROWS_PER_SWEEP).await?;
            reply.value.iter().for_each(telemetry::rescued);
            if reply.value.is_empty() {
                return Ok(());
            }
        }
    }

    fn request(&self, schedule: Schedule, conflict: Conflict) -> Result<PutSchedule, Error> {
        let once = matches!(schedule.trigger(), mainspring_contract::trigger::TriggerForm::At(_));
        let trigger = self.shared.triggers.compile(schedule.trigger(), &self.shared.zones)?;
        // A single instant that has just passed was meant to be seen; a repeating trigger starts
        // with its next fire.
        let from = if once { Timestamp::MIN } else { clock::wall() };
        let next = trigger.next_after(from).into();
        if let Some(fault) = trigger.fault() {
            return Err(Error::invalid(fault));
        }
        Ok(PutSchedule { spec: schedule.into_spec()?, next, conflict })
    }

    /// Passes a reply's news on to the pump, if it runs.
    fn told<T>(&self, reply: Reply<T>) -> T {
        let pump = self.shared.pump.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = pump.as_ref() {
            // It may have stopped; then there is nobody to tell.
            let _ = sender.send(Event::Changed(reply.pulse));
        }
        reply.value
    }
}

/// A scheduler at work. Dropping it stops the scheduler softly, without waiting.
#[derive(Debug)]
pub struct Running {
    pump: JoinHandle<usize>,
    sender: mpsc::UnboundedSender<Event>,
}

/// How a scheduler stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// How many jobs it still held. They run again elsewhere or later, once their leases end.
    pub left: usize,
}

impl Running {
    /// Stops softly: nothing new starts, what has not started is handed back, and what runs may
    /// go on for `grace`; then it is aborted.
    pub async fn stop(mut self, grace: Duration) -> Stopped {
        self.send(Event::Stop);
        if let Some(stopped) = self.within(grace).await {
            return stopped;
        }
        self.abort().await
    }

    /// Stops hard: what runs is aborted, and runs again elsewhere or later.
    pub async fn abort(mut self) -> Stopped {
        self.send(Event::Stop);
        self.send(Event::Abort);
        if let Some(stopped) = self.within(ABORT_WITHIN).await {
            return stopped;
        }
        self.send(Event::Quit);
        let left = (&mut self.pump).await.unwrap_or(0);
        Stopped { left }
    }

    /// Stops softly like [`stop`](Self::stop), but hard as soon as `signal` resolves.
    pub async fn stop_or_abort(
        mut self,
        grace: Duration,
        signal: impl Future<Output = ()>,
    ) -> Stopped {
        self.send(Event::Stop);
        tokio::select! {
            stopped = self.within(grace) => {
                if let Some(stopped) = stopped {
                    return stopped;
                }
            }
            () = signal => {}
        }
        self.abort().await
    }

    async fn within(&mut self, span: Duration) -> Option<Stopped> {
        tokio::select! {
            left = &mut self.pump => Some(Stopped { left: left.unwrap_or(0) }),
            () = clock::wait_for(span) => None,
        }
    }

    fn send(&self, event: Event) {
        // A pump that has ended needs to be told nothing.
        let _ = self.sender.send(event);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.send(Event::Stop);
    }
}

/// A lease must be there to be renewed while its holder still trusts it; one that is not would be
/// claimed and given back in a circle.
fn check(lease: LeaseTerms) -> Result<(), Error> {
    let sent = Mono::ZERO;
    if sent < lease.renew_at(sent) && lease.renew_at(sent) < lease.trusted_until(sent) {
        return Ok(());
    }
    let LeaseTerms { lease_for, margin } = lease;
    Err(Error::invalid(format!(
        "a lease of {lease_for} with a margin of {margin} cannot be kept (the margin must be less \
         than two thirds of the lease)"
    )))
}

/// How long aborted runs and their last words may take.
const ABORT_WITHIN: Duration = Duration::from_secs(15);
