//! `mainspring schedules add` and `remove`: schedules that no file has.

use clap::Args;
use mainspring::trigger::AnyTrigger;
use mainspring::zone::Zones;
use mainspring::{Conflict, Overlap, Schedule, Span};
use mainspring_contract::record::Put;
use mainspring_contract::{Tag, TaskId};
use serde_json::{Value, json};

use super::{Answer, Client, Trouble, schedules, tasks};
use crate::config::table::did_you_mean;
use crate::config::trigger::stored::name_zones;
use crate::next::trigger_or_file;
use crate::status;

/// A schedule that is to be added.
#[derive(Debug, Args)]
pub(super) struct New {
    /// The schedule
    name: String,
    /// The task that it runs
    #[arg(long)]
    task: TaskId,
    /// When it fires, as text or as JSON, or @ and the name of a file that holds it
    ///
    /// The same as `trigger` in a configuration file: cron 0 9 * * mon-fri in Europe/Berlin;
    /// every 15m; at 2027-01-01T00:00:00Z; calendar 1mo anchor 2026-01-31 at 09:30.
    #[arg(long, value_name = "TRIGGER-or-@FILE")]
    trigger: String,
    /// The arguments of its jobs, for a task that takes some
    #[arg(long, value_name = "JSON", default_value = "null", hide_default_value = true)]
    arguments: Value,
    /// What becomes of a schedule of this name that was added before: reject, keep or replace
    #[arg(long, value_name = "WHAT", default_value = "reject", value_parser = conflict)]
    on_conflict: Conflict,
    /// While one job is not over: allow, skip, queue or cancel
    #[arg(long, value_parser = overlap)]
    overlap: Option<Overlap>,
    /// How late a fire may still become a job
    #[arg(long, value_name = "SPAN")]
    misfire_grace: Option<Span>,
    /// How often a job that failed is tried again
    #[arg(long, value_name = "COUNT")]
    retries: Option<u16>,
    /// What a node must offer to run its jobs; may be repeated
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<Tag>,
    /// Add it paused
    #[arg(long)]
    paused: bool,
}

fn conflict(text: &str) -> Result<Conflict, String> {
    match text {
        "reject" => Ok(Conflict::Reject),
        "keep" => Ok(Conflict::Keep),
        "replace" => Ok(Conflict::Replace),
        _ => Err("write `reject`, `keep` or `replace`".to_owned()),
    }
}

fn overlap(text: &str) -> Result<Overlap, String> {
    let found = Overlap::ALL.into_iter().find(|overlap| overlap.name() == text);
    found.ok_or_else(|| "write `allow`, `skip`, `queue` or `cancel`".to_owned())
}

/// Adds a schedule.
pub(super) async fn add<'c>(client: &'c Client, new: &New) -> Result<Answer<'c>, Trouble> {
    let New { name, .. } = new;
    let schedule = schedule(new)?;
    known(client, &new.task).await?;
    let word = match client.scheduler.put_with(schedule, new.on_conflict).await? {
        Put::Created => "added",
        Put::Replaced => "replaced",
        Put::Unchanged => "unchanged",
        Put::Kept => "kept",
        Put::Rejected | Put::OtherSource => {
            return Err(Trouble::Other(format!(
                "there is a schedule `{name}` already (add `--on-conflict replace` to change it)"
            )));
        }
    };
    let view = client.scheduler.schedule(name).await?;
    let next = view.as_ref().map_or_else(String::new, |view| status::next(view, &client.moments));
    let at = view.as_ref().and_then(|view| view.schedule.next.at());
    let json = json!({ "schedule": name, "became": word, "next": at.map(|at| at.to_string()) });
    Ok(Answer::line(json, format!("`{name}` {word}; next: {next}")))
}

fn schedule(new: &New) -> Result<Schedule, Trouble> {
    let mut form = trigger_or_file(&new.trigger).map_err(Trouble::Input)?;
    name_zones(&mut form);
    // What cannot be planned is refused before the store is asked.
    AnyTrigger::compile(&form, &Zones::system()).map_err(|error| {
        Trouble::Input(format!("--trigger \"{}\": {error}", new.trigger.escape_debug()))
    })?;
    let mut schedule = Schedule::new(&new.name, new.task.as_str(), form)
        .source(SOURCE)
        .arguments(&new.arguments)
        .paused(new.paused);
    if let Some(overlap) = new.overlap {
        schedule = schedule.overlap(overlap);
    }
    if let Some(grace) = new.misfire_grace {
        schedule = schedule.misfire_grace(grace.to_duration());
    }
    if let Some(retries) = new.retries {
        schedule = schedule.retries(retries);
    }
    if !new.tags.is_empty() {
        schedule = schedule.tags(new.tags.iter().map(Tag::as_str));
    }
    Ok(schedule)
}

/// The jobs of a task that nobody knows would wait for ever.
async fn known(client: &Client, task: &TaskId) -> Result<(), Trouble> {
    let known = tasks::all(&client.scheduler).await?;
    if known.iter().any(|known| known.id == *task) {
        return Ok(());
    }
    let hint = did_you_mean(task.as_str(), known.iter().map(|task| task.id.as_str()));
    let hint = hint.unwrap_or_else(|| "`mainspring tasks` shows those that it knows".to_owned());
    Err(Trouble::Input(format!(
        "the store knows no task `{task}`: {hint} (a task is known once a node with it has started)"
    )))
}

/// Removes schedules.
pub(super) async fn remove<'c>(
    client: &'c Client,
    names: &[String],
    force: bool,
) -> Result<Answer<'c>, Trouble> {
    for name in names {
        match client.scheduler.schedule(name).await {
            Ok(Some(view)) if view.schedule.spec.source.as_str() != SOURCE && !force => {
                let source = &view.schedule.spec.source;
                return Err(Trouble::Other(format!(
                    "schedule `{name}` is written down in `{source}` (remove it there; with \
                     `--force` it is gone until that is read again)"
                )));
            }
            Ok(None) => return Err(schedules::missing(client, name).await),
            // One that cannot be read can be removed nevertheless.
            Ok(Some(_)) | Err(_) => {}
        }
    }
    let mut removed = Vec::new();
    for name in names {
        if client.scheduler.remove(name).await? {
            removed.push(name.as_str());
        }
    }
    let lines: Vec<_> = removed.iter().map(|name| format!("`{name}` removed")).collect();
    Ok(Answer::line(json!({ "removed": removed }), lines.join("\n")))
}

/// Where schedules were written down that were added by hand.
const SOURCE: &str = "person";
