//! Prints what other crates do in the ten cases of clock changes whose answers of ours are kept in
//! `core/tests/dst-table.txt`, in the same form.

use std::str::FromStr;

use chrono::DateTime;
use chrono_tz::Tz;

fn main() {
    let kept = include_str!("../../../../core/tests/dst-table.txt");
    for line in kept.lines() {
        println!("{line}");
        let Some(case) = line.strip_prefix("== ") else { continue };
        let [_, pattern, zone, from] = case.split(" | ").collect::<Vec<_>>()[..] else { continue };
        let zone: Tz = zone.parse().expect("a zone");
        let from = DateTime::parse_from_rfc3339(from).expect("an instant").with_timezone(&zone);
        println!("{:<22}{}", "  croner 4", croner(pattern, &from));
        println!("{:<22}{}", "  cron 0.17", cron(pattern, &from));
    }
}

/// As many fires as a row shows.
const FIRES: usize = 4;

fn row(fires: impl Iterator<Item = DateTime<Tz>>) -> String {
    let shown = fires.take(FIRES).map(|fire| fire.format("%m-%d %H:%M%:z").to_string());
    shown.collect::<Vec<_>>().join(", ")
}

fn croner(pattern: &str, from: &DateTime<Tz>) -> String {
    let cron = croner::Cron::from_str(pattern).expect("croner reads it");
    let next = |t: &DateTime<Tz>| cron.find_next_occurrence(t, false).ok();
    row(std::iter::successors(next(from), next))
}

fn cron(pattern: &str, from: &DateTime<Tz>) -> String {
    let schedule = cron::Schedule::from_str(&format!("0 {pattern}")).expect("cron reads it");
    row(schedule.after(from))
}
