//! When a schedule fires: `cron`, `every`, `at` or `calendar` with their bounds, or any `trigger`
//! as text, as JSON or as a table.

pub(crate) mod stored;

use core::fmt::Display;
use core::str::FromStr;

use mainspring::trigger::AnyTrigger;
use mainspring::zone::{self, Zones};
use mainspring_contract::trigger::{AtForm, CalendarForm, CronForm, EveryForm, TriggerForm};
use mainspring_core::time::{Span, Timestamp};
use mainspring_core::trigger::{Dialect, Dst, Fold, Gap, Trigger};
use toml::de::DeValue;

use super::Host;
use super::table::{Table, list};

/// The keys of a trigger.
pub(super) const KEYS: [&str; 10] =
    ["cron", "every", "at", "calendar", "trigger", "dialect", "zone", "dst", "start", "end"];

const DIALECTS: [(&str, Dialect); 3] = [
    ("crontab", Dialect::Crontab),
    ("quartz", Dialect::Quartz),
    ("apscheduler", Dialect::ApScheduler),
];

const KINDS: [&str; 5] = ["cron", "every", "at", "calendar", "trigger"];

/// Reads the trigger of the schedule `name`; `zone` is the file's own. The result compiles.
pub(super) fn read(table: Table<'_>, name: &str, zone: &str, host: &Host) -> Option<TriggerForm> {
    let present: Vec<_> = KINDS.into_iter().filter(|kind| table.has(kind)).collect();
    let [kind] = present[..] else {
        let message = match present[..] {
            [] => format!(
                "{} does not say when: write one of `cron = \"30 2 * * *\"`, `every = \"15m\"` or \
                 `at = 2027-01-01T00:00:00Z`",
                table.name
            ),
            _ => format!("{} has {}: keep one", table.name, list(&present)),
        };
        table.problems().missing(table.at, message);
        return None;
    };
    if !matches!(kind, "cron" | "calendar") {
        table.refuse(&["zone", "dst"], "only goes with `cron` and `calendar`: remove it");
    }
    if kind != "cron" {
        table.refuse(&["dialect"], "only goes with `cron`: remove it");
    }
    let form = match kind {
        "at" => {
            table.refuse(&["start", "end"], "does not go with `at`: remove it");
            TriggerForm::At(AtForm { time: instant(table, "at")? })
        }
        "trigger" => {
            table.refuse(&["start", "end"], "does not go with `trigger`: remove it");
            let mut form = stored::read(table, "trigger")?;
            form.spread_by(name);
            form
        }
        "every" => every(table)?,
        "calendar" => calendar(table, zone, &host.zones)?,
        _ => cron(table, name, zone, &host.zones)?,
    };
    let at = table.value(kind).map_or(table.at, |value| value.span().start);
    match AnyTrigger::compile(&form, &host.zones) {
        Ok(trigger) => {
            warn_of_the_past(table, at, &trigger, host.now);
            if let Some(fault) = trigger.fault() {
                table.problems().error(at, fault);
                return None;
            }
        }
        Err(error) => {
            table.problems().error(at, error.to_string());
            return None;
        }
    }
    Some(form)
}

/// The zone that a table names, if it names one; `local` becomes the host's, so that what is
/// stored means the same on every node.
pub(super) fn zone(table: Table<'_>, zones: &Zones) -> Option<String> {
    let zone = table.text("zone", "\"Europe/Berlin\"")?;
    if let Err(error) = zones.find(&zone.value) {
        table.problems().error(zone.at, error.to_string());
        return None;
    }
    Some(stored_zone(&zone.value))
}

/// The name under which a zone is stored.
pub(super) fn stored_zone(zone: &str) -> String {
    if zone == "local" { zone::local_name() } else { zone.to_owned() }
}

fn every(table: Table<'_>) -> Option<TriggerForm> {
    let bounds = (instant(table, "start"), instant(table, "end"));
    let mut every = EveryForm::new(table.span("every", Span::from_millis(1))?);
    (every.start, every.end) = bounds;
    Some(TriggerForm::Every(every))
}

fn cron(table: Table<'_>, name: &str, zone: &str, zones: &Zones) -> Option<TriggerForm> {
    let bounds = (instant(table, "start"), instant(table, "end"));
    let own = self::zone(table, zones);
    let dst = dst(table, Dst::LITERAL);
    let expr = table.text("cron", "\"30 2 * * *\"")?.value;
    // With a zone that does not exist, the pattern is still worth checking.
    let mut cron = CronForm::new(expr, own.as_deref().unwrap_or(zone));
    if table.has("dialect") {
        cron.dialect = table.word("dialect", &DIALECTS)?;
    }
    cron.spread_by(name);
    (cron.start, cron.end) = bounds;
    cron.dst = dst?;
    Some(TriggerForm::Cron(cron))
}

fn calendar(table: Table<'_>, zone: &str, zones: &Zones) -> Option<TriggerForm> {
    let bounds = (instant(table, "start"), instant(table, "end"));
    let own = self::zone(table, zones);
    let dst = dst(table, Dst::LITERAL_CALENDAR);
    let example = "calendar = { months = 1, anchor = 2026-01-31, time = 09:30 }";
    let (at, inner) = table.table("calendar", example)?;
    let inner = table.inner("`calendar`", at, inner);
    inner.allow(&["years", "months", "weeks", "days", "anchor", "time"]);
    let number = |key| {
        if inner.has(key) { inner.number(key, 0..=u32::MAX) } else { Some(0) }
    };
    let [years, months, weeks, days] = ["years", "months", "weeks", "days"].map(number);
    let anchor = civil(inner, "anchor");
    let time = civil(inner, "time");
    let mut form = CalendarForm::new(own.as_deref().unwrap_or(zone));
    (form.years, form.months, form.weeks, form.days) = (years?, months?, weeks?, days?);
    (form.start, form.end) = bounds;
    (form.dst, form.anchor) = (dst?, anchor?);
    form.time = time?.unwrap_or_default();
    Some(TriggerForm::Calendar(form))
}

/// A date or a time of day, as TOML has them or as a text; `Some(None)` if it is not there.
fn civil<T: FromStr<Err: Display>>(table: Table<'_>, key: &str) -> Option<Option<T>> {
    let Some(value) = table.value(key) else { return Some(None) };
    let text = match value.get_ref() {
        DeValue::Datetime(time) => time.to_string(),
        DeValue::String(text) => text.to_string(),
        other => other.type_str().to_owned(),
    };
    match text.parse() {
        Ok(civil) => Some(Some(civil)),
        Err(error) => {
            table.wrong(key, value, &error.to_string());
            None
        }
    }
}

fn warn_of_the_past(table: Table<'_>, at: usize, trigger: &AnyTrigger, now: Timestamp) {
    if trigger.next_after(now).is_some() {
        return;
    }
    if trigger.fault().is_some() {
        return;
    }
    let message = match trigger.prev_before(now) {
        Some(last) => format!("{} will not fire again: its last instant was {last}", table.name),
        None => format!("{} never fires", table.name),
    };
    table.problems().warning(at, message);
}

/// An instant: a TOML date-time with an offset, or the same as a text.
pub(super) fn instant(table: Table<'_>, key: &str) -> Option<Timestamp> {
    let value = table.value(key)?;
    let text = match value.get_ref() {
        DeValue::Datetime(time) => time.to_string(),
        DeValue::String(text) => text.to_string(),
        _ => {
            table.wrong(key, value, "write an instant, such as `2027-01-01T00:00:00+01:00`");
            return None;
        }
    };
    match text.parse::<Timestamp>() {
        Ok(time) => Some(time),
        Err(error) => {
            table.wrong(key, value, &error.to_string());
            None
        }
    }
}

/// The policy; `literal` is what that word means for the kind of trigger.
fn dst(table: Table<'_>, literal: Dst) -> Option<Dst> {
    let Some(value) = table.value("dst") else { return Some(Dst::ONCE) };
    let Some(inner) = value.get_ref().as_table() else {
        return table.word("dst", &[("once", Dst::ONCE), ("literal", literal)]);
    };
    let inner = table.inner("`dst`", value.span().start, inner);
    inner.allow(&["gap", "fold"]);
    let gaps = [("skip", Gap::Skip), ("at_end", Gap::AtEnd), ("shift", Gap::Shift)];
    let folds = [("first", Fold::First), ("second", Fold::Second), ("both", Fold::Both)];
    let gap = if inner.has("gap") { inner.word("gap", &gaps) } else { Some(Dst::ONCE.gap) };
    let fold = if inner.has("fold") { inner.word("fold", &folds) } else { Some(Dst::ONCE.fold) };
    Some(Dst { gap: gap?, fold: fold? })
}
