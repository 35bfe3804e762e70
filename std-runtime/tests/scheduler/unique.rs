//! Jobs that stand for something, and jobs that start at their time or not at all.

use mainspring::{Conflict, Hold, Queued};
use mainspring_contract::record::JobState;
use mainspring_core::outcome::Outcome;
use mainspring_core::settings::{Priority, Retry};
use mainspring_core::time::Span;

use crate::flaky::Flaky;
use crate::rig::{build, jobs, millis, next, past, reporting, settled, waiting};

#[tokio::test]
async fn a_second_job_with_the_same_key_is_kept_out_refused_or_takes_the_place() {
    let store = Flaky::default();
    let scheduler = build(&store, Vec::new()).await;
    let ada = || scheduler.job("mail", &()).unique("ada");
    let first = ada().enqueue().await.expect("it is valid");
    assert!(matches!(first, Queued::New(_)));
    assert_eq!(ada().enqueue().await.expect("it is valid"), Queued::Kept(first.id()));
    let rejected = ada().on_conflict(Conflict::Reject).enqueue().await.expect("it is valid");
    assert_eq!(rejected, Queued::Rejected(first.id()));
    let other = scheduler.job("mail", &()).unique("eve").enqueue().await.expect("it is valid");
    assert!(matches!(other, Queued::New(_)));
    let replaced = ada().on_conflict(Conflict::Replace).enqueue().await.expect("it is valid");
    assert_eq!(replaced, Queued::Replaced { new: replaced.id(), old: first.id() });
    assert_eq!(settled(&store, first.id()).await[0].ended.outcome, Outcome::Cancelled);
    assert_eq!(jobs(&store).await.len(), 2);
}

#[tokio::test]
async fn a_key_is_held_as_long_as_the_job_says() {
    let store = Flaky::default();
    let (task, mut reports) = waiting("mail");
    let scheduler = build(&store, vec![task]).await;
    let _running = scheduler.start().await.expect("it starts");
    let job = |hold| scheduler.job("mail", &()).unique("ada").hold(hold);
    let until_it_runs = job(Hold::Waiting).enqueue().await.expect("it is valid");
    let (_, word) = next(&mut reports).await;
    word.send(()).expect("it waits");
    settled(&store, until_it_runs.id()).await;
    let live = job(Hold::Live).enqueue().await.expect("it is valid");
    assert!(matches!(live, Queued::New(_)));
    let (_, word) = next(&mut reports).await;
    assert_eq!(job(Hold::Live).enqueue().await.expect("it is valid"), Queued::Kept(live.id()));
    word.send(()).expect("it waits");
    settled(&store, live.id()).await;
    let hour = Hold::AtLeast(Span::from_hours(1));
    let once = job(hour).enqueue().await.expect("it is valid");
    next(&mut reports).await.1.send(()).expect("it waits");
    settled(&store, once.id()).await;
    assert_eq!(job(hour).enqueue().await.expect("it is valid"), Queued::Kept(once.id()));
}

#[tokio::test]
async fn many_jobs_are_queued_at_once_and_a_repeated_call_adds_none() {
    let store = Flaky::default();
    let scheduler = build(&store, Vec::new()).await;
    let ids: Vec<_> =
        (0..250_u128).map(|number| mainspring::JobId::from_bytes(number.to_be_bytes())).collect();
    let all = || ids.iter().map(|id| scheduler.job("t", &id.to_string()).id(*id));
    let queued = scheduler.enqueue_all(all()).await.expect("they are valid");
    assert_eq!(queued, ids.iter().map(|id| Queued::New(*id)).collect::<Vec<_>>());
    let again = scheduler.enqueue_all(all()).await.expect("they are valid");
    assert_eq!(again, ids.iter().map(|id| Queued::Known(*id)).collect::<Vec<_>>());
    let new = scheduler.enqueue_all((0..250).map(|number| scheduler.job("t", &number)));
    let new: Vec<_> = new.await.expect("they are valid").into_iter().map(Queued::id).collect();
    assert!(new.is_sorted_by(|a, b| a < b), "they begin in this order");
    let bad = [scheduler.job("t", &()), scheduler.job("", &())];
    assert!(scheduler.enqueue_all(bad).await.expect_err("no name").is_invalid());
}

#[tokio::test]
async fn a_job_starts_after_its_delay_or_expires_at_its_deadline() {
    let store = Flaky::default();
    let (task, mut reports) = reporting("t");
    let scheduler = build(&store, vec![task]).await;
    let _running = scheduler.start().await.expect("it starts");
    let late = scheduler.job("t", &()).ready_at(past()).start_by(past() + Span::from_secs(1));
    let late = late.enqueue().await.expect("it is valid").id();
    assert_eq!(settled(&store, late).await[0].ended.outcome, Outcome::Expired);
    let delayed = scheduler.job("t", &()).delay(millis(1_000)).priority(Priority::FIRST);
    let delayed = delayed.retry(Retry::times(2)).timeout(millis(5_000));
    let job = delayed.enqueue().await.expect("it is valid").id();
    let waits = &jobs(&store).await[0];
    assert_eq!((waits.id, waits.terms.priority, waits.terms.retry.max), (job, Priority::FIRST, 2));
    let JobState::Waiting { ready_at } = waits.state else { panic!("it waits") };
    assert!(ready_at > waits.created_at && ready_at <= waits.created_at + Span::from_secs(1));
    let context = next(&mut reports).await;
    assert_eq!(context.job(), job);
    assert!(context.started_at() >= ready_at);
}
