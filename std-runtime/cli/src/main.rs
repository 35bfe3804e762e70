//! The `mainspring` program: the daemon and its command line.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use clap_complete::Shell;
use examples::with_examples;

mod broker;
mod check;
mod clock;
mod command;
mod config;
#[cfg(unix)]
mod endpoint;
mod examples;
mod explain;
#[cfg(unix)]
mod firmware;
#[cfg(unix)]
mod hidden;
#[cfg(unix)]
mod job;
mod json;
#[cfg(unix)]
mod lock;
mod moment;
mod next;
mod operate;
mod output;
mod place;
#[cfg(unix)]
mod plan;
mod progress;
#[cfg(unix)]
mod serve;
mod status;
mod table;

/// Input that cannot be used: a bad option, a bad file, a bad expression.
const BAD_INPUT: u8 = 2;

/// Runs commands at the times you said, once, even if the machine that promised it is gone.
#[derive(Debug, Parser)]
#[command(name = "mainspring", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Look for mistakes in a configuration file, and say what to write instead
    ///
    /// Prints each mistake as `file:line:column: error: ...` on standard error and exits with 2 if
    /// there is one; warnings alone exit with 0.
    Check {
        /// The configuration file
        file: PathBuf,
    },
    /// Say what a cron pattern means, and what clock changes do to it
    ///
    /// A description, the pattern in its usual form, and the next fires; those that a clock change
    /// moves or doubles are marked, and those that it skips are named.
    Explain(explain::Options),
    /// Write schedules, or the time, as bytes for a device
    #[cfg(unix)]
    #[command(subcommand)]
    Firmware(firmware::Options),
    /// Print the next instants that a trigger names
    ///
    /// One RFC 3339 instant with its offset a line, in order; fewer than --count if the trigger
    /// ends before. Needs neither a daemon nor a store. Bad input exits with 2 and one line on
    /// standard error.
    Next(Box<next::Options>),
    /// Run the schedules of a configuration file
    ///
    /// Logs on standard error (MAINSPRING_LOG=debug for more). SIGHUP reads the file again.
    /// SIGTERM or Ctrl-C stops: nothing new starts, and running commands may go on for --grace;
    /// a second one stops at once.
    #[cfg(unix)]
    Serve(serve::Options),
    /// Print what a shell needs to complete this program's words
    ///
    /// bash: mainspring completions bash > /etc/bash_completion.d/mainspring
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Look for trouble: tables, clocks, nodes, leases, and work that nobody does
    ///
    /// Changes nothing. Each finding is a line with the way out; exits with 1 if there is one.
    Doctor(operate::doctor::Options),
    /// Look at jobs, queue some, cancel some and run some again
    Jobs(operate::jobs::Options),
    /// Look at the tables of a store, and bring them up to date
    Migrate(operate::migrate::Options),
    /// Show who plans and works on a store, how their clocks are, and who is lost
    Nodes(operate::nodes::Options),
    /// Forget old history now; a daemon does so by itself, by its `keep_runs`
    Prune(operate::prune::Options),
    /// Look at schedules, add and remove some, pause and resume them, and run them out of turn
    ///
    /// Works on the store, whether a daemon runs or not; a daemon hears of it within seconds. The
    /// schedules of a configuration file are changed there.
    Schedules(operate::schedules::Options),
    /// Show schedules with their next fire and last outcome, waiting jobs and recent runs
    ///
    /// Reads the store, so it works while a daemon runs and when none does. Exits with 1 if there
    /// is no store to read.
    Status(status::Options),
    /// Show what a store knows of tasks, and how many jobs of each wait and run
    Tasks(operate::tasks::Options),
}

fn main() -> ExitCode {
    #[cfg(unix)]
    let program = mainspring::process::init();
    #[cfg(unix)]
    if let Some(code) = hidden::main(&program) {
        return code;
    }
    let parsed = with_examples(Arguments::command()).try_get_matches();
    let arguments = match parsed.and_then(|matches| Arguments::from_arg_matches(&matches)) {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    match arguments.verb {
        Verb::Check { file } => check::main(&file),
        Verb::Explain(options) => explain::main(&options),
        #[cfg(unix)]
        Verb::Firmware(options) => firmware::main(&options),
        Verb::Next(options) => next::main(&options),
        #[cfg(unix)]
        Verb::Serve(options) => serve::main(&options, &program),
        Verb::Completions { shell } => completions(shell),
        Verb::Doctor(options) => operate::doctor::main(&options),
        Verb::Migrate(options) => operate::migrate::main(&options),
        Verb::Nodes(options) => operate::nodes::main(&options),
        Verb::Prune(options) => operate::prune::main(&options),
        Verb::Tasks(options) => operate::tasks::main(&options),
        Verb::Jobs(options) => operate::jobs::main(&options),
        Verb::Schedules(options) => operate::schedules::main(&options),
        Verb::Status(options) => status::main(&options),
    }
}

fn completions(shell: Shell) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "mainspring", &mut script);
    output::print(|out| out.write_all(&script)).map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS)
}

/// Prints help as it is and anything else as one line.
fn usage(error: &clap::Error) -> ExitCode {
    let text = error.render().to_string();
    if error.use_stderr()
        && error.kind() != clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    {
        let told = text.split("\n\nUsage:").next().unwrap_or_default();
        let told = told.split("\n\nFor more").next().unwrap_or_default();
        output::complain(told.trim_start_matches("error: "));
        return ExitCode::from(BAD_INPUT);
    }
    let code = if error.use_stderr() { ExitCode::from(BAD_INPUT) } else { ExitCode::SUCCESS };
    output::print(|out| write!(out, "{text}")).map_or(ExitCode::FAILURE, |()| code)
}
