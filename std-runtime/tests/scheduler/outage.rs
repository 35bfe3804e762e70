//! A store that fails loses nothing, and is not hammered.

use std::collections::BTreeSet;

use mainspring::{Schedule, Scheduler};
use mainspring_contract::record::{Conflict, PutSchedule};
use mainspring_contract::{Clock, Encoded, Store};
use mainspring_core::outcome::Outcome;
use mainspring_core::schedule::{Coalesce, Next};
use mainspring_core::time::Timestamp;

use crate::flaky::{Flaky, Trouble};
use crate::rig::{build, jobs, millis, next, past, reporting, schedules, settled, waiting};

fn without_gap(fires: &BTreeSet<Timestamp>, gap: i64) -> bool {
    let all: Vec<_> = fires.iter().collect();
    all.windows(2).all(|pair| pair[1].since(*pair[0]).as_micros() == gap)
}

#[tokio::test]
async fn a_store_that_is_down_for_a_while_loses_no_fire() {
    for trouble in [Trouble::Down, Trouble::Panic] {
        let store = Flaky::default();
        let (task, mut reports) = reporting("tick");
        let scheduler = build(&store, vec![task]).await;
        let running = scheduler.start().await.expect("it starts");
        let schedule = Schedule::every("ticks", "tick", millis(20)).coalesce(Coalesce::All);
        scheduler.put(schedule.catch_up(10_000)).await.expect("it is valid");
        let mut fires = BTreeSet::new();
        let mut collect = async |count| {
            for _ in 0..count {
                let fire_at = next(&mut reports).await.fire_at().expect("a fire");
                assert!(fires.insert(fire_at), "a fire ran twice");
            }
            fires.clone()
        };
        collect(3).await;
        store.meets("all", trouble);
        let tried = store.all_calls();
        store.until(|| async { store.all_calls() >= tried + 4 }).await;
        store.meets("all", Trouble::None);
        let fires = collect(30).await;
        assert!(without_gap(&fires, 20_000), "{trouble:?}: a fire is missing: {fires:?}");
        assert_eq!(running.stop(millis(60_000)).await.left, 0);
    }
}

#[tokio::test]
async fn a_lost_answer_doubles_nothing_and_loses_nothing() {
    for verb in ["advance", "settle"] {
        let store = Flaky::default();
        let (task, mut reports) = reporting("tick");
        let scheduler = build(&store, vec![task]).await;
        let running = scheduler.start().await.expect("it starts");
        let schedule = Schedule::every("ticks", "tick", millis(200)).coalesce(Coalesce::All);
        scheduler.put(schedule).await.expect("it is valid");
        let mut fires = BTreeSet::new();
        for count in 0..10 {
            if count == 2 {
                let asked = store.calls(verb);
                store.meets(verb, Trouble::AnswerLost);
                store.until(|| async { store.calls(verb) > asked }).await;
                store.meets(verb, Trouble::None);
            }
            let fire_at = next(&mut reports).await.fire_at().expect("a fire");
            assert!(fires.insert(fire_at), "{verb}: a fire ran twice");
        }
        assert!(without_gap(&fires, 200_000), "{verb}: a fire is missing: {fires:?}");
        assert_eq!(running.stop(millis(60_000)).await.left, 0, "{verb}");
    }
}

#[tokio::test]
async fn an_answer_with_too_few_items_leaves_no_slot_behind() {
    let store = Flaky::default();
    let (task, mut reports) = waiting("a");
    let builder = Scheduler::builder(store.clone()).task(task).max_running(2);
    let scheduler = builder.build().await.expect("it is valid");
    let running = scheduler.start().await.expect("it starts");
    let mut ids = Vec::new();
    for _ in 0..2 {
        ids.push(scheduler.enqueue("a", &()).await.expect("it is valid"));
    }
    store.meets("settle", Trouble::AnswerShort);
    let words = [next(&mut reports).await.1, next(&mut reports).await.1];
    for word in words {
        word.send(()).expect("it runs");
    }
    let settles = store.calls("settle");
    store.until(|| async { store.calls("settle") >= settles + 2 }).await;
    store.meets("settle", Trouble::None);
    for id in ids {
        assert_eq!(settled(&store, id).await.len(), 1);
    }
    for _ in 0..4 {
        let job = scheduler.enqueue("a", &()).await.expect("it is valid");
        next(&mut reports).await.1.send(()).expect("it runs");
        settled(&store, job).await;
    }
    assert_eq!(running.stop(millis(60_000)).await.left, 0);
}

#[tokio::test]
async fn a_quarantine_that_is_refused_is_not_asked_for_over_and_over() {
    let store = Flaky::default();
    let (task, mut reports) = reporting("tick");
    let scheduler = build(&store, vec![task]).await;
    scheduler.put(Schedule::at("bad", "tick", past())).await.expect("it is valid");
    let mut spec = schedules(&store).await.remove(0).spec;
    spec.trigger = Encoded { bytes: (*b"{").into(), ..spec.trigger };
    let put = PutSchedule { spec, next: Next::At(past()), conflict: Conflict::Replace };
    store.put_schedules(Clock::Server, &[put]).await.expect("a store takes any bytes");
    store.meets("quarantine", Trouble::Down);
    let running = scheduler.start().await.expect("it starts");
    scheduler.put(Schedule::every("good", "tick", millis(20))).await.expect("it is valid");
    for _ in 0..20 {
        next(&mut reports).await;
    }
    let asked = store.calls("quarantine");
    assert!((1..=3).contains(&asked), "{asked} times");
    assert_eq!(running.stop(millis(60_000)).await.left, 0);
}

#[tokio::test]
async fn a_store_that_is_down_is_asked_less_and_less_often() {
    let store = Flaky::default();
    let scheduler = build(&store, Vec::new()).await;
    store.meets("all", Trouble::Down);
    let running = scheduler.start().await.expect("it starts");
    store.until(|| async { store.calls("claim_schedules") >= 4 }).await;
    // 100, 200 and 400 ms lie between the four attempts of each machine, and an attempt is made of
    // four verbs at most.
    assert!(store.all_calls() <= 20, "{}", store.all_calls());
    store.meets("all", Trouble::None);
    assert_eq!(running.stop(millis(60_000)).await.left, 0);
}

#[tokio::test]
async fn a_hard_stop_while_the_store_is_down_ends_once_it_is_back() {
    let store = Flaky::default();
    let (task, mut reports) = waiting("a");
    let scheduler = build(&store, vec![task]).await;
    let running = scheduler.start().await.expect("it starts");
    let job = scheduler.enqueue("a", &()).await.expect("it is valid");
    let (context, _word) = next(&mut reports).await;
    store.meets("all", Trouble::Down);
    let back = async {
        context.cancelled().await;
        let tried = store.calls("retry");
        store.until(|| async { store.calls("retry") > tried }).await;
        store.meets("all", Trouble::None);
    };
    let (stopped, ()) = tokio::join!(running.abort(), back);
    assert_eq!(stopped.left, 0);
    assert_eq!(jobs(&store).await[0].attempt(), 1);
    assert_eq!(crate::rig::runs_of(&store, job).await[0].ended.outcome, Outcome::Interrupted);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_never_answered_does_not_stall_what_comes_after() {
    for verb in ["claim_schedules", "advance", "claim_jobs", "settle"] {
        let store = Flaky::default();
        let (task, mut reports) = reporting("t");
        let scheduler = build(&store, vec![task]).await;
        store.meets(verb, Trouble::Silent);
        let running = scheduler.start().await.expect("it starts");
        scheduler.put(Schedule::at("once", "t", past())).await.expect("it is valid");
        store.until(|| async { store.calls(verb) > 0 }).await;
        store.meets(verb, Trouble::None);
        let job = next(&mut reports).await.job();
        assert_eq!(settled(&store, job).await.len(), 1, "{verb}");
        assert_eq!(running.stop(millis(600_000)).await.left, 0, "{verb}");
    }
}
