//! Keeping a job for longer.

use mainspring_contract::Store;
use mainspring_contract::record::{JobState, Renewed, Written};
use mainspring_core::time::Timestamp;

use crate::Subject;
use crate::rig::{LEASE, Rig};
use crate::sample::{at, job_id, queued};

async fn lease_end<S: Store>(rig: &Rig<S>) -> Option<Timestamp> {
    match rig.job(job_id(1)).await?.state {
        JobState::Leased { lease, .. } => Some(lease.until),
        JobState::Held { .. } | JobState::Waiting { .. } | JobState::Settled { .. } => None,
    }
}

/// Counted from the renewal on.
pub async fn a_renewed_lease_lasts_longer<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    rig.enqueue_all(0, &[queued(1, "t")]).await;
    let job = rig.claim_one(0, "w", "t").await;
    assert_eq!(rig.renew(5, &job, LEASE).await, Renewed::Kept { cancel: false });
    assert_eq!(lease_end(&rig).await, Some(at(5 + LEASE)));
    assert_eq!(rig.rescue(LEASE, 9).await, []);
}

/// Requests may overtake one another.
pub async fn a_renewal_never_shortens_a_lease<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    rig.enqueue_all(0, &[queued(1, "t")]).await;
    let job = rig.claim_one(0, "w", "t").await;
    assert_eq!(rig.renew(5, &job, 1).await, Renewed::Kept { cancel: false });
    assert_eq!(lease_end(&rig).await, Some(at(LEASE)));
}

/// A holder that lost its job learns it.
pub async fn a_stale_renewal_is_told<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    rig.enqueue_all(0, &[queued(1, "t")]).await;
    let first = rig.claim_one(0, "w", "t").await;
    assert_eq!(rig.release(1, &first).await, Written::Done);
    assert_eq!(rig.renew(1, &first, LEASE).await, Renewed::LeaseLost);
    let second = rig.claim_one(2, "w", "t").await;
    assert_eq!(rig.renew(3, &first, 500).await, Renewed::LeaseLost);
    assert_eq!(lease_end(&rig).await, Some(at(2 + LEASE)));
    assert_eq!(rig.renew(3, &second, LEASE).await, Renewed::Kept { cancel: false });
    let unknown = mainspring_contract::record::Job { id: job_id(9), ..second };
    assert_eq!(rig.renew(3, &unknown, LEASE).await, Renewed::LeaseLost);
}

/// Being late is no harm as long as nobody else was given the job.
pub async fn a_lease_that_nobody_rescued_can_still_be_renewed<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    rig.enqueue_all(0, &[queued(1, "t")]).await;
    let job = rig.claim_one(0, "w", "t").await;
    let late = LEASE + 5;
    assert_eq!(rig.renew(late, &job, LEASE).await, Renewed::Kept { cancel: false });
    assert_eq!(rig.rescue(late, 9).await, []);
}
