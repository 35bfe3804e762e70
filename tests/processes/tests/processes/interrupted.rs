//! What a process hears that is asked to stop.

use std::process::Command;

use crate::rig::APP;

#[test]
fn a_signal_that_comes_before_anybody_polls_is_heard() {
    let output = Command::new(APP).arg("interrupt").output().expect("it can be started");
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!((output.status.code(), said.as_ref()), (Some(0), "stopped\n"), "{output:?}");
}
