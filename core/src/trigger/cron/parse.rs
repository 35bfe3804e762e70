//! Text → sets: a text in words, each word a field, as a `const fn`.

use super::compile::{Draft, Set};
use super::item::Reader;
use super::named;
use super::{CronError, CronErrorKind, Dialect, Field};
use crate::limits::CRON_TEXT_LIMIT;

/// How a text is read.
#[derive(Clone, Copy)]
pub(super) struct Syntax {
    pub(super) dialect: Dialect,
    /// Years, `L`, `W`, `#` and `H` are wanted.
    pub(super) extended: bool,
    /// What `H` depends on.
    pub(super) seed: Option<u64>,
}

impl Syntax {
    /// What a [`Cron`](super::Cron) has room for.
    pub(super) const PLAIN: Self = Self { dialect: Dialect::Crontab, extended: false, seed: None };

    pub(super) const fn extended(dialect: Dialect, seed: Option<u64>) -> Self {
        Self { dialect, extended: true, seed }
    }

    /// How many fields there are in words, and at least, and at most.
    const fn fields(self) -> (&'static str, u16, u16) {
        match (self.dialect, self.extended) {
            (Dialect::Crontab, false) => ("five or six", 5, 6),
            (Dialect::Crontab, true) => ("five, six or seven", 5, 7),
            (Dialect::Quartz, _) => ("six or seven", 6, 7),
            (Dialect::ApScheduler, _) => ("five", 5, 5),
        }
    }
}

/// The most words that any dialect has.
const WORDS: usize = 7;

pub(super) const fn error(
    kind: CronErrorKind,
    field: Option<Field>,
    start: usize,
    end: usize,
) -> CronError {
    #[expect(clippy::cast_possible_truncation, reason = "positions are at most CRON_TEXT_LIMIT")]
    CronError { kind, field, start: start as u16, end: end as u16 }
}

pub(super) const fn parse(text: &[u8], syntax: Syntax) -> Result<Draft, CronError> {
    if text.len() > CRON_TEXT_LIMIT {
        return Err(error(CronErrorKind::TooLong, None, 0, 0));
    }
    let named = matches!(syntax.dialect, Dialect::ApScheduler);
    let (starts, ends, count) = split(text);
    // No field at all is a pattern, too.
    if named && (count == 0 || find(text, 0, text.len(), b'=') < text.len()) {
        return named::parse(text, syntax);
    }
    if count > 0 && text[starts[0]] == b'@' {
        return from_macro(text, (starts[0], ends[0]), count, syntax);
    }
    let (needed, least, most) = syntax.fields();
    if count < least || count > most {
        let kind = CronErrorKind::FieldCount { found: count, needed };
        return Err(error(kind, None, 0, text.len()));
    }
    let mut draft = Draft::EMPTY;
    draft.both = !matches!(syntax.dialect, Dialect::Crontab);
    draft.nth_in_day = named;
    let mut field = if count == 5 { 1 } else { 0 };
    let mut word = 0;
    while word < count as usize {
        let mut reader =
            Reader { text, at: starts[word], end: ends[word], field: FIELDS[field], syntax };
        let set = match reader.field(&mut draft) {
            Ok(set) => set,
            Err(error) => return Err(error),
        };
        draft.put(FIELDS[field], set);
        word += 1;
        field += 1;
    }
    Ok(draft)
}

/// The order of fields in a text without names.
const FIELDS: [Field; WORDS] = [
    Field::Second,
    Field::Minute,
    Field::Hour,
    Field::Day,
    Field::Month,
    Field::Weekday,
    Field::Year,
];

impl Draft {
    /// Sets a field; years are where the reader put them.
    pub(super) const fn put(&mut self, field: Field, set: Set) {
        match field {
            Field::Second => self.seconds = set,
            Field::Minute => self.minutes = set,
            Field::Hour => self.hours = set,
            Field::Day => self.days = set,
            Field::Month => self.months = set,
            Field::Weekday => self.weekdays = set,
            Field::Week => self.weeks = set,
            Field::Year => {}
        }
    }
}

/// Where the first words start and end, and how many words there are.
const fn split(text: &[u8]) -> ([usize; WORDS], [usize; WORDS], u16) {
    let (mut starts, mut ends) = ([0; WORDS], [0; WORDS]);
    let mut count = 0;
    let mut at = 0;
    while at < text.len() {
        if is_blank(text[at]) {
            at += 1;
            continue;
        }
        let start = at;
        while at < text.len() && !is_blank(text[at]) {
            at += 1;
        }
        if (count as usize) < WORDS {
            starts[count as usize] = start;
            ends[count as usize] = at;
        }
        count += 1;
    }
    (starts, ends, count)
}

pub(super) const fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

const fn from_macro(
    text: &[u8],
    (start, end): (usize, usize),
    words: u16,
    syntax: Syntax,
) -> Result<Draft, CronError> {
    if !matches!(syntax.dialect, Dialect::Crontab) {
        let kind = CronErrorKind::Foreign { byte: b'@', dialect: syntax.dialect };
        return Err(error(kind, None, start, end));
    }
    let pattern = if is_word(text, start + 1, end, "every") {
        return Err(error(CronErrorKind::Every, None, start, text.len()));
    } else if is_word(text, start + 1, end, "reboot") {
        return Err(error(CronErrorKind::Reboot, None, start, end));
    } else if words > 1 {
        return Err(error(CronErrorKind::UnknownMacro, None, start, text.len()));
    } else if is_word(text, start + 1, end, "yearly") || is_word(text, start + 1, end, "annually") {
        "0 0 1 1 *"
    } else if is_word(text, start + 1, end, "monthly") {
        "0 0 1 * *"
    } else if is_word(text, start + 1, end, "weekly") {
        "0 0 * * 0"
    } else if is_word(text, start + 1, end, "daily") || is_word(text, start + 1, end, "midnight") {
        "0 0 * * *"
    } else if is_word(text, start + 1, end, "hourly") {
        "0 * * * *"
    } else {
        return Err(error(CronErrorKind::UnknownMacro, None, start, end));
    };
    parse(pattern.as_bytes(), syntax)
}

pub(super) const fn is_word(text: &[u8], start: usize, end: usize, word: &str) -> bool {
    end - start == word.len() && common_prefix(text, start, end, word) == word.len()
}

/// How many letters the text shares with a lower-case word, in any case.
pub(super) const fn common_prefix(text: &[u8], start: usize, end: usize, word: &str) -> usize {
    let word = word.as_bytes();
    let mut i = 0;
    while start + i < end && i < word.len() && text[start + i].to_ascii_lowercase() == word[i] {
        i += 1;
    }
    i
}

/// The first `byte` in the stretch, or its end.
pub(super) const fn find(text: &[u8], start: usize, end: usize, byte: u8) -> usize {
    let mut at = start;
    while at < end && text[at] != byte {
        at += 1;
    }
    at
}
