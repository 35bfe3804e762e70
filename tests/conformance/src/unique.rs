//! Keys: what stands for the same thing is not queued twice.

use mainspring_contract::Store;
use mainspring_contract::record::{
    Cancelled, Conflict, Enqueue, Enqueued, Hold, Job, JobState, Written,
};
use mainspring_core::domain::Origin;
use mainspring_core::outcome::Outcome;
use mainspring_core::overlap::Overlap;
use mainspring_core::settings::Settings;

use crate::Subject;
use crate::rig::{LEASE, Rig, clock, one, value};
use crate::sample::{at, extra, fired, job_id, keyed, overlapping, queued, replace, secs};

/// Keeps its key for 100 seconds at least.
const LONG: Hold = Hold::AtLeast(secs(100));

/// Where the holder of a key stands.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Holder {
    Ready,
    NotReady,
    Running,
    Over,
    LongOver,
}

/// A store in which job 1 holds the key `k` like this at second 10, or at second 200 if it has
/// been over for long.
async fn scene<S: Subject>(subject: &S, hold: Hold, holder: Holder) -> (Rig<S::Store>, i64) {
    let rig = Rig(subject.fresh().await);
    let mut first = keyed(1, "t", "k", hold, Conflict::Reject);
    if holder == Holder::NotReady {
        first.ready_at = Some(at(1_000));
    }
    assert_eq!(rig.enqueue(0, &first).await, Enqueued::Inserted);
    if matches!(holder, Holder::Running | Holder::Over | Holder::LongOver) {
        let job = rig.claim_one(9, "w", "t").await;
        if holder != Holder::Running {
            assert_eq!(rig.settle(10, &job, Outcome::Succeeded).await, Written::Done);
        }
    }
    (rig, if holder == Holder::LongOver { 200 } else { 10 })
}

const HOLDS: [Hold; 3] = [Hold::Waiting, Hold::Live, LONG];

/// Whatever the holder does, as long as its hold lasts.
pub async fn a_key_that_is_held_keeps_a_second_job_out<S: Subject>(subject: &S) {
    for hold in HOLDS {
        let held: &[Holder] = match hold {
            Hold::Waiting => &[Holder::Ready, Holder::NotReady],
            Hold::Live => &[Holder::Ready, Holder::NotReady, Holder::Running],
            Hold::AtLeast(_) => &[Holder::Ready, Holder::NotReady, Holder::Running, Holder::Over],
        };
        for &holder in held {
            let (rig, t) = scene(subject, hold, holder).await;
            let before = rig.jobs().await;
            let reject = keyed(2, "t", "k", hold, Conflict::Reject);
            let keep = keyed(2, "t", "k", hold, Conflict::Keep);
            let what = format!("{hold:?} {holder:?}");
            assert_eq!(rig.enqueue(t, &reject).await, Enqueued::Rejected(job_id(1)), "{what}");
            assert_eq!(rig.enqueue(t, &keep).await, Enqueued::Kept(job_id(1)), "{what}");
            assert_eq!(rig.jobs().await, before);
        }
    }
}

/// By a claim, by its end, or by the clock.
pub async fn a_key_becomes_free_when_its_hold_ends<S: Subject>(subject: &S) {
    for hold in HOLDS {
        let free: &[Holder] = match hold {
            Hold::Waiting => &[Holder::Running, Holder::Over, Holder::LongOver],
            Hold::Live => &[Holder::Over, Holder::LongOver],
            Hold::AtLeast(_) => &[Holder::LongOver],
        };
        for &holder in free {
            for conflict in [Conflict::Reject, Conflict::Keep, Conflict::Replace] {
                let (rig, t) = scene(subject, hold, holder).await;
                let second = keyed(2, "t", "k", hold, conflict);
                let what = format!("{hold:?} {holder:?} {conflict:?}");
                assert_eq!(rig.enqueue(t, &second).await, Enqueued::Inserted, "{what}");
                let third = keyed(3, "t", "k", hold, Conflict::Reject);
                let lost = Enqueued::Rejected(job_id(2));
                assert_eq!(rig.enqueue(t, &third).await, lost, "{what}: it has a new holder");
            }
        }
    }
}

/// The new one stands for the same thing, and knows better.
pub async fn a_job_that_waits_is_replaced<S: Subject>(subject: &S) {
    for hold in HOLDS {
        for holder in [Holder::Ready, Holder::NotReady] {
            let (rig, t) = scene(subject, hold, holder).await;
            let second = keyed(2, "t", "k", hold, Conflict::Replace);
            assert_eq!(rig.enqueue(t, &second).await, Enqueued::Replaced(job_id(1)));
            let run = one(rig.runs_of(job_id(1)).await);
            assert_eq!((run.ended.outcome, run.settled), (Outcome::Cancelled, true));
            assert_eq!((run.node, run.ended.finished_at), (None, at(t)));
            assert_eq!(one(rig.jobs().await).id, job_id(2));
            assert_eq!(rig.enqueue(t, &second).await, Enqueued::Exists, "asked twice");
            let third = keyed(3, "t", "k", hold, Conflict::Keep);
            assert_eq!(rig.enqueue(t, &third).await, Enqueued::Kept(job_id(2)));
        }
    }
}

/// What has been started, or done, cannot be taken back.
pub async fn a_job_that_runs_or_is_over_is_not_replaced<S: Subject>(subject: &S) {
    for (hold, holder) in
        [(Hold::Live, Holder::Running), (LONG, Holder::Running), (LONG, Holder::Over)]
    {
        let (rig, t) = scene(subject, hold, holder).await;
        let second = keyed(2, "t", "k", hold, Conflict::Replace);
        assert_eq!(rig.enqueue(t, &second).await, Enqueued::Rejected(job_id(1)), "{holder:?}");
        assert_eq!(rig.job(job_id(2)).await, None);
        if holder == Holder::Running {
            let state = rig.job(job_id(1)).await.expect("it runs").state;
            assert!(matches!(state, JobState::Leased { cancel: false, .. }), "nor disturbed");
        }
    }
}

/// The instant itself is free.
pub async fn a_hold_for_a_while_counts_from_the_queueing<S: Subject>(subject: &S) {
    let (rig, _) = scene(subject, LONG, Holder::Over).await;
    let second = keyed(2, "t", "k", LONG, Conflict::Reject);
    assert_eq!(rig.enqueue(99, &second).await, Enqueued::Rejected(job_id(1)));
    assert_eq!(rig.enqueue(100, &second).await, Enqueued::Inserted);
}

/// At least means at least.
pub async fn a_hold_for_a_while_does_not_end_before_the_job<S: Subject>(subject: &S) {
    let (rig, _) = scene(subject, LONG, Holder::NotReady).await;
    let second = keyed(2, "t", "k", LONG, Conflict::Keep);
    assert_eq!(rig.enqueue(500, &second).await, Enqueued::Kept(job_id(1)));
    assert_eq!(rig.cancel(600, job_id(1)).await, Cancelled::Settled);
    assert_eq!(rig.enqueue(600, &second).await, Enqueued::Inserted);
}

/// However a job ended, it leaves its key.
pub async fn a_job_that_ends_without_a_run_leaves_its_key<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let job = |number| keyed(number, "t", "k", Hold::Live, Conflict::Reject);
    let doomed = Enqueue { start_by: Some(at(1)), ..job(1) };
    let fragile = Settings { max_rescues: Some(0), ..Settings::NONE };
    let lost = Enqueue { settings: fragile, ..job(2) };
    assert_eq!(rig.enqueue(0, &doomed).await, Enqueued::Inserted);
    assert_eq!(rig.enqueue(5, &lost).await, Enqueued::Rejected(job_id(1)), "not rescued yet");
    assert_eq!(one(rig.rescue(5, 9).await).ended.outcome, Outcome::Expired);
    assert_eq!(rig.enqueue(5, &lost).await, Enqueued::Inserted);
    let _ = rig.claim_one(5, "w", "t").await;
    assert_eq!(one(rig.rescue(5 + LEASE, 9).await).ended.outcome, Outcome::Abandoned);
    assert_eq!(rig.enqueue(20, &job(3)).await, Enqueued::Inserted);
    assert_eq!(rig.cancel(20, job_id(3)).await, Cancelled::Settled);
    assert_eq!(rig.enqueue(20, &job(4)).await, Enqueued::Inserted);
}

/// It had its turn: another one may wait by now.
pub async fn a_job_that_waits_again_does_not_take_its_key_back<S: Subject>(subject: &S) {
    let (rig, _) = scene(subject, Hold::Waiting, Holder::Running).await;
    let first = rig.job(job_id(1)).await.expect("it runs");
    let job = |number| keyed(number, "t", "k", Hold::Waiting, Conflict::Reject);
    assert_eq!(rig.enqueue(10, &job(2)).await, Enqueued::Inserted);
    assert_eq!(rig.release(11, &first).await, Written::Done);
    assert_eq!(rig.enqueue(11, &job(3)).await, Enqueued::Rejected(job_id(2)));
    assert_eq!(rig.cancel(12, job_id(1)).await, Cancelled::Settled);
    let lost = Enqueued::Rejected(job_id(2));
    assert_eq!(rig.enqueue(12, &job(3)).await, lost, "its end frees nobody else's key");
    assert_eq!(rig.cancel(13, job_id(2)).await, Cancelled::Settled);
    assert_eq!(rig.enqueue(13, &job(3)).await, Enqueued::Inserted);
}

/// A key is a word within its task.
pub async fn jobs_of_different_tasks_or_keys_do_not_meet<S: Subject>(subject: &S) {
    let (rig, _) = scene(subject, LONG, Holder::Ready).await;
    let others = [
        keyed(2, "other", "k", LONG, Conflict::Reject),
        keyed(3, "t", "k2", LONG, Conflict::Reject),
        queued(4, "t"),
    ];
    rig.enqueue_all(1, &others).await;
    assert_eq!(rig.jobs().await.len(), 4);
}

/// The same request once more is recognised as what it is.
pub async fn a_repeated_job_exists_rather_than_meets_itself<S: Subject>(subject: &S) {
    for holder in [Holder::Ready, Holder::Running, Holder::Over, Holder::LongOver] {
        for conflict in [Conflict::Reject, Conflict::Keep, Conflict::Replace] {
            let (rig, t) = scene(subject, LONG, holder).await;
            let before = rig.jobs().await;
            let again = keyed(1, "t", "k", LONG, conflict);
            assert_eq!(rig.enqueue(t, &again).await, Enqueued::Exists, "{holder:?}");
            assert_eq!(rig.jobs().await, before);
        }
    }
}

/// Earlier items of a request are there for the later ones.
pub async fn jobs_of_one_request_meet_each_other<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let jobs = [
        keyed(1, "t", "k", Hold::Live, Conflict::Reject),
        keyed(2, "t", "k", Hold::Live, Conflict::Reject),
        keyed(3, "t", "k", Hold::Live, Conflict::Keep),
        keyed(4, "t", "k", Hold::Live, Conflict::Replace),
        keyed(5, "t", "k", Hold::Live, Conflict::Replace),
    ];
    let answers = value(rig.0.enqueue(clock(0), &jobs).await);
    let expected = [
        Enqueued::Inserted,
        Enqueued::Rejected(job_id(1)),
        Enqueued::Kept(job_id(1)),
        Enqueued::Replaced(job_id(1)),
        Enqueued::Replaced(job_id(4)),
    ];
    assert_eq!(answers, expected);
    assert_eq!(one(rig.jobs().await).id, job_id(5));
}

/// Not even by its end, long after.
pub async fn a_replaced_job_no_longer_has_a_say_in_its_key<S: Subject>(subject: &S) {
    let (rig, t) = scene(subject, LONG, Holder::Ready).await;
    let second = keyed(2, "t", "k", Hold::Live, Conflict::Replace);
    assert_eq!(rig.enqueue(t, &second).await, Enqueued::Replaced(job_id(1)));
    assert_eq!(rig.cancel(t, job_id(2)).await, Cancelled::Settled);
    let third = keyed(3, "t", "k", Hold::Live, Conflict::Reject);
    assert_eq!(rig.enqueue(t, &third).await, Enqueued::Inserted, "the new one held it shortly");
}

/// Keys that were held for a while are no burden for ever after.
pub async fn a_thousand_keys_come_and_go<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    for round in 0..5_u64 {
        let t = i64::try_from(round).expect("small") * 100;
        let numbers = round * 200 + 1..=round * 200 + 200;
        let job = |n: u64| keyed(n, "t", &format!("k{}", n % 200), LONG, Conflict::Reject);
        let jobs: Vec<_> = numbers.clone().map(job).collect();
        rig.enqueue_all(t, &jobs).await;
        for number in numbers {
            assert_eq!(rig.cancel(t, job_id(number)).await, Cancelled::Settled);
        }
    }
}

/// A schedule `a` with job 1 on its behalf, which has the key `k` and waits.
async fn on_behalf<S: Subject>(subject: &S, overlap: Overlap, hold: Hold) -> Rig<S::Store> {
    let rig = Rig(subject.fresh().await);
    let _ = rig.put(0, &replace(&overlapping("a", overlap), at(5))).await;
    assert_eq!(rig.enqueue(1, &manual(1, hold, Conflict::Reject)).await, Enqueued::Inserted);
    rig
}

/// A manual run of `a` with the key `k`.
fn manual(number: u64, hold: Hold, conflict: Conflict) -> Enqueue {
    let unique = keyed(number, "t", "k", hold, conflict).unique;
    Enqueue { unique, ..extra(number, "a", 1, Origin::Manual) }
}

async fn state<S: Store>(rig: &Rig<S>, number: u64) -> Option<JobState> {
    rig.job(job_id(number)).await.map(|job: Job| job.state)
}

/// What is replaced is not in the way of what replaces it.
pub async fn a_job_is_replaced_under_every_policy_on_overlap<S: Subject>(subject: &S) {
    for overlap in Overlap::ALL {
        for hold in HOLDS {
            let rig = on_behalf(subject, overlap, hold).await;
            let what = format!("{overlap:?} {hold:?}");
            let second = manual(2, hold, Conflict::Replace);
            assert_eq!(rig.enqueue(2, &second).await, Enqueued::Replaced(job_id(1)), "{what}");
            assert_eq!(rig.outcome(job_id(1)).await, Some(Outcome::Cancelled), "{what}");
            let waiting = JobState::Waiting { ready_at: at(2) };
            assert_eq!(state(&rig, 2).await, Some(waiting), "{what}: nobody is left to free it");
            let third = manual(3, hold, Conflict::Keep);
            assert_eq!(rig.enqueue(2, &third).await, Enqueued::Kept(job_id(2)), "{what}");
        }
    }
}

/// It waits too, and takes the place of the one that was held.
pub async fn a_held_job_is_replaced<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let _ = rig.put(0, &replace(&overlapping("a", Overlap::Queue), at(5))).await;
    assert_eq!(rig.fire(5, "a", &[5], 15).await, 1);
    let running = rig.claim_one(5, "w", "t").await;
    let first = manual(1, Hold::Waiting, Conflict::Reject);
    assert_eq!(rig.enqueue(6, &first).await, Enqueued::Inserted);
    assert_eq!(state(&rig, 1).await, Some(JobState::Held { ready_at: at(6) }));
    let second = manual(2, Hold::Waiting, Conflict::Replace);
    assert_eq!(rig.enqueue(7, &second).await, Enqueued::Replaced(job_id(1)));
    assert_eq!(state(&rig, 2).await, Some(JobState::Held { ready_at: at(7) }));
    assert_eq!(rig.settle(8, &running, Outcome::Succeeded).await, Written::Done);
    assert_eq!(state(&rig, 2).await, Some(JobState::Waiting { ready_at: at(7) }));
}

/// Its end frees the one that was held, and the new one is held in its place.
pub async fn replacing_the_job_that_another_is_held_for_keeps_the_order<S: Subject>(subject: &S) {
    let rig = on_behalf(subject, Overlap::Queue, Hold::Live).await;
    assert_eq!(rig.fire(5, "a", &[5], 15).await, 1);
    let held = rig.job(fired("a", 5)).await.expect("it was inserted");
    assert_eq!(held.state, JobState::Held { ready_at: at(5) });
    let second = manual(2, Hold::Live, Conflict::Replace);
    assert_eq!(rig.enqueue(6, &second).await, Enqueued::Replaced(job_id(1)));
    let freed = rig.job(held.id).await.expect("it is not over");
    assert_eq!(freed.state, JobState::Waiting { ready_at: at(5) });
    assert_eq!(state(&rig, 2).await, Some(JobState::Held { ready_at: at(6) }));
    assert_eq!(rig.cancel(7, held.id).await, Cancelled::Settled);
    assert_eq!(state(&rig, 2).await, Some(JobState::Waiting { ready_at: at(6) }));
}

/// Whoever is kept out for another reason has replaced nobody.
pub async fn a_job_that_overlaps_replaces_nobody<S: Subject>(subject: &S) {
    let rig = on_behalf(subject, Overlap::Allow, Hold::Live).await;
    assert_eq!(rig.fire(5, "a", &[5], 15).await, 1);
    let _ = rig.put(6, &replace(&overlapping("a", Overlap::Skip), at(15))).await;
    let second = manual(2, Hold::Live, Conflict::Replace);
    assert_eq!(rig.enqueue(7, &second).await, Enqueued::Overlapped);
    assert_eq!(state(&rig, 1).await, Some(JobState::Waiting { ready_at: at(1) }));
    let third = manual(3, Hold::Live, Conflict::Keep);
    assert_eq!(rig.enqueue(7, &third).await, Enqueued::Kept(job_id(1)), "it has its key");
    assert!(rig.job(fired("a", 5)).await.is_some());
}
