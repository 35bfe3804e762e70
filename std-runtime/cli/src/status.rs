//! `mainspring status`: what a store holds, also while a daemon works on it.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use mainspring_contract::record::{Job, JobState, Run};
use mainspring_contract::store::{JobFilter, Page, RunFilter, RunView, ScheduleView, Unreadable};
use mainspring_contract::trigger::TriggerForm;
use mainspring_contract::{Store, TaskId};
use mainspring_core::schedule::Next;
use mainspring_core::time::Timestamp;
use mainspring_sqlite::SqliteStore;
use serde_json::{Value, json};

use crate::config::{Config, Host, Loaded, StorePlace};
use crate::moment::Moments;
use crate::table::Table;
use crate::{BAD_INPUT, clock, output};

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
    jobs: Vec<Job>,
    runs: Vec<RunView>,
}

/// Shows the status.
pub(crate) fn main(options: &Options) -> ExitCode {
    let place = match place(options) {
        Ok(place) => place,
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

/// The store that is meant, or the exit code after telling why there is none.
fn place(options: &Options) -> Result<StorePlace, ExitCode> {
    if let Some(file) = &options.file {
        let Loaded { config, problems } = Config::load(file, &Host::of_process(clock::now()));
        if config.is_none() {
            for problem in problems {
                let _ = writeln!(io::stderr().lock(), "{problem}");
            }
        }
        return config.map(|config| config.store).ok_or_else(|| ExitCode::from(BAD_INPUT));
    }
    let text = options.store.as_deref().unwrap_or_default();
    match text.split_once(':') {
        Some(("sqlite", path)) if !path.is_empty() => {
            Ok(StorePlace::Sqlite(path.strip_prefix("//").unwrap_or(path).into()))
        }
        Some(("memory", "")) => Ok(StorePlace::Memory),
        _ => {
            output::complain(&format!("unknown store `{text}` (write `sqlite:PATH`)"));
            Err(ExitCode::from(BAD_INPUT))
        }
    }
}

async fn read(place: &StorePlace, runs: u32) -> Result<Status, String> {
    let StorePlace::Sqlite(path) = place else {
        return Err("a `memory:` store can be seen by its own daemon only (read its log, or \
                    write `store = \"sqlite:PATH\"`)"
            .to_owned());
    };
    // Looking must not make a database where there is none.
    if !path.exists() {
        let path = path.display();
        return Err(format!("there is no database `{path}` yet (start `mainspring serve` first)"));
    }
    let store = SqliteStore::open(path).await.map_err(|error| error.to_string())?;
    collect(&store, runs).await.map_err(|error| error.to_string())
}

async fn collect(store: &impl Store, runs: u32) -> Result<Status, mainspring_contract::StoreError> {
    let mut schedules = Vec::new();
    let mut page = Page { after: None, limit: PAGE };
    loop {
        let part = store.schedules(&page).await?;
        let Some(last) = part.last() else { break };
        page.after = Some(last.schedule.spec.id.clone());
        schedules.extend(part);
    }
    let mut jobs = Vec::new();
    let page = Page { after: None, limit: PAGE };
    let mut filter = JobFilter { task: None, schedule: None, held_by: None, page };
    loop {
        let part = store.jobs(&filter).await?;
        let Some(last) = part.last() else { break };
        filter.page.after = Some(last.id);
        jobs.extend(part);
    }
    let runs = store.runs(&RunFilter::newest(runs)).await?;
    let unreadable = store.unreadable(PAGE).await?;
    Ok(Status { schedules, unreadable, jobs, runs })
}

fn in_tables(out: &mut dyn Write, status: &Status, moments: &Moments) -> io::Result<()> {
    let mut table = Table::new(["SCHEDULE", "TASK", "NEXT", "LAST RUN", "OUTCOME"]);
    for view in &status.schedules {
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
    table.print(out)?;
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
    writeln!(out)?;
    let mut table = Table::new(["ENDED", "TASK", "SCHEDULE", "ATTEMPT", "TOOK", "OUTCOME"]);
    for RunView { run, .. } in &status.runs {
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

fn next(view: &ScheduleView, moments: &Moments) -> String {
    let schedule = &view.schedule;
    match schedule.next {
        _ if schedule.quarantine.is_some() => "out of service".to_owned(),
        _ if schedule.spec.paused => "paused".to_owned(),
        Next::At(at) => moments.show(at),
        Next::Done => "no more".to_owned(),
    }
}

/// Jobs that are not over, by task.
fn waiting(out: &mut dyn Write, jobs: &[Job]) -> io::Result<()> {
    let mut by_task: BTreeMap<&TaskId, [usize; 2]> = BTreeMap::new();
    for job in jobs {
        let running = usize::from(matches!(job.state, JobState::Leased { .. }));
        by_task.entry(&job.task).or_default()[running] += 1;
    }
    if by_task.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    let mut table = Table::new(["TASK", "WAITING", "RUNNING"]);
    for (task, [waiting, running]) in by_task {
        table.row([task.to_string(), waiting.to_string(), running.to_string()]);
    }
    table.print(out)
}

fn in_json(out: &mut dyn Write, status: &Status) -> io::Result<()> {
    let schedules: Vec<Value> = status.schedules.iter().map(schedule_json).collect();
    let jobs: Vec<Value> = status.jobs.iter().map(job_json).collect();
    let runs: Vec<Value> = status.runs.iter().map(|view| run_json(&view.run)).collect();
    let unreadable = status.unreadable.iter();
    let unreadable: Vec<Value> =
        unreadable.map(|one| json!({ "id": one.name, "reason": one.reason })).collect();
    let all = json!({
        "schedules": schedules, "unreadable": unreadable, "jobs": jobs, "runs": runs,
    });
    serde_json::to_writer_pretty(&mut *out, &all)?;
    writeln!(out)
}

fn schedule_json(view: &ScheduleView) -> Value {
    let schedule = &view.schedule;
    let spec = &schedule.spec;
    let trigger = serde_json::from_slice::<TriggerForm>(&spec.trigger.bytes).ok();
    json!({
        "id": spec.id.as_str(),
        "task": spec.task.as_str(),
        "source": spec.source.as_str(),
        "trigger": trigger,
        "paused": spec.paused,
        "quarantine": schedule.quarantine,
        "next": instant(schedule.next.at()),
        "last_fire": instant(schedule.last_fire_at),
        "last_run": view.last_run.as_ref().map(run_json),
    })
}

fn job_json(job: &Job) -> Value {
    let (state, at, node) = match &job.state {
        JobState::Waiting { ready_at } => ("waiting", Some(*ready_at), None),
        JobState::Leased { lease, .. } => ("running", Some(lease.until), Some(&lease.node)),
        JobState::Settled { finished_at, .. } => ("settled", Some(*finished_at), None),
    };
    json!({
        "id": job.id.to_string(),
        "task": job.task.as_str(),
        "schedule": job.schedule.as_ref().map(|id| id.as_str()),
        "fire_at": instant(job.fire_at),
        "attempt": job.attempt(),
        "state": state,
        "at": instant(at),
        "node": node.map(|node| node.as_str()),
    })
}

fn run_json(run: &Run) -> Value {
    let detail = run.ended.detail.as_ref();
    let output = detail.and_then(|detail| detail.output.as_ref());
    json!({
        "job": run.job.to_string(),
        "task": run.task.as_str(),
        "schedule": run.schedule.as_ref().map(|id| id.as_str()),
        "fire_at": instant(run.fire_at),
        "attempt": run.attempt,
        "token": run.token.number(),
        "node": run.node.as_ref().map(|node| node.as_str()),
        "started_at": instant(run.ended.started_at),
        "finished_at": instant(Some(run.ended.finished_at)),
        "outcome": run.ended.outcome.name(),
        "settled": run.settled,
        "error": detail.and_then(|detail| detail.error.as_deref()),
        "output": output.and_then(|out| serde_json::from_slice::<Value>(&out.bytes).ok()),
    })
}

fn instant(at: Option<Timestamp>) -> Option<String> {
    at.map(|at| at.to_string())
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
