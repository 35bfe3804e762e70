//! `mainspring doctor`: whether a store and those who work on it are well.
//!
//! It changes nothing and looks at no more than a few thousand rows of anything. What it finds it
//! tells with the way out.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

use clap::Args;
use mainspring::Span;
use mainspring::zone::Zones;
use mainspring_contract::node::NodeView;
use mainspring_contract::record::{Job, JobState};
use mainspring_contract::store::{
    During, JobFilter, Page, Place, ScheduleFilter, Standing, Unreadable,
};
use mainspring_contract::{ScheduleId, Tags, TaskId};
use mainspring_core::domain::Origin;
use mainspring_core::limits;
use mainspring_core::time::Timestamp;
use serde_json::{Value, json};

use super::{Answer, Client, PAGE, Trouble, Where, migrate, nodes};
use crate::clock;
use crate::place::StorePlace;

/// What `doctor` is told.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    place: Where,
}

/// One thing that was looked at.
struct Check {
    name: &'static str,
    /// What is worth knowing if it is well.
    note: String,
    /// What is wrong, each with the way out.
    problems: Vec<String>,
}

impl Check {
    fn new(name: &'static str, note: impl Into<String>, problems: Vec<String>) -> Self {
        Self { name, note: note.into(), problems }
    }
}

/// Looks at everything.
pub(crate) fn main(options: &Options) -> ExitCode {
    super::at(&options.place.place, async |place, config| {
        let schema = schema(place).await;
        let mut checks = Vec::new();
        let is_usable = schema.problems.is_empty();
        checks.push(schema);
        if is_usable {
            let client = super::client(&options.place, place, config).await?;
            examine(&client, &mut checks).await?;
        }
        Ok(super::show(report(place, checks), options.place.place.json))
    })
}

async fn schema(place: &StorePlace) -> Check {
    let (note, problem) = match migrate::plan(place).await {
        Ok(owed) => ("every table is as this program needs it", migrate::lacking(place, &owed)),
        Err(error) => ("", Some(error.to_string())),
    };
    Check::new("schema", note, problem.into_iter().collect())
}

async fn examine(client: &Client, checks: &mut Vec<Check>) -> Result<(), Trouble> {
    let (sent, now) = (clock::now(), client.scheduler.store_clock().await?);
    // The answer was made half way between the question and its arrival, or thereabouts.
    let ahead =
        Span::from_micros((clock::now().since(now).as_micros() + sent.since(now).as_micros()) / 2);
    let nodes = nodes::all(client).await?;
    checks.push(clocks(ahead, &nodes));
    checks.push(lost(client, &nodes));
    checks.push(leases(client, now).await?);
    checks.push(planning(client, now).await?);
    checks.push(waiting(client, now, &nodes).await?);
    checks.push(held(client).await?);
    checks.push(unreadable(client).await?);
    let zones = format!("time zones: {}", Zones::system().version());
    checks.push(Check::new("zones", zones, Vec::new()));
    Ok(())
}

fn clocks(here: Span, nodes: &[NodeView]) -> Check {
    let way_out = "set the clocks by NTP; nothing runs at a wrong time by this";
    let is_off = |ahead: Span| ahead.as_micros().abs() > limits::CLOCK_OFF.as_micros();
    let mut problems = Vec::new();
    let mut judge = |whose: String, ahead: Span| {
        if is_off(ahead) {
            let ahead = nodes::offset(ahead);
            problems.push(format!("the clock of {whose} is {ahead} off the store's ({way_out})"));
        }
    };
    judge("this machine".to_owned(), here);
    for view in nodes.iter().filter(|view| !view.lost) {
        judge(format!("node `{}`", view.node.id), view.node.clock_offset);
    }
    let note = format!("this machine is {} off the store", nodes::offset(here));
    Check::new("clocks", note, problems)
}

fn lost(client: &Client, nodes: &[NodeView]) -> Check {
    let lost = nodes.iter().filter(|view| view.lost);
    let told = lost.map(|NodeView { node, beat_at, .. }| {
        let heard = client.moments.show(*beat_at);
        format!(
            "node `{}` was last heard of at {heard} (start it again, or wait: it is forgotten \
             after a day)",
            node.id
        )
    });
    let problems: Vec<_> = told.collect();
    let note = format!("{} at work", nodes.len() - problems.len());
    Check::new("nodes", note, problems)
}

/// Leases end by themselves; somebody has to notice.
async fn leases(client: &Client, now: Timestamp) -> Result<Check, Trouble> {
    let leased = JobFilter { place: Some(Place::Leased), ..JobFilter::first(PAGE) };
    let leased = jobs(client, leased).await?;
    let until = |job: &Job| match &job.state {
        JobState::Leased { lease, .. } => Some((lease.until, lease.node.clone())),
        _ => None,
    };
    let lapsed = leased.iter().filter_map(|job| Some((job, until(job)?)));
    let lapsed = lapsed.filter(|(_, (until, _))| now.since(*until) > SPARE);
    let problems = lapsed.map(|(job, (until, node))| {
        format!(
            "job {} of `{}`: the lease of node `{node}` ended at {}, and nobody took it over \
             (start a daemon whose role is `both` or `planner`)",
            job.id,
            job.task,
            client.moments.show(until),
        )
    });
    Ok(Check::new("leases", format!("{} held", leased.len()), problems.collect()))
}

/// Schedules that are due, and nobody plans them.
async fn planning(client: &Client, now: Timestamp) -> Result<Check, Trouble> {
    let next = During { from: None, before: Some(now - SPARE) };
    let standing = Some(Standing::Active);
    let filter = ScheduleFilter { next, standing, ..ScheduleFilter::first(SHOWN) };
    let late = client.scheduler.schedules(&filter).await?;
    let problems = late.iter().map(|view| {
        let schedule = &view.schedule;
        let at = schedule.next.at().map_or_else(String::new, |at| client.moments.show(at));
        format!(
            "schedule `{}` was due at {at}, and nobody plans it (start a daemon whose role is \
             `both` or `planner`)",
            schedule.spec.id
        )
    });
    Ok(Check::new("planning", "no schedule is overdue", problems.collect()))
}

/// Jobs that are ready, and no live node offers what they need.
async fn waiting(client: &Client, now: Timestamp, nodes: &[NodeView]) -> Result<Check, Trouble> {
    let filter = JobFilter { place: Some(Place::Waiting), ..JobFilter::first(PAGE) };
    let mut needed: BTreeMap<(TaskId, Tags), usize> = BTreeMap::new();
    for job in jobs(client, filter).await? {
        if let JobState::Waiting { ready_at } = job.state
            && now.since(ready_at) > SPARE
        {
            *needed.entry((job.task, job.tags)).or_default() += 1;
        }
    }
    let workers = || nodes.iter().filter(|view| !view.lost && view.node.role.works());
    let problems = needed.iter().filter_map(|((task, tags), count)| {
        let knows = |view: &&NodeView| view.node.tasks.contains(task);
        if workers().any(|view| knows(&view) && view.node.tags.covers(tags)) {
            return None;
        }
        let what = match workers().any(|view| knows(&view)) {
            true => format!("offers the tags `{tags}` (give them to a node that runs it)"),
            false => "runs it (start a daemon or a worker that does)".to_owned(),
        };
        Some(format!("jobs of task `{task}` wait ({count}), and no node {what}"))
    });
    let problems = problems.collect();
    Ok(Check::new("waiting", "every task that has jobs is offered", problems))
}

/// Jobs that are held, and nobody is there for whom they could be held.
async fn held(client: &Client) -> Result<Check, Trouble> {
    let filter = JobFilter { place: Some(Place::Held), ..JobFilter::first(PAGE) };
    let held = jobs(client, filter).await?;
    let schedules: BTreeSet<ScheduleId> =
        held.iter().filter_map(|job| job.schedule.clone()).collect();
    let mut problems = Vec::new();
    for schedule in schedules {
        let filter = JobFilter { schedule: Some(schedule.clone()), ..JobFilter::first(PAGE) };
        let in_turn = jobs(client, filter).await?;
        let ahead = in_turn.iter().any(|job| {
            job.origin != Origin::Backfill && Place::of(&job.state) != Some(Place::Held)
        });
        if !ahead {
            problems.push(format!(
                "jobs of schedule `{schedule}` are held, and no earlier one is there (cancel them \
                 with `mainspring jobs cancel`, or put the schedule again; this is a defect: \
                 please report it)"
            ));
        }
    }
    Ok(Check::new("held", format!("{} held behind others", held.len()), problems))
}

/// Schedules that are out of service.
async fn unreadable(client: &Client) -> Result<Check, Trouble> {
    let rows = client.scheduler.unreadable(SHOWN).await?;
    let mut problems: Vec<_> = rows
        .into_iter()
        .map(|Unreadable { name, reason }| {
            format!("the record of schedule `{name}` cannot be read: {reason} (put it again)")
        })
        .collect();
    let standing = Some(Standing::Quarantined);
    let filter = ScheduleFilter { standing, ..ScheduleFilter::first(SHOWN) };
    for view in client.scheduler.schedules(&filter).await? {
        let reason = view.schedule.quarantine.as_deref().unwrap_or_default();
        let id = &view.schedule.spec.id;
        problems.push(format!("schedule `{id}` is out of service: {reason} (put it again)"));
    }
    Ok(Check::new("records", "every schedule can be read", problems))
}

/// The first few thousand of these jobs.
async fn jobs(client: &Client, mut filter: JobFilter) -> Result<Vec<Job>, Trouble> {
    let mut all: Vec<Job> = Vec::new();
    while all.len() < LOOKED_AT {
        let part = client.scheduler.jobs(&filter).await?;
        let Some(last) = part.last() else { break };
        filter.page = Page { after: Some(last.id), limit: PAGE };
        all.extend(part);
    }
    Ok(all)
}

fn report(place: &StorePlace, checks: Vec<Check>) -> Answer<'static> {
    let healthy = checks.iter().all(|check| check.problems.is_empty());
    let entry = |check: &Check| {
        json!({
            "check": check.name, "note": check.note, "problems": check.problems,
        })
    };
    let json = json!({
        "store": place.to_string(),
        "healthy": healthy,
        "checks": checks.iter().map(entry).collect::<Vec<Value>>(),
    });
    let answer = Answer::new(json, move |out| {
        for Check { name, note, problems } in &checks {
            if problems.is_empty() {
                writeln!(out, "ok    {name}: {note}")?;
            }
            for problem in problems {
                writeln!(out, "wrong {name}: {problem}")?;
            }
        }
        Ok(())
    });
    answer.failing_if(!healthy)
}

/// How long after its time something may still be on its way: a claim on a schedule ends five
/// seconds after it was due, and nodes look at least every five seconds.
const SPARE: Span = Span::from_secs(15);

/// How many jobs of a kind are looked at.
const LOOKED_AT: usize = 5_000;

/// How many schedules of a kind are told.
const SHOWN: u32 = 20;
