//! `[schedules.NAME]`: when something is run.

use std::path::Path;

use mainspring_contract::exclude::ExcludeForm;
use mainspring_contract::trigger::TriggerForm;
use mainspring_core::schedule::Policies;

use super::table::{At, Table, did_you_mean, list};
use super::task::{self, OWN_KEYS, PROGRAM_KEYS, SETTING_KEYS, Settings, Task};
use super::{Host, bad_name, exclude, policies, trigger};

/// The keys of a schedule besides those of its trigger, policies and task.
const SCHEDULE_KEYS: [&str; 3] = ["task", "exclude", "paused"];

/// A trigger, a task and what to do about missed fires.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    /// The name that the store and people use.
    pub(crate) name: String,
    /// When it fires.
    pub(crate) trigger: TriggerForm,
    /// The name of the task that it runs.
    pub(crate) task: String,
    /// What it says differently from its task.
    pub(crate) overrides: Settings,
    /// When it does not fire.
    pub(crate) exclusions: Vec<ExcludeForm>,
    /// What becomes of its fires.
    pub(crate) policies: Policies,
    /// Whether it starts out paused.
    pub(crate) paused: bool,
}

/// What schedules take from around them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Around<'a> {
    /// The directory that relative paths start from.
    pub(super) base: &'a Path,
    /// The zone of cron patterns without one.
    pub(super) zone: &'a str,
    /// Where and when the file is read.
    pub(super) host: &'a Host,
}

/// Reads all of `[schedules]`, adding the tasks that they describe inline to `tasks`.
pub(super) fn read_all(
    root: Table<'_>,
    around: Around<'_>,
    tasks: &mut Vec<Task>,
) -> Vec<Schedule> {
    let Some((at, table)) = root.table("schedules", "[schedules.nightly]") else {
        return Vec::new();
    };
    let schedules = root.inner("[schedules]", at, table);
    let mut all = Vec::new();
    let mut inline = Vec::new();
    let names = TaskNames::of(root);
    for (name, value) in schedules.entries() {
        if let Some(why) = bad_name(name.value) {
            schedules.problems().error(name.at, format!("the name of a schedule {why}"));
        }
        let shown = format!("[schedules.{}]", name.value);
        let Some(table) = value.get_ref().as_table() else {
            schedules.wrong(name.value, value, "write a table, such as `[schedules.nightly]`");
            continue;
        };
        let table = schedules.inner(&shown, name.at, table);
        let (runs, task) = Runs::read(table, name.value, around.base, &names);
        inline.extend(task);
        all.extend(read(table, name.value, runs, around));
    }
    warn_of_unused(root, schedules);
    tasks.append(&mut inline);
    all
}

fn read(table: Table<'_>, name: &str, runs: Option<Runs>, around: Around<'_>) -> Option<Schedule> {
    let own = [&trigger::KEYS[..], &SCHEDULE_KEYS, &policies::KEYS];
    let keys = [&own.concat()[..], &PROGRAM_KEYS, &OWN_KEYS, &SETTING_KEYS];
    table.allow(&keys.concat());
    let trigger = trigger::read(table, name, around.zone, around.host);
    let policies = policies::read(table);
    let exclusions = exclude::read(table, around.zone, around.host);
    let paused = table.flag("paused").unwrap_or(false);
    let Runs { task, overrides } = runs?;
    Some(Schedule {
        name: name.to_owned(),
        trigger: trigger?,
        task,
        overrides,
        exclusions,
        policies,
        paused,
    })
}

/// What a schedule runs.
struct Runs {
    task: String,
    overrides: Settings,
}

impl Runs {
    /// A named task, or an inline one, which is then also given.
    fn read(
        table: Table<'_>,
        name: &str,
        base: &Path,
        names: &TaskNames<'_>,
    ) -> (Option<Self>, Option<Task>) {
        let inline = PROGRAM_KEYS.iter().any(|key| table.has(key));
        if table.has("task") {
            if inline {
                table.refuse(&PROGRAM_KEYS, "stands beside `task`: keep one of the two");
            }
            let moved = "belongs to the task: move it there, or write the command here instead of \
                         `task`";
            table.refuse(&OWN_KEYS, moved);
            let overrides = task::settings(table);
            let task = table.text("task", "\"backup\"").filter(|task| names.check(table, task));
            return (task.map(|task| Self { task: task.value, overrides }), None);
        }
        if !inline {
            let message = format!(
                "{} does not say what to run: write `task = \"NAME\"`, `run = [\"program\"]` or \
                 `shell = \"a shell line\"`",
                table.name
            );
            table.problems().missing(table.at, message);
            let _ = task::settings(table);
            return (None, None);
        }
        if names.0.contains(&name) {
            let message = format!(
                "{} would make a task `{name}`, but there is a `[tasks.{name}]`: write `task = \
                 \"{name}\"`, or rename one of the two",
                table.name
            );
            table.problems().error(table.at, message);
        }
        let task = task::read(table, name, base);
        let runs = task
            .as_ref()
            .map(|task| Self { task: task.name.clone(), overrides: Settings::default() });
        (runs, task)
    }
}

/// The names under `[tasks]`, of broken tasks too, so that one mistake is reported once.
struct TaskNames<'a>(Vec<&'a str>);

impl<'a> TaskNames<'a> {
    fn of(root: Table<'a>) -> Self {
        let tasks = root.value("tasks").and_then(|tasks| tasks.get_ref().as_table());
        Self(tasks.into_iter().flat_map(|t| t.keys()).map(|key| key.get_ref().as_ref()).collect())
    }

    fn check(&self, table: Table<'_>, task: &At<String>) -> bool {
        let known = self.0.contains(&task.value.as_str());
        if !known {
            let hint = if self.0.is_empty() {
                format!("there is no `[tasks.{}]`", task.value)
            } else {
                let tasks = format!("tasks of this file: {}", list(&self.0));
                let near = did_you_mean(&task.value, self.0.iter().copied());
                near.map_or_else(|| tasks.clone(), |near| format!("{near} {tasks}"))
            };
            table.problems().missing(task.at, format!("unknown task `{}` ({hint})", task.value));
        }
        known
    }
}

fn warn_of_unused(root: Table<'_>, schedules: Table<'_>) {
    let used: Vec<_> = schedules
        .entries()
        .into_iter()
        .filter_map(|(_, schedule)| schedule.get_ref().as_table()?.get("task")?.get_ref().as_str())
        .collect();
    let Some(tasks) = root.value("tasks").and_then(|tasks| tasks.get_ref().as_table()) else {
        return;
    };
    for key in tasks.keys().filter(|key| !used.contains(&key.get_ref().as_ref())) {
        let message = format!("no schedule runs the task `{}`", key.get_ref());
        root.problems().warning(key.span().start, message);
    }
}
