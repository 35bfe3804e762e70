//! What a test that is killed from outside leaves running: nothing.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;

use mainspring_chaos::daemon::PATIENCE;

#[test]
fn daemons_end_with_the_test_that_was_killed_also_those_that_are_stopped() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().is_ok_and(|status| status.success()));
    let mut driver = Command::new(env!("CARGO_BIN_EXE_driver"));
    driver.arg(&pipe).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut driver = driver.spawn().expect("a program can be started");

    // The end of the pipe is the moment when nobody holds it any more.
    let (gone, heard) = mpsc::channel();
    thread::spawn(move || {
        let mut pipe = File::open(pipe).expect("the pipe is there");
        gone.send(pipe.read_to_end(&mut Vec::new()).expect("it can be read"))
    });
    let mut said = BufReader::new(driver.stdout.take().expect("a pipe")).lines();
    assert_eq!(said.next().expect("it says so").expect("text"), "ready");
    assert!(heard.try_recv().is_err(), "daemons hold the pipe");
    driver.kill().expect("a child that was not waited for can be killed");
    driver.wait().expect("a child can be waited for");
    heard.recv_timeout(PATIENCE).expect("both are gone");
}
