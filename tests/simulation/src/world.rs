//! The world: a store, some nodes, the ways between them, and time, in one queue of events.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use mainspring_core::dice::Dice;
use mainspring_core::fire;
use mainspring_core::limits;
use mainspring_core::outcome::Outcome;
use mainspring_core::planner::Down;
use mainspring_core::pulse::Pulse;
use mainspring_core::retry::Ask;
use mainspring_core::time::{Span, Timestamp};
use mainspring_core::verb::{Advance, Advanced, ClaimJobs, ClaimSchedules, PutSchedule, Rescue};

use crate::bug::Bug;
use crate::chance::Chance;
use crate::checker::{Checkers, Violation};
use crate::domain::{Sim, plan};
use crate::fact::{Fact, Moment, RunId};
use crate::hands::Hands;
use crate::node::{Answer, Delivery, Effect, Make, Node, Reply, Request, Run};
use crate::people::{self, Act};
use crate::store::Store;
use crate::swarm::{Runs, Swarm, Wire};
use crate::tally::Tally;

/// One simulated cluster from its birth to its end.
#[derive(Debug)]
pub(crate) struct World {
    swarm: Swarm,
    chance: Chance,
    at: Timestamp,
    queue: BinaryHeap<Reverse<Entry>>,
    events: BTreeMap<u64, Event>,
    sequence: u64,
    store: Store,
    store_is_up: bool,
    /// Rises with each restart of the store, which cuts all connections.
    epoch: u32,
    store_ahead: Span,
    places: Vec<Place>,
    processes: u16,
    names: u16,
    queued: u64,
    versions: u32,
    wire: Wire,
    runs: Runs,
    healed: bool,
    bug: Option<Bug>,
    checkers: Checkers,
    tally: Tally,
    trace: Option<Vec<String>>,
    violation: Option<Violation>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry(Timestamp, u64);

/// Where a node lives, life after life.
#[derive(Debug)]
struct Place {
    node: Option<Node>,
    life: u32,
    /// Its process stands still, or its machine sleeps, since then.
    away: Option<(Timestamp, bool)>,
    piled: Vec<Delivery>,
    /// Nothing gets through to the store until then.
    cut_until: Timestamp,
    own_name: Option<u16>,
    tasks: Vec<u16>,
    tags: u8,
    hands: Hands,
}

/// Who sent a request.
#[derive(Clone, Debug)]
struct Sender {
    place: usize,
    life: u32,
    epoch: u32,
    name: u16,
}

#[derive(Clone, Debug)]
enum Event {
    /// A request reaches the store; `back` is how long its reply takes, if there is one. Only so
    /// many items of it arrive.
    Arrive {
        sender: Sender,
        request: Request,
        items: usize,
        back: Option<Span>,
        late: bool,
    },
    Reply(Sender, Box<Answer>),
    Deliver(usize, u32, Delivery),
    Act(Option<usize>, Act),
    Edit,
    Queue,
    StoreDown,
    StoreUp,
    Crash,
    StopNode,
    Quit(usize, u32),
    Up(usize),
    Away(bool),
    Back(usize, u32),
    Cut,
    Set,
    Heal,
    Over,
}

/// How it ended.
#[derive(Debug)]
pub(crate) struct Report {
    /// What was exercised.
    pub(crate) tally: Tally,
    /// What was violated, if anything.
    pub(crate) violation: Option<Violation>,
    /// What happened, line by line, if that was wanted.
    pub(crate) trace: Vec<String>,
}

/// Lives one seed through.
pub(crate) fn live(seed: u64, bug: Option<Bug>, traced: bool) -> Report {
    let mut world = World::new(seed, bug, traced);
    world.begin();
    world.run();
    let World { tally, violation, trace, .. } = world;
    Report { tally, violation, trace: trace.unwrap_or_default() }
}

impl World {
    fn new(seed: u64, bug: Option<Bug>, traced: bool) -> Self {
        let mut chance = Chance::new(seed);
        let swarm = Swarm::drawn(&mut chance);
        let store_ahead = chance.pick(&[Span::ZERO, Span::from_secs(-700), Span::from_secs(33)]);
        Self {
            at: swarm.start,
            queue: BinaryHeap::new(),
            events: BTreeMap::new(),
            sequence: 0,
            store: Store::new(swarm.jobs, bug),
            store_is_up: true,
            epoch: 0,
            store_ahead,
            places: Vec::new(),
            processes: 0,
            names: 100,
            queued: 0,
            versions: 1,
            wire: swarm.wire,
            runs: swarm.runs,
            healed: false,
            bug,
            checkers: Checkers::new(&swarm),
            tally: Tally::default(),
            trace: traced.then(Vec::new),
            violation: None,
            chance,
            swarm,
        }
    }

    fn begin(&mut self) {
        self.say(|world| format!("{:#?}", world.swarm));
        let tasks: Vec<u16> = (0..self.swarm.tasks).collect();
        for index in 0..self.swarm.nodes {
            // The first node can do everything, so that nothing waits for ever.
            let all = index == 0;
            let mut knows: Vec<u16> = tasks.clone();
            if !all {
                knows.retain(|_| self.chance.odds(700));
            }
            let tags = if all { 3 } else { self.chance.pick(&[0, 1, 2, 3]) };
            let skew = self.chance.span(Span::ZERO - self.swarm.skew, self.swarm.skew);
            let drift = self.chance.between(-self.swarm.drift, self.swarm.drift);
            let named = !self.chance.odds(self.swarm.renames);
            let own_name = named.then(|| u16::try_from(index + 1).unwrap_or(0));
            let hands = Hands::new(self.at, skew, drift);
            self.places.push(Place {
                node: None,
                life: 0,
                away: None,
                piled: Vec::new(),
                cut_until: Timestamp::MIN,
                own_name,
                tasks: knows,
                tags,
                hands,
            });
            self.after(self.soon(), Event::Up(index));
        }
        for id in tasks {
            let task = people::task(&mut self.chance, &self.swarm, id, 1);
            self.act(None, Act::Task(task));
        }
        for id in 0..self.swarm.schedules {
            let now = self.store_now();
            let put = people::put(&mut self.chance, &self.swarm, id, now);
            self.act(None, Act::Put(Box::new(put)));
        }
        for event in [
            Event::Edit,
            Event::Queue,
            Event::StoreDown,
            Event::Crash,
            Event::StopNode,
            Event::Away(false),
            Event::Away(true),
            Event::Cut,
            Event::Set,
        ] {
            self.again(event);
        }
        self.after(self.swarm.trouble, Event::Heal);
    }

    fn run(&mut self) {
        let mut count: u32 = 0;
        while let Some(Reverse(Entry(at, sequence))) = self.queue.pop() {
            let Some(event) = self.events.remove(&sequence) else { continue };
            self.at = at;
            let is_over = matches!(event, Event::Over);
            self.happen(event);
            count += 1;
            if count > TOO_MANY {
                self.fail("livelock", format!("{count} events"));
            }
            if self.violation.is_some() || is_over {
                break;
            }
        }
        self.tally.add("events", u64::from(count));
    }

    fn fail(&mut self, checker: &'static str, explanation: String) {
        self.violation.get_or_insert(Violation { checker, explanation });
    }

    fn soon(&self) -> Span {
        Span::from_millis(1)
    }

    fn store_now(&self) -> Timestamp {
        self.at + self.store_ahead
    }

    fn after(&mut self, span: Span, event: Event) {
        self.sequence += 1;
        self.queue.push(Reverse(Entry(self.at + span, self.sequence)));
        self.events.insert(self.sequence, event);
    }

    /// The next time that something of this kind goes wrong.
    fn again(&mut self, event: Event) {
        let swarm = &self.swarm;
        let mean = match event {
            Event::Edit => swarm.edits,
            Event::Queue => swarm.queues,
            Event::StoreDown => swarm.restarts,
            Event::Crash => swarm.crashes,
            Event::StopNode => swarm.stops,
            Event::Away(false) => swarm.pauses,
            Event::Away(true) => swarm.sleeps,
            Event::Cut => swarm.cuts,
            Event::Set => swarm.clock_steps,
            _ => None,
        };
        if let Some(mean) = mean.filter(|_| !self.healed) {
            let span = self.chance.about(mean);
            self.after(span, event);
        }
    }

    fn say(&mut self, line: impl FnOnce(&Self) -> String) {
        if self.trace.is_some() {
            let line = format!("{} {}", self.at, line(self));
            self.trace.get_or_insert_default().push(line);
        }
    }

    fn fact(&mut self, fact: &Fact) {
        if self.trace.is_some() {
            for line in crate::trace::lines(fact) {
                self.say(|world| format!("[{}] {line}", world.store_now()));
            }
        }
        self.tally.count(fact);
        let moment = Moment { at: self.at, store: self.store_now() };
        if let Err(violation) = self.checkers.see(fact, moment) {
            self.violation.get_or_insert(violation);
        }
    }

    /// Tells the checkers what the store has done.
    fn committed(&mut self) {
        for commit in self.store.commits() {
            self.fact(&Fact::Commit(commit));
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Arrive { sender, request, items, back, late } => {
                self.arrive(sender, request, items, back, late);
            }
            Event::Reply(sender, mut answer) => {
                if sender.epoch != self.epoch {
                    answer.result = Err(Down);
                }
                self.deliver(sender.place, sender.life, Delivery::Answer(*answer));
            }
            Event::Deliver(place, life, delivery) => self.deliver(place, life, delivery),
            Event::Act(via, act) => self.act(via, act),
            Event::Edit => {
                self.edit();
                self.again(Event::Edit);
            }
            Event::Queue => {
                self.ask();
                self.again(Event::Queue);
            }
            Event::StoreDown => {
                if !self.healed {
                    self.store_is_up = false;
                    self.epoch += 1;
                    self.tally.add("store restarts", 1);
                    self.say(|_| "the store goes down".to_owned());
                    let span = self.chance.span(Span::ZERO, Span::from_secs(20));
                    self.after(span, Event::StoreUp);
                }
            }
            Event::StoreUp => {
                self.store_is_up = true;
                self.again(Event::StoreDown);
            }
            Event::Crash => {
                if let Some(place) = self.awake_place().filter(|_| !self.healed) {
                    self.tally.add("crashes", 1);
                    self.kill(place);
                }
                self.again(Event::Crash);
            }
            Event::StopNode => {
                if let Some(place) = self.awake_place().filter(|_| !self.healed) {
                    self.stop(place);
                }
                self.again(Event::StopNode);
            }
            Event::Quit(place, life) => {
                if self.places[place].life == life && self.places[place].node.is_some() {
                    self.tally.add("hard stops", 1);
                    self.kill(place);
                }
            }
            Event::Up(place) => self.up(place),
            Event::Away(asleep) => {
                if let Some(place) = self.awake_place().filter(|_| !self.healed) {
                    self.leave(place, asleep);
                }
                self.again(Event::Away(asleep));
            }
            Event::Back(place, life) => self.back(place, life),
            Event::Cut => {
                if let Some(place) = self.awake_place().filter(|_| !self.healed) {
                    let span = self.chance.span(Span::from_secs(1), Span::from_secs(40));
                    self.places[place].cut_until = self.at + span;
                    self.tally.add("nodes cut off", 1);
                    self.say(|_| format!("place {place} is cut off for {span}"));
                }
                self.again(Event::Cut);
            }
            Event::Set => {
                self.set_clock();
                self.again(Event::Set);
            }
            Event::Heal => self.heal(),
            Event::Over => self.fact(&Fact::Over),
        }
    }

    /// A place whose node is up and moves.
    fn awake_place(&mut self) -> Option<usize> {
        let index = self.chance.index(self.places.len());
        let place = &self.places[index];
        (place.node.is_some() && place.away.is_none()).then_some(index)
    }
}

// The life of nodes.
impl World {
    fn up(&mut self, index: usize) {
        if self.places[index].node.is_some() {
            return;
        }
        if !self.store_is_up {
            // A node that cannot take over does not start.
            self.after(Span::from_secs(1), Event::Up(index));
            return;
        }
        self.processes += 1;
        self.names += 1;
        let (name, owns) = match self.places[index].own_name {
            Some(name) => (name, true),
            None => (self.names, false),
        };
        if owns {
            let (now, wall) = (self.store_now(), self.places[index].hands.now(self.at).wall);
            self.store.rescue(&Rescue::HeldBy(name), limits::ROWS_PER_SWEEP, now, wall);
            self.committed();
        }
        let seed = self.chance.next();
        let place = &mut self.places[index];
        place.life += 1;
        place.away = None;
        place.piled.clear();
        let node = Node::new(Make {
            name,
            process: self.processes,
            hands: place.hands.clone(),
            plans: self.swarm.plans,
            works: self.swarm.works,
            max_idle: self.swarm.max_idle,
            terms: self.swarm.terms,
            seed,
            batches: self.swarm.batches,
            bug: self.bug,
        });
        place.node = Some(node);
        let life = place.life;
        self.tally.add("starts of nodes", 1);
        self.say(|world| format!("node {name} is up as process {}", world.processes));
        self.deliver(index, life, Delivery::Timer(0));
    }

    /// The node is gone at once.
    fn kill(&mut self, index: usize) {
        let Some(node) = self.places[index].node.take() else { return };
        self.places[index].hands = node.hands;
        self.fact(&Fact::Lost(node.process));
        let gone = if self.healed { Span::from_secs(1) } else { self.swarm.gone };
        let span = self.chance.span(Span::from_millis(10), gone);
        self.after(span, Event::Up(index));
    }

    fn stop(&mut self, index: usize) {
        let life = self.places[index].life;
        if self.places[index].node.as_ref().is_none_or(|node| node.stopping) {
            return;
        }
        self.tally.add("soft stops", 1);
        self.say(|_| format!("place {index} is asked to stop"));
        let grace = self.chance.span(Span::ZERO, Span::from_secs(20));
        self.after(grace, Event::Deliver(index, life, Delivery::Abort));
        self.after(grace + Span::from_secs(15), Event::Quit(index, life));
        self.deliver(index, life, Delivery::Stop);
    }

    /// A node that was to stop and has nothing left to do.
    fn leave_if_done(&mut self, index: usize) {
        let Some(node) = self.places[index].node.as_ref() else { return };
        if !node.stopping || !node.is_done() {
            return;
        }
        let (name, empty) = (node.name, node.is_empty());
        let (now, wall) = (self.store_now(), node.hands.now(self.at).wall);
        if empty && self.store_is_up {
            self.store.rescue(&Rescue::HeldBy(name), limits::ROWS_PER_SWEEP, now, wall);
            self.committed();
        }
        self.kill(index);
    }

    fn leave(&mut self, index: usize, asleep: bool) {
        let place = &mut self.places[index];
        place.away = Some((self.at, asleep));
        let (life, process) = (place.life, place.node.as_ref().map_or(0, |node| node.process));
        self.tally.add(if asleep { "sleeps" } else { "pauses" }, 1);
        self.fact(&Fact::Away(process, asleep));
        let span = self.chance.span(Span::from_millis(1_500), self.swarm.gone);
        self.after(span, Event::Back(index, life));
    }

    fn back(&mut self, index: usize, life: u32) {
        let place = &mut self.places[index];
        if place.life != life {
            return;
        }
        let (Some((since, asleep)), Some(node)) = (place.away.take(), place.node.as_mut()) else {
            return;
        };
        let mut piled = core::mem::take(&mut place.piled);
        let process = node.process;
        if asleep {
            node.hands.slumber(self.at.since(since));
            // Timers slept too.
            piled.retain(|delivery| !matches!(delivery, Delivery::Timer(_)));
        }
        let timer = node.timer;
        let deadline = node.deadline;
        self.fact(&Fact::Back(process));
        if asleep {
            self.arm(index, deadline);
        } else {
            piled.push(Delivery::Timer(timer));
        }
        for delivery in piled {
            self.deliver(index, life, delivery);
        }
    }

    fn set_clock(&mut self) {
        let Some(place) = self.awake_place().filter(|_| !self.healed) else { return };
        let far = self.chance.pick(&[2, 30, 600, 4_000]);
        let by = self.chance.span(Span::from_secs(-far), Span::from_secs(far));
        if let Some(node) = self.places[place].node.as_mut() {
            node.hands.set(by);
            self.tally.add("clock steps", 1);
            self.say(|_| format!("the clock of place {place} is set by {by}"));
        }
    }

    fn heal(&mut self) {
        self.healed = true;
        self.wire = Wire::good();
        self.runs = Runs::good();
        self.store_is_up = true;
        self.fact(&Fact::Healed);
        for index in 0..self.places.len() {
            let life = self.places[index].life;
            self.back(index, life);
            self.up(index);
        }
        self.after(CALM, Event::Over);
    }

    fn deliver(&mut self, index: usize, life: u32, delivery: Delivery) {
        let place = &mut self.places[index];
        if place.life != life {
            return;
        }
        if place.away.is_some() {
            place.piled.push(delivery);
            return;
        }
        let Some(node) = place.node.as_mut() else { return };
        match &delivery {
            Delivery::Timer(number) if *number != node.timer => return,
            Delivery::RunOver(run, outcome, ask) => {
                if node.runs.remove(&(run.job, run.token)).is_none() {
                    return;
                }
                let fact = Fact::Ended(*run, *outcome, *ask);
                self.fact(&fact);
            }
            _ => {}
        }
        let Some(node) = self.places[index].node.as_mut() else { return };
        let (effects, deadline) = node.turn(delivery, self.at);
        for effect in effects {
            self.carry_out(index, effect);
        }
        self.arm(index, deadline);
        self.leave_if_done(index);
    }

    /// Sets the alarm for the next turn of a node.
    fn arm(&mut self, index: usize, deadline: Option<mainspring_core::time::Mono>) {
        let late = self.chance.span(Span::ZERO, Span::from_micros(300));
        let place = &mut self.places[index];
        let Some(node) = place.node.as_mut() else { return };
        node.timer += 1;
        node.deadline = deadline;
        if let Some(deadline) = deadline {
            let (span, timer) = (node.hands.until(deadline, self.at), node.timer);
            let life = place.life;
            self.after(span + late, Event::Deliver(index, life, Delivery::Timer(timer)));
        }
    }

    fn carry_out(&mut self, index: usize, effect: Effect) {
        let life = self.places[index].life;
        let Some(node) = self.places[index].node.as_mut() else { return };
        match effect {
            Effect::Call(request) => {
                let (name, epoch) = (node.name, self.epoch);
                self.send(Sender { place: index, life, epoch, name }, request);
            }
            Effect::Run(job) if self.chance.odds(self.runs.unstarted) => {
                self.tally.add("runs that could not start", 1);
                let delivery = Delivery::Unstarted(job.id, job.token);
                self.after(self.soon(), Event::Deliver(index, life, delivery));
            }
            Effect::Run(job) => {
                let run = RunId { job: job.id, token: job.token, node: node.process };
                let stubborn = self.chance.odds(self.runs.stubborn);
                node.runs.insert((job.id, job.token), Run { stubborn, told: false });
                self.fact(&Fact::Began(run));
                let (span, outcome, ask) = self.fate();
                let over = Delivery::RunOver(run, outcome, ask);
                self.after(span, Event::Deliver(index, life, over));
            }
            Effect::Abort(job, token, why) => {
                let Some(there) = node.runs.get_mut(&(job, token)) else { return };
                let told = core::mem::replace(&mut there.told, true);
                let stubborn = there.stubborn;
                if told && self.bug == Some(Bug::AbortedLinger) {
                    return;
                }
                let run = RunId { job, token, node: node.process };
                self.tally.add("aborts", 1);
                self.say(|_| format!("job {job} is aborted: {why}"));
                if stubborn {
                    self.fact(&Fact::Stubborn(run));
                    return;
                }
                let grace = if why == Outcome::LeaseLost { Span::ZERO } else { self.runs.grace };
                let over = Delivery::RunOver(run, why, Ask::Nothing);
                let span = self.chance.span(Span::ZERO, grace);
                self.after(span, Event::Deliver(index, life, over));
            }
        }
    }

    /// How long a run takes, and how it ends.
    fn fate(&mut self) -> (Span, Outcome, Ask) {
        let runs = self.runs;
        let chance = &mut self.chance;
        let span = chance.span(Span::ZERO, runs.longest);
        let wait = chance.span(Span::ZERO, Span::from_secs(20));
        if chance.odds(runs.snooze) {
            return (span, Outcome::Snoozed, Ask::Snooze(wait));
        }
        let ask = chance.maybe(runs.ask, &[Ask::GiveUp, Ask::RetryAfter(wait)]);
        let outcome = if chance.odds(runs.fail) {
            Outcome::Failed
        } else if chance.odds(runs.panic) {
            Outcome::Panicked
        } else {
            return (span, Outcome::Succeeded, Ask::Nothing);
        };
        (span, outcome, ask.unwrap_or_default())
    }
}

// The ways to the store, and the store.
impl World {
    fn send(&mut self, sender: Sender, request: Request) {
        self.tally.add("calls", 1);
        let wire = self.wire;
        let chance = &mut self.chance;
        let there = chance.span(Span::ZERO, wire.latency);
        let back = chance.span(Span::ZERO, wire.latency);
        let items = match &request {
            Request::Advance(list) => list.len(),
            Request::Renew(list) => list.len(),
            Request::Release(list) => list.len(),
            Request::Retry(list) => list.len(),
            Request::Settle(list) => list.len(),
            _ => 1,
        };
        let answer = Answer { request: request.clone(), result: Err(Down) };
        let failed = Event::Reply(sender.clone(), Box::new(answer));
        let arrive = |items, back, late| {
            let (sender, request) = (sender.clone(), request.clone());
            Event::Arrive { sender, request, items, back, late }
        };
        let cut = !self.healed && self.places[sender.place].cut_until > self.at;
        if cut || chance.odds(wire.lost) {
            self.tally.add("requests lost", 1);
            let long = self.chance.pick(&[Span::ZERO, Span::ZERO, Span::from_secs(5)]);
            self.after(there + back + long, failed);
        } else if chance.odds(wire.unheard) {
            self.tally.add("replies lost", 1);
            self.after(there, arrive(items, None, false));
            self.after(there + back, failed);
        } else if chance.odds(wire.late) {
            self.tally.add("requests late", 1);
            let long = chance.span(Span::ZERO, Span::from_secs(25));
            self.after(there + long, arrive(items, None, true));
            self.after(there, failed);
        } else if items > 1 && chance.odds(wire.torn) {
            self.tally.add("batches torn", 1);
            let part = chance.index(items);
            self.after(there, arrive(part, None, false));
            self.after(there + back, failed);
        } else {
            if chance.odds(wire.doubled) {
                self.tally.add("requests doubled", 1);
                let other = self.chance.span(Span::ZERO, wire.latency + wire.latency);
                self.after(other, arrive(items, None, false));
            }
            self.after(there, arrive(items, Some(back), false));
        }
    }

    fn arrive(
        &mut self,
        sender: Sender,
        request: Request,
        items: usize,
        back: Option<Span>,
        late: bool,
    ) {
        let cut = !self.store_is_up || (sender.epoch != self.epoch && !late);
        let result = if cut { Err(Down) } else { Ok(self.execute(&sender, &request, items)) };
        if let Some(back) = back {
            let answer = Box::new(Answer { request, result });
            self.after(back, Event::Reply(sender, answer));
        }
    }

    fn execute(&mut self, sender: &Sender, request: &Request, items: usize) -> (Reply, Pulse) {
        let now = self.store_now();
        let place = &self.places[sender.place];
        let (node, tasks, tags) = (sender.name, &place.tasks, &place.tags);
        let store = &mut self.store;
        let reply = match request {
            Request::ClaimSchedules { within, claim_for, max, .. } => {
                let (within, claim_for, max) = (*within, *claim_for, *max);
                let claim = ClaimSchedules { node, within, claim_for, max };
                Reply::Schedules(store.claim_schedules(&claim, now))
            }
            Request::ClaimJobs { lease_for, max, .. } => {
                let (lease_for, max) = (*lease_for, *max);
                let claim = ClaimJobs { node, tasks, tags, lease_for, max };
                Reply::Jobs(store.claim_jobs(&claim, now))
            }
            Request::Rescue { max, wall, .. } => {
                store.rescue(&Rescue::Lapsed, *max, now, *wall);
                Reply::Swept
            }
            Request::Prune { .. } => Reply::Swept,
            Request::Advance(list) => {
                let list = list.iter().take(items);
                Reply::Advanced(list.map(|(_, one)| store.advance(one, now)).collect())
            }
            Request::Renew(list) => {
                let list = list.iter().take(items);
                Reply::Renewed(list.map(|(_, one)| store.renew(one, now)).collect())
            }
            Request::Release(list) => {
                let list = list.iter().take(items);
                Reply::Written(list.map(|(_, one)| store.release(one, now)).collect())
            }
            Request::Retry(list) => {
                let list = list.iter().take(items);
                Reply::Written(list.map(|(_, one)| store.retry(one, now)).collect())
            }
            Request::Settle(list) => {
                let list = list.iter().take(items);
                Reply::Written(list.map(|(_, one)| store.settle(one, now)).collect())
            }
        };
        let pulse = store.pulse(now);
        self.committed();
        (reply, pulse)
    }
}

// What people do.
impl World {
    /// A person, at a node or at the store: who, and what that clock shows.
    fn person(&mut self) -> (Option<usize>, Timestamp) {
        let index = self.awake_place().filter(|_| self.chance.odds(600));
        let node = index.and_then(|index| self.places[index].node.as_ref());
        let wall = node.map(|node| node.hands.now(self.at).wall);
        (index, wall.unwrap_or_else(|| self.store_now()))
    }

    fn edit(&mut self) {
        let (via, now) = self.person();
        let id = u16::try_from(self.chance.index(usize::from(self.swarm.schedules))).unwrap_or(0);
        let there = self.store.schedule(id).cloned();
        let act = match (self.chance.index(20), there) {
            (0 | 1, _) => {
                let tasks = usize::from(self.swarm.tasks);
                let task = u16::try_from(self.chance.index(tasks)).unwrap_or(0);
                self.versions += 1;
                let version = self.versions;
                Act::Task(people::task(&mut self.chance, &self.swarm, task, version))
            }
            (2 | 3, Some(_)) => Act::Remove(id),
            (4..=7, Some(there)) if !there.is_paused() => Act::Pause(id),
            (4..=12, Some(there)) if there.pause.is_some() => {
                people::resume(&mut self.chance, &there, now)
            }
            (13..=15, Some(there)) => {
                let put = people::edited(&mut self.chance, &self.swarm, &there, now);
                Act::Reread(Box::new(put))
            }
            (16..=18, Some(there)) => {
                let put = people::edited(&mut self.chance, &self.swarm, &there, now);
                Act::Put(Box::new(put))
            }
            _ => Act::Put(Box::new(people::put(&mut self.chance, &self.swarm, id, now))),
        };
        self.later(via, act);
    }

    /// Sends what a person asks for on its way, now and then twice.
    fn later(&mut self, via: Option<usize>, act: Act) {
        let latency = self.wire.latency;
        let span = self.chance.span(Span::ZERO, latency);
        if self.chance.odds(self.wire.doubled / 2) {
            let span = self.chance.span(Span::ZERO, Span::from_secs(20));
            self.after(span, Event::Act(None, act.clone()));
        }
        self.after(span, Event::Act(via, act));
    }

    fn ask(&mut self) {
        let (via, _) = self.person();
        let now = self.store_now();
        let id = u16::try_from(self.chance.index(usize::from(self.swarm.schedules))).unwrap_or(0);
        let there = self.store.schedule(id).cloned();
        let act = match (self.chance.index(10), there) {
            (0 | 1, _) => {
                let jobs: Vec<u64> = self.store.jobs().map(|job| job.id).collect();
                if jobs.is_empty() {
                    return;
                }
                Act::Cancel(self.chance.pick(&jobs))
            }
            (2..=4, Some(there)) => {
                Act::Enqueue(Box::new(people::extra(&mut self.chance, &there, now)))
            }
            _ => {
                self.queued += 1;
                let (number, swarm) = (self.queued, &self.swarm);
                Act::Enqueue(Box::new(people::queue(&mut self.chance, swarm, number, now)))
            }
        };
        self.later(via, act);
    }

    /// The store does what somebody asked for.
    fn act(&mut self, via: Option<usize>, act: Act) {
        if !self.store_is_up {
            return;
        }
        let now = self.store_now();
        match act {
            Act::Task(task) => self.store.put_task(task),
            Act::Put(put) => self.store.put(*put, now),
            Act::Reread(put) => self.reread(*put),
            Act::Remove(id) => self.store.remove(id),
            Act::Pause(id) => self.store.pause(id, now),
            Act::Resume(resume, point) => {
                let _ = self.store.resume(resume, point);
            }
            Act::Enqueue(job) => self.store.enqueue(*job, now),
            Act::Cancel(job) => self.store.cancel(job, now),
        }
        self.committed();
        let pulse = self.store.pulse(now);
        if let Some(index) = via {
            let life = self.places[index].life;
            self.deliver(index, life, Delivery::Told(pulse));
        }
    }

    /// What is due is planned as it was written down before, as far as nobody else has claimed it;
    /// then the schedule is put.
    fn reread(&mut self, put: PutSchedule<Sim>) {
        let now = self.store_now();
        let (node, within, max) = (99, Span::ZERO, limits::CLAIM_MAX);
        let claim = ClaimSchedules { node, within, claim_for: limits::PLAN_GRACE, max };
        let mut dice = Dice::seeded(self.chance.next());
        for mut schedule in self.store.claim_schedules(&claim, now) {
            let spec = schedule.spec.clone();
            let plan = plan(spec.trigger, spec.exclusions);
            while let Some(due) = schedule.due() {
                let policies = schedule.policies();
                let Some(decision) = fire::due(&plan, due, now, &policies) else { break };
                let revision = schedule.revision;
                let advance =
                    Advance::<Sim>::decided(&spec.id, revision, &policies, decision, &mut dice);
                let answer = self.store.advance(&advance, now);
                let Advanced::Done { revision, inserted } = answer else { break };
                (schedule.revision, schedule.next) = (revision, advance.next);
                schedule.fired += inserted;
            }
        }
        self.store.put(put, now);
    }
}

/// How long everything goes well at the end.
const CALM: Span = Span::from_secs(150);

/// More events than any simulation needs.
const TOO_MANY: u32 = 400_000;
