//! The laws of triggers, as properties against models that walk minute by minute.
#![expect(clippy::unwrap_used, reason = "a test may stop at once")]

mod zones;

use std::collections::{BTreeMap, BTreeSet};

use mainspring_core::civil::{Date, DateTime};
use mainspring_core::time::{Span, Timestamp};
use mainspring_core::trigger::{
    At, Count, Cron, CronIn, Dialect, Dst, Every, ExtendedCron, Fold, Gap, Trigger, Within,
};
use mainspring_core::zone::{Rule, Zone};
use proptest::prelude::*;
use zones::{at, policies, zones};

/// A five-field pattern in a form that needs no parser.
#[derive(Clone, Debug)]
struct Pattern {
    minutes: Values,
    hours: Values,
    days: Values,
    months: Values,
    weekdays: Values,
}

/// `None` is `*`, which also makes minute and hour flow.
type Values = Option<BTreeSet<u32>>;

impl Pattern {
    fn text(&self) -> String {
        [&self.minutes, &self.hours, &self.days, &self.months, &self.weekdays]
            .map(|values| match values {
                None => "*".to_string(),
                Some(set) => set.iter().map(u32::to_string).collect::<Vec<_>>().join(","),
            })
            .join(" ")
    }

    fn flows(&self) -> bool {
        let all = |values: &Values, size| values.as_ref().is_none_or(|set| set.len() == size);
        all(&self.minutes, 60) || all(&self.hours, 24)
    }

    fn matches(&self, local: DateTime) -> bool {
        let has = |values: &Values, value| values.as_ref().is_none_or(|set| set.contains(&value));
        let weekday = local.date.weekday() as u32;
        let (in_month, in_week) = (has(&self.days, local.date.day()), has(&self.weekdays, weekday));
        let day = match (&self.days, &self.weekdays) {
            (Some(_), Some(_)) => in_month || in_week,
            _ => in_month && in_week,
        };
        day && has(&self.minutes, local.time.minute())
            && has(&self.hours, local.time.hour())
            && has(&self.months, local.date.month())
    }
}

fn values(range: std::ops::RangeInclusive<u32>, max: usize) -> impl Strategy<Value = Values> {
    prop_oneof![
        1 => Just(None),
        2 => prop::collection::btree_set(range, 1..=max).prop_map(Some),
    ]
}

fn patterns() -> impl Strategy<Value = Pattern> {
    (values(0..=59, 5), values(0..=23, 8), values(1..=31, 6), values(1..=12, 8), values(0..=6, 4))
        .prop_map(|(minutes, hours, days, months, weekdays)| Pattern {
            minutes,
            hours,
            days,
            months,
            weekdays,
        })
}

const WINDOW: Span = Span::from_days(4);
/// Fires within this distance of the window's ends may depend on what lies outside it.
const MARGIN: Span = Span::from_hours(49);
const MINUTE: Span = Span::from_mins(1);

/// All fires in the window around `centre`, by showing every minute on a clock and then asking
/// for each minute of the calendar when it was shown.
fn model(pattern: &Pattern, zone: &Zone<'_>, centre: Timestamp, dst: Dst) -> BTreeSet<Timestamp> {
    let dst = if pattern.flows() { Dst::LITERAL } else { dst };
    let mut shown: BTreeMap<i64, Vec<Timestamp>> = BTreeMap::new();
    let mut t = centre - WINDOW - MARGIN;
    while t <= centre + WINDOW + MARGIN {
        shown.entry(zone.local(t).as_secs()).or_default().push(t);
        t = t + MINUTE;
    }
    let (first, last) = (*shown.keys().next().unwrap(), *shown.keys().next_back().unwrap());
    let mut fires = BTreeSet::new();
    for local in (first..=last).step_by(60) {
        if !pattern.matches(DateTime::from_secs(local).unwrap()) {
            continue;
        }
        match shown.get(&local).map(Vec::as_slice) {
            Some([once]) => drop(fires.insert(*once)),
            Some(passes) => match dst.fold {
                Fold::First => drop(fires.insert(passes[0])),
                Fold::Second => drop(fires.insert(passes[passes.len() - 1])),
                Fold::Both => fires.extend(passes),
            },
            None => fires.extend(in_gap(zone, &shown, local, dst.gap)),
        }
    }
    let inside = centre - WINDOW..=centre + WINDOW;
    fires.retain(|fire| inside.contains(fire));
    fires
}

fn in_gap(
    zone: &Zone<'_>,
    shown: &BTreeMap<i64, Vec<Timestamp>>,
    local: i64,
    policy: Gap,
) -> Option<Timestamp> {
    // Between two instants a minute apart the clock jumped over `local`.
    let end = shown
        .values()
        .flatten()
        .copied()
        .find(|&t| {
            let before = zone.local(t - MINUTE).as_secs();
            before < local && local < zone.local(t).as_secs()
        })
        .unwrap();
    let before = i64::from(zone.offset_at(end - MINUTE).as_secs());
    match policy {
        Gap::Skip => None,
        Gap::AtEnd => Some(end),
        Gap::Shift => {
            let fire = Timestamp::from_secs(local - before).unwrap();
            zone.next_transition(end).is_none_or(|next| fire < next).then_some(fire)
        }
    }
}

/// Patterns of every dialect, most of which can be read.
fn extended_texts() -> impl Strategy<Value = (Dialect, String)> {
    let time = "([*]|[*]/[1-9]|[0-5]|[0-9],1[0-9]|H|[0-9]-2[0-3]/[23])";
    let day = "([*]|[?]|L|L-[0-9]|[12][0-9]?W|LW|[12]?[1-9]|[*]/[2-9]|1-7,L|H)";
    let month = "([*]|[1-9]|feb|nov-mar|[*]/3)";
    let weekday = "([*]|[?]|[1-6]|[+]mon|[1-5]#[1-5]|friL|tue#L|sat-mon|[*]/2|[1-3],5)";
    let years = "( [*]| 20[0-9][0-9]| 20[0-4]0-20[5-9]5/[1-7]| 2150-9999/[1-9])";
    let crontab = format!("{time} {time} {day} {month} {weekday}");
    let quartz = format!("{time} {time} {time} {day} {month} {weekday}{years}?");
    let seven = format!("{time} {crontab}{years}");
    let named = "(year=(20[0-9]5|20[01][0-9]/[1-9]) )?(month=(1-6|[*]/5|feb) )?\
                 (day=(last|2nd wed|last fri, 13|1-7|5th mon|[*]/2) )?(week=([1-9]|53|50-53) )?\
                 (day_of_week=(mon-fri|sun|[*]/3|0-2) )?hour=([1-9]|[*]/5) (minute=(0|[*]|7,9))?";
    let text = |regex: &str| prop::string::string_regex(regex).unwrap();
    prop_oneof![
        (Just(Dialect::Crontab), text(&crontab)),
        (Just(Dialect::Crontab), text(&seven)),
        (Just(Dialect::Quartz), text(&quartz)),
        (Just(Dialect::ApScheduler), text(named)),
    ]
}

/// What the words mean, date by date.
fn extended_day(day: &str, weekday: &str, date: Date) -> bool {
    let length = (28..=31).rev().find(|&d| Date::new(date.year(), date.month(), d).is_some());
    let length = length.unwrap();
    let of = |day| Date::new(date.year(), date.month(), day).unwrap();
    let nearest = |day: u32| {
        let working = |date: &Date| !matches!(date.weekday() as u32, 0 | 6);
        (1..=length).map(of).filter(working).min_by_key(|found| {
            let distance = found.day().abs_diff(day);
            // At the same distance there is at most one in this month and one that is nearer.
            (distance, found.day())
        })
    };
    let number = date.day();
    let in_month = |item: &str| match item {
        "*" => true,
        "L" => number == length,
        "L-2" => number == length - 2,
        "L-9" => number == length - 9,
        "29-31" => number >= 29,
        "LW" => nearest(length) == Some(date),
        _ => match item.strip_suffix('W') {
            Some(day) => {
                let day = day.parse().unwrap();
                day <= length && nearest(day) == Some(date)
            }
            None => number == item.parse().unwrap(),
        },
    };
    let in_week = |item: &str| {
        let this = date.weekday() as u32;
        match item.trim_start_matches('+') {
            "*" => true,
            "mon" => this == 1,
            "sat" => this == 6,
            "fri#2" => this == 5 && (8..=14).contains(&number),
            "friL" => this == 5 && number + 7 > length,
            "1#5" => this == 1 && number >= 29,
            "5#1" => this == 5 && number <= 7,
            other => panic!("{other}"),
        }
    };
    let (month, week) = (day.split(',').any(in_month), weekday.split(',').any(in_week));
    if day == "*" || weekday == "*" || weekday.starts_with('+') {
        month && week
    } else {
        month || week
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(128)
    })]

    #[test]
    fn cron_fires_exactly_when_the_model_does(
        pattern in patterns(),
        zone in prop::sample::select(zones()),
        dst in policies(),
        offset in 0_i64..691_200_000_000,
    ) {
        let (zone, centre) = zone;
        let cron = Cron::parse(&pattern.text()).unwrap();
        prop_assert_eq!(cron.flows(), pattern.flows());
        let trigger = CronIn { cron, zone, dst };
        let expected = model(&pattern, &zone, centre, dst);
        let (start, end) = (centre - WINDOW, centre + WINDOW);

        let mut t = start - Span::from_micros(1);
        let mut found = BTreeSet::new();
        while let Some(next) = trigger.next_after(t).filter(|&next| next <= end) {
            prop_assert!(next > t, "{} after {}", next, t);
            found.insert(next);
            t = next;
        }
        prop_assert_eq!(&found, &expected, "{} {:?}", pattern.text(), dst);

        // Entering the sequence anywhere gives the same fires, forwards and backwards.
        let t = start + Span::from_micros(offset);
        if let Some(&next) = expected.range(t + Span::from_micros(1)..).next() {
            prop_assert_eq!(trigger.next_after(t), Some(next));
            let prev = expected.range(..t).next_back();
            if let Some(&prev) = prev {
                prop_assert_eq!(trigger.prev_before(t), Some(prev));
            }
            prop_assert_eq!(trigger.prev_before(next + Span::from_micros(1)), Some(next));
        }
        let count = u64::try_from(expected.range(t..).filter(|&&fire| fire > t).count()).unwrap();
        if count <= 10_080 {
            prop_assert_eq!(trigger.count_between(t, end), Count::Exact(count));
        }
    }

    #[test]
    fn every_agrees_with_counting_along_its_grid(
        span in 1_i64..5_000,
        anchor in -10_000_i64..10_000,
        t in -10_000_i64..10_000,
        length in 0_i64..10_000,
    ) {
        let micros = |us| Timestamp::from_micros(us).unwrap();
        let every = Every::new(Span::from_micros(span), micros(anchor)).unwrap();
        let fires = |us: i64| (us - anchor).rem_euclid(span) == 0;
        let next = (t + 1..).find(|&us| fires(us)).unwrap();
        let prev = (i64::MIN..t).rev().find(|&us| fires(us)).unwrap();
        prop_assert_eq!(every.next_after(micros(t)), Some(micros(next)));
        prop_assert_eq!(every.prev_before(micros(t)), Some(micros(prev)));
        let count = (t + 1..=t + length).filter(|&us| fires(us)).count();
        prop_assert_eq!(
            every.count_between(micros(t), micros(t + length)),
            Count::Exact(u64::try_from(count).unwrap())
        );
    }

    #[test]
    fn bounds_let_through_exactly_what_lies_between_them(
        pattern in patterns(),
        start in prop::option::of(0_i64..100_000_000),
        end in prop::option::of(0_i64..100_000_000),
        t in 0_i64..100_000_000,
    ) {
        let secs = |secs| Timestamp::from_secs(secs).unwrap();
        let trigger = CronIn::new(Cron::parse(&pattern.text()).unwrap(), Zone::UTC);
        let (start, end, t) = (start.map(secs), end.map(secs), secs(t));
        let within = Within { trigger, start, end };
        let allowed = |fire: &Timestamp| {
            start.is_none_or(|start| *fire >= start) && end.is_none_or(|end| *fire <= end)
        };
        let from = start.map_or(t, |start| t.max(start - Span::from_micros(1)));
        prop_assert_eq!(within.next_after(t), trigger.next_after(from).filter(allowed));
        let until = end.map_or(t, |end| t.min(end + Span::from_micros(1)));
        prop_assert_eq!(within.prev_before(t), trigger.prev_before(until).filter(allowed));
    }

    #[test]
    fn next_is_monotone_and_never_at_or_before_what_was_asked(
        pattern in patterns(),
        zone in prop::sample::select(zones()),
        dst in policies(),
        a in -60_000_000_000_000_000_i64..200_000_000_000_000_000,
        distance in 0_i64..10_000_000_000_000,
    ) {
        let trigger = CronIn { cron: Cron::parse(&pattern.text()).unwrap(), zone: zone.0, dst };
        let a = Timestamp::from_micros(a).unwrap();
        let b = a + Span::from_micros(distance);
        let (next_a, next_b) = (trigger.next_after(a), trigger.next_after(b));
        prop_assert!(next_a.is_none_or(|next| next > a));
        if let Some(next_b) = next_b {
            prop_assert!(next_b > b);
            prop_assert!(next_a.is_some_and(|next_a| next_a <= next_b));
            prop_assert!(next_a.is_some_and(|next_a| next_a > b || next_a < next_b));
        }
    }

    #[test]
    fn any_bytes_are_a_pattern_or_an_error(text in "[ -~]{0,40}") {
        let _ = Cron::parse(&text).map_err(|error| error.to_string());
        let _ = Rule::parse(&text).map_err(|error| error.to_string());
        let _ = text.parse::<Timestamp>().map_err(|error| error.to_string());
        let _ = text.parse::<Span>().map_err(|error| error.to_string());
    }

    #[test]
    fn a_pattern_in_any_dialect_looks_both_ways_and_reads_what_it_writes(
        text in extended_texts(),
        zone in prop::sample::select(zones()),
        dst in policies(),
        t in -60_000_000_000_000_000_i64..200_000_000_000_000_000,
        distance in 0_i64..10_000_000_000_000,
    ) {
        let (dialect, text) = text;
        let Ok(cron) = ExtendedCron::hashed(&text, dialect, "seed") else { return Ok(()) };
        let written = cron.to_string();
        prop_assert_eq!(written.parse(), Ok(cron), "{} {}", text, written);
        prop_assert!(!cron.describe().to_string().is_empty());

        let trigger = CronIn { cron, zone: zone.0, dst };
        let micro = Span::from_micros(1);
        let t = Timestamp::from_micros(t).unwrap();
        let later = t + Span::from_micros(distance);
        let (next, next_later) = (trigger.next_after(t), trigger.next_after(later));
        prop_assert!(next.is_none_or(|next| next > t));
        prop_assert!(next_later.is_none_or(|later| next.is_some_and(|next| next <= later)));
        prop_assert!(cron.is_possible() || next.is_none());
        if let Some(next) = next {
            prop_assert_eq!(trigger.prev_before(next + micro), Some(next));
            prop_assert!(trigger.prev_before(next).is_none_or(|prev| prev <= t));
        }
        if let Some(prev) = trigger.prev_before(t) {
            prop_assert!(prev < t);
            prop_assert_eq!(trigger.next_after(prev - micro), Some(prev));
            prop_assert!(trigger.next_after(prev).is_none_or(|next| next >= t));
        }
    }

    #[test]
    fn each_day_matches_exactly_when_the_words_say_so(
        day in prop::sample::select(
            &["*", "L", "L-2", "15W", "1W,31W", "LW", "13", "29-31,L-9"][..]
        ),
        weekday in prop::sample::select(
            &["*", "mon", "fri#2", "friL", "1#5,sat", "+mon", "+5#1"][..]
        ),
        year in 1_990_i32..2_060,
    ) {
        let text = format!("0 0 {day} * {weekday}");
        let cron = ExtendedCron::parse(&text, Dialect::Crontab).unwrap();
        let first = Date::new(year, 1, 1).unwrap().days();
        let last = Date::new(year, 12, 31).unwrap().days();
        for days in first..=last {
            let date = Date::from_days(days).unwrap();
            let midnight = Timestamp::from_secs(i64::from(days) * 86_400).unwrap();
            let next = cron.next_after(midnight - Span::from_micros(1), &Zone::UTC, Dst::ONCE);
            let expected = extended_day(day, weekday, date);
            prop_assert_eq!(next == Some(midnight), expected, "{} {}", text, date);
        }
    }

    #[test]
    fn any_words_of_the_grammar_are_a_pattern_or_an_error(
        words in prop::collection::vec("[0-9*/,a-z-]{1,6}", 5..7)
    ) {
        if let Ok(cron) = Cron::parse(&words.join(" ")) {
            let t = at("2026-01-01T00:00:00Z");
            let next = cron.next_after(t, &Zone::UTC, Dst::ONCE);
            prop_assert_eq!(next.is_some(), cron.is_possible());
        }
    }
}

#[test]
fn a_single_instant_obeys_the_laws() {
    let t = at("2026-01-01T00:00:00Z");
    let micro = Span::from_micros(1);
    assert_eq!(At(t).next_after(t - micro), Some(t));
    assert_eq!(At(t).next_after(t), None);
    assert_eq!(At(t).prev_before(t + micro), Some(t));
    assert_eq!(At(t).prev_before(t), None);
    assert_eq!(At(t).count_between(t - micro, t), Count::Exact(1));
    assert_eq!(At(t).count_between(t, t + micro), Count::Exact(0));
}
