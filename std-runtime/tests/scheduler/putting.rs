//! Putting, syncing and replacing schedules.

use mainspring::Schedule;
use mainspring_contract::record::Put;
use mainspring_core::time::Span;

use crate::flaky::Flaky;
use crate::rig::{build, millis, next, past, reporting, schedules, settled};

#[tokio::test]
async fn the_same_schedule_put_twice_is_unchanged() {
    let store = Flaky::default();
    let scheduler = build(&store, Vec::new()).await;
    let schedule = || Schedule::every("a", "t", millis(1_000)).arguments(&[1, 2]);
    assert_eq!(scheduler.put(schedule()).await.expect("it is valid"), Put::Created);
    let before = schedules(&store).await;
    assert_eq!(scheduler.put(schedule()).await.expect("it is valid"), Put::Unchanged);
    assert_eq!(schedules(&store).await, before);
    let other = schedule().source("a file");
    assert!(scheduler.put(other).await.expect_err("another source").is_conflict());
    assert_eq!(scheduler.put(schedule().paused(true)).await.expect("it is valid"), Put::Replaced);
    assert!(scheduler.remove("a").await.expect("it is a name"));
    assert!(!scheduler.remove("a").await.expect("it is a name"));
}

#[tokio::test]
async fn syncing_a_source_removes_only_its_own() {
    let store = Flaky::default();
    let scheduler = build(&store, Vec::new()).await;
    let every = |id| Schedule::every(id, "t", millis(1_000));
    scheduler.put(every("by-hand")).await.expect("it is valid");
    let both = vec![every("a"), every("b")];
    let (puts, removed) = scheduler.sync("file", both).await.expect("they are valid");
    assert_eq!((&puts[..], removed.len()), (&[Put::Created, Put::Created][..], 0));
    let other = vec![every("b"), every("c")];
    let (puts, removed) = scheduler.sync("file", other).await.expect("they are valid");
    assert_eq!(puts, [Put::Unchanged, Put::Created]);
    assert_eq!(removed.iter().map(|id| id.as_str()).collect::<Vec<_>>(), ["a"]);
    let left: Vec<_> =
        schedules(&store).await.iter().map(|schedule| schedule.spec.id.to_string()).collect();
    assert_eq!(left, ["b", "by-hand", "c"]);
    let bad = vec![every("d"), Schedule::cron("e", "t", "61 * * * *")];
    assert!(scheduler.sync("file", bad).await.expect_err("no such minute").is_invalid());
    assert_eq!(schedules(&store).await.len(), 3, "nothing was changed");
}

#[tokio::test]
async fn what_was_due_before_a_schedule_was_replaced_runs_as_it_was_written_down_then() {
    let store = Flaky::default();
    let (task, mut reports) = reporting("t");
    let scheduler = build(&store, vec![task]).await;
    scheduler.put(Schedule::at("a", "t", past())).await.expect("it is valid");
    let day = millis(86_400_000);
    let put = scheduler.put(Schedule::every("a", "t", day)).await.expect("it is valid");
    assert_eq!(put, Put::Replaced);
    let next_fire = schedules(&store).await[0].next.at().expect("it goes on");
    let running = scheduler.start().await.expect("it starts");
    let context = next(&mut reports).await;
    assert_eq!(context.fire_at(), Some(past()));
    assert!(next_fire >= context.started_at());
    assert!(next_fire.since(context.started_at()) <= Span::from_days(1));
    settled(&store, context.job()).await;
    assert_eq!(running.stop(millis(60_000)).await.left, 0);
}
