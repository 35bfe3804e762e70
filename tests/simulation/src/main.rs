//! Lives simulated clusters through.
//!
//! ```text
//! cargo sim SEED [--trace] [--bug NAME]       one seed again, with every fact if wanted
//! cargo sim --seeds A..B [--bug NAME]         a range of seeds, on every core
//! cargo sim --bugs [--seeds A..B]             plants each bug, and says which seed shows it
//! ```

#![expect(clippy::print_stdout, reason = "it speaks to the person who runs it")]

mod clock;

use core::ops::Range;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::process::ExitCode;
use std::sync::Mutex;

use clock::Stopwatch;
use mainspring_simulation::bug::Bug;
use mainspring_simulation::tally::Tally;
use mainspring_simulation::watch::{self, Outcome};

struct Options {
    seeds: Range<u64>,
    single: bool,
    trace: bool,
    bug: Option<Bug>,
    bugs: bool,
}

fn options() -> Result<Options, String> {
    let mut options =
        Options { seeds: 0..1_000, single: false, trace: false, bug: None, bugs: false };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--trace" => options.trace = true,
            "--bugs" => options.bugs = true,
            "--seeds" => {
                let range = args.next().ok_or("--seeds needs a range A..B")?;
                let (from, to) = range.split_once("..").ok_or("a range is A..B")?;
                let number = |text: &str| text.replace('_', "").parse::<u64>();
                let bad = |error| format!("{range}: {error}");
                options.seeds = number(from).map_err(bad)?..number(to).map_err(bad)?;
            }
            "--bug" => {
                let name = args.next().ok_or("--bug needs a name")?;
                let names: Vec<String> =
                    Bug::ALL.iter().map(|(bug, _)| format!("{bug:?}")).collect();
                let unknown = format!("no bug `{name}` (there are {})", names.join(", "));
                options.bug = Some(Bug::named(&name).ok_or(unknown)?);
            }
            seed => {
                let seed = seed.parse::<u64>().map_err(|error| format!("{seed}: {error}"))?;
                options.seeds = seed..seed + 1;
                options.single = true;
            }
        }
    }
    Ok(options)
}

fn main() -> ExitCode {
    let options = match options() {
        Ok(options) => options,
        Err(message) => {
            eprintln!("sim: {message}");
            return ExitCode::from(2);
        }
    };
    // A panic is an outcome like any other, and is reported as one.
    std::panic::set_hook(Box::new(|_| {}));
    if options.single {
        return one(&options);
    }
    if options.bugs { bugs(&options) } else { range(&options) }
}

fn one(options: &Options) -> ExitCode {
    let seed = options.seeds.start;
    let outcome = watch::live(seed, options.bug, true);
    if options.trace {
        outcome.trace.iter().for_each(|line| println!("{line}"));
    }
    println!("{}", outcome.tally);
    if outcome.violation.is_none() {
        println!("seed {seed}: all is well");
        return ExitCode::SUCCESS;
    }
    explain(seed, &outcome);
    ExitCode::FAILURE
}

/// Says what went wrong in a seed, and what happened before.
fn explain(seed: u64, outcome: &Outcome) {
    let Some(violation) = &outcome.violation else { return };
    let tail = outcome.trace.len().saturating_sub(TAIL);
    outcome.trace[tail..].iter().for_each(|line| println!("{line}"));
    println!("seed {seed}: {violation}");
    println!("again: cargo sim {seed} --trace");
}

fn range(options: &Options) -> ExitCode {
    let watch = Stopwatch::start();
    let (next, stop) = (AtomicU64::new(options.seeds.start), AtomicBool::new(false));
    let total = Mutex::new(Tally::default());
    let failed = Mutex::new(Vec::new());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                let mut tally = Tally::default();
                while !stop.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= options.seeds.end {
                        break;
                    }
                    let outcome = watch::live(seed, options.bug, false);
                    tally.merge(&outcome.tally);
                    if let Some(violation) = outcome.violation {
                        println!("seed {seed}: {violation}");
                        let mut failed = failed.lock().expect("nobody panics with it");
                        failed.push(seed);
                        stop.store(failed.len() >= ENOUGH, Ordering::Relaxed);
                    }
                    let done = seed + 1 - options.seeds.start;
                    if done.is_multiple_of(10_000) {
                        println!("{done} seeds, {:.0} s", watch.seconds());
                    }
                }
                total.lock().expect("nobody panics with it").merge(&tally);
            });
        }
    });
    println!("{}", total.into_inner().expect("nobody panics with it"));
    let seeds = next.into_inner().min(options.seeds.end) - options.seeds.start;
    let seconds = watch.seconds();
    println!("{seeds} seeds in {seconds:.1} s on {cores} cores");
    let mut failed = failed.into_inner().expect("nobody panics with it");
    failed.sort_unstable();
    let Some(&seed) = failed.first() else { return ExitCode::SUCCESS };
    explain(seed, &watch::live(seed, options.bug, true));
    ExitCode::FAILURE
}

fn bugs(options: &Options) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for (bug, checker) in Bug::ALL {
        match watch::first(*bug, options.seeds.clone()) {
            Some((seed, violation)) => {
                let right = violation.checker == *checker;
                let word = if right { "" } else { ", which is another one than expected" };
                println!("{bug:?}: seed {seed}, {violation}{word}");
                if !right {
                    code = ExitCode::FAILURE;
                }
            }
            None => {
                println!("{bug:?}: NOT FOUND in {:?}", options.seeds);
                code = ExitCode::FAILURE;
            }
        }
    }
    code
}

/// Lines of a trace that explain a failure.
const TAIL: usize = 60;

/// Failures after which a range ends.
const ENOUGH: usize = 10;
