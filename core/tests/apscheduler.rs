//! What APScheduler's own tests of its cron trigger ask for, under its dialect and `literal`; and
//! each defect that it is known to have, as a test that we have not.
//!
//! | its defect | the test |
//! |---|---|
//! | a day is lost after clocks go forward | `the_day_week_and_month_after_a_clock_change_…` |
//! | names match at their beginning only | `trailing_text_after_a_name_is_refused` |
//! | `0-7` is Sunday, `1-5/2` has no step | `weekday_numbers_count_from_sunday_at_both_ends` |
//! | spans are added to wall-clock time | `dst`: `a_span_is_absolute_time_in_every_zone` |
//! | wall clocks are combined | `combine`: `an_instant_is_one_fire_whatever_zones_name_it` |
//! | the year 9999 is no end | `calendar`: `the_calendar_ends_with_the_year_9999` |
//! | impossible dates are looked for | `a_date_that_never_comes_is_known_at_once` |
//! | a trigger's failure spreads | `custom_trigger` of the runtime: `a_trigger_that_breaks_…` |
#![expect(clippy::unwrap_used, reason = "a test may stop at once")]

use mainspring_core::time::{Span, Timestamp};
use mainspring_core::trigger::{CronIn, Dialect, Dst, ExtendedCron, Trigger, Within};
use mainspring_core::zone::{Rule, Zone};

const BERLIN: &str = "CET-1CEST,M3.5.0,M10.5.0/3";
const EASTERN: &str = "EST5EDT,M3.2.0,M11.1.0";
const CHICAGO: &str = "CST6CDT,M3.2.0,M11.1.0";

fn read(text: &str) -> ExtendedCron {
    ExtendedCron::parse(text, Dialect::ApScheduler).unwrap()
}

fn error(text: &str) -> String {
    ExtendedCron::parse(text, Dialect::ApScheduler).unwrap_err().to_string()
}

/// The fires from `from` on, it included, as clocks of the zone show them.
fn fires(text: &str, zone: &str, from: &str, count: usize) -> Vec<String> {
    let zone = Zone::posix(Rule::parse(zone).unwrap());
    let trigger = CronIn { cron: read(text), zone, dst: Dst::LITERAL };
    let first: Timestamp = from.parse().unwrap();
    let fires = std::iter::successors(trigger.next_after(first - Span::from_micros(1)), |&t| {
        trigger.next_after(t)
    });
    fires.take(count).map(|t| t.at_offset(zone.offset_at(t)).to_string()).collect()
}

fn days(text: &str, from: &str, count: usize) -> Vec<String> {
    fires(text, BERLIN, from, count).iter().map(|fire| fire[..10].to_owned()).collect()
}

#[test]
fn a_mistake_names_the_field_and_the_reason() {
    for (text, message) in [
        ("hour=5x", "hour: `x` has no meaning here"),
        ("minute=*/0", "minute: a step of 0 is not in 1-59"),
        ("hour=5-3", "hour: the range 5-3 runs backwards"),
        ("hour=22-2", "hour: the range 22-2 runs backwards"),
        ("month=nov-feb", "month: the range 11-2 runs backwards"),
        ("month=ene-feb", "month: unknown name"),
        ("month=jan-fev", "month: unknown name, did you mean `feb`?"),
        ("day_of_week=web-fri", "weekday: unknown name, did you mean `wed`?"),
        ("day_of_week=mon-fro", "weekday: unknown name, did you mean `fri`?"),
        ("day=1st web", "weekday: unknown name, did you mean `wed`?"),
        ("day=*/31", "day: a step of 31 is not in 1-30"),
        ("day=4-6/3", "day: a step of 3 is not in 1-2"),
        ("hour=0-24", "hour: 24 is not in 0-23"),
        ("day=0-3", "day: 0 is not in 1-31"),
        ("week=54", "week: 54 is not in 1-53"),
        ("year=1969", "year: 1969 is not in 1970-9999"),
        ("hour=1,,2", "hour: a value is missing"),
        ("hour=", "hour: a value is missing"),
        ("hours=1", "unknown field, known are year, month, day, week, day_of_week, hour"),
        ("hour=1 hour=2", "hour: the field is given twice"),
        ("5 hour=1", "unknown field"),
        ("0 9 * *", "five fields are needed, found 4"),
        ("0 0 9 * * *", "five fields are needed, found 6"),
        ("@daily", "`@` is not part of the apscheduler dialect"),
    ] {
        assert!(error(text).starts_with(message), "{text}: {}", error(text));
    }
}

#[test]
fn trailing_text_after_a_name_is_refused() {
    for text in [
        "day_of_week=mon#2",
        "day_of_week=mon-fri/2",
        "month=jan-mar/2",
        "day=lastfoo",
        "day=last wedx",
        "day=2ndwed",
        "day=6th wed",
        "day=2nd",
        "day_of_week=8",
        "day=L",
        "day=?",
        "hour=H",
    ] {
        let _ = error(text);
    }
}

#[test]
fn fields_before_the_last_given_one_are_free_and_later_ones_have_their_smallest_value() {
    for (text, canonical) in [
        ("hour=2 minute=30", "30 2 * * *"),
        ("day=5", "0 0 5 * *"),
        ("month=3", "0 0 1 3 *"),
        ("year=2027", "0 0 0 1 1 * 2027"),
        ("hour=0", "0 0 * * *"),
        ("minute=5", "5 * * * *"),
        ("second=5", "5 * * * * *"),
        ("day_of_week=1", "0 0 * * 1"),
        ("second=0", "* * * * *"),
        ("", "0 0 1 1 *"),
    ] {
        assert_eq!(read(text).to_string(), canonical, "{text}");
    }
}

#[test]
fn stepped_years_and_months_with_a_range_of_days() {
    let text = "year=2009/2 month=1-4/3 day=5-6";
    let expected = ["2009-01-05", "2009-01-06", "2009-04-05", "2009-04-06", "2011-01-05"];
    assert_eq!(days(text, "2008-12-01T00:00:00Z", 5), expected);
    let text = "year=2009/2 month=1-3 day=5";
    let expected = ["2011-01-05", "2011-02-05", "2011-03-05", "2013-01-05"];
    assert_eq!(days(text, "2009-10-14T00:00:00Z", 4), expected);
    let text = "year=2009 month=feb-dec hour=8-9";
    let found = fires(text, BERLIN, "2009-01-01T00:00:00Z", 5);
    assert_eq!(found[0], "2009-02-01T08:00:00+01:00");
    assert_eq!(found[1], "2009-02-01T09:00:00+01:00");
    assert_eq!(found[2], "2009-02-02T08:00:00+01:00");
    assert_eq!(days("year=2009,2008,2020", "2009-12-01T00:00:00Z", 9), ["2020-01-01"]);
}

#[test]
fn last_days_and_counted_weekdays() {
    assert_eq!(days("year=2012 month=2 day=last", "2012-02-01T00:00:00Z", 9), ["2012-02-29"]);
    let expected = ["2020-01-26", "2020-02-23", "2020-03-29"];
    assert_eq!(days("day=last sun", "2020-01-01T00:00:00Z", 3), expected);
    let expected = ["2008-12-24", "2009-01-28", "2009-02-25"];
    assert_eq!(days("day=4th wed", "2008-12-01T00:00:00Z", 3), expected);
    let expected = ["2026-01-14", "2026-01-30", "2026-02-11", "2026-02-27"];
    assert_eq!(days("day=2nd  WED , last fri", "2026-01-01T00:00:00Z", 4), expected);
    let expected = ["2026-01-29", "2026-04-30", "2026-07-30", "2026-10-29"];
    assert_eq!(days("day=5th thu", "2026-01-01T00:00:00Z", 4), expected);
    let expected = ["2009-03-30", "2009-04-30"];
    assert_eq!(days("day=30", "2009-02-01T00:00:00Z", 2), expected);
}

#[test]
fn all_fields_must_match() {
    for weekdays in ["0-6", "mon-sun", "wed-sat"] {
        let text = format!("year=2009 month=1 day=6-10 day_of_week={weekdays}");
        let found = days(&text, "2009-01-01T00:00:00Z", 9);
        assert_eq!(found.last().unwrap(), "2009-01-10", "{text}");
    }
    let text = "year=2009 month=1 day=6-10 day_of_week=2-4";
    let expected = ["2009-01-06", "2009-01-07", "2009-01-08"];
    assert_eq!(days(text, "2009-01-01T00:00:00Z", 9), expected);
    for weekdays in ["2,4", "tue,thu"] {
        let text = format!("year=2009 month=1 day=6-10 day_of_week={weekdays}");
        assert_eq!(days(&text, "2009-01-01T00:00:00Z", 9), ["2009-01-06", "2009-01-08"]);
    }
    for weekdays in ["1,3", "mon,wed"] {
        let text = format!("year=2009 month=1 day=8 day_of_week={weekdays}");
        assert_eq!(days(&text, "2009-01-01T00:00:00Z", 9), [""; 0]);
        assert!(!read(&text).is_possible());
    }
    let expected = ["2026-02-02", "2026-03-02"];
    assert_eq!(days("0 0 1-7 * mon", "2026-02-01T00:00:00Z", 2), expected);
    let found = fires("day_of_week=mon-fri hour=5", BERLIN, "2009-09-25T06:30:00Z", 1);
    assert_eq!(found, ["2009-09-28T05:00:00+02:00"]);
}

#[test]
fn weeks_are_those_of_iso_8601() {
    let expected = ["2009-01-02", "2009-01-03", "2009-01-04"];
    let text = "year=2009 week=1 day_of_week=fri-sun";
    assert_eq!(days(text, "2009-01-01T00:00:00Z", 9), expected);
    let found = days("year=2009 month=2 week=8", "2009-01-01T00:00:00Z", 9);
    let expected: Vec<String> = (16..=22).map(|day| format!("2009-02-{day}")).collect();
    assert_eq!(found, expected);
    for weekday in ["3", "wed"] {
        let text = format!("year=2009 week=15 day_of_week={weekday}");
        assert_eq!(days(&text, "2009-01-01T00:00:00Z", 9), ["2009-04-08"]);
    }
    // The year of the week does not matter: week 53 of 2020 reaches into 2021.
    let expected = ["2020-12-31", "2021-01-01", "2021-01-02", "2021-01-03", "2026-12-28"];
    assert_eq!(days("week=53", "2020-12-30T12:00:00Z", 5), expected);
}

#[test]
fn every_week_number_agrees_with_counting_from_its_thursday() {
    use mainspring_core::civil::Date;
    for week in 1..=53 {
        let cron = read(&format!("week={week}"));
        for day in Date::new(1995, 1, 1).unwrap().days()..Date::new(2031, 1, 1).unwrap().days() {
            let weekday = (day + 3).rem_euclid(7);
            let thursday = Date::from_days(day - weekday + 3).unwrap();
            let first = Date::new(thursday.year(), 1, 1).unwrap();
            let expected = (thursday.days() - first.days()) / 7 + 1;
            let midnight = Timestamp::from_secs(i64::from(day) * 86_400).unwrap();
            let before = midnight - Span::from_micros(1);
            let fires = cron.next_after(before, &Zone::UTC, Dst::LITERAL) == Some(midnight);
            assert_eq!(fires, expected == week, "{week} {}", Date::from_days(day).unwrap());
        }
    }
}

#[test]
fn weekday_numbers_count_from_sunday_at_both_ends() {
    for (weekdays, canonical) in [
        ("0-3", "0-3"),
        ("6-1", "0,1,6"),
        ("6-7", "0,6"),
        ("1-5", "1-5"),
        ("1,0", "0,1"),
        ("0", "0"),
        ("7", "0"),
        ("fri-mon", "0,1,5,6"),
        // What the reference gets wrong: only Sunday, and a step forgotten.
        ("0-7", "*"),
        ("1-5/2", "1,3,5"),
        ("1/2", "0,1,3,5"),
        // Monday, Wednesday, Friday, Sunday, as there.
        ("*/2", "0,1,3,5"),
        ("*/7", "1"),
    ] {
        let cron = read(&format!("day_of_week={weekdays}"));
        assert_eq!(cron.to_string(), format!("0 0 * * {canonical}"), "{weekdays}");
    }
}

#[test]
fn a_crontab_of_five_fields_is_read_with_the_same_grammar() {
    for (text, canonical) in [
        ("* * * * *", "* * * * *"),
        ("0-14 * 14-28 jul fri", "0-14 * 14-28 7 +5"),
        (" 0-14   * 14-28   jul       fri", "0-14 * 14-28 7 +5"),
        ("* * * * 1-5", "* * * * 1-5"),
        ("* * last * *", "* * L * *"),
    ] {
        assert_eq!(read(text).to_string(), canonical, "{text}");
    }
}

#[test]
fn clock_changes_are_met_literally() {
    let eastern = |text, from, count| fires(text, EASTERN, from, count);
    let skipped = eastern("hour=2", "2009-03-07T05:00:00Z", 3);
    let expected =
        ["2009-03-07T02:00:00-05:00", "2009-03-09T02:00:00-04:00", "2009-03-10T02:00:00-04:00"];
    assert_eq!(skipped, expected);
    let after = eastern("hour=8", "2009-03-07T13:00:01Z", 1);
    assert_eq!(after, ["2009-03-08T08:00:00-04:00"]);
    let after = eastern("hour=8", "2009-10-31T12:00:01Z", 1);
    assert_eq!(after, ["2009-11-01T08:00:00-05:00"]);
    let spring = eastern("minute=*/30", "2009-03-08T06:35:00Z", 1);
    assert_eq!(spring, ["2009-03-08T03:00:00-04:00"]);
    let autumn = eastern("minute=*/30", "2009-11-01T05:35:00Z", 2);
    assert_eq!(autumn, ["2009-11-01T01:00:00-05:00", "2009-11-01T01:30:00-05:00"]);
    for (minute, text) in [("00", "minute=0"), ("01", "minute=1")] {
        let found = fires(text, BERLIN, "2024-10-26T23:59:59Z", 3);
        let expected = [
            format!("2024-10-27T02:{minute}:00+02:00"),
            format!("2024-10-27T02:{minute}:00+01:00"),
            format!("2024-10-27T03:{minute}:00+01:00"),
        ];
        assert_eq!(found, expected);
    }
    let twice = eastern("hour=1 minute=30", "2009-11-01T04:00:00Z", 2);
    assert_eq!(twice, ["2009-11-01T01:30:00-04:00", "2009-11-01T01:30:00-05:00"]);
}

#[test]
fn the_day_week_and_month_after_a_clock_change_are_not_lost() {
    let daily = days("hour=0", "2025-03-29T00:00:00Z", 4);
    assert_eq!(daily, ["2025-03-30", "2025-03-31", "2025-04-01", "2025-04-02"]);
    let weekly = days("day_of_week=mon hour=0", "2025-03-25T00:00:00Z", 2);
    assert_eq!(weekly, ["2025-03-31", "2025-04-07"]);
    let monthly = fires("day=1 hour=0", CHICAGO, "2022-02-10T00:00:00Z", 3);
    assert_eq!(monthly[1], "2022-04-01T00:00:00-05:00");
}

#[test]
fn fires_lie_on_whole_seconds_and_bounds_are_inclusive() {
    let zone = Zone::UTC;
    let cron = CronIn { cron: read("hour=*"), zone, dst: Dst::LITERAL };
    let t: Timestamp = "2026-01-01T00:00:00.5Z".parse().unwrap();
    assert_eq!(cron.next_after(t).unwrap().to_string(), "2026-01-01T01:00:00Z");
    let end: Timestamp = "2026-01-01T02:00:00Z".parse().unwrap();
    let bounded = Within { trigger: cron, start: None, end: Some(end) };
    assert_eq!(bounded.next_after(end - Span::from_secs(1)), Some(end));
    assert_eq!(bounded.next_after(end), None);
}

#[test]
fn a_date_that_never_comes_is_known_at_once() {
    for text in ["month=2 day=30", "week=53 month=6", "year=2025 month=2 day=29"] {
        assert!(!read(text).is_possible(), "{text}");
        assert_eq!(fires(text, BERLIN, "1970-01-01T00:00:00Z", 1), [""; 0]);
    }
}
