//! Lives in which planning is what goes wrong.

use super::*;
use crate::domain::Origin;
use crate::overlap::Overlap;
use crate::verb::{Extra, Resume, Resumed};

/// A schedule that fires every `step` seconds, put at second 1 000.
fn every(id: u16, step: u32) -> PutSchedule<Numbers> {
    let spec = Spec::new(id, TASK, 0, step, 0);
    let next = Step(step).next_after(at(1_000)).into();
    PutSchedule { spec, next, conflict: Conflict::Replace }
}

/// Carries out everything that `planner` wants now and counts the fires of each schedule.
fn plan<R: crate::room::Room>(
    planner: &mut Planner<Numbers, Step, R>,
    store: &mut Store,
    now: Now,
    fires: &mut BTreeMap<u16, usize>,
) {
    use planner::{Input, Output};
    while let Some(output) = planner.poll(now) {
        let input = match output {
            Output::Claim { ticket, within, claim_for, max } => {
                let claim = ClaimSchedules { node: NODE, within, claim_for, max };
                store.claim_schedules(&claim, now.wall, |schedule| {
                    planner.adopt(schedule, Step(schedule.spec.trigger)).expect("no more than fit");
                });
                Input::Claimed { ticket, result: Ok(store.pulse(now.wall)) }
            }
            Output::Advance { ticket, advance } => {
                let done = store.advance(&advance, now.wall, &mut ());
                for fire in &advance.fires {
                    *fires.entry(advance.schedule).or_default() += 1;
                    store.cancel(&fire.job, now.wall, &mut ());
                }
                let result = Ok((done, store.pulse(now.wall)));
                Input::Advanced { ticket, schedule: advance.schedule, result }
            }
            Output::Rescue { .. } | Output::Prune { .. } => unreachable!("nothing lapses"),
        };
        planner.handle(input, now);
    }
}

#[test]
fn a_window_full_of_busy_schedules_starves_nobody() {
    let room = Inline::<16>;
    let mut store = Store::new(room, room, room);
    let mut now = Now { wall: at(1_000), mono: Mono::ZERO };
    for id in 0..6 {
        store.put_schedule(every(id, 1), now.wall).expect("there is room");
    }
    let mut planner = Planner::new(&Inline::<2>, limits::MAX_IDLE);
    let mut fires = BTreeMap::new();
    for _ in 0..60 {
        now = now.after(Span::from_secs(1));
        plan(&mut planner, &mut store, now, &mut fires);
    }
    assert!(fires.len() == 6 && fires.values().all(|&count| count >= 15), "{fires:?}");
}

#[test]
fn a_schedule_whose_answer_is_late_is_decided_about_once_and_then_catches_up() {
    use planner::{Input, Output};
    let room = Inline::<16>;
    let mut store = Store::new(room, room, room);
    let start = Now { wall: at(1_000), mono: Mono::ZERO };
    for id in 0..2 {
        store.put_schedule(every(id, 2), start.wall).expect("there is room");
    }
    let mut planner = Planner::new(&Inline::<2>, limits::MAX_IDLE);
    let mut fires = BTreeMap::new();
    plan(&mut planner, &mut store, start, &mut fires);
    // Both are due. The first is answered only when its next two fires have come.
    let now = start.after(Span::from_secs(2));
    let Some(Output::Advance { ticket, advance }) = planner.poll(now) else { panic!("it is due") };
    let late = advance.schedule;
    plan(&mut planner, &mut store, now, &mut fires);
    let other = fires.clone();
    assert_eq!((fires.get(&late), fires.len()), (None, 1));
    let now = start.after(Span::from_secs(6));
    plan(&mut planner, &mut store, now, &mut fires);
    assert_eq!(fires.get(&late), None, "its answer is not there");
    assert!(fires != other && !planner.is_idle());
    assert!(planner.deadline(now).is_none_or(|at| at > now.mono), "nothing is to be done now");
    let done = store.advance(&advance, now.wall, &mut ());
    let result = Ok((done, store.pulse(now.wall)));
    planner.handle(Input::Advanced { ticket, schedule: late, result }, now);
    assert_eq!(planner.deadline(now), Some(now.mono));
    plan(&mut planner, &mut store, now, &mut fires);
    let next = store.schedule(&late).map(|schedule| (schedule.next, schedule.last_fire_at));
    assert_eq!((fires.get(&late), planner.is_idle()), (Some(&1), true));
    assert_eq!(next, Some((Next::At(at(1_008)), Some(at(1_006)))));
}

#[test]
fn a_schedule_put_again_under_its_name_forgets_its_old_trigger() {
    let mut rig = Rig::new();
    rig.put(10, Policies::DEFAULT, Settings::NONE);
    rig.pass(Span::from_secs(5));
    assert_eq!(rig.planner.len(), 1, "it is claimed ahead of time");
    rig.store.remove_schedules(&Remove::Named(&[1]), |_| {});
    rig.put(7_000, Policies::DEFAULT, Settings::NONE);
    rig.pass(Span::from_secs(60));
    assert!(rig.started.is_empty());
    assert_eq!(rig.store.schedules().next().map(|(s, _)| s.next), Some(Next::At(at(7_000))));
}

#[test]
fn a_decision_that_leads_where_an_edit_has_led_is_not_taken_for_its_repetition() {
    let mut rig = Rig::new();
    rig.planner.max_idle(Span::from_mins(1));
    rig.put(10, Policies::DEFAULT, Settings::NONE);
    rig.pass(Span::from_secs(5));
    assert_eq!(rig.planner.len(), 1, "it is claimed ahead of time");
    // Somebody else's edit: nobody tells the planner, which goes from 1 010 to 1 020 all the same.
    rig.put(20, Policies::DEFAULT, Settings::NONE);
    assert_eq!(rig.store.schedules().next().map(|(s, _)| s.next), Some(Next::At(at(1_020))));
    rig.pass(Span::from_mins(1));
    let fires: Vec<_> = rig.started.iter().filter_map(|run| run.1).collect();
    assert_eq!(fires, [at(1_020), at(1_040), at(1_060)]);
}

#[test]
fn a_node_whose_clock_is_wrong_plans_by_the_clock_of_the_store() {
    for ahead in [-900, 900] {
        let mut rig = Rig::new();
        rig.store_ahead = Span::from_secs(ahead);
        let strict = Policies { misfire_grace: Some(Span::from_secs(5)), ..Policies::DEFAULT };
        let first = Step(60).next_after(rig.store_now()).expect("it fires");
        rig.put(60, strict, Settings::NONE);
        rig.pass(Span::from_mins(10));
        let expected: Vec<_> = (0..10).map(|n| first + Span::from_mins(n)).collect();
        assert_eq!(rig.started.iter().filter_map(|run| run.1).collect::<Vec<_>>(), expected);
        assert_eq!(rig.started.iter().map(|run| run.0).collect::<Vec<_>>(), expected);
        assert_eq!(rig.records.skipped, 0);
    }
}

#[test]
fn old_news_of_a_schedule_that_somebody_else_plans_is_no_reason_to_ask() {
    let mut now = Now { wall: at(1_000), mono: Mono::ZERO };
    let mut planner = Planner::<Numbers, Step, _>::new(&Inline::<4>, limits::MAX_IDLE);
    let mut store = Store::new(Inline::<16>, Inline::<16>, Inline::<16>);
    let theirs = Pulse { next_due_at: Some(at(1_004)), ..store.pulse(now.wall) };
    let Some(planner::Output::Claim { ticket, .. }) = planner.poll(now) else {
        panic!("a fresh planner asks")
    };
    planner.handle(planner::Input::Claimed { ticket, result: Ok(theirs) }, now);
    for sooner in 1..20 {
        now = now.after(Span::from_millis(1));
        // The same news, faster on its way than the last one.
        let store_now = now.wall + Span::from_micros(sooner);
        planner.handle(planner::Input::Pulse(Pulse { store_now, ..theirs }), now);
        assert_eq!(planner.poll(now), None);
    }
}

#[test]
fn machines_without_room_stay_silent() {
    let now = Now { wall: at(1_000), mono: Mono::ZERO };
    let mut planner = Planner::<Numbers, Step, _>::new(&Inline::<0>, limits::MAX_IDLE);
    planner.handle(planner::Input::Hint, now);
    planner.handle(planner::Input::ClockJumped, now);
    assert_eq!((planner.poll(now), planner.deadline(now)), (None, None));
    let mut worker = Worker::<Numbers, _>::new(&Inline::<0>, LeaseTerms::DEFAULT, limits::MAX_IDLE);
    worker.handle(worker::Input::Hint, now);
    worker.handle(worker::Input::Abort, now);
    assert_eq!((worker.poll(now), worker.deadline(now)), (None, None));
    let room = Inline::<0>;
    let mut store = Ledger::<Numbers, _, _, _>::new(room, room, room);
    let put = every(1, 1);
    assert_eq!(store.put_schedule(put.clone(), now.wall), Err(Full(put)));
    let claim = ClaimJobs { node: NODE, tasks: &[], tags: &0, lease_for: Span::ZERO, max: 9 };
    store.claim_jobs(&claim, now.wall, |_| unreachable!("there are no jobs"));
    store.rescue(&Rescue::HeldBy(NODE), 9, now.wall, &mut ());
    assert_eq!(store.pulse(now.wall).next_due_at, None);
}

#[test]
fn a_node_whose_clock_was_set_decides_nothing_before_it_hears_from_the_store() {
    let mut rig = Rig::new();
    rig.put(60, Policies::DEFAULT, Settings::NONE);
    rig.pass(Span::from_secs(15));
    assert_eq!(rig.planner.len(), 1, "it is claimed ahead of time");
    let wrong = Span::from_mins(15);
    rig.now.wall = rig.now.wall + wrong;
    rig.store_ahead = Span::ZERO - wrong;
    rig.planner.handle(planner::Input::ClockJumped, rig.now);
    let question = rig.planner.poll(rig.now).expect("it asks at once");
    assert!(matches!(question, planner::Output::Claim { .. }), "{question:?}");
    assert_eq!((rig.planner.poll(rig.now), rig.planner.deadline(rig.now)), (None, None));
    rig.plan(question);
    rig.pass(Span::from_secs(10));
    assert_eq!(rig.started.iter().map(|run| run.0).collect::<Vec<_>>(), [at(1_020)]);
}

#[test]
fn a_full_window_does_not_keep_a_node_from_asking_what_time_it_is() {
    let mut store = Store::new(Inline::<16>, Inline::<16>, Inline::<16>);
    let mut now = Now { wall: at(1_000), mono: Mono::ZERO };
    store.put_schedule(every(1, 9), now.wall).expect("there is room");
    let mut planner = Planner::new(&Inline::<1>, limits::MAX_IDLE);
    let mut fires = BTreeMap::new();
    plan(&mut planner, &mut store, now, &mut fires);
    assert_eq!(planner.len(), 1);
    planner.handle(planner::Input::ClockJumped, now);
    now = now.after(Span::from_secs(8));
    plan(&mut planner, &mut store, now, &mut fires);
    assert_eq!(fires, BTreeMap::from([(1, 1)]));
}

#[test]
fn a_schedule_that_found_no_room_fires_although_the_clock_of_the_store_was_set_back() {
    use planner::{Input, Output};
    let mut store = Store::new(Inline::<16>, Inline::<16>, Inline::<16>);
    let mut now = Now { wall: at(1_000), mono: Mono::ZERO };
    store.put_schedule(every(1, 9), now.wall).expect("there is room");
    let mut planner = Planner::new(&Inline::<1>, limits::MAX_IDLE);
    let mut fires = BTreeMap::new();
    plan(&mut planner, &mut store, now, &mut fires);
    now = now.after(Span::from_secs(8));
    let Some(Output::Advance { ticket, advance }) = planner.poll(now) else { panic!("it is due") };
    now.wall = now.wall - Span::from_secs(5);
    let result = Ok((Advanced::Full, store.pulse(now.wall)));
    planner.handle(Input::Advanced { ticket, schedule: advance.schedule, result }, now);
    for _ in 0..5 {
        assert_eq!(fires, BTreeMap::new(), "it is not due again yet");
        now = now.after(Span::from_secs(1));
        plan(&mut planner, &mut store, now, &mut fires);
    }
    assert_eq!(fires, BTreeMap::from([(1, 1)]));
}

#[test]
fn a_catch_up_that_does_not_fit_into_the_store_comes_in_smaller_pieces() {
    let mut rig = Rig::new();
    let ready_at = Some(rig.now.wall + Span::from_hours(1));
    let job = Enqueue { ready_at, ..Enqueue::new(5, TASK, 0) };
    assert_eq!(rig.store.enqueue(job, rig.now.wall, &mut rig.records), Ok(Enqueued::Inserted));
    let all = Policies { coalesce: Coalesce::All, ..Policies::DEFAULT };
    rig.put(1, all, Settings::NONE);
    rig.now = rig.now.after(Span::from_secs(40));
    rig.pass(Span::from_secs(20));
    let expected: Vec<_> = (1..=60).map(|n| at(1_000 + n)).collect();
    assert_eq!(rig.started.iter().filter_map(|run| run.1).collect::<Vec<_>>(), expected);
}

#[test]
fn a_fire_that_overlaps_does_not_count_against_the_limit() {
    let mut rig = Rig::new();
    rig.behaviour.takes = Span::from_secs(15);
    let twice = Policies { overlap: Overlap::Skip, limit: Some(2), ..Policies::DEFAULT };
    rig.put(10, twice, Settings::NONE);
    rig.pass(Span::from_mins(2));
    let fires: Vec<_> = rig.started.iter().filter_map(|run| run.1).collect();
    assert_eq!((fires, rig.records.skipped), (Vec::from([at(1_010), at(1_030)]), 1));
    assert_eq!(rig.store.schedules().next().map(|(s, _)| s.next), Some(Next::Done));
}

#[test]
fn what_is_held_goes_when_its_schedule_allows_overlap() {
    let mut rig = Rig::new();
    rig.behaviour.takes = Span::from_secs(25);
    rig.put(10, Policies { overlap: Overlap::Queue, ..Policies::DEFAULT }, Settings::NONE);
    rig.pass(Span::from_secs(21));
    assert_eq!(rig.started.len(), 1, "the second one is held");
    rig.put(10, Policies::DEFAULT, Settings::NONE);
    rig.pass(Span::from_secs(60));
    let fires: Vec<_> = rig.started.iter().filter_map(|run| run.1).collect();
    assert_eq!(fires, (1..=8).map(|n| at(1_000 + n * 10)).collect::<Vec<_>>());
}

#[test]
fn what_is_held_hears_of_a_backfilled_job_too() {
    let mut rig = Rig::new();
    rig.behaviour.takes = Span::from_secs(15);
    rig.put(10, Policies { overlap: Overlap::Queue, ..Policies::DEFAULT }, Settings::NONE);
    rig.pass(Span::from_secs(21));
    rig.put(9_000, Policies { overlap: Overlap::Skip, ..Policies::DEFAULT }, Settings::NONE);
    let extra = Some(Extra { schedule: 1, at: at(900), origin: Origin::Backfill });
    let job = Enqueue { extra, ..Enqueue::new(5, TASK, 0) };
    assert_eq!(rig.store.enqueue(job, rig.now.wall, &mut rig.records), Ok(Enqueued::Inserted));
    rig.pass(Span::from_mins(2));
    let fires: Vec<_> = rig.started.iter().filter_map(|run| run.1).collect();
    assert_eq!(fires, [at(1_010), at(900), at(1_020)]);
}

#[test]
fn an_edit_of_a_paused_schedule_keeps_the_fire_that_was_due() {
    let mut rig = Rig::new();
    rig.put(100, Policies::DEFAULT, Settings::NONE);
    rig.store.pause(&1, rig.now.wall);
    rig.now = rig.now.after(Span::from_secs(150));
    rig.put(1_000, Policies::DEFAULT, Settings::NONE);
    let schedule = rig.store.schedules().next().map(|(schedule, _)| schedule.clone());
    let schedule = schedule.expect("it is there");
    let next = Next::At(at(1_100));
    assert_eq!((schedule.next, schedule.is_paused()), (next, true));
    let resume = Resume { schedule: 1, revision: schedule.revision, next, skip: None };
    assert_eq!(rig.store.resume(&resume, &mut rig.records), Resumed::Done);
    rig.pass(Span::from_secs(10));
    assert_eq!(rig.started.iter().filter_map(|run| run.1).collect::<Vec<_>>(), [at(1_100)]);
}

#[test]
fn news_that_is_younger_than_the_reply_to_a_claim_is_not_forgotten() {
    let mut now = Now { wall: at(1_000), mono: Mono::ZERO };
    let mut planner = Planner::<Numbers, Step, _>::new(&Inline::<16>, limits::MAX_IDLE);
    let mut store = Store::new(Inline::<16>, Inline::<16>, Inline::<16>);
    let quiet = store.pulse(now.wall);
    let claim = |planner: &mut Planner<Numbers, Step, Room>, now| match planner.poll(now) {
        Some(planner::Output::Claim { ticket, .. }) => ticket,
        other => panic!("it asks, but for {other:?}"),
    };
    let ticket = claim(&mut planner, now);
    let first = Pulse { next_due_at: Some(at(1_012)), ..quiet };
    planner.handle(planner::Input::Claimed { ticket, result: Ok(first) }, now);
    now = now.after(Span::from_secs(2));
    let ticket = claim(&mut planner, now);
    now = now.after(Span::from_millis(2));
    let younger = Pulse { store_now: now.wall, next_due_at: Some(at(1_013)), ..quiet };
    planner.handle(planner::Input::Pulse(younger), now);
    let reply = Pulse { store_now: now.wall - Span::from_millis(1), ..quiet };
    planner.handle(planner::Input::Claimed { ticket, result: Ok(reply) }, now);
    assert!(planner.deadline(now).is_some_and(|then| then < now.mono + Span::from_secs(2)));
}
