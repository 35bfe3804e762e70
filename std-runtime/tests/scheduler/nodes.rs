//! What a node does, and what others hear of it.

use mainspring::{Event, Role, Schedule, Scheduler, Span, Task};
use mainspring_contract::node::NodeView;
use mainspring_contract::store::Page;
use mainspring_core::limits;

use crate::flaky::Flaky;
use crate::rig::{build, jobs, millis, next, past, reporting, schedules, soon};

async fn nodes(scheduler: &Scheduler) -> Vec<NodeView> {
    scheduler.nodes(&Page::first(9)).await.expect("the store answers")
}

#[tokio::test]
async fn a_node_is_there_from_its_first_beat_until_it_stops() {
    let store = Flaky::default();
    let client = build(&store, Vec::new()).await;
    let builder = Scheduler::builder(store.clone()).node("n").tags(["eu"]).role(Role::Worker);
    let scheduler = builder.task(Task::new("nap", async || {})).build().await.expect("it is valid");
    assert_eq!(nodes(&client).await, []);
    let running = scheduler.start().await.expect("it starts");
    store.until(|| async { store.calls("beat") == 1 }).await;
    let shown = nodes(&client).await;
    let [NodeView { node, beat_at, lost: false }] = &shown[..] else { panic!("{shown:?}") };
    assert_eq!((node.id.as_str(), node.role), ("n", Role::Worker));
    assert_eq!(node.tags.to_string(), "eu");
    assert_eq!(node.tasks.iter().map(|id| id.as_str()).collect::<Vec<_>>(), ["nap"]);
    assert_eq!(node.program.as_str(), concat!("mainspring ", env!("CARGO_PKG_VERSION")));
    assert!(node.started_at <= *beat_at);
    assert!(node.clock_offset < limits::CLOCK_OFF, "it is the same clock");
    assert_eq!(running.stop(millis(60_000)).await.left, 0);
    assert_eq!(nodes(&client).await, []);
}

#[tokio::test]
async fn a_planner_runs_nothing_and_a_worker_plans_nothing() {
    let store = Flaky::default();
    let node = async |role| {
        let (task, reports) = reporting("a");
        let builder = Scheduler::builder(store.clone()).task(task).role(role);
        let scheduler = builder.max_idle(millis(20)).build().await.expect("it is valid");
        (scheduler.start().await.expect("it starts"), reports)
    };
    let client = build(&store, Vec::new()).await;
    client.put(Schedule::at("once", "a", past())).await.expect("it is valid");

    let (worker, mut reports) = node(Role::Worker).await;
    let queued = client.enqueue("a", &()).await.expect("it is valid");
    assert_eq!(next(&mut reports).await.job(), queued);
    assert_eq!(worker.stop(millis(60_000)).await.left, 0);
    assert_eq!(store.calls("claim_schedules"), 0);
    assert_eq!(schedules(&store).await[0].fired, 0);

    let claims = store.calls("claim_jobs") + store.calls("settle_and_claim");
    let (planner, _) = node(Role::Planner).await;
    store.until(|| async { jobs(&store).await.len() == 1 }).await;
    let looks = store.calls("claim_schedules");
    store.until(|| async { store.calls("claim_schedules") > looks + 2 }).await;
    assert_eq!(store.calls("claim_jobs") + store.calls("settle_and_claim"), claims);

    let (worker, mut reports) = node(Role::Worker).await;
    assert_eq!(next(&mut reports).await.fire_at(), Some(past()));
    for running in [planner, worker] {
        assert_eq!(running.stop(millis(60_000)).await.left, 0);
    }
}

#[tokio::test]
async fn a_clock_that_is_far_off_is_told() {
    let store = Flaky::default();
    store.is_ahead(Span::from_secs(60));
    let scheduler = build(&store, Vec::new()).await;
    let mut events = scheduler.events();
    let running = scheduler.start().await.expect("it starts");
    let ahead = soon(async {
        loop {
            if let Some(Event::ClockIsOff { ahead }) = events.next().await {
                break ahead;
            }
        }
    });
    let ahead = ahead.await;
    assert!(ahead < Span::from_secs(-50) && ahead > Span::from_secs(-61), "{ahead}");
    store.until(|| async { store.calls("beat") == 1 }).await;
    assert_eq!(nodes(&scheduler).await[0].node.clock_offset, ahead);
    assert_eq!(running.stop(millis(60_000)).await.left, 0);
}
