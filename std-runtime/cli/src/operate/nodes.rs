//! `mainspring nodes`: who plans and works on a store.

use std::process::ExitCode;

use clap::Args;
use mainspring::{Role, Span};
use mainspring_contract::node::NodeView;
use mainspring_contract::store::Page;
use serde_json::Value;

use super::{Answer, Client, PAGE, Trouble, Where};
use crate::json;
use crate::table::Table;

/// What `nodes` is told.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    place: Where,
    /// Only those that do this: both, planner or worker
    #[arg(long, value_parser = role)]
    role: Option<Role>,
}

/// Reads a role.
///
/// # Errors
/// What to write instead.
pub(crate) fn role(text: &str) -> Result<Role, String> {
    let found = Role::ALL.into_iter().find(|role| role.name() == text);
    found.ok_or_else(|| "write `both`, `planner` or `worker`".to_owned())
}

/// Does what is asked for.
pub(crate) fn main(options: &Options) -> ExitCode {
    super::main(&options.place, async |client| {
        let mut nodes = all(client).await?;
        nodes.retain(|view| options.role.is_none_or(|role| view.node.role == role));
        let json: Value = nodes.iter().map(json::node).collect();
        Ok(Answer::new(json, move |out| {
            let mut table =
                Table::new(["NODE", "ROLE", "SINCE", "HEARD", "CLOCK", "PROGRAM", "TAGS", "TASKS"]);
            for NodeView { node, beat_at, lost } in &nodes {
                let heard = client.moments.show(*beat_at);
                table.row([
                    node.id.to_string(),
                    node.role.name().to_owned(),
                    client.moments.show(node.started_at),
                    if *lost { format!("{heard}, lost") } else { heard },
                    offset(node.clock_offset),
                    node.program.to_string(),
                    node.tags.to_string(),
                    node.tasks.iter().map(|id| id.as_str()).collect::<Vec<_>>().join(", "),
                ]);
            }
            table.print(out)
        }))
    })
}

/// Every node that the store knows.
pub(super) async fn all(client: &Client) -> Result<Vec<NodeView>, Trouble> {
    let mut page = Page::first(PAGE);
    let mut all: Vec<NodeView> = Vec::new();
    loop {
        let part = client.scheduler.nodes(&page).await?;
        let Some(last) = part.last() else { return Ok(all) };
        page.after = Some(last.node.id.clone());
        all.extend(part);
    }
}

/// How far a clock is ahead, to the millisecond.
pub(crate) fn offset(ahead: Span) -> String {
    let millis = ahead.as_micros() / 1_000;
    format!(
        "{}{}.{:03}s",
        if millis < 0 { "-" } else { "+" },
        millis.abs() / 1_000,
        millis.abs() % 1_000
    )
}
