//! Mainspring's default policy and croner 4 give the same fires, in every zone that both know
//! alike.

use chrono::{DateTime, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};
use mainspring::zone::Zones;
use mainspring_core::time::{Span, Timestamp};
use mainspring_core::trigger::{Cron, CronIn, Dialect, Dst, ExtendedCron, Trigger};
use mainspring_core::zone::TimeZone as _;

/// Fixed times in and around the hours in which clocks change, and flowing ones.
const PATTERNS: [&str; 16] = [
    "30 2 * * *",
    "30 1 * * *",
    "5 1 * * *",
    "0 0 * * *",
    "15 0 * * *",
    "0 3 * * *",
    "59 23 * * *",
    "0 2 * * 0",
    "30 * * * *",
    "*/15 * * * *",
    "0 */2 * * *",
    "0 9 * * 1-5",
    "0 0 1 * *",
    "0 12 L * *",
    "30 1 * * 5#2",
    "0 0 13 * 5",
];

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn theirs(t: Timestamp, zone: Tz) -> DateTime<Tz> {
    DateTime::<Utc>::from_timestamp_micros(t.as_micros()).expect("in range").with_timezone(&zone)
}

/// The fires of both within `days` from `start` on, or the first difference.
fn compare(pattern: &str, name: &str, start: Timestamp, days: i64) -> Result<usize, String> {
    let zones = Zones::bundled();
    let zone = zones.find(name).expect("a zone");
    let croner: croner::Cron = pattern.parse().expect("croner reads it");
    let cron = ExtendedCron::parse(pattern, Dialect::Crontab).expect("we read it");
    let ours = CronIn::new(cron, zone.zone());
    let end = start + Span::from_days(days);
    let zone: Tz = name.parse().expect("chrono-tz knows it");
    let (mut t, mut fires) = (start, 0);
    let mut other = theirs(start, zone);
    loop {
        t = ours.next_after(t).expect("a fire");
        other = croner.find_next_occurrence(&other, false).map_err(|error| error.to_string())?;
        if other.timestamp_micros() != t.as_micros() {
            return Err(format!("{name} `{pattern}`: we {}, croner {other}", theirs(t, zone)));
        }
        fires += 1;
        if t > end {
            return Ok(fires);
        }
    }
}

/// Zones whose offsets both databases tell alike over the days, and how many they do not.
fn common_zones(start: Timestamp, days: i64) -> (Vec<&'static str>, usize) {
    let zones = Zones::bundled();
    let mut different = 0;
    let common = TZ_VARIANTS.iter().filter(|tz| {
        let Ok(zone) = zones.find(tz.name()) else { return false };
        let same = (0..days * 48).all(|half_hour| {
            let t = start + Span::from_mins(30 * half_hour);
            let offset = theirs(t, **tz).format("%:z").to_string();
            zone.zone().offset_at(t).to_string() == offset
        });
        different += usize::from(!same);
        same
    });
    (common.map(|tz| tz.name()).collect(), different)
}

#[test]
fn croner_agrees_in_every_zone_whose_clocks_change() {
    let (start, days) = (at("2024-01-01T00:00:00Z"), 366);
    let (zones, different) = common_zones(start, days);
    let bundled = Zones::bundled();
    let changing: Vec<_> = zones
        .iter()
        .filter(|name| {
            let zone = bundled.find(name).expect("a zone");
            let next = zone.zone().next_transition(start);
            next.is_some_and(|next| next < start + Span::from_days(days))
        })
        .collect();
    assert!(different < 10 && changing.len() > 150, "{different} {}", changing.len());
    let mut fires = 0;
    let mut differences = Vec::new();
    for zone in &changing {
        for pattern in PATTERNS {
            match compare(pattern, zone, start, days) {
                Ok(count) => fires += count,
                Err(difference) => differences.push(difference),
            }
        }
    }
    println!("{fires} fires in {} zones, {} differences", changing.len(), differences.len());
    assert!(
        differences.is_empty(),
        "{}: {:#?}",
        differences.len(),
        &differences[..differences.len().min(20)]
    );
}

#[test]
fn literal_agrees_with_asking_every_minute() {
    let start = at("2026-10-24T00:00:00Z");
    let zones = Zones::bundled();
    let berlin = zones.find("Europe/Berlin").expect("a zone");
    let cron = Cron::literal("30 2 * * *");
    let croner: croner::Cron = "30 2 * * *".parse().expect("croner reads it");
    for minute in 0..2 * 24 * 60 {
        let t = start + Span::from_mins(minute);
        let fires = cron.next_after(t - Span::from_micros(1), &berlin.zone(), Dst::LITERAL);
        let matches = croner.is_time_matching(&theirs(t, Tz::Europe__Berlin)).expect("a time");
        assert_eq!(fires == Some(t), matches, "{t}");
    }
}
