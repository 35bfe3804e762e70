//! Writes triggers for people; reading the text gives the same form.

use core::fmt::{self, Display, Formatter};

use mainspring_core::time::Timestamp;
use mainspring_core::trigger::{Dialect, Dst, Fold, Gap};

use super::words::{is_reserved, word_at};
use super::{AllForm, CalendarForm, CronForm, TriggerForm};

impl Display for TriggerForm {
    /// The text form, in which parts with their usual value are left out.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(form) => write!(f, "at {}", form.time),
            Self::Every(form) => {
                write!(f, "every {}", form.span)?;
                clause(f, "anchor", form.anchor)?;
                bounds(f, form.start, form.end)
            }
            Self::Cron(form) => cron(form, f),
            Self::Calendar(form) => calendar(form, f),
            Self::Any(form) => {
                group("any", &form.of, f)?;
                bounds(f, form.start, form.end)
            }
            Self::All(form) => {
                group("all", &form.of, f)?;
                let usual = AllForm::new(Vec::new()).threshold;
                clause(f, "within", Some(form.threshold).filter(|span| *span != usual))?;
                bounds(f, form.start, form.end)
            }
            Self::Custom(form) => {
                write!(f, "custom {}", Word(&form.name))?;
                if form.arguments.is_null() { Ok(()) } else { write!(f, " {}", form.arguments) }
            }
        }
    }
}

fn cron(form: &CronForm, f: &mut Formatter<'_>) -> fmt::Result {
    let words: Vec<_> = form.expr.split(' ').collect();
    if words.iter().all(|word| is_word(word)) {
        write!(f, "cron {}", form.expr)?;
    } else {
        write!(f, "cron {}", Quoted(&form.expr))?;
    }
    zone(f, &form.zone)?;
    clause(
        f,
        "dialect",
        match form.dialect {
            Dialect::Crontab => None,
            Dialect::Quartz => Some("quartz"),
            Dialect::ApScheduler => Some("apscheduler"),
        },
    )?;
    clause(f, "seed", form.seed.as_deref().map(Word))?;
    policy(f, form.dst, Dst::LITERAL)?;
    bounds(f, form.start, form.end)
}

fn calendar(form: &CalendarForm, f: &mut Formatter<'_>) -> fmt::Result {
    f.write_str("calendar ")?;
    let parts = [(form.years, "y"), (form.months, "mo"), (form.weeks, "w"), (form.days, "d")];
    for (number, unit) in parts.into_iter().filter(|(number, _)| *number > 0) {
        write!(f, "{number}{unit}")?;
    }
    if parts.iter().all(|(number, _)| *number == 0) {
        f.write_str("0d")?;
    }
    clause(f, "anchor", form.anchor)?;
    let time = form.time;
    if time.second() > 0 {
        clause(f, "at", Some(time))?;
    } else if time.as_secs() > 0 {
        write!(f, " at {:02}:{:02}", time.hour(), time.minute())?;
    }
    zone(f, &form.zone)?;
    policy(f, form.dst, Dst::LITERAL_CALENDAR)?;
    bounds(f, form.start, form.end)
}

fn group(kind: &str, of: &[TriggerForm], f: &mut Formatter<'_>) -> fmt::Result {
    write!(f, "{kind}(")?;
    for (index, form) in of.iter().enumerate() {
        write!(f, "{}{form}", if index == 0 { "" } else { "; " })?;
    }
    f.write_str(")")
}

fn zone(f: &mut Formatter<'_>, name: &str) -> fmt::Result {
    clause(f, "in", Some(Word(name)).filter(|name| name.0 != "UTC"))
}

/// The policy, unless it is the usual one; `literal` is what that word means for the trigger.
fn policy(f: &mut Formatter<'_>, dst: Dst, literal: Dst) -> fmt::Result {
    if dst == Dst::ONCE {
        return Ok(());
    }
    if dst == literal {
        return f.write_str(" dst literal");
    }
    let gap = match dst.gap {
        Gap::Skip => "skip",
        Gap::AtEnd => "at_end",
        Gap::Shift => "shift",
    };
    let fold = match dst.fold {
        Fold::First => "first",
        Fold::Second => "second",
        Fold::Both => "both",
    };
    write!(f, " gap {gap} fold {fold}")
}

fn bounds(f: &mut Formatter<'_>, start: Option<Timestamp>, end: Option<Timestamp>) -> fmt::Result {
    clause(f, "start", start)?;
    clause(f, "end", end)
}

fn clause<T: Display>(f: &mut Formatter<'_>, name: &str, value: Option<T>) -> fmt::Result {
    value.map_or(Ok(()), |value| write!(f, " {name} {value}"))
}

/// A text as one word, in quotes unless it can be read without.
struct Word<'t>(&'t str);

impl Display for Word<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if is_word(self.0) { f.write_str(self.0) } else { Quoted(self.0).fmt(f) }
    }
}

struct Quoted<'t>(&'t str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        serde_json::Value::from(self.0).fmt(f)
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && word_at(text) == text
        && !is_reserved(text)
        && !text.contains(|c: char| c == '"' || c.is_control())
        && text.matches('(').count() == text.matches(')').count()
}
