//! What a store's capabilities promise, and what their absence means.

use std::collections::BTreeSet;

use mainspring_contract::Store;
use mainspring_contract::record::{Conflict, Enqueued, Hold, JobState, Written};
use mainspring_contract::store::{RunFilter, SkipFilter};
use mainspring_core::outcome::Outcome;
use mainspring_core::overlap::Overlap;

use crate::Subject;
use crate::rig::Rig;
use crate::sample::{
    advance, at, fired, job_id, keyed, overlapping, queued, replace, skip, spec, task,
};

const SKIPS: SkipFilter = SkipFilter::newest(99);

/// Tasks, schedules with their claims, jobs with their leases, and history; otherwise it is empty.
pub async fn what_it_holds_is_there_after_a_reopen_if_it_is_durable<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let durable = rig.0.capabilities().durable;
    rig.put_task(0, task("t", Some(2))).await;
    let _ = rig.put(0, &replace(&spec("a", "t"), at(5))).await;
    let a = rig.claim_due(5, "p", 1).await.remove(0);
    let mut request = advance(&a, at(5), at(6));
    let _ = request.skips.push(skip(at(4)));
    let _ = rig.advance(5, &request).await;
    rig.enqueue_all(5, &[1, 2, 3].map(|n| queued(n, "t"))).await;
    let held = rig.claim(6, "w", &["t"], 2).await;
    assert_eq!(rig.settle(7, &held[0], Outcome::Succeeded).await, Written::Done);
    let _ = rig.claim_due(7, "p", 1).await;
    let before = (
        rig.schedules(None, 9).await,
        rig.jobs().await,
        rig.runs(&RunFilter::newest(9)).await,
        rig.skips(&SKIPS).await,
        rig.pulse(8).await,
    );
    let rig = Rig(subject.reopen(rig.0).await);
    let after = (
        rig.schedules(None, 9).await,
        rig.jobs().await,
        rig.runs(&RunFilter::newest(9)).await,
        rig.skips(&SKIPS).await,
        rig.pulse(8).await,
    );
    if durable {
        assert_eq!(after, before);
        assert_eq!(rig.claim(8, "w", &["t"], 9).await.len(), 1, "the limit and the lease count");
        assert_eq!(rig.settle(9, &held[1], Outcome::Succeeded).await, Written::Done);
    } else {
        assert!(after.0.is_empty() && after.1.is_empty() && after.2.is_empty());
        assert_eq!(rig.settle(9, &held[1], Outcome::Succeeded).await, Written::LeaseLost);
    }
}

/// Otherwise it is another store.
pub async fn a_second_handle_sees_the_same_if_it_is_shared<S: Subject>(subject: &S) {
    let one = Rig(subject.fresh().await);
    let shared = one.0.capabilities().shared;
    let two = Rig(subject.beside(&one.0).await);
    let _ = one.put(0, &replace(&spec("a", "t"), at(5))).await;
    one.enqueue_all(0, &[queued(1, "t")]).await;
    if shared {
        assert_eq!(two.pulse(1).await, one.pulse(1).await);
        let job = two.claim_one(1, "two", "t").await;
        assert_eq!(one.job(job.id).await.as_ref(), Some(&job));
        assert_eq!(one.settle(2, &job, Outcome::Succeeded).await, Written::Done);
        assert_eq!(two.outcome(job.id).await, Some(Outcome::Succeeded));
    } else {
        assert_eq!((two.jobs().await, two.schedule("a").await), (vec![], None));
    }
}

/// Nor do two that do not share it.
pub async fn claimers_on_two_handles_never_share_a_job<S: Subject>(subject: &S) {
    let one = Rig(subject.fresh().await);
    let shared = one.0.capabilities().shared;
    let two = Rig(subject.beside(&one.0).await);
    let jobs: Vec<_> = (1..=40).map(|n| queued(n, "t")).collect();
    one.enqueue_all(0, &jobs).await;
    let mut seen = BTreeSet::new();
    let mut by_two = 0;
    for _ in 0..10 {
        let first = one.claim(1, "w", &["t"], 2).await;
        let second = two.claim(1, "w", &["t"], 2).await;
        by_two += second.len();
        for job in first.into_iter().chain(second) {
            assert!(seen.insert(job.id), "{} was claimed twice", job.id);
        }
    }
    assert_eq!((seen.len(), by_two), if shared { (40, 20) } else { (20, 0) });
}

/// A key, and the job that another one is held for, are facts of the store and not of a handle.
pub async fn jobs_that_wait_for_one_another_do_so_over_two_handles<S: Subject>(subject: &S) {
    let one = Rig(subject.fresh().await);
    let shared = one.0.capabilities().shared;
    let two = Rig(subject.beside(&one.0).await);
    let _ = one.put(0, &replace(&overlapping("a", Overlap::Queue), at(5))).await;
    assert_eq!(one.fire(15, "a", &[5, 15], 25).await, 2);
    let job = |number| keyed(number, "keyed", "k", Hold::Live, Conflict::Reject);
    assert_eq!(one.enqueue(15, &job(1)).await, Enqueued::Inserted);
    if shared {
        assert_eq!(two.enqueue(16, &job(2)).await, Enqueued::Rejected(job_id(1)));
        let running = two.claim_one(16, "two", "t").await;
        assert_eq!(two.settle(17, &running, Outcome::Succeeded).await, Written::Done);
        assert_eq!(one.claim_one(18, "one", "t").await.id, fired("a", 15));
    } else {
        assert_eq!(two.enqueue(16, &job(2)).await, Enqueued::Inserted);
        assert_eq!(two.claim(16, "two", &["t"], 9).await, []);
    }
}

/// Otherwise nobody is in anybody's way.
pub async fn held_jobs_and_keys_are_there_after_a_reopen_if_it_is_durable<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let durable = rig.0.capabilities().durable;
    let _ = rig.put(0, &replace(&overlapping("a", Overlap::Queue), at(5))).await;
    assert_eq!(rig.fire(15, "a", &[5, 15], 25).await, 2);
    let job = |number| keyed(number, "keyed", "k", Hold::Live, Conflict::Reject);
    assert_eq!(rig.enqueue(15, &job(1)).await, Enqueued::Inserted);
    let _ = rig.pause(15, "a").await;
    let before = (rig.jobs().await, rig.schedule("a").await);
    let rig = Rig(subject.reopen(rig.0).await);
    if durable {
        assert_eq!((rig.jobs().await, rig.schedule("a").await), before);
        assert_eq!(rig.enqueue(16, &job(2)).await, Enqueued::Rejected(job_id(1)));
        let _ = rig.cancel(16, fired("a", 5)).await;
        let freed = rig.job(fired("a", 15)).await.expect("it was held");
        assert_eq!(freed.state, JobState::Waiting { ready_at: at(15) });
    } else {
        assert_eq!(rig.enqueue(16, &job(2)).await, Enqueued::Inserted);
    }
}
