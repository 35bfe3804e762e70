//! Removing schedules.

use mainspring_contract::Store;
use mainspring_contract::record::{Advanced, Put, Remove, Spec};

use crate::Subject;
use crate::rig::{Rig, clock, one, value};
use crate::sample::{advance, at, replace, schedule_id, source, spec};

/// The answer says what went.
pub async fn removing_names_what_was_there<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    for name in ["a", "b", "c"] {
        let _ = rig.put(0, &replace(&spec(name, "t"), at(5))).await;
    }
    let names = ["a", "x", "c"].map(schedule_id);
    let mut gone = value(rig.0.remove_schedules(clock(1), &Remove::Named(&names)).await);
    gone.sort();
    assert_eq!(gone, ["a", "c"].map(schedule_id));
    assert_eq!(one(rig.schedules(None, 9).await).schedule.spec.id, schedule_id("b"));
}

/// Reading a file again removes what is no longer in it and nothing else.
pub async fn a_source_that_is_read_again_removes_only_its_own<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    for (name, from) in [("a", "file"), ("b", "file"), ("c", "person"), ("d", "file")] {
        let spec = Spec { source: source(from), ..spec(name, "t") };
        let _ = rig.put(0, &replace(&spec, at(5))).await;
    }
    let kept = ["b", "x"].map(schedule_id);
    let file = source("file");
    let remove = Remove::SourceExcept(&file, &kept);
    let mut gone = value(rig.0.remove_schedules(clock(1), &remove).await);
    gone.sort();
    assert_eq!(gone, ["a", "d"].map(schedule_id));
    let left = rig.schedules(None, 9).await.into_iter().map(|view| view.schedule.spec.id);
    assert_eq!(left.collect::<Vec<_>>(), ["b", "c"].map(schedule_id));
    let everything = Remove::SourceExcept(&file, &[]);
    let gone = value(rig.0.remove_schedules(clock(1), &everything).await);
    assert_eq!(gone, [schedule_id("b")]);
}

/// Nobody reloads because of a removal that removed nothing.
pub async fn removing_what_is_not_there_is_no_change<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let _ = rig.put(0, &replace(&spec("a", "t"), at(5))).await;
    let before = rig.pulse(1).await;
    assert_eq!(rig.remove(1, "x").await, []);
    assert_eq!(rig.pulse(1).await, before);
}

/// A job that was promised is run although its schedule is gone.
pub async fn jobs_outlive_their_schedule<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let _ = rig.put(0, &replace(&spec("a", "t"), at(5))).await;
    let a = one(rig.claim_due(5, "p", 1).await);
    let _ = rig.advance(5, &advance(&a, at(5), at(15))).await;
    assert_eq!(rig.remove(6, "a").await, [schedule_id("a")]);
    let job = rig.claim_one(7, "w", "t").await;
    assert_eq!((job.schedule, job.fire_at), (Some(schedule_id("a")), Some(at(5))));
}

/// Otherwise a planner that still holds the former one would go on with its trigger.
pub async fn a_schedule_put_again_has_revisions_of_its_own<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let mut revisions = std::collections::BTreeSet::new();
    for _ in 0..3 {
        assert_eq!(rig.put(0, &replace(&spec("a", "t"), at(5))).await, Put::Created);
        let schedule = rig.schedule("a").await.expect("it was put");
        assert!(revisions.insert(schedule.revision));
        let advance = advance(&schedule, at(5), at(10));
        assert!(matches!(rig.advance(6, &advance).await, Advanced::Done { .. }));
        let schedule = rig.schedule("a").await.expect("it was put");
        assert!(revisions.insert(schedule.revision));
        assert_eq!(rig.remove(7, "a").await.len(), 1);
    }
}
