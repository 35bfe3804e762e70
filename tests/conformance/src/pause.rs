//! Schedules that are told to stop firing for a while.

use mainspring_contract::record::{
    Advanced, Cancelled, Job, Paused, Put, Resumed, Schedule, Spec, Written,
};
use mainspring_contract::{ScheduleId, Store};
use mainspring_core::fire::{Skip, SkipReason};
use mainspring_core::outcome::Outcome;
use mainspring_core::schedule::{Next, Pause, PauseReason, Policies};
use mainspring_core::trigger::Count;

use crate::Subject;
use crate::rig::{Rig, clock, one, value};
use crate::sample::{advance, at, encoded, replace, schedule_id, spec, with};

/// A store with the schedule `a`, which is due at 5 and claimed.
async fn claimed<S: Subject>(subject: &S) -> (Rig<S::Store>, Schedule) {
    let rig = Rig(subject.fresh().await);
    let _ = rig.put(0, &replace(&spec("a", "t"), at(5))).await;
    let schedule = one(rig.claim_due(5, "p", 1).await);
    (rig, schedule)
}

fn brittle(max_failures: u16) -> Spec {
    with("a", Policies { max_failures: Some(max_failures), ..Policies::DEFAULT })
}

/// A store with the schedule `a`, which is paused after so many failures.
async fn fragile<S: Subject>(subject: &S, max_failures: u16) -> Rig<S::Store> {
    let rig = Rig(subject.fresh().await);
    let _ = rig.put(0, &replace(&brittle(max_failures), at(5))).await;
    rig
}

/// Fires once at second `t` and claims the job.
async fn run<S: Store>(rig: &Rig<S>, t: i64) -> Job {
    assert_eq!(rig.fire(t, "a", &[t], t + 10).await, 1);
    rig.claim_one(t, "w", "t").await
}

async fn read<S: Store>(rig: &Rig<S>) -> Schedule {
    rig.schedule("a").await.expect("it was put")
}

fn by_hand(since: i64) -> Option<Pause> {
    Some(Pause { reason: PauseReason::Person, since: at(since) })
}

fn after_failures(since: i64) -> Option<Pause> {
    Some(Pause { reason: PauseReason::Failures, since: at(since) })
}

/// It keeps its cursor, and says since when and why.
pub async fn a_paused_schedule_does_not_fire<S: Subject>(subject: &S) {
    let (rig, a) = claimed(subject).await;
    let before = rig.pulse(5).await;
    assert_eq!(before.next_due_at, Some(at(35)), "when its claim ends");
    assert_eq!(rig.pause(6, "a").await, Paused::Done);
    let after = rig.pulse(6).await;
    assert_eq!(after.next_due_at, None);
    assert!(after.config_revision > before.config_revision);
    assert_eq!(rig.claim_due(99, "p", 9).await, []);
    let paused = read(&rig).await;
    assert_eq!((paused.pause, paused.next), (by_hand(6), a.next));
    assert_eq!(paused.revision, a.revision.next());
    assert_eq!(rig.advance(7, &advance(&a, at(5), at(15))).await, Advanced::Stale);
    assert_eq!(rig.advance(7, &advance(&paused, at(5), at(15))).await, Advanced::Stale);
    assert_eq!(rig.jobs().await, []);
}

/// The first one counts, and a batch is answered item by item.
pub async fn pausing_twice_is_pausing_once<S: Subject>(subject: &S) {
    let (rig, _) = claimed(subject).await;
    let ids: Vec<ScheduleId> = ["a", "b", "a"].into_iter().map(schedule_id).collect();
    let answers = value(rig.0.pause(clock(6), &ids).await);
    assert_eq!(answers, [Paused::Done, Paused::Missing, Paused::Already]);
    let before = (read(&rig).await, rig.pulse(7).await);
    assert_eq!(rig.pause(7, "a").await, Paused::Already);
    assert_eq!((read(&rig).await, rig.pulse(7).await), before);
    assert_eq!(before.0.pause, by_hand(6));
}

/// A planner that was lost does not keep a resumed schedule waiting.
pub async fn a_pause_takes_the_claim_away<S: Subject>(subject: &S) {
    let (rig, _) = claimed(subject).await;
    assert_eq!(rig.pause(6, "a").await, Paused::Done);
    let paused = read(&rig).await;
    assert_eq!(rig.resume(7, &paused, 5, None).await, Resumed::Done);
    assert_eq!(rig.pulse(7).await.next_due_at, Some(at(5)));
    assert_eq!(rig.claim_due(7, "other", 9).await.len(), 1);
}

/// From the cursor that was worked out for it; what is passed over leaves a record.
pub async fn a_resumed_schedule_fires_again<S: Subject>(subject: &S) {
    let (rig, _) = claimed(subject).await;
    let _ = rig.pause(6, "a").await;
    let (paused, before) = (read(&rig).await, rig.pulse(50).await);
    let (from, to, reason) = (at(5), at(45), SkipReason::Paused);
    let skip = Skip { reason, from, to, count: Count::Exact(5) };
    assert_eq!(rig.resume(50, &paused, 55, Some(skip)).await, Resumed::Done);
    let a = read(&rig).await;
    assert_eq!((a.next, a.pause), (Next::At(at(55)), None));
    assert_eq!(a.revision, paused.revision.next());
    assert_eq!(rig.skips_of("a").await, [skip]);
    let after = rig.pulse(50).await;
    assert_eq!(after.next_due_at, Some(at(55)));
    assert!(after.config_revision > before.config_revision);
    assert_eq!(rig.fire(55, "a", &[55], 65).await, 1);
}

/// Somebody else was faster, or the schedule changed since the cursor was worked out.
pub async fn resuming_another_revision_changes_nothing<S: Subject>(subject: &S) {
    let (rig, a) = claimed(subject).await;
    let _ = rig.pause(6, "a").await;
    let before = (read(&rig).await, rig.pulse(7).await);
    let skip = Skip { reason: SkipReason::Paused, ..crate::sample::skip(at(5)) };
    assert_eq!(rig.resume(7, &a, 15, Some(skip)).await, Resumed::Stale);
    assert_eq!((read(&rig).await, rig.pulse(7).await), before);
    assert_eq!(rig.resume(7, &before.0, 15, Some(skip)).await, Resumed::Done);
    assert_eq!(rig.resume(7, &before.0, 25, Some(skip)).await, Resumed::Stale, "once is enough");
    assert_eq!((read(&rig).await.next, rig.skips_of("a").await), (Next::At(at(15)), vec![skip]));
    let _ = rig.remove(8, "a").await;
    assert_eq!(rig.resume(8, &before.0, 15, None).await, Resumed::Stale);
}

/// Its cursor stays where it is.
pub async fn resuming_what_fires_changes_nothing<S: Subject>(subject: &S) {
    let (rig, a) = claimed(subject).await;
    let before = rig.pulse(6).await;
    let skip = crate::sample::skip(at(5));
    assert_eq!(rig.resume(6, &a, 95, Some(skip)).await, Resumed::Unchanged);
    assert_eq!((read(&rig).await, rig.pulse(6).await), (a, before));
    assert_eq!(rig.skips_of("a").await, []);
}

/// Whoever wrote it down must write it down otherwise.
pub async fn what_is_written_down_has_the_last_word_on_a_pause<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let written = Spec { paused: true, ..spec("a", "t") };
    let _ = rig.put(0, &replace(&written, at(5))).await;
    let a = read(&rig).await;
    assert_eq!(rig.resume(6, &a, 15, None).await, Resumed::Unchanged);
    assert_eq!(rig.pause(7, "a").await, Paused::Done, "a second reason");
    let a = read(&rig).await;
    let skip = crate::sample::skip(at(5));
    assert_eq!(rig.resume(8, &a, 15, Some(skip)).await, Resumed::Unchanged);
    assert_eq!((read(&rig).await, rig.skips_of("a").await), (a.clone(), vec![]));
    assert_eq!(rig.put(9, &replace(&spec("a", "t"), at(15))).await, Put::Replaced);
    assert_eq!(rig.claim_due(99, "p", 9).await, [], "the pause by hand is still there");
    let a = read(&rig).await;
    assert_eq!((a.pause, a.is_paused()), (by_hand(7), true));
    assert_eq!(rig.resume(10, &a, 15, None).await, Resumed::Done);
    assert_eq!(rig.claim_due(15, "p", 9).await.len(), 1);
}

/// An edit changes what it is about, and this is not what it says.
pub async fn an_edit_keeps_a_pause_by_hand<S: Subject>(subject: &S) {
    let (rig, _) = claimed(subject).await;
    let _ = rig.pause(6, "a").await;
    let edited = Spec { trigger: encoded("\"daily\""), ..spec("a", "t") };
    assert_eq!(rig.put(7, &replace(&edited, at(15))).await, Put::Replaced);
    assert_eq!((read(&rig).await.pause, rig.pulse(7).await.next_due_at), (by_hand(6), None));
}

/// The last straw is counted by the end of a job, and people are told.
pub async fn so_many_failures_in_a_row_pause_a_schedule<S: Subject>(subject: &S) {
    let rig = fragile(subject, 2).await;
    let job = run(&rig, 5).await;
    assert_eq!(rig.settle(6, &job, Outcome::Failed).await, Written::Done);
    assert_eq!((read(&rig).await.failures, read(&rig).await.pause), (1, None));
    let job = run(&rig, 15).await;
    let (before, pulse) = (read(&rig).await, rig.pulse(16).await);
    assert_eq!(rig.settle(16, &job, Outcome::Panicked).await, Written::Done);
    let after = read(&rig).await;
    assert_eq!((after.failures, after.pause), (2, after_failures(16)));
    assert_eq!((after.next, after.revision), (before.next, before.revision.next()));
    assert!(rig.pulse(16).await.config_revision > pulse.config_revision);
    assert_eq!(rig.pulse(16).await.next_due_at, None);
    assert_eq!(rig.claim_due(99, "p", 9).await, []);
    assert_eq!(rig.advance(25, &advance(&before, at(25), at(35))).await, Advanced::Stale);
}

/// In a row means in a row.
pub async fn a_success_forgets_the_failures_before<S: Subject>(subject: &S) {
    let rig = fragile(subject, 2).await;
    let before = rig.pulse(5).await;
    for (t, outcome, failures) in [
        (5, Outcome::Failed, 1),
        (15, Outcome::Succeeded, 0),
        (25, Outcome::TimedOut, 1),
        (35, Outcome::Succeeded, 0),
    ] {
        let job = run(&rig, t).await;
        assert_eq!(rig.settle(t, &job, outcome).await, Written::Done);
        assert_eq!((read(&rig).await.failures, read(&rig).await.pause), (failures, None));
    }
    assert_eq!(rig.pulse(5).await.config_revision, before.config_revision, "people did nothing");
}

/// Neither for better nor for worse.
pub async fn a_job_that_was_cancelled_or_expired_has_not_failed<S: Subject>(subject: &S) {
    let rig = fragile(subject, 2).await;
    let job = run(&rig, 5).await;
    assert_eq!(rig.settle(5, &job, Outcome::Failed).await, Written::Done);
    assert_eq!(rig.fire(15, "a", &[15], 25).await, 1);
    assert_eq!(rig.cancel(15, one(rig.jobs().await).id).await, Cancelled::Settled);
    let a = read(&rig).await;
    let mut request = advance(&a, at(25), at(35));
    request.fires[0].start_by = Some(at(26));
    let _ = rig.advance(25, &request).await;
    assert_eq!(one(rig.rescue(30, 9).await).ended.outcome, Outcome::Expired);
    assert_eq!((read(&rig).await.failures, read(&rig).await.pause), (1, None));
    let job = run(&rig, 35).await;
    assert_eq!(rig.settle(36, &job, Outcome::Failed).await, Written::Done);
    assert_eq!(read(&rig).await.pause, after_failures(36));
}

/// A failed attempt is no failed job.
pub async fn only_the_end_of_a_job_counts_as_a_failure<S: Subject>(subject: &S) {
    let rig = fragile(subject, 1).await;
    let job = run(&rig, 5).await;
    assert_eq!(rig.retry(6, &job, 0).await, Written::Done);
    assert_eq!((read(&rig).await.failures, read(&rig).await.pause), (0, None));
    let job = rig.claim_one(7, "w", "t").await;
    assert_eq!(rig.settle(7, &job, Outcome::Failed).await, Written::Done);
    assert_eq!(rig.settle(7, &job, Outcome::Failed).await, Written::Done, "once more");
    assert_eq!((read(&rig).await.failures, read(&rig).await.pause), (1, after_failures(7)));
}

/// Somebody has looked at it.
pub async fn an_edit_ends_a_pause_after_failures<S: Subject>(subject: &S) {
    let rig = fragile(subject, 1).await;
    let job = run(&rig, 5).await;
    assert_eq!(rig.settle(6, &job, Outcome::Failed).await, Written::Done);
    let edited = Spec { payload: encoded("[1]"), ..brittle(1) };
    assert_eq!(rig.put(7, &replace(&edited, at(99))).await, Put::Replaced);
    let a = read(&rig).await;
    assert_eq!((a.pause, a.failures, a.next), (None, 0, Next::At(at(15))));
    assert_eq!(rig.claim_due(15, "p", 9).await.len(), 1);
}

/// Resuming gives it as many tries as it had at first.
pub async fn resuming_forgets_the_failures<S: Subject>(subject: &S) {
    let rig = fragile(subject, 1).await;
    let job = run(&rig, 5).await;
    assert_eq!(rig.settle(6, &job, Outcome::Failed).await, Written::Done);
    let paused = read(&rig).await;
    assert_eq!(rig.resume(7, &paused, 15, None).await, Resumed::Done);
    assert_eq!((read(&rig).await.failures, read(&rig).await.pause), (0, None));
}

/// The first reason stands, and the jobs that are there run on.
pub async fn a_pause_leaves_jobs_alone<S: Subject>(subject: &S) {
    let rig = fragile(subject, 1).await;
    assert_eq!(rig.fire(15, "a", &[5, 15], 25).await, 2);
    let jobs = rig.claim(15, "w", &["t"], 9).await;
    assert_eq!(rig.pause(16, "a").await, Paused::Done);
    let before = rig.pulse(17).await;
    assert_eq!(rig.settle(17, &jobs[0], Outcome::Failed).await, Written::Done);
    assert_eq!(rig.settle(18, &jobs[1], Outcome::Failed).await, Written::Done);
    let a = read(&rig).await;
    assert_eq!((a.failures, a.pause), (2, by_hand(16)));
    assert_eq!(rig.pulse(17).await.config_revision, before.config_revision);
}

/// An edit ends a pause after failures, but not what a person said since.
pub async fn a_pause_by_hand_takes_the_place_of_one_after_failures<S: Subject>(subject: &S) {
    let rig = fragile(subject, 1).await;
    let job = run(&rig, 5).await;
    assert_eq!(rig.settle(6, &job, Outcome::Failed).await, Written::Done);
    assert_eq!(read(&rig).await.pause, after_failures(6));
    assert_eq!(rig.pause(7, "a").await, Paused::Done);
    assert_eq!(read(&rig).await.pause, by_hand(7));
    assert_eq!(rig.put(8, &replace(&brittle(9), at(25))).await, Put::Replaced);
    assert_eq!(read(&rig).await.pause, by_hand(7));
}
