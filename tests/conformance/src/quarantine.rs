//! Taking schedules out of service.

use mainspring_contract::record::Put;
use mainspring_core::schedule::Next;

use crate::Subject;
use crate::rig::{CLAIM, Rig, one};
use crate::sample::{at, replace, spec};

/// It is neither claimed nor a deadline, and people can read why.
pub async fn a_quarantined_schedule_is_out_of_service_and_says_why<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let _ = rig.put(0, &replace(&spec("a", "t"), at(5))).await;
    let a = one(rig.claim_due(5, "p", 1).await);
    let before = rig.pulse(5).await;
    rig.quarantine(5, &a, "no such zone").await;
    let now = rig.schedule("a").await.expect("it was put");
    assert_eq!(now.quarantine.as_deref(), Some("no such zone"));
    assert_eq!((now.revision, now.next), (a.revision.next(), a.next));
    assert_eq!(rig.claim_due(6 + CLAIM, "p", 9).await, []);
    let pulse = rig.pulse(6).await;
    assert_eq!(pulse.next_due_at, None);
    assert!(pulse.config_revision > before.config_revision);
}

/// What was found unusable was put right in the meantime.
pub async fn a_quarantine_of_another_revision_changes_nothing<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let _ = rig.put(0, &replace(&spec("a", "t"), at(5))).await;
    let a = one(rig.claim_due(5, "p", 1).await);
    let _ = rig.put(5, &replace(&spec("a", "other"), at(5))).await;
    let before = rig.schedule("a").await;
    rig.quarantine(6, &a, "odd").await;
    assert_eq!(rig.schedule("a").await, before);
}

/// Even with the same words: whoever puts them may have put the cause right.
pub async fn putting_it_again_ends_a_quarantine<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let put = replace(&spec("a", "t"), at(5));
    let _ = rig.put(0, &put).await;
    let a = one(rig.claim_due(5, "p", 1).await);
    rig.quarantine(5, &a, "odd").await;
    assert_eq!(rig.put(6, &replace(&spec("a", "t"), at(9))).await, Put::Replaced);
    let now = rig.schedule("a").await.expect("it was put");
    assert_eq!((now.quarantine, now.next), (None, Next::At(at(9))));
    assert_eq!(rig.claim_due(9, "p", 9).await.len(), 1);
}
