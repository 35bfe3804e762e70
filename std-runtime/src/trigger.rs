//! A stored trigger, made ready to compute with.

use core::fmt;
use std::sync::{Arc, OnceLock};

use mainspring_contract::trigger::{
    AnyForm, AtForm, CalendarForm, CronForm, EveryForm, TriggerForm, TriggerFormError,
};
use mainspring_core::civil::Date;
use mainspring_core::limits::MEET_LIMIT;
use mainspring_core::time::{ParseSpanError, Span, Timestamp};
use mainspring_core::trigger::cron::ClockChange;
use mainspring_core::trigger::{
    All, Any, At, Budget, Calendar, CalendarIn, Count, CronError, CronIn, Every, ExtendedCron,
    Period, Search, Trigger, Within,
};
use mainspring_core::zone::{OwnedZone, TimeZone, Zone};

use crate::zone::{ZoneError, Zones};

mod custom;

use custom::Custom;
pub use custom::Triggers;

/// Any trigger in its zone and bounds, compiled from a [`TriggerForm`].
///
/// It is cheap to clone: zones are shared. It remembers whether a search gave up; see
/// [`fault`](Self::fault).
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
#[derive(Clone, Debug)]
pub struct AnyTrigger {
    within: Within<Kind>,
    /// After which instant it looked for the next one in vain, the first time.
    gave_up: Arc<OnceLock<Timestamp>>,
}

/// What it found out so far is no part of what it is.
impl PartialEq for AnyTrigger {
    fn eq(&self, other: &Self) -> bool {
        self.within == other.within
    }
}

impl Eq for AnyTrigger {}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    At(At),
    Every(Every),
    Cron(CronIn<Place, ExtendedCron>),
    Calendar(CalendarIn<Place>),
    Any(Any<Arc<[AnyTrigger]>>),
    All(All<Arc<[AnyTrigger]>>),
    Custom(Custom),
}

/// A zone under the name by which it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    zone: Arc<OwnedZone>,
    name: Arc<str>,
}

impl TimeZone for Place {
    fn zone(&self) -> Zone<'_> {
        self.zone.zone()
    }

    fn name(&self) -> Option<&str> {
        Some(&self.name)
    }
}

impl AnyTrigger {
    /// Checks a form's parts and looks up its zone. Triggers that a program brings along are
    /// compiled by their [`Triggers`].
    ///
    /// # Errors
    /// [`TriggerError`] names the value at fault and what to write instead.
    pub fn compile(form: &TriggerForm, zones: &Zones) -> Result<Self, TriggerError> {
        Triggers::default().compile(form, zones)
    }

    /// The zone whose clocks a cron or calendar trigger follows; `None` for those that follow the
    /// absolute time line, and for combinations.
    pub fn zone(&self) -> Option<&OwnedZone> {
        match &self.within.trigger {
            Kind::Cron(cron) => Some(&cron.zone.zone),
            Kind::Calendar(calendar) => Some(&calendar.zone.zone),
            _ => None,
        }
    }

    /// What clock changes strictly after `after` and up to `until` do to the times of a cron or
    /// calendar trigger within its bounds, earliest first. Other triggers know no clocks, and of
    /// combinations the children are to be asked.
    pub fn clock_changes(&self, after: Timestamp, until: Timestamp) -> Vec<ClockChange> {
        let after = self.within.start.map_or(after, |start| after.max(start));
        let until = self.within.end.map_or(until, |end| until.min(end));
        match &self.within.trigger {
            Kind::Cron(cron) => cron.clock_changes(after, until).collect(),
            Kind::Calendar(calendar) => calendar.clock_changes(after, until).collect(),
            Kind::At(_) | Kind::Every(_) | Kind::Any(_) | Kind::All(_) | Kind::Custom(_) => {
                Vec::new()
            }
        }
    }

    /// Why its answers are not to be believed, if so. A trigger that the program brought along
    /// panicked or broke a law of [`Trigger`]; or a search for the next instant gave up, so that
    /// `None` did not mean that there is none.
    pub fn fault(&self) -> Option<String> {
        self.own_fault().or_else(|| self.gave_up.get().map(|&after| gave_up(after)))
    }

    /// The fault of a trigger that the program brought along. A child of `any` that gives up is
    /// none: its siblings go on, and it is asked again.
    fn own_fault(&self) -> Option<String> {
        match &self.within.trigger {
            Kind::Any(any) => any.0.iter().find_map(Self::own_fault),
            Kind::All(all) => all.children().iter().find_map(Self::own_fault),
            Kind::Custom(custom) => custom.fault(),
            Kind::At(_) | Kind::Every(_) | Kind::Cron(_) | Kind::Calendar(_) => None,
        }
    }

    /// A form whose size is fine.
    fn build(form: &TriggerForm, zones: &Zones, own: &Triggers) -> Result<Self, TriggerError> {
        let children = || -> Result<Arc<[Self]>, TriggerError> {
            form.children().iter().map(|child| Self::build(child, zones, own)).collect()
        };
        match form {
            TriggerForm::Cron(form) => Self::cron(form, zones),
            TriggerForm::Every(form) => Self::every(form),
            TriggerForm::At(AtForm { time }) => Self::within(Kind::At(At(*time)), None, None),
            TriggerForm::Calendar(form) => Self::calendar(form, zones),
            TriggerForm::Any(form) if form.of.is_empty() => {
                Err(TriggerError::Empty { kind: "any" })
            }
            TriggerForm::All(form) if form.of.is_empty() => {
                Err(TriggerError::Empty { kind: "all" })
            }
            TriggerForm::Any(AnyForm { start, end, .. }) => {
                Self::within(Kind::Any(Any(children()?)), *start, *end)
            }
            TriggerForm::All(form) if form.threshold < Span::ZERO => {
                Err(TriggerError::Threshold { threshold: form.threshold })
            }
            TriggerForm::All(form) => {
                let all = All::new(children()?).threshold(form.threshold);
                Self::within(Kind::All(all), form.start, form.end)
            }
            TriggerForm::Custom(form) => Self::within(Kind::Custom(own.make(form)?), None, None),
            other => Err(TriggerError::Unsupported { form: other.to_json() }),
        }
    }

    fn calendar(form: &CalendarForm, zones: &Zones) -> Result<Self, TriggerError> {
        let &CalendarForm { years, months, weeks, days, .. } = form;
        let place = Place::find(&form.zone, zones)?;
        let date_of = |start: Timestamp| place.zone().local(start).date;
        let anchor = form.anchor.or_else(|| form.start.map(date_of)).unwrap_or(EPOCH);
        let calendar = Calendar::new(Period { years, months, weeks, days }, anchor, form.time)
            .ok_or(TriggerError::Period)?;
        let trigger = CalendarIn { calendar, zone: place, dst: form.dst };
        Self::within(Kind::Calendar(trigger), form.start, form.end)
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
        let zone = Place::find(&form.zone, zones)?;
        let trigger = CronIn { cron, zone, dst: form.dst };
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
        Ok(Self { within: Within { trigger, start, end }, gave_up: Arc::default() })
    }
}

impl Place {
    fn find(name: &str, zones: &Zones) -> Result<Self, ZoneError> {
        Ok(Self { zone: zones.find(name)?, name: name.into() })
    }
}

/// 1970-01-01.
const EPOCH: Date = match Date::from_days(0) {
    Some(date) => date,
    None => panic!("the epoch is a date"),
};

fn gave_up(after: Timestamp) -> String {
    format!(
        "its triggers did not fire together within {MEET_LIMIT} steps after {after}, and the \
         search gave up (let them meet more often, or raise `threshold`)"
    )
}

/// The span of `@every 5m`, which some crontabs have instead of a pattern.
fn span_of(expr: &str) -> Option<Result<Span, ParseSpanError>> {
    let (word, span) = expr.trim().split_once([' ', '\t'])?;
    word.eq_ignore_ascii_case("@every").then(|| span.trim().parse())
}

impl Trigger for AnyTrigger {
    fn next_after(&self, t: Timestamp) -> Option<Timestamp> {
        self.search_after(t).found()
    }

    fn search_after(&self, t: Timestamp) -> Search {
        let search = self.within.search_after(t);
        if search == Search::GaveUp {
            let _ = self.gave_up.set(t);
        }
        search
    }

    fn prev_before(&self, t: Timestamp) -> Option<Timestamp> {
        self.within.prev_before(t)
    }

    fn count_between(&self, after: Timestamp, until: Timestamp) -> Count {
        self.within.count_between(after, until)
    }

    fn next_within(&self, t: Timestamp, budget: &mut Budget) -> Option<Timestamp> {
        self.within.next_within(t, budget)
    }

    fn prev_within(&self, t: Timestamp, budget: &mut Budget) -> Option<Timestamp> {
        self.within.prev_within(t, budget)
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.within.describe(f)
    }
}

/// Does the same to every kind of trigger.
macro_rules! each_kind {
    ($kind:expr, $trigger:ident => $do:expr) => {
        match $kind {
            Kind::At($trigger) => $do,
            Kind::Every($trigger) => $do,
            Kind::Cron($trigger) => $do,
            Kind::Calendar($trigger) => $do,
            Kind::Any($trigger) => $do,
            Kind::All($trigger) => $do,
            Kind::Custom($trigger) => $do,
        }
    };
}

impl Trigger for Kind {
    fn next_after(&self, t: Timestamp) -> Option<Timestamp> {
        each_kind!(self, trigger => trigger.next_after(t))
    }

    fn search_after(&self, t: Timestamp) -> Search {
        each_kind!(self, trigger => trigger.search_after(t))
    }

    fn prev_before(&self, t: Timestamp) -> Option<Timestamp> {
        each_kind!(self, trigger => trigger.prev_before(t))
    }

    fn count_between(&self, after: Timestamp, until: Timestamp) -> Count {
        each_kind!(self, trigger => trigger.count_between(after, until))
    }

    fn next_within(&self, t: Timestamp, budget: &mut Budget) -> Option<Timestamp> {
        each_kind!(self, trigger => trigger.next_within(t, budget))
    }

    fn prev_within(&self, t: Timestamp, budget: &mut Budget) -> Option<Timestamp> {
        each_kind!(self, trigger => trigger.prev_within(t, budget))
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        each_kind!(self, trigger => trigger.describe(f))
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
    /// A calendar has no distance between its dates.
    #[error(
        "a calendar needs one of `years`, `months`, `weeks` and `days` above zero (for every day \
         write `\"days\": 1`)"
    )]
    Period,
    /// A combination of nothing.
    #[error("`{kind}` has no triggers (write them in `of`)")]
    Empty {
        /// `any` or `all`.
        kind: &'static str,
    },
    /// The threshold of an `all` trigger is negative.
    #[error("threshold `{threshold}`: it cannot be negative")]
    Threshold {
        /// The threshold.
        threshold: Span,
    },
    /// The trigger is nested too deeply or has too many parts.
    #[error(transparent)]
    Size(#[from] TriggerFormError),
    /// No trigger of this name was brought along.
    #[error("this program has no trigger `{name}` ({known}add it with `Builder::trigger`)")]
    UnknownName {
        /// The name.
        name: String,
        /// Those that there are, for people; may be empty.
        known: String,
    },
    /// The program's own trigger refuses what it was given.
    #[error("trigger `{name}`: {message}")]
    Custom {
        /// The name of the trigger.
        name: String,
        /// What it says.
        message: String,
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
            (
                r#"{"calendar":{"months":1,"anchor":"2026-01-31","time":"09:30",
                    "zone":"Europe/Berlin"}}"#,
                "2026-01-31T12:00:00Z",
                &["2026-03-31T07:30:00Z", "2026-05-31T07:30:00Z"],
            ),
            (
                r#"{"calendar":{"days":2,"time":"00:30","start":"2026-01-04T23:10:00Z",
                    "zone":"Europe/Berlin","end":"2026-01-08T23:30:00Z"}}"#,
                "2026-01-01T00:00:00Z",
                &["2026-01-04T23:30:00Z", "2026-01-06T23:30:00Z", "2026-01-08T23:30:00Z"],
            ),
            (
                r#"{"calendar":{"days":1,"time":"02:30","zone":"Europe/Berlin","dst":"literal"}}"#,
                "2026-03-28T12:00:00Z",
                &["2026-03-30T00:30:00Z"],
            ),
            (
                r#"{"any":{"of":[{"every":{"span":"4s"}},{"every":{"span":"6s"}}]}}"#,
                "1970-01-01T00:00:06Z",
                &["1970-01-01T00:00:08Z", "1970-01-01T00:00:12Z", "1970-01-01T00:00:16Z"],
            ),
            (
                r#"{"all":{"of":[{"any":{"of":[{"every":{"span":"10s"}}]}},
                    {"every":{"span":"11s"}}]}}"#,
                "1970-01-01T00:00:00Z",
                &["1970-01-01T00:00:10Z", "1970-01-01T00:01:39Z", "1970-01-01T00:01:50Z"],
            ),
            (
                r#"{"any":{"of":[{"every":{"span":"4s"}},{"every":{"span":"6s"}}],
                    "start":"1970-01-01T00:00:08Z","end":"1970-01-01T00:00:16Z"}}"#,
                "1970-01-01T00:00:00Z",
                &["1970-01-01T00:00:08Z", "1970-01-01T00:00:12Z", "1970-01-01T00:00:16Z"],
            ),
            (
                r#"{"all":{"of":[{"every":{"span":"4s"}},{"every":{"span":"6s"}}],
                    "start":"1970-01-01T00:00:12Z","end":"1970-01-01T00:00:24Z"}}"#,
                "1970-01-01T00:00:00Z",
                &["1970-01-01T00:00:12Z", "1970-01-01T00:00:24Z"],
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
    fn a_search_that_gave_up_is_a_fault_and_an_end_is_none() {
        let apart = r#"{"every":{"span":"4s"}},{"every":{"span":"4s",
            "anchor":"2026-01-01T00:00:02Z"}}"#;
        let t = at("2026-01-01T00:00:00Z");
        let never = compile(&format!(r#"{{"all":{{"of":[{apart}]}}}}"#)).unwrap();
        assert_eq!((never.fault(), never.next_after(t)), (None, None));
        assert_eq!(
            never.clone().fault().unwrap(),
            "its triggers did not fire together within 20000 steps after 2026-01-01T00:00:00Z, \
             and the search gave up (let them meet more often, or raise `threshold`)"
        );
        // In company it is asked again and again.
        let beside = format!(
            r#"{{"any":{{"of":[{{"all":{{"of":[{apart}]}}}},{{"every":{{"span":"1h"}}}}]}}}}"#
        );
        let beside = compile(&beside).unwrap();
        assert!(beside.next_after(t).is_some() && beside.fault().is_none());
        for over in [
            format!(r#"{{"all":{{"of":[{apart}],"end":"2025-12-31T00:00:00Z"}}}}"#),
            format!(r#"{{"all":{{"of":[{apart},{{"at":{{"time":"2025-12-31T00:00:00Z"}}}}]}}}}"#),
        ] {
            let over = compile(&over).unwrap();
            assert_eq!((over.next_after(t), over.fault()), (None, None));
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
            (
                r#"{"calendar":{"time":"09:30"}}"#,
                "a calendar needs one of `years`, `months`, `weeks` and `days` above zero (for \
                 every day write `\"days\": 1`)",
            ),
            (
                r#"{"any":{"of":[{"every":{"span":"1s"}}],"start":"2026-01-02T00:00:00Z",
                    "end":"2026-01-01T00:00:00Z"}}"#,
                "`end` 2026-01-01T00:00:00Z is before `start` 2026-01-02T00:00:00Z",
            ),
            (r#"{"any":{"of":[]}}"#, "`any` has no triggers (write them in `of`)"),
            (
                r#"{"all":{"of":[{"every":{"span":"1s"}}],"threshold":"-1s"}}"#,
                "threshold `-1s`: it cannot be negative",
            ),
            (
                r#"{"any":{"of":[{"cron":{"expr":"@daily","zone":"Mars"}}]}}"#,
                "unknown time zone `Mars`",
            ),
            (
                r#"{"custom":{"name":"full-moon"}}"#,
                "this program has no trigger `full-moon` (add it with `Builder::trigger`)",
            ),
        ] {
            let error = compile(json).unwrap_err();
            assert!(error.starts_with(message), "{error}");
        }
    }

    #[test]
    fn a_trigger_says_what_it_does() {
        for (json, description) in [
            (
                r#"{"calendar":{"weeks":2,"anchor":"2026-01-31","time":"09:30:05",
                    "zone":"Europe/Berlin","dst":"literal"}}"#,
                "at 09:30:05 every 2 weeks, counted from 2026-01-31, Europe/Berlin, not at times \
                 that a clock change skips",
            ),
            (
                r#"{"all":{"of":[{"every":{"span":"4h"}},{"every":{"span":"6h"}}]}}"#,
                "all of (every 4h, counted from 1970-01-01T00:00:00Z; every 6h, counted from \
                 1970-01-01T00:00:00Z) within 1s",
            ),
        ] {
            assert_eq!(compile(json).unwrap().description().to_string(), description);
        }
    }

    #[test]
    fn a_compiled_trigger_may_cross_threads() {
        const fn is_shared<T: Send + Sync + Clone + 'static>() {}
        const { is_shared::<AnyTrigger>() };
    }
}
