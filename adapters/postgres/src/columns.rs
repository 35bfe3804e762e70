//! Records as columns: lists of values, one for each record, which one statement takes apart.

use mainspring_contract::record::{Hold, JobState, Unique};
use mainspring_contract::{Encoded, JobId};
use mainspring_core::schedule::Next;
use mainspring_core::settings::{Backoff, Retry, Settings, Timeout};
use mainspring_core::time::Timestamp;
use uuid::Uuid;

use crate::statements::Statement;

/// Names of jobs.
pub(crate) fn ids<'a>(ids: impl IntoIterator<Item = &'a JobId>) -> Vec<Uuid> {
    ids.into_iter().map(uuid).collect()
}

/// The name of a job.
pub(crate) const fn uuid(id: &JobId) -> Uuid {
    Uuid::from_bytes(*id.as_bytes())
}

/// Microseconds since 1970, or nothing.
pub(crate) fn at(at: Option<Timestamp>) -> Option<i64> {
    at.map(Timestamp::as_micros)
}

/// A text without the character that PostgreSQL cannot keep.
pub(crate) fn text(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// The number of a state in which a job has a row.
pub(crate) const fn state(state: &JobState) -> Option<i16> {
    match state {
        JobState::Waiting { .. } => Some(0),
        JobState::Leased { .. } => Some(1),
        JobState::Held { .. } => Some(2),
        JobState::Settled { .. } => None,
    }
}

/// `next_kind`, `next_at_us`.
pub(crate) fn next(next: Next) -> (i16, Option<i64>) {
    let kind = match next {
        Next::At(_) => 0,
        Next::AfterRun => 1,
        Next::Done => 2,
    };
    (kind, at(next.at()))
}

/// `hold_kind`, `hold_us`.
pub(crate) fn hold(unique: Option<&Unique>) -> (Option<i16>, Option<i64>) {
    match unique.map(|unique| &unique.hold) {
        None => (None, None),
        Some(Hold::Waiting) => (Some(0), None),
        Some(Hold::Live) => (Some(1), None),
        Some(Hold::AtLeast(span)) => (Some(2), Some(span.as_micros())),
    }
}

/// Encoded values that may be missing, as three columns.
#[derive(Debug, Default)]
pub(crate) struct EncodedList<'a> {
    format: Vec<Option<i16>>,
    version: Vec<Option<i32>>,
    bytes: Vec<Option<&'a [u8]>>,
}

impl<'a> EncodedList<'a> {
    pub(crate) fn push(&mut self, value: Option<&'a Encoded>) {
        self.format.push(value.map(|value| i16::from(value.format.code())));
        self.version.push(value.map(|value| i32::from(value.version)));
        self.bytes.push(value.map(|value| &*value.bytes));
    }

    pub(crate) fn bind<'q>(self, statement: Statement<'q>) -> Statement<'q> {
        statement.bind(self.format).bind(self.version).bind(self.bytes)
    }
}

/// Settings, as eight columns.
#[derive(Debug, Default)]
pub(crate) struct SettingsList {
    priority: Vec<Option<i16>>,
    timeout_us: Vec<Option<i64>>,
    retry_max: Vec<Option<i32>>,
    backoff_kind: Vec<Option<i16>>,
    backoff_first_us: Vec<Option<i64>>,
    backoff_max_us: Vec<Option<i64>>,
    retry_jitter: Vec<Option<i16>>,
    max_rescues: Vec<Option<i32>>,
}

impl SettingsList {
    pub(crate) fn push(&mut self, settings: &Settings) {
        let backoff = settings.retry.map(|Retry { backoff, .. }| match backoff {
            Backoff::Fixed(span) => (0_i16, span, span),
            Backoff::Exponential { first, max } => (1, first, max),
            Backoff::Linear { first, max } => (2, first, max),
        });
        self.priority.push(settings.priority.map(|priority| i16::from(priority.number())));
        self.timeout_us.push(settings.timeout.map(timeout_us));
        self.retry_max.push(settings.retry.map(|retry| i32::from(retry.max)));
        self.backoff_kind.push(backoff.map(|(kind, _, _)| kind));
        self.backoff_first_us.push(backoff.map(|(_, first, _)| first.as_micros()));
        self.backoff_max_us.push(backoff.map(|(_, _, max)| max.as_micros()));
        self.retry_jitter.push(settings.retry.map(|retry| i16::from(retry.jitter)));
        self.max_rescues.push(settings.max_rescues.map(i32::from));
    }

    pub(crate) fn bind<'q>(self, statement: Statement<'q>) -> Statement<'q> {
        statement
            .bind(self.priority)
            .bind(self.timeout_us)
            .bind(self.retry_max)
            .bind(self.backoff_kind)
            .bind(self.backoff_first_us)
            .bind(self.backoff_max_us)
            .bind(self.retry_jitter)
            .bind(self.max_rescues)
    }

    /// All of them as they are written in a statement.
    pub(crate) fn written(&self) -> String {
        let columns = [
            numbers(&self.priority),
            numbers(&self.timeout_us),
            numbers(&self.retry_max),
            numbers(&self.backoff_kind),
            numbers(&self.backoff_first_us),
            numbers(&self.backoff_max_us),
            numbers(&self.retry_jitter),
            numbers(&self.max_rescues),
        ];
        columns.join(", ")
    }
}

/// Whole numbers as they are written in a statement.
pub(crate) fn numbers<T: Copy + Into<i64>>(values: &[Option<T>]) -> String {
    let written = |value: &Option<T>| match *value {
        Some(value) => value.into().to_string(),
        None => "NULL".to_owned(),
    };
    values.iter().map(written).collect::<Vec<_>>().join(", ")
}

/// Bytes as an expression in a statement, of which nothing but digits is what somebody else wrote.
pub(crate) fn bytes(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
    let digits: String =
        bytes.iter().flat_map(|&byte| [digit(byte >> 4), digit(byte & 15)]).collect();
    format!("decode('{digits}', 'hex')")
}

/// The same for a text.
pub(crate) fn words(text: &str) -> String {
    format!("convert_from({}, 'UTF8')", bytes(text.as_bytes()))
}

/// 0 stands for never, so a timeout of no time at all is kept as the shortest one.
fn timeout_us(timeout: Timeout) -> i64 {
    timeout.span().map_or(0, |span| span.as_micros().max(1))
}
