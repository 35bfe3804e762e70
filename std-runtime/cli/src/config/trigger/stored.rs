//! A trigger as text, as a text of JSON, or as the same table in TOML.

use mainspring::zone;
use mainspring_contract::trigger::TriggerForm;
use serde_json::{Map, Value};
use toml::de::DeValue;

use super::Table;

/// Reads the key `key`.
pub(in crate::config) fn read(table: Table<'_>, key: &str) -> Option<TriggerForm> {
    let value = table.value(key)?;
    let at = value.span().start;
    let written = match value.get_ref() {
        DeValue::String(text) => text.to_string(),
        inner @ DeValue::Table(_) => json(inner).to_string(),
        _ => {
            let wanted = "write a trigger, such as `trigger = \"cron 0 9 * * mon-fri\"`, \
                          its JSON as a text, or the same as a table";
            table.wrong(key, value, wanted);
            return None;
        }
    };
    match written.parse::<TriggerForm>() {
        Ok(mut form) => {
            name_zones(&mut form);
            Some(form)
        }
        Err(error) => {
            let place = error.span().and_then(|span| table.place_in(value, span.start));
            // Where the text is not in the file as it is read, its own bytes are all there is to go
            // by, and in a table they would point into JSON that nobody wrote.
            let message = if place.is_some() || value.get_ref().is_table() {
                error.reason().to_owned()
            } else {
                error.to_string()
            };
            table.problems().error(place.unwrap_or(at), format!("`{key}`: {message}"));
            None
        }
    }
}

/// Puts the host's zone in the place of `local`, so that what is stored means the same on every
/// node.
pub(crate) fn name_zones(form: &mut TriggerForm) {
    let name = |zone: &mut String| {
        if zone == "local" {
            *zone = zone::local_name();
        }
    };
    match form {
        TriggerForm::Cron(cron) => name(&mut cron.zone),
        TriggerForm::Calendar(calendar) => name(&mut calendar.zone),
        TriggerForm::Any(any) => any.of.iter_mut().for_each(name_zones),
        TriggerForm::All(all) => all.of.iter_mut().for_each(name_zones),
        _ => {}
    }
}

/// The same value in JSON; instants become texts. Numbers are digits as they stand.
fn json(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::from(text.as_ref()),
        DeValue::Integer(number) => {
            let number = i64::from_str_radix(number.as_str(), number.radix());
            number.map_or(Value::Null, Value::from)
        }
        DeValue::Float(number) => number.as_str().parse::<f64>().map_or(Value::Null, Value::from),
        DeValue::Boolean(flag) => Value::from(*flag),
        DeValue::Datetime(time) => Value::from(time.to_string()),
        DeValue::Array(values) => values.iter().map(|value| json(value.get_ref())).collect(),
        DeValue::Table(table) => {
            let entries = table.iter();
            let entries =
                entries.map(|(key, value)| (key.get_ref().to_string(), json(value.get_ref())));
            Value::Object(entries.collect::<Map<_, _>>())
        }
    }
}
