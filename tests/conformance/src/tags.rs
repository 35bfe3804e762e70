//! What a worker must offer.

use std::collections::BTreeSet;

use mainspring_contract::JobId;
use mainspring_contract::record::{Enqueue, Job, Spec, Task, Written};
use mainspring_core::outcome::Outcome;

use crate::Subject;
use crate::rig::{Rig, one};
use crate::sample::{at, job_id, queued, replace, spec, tags, task, urgent};

/// Job number `number` of task `t` that needs these tags.
fn needing(number: u64, needed: &[&str]) -> Enqueue {
    Enqueue { tags: Some(tags(needed)), ..queued(number, "t") }
}

fn ids(jobs: &[Job]) -> Vec<JobId> {
    jobs.iter().map(|job| job.id).collect()
}

fn numbers(numbers: &[u64]) -> Vec<JobId> {
    numbers.iter().map(|number| job_id(*number)).collect()
}

/// Job, then schedule, then task; an empty set is a word too.
pub async fn tags_come_from_the_first_level_that_has_them<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    rig.put_task(0, Task { tags: tags(&["of-task"]), ..task("t", None) }).await;
    for (name, of_schedule) in [("a", None), ("b", Some(tags(&["of-b"]))), ("c", Some(tags(&[])))] {
        let _ = rig.put(0, &replace(&Spec { tags: of_schedule, ..spec(name, "t") }, at(5))).await;
        assert_eq!(rig.fire(5, name, &[5], 15).await, 1);
        let job = rig
            .jobs()
            .await
            .into_iter()
            .find(|job| job.schedule.as_ref().is_some_and(|id| id.as_str() == name));
        let expected: &[&str] = match name {
            "a" => &["of-task"],
            "b" => &["of-b"],
            _ => &[],
        };
        assert_eq!(job.expect("it was inserted").tags, tags(expected), "{name}");
    }
    rig.enqueue_all(5, &[queued(1, "t"), needing(2, &["own"]), needing(3, &[])]).await;
    for (number, expected) in [(1, tags(&["of-task"])), (2, tags(&["own"])), (3, tags(&[]))] {
        assert_eq!(rig.job(job_id(number)).await.expect("it was queued").tags, expected);
    }
}

/// As with every setting.
pub async fn a_later_change_of_the_tasks_tags_leaves_jobs_alone<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    rig.put_task(0, Task { tags: tags(&["old"]), ..task("t", None) }).await;
    rig.enqueue_all(0, &[queued(1, "t")]).await;
    let before = rig.pulse(0).await;
    rig.put_task(0, Task { tags: tags(&["new"]), ..task("t", None) }).await;
    assert!(rig.pulse(0).await.config_revision > before.config_revision);
    rig.enqueue_all(0, &[queued(2, "t")]).await;
    assert_eq!(ids(&rig.claim_offering(0, "w", &["t"], &["old"], 9).await), numbers(&[1]));
    assert_eq!(ids(&rig.claim_offering(0, "w", &["t"], &["new"], 9).await), numbers(&[2]));
}

/// More than it needs is no harm, less is not enough.
pub async fn a_job_goes_only_to_who_offers_all_of_its_tags<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let jobs = [
        needing(1, &[]),
        needing(2, &["eu"]),
        needing(3, &["gpu"]),
        needing(4, &["eu", "gpu"]),
        needing(5, &["gp"]),
        needing(6, &["gpu2"]),
    ];
    rig.enqueue_all(0, &jobs).await;
    let offers: [(&[&str], &[u64]); 5] = [
        (&[], &[1]),
        (&["us"], &[]),
        (&["eu"], &[2]),
        (&["eu", "gpu", "us"], &[3, 4]),
        (&["gp", "gpu2"], &[5, 6]),
    ];
    for (offered, expected) in offers {
        let claimed = rig.claim_offering(0, "w", &["t"], offered, 9).await;
        assert_eq!(ids(&claimed), numbers(expected), "{offered:?}");
    }
}

/// Tags say who may run a job, not when.
pub async fn the_most_urgent_comes_first_whatever_its_tags<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let needing = |number, priority, needed: &[&str]| Enqueue {
        tags: Some(tags(needed)),
        ..urgent(number, "t", priority)
    };
    let jobs = [
        needing(1, 9, &[]),
        needing(2, 3, &["z"]),
        needing(3, 5, &["a"]),
        needing(4, 3, &["a"]),
        needing(5, 0, &["a", "z"]),
        needing(6, 3, &[]),
    ];
    rig.enqueue_all(0, &jobs).await;
    let offered = &["a", "z"];
    let first = rig.claim_offering(0, "w", &["t"], offered, 2).await;
    assert_eq!(ids(&first), numbers(&[5, 2]));
    let rest = rig.claim_offering(0, "w", &["t"], offered, 9).await;
    assert_eq!(ids(&rest), numbers(&[4, 6, 3, 1]));
}

/// However many there are, and however urgent and old they are.
pub async fn jobs_that_nobody_here_may_run_hide_nobody<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let elsewhere: Vec<_> = (1..=300)
        .map(|n| Enqueue { tags: Some(tags(&["elsewhere"])), ..urgent(n, "t", 0) })
        .collect();
    rig.enqueue_all(0, &elsewhere).await;
    rig.enqueue_all(1, &[urgent(900, "t", 9), urgent(901, "other", 9)]).await;
    let claimed = rig.claim(2, "w", &["t", "other"], 2).await;
    let claimed: BTreeSet<_> = claimed.iter().map(|job| job.id).collect();
    assert_eq!(claimed, [job_id(900), job_id(901)].into());
    assert_eq!(rig.claim(2, "w", &["t", "other"], 2).await, []);
}

/// Each set is looked into, first to last.
pub async fn many_sets_of_tags_are_all_served<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let names: Vec<String> = (1..=40).map(|n| format!("site-{n:02}")).collect();
    let jobs: Vec<_> = (1..).zip(&names).map(|(n, name)| needing(n, &[name.as_str()])).collect();
    rig.enqueue_all(0, &jobs).await;
    for (number, name) in (1..).zip(&names) {
        let claimed = rig.claim_offering(0, "w", &["t"], &[name.as_str()], 9).await;
        assert_eq!(ids(&claimed), numbers(&[number]), "{name}");
    }
    assert_eq!(rig.claim_offering(0, "w", &["t"], &[], 9).await, []);
}

/// A task has one limit, whatever its jobs need.
pub async fn a_limit_counts_over_all_tags<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    rig.put_task(0, task("t", Some(2))).await;
    let jobs = [needing(1, &["a"]), needing(2, &["b"]), needing(3, &[]), needing(4, &["a"])];
    rig.enqueue_all(0, &jobs).await;
    let running = rig.claim_offering(0, "w", &["t"], &["a", "b"], 9).await;
    assert_eq!(ids(&running), numbers(&[1, 2]));
    assert_eq!(rig.claim(0, "w", &["t"], 9).await, []);
    assert_eq!(rig.settle(1, &running[1], Outcome::Succeeded).await, Written::Done);
    assert_eq!(ids(&rig.claim(1, "w", &["t"], 9).await), numbers(&[3]));
}

/// A task whose jobs need many different things takes one turn, not many.
pub async fn between_tasks_the_turn_goes_round_whatever_the_tags<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let names: Vec<String> = (1..=20).map(|n| format!("tag-{n}")).collect();
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    let busy: Vec<_> = (1..).zip(&all).map(|(n, name)| needing(n, &[name])).collect();
    rig.enqueue_all(0, &busy).await;
    rig.enqueue_all(1, &[queued(51, "calm"), queued(52, "calm")]).await;
    // A set may have no more than sixteen.
    let claimed = rig.claim_offering(2, "w", &["t", "calm"], &all[..16], 4).await;
    let calm = claimed.iter().filter(|job| job.task.as_str() == "calm").count();
    assert_eq!((claimed.len(), calm), (4, 2));
}

/// Who may run it is not forgotten with the first attempt.
pub async fn a_job_that_waits_again_needs_the_same<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    rig.enqueue_all(0, &[needing(1, &["gpu"])]).await;
    let job = one(rig.claim_offering(0, "w", &["t"], &["gpu"], 9).await);
    assert_eq!(rig.release(1, &job).await, Written::Done);
    assert_eq!(rig.claim(1, "w", &["t"], 9).await, []);
    let job = one(rig.claim_offering(1, "w", &["t"], &["gpu"], 9).await);
    assert_eq!(rig.retry(2, &job, 0).await, Written::Done);
    assert_eq!(rig.claim(2, "w", &["t"], 9).await, []);
    assert_eq!(rig.claim_offering(2, "w", &["t"], &["gpu"], 9).await.len(), 1);
}
