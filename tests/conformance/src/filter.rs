//! Filters of listings, and counts.

use mainspring_contract::record::{Job, Spec};
use mainspring_contract::store::{
    During, JobFilter, Page, Place, RunFilter, ScheduleFilter, SkipFilter, Standing,
};
use mainspring_contract::{JobId, Store, Tag};
use mainspring_core::domain::Origin;
use mainspring_core::fire::{Skip, SkipReason};
use mainspring_core::outcome::Outcome;
use mainspring_core::overlap::Overlap;
use mainspring_core::schedule::Next;
use mainspring_core::trigger::Count;

use crate::Subject;
use crate::rig::{Rig, ok};
use crate::sample::{
    advance, at, extra, fired, job_id, node, overlapping, queued, replace, schedule_id, skip,
    source, spec, tags, task_id,
};

fn tag(text: &str) -> Option<Tag> {
    Some(Tag::new(text).expect("laws use good names"))
}

fn during(from: i64, before: i64) -> During {
    During { from: Some(at(from)), before: Some(at(before)) }
}

async fn ids<S: Store>(rig: &Rig<S>, filter: JobFilter) -> Vec<JobId> {
    ok(rig.0.jobs(&filter).await).into_iter().map(|job| job.id).collect()
}

/// Each by itself and with others; a filter that is left open lets everything through.
pub async fn jobs_are_filtered_by_place_tag_origin_and_time<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let _ = rig.put(0, &replace(&overlapping("a", Overlap::Queue), at(5))).await;
    assert_eq!(rig.fire(15, "a", &[5, 15], 25).await, 2);
    rig.enqueue_all(20, &[queued(1, "u")]).await;
    let mut tagged = queued(2, "u");
    tagged.tags = Some(tags(&["big", "gpu"]));
    rig.enqueue_all(30, &[tagged, queued(3, "u")]).await;
    rig.enqueue_all(40, &[extra(4, "a", 1, Origin::Backfill)]).await;
    assert_eq!(rig.claim(40, "w", &["u"], 1).await[0].id, job_id(1));
    let all = JobFilter::first(99);
    let (first, second) = (fired("a", 5), fired("a", 15));
    let place = |place| JobFilter { place: Some(place), ..all.clone() };
    assert_eq!(ids(&rig, place(Place::Leased)).await, [job_id(1)]);
    assert_eq!(ids(&rig, place(Place::Held)).await, [second]);
    assert_eq!(ids(&rig, place(Place::Waiting)).await, [job_id(2), job_id(3), job_id(4), first]);
    let tagged = |text| JobFilter { tag: tag(text), ..all.clone() };
    assert_eq!(ids(&rig, tagged("gpu")).await, [job_id(2)]);
    assert_eq!(ids(&rig, tagged("big")).await, [job_id(2)]);
    for other in ["gp", "gpus", "GPU", "big,gpu", "%"] {
        assert_eq!(ids(&rig, tagged(other)).await, [], "a tag is a whole word: {other}");
    }
    let origin = |origin| JobFilter { origin: Some(origin), ..all.clone() };
    assert_eq!(ids(&rig, origin(Origin::Backfill)).await, [job_id(4)]);
    assert_eq!(ids(&rig, origin(Origin::Fire)).await, [first, second]);
    let created = |from, before| JobFilter { created: during(from, before), ..all.clone() };
    assert_eq!(ids(&rig, created(20, 30)).await, [job_id(1)]);
    assert_eq!(ids(&rig, created(30, 41)).await, [2, 3, 4].map(job_id));
    let both = JobFilter { place: Some(Place::Waiting), ..created(15, 40) };
    assert_eq!(ids(&rig, both.clone()).await, [job_id(2), job_id(3), first]);
    let page = Page { after: Some(job_id(2)), limit: 1 };
    assert_eq!(ids(&rig, JobFilter { page, ..both }).await, [job_id(3)], "pages go on");
}

/// By what was written down, by where they stand, and by when they come next.
pub async fn schedules_are_filtered<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let tagged = Spec { tags: Some(tags(&["gpu"])), ..spec("a", "t") };
    let _ = rig.put(0, &replace(&tagged, at(10))).await;
    let _ = rig.put(0, &replace(&Spec { source: source("file"), ..spec("b", "u") }, at(20))).await;
    let _ = rig.put(0, &replace(&spec("c", "u"), at(30))).await;
    let mut done = replace(&spec("d", "t"), at(40));
    done.next = Next::Done;
    let _ = rig.put(0, &done).await;
    let _ = rig.put(0, &replace(&Spec { paused: true, ..spec("e", "t") }, at(50))).await;
    let _ = rig.pause(1, "c").await;
    let b = rig.schedule("b").await.expect("it was put");
    rig.quarantine(1, &b, "odd").await;
    let names = async |filter: ScheduleFilter| -> String {
        let found = ok(rig.0.schedules(&filter).await);
        found.iter().map(|view| view.schedule.spec.id.as_str()).collect()
    };
    let all = ScheduleFilter::first(99);
    assert_eq!(names(ScheduleFilter { task: Some(task_id("u")), ..all.clone() }).await, "bc");
    assert_eq!(names(ScheduleFilter { source: Some(source("file")), ..all.clone() }).await, "b");
    assert_eq!(names(ScheduleFilter { tag: tag("gpu"), ..all.clone() }).await, "a");
    assert_eq!(names(ScheduleFilter { next: during(10, 30), ..all.clone() }).await, "ab");
    let standing = |standing| ScheduleFilter { standing: Some(standing), ..all.clone() };
    for (word, expected) in [
        (Standing::Active, "a"),
        (Standing::Quarantined, "b"),
        (Standing::Paused, "ce"),
        (Standing::Done, "d"),
    ] {
        assert_eq!(names(standing(word)).await, expected, "{word:?}");
    }
    let page = Page { after: Some(schedule_id("c")), limit: 9 };
    assert_eq!(names(ScheduleFilter { page, ..standing(Standing::Paused) }).await, "e");
}

/// By node, outcome, whether the job was over, and time.
pub async fn runs_are_filtered_by_what_they_say<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    rig.enqueue_all(0, &[1, 2, 3].map(|n| queued(n, "t"))).await;
    for (number, worker) in [(1, "v"), (2, "w")] {
        let job: Job = rig.claim(number, worker, &["t"], 1).await.remove(0);
        let _ = rig.retry(number, &job, 100).await;
    }
    let job = rig.claim(3, "w", &["t"], 1).await.remove(0);
    let _ = rig.settle(4, &job, Outcome::Failed).await;
    let _ = rig.cancel(5, job_id(1)).await;
    let found = async |filter: RunFilter| -> Vec<(JobId, Outcome)> {
        let runs = rig.runs(&filter).await;
        runs.into_iter().map(|view| (view.run.job, view.run.ended.outcome)).collect()
    };
    let all = RunFilter::newest(9);
    let cancelled = (job_id(1), Outcome::Cancelled);
    let (first, second, last) =
        ((job_id(1), Outcome::Failed), (job_id(2), Outcome::Failed), (job_id(3), Outcome::Failed));
    let of_node = |name| RunFilter { node: Some(node(name)), ..all.clone() };
    assert_eq!(found(of_node("w")).await, [last, second]);
    assert_eq!(found(of_node("v")).await, [first]);
    let ended = |outcome| RunFilter { outcome: Some(outcome), ..all.clone() };
    assert_eq!(found(ended(Outcome::Cancelled)).await, [cancelled]);
    let settled = |settled| RunFilter { settled: Some(settled), ..all.clone() };
    assert_eq!(found(settled(true)).await, [cancelled, last]);
    assert_eq!(found(settled(false)).await, [second, first]);
    assert_eq!(found(RunFilter { noted: during(2, 5), ..all.clone() }).await, [last, second]);
    let both = RunFilter { noted: during(2, 9), ..ended(Outcome::Failed) };
    assert_eq!(found(RunFilter { limit: 1, ..both }).await, [last]);
}

/// By reason and time.
pub async fn skips_are_filtered_by_what_they_say<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let _ = rig.put(0, &replace(&spec("a", "t"), at(1))).await;
    for (t, reason) in
        [(1, SkipReason::Missed), (2, SkipReason::Coalesced), (3, SkipReason::Missed)]
    {
        let schedule = rig.schedule("a").await.expect("it was put");
        let mut request = advance(&schedule, at(t), at(t + 1));
        request.fires.clear();
        let _ = request.skips.push(Skip { reason, ..skip(at(t)) });
        let _ = rig.advance(t, &request).await;
    }
    let found = async |filter: SkipFilter| -> Vec<_> {
        rig.skips(&filter).await.into_iter().map(|view| view.skip.from).collect()
    };
    let missed = SkipFilter { reason: Some(SkipReason::Missed), ..SkipFilter::newest(9) };
    assert_eq!(found(missed.clone()).await, [at(3), at(1)]);
    assert_eq!(found(SkipFilter { noted: during(1, 3), ..missed }).await, [at(1)]);
    assert_eq!(found(SkipFilter { noted: during(2, 9), ..SkipFilter::newest(9) }).await.len(), 2);
}

/// Exactly, if it had to look at no more than it was allowed to.
pub async fn jobs_are_counted_as_far_as_asked_for<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let jobs: Vec<_> = (1..=30).map(|n| queued(n, if n % 3 == 0 { "u" } else { "t" })).collect();
    rig.enqueue_all(0, &jobs[..20]).await;
    rig.enqueue_all(9, &jobs[20..]).await;
    let count = async |filter: &JobFilter, up_to| ok(rig.0.count_jobs(filter, up_to).await);
    let all = JobFilter::first(1);
    assert_eq!(count(&all, 99).await, Count::Exact(30));
    assert_eq!(count(&all, 30).await, Count::Exact(30), "whatever the page");
    assert_eq!(count(&all, 29).await, Count::AtLeast(29));
    assert_eq!(count(&all, 0).await, Count::AtLeast(0));
    let of_u = JobFilter { task: Some(task_id("u")), ..all.clone() };
    assert_eq!(count(&of_u, 99).await, Count::Exact(10));
    let late = JobFilter { created: during(9, 10), ..all };
    assert_eq!(count(&late, 30).await, Count::Exact(10));
    for up_to in 0..30 {
        match count(&late, up_to).await {
            Count::Exact(count) => assert_eq!(count, 10),
            Count::AtLeast(count) => assert!(count <= u64::from(up_to).min(10)),
        }
    }
    assert_eq!(rig.claim(9, "w", &["u"], 4).await.len(), 4);
    let leased = JobFilter { place: Some(Place::Leased), ..of_u.clone() };
    assert_eq!(count(&leased, 10).await, Count::Exact(4));
    let none = JobFilter { task: Some(task_id("nobody")), ..of_u };
    assert_eq!(count(&none, 99).await, Count::Exact(0));
}
