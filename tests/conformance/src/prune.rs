//! Forgetting history.

use mainspring_contract::Store;
use mainspring_contract::record::{Advance, Written};
use mainspring_contract::store::{RunFilter, SkipFilter};
use mainspring_core::outcome::Outcome;

use crate::Subject;
use crate::rig::{Rig, one};
use crate::sample::{advance, at, job_id, queued, replace, skip, spec};

const SKIPS: SkipFilter = SkipFilter::newest(99);

/// A store with a job that ended and a fire that was skipped at each of these seconds.
async fn with_history<S: Subject>(subject: &S, seconds: &[i64]) -> Rig<S::Store> {
    let rig = Rig(subject.fresh().await);
    let _ = rig.put(0, &replace(&spec("a", "t"), at(1))).await;
    for (number, &t) in (1..).zip(seconds) {
        let a = rig.schedule("a").await.expect("it was put");
        let skips = [skip(at(t))].into_iter().collect();
        let fires = heapless::Vec::new();
        let _ = rig.advance(t, &Advance { skips, fires, ..advance(&a, at(t), at(t)) }).await;
        rig.enqueue_all(t, &[queued(number, "t")]).await;
        let job = rig.claim_one(t, "w", "t").await;
        assert_eq!(rig.settle(t, &job, Outcome::Succeeded).await, Written::Done);
    }
    rig
}

async fn left<S: Store>(rig: &Rig<S>) -> (usize, usize) {
    (rig.runs(&RunFilter::newest(99)).await.len(), rig.skips(&SKIPS).await.len())
}

/// What ended at the border stays.
pub async fn old_history_goes_and_young_history_stays<S: Subject>(subject: &S) {
    let rig = with_history(subject, &[10, 20, 30]).await;
    assert_eq!(rig.prune(at(10), 99).await, 0);
    assert_eq!(rig.prune(at(20), 99).await, 2);
    assert_eq!(left(&rig).await, (2, 2));
    let oldest = rig.runs(&RunFilter::newest(99)).await.pop().map(|view| view.run.job);
    assert_eq!(oldest, Some(job_id(2)));
    assert_eq!(rig.prune(at(20), 99).await, 0);
}

/// A few rows at a time, the oldest first.
pub async fn a_prune_takes_no_more_than_asked_for<S: Subject>(subject: &S) {
    let rig = with_history(subject, &[10, 20, 30]).await;
    assert_eq!(rig.prune(at(99), 0).await, 0);
    assert_eq!(rig.prune(at(99), 2).await, 4);
    assert_eq!(left(&rig).await, (1, 1));
    assert_eq!(one(rig.runs(&RunFilter::newest(99)).await).run.job, job_id(3));
    assert_eq!(rig.prune(at(99), 2).await, 2);
    assert_eq!(left(&rig).await, (0, 0));
}

/// A job may be older than its history.
pub async fn pruning_leaves_live_jobs_alone<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    rig.enqueue_all(0, &[queued(1, "t"), queued(2, "t")]).await;
    let jobs = rig.claim(0, "w", &["t"], 1).await;
    assert_eq!(rig.retry(1, &jobs[0], 50).await, Written::Done);
    let before = rig.jobs().await;
    assert_eq!(rig.prune(at(99), 99).await, 1);
    assert_eq!(rig.jobs().await, before);
}
