//! Whole files in, values or the exact complaints out.

use super::task::{Backoff, Settings};
use super::*;
use crate::command::Program;
use mainspring_core::overlap::Overlap;
use mainspring_core::schedule::{Coalesce, Jitter, Policies, Spread};
use mainspring_core::settings::Backoff as Wait;

fn host() -> Host {
    Host {
        state: Some(PathBuf::from("/state")),
        zones: Zones::bundled(),
        now: "2026-11-22T12:00:00Z".parse().unwrap(),
    }
}

fn parse(source: &str) -> Loaded {
    Config::parse(Path::new("/etc/ms/jobs.toml"), source, &host())
}

fn good(source: &str) -> Config {
    let loaded = parse(source);
    let shown = complaints_of(&loaded);
    loaded.config.unwrap_or_else(|| panic!("{shown}"))
}

/// The problems without the file's name, one a line.
fn complaints(source: &str) -> String {
    let loaded = parse(source);
    let errors = loaded.problems.iter().any(|problem| problem.severity == Severity::Error);
    assert_eq!(loaded.config.is_none(), errors);
    complaints_of(&loaded)
}

fn complaints_of(loaded: &Loaded) -> String {
    let lines = loaded.problems.iter().map(ToString::to_string);
    let lines = lines.map(|line| line.replace("/etc/ms/jobs.toml:", ""));
    lines.collect::<Vec<_>>().join("\n")
}

/// A schedule that runs, with these lines added.
fn schedule_with(lines: &str) -> String {
    format!("[schedules.s]\nshell = \"true\"\n{lines}\n")
}

#[test]
fn a_full_file_is_read_whole() {
    let config = good(
        r#"
store = "sqlite:data/x.db"
node = "web-1"
tags = ["eu", "gpu"]
zone = "Europe/Berlin"
keep_runs = "30d"
[tasks.backup]
run = ["tar", "czf", "x.tgz", "."]
env = { B = "2", A = "1" }
dir = "srv"
timeout = "10m"
retries = 3
backoff = { first = "1s", max = "5m", growth = "linear", jitter = 20 }
tags = ["gpu"]
max_running = 1
rescues = 7
priority = 0
capture = "4KiB"
[schedules.nightly]
cron = "30 2 * * *"
dst = { gap = "shift" }
start = 2027-01-01T00:00:00+01:00
end = "2028-01-01T00:00:00Z"
task = "backup"
timeout = "1h"
coalesce = "all"
misfire_grace = "1h"
catch_up = 50
jitter = { up_to = "30s", spread = "stable" }
slack = "10s"
overlap = "queue"
limit = 7
after_run = "5m"
max_failures = 3
exclude = [
    "2026-12-24..2026-12-26",
    2027-01-01,
    { from = 2026-03-01T08:00:00Z, until = "2026-03-01T12:00:00Z" },
    { opens = "0 22 * * *", for = "8h" },
    { opens = { every = { span = "7d" } }, for = "1h" },
    { opens = "every 12h", for = "1m" },
]
paused = true
[schedules.tick]
every = "1m30s"
shell = "date | cat"
backoff = "10s"
jitter = "5s"
"#,
    );
    assert_eq!(config.store, StorePlace::Sqlite("/etc/ms/data/x.db".into()));
    assert_eq!(config.node.as_deref(), Some("web-1"));
    assert_eq!(config.keep_runs, Some(Span::from_days(30)));
    let [backup, tick] = &config.tasks[..] else { panic!("{:?}", config.tasks) };
    assert_eq!(
        backup.command.program,
        Program::Argv(["tar", "czf", "x.tgz", "."].map(String::from).to_vec())
    );
    assert_eq!(backup.command.env, [("B".into(), "2".into()), ("A".into(), "1".into())]);
    assert_eq!(backup.command.dir.as_deref(), Some(Path::new("/etc/ms/srv")));
    assert_eq!((backup.command.capture, backup.max_running), (4096, Some(1)));
    let wait = Wait::Linear { first: Span::from_secs(1), max: Span::from_mins(5) };
    let settings = Settings {
        timeout: Some(Span::from_mins(10)),
        retries: Some(3),
        backoff: Some(Backoff { wait, jitter: 20 }),
        rescues: Some(7),
        priority: Some(0),
        tags: Tags::new(["gpu"]).ok(),
    };
    assert_eq!(config.tags.to_string(), "eu,gpu");
    assert_eq!(backup.settings, settings);
    assert_eq!(
        (&*tick.name, &tick.command.program),
        ("tick", &Program::Shell("date | cat".into()))
    );
    let wait = Wait::Fixed(Span::from_secs(10));
    assert_eq!(tick.settings.backoff, Some(Backoff { wait, jitter: 0 }));

    let [nightly, tick] = &config.schedules[..] else { panic!("{:?}", config.schedules) };
    assert_eq!((&*nightly.task, &*tick.task), ("backup", "tick"));
    let berlin = "{\"cron\":{\"expr\":\"30 2 * * *\",\"zone\":\"Europe/Berlin\",\
                  \"dst\":{\"gap\":\"shift\",\"fold\":\"first\"},\
                  \"start\":\"2026-12-31T23:00:00Z\",\"end\":\"2028-01-01T00:00:00Z\"}}";
    assert_eq!(nightly.trigger.to_json(), berlin);
    let overrides = Settings { timeout: Some(Span::from_hours(1)), ..Settings::default() };
    assert_eq!(nightly.overrides, overrides);
    let stable = Jitter { up_to: Span::from_secs(30), spread: Spread::Stable };
    let policies = Policies {
        coalesce: Coalesce::All,
        misfire_grace: Some(Span::from_hours(1)),
        catch_up: 50,
        jitter: Some(stable),
        slack: Span::from_secs(10),
        overlap: Overlap::Queue,
        limit: Some(7),
        after_run: Some(Span::from_mins(5)),
        max_failures: Some(3),
    };
    assert_eq!((nightly.policies, nightly.paused), (policies, true));
    let exclusions = concat!(
        r#"[{"dates":{"from":"2026-12-24","to":"2026-12-26","zone":"Europe/Berlin"}},"#,
        r#"{"dates":{"from":"2027-01-01","zone":"Europe/Berlin"}},"#,
        r#"{"instants":{"from":"2026-03-01T08:00:00Z","until":"2026-03-01T12:00:00Z"}},"#,
        r#"{"windows":{"opens":{"cron":{"expr":"0 22 * * *","zone":"Europe/Berlin"}},"#,
        r#""for":"8h"}},"#,
        r#"{"windows":{"opens":{"every":{"span":"7d"}},"for":"1h"}},"#,
        r#"{"windows":{"opens":{"every":{"span":"12h"}},"for":"1m"}}]"#,
    );
    assert_eq!(serde_json::to_string(&nightly.exclusions).unwrap(), exclusions);
    let random = Jitter { up_to: Span::from_secs(5), spread: Spread::Random };
    assert_eq!(tick.policies, Policies { jitter: Some(random), ..Policies::DEFAULT });
    assert_eq!(tick.overrides, Settings::default());
    assert_eq!(tick.trigger.to_json(), r#"{"every":{"span":"1m30s"}}"#);
}

#[test]
fn the_documented_file_is_good() {
    let text = include_str!("../config.rs");
    let block = text.split("```").nth(1).and_then(|block| block.strip_prefix("toml\n")).unwrap();
    let source: Vec<_> = block.lines().map(|line| line.trim_start_matches("//!")).collect();
    let config = good(&source.join("\n"));
    assert_eq!((config.tasks.len(), config.schedules.len()), (1, 3));
}

#[test]
fn a_broker_is_read_and_a_bad_one_is_refused_without_its_password() {
    let broker = |line: &str| good(line).broker.map(|broker| broker.to_string());
    assert_eq!(broker(""), None);
    assert_eq!(broker("broker = \"none\"").as_deref(), Some("none"));
    let redis = "broker = \"redis://app:s3cret@cache#jobs\"";
    assert_eq!(broker(redis).as_deref(), Some("redis://app@cache:6379"));
    let told = complaints("broker = \"kafka://app:s3cret@here\"");
    assert!(told.starts_with("1:10: error: `broker`: it names no broker"), "{told}");
    assert!(!told.contains("s3cret"), "{told}");
}

#[test]
fn a_file_without_a_store_has_a_place_per_user() {
    let config = good("");
    assert_eq!(config.store, StorePlace::Sqlite("/state/mainspring/jobs.db".into()));
    assert_eq!(good("store = \"memory:\"").store, StorePlace::Memory);
    let absolute = StorePlace::Sqlite("/var/x.db".into());
    assert_eq!(good("store = \"sqlite:/var/x.db\"").store, absolute);
    assert_eq!(good("store = \"sqlite:///var/x.db\"").store, absolute);
    let nowhere = Config::parse(Path::new("x.toml"), "", &Host { state: None, ..host() });
    assert!(nowhere.problems[0].to_string().contains("XDG_STATE_HOME"));
}

#[test]
fn every_mistake_is_reported_at_its_place() {
    let source = include_str!("../../tests/mistakes.toml");
    let want = include_str!("../../tests/mistakes.txt");
    assert_eq!(complaints(source) + "\n", want);
}

#[test]
fn text_that_is_no_toml_is_reported_once_a_line() {
    let found = complaints("[tasks.a]\nrun = [\"x\"\nretries = = 3\nshel = \"y\"\n");
    let lines: Vec<_> = found.lines().map(|line| line.split(':').next()).collect();
    let mut unique = lines.clone();
    unique.dedup();
    assert_eq!(lines, unique, "{found}");
    assert!(!found.contains("does not say"), "{found}");
    let twice = complaints("node = \"a\"\nnode = \"b\"\n");
    assert!(twice.starts_with("2:1: error:") && twice.contains("duplicate"), "{twice}");
}

#[test]
fn triggers_say_what_does_not_go_together() {
    let cases = [
        (
            "every = \"1h\"\nzone = \"UTC\"",
            "4:1: error: `zone` in [schedules.s] only goes with `cron` and `calendar`: remove it",
        ),
        (
            "at = 2027-01-01T00:00:00Z\nend = 2028-01-01T00:00:00Z",
            "4:1: error: `end` in [schedules.s] does not go with `at`: remove it",
        ),
        (
            "every = \"1h\"\ncron = \"@daily\"",
            "1:12: error: [schedules.s] has `cron`, `every`: keep one",
        ),
        ("every = \"0s\"", "3:9: error: `every` is \"0s\": write at least `1ms`"),
        (
            "every = \"1h\"\nstart = 2027-01-02",
            "4:9: error: `start` is 2027-01-02: expected `T` or a blank at byte 10 (write for \
             example `2026-01-02T03:04:05Z` or `2026-01-02T03:04:05+01:00`)",
        ),
        (
            "every = \"1h\"\nstart = 2027-01-02T00:00:00",
            "4:9: error: `start` is 2027-01-02T00:00:00: no offset from UTC (write for example \
             `2026-01-02T03:04:05Z` or `2026-01-02T03:04:05+01:00`)",
        ),
        (
            "every = \"1h\"\nstart = 2027-01-02T00:00:00Z\nend = 2027-01-01T00:00:00Z",
            "3:9: error: `end` 2027-01-01T00:00:00Z is before `start` 2027-01-02T00:00:00Z",
        ),
        (
            "cron = \"@daily\"\ndst = \"twice\"",
            "4:7: error: `dst` is \"twice\": write one of \"once\", \"literal\"",
        ),
        (
            "cron = \"@daily\"\ndst = { gap = \"x\" }",
            "4:15: error: `gap` is \"x\": write one of \"skip\", \"at_end\", \"shift\"",
        ),
        (
            "calendar = \"monthly\"",
            "3:12: error: `calendar` is \"monthly\": write a table, such as `calendar = { months = \
             1, anchor = 2026-01-31, time = 09:30 }`",
        ),
        (
            "calendar = { days = 1, month = 1 }",
            "3:24: error: unknown key `month` in `calendar` (did you mean `months`?)",
        ),
        (
            "calendar = { days = -1, time = \"9:30\", anchor = 2026-02-20T00:00:00Z }",
            "3:21: error: `days` is -1: write a whole number from 0 to 4294967295\n\
             3:32: error: `time` is \"9:30\": write for example `09:30` or `09:30:15`\n\
             3:49: error: `anchor` is 2026-02-20T00:00:00Z: write for example `2026-03-29`",
        ),
        (
            "calendar = { time = 09:30 }",
            "3:12: error: a calendar needs one of `years`, `months`, `weeks` and `days` above zero \
             (for every day write `\"days\": 1`)",
        ),
        (
            "trigger = 5",
            "3:11: error: `trigger` is 5: write a trigger, such as `trigger = \"cron 0 9 * * \
             mon-fri\"`, its JSON as a text, or the same as a table",
        ),
        (
            "trigger = '''\n{\"any\":\n  {\"off\": []}}'''",
            "5:8: error: `trigger`: unknown field `off`, expected one of `of`, `start`, `end`",
        ),
        (
            "trigger = \"any(every 4h; cron @daily in)\"",
            "3:40: error: `trigger`: `in` needs a zone, such as `Europe/Berlin`",
        ),
        (
            "trigger = \"every 15m\\tstrat 2026-01-01T00:00:00Z\"",
            "3:11: error: `trigger`: `strat` has no meaning after `every`, did you mean `start`? \
             (bytes 10-15)",
        ),
        (
            "trigger = \"all(every 4s; every 4s anchor 2026-01-01T00:00:02Z)\"",
            "3:11: error: its triggers did not fire together within 20000 steps after \
             2026-11-22T12:00:00Z, and the search gave up (let them meet more often, or raise \
             `threshold`)",
        ),
        (
            "trigger = '{\"every\": {\"span\": \"1x\"}}'",
            "3:35: error: `trigger`: `1x`: unknown unit at byte 1 (units: w, d, h, m, s, ms, us; \
             write for example `90s`, `1h30m`, `250ms` or `7d`)",
        ),
        (
            "trigger = '{\"any\": {\"of\": []}}'",
            "3:11: error: `any` has no triggers (write them in `of`)",
        ),
        (
            "trigger = \"{\\\"evry\\\": {}}\"",
            "3:11: error: `trigger`: unknown variant `evry`, expected one of `cron`, `every`, \
             `at`, `calendar`, `any`, `all`, `custom` at line 1 column 7",
        ),
        (
            "trigger = { any = { of = [{ every = { sp = \"4h\" } }] } }",
            "3:11: error: `trigger`: unknown field `sp`, expected one of `span`, `anchor`, \
             `start`, `end`",
        ),
        (
            "trigger = '{\"every\":{\"span\":\"1s\"}}'\nstart = 2027-01-02T00:00:00Z",
            "4:1: error: `start` in [schedules.s] does not go with `trigger`: remove it",
        ),
    ];
    for (lines, want) in cases {
        assert_eq!(complaints(&schedule_with(lines)), want);
    }
}

#[test]
fn every_kind_of_trigger_can_be_written() {
    for (lines, json) in [
        (
            "calendar = { months = 1, anchor = 2026-01-31, time = 09:30 }\nzone = \"Asia/Tokyo\"",
            r#"{"calendar":{"months":1,"anchor":"2026-01-31","time":"09:30","zone":"Asia/Tokyo"}}"#,
        ),
        (
            "calendar = { years = 1, weeks = 2, days = 3, anchor = \"2026-01-31\", time = \
             \"09:30:15\" }\ndst = \"literal\"\nend = 2999-01-01T00:00:00Z",
            concat!(
                r#"{"calendar":{"years":1,"weeks":2,"days":3,"anchor":"2026-01-31","#,
                r#""time":"09:30:15","zone":"UTC","dst":"literal","end":"2999-01-01T00:00:00Z"}}"#,
            ),
        ),
        (
            "trigger = '{\"any\": {\"of\": [{\"every\": {\"span\": \"4h\"}}]}}'",
            r#"{"any":{"of":[{"every":{"span":"4h"}}]}}"#,
        ),
        (
            "trigger = { all = { of = [{ every = { span = \"4h\", anchor = 2026-01-01T00:00:00Z } \
             }], threshold = \"5s\" } }",
            concat!(
                r#"{"all":{"of":[{"every":{"span":"4h","anchor":"2026-01-01T00:00:00Z"}}],"#,
                r#""threshold":"5s"}}"#,
            ),
        ),
        (
            "trigger = \"all(every 3d; cron H H * * mon in Asia/Tokyo) within 1d\"",
            concat!(
                r#"{"all":{"of":[{"every":{"span":"3d"}},{"cron":{"expr":"H H * * mon","#,
                r#""zone":"Asia/Tokyo","seed":"s"}}],"threshold":"1d"}}"#,
            ),
        ),
        ("trigger = { calendar = { months = 2 } }", r#"{"calendar":{"months":2,"zone":"UTC"}}"#),
    ] {
        let config = good(&schedule_with(lines));
        assert_eq!(config.schedules[0].trigger.to_json(), json);
    }
}

#[test]
fn policies_say_what_they_cannot_mean() {
    for (lines, want) in [
        (
            "overlap = \"wait\"",
            "4:11: error: `overlap` is \"wait\": write one of \"allow\", \"skip\", \"queue\", \
             \"cancel\"",
        ),
        ("limit = 0", "4:9: error: `limit` is 0: write a whole number from 1 to 4294967295"),
        (
            "jitter = { spread = \"stable\" }",
            "4:10: error: `jitter` has no `up_to`: write `{ up_to = \"30s\", spread = \
             \"stable\" }`",
        ),
        (
            "tags = [\"a,b\"]",
            "4:8: error: tag `a,b` has a comma (commas separate tags; choose another character)",
        ),
        (
            "tags = \"a\"",
            "4:8: error: `tags` is \"a\": write a list of texts, such as `[\"gpu\", \"eu\"]`",
        ),
        (
            "exclude = [\"christmas\"]",
            "4:12: error: `christmas` says no dates (write for example `2026-12-24` or \
             `2026-12-24..2026-12-26`)",
        ),
        (
            "exclude = [{ from = 2026-03-01T08:00:00Z }]",
            "4:12: error: an exclusion has no `until`: write `{ from = 2026-03-01T08:00:00Z, \
             until = 2026-03-01T12:00:00Z }` or `{ opens = \"0 22 * * *\", for = \"8h\" }`",
        ),
        (
            "exclude = [{ opens = \"0 25 * * *\", for = \"8h\" }]",
            "4:12: error: cron pattern `0 25 * * *`: hour: 25 is not in 0-23 (bytes 2-4)",
        ),
        (
            "exclude = [{ opens = \"0 22 * * *\" }]",
            "4:12: error: an excluded window has no `for`: write how long it lasts, such as `for = \
             \"8h\"`",
        ),
    ] {
        assert_eq!(complaints(&schedule_with(&format!("every = \"1h\"\n{lines}"))), want);
    }
}

#[test]
fn a_schedule_runs_one_thing() {
    let both = "[tasks.t]\nshell = \"a\"\n[schedules.t]\nevery = \"1h\"\nshell = \"b\"\n";
    let want = "1:8: warning: no schedule runs the task `t`\n3:12: error: [schedules.t] would \
             make a task `t`, but there is a `[tasks.t]`: write `task = \"t\"`, or rename one of \
             the two";
    assert_eq!(complaints(both), want);
    let two =
        "[tasks.t]\nshell = \"a\"\n[schedules.s]\nevery = \"1h\"\ntask = \"t\"\nshell = \"b\"\n";
    assert_eq!(
        complaints(two),
        "6:1: error: `shell` in [schedules.s] stands beside `task`: keep one of the two"
    );
    let none = "[schedules.s]\nevery = \"1h\"\n";
    assert_eq!(
        complaints(none),
        "1:12: error: [schedules.s] does not say what to run: write `task = \"NAME\"`, `run = \
             [\"program\"]` or `shell = \"a shell line\"`"
    );
    let unknown = "[schedules.s]\nevery = \"1h\"\ntask = \"t\"\n";
    assert_eq!(complaints(unknown), "3:8: error: unknown task `t` (there is no `[tasks.t]`)");
}

#[test]
fn a_task_says_what_it_cannot_mean() {
    let task = |lines: &str| {
        let source = format!("[schedules.s]\nevery = \"1h\"\n{lines}\n");
        complaints(&source)
    };
    assert_eq!(
        task("run = []").split(": write").next(),
        Some("3:7: error: `run` is an empty list")
    );
    assert_eq!(
        task("run = [\"a\", 5]"),
        "3:13: error: `run` is 5: an argument is a text: write `\"5\"`"
    );
    assert_eq!(
        task("shell = \"a\"\nenv = { A = 1 }"),
        "4:13: error: `A` is 1: a variable is a text: write `A = \"...\"`"
    );
    assert_eq!(
        task("shell = \"a\"\nbackoff = { first = \"5m\", max = \"1s\" }"),
        "4:11: error: `max` of `backoff` (1s) is shorter than `first` (5m)"
    );
    assert_eq!(
        task("shell = \"a\"\nbackoff = { max = \"1s\" }"),
        "4:11: error: `backoff` has no `first`: write `{ first = \"1s\", max = \"5m\" }`"
    );
    assert_eq!(
        task("shell = \"a\"\nmax_running = 0"),
        "4:15: error: `max_running` is 0: write a whole number from 1 to 100000"
    );
}

#[test]
fn a_file_that_cannot_be_read_is_a_problem() {
    let loaded = Config::load(Path::new("/no/such/file.toml"), &host());
    let text = loaded.problems[0].to_string();
    assert!(text.starts_with("/no/such/file.toml:1:1: error: cannot read the file"), "{text}");
}

#[test]
fn zones_are_looked_up_where_they_stand() {
    let own = schedule_with("cron = \"@daily\"\nzone = \"Europe/Berlim\"");
    let found = complaints(&own);
    assert!(found.starts_with("4:8: error: ") && found.contains("`Europe/Berlin`"), "{found}");
    let files = "zone = \"Mars\"\n".to_owned() + &schedule_with("cron = \"@daily\"");
    let found = complaints(&files);
    assert!(found.starts_with("1:8: error: ") && !found.contains('\n'), "{found}");
    let global = "zone = \"local\"\n".to_owned() + &schedule_with("cron = \"@daily\"");
    let text = schedule_with("trigger = \"any(cron @daily in local; calendar 1d in local)\"");
    for local in [global, text] {
        let json = good(&local).schedules[0].trigger.to_json();
        let named = json.contains(&mainspring::zone::local_name());
        assert!(named && !json.contains("local"), "{json}");
    }
}

#[test]
fn a_trigger_without_a_future_is_pointed_out() {
    let past = "3:6: warning: [schedules.s] will not fire again: its last instant was \
                2020-01-01T00:00:00Z";
    assert_eq!(complaints(&schedule_with("at = 2020-01-01T00:00:00Z")), past);
    let ended = "3:9: warning: [schedules.s] will not fire again: its last instant was \
                 2020-01-01T23:00:00Z";
    let every = "every = \"1h\"\nend = 2020-01-01T23:59:00Z";
    assert_eq!(complaints(&schedule_with(every)), ended);
    let never = "cron = \"0 0 * * *\"\nstart = 2027-01-01T01:00:00Z\nend = 2027-01-01T02:00:00Z";
    let want = "3:8: warning: [schedules.s] never fires";
    assert_eq!(complaints(&schedule_with(never)), want);
    assert_eq!(complaints(&schedule_with("cron = \"0 0 30 2 *\"")), want);
}
