//! Verbs on what a store holds: schedules, jobs, tasks, nodes, history, tables; and its health.

mod add;
pub(crate) mod doctor;
pub(crate) mod jobs;
pub(crate) mod migrate;
pub(crate) mod nodes;
pub(crate) mod prune;
pub(crate) mod schedules;
pub(crate) mod tasks;

use core::time::Duration;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use mainspring::{Error, Scheduler};
use serde_json::Value;

use crate::config::Config;
use crate::moment::Moments;
use crate::place::StorePlace;
use crate::{BAD_INPUT, clock, output, place};

/// Which store is meant, and in which form answers are given.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// The daemon's configuration file
    #[arg(
        short,
        long,
        global = true,
        value_name = "FILE",
        conflicts_with = "store",
        help_heading = "Store"
    )]
    config: Option<PathBuf>,
    /// The database itself, such as sqlite:/var/lib/jobs.db
    #[arg(long, global = true, help_heading = "Store")]
    store: Option<String>,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

/// Which store is meant, and how answers are shown.
#[derive(Debug, Args)]
pub(crate) struct Where {
    #[command(flatten)]
    place: Place,
    /// The time zone in which instants are shown [default: the machine's]
    #[arg(
        long,
        global = true,
        value_name = "ZONE",
        default_value = "local",
        hide_default_value = true
    )]
    tz: String,
}

/// A client of a store, and how its answers are shown.
struct Client {
    scheduler: Scheduler,
    /// What the configuration file says, if one was named.
    config: Option<Config>,
    moments: Moments,
}

/// What an answer looks like: to programs, and to people.
struct Answer<'a> {
    json: Value,
    text: Text<'a>,
    code: ExitCode,
}

/// Writes an answer for people.
type Text<'a> = Box<dyn FnOnce(&mut dyn Write) -> io::Result<()> + 'a>;

impl<'a> Answer<'a> {
    fn new(json: Value, text: impl FnOnce(&mut dyn Write) -> io::Result<()> + 'a) -> Self {
        Self { json, text: Box::new(text), code: ExitCode::SUCCESS }
    }

    /// An answer of one line.
    fn line(json: Value, line: String) -> Self {
        Self::new(json, move |out| writeln!(out, "{line}"))
    }

    /// The program ends with an error after it has shown this answer.
    fn failing_if(self, fails: bool) -> Self {
        Self { code: if fails { ExitCode::FAILURE } else { self.code }, ..self }
    }
}

/// Why there is no answer.
enum Trouble {
    /// What was asked makes no sense.
    Input(String),
    /// It makes sense and cannot be done.
    Other(String),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        let told = error.to_string();
        if error.is_invalid() { Self::Input(told) } else { Self::Other(told) }
    }
}

/// Asks the store that is meant, and shows the answer.
fn main(
    options: &Where,
    ask: impl AsyncFnOnce(&Client) -> Result<Answer<'_>, Trouble>,
) -> ExitCode {
    at(&options.place, async |place, config| {
        let client = client(options, place, config).await?;
        let answer = ask(&client).await?;
        // Others find out by themselves if they cannot be told.
        let _ = client.scheduler.told_others(TELLING).await;
        Ok(show(answer, options.place.json))
    })
}

/// A client of this store.
async fn client(
    options: &Where,
    place: &StorePlace,
    config: Option<Config>,
) -> Result<Client, Trouble> {
    let broker = config.as_ref().and_then(|config| config.broker.as_ref());
    let scheduler = place.client(broker).await.map_err(Trouble::Other)?;
    let moments = Moments::new(&options.tz, clock::now()).map_err(Trouble::Input)?;
    Ok(Client { scheduler, config, moments })
}

/// Does something with the store that is meant and with what the file says that names it, if one
/// does.
fn at(
    options: &Place,
    work: impl AsyncFnOnce(&StorePlace, Option<Config>) -> Result<ExitCode, Trouble>,
) -> ExitCode {
    if options.config.is_none() && options.store.is_none() {
        output::complain(
            "no store is named (write `--config FILE`, which the daemon serves, or `--store URL`, \
             such as sqlite:PATH or postgres://USER@HOST/DATABASE)",
        );
        return ExitCode::from(BAD_INPUT);
    }
    let found = place::find(options.config.as_deref(), options.store.as_deref());
    let (place, config) = match found {
        Ok(found) => found,
        Err(code) => return code,
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            output::complain(&format!("cannot start: {error}"));
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(work(&place, config)) {
        Ok(code) => code,
        Err(Trouble::Input(message)) => {
            output::complain(&message);
            ExitCode::from(BAD_INPUT)
        }
        Err(Trouble::Other(message)) => {
            output::complain(&message);
            ExitCode::FAILURE
        }
    }
}

fn show(answer: Answer<'_>, json: bool) -> ExitCode {
    let Answer { json: value, text, code } = answer;
    let printed = output::print(|out| {
        if !json {
            return text(out);
        }
        serde_json::to_writer_pretty(&mut *out, &value)?;
        writeln!(out)
    });
    printed.map_or(ExitCode::FAILURE, |()| code)
}

/// How long the broker may take to hear of what was done.
const TELLING: Duration = Duration::from_secs(2);

/// Entries that one call of the store brings.
const PAGE: u32 = 500;
