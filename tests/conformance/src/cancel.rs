//! Asking for jobs to stop.

use mainspring_contract::record::{Cancelled, Job, JobState, Renewed, Written};
use mainspring_core::outcome::Outcome;

use crate::Subject;
use crate::rig::{LEASE, Rig, one};
use crate::sample::{at, job_id, queued};

/// A store with job 1 of task `t`, claimed at 0 and then cancelled.
async fn asked<S: Subject>(subject: &S) -> (Rig<S::Store>, Job) {
    let rig = Rig(subject.fresh().await);
    rig.enqueue_all(0, &[queued(1, "t")]).await;
    let job = rig.claim_one(0, "w", "t").await;
    assert_eq!(rig.cancel(1, job.id).await, Cancelled::Asked);
    (rig, job)
}

/// Nobody has to be asked.
pub async fn a_waiting_job_is_over_at_once<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    rig.enqueue_all(0, &[queued(1, "t")]).await;
    assert_eq!(rig.cancel(3, job_id(1)).await, Cancelled::Settled);
    assert_eq!(rig.outcome(job_id(1)).await, Some(Outcome::Cancelled));
    let run = one(rig.runs_of(job_id(1)).await);
    assert_eq!((run.node, run.token.number(), run.attempt), (None, 0, 1));
    assert_eq!((run.ended.started_at, run.ended.finished_at), (None, at(3)));
    assert_eq!(rig.claim(4, "w", &["t"], 9).await, []);
}

/// It learns when it renews, and goes on holding the job until then.
pub async fn the_holder_of_a_running_job_is_asked<S: Subject>(subject: &S) {
    let (rig, job) = asked(subject).await;
    let state = one(rig.jobs().await).state;
    assert!(matches!(state, JobState::Leased { cancel: true, .. }), "{state:?}");
    assert_eq!(rig.renew(2, &job, LEASE).await, Renewed::Kept { cancel: true });
    assert_eq!(rig.renew(3, &job, LEASE).await, Renewed::Kept { cancel: true });
    assert_eq!(rig.settle(4, &job, Outcome::Cancelled).await, Written::Done);
    assert_eq!(rig.outcome(job.id).await, Some(Outcome::Cancelled));
}

/// Both are answers, not errors.
pub async fn a_job_that_is_over_or_unknown_is_told_apart<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    rig.enqueue_all(0, &[queued(1, "t")]).await;
    let job = rig.claim_one(0, "w", "t").await;
    assert_eq!(rig.settle(1, &job, Outcome::Succeeded).await, Written::Done);
    assert_eq!(rig.cancel(2, job.id).await, Cancelled::Over);
    assert_eq!(rig.cancel(2, job_id(9)).await, Cancelled::Missing);
    assert_eq!(rig.outcome(job.id).await, Some(Outcome::Succeeded));
}

/// A caller that does not know whether its request arrived asks again.
pub async fn asking_twice_is_asking_once<S: Subject>(subject: &S) {
    let (rig, job) = asked(subject).await;
    assert_eq!(rig.cancel(2, job.id).await, Cancelled::Asked);
    assert_eq!(rig.renew(2, &job, LEASE).await, Renewed::Kept { cancel: true });
    rig.enqueue_all(3, &[queued(2, "t")]).await;
    assert_eq!(rig.cancel(3, job_id(2)).await, Cancelled::Settled);
    assert_eq!(rig.cancel(3, job_id(2)).await, Cancelled::Over);
    assert_eq!(rig.runs_of(job_id(2)).await.len(), 1);
}

/// It does not go round again.
pub async fn a_cancelled_job_that_is_released_is_over<S: Subject>(subject: &S) {
    let (rig, job) = asked(subject).await;
    assert_eq!(rig.release(2, &job).await, Written::Done);
    assert_eq!(rig.outcome(job.id).await, Some(Outcome::Cancelled));
}

/// Its failure is not followed by another attempt.
pub async fn a_cancelled_job_that_is_retried_is_over<S: Subject>(subject: &S) {
    let (rig, job) = asked(subject).await;
    assert_eq!(rig.retry(2, &job, 5).await, Written::Done);
    assert_eq!(rig.retry(2, &job, 5).await, Written::Done, "asked again, told the same");
    assert_eq!(rig.outcome(job.id).await, Some(Outcome::Cancelled));
    assert_eq!(rig.runs_of(job.id).await.len(), 1);
}

/// Nobody starts it again.
pub async fn a_cancelled_job_that_is_lost_is_over<S: Subject>(subject: &S) {
    let (rig, job) = asked(subject).await;
    let run = one(rig.rescue(LEASE, 9).await);
    assert_eq!((run.ended.outcome, run.settled), (Outcome::Cancelled, true));
    assert_eq!(rig.outcome(job.id).await, Some(Outcome::Cancelled));
}

/// The wish came too late, and the history says what really happened.
pub async fn a_cancelled_job_that_succeeds_has_succeeded<S: Subject>(subject: &S) {
    let (rig, job) = asked(subject).await;
    assert_eq!(rig.settle(2, &job, Outcome::Succeeded).await, Written::Done);
    assert_eq!(rig.outcome(job.id).await, Some(Outcome::Succeeded));
}
