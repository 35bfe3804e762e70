//! `mainspring status`: what a store holds, also while a daemon works on it.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use mainspring::Scheduler;
use mainspring_contract::record::Run;
use mainspring_contract::store::{
    JobFilter, Place, RunFilter, RunView, ScheduleFilter, ScheduleView, SkipFilter, SkipView,
    Unreadable,
};
use mainspring_contract::{ScheduleId, TaskId};
use mainspring_core::schedule::Next;
use mainspring_core::time::Timestamp;
use mainspring_core::trigger::Count;
use serde_json::{Value, json};

use crate::moment::Moments;
use crate::operate::tasks;
use crate::place::StorePlace;
use crate::table::Table;
use crate::{clock, json, output, place};

/// What `status` is told.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The daemon's configuration file
    #[arg(required_unless_present = "store", conflicts_with = "store")]
    file: Option<PathBuf>,
    /// The database itself, such as sqlite:/var/lib/jobs.db
    #[arg(long)]
    store: Option<String>,
    /// How many of the most recent runs to show
    #[arg(long, value_name = "COUNT", default_value_t = 10)]
    runs: u32,
    /// The time zone in which instants are shown [default: the machine's]
    #[arg(long, value_name = "ZONE", default_value = "local", hide_default_value = true)]
    tz: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Everything that is shown.
struct Status {
    schedules: Vec<ScheduleView>,
    unreadable: Vec<Unreadable>,
    jobs: Jobs,
    runs: Vec<RunView>,
    skips: Vec<SkipView>,
}

/// Jobs that are not over: how many, as reading each of a long line would take long.
struct Jobs {
    /// Of each task that has some.
    of_tasks: Vec<(TaskId, [Count; 3])>,
    /// Of all tasks, also those that nobody has put.
    all: Count,
}

/// Shows the status.
pub(crate) fn main(options: &Options) -> ExitCode {
    let place = match place::find(options.file.as_deref(), options.store.as_deref()) {
        Ok((place, _)) => place,
        Err(code) => return code,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let shown = runtime
        .map_err(|error| format!("cannot start: {error}"))
        .and_then(|runtime| runtime.block_on(read(&place, options.runs)))
        .and_then(|status| Ok((status, Moments::new(&options.tz, clock::now())?)));
    match shown {
        Ok((status, moments)) => {
            let print = |out: &mut dyn Write| {
                if options.json { in_json(out, &status) } else { in_tables(out, &status, &moments) }
            };
            output::print(|out| print(out)).map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS)
        }
        Err(message) => {
            output::complain(&message);
            ExitCode::FAILURE
        }
    }
}

async fn read(place: &StorePlace, runs: u32) -> Result<Status, String> {
    let client = place.reader().await?;
    collect(&client, runs).await.map_err(|error| error.to_string())
}

async fn collect(client: &Scheduler, runs: u32) -> Result<Status, mainspring::Error> {
    let mut schedules = Vec::new();
    let mut filter = ScheduleFilter::first(PAGE);
    loop {
        let part = client.schedules(&filter).await?;
        let Some(last) = part.last() else { break };
        filter.page.after = Some(last.schedule.spec.id.clone());
        schedules.extend(part);
    }
    let jobs = count(client).await?;
    let runs = client.runs(&RunFilter::newest(runs)).await?;
    let unreadable = client.unreadable(PAGE).await?;
    let skips = client.skips(&SkipFilter::newest(PAGE)).await?;
    Ok(Status { schedules, unreadable, jobs, runs, skips })
}

async fn count(client: &Scheduler) -> Result<Jobs, mainspring::Error> {
    let mut of_tasks = Vec::new();
    for task in tasks::all(client).await? {
        let mut counts = [Count::Exact(0); 3];
        for (count, place) in counts.iter_mut().zip(COLUMNS) {
            let (task, place) = (Some(task.id.clone()), Some(place));
            let filter = JobFilter { task, place, ..JobFilter::first(0) };
            *count = client.count_jobs(&filter, COUNTED).await?;
        }
        if counts != [Count::Exact(0); 3] {
            of_tasks.push((task.id, counts));
        }
    }
    Ok(Jobs { of_tasks, all: client.count_jobs(&JobFilter::first(0), COUNTED).await? })
}

fn in_tables(out: &mut dyn Write, status: &Status, moments: &Moments) -> io::Result<()> {
    schedules(out, &status.schedules, moments)?;
    for view in &status.schedules {
        if let Some(reason) = &view.schedule.quarantine {
            let id = &view.schedule.spec.id;
            writeln!(out, "\n`{id}` is out of service: {reason}")?;
        }
    }
    for Unreadable { name, reason } in &status.unreadable {
        writeln!(out, "\n`{name}` is out of service: its record cannot be read: {reason}")?;
    }
    waiting(out, &status.jobs)?;
    skipped(out, &status.skips, moments)?;
    writeln!(out)?;
    runs(out, &status.runs, moments)
}

/// Attempts, newest first.
pub(crate) fn runs(out: &mut dyn Write, runs: &[RunView], moments: &Moments) -> io::Result<()> {
    let mut table = Table::new(["ENDED", "TASK", "SCHEDULE", "ATTEMPT", "TOOK", "OUTCOME"]);
    for RunView { run, .. } in runs {
        let took = run.ended.started_at.map(|started| run.ended.finished_at.since(started));
        let error = run.ended.detail.as_ref().and_then(|detail| detail.error.as_deref());
        let outcome = run.ended.outcome;
        table.row([
            moments.show(ended_at(run)),
            run.task.to_string(),
            run.schedule.as_ref().map_or_else(String::new, ToString::to_string),
            run.attempt.to_string(),
            took.map_or_else(String::new, short),
            error.map_or_else(|| outcome.to_string(), |error| format!("{outcome}: {error}")),
        ]);
    }
    table.print(out)
}

/// Schedules with what is next and what was last.
pub(crate) fn schedules(
    out: &mut dyn Write,
    schedules: &[ScheduleView],
    moments: &Moments,
) -> io::Result<()> {
    let mut table = Table::new(["SCHEDULE", "TASK", "NEXT", "LAST RUN", "OUTCOME"]);
    for view in schedules {
        let spec = &view.schedule.spec;
        let last = view.last_run.as_ref();
        table.row([
            spec.id.to_string(),
            spec.task.to_string(),
            next(view, moments),
            last.map_or_else(|| "never".to_owned(), |run| moments.show(ended_at(run))),
            last.map_or_else(String::new, |run| run.ended.outcome.to_string()),
        ]);
    }
    table.print(out)
}

/// What comes next for a schedule, or why nothing does.
pub(crate) fn next(view: &ScheduleView, moments: &Moments) -> String {
    let schedule = &view.schedule;
    match (schedule.next, schedule.pause) {
        _ if schedule.quarantine.is_some() => "out of service".to_owned(),
        _ if schedule.spec.paused => "paused where it is written down".to_owned(),
        (_, Some(pause)) => format!("paused {}", pause.reason.name()),
        (Next::At(at), None) => moments.show(at),
        (Next::AfterRun, None) => "after its run".to_owned(),
        (Next::Done, None) => "no more".to_owned(),
    }
}

/// Jobs that are not over, by task.
fn waiting(out: &mut dyn Write, jobs: &Jobs) -> io::Result<()> {
    if !jobs.of_tasks.is_empty() {
        writeln!(out)?;
        let mut table = Table::new(["TASK", "WAITING", "HELD", "RUNNING"]);
        for (task, counts) in &jobs.of_tasks {
            let [waiting, held, running] = counts.map(tasks::show);
            table.row([task.to_string(), waiting, held, running]);
        }
        table.print(out)?;
    }
    match jobs.strangers() {
        Some(0) | None => Ok(()),
        Some(count) => {
            writeln!(out, "\njobs of tasks that no node has told of: {count}")
        }
    }
}

impl Jobs {
    /// How many jobs no known task accounts for, if that can be said: jobs may come and go between
    /// two counts, and counting may have stopped early.
    fn strangers(&self) -> Option<u64> {
        let exact = |count: &Count| match count {
            Count::Exact(count) => Some(*count),
            Count::AtLeast(_) => None,
        };
        let counts = self.of_tasks.iter().flat_map(|(_, counts)| counts);
        let known = counts.map(exact).sum::<Option<u64>>()?;
        Some(exact(&self.all)?.saturating_sub(known))
    }

    fn json(&self) -> Value {
        let of_tasks = self.of_tasks.iter().map(|(task, [waiting, held, running])| {
            json!({
                "task": task.as_str(),
                "waiting": waiting.value(),
                "waiting_is_exact": is_exact(*waiting),
                "held": held.value(),
                "held_is_exact": is_exact(*held),
                "running": running.value(),
                "running_is_exact": is_exact(*running),
            })
        });
        json!({
            "count": self.all.value(),
            "count_is_exact": is_exact(self.all),
            "of_tasks": of_tasks.collect::<Vec<_>>(),
        })
    }
}

fn is_exact(count: Count) -> bool {
    matches!(count, Count::Exact(_))
}

/// Due fires that became no job, by schedule and reason, as far as the newest records go.
pub(crate) fn skipped(
    out: &mut dyn Write,
    skips: &[SkipView],
    moments: &Moments,
) -> io::Result<()> {
    let mut by_reason: BTreeMap<(&ScheduleId, &str), (Count, Timestamp)> = BTreeMap::new();
    for SkipView { schedule, skip, .. } in skips {
        let entry = by_reason.entry((schedule, skip.reason.name()));
        let (count, last) = entry.or_insert((Count::Exact(0), skip.to));
        (*count, *last) = (count.plus(skip.count), skip.to.max(*last));
    }
    if by_reason.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    let mut table = Table::new(["SKIPPED", "WHY", "FIRES", "LAST"]);
    for ((schedule, reason), (count, last)) in by_reason {
        let count = match count {
            Count::Exact(count) => count.to_string(),
            Count::AtLeast(count) => format!("at least {count}"),
        };
        table.row([schedule.to_string(), reason.to_owned(), count, moments.show(last)]);
    }
    table.print(out)
}

fn in_json(out: &mut dyn Write, status: &Status) -> io::Result<()> {
    let schedules: Vec<Value> = status.schedules.iter().map(json::schedule).collect();
    let runs: Vec<Value> = status.runs.iter().map(|view| json::run(&view.run)).collect();
    let skips: Vec<Value> = status.skips.iter().map(json::skip).collect();
    let unreadable = status.unreadable.iter();
    let unreadable: Vec<Value> =
        unreadable.map(|one| json!({ "id": one.name, "reason": one.reason })).collect();
    let all = json!({
        "schedules": schedules, "unreadable": unreadable, "jobs": status.jobs.json(),
        "runs": runs, "skips": skips,
    });
    serde_json::to_writer_pretty(&mut *out, &all)?;
    writeln!(out)
}

fn ended_at(run: &Run) -> Timestamp {
    run.ended.finished_at
}

/// A length of time with three digits at most: nobody reads microseconds in a table.
fn short(span: mainspring_core::time::Span) -> String {
    let millis = span.as_micros() / 1_000;
    match millis {
        ..1_000 => format!("{millis}ms"),
        1_000..60_000 => format!("{}.{}s", millis / 1_000, millis % 1_000 / 100),
        _ => mainspring_core::time::Span::from_secs(millis / 1_000).to_string(),
    }
}

/// Entries that one call of the store brings.
const PAGE: u32 = 500;
/// Counting the jobs of a task stops at so many.
const COUNTED: u32 = 10_000;
/// Where jobs are counted.
const COLUMNS: [Place; 3] = [Place::Waiting, Place::Held, Place::Leased];
