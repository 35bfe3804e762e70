//! `mainspring tasks`: what a store knows of tasks, and how much there is to do for each.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

use clap::Args;
use mainspring::{Count, Error, Scheduler};
use mainspring_contract::record::Task;
use mainspring_contract::store::{JobFilter, Page, Place};
use mainspring_contract::{NodeId, Tag, TaskId};
use mainspring_core::settings::{Settings, Timeout};
use serde_json::{Value, json};

use super::{Answer, Client, PAGE, Trouble, Where, nodes};
use crate::table::Table;

/// What `tasks` is told.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    place: Where,
    /// Count the jobs of a task up to so many
    #[arg(long, value_name = "COUNT", default_value_t = 10_000)]
    count: u32,
}

/// A task and what there is to do for it.
struct Load {
    task: Task,
    waiting: Count,
    running: Count,
    /// The live nodes that run it.
    nodes: BTreeSet<NodeId>,
}

/// Does what is asked for.
pub(crate) fn main(options: &Options) -> ExitCode {
    super::main(&options.place, async |client| {
        let loads = loads(client, options.count).await?;
        let json: Value = loads.iter().map(json).collect();
        Ok(Answer::new(json, move |out| {
            let mut table =
                Table::new(["TASK", "WAITING", "RUNNING", "LIMIT", "SETTINGS", "TAGS", "NODES"]);
            for Load { task, waiting, running, nodes } in &loads {
                table.row([
                    task.id.to_string(),
                    show(*waiting),
                    show(*running),
                    task.max_running.map_or_else(String::new, |max| max.to_string()),
                    settings(&task.settings),
                    task.tags.to_string(),
                    nodes.len().to_string(),
                ]);
            }
            table.print(out)
        }))
    })
}

/// Every task that somebody has put.
pub(crate) async fn all(client: &Scheduler) -> Result<Vec<Task>, Error> {
    let mut page = Page::first(PAGE);
    let mut all: Vec<Task> = Vec::new();
    loop {
        let part = client.tasks(&page).await?;
        let Some(last) = part.last() else { return Ok(all) };
        page.after = Some(last.id.clone());
        all.extend(part);
    }
}

async fn loads(client: &Client, up_to: u32) -> Result<Vec<Load>, Trouble> {
    let mut offered: BTreeMap<TaskId, BTreeSet<NodeId>> = BTreeMap::new();
    for view in nodes::all(client).await? {
        if view.lost || !view.node.role.works() {
            continue;
        }
        for task in view.node.tasks {
            offered.entry(task).or_default().insert(view.node.id.clone());
        }
    }
    let mut loads = Vec::new();
    for task in all(&client.scheduler).await? {
        let count = async |place| {
            let (task, place) = (Some(task.id.clone()), Some(place));
            let filter = JobFilter { task, place, ..JobFilter::first(0) };
            client.scheduler.count_jobs(&filter, up_to).await
        };
        let (waiting, running) = (count(Place::Waiting).await?, count(Place::Leased).await?);
        let nodes = offered.remove(&task.id).unwrap_or_default();
        loads.push(Load { task, waiting, running, nodes });
    }
    Ok(loads)
}

/// A count as people read it.
pub(crate) fn show(count: Count) -> String {
    match count {
        Count::Exact(count) => count.to_string(),
        Count::AtLeast(count) => format!("{count}+"),
    }
}

/// What a task says for its jobs, in a few words.
fn settings(settings: &Settings) -> String {
    let mut words = Vec::new();
    if let Some(priority) = settings.priority {
        words.push(format!("priority {}", priority.number()));
    }
    match settings.timeout {
        Some(Timeout::After(span)) => words.push(format!("timeout {span}")),
        Some(Timeout::Never) => words.push("no timeout".to_owned()),
        None => {}
    }
    if let Some(retry) = settings.retry {
        words.push(format!("retries {}", retry.max));
    }
    words.join(", ")
}

fn json(load: &Load) -> Value {
    let Load { task, waiting, running, nodes } = load;
    let is_exact = |count: &Count| matches!(count, Count::Exact(_));
    json!({
        "id": task.id.as_str(),
        "version": task.version,
        "max_running": task.max_running,
        "priority": task.settings.priority.map(|priority| priority.number()),
        "timeout": task.settings.timeout.and_then(Timeout::span).map(|span| span.to_string()),
        "retries": task.settings.retry.map(|retry| retry.max),
        "tags": task.tags.iter().map(Tag::as_str).collect::<Vec<_>>(),
        "waiting": waiting.value(),
        "waiting_is_exact": is_exact(waiting),
        "running": running.value(),
        "running_is_exact": is_exact(running),
        "nodes": nodes.iter().map(NodeId::as_str).collect::<Vec<_>>(),
    })
}
