//! Triggers as a device has them: intervals, instants, and plain patterns by a POSIX rule.

use mainspring::zone::Zones;
use mainspring_contract::trigger::{CronForm, EveryForm, TriggerForm};
use mainspring_core::time::{Span, Timestamp};
use mainspring_core::trigger::{At, CronIn, Every, ExtendedCron};
use mainspring_core::zone::{Rule, TimeZone, Zone};
use mainspring_embassy::timing::{Fires, Interval};

/// What a device fires by.
///
/// # Errors
/// What a device does not know of it, and what to write instead.
pub(super) fn fires(form: &TriggerForm, zones: &Zones, now: Timestamp) -> Result<Fires, String> {
    match form {
        TriggerForm::At(form) => Ok(Fires::At(At(form.time))),
        TriggerForm::Every(EveryForm { start: None, end: None, anchor, span }) => {
            let wrong = || format!("`every {span}` takes no time");
            match anchor {
                // Without a place on the wall clock it needs no clock.
                None => Interval::new(*span).map(Fires::Every).ok_or_else(wrong),
                Some(anchor) => Every::new(*span, *anchor).map(Fires::Grid).ok_or_else(wrong),
            }
        }
        TriggerForm::Cron(form) => cron(form, zones, now),
        TriggerForm::Every(_) => Err(BOUNDS.to_owned()),
        _ => Err("a device knows `every`, `at` and `cron`: write one of them".to_owned()),
    }
}

fn cron(form: &CronForm, zones: &Zones, now: Timestamp) -> Result<Fires, String> {
    if form.start.is_some() || form.end.is_some() {
        return Err(BOUNDS.to_owned());
    }
    let pattern = match &form.seed {
        Some(seed) => ExtendedCron::hashed(&form.expr, form.dialect, seed),
        None => ExtendedCron::parse(&form.expr, form.dialect),
    };
    let cron = pattern.map_err(|error| error.to_string())?.as_plain().ok_or_else(|| {
        format!(
            "`{}` is more than a device knows: years, weeks, `W`, `#` and all of `L` but the last \
             day of the month stay on the host",
            form.expr
        )
    })?;
    let zone = rule(&form.zone, zones, now)?;
    Ok(Fires::Cron(CronIn { cron, zone, dst: form.dst }))
}

/// The rule that a zone follows from now on.
fn rule(name: &str, zones: &Zones, now: Timestamp) -> Result<Rule, String> {
    let owned = zones.find(name).map_err(|error| error.to_string())?;
    let zone = owned.zone();
    let rule = zone.rule();
    let posix = Zone::posix(rule);
    let mut at = now;
    let end = now + FORESEEN;
    loop {
        if zone.offset_at(at) != posix.offset_at(at) {
            return Err(format!(
                "no POSIX rule says what `{name}` does around {at}, and a device knows no other: \
                 name a zone that follows a rule"
            ));
        }
        let changes = [zone.next_transition(at), posix.next_transition(at)];
        match changes.into_iter().flatten().min() {
            Some(next) if next < end => at = next,
            _ => return Ok(rule),
        }
    }
}

const BOUNDS: &str = "a device knows no `start` or `end`: remove them";

/// For how long a rule has to agree with what is known of a zone: as long as people leave a device
/// alone.
const FORESEEN: Span = Span::from_days(20 * 365);
