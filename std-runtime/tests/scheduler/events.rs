//! What a scheduler tells those who listen.

use mainspring::{Event, Events, Schedule, Scheduler, Task};
use mainspring_core::fire::SkipReason;
use mainspring_core::outcome::Outcome;

use crate::flaky::{Flaky, Trouble};
use crate::rig::{build, millis, past, soon};

/// The next event that `pick` takes.
async fn heard<T>(events: &mut Events, mut pick: impl FnMut(Event) -> Option<T>) -> T {
    soon(async {
        loop {
            let event = events.next().await.expect("the scheduler is there");
            if let Some(picked) = pick(event) {
                return picked;
            }
        }
    })
    .await
}

async fn fail(why: String) -> Result<(), String> {
    Err(why)
}

#[tokio::test]
async fn the_life_of_a_job_is_told_from_start_to_end() {
    let store = Flaky::default();
    let scheduler = build(&store, vec![Task::new("fail", fail)]).await;
    let mut events = scheduler.events();
    let running = scheduler.start().await.expect("it starts");
    let queued = scheduler.enqueue("fail", "no water").await.expect("it is valid");
    assert_eq!(soon(events.next()).await, Some(Event::Started));
    let start = soon(events.next()).await;
    let Some(Event::RunStarted { job, task, schedule, fire_at, attempt }) = start else {
        panic!("a run started, not {start:?}")
    };
    assert_eq!((job, task.as_str(), attempt), (queued, "fail", 1));
    assert_eq!((schedule, fire_at), (None, None));
    let end = soon(events.next()).await;
    let Some(Event::RunEnded { job, outcome, error, .. }) = end else {
        panic!("a run ended, not {end:?}")
    };
    assert_eq!((job, outcome, error.as_deref()), (queued, Outcome::Failed, Some("no water")));
    let written = soon(events.next()).await;
    assert!(matches!(written, Some(Event::RunRecorded { job, .. }) if job == queued));
    assert_eq!(running.stop(millis(60_000)).await.left, 0);
    assert_eq!(soon(events.next()).await, Some(Event::Stopping));
    assert_eq!(soon(events.next()).await, Some(Event::Stopped { left: 0 }));
    drop(scheduler);
    assert_eq!(soon(events.next()).await, None, "nobody is left to tell anything");
}

#[tokio::test]
async fn skipped_fires_and_a_store_that_fails_are_told() {
    let store = Flaky::default();
    let scheduler = build(&store, vec![Task::new("nap", async || {})]).await;
    let mut events = scheduler.events();
    let late = Schedule::at("late", "nap", past()).misfire_grace(millis(1));
    scheduler.put(late).await.expect("it is valid");
    let running = scheduler.start().await.expect("it starts");
    let skip = heard(&mut events, |event| match event {
        Event::Skipped { schedule, skip } => Some((schedule, skip.reason)),
        _ => None,
    });
    let (schedule, reason) = skip.await;
    assert_eq!((schedule.as_str(), reason), ("late", SkipReason::Missed));

    store.meets("enqueue", Trouble::None);
    store.meets("all", Trouble::Down);
    let failed =
        heard(&mut events, |event| matches!(event, Event::StoreFailed { .. }).then_some(event));
    let Event::StoreFailed { verb, error } = failed.await else { unreachable!("it was picked") };
    assert!(!verb.is_empty() && !error.is_empty(), "{verb}: {error}");
    let health = scheduler.health();
    assert!(health.is_running && !health.is_well(), "{health}");
    let metrics = scheduler.metrics().await;
    assert!(metrics.store_failures > 0 && metrics.skipped > 0 && !metrics.is_well);
    store.meets("all", Trouble::None);
    heard(&mut events, |event| (event == Event::StoreBack).then_some(())).await;
    assert!(scheduler.health().is_well());
    assert_eq!(running.stop(millis(60_000)).await.left, 0);
}

#[tokio::test]
async fn whoever_is_slow_hears_how_much_was_missed() {
    let store = Flaky::default();
    let builder = Scheduler::builder(store.clone()).task(Task::new("nap", async || {}));
    let scheduler = builder.build().await.expect("it is valid");
    let mut events = scheduler.events();
    let running = scheduler.start().await.expect("it starts");
    let jobs = (0..3_000).map(|_| scheduler.job("nap", &()));
    let queued = scheduler.enqueue_all(jobs).await.expect("they are valid");
    for job in queued {
        scheduler.wait(job.id()).await.expect("it is over");
    }
    assert_eq!(running.stop(millis(60_000)).await.left, 0);
    // Three thousand starts, ends and records are more than are kept.
    let Some(Event::Missed(missed)) = soon(events.next()).await else { panic!("too much is kept") };
    let mut rest = 0;
    drop(scheduler);
    while soon(events.next()).await.is_some() {
        rest += 1;
    }
    assert_eq!(missed + rest, 3 * 3_000 + 3, "and the node's start, its stopping and its stop");
}
