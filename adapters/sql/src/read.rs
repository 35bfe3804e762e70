//! Rows as records. Whatever does not fit makes the row unreadable, never the program.

use core::fmt;

use mainspring_contract::node::{Node, Role};
use mainspring_contract::record::{
    Ended, Hold, Job, JobState, Lease, Run, Schedule, Spec, Task, Unique,
};
use mainspring_contract::store::{RunView, SkipView};
use mainspring_contract::tables::{Found, Holder, Link};
use mainspring_contract::{Detail, Encoded, Format, JobId, ScheduleId, Tags};
use mainspring_core::domain::Origin;
use mainspring_core::fire::{Skip, SkipReason};
use mainspring_core::id::{ConfigRevision, Revision, Token};
use mainspring_core::outcome::Outcome;
use mainspring_core::overlap::Overlap;
use mainspring_core::pulse::Pulse;
use mainspring_core::retry::Counts;
use mainspring_core::schedule::{Coalesce, Jitter, Next, Pause, PauseReason, Policies, Spread};
use mainspring_core::settings::{Backoff, Priority, Retry, Settings, Terms, Timeout};
use mainspring_core::time::{Span, Timestamp};
use mainspring_core::trigger::Count;

use crate::column::{self, Columns, Read, Unreadable};

/// A schedule.
pub fn schedule(row: &impl Columns) -> Read<Schedule> {
    Ok(Schedule {
        spec: Spec {
            id: name(row, "id")?,
            task: name(row, "task")?,
            source: name(row, "source")?,
            trigger: encoded(row, TRIGGER)?,
            payload: encoded(row, PAYLOAD)?,
            exclusions: encoded_or_null(row, EXCLUDE)?,
            policies: policies(row)?,
            settings: settings(row)?,
            tags: match row.text("tags")? {
                Some(text) => Some(tags(text)?),
                None => None,
            },
            paused: flag(row, "paused")?,
        },
        revision: Revision::new(number(row, "revision")?),
        next: next(row)?,
        last_fire_at: instant_or_null(row, "last_fire_at_us")?,
        fired: number(row, "fired")?,
        failures: number(row, "failures")?,
        pause: match row.int("pause_reason")? {
            Some(_) => Some(Pause {
                reason: code(row, "pause_reason", PauseReason::from_code)?,
                since: instant(row, "pause_since_us")?,
            }),
            None => None,
        },
        quarantine: row.text("quarantine")?.map(str::to_owned),
    })
}

fn policies(row: &impl Columns) -> Read<Policies> {
    let jitter = match span_or_null(row, "jitter_us")? {
        Some(up_to) => {
            Some(Jitter { up_to, spread: code(row, "jitter_spread", Spread::from_code)? })
        }
        None => None,
    };
    Ok(Policies {
        coalesce: code(row, "coalesce", Coalesce::from_code)?,
        misfire_grace: span_or_null(row, "misfire_grace_us")?,
        catch_up: number(row, "catch_up")?,
        jitter,
        slack: Span::from_micros(int(row, "slack_us")?),
        overlap: code(row, "overlap", Overlap::from_code)?,
        limit: number_or_null(row, "fire_limit")?,
        after_run: span_or_null(row, "after_run_us")?,
        max_failures: number_or_null(row, "max_failures")?,
    })
}

fn next(row: &impl Columns) -> Read<Next> {
    match int(row, "next_kind")? {
        0 => Ok(Next::At(instant(row, "next_at_us")?)),
        1 => Ok(Next::AfterRun),
        2 => Ok(Next::Done),
        other => Err(unknown("next_kind", other)),
    }
}

/// What is known of a task.
pub fn task(row: &impl Columns) -> Read<Task> {
    Ok(Task {
        id: name(row, "id")?,
        version: number(row, "version")?,
        max_running: number_or_null(row, "max_running")?,
        settings: settings(row)?,
        tags: tags(text(row, "tags")?)?,
    })
}

/// What a node says about itself, and when it said so.
pub fn node(row: &impl Columns) -> Read<(Node, Timestamp)> {
    let node = Node {
        id: name(row, "id")?,
        role: code(row, "role", Role::from_code)?,
        tags: tags(text(row, "tags")?)?,
        tasks: Node::tasks_from_text(text(row, "tasks")?)
            .map_err(|why| Unreadable(format!("column `tasks`: {why}")))?,
        program: name(row, "program")?,
        started_at: instant(row, "started_at_us")?,
        clock_offset: Span::from_micros(int(row, "clock_offset_us")?),
    };
    Ok((node, instant(row, "beat_at_us")?))
}

/// What is known of the row of a schedule, even if it cannot be read.
pub fn found(row: &impl Columns) -> Found {
    let revision = row.int("revision").ok().flatten().and_then(|number| u32::try_from(number).ok());
    Found {
        source: name(row, "source").ok(),
        revision: Revision::new(revision.unwrap_or(0)),
        schedule: schedule(row).map_err(|why| why.to_string()),
    }
}

/// The schedule that has to hear of the end of a job whose row cannot be read, if that is known.
pub fn watched_by(row: &impl Columns) -> Option<ScheduleId> {
    let watched = row.flag("watched").ok().flatten()?;
    name_or_null(row, "schedule").ok().flatten().filter(|_| watched)
}

/// A job in the chain of its schedule, from its `id`, `state` and `watched`.
pub fn link(row: &impl Columns) -> Read<Link> {
    let state = int(row, "state")?;
    Ok(Link {
        job: job_id(row, "id")?,
        place: column::place(state).ok_or_else(|| unknown("state", state))?,
        watched: flag(row, "watched")?,
    })
}

/// The row of a key, with `lives` telling whether its job has a row.
pub fn holder(row: &impl Columns) -> Read<Holder> {
    Ok(Holder {
        job: job_id(row, "job")?,
        // Whatever is out of range is over at the end of the range.
        over_until: row
            .int("over_until_us")?
            .map(|us| Timestamp::UNIX_EPOCH + Span::from_micros(us)),
        lives: flag(row, "lives")?,
    })
}

/// The pulse of a store whose clock shows `store_now`, from `due_at_us`, `ready_at_us`,
/// `lease_until_us`, `start_by_us` and `config_revision`.
pub fn pulse(row: &impl Columns, store_now: Timestamp) -> Read<Pulse> {
    // An instant out of range stops at the end of the range: the row it is from is put aside by the
    // verb that reads it, and that verb must be called for it.
    let at = |column| -> Read<Option<Timestamp>> {
        Ok(row.int(column)?.map(|us| Timestamp::UNIX_EPOCH + Span::from_micros(us)))
    };
    // A start deadline itself is still in time.
    let start_by = at("start_by_us")?.map(|at| at + Span::from_micros(1));
    Ok(Pulse {
        store_now,
        next_due_at: at("due_at_us")?,
        next_ready_at: at("ready_at_us")?,
        next_lapse_at: at("lease_until_us")?.into_iter().chain(start_by).min(),
        config_revision: config_revision(row)?,
    })
}

/// How often schedules and tasks have changed.
pub fn config_revision(row: &impl Columns) -> Read<ConfigRevision> {
    Ok(ConfigRevision::new(int(row, "config_revision")?.unsigned_abs()))
}

/// A job that is not over.
pub fn job(row: &impl Columns) -> Read<Job> {
    let token = Token::new(number(row, "token")?);
    let state = match int(row, "state")? {
        0 => JobState::Waiting { ready_at: instant(row, "ready_at_us")? },
        1 => JobState::Leased {
            lease: Lease {
                node: name(row, "node")?,
                token,
                until: instant(row, "lease_until_us")?,
            },
            cancel: flag(row, "cancel")?,
        },
        2 => JobState::Held { ready_at: instant(row, "ready_at_us")? },
        other => return Err(unknown("state", other)),
    };
    Ok(Job {
        id: job_id(row, "id")?,
        task: name(row, "task")?,
        schedule: name_or_null(row, "schedule")?,
        origin: code(row, "origin", Origin::from_code)?,
        fire_at: instant_or_null(row, "fire_at_us")?,
        payload: encoded(row, PAYLOAD)?,
        terms: terms(row)?,
        tags: tags(text(row, "tags")?)?,
        unique: unique(row)?,
        watched: flag(row, "watched")?,
        start_by: instant_or_null(row, "start_by_us")?,
        created_at: instant(row, "created_at_us")?,
        counts: Counts { failures: number(row, "failures")?, rescues: number(row, "rescues")? },
        token,
        state,
    })
}

fn unique(row: &impl Columns) -> Read<Option<Unique>> {
    let Some(key) = name_or_null(row, "unique_key")? else { return Ok(None) };
    let hold = match int(row, "hold_kind")? {
        0 => Hold::Waiting,
        1 => Hold::Live,
        2 => Hold::AtLeast(Span::from_micros(int(row, "hold_us")?)),
        other => return Err(unknown("hold_kind", other)),
    };
    Ok(Some(Unique { key, hold }))
}

/// A record of the history.
pub fn run(row: &impl Columns) -> Read<RunView> {
    let output = encoded_or_null(row, OUTPUT)?;
    let error = row.text("error")?.map(str::to_owned);
    let detail = (output.is_some() || error.is_some()).then_some(Detail { output, error });
    let run = Run {
        job: job_id(row, "job")?,
        token: Token::new(number(row, "token")?),
        attempt: number(row, "attempt")?,
        task: name(row, "task")?,
        schedule: name_or_null(row, "schedule")?,
        origin: code(row, "origin", Origin::from_code)?,
        fire_at: instant_or_null(row, "fire_at_us")?,
        node: name_or_null(row, "node")?,
        settled: flag(row, "settled")?,
        ended: Ended {
            outcome: code(row, "outcome", Outcome::from_code)?,
            started_at: instant_or_null(row, "started_at_us")?,
            finished_at: instant(row, "finished_at_us")?,
            detail,
        },
    };
    let noted_at = instant(row, "noted_at_us")?;
    Ok(RunView { seq: number(row, "seq")?, run, noted_at })
}

/// A range of fires that did not become jobs.
pub fn skip(row: &impl Columns) -> Read<SkipView> {
    let count = number(row, "count")?;
    let at_least = flag(row, "at_least")?;
    Ok(SkipView {
        seq: number(row, "seq")?,
        schedule: name(row, "schedule")?,
        skip: Skip {
            reason: code(row, "reason", SkipReason::from_code)?,
            from: instant(row, "from_us")?,
            to: instant(row, "to_us")?,
            count: if at_least { Count::AtLeast(count) } else { Count::Exact(count) },
        },
        noted_at: instant(row, "noted_at_us")?,
    })
}

/// How an attempt ended, and whether it settled its job.
pub fn ending(row: &impl Columns) -> Read<(Outcome, bool)> {
    Ok((code(row, "outcome", Outcome::from_code)?, flag(row, "settled")?))
}

/// The name of the job in a column.
pub fn job_id(row: &impl Columns, column: &str) -> Read<JobId> {
    there(row.id(column)?, column)
}

/// The eight settings, where NULL asks the next level.
fn settings(row: &impl Columns) -> Read<Settings> {
    let priority = match number_or_null::<u8>(row, "priority")? {
        Some(number) => Some(Priority::new(number).ok_or_else(|| {
            Unreadable(format!("column `priority` has {number}, which is above 9"))
        })?),
        None => None,
    };
    let timeout = row.int("timeout_us")?.map(|us| match us {
        0 => Timeout::Never,
        us => Timeout::After(Span::from_micros(us)),
    });
    let retry = match number_or_null(row, "retry_max")? {
        Some(max) => {
            Some(Retry { max, backoff: backoff(row)?, jitter: number(row, "retry_jitter")? })
        }
        None => None,
    };
    let max_rescues = number_or_null(row, "max_rescues")?;
    Ok(Settings { priority, timeout, retry, max_rescues })
}

fn backoff(row: &impl Columns) -> Read<Backoff> {
    let first = Span::from_micros(int(row, "backoff_first_us")?);
    let max = Span::from_micros(int(row, "backoff_max_us")?);
    match int(row, "backoff_kind")? {
        0 => Ok(Backoff::Fixed(first)),
        1 => Ok(Backoff::Exponential { first, max }),
        2 => Ok(Backoff::Linear { first, max }),
        other => Err(unknown("backoff_kind", other)),
    }
}

/// The table allows no NULL here, so nothing is left for the built-in values to decide.
fn terms(row: &impl Columns) -> Read<Terms> {
    Ok(settings(row)?.resolve())
}

fn encoded(row: &impl Columns, [format, version, bytes]: [&str; 3]) -> Read<Encoded> {
    Ok(Encoded {
        format: Format::from_code(number(row, format)?),
        version: number(row, version)?,
        bytes: there(row.bytes(bytes)?, bytes)?.into(),
    })
}

/// The same, or three times nothing.
fn encoded_or_null(row: &impl Columns, columns: [&str; 3]) -> Read<Option<Encoded>> {
    match row.int(columns[0])? {
        Some(_) => Ok(Some(encoded(row, columns)?)),
        None => Ok(None),
    }
}

fn tags(text: &str) -> Read<Tags> {
    Tags::from_text(text).map_err(|e| Unreadable::column("tags", &e))
}

fn name<'r, N: TryFrom<&'r str, Error: fmt::Display>>(
    row: &'r impl Columns,
    column: &str,
) -> Read<N> {
    N::try_from(text(row, column)?).map_err(|e| Unreadable::column(column, &e))
}

fn name_or_null<'r, N: TryFrom<&'r str, Error: fmt::Display>>(
    row: &'r impl Columns,
    column: &str,
) -> Read<Option<N>> {
    row.text(column)?.map(N::try_from).transpose().map_err(|e| Unreadable::column(column, &e))
}

fn instant(row: &impl Columns, column: &str) -> Read<Timestamp> {
    in_range(int(row, column)?, column)
}

fn instant_or_null(row: &impl Columns, column: &str) -> Read<Option<Timestamp>> {
    row.int(column)?.map(|micros| in_range(micros, column)).transpose()
}

fn in_range(micros: i64, column: &str) -> Read<Timestamp> {
    Timestamp::from_micros(micros).ok_or_else(|| {
        Unreadable(format!("column `{column}` has {micros}, which is outside the years 1 to 9999"))
    })
}

fn span_or_null(row: &impl Columns, column: &str) -> Read<Option<Span>> {
    Ok(row.int(column)?.map(Span::from_micros))
}

fn number<N: TryFrom<i64>>(row: &impl Columns, column: &str) -> Read<N> {
    fitting(int(row, column)?, column)
}

fn number_or_null<N: TryFrom<i64>>(row: &impl Columns, column: &str) -> Read<Option<N>> {
    row.int(column)?.map(|number| fitting(number, column)).transpose()
}

fn fitting<N: TryFrom<i64>>(number: i64, column: &str) -> Read<N> {
    N::try_from(number)
        .map_err(|_| Unreadable(format!("column `{column}` has {number}, which is out of range")))
}

fn code<T>(row: &impl Columns, column: &str, from_code: fn(u8) -> Option<T>) -> Read<T> {
    let number = int(row, column)?;
    u8::try_from(number).ok().and_then(from_code).ok_or_else(|| unknown(column, number))
}

fn int(row: &impl Columns, column: &str) -> Read<i64> {
    there(row.int(column)?, column)
}

fn flag(row: &impl Columns, column: &str) -> Read<bool> {
    there(row.flag(column)?, column)
}

fn text<'r>(row: &'r impl Columns, column: &str) -> Read<&'r str> {
    there(row.text(column)?, column)
}

/// A value that must be there.
fn there<T>(value: Option<T>, column: &str) -> Read<T> {
    value.ok_or_else(|| Unreadable(format!("column `{column}` is empty")))
}

fn unknown(column: &str, code: i64) -> Unreadable {
    Unreadable(format!("column `{column}` has the unknown code {code}"))
}

const TRIGGER: [&str; 3] = ["trigger_format", "trigger_version", "trigger_bytes"];
const PAYLOAD: [&str; 3] = ["payload_format", "payload_version", "payload_bytes"];
const EXCLUDE: [&str; 3] = ["exclude_format", "exclude_version", "exclude_bytes"];
const OUTPUT: [&str; 3] = ["output_format", "output_version", "output_bytes"];
