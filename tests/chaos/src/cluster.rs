//! Several nodes on one store: what the nodes and the test that mistreats them agree on.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use mainspring::{Coalesce, JobId, Overlap, Retry, Schedule};
use mainspring_contract::record::{Job, Run};
use mainspring_contract::store::{JobFilter, RunFilter, ScheduleFilter, ScheduleView, SkipFilter};
use mainspring_contract::trigger::{EveryForm, TriggerForm};
use mainspring_core::lease::LeaseTerms;
use mainspring_core::settings::Backoff;
use mainspring_core::time::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use crate::clock;
use crate::daemon::Daemon;
use crate::journal::Fire;
use crate::matcher::Skipped;

/// The only task.
pub const TASK: &str = "work";

/// Short, so that a lost job is soon tried again; the margin is long, since tests share their
/// machine with others.
pub const LEASE: LeaseTerms =
    LeaseTerms { lease_for: Span::from_secs(8), margin: Span::from_secs(2) };

/// What a job does.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Work {
    /// How long it takes.
    pub ms: u64,
    /// Whether its first attempt fails.
    pub fails_first: bool,
}

/// What a node is told.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The address of its store.
    pub store: String,
    /// The address of its broker, if it has one.
    pub broker: Option<String>,
    /// What it calls itself.
    pub name: String,
    /// By how many seconds its clock is ahead.
    pub ahead: i64,
    /// How many jobs may run at a time in the whole cluster.
    pub limit: Option<u32>,
}

/// Starts `program`, a node, which writes to `journal`.
///
/// # Panics
/// If its clock is to be wrong, and the package `faketime` is not installed.
pub fn start_node(program: &Path, config: &Config, journal: &Path) -> Daemon {
    let mut command = Command::new(program);
    command.args([&config.store, &config.name]).arg(journal).arg(config.ahead.to_string());
    command.arg(config.limit.map_or_else(String::new, |limit| limit.to_string()));
    command.arg(config.broker.as_deref().unwrap_or_default());
    if config.ahead != 0 {
        clock::set_wrong(&mut command, config.ahead);
    }
    Daemon::start_as(command)
}

/// Schedules that are over after a while, and all their fires.
#[derive(Clone, Debug)]
pub struct Timetable {
    /// When the first one fires.
    pub from: Timestamp,
    /// How often each fires.
    pub rounds: i64,
}

/// How many schedules there are.
pub const SCHEDULES: i64 = 200;
/// The distance between two fires of one schedule.
pub const STEP: Span = Span::from_secs(4);

impl Timetable {
    /// When nothing fires any more.
    pub fn until(&self) -> Timestamp {
        self.from + Span::from_micros(STEP.as_micros() * self.rounds)
    }

    /// The schedules: of each eight, four plain ones, one that keeps its jobs apart, one that makes
    /// up for the latest fire only, one whose jobs fail at first, and one whose jobs take long.
    pub fn schedules(&self) -> Vec<Schedule> {
        (0..SCHEDULES).map(|n| self.schedule(n)).collect()
    }

    /// Some of them as somebody has edited them meanwhile: they fire as before, but their jobs take
    /// a little longer.
    pub fn edited(&self) -> Vec<Schedule> {
        let longer = Work { ms: 30, fails_first: false };
        let plain = (0..SCHEDULES).filter(|n| n % 8 == 0);
        plain.map(|n| self.schedule(n).arguments(&longer)).collect()
    }

    /// All fires of all schedules.
    pub fn fires(&self) -> BTreeSet<Fire> {
        let of = |n| (0..self.rounds).map(move |round| (n, round));
        let at = |round| Span::from_micros(STEP.as_micros() * round);
        let fires = (0..SCHEDULES).flat_map(of);
        fires.map(|(n, round)| Fire { schedule: name(n), at: self.first(n) + at(round) }).collect()
    }

    fn schedule(&self, n: i64) -> Schedule {
        let (start, last) =
            (self.first(n), Span::from_micros(STEP.as_micros() * (self.rounds - 1)));
        let form = EveryForm {
            span: STEP,
            anchor: Some(start),
            start: Some(start),
            end: Some(start + last),
        };
        let plain = Schedule::new(&name(n), TASK, TriggerForm::Every(form))
            .coalesce(Coalesce::All)
            .catch_up(u16::MAX)
            .max_rescues(u16::MAX);
        let work = |ms, fails_first| Work { ms, fails_first };
        match n % 8 {
            4 => plain.overlap(Overlap::Queue).arguments(&work(500, false)),
            5 => plain.coalesce(Coalesce::Latest).arguments(&work(0, false)),
            6 => plain.retry(RETRY).arguments(&work(20, true)),
            7 => plain.arguments(&work(1_500, false)),
            _ => plain.arguments(&work(20, false)),
        }
    }

    /// Their fires are spread over the distance between two.
    fn first(&self, n: i64) -> Timestamp {
        self.from + Span::from_micros(STEP.as_micros() / SCHEDULES * n)
    }
}

fn name(n: i64) -> String {
    format!("s{n:03}")
}

const RETRY: Retry =
    Retry { max: u16::MAX, backoff: Backoff::Fixed(Span::from_millis(100)), jitter: 0 };

/// A scheduler that is never started, for a test that looks at what nodes leave in their store.
#[derive(Debug)]
pub struct Client(pub mainspring::Scheduler);

impl Client {
    /// Queues jobs under these ids; asking again is no harm.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn queue(&self, ids: &[JobId]) -> Result<(), mainspring::Error> {
        let work = Work { ms: 10, fails_first: false };
        let job = |id: &JobId| self.0.job(TASK, &work).id(*id).max_rescues(u16::MAX);
        self.0.enqueue_all(ids.iter().map(job)).await?;
        Ok(())
    }

    /// Every job that is not over.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn jobs(&self) -> Result<Vec<Job>, mainspring::Error> {
        self.0.jobs(&JobFilter::first(ALL)).await
    }

    /// Every attempt, oldest first.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn runs(&self) -> Result<Vec<Run>, mainspring::Error> {
        let views = self.0.runs(&RunFilter::newest(ALL)).await?;
        Ok(views.into_iter().rev().map(|view| view.run).collect())
    }

    /// Every range of fires that did not become jobs, oldest first.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn skips(&self) -> Result<Vec<Skipped>, mainspring::Error> {
        let views = self.0.skips(&SkipFilter::newest(ALL)).await?;
        let skipped = views.into_iter().rev().map(|view| Skipped {
            schedule: view.schedule.to_string(),
            reason: view.skip.reason,
            from: view.skip.from,
            to: view.skip.to,
            count: view.skip.count.value(),
        });
        Ok(skipped.collect())
    }

    /// Schedules that have fires left or are out of service, for people.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn open_schedules(&self) -> Result<Vec<String>, mainspring::Error> {
        let views = self.0.schedules(&ScheduleFilter::first(ALL)).await?;
        let is_open = |view: &ScheduleView| {
            view.schedule.next.at().is_some() || view.schedule.quarantine.is_some()
        };
        Ok(views.into_iter().filter(is_open).map(|view| format!("{:?}", view.schedule)).collect())
    }
}

/// How long a test waits between two looks at a store that it waits for.
pub const LOOK: Duration = Duration::from_millis(200);

/// More than any test leaves behind.
const ALL: u32 = 1_000_000;
