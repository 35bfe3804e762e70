//! Combinations against brute force over lists, and on the cases of the reference.
#![expect(clippy::unwrap_used, reason = "a test may stop at once")]

use mainspring_core::time::{Span, Timestamp};
use mainspring_core::trigger::{
    All, Any, At, Calendar, CalendarIn, Count, Cron, CronIn, Every, Period, Search, Tree,
    TreeError, Trigger, Within,
};
use mainspring_core::zone::{Rule, Zone};
use proptest::prelude::*;

/// Fires at each of these seconds, which are in order.
#[derive(Clone, Debug)]
struct Seconds(Vec<i64>);

impl Trigger for Seconds {
    fn next_after(&self, t: Timestamp) -> Option<Timestamp> {
        self.0.iter().map(|&s| secs(s)).find(|&fire| fire > t)
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn secs(secs: i64) -> Timestamp {
    Timestamp::from_secs(secs).unwrap()
}

fn every(span: i64, anchor: i64) -> Every {
    Every::new(Span::from_secs(span), secs(anchor)).unwrap()
}

fn lists(count: std::ops::RangeInclusive<usize>) -> impl Strategy<Value = Vec<Seconds>> {
    let list = prop::collection::btree_set(0_i64..120, 0..30);
    let list = list.prop_map(|set| Seconds(set.into_iter().collect()));
    prop::collection::vec(list, count)
}

/// The starts of the tight stretches, by looking at every stretch.
fn model(lists: &[Seconds], threshold: i64) -> Vec<Timestamp> {
    let covers = |start: i64, end: i64| {
        start <= end && lists.iter().all(|list| list.0.iter().any(|&s| start <= s && s <= end))
    };
    let mut fires = Vec::new();
    for start in 0..120 {
        let tight =
            |&end: &i64| covers(start, end) && !covers(start + 1, end) && !covers(start, end - 1);
        if (start..=start + threshold).any(|end| tight(&end)) {
            fires.push(secs(start));
        }
    }
    fires
}

/// Every fire, by going forwards; also checks that every other way agrees.
fn agree(trigger: &impl Trigger, expected: &[Timestamp]) -> Result<(), TestCaseError> {
    let found: Vec<_> = trigger.fires(Timestamp::MIN).collect();
    prop_assert_eq!(&found, expected);
    for s in -1..=121 {
        let t = secs(s);
        let next = expected.iter().copied().find(|&fire| fire > t);
        let prev = expected.iter().copied().rev().find(|&fire| fire < t);
        prop_assert_eq!(trigger.next_after(t), next, "after {}", s);
        prop_assert_eq!(trigger.prev_before(t), prev, "before {}", s);
        let count = expected.iter().filter(|&&fire| fire > t).count();
        let count = Count::Exact(u64::try_from(count).unwrap());
        prop_assert_eq!(trigger.count_between(t, secs(500)), count);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(400)
    })]

    #[test]
    fn all_fires_at_the_starts_of_tight_stretches(
        lists in lists(1..=4),
        threshold in 0_i64..30,
    ) {
        let expected = model(&lists, threshold);
        let all = All::new(&lists[..]).threshold(Span::from_secs(threshold));
        agree(&all, &expected)?;
    }

    #[test]
    fn any_fires_at_every_instant_of_a_child_once(lists in lists(0..=4)) {
        let all = lists.iter().flat_map(|list| &list.0);
        let mut expected: Vec<_> = all.map(|&s| secs(s)).collect();
        expected.sort_unstable();
        expected.dedup();
        agree(&Any(&lists[..]), &expected)?;
    }

    #[test]
    fn two_spans_meet_where_arithmetic_says(
        a in 1_i64..100,
        b in 1_i64..100,
        offset in 0_i64..200,
        t in -10_000_i64..10_000,
    ) {
        let all = All::new((every(a, 0), every(b, offset)));
        let meets = |s: &i64| s.rem_euclid(a) == 0 && (s - offset).rem_euclid(b) == 0;
        let next = (t + 1..=t + a * b).find(meets);
        let prev = (t - a * b..t).rev().find(meets);
        prop_assert_eq!(all.next_after(secs(t)), next.map(secs));
        prop_assert_eq!(all.prev_before(secs(t)), prev.map(secs));
        if next.is_none() {
            prop_assert_eq!(all.search_after(secs(t)), Search::GaveUp);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(24)
    })]

    #[test]
    fn a_tree_is_what_it_is_made_of(
        lists in lists(5..=5),
        first in 0_i64..20,
        second in 0_i64..20,
    ) {
        let [a, b, c, d, e] = <[Seconds; 5]>::try_from(lists).unwrap();
        let (first, second) = (Span::from_secs(first), Span::from_secs(second));
        let inner = All::new((b.clone(), c.clone())).threshold(first);
        let outer = All::new((inner, Any((d.clone(), e.clone())))).threshold(second);
        let fixed = Any((a.clone(), outer));
        let tree = Tree::<Seconds, 16>::new()
            .leaf(a).unwrap().leaf(b).unwrap().leaf(c).unwrap().all(2, first).unwrap()
            .leaf(d).unwrap().leaf(e).unwrap().any(2).unwrap()
            .all(2, second).unwrap()
            .any(2).unwrap();
        let expected: Vec<_> = fixed.fires(Timestamp::MIN).collect();
        agree(&fixed, &expected)?;
        agree(&tree, &expected)?;
        prop_assert_eq!(tree.description().to_string(), fixed.description().to_string());
    }
}

#[test]
fn two_instants_meet_within_the_threshold_or_not_at_all() {
    let pair = All::new((At(secs(10)), At(secs(11))));
    let near = pair.threshold(Span::from_secs(1));
    assert_eq!(near.fires(Timestamp::MIN).collect::<Vec<_>>(), [secs(10)]);
    assert_eq!(near.prev_before(secs(50)), Some(secs(10)));
    assert_eq!(pair.search_after(Timestamp::MIN), Search::Over);
    assert_eq!(pair.threshold(Span::from_secs(-9)), pair);
}

#[test]
fn what_never_meets_is_a_value_after_bounded_work() {
    let never = All::new((every(4, 0), every(4, 2))).threshold(Span::from_secs(1));
    assert_eq!(never.search_after(secs(0)), Search::GaveUp);
    assert_eq!((never.next_after(secs(0)), never.prev_before(secs(0))), (None, None));
    // Groups within groups share one budget.
    let nested = All::new([All::new([never, never]), All::new([never, never])]);
    assert_eq!(nested.search_after(secs(0)), Search::GaveUp);
    // A child that gives up does not silence the others.
    assert_eq!(Any((never, every(60, 0))).next_after(secs(0)), Some(secs(60)));
    let late = All::new([Any([never, never]), Any([never, never])]);
    assert_eq!(late.search_after(secs(0)), Search::GaveUp);
}

#[test]
fn giving_up_is_told_from_being_over_through_every_wrapping() {
    let never = All::new([every(4, 0), every(4, 2)]).threshold(Span::from_secs(1));
    let over = At(secs(0));
    let t = secs(0);
    assert_eq!(Any((never, over)).search_after(t), Search::GaveUp);
    assert_eq!(Any((never, every(60, 0))).search_after(t), Search::Found(secs(60)));
    assert_eq!(Any((over, over)).search_after(t), Search::Over);
    // Who never fires again decides, whatever the others do.
    assert_eq!(All::new((over, never)).search_after(t), Search::Over);
    let within = |end| Within { trigger: never, start: None, end: Some(secs(end)) };
    assert_eq!(within(60).search_after(t), Search::GaveUp);
    assert_eq!(within(0).search_after(t), Search::Over);
    let hourly = Within { trigger: every(3_600, 0), start: None, end: Some(secs(60)) };
    assert_eq!(hourly.search_after(t), Search::Over);
    let leaves = Tree::<Every, 4>::new().leaf(every(4, 0)).unwrap().leaf(every(4, 2)).unwrap();
    let tree = leaves.all(2, Span::ZERO).unwrap();
    assert_eq!(tree.search_after(t), Search::GaveUp);
    assert_eq!(Tree::<At, 1>::new().search_after(t), Search::Over);

    /// Says that it gave up, and knows nothing of budgets.
    #[derive(Debug)]
    struct Own;
    impl Trigger for Own {
        fn next_after(&self, _: Timestamp) -> Option<Timestamp> {
            None
        }
        fn search_after(&self, _: Timestamp) -> Search {
            Search::GaveUp
        }
    }
    let boxed: &dyn Trigger = &Own;
    assert_eq!(boxed.search_after(t), Search::GaveUp);
    assert_eq!(All::new((every(1, 0), boxed)).search_after(t), Search::GaveUp);
}

#[test]
fn rare_triggers_are_leapt_to() {
    let each_second = every(1, 0);
    let leap_noon = CronIn::new(Cron::literal("0 12 29 2 *"), Zone::UTC);
    let all = All::new((each_second, leap_noon)).threshold(Span::from_secs(30));
    let fires: Vec<_> = all.fires(at("2026-01-01T00:00:00Z")).take(2).collect();
    assert_eq!(fires, [at("2028-02-29T12:00:00Z"), at("2032-02-29T12:00:00Z")]);
    assert_eq!(all.prev_before(fires[1]), Some(fires[0]));
}

#[test]
fn overlapping_triggers_meet_as_in_the_reference() {
    let start = at("2020-05-16T14:17:30.254212Z");
    let spans = |hours: i64| Every::new(Span::from_hours(hours), start).unwrap();
    let twelve = All::new([spans(6), spans(12)]);
    assert_eq!(twelve.next_after(start), Some(start + Span::from_hours(12)));
    let week = All::new([spans(24), spans(7 * 24)]);
    assert_eq!(week.next_after(start), Some(start + Span::from_days(7)));

    // 15 May 2020 is a Friday.
    let friday = at("2020-05-15T00:00:00Z");
    let hourly = CronIn::new(Cron::literal("0 * * * mon-fri"), Zone::UTC);
    let half_days = Every::new(Span::from_hours(12), friday).unwrap();
    let all = All::new((hourly, half_days));
    let fires: Vec<_> = all.fires(friday).take(2).collect();
    assert_eq!(fires, [at("2020-05-15T12:00:00Z"), at("2020-05-18T00:00:00Z")]);

    let weekdays = CronIn::new(Cron::literal("0 0 * * mon-fri"), Zone::UTC);
    let fourth_days = Every::new(Span::from_days(4), friday).unwrap();
    let all = All::new((weekdays, fourth_days));
    let fires: Vec<_> = all.fires(friday).take(2).collect();
    assert_eq!(fires, [at("2020-05-19T00:00:00Z"), at("2020-05-27T00:00:00Z")]);

    let period = Period { months: 1, ..Period::ZERO };
    let first = "2020-01-01".parse().unwrap();
    let monthly = Calendar::new(period, first, "00:00".parse().unwrap()).unwrap();
    let all = All::new((CalendarIn::new(monthly, Zone::UTC), weekdays));
    let fires: Vec<_> = all.fires(at("2020-01-15T00:00:00Z")).take(4).collect();
    // 1 February and 1 March 2020 are on a weekend.
    let expected = ["2020-04-01", "2020-05-01", "2020-06-01", "2020-07-01"];
    assert_eq!(fires, expected.map(|day| at(&format!("{day}T00:00:00Z"))));
}

#[test]
fn each_child_of_any_keeps_its_own_end() {
    let until = |trigger, end| Within { trigger, start: None, end: Some(secs(end)) };
    let any = Any([until(every(4, 0), 16), until(every(6, 0), 18)]);
    let fires: Vec<_> = any.fires(secs(-1)).map(Timestamp::as_secs).collect();
    assert_eq!(fires, [0, 4, 6, 8, 12, 16, 18]);
    let both = Any((At(secs(10)), At(secs(20))));
    assert_eq!(both.fires(Timestamp::MIN).collect::<Vec<_>>(), [secs(10), secs(20)]);
    assert_eq!(Any::<[At; 0]>([]).next_after(secs(0)), None);
    assert_eq!(All::<[At; 0]>::new([]).search_after(secs(0)), Search::Over);
}

#[test]
fn an_instant_is_one_fire_whatever_zones_name_it() {
    // Another scheduler compares wall-clock times: it loses the second pass within one zone and
    // doubles the instant between two.
    let berlin = Zone::posix(Rule::parse("CET-1CEST,M3.5.0,M10.5.0/3").unwrap());
    let literal = |pattern, zone| CronIn {
        cron: Cron::literal(pattern),
        zone,
        dst: mainspring_core::trigger::Dst::LITERAL,
    };
    let two_thirty = literal("30 2 * * *", berlin);
    let any = Any([two_thirty, literal("30 0,1 * * *", Zone::UTC)]);
    let fires: Vec<_> = any.fires(at("2026-10-24T12:00:00Z")).take(2).collect();
    assert_eq!(fires, [at("2026-10-25T00:30:00Z"), at("2026-10-25T01:30:00Z")]);
    let all = All::new([two_thirty, literal("30 0,1 * * *", Zone::UTC)]);
    let met: Vec<_> = all.fires(at("2026-10-24T12:00:00Z")).take(2).collect();
    assert_eq!(met, fires);
}

#[test]
fn the_ends_of_time_are_no_trap() {
    let fine = Every::new(Span::from_micros(1), secs(0)).unwrap();
    let all = All::new([fine, fine]).threshold(Span::MAX);
    for t in [Timestamp::MIN, secs(0), Timestamp::MAX] {
        for next in [all.next_after(t), Any([fine, fine]).next_after(t)].into_iter().flatten() {
            assert!(next > t);
        }
        for prev in [all.prev_before(t), Any([fine, fine]).prev_before(t)].into_iter().flatten() {
            assert!(prev < t);
        }
    }
}

#[test]
fn a_tree_refuses_what_does_not_fit() {
    let leaf = |tree: Tree<At, 3>| tree.leaf(At(secs(1)));
    assert_eq!(Tree::<At, 3>::new().any(1).unwrap_err(), TreeError::Children);
    assert_eq!(leaf(Tree::new()).unwrap().any(0).unwrap_err(), TreeError::Children);
    let full = leaf(leaf(Tree::new()).unwrap()).unwrap().any(2).unwrap();
    assert_eq!(full.next_after(secs(0)), Some(secs(1)));
    assert_eq!(full.clone().any(2).unwrap_err(), TreeError::Children);
    assert_eq!(full.any(1).unwrap_err(), TreeError::Full);
    assert_eq!(Tree::<At, 3>::new().next_after(secs(0)), None);
}

#[test]
fn triggers_say_what_they_do() {
    let day = |text: &str| text.parse().unwrap();
    let nine = "09:00".parse().unwrap();
    let calendar = |years, months, weeks, days| {
        let period = Period { years, months, weeks, days };
        let calendar = Calendar::new(period, day("2026-01-31"), nine).unwrap();
        CalendarIn::new(calendar, Zone::UTC).description().to_string()
    };
    assert_eq!(calendar(0, 1, 0, 0), "at 09:00 every month, counted from 2026-01-31");
    assert_eq!(calendar(1, 18, 0, 20), {
        "at 09:00 every 2 years and 6 months and 2 weeks and 6 days, counted from 2026-01-31"
    });
    let pair = (every(5_400, 0), At(secs(0)));
    assert_eq!(Any(pair).description().to_string(), {
        "any of (every 1h30m, counted from 1970-01-01T00:00:00Z; once, at 1970-01-01T00:00:00Z)"
    });
    let all = All::new(pair);
    assert!(all.description().to_string().ends_with(" at once"));
    assert!(all.threshold(Span::from_secs(1)).description().to_string().ends_with(" within 1s"));
    let within = Within { trigger: At(secs(0)), start: Some(secs(0)), end: Some(secs(1)) };
    assert_eq!(within.description().to_string(), {
        "once, at 1970-01-01T00:00:00Z, not before 1970-01-01T00:00:00Z, not after \
         1970-01-01T00:00:01Z"
    });
    assert_eq!(Any::<[At; 0]>([]).description().to_string(), "any of nothing");
}
