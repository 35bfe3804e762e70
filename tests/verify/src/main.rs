//! `cargo verify`: every check of the project, in one command.
//!
//! It runs the steps one after the other, shows each command and how long it took, and stops at the
//! first that fails. The last line counts tests: `N passed, 0 failed`. A failed step counts as one
//! failure even where no test failed, so that line never claims more than the exit code does.

#![expect(clippy::print_stdout, reason = "the gate speaks to the person who runs it")]

mod call;
mod clock;
mod mongod;
mod package;
mod step;
mod tally;
mod toolchain;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clock::Stopwatch;
use step::{Gate, STEPS, Step};

const USAGE: &str = "\
Runs every check of the project and stops at the first that fails.

Usage: cargo verify [STEP]...    all steps, or those named, in the order given
       cargo verify --list       the names of the steps
       cargo verify --help

CARGO_TARGET_DIR is respected; CI=true turns incremental compilation off.

Steps:";

/// What the command line asks for.
enum Wish {
    Help,
    List,
    Run(Vec<&'static Step>),
}

fn main() -> ExitCode {
    match wish(std::env::args().skip(1)) {
        Ok(Wish::Help) => {
            println!("{USAGE}");
            STEPS.iter().for_each(|step| println!("  {:<14} {}", step.name, step.about));
            ExitCode::SUCCESS
        }
        Ok(Wish::List) => {
            STEPS.iter().for_each(|step| println!("{}", step.name));
            ExitCode::SUCCESS
        }
        Ok(Wish::Run(steps)) => run(&steps),
        Err(message) => {
            eprintln!("verify: {message}");
            ExitCode::from(2)
        }
    }
}

/// # Errors
/// One line about the first argument that is neither an option nor a step.
fn wish(args: impl Iterator<Item = String>) -> Result<Wish, String> {
    let mut steps = Vec::new();
    for arg in args {
        match arg.as_str() {
            "--help" | "-h" => return Ok(Wish::Help),
            "--list" => return Ok(Wish::List),
            name => match STEPS.iter().find(|step| step.name == name) {
                Some(step) => steps.push(step),
                None => return Err(format!("no step `{name}` (see `cargo verify --list`)")),
            },
        }
    }
    if steps.is_empty() {
        steps.extend(STEPS);
    }
    Ok(Wish::Run(steps))
}

fn run(steps: &[&Step]) -> ExitCode {
    let mut gate = match Gate::new(root()) {
        Ok(gate) => gate,
        Err(message) => {
            eprintln!("verify: {message}");
            return ExitCode::FAILURE;
        }
    };
    let whole = Stopwatch::start();
    let mut failure = None;
    let mut times = Vec::new();
    for step in steps {
        println!("== {} ==", step.name);
        let watch = Stopwatch::start();
        let result = (step.run)(&mut gate);
        times.push((step.name, watch.elapsed()));
        println!("== {}: {} ==\n", step.name, watch.elapsed());
        if let Err(message) = result {
            failure = Some(format!("step `{}` failed: {message}", step.name));
            gate.tally.failed = gate.tally.failed.max(1);
            break;
        }
    }
    for (name, elapsed) in &times {
        println!("{name:<14} {elapsed:>12}", elapsed = elapsed.to_string());
    }
    println!("{:<14} {:>12}", "total", whole.elapsed().to_string());
    if let Some(failure) = &failure {
        println!("\nverify: {failure}; {} of {} steps done", times.len() - 1, steps.len());
    }
    println!("{}", gate.tally);
    // A reader that went away has seen enough; the exit code is the answer.
    let _ = std::io::stdout().flush();
    if failure.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The workspace that this program belongs to: where it runs from under cargo, else where it was
/// built.
fn root() -> PathBuf {
    let member = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    member.ancestors().nth(2).map_or_else(|| member.clone(), PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(args: &[&str]) -> Result<Vec<&'static str>, String> {
        match wish(args.iter().map(|&arg| arg.to_owned()))? {
            Wish::Run(steps) => Ok(steps.iter().map(|step| step.name).collect()),
            Wish::Help | Wish::List => Ok(Vec::new()),
        }
    }

    #[test]
    fn without_arguments_every_step_runs() {
        assert_eq!(names(&[]).unwrap().len(), STEPS.len());
    }

    #[test]
    fn named_steps_run_alone_in_the_order_given() {
        assert_eq!(names(&["test", "fmt"]).unwrap(), ["test", "fmt"]);
    }

    #[test]
    fn an_unknown_step_is_refused() {
        assert_eq!(
            names(&["fmt", "tests"]).unwrap_err(),
            "no step `tests` (see `cargo verify --list`)"
        );
    }

    #[test]
    fn the_root_is_the_workspace() {
        assert!(root().join("rust-toolchain.toml").is_file());
    }
}
