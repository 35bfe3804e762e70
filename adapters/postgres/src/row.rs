//! Rows as records. Whatever does not fit makes the row unreadable, never the program.
//!
//! Columns are read by their place and not by their name: claims read thousands of rows a second.

use core::fmt;

use mainspring_contract::node::{Node, Role};
use mainspring_contract::record::{
    Ended, Hold, Job, JobState, Lease, Run, Schedule, Spec, Task, Unique,
};
use mainspring_contract::store::{RunView, SkipView};
use mainspring_contract::tables::{Damaged, Found};
use mainspring_contract::{Detail, Encoded, Format, JobId, ScheduleId, Source, Tags};
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
use sqlx::postgres::{PgRow, Postgres};
use sqlx::{Column as _, Decode, Row as _, Type};
use uuid::Uuid;

/// The columns of a task, in the order in which they are read.
pub(crate) const TASK: &str = "id, version, max_running, priority, timeout_us, retry_max, \
    backoff_kind, backoff_first_us, backoff_max_us, retry_jitter, max_rescues, tags";

/// The columns of a schedule.
pub(crate) const SCHEDULE: &str = "id, task, source, trigger_format, trigger_version, \
    trigger_bytes, payload_format, payload_version, payload_bytes, exclude_format, \
    exclude_version, exclude_bytes, coalesce, misfire_grace_us, catch_up, jitter_us, \
    jitter_spread, slack_us, overlap, fire_limit, after_run_us, max_failures, priority, \
    timeout_us, retry_max, backoff_kind, backoff_first_us, backoff_max_us, retry_jitter, \
    max_rescues, tags, paused, revision, next_kind, next_at_us, last_fire_at_us, fired, failures, \
    pause_reason, pause_since_us, quarantine";

/// The columns of a job.
pub(crate) const JOB: &str = "id, task, schedule, origin, fire_at_us, payload_format, \
    payload_version, payload_bytes, priority, timeout_us, retry_max, backoff_kind, \
    backoff_first_us, backoff_max_us, retry_jitter, max_rescues, tags, unique_key, hold_kind, \
    hold_us, watched, start_by_us, created_at_us, failures, rescues, token, state, ready_at_us, \
    node, lease_until_us, cancel";

/// The columns of a record of the history.
pub(crate) const RUN: &str = "seq, noted_at_us, job, token, attempt, task, schedule, origin, \
    fire_at_us, node, settled, outcome, started_at_us, finished_at_us, output_format, \
    output_version, output_bytes, error";

/// The columns of a range of skipped fires.
pub(crate) const SKIP: &str = "seq, schedule, reason, from_us, to_us, count, at_least, noted_at_us";

/// The columns of a node.
pub(crate) const NODE: &str =
    "id, role, tags, tasks, program, started_at_us, clock_offset_us, beat_at_us";

/// Where a schedule's row has its source.
const SOURCE: usize = 2;
/// Where a schedule's row has its revision.
const REVISION: usize = 32;
/// Where a job's row has its schedule.
const SCHEDULE_OF_JOB: usize = 2;
/// Where a job's row says whether it is watched.
const WATCHED: usize = 20;
/// Where a job's row has the instant from which on it is ready.
const READY_AT: usize = 27;

/// Names a row whatever it says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RowId {
    /// A schedule's, by its text.
    Schedule(String),
    /// A job's.
    Job(JobId),
}

/// Why a row cannot be read, for people.
#[derive(Debug)]
pub(crate) struct Unreadable(String);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

type Read<T> = Result<T, Unreadable>;

/// A job that is not over, or what is known of it.
pub(crate) fn job_or_damaged(row: &PgRow) -> Result<Result<Job, Damaged<RowId>>, sqlx::Error> {
    Ok(match job(row) {
        Ok(job) => Ok(job),
        Err(why) => {
            let watched: bool = row.try_get(WATCHED)?;
            let schedule: Option<&str> = row.try_get(SCHEDULE_OF_JOB)?;
            Err(Damaged {
                row: RowId::Job(JobId::from_bytes(row.try_get::<Uuid, _>(0)?.into_bytes())),
                watched_by: schedule.filter(|_| watched).and_then(|id| ScheduleId::new(id).ok()),
                why: why.to_string(),
            })
        }
    })
}

/// The instant from which on a claimed job was ready: its place among the others of its task.
pub(crate) fn ready_at_us(row: &PgRow) -> Result<i64, sqlx::Error> {
    row.try_get(READY_AT)
}

/// A schedule, and what is known of it even if it cannot be read.
pub(crate) fn found(row: &PgRow) -> Result<Found, sqlx::Error> {
    let revision: i64 = row.try_get(REVISION)?;
    Ok(Found {
        source: row.try_get::<&str, _>(SOURCE).ok().and_then(|text| Source::new(text).ok()),
        revision: Revision::new(u32::try_from(revision).unwrap_or(0)),
        schedule: schedule(row).map_err(|why| why.to_string()),
    })
}

/// A schedule, or what is known of it.
pub(crate) fn schedule_or_damaged(
    row: &PgRow,
) -> Result<Result<Schedule, Damaged<RowId>>, sqlx::Error> {
    Ok(match schedule(row) {
        Ok(schedule) => Ok(schedule),
        Err(why) => Err(Damaged {
            row: RowId::Schedule(row.try_get(0)?),
            watched_by: None,
            why: why.to_string(),
        }),
    })
}

/// A schedule.
pub(crate) fn schedule(row: &PgRow) -> Read<Schedule> {
    let mut row = Columns { row, at: 0 };
    Ok(Schedule {
        spec: Spec {
            id: row.name()?,
            task: row.name()?,
            source: row.name()?,
            trigger: row.encoded()?,
            payload: row.encoded()?,
            exclusions: row.encoded_or_null()?,
            policies: row.policies()?,
            settings: row.settings()?,
            tags: match row.value_or_null()? {
                Some(text) => Some(row.tags(text)?),
                None => None,
            },
            paused: row.value()?,
        },
        revision: Revision::new(row.number::<i64, _>()?),
        next: row.next()?,
        last_fire_at: row.instant_or_null()?,
        fired: row.number::<i64, _>()?,
        failures: row.number::<i32, _>()?,
        pause: match row.code_or_null(PauseReason::from_code)? {
            Some(reason) => Some(Pause { reason, since: row.instant()? }),
            None => row.skip(None)?,
        },
        quarantine: row.value_or_null()?,
    })
}

/// What is known of a task.
pub(crate) fn task(row: &PgRow) -> Read<Task> {
    let mut row = Columns { row, at: 0 };
    Ok(Task {
        id: row.name()?,
        version: row.number::<i64, _>()?,
        max_running: row.number_or_null::<i64, _>()?,
        settings: row.settings()?,
        tags: {
            let text = row.value()?;
            row.tags(text)?
        },
    })
}

/// What a node says about itself, and when it said so.
pub(crate) fn node(row: &PgRow) -> Read<(Node, Timestamp)> {
    let mut row = Columns { row, at: 0 };
    let node = Node {
        id: row.name()?,
        role: row.code(Role::from_code)?,
        tags: {
            let text = row.value()?;
            row.tags(text)?
        },
        tasks: {
            let text = row.value()?;
            Node::tasks_from_text(text).map_err(|why| row.before().unreadable(&why))?
        },
        program: row.name()?,
        started_at: row.instant()?,
        clock_offset: Span::from_micros(row.value()?),
    };
    Ok((node, row.instant()?))
}

/// A job that is not over.
pub(crate) fn job(row: &PgRow) -> Read<Job> {
    let mut row = Columns { row, at: 0 };
    let id = row.job_id()?;
    let task = row.name()?;
    let schedule = row.name_or_null()?;
    let origin = row.code(Origin::from_code)?;
    let fire_at = row.instant_or_null()?;
    let payload = row.encoded()?;
    let terms = row.terms()?;
    let tags = row.value()?;
    let tags = row.tags(tags)?;
    let unique = row.unique()?;
    let watched = row.value()?;
    let start_by = row.instant_or_null()?;
    let created_at = row.instant()?;
    let counts = Counts { failures: row.number::<i32, _>()?, rescues: row.number::<i32, _>()? };
    let token = Token::new(row.number::<i64, _>()?);
    let state = row.state(token)?;
    Ok(Job {
        id,
        task,
        schedule,
        origin,
        fire_at,
        payload,
        terms,
        tags,
        unique,
        watched,
        start_by,
        created_at,
        counts,
        token,
        state,
    })
}

/// A record of the history.
pub(crate) fn run(row: &PgRow) -> Read<RunView> {
    let mut row = Columns { row, at: 0 };
    let seq = row.number::<i64, _>()?;
    let noted_at = row.instant()?;
    let mut run = Run {
        job: row.job_id()?,
        token: Token::new(row.number::<i64, _>()?),
        attempt: row.number::<i64, _>()?,
        task: row.name()?,
        schedule: row.name_or_null()?,
        origin: row.code(Origin::from_code)?,
        fire_at: row.instant_or_null()?,
        node: row.name_or_null()?,
        settled: row.value()?,
        ended: Ended {
            outcome: row.code(Outcome::from_code)?,
            started_at: row.instant_or_null()?,
            finished_at: row.instant()?,
            detail: None,
        },
    };
    let output = row.encoded_or_null()?;
    let error: Option<String> = row.value_or_null()?;
    run.ended.detail = (output.is_some() || error.is_some()).then_some(Detail { output, error });
    Ok(RunView { seq, run, noted_at })
}

/// A range of fires that did not become jobs.
pub(crate) fn skip(row: &PgRow) -> Read<SkipView> {
    let mut row = Columns { row, at: 0 };
    let seq = row.number::<i64, _>()?;
    let schedule = row.name()?;
    let reason = row.code(SkipReason::from_code)?;
    let (from, to) = (row.instant()?, row.instant()?);
    let count = row.number::<i64, _>()?;
    let at_least: bool = row.value()?;
    let count = if at_least { Count::AtLeast(count) } else { Count::Exact(count) };
    let noted_at = row.instant()?;
    Ok(SkipView { seq, schedule, skip: Skip { reason, from, to, count }, noted_at })
}

/// The columns of a row, one after the other.
struct Columns<'r> {
    row: &'r PgRow,
    at: usize,
}

impl<'r> Columns<'r> {
    fn value_or_null<T: Decode<'r, Postgres> + Type<Postgres>>(&mut self) -> Read<Option<T>> {
        let value = self.row.try_get(self.at).map_err(|error| match error {
            sqlx::Error::ColumnDecode { source, .. } => self.unreadable(&source),
            other => self.unreadable(&other),
        })?;
        self.at += 1;
        Ok(value)
    }

    /// A value that must be there.
    fn value<T: Decode<'r, Postgres> + Type<Postgres>>(&mut self) -> Read<T> {
        let value = self.value_or_null()?;
        value.ok_or_else(|| self.before().unreadable(&"it is empty"))
    }

    /// Passes a column over.
    #[expect(clippy::unnecessary_wraps, reason = "it stands where columns are read")]
    fn skip<T>(&mut self, value: T) -> Read<T> {
        self.at += 1;
        Ok(value)
    }

    fn number<I, N>(&mut self) -> Read<N>
    where
        I: Decode<'r, Postgres> + Type<Postgres> + Copy + fmt::Display,
        N: TryFrom<I>,
    {
        let number: I = self.value()?;
        N::try_from(number).map_err(|_| self.before().out_of_range(number))
    }

    fn number_or_null<I, N>(&mut self) -> Read<Option<N>>
    where
        I: Decode<'r, Postgres> + Type<Postgres> + Copy + fmt::Display,
        N: TryFrom<I>,
    {
        let number: Option<I> = self.value_or_null()?;
        let fitting = |number| N::try_from(number).map_err(|_| self.before().out_of_range(number));
        number.map(fitting).transpose()
    }

    fn code<T>(&mut self, from_code: fn(u8) -> Option<T>) -> Read<T> {
        let number: i16 = self.value()?;
        let code = u8::try_from(number).ok().and_then(from_code);
        code.ok_or_else(|| self.before().out_of_range(number))
    }

    fn code_or_null<T>(&mut self, from_code: fn(u8) -> Option<T>) -> Read<Option<T>> {
        match self.value_or_null::<i16>()? {
            Some(_) => {
                self.at -= 1;
                self.code(from_code).map(Some)
            }
            None => Ok(None),
        }
    }

    fn name<N: TryFrom<&'r str, Error: fmt::Display>>(&mut self) -> Read<N> {
        let text: &str = self.value()?;
        N::try_from(text).map_err(|error| self.before().unreadable(&error))
    }

    fn name_or_null<N: TryFrom<&'r str, Error: fmt::Display>>(&mut self) -> Read<Option<N>> {
        let text: Option<&str> = self.value_or_null()?;
        text.map(N::try_from).transpose().map_err(|error| self.before().unreadable(&error))
    }

    fn tags(&self, text: &str) -> Read<Tags> {
        Tags::from_text(text).map_err(|error| self.before().unreadable(&error))
    }

    fn job_id(&mut self) -> Read<JobId> {
        Ok(JobId::from_bytes(self.value::<Uuid>()?.into_bytes()))
    }

    fn instant(&mut self) -> Read<Timestamp> {
        let micros: i64 = self.value()?;
        Timestamp::from_micros(micros).ok_or_else(|| self.before().out_of_range(micros))
    }

    fn instant_or_null(&mut self) -> Read<Option<Timestamp>> {
        let Some(micros) = self.value_or_null::<i64>()? else { return Ok(None) };
        let at = Timestamp::from_micros(micros);
        at.map(Some).ok_or_else(|| self.before().out_of_range(micros))
    }

    fn span(&mut self) -> Read<Span> {
        Ok(Span::from_micros(self.value()?))
    }

    fn span_or_null(&mut self) -> Read<Option<Span>> {
        Ok(self.value_or_null()?.map(Span::from_micros))
    }

    fn encoded(&mut self) -> Read<Encoded> {
        Ok(Encoded {
            format: Format::from_code(self.number::<i16, _>()?),
            version: self.number::<i32, _>()?,
            bytes: self.value::<&[u8]>()?.into(),
        })
    }

    /// The same, or three times nothing.
    fn encoded_or_null(&mut self) -> Read<Option<Encoded>> {
        match self.value_or_null::<i16>()? {
            Some(_) => {
                self.at -= 1;
                self.encoded().map(Some)
            }
            None => {
                self.at += 2;
                Ok(None)
            }
        }
    }

    fn policies(&mut self) -> Read<Policies> {
        Ok(Policies {
            coalesce: self.code(Coalesce::from_code)?,
            misfire_grace: self.span_or_null()?,
            catch_up: self.number::<i32, _>()?,
            jitter: match self.span_or_null()? {
                Some(up_to) => Some(Jitter { up_to, spread: self.code(Spread::from_code)? }),
                None => self.skip(None)?,
            },
            slack: self.span()?,
            overlap: self.code(Overlap::from_code)?,
            limit: self.number_or_null::<i64, _>()?,
            after_run: self.span_or_null()?,
            max_failures: self.number_or_null::<i32, _>()?,
        })
    }

    /// The eight settings, where NULL asks the next level.
    fn settings(&mut self) -> Read<Settings> {
        let priority = self.code_or_null(Priority::new)?;
        let timeout = self.value_or_null::<i64>()?.map(|us| match us {
            0 => Timeout::Never,
            us => Timeout::After(Span::from_micros(us)),
        });
        let retry = match self.number_or_null::<i32, _>()? {
            Some(max) => {
                let backoff = self.backoff()?;
                Some(Retry { max, backoff, jitter: self.number::<i16, _>()? })
            }
            None => {
                self.at += 4;
                None
            }
        };
        let max_rescues = self.number_or_null::<i32, _>()?;
        Ok(Settings { priority, timeout, retry, max_rescues })
    }

    fn backoff(&mut self) -> Read<Backoff> {
        let kind: i16 = self.value()?;
        let (first, max) = (self.span()?, self.span()?);
        match kind {
            0 => Ok(Backoff::Fixed(first)),
            1 => Ok(Backoff::Exponential { first, max }),
            2 => Ok(Backoff::Linear { first, max }),
            other => Err(self.back(3).out_of_range(other)),
        }
    }

    /// The table allows no NULL here, so nothing is left for the built-in values to decide.
    fn terms(&mut self) -> Read<Terms> {
        Ok(self.settings()?.resolve())
    }

    fn unique(&mut self) -> Read<Option<Unique>> {
        let key = self.name_or_null()?;
        let kind = self.value_or_null::<i16>()?;
        let span = self.span_or_null()?;
        let Some(key) = key else { return Ok(None) };
        let hold = match (kind, span) {
            (Some(0), _) => Hold::Waiting,
            (Some(1), _) => Hold::Live,
            (Some(2), Some(span)) => Hold::AtLeast(span),
            _ => return Err(Unreadable("column `hold_kind` does not say how long".into())),
        };
        Ok(Some(Unique { key, hold }))
    }

    fn next(&mut self) -> Read<Next> {
        match (self.value::<i16>()?, self.instant_or_null()?) {
            (0, Some(at)) => Ok(Next::At(at)),
            (1, _) => Ok(Next::AfterRun),
            (2, _) => Ok(Next::Done),
            (other, _) => Err(Unreadable(format!("column `next_kind` has {other}, without sense"))),
        }
    }

    fn state(&mut self, token: Token) -> Read<JobState> {
        let state: i16 = self.value()?;
        let ready_at = self.instant()?;
        match state {
            0 => Ok(JobState::Waiting { ready_at }),
            1 => {
                let lease = Lease { node: self.name()?, token, until: self.instant()? };
                Ok(JobState::Leased { lease, cancel: self.value()? })
            }
            2 => Ok(JobState::Held { ready_at }),
            other => Err(self.back(2).out_of_range(other)),
        }
    }

    /// The columns as they were before the last one was read.
    const fn before(&self) -> Self {
        self.back(1)
    }

    /// The columns as they were before the last few were read.
    const fn back(&self, columns: usize) -> Self {
        Columns { row: self.row, at: self.at.saturating_sub(columns) }
    }

    fn out_of_range(&self, number: impl fmt::Display) -> Unreadable {
        self.unreadable(&format_args!("it has {number}, which is out of range"))
    }

    fn unreadable(&self, why: &dyn fmt::Display) -> Unreadable {
        let column = self.row.columns().get(self.at).map_or("?", |column| column.name());
        Unreadable(format!("column `{column}`: {why}"))
    }
}
