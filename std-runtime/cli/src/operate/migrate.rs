//! `mainspring migrate`: what a store's tables still need, and doing it.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use mainspring_contract::StoreError;
use serde_json::{Value, json};

use super::{Answer, Place, Trouble};
use crate::place::StorePlace;

/// What `migrate` is told.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum Verb {
    /// Show what would be done, with every statement; nothing is changed
    ///
    /// The statements of a server's database may be run by somebody else, who may make tables.
    Plan,
    /// Say with the exit code whether the tables suit this program: 0, or 1 and why not
    Check,
    /// Do what is missing; a database that is up to date is left alone
    Apply,
}

/// A step that a store still needs, whatever the database.
pub(crate) struct Step {
    version: i64,
    name: &'static str,
    min_program: i64,
    sql: String,
}

/// Does what is asked for.
pub(crate) fn main(options: &Options) -> ExitCode {
    super::at(&options.place, async |place, _| {
        let answer = match options.verb {
            Verb::Plan => planned(plan(place).await.map_err(told)?),
            Verb::Check => checked(place).await?,
            Verb::Apply => applied(&apply(place).await.map_err(told)?),
        };
        Ok(super::show(answer, options.place.json))
    })
}

async fn checked(place: &StorePlace) -> Result<Answer<'static>, Trouble> {
    match lacking(place, &plan(place).await.map_err(told)?) {
        None => Ok(Answer::line(json!({ "up_to_date": true }), "up to date".to_owned())),
        Some(lacking) => Err(Trouble::Other(lacking)),
    }
}

/// What a store lacks that still needs these steps, and the way out.
pub(super) fn lacking(place: &StorePlace, owed: &[Step]) -> Option<String> {
    let first = owed.first()?;
    let (steps, name) = (steps(owed.len()), first.name);
    Some(format!("`{place}` lacks {steps}, from `{name}` on (run `mainspring migrate apply`)"))
}

fn told(error: StoreError) -> Trouble {
    Trouble::Other(error.to_string())
}

/// Reads the steps of any store.
macro_rules! each {
    ($place:ident, $verb:ident) => {
        match $place {
            StorePlace::Memory => Ok(Vec::new()),
            StorePlace::Sqlite(path) => {
                use mainspring_sqlite::{Options, migrations};
                Ok(each!(migrations::$verb(&Options::new(path)).await?))
            }
            StorePlace::Postgres(url) => {
                use mainspring_postgres::{Options, migrations};
                Ok(each!(migrations::$verb(&Options::new(url)).await?))
            }
            StorePlace::Mysql(url) => {
                use mainspring_mysql::{Options, migrations};
                Ok(each!(migrations::$verb(&Options::new(url)).await?))
            }
            StorePlace::Mongo(url) => {
                use mainspring_mongodb::{Options, migrations};
                let steps = migrations::$verb(&Options::new(url)).await?;
                let step = |step: migrations::Step| {
                    let run = |command: &String| format!("db.runCommand({command});");
                    let all: Vec<String> = step.commands.iter().map(run).collect();
                    let (version, min_program) = (step.version, step.min_program);
                    Step { version, name: step.name, min_program, sql: all.join("\n") }
                };
                Ok(steps.into_iter().map(step).collect())
            }
        }
    };
    ($steps:expr) => {
        $steps
            .into_iter()
            .map(|step| Step {
                version: step.version.into(),
                name: step.name,
                min_program: step.min_program.into(),
                sql: step.sql,
            })
            .collect()
    };
}

/// The steps that a store still needs.
///
/// # Errors
/// If it cannot be asked, or is too new for this program.
pub(crate) async fn plan(place: &StorePlace) -> Result<Vec<Step>, StoreError> {
    each!(place, plan)
}

async fn apply(place: &StorePlace) -> Result<Vec<Step>, StoreError> {
    each!(place, apply)
}

fn planned(owed: Vec<Step>) -> Answer<'static> {
    Answer::new(json(&owed, true), move |out| {
        if owed.is_empty() {
            return writeln!(out, "up to date");
        }
        for step in owed {
            let Step { version, name, min_program, sql } = step;
            writeln!(
                out,
                "-- Step {version}, {name}. Programs of schema version {min_program} and later \
                 can go on during it.\n{}\n",
                sql.trim_end()
            )?;
        }
        Ok(())
    })
}

fn applied(done: &[Step]) -> Answer<'static> {
    let names: Vec<_> =
        done.iter().map(|step| format!("{} ({})", step.version, step.name)).collect();
    let line = match done.len() {
        0 => "was up to date".to_owned(),
        count => format!("took {}: {}", steps(count), names.join(", ")),
    };
    Answer::line(json(done, false), line)
}

fn steps(count: usize) -> String {
    if count == 1 { "1 step".to_owned() } else { format!("{count} steps") }
}

fn json(steps: &[Step], sql: bool) -> Value {
    let step = |step: &Step| {
        let mut value = json!({
            "version": step.version, "name": step.name, "min_program": step.min_program,
        });
        if sql {
            value["sql"] = step.sql.as_str().into();
        }
        value
    };
    json!({ "steps": steps.iter().map(step).collect::<Vec<_>>() })
}
