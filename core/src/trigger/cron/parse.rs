//! Text → sets, byte by byte, as a `const fn`.

use super::{Cron, CronError, CronErrorKind, Field};
use crate::limits::CRON_TEXT_LIMIT;

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const WEEKDAYS: [&str; 7] =
    ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
const SHORT_MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const SHORT_WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// The values of one field, and how they were written.
#[derive(Clone, Copy)]
struct Set {
    bits: u64,
    /// The field begins with `*` or is `?`.
    star: bool,
    /// Some item is `*` or has a step.
    flows: bool,
}

/// A stretch of the text, within one field.
#[derive(Clone, Copy)]
struct Part {
    field: Field,
    start: usize,
    end: usize,
}

impl Part {
    const fn new(field: Field, start: usize, end: usize) -> Self {
        Self { field, start, end }
    }

    const fn error<T>(self, kind: CronErrorKind) -> Result<T, CronError> {
        Err(error(kind, Some(self.field), self.start, self.end))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "positions are at most CRON_TEXT_LIMIT")]
const fn error(kind: CronErrorKind, field: Option<Field>, start: usize, end: usize) -> CronError {
    CronError { kind, field, start: start as u16, end: end as u16 }
}

pub(super) const fn parse(text: &[u8]) -> Result<Cron, CronError> {
    if text.len() > CRON_TEXT_LIMIT {
        return Err(error(CronErrorKind::TooLong, None, 0, 0));
    }
    let (starts, ends, count) = split(text);
    if count > 0 && text[starts[0]] == b'@' {
        return from_macro(text, starts[0], ends[0], count);
    }
    if count < 5 || count > 6 {
        return Err(error(CronErrorKind::FieldCount(count), None, 0, text.len()));
    }
    let fields =
        [Field::Second, Field::Minute, Field::Hour, Field::Day, Field::Month, Field::Weekday];
    let missing = (count == 5) as usize;
    let mut sets = [Set { bits: 1, star: false, flows: false }; 6];
    let mut i = missing;
    while i < 6 {
        let part = Part::new(fields[i], starts[i - missing], ends[i - missing]);
        sets[i] = match parse_field(text, part) {
            Ok(set) => set,
            Err(error) => return Err(error),
        };
        i += 1;
    }
    Ok(compile(&sets))
}

#[expect(clippy::cast_possible_truncation, reason = "each set is within its field's range")]
const fn compile(sets: &[Set; 6]) -> Cron {
    let [second, minute, hour, day, month, weekday] = *sets;
    let weekdays = (weekday.bits & 0x7f | weekday.bits >> 7) as u8;
    let mut cron = Cron {
        seconds: second.bits,
        minutes: minute.bits,
        hours: hour.bits as u32,
        days: day.bits as u32,
        months: month.bits as u16,
        weekdays,
        flows: flows(minute, Field::Minute) || flows(hour, Field::Hour),
        either_day: !day.star && !weekday.star,
        possible: true,
    };
    cron.possible = cron.either_day || some_date_exists(cron.months, cron.days);
    cron
}

const fn flows(set: Set, field: Field) -> bool {
    set.flows || set.bits == u64::MAX >> (63 - field.range().1)
}

/// Whether one of the months ever has one of the days. On which weekday does not matter, because
/// each date falls on every weekday within a 400-year cycle.
const fn some_date_exists(months: u16, days: u32) -> bool {
    const LEAP_YEAR: i32 = 2_000;
    let mut month = 1;
    while month <= 12 {
        let last = crate::civil::days_in_month(LEAP_YEAR, month);
        if months >> month & 1 != 0 && days & (u32::MAX >> (31 - last)) != 0 {
            return true;
        }
        month += 1;
    }
    false
}

/// Where the first six words start and end, and how many words there are.
const fn split(text: &[u8]) -> ([usize; 6], [usize; 6], u16) {
    let (mut starts, mut ends) = ([0; 6], [0; 6]);
    let mut count = 0;
    let mut at = 0;
    while at < text.len() {
        if text[at] == b' ' || text[at] == b'\t' {
            at += 1;
            continue;
        }
        let start = at;
        while at < text.len() && text[at] != b' ' && text[at] != b'\t' {
            at += 1;
        }
        if count < 6 {
            starts[count as usize] = start;
            ends[count as usize] = at;
        }
        count += 1;
    }
    (starts, ends, count)
}

const fn from_macro(text: &[u8], start: usize, end: usize, words: u16) -> Result<Cron, CronError> {
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
    parse(pattern.as_bytes())
}

const fn is_word(text: &[u8], start: usize, end: usize, word: &str) -> bool {
    end - start == word.len() && common_prefix(text, start, end, word) == word.len()
}

/// How many letters the text shares with a lower-case word, in any case.
const fn common_prefix(text: &[u8], start: usize, end: usize, word: &str) -> usize {
    let word = word.as_bytes();
    let mut i = 0;
    while start + i < end && i < word.len() && text[start + i].to_ascii_lowercase() == word[i] {
        i += 1;
    }
    i
}

/// `item,item,…`
const fn parse_field(text: &[u8], part: Part) -> Result<Set, CronError> {
    let first = text[part.start];
    let lone = part.end - part.start == 1;
    let mut set = Set { bits: 0, star: first == b'*' || (first == b'?' && lone), flows: false };
    let mut start = part.start;
    loop {
        let end = find(text, start, part.end, b',');
        set = match parse_item(text, Part::new(part.field, start, end), set) {
            Ok(set) => set,
            Err(error) => return Err(error),
        };
        if end == part.end {
            return Ok(set);
        }
        start = end + 1;
    }
}

/// `*`, `?`, `a`, `a-b`, each but `?` with an optional `/n`.
const fn parse_item(text: &[u8], part: Part, mut set: Set) -> Result<Set, CronError> {
    let slash = find(text, part.start, part.end, b'/');
    let body = Part::new(part.field, part.start, slash);
    let mut step = 1;
    if slash < part.end {
        step = match parse_step(text, Part::new(part.field, slash + 1, part.end)) {
            Ok(step) => step,
            Err(error) => return Err(error),
        };
        set.flows = true;
    }
    let (from, to) = match parse_range(text, body, slash < part.end) {
        Ok(range) => range,
        Err(error) => return Err(error),
    };
    if body.end - body.start == 1 && text[body.start] == b'*' {
        set.flows = true;
    }
    let (min, _) = part.field.range();
    let size = wrap(part.field);
    let mut value = from;
    while value <= to {
        set.bits |= 1 << (min + (value - min) % size);
        value += step;
    }
    Ok(set)
}

/// How many different values a field that wraps around has; more than any value elsewhere.
const fn wrap(field: Field) -> u32 {
    match field {
        Field::Hour => 24,
        Field::Month => 12,
        Field::Weekday => 7,
        Field::Second | Field::Minute | Field::Day => 64,
    }
}

const fn parse_step(text: &[u8], part: Part) -> Result<u32, CronError> {
    let (min, max) = part.field.range();
    match parse_number(text, part) {
        Ok(step) if step == 0 || step > max - min => part.error(CronErrorKind::BadStep(step)),
        other => other,
    }
}

/// The first and last value, the last one beyond the field's end if the range wraps around.
const fn parse_range(text: &[u8], part: Part, stepped: bool) -> Result<(u32, u32), CronError> {
    let (min, max) = part.field.range();
    if part.end - part.start == 1 {
        let day = matches!(part.field, Field::Day | Field::Weekday);
        match text[part.start] {
            b'*' => return Ok((min, max)),
            b'?' if day && !stepped => return Ok((min, max)),
            _ => {}
        }
    }
    let dash = find(text, part.start, part.end, b'-');
    let from = match parse_value(text, Part::new(part.field, part.start, dash)) {
        Ok(value) => value,
        Err(error) => return Err(error),
    };
    if dash == part.end {
        return Ok((from, if stepped { max } else { from }));
    }
    let to = match parse_value(text, Part::new(part.field, dash + 1, part.end)) {
        Ok(value) => value,
        Err(error) => return Err(error),
    };
    if from <= to {
        Ok((from, to))
    } else if wrap(part.field) < 64 {
        Ok((from, to + wrap(part.field)))
    } else {
        part.error(CronErrorKind::Backwards(from, to))
    }
}

const fn parse_value(text: &[u8], part: Part) -> Result<u32, CronError> {
    if part.start == part.end {
        return part.error(CronErrorKind::EmptyItem);
    }
    if text[part.start].is_ascii_alphabetic() {
        return parse_name(text, part);
    }
    let (min, max) = part.field.range();
    match parse_number(text, part) {
        Ok(number) if number < min || number > max => part.error(CronErrorKind::OutOfRange(number)),
        other => other,
    }
}

const fn parse_number(text: &[u8], part: Part) -> Result<u32, CronError> {
    if part.start == part.end {
        return part.error(CronErrorKind::EmptyItem);
    }
    let mut number: u32 = 0;
    let mut at = part.start;
    while at < part.end {
        if !text[at].is_ascii_digit() {
            return Part::new(part.field, at, at + 1).error(unexpected(text[at]));
        }
        number = number.saturating_mul(10).saturating_add((text[at] - b'0') as u32);
        at += 1;
    }
    Ok(number)
}

const fn unexpected(byte: u8) -> CronErrorKind {
    match byte.to_ascii_uppercase() {
        b'L' | b'W' | b'#' | b'H' => CronErrorKind::Extension(byte),
        _ => CronErrorKind::Unexpected(byte),
    }
}

const fn parse_name(text: &[u8], part: Part) -> Result<u32, CronError> {
    let (short, long, first): (&[&'static str], &[&str], u32) = match part.field {
        Field::Month => (&SHORT_MONTHS, &MONTHS, 1),
        Field::Weekday => (&SHORT_WEEKDAYS, &WEEKDAYS, 0),
        _ => {
            return Part::new(part.field, part.start, part.start + 1)
                .error(unexpected(text[part.start]));
        }
    };
    let hash = find(text, part.start, part.end, b'#');
    if hash < part.end {
        return Part::new(part.field, hash, hash + 1).error(CronErrorKind::Extension(b'#'));
    }
    if part.end - part.start == 1 && matches!(text[part.start], b'L' | b'l' | b'H' | b'h') {
        return part.error(CronErrorKind::Extension(text[part.start]));
    }
    let mut meant = None;
    let mut best = 1;
    let mut i = 0;
    while i < long.len() {
        if is_word(text, part.start, part.end, short[i])
            || is_word(text, part.start, part.end, long[i])
        {
            #[expect(clippy::cast_possible_truncation, reason = "at most eleven")]
            return Ok(first + i as u32);
        }
        let common = common_prefix(text, part.start, part.end, long[i]);
        if common > best {
            best = common;
            meant = Some(short[i]);
        }
        i += 1;
    }
    part.error(CronErrorKind::UnknownName(meant))
}

/// The first `byte` in the stretch, or its end.
const fn find(text: &[u8], start: usize, end: usize, byte: u8) -> usize {
    let mut at = start;
    while at < end && text[at] != byte {
        at += 1;
    }
    at
}
