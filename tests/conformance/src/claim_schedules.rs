//! Sharing schedules out among planners.

use mainspring_contract::record::{Advanced, PutSchedule, Schedule, Spec};
use mainspring_core::schedule::Next;

use crate::Subject;
use crate::rig::{CLAIM, Rig, one};
use crate::sample::{advance, at, replace, secs, spec};

fn names(schedules: &[Schedule]) -> Vec<&str> {
    schedules.iter().map(|schedule| schedule.spec.id.as_str()).collect()
}

/// By the cursor, then by name.
pub async fn the_earliest_come_first_and_no_more_than_asked_for<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    for (name, next) in [("d", 4), ("a", 5), ("c", 2), ("b", 3)] {
        let _ = rig.put(0, &replace(&spec(name, "t"), at(next))).await;
    }
    assert_eq!(names(&rig.claim_due(10, "p", 0).await), [""; 0]);
    assert_eq!(names(&rig.claim_due(10, "p", 3).await), ["c", "b", "d"]);
    assert_eq!(names(&rig.claim_due(10, "p", 3).await), ["a"]);
}

/// A planner may claim what comes due soon; the last instant of the span counts.
pub async fn a_claim_reaches_ahead<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    for (name, next) in [("a", 10), ("b", 15), ("c", 16)] {
        let _ = rig.put(0, &replace(&spec(name, "t"), at(next))).await;
    }
    assert_eq!(names(&rig.claim_within(5, "p", secs(10), 9).await), ["a", "b"]);
}

/// Not even the holder gets it twice.
pub async fn two_planners_never_hold_one_claim<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let _ = rig.put(0, &replace(&spec("a", "t"), at(5))).await;
    assert_eq!(names(&rig.claim_due(5, "one", 9).await), ["a"]);
    assert_eq!(names(&rig.claim_due(5, "two", 9).await), [""; 0]);
    assert_eq!(names(&rig.claim_due(6, "one", 9).await), [""; 0]);
}

/// A planner that died keeps a schedule no longer than its claim.
pub async fn a_claim_ends_by_itself<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let _ = rig.put(0, &replace(&spec("a", "t"), at(5))).await;
    assert_eq!(names(&rig.claim_due(5, "one", 9).await), ["a"]);
    assert_eq!(names(&rig.claim_due(5 + CLAIM - 1, "two", 9).await), [""; 0]);
    assert_eq!(names(&rig.claim_due(5 + CLAIM, "two", 9).await), ["a"]);
}

/// What cannot fire is not handed out.
pub async fn paused_done_and_future_schedules_stay<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let paused = Spec { paused: true, ..spec("a", "t") };
    let _ = rig.put(0, &replace(&paused, at(5))).await;
    let done = PutSchedule { next: Next::Done, ..replace(&spec("b", "t"), at(5)) };
    let _ = rig.put(0, &done).await;
    let _ = rig.put(0, &replace(&spec("c", "t"), at(11))).await;
    assert_eq!(names(&rig.claim_due(10, "p", 9).await), [""; 0]);
    let _ = rig.put(10, &replace(&spec("a", "t"), at(99))).await;
    assert_eq!(names(&rig.claim_due(10, "p", 9).await), ["a"], "resumed with its cursor");
}

/// Only the revision decides who may advance: a planner whose claim has ended, and one that never
/// had it, do no harm.
pub async fn a_claim_is_only_a_hint<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let _ = rig.put(0, &replace(&spec("a", "t"), at(5))).await;
    let first = one(rig.claim_due(5, "one", 9).await);
    let second = one(rig.claim_due(5 + CLAIM, "two", 9).await);
    assert_eq!(first.revision, second.revision);
    let late = rig.advance(6 + CLAIM, &advance(&first, at(5), at(50))).await;
    assert!(matches!(late, Advanced::Done { inserted: 1, .. }));
    let same = rig.advance(6 + CLAIM, &advance(&second, at(5), at(50))).await;
    assert!(matches!(same, Advanced::Done { inserted: 0, .. }), "the same decision, made twice");
    let stale = rig.advance(6 + CLAIM, &advance(&second, at(5), at(60))).await;
    assert_eq!(stale, Advanced::Stale);
}
