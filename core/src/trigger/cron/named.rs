//! APScheduler's fields by name: `day=2nd wed hour=9`.

use super::compile::{Draft, Set};
use super::item::Reader;
use super::parse::{Syntax, error, find, is_blank, is_word};
use super::{CronError, CronErrorKind, Field};

/// Their names, from the longest stretch of time to the shortest.
pub(super) const FIELDS: [(&str, Field); 8] = [
    ("year", Field::Year),
    ("month", Field::Month),
    ("day", Field::Day),
    ("week", Field::Week),
    ("day_of_week", Field::Weekday),
    ("hour", Field::Hour),
    ("minute", Field::Minute),
    ("second", Field::Second),
];

/// A value reaches up to the next name before a `=`, so it may contain blanks.
pub(super) const fn parse(text: &[u8], syntax: Syntax) -> Result<Draft, CronError> {
    let mut draft = Draft::EMPTY;
    (draft.both, draft.nth_in_day) = (true, true);
    let mut given = [false; FIELDS.len()];
    let mut at = 0;
    loop {
        while at < text.len() && is_blank(text[at]) {
            at += 1;
        }
        if at == text.len() {
            break;
        }
        let equals = find(text, at, text.len(), b'=');
        let name_end = trimmed(text, at, equals);
        let mut which = 0;
        while which < FIELDS.len() && !is_word(text, at, name_end, FIELDS[which].0) {
            which += 1;
        }
        if which == FIELDS.len() || equals == text.len() {
            return Err(error(CronErrorKind::UnknownField, None, at, name_end));
        }
        if given[which] {
            return Err(error(CronErrorKind::Repeated, Some(FIELDS[which].1), at, name_end));
        }
        let mut start = equals + 1;
        while start < text.len() && is_blank(text[start]) {
            start += 1;
        }
        let next = next_name(text, start);
        let end = if next > start { trimmed(text, start, next) } else { start };
        let mut reader = Reader { text, at: start, end, field: FIELDS[which].1, syntax };
        match reader.field(&mut draft) {
            Ok(set) => draft.put(FIELDS[which].1, set),
            Err(error) => return Err(error),
        }
        given[which] = true;
        at = next;
    }
    fill(&mut draft, &given);
    Ok(draft)
}

/// Fields before the last given one are `*`; those after it have their smallest value.
const fn fill(draft: &mut Draft, given: &[bool; FIELDS.len()]) {
    let mut seen = false;
    let mut i = FIELDS.len();
    while i > 0 {
        i -= 1;
        seen |= given[i];
        if given[i] {
            continue;
        }
        let field = FIELDS[i].1;
        let (min, max) = field.range();
        let always = seen || matches!(field, Field::Week | Field::Weekday | Field::Year);
        let set = match field {
            Field::Year => Set::EMPTY,
            _ if always => Set { bits: all(min, max), star: true, flows: true },
            Field::Month | Field::Day => Set::ONE,
            _ => Set::ZERO,
        };
        draft.put(field, set);
    }
}

const fn all(min: u32, max: u32) -> u64 {
    u64::MAX >> (63 - max) & u64::MAX << min
}

/// Where the next `name =` begins, or the text's end.
const fn next_name(text: &[u8], from: usize) -> usize {
    let equals = find(text, from, text.len(), b'=');
    if equals == text.len() {
        return equals;
    }
    let mut at = trimmed(text, from, equals);
    while at > from && !is_blank(text[at - 1]) {
        at -= 1;
    }
    at
}

/// The end of a stretch without the blanks before it.
const fn trimmed(text: &[u8], start: usize, end: usize) -> usize {
    let mut end = end;
    while end > start && is_blank(text[end - 1]) {
        end -= 1;
    }
    end
}
