//! Fires that come while an earlier job of the same schedule is not over.

use mainspring_contract::record::{Cancelled, Job, JobState, Spec, Written};
use mainspring_contract::{JobId, Store};
use mainspring_core::fire::{Skip, SkipReason};
use mainspring_core::outcome::Outcome;
use mainspring_core::overlap::Overlap;
use mainspring_core::schedule::Next;
use mainspring_core::settings::Settings;
use mainspring_core::time::Span;
use mainspring_core::trigger::Count;

use crate::Subject;
use crate::rig::{LEASE, Rig, one};
use crate::sample::{
    advance_all, at, fired, job_id, overlapping, queued, replace, schedule_id, spec,
};

/// A store with the schedule `a`, which is due at 5.
async fn scene<S: Subject>(subject: &S, overlap: Overlap) -> Rig<S::Store> {
    let rig = Rig(subject.fresh().await);
    let _ = rig.put(0, &replace(&overlapping("a", overlap), at(5))).await;
    rig
}

/// The same, with a job that runs and one that is held for it.
async fn held<S: Subject>(subject: &S) -> (Rig<S::Store>, Job) {
    let rig = scene(subject, Overlap::Queue).await;
    assert_eq!(rig.fire(5, "a", &[5], 15).await, 1);
    let running = rig.claim_one(5, "w", "t").await;
    assert_eq!(rig.fire(15, "a", &[15], 25).await, 1);
    (rig, running)
}

/// Where the job of the fire at this second stands.
async fn state<S: Store>(rig: &Rig<S>, fire: i64) -> Option<JobState> {
    rig.job(fired("a", fire)).await.map(|job| job.state)
}

fn waiting(ready_at: i64) -> Option<JobState> {
    Some(JobState::Waiting { ready_at: at(ready_at) })
}

fn held_until_free(ready_at: i64) -> Option<JobState> {
    Some(JobState::Held { ready_at: at(ready_at) })
}

fn overlapped(from: i64, to: i64, count: u64) -> Skip {
    let (from, to) = (at(from), at(to));
    Skip { reason: SkipReason::Overlapped, from, to, count: Count::Exact(count) }
}

/// There is nothing to overlap with.
pub async fn a_fire_that_meets_nobody_waits_under_every_policy<S: Subject>(subject: &S) {
    for overlap in Overlap::ALL {
        let rig = scene(subject, overlap).await;
        assert_eq!(rig.fire(5, "a", &[5], 15).await, 1, "{overlap:?}");
        let job = one(rig.jobs().await);
        assert_eq!(job.id, fired("a", 5));
        assert_eq!(job.state, JobState::Waiting { ready_at: at(5) });
        assert_eq!(job.watched, matches!(overlap, Overlap::Queue | Overlap::Cancel));
        assert_eq!(rig.cancel(5, job.id).await, Cancelled::Settled);
        assert_eq!(rig.fire(15, "a", &[15], 25).await, 1, "nor is what is over in the way");
        assert_eq!(rig.skips_of("a").await, []);
    }
}

/// Whoever says so wants it.
pub async fn allowed_fires_run_at_once<S: Subject>(subject: &S) {
    let rig = scene(subject, Overlap::Allow).await;
    assert_eq!(rig.fire(5, "a", &[5, 15], 25).await, 2);
    assert_eq!(rig.fire(25, "a", &[25], 35).await, 1);
    assert_eq!(rig.claim(25, "w", &["t"], 9).await.len(), 3);
    assert_eq!(rig.skips_of("a").await, []);
}

/// Whether it waits, runs or waits to be tried again.
pub async fn a_fire_is_skipped_while_an_earlier_job_is_not_over<S: Subject>(subject: &S) {
    let rig = scene(subject, Overlap::Skip).await;
    assert_eq!(rig.fire(5, "a", &[5], 15).await, 1);
    assert_eq!(rig.fire(15, "a", &[15], 25).await, 0, "it waits");
    let job = rig.claim_one(15, "w", "t").await;
    assert_eq!(rig.fire(25, "a", &[25], 35).await, 0, "it runs");
    assert_eq!(rig.retry(25, &job, 100).await, Written::Done);
    assert_eq!(rig.fire(35, "a", &[35], 45).await, 0, "it will be tried again");
    let skips = [15, 25, 35].map(|t| overlapped(t, t, 1));
    assert_eq!(rig.skips_of("a").await, skips);
    let a = rig.schedule("a").await.expect("it was put");
    assert_eq!((a.next, a.fired, a.failures), (Next::At(at(45)), 1, 0), "the cursor moves on");
    assert_eq!(rig.cancel(36, job.id).await, Cancelled::Settled);
    assert_eq!(rig.fire(45, "a", &[45], 55).await, 1);
}

/// One is enough to catch up with.
pub async fn one_fire_is_held_and_further_ones_are_skipped<S: Subject>(subject: &S) {
    let (rig, _) = held(subject).await;
    assert_eq!(state(&rig, 15).await, held_until_free(15));
    assert_eq!(rig.fire(25, "a", &[25], 35).await, 0);
    assert_eq!(rig.skips_of("a").await, [overlapped(25, 25, 1)]);
    assert_eq!(rig.jobs().await.len(), 2);
}

/// In the order in which they came due.
pub async fn fires_of_one_decision_meet_each_other<S: Subject>(subject: &S) {
    let expected = [
        (Overlap::Allow, [waiting(5), waiting(15), waiting(25)], None),
        (Overlap::Skip, [waiting(5), None, None], Some(overlapped(15, 25, 2))),
        (Overlap::Queue, [waiting(5), held_until_free(15), None], Some(overlapped(25, 25, 1))),
        // Each would be cancelled by the next, so only the last is worth a job.
        (Overlap::Cancel, [None, None, waiting(25)], Some(overlapped(5, 15, 2))),
    ];
    for (overlap, states, skip) in expected {
        let rig = scene(subject, overlap).await;
        let inserted = states.iter().flatten().count();
        assert_eq!(rig.fire(25, "a", &[5, 15, 25], 35).await as usize, inserted, "{overlap:?}");
        for (fire, expected) in [5, 15, 25].into_iter().zip(states) {
            assert_eq!(state(&rig, fire).await, expected, "{overlap:?} at {fire}");
        }
        assert_eq!(rig.skips_of("a").await, Vec::from_iter(skip), "{overlap:?}");
    }
}

/// However often somebody asks, and no deadline says that there is something to ask for.
pub async fn a_held_job_is_not_claimed<S: Subject>(subject: &S) {
    let (rig, running) = held(subject).await;
    assert_eq!(rig.claim(16, "w", &["t"], 9).await, []);
    let pulse = rig.pulse(6).await;
    assert_eq!(pulse.next_ready_at, None);
    assert_eq!(pulse.next_lapse_at, Some(at(5 + LEASE)), "that of the running one");
    assert_eq!(rig.jobs().await.len(), 2, "listings show it");
    assert_eq!(rig.settle(17, &running, Outcome::Succeeded).await, Written::Done);
    assert_eq!(rig.claim_one(17, "w", "t").await.id, fired("a", 15));
}

/// Whatever kind of end it is.
pub async fn a_held_job_is_freed_by_every_end_of_the_one_before<S: Subject>(subject: &S) {
    for outcome in [Outcome::Succeeded, Outcome::Failed, Outcome::Undecodable] {
        let (rig, running) = held(subject).await;
        assert_eq!(rig.settle(16, &running, outcome).await, Written::Done);
        assert_eq!(state(&rig, 15).await, waiting(15), "settled: {outcome}");
    }
}

/// It is over as soon as its holder hands it back.
pub async fn a_held_job_is_freed_when_a_cancelled_one_is_released<S: Subject>(subject: &S) {
    let (rig, running) = held(subject).await;
    assert_eq!(rig.cancel(16, running.id).await, Cancelled::Asked);
    assert_eq!(state(&rig, 15).await, held_until_free(15), "it still runs");
    assert_eq!(rig.release(17, &running).await, Written::Done);
    assert_eq!(state(&rig, 15).await, waiting(15));
}

/// A job need not run to be in the way, nor to be over.
pub async fn a_held_job_is_freed_when_a_waiting_one_is_cancelled<S: Subject>(subject: &S) {
    let rig = scene(subject, Overlap::Queue).await;
    assert_eq!(rig.fire(15, "a", &[5, 15], 25).await, 2);
    assert_eq!(rig.cancel(16, fired("a", 5)).await, Cancelled::Settled);
    assert_eq!(state(&rig, 15).await, waiting(15));
}

/// By the rescue, which is what notices both.
pub async fn a_held_job_is_freed_when_the_one_before_is_given_up<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let settings = Settings { max_rescues: Some(0), ..Settings::NONE };
    for name in ["a", "late"] {
        let spec = Spec { settings, ..overlapping(name, Overlap::Queue) };
        let _ = rig.put(0, &replace(&spec, at(5))).await;
    }
    assert_eq!(rig.fire(15, "a", &[5, 15], 25).await, 2);
    let lost = rig.claim_one(15, "w", "t").await;
    let late = rig.schedule("late").await.expect("it was put");
    let mut request = advance_all(&late, &[at(5), at(15)], at(25));
    request.fires[0].start_by = Some(at(16));
    let _ = rig.advance(16, &request).await;
    assert_eq!(rig.rescue(16 + LEASE, 9).await.len(), 2);
    assert_eq!(rig.outcome(lost.id).await, Some(Outcome::Abandoned));
    assert_eq!(rig.outcome(fired("late", 5)).await, Some(Outcome::Expired));
    assert_eq!(state(&rig, 15).await, waiting(15));
    let freed = rig.job(fired("late", 15)).await.expect("it was held");
    assert_eq!(freed.state, JobState::Waiting { ready_at: at(15) });
}

/// The job is not over, it only changes hands.
pub async fn a_held_job_stays_while_the_one_before_goes_on<S: Subject>(subject: &S) {
    let (rig, running) = held(subject).await;
    assert_eq!(rig.release(16, &running).await, Written::Done);
    assert_eq!(state(&rig, 15).await, held_until_free(15), "released");
    let running = rig.claim_one(16, "w", "t").await;
    assert_eq!(running.id, fired("a", 5));
    assert_eq!(rig.retry(16, &running, 0).await, Written::Done);
    assert_eq!(state(&rig, 15).await, held_until_free(15), "tried again");
    let _ = rig.claim_one(17, "w", "t").await;
    assert_eq!(rig.rescue(17 + LEASE, 9).await.len(), 1);
    assert_eq!(state(&rig, 15).await, held_until_free(15), "lost and rescued");
    assert_eq!(rig.claim_one(17 + LEASE, "w", "t").await.id, fired("a", 5));
}

/// Being free is not being ready.
pub async fn a_freed_job_still_waits_for_its_instant<S: Subject>(subject: &S) {
    let rig = scene(subject, Overlap::Queue).await;
    let a = rig.schedule("a").await.expect("it was put");
    let mut request = advance_all(&a, &[at(5), at(15)], at(25));
    request.fires[1].ready_at = at(40);
    let _ = rig.advance(15, &request).await;
    assert_eq!(rig.cancel(16, fired("a", 5)).await, Cancelled::Settled);
    assert_eq!(rig.pulse(16).await.next_ready_at, Some(at(40)));
    assert_eq!(rig.claim(39, "w", &["t"], 9).await, []);
    assert_eq!(rig.claim_one(40, "w", "t").await.id, fired("a", 15));
}

/// A start deadline does not wait for anybody.
pub async fn a_held_job_expires<S: Subject>(subject: &S) {
    let rig = scene(subject, Overlap::Queue).await;
    let a = rig.schedule("a").await.expect("it was put");
    let mut request = advance_all(&a, &[at(5), at(15)], at(25));
    request.fires[1].start_by = Some(at(18));
    let _ = rig.advance(15, &request).await;
    assert_eq!(rig.pulse(16).await.next_lapse_at, Some(at(18) + Span::from_micros(1)));
    assert_eq!(rig.rescue(18, 9).await, [], "the deadline itself is in time");
    assert_eq!(one(rig.rescue(19, 9).await).job, fired("a", 15));
    assert_eq!(rig.outcome(fired("a", 15)).await, Some(Outcome::Expired));
    assert_eq!(state(&rig, 5).await, waiting(5), "the other one is left alone");
    assert_eq!(rig.fire(25, "a", &[25], 35).await, 1, "there is room to hold one again");
    assert_eq!(state(&rig, 25).await, held_until_free(25));
}

/// And leaves the running one alone.
pub async fn a_held_job_can_be_cancelled<S: Subject>(subject: &S) {
    let (rig, running) = held(subject).await;
    assert_eq!(rig.cancel(16, fired("a", 15)).await, Cancelled::Settled);
    let run = one(rig.runs_of(fired("a", 15)).await);
    assert_eq!((run.ended.outcome, run.attempt, run.node), (Outcome::Cancelled, 1, None));
    assert_eq!(rig.cancel(16, fired("a", 15)).await, Cancelled::Over);
    assert!(matches!(state(&rig, 5).await, Some(JobState::Leased { cancel: false, .. })));
    assert_eq!(rig.settle(17, &running, Outcome::Succeeded).await, Written::Done);
    assert_eq!(rig.jobs().await, []);
}

/// Those that wait are over at once, those that run are asked, and the new one is held until they
/// have stopped.
pub async fn cancelling_settles_what_waits_and_asks_what_runs<S: Subject>(subject: &S) {
    let rig = scene(subject, Overlap::Allow).await;
    assert_eq!(rig.fire(15, "a", &[5, 15], 25).await, 2);
    let running = one(rig.claim(15, "w", &["t"], 1).await);
    let _ = rig.put(15, &replace(&overlapping("a", Overlap::Cancel), at(25))).await;
    assert_eq!(rig.fire(25, "a", &[25], 35).await, 1);
    assert!(matches!(state(&rig, 5).await, Some(JobState::Leased { cancel: true, .. })));
    assert_eq!(rig.outcome(fired("a", 15)).await, Some(Outcome::Cancelled));
    assert_eq!(state(&rig, 25).await, held_until_free(25));
    assert_eq!(rig.skips_of("a").await, []);
    assert_eq!(rig.settle(26, &running, Outcome::Cancelled).await, Written::Done);
    assert_eq!(state(&rig, 25).await, waiting(25), "also of a job that nobody watched before");
}

/// The newest is the one that is wanted.
pub async fn cancelling_takes_the_place_of_what_was_held<S: Subject>(subject: &S) {
    let rig = scene(subject, Overlap::Cancel).await;
    assert_eq!(rig.fire(5, "a", &[5], 15).await, 1);
    let running = rig.claim_one(5, "w", "t").await;
    for fire in [15, 25, 35] {
        assert_eq!(rig.fire(fire, "a", &[fire], fire + 10).await, 1);
        assert_eq!(state(&rig, fire).await, held_until_free(fire));
    }
    for fire in [15, 25] {
        assert_eq!(rig.outcome(fired("a", fire)).await, Some(Outcome::Cancelled));
    }
    assert_eq!(rig.settle(36, &running, Outcome::Cancelled).await, Written::Done);
    assert_eq!(state(&rig, 35).await, waiting(35));
}

/// A repeated request must not cancel what the first one let in.
pub async fn a_repeated_advance_cancels_and_skips_nothing_more<S: Subject>(subject: &S) {
    for overlap in [Overlap::Skip, Overlap::Queue, Overlap::Cancel] {
        let rig = scene(subject, overlap).await;
        let _ = rig.fire(5, "a", &[5], 15).await;
        let schedule = rig.schedule("a").await.expect("it was put");
        let request = advance_all(&schedule, &[at(15), at(25)], at(35));
        let _ = rig.advance(25, &request).await;
        let after = (rig.jobs().await, rig.skips_of("a").await, rig.schedule("a").await);
        let _ = rig.advance(25, &request).await;
        let again = (rig.jobs().await, rig.skips_of("a").await, rig.schedule("a").await);
        assert_eq!(again, after, "{overlap:?}");
    }
}

/// Jobs belong to the name.
pub async fn a_held_job_outlives_its_schedule<S: Subject>(subject: &S) {
    let (rig, running) = held(subject).await;
    assert_eq!(rig.remove(16, "a").await, [schedule_id("a")]);
    assert_eq!(rig.settle(17, &running, Outcome::Failed).await, Written::Done);
    assert_eq!(rig.claim_one(17, "w", "t").await.id, fired("a", 15));
}

/// Who writes the schedule down again finds its jobs in place.
pub async fn a_schedule_put_again_meets_the_jobs_of_the_former_one<S: Subject>(subject: &S) {
    let (rig, running) = held(subject).await;
    let _ = rig.remove(16, "a").await;
    let _ = rig.put(16, &replace(&overlapping("a", Overlap::Queue), at(25))).await;
    assert_eq!(rig.fire(25, "a", &[25], 35).await, 0, "one is held already");
    assert_eq!(rig.settle(26, &running, Outcome::Succeeded).await, Written::Done);
    assert_eq!(state(&rig, 15).await, waiting(15));
    assert_eq!(rig.fire(35, "a", &[35], 45).await, 1);
    assert_eq!(state(&rig, 35).await, held_until_free(35));
}

/// From the first fire that is held on, the end of those that run already counts too.
pub async fn a_policy_edited_to_queue_waits_for_jobs_of_before<S: Subject>(subject: &S) {
    let rig = scene(subject, Overlap::Allow).await;
    assert_eq!(rig.fire(15, "a", &[5, 15], 25).await, 2);
    let jobs = rig.claim(15, "w", &["t"], 9).await;
    assert!(jobs.iter().all(|job| !job.watched));
    let _ = rig.put(16, &replace(&overlapping("a", Overlap::Queue), at(25))).await;
    assert_eq!(rig.fire(25, "a", &[25], 35).await, 1);
    assert!(rig.jobs().await.iter().all(|job| job.watched));
    assert_eq!(rig.settle(26, &jobs[1], Outcome::Succeeded).await, Written::Done);
    assert_eq!(state(&rig, 25).await, held_until_free(25), "one of two");
    assert_eq!(rig.settle(27, &jobs[0], Outcome::Succeeded).await, Written::Done);
    assert_eq!(state(&rig, 25).await, waiting(25));
}

/// However many they are, and whether they wait or run.
pub async fn a_policy_edited_to_skip_meets_jobs_of_before<S: Subject>(subject: &S) {
    let rig = scene(subject, Overlap::Allow).await;
    assert_eq!(rig.fire(15, "a", &[5, 15], 25).await, 2);
    let running = rig.claim(15, "w", &["t"], 1).await;
    let _ = rig.put(16, &replace(&overlapping("a", Overlap::Skip), at(25))).await;
    assert_eq!(rig.fire(25, "a", &[25], 35).await, 0);
    assert_eq!(rig.settle(26, &running[0], Outcome::Succeeded).await, Written::Done);
    assert_eq!(rig.fire(35, "a", &[35], 45).await, 0, "one of two");
    assert_eq!(rig.skips_of("a").await, [overlapped(25, 25, 1), overlapped(35, 35, 1)]);
    let waited = rig.claim_one(36, "w", "t").await;
    assert_eq!(rig.settle(37, &waited, Outcome::Succeeded).await, Written::Done);
    assert_eq!(rig.fire(45, "a", &[45], 55).await, 1);
    assert_eq!(state(&rig, 45).await, waiting(45));
}

/// A schedule that allows overlap holds nobody back.
pub async fn a_policy_edited_to_allow_frees_what_is_held<S: Subject>(subject: &S) {
    let (rig, running) = held(subject).await;
    assert_eq!(state(&rig, 15).await, held_until_free(15));
    let _ = rig.put(16, &replace(&overlapping("a", Overlap::Allow), at(25))).await;
    assert_eq!(state(&rig, 15).await, waiting(15));
    assert_eq!(rig.fire(25, "a", &[25], 35).await, 1);
    assert_eq!(state(&rig, 25).await, waiting(25));
    assert_eq!(rig.settle(27, &running, Outcome::Succeeded).await, Written::Done);
}

/// Nor do jobs without any schedule.
pub async fn jobs_of_others_do_not_overlap<S: Subject>(subject: &S) {
    let rig = scene(subject, Overlap::Skip).await;
    let _ = rig.put(0, &replace(&spec("b", "t"), at(5))).await;
    assert_eq!(rig.fire(5, "b", &[5], 15).await, 1);
    rig.enqueue_all(5, &[queued(1, "t")]).await;
    assert_eq!(rig.fire(5, "a", &[5], 15).await, 1);
    let ids: Vec<JobId> = rig.jobs().await.iter().map(|job| job.id).collect();
    assert!(ids.contains(&job_id(1)) && ids.len() == 3);
}
