//! `mainspring check`: every mistake of a configuration file.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use crate::config::{Config, Host, Loaded};
use crate::{BAD_INPUT, clock, output};

/// Reports the problems of `file`, or that there are none.
pub(crate) fn main(file: &Path) -> ExitCode {
    let Loaded { config, problems } = Config::load(file, &Host::of_process(clock::now()));
    let mut err = io::stderr().lock();
    for problem in &problems {
        let _ = writeln!(err, "{problem}");
    }
    let Some(config) = config else { return ExitCode::from(BAD_INPUT) };
    let (tasks, schedules) = (config.tasks.len(), config.schedules.len());
    let told = output::print(|out| {
        writeln!(out, "{}: tasks: {tasks}, schedules: {schedules}", file.display())
    });
    told.map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS)
}
