//! Jobs for whose time somebody does not want to wait.

use mainspring_contract::record::{Enqueue, Hastened, JobState, Written};
use mainspring_contract::store::RunFilter;
use mainspring_core::outcome::Outcome;
use mainspring_core::overlap::Overlap;

use crate::Subject;
use crate::rig::{Rig, one};
use crate::sample::{at, fired, job_id, overlapping, queued, replace};

/// It is claimed at once, and its failures still count.
pub async fn a_job_that_waits_for_its_retry_is_ready_at_once<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    rig.enqueue_all(0, &[queued(1, "t")]).await;
    let job = rig.claim_one(0, "w", "t").await;
    assert_eq!(rig.retry(1, &job, 500).await, Written::Done);
    assert_eq!(rig.claim(2, "w", &["t"], 9).await, []);
    assert_eq!(rig.hasten(2, job.id).await, Hastened::Ready);
    let again = rig.claim_one(2, "w", "t").await;
    assert_eq!((again.id, again.attempt()), (job.id, 2));
    assert_eq!(rig.runs(&RunFilter::newest(9)).await.len(), 1, "it leaves no record");
}

/// A job that was queued for later, too; one that is ready keeps its place among others.
pub async fn hastening_twice_is_hastening_once<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let later = Enqueue { ready_at: Some(at(500)), ..queued(1, "t") };
    rig.enqueue_all(0, &[later, queued(2, "t")]).await;
    for t in [5, 7] {
        assert_eq!(rig.hasten(t, job_id(1)).await, Hastened::Ready);
        assert_eq!(rig.hasten(t, job_id(2)).await, Hastened::Ready);
    }
    let state = |ready_at| Some(JobState::Waiting { ready_at: at(ready_at) });
    assert_eq!(rig.job(job_id(1)).await.map(|job| job.state), state(5));
    assert_eq!(rig.job(job_id(2)).await.map(|job| job.state), state(0));
    assert_eq!(one(rig.claim(7, "w", &["t"], 1).await).id, job_id(2));
}

/// What waits for something else is left alone, and the answer says for what.
pub async fn only_what_waits_for_its_time_is_hastened<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let _ = rig.put(0, &replace(&overlapping("a", Overlap::Queue), at(5))).await;
    assert_eq!(rig.fire(5, "a", &[5], 6).await, 1);
    assert_eq!(rig.fire(6, "a", &[6], 16).await, 1);
    assert_eq!(rig.hasten(6, fired("a", 6)).await, Hastened::Held);
    let job = rig.claim_one(6, "w", "t").await;
    assert_eq!(rig.hasten(7, job.id).await, Hastened::Running);
    assert_eq!(rig.job(job.id).await, Some(job.clone()));
    assert_eq!(rig.settle(7, &job, Outcome::Succeeded).await, Written::Done);
    assert_eq!(rig.hasten(8, job.id).await, Hastened::Over);
    assert_eq!(rig.hasten(8, job_id(99)).await, Hastened::Missing);
}
