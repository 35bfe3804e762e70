//! `exclude`: when a schedule does not fire.

use mainspring::plan::Exclusions;
use mainspring::trigger::Triggers;
use mainspring_contract::exclude::ExcludeForm;
use mainspring_contract::trigger::{CronForm, TriggerForm};
use mainspring_core::time::Span;
use toml::Spanned;
use toml::de::DeValue;

use super::table::Table;
use super::{Host, trigger};

const WANTED: &str = "write a list of dates and tables, such as `[\"2026-12-24..2026-12-26\", { \
                      opens = \"0 22 * * *\", for = \"8h\" }]`";

/// Reads the key `exclude`. Days and patterns are those of the schedule's zone, else of the file's
/// own, which is `zone`.
pub(super) fn read(table: Table<'_>, zone: &str, host: &Host) -> Vec<ExcludeForm> {
    let Some(value) = table.value("exclude") else { return Vec::new() };
    let Some(list) = value.get_ref().as_array() else {
        table.wrong("exclude", value, WANTED);
        return Vec::new();
    };
    // A zone that does not exist is complained about where the trigger is read.
    let own = table.value("zone").and_then(|zone| zone.get_ref().as_str());
    let own = own.filter(|zone| host.zones.find(zone).is_ok()).map(trigger::stored_zone);
    let zone = own.as_deref().unwrap_or(zone);
    let mut forms = Vec::new();
    for one in list.iter() {
        let Some(form) = read_one(table, one, zone) else { continue };
        let compiled =
            Exclusions::compile(core::slice::from_ref(&form), &Triggers::default(), &host.zones);
        match compiled {
            Ok(_) => forms.push(form),
            Err(error) => table.problems().error(one.span().start, error.to_string()),
        }
    }
    forms
}

fn read_one(table: Table<'_>, one: &Spanned<DeValue<'_>>, zone: &str) -> Option<ExcludeForm> {
    let dates = match one.get_ref() {
        DeValue::String(text) => text.to_string(),
        DeValue::Datetime(date) => date.to_string(),
        DeValue::Table(inner) => {
            let inner = table.inner("`exclude`", one.span().start, inner);
            return if inner.has("opens") { window(inner, zone) } else { instants(inner) };
        }
        _ => {
            table.wrong("exclude", one, WANTED);
            return None;
        }
    };
    match ExcludeForm::dates(&dates, zone) {
        Ok(form) => Some(form),
        Err(error) => {
            table.problems().error(one.span().start, error.to_string());
            None
        }
    }
}

fn instants(table: Table<'_>) -> Option<ExcludeForm> {
    table.allow(&["from", "until", "opens", "for"]);
    for key in ["from", "until"] {
        if !table.has(key) {
            let message = format!(
                "an exclusion has no `{key}`: write `{{ from = 2026-03-01T08:00:00Z, until = \
                 2026-03-01T12:00:00Z }}` or `{{ opens = \"0 22 * * *\", for = \"8h\" }}`"
            );
            table.problems().missing(table.at, message);
        }
    }
    let (from, until) = (trigger::instant(table, "from"), trigger::instant(table, "until"));
    Some(ExcludeForm::instants(from?, until?))
}

fn window(table: Table<'_>, zone: &str) -> Option<ExcludeForm> {
    table.allow(&["opens", "for"]);
    // A pattern starts with a minute, any other trigger with its kind.
    let is_pattern = |text: &&str| !text.starts_with(|c: char| c.is_ascii_lowercase() || c == '{');
    let text = table.value("opens").and_then(|value| value.get_ref().as_str());
    let opens = match text.filter(is_pattern) {
        Some(pattern) => Some(TriggerForm::Cron(CronForm::new(pattern, zone))),
        None => trigger::stored::read(table, "opens"),
    };
    if !table.has("for") {
        let message = "an excluded window has no `for`: write how long it lasts, such as `for = \
                       \"8h\"`";
        table.problems().missing(table.at, message.to_owned());
    }
    let length = table.span("for", Span::from_micros(1));
    Some(ExcludeForm::windows(opens?, length?))
}
