//! What cannot work is refused at the start: with an exit code, with the value that is wrong and
//! the way out on standard error, and without touching anything.

use std::fs;
use std::path::Path;

use mainspring_chaos::daemon::Daemon;
use mainspring_chaos::rows::tamper;

use crate::place::{Place, program};

/// A file that works.
const TICK: &str = "[schedules.tick]\nevery = \"1s\"\nrun = [\"true\"]\n";

/// Input that cannot be used.
const BAD_INPUT: i32 = 2;
/// Anything else that went wrong.
const FAILURE: i32 = 1;

/// Refuses to serve: the exit code, and what it says about it.
#[track_caller]
fn refused(place: &Place, code: i32, said: &[&str]) {
    let end = place.refuse();
    assert_eq!(end.status.code(), Some(code), "{}", end.said);
    for part in said {
        assert!(end.said.contains(part), "no `{part}` in:\n{}", end.said);
    }
}

#[track_caller]
fn bad_file(config: &str, said: &[&str]) {
    let place = Place::with(config);
    refused(&place, BAD_INPUT, said);
    assert!(!place.database().exists(), "a file with errors makes no database");
}

#[test]
fn an_unknown_key_is_named_with_its_line_and_the_nearest_known_one() {
    let config = "[schedules.tick]\nevry = \"1s\"\nrun = [\"true\"]\n";
    bad_file(config, &["mainspring.toml:3:1", "`evry`", "`every`"]);
}

#[test]
fn a_bad_cron_pattern_is_shown_with_the_field() {
    let config = "[schedules.tick]\ncron = \"61 * * * *\"\nrun = [\"true\"]\n";
    bad_file(config, &["mainspring.toml:3", "61", "minute", "59"]);
}

#[test]
fn an_unknown_zone_is_named() {
    let config = "[schedules.tick]\ncron = \"* * * * *\"\nzone = \"Europe/Berln\"\nrun = [\"a\"]\n";
    bad_file(config, &["mainspring.toml:4", "Europe/Berln"]);
}

#[test]
fn an_unknown_task_is_named_with_those_that_there_are() {
    let config =
        "[tasks.backup]\nrun = [\"true\"]\n[schedules.tick]\nevery = \"1s\"\ntask = \"bakup\"\n";
    bad_file(config, &["mainspring.toml:6", "unknown task `bakup`", "`backup`"]);
}

#[test]
fn a_file_that_is_no_toml_is_shown_with_its_line() {
    bad_file("[schedules.tick\nevery = 1s\n", &["mainspring.toml:2"]);
}

#[test]
fn every_mistake_of_a_file_is_shown_at_once() {
    let config = "[schedules.tick]\nevry = \"1s\"\nevery = \"0s\"\nrun = 3\nzone = \"X/Y\"\n";
    bad_file(config, &["toml:3", "toml:4", "toml:5", "toml:6"]);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let place = Place::new();
    refused(&place, BAD_INPUT, &["mainspring.toml", "cannot read the file", "No such file"]);
}

#[test]
fn a_store_that_is_a_folder_is_refused() {
    let place = Place::with(TICK);
    fs::create_dir(place.database()).expect("the folder can be made");
    fs::write(place.database().join("kept"), "kept").expect("the folder can be written");
    refused(&place, FAILURE, &["jobs.db", "cannot open", "name a file"]);
    assert_eq!(fs::read(place.database().join("kept")).ok(), Some(b"kept".to_vec()));
}

#[test]
fn a_store_that_is_no_database_is_refused_and_left_as_it_is() {
    let place = Place::with(TICK);
    let text = "these are not the rows that you are looking for\n".repeat(100);
    fs::write(place.database(), &text).expect("the folder can be written");
    refused(&place, FAILURE, &["jobs.db", "is not an SQLite database", "name another file"]);
    assert_eq!(fs::read_to_string(place.database()).ok(), Some(text));
}

#[test]
fn a_store_below_a_file_is_refused() {
    // Root may read everything, but nobody can go through a file.
    for path in ["wall/jobs.db", "wall/deeper/jobs.db"] {
        let place = Place::new();
        place.write_raw(&format!("store = \"sqlite:{path}\"\n{TICK}"));
        fs::write(place.path().join("wall"), "kept").expect("the folder can be written");
        refused(&place, FAILURE, &["wall", "(os error"]);
        assert_eq!(fs::read(place.path().join("wall")).ok(), Some(b"kept".to_vec()));
    }
}

#[test]
fn a_damaged_database_is_refused() {
    let place = Place::with(TICK);
    drop(place.visit());
    let mut bytes = fs::read(place.database()).expect("the database is there");
    // The first page's list of cells: the schema itself.
    bytes[100..160].fill(0xff);
    fs::write(place.database(), &bytes).expect("the folder can be written");
    refused(&place, FAILURE, &["jobs.db", "is damaged", "restore it"]);
}

#[test]
fn a_database_of_a_newer_version_is_refused_and_left_as_it_is() {
    let place = Place::with(TICK);
    drop(place.visit());
    let newer = "INSERT INTO mainspring_migrations VALUES (99, 'later', 0, 98)";
    assert_eq!(tamper(&place.database(), newer), 1);
    let said = ["jobs.db", "schema version 99", "98 or later", "update this program"];
    refused(&place, FAILURE, &said);
    let newest = "DELETE FROM mainspring_migrations WHERE version = 99";
    assert_eq!(tamper(&place.database(), newest), 1, "what the newer program noted is there");
}

#[test]
fn a_newer_database_that_still_suits_is_served() {
    let place = Place::with(TICK);
    drop(place.visit());
    let newer = "INSERT INTO mainspring_migrations VALUES (99, 'later', 0, 1)";
    assert_eq!(tamper(&place.database(), newer), 1);
    place.serve().hear("run finished");
}

#[test]
fn a_second_daemon_on_the_same_store_and_node_is_refused_and_the_first_goes_on() {
    let place = Place::with(TICK);
    let mut first = place.serve();
    let pid = format!("process {}", first.id());
    refused(&place, FAILURE, &["already serves node `chaos`", &pid, "--node NAME"]);
    first.hear("run finished");
    // Another name is welcome.
    let file = place.file().into_os_string();
    let args = ["serve".into(), file, "--node".into(), "other".into()];
    Daemon::start(program(), &args).hear(mainspring_chaos::daemon::SERVING);
}

#[test]
fn a_bad_option_is_named() {
    let args = ["serve", "x.toml", "--grace", "soon"];
    let end = Daemon::start(Path::new(program()), &args).ended();
    assert_eq!(end.status.code(), Some(BAD_INPUT));
    assert!(end.said.contains("soon") && end.said.contains("--grace"), "{}", end.said);
}
