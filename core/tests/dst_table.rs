//! The core is held to its rows of the published table of clock changes,
//! `tests/bench/dst-table.txt`, which `cargo dst-table` prints with those of other crates.

use mainspring_core::time::Timestamp;
use mainspring_core::trigger::{Cron, CronIn, Dst, Fold, Gap, Trigger};
use mainspring_core::zone::{Rule, Zone};

const NEW_YORK: (&str, &str) = ("America/New_York", "EST5EDT,M3.2.0,M11.1.0");
const HAVANA: (&str, &str) = ("America/Havana", "CST5CDT,M3.2.0/0,M11.1.0/1");
const LORD_HOWE: (&str, &str) = ("Australia/Lord_Howe", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0");

/// A name, a pattern, a zone and an instant shortly before its clocks change.
type Case = (&'static str, &'static str, (&'static str, &'static str), &'static str);

const CASES: [Case; 10] = [
    ("G1 gap", "30 2 * * *", NEW_YORK, "2026-03-07T12:00:00Z"),
    ("G2 gap at midnight", "0 0 * * *", HAVANA, "2026-03-07T12:00:00Z"),
    ("G3 gap of 30 minutes", "15 2 * * *", LORD_HOWE, "2026-10-03T00:00:00Z"),
    ("G4 gap, stepped hours", "0 */2 * * *", NEW_YORK, "2026-03-08T04:00:00Z"),
    ("F1 fold", "30 1 * * *", NEW_YORK, "2026-10-31T12:00:00Z"),
    ("F2 fold at midnight", "0 0 * * *", HAVANA, "2026-10-31T12:00:00Z"),
    ("F3 fold of 30 minutes", "45 1 * * *", LORD_HOWE, "2026-04-04T00:00:00Z"),
    ("W1 fold, every 15 minutes", "*/15 * * * *", NEW_YORK, "2026-11-01T05:35:00Z"),
    ("W2 fold, hourly", "30 * * * *", NEW_YORK, "2026-11-01T05:00:00Z"),
    ("L fold, list of hours", "30 0,1,2 * * *", NEW_YORK, "2026-11-01T04:00:00Z"),
];

const POLICIES: [(&str, Dst); 5] = [
    ("once", Dst::ONCE),
    ("literal", Dst::LITERAL),
    ("shift, first", Dst { gap: Gap::Shift, fold: Fold::First }),
    ("skip, second", Dst { gap: Gap::Skip, fold: Fold::Second }),
    ("at_end, both", Dst { gap: Gap::AtEnd, fold: Fold::Both }),
];

#[test]
fn clock_changes_are_met_as_the_reviewed_table_says() {
    let mut table = String::new();
    for (name, pattern, (zone_name, rule), from) in CASES {
        table += &format!("== {name} | {pattern} | {zone_name} | {from}\n");
        let zone = Zone::posix(Rule::parse(rule).unwrap());
        for (policy, dst) in POLICIES {
            let trigger = CronIn { cron: Cron::parse(pattern).unwrap(), zone, dst };
            let mut t: Timestamp = from.parse().unwrap();
            let mut row = Vec::new();
            for _ in 0..4 {
                t = trigger.next_after(t).unwrap();
                let shown = t.at_offset(zone.offset_at(t)).to_string();
                row.push(format!("{} {}{}", &shown[5..10], &shown[11..16], &shown[19..]));
            }
            table += &format!("{:<22}{}\n", format!("  {policy}"), row.join(", "));
        }
    }
    let published = include_str!("../../tests/bench/dst-table.txt");
    let is_ours = |line: &&str| {
        let policies = POLICIES.iter().map(|(policy, _)| *policy);
        line.starts_with("==") || policies.into_iter().any(|name| line[2..].starts_with(name))
    };
    let ours: String = published.lines().filter(is_ours).map(|line| format!("{line}\n")).collect();
    assert_eq!(table, ours, "the table is now:\n{table}");
    for other in ["croner 4", "cron 0.17"] {
        assert_eq!(published.matches(&format!("\n  {other} ")).count(), CASES.len(), "{other}");
    }
}
