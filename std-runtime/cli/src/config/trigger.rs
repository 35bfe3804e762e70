//! When a schedule fires: `cron`, `every` or `at`, with their bounds.

use mainspring_core::time::{Span, Timestamp};
use mainspring_core::trigger::{Cron, Dst, Fold, Gap};
use toml::de::DeValue;

use super::table::{At, Table, list};

/// The keys of a trigger.
pub(super) const KEYS: [&str; 7] = ["cron", "every", "at", "zone", "dst", "start", "end"];

const KINDS: [&str; 3] = ["cron", "every", "at"];

/// A rule for instants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trigger {
    /// A cron expression.
    Cron {
        /// The fields.
        expr: String,
        /// The zone's name; `local` is the host's.
        zone: String,
        /// What to do about clock changes.
        dst: Dst,
        /// Not before.
        start: Option<Timestamp>,
        /// Not after.
        end: Option<Timestamp>,
    },
    /// Once in a while.
    Every {
        /// The while.
        span: Span,
        /// Not before, and where counting starts; `None`: the Unix epoch, so that a restart does
        /// not move the instants.
        start: Option<Timestamp>,
        /// Not after.
        end: Option<Timestamp>,
    },
    /// Once.
    At(Timestamp),
}

/// Reads the trigger of a schedule; `zone` is the file's own.
pub(super) fn read(table: Table<'_>, zone: Option<&At<String>>) -> Option<Trigger> {
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
    if kind != "cron" {
        table.refuse(&["zone", "dst"], "only goes with `cron`: remove it");
    }
    if kind == "at" {
        table.refuse(&["start", "end"], "does not go with `at`: remove it");
        return instant(table, "at").map(Trigger::At);
    }
    let (start, end) = (instant(table, "start"), instant(table, "end"));
    if let (Some(start), Some(end)) = (start, end)
        && end < start
    {
        table.problems().error(table.at, format!("`end` ({end}) is before `start` ({start})"));
    }
    if kind == "every" {
        let span = table.span("every", Span::from_millis(1))?;
        return Some(Trigger::Every { span, start, end });
    }
    let own = table.text("zone", "\"Europe/Berlin\"");
    let zone = own.as_ref().or(zone).map_or("UTC", |zone| &zone.value).to_owned();
    let dst = dst(table);
    let expr = expression(table)?;
    Some(Trigger::Cron { expr, zone, dst: dst?, start, end })
}

fn expression(table: Table<'_>) -> Option<String> {
    let text = table.text("cron", "\"30 2 * * *\"")?;
    if let Err(error) = Cron::parse(&text.value) {
        let shown = text.value.escape_debug();
        table.problems().error(text.at, format!("`cron` is \"{shown}\": {error}"));
        return None;
    }
    Some(text.value)
}

/// An instant: a TOML date-time with an offset, or the same as a text.
fn instant(table: Table<'_>, key: &str) -> Option<Timestamp> {
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

fn dst(table: Table<'_>) -> Option<Dst> {
    let Some(value) = table.value("dst") else { return Some(Dst::ONCE) };
    let Some(inner) = value.get_ref().as_table() else {
        return table.word("dst", &[("once", Dst::ONCE), ("literal", Dst::LITERAL)]);
    };
    let inner = table.inner("`dst`", value.span().start, inner);
    inner.allow(&["gap", "fold"]);
    let gaps = [("skip", Gap::Skip), ("at_end", Gap::AtEnd), ("shift", Gap::Shift)];
    let folds = [("first", Fold::First), ("second", Fold::Second), ("both", Fold::Both)];
    let gap = if inner.has("gap") { inner.word("gap", &gaps) } else { Some(Dst::ONCE.gap) };
    let fold = if inner.has("fold") { inner.word("fold", &folds) } else { Some(Dst::ONCE.fold) };
    Some(Dst { gap: gap?, fold: fold? })
}
