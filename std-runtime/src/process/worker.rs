//! What runs functions: a copy of the program, and what the node and it say to each other.
//!
//! They talk over a socket that the copy has as its standard output when it begins, and moves out
//! of the way before anything else: what functions print goes to standard error, and so into the
//! node's log.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use mainspring_contract::{Detail, Encoded, Format, JobId, ScheduleId, TaskId};
use mainspring_core::id::Token;
use mainspring_core::outcome::Outcome;
use mainspring_core::time::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use super::functions::Functions;
use super::program::FAILURE;
use crate::context::{About, Context};
use crate::task::RunEnd;
use crate::verdict::Asked;

/// The first argument of a copy that runs functions.
pub(super) const WORK: &str = "__mainspring_work";

/// What a node tells a worker.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Request {
    /// Call this. Sent only when the call before has been answered.
    Run { function: String, payload: Payload, about: Run },
    /// The run should stop, for the reason with this code.
    Stop(u8),
}

/// A stored value. Most are texts, which cost little as such.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Payload {
    format: u8,
    version: u16,
    bytes: Bytes,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Bytes {
    Text(String),
    Raw(Vec<u8>),
}

impl From<&Encoded> for Payload {
    fn from(encoded: &Encoded) -> Self {
        let bytes = match str::from_utf8(&encoded.bytes) {
            Ok(text) => Bytes::Text(text.to_owned()),
            Err(_) => Bytes::Raw(encoded.bytes.to_vec()),
        };
        Self { format: encoded.format.code(), version: encoded.version, bytes }
    }
}

impl From<Payload> for Encoded {
    fn from(Payload { format, version, bytes }: Payload) -> Self {
        let bytes = match bytes {
            Bytes::Text(text) => text.into_bytes(),
            Bytes::Raw(bytes) => bytes,
        };
        Self { format: Format::from_code(format), version, bytes: bytes.into() }
    }
}

/// What a run is for, as texts and numbers.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Run {
    job: String,
    task: String,
    schedule: Option<String>,
    fire_at: Option<i64>,
    attempt: u32,
    token: u32,
    started_at: i64,
}

impl From<&Context> for Run {
    fn from(run: &Context) -> Self {
        Self {
            job: run.job().to_string(),
            task: run.task().to_string(),
            schedule: run.schedule().map(ToString::to_string),
            fire_at: run.fire_at().map(Timestamp::as_micros),
            attempt: run.attempt(),
            token: run.token().number(),
            started_at: run.started_at().as_micros(),
        }
    }
}

impl Run {
    /// The context of this run in the process of its function; `None` if it makes no sense.
    fn context(self) -> Option<Context> {
        let fire_at = match self.fire_at {
            None => None,
            Some(micros) => Some(Timestamp::from_micros(micros)?),
        };
        Some(Context::of(About {
            job: self.job.parse::<JobId>().ok()?,
            task: TaskId::new(self.task).ok()?,
            schedule: self.schedule.map(ScheduleId::new).transpose().ok()?,
            fire_at,
            attempt: self.attempt,
            token: Token::new(self.token),
            started_at: Timestamp::from_micros(self.started_at)?,
        }))
    }
}

/// How a call ended.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Answer {
    outcome: u8,
    output: Option<Payload>,
    error: Option<String>,
    ask: Ask,
}

/// What is asked for, in microseconds.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Ask {
    Nothing,
    GiveUp,
    RetryAfter(i64),
    Snooze(i64),
    SnoozeUntil(i64),
}

impl From<RunEnd> for Answer {
    fn from(RunEnd { outcome, detail, ask }: RunEnd) -> Self {
        let ask = match ask {
            Asked::Nothing => Ask::Nothing,
            Asked::GiveUp => Ask::GiveUp,
            Asked::RetryAfter(span) => Ask::RetryAfter(span.as_micros()),
            Asked::Snooze(span) => Ask::Snooze(span.as_micros()),
            Asked::SnoozeUntil(at) => Ask::SnoozeUntil(at.as_micros()),
        };
        let output = detail.output.as_ref().map(Payload::from);
        Self { outcome: outcome.code(), output, error: detail.error, ask }
    }
}

impl From<Answer> for RunEnd {
    fn from(Answer { outcome, output, error, ask }: Answer) -> Self {
        let ask = match ask {
            Ask::Nothing => Asked::Nothing,
            Ask::GiveUp => Asked::GiveUp,
            Ask::RetryAfter(micros) => Asked::RetryAfter(Span::from_micros(micros)),
            Ask::Snooze(micros) => Asked::Snooze(Span::from_micros(micros)),
            // An instant that there is not has passed long ago.
            Ask::SnoozeUntil(micros) => {
                Asked::SnoozeUntil(Timestamp::from_micros(micros).unwrap_or(Timestamp::MIN))
            }
        };
        // Both ends are the same program, unless it was replaced meanwhile.
        let outcome = Outcome::from_code(outcome).unwrap_or(Outcome::Failed);
        Self { outcome, detail: Detail { output: output.map(Encoded::from), error }, ask }
    }
}

/// Runs functions until the node closes its end, and gives the exit code.
pub(super) fn main(functions: Functions) -> i32 {
    match serve(functions) {
        Ok(()) => 0,
        Err(error) => {
            let _ = writeln!(io::stderr(), "mainspring: cannot run functions: {error}");
            FAILURE
        }
    }
}

fn serve(functions: Functions) -> io::Result<()> {
    let socket = UnixStream::from(io::stdout().as_fd().try_clone_to_owned()?);
    rustix::stdio::dup2_stdout(io::stderr())?;
    let functions = functions.ready();
    let running = Running::default();
    let (calls, to_do) = channel();
    let requests = socket.try_clone()?;
    let steering = running.clone();
    // A thread of its own, so that a function hears that it should stop.
    thread::Builder::new().name("mainspring-steer".to_owned()).spawn(move || {
        steer(BufReader::new(requests), &calls, &steering);
    })?;
    for (function, payload, context) in to_do {
        let id = (context.job(), context.token());
        let end = functions.call(&function, payload, context);
        running.forget(id);
        // Its lines come before its end.
        io::stdout().flush()?;
        let mut line = serde_json::to_vec(&Answer::from(end))?;
        line.push(b'\n');
        (&socket).write_all(&line)?;
    }
    Ok(())
}

type Calls = Sender<(String, Encoded, Context)>;

/// Passes on what the node says until it is silent.
fn steer(requests: impl BufRead, calls: &Calls, running: &Running) {
    for line in requests.lines() {
        let Ok(request) = line.map(|line| serde_json::from_str::<Request>(&line)) else { return };
        match request {
            Ok(Request::Run { function, payload, about }) => {
                let Some(context) = about.context() else { return };
                running.note(&context);
                if calls.send((function, payload.into(), context)).is_err() {
                    return;
                }
            }
            Ok(Request::Stop(why)) => {
                running.stop(Outcome::from_code(why).unwrap_or(Outcome::Interrupted));
            }
            Err(_) => return,
        }
    }
}

/// What runs: one call at most, but its end and the next may cross.
#[derive(Clone, Default)]
struct Running(Arc<Mutex<HashMap<(JobId, Token), Context>>>);

impl Running {
    fn note(&self, run: &Context) {
        self.with(|runs| drop(runs.insert((run.job(), run.token()), run.clone())));
    }

    fn forget(&self, run: (JobId, Token)) {
        self.with(|runs| drop(runs.remove(&run)));
    }

    fn stop(&self, why: Outcome) {
        self.with(|runs| runs.values().for_each(|run| run.cancel(why)));
    }

    fn with(&self, change: impl FnOnce(&mut HashMap<(JobId, Token), Context>)) {
        // Nothing under the lock can panic halfway.
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
