//! `mainspring firmware`: what a file says arrives on a device as the file says it.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test ends at its first surprise")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use mainspring_core::schedule::{Coalesce, Policies};
use mainspring_core::settings::{Backoff, Retry, Settings, Timeout};
use mainspring_core::task::Task;
use mainspring_core::time::{Span, Timestamp};
use mainspring_core::trigger::{At, Cron, CronIn, Dst};
use mainspring_core::zone::Rule;
use mainspring_embassy::domain::Small;
use mainspring_embassy::name::Name;
use mainspring_embassy::timing::Fires;
use mainspring_embassy::wire::{Order, Receiver};

fn mainspring(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mainspring")).args(args).output().unwrap()
}

/// What a device understands of these bytes.
fn received(bytes: &[u8]) -> Vec<Order<Small>> {
    let mut receiver = Receiver::<256>::new();
    let orders = bytes.iter().filter_map(|byte| receiver.take::<Small>(*byte));
    orders.map(|order| order.unwrap()).collect()
}

fn encoded(folder: &Path, config: &str) -> Output {
    let file = folder.join("device.toml");
    fs::write(&file, config).unwrap();
    mainspring(&["firmware", "encode", file.to_str().unwrap()])
}

const CONFIG: &str = r#"
zone = "Europe/Berlin"

[tasks.pump]
run = ["water", "30"]
timeout = "1m"
retries = 2
backoff = "10s"
max_running = 1

[schedules.garden]
cron = "30 6 * mar-oct mon-fri"
task = "pump"
coalesce = "all"
misfire_grace = "10m"
retries = 5

[schedules.beat]
every = "15m"
run = ["measure"]
slack = "1m"

[schedules.eve]
trigger = "at 2026-12-24T18:00:00+01:00"
run = ["lamp", "3"]
paused = true

[schedules.stored]
trigger = '{"cron": {"expr": "0 0 9 ? * 6", "dialect": "quartz", "zone": "America/New_York"}}'
run = ["lamp"]
"#;

#[test]
fn what_the_daemon_takes_arrives_on_the_device() {
    let folder = tempfile::tempdir().unwrap();
    let output = encoded(folder.path(), CONFIG);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut puts = Vec::new();
    let mut tasks = Vec::new();
    for order in received(&output.stdout) {
        match order {
            Order::Put(spec) => puts.push(spec),
            Order::PutTask(task) => tasks.push(task),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(tasks, [Task { max_running: Some(1), ..Task::new(Name::of("water")) }]);
    assert_eq!(puts.len(), 4);
    let put = |name| puts.iter().find(|spec| spec.id == Name::of(name)).unwrap();

    let garden = put("garden");
    let berlin = Rule::parse("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
    let pattern = Cron::literal("30 6 * mar-oct mon-fri");
    assert_eq!(garden.trigger, Fires::Cron(CronIn::new(pattern, berlin)));
    assert_eq!((garden.task, garden.payload), (Name::of("water"), 30));
    let policies = Policies {
        coalesce: Coalesce::All,
        misfire_grace: Some(Span::from_mins(10)),
        ..Policies::DEFAULT
    };
    assert_eq!(garden.policies, policies);
    let backoff = Backoff::Fixed(Span::from_secs(10));
    let settings = Settings {
        timeout: Some(Timeout::After(Span::from_mins(1))),
        retry: Some(Retry { backoff, ..Retry::times(5) }),
        ..Settings::NONE
    };
    assert_eq!(garden.settings, settings);

    assert_eq!(put("beat").trigger, Fires::every_secs(900));
    assert_eq!(put("beat").policies.slack, Span::from_mins(1));
    let eve: Timestamp = "2026-12-24T17:00:00Z".parse().unwrap();
    assert_eq!(put("eve").trigger, Fires::At(At(eve)));
    assert!(put("eve").paused);
    let new_york = Rule::parse("EST5EDT,M3.2.0,M11.1.0").unwrap();
    let friday = CronIn { cron: Cron::literal("0 0 9 * * 5"), zone: new_york, dst: Dst::ONCE };
    let Fires::Cron(stored) = put("stored").trigger else { panic!("a pattern") };
    assert_eq!((stored.zone, stored.dst), (friday.zone, friday.dst));
    // Both day and weekday must match in that dialect, which is the same if any day may.
    assert_eq!(stored.cron.to_string(), friday.cron.to_string());
}

#[test]
fn a_file_is_written_where_it_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let (config, out) = (folder.path().join("device.toml"), folder.path().join("device.bin"));
    fs::write(&config, "[schedules.beat]\nevery = \"1m\"\nrun = [\"measure\"]\n").unwrap();
    let args = ["firmware", "encode", config.to_str().unwrap(), "--out", out.to_str().unwrap()];
    let output = mainspring(&args);
    assert!(output.status.success() && output.stdout.is_empty(), "{output:?}");
    let orders = received(&fs::read(&out).unwrap());
    assert!(matches!(&orders[..], [Order::Put(spec)] if spec.id == Name::of("beat")), "{orders:?}");
}

#[test]
fn a_device_can_be_told_the_time() {
    let output = mainspring(&["firmware", "clock"]);
    let orders = received(&output.stdout);
    let [Order::SetClock(now)] = &orders[..] else { panic!("{orders:?}") };
    assert!(*now > "2026-01-01T00:00:00Z".parse().unwrap(), "{now}");
}

#[test]
fn what_a_device_does_not_know_is_refused_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let cases = [
        ("every = \"1m\"\nshell = \"ls\"", "a device has no shell"),
        ("every = \"1m\"\nrun = [\"a\", \"b\"]", "`b` is no number"),
        ("every = \"1m\"\nrun = [\"a\", \"1\", \"2\"]", "one number at most"),
        ("every = \"1m\"\nrun = [\"a\"]\nenv = { A = \"b\" }", "neither `env` nor `dir`"),
        ("every = \"1m\"\nrun = [\"a\"]\ntags = [\"eu\"]", "offers no `tags`"),
        ("every = \"1m\"\nrun = [\"a\"]\nend = 2030-01-01T00:00:00Z", "no `start` or `end`"),
        ("cron = \"0 9 * * fri#2\"\nrun = [\"a\"]", "more than a device knows"),
        ("trigger = \"any(every 4h; cron @daily)\"\nrun = [\"a\"]", "write one of them"),
        ("cron = \"0 9 * * *\"\nzone = \"Africa/Casablanca\"\nrun = [\"a\"]", "no POSIX rule"),
        ("every = \"1m\"\nrun = [\"a\"]\nexclude = [\"2026-12-24\"]", "no `exclude`"),
    ];
    for (schedule, reason) in cases {
        let output = encoded(folder.path(), &format!("[schedules.beat]\n{schedule}\n"));
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{schedule}");
        assert!(complaint.contains(reason), "{schedule}: {complaint}");
    }
}

#[test]
fn two_names_with_one_number_are_refused() {
    // FNV-1a of 32 bits has these two in common.
    assert_eq!(Name::of("costarring"), Name::of("liquid"));
    let folder = tempfile::tempdir().unwrap();
    let schedule = |name| format!("[schedules.{name}]\nevery = \"1m\"\nrun = [\"a\"]\n");
    let both = [schedule("costarring"), schedule("liquid")].concat();
    let output = encoded(folder.path(), &both);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("the same number"));
}
