//! Rows as records. Whatever does not fit makes the row unreadable, never the program.

use core::fmt;

use mainspring_contract::record::{
    Ended, Hold, Job, JobState, Lease, Run, Schedule, Spec, Task, Unique,
};
use mainspring_contract::store::{RunView, SkipView};
use mainspring_contract::{Detail, Encoded, Format, JobId, Tags};
use mainspring_core::domain::Origin;
use mainspring_core::fire::{Skip, SkipReason};
use mainspring_core::id::{Revision, Token};
use mainspring_core::outcome::Outcome;
use mainspring_core::overlap::Overlap;
use mainspring_core::retry::Counts;
use mainspring_core::schedule::{Coalesce, Jitter, Next, Pause, PauseReason, Policies, Spread};
use mainspring_core::settings::{Backoff, Priority, Retry, Settings, Terms, Timeout};
use mainspring_core::time::{Span, Timestamp};
use mainspring_core::trigger::Count;
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Row, Sqlite, Type};

/// Why a row cannot be read, for people.
#[derive(Debug)]
pub(crate) struct Unreadable(String);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Unreadable {
    /// The answer of a reader that looks for something else than this row.
    pub(crate) const fn nothing() -> Self {
        Self(String::new())
    }
}

/// A column as text, whatever it holds.
pub(crate) fn text(row: &SqliteRow, column: &str) -> String {
    let bytes: Option<Vec<u8>> = row.try_get_unchecked(column).ok();
    bytes.map_or_else(String::new, |bytes| String::from_utf8_lossy(&bytes).into_owned())
}

type Read<T> = Result<T, Unreadable>;

/// A schedule.
pub(crate) fn schedule(row: &SqliteRow) -> Read<Schedule> {
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
            tags: match value_or_null(row, "tags")? {
                Some(text) => Some(tags(text)?),
                None => None,
            },
            paused: value(row, "paused")?,
        },
        revision: Revision::new(number(row, "revision")?),
        next: next(row)?,
        last_fire_at: instant_or_null(row, "last_fire_at_us")?,
        fired: number(row, "fired")?,
        failures: number(row, "failures")?,
        pause: match value_or_null::<i64>(row, "pause_reason")? {
            Some(_) => Some(Pause {
                reason: code(row, "pause_reason", PauseReason::from_code)?,
                since: instant(row, "pause_since_us")?,
            }),
            None => None,
        },
        quarantine: value_or_null(row, "quarantine")?,
    })
}

fn policies(row: &SqliteRow) -> Read<Policies> {
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
        slack: Span::from_micros(value(row, "slack_us")?),
        overlap: code(row, "overlap", Overlap::from_code)?,
        limit: number_or_null(row, "fire_limit")?,
        after_run: span_or_null(row, "after_run_us")?,
        max_failures: number_or_null(row, "max_failures")?,
    })
}

fn next(row: &SqliteRow) -> Read<Next> {
    match value::<i64>(row, "next_kind")? {
        0 => Ok(Next::At(instant(row, "next_at_us")?)),
        1 => Ok(Next::AfterRun),
        2 => Ok(Next::Done),
        other => Err(unknown("next_kind", other)),
    }
}

/// What is known of a task.
pub(crate) fn task(row: &SqliteRow) -> Read<Task> {
    Ok(Task {
        id: name(row, "id")?,
        version: number(row, "version")?,
        max_running: number_or_null(row, "max_running")?,
        settings: settings(row)?,
        tags: tags(value(row, "tags")?)?,
    })
}

/// A job that is not over.
pub(crate) fn job(row: &SqliteRow) -> Read<Job> {
    let token = Token::new(number(row, "token")?);
    let state = match value::<i64>(row, "state")? {
        0 => JobState::Waiting { ready_at: instant(row, "ready_at_us")? },
        1 => JobState::Leased {
            lease: Lease {
                node: name(row, "node")?,
                token,
                until: instant(row, "lease_until_us")?,
            },
            cancel: value(row, "cancel")?,
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
        tags: tags(value(row, "tags")?)?,
        unique: unique(row)?,
        watched: value(row, "watched")?,
        start_by: instant_or_null(row, "start_by_us")?,
        created_at: instant(row, "created_at_us")?,
        counts: Counts { failures: number(row, "failures")?, rescues: number(row, "rescues")? },
        token,
        state,
    })
}

fn unique(row: &SqliteRow) -> Read<Option<Unique>> {
    let Some(key) = name_or_null(row, "unique_key")? else { return Ok(None) };
    let hold = match value::<i64>(row, "hold_kind")? {
        0 => Hold::Waiting,
        1 => Hold::Live,
        2 => Hold::AtLeast(Span::from_micros(value(row, "hold_us")?)),
        other => return Err(unknown("hold_kind", other)),
    };
    Ok(Some(Unique { key, hold }))
}

/// A record of the history.
pub(crate) fn run(row: &SqliteRow) -> Read<RunView> {
    let output = encoded_or_null(row, OUTPUT)?;
    let error: Option<String> = value_or_null(row, "error")?;
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
        settled: value(row, "settled")?,
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
pub(crate) fn skip(row: &SqliteRow) -> Read<SkipView> {
    let count = number(row, "count")?;
    let at_least: bool = value(row, "at_least")?;
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
pub(crate) fn ending(row: &SqliteRow) -> Read<(Outcome, bool)> {
    Ok((code(row, "outcome", Outcome::from_code)?, value(row, "settled")?))
}

/// The name of the job in a column.
pub(crate) fn job_id(row: &SqliteRow, column: &str) -> Read<JobId> {
    let bytes: &[u8] = value(row, column)?;
    let bytes = bytes.try_into().map_err(|_| {
        Unreadable(format!("column `{column}` has {} bytes, not the 16 of a UUID", bytes.len()))
    })?;
    Ok(JobId::from_bytes(bytes))
}

/// The eight settings, where NULL asks the next level.
fn settings(row: &SqliteRow) -> Read<Settings> {
    let priority = match number_or_null::<u8>(row, "priority")? {
        Some(number) => Some(Priority::new(number).ok_or_else(|| {
            Unreadable(format!("column `priority` has {number}, which is above 9"))
        })?),
        None => None,
    };
    let timeout = value_or_null::<i64>(row, "timeout_us")?.map(|us| match us {
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

fn backoff(row: &SqliteRow) -> Read<Backoff> {
    let first = Span::from_micros(value(row, "backoff_first_us")?);
    let max = Span::from_micros(value(row, "backoff_max_us")?);
    match value::<i64>(row, "backoff_kind")? {
        0 => Ok(Backoff::Fixed(first)),
        1 => Ok(Backoff::Exponential { first, max }),
        2 => Ok(Backoff::Linear { first, max }),
        other => Err(unknown("backoff_kind", other)),
    }
}

/// The table allows no NULL here, so nothing is left for the built-in values to decide.
fn terms(row: &SqliteRow) -> Read<Terms> {
    Ok(settings(row)?.resolve())
}

fn encoded(row: &SqliteRow, [format, version, bytes]: [&str; 3]) -> Read<Encoded> {
    Ok(Encoded {
        format: Format::from_code(number(row, format)?),
        version: number(row, version)?,
        bytes: value::<&[u8]>(row, bytes)?.into(),
    })
}

/// The same, or three times nothing.
fn encoded_or_null(row: &SqliteRow, columns: [&str; 3]) -> Read<Option<Encoded>> {
    match value_or_null::<i64>(row, columns[0])? {
        Some(_) => Ok(Some(encoded(row, columns)?)),
        None => Ok(None),
    }
}

fn tags(text: &str) -> Read<Tags> {
    Tags::from_text(text).map_err(|e| unreadable("tags", &e))
}

fn name<'r, N: TryFrom<&'r str, Error: fmt::Display>>(row: &'r SqliteRow, column: &str) -> Read<N> {
    N::try_from(value::<&str>(row, column)?).map_err(|e| unreadable(column, &e))
}

fn name_or_null<'r, N: TryFrom<&'r str, Error: fmt::Display>>(
    row: &'r SqliteRow,
    column: &str,
) -> Read<Option<N>> {
    let text: Option<&str> = value_or_null(row, column)?;
    text.map(N::try_from).transpose().map_err(|e| unreadable(column, &e))
}

fn instant(row: &SqliteRow, column: &str) -> Read<Timestamp> {
    in_range(value(row, column)?, column)
}

fn instant_or_null(row: &SqliteRow, column: &str) -> Read<Option<Timestamp>> {
    value_or_null::<i64>(row, column)?.map(|micros| in_range(micros, column)).transpose()
}

fn in_range(micros: i64, column: &str) -> Read<Timestamp> {
    Timestamp::from_micros(micros).ok_or_else(|| {
        Unreadable(format!("column `{column}` has {micros}, which is outside the years 1 to 9999"))
    })
}

fn span_or_null(row: &SqliteRow, column: &str) -> Read<Option<Span>> {
    Ok(value_or_null::<i64>(row, column)?.map(Span::from_micros))
}

fn number<N: TryFrom<i64>>(row: &SqliteRow, column: &str) -> Read<N> {
    fitting(value(row, column)?, column)
}

fn number_or_null<N: TryFrom<i64>>(row: &SqliteRow, column: &str) -> Read<Option<N>> {
    value_or_null::<i64>(row, column)?.map(|number| fitting(number, column)).transpose()
}

fn fitting<N: TryFrom<i64>>(number: i64, column: &str) -> Read<N> {
    N::try_from(number)
        .map_err(|_| Unreadable(format!("column `{column}` has {number}, which is out of range")))
}

fn code<T>(row: &SqliteRow, column: &str, from_code: fn(u8) -> Option<T>) -> Read<T> {
    let number: i64 = value(row, column)?;
    u8::try_from(number).ok().and_then(from_code).ok_or_else(|| unknown(column, number))
}

/// A value that must be there. SQLite itself would hand out zero, or nothing, for NULL.
fn value<'r, T: Decode<'r, Sqlite> + Type<Sqlite>>(row: &'r SqliteRow, column: &str) -> Read<T> {
    value_or_null(row, column)?.ok_or_else(|| Unreadable(format!("column `{column}` is empty")))
}

fn value_or_null<'r, T: Decode<'r, Sqlite> + Type<Sqlite>>(
    row: &'r SqliteRow,
    column: &str,
) -> Read<Option<T>> {
    row.try_get(column).map_err(|e| match e {
        sqlx::Error::ColumnDecode { source, .. } => unreadable(column, &source),
        other => unreadable(column, &other),
    })
}

fn unknown(column: &str, code: i64) -> Unreadable {
    Unreadable(format!("column `{column}` has the unknown code {code}"))
}

fn unreadable(column: &str, why: &dyn fmt::Display) -> Unreadable {
    Unreadable(format!("column `{column}`: {why}"))
}

const TRIGGER: [&str; 3] = ["trigger_format", "trigger_version", "trigger_bytes"];
const PAYLOAD: [&str; 3] = ["payload_format", "payload_version", "payload_bytes"];
const EXCLUDE: [&str; 3] = ["exclude_format", "exclude_version", "exclude_bytes"];
const OUTPUT: [&str; 3] = ["output_format", "output_version", "output_bytes"];
