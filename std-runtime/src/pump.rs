//! Drives the two machines: clock and events in, store calls and runs out.
//!
//! One law: after every input both machines are polled until they have nothing more to say; then
//! the pump waits for an event or for the earlier of their deadlines. It decides nothing itself.

use core::ops::ControlFlow;
use core::time::Duration;
use std::sync::Arc;

use mainspring_contract::broker::{Hints, Named};
use mainspring_contract::node::{Heart, Node};
use mainspring_contract::record::{
    Advance, Advanced, Job, Quarantine, Renew, Rescue, Run, Schedule, Written,
};
use mainspring_contract::store::Reply;
use mainspring_contract::{Answer, JobId, NodeId, Stored, Tags};
use mainspring_core::id::{Ticket, Token};
use mainspring_core::limits;
use mainspring_core::planner::{self, Down, Planner};
use mainspring_core::pulse::Pulse;
use mainspring_core::room::Boxed;
use mainspring_core::table::Full;
use mainspring_core::time::{Mono, Now};
use mainspring_core::verb::{Release, Renewed};
use mainspring_core::worker::{self, Suspects, Worker};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::broker::{Known, Look, Neighbours};
use crate::clock::{self, Clock, Time};
use crate::dice;
use crate::erased::AnyStore;
use crate::executor::{Executor, Finished};
use crate::plan::{self, AnyPlan};
use crate::registry::Registry;
use crate::request::{Answered, Batch, Caller, Claim, Request};
use crate::telemetry::Telemetry;
use crate::testing::HandClock;
use crate::trigger::Triggers;
use crate::waiting::Waiting;
use crate::zone::Zones;

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
    executor: Executor,
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
            zones: parts.zones,
            triggers: parts.triggers,
            waiting: parts.waiting,
            planner: parts.planner,
            worker: parts.worker,
            executor: Executor::new(parts.telemetry.clone(), parts.time),
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
            () = self.executor.any_ended() => {}
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
        for run in self.executor.take_ended() {
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
        // Before the runs: the executor gives the task that was made last to this thread, and the
        // others to threads that are idle. A call that has to do with the last runs shall work
        // beside this loop and the first of these.
        self.call();
        self.executor.launch();
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
                    self.telemetry.node_stopping(self.executor.len());
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
        self.calls.is_empty() && self.executor.only_sleeps(asleep)
    }

    fn work(&mut self, output: worker::Output<Stored>) {
        use worker::Output as O;
        match output {
            O::Claim { ticket, lease_for, max } => {
                self.batch.claim = Some(Claim { ticket, lease_for, max });
            }
            O::Run(job) => match self.tasks.find(&job.task) {
                Some(task) => self.executor.start(task, job, self.time.righted(self.now.wall)),
                // The task was taken away since the claim was sent: the job goes back.
                None => {
                    let input = worker::Input::Unstarted { job: job.id, token: job.token };
                    self.work_input(input);
                }
            },
            O::Abort { job, token, why } => self.executor.abort(job, token, why),
            O::Renew { ticket, renew } => self.batch.renew.push((ticket, renew)),
            O::Release { ticket, release } => self.batch.release.push((ticket, release)),
            O::Retry { ticket, retry } => self.batch.retry.push((ticket, retry)),
            O::Settle { ticket, settle } => self.batch.settle.push((ticket, settle)),
        }
    }

    fn answered(&mut self, answered: Answered) {
        use Answered as A;
        match answered {
            A::ClaimSchedules(ticket, answer) => {
                let result = self.checked("claim schedules", answer).map(|reply| {
                    self.planner_look.found(reply.value.len());
                    reply.value.into_iter().for_each(|schedule| self.adopt_schedule(schedule));
                    reply.pulse
                });
                self.plan_input(planner::Input::Claimed { ticket, result });
            }
            A::ClaimJobs(ticket, answer) => {
                let reply = self.checked("claim jobs", answer);
                self.claimed(ticket, reply);
            }
            A::SettleAndClaim(tickets, settles, ticket, answer) => {
                let reply = self.checked("settle and claim", answer);
                let (written, claimed) = apart(reply);
                let jobs = settles.iter().map(|settle| (settle.job, settle.token));
                self.written(SETTLE, tickets, jobs, written);
                self.claimed(ticket, claimed);
            }
            A::Rescue(ticket, answer) => self.rescued(ticket, answer),
            A::Prune(ticket, answer) => {
                let result = self.checked("prune", answer).map(|reply| {
                    self.telemetry.pruned(reply.value);
                    (reply.value, reply.pulse)
                });
                self.plan_input(planner::Input::Pruned { ticket, result });
            }
            A::Quarantine(answer) => {
                // If the store is down, the claim ends, and the next one finds the same again.
                let _ = self.checked("quarantine", answer);
            }
            A::Beat(answer) => {
                let _ = self.checked("beat", answer);
                self.heart.beaten();
            }
            A::Advance(tickets, advances, answer) => self.advanced(tickets, advances, answer),
            A::Renew(tickets, renews, answer) => self.renewed(tickets, renews, answer),
            A::Release(tickets, releases, answer) => {
                let reply = self.checked(RELEASE, answer);
                if reply.is_ok() {
                    // Of which tasks they are is not worth knowing: it is rare.
                    self.neighbours.tell(Hints { ready: Named::Any, ..Hints::default() });
                }
                let jobs = releases.iter().map(|release| (release.job, release.token));
                self.written(RELEASE, tickets, jobs, reply);
            }
            A::Retry(tickets, retries, answer) => {
                let reply = self.checked("retry", answer);
                let jobs = retries.iter().map(|retry| (retry.job, retry.token));
                self.written("retry", tickets, jobs, reply);
            }
            A::Settle(tickets, settles, answer) => {
                let reply = self.checked(SETTLE, answer);
                let jobs = settles.iter().map(|settle| (settle.job, settle.token));
                self.written(SETTLE, tickets, jobs, reply);
            }
        }
    }

    fn renewed(&mut self, tickets: Vec<Ticket>, renews: Vec<Renew>, answer: Answer<Vec<Renewed>>) {
        let reply = self.checked("renew", answer);
        let answers = spread(tickets.len(), "renew", reply, &self.telemetry);
        for ((ticket, renew), result) in tickets.into_iter().zip(renews).zip(answers) {
            if let Ok((Renewed::LeaseLost, _)) = result {
                self.telemetry.lease_lost(renew.job, "renew");
            }
            let result = result.map(|(renewed, _)| renewed);
            self.work_input(worker::Input::Renewed { ticket, job: renew.job, result });
        }
    }

    fn rescued(&mut self, ticket: Ticket, answer: Answer<Vec<Run>>) {
        let result = self.checked("rescue", answer).map(|reply| {
            for run in &reply.value {
                self.telemetry.rescued(run);
                if run.settled {
                    self.over(run.job);
                } else {
                    self.neighbours.ready(&run.task);
                }
            }
            self.share(reply.pulse, !reply.value.is_empty());
            reply.pulse
        });
        self.plan_input(planner::Input::Rescued { ticket, result });
    }

    fn advanced(
        &mut self,
        tickets: Vec<Ticket>,
        advances: Vec<Advance>,
        answer: Answer<Vec<Advanced>>,
    ) {
        let reply = self.checked("advance", answer);
        let answers = spread(tickets.len(), "advance", reply, &self.telemetry);
        for ((ticket, advance), result) in tickets.into_iter().zip(advances).zip(answers) {
            let schedule = advance.schedule;
            match result {
                Ok((Advanced::Done { inserted, .. }, pulse)) => {
                    advance.skips.iter().for_each(|skip| self.telemetry.skipped(&schedule, skip));
                    // A decision that was repeated inserts nothing, and has inserted before.
                    self.share(pulse, inserted > 0 || !advance.fires.is_empty());
                    if !advance.fires.is_empty() {
                        self.neighbours.tell(self.known.fired(&schedule));
                        let suspects = Suspects::Schedule(schedule.clone());
                        self.work_input(worker::Input::Verify(suspects));
                    }
                }
                Ok((Advanced::Full, _)) => self.telemetry.store_is_full(&schedule),
                Ok((Advanced::Stale, _)) | Err(Down) => {}
            }
            self.plan_input(planner::Input::Advanced { ticket, schedule, result });
        }
    }

    fn claimed(&mut self, ticket: Ticket, reply: Result<Reply<Vec<Job>>, Down>) {
        let result = reply.map(|reply| {
            self.worker_look.found(reply.value.len());
            let count = u32::try_from(reply.value.len()).unwrap_or(u32::MAX);
            reply.value.into_iter().for_each(|job| self.adopt_job(job));
            (count, reply.pulse)
        });
        self.work_input(worker::Input::Claimed { ticket, result });
    }

    fn written(
        &mut self,
        verb: &'static str,
        tickets: Vec<Ticket>,
        jobs: impl Iterator<Item = (JobId, Token)>,
        reply: Result<Reply<Vec<Written>>, Down>,
    ) {
        if let Ok(reply) = &reply {
            self.plan_input(planner::Input::Pulse(reply.pulse));
        }
        let answers = spread(tickets.len(), verb, reply, &self.telemetry);
        for ((ticket, (job, token)), result) in tickets.into_iter().zip(jobs).zip(answers) {
            if matches!(result, Ok((Written::Done, _))) && verb != RELEASE {
                self.telemetry.run_recorded(job, token);
            }
            match result {
                Ok((Written::LeaseLost, _)) => self.telemetry.lease_lost(job, verb),
                Ok((Written::Done, _)) if verb == SETTLE => self.over(job),
                Ok((Written::Done, _)) => self.waiting.look(job),
                Err(Down) => {}
            }
            self.work_input(worker::Input::Written { ticket, job, result });
        }
    }

    /// Tells the worker what a reply to the planner says about jobs.
    fn share(&mut self, pulse: Pulse, new_jobs: bool) {
        self.work_input(worker::Input::Pulse(pulse));
        if new_jobs {
            self.work_input(worker::Input::Hint);
        }
    }

    fn adopt_schedule(&mut self, schedule: Schedule) {
        match plan::plan_of(&schedule.spec, &self.triggers, &self.zones) {
            // A full window leaves the schedule to whoever claims it next.
            Ok(plan) => {
                if self.neighbours.are_told() {
                    self.known.learn(&schedule);
                }
                drop(self.planner.adopt(&schedule, plan));
            }
            Err(reason) => {
                self.telemetry.quarantined(&schedule.spec.id, &reason);
                let (revision, schedule) = (schedule.revision, schedule.spec.id);
                self.batch.quarantine.push(Quarantine { schedule, revision, reason });
            }
        }
    }

    fn adopt_job(&mut self, job: Job) {
        if let Err(Full(job)) = self.worker.adopt(job, self.now) {
            let release = Release { job: job.id, token: job.token };
            // A ticket that no output has: the worker does not wait for the answer.
            self.batch.release.push((Ticket::default(), release));
        }
    }

    /// Reports a failure of the store, and the end of it.
    fn checked<T>(&mut self, verb: &str, answer: Answer<T>) -> Result<Reply<T>, Down> {
        match answer {
            Ok(reply) => {
                self.heart.heard(reply.pulse.store_now, self.now);
                self.time.correct(self.heart.correction());
                if core::mem::take(&mut self.store_is_down) {
                    self.telemetry.store_is_back();
                }
                Ok(reply)
            }
            Err(error) => {
                self.store_is_down = true;
                *self.telemetry.store_failure() = Some(error.to_string());
                self.telemetry.store_failed(verb, &error);
                Err(Down)
            }
        }
    }

    fn plan_input(&mut self, input: planner::Input<Stored>) {
        self.planner.handle(input, self.now);
    }

    fn work_input(&mut self, input: worker::Input<Stored>) {
        self.worker.handle(input, self.now);
    }
}

/// The two answers of a call that asked for two things.
fn apart<A, B>(
    reply: Result<Reply<(A, B)>, Down>,
) -> (Result<Reply<A>, Down>, Result<Reply<B>, Down>) {
    match reply {
        Ok(Reply { value: (a, b), pulse }) => {
            (Ok(Reply { value: a, pulse }), Ok(Reply { value: b, pulse }))
        }
        Err(Down) => (Err(Down), Err(Down)),
    }
}

/// The answer to each item of a batch. An item that the store forgot to answer is asked again.
fn spread<T: Copy>(
    count: usize,
    verb: &str,
    reply: Result<Reply<Vec<T>>, Down>,
    telemetry: &Telemetry,
) -> impl Iterator<Item = Result<(T, Pulse), Down>> + use<T> {
    let answers = reply.map(|Reply { value, pulse }| {
        if value.len() != count {
            telemetry.answers_missing(verb, count, value.len());
        }
        value.into_iter().map(move |one| Ok((one, pulse)))
    });
    answers.into_iter().flatten().chain(core::iter::repeat(Err(Down))).take(count)
}

/// The verb that ends jobs.
const SETTLE: &str = "settle";
const RELEASE: &str = "release";
/// How long a node that ends waits for its store to hear of it.
const LEAVE_WITHIN: Duration = Duration::from_secs(2);
