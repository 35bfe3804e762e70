//! Jobs that somebody asks of a schedule besides its fires.

use mainspring_contract::record::{Enqueue, Enqueued, JobState, Spec, Task, Written};
use mainspring_core::domain::Origin;
use mainspring_core::outcome::Outcome;
use mainspring_core::overlap::Overlap;
use mainspring_core::schedule::Next;

use crate::Subject;
use crate::rig::{Rig, one};
use crate::sample::{at, extra, fired, job_id, overlapping, replace, schedule_id, tags, task};

/// A store with the schedule `a`, which is due at 5.
async fn scene<S: Subject>(subject: &S, overlap: Overlap) -> Rig<S::Store> {
    let rig = Rig(subject.fresh().await);
    let _ = rig.put(0, &replace(&overlapping("a", overlap), at(5))).await;
    rig
}

/// It says on whose behalf, for when and why; everything else is as it was asked for.
pub async fn an_extra_job_belongs_to_its_schedule<S: Subject>(subject: &S) {
    let rig = scene(subject, Overlap::Queue).await;
    for (number, origin) in [(1, Origin::Manual), (2, Origin::Backfill)] {
        let request = extra(number, "a", 3, origin);
        assert_eq!(rig.enqueue(4, &request).await, Enqueued::Inserted);
        let job = rig.job(job_id(number)).await.expect("it was queued");
        assert_eq!((job.schedule, job.origin), (Some(schedule_id("a")), origin));
        assert_eq!((job.fire_at, job.created_at), (Some(at(3)), at(4)));
        assert_eq!((job.payload, job.watched), (request.payload, true));
        assert_eq!(job.state, JobState::Waiting { ready_at: at(4) });
    }
    let job = one(rig.claim(4, "w", &["t"], 1).await);
    assert_eq!(rig.settle(5, &job, Outcome::Succeeded).await, Written::Done);
    let run = one(rig.runs_of(job.id).await);
    assert_eq!((run.origin, run.fire_at), (Origin::Manual, Some(at(3))));
    assert_eq!(run.schedule, Some(schedule_id("a")));
}

/// It is no fire.
pub async fn an_extra_job_leaves_the_schedule_as_it_is<S: Subject>(subject: &S) {
    let rig = scene(subject, Overlap::Allow).await;
    let before = rig.schedule("a").await.expect("it was put");
    assert_eq!(rig.enqueue(1, &extra(1, "a", 1, Origin::Manual)).await, Enqueued::Inserted);
    let job = rig.claim_one(1, "w", "t").await;
    assert!(!job.watched, "nobody has to hear of it");
    assert_eq!(rig.settle(2, &job, Outcome::Succeeded).await, Written::Done);
    assert_eq!(rig.schedule("a").await, Some(before.clone()));
    assert_eq!((before.next, before.fired), (Next::At(at(5)), 0));
}

/// Who starts a job by hand does not want two at once either.
pub async fn a_manual_job_keeps_to_overlap<S: Subject>(subject: &S) {
    let expected = [
        (Overlap::Allow, Enqueued::Inserted),
        (Overlap::Skip, Enqueued::Overlapped),
        (Overlap::Queue, Enqueued::Inserted),
        (Overlap::Cancel, Enqueued::Inserted),
    ];
    for (overlap, answer) in expected {
        let rig = scene(subject, overlap).await;
        assert_eq!(rig.fire(5, "a", &[5], 15).await, 1);
        let running = one(rig.claim(5, "w", &["t"], 1).await);
        assert_eq!(rig.enqueue(6, &extra(1, "a", 6, Origin::Manual)).await, answer);
        let state = rig.job(job_id(1)).await.map(|job| job.state);
        let ready_at = at(6);
        assert_eq!(
            state,
            match overlap {
                Overlap::Allow => Some(JobState::Waiting { ready_at }),
                Overlap::Skip => None,
                Overlap::Queue | Overlap::Cancel => Some(JobState::Held { ready_at }),
            }
        );
        assert_eq!(rig.skips_of("a").await, [], "it is no fire, and whoever asked was told");
        let now = rig.job(running.id).await.expect("it runs").state;
        let JobState::Leased { cancel, .. } = now else { panic!("{now:?}") };
        assert_eq!(cancel, overlap == Overlap::Cancel);
        assert_eq!(rig.settle(7, &running, Outcome::Succeeded).await, Written::Done);
        let state = rig.job(job_id(1)).await.map(|job| job.state);
        let waits = (overlap != Overlap::Skip).then_some(JobState::Waiting { ready_at });
        assert_eq!(state, waits, "{overlap:?}");
    }
}

/// Each of its instants is wanted.
pub async fn a_backfill_runs_beside_everything<S: Subject>(subject: &S) {
    for overlap in Overlap::ALL {
        let rig = scene(subject, overlap).await;
        for number in 1..=3 {
            let request = extra(number, "a", 1, Origin::Backfill);
            assert_eq!(rig.enqueue(4, &request).await, Enqueued::Inserted, "{overlap:?}");
        }
        assert_eq!(rig.claim(4, "w", &["t"], 9).await.len(), 3, "{overlap:?}");
    }
}

/// A fire meets them like any other job.
pub async fn an_extra_job_is_in_the_way_of_a_fire<S: Subject>(subject: &S) {
    for origin in [Origin::Manual, Origin::Backfill] {
        let rig = scene(subject, Overlap::Queue).await;
        assert_eq!(rig.enqueue(1, &extra(1, "a", 1, origin)).await, Enqueued::Inserted);
        assert_eq!(rig.fire(5, "a", &[5], 15).await, 1);
        let held = rig.job(fired("a", 5)).await.expect("it was inserted");
        assert_eq!(held.state, JobState::Held { ready_at: at(5) });
        let _ = rig.cancel(6, job_id(1)).await;
        let freed = rig.job(held.id).await.expect("it is not over");
        assert_eq!(freed.state, JobState::Waiting { ready_at: at(5) });
    }
}

/// Nothing is queued on behalf of nobody.
pub async fn an_extra_job_of_no_schedule_is_refused<S: Subject>(subject: &S) {
    let rig = scene(subject, Overlap::Allow).await;
    for origin in [Origin::Manual, Origin::Backfill] {
        assert_eq!(rig.enqueue(1, &extra(1, "b", 1, origin)).await, Enqueued::Missing);
    }
    assert_eq!(rig.jobs().await, []);
}

/// By its name, whatever overlap would say by now.
pub async fn an_extra_job_is_added_once<S: Subject>(subject: &S) {
    let rig = scene(subject, Overlap::Skip).await;
    let request = extra(1, "a", 1, Origin::Manual);
    assert_eq!(rig.enqueue(1, &request).await, Enqueued::Inserted);
    assert_eq!(rig.enqueue(1, &request).await, Enqueued::Exists);
    let job = rig.claim_one(1, "w", "t").await;
    assert_eq!(rig.settle(2, &job, Outcome::Succeeded).await, Written::Done);
    assert_eq!(rig.enqueue(3, &request).await, Enqueued::Exists);
    let _ = rig.remove(4, "a").await;
    assert_eq!(rig.enqueue(5, &request).await, Enqueued::Exists, "nor does the schedule matter");
}

/// What the schedule's own jobs need is not what this one needs, unless it says so.
pub async fn an_extra_job_needs_what_it_says_or_what_its_task_says<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    rig.put_task(0, Task { tags: tags(&["of-task"]), ..task("t", None) }).await;
    let spec = Spec { tags: Some(tags(&["of-schedule"])), ..overlapping("a", Overlap::Allow) };
    let _ = rig.put(0, &replace(&spec, at(5))).await;
    let plain = extra(1, "a", 1, Origin::Manual);
    let own = Enqueue { tags: Some(tags(&["own"])), ..extra(2, "a", 1, Origin::Manual) };
    rig.enqueue_all(1, &[plain, own]).await;
    let needed: Vec<_> = rig.jobs().await.into_iter().map(|job| job.tags).collect();
    assert_eq!(needed, [tags(&["of-task"]), tags(&["own"])]);
}
