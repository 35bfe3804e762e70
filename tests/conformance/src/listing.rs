//! What people look at.

use mainspring_contract::record::{Task, Written};
use mainspring_contract::store::{JobFilter, Page, RunFilter, SkipFilter};
use mainspring_contract::{JobId, Store};
use mainspring_core::outcome::Outcome;

use crate::Subject;
use crate::rig::{Rig, ok, one};
use crate::sample::{advance, at, job_id, node, queued, replace, schedule_id, skip, spec, task_id};

/// Each schedule once, in the order of names, whatever the size of the pages.
pub async fn schedules_come_in_pages_by_name<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    for name in ["d", "a", "e", "c", "b"] {
        let _ = rig.put(0, &replace(&spec(name, "t"), at(5))).await;
    }
    assert_eq!(rig.schedules(None, 0).await, []);
    for size in 1..7 {
        let mut found: Vec<String> = Vec::new();
        loop {
            let after = found.last().cloned();
            let page = rig.schedules(after.as_deref(), size).await;
            assert!(page.len() <= usize::try_from(size).expect("small"));
            if page.is_empty() {
                break;
            }
            found.extend(page.iter().map(|view| view.schedule.spec.id.to_string()));
        }
        assert_eq!(found.concat(), "abcde", "pages of {size}");
    }
}

/// Each task that somebody put, word for word, and none that only has jobs.
pub async fn tasks_come_in_pages_by_name<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let tasks = ["a", "b", "c"]
        .map(|name| Task { max_running: (name == "b").then_some(7), ..Task::new(task_id(name)) });
    for task in [2, 0, 1].map(|n| tasks[n].clone()) {
        rig.put_task(0, task).await;
    }
    rig.enqueue_all(0, &[queued(1, "unknown")]).await;
    assert_eq!(ok(rig.0.tasks(&Page::first(9)).await), tasks);
    assert_eq!(ok(rig.0.tasks(&Page::first(2)).await), tasks[..2]);
    let page = Page { after: Some(task_id("a")), limit: 1 };
    assert_eq!(ok(rig.0.tasks(&page).await), tasks[1..2]);
    assert_eq!(ok(rig.0.tasks(&Page::first(0)).await), []);
}

/// The most recent attempt of any of its jobs.
pub async fn a_schedule_shows_its_last_run<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let _ = rig.put(0, &replace(&spec("a", "t"), at(5))).await;
    let _ = rig.put(0, &replace(&spec("b", "t"), at(500))).await;
    for (fire, outcome) in [(5, Outcome::Failed), (6, Outcome::Succeeded)] {
        let a = rig.schedule("a").await.expect("it was put");
        let _ = rig.advance(fire, &advance(&a, at(fire), at(fire + 1))).await;
        let job = rig.claim_one(fire, "w", "t").await;
        assert_eq!(rig.settle(fire, &job, outcome).await, Written::Done);
    }
    let views = rig.schedules(None, 9).await;
    let run = views[0].last_run.as_ref().expect("it ran");
    assert_eq!((run.ended.outcome, run.fire_at), (Outcome::Succeeded, Some(at(6))));
    assert_eq!(run.schedule, Some(schedule_id("a")));
    assert_eq!(views[1].last_run, None);
}

/// As the listing shows it, or not at all.
pub async fn a_schedule_is_found_by_its_name<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    for name in ["a", "ab", "b"] {
        let _ = rig.put(0, &replace(&spec(name, "t"), at(5))).await;
        assert_eq!(rig.fire(5, name, &[5], 15).await, 1);
        let job = rig.claim_one(5, "w", "t").await;
        assert_eq!(rig.settle(6, &job, Outcome::Failed).await, Written::Done);
    }
    let _ = rig.put(7, &replace(&spec("new", "t"), at(15))).await;
    for view in rig.schedules(None, 9).await {
        let found = ok(rig.0.schedule(&view.schedule.spec.id).await);
        assert_eq!(found, Some(view));
    }
    for missing in ["A", "aa", "c"] {
        let id = schedule_id(missing);
        assert_eq!(ok(rig.0.schedule(&id).await), None, "{missing}");
    }
}

async fn ids<S: Store>(rig: &Rig<S>, filter: &JobFilter) -> Vec<JobId> {
    ok(rig.0.jobs(filter).await).into_iter().map(|job| job.id).collect()
}

/// Each job once, in the order of ids.
pub async fn jobs_come_in_pages_by_id<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    rig.enqueue_all(0, &[3, 1, 300, 2].map(|n| queued(n, "t"))).await;
    assert_eq!(rig.claim(0, "w", &["t"], 2).await.len(), 2);
    assert_eq!(ids(&rig, &JobFilter::first(3)).await, [1, 2, 3].map(job_id));
    let page = Page { after: Some(job_id(3)), limit: 3 };
    assert_eq!(ids(&rig, &JobFilter { page, ..JobFilter::first(3) }).await, [job_id(300)]);
}

/// By task, schedule and holder, and by all of them together.
pub async fn jobs_are_filtered<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let _ = rig.put(0, &replace(&spec("a", "t"), at(5))).await;
    let a = rig.schedule("a").await.expect("it was put");
    let request = advance(&a, at(5), at(15));
    let fire = request.fires[0].job;
    let _ = rig.advance(5, &request).await;
    rig.enqueue_all(5, &[queued(1, "t"), queued(2, "u"), queued(3, "u")]).await;
    assert_eq!(rig.claim(5, "w", &["u"], 1).await[0].id, job_id(2));
    let of_task = |name| JobFilter { task: Some(task_id(name)), ..JobFilter::first(9) };
    let of_a = JobFilter { schedule: Some(schedule_id("a")), ..JobFilter::first(9) };
    let held = JobFilter { held_by: Some(node("w")), ..JobFilter::first(9) };
    assert_eq!(ids(&rig, &of_task("u")).await, [2, 3].map(job_id));
    assert_eq!(ids(&rig, &of_a).await, [fire]);
    assert_eq!(ids(&rig, &held).await, [job_id(2)]);
    assert_eq!(ids(&rig, &JobFilter { task: Some(task_id("u")), ..of_a.clone() }).await, []);
    assert_eq!(ids(&rig, &JobFilter { held_by: Some(node("w")), ..of_a }).await, []);
    assert_eq!(ids(&rig, &JobFilter { held_by: Some(node("w")), ..of_task("u") }).await.len(), 1);
}

/// Each run once, and newer ones do not shift the pages.
pub async fn runs_come_in_pages_newest_first<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    rig.enqueue_all(0, &[1, 2, 3, 4, 5].map(|n| queued(n, "t"))).await;
    for number in 1..=4 {
        let _ = rig.cancel(1, job_id(number)).await;
    }
    let first = rig.runs(&RunFilter::newest(2)).await;
    let _ = rig.cancel(1, job_id(5)).await;
    let before = first.last().map(|view| view.seq);
    let rest = rig.runs(&RunFilter { before, ..RunFilter::newest(9) }).await;
    let jobs: Vec<_> = first.iter().chain(&rest).map(|view| view.run.job).collect();
    assert_eq!(jobs, [4, 3, 2, 1].map(job_id));
    assert!(first.iter().chain(&rest).is_sorted_by(|a, b| a.seq > b.seq));
}

/// By job, task and schedule.
pub async fn runs_are_filtered<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let _ = rig.put(0, &replace(&spec("a", "t"), at(5))).await;
    let a = rig.schedule("a").await.expect("it was put");
    let request = advance(&a, at(5), at(15));
    let fire = request.fires[0].job;
    let _ = rig.advance(5, &request).await;
    rig.enqueue_all(5, &[queued(1, "t"), queued(2, "u")]).await;
    for id in [fire, job_id(1), job_id(2)] {
        let _ = rig.cancel(6, id).await;
    }
    let newest = RunFilter::newest(9);
    let of_job = RunFilter { job: Some(job_id(2)), ..newest.clone() };
    let of_task = RunFilter { task: Some(task_id("t")), ..newest.clone() };
    let of_schedule = RunFilter { schedule: Some(schedule_id("a")), ..newest.clone() };
    assert_eq!(one(rig.runs(&of_job).await).run.job, job_id(2));
    assert_eq!(rig.runs(&of_task).await.len(), 2);
    assert_eq!(one(rig.runs(&of_schedule).await).run.job, fire);
    let none = RunFilter { task: Some(task_id("u")), ..of_schedule };
    assert_eq!(rig.runs(&none).await, []);
    let none = RunFilter { task: Some(task_id("t")), ..of_job };
    assert_eq!(rig.runs(&none).await, []);
}

/// Of one schedule or of all.
pub async fn skips_come_in_pages_newest_first<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    for (t, name) in (1..).zip(["a", "b", "a", "b"]) {
        let _ = rig.put(0, &replace(&spec(name, "t"), at(1))).await;
        let schedule = rig.schedule(name).await.expect("it was put");
        let mut request = advance(&schedule, at(t), at(t));
        request.fires.clear();
        let _ = request.skips.push(skip(at(t)));
        let _ = rig.advance(t, &request).await;
    }
    let page = |schedule, before, limit| {
        let newest = SkipFilter::newest(limit);
        SkipFilter { schedule, before, ..newest }
    };
    let first = rig.skips(&page(None, None, 3)).await;
    let before = first.last().map(|view| view.seq);
    let rest = rig.skips(&page(None, before, 3)).await;
    let froms: Vec<_> = first.iter().chain(&rest).map(|view| view.skip.from).collect();
    assert_eq!(froms, [4, 3, 2, 1].map(at));
    let of_a = rig.skips(&page(Some(schedule_id("a")), None, 9)).await;
    assert_eq!(of_a.iter().map(|view| view.skip.from).collect::<Vec<_>>(), [3, 1].map(at));
}
