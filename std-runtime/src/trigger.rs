//! A stored trigger, made ready to compute with.

use std::sync::Arc;

use mainspring_contract::trigger::{AtForm, CronForm, EveryForm, TriggerForm};
use mainspring_core::time::{ParseSpanError, Span, Timestamp};
use mainspring_core::trigger::{
    At, Count, CronError, CronIn, Every, ExtendedCron, Trigger, Within,
};
use mainspring_core::zone::OwnedZone;

use crate::zone::{ZoneError, Zones};

/// Any built-in trigger in its zone and bounds, compiled from a [`TriggerForm`].
///
/// It is cheap to clone: zones are shared.
///
/// ```
/// use mainspring::{trigger::AnyTrigger, zone::Zones};
/// use mainspring_contract::trigger::{CronForm, TriggerForm};
/// use mainspring_core::trigger::Trigger;
/// let form = TriggerForm::Cron(CronForm::new("0 9 * * mon-fri", "Europe/Berlin"));
/// let trigger = AnyTrigger::compile(&form, &Zones::bundled())?;
/// let friday = "2026-03-27T12:00:00Z".parse().unwrap();
/// assert_eq!(trigger.next_after(friday).unwrap().to_string(), "2026-03-30T07:00:00Z");
/// # Ok::<(), mainspring::trigger::TriggerError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnyTrigger(Within<Kind>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    At(At),
    Every(Every),
    Cron(CronIn<Arc<OwnedZone>, ExtendedCron>),
}

impl AnyTrigger {
    /// Checks a form's parts and looks up its zone.
    ///
    /// # Errors
    /// [`TriggerError`] names the value at fault and what to write instead.
    pub fn compile(form: &TriggerForm, zones: &Zones) -> Result<Self, TriggerError> {
        match form {
            TriggerForm::Cron(form) => Self::cron(form, zones),
            TriggerForm::Every(form) => Self::every(form),
            TriggerForm::At(AtForm { time }) => {
                Ok(Self(Within { trigger: Kind::At(At(*time)), start: None, end: None }))
            }
            other => Err(TriggerError::Unsupported { form: other.to_json() }),
        }
    }

    /// The zone whose clocks a cron trigger follows; `None` for the others, which follow the
    /// absolute time line.
    pub fn zone(&self) -> Option<&OwnedZone> {
        match &self.0.trigger {
            Kind::Cron(cron) => Some(&cron.zone),
            Kind::At(_) | Kind::Every(_) => None,
        }
    }

    fn cron(form: &CronForm, zones: &Zones) -> Result<Self, TriggerError> {
        if let Some(span) = span_of(&form.expr) {
            let span =
                span.map_err(|source| TriggerError::SpanText { text: form.expr.clone(), source })?;
            let (start, end) = (form.start, form.end);
            return Self::every(&EveryForm { span, anchor: None, start, end });
        }
        let parsed = match &form.seed {
            Some(seed) => ExtendedCron::hashed(&form.expr, form.dialect, seed),
            None => ExtendedCron::parse(&form.expr, form.dialect),
        };
        let cron =
            parsed.map_err(|source| TriggerError::Cron { expr: form.expr.clone(), source })?;
        let trigger = CronIn { cron, zone: zones.find(&form.zone)?, dst: form.dst };
        Self::within(Kind::Cron(trigger), form.start, form.end)
    }

    fn every(form: &EveryForm) -> Result<Self, TriggerError> {
        let anchor = form.anchor.or(form.start).unwrap_or(Timestamp::UNIX_EPOCH);
        let every = Every::new(form.span, anchor).ok_or(TriggerError::Span { span: form.span })?;
        Self::within(Kind::Every(every), form.start, form.end)
    }

    fn within(
        trigger: Kind,
        start: Option<Timestamp>,
        end: Option<Timestamp>,
    ) -> Result<Self, TriggerError> {
        if let (Some(start), Some(end)) = (start, end)
            && end < start
        {
            return Err(TriggerError::Bounds { start, end });
        }
        Ok(Self(Within { trigger, start, end }))
    }
}

/// The span of `@every 5m`, which some crontabs have instead of a pattern.
fn span_of(expr: &str) -> Option<Result<Span, ParseSpanError>> {
    let (word, span) = expr.trim().split_once([' ', '\t'])?;
    word.eq_ignore_ascii_case("@every").then(|| span.trim().parse())
}

impl Trigger for AnyTrigger {
    fn next_after(&self, t: Timestamp) -> Option<Timestamp> {
        self.0.next_after(t)
    }

    fn prev_before(&self, t: Timestamp) -> Option<Timestamp> {
        self.0.prev_before(t)
    }

    fn count_between(&self, after: Timestamp, until: Timestamp) -> Count {
        self.0.count_between(after, until)
    }
}

impl Trigger for Kind {
    fn next_after(&self, t: Timestamp) -> Option<Timestamp> {
        match self {
            Self::At(trigger) => trigger.next_after(t),
            Self::Every(trigger) => trigger.next_after(t),
            Self::Cron(trigger) => trigger.next_after(t),
        }
    }

    fn prev_before(&self, t: Timestamp) -> Option<Timestamp> {
        match self {
            Self::At(trigger) => trigger.prev_before(t),
            Self::Every(trigger) => trigger.prev_before(t),
            Self::Cron(trigger) => trigger.prev_before(t),
        }
    }

    fn count_between(&self, after: Timestamp, until: Timestamp) -> Count {
        match self {
            Self::At(trigger) => trigger.count_between(after, until),
            Self::Every(trigger) => trigger.count_between(after, until),
            Self::Cron(trigger) => trigger.count_between(after, until),
        }
    }
}

/// Why a stored trigger cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TriggerError {
    /// The pattern is not one of its dialect.
    #[error("cron pattern `{expr}`: {source}")]
    Cron {
        /// The pattern.
        expr: String,
        /// What is wrong with it.
        source: CronError,
    },
    /// What follows `@every` is not a span.
    #[error("`{text}`: {source}")]
    SpanText {
        /// The whole text.
        text: String,
        /// What is wrong with the span.
        source: ParseSpanError,
    },
    /// The zone cannot be had.
    #[error(transparent)]
    Zone(#[from] ZoneError),
    /// The span of an `every` trigger is not positive.
    #[error("every `{span}`: the span must be at least `1us`")]
    Span {
        /// The span.
        span: Span,
    },
    /// The bounds leave nothing between them.
    #[error("`end` {end} is before `start` {start}")]
    Bounds {
        /// The first instant at which the trigger may fire.
        start: Timestamp,
        /// The last instant at which the trigger may fire.
        end: Timestamp,
    },
    /// A newer program wrote a kind of trigger that this one does not know.
    #[error("this program does not know the trigger {form} (update it)")]
    Unsupported {
        /// The trigger.
        form: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compile(json: &str) -> Result<AnyTrigger, String> {
        let form = TriggerForm::from_json(json).map_err(|error| error.to_string())?;
        AnyTrigger::compile(&form, &Zones::bundled()).map_err(|error| error.to_string())
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn each_kind_fires_within_its_bounds() {
        for (json, from, fires) in [
            (
                r#"{"cron":{"expr":"0 9 * * *","zone":"Europe/Berlin",
                    "end":"2026-03-29T07:00:00Z"}}"#,
                "2026-03-27T09:00:00Z",
                &["2026-03-28T08:00:00Z", "2026-03-29T07:00:00Z"][..],
            ),
            (
                r#"{"cron":{"expr":"30 2 29 3 *","zone":"Europe/Berlin",
                    "dst":{"gap":"shift","fold":"both"}}}"#,
                "2026-01-01T00:00:00Z",
                &["2026-03-29T01:30:00Z", "2027-03-29T00:30:00Z"],
            ),
            (
                r#"{"every":{"span":"40m","start":"2026-01-01T00:10:00Z",
                    "end":"2026-01-01T01:30:00Z"}}"#,
                "1970-01-01T00:00:00Z",
                &["2026-01-01T00:10:00Z", "2026-01-01T00:50:00Z", "2026-01-01T01:30:00Z"],
            ),
            (
                r#"{"cron":{"expr":"@every 40m","start":"2026-01-01T00:10:00Z"}}"#,
                "1970-01-01T00:00:00Z",
                &["2026-01-01T00:10:00Z", "2026-01-01T00:50:00Z"],
            ),
            (
                r#"{"cron":{"expr":"0 0 9 ? * 6L","dialect":"quartz"}}"#,
                "2026-01-01T00:07:00Z",
                &["2026-01-30T09:00:00Z", "2026-02-27T09:00:00Z"],
            ),
            (
                r#"{"cron":{"expr":{"day":"2nd wed","hour":9},"dialect":"apscheduler"}}"#,
                "2026-01-01T00:07:00Z",
                &["2026-01-14T09:00:00Z", "2026-02-11T09:00:00Z"],
            ),
            (
                r#"{"cron":{"expr":"H H(3-5) * * *","seed":"backup"}}"#,
                "2026-01-01T00:07:00Z",
                &["2026-01-01T03:12:00Z", "2026-01-02T03:12:00Z"],
            ),
            (
                r#"{"every":{"span":"15m"}}"#,
                "2026-01-01T00:07:00Z",
                &["2026-01-01T00:15:00Z", "2026-01-01T00:30:00Z"],
            ),
            (
                r#"{"at":{"time":"2026-12-24T18:00:00+01:00"}}"#,
                "2026-01-01T00:00:00Z",
                &["2026-12-24T17:00:00Z"],
            ),
        ] {
            let trigger = compile(json).unwrap();
            let mut t = at(from);
            for fire in fires {
                let next = trigger.clone().next_after(t).unwrap();
                assert_eq!(next, at(fire), "{json}");
                t = next;
            }
            let before = trigger.prev_before(t + Span::from_micros(1));
            assert_eq!(before, Some(t), "{json}");
            let count = u64::try_from(fires.len()).unwrap();
            assert_eq!(trigger.count_between(at(from), t), Count::Exact(count), "{json}");
        }
    }

    #[test]
    fn a_mistake_names_the_value_and_the_way_out() {
        for (json, message) in [
            (
                r#"{"cron":{"expr":"61 * * * *"}}"#,
                "cron pattern `61 * * * *`: minute: 61 is not in 0-59 (bytes 0-2)",
            ),
            (
                r#"{"cron":{"expr":"@every 5"}}"#,
                "`@every 5`: no unit at byte 1 (write for example `90s`, `1h30m`, `250ms` or `7d`)",
            ),
            (
                r#"{"cron":{"expr":"H * * * *"}}"#,
                "cron pattern `H * * * *`: minute: `H` needs a seed that it depends on, such as \
                 the schedule's id (bytes 0-1)",
            ),
            (
                r#"{"cron":{"expr":"@daily","zone":"Europe/Belin"}}"#,
                "unknown time zone `Europe/Belin`, did you mean `Europe/Berlin`?",
            ),
            (r#"{"every":{"span":"0s"}}"#, "every `0s`: the span must be at least `1us`"),
            (
                r#"{"every":{"span":"1s","start":"2026-01-02T00:00:00Z",
                    "end":"2026-01-01T00:00:00Z"}}"#,
                "`end` 2026-01-01T00:00:00Z is before `start` 2026-01-02T00:00:00Z",
            ),
        ] {
            assert_eq!(compile(json).unwrap_err(), message);
        }
    }

    #[test]
    fn a_compiled_trigger_may_cross_threads() {
        const fn is_shared<T: Send + Sync + Clone + 'static>() {}
        const { is_shared::<AnyTrigger>() };
    }
}
