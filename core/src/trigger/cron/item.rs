//! One field: items with commas between them.

use super::compile::{Draft, Set};
use super::parse::{Syntax, common_prefix, error, is_blank, is_word};
use super::{CronError, CronErrorKind, Dialect, Field};

pub(super) const MONTHS: [&str; 12] = [
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
pub(super) const WEEKDAYS: [&str; 7] =
    ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
const SHORT_MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const SHORT_WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const ORDINALS: [&str; 5] = ["1st", "2nd", "3rd", "4th", "5th"];

/// Reads one field of a text.
pub(super) struct Reader<'a> {
    pub(super) text: &'a [u8],
    pub(super) at: usize,
    /// The field's end.
    pub(super) end: usize,
    pub(super) field: Field,
    pub(super) syntax: Syntax,
}

/// `Result`'s `?`, which a `const fn` cannot have yet.
macro_rules! get {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(error) => return Err(error),
        }
    };
}

impl Reader<'_> {
    /// `item,item,…` up to the field's end.
    pub(super) const fn field(&mut self, draft: &mut Draft) -> Result<Set, CronError> {
        let mut set = Set::EMPTY;
        if self.peek() == b'+' && matches!(self.field, Field::Weekday) && self.extends_crontab() {
            draft.both = true;
            self.at += 1;
        }
        set.star = self.peek() == b'*' || (self.peek() == b'?' && self.end - self.at == 1);
        loop {
            self.skip_blanks();
            get!(self.item(&mut set, draft));
            self.skip_blanks();
            if self.at == self.end {
                break;
            }
            if self.peek() != b',' {
                return Err(self.unexpected());
            }
            self.at += 1;
        }
        if matches!(self.field, Field::Year) {
            // A plain `*` is bit 0.
            draft.any_year = set.bits != 0;
        }
        Ok(set)
    }

    /// `*`, `?`, `a`, `a-b`, each but `?` with an optional `/n`; or one of the extensions.
    const fn item(&mut self, set: &mut Set, draft: &mut Draft) -> Result<(), CronError> {
        let start = self.at;
        let (min, max) = self.range();
        match self.peek() {
            b'*' => {
                self.at += 1;
                set.flows = true;
                // APScheduler's weeks begin on Monday, with the step as with everything else.
                let monday = matches!(self.field, Field::Weekday) && self.is_named();
                return self.stepped(set, draft, (monday as u32 + min, max, max - min));
            }
            b'?' if self.is_day() && !self.is_named() && set.star => {
                self.at += 1;
                return self.add(set, draft, (min, max, 1));
            }
            b'H' | b'h' if !matches!(self.field, Field::Year) && !self.is_named() => {
                return self.hashed(set, draft);
            }
            b'L' | b'l' if self.may_be_last() => {
                if let Some(result) = self.last_day(draft) {
                    return result;
                }
            }
            b'/' if matches!(self.syntax.dialect, Dialect::Quartz) => {
                return self.stepped(set, draft, (min, max, max - min));
            }
            _ => {}
        }
        if self.is_named() && matches!(self.field, Field::Day) {
            match self.ordinal(draft) {
                Ok(false) => {}
                Ok(true) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        let is_name = self.peek().is_ascii_alphabetic();
        let from = get!(self.value());
        match self.peek() {
            b'-' => {
                self.at += 1;
                let to = get!(self.value());
                let to = get!(self.wrapped(start, from, to));
                if is_name && self.is_named() {
                    return self.add(set, draft, (from, to, 1));
                }
                let limit = if self.is_named() { to - from } else { max - min };
                self.stepped(set, draft, (from, to, limit))
            }
            b'/' if is_name && self.is_named() => Err(self.unexpected()),
            b'/' => {
                let limit = if self.is_named() { max - from } else { max - min };
                self.stepped(set, draft, (from, max, limit))
            }
            b'L' | b'l' | b'W' | b'w' | b'#' => self.suffixed(draft, from),
            _ => self.add(set, draft, (from, from, 1)),
        }
    }

    /// The values of a range, at the step that may follow it.
    const fn stepped(
        &mut self,
        set: &mut Set,
        draft: &mut Draft,
        (from, to, limit): (u32, u32, u32),
    ) -> Result<(), CronError> {
        if self.peek() != b'/' {
            return self.add(set, draft, (from, to, 1));
        }
        self.at += 1;
        let start = self.at;
        let step = get!(self.number());
        if step == 0 || step > limit {
            return Err(self.error(CronErrorKind::BadStep { step, limit }, start));
        }
        set.flows = true;
        self.add(set, draft, (from, to, step))
    }

    const fn add(
        &self,
        set: &mut Set,
        draft: &mut Draft,
        (from, to, step): (u32, u32, u32),
    ) -> Result<(), CronError> {
        let (min, max) = self.range();
        if matches!(self.field, Field::Year) {
            if from == min && to == max && step == 1 {
                set.bits = 1;
            } else if !draft.years.add(from, to, step) {
                return Err(self.error(CronErrorKind::TooManyYears, self.at));
            }
            return Ok(());
        }
        if step == 1 && to < 64 {
            let bits = u64::MAX >> (63 - to) & u64::MAX << from;
            let wrap = self.wrap();
            // What lies beyond the field's end belongs to its beginning.
            set.bits |= if to > max { bits & u64::MAX >> (63 - max) | bits >> wrap } else { bits };
            if matches!(self.field, Field::Month) {
                set.bits &= !1;
            }
            return Ok(());
        }
        let size = self.wrap();
        let mut value = from;
        while value <= to {
            set.bits |= 1 << (min + (value - min) % size);
            value += step;
        }
        Ok(())
    }

    /// The end of a range, beyond the field's end if the range wraps around.
    const fn wrapped(&self, start: usize, from: u32, to: u32) -> Result<u32, CronError> {
        if from <= to {
            return Ok(to);
        }
        let wraps = match self.field {
            Field::Weekday => true,
            Field::Hour | Field::Month => !self.is_named(),
            _ => false,
        };
        if wraps {
            return Ok(to + self.wrap());
        }
        let (min, max) = self.range();
        Err(self.error(CronErrorKind::Backwards { from, to, min, max }, start))
    }

    /// How many different values a field that wraps around has; more than any value elsewhere.
    const fn wrap(&self) -> u32 {
        match self.field {
            Field::Hour => 24,
            Field::Month => 12,
            Field::Weekday => 7,
            _ => 64,
        }
    }

    /// `L`, `L-n` and `LW`; `None` if it is a name.
    const fn last_day(&mut self, draft: &mut Draft) -> Option<Result<(), CronError>> {
        if !self.extends() {
            let next = if self.at + 1 < self.end { self.text[self.at + 1] } else { b',' };
            if next == b',' && !self.is_named() {
                self.at += 1;
                draft.last |= 1;
                return Some(Ok(()));
            }
            let alone = !next.is_ascii_alphabetic() || matches!(next, b'W' | b'w');
            return if alone { Some(Err(self.foreign())) } else { None };
        }
        self.at += 1;
        match self.peek() {
            b'W' | b'w' => {
                self.at += 1;
                draft.nearest |= 1;
            }
            b'-' => {
                self.at += 1;
                let start = self.at;
                match self.number() {
                    Ok(back) if back <= 30 => draft.last |= 1 << back,
                    Ok(number) => {
                        let kind = CronErrorKind::OutOfRange { number, min: 0, max: 30 };
                        return Some(Err(self.error(kind, start)));
                    }
                    Err(error) => return Some(Err(error)),
                }
            }
            _ => draft.last |= 1,
        }
        Some(Ok(()))
    }

    /// `nW`, `dL`, `d#n` and `d#L`, from the letter on.
    const fn suffixed(&mut self, draft: &mut Draft, value: u32) -> Result<(), CronError> {
        let letter = self.peek().to_ascii_uppercase();
        let fits = match self.field {
            Field::Day => letter == b'W',
            Field::Weekday => letter != b'W',
            _ => false,
        };
        if !fits || !self.extends() {
            return Err(self.foreign());
        }
        self.at += 1;
        if letter == b'W' {
            draft.nearest |= 1 << value;
            return Ok(());
        }
        let weekday = 1 << (value % 7);
        if letter == b'L' {
            draft.nth[5] |= weekday;
            return Ok(());
        }
        if matches!(self.peek(), b'L' | b'l') {
            self.at += 1;
            draft.nth[5] |= weekday;
            return Ok(());
        }
        let start = self.at;
        let number = get!(self.number());
        if number < 1 || number > 5 {
            return Err(self.error(CronErrorKind::OutOfRange { number, min: 1, max: 5 }, start));
        }
        draft.nth[number as usize - 1] |= weekday;
        Ok(())
    }

    /// APScheduler's `last`, `last fri` and `2nd wed`; `false` if it is something else.
    const fn ordinal(&mut self, draft: &mut Draft) -> Result<bool, CronError> {
        let start = self.at;
        let mut at = start;
        while at < self.end && self.text[at].is_ascii_alphanumeric() {
            at += 1;
        }
        let mut which = 0;
        while which < 5 && !is_word(self.text, start, at, ORDINALS[which]) {
            which += 1;
        }
        let is_last = is_word(self.text, start, at, "last");
        if which == 5 && !is_last {
            return Ok(false);
        }
        self.at = at;
        self.skip_blanks();
        if is_last && matches!(self.peek(), 0 | b',') {
            draft.last |= 1;
            return Ok(true);
        }
        self.field = Field::Weekday;
        let is_apart = self.at > at;
        let weekday = if is_apart && self.peek().is_ascii_alphabetic() {
            self.name()
        } else {
            Err(self.error(CronErrorKind::UnknownName(None), start))
        };
        self.field = Field::Day;
        let weekday = get!(weekday);
        draft.nth[which] |= 1 << weekday;
        Ok(true)
    }

    /// `H`, `H(a-b)`, and either with a step.
    const fn hashed(&mut self, set: &mut Set, draft: &mut Draft) -> Result<(), CronError> {
        let start = self.at;
        let Some(seed) = self.syntax.seed else { return Err(self.foreign()) };
        self.at += 1;
        let (min, max) = self.range();
        let mut from = min;
        let mut to = match self.field {
            // Days that every month has.
            Field::Day => 28,
            // 7 is Sunday again.
            Field::Weekday if max == 7 => 6,
            _ => max,
        };
        if self.peek() == b'(' {
            self.at += 1;
            from = get!(self.value());
            if self.peek() != b'-' {
                return Err(self.unexpected());
            }
            self.at += 1;
            to = get!(self.value());
            if from > to {
                return Err(self.error(CronErrorKind::Backwards { from, to, min, max }, start));
            }
            if self.peek() != b')' {
                return Err(self.unexpected());
            }
            self.at += 1;
        }
        let spread = spread(seed, self.field);
        if self.peek() != b'/' {
            let value = from + spread % (to - from + 1);
            return self.add(set, draft, (value, value, 1));
        }
        self.at += 1;
        let at = self.at;
        let (step, limit) = (get!(self.number()), to - from);
        if step == 0 || step > limit {
            return Err(self.error(CronErrorKind::BadStep { step, limit }, at));
        }
        set.flows = true;
        self.add(set, draft, (from + spread % step, to, step))
    }

    /// A number or a name.
    const fn value(&mut self) -> Result<u32, CronError> {
        if self.peek().is_ascii_alphabetic() {
            return self.name();
        }
        let start = self.at;
        let number = get!(self.number());
        let quartz = matches!(self.field, Field::Weekday) && self.is_quartz();
        let (min, max) = if quartz { (1, 7) } else { self.range() };
        if number < min || number > max {
            return Err(self.error(CronErrorKind::OutOfRange { number, min, max }, start));
        }
        Ok(number - quartz as u32)
    }

    const fn number(&mut self) -> Result<u32, CronError> {
        let start = self.at;
        let mut number: u32 = 0;
        while self.at < self.end && self.text[self.at].is_ascii_digit() {
            let digit = (self.text[self.at] - b'0') as u32;
            number = number.saturating_mul(10).saturating_add(digit);
            self.at += 1;
        }
        if self.at > start {
            return Ok(number);
        }
        match self.peek() {
            0 | b',' | b'-' | b'/' | b')' => Err(self.error(CronErrorKind::EmptyItem, start)),
            _ => Err(self.unexpected()),
        }
    }

    /// A month or weekday, by three letters or in full.
    const fn name(&mut self) -> Result<u32, CronError> {
        let (short, long, first): (&[&'static str], &[&str], u32) = match self.field {
            Field::Month => (&SHORT_MONTHS, &MONTHS, 1),
            Field::Weekday => (&SHORT_WEEKDAYS, &WEEKDAYS, 0),
            _ => return Err(self.unexpected()),
        };
        let start = self.at;
        while self.at < self.end && self.text[self.at].is_ascii_alphabetic() {
            self.at += 1;
        }
        // `friL`: no weekday ends in this letter.
        let weekday = matches!(self.field, Field::Weekday) && !self.is_named();
        if weekday && self.at - start > 1 && matches!(self.text[self.at - 1], b'L' | b'l') {
            self.at -= 1;
        }
        let mut meant = None;
        let mut best = 1;
        let mut i = 0;
        while i < long.len() {
            let common = common_prefix(self.text, start, self.at, long[i]);
            if common == self.at - start && (common == 3 || common == long[i].len()) {
                #[expect(clippy::cast_possible_truncation, reason = "at most eleven")]
                return Ok(first + i as u32);
            }
            if common > best {
                best = common;
                meant = Some(short[i]);
            }
            i += 1;
        }
        if self.at - start == 1 && matches!(self.text[start], b'L' | b'l' | b'H' | b'h') {
            self.at = start;
            return Err(self.foreign());
        }
        Err(self.error(CronErrorKind::UnknownName(meant), start))
    }

    /// The byte at which the reader stands, or 0 at the field's end.
    const fn peek(&self) -> u8 {
        if self.at < self.end { self.text[self.at] } else { 0 }
    }

    /// Only named fields contain blanks.
    const fn skip_blanks(&mut self) {
        while is_blank(self.peek()) {
            self.at += 1;
        }
    }

    /// The values that a number may have, after Quartz's weekdays are counted from 0.
    const fn range(&self) -> (u32, u32) {
        match self.field {
            Field::Weekday if self.is_quartz() => (0, 6),
            field => field.range(),
        }
    }

    const fn is_day(&self) -> bool {
        matches!(self.field, Field::Day | Field::Weekday)
    }

    const fn is_named(&self) -> bool {
        matches!(self.syntax.dialect, Dialect::ApScheduler)
    }

    const fn is_quartz(&self) -> bool {
        matches!(self.syntax.dialect, Dialect::Quartz)
    }

    /// Whether `L`, `W` and `#` are known.
    const fn extends(&self) -> bool {
        self.syntax.extended && !self.is_named()
    }

    const fn extends_crontab(&self) -> bool {
        self.syntax.extended && matches!(self.syntax.dialect, Dialect::Crontab)
    }

    const fn may_be_last(&self) -> bool {
        matches!(self.field, Field::Day) && !self.is_named()
    }

    const fn error(&self, kind: CronErrorKind, start: usize) -> CronError {
        error(kind, Some(self.field), start, self.at)
    }

    /// The byte here has no meaning, or one that is not known here.
    const fn unexpected(&self) -> CronError {
        match self.peek().to_ascii_uppercase() {
            0 => self.error(CronErrorKind::EmptyItem, self.at),
            b'L' | b'W' | b'#' | b'H' | b'?' => self.foreign(),
            _ => error(
                CronErrorKind::Unexpected(self.peek()),
                Some(self.field),
                self.at,
                self.at + 1,
            ),
        }
    }

    /// The byte here means something elsewhere.
    const fn foreign(&self) -> CronError {
        let byte = self.peek();
        let kind = match (self.syntax.dialect, byte.to_ascii_uppercase()) {
            (Dialect::ApScheduler, _) => {
                CronErrorKind::Foreign { byte, dialect: Dialect::ApScheduler }
            }
            (_, b'?') => CronErrorKind::Unexpected(byte),
            (_, b'H') if self.syntax.extended => CronErrorKind::Seedless,
            _ if !self.syntax.extended => CronErrorKind::Extension(byte),
            _ => CronErrorKind::Unexpected(byte),
        };
        error(kind, Some(self.field), self.at, self.at + 1)
    }
}

/// A number for a field that depends on a seed: the finaliser of `SplitMix64` (Steele, Lea and
/// Flood, 2014). Part of what a stored `H` means, so it stays.
const fn spread(seed: u64, field: Field) -> u32 {
    let z = seed.wrapping_add((field as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ z >> 31) >> 32) as u32
}
