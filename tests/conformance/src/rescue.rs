//! Taking care of jobs whose lease or start deadline has passed.

use mainspring_contract::record::{Enqueue, JobState, Renewed, Written};
use mainspring_core::outcome::Outcome;
use mainspring_core::retry::Counts;
use mainspring_core::settings::Settings;

use crate::Subject;
use crate::rig::{LEASE, Rig, one};
use crate::sample::{at, job_id, node, queued, replace, schedule_id, spec};

/// Job `number` that may be rescued so often.
fn rescued(number: u64, max_rescues: u16) -> Enqueue {
    let settings = Settings { max_rescues: Some(max_rescues), ..Settings::NONE };
    Enqueue { settings, ..queued(number, "t") }
}

/// The loss is counted and recorded, and the job is ready at once.
pub async fn a_lost_job_runs_again<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    rig.enqueue_all(0, &[queued(1, "t")]).await;
    let lost = rig.claim_one(0, "w", "t").await;
    let run = one(rig.rescue(LEASE, 9).await);
    assert_eq!((run.job, run.token, run.attempt), (lost.id, lost.token, 1));
    assert_eq!((run.node.clone(), run.settled), (Some(node("w")), false));
    assert_eq!((run.ended.outcome, run.ended.started_at), (Outcome::LeaseLost, None));
    assert_eq!(run.ended.finished_at, at(LEASE));
    assert_eq!(rig.runs_of(lost.id).await, [run]);
    let waiting = one(rig.jobs().await);
    assert_eq!(waiting.state, JobState::Waiting { ready_at: at(LEASE) });
    assert_eq!(waiting.counts, Counts { failures: 0, rescues: 1 });
    assert_eq!(rig.claim_one(LEASE, "other", "t").await.token, lost.token.next());
}

/// To the last microsecond; the end itself is too late.
pub async fn a_live_lease_is_left_alone<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    rig.enqueue_all(0, &[queued(1, "t")]).await;
    let _ = rig.claim_one(0, "w", "t").await;
    let before = rig.jobs().await;
    assert_eq!(rig.rescue(LEASE - 1, 9).await, []);
    assert_eq!(rig.jobs().await, before);
    assert_eq!(rig.rescue(LEASE, 9).await.len(), 1);
}

/// Any number of nodes may do it at once.
pub async fn a_rescue_happens_once<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    rig.enqueue_all(0, &[queued(1, "t")]).await;
    let _ = rig.claim_one(0, "w", "t").await;
    assert_eq!(rig.rescue(LEASE, 9).await.len(), 1);
    let after = (rig.jobs().await, rig.runs_of(job_id(1)).await);
    assert_eq!(rig.rescue(LEASE, 9).await, []);
    assert_eq!((rig.jobs().await, rig.runs_of(job_id(1)).await), after);
}

/// A job that takes its node down with it does not do so for ever.
pub async fn rescues_are_bounded<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    rig.enqueue_all(0, &[rescued(1, 2)]).await;
    for (round, outcome) in
        [Outcome::LeaseLost, Outcome::LeaseLost, Outcome::Abandoned].into_iter().enumerate()
    {
        let t = 100 * i64::try_from(round).expect("three rounds");
        let _ = rig.claim_one(t, "w", "t").await;
        assert_eq!(one(rig.rescue(t + LEASE, 9).await).ended.outcome, outcome);
    }
    assert_eq!(rig.outcome(job_id(1)).await, Some(Outcome::Abandoned));
}

/// A job whose node died has not failed.
pub async fn rescues_and_failures_are_counted_separately<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    rig.enqueue_all(0, &[rescued(1, 1)]).await;
    let job = rig.claim_one(0, "w", "t").await;
    assert_eq!(rig.retry(1, &job, 0).await, Written::Done);
    let _ = rig.claim_one(2, "w", "t").await;
    assert!(!one(rig.rescue(2 + LEASE, 9).await).settled);
    assert_eq!(one(rig.jobs().await).counts, Counts { failures: 1, rescues: 1 });
}

/// Whether the job waits, runs elsewhere or was abandoned: the former holder is told, and what it
/// did is not taken for the job's outcome.
pub async fn the_lost_holder_can_no_longer_finish<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    rig.enqueue_all(0, &[rescued(1, 1)]).await;
    let lost = rig.claim_one(0, "w", "t").await;
    for round in 0..3 {
        match round {
            0 => assert_eq!(rig.rescue(LEASE, 9).await.len(), 1),
            1 => drop(rig.claim_one(LEASE, "other", "t").await),
            _ => assert!(one(rig.rescue(3 * LEASE, 9).await).settled),
        }
        let before = (rig.jobs().await, rig.runs_of(lost.id).await);
        assert_eq!(rig.settle(99, &lost, Outcome::Succeeded).await, Written::LeaseLost);
        assert_eq!(rig.retry(99, &lost, 0).await, Written::LeaseLost);
        assert_eq!(rig.release(99, &lost).await, Written::LeaseLost);
        assert_eq!(rig.renew(99, &lost, LEASE).await, Renewed::LeaseLost);
        assert_eq!((rig.jobs().await, rig.runs_of(lost.id).await), before);
    }
}

/// A few rows at a time, and no row is left over.
pub async fn a_rescue_takes_no_more_than_asked_for<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let jobs: Vec<_> = (1..=5).map(|n| queued(n, "t")).collect();
    rig.enqueue_all(0, &jobs).await;
    assert_eq!(rig.claim(0, "w", &["t"], 3).await.len(), 3);
    let start_by = Some(at(1));
    rig.enqueue_all(0, &[6, 7].map(|n| Enqueue { start_by, ..queued(n, "never") })).await;
    assert_eq!(rig.rescue(LEASE, 0).await, []);
    let mut count = 0;
    for _ in 0..3 {
        let runs = rig.rescue(LEASE, 2).await;
        assert!(runs.len() <= 2);
        count += runs.len();
    }
    assert_eq!((count, rig.rescue(LEASE, 2).await.len()), (5, 0));
}

/// The deadline itself is still in time.
pub async fn a_start_deadline_that_passed_is_an_outcome<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    rig.enqueue_all(0, &[Enqueue { start_by: Some(at(5)), ..queued(1, "t") }]).await;
    assert_eq!(rig.rescue(5, 9).await, []);
    let run = one(rig.rescue(6, 9).await);
    assert_eq!((run.ended.outcome, run.settled), (Outcome::Expired, true));
    assert_eq!((run.node, run.ended.started_at), (None, None));
    assert_eq!(rig.outcome(job_id(1)).await, Some(Outcome::Expired));
}

/// The deadline is for the first start.
pub async fn a_job_that_was_tried_no_longer_expires<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let start_by = Some(at(5));
    rig.enqueue_all(0, &[1, 2].map(|n| Enqueue { start_by, ..queued(n, "t") })).await;
    let jobs = rig.claim(4, "w", &["t"], 9).await;
    assert_eq!(rig.retry(6, &jobs[0], 0).await, Written::Done);
    assert_eq!(rig.rescue(4 + LEASE, 9).await.len(), 1, "the other lease ended");
    assert_eq!(rig.rescue(99, 9).await, []);
    assert_eq!(rig.pulse(99).await.next_lapse_at, None);
    assert_eq!(rig.claim(99, "w", &["t"], 9).await.len(), 2);
}

/// At once, and nobody else's.
pub async fn a_node_that_starts_again_takes_care_of_its_own<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    rig.enqueue_all(0, &[queued(1, "t"), rescued(2, 0), queued(3, "t"), queued(4, "t")]).await;
    assert_eq!(rig.claim(0, "w", &["t"], 2).await.len(), 2);
    assert_eq!(rig.claim(0, "other", &["t"], 1).await.len(), 1);
    let runs = rig.rescue_held_by(1, "w").await;
    let mut outcomes: Vec<_> = runs.iter().map(|run| (run.job, run.ended.outcome)).collect();
    outcomes.sort();
    assert_eq!(outcomes, [(job_id(1), Outcome::LeaseLost), (job_id(2), Outcome::Abandoned)]);
    assert_eq!(rig.rescue_held_by(1, "w").await, []);
    let held = rig.job(job_id(3)).await.map(|job| job.state);
    assert!(matches!(held, Some(JobState::Leased { .. })), "{held:?}");
}

/// So that somebody else plans them at once.
pub async fn a_node_that_ends_gives_its_claims_up<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    for (name, next) in [("a", 5), ("b", 6)] {
        let _ = rig.put(0, &replace(&spec(name, "t"), at(next))).await;
    }
    assert_eq!(rig.claim_due(5, "p", 9).await.len(), 1);
    assert_eq!(rig.claim_due(6, "other", 9).await.len(), 1);
    assert_eq!(rig.rescue_held_by(7, "p").await, []);
    assert_eq!(rig.pulse(7).await.next_due_at, Some(at(5)));
    assert_eq!(one(rig.claim_due(7, "q", 9).await).spec.id, schedule_id("a"));
}
