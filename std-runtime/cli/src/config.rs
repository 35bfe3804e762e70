//! The configuration file: TOML text in, plain values or every problem out.
//!
//! ```toml
//! store = "sqlite:/var/lib/mainspring.db"  # or "memory:"; absent: a per-user place
//! broker = "redis://cache"       # or mqtt:, nats:, postgres:, "none"; absent: see below
//! node = "web-1"                 # absent: the host's name
//! tags = ["eu"]                  # what this daemon offers to jobs that need it
//! zone = "Europe/Berlin"         # for cron schedules; absent: "UTC"; "local": the host's
//! keep_runs = "30d"              # how long history is kept
//!
//! [tasks.backup]
//! run = ["tar", "czf", "x.tgz", "."]       # or: shell = "tar cz . | split -b 1G"
//! env = { LANG = "C" }           # on top of the daemon's environment
//! dir = "/srv"                   # absent: the daemon's
//! timeout = "10m"
//! retries = 3
//! backoff = "10s"                # or { first = "1s", max = "5m", growth = "linear", jitter = 20 }
//! rescues = 3                    # runs after the daemon was lost in the middle of one
//! max_running = 1
//! priority = 5                   # 0 (first) to 9 (last)
//! tags = ["eu"]                  # what a daemon must offer to run it
//! capture = "64KiB"              # of each output, its end
//!
//! [schedules.nightly]
//! cron = "30 2 * * *"            # or: every = "15m"; or: at = 2027-01-01T00:00:00Z
//! dialect = "crontab"            # or "quartz", "apscheduler"; cron only
//! zone = "Europe/Berlin"         # with cron and calendar, as is dst
//! dst = "once"                   # or "literal", or { gap = "at_end", fold = "first" }
//! start = 2027-01-01T00:00:00Z   # inclusive, as is end; not with `at`
//! task = "backup"                # or the keys of a task, which is then named like the schedule
//! coalesce = "latest"            # or "earliest", "all"
//! misfire_grace = "1h"           # absent: however late
//! catch_up = 100
//! jitter = "30s"                 # or { up_to = "30s", spread = "stable" }
//! slack = "10s"                  # a device that sleeps may notice a fire so much later
//! overlap = "skip"               # or "allow", "queue", "cancel"
//! limit = 100                    # jobs in the life of the schedule
//! after_run = "5m"               # after the end of the run before; the trigger names the first
//! max_failures = 5               # failed jobs in a row
//! exclude = ["2026-12-24..2026-12-26", { opens = "0 22 * * *", for = "8h" }]  # or from, until
//! paused = false
//!
//! [schedules.closing]            # the 31st, in months that have one
//! calendar = { months = 1, anchor = 2026-01-31, time = 09:30 }  # and years, weeks, days
//! task = "backup"
//!
//! [schedules.either]             # any trigger as text; also as JSON, or the same as a TOML table
//! trigger = "any(every 4h; cron @daily)"
//! task = "backup"
//! ```
//!
//! Relative paths are relative to the file.
//!
//! A broker tells other daemons on the same store at once what they would otherwise find out within
//! seconds. `redis://user:password@host:port` (`rediss:` is encrypted), `mqtt:` (`mqtts:`; with
//! `?version=3.1.1` for servers that know no MQTT 5), `nats:` (`tls:`) and `postgres:` are known.
//! What follows a `#` names the channel, for several clusters on one server. Without this key,
//! daemons on PostgreSQL use that for it, which takes one connection each, and others have none;
//! `"none"` is for those who do not want that. Nothing depends on a broker: while it is away,
//! things happen a little later.
//!
//! Besides `env`, a command finds in its environment which run it is:
//!
//! | variable | value |
//! |---|---|
//! | `MAINSPRING_JOB` | the job: the same for every attempt |
//! | `MAINSPRING_SCHEDULE` | the schedule; empty for a job that was queued by itself |
//! | `MAINSPRING_FIRE_AT` | the instant that the trigger named (RFC 3339, UTC); empty likewise |
//! | `MAINSPRING_ATTEMPT` | counted from 1 |
//! | `MAINSPRING_TOKEN` | rises with each attempt: others can refuse a run that was given up |

mod exclude;
mod policies;
pub(crate) mod problem;
pub(crate) mod schedule;
pub(crate) mod table;
pub(crate) mod task;
pub(crate) mod trigger;

use std::fs;
use std::path::{Path, PathBuf};

use mainspring::zone::Zones;
use mainspring_contract::Tags;
use mainspring_core::time::{Span, Timestamp};
use toml::de::DeTable;

use problem::{Problem, Problems, Severity};
use schedule::Schedule;
use table::Table;
use task::Task;

use crate::broker::BrokerPlace;
use crate::place::StorePlace;

/// Everything that a configuration file says.
#[derive(Debug)]
pub(crate) struct Config {
    /// Where schedules, jobs and runs are kept.
    pub(crate) store: StorePlace,
    /// What tells other daemons on the same store; `None`: whatever is usual for the store.
    pub(crate) broker: Option<BrokerPlace>,
    /// The name of this daemon among those on the same store; `None`: the host's.
    pub(crate) node: Option<String>,
    /// What this daemon offers.
    pub(crate) tags: Tags,
    /// How long history is kept; `None`: the built-in time.
    pub(crate) keep_runs: Option<Span>,
    /// What can be run, inline commands of schedules included.
    pub(crate) tasks: Vec<Task>,
    /// When it is run.
    pub(crate) schedules: Vec<Schedule>,
}

/// A file that was read: what it says, unless it has an error, and all of its problems.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// `None` exactly if one of the problems is an error.
    pub(crate) config: Option<Config>,
    /// In the order of the file.
    pub(crate) problems: Vec<Problem>,
}

impl Config {
    /// Reads a file.
    pub(crate) fn load(file: &Path, host: &Host) -> Loaded {
        match fs::read_to_string(file) {
            Ok(source) => Self::parse(file, &source, host),
            Err(error) => {
                let message = format!("cannot read the file: {error}");
                Loaded { config: None, problems: vec![Problem::of_file(file, message)] }
            }
        }
    }

    /// Reads the text `source` of `file`.
    pub(crate) fn parse(file: &Path, source: &str, host: &Host) -> Loaded {
        let (document, syntax) = DeTable::parse_recoverable(source);
        let mut problems = Problems::new(file, source);
        for error in syntax {
            problems.syntax(error.span(), error.message());
        }
        let root = Table::new("the file", 0, document.get_ref(), &problems);
        let config = read(root, file, host);
        let problems = problems.into_sorted();
        let usable = problems.iter().all(|problem| problem.severity == Severity::Warning);
        Loaded { config: config.filter(|_| usable), problems }
    }
}

fn read(root: Table<'_>, file: &Path, host: &Host) -> Option<Config> {
    root.allow(&["store", "broker", "node", "tags", "zone", "keep_runs", "tasks", "schedules"]);
    let store = store(root, file, host);
    let broker = broker(root);
    let node = node(root);
    let tags = task::tags(root).unwrap_or_default();
    let zone = trigger::zone(root, &host.zones);
    let keep_runs = root.span("keep_runs", Span::from_secs(1));
    let base = base_dir(file);
    let mut tasks = task::read_all(root, &base);
    let schedules = {
        let zone = zone.as_deref().unwrap_or("UTC");
        schedule::read_all(root, schedule::Around { base: &base, zone, host }, &mut tasks)
    };
    Some(Config { store: store?, broker, node, tags, keep_runs, tasks, schedules })
}

fn broker(root: Table<'_>) -> Option<BrokerPlace> {
    let text = root.text("broker", "\"redis://HOST\"")?;
    match BrokerPlace::parse(&text.value) {
        Ok(place) => Some(place),
        Err(why) => {
            // The value is not repeated: there may be a password in it.
            root.problems().error(text.at, format!("`broker`: {why}"));
            None
        }
    }
}

fn node(root: Table<'_>) -> Option<String> {
    let node = root.text("node", "\"web-1\"")?;
    if let Some(why) = bad_name(&node.value) {
        root.problems().error(node.at, format!("`node` {why}"));
        return None;
    }
    Some(node.value)
}

fn store(root: Table<'_>, file: &Path, host: &Host) -> Option<StorePlace> {
    let Some(text) = root.text("store", "\"sqlite:jobs.db\"") else {
        return if root.has("store") { None } else { default_store(root, file, host) };
    };
    match StorePlace::parse(&text.value, &base_dir(file)) {
        Ok(place) => Some(place),
        Err(way_out) => {
            let message = format!("`store` {way_out}");
            root.problems().error(text.at, message);
            None
        }
    }
}

fn default_store(root: Table<'_>, file: &Path, host: &Host) -> Option<StorePlace> {
    let Some(state) = &host.state else {
        let message = "no `store`, and neither XDG_STATE_HOME nor HOME says where this user's \
                       data belongs: write for example `store = \"sqlite:jobs.db\"`";
        root.problems().missing(0, message.to_owned());
        return None;
    };
    let stem = file.file_stem().unwrap_or(file.as_os_str());
    let mut name = stem.to_owned();
    name.push(".db");
    Some(StorePlace::Sqlite(state.join("mainspring").join(name)))
}

/// The directory that relative paths start from: the file's, made absolute.
fn base_dir(file: &Path) -> PathBuf {
    let dir = file.parent().unwrap_or_else(|| Path::new("")).join(".");
    let absolute = std::path::absolute(&dir).unwrap_or(dir);
    absolute.components().collect()
}

/// Why a text cannot name a node, a task or a schedule, if it cannot.
fn bad_name(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        Some("cannot be empty")
    } else if name.len() > NAME_LIMIT {
        Some("cannot be longer than 200 bytes")
    } else if name.chars().any(char::is_control) || name.trim() != name {
        Some("cannot hold control characters, nor start or end with a blank")
    } else {
        None
    }
}

/// Names stand in index keys, log lines and file names (which stop at 255 bytes).
const NAME_LIMIT: usize = 200;

/// What a file means depends on where and when it is read.
#[derive(Debug)]
pub(crate) struct Host {
    /// Where data belongs that outlives a restart: `$XDG_STATE_HOME`, else `~/.local/state`.
    pub(crate) state: Option<PathBuf>,
    /// The known time zones.
    pub(crate) zones: Zones,
    /// The present, for warnings about what lies in the past.
    pub(crate) now: Timestamp,
}

impl Host {
    /// This machine and user, as the environment says (XDG base directory specification 0.8).
    pub(crate) fn of_process(now: Timestamp) -> Self {
        let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
        let home = || absolute("HOME").map(|home| home.join(".local/state"));
        let state = absolute("XDG_STATE_HOME").or_else(home);
        Self { state, zones: Zones::system(), now }
    }
}

#[cfg(test)]
mod tests;
