//! The example does what the README says: it greets, stops when asked, and goes on when started
//! again.
#![cfg(unix)]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Starts the example in `folder` and returns it once it has greeted `times` times.
fn greeted(folder: &Path, times: usize) -> (Child, Vec<String>) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_mainspring-hello"))
        .current_dir(folder)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the example starts");
    let output = BufReader::new(child.stdout.take().expect("a pipe"));
    let lines = output.lines().map(|line| line.expect("text"));
    let greetings = lines.filter(|line| line.ends_with(": hello, world!")).take(times).collect();
    (child, greetings)
}

fn interrupt(mut child: Child) {
    let told = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(told.expect("kill runs").success());
    assert!(child.wait().expect("it ends").success(), "it stops softly when asked");
}

#[test]
fn it_greets_stops_and_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let (child, before) = greeted(folder.path(), 2);
    interrupt(child);
    let (child, after) = greeted(folder.path(), 1);
    interrupt(child);
    let all: Vec<_> = before.into_iter().chain(after).collect();
    assert_eq!(all.len(), 3);
    assert!(all.is_sorted_by(|a, b| a < b), "each instant is greeted once: {all:?}");
}

#[test]
fn a_durable_schedule_takes_no_more_than_twelve_lines_of_main() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/main.rs");
    let program = std::fs::read_to_string(file).expect("the program");
    let main = program.lines().skip_while(|line| !line.starts_with("async fn main"));
    let lines = main.take_while(|line| !line.starts_with('}')).count() + 1;
    assert!((2..=12).contains(&lines), "`main` has {lines} lines");
}

#[test]
fn the_readme_shows_this_program() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(folder.join("../../README.md")).expect("the README");
    let program = std::fs::read_to_string(folder.join("src/main.rs")).expect("the program");
    let shown = readme.split("```rust\n").nth(1).and_then(|rest| rest.split("```").next());
    let code = program.split_once("\n\n").map(|(_, code)| code);
    assert_eq!(shown, code, "copy examples/hello/src/main.rs into the README");
}
