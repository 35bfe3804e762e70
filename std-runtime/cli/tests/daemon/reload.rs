//! The file changes: on SIGHUP and while the daemon is down, without losing a due fire.

use std::process::Command;

use mainspring_chaos::clock;
use mainspring_chaos::daemon::Daemon;
use mainspring_chaos::rows::tamper;
use mainspring_core::outcome::Outcome;
use mainspring_core::time::{Span, Timestamp};
use rustix::process::Signal;

use crate::place::{Place, program};

/// Far from its next fire, whenever the test runs.
const RARE: &str = "every = \"100d\"\nrun = [\"true\"]\n";
const TICK: &str = "[schedules.tick]\nevery = \"1s\"\nrun = [\"true\"]\n";

fn stop(daemon: Daemon) {
    daemon.signal(Signal::TERM);
    let end = daemon.ended();
    assert!(end.status.success(), "{}", end.said);
}

/// As if the daemon had been down since before `at`.
fn owe(place: &Place, schedule: &str, at: Timestamp) {
    let sql = format!(
        "UPDATE mainspring_schedules SET next_at_us = {} WHERE id = '{schedule}'",
        at.as_micros()
    );
    assert_eq!(tamper(&place.database(), &sql), 1);
}

/// The instants of the schedule's runs, which may have run side by side.
fn ran(place: &Place, schedule: &str) -> Vec<Timestamp> {
    let runs = place.visit().runs_of(schedule);
    let mut ran: Vec<_> = runs.iter().filter_map(|run| run.fire_at).collect();
    ran.sort();
    ran
}

/// The most recent fires of a schedule that fires every 100 days.
fn last_fires<const N: usize>() -> [Timestamp; N] {
    let span = Span::from_days(100);
    let count = clock::wall().as_secs() / (span.as_micros() / 1_000_000);
    let fire = |n| Timestamp::UNIX_EPOCH + span.saturating_mul(n);
    let first = count + 1 - i64::try_from(N).expect("a few");
    let mut fires = (first..).map(fire);
    core::array::from_fn(|_| fires.next().expect("there is always another one"))
}

#[test]
fn a_broken_file_changes_nothing_and_is_reported() {
    let place = Place::with(TICK);
    let mut daemon = place.serve();
    daemon.hear("run finished");
    for broken in ["[schedules.tick\n", "[schedules.tick]\nevry = \"1s\"\nrun = [\"true\"]\n"] {
        place.write(broken);
        daemon.signal(Signal::HUP);
        daemon.hear("the file has errors; going on as before");
        daemon.hear("run finished");
    }
    std::fs::remove_file(place.file()).expect("the file is there");
    daemon.signal(Signal::HUP);
    daemon.hear("the file has errors; going on as before");
    daemon.hear("run finished");
    assert!(daemon.said().contains("`evry`"), "{}", daemon.said());
    place.write(TICK);
    daemon.signal(Signal::HUP);
    daemon.hear("the file was read again");
    stop(daemon);
    assert!(place.visit().schedules()[0].schedule.spec.id.as_str() == "tick");
}

#[test]
fn schedules_are_added_changed_and_removed() {
    let old = format!("[schedules.goes]\n{RARE}[schedules.changes]\n{RARE}{TICK}");
    let place = Place::with(&old);
    let mut daemon = place.serve();
    daemon.hear("run finished");
    let new = "[schedules.changes]\nevery = \"1s\"\nshell = \"echo changed command\"\n\
               [schedules.comes]\nevery = \"1s\"\nshell = \"echo new command\"\n";
    place.write(&format!("{new}{TICK}"));
    daemon.signal(Signal::HUP);
    daemon.hear("the file was read again");
    let said = daemon.said();
    for what in
        ["changed schedule=\"changes\"", "added schedule=\"comes\"", "removed schedule=goes"]
    {
        assert!(said.contains(what), "no `{what}` in:\n{said}");
    }
    assert!(!said.contains("schedule=\"tick\" changed"), "{said}");
    daemon.hear_all(&["changed command", "new command"]);
    stop(daemon);
    let names: Vec<_> =
        place.visit().schedules().iter().map(|v| v.schedule.spec.id.to_string()).collect();
    assert_eq!(names, ["changes", "comes", "tick"]);
}

#[test]
fn a_command_that_runs_while_its_schedule_is_removed_still_counts() {
    let place = Place::with(
        "[schedules.goes]\nevery = \"1s\"\nshell = \"echo at work; sleep 1; echo all done\"\n",
    );
    let mut daemon = place.serve();
    daemon.hear("at work");
    place.write(&format!("[schedules.stays]\n{RARE}"));
    daemon.signal(Signal::HUP);
    daemon.hear("the file was read again");
    stop(daemon);
    let visit = place.visit();
    assert!(visit.runs().iter().any(|run| run.ended.outcome == Outcome::Succeeded));
}

#[test]
fn a_fire_that_came_due_while_the_daemon_was_down_runs_although_the_schedule_changed() {
    let place = Place::with(&format!("[schedules.edited]\n{RARE}"));
    stop(place.serve());
    let owed = last_fires::<1>();
    owe(&place, "edited", owed[0]);
    place.write("[schedules.edited]\ncron = \"0 0 1 1 *\"\nshell = \"echo new command\"\n");
    let mut daemon = place.serve();
    daemon.hear("new command");
    daemon.hear("run finished");
    stop(daemon);
    assert_eq!(ran(&place, "edited"), owed);
}

#[test]
fn every_fire_that_came_due_while_the_daemon_was_down_runs_although_the_schedule_changed() {
    let all = "coalesce = \"all\"\nrun = [\"true\"]\n";
    let place = Place::with(&format!("[schedules.edited]\nevery = \"100d\"\n{all}"));
    stop(place.serve());
    let owed = last_fires::<3>();
    owe(&place, "edited", owed[0]);
    place.write(&format!("[schedules.edited]\ncron = \"0 0 1 1 *\"\n{all}"));
    let mut daemon = place.serve();
    for _ in owed {
        daemon.hear("run finished");
    }
    stop(daemon);
    assert_eq!(ran(&place, "edited"), owed);
}

#[test]
fn a_fire_that_came_due_while_the_daemon_was_down_runs_although_the_schedule_is_gone() {
    let task = "[tasks.work]\nshell = \"echo owed work\"\n";
    let schedule = |name| format!("[schedules.{name}]\nevery = \"100d\"\ntask = \"work\"\n");
    let place = Place::with(&format!("{task}{}{}", schedule("goes"), schedule("stays")));
    stop(place.serve());
    let owed = last_fires::<1>();
    owe(&place, "goes", owed[0]);
    place.write(&format!("{task}{}", schedule("stays")));
    let mut daemon = place.serve();
    daemon.hear("owed work");
    daemon.hear("run finished");
    stop(daemon);
    assert_eq!(ran(&place, "goes"), owed);
}

#[test]
fn a_schedule_that_goes_together_with_its_command_leaves_no_job_that_waits_for_ever() {
    let place = Place::with(&format!("[schedules.goes]\n{RARE}{TICK}"));
    stop(place.serve());
    owe(&place, "goes", last_fires::<1>()[0]);
    place.write(TICK);
    let mut daemon = place.serve();
    daemon.hear("run finished");
    stop(daemon);
    assert_eq!(place.visit().jobs(), []);
}

#[test]
fn a_trigger_that_was_damaged_is_mended_by_the_file() {
    let place = Place::with(TICK);
    stop(place.serve());
    let sql = "UPDATE mainspring_schedules SET trigger_bytes = x'ff00'";
    assert_eq!(tamper(&place.database(), sql), 1);
    place.serve().hear("run finished");
    assert_eq!(place.visit().schedules()[0].schedule.quarantine, None);
}

/// Damages the schedule `bad`, which no file knows any more, and returns what `status` says.
fn quarantined(damage: &str) -> String {
    let place = Place::with(&format!("[schedules.bad]\n{RARE}{TICK}"));
    stop(place.serve());
    let sql = format!(
        "UPDATE mainspring_schedules SET source = 'person', {damage}, next_at_us = 1 \
         WHERE id = 'bad'"
    );
    assert_eq!(tamper(&place.database(), &sql), 1);
    place.write(TICK);
    let mut daemon = place.serve();
    daemon.hear("run finished");
    daemon.hear("run finished");
    stop(daemon);
    let mut status = Command::new(program());
    let output = status.arg("status").arg(place.file()).output().expect("it can be started");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_trigger_that_cannot_be_read_is_put_aside_with_its_reason_and_others_go_on() {
    let status = quarantined("trigger_bytes = x'6e6f'");
    assert!(status.contains("`bad` is out of service: its trigger cannot be read"), "{status}");
}

#[test]
fn a_trigger_of_a_later_program_is_put_aside_with_its_reason_and_others_go_on() {
    for damage in ["trigger_version = 9", "trigger_format = 99"] {
        let status = quarantined(damage);
        assert!(status.contains("`bad` is out of service: "), "{damage}: {status}");
    }
}

#[test]
fn a_schedule_whose_row_cannot_be_read_holds_nobody_up() {
    // The others ran, or this would still wait for them.
    let status = quarantined("coalesce = 77");
    assert!(status.contains("tick"), "{status}");
    let told = "`bad` is out of service: its record cannot be read: ";
    assert!(status.contains(told) && status.contains("77"), "{status}");
}
