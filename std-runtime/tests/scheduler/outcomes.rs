//! However a run ends, its end is in the history.

use core::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use mainspring::{Context, Task};
use mainspring_contract::record::{Cancelled, JobState};
use mainspring_core::outcome::Outcome;
use mainspring_core::settings::{Backoff, Retry};
use mainspring_core::time::Span;

use crate::flaky::Flaky;
use crate::rig::{build, jobs, long_lease, millis, next, reporting, settled, waiting};
use mainspring::Scheduler;

/// An error with a cause.
#[derive(Debug)]
struct Broken(Option<Box<Self>>);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "the pump stands still" } else { "no water" })
    }
}

impl std::error::Error for Broken {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.as_deref().map(|cause| cause as _)
    }
}

#[tokio::test]
async fn every_way_to_end_is_an_outcome() {
    let store = Flaky::default();
    let fail = |(): (), _: Context| async { Err::<(), _>(Broken(Some(Box::new(Broken(None))))) };
    let panic = |in_tune: Option<bool>, _: Context| async move {
        assert!(in_tune.is_some(), "out of tune");
        Ok::<_, String>(())
    };
    let hang = |(): (), _: Context| core::future::pending::<Result<(), String>>();
    let count = |_: u32, _: Context| async { Ok::<_, String>(()) };
    let tasks = vec![
        Task::new("fail", fail),
        Task::new("panic", panic),
        Task::new("hang", hang).timeout(millis(20)),
        Task::new("count", count),
    ];
    let scheduler = build(&store, tasks).await;
    let _running = scheduler.start().await.expect("it starts");
    for (task, outcome, error) in [
        ("fail", Outcome::Failed, "the pump stands still: no water"),
        ("panic", Outcome::Panicked, "out of tune"),
        ("hang", Outcome::TimedOut, "aborted: timed out"),
        ("count", Outcome::Undecodable, "the arguments do not fit: invalid type: null"),
    ] {
        let job = scheduler.enqueue(task, &()).await.expect("it is valid");
        let runs = settled(&store, job).await;
        assert_eq!((runs.len(), runs[0].ended.outcome), (1, outcome), "{task}");
        let detail = runs[0].ended.detail.as_ref().expect("a reason");
        let text = detail.error.as_deref().expect("a reason");
        assert!(text.contains(error), "{task}: {text}");
    }
}

#[tokio::test]
async fn a_failed_job_is_tried_again_after_its_backoff() {
    let store = Flaky::default();
    let tries = Arc::new(AtomicU32::new(0));
    let run = move |(): (), context: Context| {
        let tries = Arc::clone(&tries);
        async move {
            let before = tries.fetch_add(1, Ordering::Relaxed);
            assert_eq!(context.attempt(), before + 1);
            if before < 2 { Err("not yet") } else { Ok(()) }
        }
    };
    let backoff = Backoff::Fixed(Span::from_millis(10));
    let task = Task::new("a", run).retry(Retry { max: 5, backoff, jitter: 0 });
    let scheduler = build(&store, vec![task]).await;
    let _running = scheduler.start().await.expect("it starts");
    let job = scheduler.enqueue("a", &()).await.expect("it is valid");
    let runs = settled(&store, job).await;
    let outcomes: Vec<_> = runs.iter().map(|run| (run.ended.outcome, run.settled)).collect();
    let again = (Outcome::Failed, false);
    assert_eq!(outcomes, [again, again, (Outcome::Succeeded, true)]);
    for pair in runs.windows(2) {
        let started_at = pair[1].ended.started_at.expect("it ran");
        assert!(started_at.since(pair[0].ended.finished_at) >= Span::from_millis(10));
        assert!(pair[1].token > pair[0].token && pair[1].attempt == pair[0].attempt + 1);
    }
}

#[tokio::test]
async fn a_waiting_job_is_cancelled_at_once() {
    let store = Flaky::default();
    let (task, _reports) = reporting("a");
    let scheduler = build(&store, vec![task]).await;
    let job = scheduler.enqueue("a", &()).await.expect("it is valid");
    assert_eq!(scheduler.cancel(job).await.expect("it works"), Cancelled::Settled);
    assert_eq!(scheduler.cancel(job).await.expect("it works"), Cancelled::Over);
    let runs = settled(&store, job).await;
    assert_eq!((runs[0].ended.outcome, runs[0].ended.started_at), (Outcome::Cancelled, None));
}

#[tokio::test]
async fn a_running_job_is_told_to_stop_when_it_is_cancelled() {
    let store = Flaky::default();
    let (task, mut reports) = waiting("a");
    // It hears of it at once, and not when it renews.
    let builder = Scheduler::builder(store.clone()).task(task).lease(long_lease());
    let scheduler = builder.build().await.expect("it is valid");
    let running = scheduler.start().await.expect("it starts");
    let job = scheduler.enqueue("a", &()).await.expect("it is valid");
    let (context, _word) = next(&mut reports).await;
    assert_eq!(scheduler.cancel(job).await.expect("it works"), Cancelled::Asked);
    let [leased] = &jobs(&store).await[..] else { panic!("one job") };
    assert!(matches!(leased.state, JobState::Leased { cancel: true, .. }));
    let runs = settled(&store, job).await;
    assert_eq!((runs.len(), runs[0].ended.outcome), (1, Outcome::Cancelled));
    assert_eq!(context.why_cancelled(), Some(Outcome::Cancelled));
    assert_eq!(running.stop(millis(60_000)).await.left, 0);
}
