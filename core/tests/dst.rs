//! Clock changes as a table: ten cases on which eighteen cron engines give a dozen answers, and
//! the days that other schedulers are known to lose.
#![expect(clippy::unwrap_used, reason = "a test may stop at once")]

use mainspring_core::civil::{DateTime, TimeOfDay};
use mainspring_core::time::{Span, Timestamp};
use mainspring_core::trigger::{Cron, CronIn, Dst, Every, Trigger};
use mainspring_core::zone::{Rule, Zone};

const BERLIN: &str = "CET-1CEST,M3.5.0,M10.5.0/3";
const NEW_YORK: &str = "EST5EDT,M3.2.0,M11.1.0";
const CHICAGO: &str = "CST6CDT,M3.2.0,M11.1.0";
const HAVANA: &str = "CST5CDT,M3.2.0/0,M11.1.0/1";
const LORD_HOWE: &str = "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0";
const NUUK: &str = "<-02>2<-01>,M3.5.0/-1,M10.5.0/0";

/// The fires after `from`, as clocks of the zone show them: `03-08 03:00-04:00`.
fn fires(pattern: &str, zone: &str, dst: Dst, from: &str, count: usize) -> Vec<String> {
    let zone = Zone::posix(Rule::parse(zone).unwrap());
    let trigger = CronIn { cron: Cron::parse(pattern).unwrap(), zone, dst };
    let mut t: Timestamp = from.parse().unwrap();
    (0..count)
        .map(|_| {
            t = trigger.next_after(t).unwrap();
            let DateTime { date, time } = zone.local(t);
            assert_eq!(time.second(), 0);
            let (month, day) = (date.month(), date.day());
            let (hour, minute) = (time.hour(), time.minute());
            format!("{month:02}-{day:02} {hour:02}:{minute:02}{}", zone.offset_at(t))
        })
        .collect()
}

struct Case {
    name: &'static str,
    zone: &'static str,
    pattern: &'static str,
    from: &'static str,
    once: &'static [&'static str],
    literal: &'static [&'static str],
}

#[rustfmt::skip]
const CASES: [Case; 10] = [
    Case {
        name: "G1: a daily job in a gap",
        zone: NEW_YORK, pattern: "30 2 * * *", from: "2026-03-07T12:00:00Z",
        once:    &["03-08 03:00-04:00", "03-09 02:30-04:00"],
        literal: &["03-09 02:30-04:00", "03-10 02:30-04:00"],
    },
    Case {
        name: "G2: a daily job at a midnight that does not exist",
        zone: HAVANA, pattern: "0 0 * * *", from: "2026-03-07T12:00:00Z",
        once:    &["03-08 01:00-04:00", "03-09 00:00-04:00"],
        literal: &["03-09 00:00-04:00", "03-10 00:00-04:00"],
    },
    Case {
        name: "G3: a daily job in a gap of thirty minutes",
        zone: LORD_HOWE, pattern: "15 2 * * *", from: "2026-10-03T00:00:00Z",
        once:    &["10-04 02:30+11:00", "10-05 02:15+11:00"],
        literal: &["10-05 02:15+11:00", "10-06 02:15+11:00"],
    },
    Case {
        name: "G4: stepped hours get no extra fire when the gap ends",
        zone: NEW_YORK, pattern: "0 */2 * * *", from: "2026-03-08T05:00:00Z",
        once:    &["03-08 04:00-04:00", "03-08 06:00-04:00"],
        literal: &["03-08 04:00-04:00", "03-08 06:00-04:00"],
    },
    Case {
        name: "F1: a daily job in a fold",
        zone: NEW_YORK, pattern: "30 1 * * *", from: "2026-10-31T12:00:00Z",
        once:    &["11-01 01:30-04:00", "11-02 01:30-05:00"],
        literal: &["11-01 01:30-04:00", "11-01 01:30-05:00", "11-02 01:30-05:00"],
    },
    Case {
        name: "F2: a daily job at a midnight that comes twice",
        zone: HAVANA, pattern: "0 0 * * *", from: "2026-10-31T12:00:00Z",
        once:    &["11-01 00:00-04:00", "11-02 00:00-05:00"],
        literal: &["11-01 00:00-04:00", "11-01 00:00-05:00", "11-02 00:00-05:00"],
    },
    Case {
        name: "F3: a daily job in a fold of thirty minutes",
        zone: LORD_HOWE, pattern: "45 1 * * *", from: "2026-04-04T00:00:00Z",
        once:    &["04-05 01:45+11:00", "04-06 01:45+10:30"],
        literal: &["04-05 01:45+11:00", "04-05 01:45+10:30", "04-06 01:45+10:30"],
    },
    Case {
        name: "W1: a quarter-hourly job never falls silent",
        zone: NEW_YORK, pattern: "*/15 * * * *", from: "2026-11-01T05:40:00Z",
        once:    &["11-01 01:45-04:00", "11-01 01:00-05:00", "11-01 01:15-05:00",
                   "11-01 01:30-05:00", "11-01 01:45-05:00", "11-01 02:00-05:00"],
        literal: &["11-01 01:45-04:00", "11-01 01:00-05:00", "11-01 01:15-05:00",
                   "11-01 01:30-05:00", "11-01 01:45-05:00", "11-01 02:00-05:00"],
    },
    Case {
        name: "W2: an hourly job runs on both passes",
        zone: NEW_YORK, pattern: "30 * * * *", from: "2026-11-01T05:00:00Z",
        once:    &["11-01 01:30-04:00", "11-01 01:30-05:00", "11-01 02:30-05:00"],
        literal: &["11-01 01:30-04:00", "11-01 01:30-05:00", "11-01 02:30-05:00"],
    },
    Case {
        name: "L: a list of hours is a list of fixed times",
        zone: NEW_YORK, pattern: "30 0,1,2 * * *", from: "2026-11-01T04:00:00Z",
        once:    &["11-01 00:30-04:00", "11-01 01:30-04:00", "11-01 02:30-05:00"],
        literal: &["11-01 00:30-04:00", "11-01 01:30-04:00", "11-01 01:30-05:00",
                   "11-01 02:30-05:00"],
    },
];

#[test]
fn clock_changes_are_met_as_each_preset_says() {
    for case in CASES {
        let found = |dst, count| fires(case.pattern, case.zone, dst, case.from, count);
        assert_eq!(found(Dst::ONCE, case.once.len()), case.once, "once, {}", case.name);
        assert_eq!(found(Dst::LITERAL, case.literal.len()), case.literal, "literal, {}", case.name);
    }
}

#[test]
fn several_fixed_times_in_one_gap_are_one_fire() {
    let found = fires("0,10,50 2,3 * * *", NEW_YORK, Dst::ONCE, "2026-03-08T00:00:00-05:00", 4);
    let expected =
        ["03-08 03:00-04:00", "03-08 03:10-04:00", "03-08 03:50-04:00", "03-09 02:00-04:00"];
    assert_eq!(found, expected);
}

#[test]
fn no_day_after_a_clock_change_is_lost() {
    for (zone, from) in [
        (BERLIN, "2025-03-26T12:00:00Z"),
        (BERLIN, "2026-10-22T12:00:00Z"),
        (NEW_YORK, "2026-03-05T12:00:00Z"),
        (LORD_HOWE, "2026-10-01T12:00:00Z"),
        (NUUK, "2026-03-25T12:00:00Z"),
    ] {
        for pattern in ["0 0 * * *", "30 0 * * *", "59 0 * * *", "30 23 * * *"] {
            for dst in [Dst::ONCE, Dst::LITERAL] {
                let days = fires(pattern, zone, dst, from, 7);
                let mut numbers: Vec<u32> = days.iter().map(|d| d[3..5].parse().unwrap()).collect();
                numbers.dedup();
                // Nuuk's clocks jump from Saturday 23:00 to Sunday 00:00: that evening's 23:30
                // is at midnight, or literally never.
                let skips = zone == NUUK && pattern == "30 23 * * *";
                let steps = numbers.windows(2).filter(|pair| pair[1] != pair[0] % 31 + 1).count();
                assert_eq!(steps, usize::from(skips), "{zone} {pattern} {dst:?} {days:?}");
            }
        }
    }
}

#[test]
fn a_monthly_and_a_weekly_job_survive_the_change() {
    // The month and the week that another scheduler loses, because it adds local differences to
    // instants.
    let monthly = fires("0 0 1 * *", CHICAGO, Dst::ONCE, "2022-02-10T00:00:00Z", 3);
    assert_eq!(monthly, ["03-01 00:00-06:00", "04-01 00:00-05:00", "05-01 00:00-05:00"]);
    let weekly = fires("0 0 * * mon", BERLIN, Dst::ONCE, "2025-03-25T00:00:00Z", 2);
    assert_eq!(weekly, ["03-31 00:00+02:00", "04-07 00:00+02:00"]);
}

#[test]
fn fires_lie_on_whole_seconds_whatever_instant_is_asked_about() {
    let cron = Cron::literal("* * * * * *");
    let t: Timestamp = "2026-01-01T00:00:00.4Z".parse().unwrap();
    let next = cron.next_after(t, &Zone::UTC, Dst::ONCE).unwrap();
    assert_eq!(next.to_string(), "2026-01-01T00:00:01Z");
}

#[test]
fn a_span_is_absolute_time_in_every_zone() {
    let anchor: Timestamp = "2026-03-28T23:30:00Z".parse().unwrap();
    let hourly = Every::new(Span::from_hours(1), anchor).unwrap();
    let berlin = Zone::posix(Rule::parse(BERLIN).unwrap());
    let mut t = anchor - Span::from_micros(1);
    let mut shown = Vec::new();
    for _ in 0..4 {
        t = hourly.next_after(t).unwrap();
        shown.push(berlin.local(t).time);
    }
    let time = |hour| TimeOfDay::new(hour, 30, 0).unwrap();
    assert_eq!(shown, [time(0), time(1), time(3), time(4)]);
}
