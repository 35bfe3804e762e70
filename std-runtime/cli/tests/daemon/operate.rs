//! `schedules` and `jobs`: looked at and changed from outside, with and without a daemon.

use std::process::Command;

use mainspring_core::outcome::Outcome;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::place::{Place, program};

const CONFIG: &str = "[schedules.rare]\nevery = \"100d\"\noverlap = \"skip\"\nrun = [\"true\"]\n\
                      [schedules.off]\nevery = \"100d\"\npaused = true\ntask = \"t\"\n\
                      [tasks.t]\nrun = [\"true\"]\n";

/// What the program says about a store: its exit code, and what it prints.
pub(crate) fn ask(place: &Place, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(program())
        .args(arguments)
        .arg("--config")
        .arg(place.file())
        .output()
        .expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("it prints text").trim_end().to_owned();
    let code = output.status.code().expect("it ends by itself");
    (code, text(output.stdout), text(output.stderr))
}

/// The lines of an answer.
pub(crate) fn told(place: &Place, arguments: &[&str]) -> String {
    let (code, out, err) = ask(place, arguments);
    assert_eq!((code, err.as_str()), (0, ""), "{arguments:?}");
    out
}

pub(crate) fn json(place: &Place, arguments: &[&str]) -> Value {
    let out = told(place, &[arguments, &["--json"]].concat());
    serde_json::from_str(&out).expect("it prints JSON")
}

/// A place whose daemon has been there and is gone.
pub(crate) fn left_behind() -> Place {
    let place = Place::with(CONFIG);
    let daemon = place.serve();
    daemon.signal(Signal::TERM);
    assert!(daemon.ended().status.success());
    place
}

#[test]
fn a_schedule_is_paused_and_resumed_by_hand() {
    let place = left_behind();
    assert_eq!(told(&place, &["schedules", "pause", "rare"]), "`rare` paused");
    assert_eq!(told(&place, &["schedules", "pause", "rare"]), "`rare` was paused already");
    let shown = json(&place, &["schedules", "show", "rare"]);
    assert_eq!(shown["schedule"]["paused"], true);
    assert_eq!(shown["schedule"]["pause"]["reason"], "by hand");
    assert!(told(&place, &["schedules", "list"]).contains("paused by hand"));
    assert!(told(&place, &["schedules", "show", "rare"]).contains("every 100d, counted from"));
    let resumed = json(&place, &["schedules", "resume", "rare", "--from", "2990-01-01T00:00:00Z"]);
    assert_eq!(resumed["changed"], true);
    assert!(resumed["next"].as_str().is_some_and(|next| next.starts_with("2990-")), "{resumed}");
    let skips = json(&place, &["schedules", "show", "rare"]);
    assert_eq!(skips["skips"][0]["reason"], "paused");
    assert!(told(&place, &["schedules", "resume", "rare"]).contains("was not paused"));

    let (code, _, err) = ask(&place, &["schedules", "resume", "off"]);
    assert_eq!(code, 1);
    assert!(err.contains("`off` is paused where it was written down"), "{err}");
    let (code, _, err) = ask(&place, &["schedules", "pause", "rere"]);
    assert_eq!((code, err.contains("there is no schedule `rere`")), (1, true), "{err}");
}

#[test]
fn the_past_is_counted_before_it_is_backfilled() {
    let place = left_behind();
    let range = ["--from", "2025-01-01T00:00:00Z", "--to", "2025-12-31T00:00:00Z"];
    let verb = [&["schedules", "backfill", "rare"], &range[..]].concat();
    assert!(told(&place, &verb).starts_with("4 fires in this range"));
    assert_eq!(json(&place, &["jobs", "list"]).as_array().map(Vec::len), Some(0));
    let done = json(&place, &[&verb[..], &["--yes"]].concat());
    assert_eq!((&done["queued"], &done["known"]), (&4.into(), &0.into()));
    let again = told(&place, &[&verb[..], &["--yes"]].concat());
    assert_eq!(again, "queued 0 jobs; 4 had been queued before");
    let jobs = json(&place, &["jobs", "list", "--schedule", "rare", "--limit", "3"]);
    assert_eq!(jobs.as_array().map(Vec::len), Some(3));
    // A backfill is in nobody's way, but a run by hand is in that of another one.
    told(&place, &["schedules", "run", "rare"]);
    let (code, _, err) = ask(&place, &["schedules", "run", "rare"]);
    assert_eq!((code, err.contains("an earlier job of `rare` is not over")), (1, true), "{err}");
    let backwards = ["--from", "2025-12-31T00:00:00Z", "--to", "2025-01-01T00:00:00Z"];
    let (code, _, err) = ask(&place, &[&verb[..3], &backwards].concat());
    assert_eq!((code, err.contains("ends before it begins")), (2, true), "{err}");
}

#[test]
fn jobs_are_queued_shown_and_cancelled() {
    let place = left_behind();
    let id = told(&place, &["jobs", "enqueue", "t", "--key", "k", "--delay", "1h"]);
    assert_eq!(told(&place, &["jobs", "enqueue", "t", "--key", "k"]), id, "the key is taken");
    let shown = json(&place, &["jobs", "show", &id]);
    assert_eq!((&shown["job"]["state"], &shown["job"]["key"]), (&"waiting".into(), &"k".into()));
    assert!(told(&place, &["jobs", "list", "--task", "t"]).contains(&id));
    assert!(told(&place, &["jobs", "list", "--state", "waiting"]).contains(&id));
    for none in [["--state", "held"], ["--state", "running"], ["--tag", "gpu"]] {
        let listed = json(&place, &[&["jobs", "list"], &none[..]].concat());
        assert_eq!(listed.as_array().map(Vec::len), Some(0), "{none:?}");
    }
    assert_eq!(told(&place, &["jobs", "cancel", &id]), format!("{id} is cancelled"));
    assert_eq!(told(&place, &["jobs", "cancel", &id]), format!("{id} was over already"));
    let shown = json(&place, &["jobs", "show", &id]);
    assert_eq!(shown["runs"][0]["outcome"], Outcome::Cancelled.name());
    let none = "018f0000-0000-7000-8000-000000000000";
    let (code, _, err) = ask(&place, &["jobs", "show", none]);
    assert_eq!((code, err.contains("there is no job")), (1, true), "{err}");
    let (code, _, err) = ask(&place, &["jobs", "show", "7"]);
    assert_eq!((code, err.contains("as `mainspring jobs list` shows it")), (2, true), "{err}");
    let (code, out, _) = ask(&place, &["jobs", "cancel", none, &id]);
    let both = format!("{none} is not known\n{id} was over already");
    assert_eq!((code, out), (1, both), "one that is not known hides nothing");
    let (code, _, err) = ask(&place, &["jobs", "enqueue", "unknown"]);
    assert_eq!((code, err.contains("(tasks of this file: `t`, `rare`)")), (2, true), "{err}");
    let nowhere = Command::new(program()).args(["jobs", "list"]).output().expect("it starts");
    assert_eq!(nowhere.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&nowhere.stderr).contains("write `--config FILE`"));
}

#[test]
fn a_daemon_runs_what_is_asked_for_from_outside() {
    let place = Place::with(CONFIG);
    let mut daemon = place.serve();
    let job = told(&place, &["schedules", "run", "rare"]);
    daemon.hear("run finished");
    daemon.signal(Signal::TERM);
    assert!(daemon.ended().status.success());
    let shown = json(&place, &["jobs", "show", &job]);
    assert_eq!(shown["runs"][0]["outcome"], Outcome::Succeeded.name());
    assert_eq!((&shown["job"], &shown["runs"][0]["schedule"]), (&Value::Null, &"rare".into()));
    let status = Command::new(program()).arg("status").arg(place.file()).output();
    let status = status.expect("it starts").stdout;
    assert!(String::from_utf8_lossy(&status).contains("paused where it is written down"));
}

#[test]
fn the_status_counts_jobs_and_does_not_list_them() {
    let place = left_behind();
    for _ in 0..3 {
        told(&place, &["jobs", "enqueue", "t", "--delay", "1h"]);
    }
    let store = format!("sqlite:{}", place.database().display());
    let ask = |options: &[&str]| {
        let mut command = Command::new(program());
        let output = command.arg("status").args(["--store", &store]).args(options).output();
        String::from_utf8(output.expect("it starts").stdout).expect("text")
    };
    let shown: Value = serde_json::from_str(&ask(&["--json"])).expect("JSON");
    let known = json!({
        "task": "t", "waiting": 3, "waiting_is_exact": true, "held": 0, "held_is_exact": true,
        "running": 0, "running_is_exact": true,
    });
    let jobs = json!({ "count": 3, "count_is_exact": true, "of_tasks": [known] });
    assert_eq!(shown["jobs"], jobs);
    assert!(!ask(&[]).contains("no node has told of"));
    // A job of a task that no file and no node names.
    let put = ["jobs", "enqueue", "stranger", "--delay", "1h", "--store", &store];
    let done = Command::new(program()).args(put).output().expect("it starts");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(ask(&[]).contains("no node has told of: 1"), "{}", ask(&[]));
}
