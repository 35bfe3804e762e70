//! What a schedule excludes, as it is stored: a JSON list beside its trigger.
//!
//! ```json
//! [
//!   {"dates":    {"from": "2026-12-24", "to": "2026-12-26", "zone": "Europe/Berlin"}},
//!   {"instants": {"from": "2026-03-01T08:00:00Z", "until": "2026-03-01T12:00:00Z"}},
//!   {"windows":  {"opens": {"cron": {"expr": "0 22 * * *"}}, "for": "8h"}}
//! ]
//! ```
//! | kind | key | meaning | without it |
//! |---|---|---|---|
//! | `dates` | `from` | the first day | required |
//! | | `to` | the last day, which is excluded to its end | `from` |
//! | | `zone` | whose days: an IANA name, `UTC`, `+05:30`, or `posix:` and a `TZ` string | `UTC` |
//! | `instants` | `from` | the first instant | required |
//! | | `until` | the first instant that is no longer excluded | required |
//! | `windows` | `opens` | a trigger: when each window begins | required |
//! | | `for` | how long each lasts | required |
//!
//! Like that of a [trigger](crate::trigger), this form is settled, and a key that is not known is
//! an error. A schedule has at most [`EXCLUSIONS_MAX`] of them.

use core::fmt;

use mainspring_core::civil::Date;
use mainspring_core::time::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use crate::trigger::{TriggerForm, optional, text, utc};

/// How much one schedule may exclude: the holidays of some years, and a few nights.
pub const EXCLUSIONS_MAX: usize = 100;

/// Something that a schedule excludes; see the [module](self) for its JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ExcludeForm {
    /// Whole days.
    Dates(DatesForm),
    /// From one instant to another.
    Instants(InstantsForm),
    /// A while at each fire of a trigger.
    Windows(WindowsForm),
}

impl ExcludeForm {
    /// A day, or days from the first to the last, in a zone.
    ///
    /// # Errors
    /// If the text is neither a date nor two dates in order with `..` between them.
    ///
    /// ```
    /// use mainspring_contract::exclude::ExcludeForm;
    /// let christmas = ExcludeForm::dates("2026-12-24..2026-12-26", "Europe/Berlin")?;
    /// assert!(ExcludeForm::dates("2026-12-32", "UTC").is_err());
    /// # Ok::<(), mainspring_contract::exclude::ParseDatesError>(())
    /// ```
    pub fn dates(text: &str, zone: &str) -> Result<Self, ParseDatesError> {
        let (from, to) = text.split_once("..").map_or((text, None), |(a, b)| (a, Some(b)));
        let date = |part: &str| {
            let no_date = || ParseDatesError { text: text.to_owned(), backwards: false };
            part.trim().parse::<Date>().map_err(|_| no_date())
        };
        let (from, to) = (date(from)?, to.map(date).transpose()?);
        if to.is_some_and(|to| to < from) {
            return Err(ParseDatesError { text: text.to_owned(), backwards: true });
        }
        Ok(Self::Dates(DatesForm { from, to, zone: zone.to_owned() }))
    }

    /// From one instant up to, and without, another.
    pub const fn instants(from: Timestamp, until: Timestamp) -> Self {
        Self::Instants(InstantsForm { from, until })
    }

    /// For this long at each fire of a trigger.
    pub const fn windows(opens: TriggerForm, length: Span) -> Self {
        Self::Windows(WindowsForm { opens, length })
    }
}

/// Whole days in a zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatesForm {
    /// The first day.
    #[serde(with = "text")]
    pub from: Date,
    /// The last day; without it the first.
    #[serde(default, with = "optional", skip_serializing_if = "Option::is_none")]
    pub to: Option<Date>,
    /// Whose days: an IANA name, `UTC`, a fixed `+05:30`, or `posix:` and a `TZ` string.
    #[serde(default = "utc")]
    pub zone: String,
}

/// From one instant to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstantsForm {
    /// The first instant.
    #[serde(with = "text")]
    pub from: Timestamp,
    /// The first instant that is no longer excluded.
    #[serde(with = "text")]
    pub until: Timestamp,
}

/// A while at each fire of a trigger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowsForm {
    /// When each window begins.
    pub opens: TriggerForm,
    /// How long each lasts.
    #[serde(rename = "for", with = "text")]
    pub length: Span,
}

/// A text that says no dates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseDatesError {
    text: String,
    backwards: bool,
}

impl fmt::Display for ParseDatesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { text, backwards } = self;
        let what = if *backwards { "ends before it begins" } else { "says no dates" };
        write!(f, "`{text}` {what} (write for example `2026-12-24` or `2026-12-24..2026-12-26`)")
    }
}

impl core::error::Error for ParseDatesError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Encoded;
    use crate::trigger::CronForm;

    #[test]
    fn the_stored_form_is_settled() {
        let json = concat!(
            r#"[{"dates":{"from":"2026-12-24","to":"2026-12-26","zone":"Europe/Berlin"}},"#,
            r#"{"dates":{"from":"2027-01-01","zone":"UTC"}},"#,
            r#"{"instants":{"from":"2026-03-01T08:00:00Z","until":"2026-03-01T12:00:00Z"}},"#,
            r#"{"windows":{"opens":{"cron":{"expr":"0 22 * * *","zone":"UTC"}},"for":"8h"}}]"#,
        );
        let at = |text: &str| text.parse::<Timestamp>().expect("an instant");
        let nights = TriggerForm::Cron(CronForm::new("0 22 * * *", "UTC"));
        let forms = vec![
            ExcludeForm::dates("2026-12-24..2026-12-26", "Europe/Berlin").expect("dates"),
            ExcludeForm::dates("2027-01-01", "UTC").expect("a date"),
            ExcludeForm::instants(at("2026-03-01T08:00:00Z"), at("2026-03-01T12:00:00Z")),
            ExcludeForm::windows(nights, Span::from_hours(8)),
        ];
        let encoded = Encoded::json(1, &forms).expect("it encodes");
        assert_eq!(core::str::from_utf8(&encoded.bytes), Ok(json));
        assert_eq!(encoded.from_json::<Vec<ExcludeForm>>(1), Ok(forms));
        let short: ExcludeForm = serde_json::from_str(r#"{"dates":{"from":"2027-01-01"}}"#)
            .expect("the rest has its usual value");
        assert_eq!(Ok(short), ExcludeForm::dates("2027-01-01", "UTC"));
    }

    #[test]
    fn a_mistake_is_named_with_the_way_out() {
        for (text, message) in [
            ("christmas", "`christmas` says no dates (write for example `2026-12-24`"),
            ("2026-12-24..", "`2026-12-24..` says no dates"),
            ("2026-12-26..2026-12-24", "`2026-12-26..2026-12-24` ends before it begins"),
        ] {
            let error = ExcludeForm::dates(text, "UTC").expect_err("a mistake").to_string();
            assert!(error.starts_with(message), "{error}");
        }
        for json in [
            r#"{"dates":{"from":"2026-12-24","until":"2026-12-26"}}"#,
            r#"{"windows":{"opens":{"every":{"span":"1h"}}}}"#,
        ] {
            assert!(serde_json::from_str::<ExcludeForm>(json).is_err(), "{json}");
        }
    }
}
