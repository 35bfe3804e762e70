//! What is to be measured, as it is said on the command line.

/// What there is to be measured.
const PARTS: [&str; 8] =
    ["throughput", "latency", "sqlite", "mariadb", "schedules", "backlog", "future", "bloat"];

/// How to ask for it.
pub(crate) const USAGE: &str = "\
Usage: cargo bench-sql [PART]... [NAME=VALUE]...

  throughput  queueing and running beside bare SQL, graphile_worker and apalis
  latency     from ready to started on an idle cluster, beside one commit
  sqlite      queueing and running beside bare SQL
  mariadb     the same
  schedules   `rows` schedules, of which `fires` come due each second
  backlog     `rows` jobs wait when a node starts
  future      queueing and running beside `rows` jobs that are not due
  bloat       dead rows over time, with a transaction left open
  (without any: the first four)

  jobs=100000 batch=1000 window=2000 rounds=3 samples=500
  rows=1000000 fires=2000 seconds=60 statements=0";

/// `part… name=value…`. Without parts: the first four of [`PARTS`].
#[derive(Clone, Debug)]
pub(crate) struct Arguments {
    /// Some of [`PARTS`], in the order in which they were named.
    pub(crate) parts: Vec<String>,
    /// Jobs in each repetition.
    pub(crate) jobs: u64,
    /// Jobs in one statement of bare SQL and in one call that queues.
    pub(crate) batch: u64,
    /// Jobs that a node runs at once.
    pub(crate) window: usize,
    /// Repetitions, which take turns.
    pub(crate) rounds: usize,
    /// Jobs whose start is timed.
    pub(crate) samples: u64,
    /// Schedules, or jobs that lie in the table.
    pub(crate) rows: u64,
    /// Fires, or jobs, that come each second.
    pub(crate) fires: u64,
    /// How long a load lasts.
    pub(crate) seconds: u64,
    /// Print what the server spends its time on.
    pub(crate) statements: bool,
}

impl Arguments {
    /// Reads them.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(crate) fn read(words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut arguments = Self::default();
        for word in words {
            match word.split_once('=') {
                Some((name, value)) => {
                    let number = value.parse().map_err(|_| format!("`{value}` is no number"))?;
                    arguments.set(name, number)?;
                }
                None if PARTS.contains(&word.as_str()) => arguments.parts.push(word),
                None => return Err(format!("there is no part `{word}`")),
            }
        }
        if arguments.parts.is_empty() {
            arguments.parts = PARTS[..4].iter().map(|&part| part.to_owned()).collect();
        }
        Ok(arguments)
    }

    fn set(&mut self, name: &str, value: u64) -> Result<(), String> {
        // Batches of nothing would never end, and rates are per job and per second.
        if value == 0 && name != "statements" {
            return Err(format!("`{name}` must be at least 1"));
        }
        let small = || usize::try_from(value).map_err(|_| format!("{value} is too large"));
        match name {
            "jobs" => self.jobs = value,
            "batch" => self.batch = value,
            "window" => self.window = small()?,
            "rounds" => self.rounds = small()?,
            "samples" => self.samples = value,
            "rows" => self.rows = value,
            "fires" => self.fires = value,
            "seconds" => self.seconds = value,
            "statements" => self.statements = value > 0,
            _ => return Err(format!("there is no setting `{name}`")),
        }
        Ok(())
    }
}

impl Default for Arguments {
    fn default() -> Self {
        Self {
            parts: Vec::new(),
            jobs: 100_000,
            batch: 1_000,
            window: 2_000,
            rounds: 3,
            samples: 500,
            rows: 1_000_000,
            fires: 2_000,
            seconds: 60,
            statements: false,
        }
    }
}
