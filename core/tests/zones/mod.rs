//! Zones in which clocks do unusual things, and when they do.

use mainspring_core::civil::Offset;
use mainspring_core::time::Timestamp;
use mainspring_core::trigger::{Dst, Fold, Gap};
use mainspring_core::zone::{Rule, Transition, Zone};
use proptest::prelude::*;

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Any policy.
pub(crate) fn policies() -> impl Strategy<Value = Dst> {
    let gaps = prop::sample::select(vec![Gap::Skip, Gap::AtEnd, Gap::Shift]);
    let folds = prop::sample::select(vec![Fold::First, Fold::Second, Fold::Both]);
    (gaps, folds).prop_map(|(gap, fold)| Dst { gap, fold })
}

/// Zones, and a transition of each around which to look.
pub(crate) fn zones() -> Vec<(Zone<'static>, Timestamp)> {
    let rule = |text: &str| Rule::parse(text).unwrap();
    let offset = |hours: i32| Offset::from_secs(hours * 3_600).unwrap();
    let table = |before, transitions: &[(&str, i32)]| {
        let transitions: Vec<_> = transitions
            .iter()
            .map(|&(text, hours)| Transition { at: at(text).as_secs(), offset: offset(hours) })
            .collect();
        let last = Rule::fixed(transitions.last().unwrap().offset);
        Zone::new(offset(before), transitions.leak(), last).unwrap()
    };
    let berlin = Zone::posix(rule("CET-1CEST,M3.5.0,M10.5.0/3"));
    let new_york = Zone::posix(rule("EST5EDT,M3.2.0,M11.1.0"));
    let lord_howe = Zone::posix(rule("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"));
    let havana = Zone::posix(rule("CST5CDT,M3.2.0/0,M11.1.0/1"));
    let dublin = Zone::posix(rule("IST-1GMT0,M10.5.0,M3.5.0/1"));
    // Samoa left out a whole day; Kwajalein, for the sake of a test, repeats one.
    let samoa = table(-10, &[("2011-12-30T10:00:00Z", 14)]);
    let repeat = table(12, &[("2011-12-30T10:00:00Z", -12)]);
    let restless = table(
        0,
        &[("2026-05-04T12:00:00Z", 2), ("2026-05-06T12:00:00Z", 0), ("2026-05-08T12:00:00Z", 1)],
    );
    vec![
        (Zone::UTC, at("2026-03-01T00:00:00Z")),
        (berlin, at("2026-03-29T01:00:00Z")),
        (berlin, at("2026-10-25T01:00:00Z")),
        (new_york, at("2026-03-08T07:00:00Z")),
        (new_york, at("2026-11-01T06:00:00Z")),
        (lord_howe, at("2026-10-03T15:30:00Z")),
        (lord_howe, at("2026-04-04T15:00:00Z")),
        (havana, at("2026-03-08T05:00:00Z")),
        (havana, at("2026-11-01T05:00:00Z")),
        (dublin, at("2026-03-29T01:00:00Z")),
        (dublin, at("2026-10-25T01:00:00Z")),
        (samoa, at("2011-12-30T10:00:00Z")),
        (repeat, at("2011-12-30T10:00:00Z")),
        (restless, at("2026-05-06T12:00:00Z")),
    ]
}
