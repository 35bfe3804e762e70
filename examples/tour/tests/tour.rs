//! Each program prints what it promises, and nothing else.

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};

fn printed(program: &str) -> String {
    let output = Command::new(program).output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn testing_sends_the_newsletter_each_monday_at_nine_also_after_the_clock_change() {
    let expected = "\
        2027-03-01T08:00:00Z: newsletter\n\
        2027-03-08T08:00:00Z: newsletter\n\
        2027-03-15T08:00:00Z: newsletter\n\
        2027-03-22T08:00:00Z: newsletter\n\
        2027-03-29T07:00:00Z: newsletter\n\
        2027-04-01T00:00:00Z: the end\n";
    assert_eq!(printed(env!("CARGO_BIN_EXE_testing")), expected);
}

#[test]
fn retries_end_after_the_last_attempt() {
    let printed = printed(env!("CARGO_BIN_EXE_retries"));
    let lines: Vec<_> = printed.lines().collect();
    let attempts: Vec<_> = lines.iter().filter_map(|line| line.split_once(" attempt ")).collect();
    let counts: Vec<_> = attempts.iter().map(|(_, count)| *count).collect();
    assert_eq!(counts, ["1", "2", "3", "4"]);
    assert_eq!(attempts[0].0, "2027-03-01T00:00:00Z");
    assert!(attempts.is_sorted_by(|a, b| a.0 < b.0), "each waits: {attempts:?}");
    assert_eq!(lines[4..], ["failed after 4: example.org does not answer"]);
}

#[test]
fn unique_jobs_are_kept_out_or_replaced() {
    let expected = "ada: queued\ngrace: queued\nada: is queued already\nada: replaced\n";
    assert_eq!(printed(env!("CARGO_BIN_EXE_unique")), expected);
}

#[test]
fn blocking_waits_for_results() {
    let expected = "360: [2, 2, 2, 3, 3, 5]\n97: [97]\n0: failed\nleft behind: 0\n";
    assert_eq!(printed(env!("CARGO_BIN_EXE_blocking")), expected);
}

#[test]
fn executor_keeps_a_ledger_on_one_thread() {
    let expected = "ada is number 1\ngrace is number 2\nfailed: a name is needed\n";
    assert_eq!(printed(env!("CARGO_BIN_EXE_executor")), expected);
}

#[cfg(unix)]
#[test]
fn processes_may_crash_and_take_arguments_as_they_are() {
    let expected = "\
        91 = 13 * 7\n\
        crash: failed: its process: exit code 7\n\
        nobody else noticed: 1\n\
        \"$(ID) & CO\"\n\
        fails: failed: exit code 3: cannot read a file; with spaces\n";
    assert_eq!(printed(env!("CARGO_BIN_EXE_processes")), expected);
}

#[test]
fn a_trigger_of_ones_own_is_stored_by_name_and_fires_for_another_scheduler() {
    let expected = "\
        refused: trigger `rarer`: `yesterday` is no instant\n\
        2027-03-02T09:00:00Z: remind ada\n\
        2027-03-03T09:00:00Z: remind ada\n\
        2027-03-05T09:00:00Z: remind ada\n\
        2027-03-09T09:00:00Z: remind ada\n\
        2027-03-17T09:00:00Z: remind ada\n\
        2027-04-02T09:00:00Z: remind ada\n";
    assert_eq!(printed(env!("CARGO_BIN_EXE_trigger")), expected);
}

#[test]
fn a_transaction_that_is_rolled_back_queues_nothing() {
    let expected = "rolled back: 0 orders, 0 jobs\ncommitted: 1 orders, 1 jobs\nshipped 8\n";
    assert_eq!(printed(env!("CARGO_BIN_EXE_transaction")), expected);
}

/// A process with a role, killed if its test fails.
struct Node {
    child: Child,
    said: Lines<BufReader<ChildStdout>>,
}

impl Node {
    fn start(role: &str, place: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_roles"));
        let mut child = command.args([role, place]).stdout(Stdio::piped()).spawn().expect("starts");
        let said = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        Self { child, said }
    }

    fn says(&mut self, expected: &str) {
        let mut lines = self.said.by_ref().map(|line| line.expect("text"));
        assert!(lines.any(|line| line == expected), "it ended without `{expected}`");
    }

    fn stop(mut self, last: &str) {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(told.expect("kill runs").success());
        self.says(last);
        assert!(self.child.wait().expect("it ends").success());
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the client has put fires because of the planner and runs at the worker.
fn roles_share(place: &str) {
    let [mut planner, mut worker] = ["planner", "worker"].map(|role| Node::start(role, place));
    planner.says("planner at work");
    worker.says("worker at work");
    let mut client = Node::start("client", place);
    client.says("done: from the client");
    assert!(client.child.wait().expect("it ends").success());
    for _ in 0..2 {
        worker.says("from the schedule, attempt 1");
    }
    planner.stop("planner stopped, 0 left behind");
    worker.stop("worker stopped, 0 left behind");
}

#[test]
fn planner_and_worker_are_processes_on_one_file() {
    let folder = tempfile::tempdir().expect("a folder");
    roles_share(folder.path().join("jobs.db").to_str().expect("text"));
}
