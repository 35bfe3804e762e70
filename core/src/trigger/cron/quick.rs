//! The usual patterns, read in one pass backwards: numbers, `*`, `-`, `/`, `,` and a lone `L`.
//!
//! Whatever is unusual or wrong is left to the reader that can name it, so nothing here is about
//! mistakes, and what is read here means what it means there.

use super::Cron;
use super::compile::Sets;
use super::parse::is_blank;
use crate::limits::CRON_TEXT_LIMIT;

/// The smallest and the largest number of each field, from weekdays back to seconds.
const RANGES: [(u32, u32); 6] = [(0, 7), (1, 12), (1, 31), (0, 23), (0, 59), (0, 59)];
/// What `*` means in each of them.
const ALL: [u64; 6] = {
    let mut all = [0; 6];
    let mut field = 0;
    while field < 6 {
        let (min, max) = RANGES[field];
        all[field] = bits(min, max);
        field += 1;
    }
    all
};
const WEEKDAY: usize = 0;
const DAY: usize = 2;
const HOUR: usize = 3;
const MINUTE: usize = 4;

/// Five or six fields of the crontab dialect; `None` if somebody else should look.
///
/// The last word comes first: it is the weekday, however many words there are.
pub(super) const fn parse(text: &[u8]) -> Option<Cron> {
    if text.len() > CRON_TEXT_LIMIT {
        return None;
    }
    let mut sets = [1; 6];
    let (mut stars, mut steps) = (0_u8, 0_u8);
    let mut field = 0;
    let mut text = text;
    while let [but_last @ .., last] = text {
        if field >= sets.len() {
            return None;
        }
        // Most fields are of one byte.
        let (before, byte) = match text {
            [before @ .., b' ', byte] => (before, *byte),
            [byte] => (but_last, *byte),
            _ => (text, b','),
        };
        let digit = byte.wrapping_sub(b'0');
        if byte == b'*' {
            sets[field] = ALL[field];
            stars |= 1 << field;
            text = before;
        } else if digit < 10 && ALL[field] >> digit & 1 != 0 {
            sets[field] = 1 << digit;
            text = before;
        } else if is_blank(*last) {
            text = but_last;
            continue;
        } else {
            let (before, word) = last_word(text);
            let Some((values, stepped)) = list(word, field) else { return None };
            sets[field] = values;
            stars |= (matches!(word, [b'*', ..]) as u8) << field;
            steps |= (stepped as u8) << field;
            text = before;
        }
        field += 1;
    }
    if field < 5 {
        return None;
    }
    let [weekdays, months, days, hours, minutes, seconds] = sets;
    let either_day = stars & (1 << DAY | 1 << WEEKDAY) == 0;
    let flows = (stars | steps) & (1 << HOUR | 1 << MINUTE) != 0;
    let sets = Sets { seconds, minutes, hours, days, months, weekdays, flows, either_day };
    Some(Cron::assemble(&sets))
}

/// What is before the last word of a text that does not end in a blank, and that word.
const fn last_word(text: &[u8]) -> (&[u8], &[u8]) {
    let mut before = text;
    while let [shorter @ .., byte] = before
        && !is_blank(*byte)
    {
        before = shorter;
    }
    text.split_at(before.len())
}

/// The values of items with commas between them, and whether one has a star or a step.
#[inline(never)]
const fn list(word: &[u8], field: usize) -> Option<(u64, bool)> {
    let (mut values, mut flowing) = (0, false);
    let mut word = word;
    loop {
        let Some((item, stepped, rest)) = item(word, field) else { return None };
        values |= item;
        flowing |= stepped;
        match rest {
            [] => return Some((values, flowing)),
            [b',', rest @ ..] => word = rest,
            _ => return None,
        }
    }
}

/// The values of the first item, whether it has a star or a step, and what follows it.
const fn item(word: &[u8], field: usize) -> Option<(u64, bool, &[u8])> {
    let (min, max) = RANGES[field];
    let (mut from, to, flowing, rest) = match word {
        [b'*', rest @ ..] => (min, max, true, rest),
        // Whatever follows, `L-3` and `LW` are no lists of items.
        [b'L', rest @ ..] if field == DAY => return Some((1, false, rest)),
        _ => match number(word) {
            None => return None,
            Some((from, [b'-', rest @ ..])) => match number(rest) {
                None => return None,
                Some((to, rest)) => (from, to, false, rest),
            },
            Some((from, rest @ [b'/', ..])) => (from, max, false, rest),
            Some((from, rest)) => (from, from, false, rest),
        },
    };
    if from < min || from > to || to > max {
        return None;
    }
    let [b'/', after @ ..] = rest else { return Some((bits(from, to), flowing, rest)) };
    let Some((step, rest)) = number(after) else { return None };
    if step == 0 || step > max - min {
        return None;
    }
    let mut values = 0;
    while from <= to {
        values |= 1 << from;
        from += step;
    }
    Some((values, true, rest))
}

/// The values from one to another.
const fn bits(from: u32, to: u32) -> u64 {
    u64::MAX >> (63 - to) & u64::MAX << from
}

/// One or two digits, and what follows them.
const fn number(text: &[u8]) -> Option<(u32, &[u8])> {
    match text {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9', rest @ ..] => {
            Some(((*tens - b'0') as u32 * 10 + (*ones - b'0') as u32, rest))
        }
        [ones @ b'0'..=b'9', rest @ ..] => Some(((*ones - b'0') as u32, rest)),
        _ => None,
    }
}
