//! Prints how fast cron patterns are, as ratios to other crates in the same run.
//!
//! Every cell is the least time of many rounds over the same pseudo-random instants, so that a
//! busy machine makes it slower only if it is busy all the time. The crates take turns round by
//! round.

use std::hint::black_box;
use std::str::FromStr;

use chrono::{DateTime, TimeZone as _, Utc};
use mainspring::zone::Zones;
use mainspring_core::time::Timestamp;
use mainspring_core::trigger::{Cron, CronIn, Dialect, Dst, ExtendedCron, Trigger};
use mainspring_core::zone::{OwnedZone, TimeZone as _, Zone};

mod clock;

/// A name, and the pattern as ours and croner's, as saffron's and as cron's.
const PATTERNS: [(&str, &str, Option<&str>, Option<&str>); 7] = [
    ("every minute", "* * * * *", Some("* * * * *"), Some("0 * * * * *")),
    ("*/15", "*/15 * * * *", Some("*/15 * * * *"), Some("0 */15 * * * *")),
    ("weekdays at 9", "0 9 * * 1-5", Some("0 9 * * 2-6"), Some("0 0 9 * * 2-6")),
    ("first of month", "0 0 1 * *", Some("0 0 1 * *"), Some("0 0 0 1 * *")),
    ("29 February", "0 0 29 2 *", Some("0 0 29 2 *"), Some("0 0 0 29 2 *")),
    ("L", "0 0 L * *", Some("0 0 L * *"), None),
    ("every 5 s", "*/5 * * * * *", None, Some("*/5 * * * * *")),
];

const STARTS: usize = 512;
const ROUNDS: usize = 400;

/// Instants from 2020 to 2035, from a generator with a fixed seed.
fn starts() -> Vec<Timestamp> {
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let (from, length) = (1_577_836_800_000_000_i64, 473_000_000_000_000_u64);
    (0..STARTS)
        .map(|_| Timestamp::from_micros(from + (next() % length) as i64).expect("in range"))
        .collect()
}

/// Least nanoseconds per call of each of `runs` over `count` calls.
fn measure(count: usize, runs: &mut [Option<Box<dyn FnMut() + '_>>]) -> Vec<Option<f64>> {
    let mut least = vec![f64::INFINITY; runs.len()];
    for round in 0..ROUNDS {
        for (run, least) in runs.iter_mut().zip(&mut least) {
            let Some(run) = run else { continue };
            // Slow ones need fewer rounds.
            if round > 40 && *least * count as f64 > 1e6 {
                continue;
            }
            *least = least.min(clock::time(&mut *run) / count as f64);
        }
    }
    runs.iter().zip(least).map(|(run, least)| run.is_some().then_some(least)).collect()
}

type Run<'a> = Box<dyn FnMut() + 'a>;

fn over<'a, T: 'a, R>(starts: &'a [T], mut next: impl FnMut(&T) -> R + 'a) -> Run<'a> {
    Box::new(move || {
        for start in starts {
            black_box(next(black_box(start)));
        }
    })
}

/// One line; ratios are ours to theirs.
fn line(name: &str, times: &[Option<f64>]) {
    let ours = times[0].unwrap_or(f64::NAN);
    print!("{name:<16} {ours:>7.1} ns");
    for theirs in &times[1..] {
        match theirs {
            Some(time) => print!("  {:>8.1} ns {:>6.3}", time, ours / time),
            None => print!("  {:>8}    {:>6}", "-", "-"),
        }
    }
    println!();
}

fn geometric(rows: &[Vec<Option<f64>>], peer: usize) -> f64 {
    let ratios: Vec<f64> =
        rows.iter().filter_map(|row| Some((row[0]? / row[peer]?).ln())).collect();
    (ratios.iter().sum::<f64>() / ratios.len() as f64).exp()
}

fn head(title: &str, peers: &[&str]) {
    print!("\n{title:<16} {:>10}", "mainspring");
    for peer in peers {
        print!("  {peer:>11} {:>6}", "ratio");
    }
    println!();
}

fn foot(rows: &[Vec<Option<f64>>]) {
    print!("{:<16} {:>10}", "geometric mean", "");
    for peer in 1..rows[0].len() {
        print!("  {:>11} {:>6.3}", "", geometric(rows, peer));
    }
    println!();
}

fn croner(text: &str) -> croner::Cron {
    croner::parser::CronParser::builder()
        .seconds(croner::parser::Seconds::Optional)
        .build()
        .parse(text)
        .expect("croner reads it")
}

fn plain_or_extended<'a>(
    text: &str,
    zone: Zone<'a>,
    starts: &'a [Timestamp],
) -> Box<dyn FnMut() + 'a> {
    match Cron::parse(text) {
        Ok(cron) => over(starts, move |&t| cron.next_after(t, &zone, Dst::ONCE)),
        Err(_) => {
            let cron = ExtendedCron::parse(text, Dialect::Crontab).expect("a pattern");
            over(starts, move |&t| cron.next_after(t, &zone, Dst::ONCE))
        }
    }
}

fn utc(starts: &[Timestamp]) {
    let theirs: Vec<DateTime<Utc>> = starts
        .iter()
        .map(|t| DateTime::from_timestamp_micros(t.as_micros()).expect("in range"))
        .collect();
    head("next, UTC", &["saffron", "croner", "cron"]);
    let mut rows = Vec::new();
    for (name, text, saffron, cron) in PATTERNS {
        let croner = croner(text);
        let saffron = saffron.map(|text| saffron::Cron::from_str(text).expect("saffron reads it"));
        let cron = cron.map(|text| cron::Schedule::from_str(text).expect("cron reads it"));
        let times = measure(
            STARTS,
            &mut [
                Some(plain_or_extended(text, Zone::UTC, starts)),
                saffron.map(|cron| over(&theirs, move |&t| cron.next_after(t))),
                Some(over(&theirs, move |t| croner.find_next_occurrence(t, false).ok())),
                cron.as_ref().map(|cron| over(&theirs, move |t| cron.after(t).next())),
            ],
        );
        line(name, &times);
        rows.push(times);
    }
    foot(&rows);
}

fn berlin(starts: &[Timestamp], zone: &OwnedZone) {
    let theirs: Vec<_> = starts
        .iter()
        .map(|t| chrono_tz::Europe::Berlin.timestamp_micros(t.as_micros()).single().expect("one"))
        .collect();
    head("next, Berlin", &["croner", "cron"]);
    let mut rows = Vec::new();
    for (name, text, _, cron) in PATTERNS {
        let croner = croner(text);
        let cron = cron.map(|text| cron::Schedule::from_str(text).expect("cron reads it"));
        let times = measure(
            STARTS,
            &mut [
                Some(plain_or_extended(text, zone.zone(), starts)),
                Some(over(&theirs, move |t| croner.find_next_occurrence(t, false).ok())),
                cron.as_ref().map(|cron| over(&theirs, move |t| cron.after(t).next())),
            ],
        );
        line(name, &times);
        rows.push(times);
    }
    foot(&rows);
}

fn parse() {
    head("parse", &["saffron", "croner", "cron"]);
    let many = [(); 64];
    let mut rows = Vec::new();
    for (name, text, saffron, cron) in PATTERNS {
        let times = measure(
            64,
            &mut [
                Some(match Cron::parse(text) {
                    Ok(_) => over(&many, move |()| Cron::parse(black_box(text))),
                    Err(_) => over(&many, move |()| {
                        ExtendedCron::parse(black_box(text), Dialect::Crontab)
                    }),
                }),
                saffron.map(|text| over(&many, move |()| saffron::Cron::from_str(black_box(text)))),
                Some(over(&many, move |()| croner(black_box(text)))),
                cron.map(|text| over(&many, move |()| cron::Schedule::from_str(black_box(text)))),
            ],
        );
        line(name, &times);
        rows.push(times);
    }
    foot(&rows);
}

fn backwards(starts: &[Timestamp], zone: &OwnedZone) {
    let theirs: Vec<_> = starts
        .iter()
        .map(|t| chrono_tz::Europe::Berlin.timestamp_micros(t.as_micros()).single().expect("one"))
        .collect();
    head("prev, Berlin", &["croner"]);
    let mut rows = Vec::new();
    for (name, text, _, _) in PATTERNS {
        let croner = croner(text);
        let cron = ExtendedCron::parse(text, Dialect::Crontab).expect("a pattern");
        let trigger = CronIn::new(cron, zone.zone());
        let times = measure(
            STARTS,
            &mut [
                Some(over(starts, move |&t| trigger.prev_before(t))),
                Some(over(&theirs, move |t| croner.find_previous_occurrence(t, false).ok())),
            ],
        );
        line(name, &times);
        rows.push(times);
    }
    foot(&rows);
}

fn impossible(starts: &[Timestamp], zone: &OwnedZone) {
    println!("\nimpossible patterns, ns for an answer of none (bar: 2000)");
    println!("{:<26} {:>9} {:>9}", "", "UTC", "Berlin");
    for (text, dialect) in [
        ("0 0 30 2 *", Dialect::Crontab),
        ("0 0 0 30 2 ?", Dialect::Quartz),
        ("month=2 day=30", Dialect::ApScheduler),
        ("0 0 0 1 1 * 2001", Dialect::Crontab),
        ("0 0 0 29 2 * 2001-9999/2", Dialect::Crontab),
        ("0 0 0 29 2 * 1970-2019", Dialect::Crontab),
        ("week=53 month=6", Dialect::ApScheduler),
    ] {
        let cron = ExtendedCron::parse(text, dialect).expect("a pattern");
        print!("{text:<26}");
        for zone in [Zone::UTC, zone.zone()] {
            assert_eq!(cron.next_after(starts[0], &zone, Dst::ONCE), None, "{text}");
            let next = over(starts, move |&t| cron.next_after(t, &zone, Dst::ONCE));
            let times = measure(STARTS, &mut [Some(next)]);
            print!(" {:>6.1} ns", times[0].unwrap_or(f64::NAN));
        }
        println!();
    }
}

fn main() {
    let starts = starts();
    let zones = Zones::bundled();
    let zone = zones.find("Europe/Berlin").expect("a zone");
    println!("ratio = mainspring / other; less than 1 is faster");
    utc(&starts);
    berlin(&starts, &zone);
    backwards(&starts, &zone);
    parse();
    impossible(&starts, &zone);
    println!("\nsize_of, bytes");
    for (name, size) in [
        ("mainspring Cron", size_of::<Cron>()),
        ("mainspring ExtendedCron", size_of::<ExtendedCron>()),
        ("saffron", size_of::<saffron::Cron>()),
        ("croner", size_of::<croner::Cron>()),
        ("cron", size_of::<cron::Schedule>()),
    ] {
        println!("{name:<24} {size:>4}");
    }
}
