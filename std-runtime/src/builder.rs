//! Says how a scheduler is made.

use core::time::Duration;
use std::sync::{Arc, Mutex};

use mainspring_contract::broker::Broker;
use mainspring_contract::{NodeId, Role, Store, Tags, TagsError};
use mainspring_core::lease::LeaseTerms;
use mainspring_core::limits;
use mainspring_core::time::{Mono, Span};
use mainspring_core::trigger::Trigger;
use serde::de::DeserializeOwned;

use crate::broker::{self, AnyBroker, Heard, Listener, Neighbours};
use crate::clock::Time;
use crate::dice;
use crate::erased::{AnyStore, Timed};
use crate::error::Error;
use crate::registry::{Checked, Registry};
use crate::scheduler::{Scheduler, Shared};
use crate::state::States;
use crate::task::Task;
use crate::telemetry::Telemetry;
use crate::threads::Threads;
use crate::trigger::Triggers;
use crate::waiting::Waiting;
use crate::zone::Zones;

/// Says how a [`Scheduler`] is made.
pub struct Builder {
    store: Arc<dyn AnyStore>,
    time: Time,
    node: Option<String>,
    node_is_mine: bool,
    role: Role,
    tags: Result<Tags, TagsError>,
    tasks: Vec<Task>,
    states: States,
    zones: Option<Zones>,
    triggers: Triggers,
    max_running: usize,
    lease: LeaseTerms,
    max_idle: Span,
    keep_history: Span,
    broker: Option<AnyBroker>,
}

impl core::fmt::Debug for Builder {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Builder").field("tasks", &self.tasks).finish_non_exhaustive()
    }
}

impl Builder {
    pub(crate) fn new(store: impl Store, time: Time) -> Self {
        Self {
            store: Arc::new(Timed { store, time: time.clone() }),
            time,
            node: None,
            node_is_mine: false,
            role: Role::Both,
            tags: Ok(Tags::NONE),
            tasks: Vec::new(),
            states: States::default(),
            zones: None,
            triggers: Triggers::default(),
            max_running: limits::WORKER_WINDOW,
            lease: LeaseTerms::DEFAULT,
            max_idle: limits::MAX_IDLE,
            keep_history: limits::KEEP_HISTORY,
            broker: None,
        }
    }

    /// Adds a task that this node runs.
    #[must_use]
    pub fn task(mut self, task: Task) -> Self {
        self.tasks.push(task);
        self
    }

    /// Shares a value with all tasks that have a [`State`](crate::State) of its type as a
    /// parameter. There is one value of each type: a later one takes its place.
    #[must_use]
    pub fn state<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.states.put(value);
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

    /// What this node does once it is started. Default: it plans schedules and runs jobs. One that
    /// is never started is only a client.
    ///
    /// A cluster of workers needs a planner beside them: nobody else turns due schedules into jobs,
    /// takes care of the jobs of lost nodes and forgets old history.
    #[must_use]
    pub fn role(mut self, role: Role) -> Self {
        self.role = role;
        self
    }

    /// What this node offers: a region, a device, a licence. It runs only jobs that need no more
    /// than that. Default: nothing.
    #[must_use]
    pub fn tags<'t>(mut self, tags: impl IntoIterator<Item = &'t str>) -> Self {
        self.tags = Tags::new(tags);
        self
    }

    /// How many jobs this node runs at once. Default: 100.
    ///
    /// A node claims no more than it may run, so many jobs that end at once want more, such as
    /// 2,000: then claims come in batches of the largest size, two of them under way.
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

    /// Tells other nodes at once what they would otherwise find out within their
    /// [longest idle time](Self::max_idle): that jobs are ready, that one was cancelled, that
    /// somebody changed a schedule, that a job which somebody waits for is over. All nodes on one
    /// store should have the same broker. Default: none.
    ///
    /// Nothing depends on it. A scheduler whose broker is away goes on without, keeps trying to
    /// reach it, and [says so](crate::Event::BrokerLost).
    ///
    /// ```
    /// # use mainspring::{Scheduler, Task};
    /// # use mainspring_memory::{MemoryBroker, MemoryStore};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), mainspring::Error> {
    /// let (store, broker) = (MemoryStore::default(), MemoryBroker::default());
    /// let task = Task::new("greet", async |name: String| {
    ///     Ok::<_, String>(format!("hello, {name}"))
    /// });
    /// let worker = Scheduler::builder(store.clone()).broker(broker.clone()).task(task);
    /// let running = worker.build().await?.start().await?;
    /// let client = Scheduler::builder(store).broker(broker).build().await?;
    /// let end = client.job("greet", &"ada").enqueue_and_wait().await?;
    /// assert_eq!(end.output::<String>()?, "hello, ada");
    /// # drop(running);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn broker(mut self, broker: impl Broker) -> Self {
        self.broker = Some(broker::erased(broker));
        self
    }

    /// The time zones. Default: the system's, else the bundled ones.
    #[must_use]
    pub fn zones(mut self, zones: Zones) -> Self {
        self.zones = Some(zones);
        self
    }

    /// Brings along a kind of trigger: `make` turns the arguments of a schedule into a trigger,
    /// or says why it cannot. A schedule asks for it with
    /// [`Schedule::custom`](crate::Schedule::custom); it is then stored, listed, combined and
    /// planned like any other.
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
    pub async fn build(mut self) -> Result<Scheduler, Error> {
        check(self.lease)?;
        if let Some(name) = self.triggers.doubled() {
            return Err(Error::conflict(format!(
                "trigger `{name}` was added twice (give one of them another name)"
            )));
        }
        let tags = self.tags?;
        let max_running = self.max_running.max(1);
        self.states.put(Threads::new(max_running));
        let tasks = Checked::new(&self.tasks, &self.states)?;
        self.store.put_tasks(&tasks.records).await?;
        let node_is_unique = self.node_is_mine || self.node.is_none();
        let node = match self.node {
            Some(name) => NodeId::new(name)?,
            None => NodeId::new(format!("node-{}", uuid::Uuid::new_v4().simple()))?,
        };
        let (waiting, telemetry) = (Waiting::default(), Telemetry::default());
        let neighbours = match self.broker {
            None => Neighbours::default(),
            Some(broker) => {
                let listener = Listener {
                    node: node.clone(),
                    seed: dice::new().roll(),
                    waiting: waiting.clone(),
                    telemetry: telemetry.clone(),
                    heard: Arc::new(Heard::default()),
                };
                Neighbours::behind(broker, listener).await
            }
        };
        let shared = Shared {
            store: self.store,
            time: self.time,
            node,
            node_is_mine: self.node_is_mine,
            node_is_unique,
            role: self.role,
            tags,
            tasks: Arc::new(Registry::new(tasks)),
            states: self.states,
            zones: Arc::new(self.zones.unwrap_or_else(Zones::system)),
            triggers: Arc::new(self.triggers),
            max_running,
            lease: self.lease,
            max_idle: self.max_idle,
            keep_history: self.keep_history,
            waiting,
            telemetry,
            neighbours,
            pump: Mutex::new(None),
        };
        let scheduler = Scheduler::new(shared);
        if self.node_is_mine {
            // Before anything is put: what its former self was about to plan is owed as it was
            // written down then.
            scheduler.take_over().await?;
        }
        Ok(scheduler)
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
