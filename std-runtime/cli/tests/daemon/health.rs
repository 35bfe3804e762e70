//! Nodes, tasks, tables, health and history: seen and changed from outside.

use std::process::Command;

use rustix::process::Signal;
use serde_json::Value;

use crate::operate::{ask, json, left_behind, told};
use crate::place::{Place, program};

const CONFIG: &str = "tags = [\"eu\"]\n[tasks.t]\nrun = [\"true\"]\nmax_running = 2\nretries = 3\n\
                      [schedules.rare]\nevery = \"100d\"\ntask = \"t\"\n";

/// What a daemon says of itself once it has told the store.
fn node(place: &Place) -> Value {
    loop {
        let nodes = json(place, &["nodes"]);
        if let Some(node) = nodes.as_array().and_then(|nodes| nodes.first()) {
            return node.clone();
        }
    }
}

#[test]
fn a_daemon_is_a_node_from_its_start_to_its_end() {
    let place = Place::with(CONFIG);
    let daemon = place.serve();
    let node = node(&place);
    assert_eq!((&node["role"], &node["lost"]), (&"both".into(), &false.into()));
    assert_eq!((&node["tags"][0], &node["tasks"]), (&"eu".into(), &serde_json::json!(["t"])));
    let ahead = node["clock_ahead_us"].as_i64().expect("a number");
    assert!(ahead.abs() < 2_000_000, "it is the same clock: {ahead}");
    let shown = told(&place, &["nodes"]);
    assert!(shown.contains("both") && shown.contains("mainspring 0."), "{shown}");
    assert_eq!(json(&place, &["nodes", "--role", "worker"]), serde_json::json!([]));
    let healthy = json(&place, &["doctor"]);
    assert_eq!(healthy["healthy"], true, "{healthy}");
    daemon.signal(Signal::TERM);
    assert!(daemon.ended().status.success());
    assert_eq!(json(&place, &["nodes"]), serde_json::json!([]));
    let (code, _, err) = ask(&place, &["nodes", "--role", "boss"]);
    assert_eq!((code, err.contains("write `both`, `planner` or `worker`")), (2, true), "{err}");
}

#[test]
fn tasks_are_shown_with_what_there_is_to_do() {
    let place = Place::with(CONFIG);
    let daemon = place.serve();
    node(&place);
    daemon.signal(Signal::TERM);
    assert!(daemon.ended().status.success());
    for _ in 0..3 {
        told(&place, &["jobs", "enqueue", "t", "--delay", "1h"]);
    }
    let tasks = json(&place, &["tasks"]);
    let task = &tasks[0];
    assert_eq!((&task["id"], &task["max_running"]), (&"t".into(), &2.into()));
    assert_eq!((&task["waiting"], &task["running"]), (&3.into(), &0.into()));
    assert_eq!((&task["waiting_is_exact"], &task["retries"]), (&true.into(), &3.into()));
    assert_eq!(task["nodes"], serde_json::json!([]), "nobody is there");
    let bounded = told(&place, &["tasks", "--count", "2"]);
    assert!(bounded.contains("2+"), "{bounded}");
}

#[test]
fn a_doctor_finds_work_that_nobody_does() {
    let place = left_behind();
    assert!(told(&place, &["doctor"]).contains("ok    schema"));
    // Long ago, so that somebody should have run it.
    place.sql("UPDATE mainspring_schedules SET next_at_us = 1 WHERE id = 'rare'");
    told(&place, &["jobs", "enqueue", "t"]);
    place.sql("UPDATE mainspring_jobs SET ready_at_us = 1");
    place.sql("UPDATE mainspring_schedules SET coalesce = 9 WHERE id = 'off'");
    place.sql(
        "INSERT INTO mainspring_nodes VALUES ('ghost', 2, '', '[\"t\"]', 'mainspring 0.0.1', \
         strftime('%s') * 1000000, 7000000, (strftime('%s') - 600) * 1000000)",
    );
    let (code, out, err) = ask(&place, &["doctor", "--json"]);
    assert_eq!((code, err.as_str()), (1, ""), "{out}");
    let report: Value = serde_json::from_str(&out).expect("it prints JSON");
    assert_eq!(report["healthy"], false);
    let problems: Vec<&str> = report["checks"]
        .as_array()
        .expect("a list")
        .iter()
        .flat_map(|check| check["problems"].as_array().expect("a list"))
        .filter_map(Value::as_str)
        .collect();
    for (part, way_out) in [
        ("node `ghost` was last heard of at", "start it again"),
        ("schedule `rare` was due at", "start a daemon"),
        ("jobs of task `t` wait (1), and no node runs it", "start a daemon"),
        ("the record of schedule `off` cannot be read", "put it again"),
    ] {
        let told = problems.iter().find(|problem| problem.contains(part));
        assert!(told.is_some_and(|told| told.contains(way_out)), "{part}: {problems:#?}");
    }
    assert_eq!(problems.len(), 4, "{problems:#?}");
    let (code, out, _) = ask(&place, &["doctor"]);
    assert_eq!((code, out.contains("wrong nodes: node `ghost`")), (1, true), "{out}");
}

#[test]
fn tables_are_planned_checked_and_made() {
    let place = Place::with(CONFIG);
    let (code, _, err) = ask(&place, &["migrate", "check"]);
    assert_eq!((code, err.contains("run `mainspring migrate apply`")), (1, true), "{err}");
    let plan = json(&place, &["migrate", "plan"]);
    assert_eq!(plan["steps"][0]["name"], "initial");
    assert!(told(&place, &["migrate", "plan"]).contains("CREATE TABLE mainspring_nodes"));
    assert!(!place.database().exists(), "a plan changes nothing");
    assert!(told(&place, &["migrate", "apply"]).starts_with("took 2 steps: 1 (initial), 2"));
    assert_eq!(told(&place, &["migrate", "apply"]), "was up to date");
    assert_eq!(told(&place, &["migrate", "check"]), "up to date");
    assert_eq!(told(&place, &["migrate", "plan"]), "up to date");
    // A database of the first version still lacks one step.
    place.sql("DROP TABLE mainspring_nodes");
    place.sql("DELETE FROM mainspring_migrations WHERE version = 2");
    let (code, out, _) = ask(&place, &["doctor"]);
    assert_eq!((code, out.contains("lacks 1 step, from `nodes` on")), (1, true), "{out}");
    assert_eq!(told(&place, &["migrate", "apply"]), "took 1 step: 2 (nodes)");
}

#[test]
fn a_schedule_is_added_changed_and_removed_by_hand() {
    let place = left_behind();
    let add = ["schedules", "add", "extra", "--task", "t", "--trigger"];
    let line = "cron 0 9 * * mon-fri in Europe/Berlin";
    let added = json(&place, &[&add[..], &[line]].concat());
    assert_eq!(added["became"], "added");
    let shown = json(&place, &["schedules", "show", "extra"]);
    assert_eq!(shown["schedule"]["source"], "person");
    assert_eq!(shown["schedule"]["trigger"]["cron"]["zone"], "Europe/Berlin");
    let (code, _, err) = ask(&place, &[&add[..], &["every 1h"]].concat());
    assert_eq!((code, err.contains("add `--on-conflict replace`")), (1, true), "{err}");
    let kept = [&add[..], &["every 1h", "--on-conflict", "keep"]].concat();
    assert_eq!(json(&place, &kept)["became"], "kept");
    let replaced = [&add[..], &["{\"every\":{\"span\":\"1h\"}}", "--on-conflict", "replace"]];
    assert_eq!(json(&place, &replaced.concat())["became"], "replaced");

    for (wrong, way_out) in [
        (["extra", "t", "evry 1h"], "evry"),
        (["extra", "tt", "every 1h"], "did you mean `t`?"),
        (["extra", "t", "cron 0 9 * * * in Europe/Berln"], "Europe/Berlin"),
    ] {
        let [name, task, trigger] = wrong;
        let add = ["schedules", "add", name, "--task", task, "--trigger", trigger];
        let (code, _, err) = ask(&place, &add);
        assert_eq!((code, err.contains(way_out)), (2, true), "{err}");
    }

    let (code, _, err) = ask(&place, &["schedules", "remove", "extra", "rare"]);
    assert_eq!((code, err.contains("with `--force` it is gone until")), (1, true), "{err}");
    assert_eq!(told(&place, &["schedules", "remove", "extra"]), "`extra` removed");
    let removed = json(&place, &["schedules", "remove", "rare", "--force"]);
    assert_eq!(removed["removed"], serde_json::json!(["rare"]));
    let (code, _, err) = ask(&place, &["schedules", "remove", "of"]);
    assert_eq!((code, err.contains("did you mean `off`?")), (1, true), "{err}");
}

#[test]
fn jobs_run_again_at_once_or_as_new_jobs() {
    let place = left_behind();
    let later = told(&place, &["jobs", "enqueue", "t", "--delay", "1h"]);
    assert_eq!(told(&place, &["jobs", "retry", &later]), format!("{later} is ready"));
    let by_hand = told(&place, &["schedules", "run", "rare"]);
    for id in [&later, &by_hand] {
        told(&place, &["jobs", "cancel", id]);
    }
    let again = json(&place, &["jobs", "retry", &later, &by_hand]);
    for (entry, of) in again.as_array().expect("a list").iter().zip([&later, &by_hand]) {
        assert_eq!((&entry["of"], &entry["became"]), (&of.as_str().into(), &"queued".into()));
        let job = entry["job"].as_str().expect("an id");
        assert_ne!(job, of, "a new job");
        assert_eq!(json(&place, &["jobs", "show", job])["job"]["state"], "waiting");
    }
    let schedule = again[1]["job"].as_str().expect("an id");
    assert_eq!(json(&place, &["jobs", "show", schedule])["job"]["schedule"], "rare");

    // Without the file nobody knows that the task takes no arguments.
    let url = format!("sqlite:{}", place.database().display());
    let retry = |more: &[&str]| {
        let store = ["jobs", "retry", &later, "--store", &url];
        Command::new(program()).args([&store[..], more].concat()).output().expect("it starts")
    };
    let output = retry(&[]);
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(
        (output.status.code(), err.contains("`--arguments JSON`")),
        (Some(2), true),
        "{err}"
    );
    assert!(retry(&["--arguments", "null"]).status.success());
    let none = "018f0000-0000-7000-8000-000000000000";
    let (code, _, err) = ask(&place, &["jobs", "retry", none]);
    assert_eq!((code, err.contains("there is no job")), (1, true), "{err}");
}

#[test]
fn history_is_forgotten_on_request() {
    let place = left_behind();
    for _ in 0..3 {
        let id = told(&place, &["jobs", "enqueue", "t"]);
        told(&place, &["jobs", "cancel", &id]);
    }
    assert_eq!(json(&place, &["prune", "--older-than", "1h"])["forgotten"], 0);
    place.sql("UPDATE mainspring_runs SET noted_at_us = 1 WHERE seq < 3");
    assert!(told(&place, &["prune", "--older-than", "1h"]).starts_with("forgot 2 records"));
    let (code, _, err) = ask(&place, &["prune"]);
    assert_eq!((code, err.contains("--older-than")), (2, true), "{err}");
}

#[test]
fn a_shell_learns_the_words() {
    for (shell, part) in [("bash", "complete -F _mainspring"), ("zsh", "#compdef mainspring")] {
        let script = Command::new(program()).args(["completions", shell]).output();
        let script = String::from_utf8(script.expect("it starts").stdout).expect("text");
        assert!(script.contains(part) && script.contains("doctor"), "{shell}");
    }
}
