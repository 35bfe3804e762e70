//! Turning fires into jobs.

use mainspring_contract::Store;
use mainspring_contract::record::{
    Advance, Advanced, JobState, Put, Schedule, Spec, Task, Written,
};
use mainspring_contract::store::SkipFilter;
use mainspring_core::domain::Origin;
use mainspring_core::fire::{Skip, SkipReason};
use mainspring_core::outcome::Outcome;
use mainspring_core::retry::Counts;
use mainspring_core::schedule::Next;
use mainspring_core::settings::{Priority, Settings, Timeout};
use mainspring_core::trigger::Count;

use crate::Subject;
use crate::rig::{CLAIM, Rig, clock, one, value};
use crate::sample::{advance, at, encoded, replace, schedule_id, secs, skip, spec, task, task_id};

/// A store with the schedule `a`, which is due at 5 and claimed.
async fn claimed<S: Subject>(subject: &S) -> (Rig<S::Store>, Schedule) {
    let rig = Rig(subject.fresh().await);
    assert_eq!(rig.put(0, &replace(&spec("a", "t"), at(5))).await, Put::Created);
    let schedule = one(rig.claim_due(5, "p", 1).await);
    (rig, schedule)
}

/// Both happen, in one transaction.
pub async fn fires_become_jobs_and_the_cursor_moves<S: Subject>(subject: &S) {
    let (rig, a) = claimed(subject).await;
    let request = advance(&a, at(5), at(15));
    let revision = a.revision.next();
    assert_eq!(rig.advance(6, &request).await, Advanced::Done { revision, inserted: 1 });
    let now = rig.schedule("a").await.expect("it was put");
    assert_eq!((now.next, now.last_fire_at), (Next::At(at(15)), Some(at(5))));
    assert_eq!((now.revision, now.spec), (revision, a.spec.clone()));
    let job = one(rig.jobs().await);
    assert_eq!((job.id, &job.task), (request.fires[0].job, &task_id("t")));
    assert_eq!((job.schedule, job.origin), (Some(schedule_id("a")), Origin::Fire));
    assert_eq!((job.fire_at, job.created_at), (Some(at(5)), at(6)));
    assert_eq!((job.payload, job.counts), (a.spec.payload, Counts::default()));
    assert_eq!(job.state, JobState::Waiting { ready_at: at(5) });
}

/// A planner that does not know whether its request arrived asks again.
pub async fn an_advance_happens_once<S: Subject>(subject: &S) {
    let (rig, a) = claimed(subject).await;
    let request = advance(&a, at(5), at(15));
    assert!(matches!(rig.advance(5, &request).await, Advanced::Done { inserted: 1, .. }));
    let after = rig.schedule("a").await;
    // A caller that did not hear the answer asks again, and is told what it would have heard.
    let again = Advanced::Done { revision: a.revision.next(), inserted: 0 };
    assert_eq!(rig.advance(5, &request).await, again);
    assert_eq!((rig.schedule("a").await, rig.jobs().await.len()), (after, 1));
}

/// Not even if the cursor is set back.
pub async fn one_fire_never_becomes_two_jobs<S: Subject>(subject: &S) {
    let (rig, a) = claimed(subject).await;
    assert!(matches!(
        rig.advance(5, &advance(&a, at(5), at(5))).await,
        Advanced::Done { inserted: 1, .. }
    ));
    let again = one(rig.claim_due(6, "p", 1).await);
    assert!(matches!(
        rig.advance(6, &advance(&again, at(5), at(15))).await,
        Advanced::Done { inserted: 0, .. }
    ));
    assert_eq!(rig.jobs().await.len(), 1);
}

/// Nor if the first job is over by then.
pub async fn a_fire_that_is_over_is_not_run_again<S: Subject>(subject: &S) {
    let (rig, a) = claimed(subject).await;
    let _ = rig.advance(5, &advance(&a, at(5), at(5))).await;
    let job = rig.claim_one(6, "w", "t").await;
    assert_eq!(rig.settle(7, &job, Outcome::Succeeded).await, Written::Done);
    let again = one(rig.claim_due(7, "p", 1).await);
    assert!(matches!(
        rig.advance(7, &advance(&again, at(5), at(15))).await,
        Advanced::Done { inserted: 0, .. }
    ));
    assert_eq!(rig.jobs().await, []);
}

async fn is_stale<S: Store>(rig: &Rig<S>, a: &Schedule) {
    let before = rig.schedule("a").await;
    assert_eq!(rig.advance(8, &advance(a, at(5), at(15))).await, Advanced::Stale);
    assert_eq!((rig.schedule("a").await, rig.jobs().await), (before, vec![]));
}

/// The replacement is not lost, neither its trigger nor its cursor.
pub async fn replacing_during_planning_makes_the_advance_stale<S: Subject>(subject: &S) {
    let (rig, a) = claimed(subject).await;
    let new = Spec { trigger: encoded("another"), ..a.spec.clone() };
    assert_eq!(rig.put(6, &replace(&new, at(7))).await, Put::Replaced);
    is_stale(&rig, &a).await;
    assert_eq!(rig.schedule("a").await.map(|a| a.spec), Some(new));
}

/// The planner would take the new revision for its own and go on with the old trigger.
pub async fn an_advance_to_where_a_replacement_has_led_is_stale<S: Subject>(subject: &S) {
    let (rig, a) = claimed(subject).await;
    let new = Spec { trigger: encoded("another"), ..a.spec.clone() };
    assert_eq!(rig.put(4, &replace(&new, at(15))).await, Put::Replaced);
    assert_eq!(rig.schedule("a").await.map(|a| a.next), Some(Next::At(at(15))));
    assert_eq!(rig.advance(5, &advance(&a, at(5), at(15))).await, Advanced::Stale);
}

/// A schedule that was paused does not fire, and is not woken by a late planner.
pub async fn pausing_during_planning_makes_the_advance_stale<S: Subject>(subject: &S) {
    let (rig, a) = claimed(subject).await;
    let paused = Spec { paused: true, ..a.spec.clone() };
    assert_eq!(rig.put(6, &replace(&paused, at(7))).await, Put::Replaced);
    is_stale(&rig, &a).await;
}

/// A schedule that was removed does not come back.
pub async fn removing_during_planning_makes_the_advance_stale<S: Subject>(subject: &S) {
    let (rig, a) = claimed(subject).await;
    assert_eq!(rig.remove(6, "a").await.len(), 1);
    is_stale(&rig, &a).await;
}

/// A schedule that is out of service stays there.
pub async fn quarantine_during_planning_makes_the_advance_stale<S: Subject>(subject: &S) {
    let (rig, a) = claimed(subject).await;
    rig.quarantine(6, &a, "odd").await;
    is_stale(&rig, &a).await;
    let now = rig.schedule("a").await.expect("it was put");
    is_stale(&rig, &now).await;
}

/// Nothing is due under a trigger that has ended.
pub async fn a_schedule_that_is_done_is_not_advanced<S: Subject>(subject: &S) {
    let (rig, a) = claimed(subject).await;
    let last = Advance { next: Next::Done, ..advance(&a, at(5), at(15)) };
    assert!(matches!(rig.advance(5, &last).await, Advanced::Done { inserted: 1, .. }));
    let done = rig.schedule("a").await.expect("it was put");
    assert_eq!(rig.advance(6, &advance(&done, at(6), at(7))).await, Advanced::Stale);
    assert_eq!(rig.jobs().await.len(), 1);
}

/// A failure stays where it is.
pub async fn one_stale_item_does_not_stop_the_others<S: Subject>(subject: &S) {
    let (rig, a) = claimed(subject).await;
    let _ = rig.put(5, &replace(&spec("b", "t"), at(5))).await;
    let b = one(rig.claim_due(5, "p", 9).await);
    let stale = Advance { revision: a.revision.next(), ..advance(&a, at(5), at(15)) };
    let unknown = Advance { schedule: schedule_id("x"), ..stale.clone() };
    let good = advance(&b, at(5), at(15));
    let answers = value(rig.0.advance(clock(5), &[stale, good, unknown]).await);
    let revision = b.revision.next();
    let done = Advanced::Done { revision, inserted: 1 };
    assert_eq!(answers, [Advanced::Stale, done, Advanced::Stale]);
}

/// A planner that goes on with the same schedule need not claim it again.
pub async fn a_claim_is_kept_or_given_up<S: Subject>(subject: &S) {
    let (rig, a) = claimed(subject).await;
    let keep = Advance { keep_for: Some(secs(CLAIM)), ..advance(&a, at(5), at(6)) };
    let _ = rig.advance(6, &keep).await;
    assert_eq!(rig.claim_due(5 + CLAIM, "two", 9).await, [], "kept from the advance on");
    let a = rig.schedule("a").await.expect("it was put");
    let _ = rig.advance(7, &advance(&a, at(6), at(7))).await;
    assert_eq!(rig.claim_due(7, "two", 9).await.len(), 1, "given up");
}

/// A decision that skips everything moves the cursor only.
pub async fn an_advance_without_fires_keeps_the_last_fire<S: Subject>(subject: &S) {
    let (rig, a) = claimed(subject).await;
    let _ = rig.advance(5, &advance(&a, at(5), at(6))).await;
    let a = rig.schedule("a").await.expect("it was put");
    let fires = heapless::Vec::new();
    let empty = Advance { fires, next: Next::Done, ..advance(&a, at(6), at(7)) };
    assert!(matches!(rig.advance(6, &empty).await, Advanced::Done { inserted: 0, .. }));
    let a = rig.schedule("a").await.expect("it was put");
    assert_eq!((a.next, a.last_fire_at), (Next::Done, Some(at(5))));
}

/// Schedule, then task, then built-in.
pub async fn the_schedules_settings_come_before_the_tasks<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let of_schedule = Settings { priority: Priority::new(1), ..Settings::NONE };
    let timeout = Some(Timeout::After(secs(3)));
    let of_task = Settings { priority: Priority::new(8), timeout, ..Settings::NONE };
    rig.put_task(0, Task { settings: of_task, ..task("t", None) }).await;
    let spec = Spec { settings: of_schedule, ..spec("a", "t") };
    let _ = rig.put(0, &replace(&spec, at(5))).await;
    let a = one(rig.claim_due(5, "p", 1).await);
    let _ = rig.advance(5, &advance(&a, at(5), at(15))).await;
    assert_eq!(one(rig.jobs().await).terms, of_schedule.or(of_task).resolve());
}

/// A fire that became no job leaves a record of why.
pub async fn skipped_fires_are_recorded<S: Subject>(subject: &S) {
    let (rig, a) = claimed(subject).await;
    let coalesced =
        Skip { reason: SkipReason::Coalesced, from: at(1), to: at(4), count: Count::AtLeast(7) };
    let skips = [skip(at(0)), coalesced].into_iter().collect();
    let _ = rig.advance(6, &Advance { skips, ..advance(&a, at(5), at(15)) }).await;
    let all = SkipFilter::newest(9);
    let views = rig.skips(&all).await;
    let found: Vec<_> = views.iter().map(|view| view.skip).collect();
    assert_eq!(found, [coalesced, skip(at(0))], "newest first");
    assert!(views.iter().all(|v| v.noted_at == at(6) && v.schedule == schedule_id("a")));
}

/// Jitter and start deadlines are facts in the store, not notes.
pub async fn a_delayed_fire_is_really_delayed<S: Subject>(subject: &S) {
    let (rig, a) = claimed(subject).await;
    let mut request = advance(&a, at(5), at(15));
    request.fires[0].ready_at = at(8);
    request.fires[0].start_by = Some(at(9));
    let _ = rig.advance(5, &request).await;
    assert_eq!(rig.claim(7, "w", &["t"], 9).await, []);
    let job = rig.claim_one(8, "w", "t").await;
    assert_eq!((job.fire_at, job.start_by), (Some(at(5)), Some(at(9))));
}
