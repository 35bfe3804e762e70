//! What a task asks for by the error that it returns.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use mainspring::{Backoff, Context, GiveUp, Retry, RetryAfter, Snooze, Task};
use mainspring_core::outcome::Outcome;
use mainspring_core::time::Span;

use crate::flaky::Flaky;
use crate::rig::{build, millis, settled};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Runs a task with three slow retries whose runs end as `end` says, which is given the number of
/// runs before.
async fn outcomes(end: impl Fn(u32) -> Result<(), Failure> + Send + Sync + 'static) -> Vec<Seen> {
    let store = Flaky::default();
    let (end, before) = (Arc::new(end), Arc::new(AtomicU32::new(0)));
    let run = move |(): (), _: Context| {
        let (end, before) = (Arc::clone(&end), Arc::clone(&before));
        async move { end(before.fetch_add(1, Ordering::Relaxed)) }
    };
    // Nobody waits for these: an error says otherwise, or the test hangs.
    let (first, max) = (Span::from_hours(1), Span::from_hours(2));
    let retry = Retry { max: 3, backoff: Backoff::Linear { first, max }, jitter: 50 };
    let scheduler = build(&store, vec![Task::new("t", run).retry(retry)]).await;
    let _running = scheduler.start().await.expect("it starts");
    let job = scheduler.enqueue("t", &()).await.expect("it is valid");
    let runs = settled(&store, job).await;
    let error = |run: &mainspring_contract::record::Run| {
        run.ended.detail.as_ref().and_then(|detail| detail.error.clone())
    };
    runs.iter().map(|run| (run.ended.outcome, run.attempt, error(run))).collect()
}

/// An outcome, the attempt, and the error text.
type Seen = (Outcome, u32, Option<String>);

#[tokio::test]
async fn a_task_that_gives_up_is_not_tried_again() {
    let seen = outcomes(|_| Err(GiveUp::because("no such customer").into())).await;
    assert_eq!(seen, [(Outcome::Failed, 1, Some("no such customer".to_owned()))]);
}

#[tokio::test]
async fn a_task_chooses_the_wait_before_its_next_attempt() {
    let seen = outcomes(|before| match before {
        0 => Err(RetryAfter::new(millis(5), "busy").into()),
        _ => Ok(()),
    })
    .await;
    let failed = (Outcome::Failed, 1, Some("busy".to_owned()));
    assert_eq!(seen, [failed, (Outcome::Succeeded, 2, None)]);
}

#[tokio::test]
async fn a_task_that_snoozes_has_not_failed_however_often_it_does() {
    let seen = outcomes(|before| match before {
        0..=5 => Err(Snooze::after(millis(1)).into()),
        _ => Ok(()),
    })
    .await;
    assert_eq!(seen[..6], [const { (Outcome::Snoozed, 1, None::<String>) }; 6]);
    assert_eq!(seen[6..], [(Outcome::Succeeded, 1, None)]);
}
