//! Records as rows: each function gives the values of some columns, in the order it names.

use mainspring_contract::node::Node;
use mainspring_contract::record::{
    Ended, Hold, Job, JobState, Run, Schedule, Settle, Spec, Task, Unique,
};
use mainspring_contract::tables::Claim;
use mainspring_contract::{Encoded, ScheduleId};
use mainspring_core::fire::Skip;
use mainspring_core::schedule::{Next, Policies};
use mainspring_core::settings::{Backoff, Retry, Settings, Timeout};
use mainspring_core::time::{Span, Timestamp};
use mainspring_core::trigger::Count;

use crate::column::{Cells, state_code};

/// `id`, `version`, `max_running`, the eight [`settings`], `tags`.
pub fn task(task: &Task, out: &mut impl Cells) {
    out.text(Some(task.id.as_str()));
    out.int(Some(i64::from(task.version)));
    out.int(task.max_running.map(i64::from));
    settings(&task.settings, out);
    out.text(Some(&task.tags.to_string()));
}

/// What a node says about itself: `id`, `role`, `tags`, `tasks`, `program`, `started_at_us`,
/// `clock_offset_us`.
pub fn node(node: &Node, out: &mut impl Cells) {
    out.text(Some(node.id.as_str()));
    out.int(Some(i64::from(node.role.code())));
    out.text(Some(&node.tags.to_string()));
    out.text(Some(&node.tasks_text()));
    out.text(Some(node.program.as_str()));
    at(Some(node.started_at), out);
    out.int(Some(node.clock_offset.as_micros()));
}

/// A whole schedule: `id`, `task`, `source`, trigger, payload and exclusions (`_format`,
/// `_version`, `_bytes` each), the ten policies from `coalesce` to `max_failures`, the eight
/// [`settings`], `tags`, `paused`, `revision`, `next_kind`, `next_at_us`, `last_fire_at_us`,
/// `fired`, `failures`, `pause_reason`, `pause_since_us`.
pub fn schedule(schedule: &Schedule, out: &mut impl Cells) {
    let spec: &Spec = &schedule.spec;
    out.text(Some(spec.id.as_str()));
    out.text(Some(spec.task.as_str()));
    out.text(Some(spec.source.as_str()));
    encoded(Some(&spec.trigger), out);
    encoded(Some(&spec.payload), out);
    encoded(spec.exclusions.as_ref(), out);
    policies(&spec.policies, out);
    settings(&spec.settings, out);
    out.text(spec.tags.as_ref().map(ToString::to_string).as_deref());
    out.flag(spec.paused);
    moved(schedule, out);
}

/// What can change about a schedule while its words stay: `id`, then `revision` to
/// `pause_since_us`, then what becomes of its claim: 0 it stays, 1 it is given up, 2 it ends at the
/// instant that follows.
pub fn schedule_update(schedule: &Schedule, claim: Claim, out: &mut impl Cells) {
    out.text(Some(schedule.spec.id.as_str()));
    moved(schedule, out);
    let (code, until) = match claim {
        Claim::Kept => (0, None),
        Claim::GivenUp => (1, None),
        Claim::Until(until) => (2, Some(until)),
    };
    out.int(Some(code));
    at(until, out);
}

fn moved(schedule: &Schedule, out: &mut impl Cells) {
    out.int(Some(i64::from(schedule.revision.number())));
    out.int(Some(match schedule.next {
        Next::At(_) => 0,
        Next::AfterRun => 1,
        Next::Done => 2,
    }));
    at(schedule.next.at(), out);
    at(schedule.last_fire_at, out);
    out.int(Some(i64::from(schedule.fired)));
    out.int(Some(i64::from(schedule.failures)));
    out.int(schedule.pause.map(|pause| i64::from(pause.reason.code())));
    at(schedule.pause.map(|pause| pause.since), out);
}

fn policies(policies: &Policies, out: &mut impl Cells) {
    out.int(Some(i64::from(policies.coalesce.code())));
    out.int(policies.misfire_grace.map(Span::as_micros));
    out.int(Some(i64::from(policies.catch_up)));
    out.int(policies.jitter.map(|jitter| jitter.up_to.as_micros()));
    out.int(policies.jitter.map(|jitter| i64::from(jitter.spread.code())));
    out.int(Some(policies.slack.as_micros()));
    out.int(Some(i64::from(policies.overlap.code())));
    out.int(policies.limit.map(i64::from));
    out.int(policies.after_run.map(Span::as_micros));
    out.int(policies.max_failures.map(i64::from));
}

/// `priority`, `timeout_us`, `retry_max`, `backoff_kind`, `backoff_first_us`, `backoff_max_us`,
/// `retry_jitter`, `max_rescues`.
pub fn settings(settings: &Settings, out: &mut impl Cells) {
    let backoff = settings.retry.map(|Retry { backoff, .. }| match backoff {
        Backoff::Fixed(span) => (0, span, span),
        Backoff::Exponential { first, max } => (1, first, max),
        Backoff::Linear { first, max } => (2, first, max),
    });
    out.int(settings.priority.map(|priority| i64::from(priority.number())));
    out.int(settings.timeout.map(timeout_us));
    out.int(settings.retry.map(|retry| i64::from(retry.max)));
    out.int(backoff.map(|(kind, _, _)| kind));
    out.int(backoff.map(|(_, first, _)| first.as_micros()));
    out.int(backoff.map(|(_, _, max)| max.as_micros()));
    out.int(settings.retry.map(|retry| i64::from(retry.jitter)));
    out.int(settings.max_rescues.map(i64::from));
}

/// 0 stands for never, so a timeout of no time at all is kept as the shortest one.
fn timeout_us(timeout: Timeout) -> i64 {
    timeout.span().map_or(0, |span| span.as_micros().max(1))
}

/// A job that was never claimed: `id`, `task`, `schedule`, `origin`, `fire_at_us`, payload
/// (`_format`, `_version`, `_bytes`), the eight [`settings`], `tags`, `unique_key`, `hold_kind`,
/// `hold_us`, `watched`, `start_by_us`, `created_at_us`, `ready_at_us`, `state`.
pub fn job(job: &Job, out: &mut impl Cells) {
    out.id(job.id);
    job_but_id(job, out);
}

/// The same from `task` on.
pub fn job_but_id(job: &Job, out: &mut impl Cells) {
    out.text(Some(job.task.as_str()));
    out.text(job.schedule.as_ref().map(ScheduleId::as_str));
    out.int(Some(i64::from(job.origin.code())));
    at(job.fire_at, out);
    encoded(Some(&job.payload), out);
    let terms = &job.terms;
    settings(
        &Settings {
            priority: Some(terms.priority),
            timeout: Some(terms.timeout),
            retry: Some(terms.retry),
            max_rescues: Some(terms.max_rescues),
        },
        out,
    );
    out.text(Some(&job.tags.to_string()));
    unique(job.unique.as_ref(), out);
    out.flag(job.watched);
    at(job.start_by, out);
    at(Some(job.created_at), out);
    at(ready_at(&job.state), out);
    out.int(state_code(&job.state));
}

fn unique(unique: Option<&Unique>, out: &mut impl Cells) {
    out.text(unique.map(|unique| unique.key.as_str()));
    let hold = unique.map(|unique| match unique.hold {
        Hold::Waiting => (0, None),
        Hold::Live => (1, None),
        Hold::AtLeast(span) => (2, Some(span.as_micros())),
    });
    out.int(hold.map(|(kind, _)| kind));
    out.int(hold.and_then(|(_, span)| span));
}

/// What can change about a job that is not over: `id`, `failures`, `rescues`, `token`, `state`,
/// `ready_at_us` (NULL: it stays), `node`, `lease_until_us`, `cancel`, `start_by_us`.
pub fn job_update(job: &Job, out: &mut impl Cells) {
    let lease = match &job.state {
        JobState::Leased { lease, cancel } => Some((lease, *cancel)),
        _ => None,
    };
    out.id(job.id);
    out.int(Some(i64::from(job.counts.failures)));
    out.int(Some(i64::from(job.counts.rescues)));
    out.int(Some(i64::from(job.token.number())));
    out.int(state_code(&job.state));
    at(ready_at(&job.state), out);
    out.text(lease.map(|(lease, _)| lease.node.as_str()));
    at(lease.map(|(lease, _)| lease.until), out);
    out.flag(lease.is_some_and(|(_, cancel)| cancel));
    at(job.start_by, out);
}

const fn ready_at(state: &JobState) -> Option<Timestamp> {
    match state {
        JobState::Held { ready_at } | JobState::Waiting { ready_at } => Some(*ready_at),
        JobState::Leased { .. } | JobState::Settled { .. } => None,
    }
}

/// The record of an attempt: `job`, `token`, `attempt`, `task`, `schedule`, `origin`, `fire_at_us`,
/// `node`, `settled`, then as [`settle`] from `outcome` on.
pub fn run(run: &Run, out: &mut impl Cells) {
    out.id(run.job);
    out.int(Some(i64::from(run.token.number())));
    out.int(Some(i64::from(run.attempt)));
    out.text(Some(run.task.as_str()));
    out.text(run.schedule.as_ref().map(ScheduleId::as_str));
    out.int(Some(i64::from(run.origin.code())));
    at(run.fire_at, out);
    out.text(run.node.as_ref().map(|node| node.as_str()));
    out.flag(run.settled);
    ended(&run.ended, out);
}

/// The end of a job as its holder tells it: `job`, `token`, `outcome`, `started_at_us`,
/// `finished_at_us`, output (`_format`, `_version`, `_bytes`), `error`.
pub fn settle(settle: &Settle, out: &mut impl Cells) {
    out.id(settle.job);
    out.int(Some(i64::from(settle.token.number())));
    ended(&settle.ended, out);
}

fn ended(ended: &Ended, out: &mut impl Cells) {
    let detail = ended.detail.as_ref();
    out.int(Some(i64::from(ended.outcome.code())));
    at(ended.started_at, out);
    at(Some(ended.finished_at), out);
    encoded(detail.and_then(|detail| detail.output.as_ref()), out);
    out.prose(detail.and_then(|detail| detail.error.as_deref()));
}

/// A range of skipped fires: `schedule`, `reason`, `from_us`, `to_us`, `count`, `at_least`.
pub fn skip((schedule, skip): &(ScheduleId, Skip), out: &mut impl Cells) {
    out.text(Some(schedule.as_str()));
    out.int(Some(i64::from(skip.reason.code())));
    at(Some(skip.from), out);
    at(Some(skip.to), out);
    out.int(Some(i64::try_from(skip.count.value()).unwrap_or(i64::MAX)));
    out.flag(matches!(skip.count, Count::AtLeast(_)));
}

fn encoded(value: Option<&Encoded>, out: &mut impl Cells) {
    out.int(value.map(|value| i64::from(value.format.code())));
    out.int(value.map(|value| i64::from(value.version)));
    out.bytes(value.map(|value| &*value.bytes));
}

fn at(at: Option<Timestamp>, out: &mut impl Cells) {
    out.int(at.map(Timestamp::as_micros));
}
