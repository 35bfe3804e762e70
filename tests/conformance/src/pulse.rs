//! What every reply says about the store.

use mainspring_contract::Store;
use mainspring_contract::record::{Enqueue, PutSchedule, Spec, Written};
use mainspring_core::outcome::Outcome;
use mainspring_core::schedule::Next;
use mainspring_core::time::Span;

use crate::Subject;
use crate::rig::{CLAIM, LEASE, Rig, clock, ok};
use crate::sample::{advance, at, job_id, queued, replace, secs, spec, task};

/// The clock by which the verb was judged; an empty store has no deadlines.
pub async fn the_pulse_is_the_clock_that_was_asked_for<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let pulse = rig.pulse(77).await;
    assert_eq!(pulse.store_now, at(77));
    assert_eq!((pulse.next_due_at, pulse.next_ready_at), (None, None));
    assert_eq!(pulse.next_lapse_at, None);
}

/// Overdue or not.
pub async fn the_first_due_schedule_is_a_deadline<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let _ = rig.put(0, &replace(&spec("a", "t"), at(9))).await;
    let _ = rig.put(0, &replace(&spec("b", "t"), at(5))).await;
    let done = PutSchedule { next: Next::Done, ..replace(&spec("c", "t"), at(0)) };
    let _ = rig.put(0, &done).await;
    assert_eq!(rig.pulse(1).await.next_due_at, Some(at(5)));
    assert_eq!(rig.pulse(50).await.next_due_at, Some(at(5)));
}

/// Nobody else needs to ask before, and if the planner died, nobody waits for longer.
pub async fn a_claimed_schedule_is_a_deadline_when_the_claim_ends<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let _ = rig.put(0, &replace(&spec("a", "t"), at(5))).await;
    let a = rig.claim_due(5, "p", 1).await.remove(0);
    assert_eq!(rig.pulse(6).await.next_due_at, Some(at(5 + CLAIM)));
    let _ = rig.advance(6, &advance(&a, at(5), at(500))).await;
    assert_eq!(rig.pulse(6).await.next_due_at, Some(at(500)));
    let _ = rig.claim_within(490, "p", secs(10), 1).await;
    assert_eq!(rig.pulse(490).await.next_due_at, Some(at(490 + CLAIM)));
}

/// Whoever waits for it would wait in a circle.
pub async fn a_paused_overdue_schedule_is_no_deadline<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let paused = Spec { paused: true, ..spec("a", "t") };
    let _ = rig.put(0, &replace(&paused, at(5))).await;
    assert_eq!(rig.pulse(9).await.next_due_at, None);
}

/// Only what is not ready yet: what is ready can be claimed, or waits for a place.
pub async fn the_next_ready_job_is_a_deadline<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let ready = |number, t| Enqueue { ready_at: Some(at(t)), ..queued(number, "t") };
    rig.enqueue_all(0, &[ready(1, 5), ready(2, 9)]).await;
    assert_eq!(rig.pulse(4).await.next_ready_at, Some(at(5)));
    assert_eq!(rig.pulse(5).await.next_ready_at, Some(at(9)));
    assert_eq!(rig.pulse(9).await.next_ready_at, None);
    let job = rig.claim_one(5, "w", "t").await;
    assert_eq!(rig.retry(6, &job, 1).await, Written::Done);
    assert_eq!(rig.pulse(6).await.next_ready_at, Some(at(7)));
}

/// The first one to end, lapsed or not.
pub async fn a_lease_is_a_deadline<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    rig.enqueue_all(0, &[1, 2].map(|n| queued(n, "t"))).await;
    let first = rig.claim(0, "w", &["t"], 1).await.remove(0);
    let _ = rig.claim(3, "w", &["t"], 1).await;
    assert_eq!(rig.pulse(4).await.next_lapse_at, Some(at(LEASE)));
    assert_eq!(rig.pulse(99).await.next_lapse_at, Some(at(LEASE)));
    assert_eq!(rig.settle(4, &first, Outcome::Succeeded).await, Written::Done);
    assert_eq!(rig.pulse(4).await.next_lapse_at, Some(at(3 + LEASE)));
}

/// From the first instant on at which a rescue finds it.
pub async fn a_start_deadline_is_a_deadline<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    rig.enqueue_all(0, &[Enqueue { start_by: Some(at(5)), ..queued(1, "t") }]).await;
    let lapse = rig.pulse(0).await.next_lapse_at.expect("a start deadline");
    assert_eq!(lapse, at(5) + Span::from_micros(1));
    let just_before = mainspring_contract::Clock::Fixed(at(5));
    let lapsed = mainspring_contract::record::Rescue::Lapsed;
    assert_eq!(ok(rig.0.rescue(just_before, &lapsed, 9).await).value, []);
    let then = mainspring_contract::Clock::Fixed(lapse);
    let reply = ok(rig.0.rescue(then, &lapsed, 9).await);
    assert_eq!((reply.value.len(), reply.pulse.next_lapse_at), (1, None));
}

/// So that every node notices without any broker.
pub async fn what_people_change_raises_the_config_revision<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let mut last = rig.pulse(0).await.config_revision;
    for step in 0..5 {
        match step {
            0 => rig.put_task(0, task("t", Some(1))).await,
            1 => drop(rig.put(0, &replace(&spec("a", "t"), at(5))).await),
            2 => drop(rig.put(0, &replace(&spec("a", "u"), at(5))).await),
            3 => rig.put_task(0, task("t", Some(2))).await,
            _ => drop(rig.remove(0, "a").await),
        }
        let now = rig.pulse(0).await.config_revision;
        assert!(now > last, "step {step}");
        last = now;
    }
}

/// So that nodes do not reload because time goes by.
pub async fn what_machines_do_leaves_the_config_revision<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let _ = rig.put(0, &replace(&spec("a", "t"), at(5))).await;
    let before = rig.pulse(0).await.config_revision;
    let a = rig.claim_due(5, "p", 1).await.remove(0);
    let _ = rig.advance(5, &advance(&a, at(5), at(15))).await;
    rig.enqueue_all(5, &[queued(1, "t")]).await;
    let jobs = rig.claim(5, "w", &["t"], 9).await;
    assert_eq!(rig.settle(6, &jobs[0], Outcome::Failed).await, Written::Done);
    assert_eq!(rig.retry(6, &jobs[1], 0).await, Written::Done);
    let _ = rig.cancel(7, job_id(1)).await;
    let _ = rig.prune(at(99), 99).await;
    assert_eq!(rig.pulse(8).await.config_revision, before);
}

/// Whatever the verb.
pub async fn an_empty_request_only_fetches_the_pulse<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let _ = rig.put(0, &replace(&spec("a", "t"), at(5))).await;
    let (store, now) = (&rig.0, clock(3));
    let wanted = rig.pulse(3).await;
    assert_eq!(wanted.next_due_at, Some(at(5)));
    assert_eq!(ok(store.put_schedules(now, &[]).await).pulse, wanted);
    assert_eq!(ok(store.advance(now, &[]).await).pulse, wanted);
    assert_eq!(ok(store.quarantine(now, &[]).await).pulse, wanted);
    assert_eq!(ok(store.enqueue(now, &[]).await).pulse, wanted);
    assert_eq!(ok(store.renew(now, &[]).await).pulse, wanted);
    assert_eq!(ok(store.release(now, &[]).await).pulse, wanted);
    assert_eq!(ok(store.retry(now, &[]).await).pulse, wanted);
    assert_eq!(ok(store.settle(now, &[]).await).pulse, wanted);
    assert_eq!(ok(store.cancel(now, &[]).await).pulse, wanted);
}
