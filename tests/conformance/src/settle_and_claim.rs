//! Settling jobs and taking more in one step.

use mainspring_contract::Store;
use mainspring_contract::record::{ClaimJobs, Job, Settle, Written};
use mainspring_core::outcome::Outcome;

use crate::Subject;
use crate::rig::{LEASE, Rig, clock, one, value};
use crate::sample::{at, ended, job_id, node, queued, secs, tags, task, task_id};

async fn next<S: Store>(rig: &Rig<S>, t: i64, over: &[&Job], max: u32) -> (Vec<Written>, Vec<Job>) {
    let settle = |job: &&Job| Settle {
        job: job.id,
        token: job.token,
        ended: ended(Outcome::Succeeded, at(t)),
    };
    let settles: Vec<Settle> = over.iter().map(settle).collect();
    let (tasks, tags) = ([task_id("t")], tags(&[]));
    let claim =
        ClaimJobs { node: node("w"), tasks: &tasks, tags: &tags, lease_for: secs(LEASE), max };
    value(rig.0.settle_and_claim(clock(t), &settles, &claim).await)
}

/// What was settled makes room for what is claimed.
pub async fn a_settled_job_makes_room_for_the_next<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    rig.put_task(0, task("t", Some(1))).await;
    rig.enqueue_all(0, &[1, 2, 3].map(|n| queued(n, "t"))).await;
    let (written, claimed) = next(&rig, 1, &[], 9).await;
    assert_eq!(written, []);
    let mut running = one(claimed);
    for number in 1..=3 {
        assert_eq!(running.id, job_id(number));
        let (written, claimed) = next(&rig, 2, &[&running], 9).await;
        assert_eq!(written, [Written::Done]);
        assert_eq!(rig.outcome(job_id(number)).await, Some(Outcome::Succeeded));
        match claimed.into_iter().next() {
            Some(next) => running = next,
            None => assert_eq!(number, 3),
        }
    }
}

/// A stale token is told, and does not stop the claim.
pub async fn a_stale_settle_does_not_stop_the_claim<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    rig.enqueue_all(0, &[1, 2, 3].map(|n| queued(n, "t"))).await;
    let jobs = rig.claim(0, "w", &["t"], 2).await;
    assert_eq!(rig.settle(1, &jobs[0], Outcome::Failed).await, Written::Done);
    let (written, claimed) = next(&rig, 2, &[&jobs[0], &jobs[1]], 9).await;
    assert_eq!(written, [Written::LeaseLost, Written::Done]);
    assert_eq!(one(claimed).id, job_id(3));
    let (written, claimed) = next(&rig, 3, &[&jobs[1]], 0).await;
    assert_eq!((written, claimed), (vec![Written::Done], vec![]), "again, and no more");
}
