//! A configuration file's schedules and settings, in the words of the runtime.

use std::path::Path;

use mainspring::Schedule;
use mainspring_contract::Tag;
use mainspring_contract::record::Put;
use mainspring_core::settings::{Priority, Retry, Settings as Core, Timeout};
use tracing::{info, warn};

use crate::config::schedule::Schedule as Configured;
use crate::config::task::{Backoff, Settings, Task};

/// Where the schedules of `file` say they come from: its name, so that the file may be moved.
///
/// # Errors
/// If the path has no file name.
pub(crate) fn source(file: &Path) -> Result<String, String> {
    let name = file.file_name().ok_or_else(|| format!("`{}` is no file", file.display()))?;
    Ok(format!("file:{}", name.to_string_lossy()))
}

/// A schedule as the runtime wants it.
pub(crate) fn schedule(configured: &Configured, tasks: &[Task]) -> Schedule {
    let Configured { name, trigger, task, .. } = configured;
    let overrides = overrides(configured, tasks);
    let mut schedule = Schedule::new(name, task, trigger.clone()).paused(configured.paused);
    schedule = schedule.policies(configured.policies);
    for exclusion in &configured.exclusions {
        schedule = schedule.exclude(exclusion.clone());
    }
    if let Some(tags) = &overrides.tags {
        schedule = schedule.tags(tags.iter().map(Tag::as_str));
    }
    schedule.settings(settings(&overrides))
}

/// What a schedule says differently from its task.
pub(crate) fn overrides(configured: &Configured, tasks: &[Task]) -> Settings {
    let mut overrides = configured.overrides.clone();
    if overrides.retries.is_some() || overrides.backoff.is_some() {
        // Retries and backoff override as one; what the schedule leaves out is the task's.
        let task = tasks.iter().find(|other| other.name == configured.task);
        let task = task.map(|task| &task.settings);
        overrides.retries = overrides.retries.or_else(|| task?.retries);
        overrides.backoff = overrides.backoff.or_else(|| task?.backoff);
    }
    overrides
}

/// Settings as the core wants them.
pub(crate) fn settings(configured: &Settings) -> Core {
    let retry = match (configured.retries, configured.backoff) {
        (None, None) => None,
        (max, None) => Some(Retry::times(max.unwrap_or(0))),
        (max, Some(Backoff { wait, jitter })) => {
            Some(Retry { max: max.unwrap_or(0), backoff: wait, jitter })
        }
    };
    Core {
        priority: configured.priority.and_then(Priority::new),
        timeout: configured.timeout.map(Timeout::After),
        retry,
        max_rescues: configured.rescues,
    }
}

/// Logs what became of a schedule.
pub(crate) fn report(schedule: &str, put: Put) {
    match put {
        Put::Created => info!(target: "mainspring::schedule", schedule, "added"),
        Put::Replaced => info!(target: "mainspring::schedule", schedule, "changed"),
        Put::Unchanged => {}
        Put::Kept | Put::Rejected | Put::OtherSource => warn!(
            target: "mainspring::schedule",
            schedule,
            "a schedule of this name was written down elsewhere and stays as it is; choose \
             another name here",
        ),
    }
}
