//! What becomes of schedules while the time is unknown, when it is told, and when it was wrong.

use mainspring_core::fire::SkipReason;
use mainspring_core::schedule::{Coalesce, Policies};
use mainspring_core::settings::{Backoff, Retry};
use mainspring_core::time::{Span, Timestamp};
use mainspring_embassy::clock::Clock;
use mainspring_embassy::command::Command;
use mainspring_embassy::timing::Fires;

use crate::rig::{BERLIN, Bench, FAILED, at, mono, secs, spec, with, with_retries};

#[test]
fn intervals_run_before_the_time_is_known_and_patterns_wait() {
    let mut bench = Bench::new();
    bench.put(spec("beat", Fires::every_secs(10)));
    bench.put(spec("hourly", Fires::cron("0 * * * *", "UTC0")));
    bench.pass(secs(35));
    assert_eq!(bench.started("beat"), [10, 20, 30]);
    bench.set_clock("2026-11-22T09:59:50Z");
    bench.pass(secs(3_615));
    // The clock came between two beats, and none of them noticed.
    assert_eq!(bench.started("beat")[..6], [10, 20, 30, 40, 50, 60]);
    assert_eq!(bench.started("beat").len(), 365);
    assert_eq!(bench.started("hourly"), [45, 3_645]);
    assert_eq!(bench.fires("hourly"), ["2026-11-22T10:00:00Z", "2026-11-22T11:00:00Z"]);
    assert!(bench.history.skips.is_empty(), "{:?}", bench.history.skips);
}

#[test]
fn a_device_that_never_learns_the_time_sleeps_until_its_interval() {
    let mut bench = Bench::new();
    bench.put(spec("hourly", Fires::cron("0 * * * *", "UTC0")));
    bench.pass(secs(0));
    let idle = bench.engine.deadline().expect("it looks after itself once in a while");
    assert!(idle > mono(86_400 * 300), "{idle:?}");
    bench.put(spec("daily", Fires::every_secs(86_400)));
    bench.pass(secs(0));
    assert_eq!(bench.engine.deadline(), Some(mono(86_400)));
}

#[test]
fn a_clock_that_goes_back_makes_nothing_fire_twice() {
    let mut bench = Bench::new();
    bench.set_clock("2026-11-22T09:30:00Z");
    bench.put(spec("hourly", Fires::cron("0 * * * *", "UTC0")));
    bench.put(spec("beat", Fires::every_secs(600)));
    bench.pass(Span::from_mins(45));
    assert_eq!(bench.fires("hourly"), ["2026-11-22T10:00:00Z"]);
    // It is half past nine again.
    bench.set_clock("2026-11-22T09:30:00Z");
    bench.pass(Span::from_mins(60));
    assert_eq!(bench.fires("hourly"), ["2026-11-22T10:00:00Z"]);
    bench.pass(Span::from_mins(31));
    assert_eq!(bench.fires("hourly"), ["2026-11-22T10:00:00Z", "2026-11-22T11:00:00Z"]);
    let beats: Vec<i64> = (1..=13).map(|n| n * 600).collect();
    assert_eq!(bench.started("beat"), beats);
}

#[test]
fn a_clock_that_leaps_ahead_leaves_the_policies_to_say_what_becomes_of_the_gap() {
    let mut bench = Bench::new();
    bench.set_clock("2026-11-22T09:30:00Z");
    let all = Policies { coalesce: Coalesce::All, ..Policies::DEFAULT };
    bench.put(spec("latest", Fires::cron("0 * * * *", "UTC0")));
    bench.put(with(spec("all", Fires::cron("0 * * * *", "UTC0")), all));
    bench.put(spec("beat", Fires::every_secs(600)));
    bench.pass(secs(60));
    bench.set_clock("2026-11-22T12:31:00Z");
    bench.pass(secs(600));
    assert_eq!(bench.fires("latest"), ["2026-11-22T12:00:00Z"]);
    let hours = ["2026-11-22T10:00:00Z", "2026-11-22T11:00:00Z", "2026-11-22T12:00:00Z"];
    assert_eq!(bench.fires("all"), hours);
    assert_eq!(bench.started("beat"), [600]);
    let reasons: Vec<_> = bench.history.skips.iter().map(|skip| skip.reason).collect();
    assert_eq!(reasons, [SkipReason::Coalesced]);
}

#[test]
fn a_wrong_year_is_forgotten_once_it_is_put_right() {
    let mut bench = Bench::new();
    bench.put(spec("hourly", Fires::cron("0 * * * *", "UTC0")));
    bench.set_clock("2099-01-01T00:30:00Z");
    bench.pass(secs(1));
    bench.set_clock("2026-11-22T09:30:00Z");
    bench.pass(Span::from_mins(31));
    assert_eq!(bench.fires("hourly"), ["2026-11-22T10:00:00Z"]);
}

#[test]
fn retries_wait_as_long_as_they_would_have_whatever_the_clock_shows() {
    let mut bench = Bench::new();
    let retry = Retry { backoff: Backoff::Fixed(secs(100)), ..Retry::times(3) };
    bench.put(with_retries(spec("beat", Fires::every_secs(1_000)), retry));
    bench.reports = vec![FAILED, FAILED, FAILED];
    bench.pass(secs(1_010));
    bench.set_clock("2026-11-22T09:30:00Z");
    bench.pass(secs(140));
    bench.set_clock("2026-11-22T06:00:00Z");
    bench.pass(secs(200));
    assert_eq!(bench.started("beat"), [1_000, 1_100, 1_200, 1_300]);
    assert_eq!(bench.history.runs.len(), 4);
}

#[test]
fn a_crystal_that_is_wrong_is_made_up_for() {
    let mut bench = Bench::new();
    let start = at("2026-11-22T00:00:00Z");
    // Each day the timer loses 8.64 s, and noon is found by it; the clock is set at midnight.
    let timer = |real: Span| Span::from_micros(real.as_micros() - real.as_micros() / 10_000);
    bench.put(spec("noon", Fires::cron("0 12 * * *", "UTC0")));
    let mut off = Vec::new();
    for day in 0..14 {
        let midnight = Span::from_days(day);
        let raw = mono(0) + timer(midnight);
        bench.pass(raw.since(Clock::raw()));
        bench.tell(Command::SetClock(start + midnight, raw));
        let before = bench.starts.len();
        bench.pass(timer(Span::from_hours(13)));
        assert_eq!(bench.starts.len(), before + 1, "one noon a day");
        let noon = mono(0) + timer(midnight + Span::from_hours(12));
        off.push(bench.starts[before].1 - noon.as_micros() / 1_000_000);
    }
    assert!(off[0].abs() >= 4, "{off:?}");
    assert!(off[10..].iter().all(|off| off.abs() <= 1), "{off:?}");
}

#[test]
fn slack_merges_wake_ups() {
    let wakes = |slack: Span| {
        let mut bench = Bench::new();
        for (name, every) in [("a", 60), ("b", 61), ("c", 62)] {
            let policies = Policies { slack, ..Policies::DEFAULT };
            bench.put(with(spec(name, Fires::every_secs(every)), policies));
        }
        bench.pass(secs(3_700));
        let mut instants: Vec<i64> = bench.starts.iter().map(|start| start.1).collect();
        instants.dedup();
        (usize::try_from(bench.wakes).expect("a few"), instants.len(), bench.starts.len())
    };
    let (eager, instants, all) = wakes(Span::ZERO);
    assert_eq!(eager, instants, "no fire needs a wake-up besides its own");
    let (lazy, _, late) = wakes(secs(60));
    assert!(lazy * 2 < eager, "{lazy} of {eager}");
    assert!(all - late <= 3, "{late} of {all}");
}

#[test]
fn clocks_that_change_are_followed_by_a_posix_rule() {
    let mut bench = Bench::new();
    bench.set_clock("2026-10-24T12:00:00Z");
    bench.put(spec("early", Fires::cron("30 2 * * *", BERLIN)));
    bench.put(spec("nine", Fires::cron("0 9 * * *", BERLIN)));
    bench.pass(Span::from_days(3));
    let early = ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z", "2026-10-27T01:30:00Z"];
    assert_eq!(bench.fires("early"), early);
    let nine = ["2026-10-25T08:00:00Z", "2026-10-26T08:00:00Z", "2026-10-27T08:00:00Z"];
    assert_eq!(bench.fires("nine"), nine);
}

#[test]
fn a_clock_that_is_set_often_changes_nothing() {
    let mut bench = Bench::new();
    let start = at("2026-11-22T09:00:00Z");
    bench.tell(Command::SetClock(start, mono(0)));
    bench.put(spec("minutely", Fires::cron("* * * * *", "UTC0")));
    bench.put(spec("beat", Fires::every_secs(45)));
    for turn in 0..600 {
        // Ten milliseconds too early, ten too late.
        let error = Span::from_millis(if turn % 2 == 0 { 10 } else { -10 });
        let wall: Timestamp = start + Clock::raw().since(mono(0)) + error;
        bench.tell(Command::SetClock(wall, Clock::raw()));
        bench.pass(secs(7));
    }
    bench.pass(secs(1));
    assert_eq!(bench.fires("minutely").len(), 70);
    let mut fires = bench.fires("minutely");
    fires.dedup();
    assert_eq!(fires.len(), 70, "none twice");
    assert_eq!(bench.started("beat"), (1..=93).map(|n| n * 45).collect::<Vec<_>>());
}
