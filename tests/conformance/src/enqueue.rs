//! Queueing jobs without a schedule.

use mainspring_contract::record::{
    Conflict, Enqueue, Enqueued, Hold, Job, JobState, Task, Unique, Written,
};
use mainspring_contract::{Encoded, Format, Key, Tags};
use mainspring_core::domain::Origin;
use mainspring_core::id::Token;
use mainspring_core::outcome::Outcome;
use mainspring_core::retry::Counts;
use mainspring_core::settings::{Backoff, Priority, Retry, Settings, Timeout};

use crate::Subject;
use crate::rig::{Rig, one};
use crate::sample::{at, job_id, queued, secs, task, task_id};

/// A caller that does not know whether its request arrived asks again.
pub async fn a_job_is_added_once<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    assert_eq!(rig.enqueue(0, &queued(1, "t")).await, Enqueued::Inserted);
    let before = rig.jobs().await;
    assert_eq!(rig.enqueue(1, &queued(1, "other")).await, Enqueued::Exists);
    assert_eq!(rig.jobs().await, before);
    let job = rig.claim_one(2, "w", "t").await;
    assert_eq!(rig.enqueue(3, &queued(1, "t")).await, Enqueued::Exists);
    assert_eq!(rig.jobs().await, [job]);
}

/// Nor after it ran.
pub async fn a_job_that_is_over_is_not_added_again<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    assert_eq!(rig.enqueue(0, &queued(1, "t")).await, Enqueued::Inserted);
    let job = rig.claim_one(1, "w", "t").await;
    assert_eq!(rig.settle(2, &job, Outcome::Failed).await, Written::Done);
    assert_eq!(rig.enqueue(3, &queued(1, "t")).await, Enqueued::Exists);
    assert_eq!(rig.jobs().await, []);
}

/// Every field survives, including bytes that are no text.
pub async fn a_job_is_read_back_word_for_word<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let bytes = [0_u8, 1, 2, 255].repeat(50_000);
    let payload = Encoded { format: Format::from_code(255), version: 9, bytes: bytes.into() };
    let backoff = Backoff::Exponential { first: secs(2), max: secs(50) };
    let settings = Settings {
        priority: Some(Priority::FIRST),
        timeout: Some(Timeout::After(secs(3))),
        retry: Some(Retry { max: u16::MAX, backoff, jitter: 7 }),
        max_rescues: Some(0),
    };
    let tags = Tags::new(["eu", "gpu"]).expect("tags");
    let key = Key::new("grüße, 1").expect("a key");
    let unique = Unique { key, hold: Hold::AtLeast(secs(4)) };
    let request = Enqueue {
        payload: payload.clone(),
        settings,
        ready_at: Some(at(7)),
        start_by: Some(at(70)),
        tags: Some(tags.clone()),
        unique: Some((unique.clone(), Conflict::Reject)),
        ..queued(u64::MAX, "grüße")
    };
    assert_eq!(rig.enqueue(3, &request).await, Enqueued::Inserted);
    let wanted = Job {
        id: job_id(u64::MAX),
        task: task_id("grüße"),
        schedule: None,
        origin: Origin::Queued,
        fire_at: None,
        payload,
        terms: settings.resolve(),
        tags,
        unique: Some(unique),
        watched: false,
        start_by: Some(at(70)),
        created_at: at(3),
        counts: Counts::default(),
        token: Token::default(),
        state: JobState::Waiting { ready_at: at(7) },
    };
    assert_eq!(one(rig.jobs().await), wanted);
    let fixed = Some(Retry { backoff: Backoff::Fixed(secs(9)), ..Retry::times(1) });
    let settings = Settings { retry: fixed, ..settings };
    let second = Enqueue { settings, unique: None, ..Enqueue { id: job_id(1), ..request } };
    assert_eq!(rig.enqueue(3, &second).await, Enqueued::Inserted);
    let found = rig.job(job_id(1)).await.map(|job| job.terms);
    assert_eq!(found, Some(settings.resolve()));
}

/// The store's clock says when that is.
pub async fn without_an_instant_a_job_is_ready_at_once<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    rig.enqueue_all(4, &[queued(1, "t")]).await;
    assert_eq!(one(rig.jobs().await).state, JobState::Waiting { ready_at: at(4) });
    assert_eq!(rig.claim(4, "w", &["t"], 1).await.len(), 1);
}

/// Job, then task, then built-in; a task that nobody put has no say.
pub async fn the_jobs_settings_come_before_the_tasks<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    let of_task = Settings {
        priority: Priority::new(8),
        retry: Some(Retry { backoff: Backoff::Fixed(secs(1)), ..Retry::times(4) }),
        timeout: Some(Timeout::Never),
        max_rescues: Some(7),
    };
    rig.put_task(0, Task { settings: of_task, ..task("t", None) }).await;
    let of_job = Settings { priority: Priority::new(2), ..Settings::NONE };
    let jobs = [
        Enqueue { settings: of_job, ..queued(1, "t") },
        queued(2, "t"),
        Enqueue { settings: of_job, ..queued(3, "unknown") },
    ];
    rig.enqueue_all(0, &jobs).await;
    let terms: Vec<_> = rig.jobs().await.into_iter().map(|job| job.terms).collect();
    assert_eq!(terms, [of_job.or(of_task).resolve(), of_task.resolve(), of_job.resolve()]);
}

/// What was decided when a job was written stays decided.
pub async fn a_later_change_of_the_task_leaves_jobs_alone<S: Subject>(subject: &S) {
    let rig = Rig(subject.fresh().await);
    rig.enqueue_all(0, &[queued(1, "t")]).await;
    let before = rig.jobs().await;
    let settings = Settings { max_rescues: Some(9), ..Settings::NONE };
    rig.put_task(1, Task { settings, ..task("t", None) }).await;
    assert_eq!(rig.jobs().await, before);
}
