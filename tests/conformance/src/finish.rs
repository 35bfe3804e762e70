//! Ending attempts: release, retry, settle.

use mainspring_contract::record::{
    Ended, Enqueue, Job, JobState, Renewed, Retry, Run, Settle, Written,
};
use mainspring_contract::store::RunFilter;
use mainspring_contract::{Detail, Store};
use mainspring_core::outcome::Outcome;
use mainspring_core::retry::{Cause, Counts};

use crate::Subject;
use crate::rig::{LEASE, Rig, clock, one, value};
use crate::sample::{at, encoded, ended, job_id, node, queued, secs};

/// A store with job 1 of task `t`, claimed at 0.
async fn claimed<S: Subject>(subject: &S) -> (Rig<S::Store>, Job) {
    let rig = Rig(subject.fresh().await);
    rig.enqueue_all(0, &[queued(1, "t")]).await;
    let job = rig.claim_one(0, "w", "t").await;
    (rig, job)
}

/// Whatever the former holder tries, and whatever became of the job.
pub async fn a_stale_token_changes_nothing<S: Subject>(subject: &S) {
    let (rig, first) = claimed(subject).await;
    assert_eq!(rig.release(1, &first).await, Written::Done);
    for held_again in [false, true] {
        if held_again {
            let _ = rig.claim_one(2, "other", "t").await;
        }
        let before = (rig.jobs().await, rig.runs_of(first.id).await);
        assert_eq!(rig.renew(3, &first, 99).await, Renewed::LeaseLost);
        assert_eq!(rig.release(3, &first).await, Written::LeaseLost);
        assert_eq!(rig.retry(3, &first, 0).await, Written::LeaseLost);
        assert_eq!(rig.settle(3, &first, Outcome::Succeeded).await, Written::LeaseLost);
        assert_eq!((rig.jobs().await, rig.runs_of(first.id).await), before);
    }
}

/// Nothing is counted and nothing is recorded: there was no attempt.
pub async fn a_released_job_waits_as_before<S: Subject>(subject: &S) {
    let (rig, job) = claimed(subject).await;
    assert_eq!(rig.release(3, &job).await, Written::Done);
    let state = JobState::Waiting { ready_at: at(3) };
    assert_eq!(rig.jobs().await, [Job { state, ..job }]);
    assert_eq!(rig.runs_of(job_id(1)).await, []);
}

/// It started in time once, even though an interruption counts as nothing.
pub async fn an_interrupted_job_no_longer_expires<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    rig.enqueue_all(0, &[Enqueue { start_by: Some(at(5)), ..queued(1, "t") }]).await;
    let job = rig.claim_one(4, "w", "t").await;
    let retry = Retry {
        job: job.id,
        token: job.token,
        after: secs(0),
        cause: Cause::Stop,
        ended: ended(Outcome::Interrupted, at(9)),
    };
    assert_eq!(value(rig.0.retry(clock(9), &[retry]).await), [Written::Done]);
    assert_eq!(rig.rescue(10, 9).await, []);
    let again = rig.claim_one(11, "w", "t").await;
    assert_eq!((again.id, again.counts), (job.id, Counts::default()));
}

/// By the store's clock, with its failure counted and recorded.
pub async fn a_retried_job_waits_for_its_turn<S: Subject>(subject: &S) {
    let (rig, job) = claimed(subject).await;
    assert_eq!(rig.retry(3, &job, 20).await, Written::Done);
    let waiting = one(rig.jobs().await);
    assert_eq!(waiting.state, JobState::Waiting { ready_at: at(23) });
    assert_eq!(waiting.counts, Counts { failures: 1, rescues: 0 });
    let run = one(rig.runs_of(job.id).await);
    assert_eq!((run.settled, run.attempt, run.token), (false, 1, job.token));
    assert_eq!((run.node, run.ended), (Some(node("w")), ended(Outcome::Failed, at(3))));
    assert_eq!(rig.claim(22, "w", &["t"], 9).await, []);
    assert_eq!(rig.claim(23, "w", &["t"], 9).await.len(), 1);
}

/// A node that was asked to stop does not use up a job's attempts.
pub async fn a_stop_counts_as_nothing<S: Subject>(subject: &S) {
    let (rig, job) = claimed(subject).await;
    let outcome = Outcome::Interrupted;
    assert_eq!(rig.again(3, &job, 0, Cause::Stop, outcome).await, Written::Done);
    assert_eq!(one(rig.jobs().await).counts, Counts::default());
    assert_eq!(one(rig.runs_of(job.id).await).ended.outcome, Outcome::Interrupted);
}

/// However often a task asks for it; the job waits as long as it said.
pub async fn a_snooze_counts_as_nothing<S: Subject>(subject: &S) {
    let (rig, mut job) = claimed(subject).await;
    for round in 0..3 {
        let t = round * 10;
        let outcome = Outcome::Snoozed;
        assert_eq!(rig.again(t, &job, 10, Cause::Snooze, outcome).await, Written::Done);
        assert_eq!(rig.again(t, &job, 10, Cause::Snooze, outcome).await, Written::Done, "repeated");
        let waits = one(rig.jobs().await);
        assert_eq!(waits.counts, Counts::default());
        assert_eq!(waits.state, JobState::Waiting { ready_at: at(t + 10) });
        job = rig.claim_one(t + 10, "w", "t").await;
    }
    let runs = rig.runs_of(job.id).await;
    let told = |run: &Run| (run.ended.outcome, run.attempt, run.settled);
    assert_eq!(runs.iter().map(told).collect::<Vec<_>>(), [(Outcome::Snoozed, 1, false); 3]);
}

/// For every outcome that an attempt can end a job with.
pub async fn a_settled_job_is_over_and_its_run_says_how<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    for (number, outcome) in (1..).zip([
        Outcome::Succeeded,
        Outcome::Failed,
        Outcome::Panicked,
        Outcome::TimedOut,
        Outcome::Cancelled,
        Outcome::Undecodable,
    ]) {
        rig.enqueue_all(0, &[queued(number, "t")]).await;
        let job = rig.claim_one(1, "w", "t").await;
        assert_eq!(rig.settle(3, &job, outcome).await, Written::Done);
        assert_eq!(rig.jobs().await, []);
        let run = one(rig.runs_of(job.id).await);
        assert_eq!((run.job, run.token, &run.task), (job.id, job.token, &job.task));
        assert_eq!((run.settled, run.attempt, run.node), (true, 1, Some(node("w"))));
        assert_eq!((run.schedule, run.origin, run.fire_at), (None, job.origin, None));
        assert_eq!(run.ended, ended(outcome, at(3)));
    }
}

/// Reading takes nothing away, and a job without a result has none.
pub async fn what_a_run_left_behind_can_be_read_again_and_again<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let details = [
        None,
        Some(Detail { output: Some(encoded("{\"n\":1}")), error: None }),
        Some(Detail { output: None, error: Some("no such file: ä\n".repeat(10_000)) }),
        Some(Detail { output: Some(encoded("")), error: Some(String::new()) }),
    ];
    for (number, detail) in (1..).zip(details) {
        rig.enqueue_all(0, &[queued(number, "t")]).await;
        let job = rig.claim_one(0, "w", "t").await;
        let ended = Ended { detail, ..ended(Outcome::Succeeded, at(3)) };
        let settle = Settle { job: job.id, token: job.token, ended: ended.clone() };
        assert_eq!(value(rig.0.settle(clock(3), &[settle]).await), [Written::Done]);
        for _ in 0..3 {
            assert_eq!(one(rig.runs_of(job.id).await).ended, ended);
        }
    }
}

/// A holder that does not know whether its request arrived asks again.
pub async fn a_repeated_settle_is_done_once<S: Subject>(subject: &S) {
    let (rig, job) = claimed(subject).await;
    for _ in 0..3 {
        assert_eq!(rig.settle(3, &job, Outcome::Failed).await, Written::Done);
    }
    assert_eq!(rig.runs_of(job.id).await.len(), 1);
    let other = Job { token: job.token.next(), ..job };
    assert_eq!(rig.settle(3, &other, Outcome::Failed).await, Written::LeaseLost);
}

/// The same for an attempt that is followed by another, even if that one has begun.
pub async fn a_repeated_retry_is_done_once<S: Subject>(subject: &S) {
    let (rig, job) = claimed(subject).await;
    for _ in 0..2 {
        assert_eq!(rig.retry(3, &job, 5).await, Written::Done);
    }
    let second = rig.claim_one(9, "w", "t").await;
    assert_eq!(rig.retry(9, &job, 5).await, Written::Done);
    assert_eq!(rig.jobs().await, [second]);
    assert_eq!(rig.runs_of(job.id).await.len(), 1);
}

/// From 1, whatever ended them; a release is no attempt.
pub async fn attempts_are_numbered<S: Subject>(subject: &S) {
    let (rig, first) = claimed(subject).await;
    assert_eq!(rig.retry(1, &first, 0).await, Written::Done);
    let second = rig.claim_one(2, "w", "t").await;
    assert_eq!(rig.release(3, &second).await, Written::Done);
    let _ = rig.claim_one(4, "w", "t").await;
    assert_eq!(rig.rescue(4 + LEASE, 9).await.len(), 1);
    let last = rig.claim_one(50, "w", "t").await;
    assert_eq!(rig.settle(51, &last, Outcome::Succeeded).await, Written::Done);
    let runs = rig.runs_of(first.id).await;
    assert_eq!(runs.iter().map(|run| run.attempt).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(runs.iter().map(|run| run.token.number()).collect::<Vec<_>>(), [1, 3, 4]);
    assert_eq!(runs.iter().map(|run| run.settled).collect::<Vec<_>>(), [false, false, true]);
}

/// A failure stays where it is.
pub async fn one_lost_lease_does_not_stop_the_others<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    rig.enqueue_all(0, &[1, 2, 3].map(|n| queued(n, "t"))).await;
    let jobs = rig.claim(0, "w", &["t"], 9).await;
    assert_eq!(rig.release(1, &jobs[1]).await, Written::Done);
    let settles: Vec<_> = jobs
        .iter()
        .map(|job| {
            let ended = ended(Outcome::Succeeded, at(2));
            Settle { job: job.id, token: job.token, ended }
        })
        .collect();
    let answers = value(rig.0.settle(clock(2), &settles).await);
    assert_eq!(answers, [Written::Done, Written::LeaseLost, Written::Done]);
    assert_eq!(rig.runs(&RunFilter::newest(9)).await.len(), 2);
    assert_eq!(rig.job(job_id(2)).await.map(|job| job.token), Some(jobs[1].token));
}
