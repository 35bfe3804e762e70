//! The collector is sent what the guide promises.

use std::process::Command;

#[test]
fn a_run_can_be_followed_from_where_its_job_was_queued() {
    let output = Command::new(env!("CARGO_BIN_EXE_mainspring-traces")).output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
    let expected = "\
        trace 1: request in nothing\n\
        trace 2: mainspring.run in nothing, because of request\n  \
          task = ship\n  attempt = 1\n  outcome = succeeded\n\
        trace 1: ship in request\n  order = 7\n";
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
}
