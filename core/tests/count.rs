//! Counting fires agrees with looking at each of them, in every zone and under every policy.
#![expect(clippy::unwrap_used, reason = "a test may stop at once")]

mod zones;

use mainspring_core::civil::{Date, TimeOfDay};
use mainspring_core::time::{Span, Timestamp};
use mainspring_core::trigger::{
    At, Calendar, CalendarIn, Count, Cron, CronIn, Dialect, Dst, Every, ExtendedCron, Period,
    Trigger, Within,
};
use mainspring_core::zone::{Rule, Zone};
use proptest::prelude::*;
use zones::{at, policies, zones};

/// More than any test counts one by one.
const MANY: usize = 40_000;

fn one_by_one(trigger: &impl Trigger, after: Timestamp, until: Timestamp) -> Count {
    let fires = trigger.fires(after).take_while(|&fire| fire <= until).take(MANY).count();
    assert!(fires < MANY, "the test asks for too much");
    Count::Exact(u64::try_from(fires).unwrap())
}

/// Patterns that fire at most every few minutes.
const PATTERNS: [(&str, Dialect); 21] = [
    ("*/15 * * * *", Dialect::Crontab),
    ("7 * * * *", Dialect::Crontab),
    ("30 2 * * *", Dialect::Crontab),
    ("0,30,59 0-3,23 * * *", Dialect::Crontab),
    ("15,45 1,2 * * sun", Dialect::Crontab),
    ("10,20 0,30 2 * * *", Dialect::Crontab),
    ("*/20 59 1,2,3 * * *", Dialect::Crontab),
    ("* 0 2 * * *", Dialect::Crontab),
    ("0 12 13 * fri", Dialect::Crontab),
    ("0 12 13 * +fri", Dialect::Crontab),
    ("30 2 L * *", Dialect::Crontab),
    ("30 1 L-3,15W,LW * *", Dialect::Crontab),
    ("0 2 * * sun#2,friL", Dialect::Crontab),
    ("0 9 29 2 *", Dialect::Crontab),
    ("0 0 30 2 *", Dialect::Crontab),
    ("0 0 2 * * * 2011-2026/3", Dialect::Crontab),
    ("0 30 1 * * * 2150-9999/7", Dialect::Crontab),
    ("0 15 10 ? * 6L", Dialect::Quartz),
    ("week=1,53 hour=2", Dialect::ApScheduler),
    ("day=2nd wed, last fri hour=*/5", Dialect::ApScheduler),
    ("year=2026 week=12-45 day_of_week=sun hour=1-3 minute=30", Dialect::ApScheduler),
];

fn periods() -> impl Strategy<Value = Period> {
    let some = |max: u32| prop_oneof![2 => Just(0), 1 => 1..=max];
    (some(3), some(14), some(5), some(40))
        .prop_map(|(years, months, weeks, days)| Period { years, months, weeks, days })
        .prop_filter("a period", |period| *period != Period::ZERO)
}

/// A stretch that begins or ends near an instant, or is nowhere near it.
fn stretches(far: i64) -> impl Strategy<Value = (i64, i64)> {
    let near = -200_000_000_000_i64..200_000_000_000;
    let whole = (-200_000_i64..200_000).prop_map(|secs| secs * 1_000_000);
    let far = prop_oneof![-far..far, near.clone()];
    (prop_oneof![near, whole, far.clone()], far)
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(600)
    })]

    #[test]
    fn cron_counts_what_it_fires(
        pattern in prop::sample::select(&PATTERNS[..]),
        zone in prop::sample::select(zones()),
        dst in policies(),
        stretch in stretches(10_000_000_000_000),
    ) {
        let ((zone, centre), (text, dialect)) = (zone, pattern);
        let trigger = CronIn { cron: ExtendedCron::parse(text, dialect).unwrap(), zone, dst };
        let a = centre + Span::from_micros(stretch.0);
        let b = centre + Span::from_micros(stretch.1);
        let (after, until) = (a.min(b), a.max(b));
        let expected = one_by_one(&trigger, after, until);
        prop_assert_eq!(trigger.count_between(after, until), expected, "{} {:?} {} {}",
            text, dst, after, until);
        prop_assert_eq!(trigger.count_between(until, after), Count::Exact(0));
        if let Ok(cron) = text.parse::<Cron>() {
            let plain = CronIn { cron, zone, dst };
            prop_assert_eq!(plain.count_between(after, until), expected);
        }
    }

    #[test]
    fn a_calendar_counts_what_it_fires(
        period in periods(),
        zone in prop::sample::select(zones()),
        dst in policies(),
        back in 0_i32..4_000,
        minutes in 0_u32..1_440,
        aim in prop::bool::ANY,
        stretch in stretches(1_000_000_000_000_000),
    ) {
        let (zone, centre) = zone;
        let change = zone.local(centre);
        let anchor = Date::from_days(change.date.days() - back).unwrap();
        let secs = if aim { change.time.as_secs() / 900 * 900 } else { minutes * 60 };
        let time = TimeOfDay::from_secs(secs).unwrap();
        let calendar = Calendar::new(period, anchor, time).unwrap();
        let trigger = CalendarIn { calendar, zone, dst };
        let a = centre + Span::from_micros(stretch.0);
        let b = centre + Span::from_micros(stretch.1);
        let (after, until) = (a.min(b), a.max(b));
        let expected = one_by_one(&trigger, after, until);
        prop_assert_eq!(trigger.count_between(after, until), expected, "{:?} {:?} {} {}",
            trigger.calendar, dst, after, until);
    }
}

fn berlin() -> Zone<'static> {
    Zone::posix(Rule::parse("CET-1CEST,M3.5.0,M10.5.0/3").unwrap())
}

#[test]
fn long_stretches_are_counted_exactly_by_arithmetic() {
    let (from, to) = (at("2000-01-01T00:00:00Z"), at("2400-01-01T00:00:00Z"));
    let days = to.since(from).as_micros() / 86_400_000_000;
    let days = u64::try_from(days).unwrap();
    let minutely = Cron::literal("* * * * *");
    for zone in [Zone::UTC, berlin()] {
        let count = CronIn::new(minutely, zone).count_between(from, to);
        assert_eq!(count, Count::Exact(days * 1_440));
    }
    let daily = CronIn::new(Cron::literal("30 2 * * *"), berlin());
    assert_eq!(daily.count_between(from, to), Count::Exact(days));
    let seconds = CronIn::new(Cron::literal("* * * * * *"), Zone::UTC);
    let all = Timestamp::MAX.as_secs() - Timestamp::MIN.as_secs();
    let all = Count::Exact(u64::try_from(all).unwrap());
    assert_eq!(seconds.count_between(Timestamp::MIN, Timestamp::MAX), all);

    let each_day = Period { days: 1, ..Period::ZERO };
    let calendar = |period, anchor: &str, dst| {
        let time = TimeOfDay::new(2, 30, 0).unwrap();
        let calendar = Calendar::new(period, anchor.parse().unwrap(), time).unwrap();
        CalendarIn { calendar, zone: berlin(), dst }
    };
    let once = calendar(each_day, "1990-01-01", Dst::ONCE);
    assert_eq!(once.count_between(from, to), Count::Exact(days));
    // The last Sunday of March has no half past two.
    let literal = calendar(each_day, "1990-01-01", Dst::LITERAL_CALENDAR);
    assert_eq!(literal.count_between(from, to), Count::Exact(days - 400));
    let both = calendar(each_day, "1990-01-01", Dst::LITERAL);
    assert_eq!(both.count_between(from, to), Count::Exact(days));
    let last_of_month = Period { months: 1, ..Period::ZERO };
    let last_of_month = calendar(last_of_month, "2000-01-31", Dst::ONCE);
    assert_eq!(last_of_month.count_between(from, to), Count::Exact(400 * 7));
}

#[test]
fn more_clock_changes_than_anyone_plans_for_are_counted_at_least() {
    let (from, to) = (at("2000-01-01T00:00:00Z"), at("9000-01-01T00:00:00Z"));
    let daily = CronIn::new(Cron::literal("30 2 * * *"), berlin());
    let Count::AtLeast(count) = daily.count_between(from, to) else { panic!("of {to}") };
    assert!((180_000..190_000).contains(&count), "{count}");
}

#[test]
fn instants_spans_and_bounds_count_by_arithmetic() {
    let (from, to) = (at("2000-01-01T00:00:00Z"), at("2400-01-01T00:00:00Z"));
    assert_eq!(At(to).count_between(from, to), Count::Exact(1));
    assert_eq!(At(from).count_between(from, to), Count::Exact(0));
    let micros = u64::try_from(to.since(from).as_micros()).unwrap();
    let each = Every::new(Span::from_micros(1), from).unwrap();
    assert_eq!(each.count_between(from, to), Count::Exact(micros));
    let trigger = CronIn::new(Cron::literal("* * * * *"), Zone::UTC);
    let end = Some(from + Span::from_days(1_000));
    let within = Within { trigger, start: Some(from), end };
    assert_eq!(within.count_between(Timestamp::MIN, to), Count::Exact(1_440_001));
}
