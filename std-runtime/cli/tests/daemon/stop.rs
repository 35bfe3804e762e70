//! Asked to stop: once lets running commands finish, twice ends them, and nothing is lost.

use std::net::TcpListener;

use mainspring_chaos::daemon::Daemon;
use mainspring_chaos::rows::locked;
use mainspring_core::outcome::Outcome;
use rustix::process::Signal;

use crate::place::{Place, program};

/// One command at a time, which says when it works and when it is done.
fn place(seconds: u32) -> Place {
    Place::with(&format!(
        "[tasks.work]\nmax_running = 1\n\
         shell = \"echo at work as $MAINSPRING_TOKEN; sleep {seconds}; echo all done\"\n\
         [schedules.tick]\nevery = \"1s\"\ntask = \"work\"\n"
    ))
}

#[test]
fn the_first_signal_lets_a_running_command_finish() {
    for signal in [Signal::TERM, Signal::INT] {
        let place = place(1);
        let mut daemon = place.serve();
        daemon.hear("at work");
        daemon.signal(signal);
        let end = daemon.ended();
        assert!(end.status.success() && end.said.contains("all done"), "{}", end.said);
        let runs = place.visit().runs();
        assert!(runs.iter().all(|run| run.ended.outcome == Outcome::Succeeded), "{runs:?}");
    }
}

#[test]
fn ctrl_c_reaches_the_daemon_and_not_its_commands() {
    let place = place(1);
    let mut daemon = place.serve();
    daemon.hear("at work");
    daemon.signal_group(Signal::INT);
    let end = daemon.ended();
    assert!(end.status.success() && end.said.contains("all done"), "{}", end.said);
}

#[test]
fn the_second_signal_ends_a_running_command_which_runs_again_after_a_restart() {
    for signal in [Signal::TERM, Signal::INT] {
        let place = place(1_000);
        let mut daemon = place.serve();
        daemon.hear("at work as 1");
        daemon.signal_group(signal);
        daemon.hear("once more stops at once");
        daemon.signal_group(signal);
        let end = daemon.ended();
        assert!(end.status.success() && !end.said.contains("all done"), "{}", end.said);
        let visit = place.visit();
        let runs = visit.runs();
        assert!(matches!(&runs[..], [run] if run.ended.outcome == Outcome::Interrupted));
        assert!(visit.jobs().iter().any(|job| job.id == runs[0].job), "the job waits");
        let mut again = place.serve();
        again.hear("at work as 2");
        let jobs = visit.jobs();
        let job = jobs.iter().find(|job| job.id == runs[0].job).expect("the job is there");
        assert!(job.token > runs[0].token && job.counts == Default::default(), "{job:?}");
    }
}

#[test]
fn the_end_of_the_grace_ends_a_running_command() {
    let place = place(1_000);
    let file = place.file().into_os_string();
    let args = ["serve".into(), file, "--grace".into(), "200ms".into()];
    let mut daemon = Daemon::start(program(), &args);
    daemon.hear("at work");
    daemon.signal(Signal::TERM);
    let end = daemon.ended();
    assert!(end.status.success() && !end.said.contains("all done"), "{}", end.said);
    assert_eq!(place.visit().runs()[0].ended.outcome, Outcome::Interrupted);
}

#[test]
fn a_signal_is_heard_while_the_daemon_starts() {
    // A database that takes calls and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = silent.local_addr().expect("it is bound").port();
    for signal in [Signal::TERM, Signal::INT] {
        let place = Place::new();
        place.write_raw(&format!("store = \"postgres://nobody@127.0.0.1:{port}/none\"\n"));
        let file = place.file().into_os_string();
        let daemon = Daemon::start(program(), &["serve".into(), file]);
        let (_call, _) = silent.accept().expect("the daemon calls");
        daemon.signal(signal);
        let end = daemon.ended();
        assert!(end.status.success(), "{}", end.said);
        assert!(end.said.contains("asked to stop before it had started"), "{}", end.said);
    }
}

#[test]
fn a_signal_is_heard_while_the_file_is_read_again() {
    let place = Place::with("[schedules.rare]\nevery = \"1d\"\nrun = [\"true\"]\n");
    let mut daemon = place.serve();
    place.write("[schedules.other]\nevery = \"1d\"\nrun = [\"true\"]\n");
    locked(&place.database(), || {
        daemon.signal(Signal::HUP);
        daemon.hear("reading the file again");
        daemon.signal(Signal::TERM);
        daemon.hear("asked to stop");
    });
    let end = daemon.ended();
    assert!(end.status.success(), "{}", end.said);
    // It neither went on with the file nor gave up on it: it was told to stop in between.
    assert!(!end.said.contains("take over the file"), "{}", end.said);
    assert!(!end.said.contains("the file was read again"), "{}", end.said);
}
