//! `mainspring jobs`: list, show, enqueue, cancel and retry.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use mainspring::{Cancelled, Hastened, JobId, Queued};
use mainspring_contract::record::{Job, JobState};
use mainspring_contract::store::{JobFilter, Place, RunFilter, RunView};
use mainspring_contract::{ScheduleId, Tag, TaskId};
use mainspring_core::settings::Priority;
use mainspring_core::time::Span;
use serde_json::{Value, json};

use super::{Answer, Client, PAGE, Trouble, Where};
use crate::config::Config;
use crate::config::table::did_you_mean;
use crate::moment::Moments;
use crate::table::Table;
use crate::{json, status};

/// What `jobs` is told.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    place: Where,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the jobs that are not over
    List {
        /// Only those of this task
        #[arg(long)]
        task: Option<TaskId>,
        /// Only those of this schedule
        #[arg(long)]
        schedule: Option<ScheduleId>,
        /// Only those that need this tag
        #[arg(long)]
        tag: Option<Tag>,
        /// Only those in this state: waiting, running or held
        #[arg(long, value_parser = place)]
        state: Option<Place>,
        /// At most so many
        #[arg(long, value_name = "COUNT", default_value_t = 100)]
        limit: usize,
    },
    /// Show one job, waiting, running or over, with its runs
    Show {
        /// The job
        #[arg(value_parser = job_id)]
        id: JobId,
    },
    /// Queue a job without any schedule, and print its id
    Enqueue(New),
    /// Run jobs again: one that waits for its next attempt at once, one that is over as a new job
    ///
    /// A job that waits is ready at once, whatever it waits for. The new job for one that is over
    /// has its task; if it was a schedule's, it is one more of that schedule, with the arguments
    /// that this has now. The arguments of other jobs are not kept after their end: say them again.
    Retry {
        /// The jobs
        #[arg(required = true, value_parser = job_id)]
        ids: Vec<JobId>,
        /// The arguments of a job that is over and was not a schedule's
        #[arg(long, value_name = "JSON")]
        arguments: Option<Value>,
    },
    /// Cancel jobs: those that wait are over, those that run are told to stop
    Cancel {
        /// The jobs
        #[arg(required = true, value_parser = job_id)]
        ids: Vec<JobId>,
    },
}

/// A job that is to be queued.
#[derive(Debug, Args)]
struct New {
    /// The task that it runs
    task: String,
    /// Its arguments, for a task that takes some
    #[arg(long, value_name = "JSON", default_value = "null", hide_default_value = true)]
    arguments: Value,
    /// What it stands for: while one job of the task with this key is not over, no other is queued
    #[arg(long, value_name = "TEXT")]
    key: Option<String>,
    /// How long it waits first
    #[arg(long, value_name = "SPAN")]
    delay: Option<Span>,
    /// 0 (first) to 9 (last) among the jobs of its task
    #[arg(long, value_name = "0-9", value_parser = priority)]
    priority: Option<Priority>,
}

fn priority(text: &str) -> Result<Priority, String> {
    let number = text.parse().ok().and_then(Priority::new);
    number.ok_or_else(|| "write a number from 0 to 9".to_owned())
}

fn place(text: &str) -> Result<Place, String> {
    match text {
        "waiting" => Ok(Place::Waiting),
        "running" => Ok(Place::Leased),
        "held" => Ok(Place::Held),
        _ => Err("write `waiting`, `running` or `held`".to_owned()),
    }
}

/// Does what is asked for.
pub(crate) fn main(options: &Options) -> ExitCode {
    super::main(&options.place, async |client| match &options.verb {
        Verb::List { task, schedule, tag, state, limit } => {
            let filter = JobFilter {
                task: task.clone(),
                schedule: schedule.clone(),
                tag: tag.clone(),
                place: *state,
                ..JobFilter::first(PAGE)
            };
            list(client, filter, *limit).await
        }
        Verb::Show { id } => show(client, *id).await,
        Verb::Enqueue(new) => enqueue(client, new).await,
        Verb::Retry { ids, arguments } => retry(client, ids, arguments.as_ref()).await,
        Verb::Cancel { ids } => cancel(client, ids).await,
    })
}

async fn list(client: &Client, mut filter: JobFilter, limit: usize) -> Result<Answer<'_>, Trouble> {
    let mut all: Vec<Job> = Vec::new();
    while all.len() < limit {
        let part = client.scheduler.jobs(&filter).await?;
        let Some(last) = part.last() else { break };
        filter.page.after = Some(last.id);
        all.extend(part);
    }
    all.truncate(limit);
    let json = all.iter().map(json::job).collect();
    Ok(Answer::new(json, move |out| {
        let mut table = Table::new(["JOB", "TASK", "SCHEDULE", "ATTEMPT", "STATE"]);
        for job in &all {
            table.row([
                job.id.to_string(),
                job.task.to_string(),
                job.schedule.as_ref().map_or_else(String::new, ToString::to_string),
                job.attempt().to_string(),
                state(job, &client.moments),
            ]);
        }
        table.print(out)
    }))
}

/// Where a job stands, in words.
fn state(job: &Job, moments: &Moments) -> String {
    match &job.state {
        JobState::Held { .. } => "held for an earlier job".to_owned(),
        JobState::Waiting { ready_at } => format!("ready {}", moments.show(*ready_at)),
        JobState::Leased { lease, cancel: false } => format!("running on {}", lease.node),
        JobState::Leased { lease, cancel: true } => format!("told to stop on {}", lease.node),
        JobState::Settled { outcome, .. } => outcome.to_string(),
    }
}

async fn show(client: &Client, id: JobId) -> Result<Answer<'_>, Trouble> {
    let job = client.scheduler.find_job(id).await?;
    let runs =
        client.scheduler.runs(&RunFilter { job: Some(id), ..RunFilter::newest(PAGE) }).await?;
    if job.is_none() && runs.is_empty() {
        return Err(missing(id));
    }
    let json = json!({
        "job": job.as_ref().map(json::job),
        "runs": runs.iter().map(|view| json::run(&view.run)).collect::<Vec<_>>(),
    });
    Ok(Answer::new(json, move |out| detail(out, job.as_ref(), &runs, &client.moments)))
}

fn detail(
    out: &mut dyn Write,
    job: Option<&Job>,
    runs: &[RunView],
    moments: &Moments,
) -> io::Result<()> {
    match job {
        Some(job) => {
            writeln!(out, "job       {}", job.id)?;
            writeln!(out, "task      {}", job.task)?;
            if let Some(schedule) = &job.schedule {
                writeln!(out, "schedule  {schedule}")?;
            }
            writeln!(out, "state     {}", state(job, moments))?;
        }
        None => writeln!(out, "the job is over")?,
    }
    if runs.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    status::runs(out, runs, moments)
}

/// A job's id on the command line.
fn job_id(text: &str) -> Result<JobId, &'static str> {
    let way_out = "no job has such an id (write it as `mainspring jobs list` shows it)";
    text.parse().map_err(|_| way_out)
}

fn missing(id: JobId) -> Trouble {
    let way_out = "`mainspring jobs list` shows those that are not over";
    Trouble::Other(format!("there is no job `{id}`, or it is forgotten ({way_out})"))
}

async fn enqueue<'c>(client: &'c Client, new: &New) -> Result<Answer<'c>, Trouble> {
    if let Some(config) = &client.config {
        known(config, &new.task)?;
    }
    let mut job = client.scheduler.job(&new.task, &new.arguments);
    if let Some(key) = &new.key {
        job = job.unique(key);
    }
    if let Some(delay) = new.delay {
        job = job.delay(delay.to_duration());
    }
    if let Some(priority) = new.priority {
        job = job.priority(priority);
    }
    let queued = job.enqueue().await?;
    let is_new = matches!(queued, Queued::New(_));
    let id = queued.id().to_string();
    Ok(Answer::line(json!({ "job": id, "new": is_new }), id))
}

/// A task that nobody knows would wait for ever.
fn known(config: &Config, task: &str) -> Result<(), Trouble> {
    if config.tasks.iter().any(|known| known.name == task) {
        return Ok(());
    }
    if let Some(hint) = did_you_mean(task, config.tasks.iter().map(|task| task.name.as_str())) {
        return Err(Trouble::Input(format!("unknown task `{task}`: {hint}")));
    }
    let names: Vec<_> = config.tasks.iter().map(|task| format!("`{}`", task.name)).collect();
    let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    Err(Trouble::Input(format!("unknown task `{task}` (tasks of this file: {names})")))
}

async fn cancel<'c>(client: &'c Client, ids: &[JobId]) -> Result<Answer<'c>, Trouble> {
    let mut lines = Vec::new();
    let mut all = Vec::new();
    let mut missing = 0;
    for id in ids {
        let (word, line) = match client.scheduler.cancel(*id).await? {
            Cancelled::Settled => ("cancelled", "is cancelled"),
            Cancelled::Asked => ("asked", "runs and is told to stop"),
            Cancelled::Over => ("over", "was over already"),
            Cancelled::Missing => {
                missing += 1;
                ("missing", "is not known")
            }
        };
        all.push(json!({ "job": id.to_string(), "became": word }));
        lines.push(format!("{id} {line}"));
    }
    Ok(Answer::line(all.into(), lines.join("\n")).failing_if(missing > 0))
}

async fn retry<'c>(
    client: &'c Client,
    ids: &[JobId],
    arguments: Option<&Value>,
) -> Result<Answer<'c>, Trouble> {
    let mut lines = Vec::new();
    let mut all = Vec::new();
    let mut failed = 0;
    for id in ids {
        let (word, job, line) = match client.scheduler.hasten(*id).await? {
            Hastened::Ready => ("ready", *id, format!("{id} is ready")),
            Hastened::Running => ("running", *id, format!("{id} is running")),
            Hastened::Held => ("held", *id, format!("{id} is held for an earlier job")),
            Hastened::Over => match again(client, *id, arguments).await {
                Ok(new) => ("queued", new, format!("{id} is over and runs again as {new}")),
                Err(trouble) if ids.len() == 1 => return Err(trouble),
                Err(Trouble::Input(why) | Trouble::Other(why)) => {
                    failed += 1;
                    ("failed", *id, why)
                }
            },
            Hastened::Missing => {
                failed += 1;
                ("missing", *id, format!("{id} is not known"))
            }
        };
        all.push(json!({ "job": job.to_string(), "of": id.to_string(), "became": word }));
        lines.push(line);
    }
    Ok(Answer::line(all.into(), lines.join("\n")).failing_if(failed > 0))
}

/// Queues a job like one that is over.
async fn again(client: &Client, id: JobId, arguments: Option<&Value>) -> Result<JobId, Trouble> {
    let filter = RunFilter { job: Some(id), ..RunFilter::newest(1) };
    let last = client.scheduler.runs(&filter).await?.pop();
    let run = last.ok_or_else(|| missing(id))?.run;
    if let Some(schedule) = &run.schedule {
        if arguments.is_some() {
            return Err(Trouble::Input(format!(
                "job {id} is one of schedule `{schedule}`, which says its arguments (leave \
                 `--arguments` out, or queue a job of task `{}`)",
                run.task
            )));
        }
        let job = client.scheduler.run_now(schedule.as_str()).await?;
        return job.ok_or_else(|| {
            Trouble::Other(format!(
                "an earlier job of `{schedule}` is not over, and its `overlap` lets no other one in"
            ))
        });
    }
    // The commands of a configuration file take no arguments.
    let is_command = client
        .config
        .as_ref()
        .is_some_and(|config| config.tasks.iter().any(|task| task.name == run.task.as_str()));
    let arguments = match (arguments, is_command) {
        (Some(arguments), _) => arguments,
        (None, true) => &Value::Null,
        (None, false) => {
            return Err(Trouble::Input(format!(
                "the arguments of job {id} are not kept now that it is over (say them with \
                 `--arguments JSON`; `null` for a task that takes none)"
            )));
        }
    };
    Ok(client.scheduler.enqueue(run.task.as_str(), arguments).await?)
}
