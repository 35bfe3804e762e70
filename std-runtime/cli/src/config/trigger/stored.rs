//! A trigger in its stored form, as a text of JSON or as the same table in TOML.

use mainspring_contract::trigger::TriggerForm;
use serde_json::{Map, Value};
use toml::de::DeValue;

use super::Table;

/// Reads the key `key`.
pub(in crate::config) fn read(table: Table<'_>, key: &str) -> Option<TriggerForm> {
    let value = table.value(key)?;
    let at = value.span().start;
    let json = match value.get_ref() {
        DeValue::String(text) => text.to_string(),
        inner @ DeValue::Table(_) => json(inner).to_string(),
        _ => {
            let wanted = "write the JSON of a trigger as a text, or the same as a table";
            table.wrong(key, value, wanted);
            return None;
        }
    };
    match TriggerForm::from_json(&json) {
        Ok(form) => Some(form),
        Err(error) => {
            let mut message = error.to_string();
            let mut place = None;
            if let Some((line, column)) = error.place() {
                let tail = format!(" at line {line} column {column}");
                place = table.place_in(value, (line, column));
                // Where the text is not in the file as it is read, the tail is all there is to
                // go by, and in a table it would point into JSON that nobody wrote.
                if place.is_some() || value.get_ref().is_table() {
                    message.truncate(message.strip_suffix(&tail).map_or(message.len(), str::len));
                }
            }
            table.problems().error(place.unwrap_or(at), format!("`{key}`: {message}"));
            None
        }
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
