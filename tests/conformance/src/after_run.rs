//! Schedules that fire again some time after their job is over.

use mainspring_contract::record::{
    Advance, Advanced, Cancelled, Job, JobState, PutSchedule, Spec, Written,
};
use mainspring_core::outcome::Outcome;
use mainspring_core::schedule::{Next, Policies};
use mainspring_core::settings::Settings;

use crate::Subject;
use crate::rig::{LEASE, Rig, one};
use crate::sample::{advance, at, encoded, replace, secs, with};

/// How long after its job is over the schedule fires again.
const DELAY: i64 = 60;

fn delayed() -> Spec {
    let settings = Settings { max_rescues: Some(1), ..Settings::NONE };
    let policies = Policies { after_run: Some(secs(DELAY)), ..Policies::DEFAULT };
    Spec { settings, ..with("a", policies) }
}

/// A store whose schedule `a` fired at 5 and waits for its job.
async fn waiting<S: Subject>(subject: &S) -> Rig<S::Store> {
    let rig = Rig(subject.fresh().await);
    let _ = rig.put(0, &replace(&delayed(), at(5))).await;
    let a = one(rig.claim_due(5, "p", 1).await);
    let request = Advance { next: Next::AfterRun, ..advance(&a, at(5), at(5)) };
    assert!(matches!(rig.advance(5, &request).await, Advanced::Done { inserted: 1, .. }));
    rig
}

/// The same with its job running.
async fn running<S: Subject>(subject: &S) -> (Rig<S::Store>, Job) {
    let rig = waiting(subject).await;
    let job = rig.claim_one(5, "w", "t").await;
    (rig, job)
}

async fn next<S: mainspring_contract::Store>(rig: &Rig<S>) -> Next {
    rig.schedule("a").await.expect("it was put").next
}

/// Nobody knows yet when it will be.
pub async fn a_schedule_that_waits_for_its_job_is_not_due<S: Subject>(subject: &S) {
    let rig = waiting(subject).await;
    assert_eq!(next(&rig).await, Next::AfterRun);
    assert_eq!(rig.claim_due(9_999, "p", 9).await, []);
    assert_eq!(rig.pulse(6).await.next_due_at, None);
    let a = rig.schedule("a").await.expect("it was put");
    assert_eq!(rig.advance(6, &advance(&a, at(6), at(16))).await, Advanced::Stale);
    assert!(one(rig.jobs().await).watched);
}

/// Well or badly, and it is a deadline from then on.
pub async fn the_delay_counts_from_the_end_of_the_job<S: Subject>(subject: &S) {
    for outcome in [Outcome::Succeeded, Outcome::Failed, Outcome::TimedOut, Outcome::Cancelled] {
        let (rig, job) = running(subject).await;
        let before = rig.schedule("a").await.expect("it was put");
        assert_eq!(rig.settle(8, &job, outcome).await, Written::Done);
        let after = rig.schedule("a").await.expect("it was put");
        assert_eq!(after.next, Next::At(at(8 + DELAY)), "{outcome}");
        assert_eq!(after.revision, before.revision.next(), "whoever planned before is stale");
        assert_eq!(rig.pulse(8).await.next_due_at, Some(at(8 + DELAY)));
        assert_eq!(one(rig.claim_due(8 + DELAY, "p", 9).await).next, after.next);
    }
}

/// A job that is cancelled, expires or is lost too often is over too.
pub async fn the_delay_counts_from_an_end_without_a_word_from_the_holder<S: Subject>(subject: &S) {
    let rig = waiting(subject).await;
    assert_eq!(rig.cancel(7, one(rig.jobs().await).id).await, Cancelled::Settled);
    assert_eq!(next(&rig).await, Next::At(at(7 + DELAY)), "cancelled while it waited");

    let (rig, job) = running(subject).await;
    assert_eq!(rig.cancel(7, job.id).await, Cancelled::Asked);
    assert_eq!(next(&rig).await, Next::AfterRun, "not over yet");
    assert_eq!(rig.release(8, &job).await, Written::Done);
    assert_eq!(next(&rig).await, Next::At(at(8 + DELAY)), "cancelled and released");

    let (rig, _) = running(subject).await;
    assert_eq!(rig.rescue(5 + LEASE, 9).await.len(), 1);
    assert_eq!(next(&rig).await, Next::AfterRun, "rescued once");
    let _ = rig.claim_one(20, "w", "t").await;
    assert_eq!(one(rig.rescue(20 + LEASE, 9).await).ended.outcome, Outcome::Abandoned);
    assert_eq!(next(&rig).await, Next::At(at(20 + LEASE + DELAY)), "abandoned");

    let rig = Rig(subject.fresh().await);
    let _ = rig.put(0, &replace(&delayed(), at(5))).await;
    let a = one(rig.claim_due(5, "p", 1).await);
    let mut request = Advance { next: Next::AfterRun, ..advance(&a, at(5), at(5)) };
    request.fires[0].start_by = Some(at(6));
    let _ = rig.advance(5, &request).await;
    assert_eq!(one(rig.rescue(9, 9).await).ended.outcome, Outcome::Expired);
    assert_eq!(next(&rig).await, Next::At(at(9 + DELAY)), "expired");
}

/// Only the last attempt ends a job.
pub async fn the_delay_does_not_count_while_the_job_is_tried_again<S: Subject>(subject: &S) {
    let (rig, job) = running(subject).await;
    assert_eq!(rig.retry(6, &job, 1).await, Written::Done);
    assert_eq!(next(&rig).await, Next::AfterRun);
    let job = rig.claim_one(7, "w", "t").await;
    assert_eq!(rig.release(7, &job).await, Written::Done);
    assert_eq!(next(&rig).await, Next::AfterRun);
    let job = rig.claim_one(8, "w", "t").await;
    assert_eq!(rig.settle(9, &job, Outcome::Failed).await, Written::Done);
    assert_eq!(next(&rig).await, Next::At(at(9 + DELAY)));
    assert_eq!(rig.settle(50, &job, Outcome::Failed).await, Written::Done, "once more");
    assert_eq!(next(&rig).await, Next::At(at(9 + DELAY)), "a repeated settle ends it once");
}

/// If no job is left to report its end, the delay counts from the decision.
pub async fn a_fire_that_nobody_will_report_on_counts_at_once<S: Subject>(subject: &S) {
    let (rig, job) = running(subject).await;
    assert_eq!(rig.settle(8, &job, Outcome::Succeeded).await, Written::Done);
    let a = rig.schedule("a").await.expect("it was put");
    // The same fire again: its job is over.
    let request = Advance { next: Next::AfterRun, ..advance(&a, at(5), at(5)) };
    assert!(matches!(rig.advance(70, &request).await, Advanced::Done { inserted: 0, .. }));
    assert_eq!(next(&rig).await, Next::At(at(70 + DELAY)));
    assert_eq!(rig.jobs().await, []);
}

/// The new trigger says when.
pub async fn the_end_of_a_job_moves_nothing_after_its_schedule_was_replaced<S: Subject>(
    subject: &S,
) {
    let (rig, job) = running(subject).await;
    let spec = Spec { trigger: encoded("\"daily\""), ..delayed() };
    let _ = rig.put(6, &replace(&spec, at(500))).await;
    let before = rig.schedule("a").await.expect("it was put");
    assert_eq!(before.next, Next::At(at(500)), "a new trigger starts anew");
    assert_eq!(rig.settle(7, &job, Outcome::Succeeded).await, Written::Done);
    assert_eq!(rig.schedule("a").await, Some(before));
}

/// What did not change about it goes on.
pub async fn an_edit_with_the_same_trigger_still_waits_for_the_job<S: Subject>(subject: &S) {
    let (rig, job) = running(subject).await;
    let spec = Spec { payload: encoded("[1]"), ..delayed() };
    let _ = rig.put(6, &replace(&spec, at(500))).await;
    assert_eq!(next(&rig).await, Next::AfterRun);
    assert_eq!(rig.settle(7, &job, Outcome::Succeeded).await, Written::Done);
    assert_eq!(next(&rig).await, Next::At(at(7 + DELAY)));
}

/// Then nobody reports an end any more.
pub async fn an_edit_that_takes_the_delay_away_starts_anew<S: Subject>(subject: &S) {
    let (rig, job) = running(subject).await;
    let spec = Spec { policies: Policies::DEFAULT, ..delayed() };
    let put = PutSchedule { next: Next::At(at(15)), ..replace(&spec, at(15)) };
    let _ = rig.put(6, &put).await;
    assert_eq!(next(&rig).await, Next::At(at(15)));
    assert_eq!(rig.settle(7, &job, Outcome::Succeeded).await, Written::Done);
    assert_eq!(next(&rig).await, Next::At(at(15)));
}

/// It has nothing to say to a schedule that is gone.
pub async fn the_end_of_a_job_whose_schedule_is_gone_is_an_end<S: Subject>(subject: &S) {
    let (rig, job) = running(subject).await;
    let _ = rig.remove(6, "a").await;
    assert_eq!(rig.settle(7, &job, Outcome::Succeeded).await, Written::Done);
    assert_eq!((rig.schedule("a").await, rig.jobs().await), (None, vec![]));
}

/// A pause stops fires, not the clock.
pub async fn the_end_of_a_job_counts_while_its_schedule_is_paused<S: Subject>(subject: &S) {
    let (rig, job) = running(subject).await;
    let _ = rig.pause(6, "a").await;
    assert!(matches!(job.state, JobState::Leased { .. }));
    assert_eq!(rig.settle(7, &job, Outcome::Succeeded).await, Written::Done);
    let a = rig.schedule("a").await.expect("it was put");
    assert_eq!(a.next, Next::At(at(7 + DELAY)));
    assert_eq!((a.due(), rig.pulse(8).await.next_due_at), (None, None));
}
