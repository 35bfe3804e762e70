//! Each program prints what it promises, and nothing else.

use std::process::Command;

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
