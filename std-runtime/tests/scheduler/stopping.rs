//! Starting and stopping.

use core::time::Duration;
use std::sync::mpsc::sync_channel;

use mainspring::Scheduler;
use mainspring_contract::record::{ClaimJobs, JobState};
use mainspring_contract::{Clock, NodeId, Store, Tags, TaskId};
use mainspring_core::lease::LeaseTerms;
use mainspring_core::outcome::Outcome;
use mainspring_core::time::Span;

use crate::flaky::{Flaky, Trouble};
use crate::rig::{build, jobs, millis, next, reporting, runs_of, settled, waiting};

#[tokio::test]
async fn a_soft_stop_lets_a_run_finish() {
    let store = Flaky::default();
    let (task, mut reports) = waiting("a");
    let scheduler = build(&store, vec![task]).await;
    let running = scheduler.start().await.expect("it starts");
    let job = scheduler.enqueue("a", &()).await.expect("it is valid");
    let (context, word) = next(&mut reports).await;
    let later = async {
        let job = scheduler.enqueue("a", &()).await.expect("it is valid");
        word.send(()).expect("it still runs");
        job
    };
    let (stopped, later) = tokio::join!(running.stop(millis(60_000)), later);
    assert_eq!((stopped.left, context.why_cancelled()), (0, None));
    assert_eq!(runs_of(&store, job).await[0].ended.outcome, Outcome::Succeeded);
    let [waits] = &jobs(&store).await[..] else { panic!("one job") };
    assert!(waits.id == later && matches!(waits.state, JobState::Waiting { .. }));
}

#[tokio::test]
async fn a_hard_stop_interrupts_a_run_and_its_job_waits_again_uncounted() {
    let store = Flaky::default();
    let (task, mut reports) = waiting("a");
    let scheduler = build(&store, vec![task]).await;
    let running = scheduler.start().await.expect("it starts");
    let job = scheduler.enqueue("a", &()).await.expect("it is valid");
    let (context, _word) = next(&mut reports).await;
    assert_eq!(running.abort().await.left, 0);
    assert_eq!(context.why_cancelled(), Some(Outcome::Interrupted));
    let [waits] = &jobs(&store).await[..] else { panic!("one job") };
    assert!(matches!(waits.state, JobState::Waiting { .. }) && waits.attempt() == 1);
    let runs = runs_of(&store, job).await;
    assert_eq!((runs[0].ended.outcome, runs[0].settled), (Outcome::Interrupted, false));

    let running = scheduler.start().await.expect("it starts again");
    let (context, word) = next(&mut reports).await;
    assert_eq!((context.job(), context.attempt()), (job, 1));
    word.send(()).expect("it runs");
    assert_eq!(settled(&store, job).await.len(), 2);
    assert_eq!(running.stop(millis(60_000)).await.left, 0);
}

#[tokio::test]
async fn a_soft_stop_turns_hard_when_its_grace_is_over() {
    let store = Flaky::default();
    let (task, mut reports) = waiting("a");
    let scheduler = build(&store, vec![task]).await;
    let running = scheduler.start().await.expect("it starts");
    scheduler.enqueue("a", &()).await.expect("it is valid");
    let (context, _word) = next(&mut reports).await;
    assert_eq!(running.stop(millis(10)).await.left, 0);
    assert_eq!(context.why_cancelled(), Some(Outcome::Interrupted));
}

#[tokio::test]
async fn a_second_start_is_refused_until_the_first_has_ended() {
    let store = Flaky::default();
    let scheduler = build(&store, Vec::new()).await;
    let running = scheduler.start().await.expect("it starts");
    let refused = scheduler.clone().start().await.expect_err("it runs already");
    assert!(refused.is_conflict());
    assert_eq!(running.stop(millis(60_000)).await.left, 0);
    let running = scheduler.start().await.expect("it starts again");
    assert_eq!(running.stop(millis(60_000)).await.left, 0);
}

#[tokio::test]
async fn a_start_that_failed_can_be_tried_again() {
    let store = Flaky::default();
    let builder = Scheduler::builder(store.clone()).node("a").node_is_mine();
    let scheduler = builder.build().await.expect("it is valid");
    store.meets("rescue", Trouble::Down);
    assert!(scheduler.start().await.expect_err("the store is down").is_store());
    store.meets("rescue", Trouble::None);
    let running = scheduler.start().await.expect("it starts");
    assert_eq!(running.stop(millis(60_000)).await.left, 0);
}

#[tokio::test]
async fn a_node_that_owns_its_name_takes_over_at_once() {
    let store = Flaky::default();
    let (task, mut reports) = reporting("a");
    let builder = Scheduler::builder(store.clone()).task(task).node("here").node_is_mine();
    let scheduler = builder.build().await.expect("it is valid");
    let job = scheduler.enqueue("a", &()).await.expect("it is valid");
    let tasks = [TaskId::new("a").expect("a name")];
    let node = NodeId::new("here").expect("a name");
    let (tags, lease_for) = (&Tags::NONE, Span::from_days(1));
    let claim = ClaimJobs { node, tasks: &tasks, tags, lease_for, max: 1 };
    let lost = store.claim_jobs(Clock::Server, &claim).await.expect("it works");
    assert_eq!(lost.value.len(), 1, "the former self was lost with this");
    let running = scheduler.start().await.expect("it starts");
    let context = next(&mut reports).await;
    assert_eq!((context.job(), context.attempt()), (job, 2));
    let outcomes: Vec<_> = settled(&store, job).await.iter().map(|run| run.ended.outcome).collect();
    assert_eq!(outcomes, [Outcome::LeaseLost, Outcome::Succeeded]);
    assert_eq!(running.stop(millis(60_000)).await.left, 0);
}

#[tokio::test]
async fn a_node_that_shares_its_name_leaves_the_runs_of_the_other_alone() {
    let store = Flaky::default();
    let (task, mut reports) = waiting("a");
    let builder = Scheduler::builder(store.clone()).task(task).node("shared");
    let working = builder.build().await.expect("it is valid");
    let running = working.start().await.expect("it starts");
    let job = working.enqueue("a", &()).await.expect("it is valid");
    let (context, word) = next(&mut reports).await;
    let other = Scheduler::builder(store.clone()).node("shared").build().await;
    let stops = other.expect("it is valid").start().await.expect("it starts");
    assert_eq!(stops.stop(millis(60_000)).await.left, 0);
    assert_eq!(jobs(&store).await[0].token, context.token());
    assert!(matches!(jobs(&store).await[0].state, JobState::Leased { .. }));
    word.send(()).expect("it still runs");
    assert_eq!(settled(&store, job).await.len(), 1);
    assert_eq!(running.stop(millis(60_000)).await.left, 0);
}

#[tokio::test]
async fn a_lease_that_cannot_be_kept_is_refused() {
    for (lease_for, margin) in [(1, 2), (3, 2), (0, 0), (-1, -2)] {
        let lease_for = Span::from_secs(lease_for);
        let lease = LeaseTerms { lease_for, margin: Span::from_secs(margin) };
        let built = Scheduler::builder(Flaky::default()).lease(lease).build().await;
        assert!(built.expect_err("it cannot be renewed in time").is_invalid());
    }
}

/// A thread of the runtime that finds nothing to do goes to sleep; one that turns in circles does
/// not.
#[test]
fn with_every_handle_gone_the_last_run_is_waited_for_in_peace() {
    let (parked, parks) = sync_channel(0);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .on_thread_park(move || {
            let _ = parked.try_send(());
        })
        .build()
        .expect("a runtime");
    let (started, starts) = sync_channel(1);
    let node = std::thread::spawn(move || {
        runtime.block_on(async {
            let store = Flaky::default();
            let (task, mut reports) = waiting("a");
            let scheduler = build(&store, vec![task]).await;
            let running = scheduler.start().await.expect("it starts");
            let job = scheduler.enqueue("a", &()).await.expect("it is valid");
            let (context, word) = next(&mut reports).await;
            drop((running, scheduler));
            started.send(word).expect("the test waits for it");
            settled(&store, job).await;
            assert_eq!(context.why_cancelled(), None);
        });
    });
    let word = starts.recv_timeout(Duration::from_secs(60)).expect("it runs");
    for _ in 0..3 {
        parks.recv_timeout(Duration::from_secs(60)).expect("it waits in peace");
    }
    word.send(()).expect("it still runs");
    node.join().expect("it ends");
}
