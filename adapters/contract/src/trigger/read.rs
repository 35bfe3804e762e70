//! Reads triggers as people write them; the [parent](super) tells the grammar.
//!
//! One pass from left to right. Whatever cannot be read is named with its bytes and with what to
//! write instead.

use core::fmt::Display;
use core::ops::Range;
use core::str::FromStr;
use std::borrow::Cow;

use mainspring_core::limits::TRIGGER_DEPTH;
use mainspring_core::time::{Span, Timestamp};
use mainspring_core::trigger::{Dialect, Dst, Fold, Gap};
use serde_json::Value;

use super::words::{
    CLAUSES, KINDS, example, is_reserved, listed, no_clause, no_kind, shown, word_at,
};
use super::{
    AllForm, AnyForm, AtForm, CalendarForm, CronForm, CustomForm, EveryForm, TriggerForm,
    TriggerFormError, too_deep,
};

type Result<T> = core::result::Result<T, TriggerFormError>;

/// Reads one trigger, which is all there is in the text.
pub(super) fn read(text: &str) -> Result<TriggerForm> {
    let mut reader = Reader { text, at: 0, depth: 0 };
    let form = reader.trigger()?;
    match reader.next() {
        None => Ok(form),
        Some(')') => Err(wrong(reader.at..reader.at + 1, "`)` closes nothing".to_owned())),
        Some(other) => {
            let message = format!("`{other}` stands only between triggers in `any(…)` or `all(…)`");
            Err(wrong(reader.at..reader.at + other.len_utf8(), message))
        }
    }
}

struct Reader<'t> {
    text: &'t str,
    /// The next byte to read.
    at: usize,
    /// Groups that are open.
    depth: usize,
}

/// A piece of the text, or what a quoted one says.
struct Piece<'t> {
    text: Cow<'t, str>,
    span: Range<usize>,
}

impl<'t> Reader<'t> {
    fn trigger(&mut self) -> Result<TriggerForm> {
        self.skip_blanks();
        let from = self.at;
        let rest = &self.text[from..];
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | ';'));
        let word = &rest[..end.unwrap_or(rest.len())];
        self.at += word.len();
        match word {
            "at" => {
                let piece = self.value("`at` needs an instant, such as `2027-01-01T00:00:00Z`")?;
                let time = parse(&piece)?;
                self.clauses("at").map(|_| TriggerForm::At(AtForm { time }))
            }
            "every" => self.every(),
            "cron" => self.cron(),
            "calendar" => self.calendar(),
            "any" => {
                let of = self.group("any")?;
                let found = self.clauses("any")?;
                let (start, end) = found.bounds()?;
                Ok(TriggerForm::Any(AnyForm { of, start, end }))
            }
            "all" => {
                let mut form = AllForm::new(self.group("all")?);
                let found = self.clauses("all")?;
                form.threshold = found.parsed("within")?.unwrap_or(form.threshold);
                (form.start, form.end) = found.bounds()?;
                Ok(TriggerForm::All(form))
            }
            "custom" => self.custom(),
            _ => Err(wrong(from..self.at, no_kind(word, rest))),
        }
    }

    fn every(&mut self) -> Result<TriggerForm> {
        let piece = self.amount("`every` needs a span, such as `15m`")?;
        let span = parse::<Span>(&piece)?;
        let found = self.clauses("every")?;
        let anchor = found.parsed("anchor")?;
        let (start, end) = found.bounds()?;
        Ok(TriggerForm::Every(EveryForm { span, anchor, start, end }))
    }

    fn cron(&mut self) -> Result<TriggerForm> {
        const MISSING: &str = "`cron` needs a pattern, such as `0 9 * * mon-fri`";
        let expr = if self.next() == Some('"') {
            self.value(MISSING)?.text.into_owned()
        } else {
            let mut words = Vec::new();
            while let Some(word) = self.word().filter(|word| !is_reserved(&word.text)) {
                self.at = word.span.end;
                words.push(word.text);
            }
            if words.is_empty() {
                return Err(wrong(self.here(), MISSING.to_owned()));
            }
            words.join(" ")
        };
        let found = self.clauses("cron")?;
        let zone = found.text("in").unwrap_or("UTC");
        let mut form = CronForm::new(expr, zone);
        let dialects = [
            ("crontab", Dialect::Crontab),
            ("quartz", Dialect::Quartz),
            ("apscheduler", Dialect::ApScheduler),
        ];
        form.dialect = found.one_of("dialect", &dialects)?.unwrap_or_default();
        form.seed = found.text("seed").map(str::to_owned);
        form.dst = found.dst(Dst::LITERAL)?;
        (form.start, form.end) = found.bounds()?;
        Ok(TriggerForm::Cron(form))
    }

    fn calendar(&mut self) -> Result<TriggerForm> {
        let piece = self.amount("`calendar` needs a distance, such as `1mo` or `1y2mo3w4d`")?;
        let [years, months, weeks, days] =
            period(&piece.text).map_err(|message| wrong(piece.span, message))?;
        let found = self.clauses("calendar")?;
        let mut form = CalendarForm::new(found.text("in").unwrap_or("UTC"));
        (form.years, form.months, form.weeks, form.days) = (years, months, weeks, days);
        form.anchor = found.parsed("anchor")?;
        form.time = found.parsed("at")?.unwrap_or_default();
        form.dst = found.dst(Dst::LITERAL_CALENDAR)?;
        (form.start, form.end) = found.bounds()?;
        Ok(TriggerForm::Calendar(form))
    }

    fn custom(&mut self) -> Result<TriggerForm> {
        let name = self.value("`custom` needs the name of a trigger, such as `full-moon`")?;
        let mut arguments = Value::Null;
        if !matches!(self.next(), None | Some(';' | ')')) {
            let (from, rest) = (self.at, &self.text[self.at..]);
            let json = &rest[..json_length(rest)];
            self.at += json.len();
            arguments = serde_json::from_str(json)
                .map_err(|error| no_json(json, from, "the arguments", &error))?;
        }
        self.clauses("custom")?;
        Ok(TriggerForm::Custom(CustomForm { name: name.text.into_owned(), arguments }))
    }

    /// The triggers in brackets after `any` or `all`.
    fn group(&mut self, kind: &str) -> Result<Vec<TriggerForm>> {
        if self.next() != Some('(') {
            let message = format!("`{kind}` needs triggers in brackets: `{}`", example(kind));
            return Err(wrong(self.here(), message));
        }
        let open = self.at..self.at + 1;
        self.at += 1;
        self.depth += 1;
        if self.depth > TRIGGER_DEPTH {
            return Err(wrong(open, too_deep()));
        }
        let mut of = Vec::new();
        // Brackets with nothing in them can be read, and are refused where triggers are compiled.
        while !(of.is_empty() && self.next() == Some(')')) {
            of.push(self.trigger().map_err(|error| self.comma(error))?);
            match self.next() {
                Some(';') => self.at += 1,
                Some(')') => break,
                _ => return Err(wrong(open, "this bracket is not closed".to_owned())),
            }
        }
        self.at += 1;
        self.depth -= 1;
        Ok(of)
    }

    /// An error as it is, unless it is about a comma after a child.
    fn comma(&self, error: TriggerFormError) -> TriggerFormError {
        let span = error.span.clone().unwrap_or_default();
        match self.text.get(span.clone()).filter(|at_fault| at_fault.ends_with(',')) {
            Some(_) => {
                let comma = span.end - 1..span.end;
                wrong(comma, "triggers in brackets are separated by `;`".to_owned())
            }
            None => error,
        }
    }

    /// Everything up to the end of the trigger.
    fn clauses(&mut self, kind: &'static str) -> Result<Clauses<'t>> {
        let mut found = Clauses(Vec::new());
        while let Some(word) = self.word() {
            let allowed = KINDS.iter().find(|row| row.0 == kind).map_or(&[][..], |row| row.1);
            let Some((name, wanted)) = CLAUSES.into_iter().find(|(name, _)| *name == word.text)
            else {
                return Err(wrong(word.span, no_clause(&word.text, kind, allowed)));
            };
            if !allowed.contains(&name) {
                let message = format!("`{name}` does not go with `{kind}`{}", listed(allowed));
                return Err(wrong(word.span, message));
            }
            if found.get(name).is_some() {
                return Err(wrong(word.span, format!("`{name}` is given twice")));
            }
            self.at = word.span.end;
            let missing = format!("`{name}` needs {wanted}");
            let value =
                if name == "within" { self.amount(&missing)? } else { self.value(&missing)? };
            found.0.push((name, value));
        }
        Ok(found)
    }

    /// Numbers with units: one word, and more words that begin with a digit.
    fn amount(&mut self, missing: &str) -> Result<Piece<'t>> {
        let mut piece = self.value(missing)?;
        while let Some(word) =
            self.word().filter(|w| w.text.starts_with(|c: char| c.is_ascii_digit()))
        {
            self.at = word.span.end;
            piece.text.to_mut().push_str(&word.text);
            piece.span.end = word.span.end;
        }
        Ok(piece)
    }

    /// A word that says nothing about what comes next, or a quoted text.
    fn value(&mut self, missing: &str) -> Result<Piece<'t>> {
        if self.next() == Some('"') {
            return self.quoted();
        }
        match self.word().filter(|word| !is_reserved(&word.text)) {
            Some(word) => {
                self.at = word.span.end;
                Ok(word)
            }
            None => Err(wrong(self.here(), missing.to_owned())),
        }
    }

    /// A text between quotes, with the escapes of JSON.
    fn quoted(&mut self) -> Result<Piece<'t>> {
        let rest = &self.text[self.at..];
        let quoted = &rest[..json_length(rest)];
        let span = self.at..self.at + quoted.len();
        match serde_json::from_str::<String>(quoted) {
            Ok(text) => {
                self.at = span.end;
                Ok(Piece { text: Cow::Owned(text), span })
            }
            Err(error) => Err(no_json(quoted, self.at, "the text", &error)),
        }
    }

    /// The next word, which stays where it is; `None` at the end of a trigger.
    fn word(&mut self) -> Option<Piece<'t>> {
        self.skip_blanks();
        let word = word_at(&self.text[self.at..]);
        let span = self.at..self.at + word.len();
        (!word.is_empty()).then_some(Piece { text: Cow::Borrowed(word), span })
    }

    /// The next character that is no blank.
    fn next(&mut self) -> Option<char> {
        self.skip_blanks();
        self.text[self.at..].chars().next()
    }

    fn skip_blanks(&mut self) {
        self.at = self.text.len() - self.text[self.at..].trim_start().len();
    }

    /// What stands here, for a message about something that does not.
    fn here(&mut self) -> Range<usize> {
        self.skip_blanks();
        self.at..self.at + word_at(&self.text[self.at..]).len()
    }
}

/// What follows a kind, by name, in the order of the text.
struct Clauses<'t>(Vec<(&'static str, Piece<'t>)>);

impl Clauses<'_> {
    fn get(&self, name: &str) -> Option<&Piece<'_>> {
        self.0.iter().find(|(found, _)| *found == name).map(|(_, piece)| piece)
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.get(name).map(|piece| &*piece.text)
    }

    fn parsed<T: FromStr<Err: Display>>(&self, name: &str) -> Result<Option<T>> {
        self.get(name).map(parse).transpose()
    }

    fn bounds(&self) -> Result<(Option<Timestamp>, Option<Timestamp>)> {
        Ok((self.parsed("start")?, self.parsed("end")?))
    }

    fn one_of<T: Copy>(&self, name: &str, words: &[(&str, T)]) -> Result<Option<T>> {
        let Some(piece) = self.get(name) else { return Ok(None) };
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == piece.text) {
            return Ok(Some(*value));
        }
        let words: Vec<_> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
        let message = format!("`{name}` is one of {}", words.join(", "));
        Err(wrong(piece.span.clone(), message))
    }

    /// The policy; `literal` is what that word means for the trigger.
    fn dst(&self, literal: Dst) -> Result<Dst> {
        let preset = self.one_of("dst", &[("once", Dst::ONCE), ("literal", literal)])?;
        let gaps = [("skip", Gap::Skip), ("at_end", Gap::AtEnd), ("shift", Gap::Shift)];
        let folds = [("first", Fold::First), ("second", Fold::Second), ("both", Fold::Both)];
        let Dst { gap, fold } = preset.unwrap_or_default();
        let part = self.get("gap").or_else(|| self.get("fold"));
        if let (Some(_), Some(part)) = (preset, part) {
            let message = "write either `dst` or `gap` and `fold`".to_owned();
            return Err(wrong(part.span.clone(), message));
        }
        Ok(Dst {
            gap: self.one_of("gap", &gaps)?.unwrap_or(gap),
            fold: self.one_of("fold", &folds)?.unwrap_or(fold),
        })
    }
}

fn parse<T: FromStr<Err: Display>>(piece: &Piece<'_>) -> Result<T> {
    piece
        .text
        .parse()
        .map_err(|error| wrong(piece.span.clone(), format!("`{}`: {error}", shown(&piece.text))))
}

const fn wrong(span: Range<usize>, message: String) -> TriggerFormError {
    TriggerFormError { message, span: Some(span), line: None }
}

/// What is wrong with JSON at the byte `at`, and where in it.
fn no_json(json: &str, at: usize, what: &str, error: &serde_json::Error) -> TriggerFormError {
    let inner = TriggerFormError::of_json(json, error);
    let message = format!("{what} `{}`: {} (write JSON)", shown(json), inner.message);
    let span = inner.span.unwrap_or(0..json.len());
    wrong(at + span.start..at + span.end, message)
}

/// Years, months, weeks and days: `1y2mo3w4d`.
fn period(text: &str) -> core::result::Result<[u32; 4], String> {
    const UNITS: [&str; 4] = ["y", "mo", "w", "d"];
    let no = |why: &str| {
        let text = shown(text);
        format!(
            "`{text}`: {why} (write for example `1mo`, `2w` or `1y2mo3w4d`; units: y, mo, w, d)"
        )
    };
    let mut parts = [None; 4];
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, tail) = rest.split_at(digits);
        let length = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(length);
        if number.is_empty() {
            return Err(no("a number is missing"));
        }
        let place = match unit {
            "" => return Err(no("a unit is missing")),
            "m" => return Err(no("a month is `mo`")),
            _ => UNITS.iter().position(|known| *known == unit),
        };
        let place = place.ok_or_else(|| no("unknown unit"))?;
        let number = number.parse().map_err(|_| no("a number is too large"))?;
        if parts[place].replace(number).is_some() {
            return Err(no("a unit is given twice"));
        }
        rest = tail;
    }
    Ok(parts.map(Option::unwrap_or_default))
}

/// How long the JSON value is that the text begins with, as far as that can be told without
/// reading it.
fn json_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let is_nested = matches!(bytes.first(), Some(b'{' | b'[' | b'"'));
    let (mut open, mut in_text, mut escaped) = (0_usize, false, false);
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b'{' | b'[' => open += 1,
            b'}' | b']' => open = open.saturating_sub(1),
            b';' | b')' if !is_nested => return at,
            _ if !is_nested && byte.is_ascii_whitespace() => return at,
            _ => {}
        }
        if is_nested && open == 0 && !in_text {
            return at + 1;
        }
    }
    text.len()
}
