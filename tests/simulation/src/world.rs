//! The world: a store, some nodes, the ways between them, and time, in one queue of events.

mod edits;
mod lives;
mod tower;
mod wire;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use mainspring_core::planner::Down;
use mainspring_core::time::{Span, Timestamp};

use crate::bug::Bug;
use crate::chance::Chance;
use crate::checker::{Checkers, Violation};
use crate::fact::{Fact, Verb};
use crate::hands::Hands;
use crate::node::{Answer, Delivery, Node, Request};
use crate::people::{self, Act};
use crate::store::Store;
use crate::swarm::{Runs, Swarm, Wire};
use crate::tally::Tally;
use tower::Tower;

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
    tower: Tower,
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
    SetStore,
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
            tower: Tower::new(store_ahead),
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
            Event::SetStore,
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
        self.at + self.tower.ahead()
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
            Event::SetStore => swarm.store_steps,
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
        let moment = self.tower.moment(self.at);
        if let Err(violation) = self.checkers.see(fact, moment) {
            self.violation.get_or_insert(violation);
        }
    }

    /// Tells the checkers what the store has done.
    fn committed(&mut self) {
        for commit in self.store.commits() {
            if let Verb::Quarantine(quarantine, true) = &commit.verb {
                self.mend(quarantine.schedule);
            }
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
            Event::SetStore => {
                if !self.healed {
                    let up = |place: &Place| place.node.is_some();
                    let places = (0..).zip(&self.places).filter(|(_, place)| up(place));
                    let places = places.map(|(index, _)| index);
                    let step = self.swarm.store_step;
                    let by = self.tower.set(self.at, &mut self.chance, step, places);
                    self.tally.add("clock steps of the store", 1);
                    self.say(|_| format!("the store's clock is set by {by}"));
                }
                self.again(Event::SetStore);
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

/// How long everything goes well at the end.
const CALM: Span = Span::from_secs(150);

/// More events than any simulation needs.
const TOO_MANY: u32 = 400_000;
