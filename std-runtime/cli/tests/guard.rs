//! Real commands under real guards: nothing outlives its daemon, and nothing overlaps.
//!
//! Tests wait for signals only: a process tree holds a named pipe open, and the pipe's end of file
//! is the moment when the last process of it has gone.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test ends at its first surprise")]

use std::fs::{self, File, TryLockError};
use std::hint;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A test that waits this long has failed; none takes a hundredth of it.
const WATCHDOG: Duration = Duration::from_secs(30);

/// The program standing in for a daemon that runs one command; killed if a test fails.
struct Daemon(Option<Child>);

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Daemon {
    fn start(spec: &Value, grace_ms: u32, dir: Option<&Path>) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_mainspring"))
            .arg("__command")
            .arg(grace_ms.to_string())
            .args(dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A daemon that is refused its lock ends without reading.
        let _ = child.stdin.take().unwrap().write_all(spec.to_string().as_bytes());
        Self(Some(child))
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(self.0.as_ref().unwrap()), signal).unwrap();
    }

    fn id(&self) -> u32 {
        self.0.as_ref().unwrap().id()
    }

    fn output(mut self) -> Output {
        let child = self.0.take().unwrap();
        within_watchdog(move || child.wait_with_output().unwrap())
    }

    fn ended(self) -> Value {
        let output = self.output();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{stderr}"))
    }
}

fn within_watchdog<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, result) = mpsc::channel();
    thread::spawn(move || done.send(work()));
    result.recv_timeout(WATCHDOG).expect("it ends well before the watchdog")
}

/// A named pipe that the processes under test write to and hold open.
struct Tree {
    _dir: TempDir,
    path: PathBuf,
}

impl Tree {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tree");
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        Self { _dir: dir, path }
    }

    /// A shell line whose processes hold the pipe as descriptor 9 and that says it has started.
    fn line(&self, body: &str) -> Value {
        let path = self.path.display();
        json!({"program": {"shell": format!("exec 9>'{path}'; {body}")}})
    }

    /// Waits for the first line.
    fn started(&self) -> (String, BufReader<File>) {
        let path = self.path.clone();
        within_watchdog(move || {
            let mut reader = BufReader::new(File::open(path).unwrap());
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            (line.trim_end().to_owned(), reader)
        })
    }
}

/// Waits until every process that holds the pipe has gone.
fn gone(mut tree: BufReader<File>) -> String {
    within_watchdog(move || {
        let mut rest = String::new();
        tree.read_to_string(&mut rest).unwrap();
        rest
    })
}

fn run(spec: &Value) -> Value {
    Daemon::start(spec, 10_000, None).ended()
}

fn shell(line: &str) -> Value {
    run(&json!({"program": {"shell": line}}))
}

/// Children in the group, one in a group of its own, and one of that one.
const FAMILY: &str = "sleep 1000 & sh -c 'sleep 1000 & sleep 1000' & timeout 900 sleep 1000 &";

#[test]
fn exit_codes_and_outputs_come_back() {
    let ended = shell("echo out; echo err >&2; exit 3");
    assert_eq!(ended["exit"], json!({"code": 3}));
    assert_eq!(ended["stdout"], json!({"text": "out\n", "cut": 0}));
    assert_eq!(ended["stderr"], json!({"text": "err\n", "cut": 0}));
    assert_eq!(ended["stopped"], json!(false));
}

#[test]
fn a_signal_is_told_apart_from_a_code() {
    assert_eq!(shell("kill -SEGV $$")["exit"], json!({"signal": 11}));
    assert_eq!(shell("kill -PIPE $$")["exit"], json!({"signal": 13}));
    assert_eq!(shell("exit 139")["exit"], json!({"code": 139}));
}

#[test]
fn a_program_that_cannot_be_started_says_why() {
    let missing = run(&json!({"program": {"argv": ["no-such-program", "x"]}}));
    assert_eq!(missing["exit"], json!({"code": 127}));
    let text = missing["stderr"]["text"].as_str().unwrap();
    assert!(text.contains("`no-such-program` not found"), "{text}");

    let plain = run(&json!({"program": {"argv": ["/etc/passwd"]}}));
    assert_eq!(plain["exit"], json!({"code": 126}));
    let text = plain["stderr"]["text"].as_str().unwrap();
    assert!(text.contains("`/etc/passwd` cannot be run"), "{text}");

    let nowhere = run(&json!({"program": {"argv": ["true"]}, "dir": "/no/such/dir"}));
    assert_eq!(nowhere["exit"], json!({"code": 126}));
    let text = nowhere["stderr"]["text"].as_str().unwrap();
    assert!(text.contains("`/no/such/dir`"), "{text}");
}

#[test]
fn a_command_gets_its_variables_directory_and_no_input() {
    let dir = tempfile::tempdir().unwrap();
    let ended = run(&json!({
        "program": {"argv": ["sh", "-c", "echo \"$A $HOME\"; pwd; cat; tty"]},
        "env": [["A", "b c"]],
        "dir": dir.path(),
    }));
    let home = std::env::var("HOME").unwrap_or_default();
    let there = fs::canonicalize(dir.path()).unwrap();
    let want = format!("b c {home}\n{}\nnot a tty\n", there.display());
    assert_eq!(ended["stdout"]["text"], json!(want));
}

/// More than a pipe holds, and the command says what it thinks of it while it reads.
#[test]
fn a_command_reads_what_it_is_given_and_then_the_end() {
    let text = "line\n".repeat(50_000);
    let spec = json!({"program": {"argv": ["wc", "-c"]}, "stdin": text});
    assert_eq!(run(&spec)["stdout"]["text"], json!(format!("{}\n", text.len())));
    let cat = json!({"program": {"argv": ["cat"]}, "stdin": text, "capture": 1_000_000});
    assert_eq!(run(&cat)["stdout"]["text"], json!(text));
    // One that does not read ends all the same.
    let deaf = json!({"program": {"shell": "exit 3"}, "stdin": text});
    assert_eq!(run(&deaf)["exit"], json!({"code": 3}));
    let empty = json!({"program": {"argv": ["cat"]}, "stdin": ""});
    assert_eq!(run(&empty)["exit"], json!({"code": 0}));
}

#[test]
fn long_output_keeps_its_beginning_and_its_end_and_counts_the_rest() {
    let mut spec = json!({"program": {"shell": "seq 1 200000; seq 1 3 >&2"}, "capture": 16});
    let ended = run(&spec);
    assert_eq!(ended["stdout"]["head"], json!("1\n2\n"));
    assert_eq!(ended["stdout"]["text"], json!("9999\n200000\n"));
    let all: u64 = (1..=200_000_u64).map(|n| n.to_string().len() as u64 + 1).sum();
    assert_eq!(ended["stdout"]["cut"], json!(all - 16));
    assert_eq!(ended["stderr"], json!({"text": "1\n2\n3\n", "cut": 0}));
    spec["capture"] = json!(0);
    assert_eq!(run(&spec)["stderr"], json!({"text": "", "cut": 6}));
}

#[test]
fn what_a_command_leaves_behind_is_killed() {
    let tree = Tree::new();
    let daemon = Daemon::start(&tree.line(&format!("{FAMILY} echo up >&9; exit 4")), 10_000, None);
    let (line, rest) = tree.started();
    assert_eq!(line, "up");
    assert_eq!(daemon.ended()["exit"], json!({"code": 4}));
    gone(rest);
}

#[test]
fn a_daemon_that_is_killed_takes_the_whole_tree_along() {
    let tree = Tree::new();
    let body = format!("trap '' TERM HUP; {FAMILY} echo up >&9; wait");
    let daemon = Daemon::start(&tree.line(&body), 10_000, None);
    let (_, rest) = tree.started();
    daemon.signal(Signal::KILL);
    gone(rest);
    daemon.output();
}

#[test]
fn a_guard_that_is_killed_takes_the_whole_tree_along() {
    let tree = Tree::new();
    let body = format!("trap '' TERM HUP; {FAMILY} echo $PPID >&9; wait");
    let daemon = Daemon::start(&tree.line(&body), 10_000, None);
    let (guard, rest) = tree.started();
    kill_process(Pid::from_raw(guard.parse().unwrap()).unwrap(), Signal::KILL).unwrap();
    gone(rest);
    assert_eq!(daemon.ended()["exit"], json!("lost"));
}

#[test]
fn the_kernel_kills_a_command_whose_guard_and_daemon_die_at_once() {
    let tree = Tree::new();
    let daemon = Daemon::start(&tree.line("echo $PPID >&9; exec sleep 1000"), 10_000, None);
    let (guard, rest) = tree.started();
    // The daemon cannot clean up: it is stopped until it is killed.
    daemon.signal(Signal::STOP);
    kill_process(Pid::from_raw(guard.parse().unwrap()).unwrap(), Signal::KILL).unwrap();
    gone(rest);
    daemon.signal(Signal::KILL);
    daemon.output();
}

#[test]
fn a_stop_asks_first() {
    let tree = Tree::new();
    let body = "trap 'echo bye >&9; exit 5' TERM; echo up >&9; while :; do sleep 0.05; done";
    let daemon = Daemon::start(&tree.line(body), 10_000, None);
    let (_, rest) = tree.started();
    daemon.signal(Signal::TERM);
    let ended = daemon.ended();
    assert_eq!((&ended["exit"], &ended["stopped"]), (&json!({"code": 5}), &json!(true)));
    assert_eq!(gone(rest), "bye\n");
}

#[test]
fn a_child_may_use_the_grace_after_its_parent_has_ended() {
    let tree = Tree::new();
    let body = "sh -c 'trap \"sleep 0.2; echo tidy >&9; exit\" TERM; echo up >&9; \
                while :; do sleep 0.05; done' & wait";
    let daemon = Daemon::start(&tree.line(body), 10_000, None);
    let (_, rest) = tree.started();
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.ended()["exit"], json!({"signal": 15}));
    assert_eq!(gone(rest), "tidy\n");
}

#[test]
fn a_stop_kills_after_the_grace() {
    let tree = Tree::new();
    let body = format!("trap '' TERM; {FAMILY} echo up >&9; while :; do sleep 1; done");
    let daemon = Daemon::start(&tree.line(&body), 50, None);
    let (_, rest) = tree.started();
    daemon.signal(Signal::TERM);
    let ended = daemon.ended();
    assert_eq!((&ended["exit"], &ended["stopped"]), (&json!({"signal": 9}), &json!(true)));
    gone(rest);
}

#[test]
fn a_process_that_leaves_the_session_neither_dies_nor_holds_the_run_up() {
    let tree = Tree::new();
    // The first `exec` lets go of the pipe, so that only the one that left holds it; it keeps the
    // outputs open as well.
    let daemon = Daemon::start(
        &tree.line("setsid sh -c 'echo $$ >&9; exec sleep 1000' & exec 9>&-; sleep 0.2; echo out"),
        10_000,
        None,
    );
    let (pid, rest) = tree.started();
    assert_eq!(daemon.ended()["stdout"]["text"], json!("out\n"));
    kill_process(Pid::from_raw(pid.parse().unwrap()).unwrap(), Signal::KILL).unwrap();
    gone(rest);
}

#[test]
fn a_second_daemon_is_refused_while_the_first_lives() {
    let dir = tempfile::tempdir().unwrap();
    let tree = Tree::new();
    let first = Daemon::start(&tree.line("echo up >&9; sleep 1000"), 50, Some(dir.path()));
    let (_, rest) = tree.started();
    let second = Daemon::start(&json!({"program": {"argv": ["true"]}}), 50, Some(dir.path()));
    let output = second.output();
    assert!(!output.status.success());
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains(&format!("process {}", first.id())), "{text}");
    first.signal(Signal::KILL);
    gone(rest);
    first.output();
}

/// The file that the guards of the stand-in daemon share.
fn runs_lock(dir: &Path) -> File {
    let path = dir.join("command-node.runs.lock");
    File::options().write(true).create(true).truncate(false).open(path).unwrap()
}

#[test]
fn a_running_command_is_covered_by_a_shared_lock() {
    let dir = tempfile::tempdir().unwrap();
    let tree = Tree::new();
    let daemon = Daemon::start(&tree.line("echo up >&9; sleep 1000"), 50, Some(dir.path()));
    let (_, rest) = tree.started();
    let lock = runs_lock(dir.path());
    assert!(matches!(lock.try_lock(), Err(TryLockError::WouldBlock)));
    lock.try_lock_shared().unwrap();
    lock.unlock().unwrap();
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.ended()["stopped"], json!(true));
    gone(rest);
    lock.try_lock().unwrap();
}

/// The test holds the lock as a guard would whose command is slow to die.
#[test]
fn a_daemon_starts_nothing_while_a_command_of_the_last_one_lives() {
    let dir = tempfile::tempdir().unwrap();
    let lock = runs_lock(dir.path());
    lock.lock_shared().unwrap();
    let daemon = Daemon::start(&json!({"program": {"argv": ["true"]}}), 50, Some(dir.path()));
    let (done, ended) = mpsc::channel();
    thread::spawn(move || done.send(daemon.ended()));
    // Without the lock it would end within a few milliseconds.
    let early = ended.recv_timeout(Duration::from_millis(500));
    assert_eq!(early, Err(mpsc::RecvTimeoutError::Timeout));
    lock.unlock().unwrap();
    assert_eq!(ended.recv_timeout(WATCHDOG).unwrap()["exit"], json!({"code": 0}));
}

/// Each command holds an exclusive lock through a descriptor that all of its processes share, and
/// writes to a log whether it was alone. Daemons are killed at all moments of their start and work.
#[test]
fn commands_of_successive_daemons_never_overlap() {
    const ROUNDS: u64 = 60;
    let dir = tempfile::tempdir().unwrap();
    let tree = Tree::new();
    let spec = tree.line(&format!("echo $ROUND >&9; {FAMILY} wait"));
    let line = format!(
        "trap '' TERM HUP; cd '{}'; exec 8>alone; \
         flock -n 8 && echo alone >>log || echo OVERLAP >>log; {}",
        dir.path().display(),
        spec["program"]["shell"].as_str().unwrap()
    );
    let mut killed = Vec::new();
    for round in 0..ROUNDS {
        let mark = round.to_string();
        let spec = json!({"program": {"shell": line}, "env": [["ROUND", mark]]});
        let daemon = Daemon::start(&spec, 10_000, Some(dir.path()));
        if round % 2 == 0 {
            // Spread over the few milliseconds before the command runs.
            (0..round * 5_000).for_each(|_| hint::spin_loop());
        } else {
            // A command of the round before may be at the pipe when it is killed.
            while tree.started().0 != mark {}
        }
        daemon.signal(Signal::KILL);
        killed.push(daemon);
    }
    let last = Daemon::start(&json!({"program": {"argv": ["true"]}}), 50, Some(dir.path()));
    assert_eq!(last.ended()["exit"], json!({"code": 0}));
    killed.into_iter().for_each(|daemon| drop(daemon.output()));
    let text = fs::read_to_string(dir.path().join("log")).unwrap();
    let started = text.lines().filter(|line| *line == "alone").count();
    println!("{ROUNDS} daemons killed, {started} commands had started");
    assert!(!text.contains("OVERLAP"), "{text}");
    assert!(started >= 30, "{text}");
}
