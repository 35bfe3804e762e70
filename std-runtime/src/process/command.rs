//! Commands: what is run, and what came of it.

use core::fmt;
use std::path::PathBuf;

use mainspring_contract::Encoded;
use mainspring_core::outcome::Outcome;
use rustix::process::Signal;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::context::Context;
use crate::task::{PAYLOAD_VERSION, RunEnd};

/// Bytes kept of each of a command's two outputs, unless it says otherwise: enough for a thousand
/// lines, small enough to keep with every run.
const DEFAULT_CAPTURE: usize = 64 * 1024;

/// A command: a program, and how it is run. What a job brings along goes into it as data.
///
/// Nothing goes through a shell, and what a job brings is one argument whatever is in it, except
/// that a program may take it for an option: `--` before it says that none follow.
///
/// ```
/// use mainspring::process::Command;
/// // For jobs whose arguments are like `{"picture": "a.png", "width": 80}`.
/// let command = Command::new("convert")
///     .arg("-resize")
///     .job_arg("width")
///     .arg("--")
///     .job_arg("picture")
///     .arg("small.png")
///     .dir("/srv/pictures")
///     .env("LANG", "C");
/// # let _ = command;
/// ```
///
/// It finds in its environment which run it is: `MAINSPRING_JOB`, `MAINSPRING_SCHEDULE`,
/// `MAINSPRING_FIRE_AT` (both empty for a job without a schedule), `MAINSPRING_ATTEMPT` (from 1)
/// and `MAINSPRING_TOKEN`, which rises with each attempt.
#[derive(Clone, Debug)]
pub struct Command {
    program: Kind,
    arguments: Vec<Part>,
    variables: Vec<(String, Part)>,
    stdin: Option<Part>,
    /// Everything else, as it will be.
    rest: Invocation,
}

/// A piece of a command.
#[derive(Clone, Debug)]
enum Part {
    Text(String),
    /// This field of the job's arguments.
    Field(String),
    /// All of the job's arguments.
    All,
}

/// What kind of program is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Kind {
    /// The first argument is its name.
    Program,
    /// The first argument is a line for `/bin/sh -c`, and the others its parameters.
    Shell,
    /// A copy of this program, which runs functions.
    Worker,
}

impl Command {
    /// A program, looked for in `PATH` unless its name has a slash.
    pub fn new(program: impl Into<String>) -> Self {
        Self::of(Kind::Program, program.into())
    }

    /// A line for `/bin/sh -c`. What a job brings along stands in `"$1"`, `"$2"` and so on (with
    /// the quotes, or the shell splits it), never in the line itself.
    pub fn shell(line: impl Into<String>) -> Self {
        Self::of(Kind::Shell, line.into())
    }

    fn of(program: Kind, first: String) -> Self {
        let rest = Invocation::of(program);
        let arguments = vec![Part::Text(first)];
        Self { program, arguments, variables: Vec::new(), stdin: None, rest }
    }

    /// One more argument.
    #[must_use]
    pub fn arg(mut self, text: impl Into<String>) -> Self {
        self.arguments.push(Part::Text(text.into()));
        self
    }

    /// More arguments.
    #[must_use]
    pub fn args<T: Into<String>>(mut self, texts: impl IntoIterator<Item = T>) -> Self {
        self.arguments.extend(texts.into_iter().map(|text| Part::Text(text.into())));
        self
    }

    /// One more argument: this field of the job's arguments, or of a list its place, from `0`. A
    /// text is taken as it is, anything else as JSON. A job without it ends as undecodable.
    #[must_use]
    pub fn job_arg(mut self, field: impl Into<String>) -> Self {
        self.arguments.push(Part::Field(field.into()));
        self
    }

    /// One more argument for each item of the job's arguments: each of a list, else the one value,
    /// or none if there are no arguments.
    #[must_use]
    pub fn job_args(mut self) -> Self {
        self.arguments.push(Part::All);
        self
    }

    /// A variable on top of the node's own environment; a later one of the same name wins.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.push((name.into(), Part::Text(value.into())));
        self
    }

    /// A variable with a field of the job's arguments, as for [`job_arg`](Self::job_arg).
    #[must_use]
    pub fn job_env(mut self, name: impl Into<String>, field: impl Into<String>) -> Self {
        self.variables.push((name.into(), Part::Field(field.into())));
        self
    }

    /// Leaves out the node's own environment, in which there may be secrets.
    ///
    /// What is left is what [`env`](Self::env) and [`job_env`](Self::job_env) add, and the variables
    /// about the run (`MAINSPRING_JOB` and so on); not even `HOME`. A program without a slash in its
    /// name is looked for in the `PATH` that is added, or if none is, where the system looks then:
    /// with glibc in `/bin` and `/usr/bin`.
    #[must_use]
    pub fn clear_env(mut self) -> Self {
        self.rest.clear_env = true;
        self
    }

    /// The working directory. Default: the node's.
    #[must_use]
    pub fn dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.rest.dir = Some(dir.into());
        self
    }

    /// What it reads from its standard input. Default: nothing.
    #[must_use]
    pub fn stdin(mut self, text: impl Into<String>) -> Self {
        self.stdin = Some(Part::Text(text.into()));
        self
    }

    /// The job's arguments as its standard input, byte for byte as they are stored (JSON).
    #[must_use]
    pub fn job_stdin(mut self) -> Self {
        self.stdin = Some(Part::All);
        self
    }

    /// Bytes of each of its two outputs to keep: if there are more, a quarter of them from its
    /// beginning, the rest from its end. Default: 64 KiB.
    #[must_use]
    pub fn capture(mut self, bytes: usize) -> Self {
        self.rest.capture = bytes;
        self
    }

    /// The command for one run, with what the job brings along.
    ///
    /// # Errors
    /// How the run ends whose arguments do not fit: they lack a field, or have a zero byte, which
    /// no argument can hold.
    pub fn fill(&self, payload: &Encoded, run: &Context) -> Result<Invocation, RunEnd> {
        let mut invocation = self.filled(Some(payload)).map_err(|why| {
            RunEnd::failure(Outcome::Undecodable, format!("the arguments do not fit: {why}"))
        })?;
        let schedule = run.schedule().map(ToString::to_string);
        let about = [
            ("MAINSPRING_JOB", run.job().to_string()),
            ("MAINSPRING_SCHEDULE", schedule.unwrap_or_default()),
            ("MAINSPRING_FIRE_AT", run.fire_at().map(|at| at.to_string()).unwrap_or_default()),
            ("MAINSPRING_ATTEMPT", run.attempt().to_string()),
            ("MAINSPRING_TOKEN", run.token().to_string()),
        ];
        // Always and last, because the node may itself run under another one, whose variables are
        // not about this run.
        invocation.env.extend(about.map(|(name, value)| (name.to_owned(), value)));
        Ok(invocation)
    }

    /// The command without a job.
    ///
    /// # Errors
    /// If it wants something of a job, or a text has a zero byte.
    pub fn without_job(&self) -> Result<Invocation, String> {
        self.filled(None)
    }

    fn filled(&self, payload: Option<&Encoded>) -> Result<Invocation, String> {
        let mut invocation = self.rest.clone();
        let mut values = Values { payload, read: None };
        for part in &self.arguments {
            match part {
                Part::Text(text) => invocation.argv.push(text.clone()),
                Part::Field(field) => invocation.argv.push(values.field(field)?),
                Part::All => invocation.argv.extend(values.all()?),
            }
        }
        if self.program == Kind::Shell {
            // What a shell calls itself comes before its parameters.
            invocation.argv.insert(1, "sh".to_owned());
        }
        for (name, part) in &self.variables {
            let value = match part {
                Part::Text(text) => text.clone(),
                Part::Field(field) => values.field(field)?,
                Part::All => unreachable!("no method puts all arguments into a variable"),
            };
            invocation.env.push((name.clone(), value));
        }
        invocation.stdin = match &self.stdin {
            None => None,
            Some(Part::Text(text)) => Some(text.clone().into_bytes()),
            Some(_) => Some(payload.ok_or(NO_JOB)?.bytes.to_vec()),
        };
        invocation.check()?;
        Ok(invocation)
    }
}

/// The arguments of a job, read when they are first asked for.
struct Values<'p> {
    payload: Option<&'p Encoded>,
    read: Option<Value>,
}

impl Values<'_> {
    fn read(&mut self) -> Result<&Value, String> {
        if self.read.is_none() {
            let payload = self.payload.ok_or(NO_JOB)?;
            let read = payload.from_json(PAYLOAD_VERSION).map_err(|error| error.to_string())?;
            self.read = Some(read);
        }
        Ok(self.read.as_ref().unwrap_or(&Value::Null))
    }

    fn field(&mut self, field: &str) -> Result<String, String> {
        let value = match self.read()? {
            Value::Array(list) => field.parse::<usize>().ok().and_then(|place| list.get(place)),
            value => value.get(field),
        };
        value.and_then(text).ok_or_else(|| format!("the command wants `{field}`"))
    }

    fn all(&mut self) -> Result<Vec<String>, String> {
        let missing = || "an item is null".to_owned();
        match self.read()? {
            Value::Null => Ok(Vec::new()),
            Value::Array(list) => {
                list.iter().map(|value| text(value).ok_or_else(missing)).collect()
            }
            value => Ok(text(value).into_iter().collect()),
        }
    }
}

/// A value as an argument; `None` for null, which no text stands for.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        value => Some(value.to_string()),
    }
}

/// A command with everything in its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invocation {
    pub(super) program: Kind,
    pub(super) argv: Vec<String>,
    pub(super) env: Vec<(String, String)>,
    pub(super) clear_env: bool,
    pub(super) dir: Option<PathBuf>,
    pub(super) capture: usize,
    /// Travels beside the rest, as bytes.
    #[serde(skip)]
    pub(super) stdin: Option<Vec<u8>>,
}

impl Invocation {
    /// A copy of this program that runs functions.
    pub(super) const WORKER: Self = Self::of(Kind::Worker);

    const fn of(program: Kind) -> Self {
        Self {
            program,
            argv: Vec::new(),
            env: Vec::new(),
            clear_env: false,
            dir: None,
            capture: DEFAULT_CAPTURE,
            stdin: None,
        }
    }

    fn check(&self) -> Result<(), String> {
        let variables = self.env.iter().flat_map(|(name, value)| [name, value]);
        if self.argv.iter().chain(variables).any(|text| text.contains('\0')) {
            return Err("there is a zero byte in a text for the command".to_owned());
        }
        Ok(())
    }
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exit {
    /// By itself, with this code: 127 if the program was not found, 126 if it could not be run.
    Code(i32),
    /// By this signal.
    Signal(i32),
    /// Unknown: its guard was killed, and it with the guard.
    Lost,
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(number) => {
                write!(f, "ended by signal {number}")?;
                let named = SIGNALS.iter().find(|(signal, _)| signal.as_raw() == *number);
                named.map_or(Ok(()), |(_, name)| write!(f, " ({name})"))
            }
            Self::Lost => f.write_str("killed together with its guard"),
        }
    }
}

/// What processes usually end by. Their numbers differ between systems.
const SIGNALS: [(Signal, &str); 15] = [
    (Signal::HUP, "SIGHUP"),
    (Signal::INT, "SIGINT"),
    (Signal::QUIT, "SIGQUIT"),
    (Signal::ILL, "SIGILL"),
    (Signal::TRAP, "SIGTRAP"),
    (Signal::ABORT, "SIGABRT"),
    (Signal::BUS, "SIGBUS"),
    (Signal::FPE, "SIGFPE"),
    (Signal::KILL, "SIGKILL"),
    (Signal::SEGV, "SIGSEGV"),
    (Signal::PIPE, "SIGPIPE"),
    (Signal::ALARM, "SIGALRM"),
    (Signal::TERM, "SIGTERM"),
    (Signal::XCPU, "SIGXCPU"),
    (Signal::SYS, "SIGSYS"),
];

/// One of a command's outputs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Captured {
    /// Its beginning, if something between that and `text` was not kept; otherwise empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub head: String,
    /// Its end, or all of it; bytes that are not UTF-8 are shown as `\u{fffd}`.
    pub text: String,
    /// Bytes between `head` and `text` that were not kept.
    pub cut: u64,
}

impl Captured {
    pub(super) fn last_line(&self) -> Option<&str> {
        self.text.lines().map(str::trim).rfind(|line| !line.is_empty())
    }
}

/// With what was left out in its place, as `[… 17 bytes …]` on a line of its own.
impl fmt::Display for Captured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { head, text, cut } = self;
        match cut {
            0 => f.write_str(text),
            _ => write!(f, "{head}\n[… {cut} bytes …]\n{text}"),
        }
    }
}

/// What came of a command: the result of a task that runs one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandEnd {
    /// How its first process ended.
    pub exit: Exit,
    /// Whether it had been told to stop by then.
    pub stopped: bool,
    /// Its standard output.
    pub stdout: Captured,
    /// Its standard error.
    pub stderr: Captured,
}

const NO_JOB: &str = "the command wants a job's arguments";
