//! Drives the two machines: clock and events in, store calls and runs out.
//!
//! One law: after every input both machines are polled until they have nothing more to say; then
//! the pump waits for an event or for the earlier of their deadlines. It decides nothing itself.

use core::ops::ControlFlow;
use core::time::Duration;
use std::sync::Arc;

use mainspring_contract::node::{Heart, Node};
use mainspring_contract::record::{Quarantine, Rescue};
use mainspring_contract::{NodeId, Stored, Tags, TaskId};
use mainspring_core::limits;
use mainspring_core::planner::{self, Planner};
use mainspring_core::pulse::Pulse;
use mainspring_core::room::Boxed;
use mainspring_core::time::{Mono, Now};
use mainspring_core::worker::{self, Suspects, Worker};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::broker::{Known, Look, Neighbours};
use crate::clock::{self, Clock, Time};
use crate::dice;
use crate::erased::AnyStore;
use crate::plan::{self, AnyPlan};
use crate::registry::Registry;
use crate::request::{Answered, Batch, Caller, Claim, Request};
use crate::runs::{Finished, Runs};
use crate::task::Bound;
use crate::telemetry::Telemetry;
use crate::testing::HandClock;
use crate::trigger::Triggers;
use crate::waiting::Waiting;
use crate::zone::Zones;

mod answers;
mod heard;

/// What the scheduler's handles tell the pump.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// Something was changed through this process.
    Changed(Pulse),
    /// Through this process, jobs may have been told to stop.
    Verify(Suspects<Stored>),
    /// Start nothing more; end when everything has ended.
    Stop,
    /// Abort what runs; end when everything has ended.
    Abort,
    /// End now, whatever is left.
    Quit,
    /// Say, as soon as nothing is left to be done now, when something will be.
    Still(mpsc::UnboundedSender<Option<Mono>>),
}

/// Everything that one node's loop works with.
pub(crate) struct Pump {
    time: Time,
    clock: Clock,
    /// What the clock showed when what is being handled was taken in.
    now: Now,
    store: Arc<dyn AnyStore>,
    node: NodeId,
    node_is_mine: bool,
    tags: Tags,
    tasks: Arc<Registry>,
    /// The task that was last found, while runs begin.
    found: Option<(TaskId, Arc<Bound>)>,
    zones: Arc<Zones>,
    triggers: Arc<Triggers>,
    waiting: Waiting,
    telemetry: Telemetry,
    neighbours: Neighbours,
    /// When to follow what others say about schedules, and about jobs.
    planner_look: Look,
    worker_look: Look,
    known: Known,
    /// When to tell the store that this node lives.
    heart: Heart,
    planner: Planner<Stored, AnyPlan, Boxed>,
    worker: Worker<Stored, Boxed>,
    runs: Runs,
    calls: JoinSet<Answered>,
    /// What is to be asked of the store.
    batch: Batch,
    events: mpsc::UnboundedReceiver<Event>,
    /// Whether anybody is left who could send an event.
    has_handles: bool,
    /// Who wants to know when nothing is left to be done now.
    watchers: Vec<mpsc::UnboundedSender<Option<Mono>>>,
    store_is_down: bool,
    stopping: bool,
}

/// What a [`Pump`] is made of.
pub(crate) struct Parts {
    pub(crate) time: Time,
    pub(crate) store: Arc<dyn AnyStore>,
    /// What this node says about itself.
    pub(crate) node: Node,
    /// Nobody else uses the node's name at the same time.
    pub(crate) node_is_mine: bool,
    pub(crate) tasks: Arc<Registry>,
    pub(crate) zones: Arc<Zones>,
    pub(crate) triggers: Arc<Triggers>,
    /// Who waits for jobs.
    pub(crate) waiting: Waiting,
    /// What is told of what happens.
    pub(crate) telemetry: Telemetry,
    /// The other nodes.
    pub(crate) neighbours: Neighbours,
    pub(crate) planner: Planner<Stored, AnyPlan, Boxed>,
    pub(crate) worker: Worker<Stored, Boxed>,
    /// For how many jobs the worker asks at once.
    pub(crate) jobs_per_claim: u32,
    pub(crate) events: mpsc::UnboundedReceiver<Event>,
}

impl Pump {
    pub(crate) fn new(parts: Parts) -> Self {
        let clock = Clock::new(parts.time.clone());
        let Node { id, tags, .. } = parts.node.clone();
        Self {
            now: clock.now(),
            time: parts.time.clone(),
            clock,
            store: parts.store,
            node: id,
            node_is_mine: parts.node_is_mine,
            tags,
            heart: Heart::new(parts.node),
            tasks: parts.tasks,
            found: None,
            zones: parts.zones,
            triggers: parts.triggers,
            waiting: parts.waiting,
            planner: parts.planner,
            worker: parts.worker,
            runs: Runs::new(parts.telemetry.clone(), parts.time, parts.jobs_per_claim),
            telemetry: parts.telemetry,
            neighbours: parts.neighbours,
            planner_look: Look::new(dice::new()),
            worker_look: Look::new(dice::new()),
            known: Known::default(),
            calls: JoinSet::new(),
            batch: Batch::default(),
            events: parts.events,
            has_handles: true,
            watchers: Vec::new(),
            store_is_down: false,
            stopping: false,
        }
    }

    /// Runs until it is told to stop and everything has ended; returns how many jobs were left.
    pub(crate) async fn run(mut self) -> usize {
        self.telemetry.node_started(&self.node, self.tasks.ids().len());
        self.neighbours.joined(&self.node);
        loop {
            let deadline = self.drain();
            let over = self.stopping && self.calls.is_empty();
            if over && self.planner.is_idle() && self.worker.is_idle() {
                break;
            }
            if !self.watchers.is_empty() && self.is_still() {
                let due = self.due();
                for watcher in self.watchers.drain(..) {
                    // It may have lost its patience.
                    let _ = watcher.send(due);
                }
            }
            if self.wait(deadline).await.is_break() {
                break;
            }
            if self.clock.jumped() {
                self.telemetry.clock_jumped();
                self.heart.clock_jumped();
                self.work_input(worker::Input::ClockJumped);
                self.plan_input(planner::Input::ClockJumped);
            }
        }
        let left = self.worker.len();
        self.leave(left).await;
        self.telemetry.node_stopped(left);
        self.neighbours.left(&self.node).await;
        left
    }

    /// Waits for an input or the deadline, and takes in everything that is there by then: what came
    /// together is answered together.
    async fn wait(&mut self, deadline: Option<Mono>) -> ControlFlow<()> {
        let mut event = None;
        let mut answered = None;
        tokio::select! {
            received = self.events.recv(), if self.has_handles => match received {
                Some(received) => event = Some(received),
                // The last handle is gone, and with it whoever could have stopped us.
                None => {
                    self.has_handles = false;
                    event = Some(Event::Stop);
                }
            },
            () = self.runs.any_ended() => {}
            () = self.neighbours.heard().stirs() => {}
            Some(joined) = self.calls.join_next() => answered = Some(joined),
            () = self.clock.wait_until(deadline) => {}
        }
        self.now = self.clock.now();
        while let Some(next) = event.take().or_else(|| self.events.try_recv().ok()) {
            if let Event::Quit = next {
                return ControlFlow::Break(());
            }
            self.told(next);
        }
        self.heard();
        for run in self.runs.take_ended() {
            let Finished { job, token, ended } = run;
            self.work_input(match ended {
                Some((ended, ask)) => worker::Input::Finished { job, token, ended, ask },
                None => worker::Input::Unstarted { job, token },
            });
        }
        while let Some(joined) = answered.take().or_else(|| self.calls.try_join_next()) {
            // A store that panics has answered with an error; only the end of the whole runtime
            // ends a call without one.
            if let Ok(answered) = joined {
                self.batch.answered(&answered);
                self.answered(answered);
            }
        }
        ControlFlow::Continue(())
    }

    /// Takes leave of the store: gives up what this node still has there, so that nobody waits for
    /// it to lapse, and is a node no longer.
    async fn leave(&mut self, left: usize) {
        let rescue = Rescue::HeldBy(self.node.clone());
        // Under a name that others use too, what the store calls ours may be theirs.
        let gives_up = left == 0 && self.node_is_mine;
        let (store, node) = (Arc::clone(&self.store), self.node.clone());
        let leave = async {
            if gives_up {
                store.rescue(&rescue, limits::ROWS_PER_SWEEP).await?;
            }
            store.leave(&node).await
        };
        // If the store is down or slow, claims lapse by themselves, and the node is taken for lost.
        tokio::select! {
            answer = leave => {
                let _ = self.checked("leave", answer);
            }
            () = clock::wait_for(LEAVE_WITHIN) => {}
        }
    }

    /// Polls both machines until they are silent, and starts what they want.
    fn drain(&mut self) -> Option<Mono> {
        self.now = self.clock.now();
        let now = self.now;
        if self.worker_look.is_due(now.mono) {
            self.work_input(worker::Input::Hint);
        }
        if self.planner_look.is_due(now.mono) {
            self.plan_input(planner::Input::Hint);
        }
        while let Some(output) = self.worker.poll(now) {
            self.work(output);
        }
        // It may be replaced from now on.
        self.found = None;
        // Before the runs: tokio gives the task that was made last to this thread, and the
        // others to threads that are idle. A call that has to do with the last runs shall work
        // beside this loop and the first of these.
        self.call();
        self.runs.launch();
        while let Some(output) = self.planner.poll(now) {
            if let planner::Output::Advance { advance, .. } = &output
                && let Some(fault) = self.planner.plan(&advance.schedule).and_then(plan::fault)
            {
                // What a broken trigger decides is not to be believed.
                self.planner.forget(&advance.schedule);
                let (revision, schedule) = (advance.revision, advance.schedule.clone());
                self.telemetry.quarantined(&schedule, &fault);
                self.batch.quarantine.push(Quarantine { schedule, revision, reason: fault });
                continue;
            }
            self.batch.plan(output);
        }
        if let Some(node) = self.heart.poll(now) {
            self.heart.strayed().inspect(|&ahead| self.telemetry.clock_is_off(ahead));
            let tasks = self.tasks.ids().to_vec();
            self.batch.single.push(Request::Beat(Node { tasks, ..node }));
        }
        self.call();
        [self.due(), self.heart.deadline()].into_iter().flatten().min()
    }

    /// Makes the calls that are to be made now.
    fn call(&mut self) {
        for request in self.batch.take_requests() {
            let caller = Caller {
                store: Arc::clone(&self.store),
                node: self.node.clone(),
                tasks: self.tasks.ids(),
                tags: self.tags.clone(),
            };
            let telemetry = self.telemetry.clone();
            self.calls.spawn(async move {
                let sent_at = clock::steady();
                let answered = request.call(caller).await;
                telemetry.numbers().store_calls.observe(clock::steady() - sent_at);
                answered
            });
        }
    }

    /// When there is something to do next, besides showing signs of life.
    fn due(&self) -> Option<Mono> {
        let machines = [self.worker.deadline(self.now), self.planner.deadline(self.now)];
        let looks = [self.worker_look.at(), self.planner_look.at()];
        machines.into_iter().chain(looks).flatten().min()
    }

    fn told(&mut self, event: Event) {
        match event {
            Event::Changed(pulse) => {
                self.work_input(worker::Input::Pulse(pulse));
                self.work_input(worker::Input::Hint);
                self.plan_input(planner::Input::Pulse(pulse));
                self.plan_input(planner::Input::Hint);
            }
            Event::Verify(suspects) => self.work_input(worker::Input::Verify(suspects)),
            Event::Stop => {
                if !core::mem::replace(&mut self.stopping, true) {
                    self.telemetry.node_stopping(self.runs.len());
                }
                self.work_input(worker::Input::Stop);
                self.plan_input(planner::Input::Stop);
            }
            Event::Abort => self.work_input(worker::Input::Abort),
            Event::Still(watcher) => self.watchers.push(watcher),
            Event::Quit => {}
        }
    }

    /// Whether nothing is under way but runs that sleep by a clock that a test moves.
    fn is_still(&self) -> bool {
        let asleep = self.time.hand().map_or(0, HandClock::asleep);
        self.calls.is_empty() && self.runs.only_sleeps(asleep)
    }

    fn work(&mut self, output: worker::Output<Stored>) {
        use worker::Output as O;
        match output {
            O::Claim { ticket, lease_for, max } => {
                self.batch.claims.push(Claim { ticket, lease_for, max });
            }
            O::Run(job) => match self.found(&job.task) {
                Some(task) => self.runs.start(task, job, self.time.righted(self.now.wall)),
                // The task was taken away since the claim was sent: the job goes back.
                None => {
                    let input = worker::Input::Unstarted { job: job.id, token: job.token };
                    self.work_input(input);
                }
            },
            O::Abort { job, token, why } => self.runs.abort(job, token, why),
            O::Renew { ticket, renew } => self.batch.renew.push((ticket, renew)),
            O::Release { ticket, release } => self.batch.release.push((ticket, release)),
            O::Retry { ticket, retry } => self.batch.retry.push((ticket, retry)),
            O::Settle { ticket, settle } => self.batch.settle.push((ticket, settle)),
        }
    }

    /// The task of this name, found once for all runs of it that begin together. They share a count
    /// of holders that no others change: threads that end some while this one begins others would
    /// keep one another waiting.
    fn found(&mut self, id: &TaskId) -> Option<Arc<Bound>> {
        if let Some((_, task)) = self.found.as_ref().filter(|(found, _)| found == id) {
            return Some(Arc::clone(task));
        }
        let task = Arc::new(self.tasks.find(id)?);
        self.found = Some((id.clone(), Arc::clone(&task)));
        Some(task)
    }

    fn plan_input(&mut self, input: planner::Input<Stored>) {
        self.planner.handle(input, self.now);
    }

    fn work_input(&mut self, input: worker::Input<Stored>) {
        self.worker.handle(input, self.now);
    }
}

/// How long a node that ends waits for its store to hear of it.
const LEAVE_WITHIN: Duration = Duration::from_secs(2);
