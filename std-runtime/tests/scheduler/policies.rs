//! What becomes of fires, as the policies of their schedule say.

use std::sync::atomic::{AtomicU32, Ordering};

use mainspring::{
    Backfilled, Coalesce, Context, ExcludeForm, Overlap, Resume, Schedule, Scheduler, Task,
};
use mainspring_contract::record::JobState;
use mainspring_contract::trigger::{CustomForm, EveryForm, TriggerForm};
use mainspring_core::fire::SkipReason;
use mainspring_core::outcome::Outcome;
use mainspring_core::schedule::{Next, PauseReason};
use mainspring_core::time::{Span, Timestamp};
use mainspring_core::trigger::{Every, Trigger};

use crate::flaky::Flaky;
use crate::rig::{
    build, jobs, long_lease, millis, next, past, reporting, runs_of, schedules, settled, skips,
    soon, waiting,
};

fn often() -> Schedule {
    Schedule::every("often", "t", millis(20))
}

async fn skipped(store: &Flaky, reason: SkipReason) {
    store.until(|| async { skips(store).await.iter().any(|skip| skip.reason == reason) }).await;
}

#[tokio::test]
async fn a_fire_that_would_overlap_is_skipped() {
    let store = Flaky::default();
    let (task, mut reports) = waiting("t");
    let scheduler = build(&store, vec![task]).await;
    let running = scheduler.start().await.expect("it starts");
    scheduler.put(often().overlap(Overlap::Skip)).await.expect("it is valid");
    let (first, word) = next(&mut reports).await;
    skipped(&store, SkipReason::Overlapped).await;
    assert_eq!(jobs(&store).await.len(), 1);
    assert_eq!(scheduler.run_now("often").await.expect("it works"), None);
    word.send(()).expect("it waits");
    let (second, word) = next(&mut reports).await;
    assert!(second.fire_at() > first.fire_at());
    word.send(()).expect("it waits");
    assert_eq!(settled(&store, first.job()).await[0].ended.outcome, Outcome::Succeeded);
    drop(running);
}

#[tokio::test]
async fn one_fire_that_would_overlap_is_held_until_its_turn() {
    let store = Flaky::default();
    let (task, mut reports) = waiting("t");
    let scheduler = build(&store, vec![task]).await;
    let _running = scheduler.start().await.expect("it starts");
    scheduler.put(often().overlap(Overlap::Queue)).await.expect("it is valid");
    let (_, word) = next(&mut reports).await;
    skipped(&store, SkipReason::Overlapped).await;
    let there = jobs(&store).await;
    let held: Vec<_> =
        there.iter().filter(|job| matches!(job.state, JobState::Held { .. })).collect();
    assert_eq!((there.len(), held.len()), (2, 1));
    word.send(()).expect("it waits");
    let (second, _word) = next(&mut reports).await;
    assert_eq!(second.job(), held[0].id);
}

#[tokio::test]
async fn a_fire_that_cancels_the_run_before_it_is_heard_of_at_once() {
    let store = Flaky::default();
    let (task, mut reports) = waiting("t");
    let builder = Scheduler::builder(store.clone()).task(task).lease(long_lease());
    let scheduler = builder.build().await.expect("it is valid");
    let _running = scheduler.start().await.expect("it starts");
    scheduler.put(often().overlap(Overlap::Cancel)).await.expect("it is valid");
    let (first, _word) = next(&mut reports).await;
    soon(first.cancelled()).await;
    let (second, _word) = next(&mut reports).await;
    assert!(second.fire_at() > first.fire_at());
    assert_eq!(settled(&store, first.job()).await[0].ended.outcome, Outcome::Cancelled);
}

#[tokio::test]
async fn a_job_that_is_asked_for_cancels_the_run_before_it_too() {
    let store = Flaky::default();
    let (task, mut reports) = waiting("t");
    let builder = Scheduler::builder(store.clone()).task(task).lease(long_lease());
    let scheduler = builder.build().await.expect("it is valid");
    let _running = scheduler.start().await.expect("it starts");
    let yearly = Schedule::every("y", "t", millis(1_000 * 86_400 * 365));
    scheduler.put(yearly.overlap(Overlap::Cancel).arguments(&())).await.expect("it is valid");
    let first = scheduler.run_now("y").await.expect("it works").expect("nothing is in the way");
    let (context, _word) = next(&mut reports).await;
    assert_eq!((context.job(), context.schedule().map(|id| id.as_str())), (first, Some("y")));
    let second = scheduler.run_now("y").await.expect("it works").expect("it cancels the first");
    soon(context.cancelled()).await;
    let (context, _word) = next(&mut reports).await;
    assert_eq!(context.job(), second);
    assert!(scheduler.run_now("no").await.expect_err("no such schedule").is_missing());
}

#[tokio::test]
async fn a_schedule_with_a_limit_fires_so_often_and_no_more() {
    let store = Flaky::default();
    let (task, mut reports) = reporting("t");
    let scheduler = build(&store, vec![task]).await;
    let running = scheduler.start().await.expect("it starts");
    let limited = often().limit(3).coalesce(Coalesce::All);
    scheduler.put(limited.clone()).await.expect("it is valid");
    for _ in 0..3 {
        next(&mut reports).await;
    }
    let is_done = || async { schedules(&store).await[0].next == Next::Done };
    store.until(is_done).await;
    assert_eq!(schedules(&store).await[0].fired, 3);
    scheduler.put(limited.limit(4)).await.expect("it is valid");
    next(&mut reports).await;
    store.until(is_done).await;
    assert_eq!(running.stop(millis(60_000)).await.left, 0);
    assert!(reports.try_recv().is_err());
}

#[tokio::test]
async fn a_fixed_delay_counts_from_the_end_of_the_run_before() {
    let store = Flaky::default();
    let (task, mut reports) = reporting("t");
    let scheduler = build(&store, vec![task]).await;
    let _running = scheduler.start().await.expect("it starts");
    scheduler.put(often().after_run(millis(30))).await.expect("it is valid");
    let mut ended: Option<Timestamp> = None;
    for _ in 0..4 {
        let context = next(&mut reports).await;
        let fire_at = context.fire_at().expect("a fire has an instant");
        if let Some(ended) = ended {
            assert!(fire_at.since(ended) >= Span::from_millis(30));
        }
        ended = Some(settled(&store, context.job()).await[0].ended.finished_at);
    }
}

#[tokio::test]
async fn a_schedule_pauses_after_failures_and_goes_on_when_it_is_resumed() {
    let store = Flaky::default();
    let fail = |(): (), _: Context| async { Err::<(), _>("no water") };
    let scheduler = build(&store, vec![Task::new("t", fail)]).await;
    let _running = scheduler.start().await.expect("it starts");
    scheduler.put(often().max_failures(2).overlap(Overlap::Queue)).await.expect("it is valid");
    let pause = || async { schedules(&store).await[0].pause };
    store.until(|| async { pause().await.is_some() }).await;
    assert_eq!(pause().await.map(|pause| pause.reason), Some(PauseReason::Failures));
    assert_eq!(schedules(&store).await[0].failures, 2);
    assert!(scheduler.resume("often", Resume::Owed).await.expect("it is paused"));
    store.until(|| async { pause().await.is_some() }).await;
}

#[tokio::test]
async fn what_is_excluded_does_not_fire_and_leaves_a_record() {
    let store = Flaky::default();
    let (task, mut reports) = reporting("t");
    let scheduler = build(&store, vec![task]).await;
    let _running = scheduler.start().await.expect("it starts");
    let opens = TriggerForm::Every(EveryForm::new(Span::from_millis(200)));
    let closed = ExcludeForm::windows(opens, Span::from_millis(100));
    scheduler.put(often().exclude(closed)).await.expect("it is valid");
    let is_closed = |at: Timestamp| at.as_micros() % 200_000 < 100_000;
    for _ in 0..12 {
        let fire_at = next(&mut reports).await.fire_at().expect("a fire has an instant");
        assert!(!is_closed(fire_at), "{fire_at}");
    }
    skipped(&store, SkipReason::Excluded).await;
    for skip in skips(&store).await {
        let excluded = skip.reason == SkipReason::Excluded;
        assert_eq!((is_closed(skip.from), is_closed(skip.to)), (excluded, excluded), "{skip:?}");
    }
}

#[tokio::test]
async fn windows_of_a_broken_trigger_take_their_schedule_out_of_service() {
    /// Opens again and again, until it was asked too often.
    struct Breaks(AtomicU32);
    impl Trigger for Breaks {
        fn next_after(&self, t: Timestamp) -> Option<Timestamp> {
            assert!(self.0.fetch_add(1, Ordering::Relaxed) < 1_000, "out of windows");
            Every::new(Span::from_millis(7), past()).and_then(|every| every.next_after(t))
        }
    }
    let store = Flaky::default();
    let (task, _reports) = reporting("t");
    let soon = |(): ()| Ok::<_, String>(Breaks(AtomicU32::new(0)));
    let builder = Scheduler::builder(store.clone()).task(task).trigger("breaks", soon);
    let scheduler = builder.build().await.expect("it is valid");
    let _running = scheduler.start().await.expect("it starts");
    let name = "breaks".to_owned();
    let opens = TriggerForm::Custom(CustomForm { name, arguments: serde_json::Value::Null });
    let windows = ExcludeForm::windows(opens, Span::from_millis(1));
    scheduler.put(often().exclude(windows)).await.expect("it is valid");
    let reason = || async { schedules(&store).await[0].quarantine.clone() };
    store.until(|| async { reason().await.is_some() }).await;
    assert_eq!(reason().await.as_deref(), Some("trigger `breaks` panicked: out of windows"));
}

#[tokio::test]
async fn jitter_delays_a_job_and_not_its_fire() {
    let store = Flaky::default();
    // Nobody knows the task, so the jobs stay.
    let scheduler = build(&store, Vec::new()).await;
    let _running = scheduler.start().await.expect("it starts");
    let longest = Span::from_millis(15);
    let jitter = longest.to_duration();
    for schedule in [
        often().jitter(jitter),
        Schedule::every("a", "t", millis(20)).stable_jitter(jitter),
        Schedule::every("b", "t", millis(20)).stable_jitter(jitter),
    ] {
        scheduler.put(schedule.coalesce(Coalesce::All)).await.expect("it is valid");
    }
    let delays = |name: &'static str| {
        let store = store.clone();
        async move {
            let there = jobs(&store).await.into_iter();
            let there =
                there.filter(|job| job.schedule.as_ref().is_some_and(|id| id.as_str() == name));
            let delay = |job: &mainspring_contract::record::Job| match job.state {
                JobState::Waiting { ready_at } => ready_at.since(job.fire_at.expect("a fire")),
                _ => panic!("it waits"),
            };
            there.map(|job| delay(&job)).collect::<Vec<Span>>()
        }
    };
    store
        .until(|| async {
            let (a, b) = (delays("a").await, delays("b").await);
            delays("often").await.len() >= 5 && a.len() >= 3 && b.len() >= 3
        })
        .await;
    let (random, a, b) = (delays("often").await, delays("a").await, delays("b").await);
    for delay in random.iter().chain(&a).chain(&b) {
        assert!((Span::ZERO..=longest).contains(delay), "{delay}");
    }
    let is_one = |all: &[Span]| all.iter().all(|one| *one == all[0]);
    assert!(is_one(&a) && is_one(&b) && a[0] != b[0], "a name has its own delay");
    assert!(!is_one(&random), "chance differs");
}

#[tokio::test]
async fn a_node_that_is_awake_does_not_use_the_slack() {
    let store = Flaky::default();
    let (task, mut reports) = reporting("t");
    let scheduler = build(&store, vec![task]).await;
    let _running = scheduler.start().await.expect("it starts");
    scheduler.put(often().slack(millis(3_600_000))).await.expect("it is valid");
    for _ in 0..3 {
        next(&mut reports).await;
    }
}

#[tokio::test]
async fn a_paused_schedule_stays_silent_and_goes_on_where_it_is_told() {
    let store = Flaky::default();
    let (task, mut reports) = reporting("t");
    let scheduler = build(&store, vec![task]).await;
    let _running = scheduler.start().await.expect("it starts");
    scheduler.put(often()).await.expect("it is valid");
    next(&mut reports).await;
    assert!(scheduler.pause("often").await.expect("it is there"));
    assert!(!scheduler.pause("often").await.expect("it is there"));
    let view = scheduler.schedule("often").await.expect("it is a name").expect("it is there");
    let pause = view.schedule.pause.expect("it is paused");
    assert_eq!(pause.reason, PauseReason::Person);
    let by_hand =
        scheduler.run_now("often").await.expect("it works").expect("nothing is in the way");
    while next(&mut reports).await.job() != by_hand {}
    let at = pause.since + Span::from_millis(200);
    assert!(scheduler.resume("often", Resume::At(at)).await.expect("it is there"));
    assert!(!scheduler.resume("often", Resume::Owed).await.expect("it is there"));
    assert!(next(&mut reports).await.fire_at() >= Some(at));
    assert!(skips(&store).await.iter().any(|skip| skip.reason == SkipReason::Paused));

    scheduler.put(often().paused(true)).await.expect("it is valid");
    let error = scheduler.resume("often", Resume::Owed).await.expect_err("its source says so");
    assert!(error.is_conflict(), "{error}");
    assert!(scheduler.pause("no").await.expect_err("no such schedule").is_missing());
    assert!(scheduler.schedule("no").await.expect("it is a name").is_none());
}

#[tokio::test]
async fn a_backfill_runs_each_instant_of_the_past_once() {
    let store = Flaky::default();
    let (task, mut reports) = reporting("t");
    let scheduler = build(&store, vec![task]).await;
    let daily = Schedule::cron("daily", "t", "0 9 * * *").zone("Europe/Berlin");
    let dates = ExcludeForm::dates("2025-03-10..2025-03-12", "Europe/Berlin").expect("dates");
    scheduler.put(daily.exclude(dates).overlap(Overlap::Skip)).await.expect("it is valid");
    let at = |text: &str| text.parse::<Timestamp>().expect("an instant");
    let march = at("2025-03-01T00:00:00+01:00")..=at("2025-03-31T23:59:59+02:00");
    let count = scheduler.backfill_count("daily", march.clone()).await.expect("it is there");
    assert_eq!(count.value(), 28);
    let half = at("2025-03-01T00:00:00+01:00")..=at("2025-03-05T08:00:00Z");
    assert_eq!(scheduler.backfill("daily", half).await.expect("it is there").queued, 5);
    let done = scheduler.backfill("daily", march.clone()).await.expect("it is there");
    assert_eq!((done.queued, done.known), (23, 5));
    let running = scheduler.start().await.expect("it starts");
    let mut fires = Vec::new();
    for _ in 0..28 {
        let context = next(&mut reports).await;
        fires.push(context.fire_at().expect("each is for an instant"));
        settled(&store, context.job()).await;
    }
    fires.sort_unstable();
    fires.dedup();
    assert_eq!((fires.len(), fires[0]), (28, at("2025-03-01T08:00:00Z")));
    assert_eq!(scheduler.backfill("daily", march).await.expect("it is there").known, 28);
    assert_eq!(running.stop(millis(60_000)).await.left, 0);
    assert!(reports.try_recv().is_err());

    let future = at("2025-03-01T00:00:00Z")..=at("2999-01-01T00:00:00Z");
    for bad in [future, at("2025-03-02T00:00:00Z")..=at("2025-03-01T00:00:00Z")] {
        assert!(scheduler.backfill("daily", bad).await.expect_err("no such range").is_invalid());
    }
}

#[tokio::test]
async fn whoever_waits_for_a_backfill_is_told_how_far_it_has_come() {
    let scheduler = build(&Flaky::default(), Vec::new()).await;
    scheduler.put(Schedule::cron("often", "t", "* * * * *")).await.expect("it is valid");
    let at = |text: &str| text.parse::<Timestamp>().expect("an instant");
    let days = at("2025-03-01T00:00:00Z")..=at("2025-03-03T23:59:00Z");
    let mut told = Vec::new();
    let watch = |done: Backfilled| told.push(done.queued);
    let done = scheduler.backfill_watched("often", days, watch).await.expect("it is there");
    assert_eq!(done, Backfilled { queued: 3 * 1_440, known: 0 });
    assert!(told.len() > 2 && told.is_sorted_by(|a, b| a < b), "{told:?}");
    assert_eq!(told.last(), Some(&done.queued));
}

#[tokio::test]
async fn a_fire_waits_for_a_node_that_offers_what_it_needs() {
    let store = Flaky::default();
    let (plain, mut plain_reports) = reporting("t");
    let plain = build(&store, vec![plain]).await;
    let _plain = plain.start().await.expect("it starts");
    plain.put(often().tags(["gpu"]).limit(1)).await.expect("it is valid");
    store.until(|| async { jobs(&store).await.len() == 1 }).await;
    let easy = plain.job("t", &()).enqueue().await.expect("it is valid").id();
    assert_eq!(next(&mut plain_reports).await.job(), easy);
    assert_eq!(runs_of(&store, jobs(&store).await[0].id).await, []);
    let (task, mut reports) = reporting("t");
    let builder = Scheduler::builder(store.clone()).task(task).tags(["eu", "gpu"]);
    let strong = builder.build().await.expect("it is valid");
    let _strong = strong.start().await.expect("it starts");
    assert_eq!(next(&mut reports).await.schedule().map(|id| id.as_str()), Some("often"));
    let bad = often().tags(["a,b"]);
    assert!(plain.put(bad).await.expect_err("no tag").to_string().contains("`a,b`"));
}
