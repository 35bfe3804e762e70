//! Handing out ready jobs.

use std::collections::BTreeSet;

use mainspring_contract::JobId;
use mainspring_contract::record::{Enqueue, Job, JobState, Task, Written};
use mainspring_core::id::Token;
use mainspring_core::outcome::Outcome;

use crate::Subject;
use crate::rig::{LEASE, Rig, one};
use crate::sample::{at, job_id, node, queued, task, urgent};

fn ids(jobs: &[Job]) -> Vec<JobId> {
    jobs.iter().map(|job| job.id).collect()
}

fn numbers(numbers: &[u64]) -> Vec<JobId> {
    numbers.iter().map(|number| job_id(*number)).collect()
}

/// The reply is the job as it is from now on.
pub async fn a_claim_is_a_lease_and_a_token<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    rig.enqueue_all(0, &[queued(1, "t")]).await;
    let waiting = rig.job(job_id(1)).await.expect("it was queued");
    let job = rig.claim_one(3, "w", "t").await;
    let JobState::Leased { lease, cancel } = &job.state else { panic!("{job:?}") };
    assert_eq!((&lease.node, lease.until, *cancel), (&node("w"), at(3 + LEASE), false));
    assert_eq!((lease.token, job.token), (Token::new(1), Token::new(1)));
    assert_eq!(rig.job(job_id(1)).await.as_ref(), Some(&job));
    assert_eq!(Job { state: waiting.state.clone(), token: waiting.token, ..job }, waiting);
}

/// So that every claim can be told from every other.
pub async fn each_claim_raises_the_token<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    rig.enqueue_all(0, &[queued(1, "t")]).await;
    for token in 1..5 {
        let job = rig.claim_one(0, "w", "t").await;
        assert_eq!(job.token, Token::new(token));
        assert_eq!(rig.release(0, &job).await, Written::Done);
    }
}

/// By priority, then by readiness, then by id.
pub async fn within_a_task_the_most_urgent_comes_first<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let ready = |t, job| Enqueue { ready_at: Some(at(t)), ..job };
    let jobs = [
        ready(1, urgent(1, "t", 9)),
        ready(3, urgent(2, "t", 5)),
        ready(2, queued(5, "t")),
        ready(2, urgent(4, "t", 5)),
        ready(4, urgent(3, "t", 0)),
    ];
    rig.enqueue_all(0, &jobs).await;
    assert_eq!(ids(&rig.claim(9, "w", &["t"], 2).await), numbers(&[3, 4]));
    assert_eq!(ids(&rig.claim(9, "w", &["t"], 9).await), numbers(&[5, 2, 1]));
}

/// A task with many or urgent jobs does not keep the others waiting.
pub async fn between_tasks_the_turn_goes_round<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let busy: Vec<_> = (1..=20).map(|n| urgent(n, "busy", 0)).collect();
    rig.enqueue_all(0, &busy).await;
    rig.enqueue_all(1, &[urgent(31, "calm", 9), urgent(32, "calm", 9)]).await;
    let claimed = rig.claim(2, "w", &["busy", "calm"], 4).await;
    let calm = claimed.iter().filter(|job| job.task.as_str() == "calm").count();
    assert_eq!((claimed.len(), calm), (4, 2));
}

/// Also if they are claimed one at a time.
pub async fn the_turn_goes_on_from_claim_to_claim<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let busy: Vec<_> = (1..=20).map(|n| urgent(n, "busy", 0)).collect();
    rig.enqueue_all(0, &busy).await;
    rig.enqueue_all(1, &[31, 32, 33].map(|n| urgent(n, "calm", 9))).await;
    let mut calm = 0;
    for _ in 0..6 {
        let job = one(rig.claim(2, "w", &["busy", "calm", "empty"], 1).await);
        calm += u32::from(job.task.as_str() == "calm");
    }
    assert!((2..=3).contains(&calm), "{calm} of 6");
}

/// A node gets no job that it cannot run.
pub async fn only_offered_tasks_are_claimed<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    rig.enqueue_all(0, &[queued(1, "a"), queued(2, "b"), queued(3, "c")]).await;
    assert_eq!(rig.claim(0, "w", &[], 9).await, []);
    assert_eq!(rig.claim(0, "w", &["x"], 9).await, []);
    assert_eq!(ids(&rig.claim(0, "w", &["b"], 9).await), numbers(&[2]));
    let rest: BTreeSet<_> = ids(&rig.claim(0, "w", &["c", "a"], 9).await).into_iter().collect();
    assert_eq!(rest, [job_id(1), job_id(3)].into());
}

/// Saying a task twice neither doubles its limit nor its jobs.
pub async fn a_task_offered_twice_is_offered_once<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    rig.put_task(0, task("t", Some(1))).await;
    rig.enqueue_all(0, &[queued(1, "t"), queued(2, "t")]).await;
    assert_eq!(ids(&rig.claim(0, "w", &["t", "t"], 9).await), numbers(&[1]));
}

/// The rest waits for others.
pub async fn a_claim_takes_no_more_than_asked_for<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    rig.enqueue_all(0, &[1, 2, 3].map(|n| queued(n, "t"))).await;
    assert_eq!(rig.claim(0, "w", &["t"], 0).await, []);
    assert_eq!(ids(&rig.claim(0, "w", &["t"], 2).await), numbers(&[1, 2]));
    assert_eq!(ids(&rig.claim(0, "w", &["t"], 2).await), numbers(&[3]));
}

/// The instant itself is in time.
pub async fn a_job_is_not_claimed_before_it_is_ready<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let later = Enqueue { ready_at: Some(at(10)), ..urgent(1, "t", 0) };
    rig.enqueue_all(0, &[later, urgent(2, "t", 9)]).await;
    assert_eq!(ids(&rig.claim(9, "w", &["t"], 9).await), numbers(&[2]));
    assert_eq!(ids(&rig.claim(10, "w", &["t"], 9).await), numbers(&[1]));
}

/// Not even if they are the same node.
pub async fn two_claimers_never_share_a_job<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let jobs: Vec<_> = (1..=50).map(|n| queued(n, "t")).collect();
    rig.enqueue_all(0, &jobs).await;
    let mut seen = BTreeSet::new();
    for round in 0..25 {
        let worker = if round % 3 == 0 { "one" } else { "two" };
        for job in rig.claim(1, worker, &["t"], 3).await {
            assert!(seen.insert(job.id), "{} was claimed twice", job.id);
        }
    }
    assert_eq!(seen.len(), 50);
}

/// Whoever holds the leases.
pub async fn a_task_runs_no_more_than_its_limit_over_all_nodes<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    rig.put_task(0, task("t", Some(3))).await;
    let jobs: Vec<_> = (1..=9).map(|n| queued(n, "t")).collect();
    rig.enqueue_all(0, &jobs).await;
    assert_eq!(rig.claim(0, "one", &["t"], 2).await.len(), 2);
    let last = rig.claim(0, "two", &["t"], 9).await;
    assert_eq!(last.len(), 1);
    assert_eq!(rig.claim(0, "one", &["t"], 9).await, []);
    assert_eq!(rig.settle(1, &last[0], Outcome::Failed).await, Written::Done);
    assert_eq!(rig.claim(1, "one", &["t"], 9).await.len(), 1);
}

/// However many of its jobs wait, and however urgent and old they are.
pub async fn a_task_at_its_limit_hides_nobody<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    rig.put_task(0, task("full", Some(1))).await;
    let full: Vec<_> = (1..=300).map(|n| urgent(n, "full", 0)).collect();
    rig.enqueue_all(0, &full).await;
    rig.enqueue_all(1, &[urgent(900, "free", 9)]).await;
    assert_eq!(ids(&rig.claim(2, "w", &["full"], 1).await), numbers(&[1]));
    assert_eq!(ids(&rig.claim(2, "w", &["full", "free"], 1).await), numbers(&[900]));
}

/// A limit below what runs is no limit of minus two.
pub async fn a_limit_lowered_below_what_runs_still_holds<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    rig.put_task(0, task("t", Some(3))).await;
    let jobs: Vec<_> = (1..=9).map(|n| queued(n, "t")).collect();
    rig.enqueue_all(0, &jobs).await;
    let running = rig.claim(0, "w", &["t"], 9).await;
    rig.put_task(0, task("t", Some(1))).await;
    for job in &running {
        assert_eq!(rig.claim(0, "w", &["t"], 9).await, []);
        assert_eq!(rig.settle(1, job, Outcome::Succeeded).await, Written::Done);
    }
    assert_eq!(rig.claim(1, "w", &["t"], 9).await.len(), 1);
}

/// The limit stays live at the task.
pub async fn a_limit_of_none_lifts_it_at_once<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    rig.put_task(0, task("t", Some(1))).await;
    rig.enqueue_all(0, &[1, 2, 3].map(|n| queued(n, "t"))).await;
    assert_eq!(rig.claim(0, "w", &["t"], 9).await.len(), 1);
    rig.put_task(0, task("t", None)).await;
    assert_eq!(rig.claim(0, "w", &["t"], 9).await.len(), 2);
}

/// Zero is a number.
pub async fn a_limit_of_zero_holds_a_task_back<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    rig.put_task(0, task("t", Some(0))).await;
    rig.enqueue_all(0, &[queued(1, "t"), queued(2, "free")]).await;
    assert_eq!(ids(&rig.claim(0, "w", &["t", "free"], 9).await), numbers(&[2]));
}

/// However a job ended, its place is free again, once.
pub async fn the_running_count_never_drifts<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    rig.put_task(0, task("t", Some(1))).await;
    rig.enqueue_all(0, &[1, 2].map(|n| queued(n, "t"))).await;
    for round in 0..10 {
        let t = round * 100;
        let job = rig.claim_one(t, "w", "t").await;
        assert_eq!(rig.claim(t, "w", &["t"], 9).await, []);
        match round % 4 {
            0 => assert_eq!(rig.release(t, &job).await, Written::Done),
            1 => assert_eq!(rig.retry(t, &job, 0).await, Written::Done),
            2 => assert_eq!(rig.rescue(t + LEASE, 9).await.len(), 1),
            _ => {
                let other = if job.id == job_id(1) { 2 } else { 1 };
                let _ = rig.cancel(t, job_id(other)).await;
                assert_eq!(rig.release(t, &job).await, Written::Done);
                rig.enqueue_all(t, &[queued(10 + round.unsigned_abs(), "t")]).await;
            }
        }
        // Finishing again, with a token that is stale by now, frees no second place.
        let _ = rig.settle(t, &job, Outcome::Succeeded).await;
        let _ = rig.release(t, &job).await;
    }
    let last = rig.claim_one(2_000, "w", "t").await;
    let _ = rig.put_task(2_000, Task { version: 2, ..task("t", Some(1)) }).await;
    assert_eq!(rig.claim(2_000, "w", &["t"], 9).await, [], "a put task forgets nothing");
    assert_eq!(rig.settle(2_000, &last, Outcome::Succeeded).await, Written::Done);
    assert_eq!(rig.claim(2_000, "w", &["t"], 9).await.len(), 1);
}

/// Its task may still be running somewhere, and a claim is no rescue.
pub async fn a_lapsed_lease_counts_until_it_is_rescued<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    rig.put_task(0, task("t", Some(1))).await;
    rig.enqueue_all(0, &[1, 2].map(|n| queued(n, "t"))).await;
    assert_eq!(rig.claim(0, "w", &["t"], 9).await.len(), 1);
    assert_eq!(rig.claim(LEASE + 5, "w", &["t"], 9).await, []);
    assert_eq!(rig.rescue(LEASE + 5, 9).await.len(), 1);
    assert_eq!(rig.claim(LEASE + 5, "w", &["t"], 9).await.len(), 1);
}

/// The deadline itself is still in time.
pub async fn an_expired_job_is_not_claimed<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let by = |number, t| Enqueue { start_by: Some(at(t)), ..queued(number, "t") };
    rig.enqueue_all(0, &[by(1, 4), by(2, 5)]).await;
    assert_eq!(ids(&rig.claim(5, "w", &["t"], 9).await), numbers(&[2]));
}

/// Jobs that nobody may claim any more take no place from those behind them.
pub async fn an_expired_job_hides_nobody<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let expired: Vec<_> =
        (1..=50).map(|n| Enqueue { start_by: Some(at(1)), ..urgent(n, "t", 0) }).collect();
    rig.enqueue_all(0, &expired).await;
    rig.enqueue_all(0, &[urgent(90, "t", 9)]).await;
    assert_eq!(ids(&rig.claim(5, "w", &["t"], 1).await), numbers(&[90]));
}

/// A long queue is still a queue.
pub async fn a_large_backlog_is_taken_in_order<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let jobs: Vec<_> = (1..=2_000).map(|n| queued(2_001 - n, "t")).collect();
    rig.enqueue_all(0, &jobs).await;
    let mut taken = Vec::new();
    loop {
        let claimed = rig.claim(0, "w", &["t"], 300).await;
        if claimed.is_empty() {
            break;
        }
        taken.extend(ids(&claimed));
    }
    assert_eq!(taken, (1..=2_000).map(job_id).collect::<Vec<_>>());
}
