//! What a store holds, as JSON for programs.

use mainspring_contract::Tag;
use mainspring_contract::node::NodeView;
use mainspring_contract::record::{Job, JobState, Run};
use mainspring_contract::store::{ScheduleView, SkipView};
use mainspring_contract::trigger::TriggerForm;
use mainspring_core::time::Timestamp;
use mainspring_core::trigger::Count;
use serde_json::{Value, json};

pub(crate) fn schedule(view: &ScheduleView) -> Value {
    let schedule = &view.schedule;
    let spec = &schedule.spec;
    let trigger = serde_json::from_slice::<TriggerForm>(&spec.trigger.bytes).ok();
    let exclude = spec.exclusions.as_ref();
    let exclude = exclude.and_then(|out| serde_json::from_slice::<Value>(&out.bytes).ok());
    json!({
        "id": spec.id.as_str(),
        "task": spec.task.as_str(),
        "source": spec.source.as_str(),
        "trigger": trigger,
        "exclude": exclude,
        "paused": schedule.is_paused(),
        "pause": schedule.pause.map(|pause| json!({
            "reason": pause.reason.name(),
            "since": pause.since.to_string(),
        })),
        "quarantine": schedule.quarantine,
        "next": instant(schedule.next.at()),
        "fired": schedule.fired,
        "failures": schedule.failures,
        "last_fire": instant(schedule.last_fire_at),
        "last_run": view.last_run.as_ref().map(run),
    })
}

pub(crate) fn job(job: &Job) -> Value {
    let (state, at, node) = match &job.state {
        JobState::Held { ready_at } => ("held", Some(*ready_at), None),
        JobState::Waiting { ready_at } => ("waiting", Some(*ready_at), None),
        JobState::Leased { lease, .. } => ("running", Some(lease.until), Some(&lease.node)),
        JobState::Settled { finished_at, .. } => ("settled", Some(*finished_at), None),
    };
    json!({
        "id": job.id.to_string(),
        "task": job.task.as_str(),
        "schedule": job.schedule.as_ref().map(|id| id.as_str()),
        "fire_at": instant(job.fire_at),
        "attempt": job.attempt(),
        "priority": job.terms.priority.number(),
        "key": job.unique.as_ref().map(|unique| unique.key.as_str()),
        "tags": job.tags.iter().map(Tag::as_str).collect::<Vec<_>>(),
        "state": state,
        "at": instant(at),
        "node": node.map(|node| node.as_str()),
    })
}

pub(crate) fn node(NodeView { node, beat_at, lost }: &NodeView) -> Value {
    json!({
        "id": node.id.as_str(),
        "role": node.role.name(),
        "tags": node.tags.iter().map(Tag::as_str).collect::<Vec<_>>(),
        "tasks": node.tasks.iter().map(|id| id.as_str()).collect::<Vec<_>>(),
        "program": node.program.as_str(),
        "started_at": node.started_at.to_string(),
        "beat_at": beat_at.to_string(),
        "lost": lost,
        "clock_ahead_us": node.clock_offset.as_micros(),
    })
}

pub(crate) fn run(run: &Run) -> Value {
    let detail = run.ended.detail.as_ref();
    let output = detail.and_then(|detail| detail.output.as_ref());
    json!({
        "job": run.job.to_string(),
        "task": run.task.as_str(),
        "schedule": run.schedule.as_ref().map(|id| id.as_str()),
        "fire_at": instant(run.fire_at),
        "attempt": run.attempt,
        "token": run.token.number(),
        "node": run.node.as_ref().map(|node| node.as_str()),
        "started_at": instant(run.ended.started_at),
        "finished_at": instant(Some(run.ended.finished_at)),
        "outcome": run.ended.outcome.name(),
        "settled": run.settled,
        "error": detail.and_then(|detail| detail.error.as_deref()),
        "output": output.and_then(|out| serde_json::from_slice::<Value>(&out.bytes).ok()),
    })
}

fn instant(at: Option<Timestamp>) -> Option<String> {
    at.map(|at| at.to_string())
}

pub(crate) fn skip(view: &SkipView) -> Value {
    let skip = &view.skip;
    json!({
        "schedule": view.schedule.as_str(),
        "reason": skip.reason.name(),
        "from": skip.from.to_string(),
        "to": skip.to.to_string(),
        "count": skip.count.value(),
        "count_is_exact": matches!(skip.count, Count::Exact(_)),
        "noted_at": view.noted_at.to_string(),
    })
}
