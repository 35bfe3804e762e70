//! `[tasks.NAME]`: what can be run.

use std::collections::BTreeSet;
use std::path::Path;

use mainspring_contract::Tags;
use mainspring_core::limits::BACKOFF_MAX;
use mainspring_core::settings::Backoff as Wait;
use mainspring_core::time::Span;
use toml::Spanned;
use toml::de::DeValue;

use super::bad_name;
use super::table::{Table, shown};
use crate::command::{CommandSpec, DEFAULT_CAPTURE, Program};

/// Most retries a task can ask for: years of them, and no overflow anywhere.
const RETRIES_LIMIT: u32 = 10_000;
/// Most runs of one task at a time.
const RUNNING_LIMIT: u32 = 100_000;
/// Most output to keep with a run, since it lies in the store.
const CAPTURE_LIMIT: usize = 16 * 1024 * 1024;

/// The keys that say what to run.
pub(super) const PROGRAM_KEYS: [&str; 2] = ["run", "shell"];
/// The keys that belong to a task alone.
pub(super) const OWN_KEYS: [&str; 4] = ["env", "dir", "max_running", "capture"];
/// The keys that a schedule may override.
pub(super) const SETTING_KEYS: [&str; 6] =
    ["timeout", "retries", "backoff", "rescues", "priority", "tags"];

/// A command under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Task {
    /// The name that schedules and the store use.
    pub(crate) name: String,
    /// What to run.
    pub(crate) command: CommandSpec,
    /// What schedules may override.
    pub(crate) settings: Settings,
    /// Most runs at a time, over all nodes; `None`: any number.
    pub(crate) max_running: Option<u32>,
}

/// How the runs of a task are treated; `None`: as the next level says, in the end the built-in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Longest time that a run may take.
    pub(crate) timeout: Option<Span>,
    /// Runs after a failed one.
    pub(crate) retries: Option<u16>,
    /// The wait before a retry.
    pub(crate) backoff: Option<Backoff>,
    /// Runs after the daemon was lost in the middle of one.
    pub(crate) rescues: Option<u16>,
    /// 0 (first) to 9 (last).
    pub(crate) priority: Option<u8>,
    /// What a daemon must offer to run it.
    pub(crate) tags: Option<Tags>,
}

/// How long to wait before a retry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Backoff {
    /// The wait.
    pub(crate) wait: Wait,
    /// By how many percent chance may shorten it.
    pub(crate) jitter: u8,
}

/// Reads all of `[tasks]`.
pub(super) fn read_all(root: Table<'_>, base: &Path) -> Vec<Task> {
    let Some((at, table)) = root.table("tasks", "[tasks.backup]") else { return Vec::new() };
    let tasks = root.inner("[tasks]", at, table);
    let mut all = Vec::new();
    for (name, value) in tasks.entries() {
        if let Some(why) = bad_name(name.value) {
            tasks.problems().error(name.at, format!("the name of a task {why}"));
        }
        let shown = format!("[tasks.{}]", name.value);
        let Some(table) = value.get_ref().as_table() else {
            tasks.wrong(name.value, value, "write a table, such as `[tasks.backup]`");
            continue;
        };
        let table = tasks.inner(&shown, name.at, table);
        table.allow(&[&PROGRAM_KEYS[..], &OWN_KEYS, &SETTING_KEYS].concat());
        all.extend(read(table, name.value, base));
    }
    all
}

/// Reads one task from the table that has its keys. `None` if it has no usable program.
pub(super) fn read(table: Table<'_>, name: &str, base: &Path) -> Option<Task> {
    let program = program(table);
    let env = env(table);
    let dir = table.text("dir", "\"/srv\"").map(|dir| base.join(dir.value));
    let capture = capture(table).unwrap_or(DEFAULT_CAPTURE);
    let max_running = table.number("max_running", 1..=RUNNING_LIMIT);
    let settings = settings(table);
    let command = CommandSpec { program: program?, env, dir, capture };
    Some(Task { name: name.to_owned(), command, settings, max_running })
}

/// Reads what a task and a schedule can both say.
pub(super) fn settings(table: Table<'_>) -> Settings {
    Settings {
        timeout: table.span("timeout", Span::from_millis(1)),
        retries: table.number("retries", 0..=RETRIES_LIMIT).and_then(|n| n.try_into().ok()),
        backoff: backoff(table),
        rescues: table.number("rescues", 0..=RETRIES_LIMIT).and_then(|n| n.try_into().ok()),
        priority: table.number("priority", 0..=9),
        tags: tags(table),
    }
}

fn program(table: Table<'_>) -> Option<Program> {
    match (table.value("run"), table.value("shell")) {
        (Some(run), None) => argv(table, run),
        (None, Some(shell)) => shell_line(table, shell),
        (Some(_), Some(shell)) => {
            let message = format!("{} has both `run` and `shell`: keep one", table.name);
            table.problems().error(shell.span().start, message);
            None
        }
        (None, None) => {
            let message = format!(
                "{} does not say what to run: write `run = [\"program\", \"argument\"]` or \
                 `shell = \"a shell line\"`",
                table.name
            );
            table.problems().missing(table.at, message);
            None
        }
    }
}

fn argv(table: Table<'_>, run: &Spanned<DeValue<'_>>) -> Option<Program> {
    let wanted = "write a list of texts, such as `[\"program\", \"argument\"]`, or use `shell` for \
                  a line";
    let Some(list) = run.get_ref().as_array() else {
        table.wrong("run", run, wanted);
        return None;
    };
    let mut argv = Vec::new();
    for word in list.iter() {
        match word.get_ref().as_str() {
            Some(text) if text.contains('\0') => {
                table.wrong("run", word, "an argument cannot hold a zero byte");
            }
            Some("") if argv.is_empty() => table.wrong("run", word, "name a program"),
            Some(text) => argv.push(text.to_owned()),
            None => {
                let quoted =
                    format!("an argument is a text: write `\"{}\"`", shown(word.get_ref()));
                table.wrong("run", word, &quoted);
            }
        }
    }
    if list.is_empty() {
        table.problems().error(run.span().start, format!("`run` is an empty list: {wanted}"));
    }
    (argv.len() == list.len() && !argv.is_empty()).then_some(Program::Argv(argv))
}

fn shell_line(table: Table<'_>, shell: &Spanned<DeValue<'_>>) -> Option<Program> {
    match shell.get_ref().as_str() {
        Some(line) if !line.trim().is_empty() && !line.contains('\0') => {
            Some(Program::Shell(line.to_owned()))
        }
        _ => {
            table.wrong("shell", shell, "write a line for `/bin/sh`, such as `\"df -h | sort\"`");
            None
        }
    }
}

fn env(table: Table<'_>) -> Vec<(String, String)> {
    let example = "env = { LANG = \"C\" }";
    let Some((at, env)) = table.table("env", example) else { return Vec::new() };
    let env = table.inner("`env`", at, env);
    let mut all = Vec::new();
    for (name, value) in env.entries() {
        let text = value.get_ref().as_str();
        if name.value.is_empty() || name.value.contains(['=', '\0']) {
            let message = format!("`{}` cannot be the name of a variable", name.value);
            env.problems().error(name.at, message.replace('\0', "\\0"));
        } else if let Some(text) = text.filter(|text| !text.contains('\0')) {
            all.push((name.value.to_owned(), text.to_owned()));
        } else {
            let quoted = format!("a variable is a text: write `{} = \"...\"`", name.value);
            env.wrong(name.value, value, &quoted);
        }
    }
    let mut seen = BTreeSet::new();
    all.retain(|(name, _)| seen.insert(name.clone()));
    all
}

fn backoff(table: Table<'_>) -> Option<Backoff> {
    let value = table.value("backoff")?;
    let Some(inner) = value.get_ref().as_table() else {
        let wait = table.span("backoff", Span::ZERO).map(Wait::Fixed);
        return wait.map(|wait| Backoff { wait, jitter: 0 });
    };
    let inner = table.inner("`backoff`", value.span().start, inner);
    inner.allow(&["first", "growth", "max", "jitter"]);
    let max = inner.span("max", Span::from_millis(1));
    let growth = inner.word("growth", &GROWTHS).unwrap_or(Growth::Double);
    let jitter = inner.number("jitter", 0..=100).unwrap_or(0);
    if !inner.has("first") {
        let wanted = "`backoff` has no `first`: write `{ first = \"1s\", max = \"5m\" }`";
        inner.problems().missing(inner.at, wanted.to_owned());
    }
    let first = inner.span("first", Span::from_millis(1))?;
    if let Some(max) = max.filter(|&max| max < first) {
        let message = format!("`max` of `backoff` ({max}) is shorter than `first` ({first})");
        inner.problems().error(inner.at, message);
    }
    let max = max.unwrap_or(BACKOFF_MAX).max(first);
    let wait = match growth {
        Growth::None => Wait::Fixed(first),
        Growth::Linear => Wait::Linear { first, max },
        Growth::Double => Wait::Exponential { first, max },
    };
    Some(Backoff { wait, jitter })
}

/// How waits follow each other.
#[derive(Clone, Copy)]
enum Growth {
    None,
    Linear,
    Double,
}

const GROWTHS: [(&str, Growth); 3] =
    [("none", Growth::None), ("linear", Growth::Linear), ("double", Growth::Double)];

/// The tags that a table names, if it names any.
pub(super) fn tags(table: Table<'_>) -> Option<Tags> {
    let value = table.value("tags")?;
    let texts = value.get_ref().as_array().and_then(|list| {
        list.iter().map(|text| text.get_ref().as_str()).collect::<Option<Vec<_>>>()
    });
    let Some(texts) = texts else {
        table.wrong("tags", value, "write a list of texts, such as `[\"gpu\", \"eu\"]`");
        return None;
    };
    match Tags::new(texts) {
        Ok(tags) => Some(tags),
        Err(error) => {
            table.problems().error(value.span().start, error.to_string());
            None
        }
    }
}

fn capture(table: Table<'_>) -> Option<usize> {
    let value = table.value("capture")?;
    let bytes = match value.get_ref() {
        DeValue::String(text) => bytes(text),
        DeValue::Integer(number) if number.radix() == 10 => number.as_str().parse().ok(),
        _ => None,
    };
    let bytes = bytes.filter(|bytes| *bytes <= CAPTURE_LIMIT);
    if bytes.is_none() {
        table.wrong("capture", value, "write a size up to 16 MiB, such as \"64KiB\" or \"0B\"");
    }
    bytes
}

fn bytes(text: &str) -> Option<usize> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let size = match unit.trim_start() {
        "B" => 1,
        "kB" => 1_000,
        "KiB" => 1_024,
        "MB" => 1_000_000,
        "MiB" => 1_048_576,
        _ => return None,
    };
    number.parse::<usize>().ok()?.checked_mul(size)
}
