//! Tasks that run commands.

use mainspring::Task;
use mainspring::process::Commands;
use mainspring_contract::Tag;

use crate::config::task::Task as Configured;
use crate::plan;

/// Makes tasks of what a file says; their commands run under one daemon's lock.
#[derive(Debug)]
pub(crate) struct JobTasks {
    commands: Commands,
}

impl JobTasks {
    pub(crate) fn new(commands: Commands) -> Self {
        Self { commands }
    }

    /// The tasks of a file.
    pub(crate) fn of(&self, configured: &[Configured]) -> Vec<Task> {
        configured.iter().map(|task| self.task(task)).collect()
    }

    fn task(&self, configured: &Configured) -> Task {
        let mut task = self
            .commands
            .task(&configured.name, configured.command.command())
            .settings(plan::settings(&configured.settings));
        if let Some(tags) = &configured.settings.tags {
            task = task.tags(tags.iter().map(Tag::as_str));
        }
        if let Some(max) = configured.max_running {
            task = task.max_running(max);
        }
        task
    }
}
