//! Records for laws to start from.

use mainspring_contract::record::Conflict;
use mainspring_contract::record::{
    Advance, Ended, Enqueue, Extra, Fire, Hold, PutSchedule, Schedule, Spec, Task, Unique,
};
use mainspring_contract::{Encoded, Format, JobId, Key, NodeId, ScheduleId, Source, Tags, TaskId};
use mainspring_core::domain::Origin;
use mainspring_core::fire::{Skip, SkipReason};
use mainspring_core::outcome::Outcome;
use mainspring_core::overlap::Overlap;
use mainspring_core::schedule::{Next, Policies};
use mainspring_core::settings::{Priority, Settings};
use mainspring_core::time::{Span, Timestamp};
use mainspring_core::trigger::Count;

/// Second `secs` of the laws' own day.
pub fn at(secs: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + Span::from_days(20_000) + Span::from_secs(secs)
}

/// So many seconds.
pub const fn secs(secs: i64) -> Span {
    Span::from_secs(secs)
}

/// The task of this name.
pub fn task_id(name: &str) -> TaskId {
    TaskId::new(name).expect("laws use good names")
}

/// The schedule of this name.
pub fn schedule_id(name: &str) -> ScheduleId {
    ScheduleId::new(name).expect("laws use good names")
}

/// The node of this name.
pub fn node(name: &str) -> NodeId {
    NodeId::new(name).expect("laws use good names")
}

/// The source of this name.
pub fn source(name: &str) -> Source {
    Source::new(name).expect("laws use good names")
}

/// Job number `number`; higher numbers sort later.
pub const fn job_id(number: u64) -> JobId {
    let number = number.to_be_bytes();
    let mut bytes = [0; 16];
    let mut i = 0;
    while i < 8 {
        bytes[i + 8] = number[i];
        i += 1;
    }
    JobId::from_bytes(bytes)
}

/// Some bytes in some format: stores pass on what they cannot read.
pub fn encoded(text: &str) -> Encoded {
    Encoded { format: Format::JSON, version: 1, bytes: text.as_bytes().into() }
}

/// A schedule of task `task`, put by `code`.
pub fn spec(name: &str, task: &str) -> Spec {
    let (trigger, payload) = (encoded("\"every 10 s\""), encoded("{}"));
    Spec::new(schedule_id(name), task_id(task), source("code"), trigger, payload)
}

/// Puts `spec` so that it comes due at `next`, in place of what is there.
pub fn replace(spec: &Spec, next: Timestamp) -> PutSchedule {
    PutSchedule { spec: spec.clone(), next: Next::At(next), conflict: Conflict::Replace }
}

/// A task with a limit.
pub fn task(name: &str, max_running: Option<u32>) -> Task {
    Task { max_running, ..Task::new(task_id(name)) }
}

/// Job number `number` of task `task`, ready at once, without settings.
pub fn queued(number: u64, task: &str) -> Enqueue {
    Enqueue::new(job_id(number), task_id(task), encoded("[]"))
}

/// The same with this priority.
pub fn urgent(number: u64, task: &str, priority: u8) -> Enqueue {
    let priority = Priority::new(priority);
    Enqueue { settings: Settings { priority, ..Settings::NONE }, ..queued(number, task) }
}

/// Job number `number` of task `task` with this key.
pub fn keyed(number: u64, task: &str, key: &str, hold: Hold, conflict: Conflict) -> Enqueue {
    let unique = Unique { key: Key::new(key).expect("laws use good names"), hold };
    Enqueue { unique: Some((unique, conflict)), ..queued(number, task) }
}

/// Job number `number` of task `t` on behalf of a schedule, for second `fire`.
pub fn extra(number: u64, schedule: &str, fire: i64, origin: Origin) -> Enqueue {
    let extra = Extra { schedule: schedule_id(schedule), at: at(fire), origin };
    Enqueue { extra: Some(extra), ..queued(number, "t") }
}

/// These tags.
pub fn tags(texts: &[&str]) -> Tags {
    Tags::new(texts.iter().copied()).expect("laws use good tags")
}

/// A schedule of task `t` with these policies.
pub fn with(name: &str, policies: Policies) -> Spec {
    Spec { policies, ..spec(name, "t") }
}

/// A schedule of task `t` with this policy on overlap.
pub fn overlapping(name: &str, overlap: Overlap) -> Spec {
    with(name, Policies { overlap, ..Policies::DEFAULT })
}

/// The job that the fire of a schedule at second `fire` becomes.
pub fn fired(schedule: &str, fire: i64) -> JobId {
    JobId::derived(&schedule_id(schedule), at(fire), Origin::Fire)
}

/// Turns the fire at `fire` into a job that is ready at once, and moves the cursor to `next`.
pub fn advance(schedule: &Schedule, fire: Timestamp, next: Timestamp) -> Advance {
    advance_all(schedule, &[fire], next)
}

/// The same with several fires.
pub fn advance_all(schedule: &Schedule, fires: &[Timestamp], next: Timestamp) -> Advance {
    let id = &schedule.spec.id;
    let fire = |&at: &Timestamp| {
        let job = JobId::derived(id, at, Origin::Fire);
        Fire { job, at, ready_at: at, start_by: None }
    };
    Advance {
        schedule: id.clone(),
        revision: schedule.revision,
        fires: fires.iter().map(fire).collect(),
        skips: heapless::Vec::new(),
        next: Next::At(next),
        keep_for: None,
    }
}

/// One skipped fire.
pub const fn skip(at: Timestamp) -> Skip {
    Skip { reason: SkipReason::Missed, from: at, to: at, count: Count::Exact(1) }
}

/// An attempt that ran for a second until `finished_at`.
pub fn ended(outcome: Outcome, finished_at: Timestamp) -> Ended {
    Ended { outcome, started_at: Some(finished_at - secs(1)), finished_at, detail: None }
}
