//! What cron patterns mean, and which of them are refused.

extern crate std;
use super::*;
use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

fn fires(pattern: &str, from: &str, count: usize) -> Vec<String> {
    let trigger = CronIn::new(Cron::parse(pattern).unwrap(), Zone::UTC);
    let mut t: Timestamp = from.parse().unwrap();
    let mut all = Vec::new();
    while all.len() < count {
        let Some(next) = trigger.next_after(t) else { break };
        all.push(next.to_string());
        t = next;
    }
    all
}

fn error(pattern: &str) -> String {
    Cron::parse(pattern).unwrap_err().to_string()
}

#[test]
fn a_pattern_is_at_most_32_bytes() {
    assert!(size_of::<Cron>() <= 32);
}

#[test]
fn fields_mean_what_crontab_says() {
    for (pattern, expected) in [
        (
            "0 9 * * mon-fri",
            ["2026-01-01T09:00:00Z", "2026-01-02T09:00:00Z", "2026-01-05T09:00:00Z"],
        ),
        ("*/25 * * * *", ["2026-01-01T00:25:00Z", "2026-01-01T00:50:00Z", "2026-01-01T01:00:00Z"]),
        ("5/25 3 * * *", ["2026-01-01T03:05:00Z", "2026-01-01T03:30:00Z", "2026-01-01T03:55:00Z"]),
        ("0 22-2 * * *", ["2026-01-01T01:00:00Z", "2026-01-01T02:00:00Z", "2026-01-01T22:00:00Z"]),
        (
            "0 22-4/3 * * *",
            ["2026-01-01T01:00:00Z", "2026-01-01T04:00:00Z", "2026-01-01T22:00:00Z"],
        ),
        (
            "0 0 1 nov-feb *",
            ["2026-02-01T00:00:00Z", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"],
        ),
        (
            "0 0 * * FRI-Monday",
            ["2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z", "2026-01-04T00:00:00Z"],
        ),
        ("0 0 * * 7", ["2026-01-04T00:00:00Z", "2026-01-11T00:00:00Z", "2026-01-18T00:00:00Z"]),
        ("0 0 * * 6-7", ["2026-01-03T00:00:00Z", "2026-01-04T00:00:00Z", "2026-01-10T00:00:00Z"]),
        ("0 0 * * 7-1", ["2026-01-04T00:00:00Z", "2026-01-05T00:00:00Z", "2026-01-11T00:00:00Z"]),
        ("0 0 * * 0-7", ["2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z", "2026-01-04T00:00:00Z"]),
        ("0 0 * * 1-5/2", ["2026-01-02T00:00:00Z", "2026-01-05T00:00:00Z", "2026-01-07T00:00:00Z"]),
        ("0 0 31 * ?", ["2026-01-31T00:00:00Z", "2026-03-31T00:00:00Z", "2026-05-31T00:00:00Z"]),
        ("0 0 29 feb *", ["2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z", "2036-02-29T00:00:00Z"]),
        (
            "15,45 30 12 24 Dec *",
            ["2026-12-24T12:30:15Z", "2026-12-24T12:30:45Z", "2027-12-24T12:30:15Z"],
        ),
        (
            "*/20 59 23 31 12 *",
            ["2026-12-31T23:59:00Z", "2026-12-31T23:59:20Z", "2026-12-31T23:59:40Z"],
        ),
        ("\t @Weekly ", ["2026-01-04T00:00:00Z", "2026-01-11T00:00:00Z", "2026-01-18T00:00:00Z"]),
        ("@yearly", ["2027-01-01T00:00:00Z", "2028-01-01T00:00:00Z", "2029-01-01T00:00:00Z"]),
    ] {
        assert_eq!(fires(pattern, "2026-01-01T00:00:00Z", 3), expected, "{pattern}");
    }
}

#[test]
fn day_and_weekday_follow_vixies_rule() {
    let either = ["2026-02-06T00:00:00Z", "2026-02-13T00:00:00Z", "2026-02-15T00:00:00Z"];
    assert_eq!(fires("0 0 15 * fri", "2026-02-01T00:00:00Z", 3), either);
    let both = ["2026-02-09T00:00:00Z", "2026-02-23T00:00:00Z", "2026-03-09T00:00:00Z"];
    assert_eq!(fires("0 0 */2 * mon", "2026-02-02T00:00:00Z", 3), both);
    assert_eq!(fires("0 0 13 * */5", "2026-02-01T00:00:00Z", 2), {
        ["2026-02-13T00:00:00Z", "2026-03-13T00:00:00Z"]
    });
}

#[test]
fn the_quick_way_to_read_means_what_the_long_one_does() {
    let items = [
        "*",
        "*/7",
        "*/31",
        "3",
        "07",
        "0",
        "7",
        "8",
        "\t*",
        "*\t",
        " 0  ",
        "3-9",
        "9-3",
        "1-6/2",
        "5/3",
        "59",
        "24",
        "1,5",
        "*,3",
        "3,*/6",
        "1-3,5-7/2,9",
        "L",
        "1,L",
        "*,L",
        "1-31",
        "0-6",
        "0-59",
        "",
        "1-",
        "/2",
        "*1",
        "1/0",
        "100",
        "x",
    ];
    for field in 0..6 {
        for item in items {
            for others in ["*", "1"] {
                for missing in [0, 1] {
                    let mut words = [others; 6];
                    words[field] = item;
                    let text = words[missing..].join(" ");
                    let Some(quick) = quick::parse(text.as_bytes()) else { continue };
                    let long = parse::parse(text.as_bytes(), parse::Syntax::PLAIN);
                    assert_eq!(Ok(quick), long.map(|draft| draft.plain()), "{text}");
                }
            }
        }
    }
    for text in ["* * * * *", "*/5 1-7 * * 0,3", "\t0 9  1,L * 1-5 ", "1 2 3 4 5 6"] {
        assert!(quick::parse(text.as_bytes()).is_some(), "{text}");
    }
}

#[test]
fn an_impossible_date_has_no_fire_and_a_rare_one_is_found() {
    assert!(!Cron::literal("0 0 30 2 *").is_possible());
    assert_eq!(fires("0 0 30 2 *", "2026-01-01T00:00:00Z", 1), [""; 0]);
    assert_eq!(fires("0 0 31 feb,apr,jun,sep,nov *", "2026-01-01T00:00:00Z", 1), [""; 0]);
    assert_eq!(fires("0 0 30 2 sun", "2026-02-23T00:00:00Z", 1), ["2027-02-07T00:00:00Z"]);
    for weekday in 0..7 {
        let mut cron = Cron::literal("0 0 29 2 *");
        cron.weekdays = 1 << weekday;
        for year in 1_800..2_200 {
            let t = format!("{year}-03-01T00:00:00Z").parse().unwrap();
            let next = cron.next_after(t, &Zone::UTC, Dst::ONCE).unwrap();
            assert!(next.since(t) <= crate::time::Span::from_days(366 * 40), "{t} {next}");
        }
    }
}

#[test]
fn time_ends_with_the_year_9999() {
    assert_eq!(fires("0 0 1 1 *", "9999-01-01T00:00:00Z", 1), [""; 0]);
    assert_eq!(fires("* * * * * *", "9999-12-31T23:59:58Z", 2), ["9999-12-31T23:59:59Z"]);
    let minute = Cron::literal("* * * * *");
    let zone = Zone::posix(crate::zone::Rule::parse("PST8PDT,M3.2.0,M11.1.0").unwrap());
    assert_eq!(minute.next_after(Timestamp::MAX, &zone, Dst::ONCE), None);
    assert!(minute.next_after(Timestamp::MIN, &zone, Dst::ONCE).is_some());
}

#[test]
fn a_pattern_with_a_star_or_step_in_minute_or_hour_flows() {
    for (pattern, flows) in [
        ("30 2 * * *", false),
        ("0 0,12 * * *", false),
        ("0-30 9-17 * * *", false),
        ("*/10 30 2 * * *", false),
        ("* 2 * * *", true),
        ("30 * * * *", true),
        ("30 */2 * * *", true),
        ("0/15 2 * * *", true),
        ("30 0-23 * * *", true),
        ("0-59 2 * * *", true),
        ("0 0-22 * * *", false),
    ] {
        assert_eq!(Cron::literal(pattern).flows(), flows, "{pattern}");
    }
}

#[test]
fn a_mistake_is_named_with_its_place_and_a_way_out() {
    for (pattern, message) in [
        ("61 * * * *", "minute: 61 is not in 0-59 (bytes 0-2)"),
        ("0 24 * * *", "hour: 24 is not in 0-23 (bytes 2-4)"),
        ("0 0 0 * *", "day: 0 is not in 1-31 (bytes 4-5)"),
        ("0 0 1 13 *", "month: 13 is not in 1-12 (bytes 6-8)"),
        ("0 0 * * 8", "weekday: 8 is not in 0-7 (bytes 8-9)"),
        ("99999999999 * * * *", "minute: 4294967295 is not in 0-59 (bytes 0-11)"),
        ("60 * * * * *", "second: 60 is not in 0-59 (bytes 0-2)"),
        ("*/0 * * * *", "minute: a step of 0 is not in 1-59 (bytes 2-3)"),
        ("*/60 * * * *", "minute: a step of 60 is not in 1-59 (bytes 2-4)"),
        ("50-10 * * * *", {
            "minute: the range 50-10 runs backwards, write `50-59,0-10` to wrap around (bytes 0-5)"
        }),
        ("1,,2 * * * *", "minute: a value is missing (bytes 2-2)"),
        ("1- * * * *", "minute: a value is missing (bytes 2-2)"),
        ("*/ * * * *", "minute: a value is missing (bytes 2-2)"),
        ("-1 * * * *", "minute: a value is missing (bytes 0-0)"),
        ("1, * * * *", "minute: a value is missing (bytes 2-2)"),
        ("? * * * *", "minute: `?` has no meaning here (bytes 0-1)"),
        ("0 0 L-2 * *", "day: `L` does not fit a `Cron`, use an `ExtendedCron` (bytes 4-5)"),
        ("0 0 15W * *", "day: `W` does not fit a `Cron`, use an `ExtendedCron` (bytes 6-7)"),
        (
            "0 0 * * mon#2",
            "weekday: `#` does not fit a `Cron`, use an `ExtendedCron` (bytes 11-12)",
        ),
        ("0 0 * * 5L", "weekday: `L` does not fit a `Cron`, use an `ExtendedCron` (bytes 9-10)"),
        ("H * * * *", "minute: `H` does not fit a `Cron`, use an `ExtendedCron` (bytes 0-1)"),
        ("0 0 * sept *", "month: unknown name, did you mean `sep`? (bytes 6-10)"),
        ("0 0 * * thurs", "weekday: unknown name, did you mean `thu`? (bytes 8-13)"),
        ("0 0 * * xyz", "weekday: unknown name (bytes 8-11)"),
        ("0 0 * * mon-fri/2x", "weekday: `x` has no meaning here (bytes 17-18)"),
        ("0 0 * * é", "weekday: `\\xc3` has no meaning here (bytes 8-9)"),
        ("*1 * * * *", "minute: `1` has no meaning here (bytes 1-2)"),
        ("@reboot", "`@reboot` is not a time: run the function when your program starts"),
        ("@every 5m", "`@every` is a span, not a pattern: use an `every` trigger"),
    ] {
        assert_eq!(error(pattern), message, "{pattern}");
    }
    assert!(error("* * * *").starts_with("five or six fields are needed, found 4 "));
    assert!(error("0 0 * * * * 2026").starts_with("five or six fields are needed, found 7 "));
    assert!(error("").starts_with("five or six fields are needed, found 0 "));
    assert!(error("@fortnightly").starts_with("unknown macro"));
    assert!(error("@daily 5").starts_with("unknown macro"));
    assert_eq!(error(&" ".repeat(2_000)), "longer than 1024 bytes");
    assert_eq!(error(&format!("{}0 * * * *", "0,".repeat(600))), "longer than 1024 bytes");
}

#[test]
fn a_constant_is_parsed_by_the_compiler() {
    const NIGHTLY: Cron = Cron::literal("30 2 * * *");
    assert_eq!(NIGHTLY, "30 2 * * *".parse().unwrap());
}

#[test]
fn a_cron_trigger_says_where_its_clocks_are() {
    let trigger = CronIn::new(Cron::literal("30 2 * * *"), Zone::UTC);
    let told = Trigger::description(&trigger).to_string();
    assert!(told.starts_with("at 02:30"), "{told}");
    let literal = CronIn { dst: Dst::LITERAL, ..trigger };
    let told = Trigger::description(&literal).to_string();
    assert!(told.contains("clock change skips"), "{told}");
}
