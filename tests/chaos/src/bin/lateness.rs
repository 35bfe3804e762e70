//! Measures a real daemon: how late it is, and what it costs when it has nothing to do.
//!
//! ```text
//! cargo run -p mainspring-chaos --bin lateness -- 60         examples/mainspring.toml, 60 s
//! cargo run -p mainspring-chaos --bin lateness -- idle 60    three schedules an hour away
//! ```
//!
//! Prints what it found; exits with 1 if a fire did not run once, if one was more than 50 ms late,
//! or if the idle daemon took more than 0.5 % of a core.

#![expect(clippy::print_stdout, reason = "this program prints what it measured")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use mainspring_chaos::clock;
use mainspring_chaos::daemon::Daemon;
use mainspring_chaos::history::Visit;
use mainspring_chaos::process::usage;
use mainspring_core::time::{Span, Timestamp};
use rustix::process::Signal;

/// The schedules of the example: name, and seconds between fires.
const EXAMPLE: [(&str, i64); 3] = [("archive", 20), ("disk-use", 15), ("sweep-scratch", 5)];

/// Two wake-ups closer together than this count as one.
const GLANCE: Duration = Duration::from_millis(100);

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (mode, seconds) = match &args[..] {
        [seconds] => ("late", seconds.parse()),
        [mode, seconds] if mode == "idle" => ("idle", seconds.parse()),
        _ => return usage_error(),
    };
    let Ok(seconds) = seconds else { return usage_error() };
    let program = build();
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    let good = match mode {
        "idle" => idle(&program, dir.path(), Duration::from_secs(seconds)),
        _ => late(&program, dir.path(), Duration::from_secs(seconds)),
    };
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn usage_error() -> ExitCode {
    eprintln!("usage: lateness [idle] SECONDS");
    ExitCode::from(2)
}

/// Builds the daemon with the profile of this program, beside it.
fn build() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.args(["build", "--quiet", "--package", "mainspring-cli"]);
    if !cfg!(debug_assertions) {
        build.arg("--release");
    }
    assert!(build.status().is_ok_and(|status| status.success()), "the daemon can be built");
    let own = std::env::current_exe().expect("this program has a path");
    own.with_file_name("mainspring")
}

fn late(program: &Path, dir: &Path, span: Duration) -> bool {
    let file = dir.join("mainspring.toml");
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/mainspring.toml");
    fs::copy(example, &file).expect("the example can be copied");
    let mut daemon = Daemon::serve(program, &file);
    let from = clock::wall();
    daemon.listen(span);
    // The example fires at whole seconds. The middle of one is far from every fire.
    let past = u32::try_from(clock::wall().subsec_micros()).unwrap_or(0);
    daemon.listen(Duration::from_micros(u64::from((1_500_000 - past) % 1_000_000)));
    let until = clock::wall();
    daemon.signal(Signal::TERM);
    let end = daemon.ended();
    assert!(end.status.success(), "{}", end.said);

    let visit = Visit::new(&dir.join("mainspring-demo/mainspring.db"));
    let (mut due, mut once, mut lateness) = (0, 0, Vec::new());
    for (schedule, step) in EXAMPLE {
        let mut times: BTreeMap<Timestamp, usize> = fires(step, from, until);
        due += times.len();
        for run in visit.runs_of(schedule) {
            let Some(at) = run.fire_at.filter(|at| *at > from) else { continue };
            *times.entry(at).or_insert(1_000) += 1;
            lateness.extend(run.ended.started_at.map(|started| started.since(at)));
        }
        once += times.values().filter(|count| **count == 1).count();
        let wrong: Vec<_> = times.iter().filter(|(_, count)| **count != 1).collect();
        println!("{schedule}: due {}, not run once: {wrong:?}", times.len());
    }
    lateness.sort();
    let worst = lateness.last().copied().unwrap_or(Span::ZERO);
    let median = lateness.get(lateness.len() / 2).copied().unwrap_or(Span::ZERO);
    println!("{} s: fires due {due}, run once {once}", until.since(from).as_micros() / 1_000_000);
    println!("lateness: worst {worst}, median {median}");
    once == due && worst <= Span::from_millis(50)
}

/// The fires after `from` up to `until`, none of which has run yet.
fn fires(step: i64, from: Timestamp, until: Timestamp) -> BTreeMap<Timestamp, usize> {
    let multiples = from.as_secs() / step + 1..=until.as_secs() / step;
    multiples.map(|n| (Timestamp::UNIX_EPOCH + Span::from_secs(n * step), 0)).collect()
}

fn idle(program: &Path, dir: &Path, span: Duration) -> bool {
    let start = clock::wall() + Span::from_hours(1);
    let mut config = "store = \"sqlite:jobs.db\"\n".to_owned();
    for name in ["a", "b", "c"] {
        let table = format!("[schedules.{name}]\nevery = \"1h\"\nstart = {start}\n");
        config.push_str(&format!("{table}run = [\"true\"]\n"));
    }
    let file = dir.join("mainspring.toml");
    fs::write(&file, config).expect("the folder can be written");
    let mut daemon = Daemon::serve(program, &file);
    // What the start itself costs is not the cost of being idle.
    daemon.listen(Duration::from_secs(2));
    let before = usage(daemon.id()).expect("the daemon is there");
    let (mut after, mut bursts, mut was_awake) = (before, 0, false);
    for _ in 0..span.as_millis() / GLANCE.as_millis() {
        daemon.listen(GLANCE);
        let now = usage(daemon.id()).expect("the daemon is there");
        let is_awake = now.sleeps != after.sleeps;
        bursts += u32::from(is_awake && !was_awake);
        (after, was_awake) = (now, is_awake);
    }
    daemon.signal(Signal::TERM);
    assert!(daemon.ended().status.success());

    let seconds = span.as_secs_f64();
    let cpu_ms = after.cpu_ms - before.cpu_ms;
    let percent = cpu_ms as f64 / 10.0 / seconds;
    let per_minute = (after.sleeps - before.sleeps) as f64 * 60.0 / seconds;
    println!("{seconds} s idle: {cpu_ms} ms of processor time, {percent:.3} % of a core");
    println!(
        "it woke {bursts} times; voluntary context switches, all threads: {per_minute:.0} a minute"
    );
    percent < 0.5
}
