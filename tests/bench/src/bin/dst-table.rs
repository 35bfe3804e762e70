//! Prints the table of what becomes of fires when clocks change: ten cases under our policies, and
//! what other crates do in the same ones.
//!
//! `tests/bench/dst-table.txt` keeps what it prints. Our rows are taken from there, because a test
//! of the core holds the core to them; those of the others are asked for.

use std::str::FromStr;

use chrono::DateTime;
use chrono_tz::Tz;

/// The other crates, by the names of their rows.
const OTHERS: [&str; 2] = ["croner 4", "cron 0.17"];

fn main() {
    let kept = include_str!("../../dst-table.txt");
    let is_other = |line: &&str| OTHERS.iter().any(|name| line.trim_start().starts_with(name));
    let mut asked = Vec::new();
    for line in kept.lines().filter(|line| !is_other(line)) {
        if let Some(case) = line.strip_prefix("== ") {
            asked.drain(..).for_each(|row| println!("{row}"));
            asked = ask(case);
        }
        println!("{line}");
    }
    asked.drain(..).for_each(|row| println!("{row}"));
}

/// What the others answer in a case.
fn ask(case: &str) -> Vec<String> {
    let [_, pattern, zone, from] = case.split(" | ").collect::<Vec<_>>()[..] else {
        panic!("`{case}` is no case");
    };
    let zone: Tz = zone.parse().expect("a zone");
    let from = DateTime::parse_from_rfc3339(from).expect("an instant").with_timezone(&zone);
    let rows = [croner(pattern, &from), cron(pattern, &from)];
    OTHERS.iter().zip(rows).map(|(name, row)| format!("{:<22}{row}", format!("  {name}"))).collect()
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
