//! Five nodes on one store, and somebody who mistreats both.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use mainspring::{JobId, Schedule, Scheduler};
use mainspring_chaos::clock::{self, Deadline};
use mainspring_chaos::cluster::{self, Client, Config, LEASE, LOOK, SCHEDULES, STEP, Timetable};
use mainspring_chaos::daemon::Daemon;
use mainspring_chaos::dice::Dice;
use mainspring_chaos::journal::{Fire, Journal};
use mainspring_chaos::matcher::{Evidence, Harm, Life, Trouble};
use mainspring_chaos::store;
use mainspring_contract::NodeId;
use mainspring_core::time::{Span, Timestamp};
use mainspring_support::Line;
use rustix::process::Signal;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::site::{Done, Road, Site};
use crate::witness::Witness;

/// How many nodes there are at a time.
const NODES: usize = 5;
/// Nothing that is waited for in the end takes this long, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(120);
/// By how many seconds the clocks of nodes are ahead, in turn.
const AHEAD: [i64; 5] = [0, 30, -30, 4, -11];
/// How many jobs may run at a time after the update; more than there are, unless many are late.
const LIMIT: u32 = 60;
/// How many rounds of fires there are in the end in which nobody is mistreated.
const PEACE: i64 = 4;
/// By how much a fire may be late once nobody is mistreated, of a machine that has time: a rescue
/// that was forgotten would take as long as a lease lasts.
const PROMPTNESS: Span = LEASE.lease_for;
/// The variable that says how many fires are due.
const FIRES: &str = "MAINSPRING_CHAOS_FIRES";

/// The cluster under test.
pub(crate) struct Driver<'a, S> {
    site: &'a mut S,
    dice: &'a mut Dice,
    runtime: Runtime,
    client: Client,
    /// Goes when all is over.
    _folder: TempDir,
    journal: Journal,
    nodes: Vec<Node>,
    /// How many nodes there were, so that each has a name of its own.
    named: u32,
    queued: Vec<JobId>,
    /// Not yet known to be queued.
    queueing: Vec<JobId>,
    troubles: Vec<Trouble>,
    /// How often the store was harmed, or the way of a node to it, and how.
    harms: BTreeMap<&'static str, u32>,
    /// The same for the broker.
    brokers: BTreeMap<&'static str, u32>,
    /// How many jobs may run at a time, once the nodes were updated.
    limit: Option<u32>,
    /// Since when nobody is in trouble any more.
    peace: Timestamp,
    witness: Witness,
}

struct Node {
    name: NodeId,
    daemon: Daemon,
    road: Road,
    /// Since when it stands still, and until when.
    paused: Option<(Timestamp, Timestamp)>,
    parted: Option<Parting>,
}

/// That a node is cut off.
struct Parting {
    from: Timestamp,
    until: Timestamp,
    /// From its store, and perhaps from its broker; or else from that alone, which is no reason
    /// for anything to go wrong.
    with_store: bool,
}

impl Node {
    /// Ends it in good order.
    fn end(self) {
        self.daemon.signal(Signal::TERM);
        let end = self.daemon.ended();
        assert!(end.status.success(), "{} did not stop well:\n{}", self.name, end.said);
    }
}

impl<'a, S: Site> Driver<'a, S> {
    /// Starts the nodes.
    pub(crate) fn new(site: &'a mut S, dice: &'a mut Dice) -> Self {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime can be made");
        let scheduler = runtime.block_on(async {
            let builder = store::builder(&site.url()).await.expect("the store opens");
            builder.build().await.expect("the store answers")
        });
        let folder = TempDir::new().expect("a folder for temporary files");
        let journal = Journal::new(folder.path());
        let witness = site.witness();
        let mut driver = Self {
            site,
            dice,
            runtime,
            client: Client(scheduler),
            _folder: folder,
            journal,
            nodes: Vec::new(),
            named: 0,
            queued: Vec::new(),
            queueing: Vec::new(),
            troubles: Vec::new(),
            harms: BTreeMap::new(),
            brokers: BTreeMap::new(),
            limit: None,
            peace: Timestamp::MAX,
            witness,
        };
        for _ in 0..NODES {
            let mut node = driver.start_node();
            node.daemon.hear("mainspring::node: started");
            driver.nodes.push(node);
        }
        driver
    }

    /// Puts the schedules, and does harm until they are over; returns their fires.
    pub(crate) fn mistreat(&mut self) -> Timetable {
        let fires = std::env::var(FIRES).ok().and_then(|fires| fires.parse().ok());
        let rounds = (fires.unwrap_or_else(|| self.site.fires()) / SCHEDULES).max(2 * PEACE);
        let timetable = Timetable { from: clock::wall() + Span::from_secs(10), rounds };
        self.put(&timetable.schedules());
        assert!(clock::wall() < timetable.from, "putting the schedules took too long");
        let peace = timetable.until() - Span::from_micros(STEP.as_micros() * PEACE);
        let half = timetable.from + Span::from_micros(peace.since(timetable.from).as_micros() / 2);
        while clock::wall() < peace {
            let calm = self.dice.between(100, 1_000);
            clock::pass(Duration::from_millis(calm));
            self.think();
            self.queue();
            self.resume(clock::wall());
            match self.dice.between(0, 20) {
                0..5 => self.kill_one(),
                5..9 => self.pause_one(),
                9..14 => self.part_one(),
                14..17 => self.harm_store(),
                _ => {}
            }
            if self.limit.is_none() && half < clock::wall() {
                self.update(&timetable);
            }
        }
        self.resume(Timestamp::MAX);
        self.peace = clock::wall();
        timetable
    }

    /// Lets everything end in peace, and returns what it left behind.
    pub(crate) fn settle(mut self, timetable: &Timetable) -> (Evidence, usize) {
        let deadline = Deadline::after(PATIENCE);
        let mut left = (Vec::new(), Vec::new());
        loop {
            self.queue();
            let client = &self.client;
            let found = self.runtime.block_on(async {
                Ok::<_, mainspring::Error>((client.jobs().await?, client.open_schedules().await?))
            });
            // The store may only just be coming back.
            if let Ok((jobs, schedules)) = found {
                left = (jobs.iter().map(|job| format!("{job:?}")).collect(), schedules);
                if left.0.is_empty() && left.1.is_empty() && self.queueing.is_empty() {
                    break;
                }
            }
            if deadline.left().is_zero() {
                break;
            }
            clock::pass(LOOK);
        }
        core::mem::take(&mut self.nodes).into_iter().for_each(Node::end);
        let stalls = self.witness.end();
        let stalls = stalls.into_iter().map(|(from, until)| Trouble {
            harm: Harm::Stall,
            node: None,
            from,
            until,
        });
        self.troubles.extend(stalls);
        let mut due = timetable.fires();
        due.extend(self.queued.iter().map(|id| Fire::queued(*id)));
        let client = &self.client;
        let (runs, skips) = self.runtime.block_on(async {
            let runs = client.runs().await.expect("the store answers");
            (runs, client.skips().await.expect("the store answers"))
        });
        println!("harm done to the store: {:?}, to the broker: {:?}", self.harms, self.brokers);
        let evidence = Evidence {
            due,
            journal: self.journal.lines(),
            runs,
            skips,
            open_jobs: left.0,
            open_schedules: left.1,
            troubles: self.troubles,
            lives: vec![Life { from: self.peace + LEASE.lease_for, until: Timestamp::MAX }],
            promptness: Some(PROMPTNESS),
            ..Evidence::default()
        };
        (evidence, self.queued.len())
    }

    fn put(&self, schedules: &[Schedule]) {
        let scheduler: &Scheduler = &self.client.0;
        self.runtime.block_on(async {
            for schedule in schedules {
                scheduler.put(schedule.clone()).await.expect("the store answers");
            }
        });
    }

    /// Restarts each node in turn with a limit that it did not know, and edits schedules.
    fn update(&mut self, timetable: &Timetable) {
        self.resume(Timestamp::MAX);
        self.limit = Some(LIMIT);
        for _ in 0..self.nodes.len() {
            self.nodes.remove(0).end();
            let next = self.start_node();
            self.nodes.push(next);
        }
        self.put(&timetable.edited());
    }

    /// Thinks of a few jobs that are to be queued.
    fn think(&mut self) {
        for _ in 0..self.dice.between(0, 20) {
            let mut random = [0; 10];
            random.fill_with(|| u8::try_from(self.dice.between(0, 256)).unwrap_or(0));
            self.queueing.push(JobId::queued(clock::wall(), random));
        }
    }

    /// Queues what is to be queued, some of it perhaps once more.
    fn queue(&mut self) {
        if self.runtime.block_on(self.client.queue(&self.queueing)).is_ok() {
            self.queued.append(&mut self.queueing);
        }
    }

    fn start_node(&mut self) -> Node {
        self.named += 1;
        let name = format!("node-{}", self.named);
        let program = Path::new(env!("CARGO_BIN_EXE_node"));
        let (road, limit) = (self.site.road(), self.limit);
        // Who shares a file shares a machine, and so its clock.
        let ahead = AHEAD[self.named as usize % AHEAD.len()] * i64::from(road.to_store.is_some());
        let (store, broker) = (road.store.clone(), road.broker.clone());
        let config = Config { store, broker, name: name.clone(), ahead, limit };
        let daemon = cluster::start_node(program, &config, &self.journal.file());
        let name = NodeId::new(name).expect("a name");
        Node { name, daemon, road, paused: None, parted: None }
    }

    /// Kills a node, whatever it is at, and starts another one.
    fn kill_one(&mut self) {
        let victim = self.one();
        let Node { name, daemon, paused, parted, road } = self.nodes.swap_remove(victim);
        let from = clock::wall();
        daemon.kill();
        let until = clock::wall();
        let node = Some(name);
        self.troubles.push(Trouble { harm: Harm::Kill, node: node.clone(), from, until });
        // Nothing that it has sent is to arrive after its death.
        drop(road);
        if let Some((from, _)) = paused {
            self.note_pause(node.clone(), from);
        }
        if let Some(Parting { from, with_store: true, .. }) = parted {
            self.troubles.push(Trouble { harm: Harm::Outage, node, from, until });
        }
        let next = self.start_node();
        self.nodes.push(next);
    }

    /// Mostly a moment, now and then longer than leases last.
    fn spell(&mut self) -> Span {
        let long = self.dice.between(0, 3) == 0;
        let (least, most) = if long { (9_000, 11_000) } else { (100, 2_000) };
        let millis = self.dice.between(least, most);
        Span::from_millis(i64::try_from(millis).expect("a few seconds"))
    }

    /// Makes a node stand still.
    fn pause_one(&mut self) {
        let victim = self.one();
        let span = self.spell();
        let node = &mut self.nodes[victim];
        if node.paused.is_none() {
            let from = clock::wall();
            node.daemon.signal(Signal::STOP);
            node.paused = Some((from, from + span));
        }
    }

    /// Cuts a node off from its store, its broker or both. It may be told so or not.
    fn part_one(&mut self) {
        let victim = self.one();
        let span = self.spell();
        let line = if self.dice.between(0, 2) == 0 { Line::Cut } else { Line::Silent };
        let (with_store, with_broker) = [(true, false), (false, true), (true, true)]
            [usize::try_from(self.dice.between(0, 3)).expect("one of three")];
        let node = &mut self.nodes[victim];
        if node.parted.is_some() || node.road.to_store.is_none() {
            return;
        }
        let from = clock::wall();
        let store = node.road.to_store.as_ref().filter(|_| with_store);
        let broker = node.road.to_broker.as_ref().filter(|_| with_broker);
        store.into_iter().chain(broker).for_each(|way| way.set(line));
        node.parted = Some(Parting { from, until: from + span, with_store });
        let how = if line == Line::Cut { "cut off" } else { "left alone" };
        *self.harms.entry(how).or_default() += 1;
    }

    /// Lets those go on whose time has come.
    fn resume(&mut self, now: Timestamp) {
        for n in 0..self.nodes.len() {
            let node = &mut self.nodes[n];
            if let Some((from, until)) = node.paused
                && until <= now
            {
                node.daemon.signal(Signal::CONT);
                node.paused = None;
                let name = Some(node.name.clone());
                self.note_pause(name, from);
            }
        }
        self.heal(now);
    }

    /// The same for those that are cut off.
    fn heal(&mut self, now: Timestamp) {
        for node in &mut self.nodes {
            if let Some(parted) = node.parted.take_if(|parted| parted.until <= now) {
                node.road.heal();
                if parted.with_store {
                    let (node, from, until) = (Some(node.name.clone()), parted.from, clock::wall());
                    self.troubles.push(Trouble { harm: Harm::Outage, node, from, until });
                }
            }
        }
    }

    fn note_pause(&mut self, node: Option<NodeId>, from: Timestamp) {
        let until = clock::wall();
        self.troubles.push(Trouble { harm: Harm::Pause, node, from, until });
        if self.site.has_one_lock() {
            self.troubles.push(Trouble { harm: Harm::Outage, node: None, from, until });
        }
    }

    fn harm_store(&mut self) {
        // A server that is to stop waits up to a minute for connections that begin and do not say
        // who they are.
        self.heal(Timestamp::MAX);
        let from = clock::wall();
        match self.site.harm(self.dice) {
            Some(Done::ToStore(how)) => {
                *self.harms.entry(how).or_default() += 1;
                let until = clock::wall();
                self.troubles.push(Trouble { harm: Harm::Outage, node: None, from, until });
            }
            Some(Done::ToBroker(how)) => *self.brokers.entry(how).or_default() += 1,
            None => {}
        }
    }

    fn one(&mut self) -> usize {
        let count = u64::try_from(self.nodes.len()).expect("a few nodes");
        usize::try_from(self.dice.between(0, count)).expect("one of a few nodes")
    }
}
