//! A trigger as it is stored, sent and written by hand: one meaning in two forms.
//!
//! # The text form
//!
//! One line for people: the kind, what it needs, and then words that say more, in any order.
//!
//! ```text
//! at 2026-12-24T18:00:00+01:00
//! every 15m
//! every 1h30m start 2026-01-01T08:00:00Z end 2026-12-31T20:00:00Z
//! every 15m anchor 2026-01-01T00:05:00Z
//! cron 0 9 * * mon-fri in Europe/Berlin
//! cron 30 2 * * * in America/New_York dst literal
//! cron 30 2 * * * in posix:CET-1CEST,M3.5.0,M10.5.0/3 gap shift fold both
//! cron 0 0 9 ? * 6L dialect quartz
//! cron day=2nd wed hour=9 dialect apscheduler
//! cron H 3 * * * seed backup
//! calendar 1mo anchor 2026-01-31 at 09:30 in Europe/Berlin
//! calendar 2w anchor 2026-01-05 at 18:00:30 start 2026-06-01T00:00:00Z
//! any(every 4h; cron @daily)
//! all(every 3d; cron 0 0 * * mon) within 5m end 2027-01-01T00:00:00Z
//! all(any(every 4h; every 6h) start 2026-01-01T00:00:00Z; cron 0 0 * * *)
//! custom full-moon {"hour":22}
//! ```
//! | kind | then | what may follow |
//! |---|---|---|
//! | `at` | an instant | |
//! | `every` | a span: `90s`, `1h30m` | `anchor`, `start`, `end` |
//! | `cron` | a pattern | `dialect`, `seed`, `in`, `dst` or `gap` and `fold`, `start`, `end` |
//! | `calendar` | a distance: `1y`, `6mo`, `1mo15d` | `anchor`, `at`, and as `cron` from `in` on |
//! | `any(…; …)` | | `start`, `end` |
//! | `all(…; …)` | | `within`, `start`, `end` |
//! | `custom` | a name, and JSON unless it is `null` | |
//!
//! The words are the keys of the JSON below, but for `in` (`zone`), `within` (`threshold`) and
//! `at` (`time` of a calendar). A text with blanks, or one that is itself such a word, stands in
//! quotes with the escapes of JSON: `seed "my schedule"`. [`Display`](fmt::Display) writes this
//! form and [`FromStr`] reads both.
//!
//! # The JSON form
//!
//! One key names the kind. It is what stores keep.
//!
//! ```json
//! {"cron":  {"expr": "0 9 * * mon-fri", "zone": "Europe/Berlin"}}
//! {"cron":  {"expr": "0 0 9 ? * 6L", "dialect": "quartz"}}
//! {"cron":  {"expr": {"day": "2nd wed", "hour": 9}, "dialect": "apscheduler", "dst": "literal"}}
//! {"every": {"span": "15m"}}
//! {"at":    {"time": "2026-12-24T18:00:00+01:00"}}
//! {"calendar": {"months": 1, "anchor": "2026-01-31", "time": "09:30", "zone": "Europe/Berlin"}}
//! {"any":   {"of": [{"every": {"span": "4h"}}, {"cron": {"expr": "@daily"}}]}}
//! {"all":   {"of": [{"every": {"span": "3d"}}, {"cron": {"expr": "0 0 * * mon"}}]}}
//! {"custom": {"name": "full-moon", "arguments": {"hour": 22}}}
//! ```
//! | kind | key | meaning | without it |
//! |---|---|---|---|
//! | `cron` | `expr` | the pattern, in the words of `dialect`, or an object of fields | required |
//! | | `zone` | an IANA name, `UTC`, `+05:30`, or `posix:` and a `TZ` string | `UTC` |
//! | | `dialect` | `crontab`, `quartz` or `apscheduler` | `crontab` |
//! | | `seed` | a text that `H` in `expr` depends on, such as the schedule's id | none |
//! | | `dst` | `once`, `literal`, or `{"gap": …, "fold": …}` (below) | `once` |
//! | `every` | `span` | the distance between fires: `90s`, `1h30m` | required |
//! | | `anchor` | one of the fires | `start`, else the Unix epoch |
//! | `calendar` | `years`, `months`, `weeks`, `days` | how far dates are apart, in sum | 0 |
//! | | `anchor` | the first date | the date of `start`, else 1970-01-01 |
//! | | `time` | the time of day: `09:30`, `09:30:15` | midnight |
//! | | `zone` | as for `cron` | `UTC` |
//! | | `dst` | as for `cron`; `literal` skips and takes the first pass | `once` |
//! | `at` | `time` | the one instant | required |
//! | `any` | `of` | triggers; it fires whenever one of them does | required |
//! | `all` | `of` | triggers; it fires when all of them do | required |
//! | | `threshold` | how far their fires may be apart, the first of which counts | `1s` |
//! | these five | `start`, `end` | the first and last instant, inclusive | unbounded |
//! | `custom` | `name` | what the program calls the kind of trigger | required |
//! | | `arguments` | what it is given: any JSON | `null` |
//!
//! Triggers may be nested in `any` and `all`, [`TRIGGER_DEPTH`] deep and [`TRIGGER_PARTS`] in all.
//! A `calendar` goes from date to date as
//! [`mainspring_core::trigger::calendar`] says: a month without the day is left out. What it means
//! that triggers fire "together" is said at [`mainspring_core::trigger::All`].
//!
//! A `gap` is `skip`, `at_end` or `shift`; a `fold` is `first`, `second` or `both`.
//!
//! Instants are RFC 3339 with an offset. Both forms are settled: new kinds and keys may come, but
//! what is written today means the same for ever. A key that is not known is an error, because a
//! misspelt `end` must not become a schedule without one. Whether the parts make sense (the
//! pattern parses, the zone exists) is found out when the form is compiled.

mod calendar;
mod combine;
mod read;
mod words;
mod write;

use core::fmt;
use core::ops::Range;
use core::str::FromStr;

use mainspring_core::limits::{TRIGGER_DEPTH, TRIGGER_PARTS};
use mainspring_core::time::{Span, Timestamp};
use mainspring_core::trigger::cron::CronErrorKind;
use mainspring_core::trigger::{Dialect, Dst, ExtendedCron, Fold, Gap};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

pub use calendar::CalendarForm;
pub use combine::{AllForm, AnyForm, CustomForm};

/// A stored trigger; see the [module](self) for its text and its JSON.
///
/// ```
/// use mainspring_contract::trigger::TriggerForm;
/// let text = "cron 0 9 * * mon-fri in Europe/Berlin";
/// let json = r#"{"cron":{"expr":"0 9 * * mon-fri","zone":"Europe/Berlin"}}"#;
/// let form: TriggerForm = text.parse()?;
/// assert_eq!(form, TriggerForm::from_json(json)?);
/// assert_eq!((form.to_string(), form.to_json()), (text.to_owned(), json.to_owned()));
/// # Ok::<(), mainspring_contract::trigger::TriggerFormError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TriggerForm {
    /// A pattern of wall-clock time.
    Cron(CronForm),
    /// A fixed span, again and again.
    Every(EveryForm),
    /// A single instant.
    At(AtForm),
    /// A time of day on dates that follow each other by years, months, weeks and days.
    Calendar(CalendarForm),
    /// Whenever one of several fires.
    Any(AnyForm),
    /// When all of several fire together.
    All(AllForm),
    /// A trigger that a program brings along under a name.
    Custom(CustomForm),
}

impl TriggerForm {
    /// Reads the JSON text.
    ///
    /// # Errors
    /// [`TriggerFormError`] names what is unknown, missing or malformed, and where.
    pub fn from_json(text: &str) -> Result<Self, TriggerFormError> {
        let form: Self =
            serde_json::from_str(text).map_err(|error| TriggerFormError::of_json(text, &error))?;
        form.check_size()?;
        Ok(form)
    }

    /// Whether it is nested no deeper than [`TRIGGER_DEPTH`] and has no more than
    /// [`TRIGGER_PARTS`] parts, so that whoever computes with it does bounded work.
    ///
    /// # Errors
    /// [`TriggerFormError`] says what there is too much of.
    pub fn check_size(&self) -> Result<(), TriggerFormError> {
        let message = if self.depth() > TRIGGER_DEPTH {
            too_deep()
        } else if self.parts() > TRIGGER_PARTS {
            format!("one trigger has more than {TRIGGER_PARTS} others in it")
        } else {
            return Ok(());
        };
        Err(TriggerFormError { message, span: None, line: None })
    }

    /// The triggers right inside it.
    pub fn children(&self) -> &[Self] {
        match self {
            Self::Any(form) => &form.of,
            Self::All(form) => &form.of,
            _ => &[],
        }
    }

    /// Makes `id` the seed of every pattern with `H` in it that has none.
    pub fn spread_by(&mut self, id: &str) {
        match self {
            Self::Cron(form) => form.spread_by(id),
            Self::Any(AnyForm { of, .. }) | Self::All(AllForm { of, .. }) => {
                of.iter_mut().for_each(|child| child.spread_by(id));
            }
            Self::Every(_) | Self::At(_) | Self::Calendar(_) | Self::Custom(_) => {}
        }
    }

    fn depth(&self) -> usize {
        self.children().iter().map(|child| child.depth() + 1).max().unwrap_or(0)
    }

    fn parts(&self) -> usize {
        self.children().iter().map(|child| child.parts() + 1).sum()
    }

    /// The JSON text, on one line; keys with their usual value are left out.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("strings and maps with string keys are always JSON")
    }
}

impl FromStr for TriggerForm {
    type Err = TriggerFormError;

    /// Reads the text form, or the JSON if the text begins with `{`.
    fn from_str(text: &str) -> Result<Self, TriggerFormError> {
        if text.trim_start().starts_with('{') {
            return Self::from_json(text);
        }
        let form = read::read(text)?;
        form.check_size()?;
        Ok(form)
    }
}

/// A pattern of wall-clock time in a zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CronForm {
    /// The pattern, in the words of `dialect`. An object of fields is read as the text
    /// `day=2nd wed hour=9`.
    #[serde(deserialize_with = "expr::deserialize")]
    pub expr: String,
    /// Whose clocks: an IANA name, `UTC`, a fixed `+05:30`, or `posix:` and a `TZ` string.
    #[serde(default = "utc")]
    pub zone: String,
    /// How `expr` is read.
    #[serde(default, with = "DialectName", skip_serializing_if = "is_default")]
    pub dialect: Dialect,
    /// What `H` in the pattern depends on, such as the id of the schedule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<String>,
    /// What becomes of times that these clocks skip or show twice.
    #[serde(default, with = "dst", skip_serializing_if = "is_default")]
    pub dst: Dst,
    /// The first instant at which it may fire.
    #[serde(default, with = "optional", skip_serializing_if = "Option::is_none")]
    pub start: Option<Timestamp>,
    /// The last instant at which it may fire.
    #[serde(default, with = "optional", skip_serializing_if = "Option::is_none")]
    pub end: Option<Timestamp>,
}

impl CronForm {
    /// A crontab pattern in a zone, without bounds, under [`Dst::ONCE`].
    pub fn new(expr: impl Into<String>, zone: impl Into<String>) -> Self {
        Self {
            expr: expr.into(),
            zone: zone.into(),
            dialect: Dialect::Crontab,
            seed: None,
            dst: Dst::ONCE,
            start: None,
            end: None,
        }
    }

    /// Makes `id` the seed of a pattern with `H`, unless it has one.
    pub fn spread_by(&mut self, id: &str) {
        let parsed = ExtendedCron::parse(&self.expr, self.dialect);
        let wants = parsed.is_err_and(|error| error.kind() == CronErrorKind::Seedless);
        if wants && self.seed.is_none() {
            self.seed = Some(id.to_owned());
        }
    }
}

/// A fixed span, again and again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EveryForm {
    /// The distance between fires.
    #[serde(with = "text")]
    pub span: Span,
    /// One of the fires; without it `start` is one, else the Unix epoch.
    #[serde(default, with = "optional", skip_serializing_if = "Option::is_none")]
    pub anchor: Option<Timestamp>,
    /// The first instant at which it may fire.
    #[serde(default, with = "optional", skip_serializing_if = "Option::is_none")]
    pub start: Option<Timestamp>,
    /// The last instant at which it may fire.
    #[serde(default, with = "optional", skip_serializing_if = "Option::is_none")]
    pub end: Option<Timestamp>,
}

impl EveryForm {
    /// A span without anchor or bounds.
    pub const fn new(span: Span) -> Self {
        Self { span, anchor: None, start: None, end: None }
    }
}

/// A single instant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AtForm {
    /// The instant.
    #[serde(with = "text")]
    pub time: Timestamp,
}

/// Why a text is not a trigger.
///
/// ```
/// use mainspring_contract::trigger::TriggerForm;
/// let error = "every 15m form 2026-01-01T00:00:00Z".parse::<TriggerForm>().unwrap_err();
/// assert_eq!(error.span(), Some(10..14));
/// assert_eq!(
///     error.to_string(),
///     "`form` has no meaning after `every` (known: `anchor`, `start`, `end`) (bytes 10-14)"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TriggerFormError {
    message: String,
    span: Option<Range<usize>>,
    /// Of JSON: the line and the column at which reading stopped.
    line: Option<(usize, usize)>,
}

impl TriggerFormError {
    fn of_json(text: &str, error: &serde_json::Error) -> Self {
        let line = Some((error.line(), error.column())).filter(|(line, _)| *line > 0);
        let mut message = error.to_string();
        if let Some((line, column)) = line {
            let tail = format!(" at line {line} column {column}");
            message.truncate(message.strip_suffix(&tail).map_or(message.len(), str::len));
        }
        let span = line.map(|(line, column)| {
            let before: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
            let at = text.floor_char_boundary(before + column.saturating_sub(1));
            at..at
        });
        Self { message, span, line }
    }

    /// The bytes of the text at fault; `None` if no single place is. Of JSON it is the empty place
    /// at which reading stopped.
    pub fn span(&self) -> Option<Range<usize>> {
        self.span.clone()
    }

    /// What is wrong, without the place.
    pub fn reason(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for TriggerFormError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match (self.line, &self.span) {
            (Some((line, column)), _) => write!(f, " at line {line} column {column}"),
            (None, Some(span)) => write!(f, " (bytes {}-{})", span.start, span.end),
            (None, None) => Ok(()),
        }
    }
}

impl core::error::Error for TriggerFormError {}

fn too_deep() -> String {
    format!("triggers are nested more than {TRIGGER_DEPTH} deep")
}

pub(crate) fn utc() -> String {
    "UTC".to_owned()
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Dialect", rename_all = "lowercase")]
enum DialectName {
    Crontab,
    Quartz,
    ApScheduler,
}

/// A cron pattern as text, or as an object of named fields.
mod expr {
    use super::{Deserializer, de, fmt};
    use core::fmt::Write;

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<String, D::Error> {
        deserializer.deserialize_any(Expr)
    }

    struct Expr;

    impl<'de> de::Visitor<'de> for Expr {
        type Value = String;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a cron pattern or an object of its fields")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<String, E> {
            Ok(text.to_owned())
        }

        fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<String, A::Error> {
            let mut text = String::new();
            while let Some((name, Value(value))) = map.next_entry::<String, Value>()? {
                // Otherwise one field could smuggle in another.
                if name.contains(['=', ' ']) || value.contains('=') {
                    return Err(de::Error::custom(format_args!("field `{name}`: `=` or a blank")));
                }
                let separator = if text.is_empty() { "" } else { " " };
                write!(text, "{separator}{name}={value}").map_err(de::Error::custom)?;
            }
            Ok(text)
        }
    }

    /// A field's value: a text or a number.
    struct Value(String);

    impl<'de> de::Deserialize<'de> for Value {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_any(ValueVisitor)
        }
    }

    struct ValueVisitor;

    impl de::Visitor<'_> for ValueVisitor {
        type Value = Value;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a text or a whole number")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
            Ok(Value(text.to_owned()))
        }

        fn visit_u64<E: de::Error>(self, number: u64) -> Result<Value, E> {
            Ok(Value(number.to_string()))
        }
    }
}

/// Instants and spans as their text.
pub(crate) mod text {
    use super::{Deserialize, Deserializer, Serializer, de, fmt};
    use core::str::FromStr;

    pub(crate) fn serialize<T: fmt::Display, S: Serializer>(
        value: &T,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub(crate) fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
    where
        T: FromStr<Err: fmt::Display>,
        D: Deserializer<'de>,
    {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|error| de::Error::custom(format_args!("`{text}`: {error}")))
    }
}

/// Instants and dates that may be missing, as their text.
pub(crate) mod optional {
    use super::{Deserialize, Deserializer, Serialize, Serializer, fmt, text};
    use core::str::FromStr;

    #[derive(Serialize, Deserialize)]
    #[serde(bound(
        serialize = "T: fmt::Display",
        deserialize = "T: FromStr, T::Err: fmt::Display"
    ))]
    struct Text<T>(#[serde(with = "text")] T);

    pub(crate) fn serialize<T: fmt::Display + Copy, S: Serializer>(
        value: &Option<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value.map(Text).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
    where
        T: FromStr<Err: fmt::Display>,
        D: Deserializer<'de>,
    {
        Ok(Option::<Text<T>>::deserialize(deserializer)?.map(|Text(value)| value))
    }
}

/// A daylight saving policy: the name of a preset, or its two parts.
mod dst {
    use super::{Deserialize, Deserializer, Dst, Fold, Gap, Serialize, Serializer, de, fmt};

    #[derive(Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Parts {
        #[serde(with = "GapName")]
        gap: Gap,
        #[serde(with = "FoldName")]
        fold: Fold,
    }

    #[derive(Serialize, Deserialize)]
    #[serde(remote = "Gap", rename_all = "snake_case")]
    enum GapName {
        Skip,
        AtEnd,
        Shift,
    }

    #[derive(Serialize, Deserialize)]
    #[serde(remote = "Fold", rename_all = "snake_case")]
    enum FoldName {
        First,
        Second,
        Both,
    }

    pub(super) fn serialize<S: Serializer>(dst: &Dst, serializer: S) -> Result<S::Ok, S::Error> {
        write(*dst, Dst::LITERAL, serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Dst, D::Error> {
        read(Dst::LITERAL, deserializer)
    }

    /// `literal` is what that word means for the trigger.
    pub(super) fn write<S: Serializer>(
        dst: Dst,
        literal: Dst,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let Dst { gap, fold } = dst;
        if dst == Dst::ONCE {
            serializer.serialize_str("once")
        } else if dst == literal {
            serializer.serialize_str("literal")
        } else {
            Parts { gap, fold }.serialize(serializer)
        }
    }

    pub(super) fn read<'de, D: Deserializer<'de>>(
        literal: Dst,
        deserializer: D,
    ) -> Result<Dst, D::Error> {
        deserializer.deserialize_any(Policy { literal })
    }

    struct Policy {
        literal: Dst,
    }

    impl<'de> de::Visitor<'de> for Policy {
        type Value = Dst;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("`once`, `literal` or {\"gap\": …, \"fold\": …}")
        }

        fn visit_str<E: de::Error>(self, name: &str) -> Result<Dst, E> {
            match name {
                "once" => Ok(Dst::ONCE),
                "literal" => Ok(self.literal),
                _ => Err(E::unknown_variant(name, &["once", "literal"])),
            }
        }

        fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Dst, A::Error> {
            let Parts { gap, fold } =
                Parts::deserialize(de::value::MapAccessDeserializer::new(map))?;
            Ok(Dst { gap, fold })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_stored_form_is_settled() {
        for json in [
            r#"{"cron":{"expr":"0 9 * * mon-fri","zone":"Europe/Berlin"}}"#,
            r#"{"cron":{"expr":"@daily","zone":"UTC","dst":"literal"}}"#,
            r#"{"cron":{"expr":"@daily","zone":"+05:30","dst":{"gap":"at_end","fold":"second"}}}"#,
            r#"{"cron":{"expr":"@daily","zone":"posix:JST-9","start":"2026-01-01T00:00:00Z"}}"#,
            r#"{"cron":{"expr":"0 0 9 ? * 6L","zone":"UTC","dialect":"quartz"}}"#,
            r#"{"cron":{"expr":"H 3 * * *","zone":"UTC","seed":"backup"}}"#,
            r#"{"cron":{"expr":"hour=2 minute=30","zone":"UTC","dialect":"apscheduler"}}"#,
            r#"{"every":{"span":"15m"}}"#,
            concat!(
                r#"{"every":{"span":"1d12h","anchor":"2026-01-01T00:00:00Z","#,
                r#""end":"2027-01-01T00:00:00.5Z"}}"#,
            ),
            r#"{"at":{"time":"2026-12-24T17:00:00Z"}}"#,
            concat!(
                r#"{"calendar":{"years":1,"months":2,"weeks":3,"days":4,"anchor":"2026-01-31","#,
                r#""time":"09:30:15","zone":"Europe/Berlin","dst":"literal","#,
                r#""start":"2026-01-01T00:00:00Z","end":"2027-01-01T00:00:00Z"}}"#,
            ),
            r#"{"calendar":{"months":1,"time":"09:30","zone":"UTC"}}"#,
            r#"{"calendar":{"days":1,"zone":"UTC","dst":{"gap":"skip","fold":"both"}}}"#,
            r#"{"any":{"of":[{"every":{"span":"4h"}},{"all":{"of":[],"threshold":"0s"}}]}}"#,
            r#"{"all":{"of":[{"every":{"span":"4h"}}]}}"#,
            concat!(
                r#"{"any":{"of":[{"all":{"of":[],"end":"2027-01-01T00:00:00Z"}}],"#,
                r#""start":"2026-01-01T00:00:00Z"}}"#,
            ),
            r#"{"custom":{"name":"full-moon","arguments":{"hour":22,"in":["a",null]}}}"#,
            r#"{"custom":{"name":"full-moon"}}"#,
        ] {
            assert_eq!(TriggerForm::from_json(json).unwrap().to_json(), json);
        }
    }

    #[test]
    fn what_may_be_left_out_has_its_usual_value() {
        let form = TriggerForm::from_json(r#"{"cron":{"expr":"@daily"}}"#).unwrap();
        assert_eq!(form, TriggerForm::Cron(CronForm::new("@daily", "UTC")));
        let explicit = r#"{"cron":{"expr":"@daily","dialect":"crontab","dst":"once","end":null}}"#;
        assert_eq!(TriggerForm::from_json(explicit).unwrap(), form);
        let form = TriggerForm::from_json(r#"{"at":{"time":"2026-12-24T18:00:00+01:00"}}"#);
        assert_eq!(form.unwrap(), TriggerForm::At(AtForm { time: at("2026-12-24T17:00:00Z") }));
        let fields = r#"{"cron":{"expr":{"day":"2nd wed","hour":9},"dialect":"apscheduler"}}"#;
        let mut form = CronForm::new("day=2nd wed hour=9", "UTC");
        form.dialect = Dialect::ApScheduler;
        assert_eq!(TriggerForm::from_json(fields).unwrap(), TriggerForm::Cron(form));
        let form = TriggerForm::from_json(r#"{"every":{"span":"1h 30m"}}"#).unwrap();
        assert_eq!(form, TriggerForm::Every(EveryForm::new(Span::from_mins(90))));
    }

    #[test]
    fn every_policy_survives_the_round_trip() {
        for gap in [Gap::Skip, Gap::AtEnd, Gap::Shift] {
            for fold in [Fold::First, Fold::Second, Fold::Both] {
                let mut cron = CronForm::new("@daily", "UTC");
                cron.dst = Dst { gap, fold };
                let form = TriggerForm::Cron(cron);
                assert_eq!(TriggerForm::from_json(&form.to_json()), Ok(form));
                let mut calendar = CalendarForm::new("UTC");
                calendar.dst = Dst { gap, fold };
                let form = TriggerForm::Calendar(calendar);
                assert_eq!(TriggerForm::from_json(&form.to_json()), Ok(form));
            }
        }
    }

    #[test]
    fn a_mistake_is_named_with_what_is_known() {
        for (json, message) in [
            (
                r#"{"cron":{"expr":"@daily","until":"x"}}"#,
                "unknown field `until`, expected one of `expr`, `zone`, `dialect`, `seed`, \
                 `dst`, `start`, `end`",
            ),
            (r#"{"every":{"span":"15m","zone":"UTC"}}"#, "unknown field `zone`, expected one of"),
            (r#"{"at":{"time":"2026-01-01T00:00:00Z","dst":"once"}}"#, "unknown field `dst`"),
            (r#"{"weekly":{}}"#, "unknown variant `weekly`, expected one of `cron`, `every`, `at`"),
            (r#"{"cron":{}}"#, "missing field `expr`"),
            (r#"{"every":{"span":"15"}}"#, "`15`: no unit at byte 2"),
            (r#"{"every":{"span":15}}"#, "invalid type: integer `15`, expected a string"),
            (r#"{"at":{"time":"2026-01-01T00:00:00"}}"#, "no offset from UTC"),
            (r#"{"cron":{"expr":"","dst":"twice"}}"#, "expected `once` or `literal`"),
            (r#"{"cron":{"expr":"","dst":{"gap":"skip"}}}"#, "missing field `fold`"),
            (
                r#"{"cron":{"expr":"","dst":{"gap":"late","fold":"both"}}}"#,
                "unknown variant `late`, expected one of `skip`, `at_end`, `shift`",
            ),
            (
                r#"{"cron":{"expr":"","dialect":"fcron"}}"#,
                "unknown variant `fcron`, expected one of `crontab`, `quartz`, `apscheduler`",
            ),
            (r#"{"cron":{"expr":{"hour":"2 minute=3"}}}"#, "field `hour`: `=` or a blank"),
            (r#"{"cron":{"expr":{"hour":2.5}}}"#, "expected a text or a whole number"),
            (r#"{"cron":{"expr":5}}"#, "expected a cron pattern or an object of its fields"),
            (r#"{"at":{"time":"2026-01-01T00:00:00Z"},"every":{}}"#, "line 1"),
            (r#"{"calendar":{"months":-1}}"#, "invalid value: integer `-1`, expected u32"),
            (r#"{"calendar":{"anchor":"2026-02-30"}}"#, "`2026-02-30`: there is no such date"),
            (r#"{"calendar":{"time":"9:30"}}"#, "`9:30`: write for example `09:30` or `09:30:15`"),
            (r#"{"calendar":{"month":1}}"#, "unknown field `month`, expected one of `years`"),
            (r#"{"any":{}}"#, "missing field `of`"),
            (r#"{"any":{"of":[],"threshold":"1s"}}"#, "unknown field `threshold`"),
            (r#"{"all":{"of":[{"at":{}}]}}"#, "missing field `time`"),
            (r#"{"all":{"of":[],"threshold":"1"}}"#, "no unit at byte 1"),
            (r#"{"custom":{}}"#, "missing field `name`"),
        ] {
            let error = TriggerForm::from_json(json).unwrap_err().to_string();
            assert!(error.contains(message), "{json}: {error}");
        }
    }

    #[test]
    fn triggers_are_nested_so_deep_and_no_deeper() {
        let nested = |depth: usize| {
            let (open, close) = (r#"{"any":{"of":["#.repeat(depth), "]}}".repeat(depth));
            TriggerForm::from_json(&format!(r#"{open}{{"every":{{"span":"1s"}}}}{close}"#))
        };
        assert!(nested(TRIGGER_DEPTH).is_ok());
        let error = nested(TRIGGER_DEPTH + 1).unwrap_err().to_string();
        assert_eq!(error, "triggers are nested more than 8 deep");
        // The text itself is not read to any depth either.
        assert!(nested(100_000).is_err());
        let beside = |count: usize| {
            let of = vec![r#"{"every":{"span":"1s"}}"#; count].join(",");
            TriggerForm::from_json(&format!(r#"{{"all":{{"of":[{of}]}}}}"#))
        };
        assert!(beside(TRIGGER_PARTS).is_ok());
        let error = beside(TRIGGER_PARTS + 1).unwrap_err().to_string();
        assert_eq!(error, "one trigger has more than 64 others in it");
    }
}
