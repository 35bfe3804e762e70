//! What happened on a node, in numbers, and whether it is well.
//!
//! The numbers are counted where the log is written. None of them has labels that grow with what
//! users name: what is shown has the same size on every node.

use core::fmt;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;

use mainspring_core::outcome::Outcome;
use mainspring_core::trigger::Count;

/// What happened on this node since its scheduler was made; see
/// [`Scheduler::metrics`](crate::Scheduler::metrics).
///
/// Its text form is what Prometheus reads.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metrics {
    /// Whether this node plans and works, and its store answers.
    pub is_well: bool,
    /// Jobs that are not over, in the whole store, counted up to [`COUNTED`]; `None` if the store
    /// did not say.
    pub queued: Option<Count>,
    /// Runs that have begun here.
    pub started: u64,
    /// Runs that go on here.
    pub running: u64,
    /// How runs ended here, in the order of [`Outcome::ALL`].
    pub ended: [u64; Outcome::ALL.len()],
    /// How long after the instant that their trigger named runs began.
    pub lateness: Histogram,
    /// How long runs took.
    pub durations: Histogram,
    /// How often the right to a job was lost.
    pub leases_lost: u64,
    /// Jobs whose node was lost, and that this node took care of.
    pub rescued: u64,
    /// Fires that did not become jobs.
    pub skipped: u64,
    /// Schedules that were taken out of service.
    pub quarantined: u64,
    /// How long the store took to answer the machines' calls, also those that failed.
    pub store_calls: Histogram,
    /// Calls of the store that failed.
    pub store_failures: u64,
    /// How often the wall clock was set, or the machine slept.
    pub clock_jumps: u64,
}

/// How many observations there were, by size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// How many were no longer than each of [`BOUNDS`] and longer than the one before; the last
    /// number is of those that were longer than all.
    pub counts: [u64; BOUNDS.len() + 1],
    /// All of them together.
    pub sum: Duration,
}

/// Whether a scheduler does what it should; see [`Scheduler::health`](crate::Scheduler::health).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// Whether it was started and has not stopped.
    pub is_running: bool,
    /// Why the store did not answer when it was last asked; `None` if it did.
    pub store_failure: Option<String>,
}

impl Health {
    /// Whether there is nothing to complain of.
    #[must_use]
    pub const fn is_well(&self) -> bool {
        self.is_running && self.store_failure.is_none()
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self { is_running: false, .. } => f.write_str("not running"),
            Self { store_failure: Some(why), .. } => write!(f, "the store does not answer: {why}"),
            Self { .. } => f.write_str("well"),
        }
    }
}

impl Histogram {
    /// How many observations there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }
}

impl fmt::Display for Metrics {
    /// The text format of Prometheus, version 0.0.4.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Text(f);
        let up = u64::from(self.is_well);
        text.one("mainspring_up", "gauge", "Whether the node works and its store answers.", up)?;
        if let Some(queued) = self.queued {
            let help = "Jobs that are not over, in the whole store, counted up to 10000.";
            text.one("mainspring_queued_jobs", "gauge", help, queued.value())?;
        }
        text.one("mainspring_running", "gauge", "Runs that go on.", self.running)?;
        text.one("mainspring_runs_started_total", "counter", "Runs begun.", self.started)?;
        text.head("mainspring_runs_ended_total", "counter", "Runs ended, by outcome.")?;
        for (outcome, count) in Outcome::ALL.into_iter().zip(self.ended) {
            let outcome = outcome.name().replace(' ', "_");
            writeln!(text.0, "mainspring_runs_ended_total{{outcome=\"{outcome}\"}} {count}")?;
        }
        let help = "From the instant that a trigger named to the start of the run.";
        text.histogram("mainspring_lateness_seconds", help, &self.lateness)?;
        text.histogram("mainspring_run_seconds", "How long runs took.", &self.durations)?;
        for (name, help, count) in [
            ("mainspring_leases_lost_total", "Rights to jobs that were lost.", self.leases_lost),
            ("mainspring_rescued_total", "Jobs of lost nodes taken care of.", self.rescued),
            ("mainspring_skipped_total", "Fires that did not become jobs.", self.skipped),
            ("mainspring_quarantined_total", "Schedules out of service.", self.quarantined),
            ("mainspring_store_failures_total", "Calls that failed.", self.store_failures),
            ("mainspring_clock_jumps_total", "Times the clock was set.", self.clock_jumps),
        ] {
            text.one(name, "counter", help, count)?;
        }
        text.histogram("mainspring_store_seconds", "Answers of the store.", &self.store_calls)
    }
}

/// Writes what Prometheus reads.
struct Text<'a, 'f>(&'a mut fmt::Formatter<'f>);

impl Text<'_, '_> {
    fn head(&mut self, name: &str, kind: &str, help: &str) -> fmt::Result {
        writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}")
    }

    fn one(&mut self, name: &str, kind: &str, help: &str, value: u64) -> fmt::Result {
        self.head(name, kind, help)?;
        writeln!(self.0, "{name} {value}")
    }

    fn histogram(&mut self, name: &str, help: &str, histogram: &Histogram) -> fmt::Result {
        self.head(name, "histogram", help)?;
        let mut so_far = 0;
        for (bound, count) in BOUNDS.iter().zip(histogram.counts) {
            so_far += count;
            writeln!(self.0, "{name}_bucket{{le=\"{}\"}} {so_far}", bound.as_secs_f64())?;
        }
        let all = histogram.count();
        writeln!(self.0, "{name}_bucket{{le=\"+Inf\"}} {all}")?;
        writeln!(self.0, "{name}_sum {}\n{name}_count {all}", histogram.sum.as_secs_f64())
    }
}

/// The numbers as they grow.
///
/// What one thread counts as runs begin lies far from what others count as they end: in memory that
/// is close together, threads that count keep one another waiting. Hence the order is this one.
#[derive(Debug, Default)]
#[repr(C)]
pub(crate) struct Numbers {
    pub(crate) started: Counter,
    pub(crate) lateness: Timings,
    pub(crate) leases_lost: Counter,
    pub(crate) rescued: Counter,
    pub(crate) skipped: Counter,
    pub(crate) quarantined: Counter,
    pub(crate) store_calls: Timings,
    pub(crate) store_failures: Counter,
    pub(crate) clock_jumps: Counter,
    pub(crate) ended: [Counter; Outcome::ALL.len()],
    pub(crate) durations: Timings,
}

impl Numbers {
    /// A run has ended.
    pub(crate) fn ended(&self, outcome: Outcome, took: Duration) {
        self.ended[usize::from(outcome.code())].add(1);
        self.durations.observe(took);
    }

    pub(crate) fn read(&self, is_well: bool, queued: Option<Count>) -> Metrics {
        // Ends first: what began in between is not taken for ended.
        let ended = core::array::from_fn(|at| self.ended[at].read());
        let started = self.started.read();
        Metrics {
            is_well,
            queued,
            started,
            running: started.saturating_sub(ended.iter().sum()),
            ended,
            lateness: self.lateness.read(),
            durations: self.durations.read(),
            leases_lost: self.leases_lost.read(),
            rescued: self.rescued.read(),
            skipped: self.skipped.read(),
            quarantined: self.quarantined.read(),
            store_calls: self.store_calls.read(),
            store_failures: self.store_failures.read(),
            clock_jumps: self.clock_jumps.read(),
        }
    }
}

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A histogram as it grows.
#[derive(Debug, Default)]
pub(crate) struct Timings {
    counts: [Counter; BOUNDS.len() + 1],
    micros: Counter,
}

impl Timings {
    pub(crate) fn observe(&self, took: Duration) {
        self.counts[BOUNDS.partition_point(|&bound| bound < took)].add(1);
        self.micros.add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }

    fn read(&self) -> Histogram {
        let counts = core::array::from_fn(|at| self.counts[at].read());
        Histogram { counts, sum: Duration::from_micros(self.micros.read()) }
    }
}

/// How many jobs are counted when the queue is measured: a scrape costs no more than that.
pub const COUNTED: u32 = 10_000;

/// The bounds of histograms: from what a store in memory takes to what people call late.
pub const BOUNDS: [Duration; 12] = [
    Duration::from_micros(100),
    Duration::from_millis(1),
    Duration::from_millis(5),
    Duration::from_millis(25),
    Duration::from_millis(100),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_secs(120),
    Duration::from_secs(600),
    Duration::from_secs(3_600),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_observation_is_counted_at_the_first_bound_that_it_does_not_exceed() {
        let timings = Timings::default();
        for took in [Duration::ZERO, BOUNDS[0], BOUNDS[0] * 2, BOUNDS[11], BOUNDS[11] * 2] {
            timings.observe(took);
        }
        let read = timings.read();
        assert_eq!(read.counts, [2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
        assert_eq!((read.count(), read.sum), (5, BOUNDS[0] * 3 + BOUNDS[11] * 3));
    }

    #[test]
    fn prometheus_reads_cumulative_buckets() {
        let numbers = Numbers::default();
        numbers.started.add(2);
        numbers.ended(Outcome::TimedOut, Duration::from_secs(2));
        let text = numbers.read(true, Some(Count::AtLeast(10_000))).to_string();
        for line in [
            "mainspring_up 1",
            "mainspring_queued_jobs 10000",
            "mainspring_running 1",
            "mainspring_runs_ended_total{outcome=\"timed_out\"} 1",
            "mainspring_runs_ended_total{outcome=\"succeeded\"} 0",
            "mainspring_run_seconds_bucket{le=\"0.0001\"} 0",
            "mainspring_run_seconds_bucket{le=\"1\"} 0",
            "mainspring_run_seconds_bucket{le=\"5\"} 1",
            "mainspring_run_seconds_bucket{le=\"3600\"} 1",
            "mainspring_run_seconds_bucket{le=\"+Inf\"} 1",
            "mainspring_run_seconds_sum 2",
            "mainspring_run_seconds_count 1",
        ] {
            assert!(text.lines().any(|one| one == line), "`{line}` is missing in\n{text}");
        }
        let names = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
        let mut names: Vec<_> = names.collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all, "each name is told once");
    }
}
