//! Records as columns: what is bound to the statements.

use mainspring_contract::{Encoded, ScheduleId, TaskId};
use mainspring_core::fire::Skip;
use mainspring_core::settings::{Backoff, Retry, Settings, Terms, Timeout};
use mainspring_core::time::Timestamp;
use mainspring_core::trigger::Count;
use sqlx::Sqlite;
use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;

/// A statement and the values bound to it so far.
pub(crate) type Statement<'q> = Query<'q, Sqlite, SqliteArguments>;

/// Binds records as the columns that they are kept in, in the order of the table.
pub(crate) trait Columns: Sized {
    /// `_format`, `_version`, `_bytes`.
    fn encoded(self, value: &Encoded) -> Self;
    /// The same, or three times nothing.
    fn encoded_or_null(self, value: Option<&Encoded>) -> Self;
    /// The seven settings.
    fn settings(self, settings: &Settings) -> Self;
    /// The seven settings, all of them decided.
    fn terms(self, terms: &Terms) -> Self;
    /// Microseconds since 1970.
    fn at(self, at: Timestamp) -> Self;
    /// The same, or nothing.
    fn at_or_null(self, at: Option<Timestamp>) -> Self;
    /// `reason`, `from_us`, `to_us`, `count`, `at_least`.
    fn skip(self, skip: &Skip) -> Self;
}

impl Columns for Statement<'_> {
    fn encoded(self, value: &Encoded) -> Self {
        self.bind(i64::from(value.format.code())).bind(i64::from(value.version)).bind(&*value.bytes)
    }

    fn encoded_or_null(self, value: Option<&Encoded>) -> Self {
        match value {
            Some(value) => self.encoded(value),
            None => self.bind(None::<i64>).bind(None::<i64>).bind(None::<&[u8]>),
        }
    }

    fn settings(self, settings: &Settings) -> Self {
        let backoff = settings.retry.map(|Retry { backoff, .. }| match backoff {
            Backoff::Fixed(span) => (0_i64, span, span),
            Backoff::Exponential { first, max } => (1, first, max),
        });
        self.bind(settings.priority.map(|priority| i64::from(priority.number())))
            .bind(settings.timeout.map(timeout_us))
            .bind(settings.retry.map(|retry| i64::from(retry.max)))
            .bind(backoff.map(|(kind, _, _)| kind))
            .bind(backoff.map(|(_, first, _)| first.as_micros()))
            .bind(backoff.map(|(_, _, max)| max.as_micros()))
            .bind(settings.max_rescues.map(i64::from))
    }

    fn terms(self, terms: &Terms) -> Self {
        self.settings(&Settings {
            priority: Some(terms.priority),
            timeout: Some(terms.timeout),
            retry: Some(terms.retry),
            max_rescues: Some(terms.max_rescues),
        })
    }

    fn at(self, at: Timestamp) -> Self {
        self.bind(at.as_micros())
    }

    fn at_or_null(self, at: Option<Timestamp>) -> Self {
        self.bind(at.map(Timestamp::as_micros))
    }

    fn skip(self, skip: &Skip) -> Self {
        let at_least = matches!(skip.count, Count::AtLeast(_));
        self.bind(i64::from(skip.reason.code()))
            .at(skip.from)
            .at(skip.to)
            .bind(i64::try_from(skip.count.value()).unwrap_or(i64::MAX))
            .bind(at_least)
    }
}

/// 0 stands for never, so a timeout of no time at all is kept as the shortest one.
fn timeout_us(timeout: Timeout) -> i64 {
    timeout.span().map_or(0, |span| span.as_micros().max(1))
}

/// A list of names as the JSON text that `json_each` takes apart.
pub(crate) fn json<T: Named>(names: &[T]) -> String {
    let names: serde_json::Value = names.iter().map(Named::text).collect();
    names.to_string()
}

/// A name as text.
pub(crate) trait Named {
    /// The text.
    fn text(&self) -> &str;
}

impl Named for TaskId {
    fn text(&self) -> &str {
        self.as_str()
    }
}

impl Named for ScheduleId {
    fn text(&self) -> &str {
        self.as_str()
    }
}
