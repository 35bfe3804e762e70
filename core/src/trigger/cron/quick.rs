//! The usual patterns, read in one pass: numbers, `*`, `-`, `/`, `,` and a lone `L`.
//!
//! Whatever is unusual or wrong is left to the reader that can name it, so nothing here is about
//! mistakes, and what is read here means what it means there.

use super::Cron;
use super::compile::Sets;
use super::parse::is_blank;
use crate::limits::CRON_TEXT_LIMIT;

/// The smallest and the largest number of each field, from seconds on.
const RANGES: [(u32, u32); 6] = [(0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (0, 7)];
const DAY: usize = 3;
const WEEKDAY: usize = 5;

/// Five or six fields of the crontab dialect; `None` if somebody else should look.
pub(super) const fn parse(text: &[u8]) -> Option<Cron> {
    if text.len() > CRON_TEXT_LIMIT {
        return None;
    }
    let mut field = match words(text) {
        5 => 1,
        6 => 0,
        _ => return None,
    };
    let mut sets = [1; 6];
    let mut flowing = 0_u8;
    let mut stars = 0_u8;
    let mut at = 0;
    while field < 6 {
        while is_blank(text[at]) {
            at += 1;
        }
        if text[at] == b'*' {
            stars |= 1 << field;
            // The most common field of all.
            if at + 1 == text.len() || is_blank(text[at + 1]) {
                let (min, max) = RANGES[field];
                sets[field] = u64::MAX >> (63 - max) & u64::MAX << min;
                flowing |= 1 << field;
                (at, field) = (at + 1, field + 1);
                continue;
            }
        }
        let mut bits = 0;
        loop {
            let Some((item, stepped, end)) = item(text, at, field) else { return None };
            bits |= item;
            flowing |= (stepped as u8) << field;
            at = end;
            if at == text.len() || text[at] != b',' {
                break;
            }
            at += 1;
        }
        if at < text.len() && !is_blank(text[at]) {
            return None;
        }
        sets[field] = bits;
        field += 1;
    }
    let [seconds, minutes, hours, days, months, weekdays] = sets;
    let either_day = stars & (1 << DAY | 1 << WEEKDAY) == 0;
    let flows = flowing & 0b110 != 0;
    let sets = Sets { seconds, minutes, hours, days, months, weekdays, flows, either_day };
    Some(Cron::assemble(&sets))
}

const fn words(text: &[u8]) -> u32 {
    let mut count = 0;
    let mut before = true;
    let mut at = 0;
    while at < text.len() {
        let blank = is_blank(text[at]);
        count += (before & !blank) as u32;
        before = blank;
        at += 1;
    }
    count
}

/// An item's values, whether it has a star or a step, and where it ends.
const fn item(text: &[u8], start: usize, field: usize) -> Option<(u64, bool, usize)> {
    let (min, max) = RANGES[field];
    let mut at = start;
    let (mut from, mut to, mut flowing) = (min, max, true);
    if at == text.len() {
        return None;
    }
    if text[at] == b'*' {
        at += 1;
    } else if field == DAY && text[at] == b'L' {
        // `L-3` and `LW` end in something else than an item does.
        let ends = at + 1 == text.len() || text[at + 1] == b',' || is_blank(text[at + 1]);
        return if ends { Some((1, false, at + 1)) } else { None };
    } else {
        let Some((number_from, end)) = number(text, at) else { return None };
        (from, to, at, flowing) = (number_from, number_from, end, false);
        if at < text.len() && text[at] == b'-' {
            let Some((number_to, end)) = number(text, at + 1) else { return None };
            (to, at) = (number_to, end);
        } else if at < text.len() && text[at] == b'/' {
            to = max;
        }
    }
    if from < min || from > to || to > max {
        return None;
    }
    if at == text.len() || text[at] != b'/' {
        return Some((u64::MAX >> (63 - to) & u64::MAX << from, flowing, at));
    }
    let Some((step, end)) = number(text, at + 1) else { return None };
    if step == 0 || step > max - min {
        return None;
    }
    let mut bits = 0;
    while from <= to {
        bits |= 1 << from;
        from += step;
    }
    Some((bits, true, end))
}

/// One or two digits, and where they end.
const fn number(text: &[u8], at: usize) -> Option<(u32, usize)> {
    if at >= text.len() || !text[at].is_ascii_digit() {
        return None;
    }
    let number = (text[at] - b'0') as u32;
    if at + 1 == text.len() || !text[at + 1].is_ascii_digit() {
        return Some((number, at + 1));
    }
    Some((number * 10 + (text[at + 1] - b'0') as u32, at + 2))
}
