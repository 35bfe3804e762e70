//! Watched from outside: numbers for Prometheus, and whether the daemon is well.

use std::io::{Read, Write};
use std::net::TcpStream;

use mainspring_chaos::daemon::Daemon;
use rustix::process::Signal;

use crate::place::{Place, program};

/// What the daemon answers to this line.
fn ask(address: &str, line: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    write!(stream, "{line} HTTP/1.1\r\nhost: here\r\n\r\n").expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers with text");
    answer
}

#[test]
fn metrics_and_health_are_told_over_http() {
    let place = Place::with("[schedules.tick]\nevery = \"1s\"\nshell = \"echo at work\"\n");
    let file = place.file().into_os_string();
    let mut daemon =
        Daemon::start(program(), &["serve".into(), file, "--metrics".into(), "127.0.0.1:0".into()]);
    let line = daemon.hear("watched at /metrics and /health");
    let address = line.split("address=").nth(1).and_then(|rest| rest.split(' ').next());
    let address = address.expect("the address is logged").trim();
    daemon.hear("run finished");
    let answer = ask(address, "GET /metrics");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("version=0.0.4"), "{answer}");
    assert!(answer.contains("\nmainspring_up 1\n"), "{answer}");
    let succeeded = "mainspring_runs_ended_total{outcome=\"succeeded\"} ";
    let count = answer.split(succeeded).nth(1).and_then(|rest| rest.lines().next());
    assert!(count.is_some_and(|count| count.parse::<u64>().is_ok_and(|count| count > 0)));
    assert!(ask(address, "GET /health").ends_with("\r\n\r\nwell\n"));
    assert!(ask(address, "GET /other").starts_with("HTTP/1.1 404 "));
    assert!(ask(address, "POST /health").starts_with("HTTP/1.1 405 "));
    // A stranger who says nothing keeps nobody from being answered, nor from stopping.
    let _silent = TcpStream::connect(address).expect("it listens");
    assert!(ask(address, "GET /health?verbose").ends_with("\r\n\r\nwell\n"));
    daemon.signal(Signal::TERM);
    assert!(daemon.ended().status.success());
}
