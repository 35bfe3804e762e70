//! Four nodes on one store, and somebody who mistreats both.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use mainspring::{JobId, Scheduler};
use mainspring_chaos::clock::{self, Deadline};
use mainspring_chaos::cluster::{self, Client, LOOK, SCHEDULES, Timetable};
use mainspring_chaos::daemon::Daemon;
use mainspring_chaos::dice::Dice;
use mainspring_chaos::journal::{Fire, Journal};
use mainspring_chaos::matcher::{Evidence, Harm, Trouble};
use mainspring_chaos::store;
use mainspring_contract::NodeId;
use mainspring_core::time::{Span, Timestamp};
use rustix::process::Signal;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::site::Site;

/// How many nodes there are at a time.
const NODES: usize = 4;
/// Nothing that is waited for in the end takes this long, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(120);
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
    /// How often the store was harmed, and how.
    harms: BTreeMap<&'static str, u32>,
}

struct Node {
    name: NodeId,
    daemon: Daemon,
    /// Since when it stands still, and until when.
    paused: Option<(Timestamp, Timestamp)>,
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
        let rounds = (fires.unwrap_or_else(|| self.site.fires()) / SCHEDULES).max(1);
        let timetable = Timetable { from: clock::wall() + Span::from_secs(5), rounds };
        self.put(&timetable);
        while clock::wall() < timetable.until() {
            let calm = self.dice.between(100, 1_000);
            clock::pass(Duration::from_millis(calm));
            self.think();
            self.queue();
            self.resume(clock::wall());
            match self.dice.between(0, 20) {
                0..6 => self.kill_one(),
                6..11 => self.pause_one(),
                11..15 => self.harm_store(),
                _ => {}
            }
        }
        self.resume(Timestamp::MAX);
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
        for node in core::mem::take(&mut self.nodes) {
            node.daemon.signal(Signal::TERM);
            let end = node.daemon.ended();
            assert!(end.status.success(), "{} did not stop well:\n{}", node.name, end.said);
        }
        let mut due = timetable.fires();
        due.extend(self.queued.iter().map(|id| Fire::queued(*id)));
        let client = &self.client;
        let (runs, skips) = self.runtime.block_on(async {
            let runs = client.runs().await.expect("the store answers");
            (runs, client.skips().await.expect("the store answers"))
        });
        println!("harm done to the store: {:?}", self.harms);
        let evidence = Evidence {
            due,
            journal: self.journal.lines(),
            runs,
            skips,
            open_jobs: left.0,
            open_schedules: left.1,
            troubles: self.troubles,
            ..Evidence::default()
        };
        (evidence, self.queued.len())
    }

    fn put(&self, timetable: &Timetable) {
        let scheduler: &Scheduler = &self.client.0;
        self.runtime.block_on(async {
            for schedule in timetable.schedules() {
                scheduler.put(schedule).await.expect("the store answers");
            }
        });
        assert!(clock::wall() < timetable.from, "putting the schedules took too long");
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
        let journal = self.journal.file();
        let daemon = cluster::start_node(program, &self.site.url(), &name, &journal);
        let name = NodeId::new(name).expect("a name");
        Node { name, daemon, paused: None }
    }

    /// Kills a node, whatever it is at, and starts another one.
    fn kill_one(&mut self) {
        let victim = self.one();
        let Node { name, daemon, paused } = self.nodes.swap_remove(victim);
        let from = clock::wall();
        daemon.kill();
        let until = clock::wall();
        let node = Some(name);
        self.troubles.push(Trouble { harm: Harm::Kill, node: node.clone(), from, until });
        if let Some((from, _)) = paused {
            self.note_pause(node, from);
        }
        let next = self.start_node();
        self.nodes.push(next);
    }

    /// Makes a node stand still: mostly for a moment, now and then for longer than its leases last.
    fn pause_one(&mut self) {
        let victim = self.one();
        let long = self.dice.between(0, 3) == 0;
        let (least, most) = if long { (6_000, 8_000) } else { (100, 2_000) };
        let span = i64::try_from(self.dice.between(least, most)).expect("a few seconds");
        let node = &mut self.nodes[victim];
        if node.paused.is_none() {
            let from = clock::wall();
            node.daemon.signal(Signal::STOP);
            node.paused = Some((from, from + Span::from_millis(span)));
        }
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
    }

    fn note_pause(&mut self, node: Option<NodeId>, from: Timestamp) {
        let until = clock::wall();
        self.troubles.push(Trouble { harm: Harm::Pause, node, from, until });
        if self.site.has_one_lock() {
            self.troubles.push(Trouble { harm: Harm::Outage, node: None, from, until });
        }
    }

    fn harm_store(&mut self) {
        let from = clock::wall();
        if let Some(how) = self.site.harm(self.dice) {
            *self.harms.entry(how).or_default() += 1;
            let until = clock::wall();
            self.troubles.push(Trouble { harm: Harm::Outage, node: None, from, until });
        }
    }

    fn one(&mut self) -> usize {
        let count = u64::try_from(self.nodes.len()).expect("a few nodes");
        usize::try_from(self.dice.between(0, count)).expect("one of a few nodes")
    }
}
