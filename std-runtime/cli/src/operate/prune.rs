//! `mainspring prune`: forgets old history before a daemon does.

use std::process::ExitCode;

use clap::Args;
use mainspring::Span;
use serde_json::json;

use super::{Answer, Client, Trouble, Where};
use crate::progress::Progress;

/// What `prune` is told.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    place: Where,
    /// Forget runs and skips that were recorded longer ago than this, such as 7d
    #[arg(long, value_name = "SPAN")]
    older_than: Span,
}

/// Does what is asked for.
pub(crate) fn main(options: &Options) -> ExitCode {
    super::main(&options.place, async |client| prune(client, options.older_than).await)
}

async fn prune(client: &Client, older_than: Span) -> Result<Answer<'_>, Trouble> {
    if older_than < Span::ZERO {
        let message = format!("`{older_than}` lies ahead (write a span of the past, such as 7d)");
        return Err(Trouble::Input(message));
    }
    let before = client.scheduler.store_clock().await? - older_than;
    let mut progress = Progress::new("records forgotten", None);
    let mut gone = 0_u64;
    loop {
        match client.scheduler.prune(before).await? {
            0 => break,
            some => gone += u64::from(some),
        }
        progress.reached(gone);
    }
    progress.done();
    let line = format!("forgot {gone} records from before {}", client.moments.show(before));
    Ok(Answer::line(json!({ "forgotten": gone, "before": before.to_string() }), line))
}
