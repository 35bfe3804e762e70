//! `mainspring firmware`: what a configuration file says, as bytes for a device.
//!
//! The file is the one that the daemon takes. A device has its tasks built in, so that `run` names
//! one of them and, perhaps, a number that it is given: `run = ["lamp", "3"]`. Names travel as
//! numbers; a file in which two would be the same is refused. What a device does not know is
//! refused, too, never left out.

mod trigger;

use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use mainspring_core::schedule::Spec;
use mainspring_core::task::Task;
use mainspring_embassy::domain::Small;
use mainspring_embassy::name::Name;
use mainspring_embassy::wire::{Order, encode};

use crate::command::Program;
use crate::config::schedule::Schedule;
use crate::config::{Config, Host, Loaded, task};
use crate::{BAD_INPUT, clock, output, plan};

/// What to write.
#[derive(Debug, Subcommand)]
pub(crate) enum Options {
    /// Write the schedules of a configuration file as frames for a device
    ///
    /// Each frame puts one schedule; they end with a zero byte and can be sent one after the other,
    /// or be compiled into firmware. `run = ["lamp", "3"]` names a task of the device and the
    /// number that it is given.
    Encode {
        /// The configuration file
        file: PathBuf,
        /// Where to write the frames [default: standard output]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Write a frame that tells a device what time it is
    Clock,
}

pub(crate) fn main(options: &Options) -> ExitCode {
    let (orders, out) = match options {
        Options::Encode { file, out } => match orders(file) {
            Ok(orders) => (orders, out.as_deref()),
            Err(complaints) => {
                complaints.iter().for_each(|complaint| output::complain(complaint));
                return ExitCode::from(BAD_INPUT);
            }
        },
        Options::Clock => (vec![Order::SetClock(clock::now())], None),
    };
    write(&orders, out)
}

fn write(orders: &[Order<Small>], out: Option<&Path>) -> ExitCode {
    let mut bytes = Vec::new();
    for order in orders {
        let mut buffer = [0; FRAME_MAX];
        match encode(order, &mut buffer) {
            Ok(frame) => bytes.extend_from_slice(frame),
            Err(error) => {
                output::complain(&format!("cannot encode: {error}"));
                return ExitCode::FAILURE;
            }
        }
    }
    let written = match out {
        None => output::print(|out| out.write_all(&bytes)),
        Some(path) => fs::write(path, bytes).map_err(|error| {
            output::complain(&format!("{}: cannot write: {error}", path.display()));
        }),
    };
    written.map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS)
}

/// What a device is told by a file.
///
/// # Errors
/// A line for each problem.
fn orders(file: &Path) -> Result<Vec<Order<Small>>, Vec<String>> {
    let host = Host::of_process(clock::now());
    let Loaded { config, problems } = Config::load(file, &host);
    let Some(config) = config else {
        return Err(problems.iter().map(ToString::to_string).collect());
    };
    let mut complaints = Vec::new();
    let mut orders = Vec::new();
    let mut names = Names::default();
    for schedule in &config.schedules {
        match spec(schedule, &config.tasks, &host, &mut names) {
            Ok((spec, max_running)) => {
                if let Some(max_running) = max_running {
                    let task = Task::<Small>::new(spec.task);
                    let order = Order::PutTask(Task { max_running: Some(max_running), ..task });
                    if !orders.contains(&order) {
                        orders.push(order);
                    }
                }
                orders.push(Order::Put(spec));
            }
            Err(why) => complaints.push(format!("schedule `{}`: {why}", schedule.name)),
        }
    }
    if complaints.is_empty() { Ok(orders) } else { Err(complaints) }
}

/// A schedule as the device keeps it, and how many jobs of its task may run at once.
fn spec(
    schedule: &Schedule,
    tasks: &[task::Task],
    host: &Host,
    names: &mut Names,
) -> Result<(Spec<Small>, Option<u32>), String> {
    let task = tasks.iter().find(|task| task.name == schedule.task);
    let task = task.ok_or_else(|| format!("no task `{}`", schedule.task))?;
    let overrides = plan::overrides(schedule, tasks);
    if overrides.tags.is_some() || task.settings.tags.is_some() {
        return Err("a device offers no `tags`: remove them".to_owned());
    }
    if !schedule.exclusions.is_empty() {
        return Err("a device knows no `exclude`: remove it".to_owned());
    }
    let (called, payload) = called(task)?;
    let source = 0;
    let id = names.number(&schedule.name)?;
    let fires = trigger::fires(&schedule.trigger, &host.zones, host.now)?;
    let spec = Spec {
        policies: schedule.policies,
        settings: plan::settings(&overrides).or(plan::settings(&task.settings)),
        paused: schedule.paused,
        ..Spec::new(id, names.number(called)?, source, fires, payload)
    };
    Ok((spec, task.max_running))
}

/// The task of the device that a command stands for, and what it is given.
fn called(task: &task::Task) -> Result<(&str, u32), String> {
    let wanted = "write `run = [\"task\"]` or `run = [\"task\", \"number\"]`";
    let Program::Argv(argv) = &task.command.program else {
        return Err(format!("a device has no shell: {wanted}"));
    };
    if !task.command.env.is_empty() || task.command.dir.is_some() {
        return Err("a device has neither `env` nor `dir`: remove them".to_owned());
    }
    match &argv[..] {
        [name] => Ok((name, 0)),
        [name, number] => match number.parse() {
            Ok(number) => Ok((name, number)),
            Err(_) => Err(format!("`{number}` is no number from 0 to {}: {wanted}", u32::MAX)),
        },
        _ => Err(format!("a device gives its tasks one number at most: {wanted}")),
    }
}

/// The texts that numbers stand for, so that no two share one.
#[derive(Default)]
struct Names(HashMap<Name, String>);

impl Names {
    fn number(&mut self, text: &str) -> Result<Name, String> {
        let name = Name::of(text);
        let there = self.0.entry(name).or_insert_with(|| text.to_owned());
        if there == text {
            return Ok(name);
        }
        Err(format!("`{text}` and `{there}` have the same number on a device: rename one"))
    }
}

/// What a receiver on the device has room for.
const FRAME_MAX: usize = 256;
