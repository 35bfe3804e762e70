//! Random input for whatever reads text or bytes, and for the laws of triggers.
//!
//! ```text
//! cargo run -p mainspring-fuzz -- [--seconds N] [--seed N] [--target NAME] [--input N]
//! ```
//! Inputs are mutations of good ones, made from the seed and a number alone, so that what a run
//! prints when it fails replays with `--seed`, `--target` and `--input`. It works on the stable
//! toolchain and needs no other tool; it does not look at coverage, and makes up for that by
//! starting from good inputs and speaking the words of each grammar. `cargo libfuzzer` looks at it.

#![expect(clippy::print_stdout, reason = "it speaks to the person who runs it")]

mod clock;

use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::process::ExitCode;

use clock::Stopwatch;
use mainspring_fuzz::{Random, TARGETS, Target};

/// An input that takes longer than this is a failure: all work is meant to be bounded, and this
/// allows for a build without optimisation on a busy machine.
const SLOW_SECS: f64 = 5.0;

struct Options {
    seconds: f64,
    seed: u64,
    target: Option<String>,
    input: Option<u64>,
}

fn options() -> Result<Options, String> {
    let seed = clock::seed();
    let mut options = Options { seconds: 20.0, seed, target: None, input: None };
    let mut args = std::env::args().skip(1);
    while let Some(name) = args.next() {
        let value = args.next().ok_or_else(|| format!("{name} needs a value"))?;
        let number = || value.parse::<u64>().map_err(|error| format!("{name} {value}: {error}"));
        match name.as_str() {
            "--seconds" => {
                let seconds = value.parse();
                options.seconds = seconds.map_err(|error| format!("{name} {value}: {error}"))?;
            }
            "--seed" => options.seed = number()?,
            "--input" => options.input = Some(number()?),
            "--target" => options.target = Some(value),
            _ => return Err(format!("unknown option {name}")),
        }
    }
    Ok(options)
}

fn main() -> ExitCode {
    let options = match options() {
        Ok(options) => options,
        Err(message) => {
            eprintln!("mainspring-fuzz: {message}");
            return ExitCode::from(2);
        }
    };
    let wanted = |target: &&Target| options.target.as_ref().is_none_or(|name| name == target.name);
    let targets: Vec<&Target> = TARGETS.iter().filter(wanted).collect();
    if targets.is_empty() {
        let names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
        eprintln!("mainspring-fuzz: the targets are {}", names.join(", "));
        return ExitCode::from(2);
    }
    println!("seed {}", options.seed);
    let share = options.seconds / f64::from(u32::try_from(targets.len()).unwrap_or(1));
    for target in targets {
        let watch = Stopwatch::start();
        let mut number = options.input.unwrap_or(0);
        let mut slowest = 0.0_f64;
        loop {
            match judge(target, options.seed, number) {
                Ok(seconds) => slowest = slowest.max(seconds),
                Err(reason) => {
                    let (name, seed) = (target.name, options.seed);
                    let input = target.input(&mut Random::new(seed, number));
                    println!("{name} failed: {reason}\ninput: {}", input.escape_ascii());
                    println!("again: --seed {seed} --target {name} --input {number}");
                    return ExitCode::FAILURE;
                }
            }
            number += 1;
            if options.input.is_some() || watch.seconds() >= share {
                break;
            }
        }
        let count = number - options.input.unwrap_or(0);
        println!("{:<9} {count:>9} inputs, the slowest {:.1} ms", target.name, slowest * 1e3);
    }
    ExitCode::SUCCESS
}

/// How long one input took, or what went wrong with it.
fn judge(target: &Target, seed: u64, number: u64) -> Result<f64, String> {
    let input = target.input(&mut Random::new(seed, number));
    let watch = Stopwatch::start();
    let outcome = catch_unwind(AssertUnwindSafe(|| (target.run)(&input)));
    let seconds = watch.seconds();
    match outcome {
        Err(_) => Err("it panicked".to_owned()),
        Ok(Err(broken)) => Err(broken),
        Ok(Ok(())) if seconds > SLOW_SECS => Err(format!("it took {seconds:.1} s")),
        Ok(Ok(())) => Ok(seconds),
    }
}
