//! When a stored schedule fires: its trigger and what it excludes, made ready to compute with.

use std::sync::Arc;

use mainspring_contract::exclude::{DatesForm, EXCLUSIONS_MAX, ExcludeForm};
use mainspring_contract::record::Spec;
use mainspring_contract::trigger::TriggerForm;
use mainspring_core::civil::{Date, DateTime, TimeOfDay};
use mainspring_core::exclude::{Except, Exclude, Stretch, Windows};
use mainspring_core::time::{Span, Timestamp};
use mainspring_core::zone::{Local, OwnedZone, TimeZone};

use crate::error::Error;
use crate::trigger::{AnyTrigger, Triggers};
use crate::zone::Zones;

/// The version of the trigger's stored JSON form.
pub(crate) const TRIGGER_VERSION: u16 = 1;
/// The version of the exclusions' stored JSON form.
pub(crate) const EXCLUSIONS_VERSION: u16 = 1;

/// A trigger except when something excludes it.
pub type AnyPlan = Except<AnyTrigger, Exclusions>;

/// What a schedule excludes, compiled from [`ExcludeForm`]s.
///
/// It is cheap to clone. Days are those of the zone's rules as they are known when it is compiled.
///
/// ```
/// use mainspring::{plan::Exclusions, trigger::Triggers, zone::Zones};
/// use mainspring_contract::exclude::ExcludeForm;
/// use mainspring_core::exclude::Exclude;
/// let christmas = ExcludeForm::dates("2026-12-24..2026-12-26", "Europe/Berlin")?;
/// let out = Exclusions::compile(&[christmas], &Triggers::default(), &Zones::bundled())?;
/// let stretch = out.around("2026-12-25T12:00:00Z".parse()?).expect("it is excluded");
/// assert_eq!(stretch.from.to_string(), "2026-12-23T23:00:00Z");
/// assert_eq!(stretch.until.to_string(), "2026-12-26T23:00:00Z");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exclusions(Arc<[Exclusion]>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Exclusion {
    Once(Stretch),
    Windows(Windows<AnyTrigger>),
}

impl Exclusions {
    /// Checks the parts of these forms, and looks up their zones.
    ///
    /// # Errors
    /// If one of them makes no sense, or there are more than [`EXCLUSIONS_MAX`].
    pub fn compile(
        forms: &[ExcludeForm],
        triggers: &Triggers,
        zones: &Zones,
    ) -> Result<Self, Error> {
        if forms.len() > EXCLUSIONS_MAX {
            return Err(Error::invalid(format!(
                "{} exclusions are too many for one schedule (at most {EXCLUSIONS_MAX} are \
                 possible; several days in a row are one)",
                forms.len()
            )));
        }
        forms.iter().map(|form| Exclusion::compile(form, triggers, zones)).collect()
    }

    fn fault(&self) -> Option<String> {
        self.0.iter().find_map(|exclusion| match exclusion {
            Exclusion::Once(_) => None,
            Exclusion::Windows(windows) => windows.opens.fault(),
        })
    }
}

impl FromIterator<Exclusion> for Exclusions {
    fn from_iter<I: IntoIterator<Item = Exclusion>>(exclusions: I) -> Self {
        Self(exclusions.into_iter().collect())
    }
}

impl Exclusion {
    fn compile(form: &ExcludeForm, triggers: &Triggers, zones: &Zones) -> Result<Self, Error> {
        match form {
            ExcludeForm::Dates(form) => dates(form, zones).map(Self::Once),
            ExcludeForm::Instants(form) if form.until <= form.from => Err(Error::invalid(format!(
                "an exclusion ends at {}, before it begins at {} (exchange the two)",
                form.until, form.from
            ))),
            ExcludeForm::Instants(form) => {
                Ok(Self::Once(Stretch { from: form.from, until: form.until }))
            }
            ExcludeForm::Windows(form) if form.length <= Span::ZERO => Err(Error::invalid(
                format!("an excluded window lasts `{}` (it must last at least `1us`)", form.length),
            )),
            ExcludeForm::Windows(form) => {
                let opens = triggers.compile(&form.opens, zones)?;
                Ok(Self::Windows(Windows { opens, length: form.length }))
            }
            _ => Err(Error::invalid("an exclusion of a kind that this program does not know")),
        }
    }
}

impl Exclude for Exclusions {
    fn next(&self, t: Timestamp) -> Option<Stretch> {
        (*self.0).next(t)
    }
}

impl Exclude for Exclusion {
    fn next(&self, t: Timestamp) -> Option<Stretch> {
        match self {
            Self::Once(stretch) => stretch.next(t),
            Self::Windows(windows) => windows.next(t),
        }
    }
}

/// The plan of a stored schedule; if it cannot be used, why, for people.
pub(crate) fn plan_of(spec: &Spec, triggers: &Triggers, zones: &Zones) -> Result<AnyPlan, String> {
    let form = spec
        .trigger
        .from_json::<TriggerForm>(TRIGGER_VERSION)
        .map_err(|error| format!("its trigger cannot be read: {error}"))?;
    let trigger = triggers
        .compile(&form, zones)
        .map_err(|error| format!("its trigger {form} cannot be used: {error}"))?;
    let forms = spec.exclusions.as_ref().map_or(Ok(Vec::new()), |stored| {
        stored
            .from_json::<Vec<ExcludeForm>>(EXCLUSIONS_VERSION)
            .map_err(|error| format!("its exclusions cannot be read: {error}"))
    })?;
    let exclude = Exclusions::compile(&forms, triggers, zones)
        .map_err(|error| format!("its exclusions cannot be used: {error}"))?;
    Ok(AnyPlan { trigger, exclude })
}

/// How a trigger of the program's own in this plan has failed, if one has.
pub(crate) fn fault(plan: &AnyPlan) -> Option<String> {
    plan.trigger.fault().or_else(|| plan.exclude.fault())
}

fn dates(form: &DatesForm, zones: &Zones) -> Result<Stretch, Error> {
    let zone = zones.find(&form.zone).map_err(|error| Error::invalid(error.to_string()))?;
    let to = form.to.unwrap_or(form.from);
    let until = Date::from_days(to.days() + 1).unwrap_or(to);
    Ok(Stretch { from: start(form.from, &zone), until: start(until, &zone) })
}

/// The first instant of a day.
fn start(date: Date, zone: &OwnedZone) -> Timestamp {
    match zone.zone().resolve(DateTime { date, time: TimeOfDay::MIDNIGHT }) {
        Local::One(at) | Local::Fold { first: at, .. } | Local::Gap { end: at, .. } => at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mainspring_contract::trigger::EveryForm;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    fn compile(form: ExcludeForm) -> Result<Exclusions, String> {
        Exclusions::compile(&[form], &Triggers::default(), &Zones::bundled())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_day_begins_when_its_zone_says_so() {
        for (dates, zone, from, until) in [
            ("2026-03-29", "Europe/Berlin", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"),
            // Clocks went from 24:00 to 01:00, and Samoa left out a day.
            ("2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z"),
            ("2011-12-30", "Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z"),
        ] {
            let form = ExcludeForm::dates(dates, zone).expect("a date");
            let out = compile(form).expect("it is valid");
            let stretch = Stretch { from: at(from), until: at(until) };
            assert_eq!(out.0[..], [Exclusion::Once(stretch)], "{dates} {zone}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_the_way_out() {
        let (early, late) = (at("2026-01-01T00:00:00Z"), at("2026-01-02T00:00:00Z"));
        let every = |span| TriggerForm::Every(EveryForm::new(span));
        let hour = Span::from_hours(1);
        for (form, message) in [
            (ExcludeForm::instants(late, early), "ends at 2026-01-01T00:00:00Z, before it begins"),
            (ExcludeForm::windows(every(hour), Span::ZERO), "an excluded window lasts `0s`"),
            (ExcludeForm::windows(every(Span::ZERO), hour), "the span must be at least `1us`"),
            (ExcludeForm::dates("2026-01-01", "Mars").expect("a date"), "unknown time zone `Mars`"),
        ] {
            let error = compile(form).expect_err("it makes no sense");
            assert!(error.contains(message), "{error}");
        }
        let many = vec![ExcludeForm::instants(early, late); EXCLUSIONS_MAX + 1];
        assert!(Exclusions::compile(&many, &Triggers::default(), &Zones::bundled()).is_err());
    }
}
