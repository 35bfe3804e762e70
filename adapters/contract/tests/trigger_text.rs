//! The two forms of a trigger: each says the same, and whatever is no trigger is an error that
//! says where and what to write instead.
#![expect(clippy::unwrap_used, reason = "a test may stop at once")]

use mainspring_contract::trigger::{
    AllForm, AnyForm, AtForm, CalendarForm, CronForm, CustomForm, EveryForm, TriggerForm,
};
use mainspring_core::civil::{Date, TimeOfDay};
use mainspring_core::limits::{TRIGGER_DEPTH, TRIGGER_PARTS};
use mainspring_core::time::{Span, Timestamp};
use mainspring_core::trigger::{Dialect, Dst, Fold, Gap};
use proptest::prelude::*;
use serde_json::{Value, json};

fn read(text: &str) -> TriggerForm {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn refused(text: &str) -> String {
    text.parse::<TriggerForm>().unwrap_err().to_string()
}

/// The examples of the module's documentation, and the JSON of each.
const EXAMPLES: [(&str, &str); 16] = [
    ("at 2026-12-24T18:00:00+01:00", r#"{"at":{"time":"2026-12-24T17:00:00Z"}}"#),
    ("every 15m", r#"{"every":{"span":"15m"}}"#),
    (
        "every 1h30m start 2026-01-01T08:00:00Z end 2026-12-31T20:00:00Z",
        r#"{"every":{"span":"1h30m","start":"2026-01-01T08:00:00Z","end":"2026-12-31T20:00:00Z"}}"#,
    ),
    (
        "every 15m anchor 2026-01-01T00:05:00Z",
        r#"{"every":{"span":"15m","anchor":"2026-01-01T00:05:00Z"}}"#,
    ),
    (
        "cron 0 9 * * mon-fri in Europe/Berlin",
        r#"{"cron":{"expr":"0 9 * * mon-fri","zone":"Europe/Berlin"}}"#,
    ),
    (
        "cron 30 2 * * * in America/New_York dst literal",
        r#"{"cron":{"expr":"30 2 * * *","zone":"America/New_York","dst":"literal"}}"#,
    ),
    (
        "cron 30 2 * * * in posix:CET-1CEST,M3.5.0,M10.5.0/3 gap shift fold both",
        concat!(
            r#"{"cron":{"expr":"30 2 * * *","zone":"posix:CET-1CEST,M3.5.0,M10.5.0/3","#,
            r#""dst":{"gap":"shift","fold":"both"}}}"#,
        ),
    ),
    (
        "cron 0 0 9 ? * 6L dialect quartz",
        r#"{"cron":{"expr":"0 0 9 ? * 6L","zone":"UTC","dialect":"quartz"}}"#,
    ),
    (
        "cron day=2nd wed hour=9 dialect apscheduler",
        r#"{"cron":{"expr":"day=2nd wed hour=9","zone":"UTC","dialect":"apscheduler"}}"#,
    ),
    ("cron H 3 * * * seed backup", r#"{"cron":{"expr":"H 3 * * *","zone":"UTC","seed":"backup"}}"#),
    (
        "calendar 1mo anchor 2026-01-31 at 09:30 in Europe/Berlin",
        r#"{"calendar":{"months":1,"anchor":"2026-01-31","time":"09:30","zone":"Europe/Berlin"}}"#,
    ),
    (
        "calendar 2w anchor 2026-01-05 at 18:00:30 start 2026-06-01T00:00:00Z",
        concat!(
            r#"{"calendar":{"weeks":2,"anchor":"2026-01-05","time":"18:00:30","zone":"UTC","#,
            r#""start":"2026-06-01T00:00:00Z"}}"#,
        ),
    ),
    (
        "any(every 4h; cron @daily)",
        r#"{"any":{"of":[{"every":{"span":"4h"}},{"cron":{"expr":"@daily","zone":"UTC"}}]}}"#,
    ),
    (
        "all(every 3d; cron 0 0 * * mon) within 5m end 2027-01-01T00:00:00Z",
        concat!(
            r#"{"all":{"of":[{"every":{"span":"3d"}},{"cron":{"expr":"0 0 * * mon","#,
            r#""zone":"UTC"}}],"threshold":"5m","end":"2027-01-01T00:00:00Z"}}"#,
        ),
    ),
    (
        "all(any(every 4h; every 6h) start 2026-01-01T00:00:00Z; cron 0 0 * * *)",
        concat!(
            r#"{"all":{"of":[{"any":{"of":[{"every":{"span":"4h"}},{"every":{"span":"6h"}}],"#,
            r#""start":"2026-01-01T00:00:00Z"}},{"cron":{"expr":"0 0 * * *","zone":"UTC"}}]}}"#,
        ),
    ),
    (
        r#"custom full-moon {"hour":22}"#,
        r#"{"custom":{"name":"full-moon","arguments":{"hour":22}}}"#,
    ),
];

#[test]
fn the_documented_examples_say_what_their_json_says() {
    let documented = include_str!("../src/trigger.rs");
    for (text, json) in EXAMPLES {
        assert!(documented.contains(&format!("\n//! {text}\n")), "{text} is not documented");
        let form = read(text);
        assert_eq!(form.to_json(), json);
        assert_eq!(read(json), form);
        assert_eq!(read(&form.to_string()), form);
        // One instant is written in another offset here than it is given back.
        if !text.starts_with("at") {
            assert_eq!(form.to_string(), text);
        }
    }
}

#[test]
fn blanks_and_the_order_of_words_do_not_matter() {
    for (text, canonical) in [
        ("  every\t15m\n", "every 15m"),
        ("every 1h 30m", "every 1h30m"),
        ("calendar 1y 2mo", "calendar 1y2mo"),
        ("calendar 14mo at 00:00 in UTC dst once", "calendar 14mo"),
        (
            "cron   0  9 * * *  dst literal in Asia/Tokyo",
            "cron 0 9 * * * in Asia/Tokyo dst literal",
        ),
        ("any ( every 4h ;every 6h )end 2027-01-01T00:00:00Z", {
            "any(every 4h; every 6h) end 2027-01-01T00:00:00Z"
        }),
        ("all(every 4h) within 1s", "all(every 4h)"),
        ("any(cron H(0-29)/10 H * * * seed x; every 1s)", {
            "any(cron H(0-29)/10 H * * * seed x; every 1s)"
        }),
        (r#"cron "0 9 * * *" in "UTC""#, "cron 0 9 * * *"),
        ("cron 30 2 * * * gap skip", "cron 30 2 * * * gap skip fold first"),
        ("calendar 1d gap skip fold first", "calendar 1d dst literal"),
        ("any(custom a 5; custom b [1, {\"c\": \"d;)\"}]; custom e)", {
            r#"any(custom a 5; custom b [1,{"c":"d;)"}]; custom e)"#
        }),
        (r#"custom "two words" "text""#, r#"custom "two words" "text""#),
        ("any()", "any()"),
    ] {
        assert_eq!(read(text).to_string(), canonical);
        assert_eq!(read(canonical), read(text));
    }
}

#[test]
fn a_mistake_is_named_with_its_bytes_and_the_way_out() {
    for (text, message) in [
        ("", "a trigger is missing: write for example `every 15m`, `cron 0 9 * * mon-fri` or `at"),
        ("evry 15m", "unknown kind of trigger `evry`, did you mean `every`? (bytes 0-4)"),
        ("sometimes", "unknown kind of trigger `sometimes` (known: `at`, `every`, `cron`, "),
        ("0 9 * * mon-fri", "a cron pattern is written `cron 0 9 * * mon-fri` (bytes 0-1)"),
        ("@daily", "a cron pattern is written `cron @daily` (bytes 0-6)"),
        ("15m", "a span is written `every 15m` (bytes 0-3)"),
        ("2027-01-01T00:00:00Z", "an instant is written `at 2027-01-01T00:00:00Z` (bytes 0-20)"),
        ("at", "`at` needs an instant, such as `2027-01-01T00:00:00Z` (bytes 2-2)"),
        ("at 2027-01-01", "`2027-01-01`: "),
        ("at 2027-01-01T00:00:00", "`2027-01-01T00:00:00`: no offset from UTC"),
        ("at 2027-01-01T00:00:00Z end x", {
            "`end` does not go with `at`, which takes nothing more (bytes 24-27)"
        }),
        ("every", "`every` needs a span, such as `15m` (bytes 5-5)"),
        ("every end", "`every` needs a span, such as `15m` (bytes 6-9)"),
        ("every 15", "`15`: no unit at byte 2"),
        ("every 15m from 2026-01-01T00:00:00Z", {
            "`from` has no meaning after `every`, write `start` for the first instant or `anchor` \
             for one to count from (bytes 10-14)"
        }),
        (
            "every 15m until 2026-01-01T00:00:00Z",
            "`until` has no meaning after `every`, write `end`",
        ),
        ("every 15m strat 2026-01-01T00:00:00Z", {
            "`strat` has no meaning after `every`, did you mean `start`? (bytes 10-15)"
        }),
        ("every 15m in Europe/Berlin", {
            "`in` does not go with `every` (known: `anchor`, `start`, `end`) (bytes 10-12)"
        }),
        ("every 15m start 2026-01-01T00:00:00Z start 2026-01-01T00:00:00Z", {
            "`start` is given twice (bytes 37-42)"
        }),
        ("every 15m start", "`start` needs the first instant, such as `2027-01-01T00:00:00Z`"),
        ("every 15m start end", "`start` needs the first instant"),
        ("cron", "`cron` needs a pattern, such as `0 9 * * mon-fri` (bytes 4-4)"),
        ("cron in UTC", "`cron` needs a pattern, such as `0 9 * * mon-fri` (bytes 5-7)"),
        ("cron @daily in", "`in` needs a zone, such as `Europe/Berlin` (bytes 14-14)"),
        ("cron @daily dst twice", "`dst` is one of `once`, `literal` (bytes 16-21)"),
        ("cron @daily gap late", "`gap` is one of `skip`, `at_end`, `shift` (bytes 16-20)"),
        ("cron @daily dst once fold both", {
            "write either `dst` or `gap` and `fold` (bytes 26-30)"
        }),
        ("cron @daily dialect cronie", "`dialect` is one of `crontab`, `quartz`, `apscheduler`"),
        (
            "cron @daily seed \"x",
            "the text `\"x`: EOF while parsing a string (write JSON) (bytes 18-18)",
        ),
        ("calendar", "`calendar` needs a distance, such as `1mo` or `1y2mo3w4d`"),
        ("calendar 1m", {
            "`1m`: a month is `mo` (write for example `1mo`, `2w` or `1y2mo3w4d`; units: y, mo, \
             w, d) (bytes 9-11)"
        }),
        ("calendar 1", "`1`: a unit is missing"),
        ("calendar mo", "`mo`: a number is missing"),
        ("calendar 1d1d", "`1d1d`: a unit is given twice"),
        ("calendar 9999999999d", "`9999999999d`: a number is too large"),
        ("calendar 1h", "`1h`: unknown unit"),
        ("calendar 1mo at 9:30", "`9:30`: write for example `09:30` or `09:30:15`"),
        ("calendar 1mo anchor 2026-02-30", "`2026-02-30`: there is no such date (bytes 20-30)"),
        (
            "calendar 1mo zone UTC",
            "`zone` has no meaning after `calendar`, write `in Europe/Berlin`",
        ),
        ("any", "`any` needs triggers in brackets: `any(every 4h; cron 0 0 * * mon)` (bytes 3-3)"),
        ("any every 4h", "`any` needs triggers in brackets: "),
        ("any(every 4h", "this bracket is not closed (bytes 3-4)"),
        ("any(every 4h;)", "a trigger is missing: write for example `every 15m`"),
        ("any(every 4h;; every 6h)", "a trigger is missing"),
        ("any(every 4h, every 6h)", "triggers in brackets are separated by `;` (bytes 12-13)"),
        ("every 4h)", "`)` closes nothing (bytes 8-9)"),
        ("every 4h; every 6h", {
            "`;` stands only between triggers in `any(…)` or `all(…)` (bytes 8-9)"
        }),
        ("all(every 4h) threshold 5m", "`threshold` has no meaning after `all`, write `within`"),
        ("any(every 4h) within 5m", "`within` does not go with `any` (known: `start`, `end`)"),
        ("custom", "`custom` needs the name of a trigger, such as `full-moon`"),
        ("custom moon {", "the arguments `{`: EOF while parsing an object (write JSON)"),
        ("custom moon full", "the arguments `full`: expected ident (write JSON) (bytes 13-13)"),
        ("custom moon 5 end x", "`end` does not go with `custom`, which takes nothing more"),
        (r#"{"every":{"span":"15"}}"#, "`15`: no unit at byte 2"),
    ] {
        let error = refused(text);
        assert!(error.starts_with(message), "{text}: {error}");
    }
}

#[test]
fn json_is_read_where_text_is_and_says_where_it_broke() {
    let error = "{\"every\":\n  {\"spam\": 5}}".parse::<TriggerForm>().unwrap_err();
    let message = "unknown field `spam`, expected one of `span`, `anchor`, `start`, `end`";
    assert_eq!(error.reason(), message);
    assert_eq!(error.to_string(), format!("{message} at line 2 column 9"));
    assert_eq!(error.span(), Some(18..18));
    let error = "every 5".parse::<TriggerForm>().unwrap_err();
    assert_eq!((error.span(), error.reason().contains("(bytes")), (Some(6..7), false));
}

#[test]
fn texts_are_nested_so_deep_and_no_deeper() {
    let nested = |depth: usize| {
        format!("{}every 1s{}", "any(".repeat(depth), ")".repeat(depth)).parse::<TriggerForm>()
    };
    assert!(nested(TRIGGER_DEPTH).is_ok());
    let error = nested(TRIGGER_DEPTH + 1).unwrap_err();
    assert_eq!(error.to_string(), "triggers are nested more than 8 deep (bytes 35-36)");
    assert!(nested(1_000_000).is_err());
    let beside = |count: usize| {
        format!("all({})", vec!["every 1s"; count].join("; ")).parse::<TriggerForm>()
    };
    assert!(beside(TRIGGER_PARTS).is_ok());
    let error = beside(TRIGGER_PARTS + 1).unwrap_err();
    assert_eq!(error.to_string(), "one trigger has more than 64 others in it");
}

fn instants() -> impl Strategy<Value = Timestamp> {
    let micros = Timestamp::MIN.as_micros()..=Timestamp::MAX.as_micros();
    prop_oneof![
        micros.prop_map(|micros| Timestamp::from_micros(micros).unwrap()),
        (0_i64..4_000_000_000).prop_map(|secs| Timestamp::from_secs(secs).unwrap()),
    ]
}

fn maybe<T: Clone + core::fmt::Debug>(
    strategy: impl Strategy<Value = T>,
) -> impl Strategy<Value = Option<T>> {
    prop::option::of(strategy)
}

/// Texts that make sense, and texts that can only be quoted.
fn texts(sensible: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop_oneof![
        3 => prop::sample::select(sensible).prop_map(str::to_owned),
        1 => prop::sample::select(
            &["", " ", "in", "end", "a;b", "(", "a)", "0  9", "say \"hi\"", "\t", "é\u{7}"][..]
        ).prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

fn spans() -> impl Strategy<Value = Span> {
    prop_oneof![-3_600_000_000_i64..3_600_000_000, -i64::MAX..=i64::MAX].prop_map(Span::from_micros)
}

fn policies() -> impl Strategy<Value = Dst> {
    let gaps = prop::sample::select(vec![Gap::Skip, Gap::AtEnd, Gap::Shift]);
    let folds = prop::sample::select(vec![Fold::First, Fold::Second, Fold::Both]);
    (gaps, folds).prop_map(|(gap, fold)| Dst { gap, fold })
}

fn zones() -> impl Strategy<Value = String> {
    texts(&["UTC", "Europe/Berlin", "+05:30", "posix:<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"])
}

fn crons() -> impl Strategy<Value = CronForm> {
    let patterns =
        texts(&["0 9 * * mon-fri", "@daily", "H(0-29) 3 * * *", "day=2nd wed, last fri hour=9"]);
    let dialects =
        prop::sample::select(vec![Dialect::Crontab, Dialect::Quartz, Dialect::ApScheduler]);
    let seeds = maybe(texts(&["backup", "my-schedule"]));
    (patterns, zones(), dialects, seeds, policies(), maybe(instants()), maybe(instants())).prop_map(
        |(expr, zone, dialect, seed, dst, start, end)| {
            let mut form = CronForm::new(expr, zone);
            (form.dialect, form.seed, form.dst) = (dialect, seed, dst);
            (form.start, form.end) = (start, end);
            form
        },
    )
}

fn calendars() -> impl Strategy<Value = CalendarForm> {
    let part = || prop_oneof![2 => Just(0), 1 => any::<u32>()];
    let dates = (-719_528_i32..=2_932_896).prop_map(|days| Date::from_days(days).unwrap());
    let times = (0_u32..86_400).prop_map(|secs| TimeOfDay::from_secs(secs).unwrap());
    let period = (part(), part(), part(), part());
    (period, maybe(dates), times, zones(), policies(), maybe(instants()), maybe(instants()))
        .prop_map(|((years, months, weeks, days), anchor, time, zone, dst, start, end)| {
            let mut form = CalendarForm::new(zone);
            (form.years, form.months, form.weeks, form.days) = (years, months, weeks, days);
            (form.anchor, form.time, form.dst) = (anchor, time, dst);
            (form.start, form.end) = (start, end);
            form
        })
}

fn arguments() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e300..1e300_f64).prop_map(Value::from),
        texts(&["x", "a b"]).prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            (any::<String>(), inner).prop_map(|(key, value)| json!({ key: value })),
        ]
    })
}

fn forms() -> impl Strategy<Value = TriggerForm> {
    let every = (spans(), maybe(instants()), maybe(instants()), maybe(instants()));
    let leaf = prop_oneof![
        instants().prop_map(|time| TriggerForm::At(AtForm { time })),
        every.prop_map(|(span, anchor, start, end)| {
            TriggerForm::Every(EveryForm { span, anchor, start, end })
        }),
        crons().prop_map(TriggerForm::Cron),
        calendars().prop_map(TriggerForm::Calendar),
        (texts(&["full-moon", "every", "x{"]), arguments())
            .prop_map(|(name, arguments)| TriggerForm::Custom(CustomForm { name, arguments })),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let of = prop::collection::vec(inner, 0..4);
        let threshold = prop_oneof![Just(Span::from_secs(1)), spans()];
        (of, maybe(threshold), maybe(instants()), maybe(instants())).prop_map(
            |(of, threshold, start, end)| match threshold {
                None => TriggerForm::Any(AnyForm { of, start, end }),
                Some(threshold) => TriggerForm::All(AllForm { of, threshold, start, end }),
            },
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(1_000)
    })]

    #[test]
    fn both_forms_of_any_trigger_read_as_they_were_written(form in forms()) {
        let (text, json) = (form.to_string(), form.to_json());
        prop_assert_eq!(text.parse(), Ok(form.clone()), "{}", text);
        prop_assert_eq!(json.parse(), Ok(form), "{}", json);
        prop_assert!(!text.contains('\n'), "{}", text);
    }

    #[test]
    fn a_damaged_text_is_a_trigger_or_an_error_within_it(
        form in forms(),
        cut in any::<prop::sample::Index>(),
        put in prop_oneof![
            any::<String>(),
            prop::sample::select(&[";", "(", ")", "\"", "\\", " in ", " end ", "{", "any("][..])
                .prop_map(str::to_owned),
        ],
        removed in 0_usize..4,
    ) {
        let chars: Vec<char> = form.to_string().chars().collect();
        let at = cut.index(chars.len() + 1);
        let (before, after) = chars.split_at(at);
        let after = &after[removed.min(after.len())..];
        let text = before.iter().chain(&put.chars().collect::<Vec<_>>()).chain(after).collect();
        sensible(text)?;
    }

    #[test]
    fn any_text_is_a_trigger_or_an_error_within_it(text in any::<String>()) {
        sensible(text)?;
    }

    #[test]
    fn any_words_are_a_trigger_or_an_error_within_them(
        words in prop::collection::vec(prop::sample::select(&[
            "at", "every", "cron", "calendar", "any", "all", "custom", "(", ")", ";", "in", "start",
            "end", "within", "anchor", "dst", "gap", "fold", "seed", "dialect", "5m", "1mo", "*",
            "2027-01-01T00:00:00Z", "2027-01-01", "09:30", "UTC", "once", "skip", "both", "\"",
            "\"x\"", "{", "}", "[1]", "\u{a0}", "ß",
        ][..]), 0..12),
        separator in prop::sample::select(&["", " "][..]),
    ) {
        sensible(words.join(separator))?;
    }
}

/// Reads, and if that works, writes and reads again; if not, the message fits the text.
fn sensible(text: String) -> Result<(), TestCaseError> {
    match text.parse::<TriggerForm>() {
        Ok(form) => prop_assert_eq!(form.to_string().parse(), Ok(form), "{}", text),
        Err(error) => {
            let message = error.to_string();
            prop_assert!(!message.is_empty() && !message.contains('\n'), "{}", message);
            if let Some(span) = error.span() {
                prop_assert!(
                    text.get(span.clone()).is_some(),
                    "{:?}: {} {:?}",
                    text,
                    message,
                    span
                );
            }
        }
    }
    Ok(())
}
