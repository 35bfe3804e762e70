//! Records as columns: what is bound to the statements.

use mainspring_contract::record::{Hold, JobState, Unique};
use mainspring_contract::{Encoded, ScheduleId, Tags, TaskId};
use mainspring_core::fire::Skip;
use mainspring_core::schedule::{Next, Policies};
use mainspring_core::settings::{Backoff, Retry, Settings, Terms, Timeout};
use mainspring_core::time::{Span, Timestamp};
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
    /// `coalesce` to `max_failures`.
    fn policies(self, policies: &Policies) -> Self;
    /// The eight settings.
    fn settings(self, settings: &Settings) -> Self;
    /// The eight settings, all of them decided.
    fn terms(self, terms: &Terms) -> Self;
    /// The tags as one text.
    fn tags(self, tags: &Tags) -> Self;
    /// `unique_key`, `hold_kind`, `hold_us`.
    fn unique(self, unique: Option<&Unique>) -> Self;
    /// `next_kind`, `next_at_us`.
    fn next(self, next: Next) -> Self;
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

    fn policies(self, policies: &Policies) -> Self {
        self.bind(i64::from(policies.coalesce.code()))
            .bind(policies.misfire_grace.map(Span::as_micros))
            .bind(i64::from(policies.catch_up))
            .bind(policies.jitter.map(|jitter| jitter.up_to.as_micros()))
            .bind(policies.jitter.map(|jitter| i64::from(jitter.spread.code())))
            .bind(policies.slack.as_micros())
            .bind(i64::from(policies.overlap.code()))
            .bind(policies.limit.map(i64::from))
            .bind(policies.after_run.map(Span::as_micros))
            .bind(policies.max_failures.map(i64::from))
    }

    fn settings(self, settings: &Settings) -> Self {
        let backoff = settings.retry.map(|Retry { backoff, .. }| match backoff {
            Backoff::Fixed(span) => (0_i64, span, span),
            Backoff::Exponential { first, max } => (1, first, max),
            Backoff::Linear { first, max } => (2, first, max),
        });
        self.bind(settings.priority.map(|priority| i64::from(priority.number())))
            .bind(settings.timeout.map(timeout_us))
            .bind(settings.retry.map(|retry| i64::from(retry.max)))
            .bind(backoff.map(|(kind, _, _)| kind))
            .bind(backoff.map(|(_, first, _)| first.as_micros()))
            .bind(backoff.map(|(_, _, max)| max.as_micros()))
            .bind(settings.retry.map(|retry| i64::from(retry.jitter)))
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

    fn tags(self, tags: &Tags) -> Self {
        self.bind(tags.to_string())
    }

    fn unique(self, unique: Option<&Unique>) -> Self {
        let hold = unique.map(|unique| match unique.hold {
            Hold::Waiting => (0_i64, None),
            Hold::Live => (1, None),
            Hold::AtLeast(span) => (2, Some(span.as_micros())),
        });
        self.bind(unique.map(|unique| unique.key.as_str().to_owned()))
            .bind(hold.map(|(kind, _)| kind))
            .bind(hold.and_then(|(_, span)| span))
    }

    fn next(self, next: Next) -> Self {
        let kind = match next {
            Next::At(_) => 0_i64,
            Next::AfterRun => 1,
            Next::Done => 2,
        };
        self.bind(kind).at_or_null(next.at())
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

/// The number of a state in which a job has a row.
pub(crate) const fn state(state: &JobState) -> Option<i64> {
    match state {
        JobState::Waiting { .. } => Some(0),
        JobState::Leased { .. } => Some(1),
        JobState::Held { .. } => Some(2),
        JobState::Settled { .. } => None,
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
