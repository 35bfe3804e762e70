//! `mainspring next` and `mainspring check` as scripts see them.

#![expect(clippy::unwrap_used, reason = "a test ends at its first surprise")]

use std::fs;
use std::io::Read;
use std::process::{Command, Output, Stdio};

fn mainspring(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mainspring")).args(args).output().unwrap()
}

/// Standard output of a call that succeeds and complains of nothing.
fn next(args: &[&str]) -> String {
    let output = mainspring(&[&["next"], args].concat());
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && complaint.is_empty(), "{args:?}: {complaint}");
    String::from_utf8(output.stdout).unwrap()
}

/// The one line on standard error of a call that is refused.
fn refused(args: &[&str]) -> String {
    let output = mainspring(args);
    assert_eq!((output.status.code(), output.stdout), (Some(2), Vec::new()), "{args:?}");
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert_eq!(complaint.matches('\n').count(), 1, "{args:?}: {complaint}");
    let line = complaint.trim_end().strip_prefix("mainspring: ");
    line.unwrap_or_else(|| panic!("{complaint}")).to_owned()
}

const FROM: &str = "--from=2026-03-28T00:00:00Z";

#[test]
fn a_pattern_follows_the_clocks_of_its_zone() {
    let cron = ["--cron", "30 2 * * *", "--tz", "Europe/Berlin", FROM, "--count=3"];
    let once = "2026-03-28T02:30:00+01:00\n2026-03-29T03:00:00+02:00\n2026-03-30T02:30:00+02:00\n";
    assert_eq!(next(&cron), once);
    let literal =
        "2026-03-28T02:30:00+01:00\n2026-03-30T02:30:00+02:00\n2026-03-31T02:30:00+02:00\n";
    assert_eq!(next(&[&cron[..], &["--dst=literal"]].concat()), literal);
    assert_eq!(next(&[&cron[..], &["--dialect=crontab", "--dst=once"]].concat()), once);
}

#[test]
fn json_is_one_array_of_the_same_texts() {
    let every = ["--every=1h", FROM, "--json", "--count=2"];
    assert_eq!(next(&every), "[\"2026-03-28T01:00:00+00:00\",\"2026-03-28T02:00:00+00:00\"]\n");
    assert_eq!(next(&["--at=2020-01-01T00:00:00Z", "--json"]), "[]\n");
    assert_eq!(next(&["--every=1s", "--json", "--count=0"]), "[]\n");
}

#[test]
fn five_instants_are_the_default() {
    assert_eq!(next(&["--cron=* * * * *"]).lines().count(), 5);
}

#[test]
fn from_counts_only_if_asked() {
    let at = ["--at=2026-03-28T00:00:00Z", FROM];
    assert_eq!(next(&at), "");
    assert_eq!(next(&[&at[..], &["--inclusive"]].concat()), "2026-03-28T00:00:00+00:00\n");
    let cron = ["--cron=0 0 * * *", FROM, "--count=1"];
    assert_eq!(next(&cron), "2026-03-29T00:00:00+00:00\n");
    assert_eq!(next(&[&cron[..], &["--inclusive"]].concat()), "2026-03-28T00:00:00+00:00\n");
}

#[test]
fn a_span_counts_from_start_or_else_from() {
    let odd = "--from=2026-03-28T00:00:07Z";
    assert_eq!(next(&["--every=1m", odd, "--count=1"]), "2026-03-28T00:01:07+00:00\n");
    let early = ["--every=1m", odd, "--count=1", "--start=2026-01-01T00:00:30Z"];
    assert_eq!(next(&early), "2026-03-28T00:00:30+00:00\n");
    let late = ["--every=1m", odd, "--count=2", "--start=2027-01-01T00:00:30Z"];
    assert_eq!(next(&late), "2027-01-01T00:00:30+00:00\n2027-01-01T00:01:30+00:00\n");
}

#[test]
fn bounds_are_inclusive_and_an_end_is_no_mistake() {
    let bounds = ["--start=2026-03-29T00:00:00Z", "--end=2026-03-30T00:00:00Z"];
    let days = "2026-03-29T00:00:00+00:00\n2026-03-30T00:00:00+00:00\n";
    assert_eq!(next(&[&["--cron=0 0 * * *", FROM][..], &bounds].concat()), days);
    let json = r#"--trigger={"cron":{"expr":"0 0 * * *"}}"#;
    assert_eq!(next(&[&[json, FROM][..], &bounds].concat()), days);
    let none = ["--start=2026-03-30T00:00:00Z", "--end=2026-03-29T00:00:00Z"];
    assert_eq!(next(&[&["--cron=0 0 * * *", FROM][..], &none].concat()), "");
    assert_eq!(next(&["--every=1h", "--from=9999-12-31T23:30:00Z"]), "");
}

#[test]
fn a_zone_only_shows_what_is_no_pattern() {
    let tokyo = "--tz=Asia/Tokyo";
    let at = next(&["--at=2026-03-28T12:00:00+01:00", FROM, tokyo]);
    assert_eq!(at, "2026-03-28T20:00:00+09:00\n");
    let every = next(&["--every=1d", FROM, tokyo, "--count=1"]);
    assert_eq!(every, "2026-03-29T09:00:00+09:00\n");
    assert_eq!(
        next(&["--every=1d", FROM, "--tz=-03:30", "--count=1"]),
        "2026-03-28T20:30:00-03:30\n"
    );
    let stored = r#"{"cron":{"expr":"0 9 * * *","zone":"Europe/Berlin"}}"#;
    let stored = next(&["--trigger", stored, FROM, tokyo, "--count=1"]);
    assert_eq!(stored, "2026-03-28T17:00:00+09:00\n");
}

#[test]
fn offsets_are_whole_minutes_even_before_there_were_any() {
    let old = ["--at=1850-01-01T00:00:00Z", "--from=1800-01-01T00:00:00Z", "--tz=Europe/Berlin"];
    assert_eq!(next(&old), "1850-01-01T00:53:00+00:53\n");
}

#[test]
fn a_stored_trigger_comes_from_a_file_too() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(&file, "{\"at\": {\"time\": \"2030-01-01T00:00:00Z\"}}\n").unwrap();
    let named = format!("@{}", file.path().display());
    assert_eq!(next(&["--trigger", &named]), "2030-01-01T00:00:00+00:00\n");
}

#[test]
fn every_dialect_is_read() {
    let from = "--from=2026-01-01T00:00:00Z";
    for (options, expected) in [
        (&["--cron=0 0 L * *"][..], "2026-01-31T00:00:00+00:00\n2026-02-28T00:00:00+00:00\n"),
        (
            &["--cron=0 15 10 ? * 6#3", "--dialect=quartz"],
            "2026-01-16T10:15:00+00:00\n2026-02-20T10:15:00+00:00\n",
        ),
        (
            &["--cron=day=2nd wed hour=9", "--dialect=apscheduler"],
            "2026-01-14T09:00:00+00:00\n2026-02-11T09:00:00+00:00\n",
        ),
        (
            &["--cron=H 3 * * *", "--seed=backup"],
            "2026-01-01T03:12:00+00:00\n2026-01-02T03:12:00+00:00\n",
        ),
        (&["--cron=@every 7m"], "2026-01-01T00:07:00+00:00\n2026-01-01T00:14:00+00:00\n"),
    ] {
        assert_eq!(next(&[options, &[from, "--count=2"]].concat()), expected, "{options:?}");
    }
}

#[test]
fn a_trigger_that_never_fires_prints_nothing() {
    assert_eq!(next(&["--cron=0 0 30 2 *"]), "");
    assert_eq!(next(&["--cron=0 0 30 2 *", "--json"]), "[]\n");
}

#[test]
fn bad_input_is_refused_in_one_line() {
    let cases: [(&[&str], &str); 21] = [
        (&["next"], "were not provided"),
        (&["next", "--cron=61 * * * *"], "minute: 61 is not in 0-59"),
        (&["next", "--cron=a\nb"], "cron"),
        (&["next", "--cron=@daily", "--dialect=quartz"], "not part of the quartz dialect"),
        (&["next", "--cron=day=lastfoo", "--dialect=apscheduler"], "write `last`"),
        (&["next", "--cron=@daily", "--dialect=cronie"], "unknown dialect"),
        (&["next", "--cron=@daily", "--dst=twice"], "unknown policy"),
        (&["next", "--cron=@daily", "--tz=Europe/Berlim"], "`Europe/Berlin`"),
        (&["next", "--cron=@daily", "--from=2026-01-01"], "2026-01-01"),
        (&["next", "--cron=@daily", "--count=-1"], "--count"),
        (&["next", "--cron=@daily", "--every=1h"], "cannot be used with"),
        (&["next", "--every=5"], "no unit"),
        (&["next", "--every=-5s"], "-5s"),
        (&["next", "--at=2026-02-30T00:00:00Z"], "no such date"),
        (&["next", "--trigger={"], "--trigger"),
        (&["next", "--trigger="], "a trigger is missing: write for example `every 15m`"),
        (&["next", "--trigger=evry 15m"], "`evry`, did you mean `every`? (bytes 0-4)"),
        (&["next", "--trigger=0 9 * * *"], "a cron pattern is written `cron 0 9 * * *`"),
        (&["next", "--trigger=cron 0 9 * * * in Europe/Berlim"], "`Europe/Berlin`"),
        (&["next", "--trigger=@/no/such/file"], "/no/such/file"),
        (&["nxt"], "next"),
    ];
    for (args, part) in cases {
        let line = refused(args);
        assert!(line.contains(part), "{args:?}: {line}");
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_mistake() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_mainspring"))
        .args(["next", "--every=1s", "--count=10000000"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = [0; 20];
    child.stdout.take().unwrap().read_exact(&mut line).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

#[test]
fn check_names_file_line_and_column() {
    let mistakes = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/mistakes.toml");
    let output = mainspring(&["check", mistakes]);
    assert_eq!(output.status.code(), Some(2));
    let want: String =
        include_str!("mistakes.txt").lines().map(|line| format!("{mistakes}:{line}\n")).collect();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), want);
}

#[test]
fn the_example_files_have_nothing_to_complain_about() {
    for name in ["mainspring.toml", "every-key.toml"] {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/").to_owned() + name;
        let output = mainspring(&["check", &file]);
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "", "{name}");
        assert!(output.status.success(), "{name}");
    }
}

#[test]
fn the_reference_file_shows_every_key() {
    let reference = include_str!("../../../examples/every-key.toml");
    let documented = include_str!("../src/config.rs").lines().take_while(|l| l.starts_with("//!"));
    let keys = documented
        .filter_map(|line| line.strip_prefix("//! ")?.split_once(" = "))
        .map(|(key, _)| key)
        .filter(|key| key.chars().all(|c| c.is_ascii_lowercase() || c == '_'));
    let missing: Vec<_> = keys.filter(|key| !reference.contains(&format!("\n{key} = "))).collect();
    assert_eq!(missing, [""; 0], "keys that examples/every-key.toml does not show");
}

#[test]
fn calendars_and_combinations_are_given_as_json() {
    let calendar = r#"{"calendar":{"months":1,"anchor":"2026-01-31","time":"09:30",
        "zone":"Europe/Berlin"}}"#;
    let shown = next(&["--trigger", calendar, FROM, "--count=2", "--tz=Europe/Berlin"]);
    assert_eq!(shown, "2026-03-31T09:30:00+02:00\n2026-05-31T09:30:00+02:00\n");

    let cron = r#"{"cron":{"expr":"0 0 * * mon"}}"#;
    let every = r#"{"every":{"span":"3d"}}"#;
    let any = format!(r#"{{"any":{{"of":[{cron},{every}]}}}}"#);
    let days = "2026-03-29T00:00:00+00:00\n2026-03-30T00:00:00+00:00\n2026-04-01T00:00:00+00:00\n";
    assert_eq!(next(&["--trigger", &any, "--from=2026-03-27T00:00:00Z", "--count=3"]), days);
    let all = format!(r#"{{"all":{{"of":[{any},{cron},{every}],"threshold":"0s"}}}}"#);
    let mondays = "2026-04-13T00:00:00+00:00\n2026-05-04T00:00:00+00:00\n";
    assert_eq!(next(&["--trigger", &all, FROM, "--count=2"]), mondays);

    let never = r#"{"all":{"of":[{"every":{"span":"4s"}},
        {"every":{"span":"4s","anchor":"2026-01-01T00:00:02Z"}}]}}"#;
    let output = mainspring(&["next", "--trigger", never, FROM]);
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout), (Some(2), Vec::new()));
    assert!(complaint.contains("the search gave up"), "{complaint}");
    let nothing = refused(&["next", "--trigger", r#"{"calendar":{}}"#]);
    assert!(nothing.starts_with("a calendar needs one of `years`"), "{nothing}");
}

#[test]
fn every_trigger_can_be_given_as_text() {
    let new_year = "--from=2026-01-01T00:00:00Z";
    for (text, expected) in [
        ("at 2026-12-24T18:00:00+01:00", "2026-12-24T17:00:00+00:00\n"),
        ("every 12h start 2026-01-01T08:00:00Z", {
            "2026-01-01T08:00:00+00:00\n2026-01-01T20:00:00+00:00\n"
        }),
        ("cron 0 9 * * mon-fri in Europe/Berlin", {
            "2026-01-01T08:00:00+00:00\n2026-01-02T08:00:00+00:00\n"
        }),
        ("calendar 1mo anchor 2026-01-31 at 09:30 in Europe/Berlin", {
            "2026-01-31T08:30:00+00:00\n2026-03-31T07:30:00+00:00\n"
        }),
        ("any(every 4h; cron 0 6 * * *) end 2026-01-01T06:00:00Z", {
            "2026-01-01T04:00:00+00:00\n2026-01-01T06:00:00+00:00\n"
        }),
        ("all(every 3d; cron 0 0 * * mon) within 5m", {
            "2026-01-19T00:00:00+00:00\n2026-02-09T00:00:00+00:00\n"
        }),
    ] {
        assert_eq!(next(&["--trigger", text, new_year, "--count=2"]), expected, "{text}");
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(&file, "every 1d\n  anchor 2026-01-01T12:00:00Z\n").unwrap();
    let named = format!("@{}", file.path().display());
    let noon = "2026-01-01T12:00:00+00:00\n";
    assert_eq!(next(&["--trigger", &named, new_year, "--count=1"]), noon);
}

#[test]
fn any_trigger_is_explained() {
    let explain = |options: &[&str]| {
        let output = mainspring(&[&["explain"], options].concat());
        assert!(output.status.success(), "{options:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let daily = "calendar 1d at 02:30 in Europe/Berlin";
    let spring = ["--from=2026-03-28T00:00:00Z", "--count=3"];
    let once = "at 02:30 every day, counted from 1970-01-01, Europe/Berlin\n\
                written as: calendar 1d at 02:30 in Europe/Berlin\n\
                2026-03-28T02:30:00+01:00\n\
                2026-03-29T03:00:00+02:00  moved: clocks go forward over 02:30\n\
                2026-03-30T02:30:00+02:00\n";
    assert_eq!(explain(&[&["--trigger", daily][..], &spring].concat()), once);
    let literal = format!("{daily} dst literal");
    let shown = explain(&[&["--trigger", &literal][..], &spring].concat());
    assert!(shown.contains("2026-03-29 02:30 is skipped: clocks go forward over it\n"), "{shown}");
    let both = format!("{daily} gap skip fold both");
    let autumn = ["--trigger", &both, "--from=2026-10-24T12:00:00Z", "--count=2"];
    let shown = explain(&autumn);
    assert!(shown.contains("+02:00  doubled: first of two passes\n"), "{shown}");
    assert!(shown.contains("+01:00  doubled: second of two passes\n"), "{shown}");
    let every = ["--trigger", r#"{"every":{"span":"1h"}}"#, FROM, "--count=1", "--tz=Asia/Tokyo"];
    assert_eq!(explain(&every), {
        "every 1h, counted from 1970-01-01T00:00:00Z\nwritten as: every 1h\n\
         2026-03-28T10:00:00+09:00\n"
    });
    assert!(explain(&["0 0 30 2 *"]).ends_with("\nno instants\n"));
    assert!(
        explain(&["--trigger", "at 2030-01-01T00:00:00Z", FROM]).ends_with("no more instants\n")
    );
    for (options, part) in [
        (&["explain"][..], "were not provided"),
        (&["explain", "* * * * *", "--trigger=every 1h"], "cannot be used with"),
        (&["explain", "--trigger=every 1h", "--dst=once"], "cannot be used with"),
        (&["explain", "every 15m"], "--trigger"),
    ] {
        let line = refused(options);
        assert!(line.contains(part), "{options:?}: {line}");
    }
}

#[test]
fn a_pattern_is_explained_with_what_clock_changes_do_to_it() {
    let explain = |options: &[&str]| {
        let output = mainspring(&[&["explain", "--tz=Europe/Berlin"], options].concat());
        assert!(output.status.success(), "{options:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let spring = &["30 2 * * *", "--from=2026-03-28T00:00:00Z", "--count=3"];
    let once = "at 02:30, Europe/Berlin\nwritten as: 30 2 * * *\n\
                2026-03-28T02:30:00+01:00\n\
                2026-03-29T03:00:00+02:00  moved: clocks go forward over 02:30\n\
                2026-03-30T02:30:00+02:00\n";
    assert_eq!(explain(spring), once);
    let literal = explain(&[&spring[..], &["--dst=literal"]].concat());
    let skipped = "+01:00\n2026-03-29 02:30 is skipped: clocks go forward over it\n2026-03-30T02";
    assert!(literal.contains(skipped), "{literal}");
    let autumn = ["30 2 * * *", "--from=2026-10-24T12:00:00Z", "--count=2"];
    assert!(explain(&autumn).contains("2026-10-25T02:30:00+02:00  first of two passes\n"));
    let doubled = explain(&[&autumn[..], &["--dst=literal"]].concat());
    assert!(doubled.contains("+02:00  doubled: first of two passes\n"), "{doubled}");
    assert!(doubled.contains("+01:00  doubled: second of two passes\n"), "{doubled}");
    let named = explain(&["day=2nd wed hour=9", "--dialect=apscheduler", "--count=0"]);
    assert!(named.starts_with("at 09:00 on the second Wednesday of the month, Europe/Berlin\n"));
    assert!(refused(&["explain", "61 * * * *"]).contains("61 is not in 0-59"));
}
