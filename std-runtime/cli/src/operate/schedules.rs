//! `mainspring schedules`: list, show, add, remove, pause, resume, run and backfill.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use mainspring::trigger::AnyTrigger;
use mainspring::zone::Zones;
use mainspring::{Backfilled, Count, Error, Resume};
use mainspring_contract::record::Schedule;
use mainspring_contract::store::{
    RunFilter, RunView, ScheduleFilter, ScheduleView, SkipFilter, SkipView,
};
use mainspring_contract::trigger::TriggerForm;
use mainspring_contract::{Source, Tag, TaskId};
use mainspring_core::time::Timestamp;
use mainspring_core::trigger::Trigger;
use serde_json::{Value, json};

use super::add::{New, add, remove};
use super::{Answer, Client, PAGE, Trouble, Where};
use crate::config::table::did_you_mean;
use crate::moment::Moments;
use crate::next::Instant;
use crate::progress::Progress;
use crate::{clock, json, status};

/// What `schedules` is told.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    place: Where,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List schedules with their next fire and last outcome
    List {
        /// Only those of this task
        #[arg(long)]
        task: Option<TaskId>,
        /// Only those that name this tag
        #[arg(long)]
        tag: Option<Tag>,
        /// Only those that were written down there
        #[arg(long)]
        source: Option<Source>,
    },
    /// Show one schedule, its recent runs, and what it has skipped
    Show {
        /// The schedule
        name: String,
    },
    /// Add a schedule that no file has
    Add(Box<New>),
    /// Remove schedules; their jobs that exist already stay
    Remove {
        /// The schedules
        #[arg(required = true)]
        names: Vec<String>,
        /// Also those that a file or a program has written down
        #[arg(long)]
        force: bool,
    },
    /// Stop a schedule from firing until it is resumed
    Pause {
        /// The schedule
        name: String,
    },
    /// Let a paused schedule fire again
    ///
    /// What came due in the meantime is made up for as its `coalesce` and `misfire_grace` say,
    /// unless --from says where to go on.
    Resume {
        /// The schedule
        name: String,
        /// Go on with the first fire from here, `now` or an instant; what came before is skipped
        #[arg(long, value_name = "TIME")]
        from: Option<Point>,
    },
    /// Queue a job of a schedule now, besides its fires
    Run {
        /// The schedule
        name: String,
    },
    /// Queue a job for each fire of a range of the past, each once however often this is asked
    ///
    /// Says how many there would be; with --yes it queues them.
    Backfill {
        /// The schedule
        name: String,
        /// The first instant
        #[arg(long, value_name = "TIME")]
        from: Instant,
        /// The last instant
        #[arg(long, value_name = "TIME")]
        to: Instant,
        /// Queue them
        #[arg(long)]
        yes: bool,
    },
}

/// Where a schedule goes on.
#[derive(Clone, Copy, Debug)]
enum Point {
    Now,
    At(Timestamp),
}

impl core::str::FromStr for Point {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "now" {
            return Ok(Self::Now);
        }
        text.parse().map(Self::At).map_err(|error: <Timestamp as core::str::FromStr>::Err| {
            format!("{error}; or write `now`")
        })
    }
}

/// Does what is asked for.
pub(crate) fn main(options: &Options) -> ExitCode {
    super::main(&options.place, async |client| match &options.verb {
        Verb::List { task, tag, source } => {
            let filter = ScheduleFilter {
                task: task.clone(),
                tag: tag.clone(),
                source: source.clone(),
                ..ScheduleFilter::first(PAGE)
            };
            list(client, filter).await
        }
        Verb::Show { name } => show(client, name).await,
        Verb::Add(new) => add(client, new).await,
        Verb::Remove { names, force } => remove(client, names, *force).await,
        Verb::Pause { name } => pause(client, name).await,
        Verb::Resume { name, from } => resume(client, name, *from).await,
        Verb::Run { name } => run(client, name).await,
        Verb::Backfill { name, from, to, yes } => {
            backfill(client, name, (from.0, to.0), *yes).await
        }
    })
}

async fn list(client: &Client, mut filter: ScheduleFilter) -> Result<Answer<'_>, Trouble> {
    let mut all: Vec<ScheduleView> = Vec::new();
    loop {
        let part = client.scheduler.schedules(&filter).await?;
        let Some(last) = part.last() else { break };
        filter.page.after = Some(last.schedule.spec.id.clone());
        all.extend(part);
    }
    let json = all.iter().map(json::schedule).collect();
    Ok(Answer::new(json, move |out| status::schedules(out, &all, &client.moments)))
}

async fn show<'c>(client: &'c Client, name: &str) -> Result<Answer<'c>, Trouble> {
    let scheduler = &client.scheduler;
    let view = scheduler.schedule(name).await?;
    let Some(view) = view else { return Err(missing(client, name).await) };
    let id = Some(view.schedule.spec.id.clone());
    let runs =
        scheduler.runs(&RunFilter { schedule: id.clone(), ..RunFilter::newest(SHOWN) }).await?;
    let skips = scheduler.skips(&SkipFilter { schedule: id, ..SkipFilter::newest(PAGE) }).await?;
    let json = json!({
        "schedule": json::schedule(&view),
        "runs": runs.iter().map(|view| json::run(&view.run)).collect::<Vec<_>>(),
        "skips": skips.iter().map(json::skip).collect::<Vec<_>>(),
    });
    let detail = Detail { view, runs, skips };
    Ok(Answer::new(json, move |out| detail.print(out, &client.moments)))
}

/// There is no such schedule, and which there is that is called nearly like that.
pub(super) async fn missing(client: &Client, name: &str) -> Trouble {
    let all = client.scheduler.schedules(&ScheduleFilter::first(PAGE)).await.unwrap_or_default();
    let names = all.iter().map(|view| view.schedule.spec.id.as_str());
    let way_out = did_you_mean(name, names)
        .unwrap_or_else(|| "`mainspring schedules list` shows those that there are".to_owned());
    Trouble::Other(format!("there is no schedule `{name}` ({way_out})"))
}

/// What a verb on a schedule answers, or which schedule may have been meant.
async fn of<T>(client: &Client, name: &str, answer: Result<T, Error>) -> Result<T, Trouble> {
    match answer {
        Err(error) if error.is_missing() => Err(missing(client, name).await),
        answer => Ok(answer?),
    }
}

/// One schedule with what became of its fires.
struct Detail {
    view: ScheduleView,
    runs: Vec<RunView>,
    skips: Vec<SkipView>,
}

impl Detail {
    fn print(&self, out: &mut dyn Write, moments: &Moments) -> io::Result<()> {
        let schedule = &self.view.schedule;
        let spec = &schedule.spec;
        writeln!(out, "schedule  {}", spec.id)?;
        writeln!(out, "task      {}", spec.task)?;
        writeln!(out, "source    {}", spec.source)?;
        writeln!(out, "trigger   {}", trigger(schedule))?;
        writeln!(out, "overlap   {}", spec.policies.overlap.name())?;
        writeln!(out, "coalesce  {}", spec.policies.coalesce.name())?;
        if let Some(exclusions) = &spec.exclusions {
            writeln!(out, "excludes  {}", String::from_utf8_lossy(&exclusions.bytes))?;
        }
        writeln!(out, "next      {}", status::next(&self.view, moments))?;
        if let Some(pause) = schedule.pause {
            writeln!(out, "paused    {}, {}", pause.reason.name(), moments.show(pause.since))?;
        }
        if let Some(reason) = &schedule.quarantine {
            writeln!(out, "out of service: {reason}")?;
        }
        match spec.policies.limit {
            Some(limit) => writeln!(out, "fired     {} of {limit}", schedule.fired)?,
            None => writeln!(out, "fired     {}", schedule.fired)?,
        }
        if !self.runs.is_empty() {
            writeln!(out)?;
            status::runs(out, &self.runs, moments)?;
        }
        status::skipped(out, &self.skips, moments)
    }
}

/// What the trigger does, or its stored form if this program cannot read it.
fn trigger(schedule: &Schedule) -> String {
    let stored = &schedule.spec.trigger;
    let compiled = serde_json::from_slice::<TriggerForm>(&stored.bytes)
        .ok()
        .and_then(|form| AnyTrigger::compile(&form, &Zones::system()).ok());
    compiled.map_or_else(
        || String::from_utf8_lossy(&stored.bytes).into_owned(),
        |trigger| trigger.description().to_string(),
    )
}

async fn pause<'c>(client: &'c Client, name: &str) -> Result<Answer<'c>, Trouble> {
    let changed = of(client, name, client.scheduler.pause(name).await).await?;
    let line = if changed { "paused" } else { "was paused already" };
    let json = json!({ "schedule": name, "changed": changed });
    Ok(Answer::line(json, format!("`{name}` {line}")))
}

async fn resume<'c>(
    client: &'c Client,
    name: &str,
    from: Option<Point>,
) -> Result<Answer<'c>, Trouble> {
    let point = match from {
        None => Resume::Owed,
        Some(Point::Now) => Resume::At(clock::now()),
        Some(Point::At(at)) => Resume::At(at),
    };
    let changed = of(client, name, client.scheduler.resume(name, point).await).await?;
    let next = client.scheduler.schedule(name).await?;
    let at = next.as_ref().and_then(|view| view.schedule.next.at());
    let json = json!({
        "schedule": name, "changed": changed, "next": at.map(|at| at.to_string()),
    });
    let next = next.map_or_else(String::new, |view| status::next(&view, &client.moments));
    let line = if changed { "resumed" } else { "was not paused" };
    Ok(Answer::line(json, format!("`{name}` {line}; next: {next}")))
}

async fn run<'c>(client: &'c Client, name: &str) -> Result<Answer<'c>, Trouble> {
    let job = of(client, name, client.scheduler.run_now(name).await).await?;
    let Some(job) = job else {
        return Err(Trouble::Other(format!(
            "an earlier job of `{name}` is not over, and its `overlap` lets no other one in (see \
             `mainspring jobs list --schedule {name}`)"
        )));
    };
    Ok(Answer::line(json!({ "schedule": name, "job": job.to_string() }), job.to_string()))
}

async fn backfill<'c>(
    client: &'c Client,
    name: &str,
    (from, to): (Timestamp, Timestamp),
    yes: bool,
) -> Result<Answer<'c>, Trouble> {
    let count = client.scheduler.backfill_count(name, from..=to).await;
    let count = of(client, name, count).await?;
    let mut json: Value = json!({
        "schedule": name,
        "fires": count.value(),
        "fires_is_exact": matches!(count, Count::Exact(_)),
    });
    if !yes {
        let at_least = if matches!(count, Count::Exact(_)) { "" } else { "at least " };
        let fires = count.value();
        let line =
            format!("{at_least}{fires} fires in this range (add `--yes` to queue their jobs)");
        return Ok(Answer::line(json, line));
    }
    let all = matches!(count, Count::Exact(_)).then(|| count.value());
    let mut progress = Progress::new("fires", all);
    let watch = |done: Backfilled| progress.reached(done.queued + done.known);
    let done = client.scheduler.backfill_watched(name, from..=to, watch).await;
    progress.done();
    let Backfilled { queued, known } = done?;
    json["queued"] = queued.into();
    json["known"] = known.into();
    Ok(Answer::line(json, format!("queued {queued} jobs; {known} had been queued before")))
}

/// How many of the most recent runs are shown.
const SHOWN: u32 = 10;
