//! Nodes and guards that are killed leave nothing behind.

use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::rig::{APP, Tree, gone, within_watchdog};

/// A node of its own that runs an endless job; killed if a test fails.
struct Victim(Option<Child>);

impl Victim {
    fn start(what: &str, tree: &Tree) -> Self {
        let mut command = Command::new(APP);
        command.arg(what).arg(tree.path()).stdin(Stdio::null()).stdout(Stdio::piped());
        Self(Some(command.spawn().expect("it starts")))
    }

    fn kill(&self) {
        let child = self.0.as_ref().expect("it is there until it is dropped");
        kill_process(Pid::from_child(child), Signal::KILL).expect("it lives");
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

#[test]
fn a_node_that_is_killed_takes_functions_and_their_children_along() {
    let tree = Tree::new();
    let node = Victim::start("pool", &tree);
    let (process, rest) = tree.started();
    assert_ne!(process, node.0.as_ref().expect("it is there").id().to_string());
    node.kill();
    gone(rest);
}

#[test]
fn a_node_that_is_killed_takes_commands_along() {
    let tree = Tree::new();
    let node = Victim::start("command", &tree);
    let (line, rest) = tree.started();
    assert_eq!(line, "up");
    node.kill();
    gone(rest);
}

/// The kernel kills the function's process, and the node whatever that had started.
#[test]
fn a_guard_that_is_killed_takes_the_function_along_and_its_run_has_failed() {
    let tree = Tree::new();
    let mut node = Victim::start("pool", &tree);
    let (process, rest) = tree.started();
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("it lives");
    let after_name = stat.rsplit_once(')').expect("it has a name").1;
    let guard = after_name.split_whitespace().nth(1).expect("it has a parent");
    let name = std::fs::read_to_string(format!("/proc/{guard}/comm")).expect("it lives");
    assert_eq!(name, "ms-guard\n");
    let guard = Pid::from_raw(guard.parse().expect("a number")).expect("no zero");
    kill_process(guard, Signal::KILL).expect("it lives");
    gone(rest);
    let child = node.0.take().expect("it is there");
    let output = within_watchdog(move || child.wait_with_output().expect("it ends"));
    let said = String::from_utf8(output.stdout).expect("text");
    assert!(said.contains("killed together with its guard"), "{said}");
}
