//! Schedules that fire so many times and no more.

use mainspring_contract::record::{Advance, Advanced, Schedule, Spec};
use mainspring_core::overlap::Overlap;
use mainspring_core::schedule::{Next, Policies};

use crate::Subject;
use crate::rig::{Rig, one};
use crate::sample::{advance, advance_all, at, encoded, replace, skip, with};

fn limited(limit: u32, overlap: Overlap) -> Spec {
    with("a", Policies { limit: Some(limit), overlap, ..Policies::DEFAULT })
}

/// A store with a schedule that has this limit and is due at 5.
async fn scene<S: Subject>(subject: &S, limit: u32, overlap: Overlap) -> Rig<S::Store> {
    let rig = Rig(subject.fresh().await);
    let _ = rig.put(0, &replace(&limited(limit, overlap), at(5))).await;
    rig
}

async fn read<S: mainspring_contract::Store>(rig: &Rig<S>) -> Schedule {
    rig.schedule("a").await.expect("it was put")
}

/// Whatever the trigger says comes next.
pub async fn the_last_fire_of_a_limit_ends_the_schedule<S: Subject>(subject: &S) {
    let rig = scene(subject, 3, Overlap::Allow).await;
    assert_eq!(rig.fire(5, "a", &[5], 15).await, 1);
    let a = one(rig.claim_due(15, "p", 9).await);
    assert_eq!((a.next, a.fired, a.policies().limit), (Next::At(at(15)), 1, Some(2)));
    assert_eq!(rig.fire(25, "a", &[15, 25], 35).await, 2);
    let a = read(&rig).await;
    assert_eq!((a.next, a.fired, a.last_fire_at), (Next::Done, 3, Some(at(25))));
    assert_eq!(rig.claim_due(99, "p", 9).await, []);
    assert_eq!(rig.pulse(99).await.next_due_at, None);
    assert_eq!(rig.advance(99, &advance(&a, at(35), at(45))).await, Advanced::Stale);
}

/// Neither skipped ones nor such as were jobs before.
pub async fn only_fires_that_became_jobs_count<S: Subject>(subject: &S) {
    let rig = scene(subject, 2, Overlap::Skip).await;
    assert_eq!(rig.fire(5, "a", &[5], 15).await, 1);
    assert_eq!(rig.fire(15, "a", &[15], 25).await, 0, "it overlaps");
    let a = read(&rig).await;
    let fires = heapless::Vec::new();
    let skips = [skip(at(25))].into_iter().collect();
    let missed = Advance { fires, skips, ..advance(&a, at(25), at(35)) };
    assert!(matches!(rig.advance(30, &missed).await, Advanced::Done { inserted: 0, .. }));
    assert_eq!(rig.fire(35, "a", &[5], 45).await, 0, "it was a job before");
    let a = read(&rig).await;
    assert_eq!((a.next, a.fired), (Next::At(at(45)), 1));
    let _ = rig.cancel(45, one(rig.jobs().await).id).await;
    assert_eq!(rig.fire(45, "a", &[45], 55).await, 1);
    assert_eq!((read(&rig).await.next, read(&rig).await.fired), (Next::Done, 2));
}

/// An edit that allows more goes on where the new words say.
pub async fn raising_the_limit_revives_the_schedule<S: Subject>(subject: &S) {
    let rig = scene(subject, 1, Overlap::Allow).await;
    assert_eq!(rig.fire(5, "a", &[5], 15).await, 1);
    assert_eq!(read(&rig).await.next, Next::Done);
    let same = Spec { payload: encoded("[2]"), ..limited(1, Overlap::Allow) };
    let _ = rig.put(20, &replace(&same, at(25))).await;
    assert_eq!(read(&rig).await.next, Next::Done, "another edit does not");
    let _ = rig.put(20, &replace(&limited(2, Overlap::Allow), at(25))).await;
    let a = one(rig.claim_due(25, "p", 9).await);
    assert_eq!((a.next, a.fired, a.last_fire_at), (Next::At(at(25)), 1, Some(at(5))));
    assert_eq!(rig.fire(25, "a", &[25], 35).await, 1);
    assert_eq!((read(&rig).await.next, read(&rig).await.fired), (Next::Done, 2));
}

/// Another schedule of the same name has a life of its own.
pub async fn a_schedule_put_anew_counts_from_the_start<S: Subject>(subject: &S) {
    let rig = scene(subject, 1, Overlap::Allow).await;
    assert_eq!(rig.fire(5, "a", &[5], 15).await, 1);
    let _ = rig.remove(6, "a").await;
    let _ = rig.put(6, &replace(&limited(1, Overlap::Allow), at(15))).await;
    assert_eq!((read(&rig).await.next, read(&rig).await.fired), (Next::At(at(15)), 0));
    assert_eq!(rig.fire(15, "a", &[15], 25).await, 1);
}

/// A planner that has not heard of a fire believes that more is left than there is.
pub async fn no_decision_exceeds_what_is_left_of_a_limit<S: Subject>(subject: &S) {
    let rig = scene(subject, 2, Overlap::Allow).await;
    assert_eq!(rig.fire(5, "a", &[5], 15).await, 1);
    assert_eq!(rig.fire(25, "a", &[15, 25], 35).await, 1, "one was left");
    let a = read(&rig).await;
    assert_eq!((a.next, a.fired, a.last_fire_at), (Next::Done, 2, Some(at(15))));
    assert_eq!(rig.jobs().await.len(), 2);
}

/// It asks for a record of such a fire, too.
pub async fn nothing_is_skipped_behind_the_last_fire_of_a_limit<S: Subject>(subject: &S) {
    let rig = scene(subject, 2, Overlap::Allow).await;
    assert_eq!(rig.fire(5, "a", &[5], 15).await, 1);
    let a = read(&rig).await;
    let skips = [skip(at(15)), skip(at(45))].into_iter().collect();
    let late = Advance { skips, ..advance_all(&a, &[at(25), at(35)], at(55)) };
    assert!(matches!(rig.advance(40, &late).await, Advanced::Done { inserted: 1, .. }));
    assert_eq!(read(&rig).await.next, Next::Done);
    assert_eq!(rig.skips_of("a").await, [skip(at(15))]);
}
