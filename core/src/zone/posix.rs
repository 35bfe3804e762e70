//! The `TZ` strings of POSIX.1-2024 and RFC 8536 section 3.3: a standard offset, and when
//! daylight saving starts and ends each year.
//!
//! Names are checked and forgotten: this engine computes, it does not print abbreviations.

use core::fmt;
use core::str::FromStr;

#[cfg(feature = "serde")]
mod data;

use super::Segment;
use crate::civil::weekday_of;
use crate::civil::{Offset, SECONDS_PER_DAY, date_of, days_in_month, days_of, is_leap, split_days};

/// A yearly rule: a standard offset and, perhaps, a second one for part of each year.
///
/// ```
/// use mainspring_core::zone::Rule;
/// const BERLIN: Rule = match Rule::parse("CET-1CEST,M3.5.0,M10.5.0/3") {
///     Ok(rule) => rule,
///     Err(_) => panic!("not a time zone rule"),
/// };
/// assert!(BERLIN.has_daylight_saving());
/// assert!(Rule::parse("<+0530>-5:30").is_ok_and(|rule| !rule.has_daylight_saving()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rule {
    standard: Offset,
    saving: Option<Saving>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Saving {
    offset: Offset,
    starts: Change,
    ends: Change,
    /// Both changes fall into the UTC year they belong to, whatever the year.
    tame: bool,
}

/// A yearly moment on the clock that is about to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Change {
    day: Day,
    /// Seconds after 00:00 of that day: within ±167 hours.
    secs: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
enum Day {
    /// `Jn`: 1 to 365, never counting the 29th of February.
    Common(u16),
    /// `n`: 0 to 365, counting it.
    Counted(u16),
    /// `Mm.w.d`: a weekday's first to fourth, or last (5), time in a month.
    Weekday { month: u8, week: u8, weekday: u8 },
}

impl Rule {
    /// The same offset all year.
    pub const fn fixed(offset: Offset) -> Self {
        Self { standard: offset, saving: None }
    }

    /// Reads a `TZ` string: `CET-1CEST,M3.5.0,M10.5.0/3`, `<+0530>-5:30`,
    /// `IST-1GMT0,M10.5.0,M3.5.0/1` (Dublin, whose winter time is the exception).
    ///
    /// As in RFC 8536, times of change reach from −167 to 167 hours. A daylight saving name
    /// without the two dates (`EST5EDT`) is refused, because its meaning differs between systems.
    ///
    /// # Errors
    /// [`RuleError`] with the byte at which reading stopped.
    pub const fn parse(text: &str) -> Result<Self, RuleError> {
        Self::from_bytes(text.as_bytes())
    }

    /// Whether there are two offsets.
    pub const fn has_daylight_saving(&self) -> bool {
        self.saving.is_some()
    }

    /// The only offset, if there is only one.
    pub(crate) const fn constant(&self) -> Option<Offset> {
        if self.saving.is_none() { Some(self.standard) } else { None }
    }

    /// [`parse`](Self::parse) for the bytes of a TZif footer.
    pub(crate) const fn from_bytes(bytes: &[u8]) -> Result<Self, RuleError> {
        let mut reader = Reader { bytes, at: 0 };
        let standard = match reader.name_and_offset(None) {
            Ok(offset) => offset,
            Err(error) => return Err(error),
        };
        if reader.at == bytes.len() {
            return Ok(Self::fixed(standard));
        }
        let offset = match reader.name_and_offset(Some(standard)) {
            Ok(offset) => offset,
            Err(error) => return Err(error),
        };
        let starts = match reader.change() {
            Ok(change) => change,
            Err(error) => return Err(error),
        };
        let ends = match reader.change() {
            Ok(change) => change,
            Err(error) => return Err(error),
        };
        if reader.at != bytes.len() {
            return Err(reader.error("the end"));
        }
        Ok(Self::with_saving(standard, offset, starts, ends))
    }

    const fn with_saving(standard: Offset, offset: Offset, starts: Change, ends: Change) -> Self {
        if offset.as_secs() == standard.as_secs() {
            return Self::fixed(standard);
        }
        let tame = starts.is_tame() && ends.is_tame();
        let saving = Saving { offset, starts, ends, tame };
        Self { standard, saving: Some(saving) }.without_seams(&saving)
    }

    /// RFC 8536 writes "daylight saving all year" as an end that coincides with the next start
    /// (`EST5EDT,0/0,J365/25`); such a rule is one offset without changes.
    const fn without_seams(self, saving: &Saving) -> Self {
        // Only rules by day of the year can do this, and those repeat after a leap cycle.
        let mut year = 2_000;
        while year < 2_008 {
            let [_, end] = self.changes(saving, year);
            let [start, _] = self.changes(saving, year + 1);
            if end.at != start.at || end.offset.as_secs() == saving.offset.as_secs() {
                return self;
            }
            year += 1;
        }
        Self::fixed(saving.offset)
    }

    /// The stretch of constant offset around the second `t`.
    pub(crate) const fn segment(&self, t: i64) -> Segment {
        let Some(saving) = &self.saving else {
            return Segment { from: i64::MIN, until: i64::MAX, offset: self.standard };
        };
        // A damaged table may ask about far times; no timestamp lies there.
        if t < FIRST {
            let Segment { offset, .. } = self.segment(FIRST);
            return Segment { from: i64::MIN, until: FIRST, offset };
        }
        if t > LAST {
            let Segment { offset, .. } = self.segment(LAST);
            return Segment { from: LAST + 1, until: i64::MAX, offset };
        }
        let (year, _, _) = date_of(split_days(t).0);
        if saving.tame {
            self.tame_segment(saving, year, t)
        } else {
            self.wild_segment(saving, year, t)
        }
    }

    const fn tame_segment(&self, saving: &Saving, year: i32, t: i64) -> Segment {
        let [first, second] = self.changes(saving, year);
        let is_early = t < first.at;
        if !is_early && t < second.at {
            return Segment { from: first.at, until: second.at, offset: first.offset };
        }
        let [later, earlier] = self.changes(saving, if is_early { year - 1 } else { year + 1 });
        if is_early {
            Segment { from: earlier.at, until: first.at, offset: earlier.offset }
        } else {
            Segment { from: second.at, until: later.at, offset: second.offset }
        }
    }

    /// Changes within a week of New Year may fall into the neighbouring year, so more of them are
    /// looked at.
    const fn wild_segment(&self, saving: &Saving, year: i32, t: i64) -> Segment {
        let mut segment = Segment { from: i64::MIN, until: i64::MAX, offset: self.standard };
        let mut near = year - 2;
        while near <= year + 2 {
            let [first, second] = self.changes(saving, near);
            // Of two changes at one instant the later year's, or the later in the year, decides, so
            // "all year" (`…,0/0,J365/25`) leaves daylight saving on.
            segment = segment.cut(t, first).cut(t, second);
            near += 1;
        }
        segment
    }

    /// The two changes of a year, earlier one first.
    const fn changes(&self, saving: &Saving, year: i32) -> [super::Transition; 2] {
        let start = saving.starts.local_secs(year) - self.standard.as_secs() as i64;
        let end = saving.ends.local_secs(year) - saving.offset.as_secs() as i64;
        let start = super::Transition { at: start, offset: saving.offset };
        let end = super::Transition { at: end, offset: self.standard };
        if start.at <= end.at { [start, end] } else { [end, start] }
    }
}

impl Segment {
    /// What a change leaves of the segment around `t`.
    const fn cut(self, t: i64, change: super::Transition) -> Self {
        let super::Transition { at, offset } = change;
        if at > t {
            Self { until: if at < self.until { at } else { self.until }, ..self }
        } else if at >= self.from {
            Self { from: at, offset, ..self }
        } else {
            self
        }
    }
}

/// The years −1 to 10001, one more than a local time at each end can lie in.
const FIRST: i64 = days_of(-1, 1, 1) as i64 * SECONDS_PER_DAY;
const LAST: i64 = days_of(10_002, 1, 1) as i64 * SECONDS_PER_DAY - 1;

impl FromStr for Rule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        Self::parse(text)
    }
}

impl Change {
    /// Local seconds since 1970-01-01T00:00:00 in the given year.
    const fn local_secs(&self, year: i32) -> i64 {
        let days = match self.day {
            Day::Common(day) => {
                let day = day as i32 - 1;
                days_of(year, 1, 1) + day + (is_leap(year) && day >= 59) as i32
            }
            Day::Counted(day) => days_of(year, 1, 1) + day as i32,
            Day::Weekday { month, week, weekday } => {
                let first = days_of(year, month as u32, 1);
                let to_weekday = (7 + weekday as u32 - weekday_of(first)) % 7;
                let mut day = to_weekday + 7 * (week as u32 - 1);
                if day >= days_in_month(year, month as u32) {
                    day -= 7;
                }
                first + day.cast_signed()
            }
        };
        days as i64 * SECONDS_PER_DAY + self.secs as i64
    }

    const fn is_tame(&self) -> bool {
        // Eight days of time of day and offset cannot carry a change out of February to November.
        match self.day {
            Day::Common(day) | Day::Counted(day) => day > 31 && day < 334,
            Day::Weekday { month, .. } => month > 1 && month < 12,
        }
    }
}

/// Why a text is not a POSIX time zone rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleError {
    /// What was needed instead.
    expected: &'static str,
    /// The byte at which reading stopped.
    at: usize,
}

impl RuleError {
    /// The byte at which reading stopped.
    pub const fn at(&self) -> usize {
        self.at
    }
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const HOW: &str = "write for example `CET-1CEST,M3.5.0,M10.5.0/3`";
        write!(f, "expected {} at byte {} ({HOW})", self.expected, self.at)
    }
}

impl core::error::Error for RuleError {}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    const fn error(&self, expected: &'static str) -> RuleError {
        RuleError { expected, at: self.at }
    }

    const fn peek(&self) -> u8 {
        if self.at < self.bytes.len() { self.bytes[self.at] } else { 0 }
    }

    const fn skip(&mut self, byte: u8) -> bool {
        let here = self.peek() == byte;
        self.at += here as usize;
        here
    }

    /// A name and the offset after it; POSIX counts west as positive. Daylight saving may leave
    /// the offset out: then it is an hour ahead of `standard`.
    const fn name_and_offset(&mut self, standard: Option<Offset>) -> Result<Offset, RuleError> {
        if let Err(error) = self.name() {
            return Err(error);
        }
        if let (Some(standard), b',' | 0) = (standard, self.peek()) {
            return match Offset::from_secs(standard.as_secs() + 3_600) {
                Some(offset) => Ok(offset),
                None => Err(self.error("an offset of at most 24:59:59")),
            };
        }
        match self.time(24) {
            Ok(secs) => match Offset::from_secs(-secs) {
                Some(offset) => Ok(offset),
                None => Err(self.error("an offset of at most 24:59:59")),
            },
            Err(error) => Err(error),
        }
    }

    const fn name(&mut self) -> Result<(), RuleError> {
        let quoted = self.skip(b'<');
        let start = self.at;
        loop {
            let byte = self.peek();
            let sign = byte == b'+' || byte == b'-';
            if !(byte.is_ascii_alphabetic() || (quoted && (byte.is_ascii_digit() || sign))) {
                break;
            }
            self.at += 1;
        }
        if self.at - start < 3 {
            return Err(self.error("a name of three letters or more, or one in `<>`"));
        }
        if quoted && !self.skip(b'>') { Err(self.error("`>`")) } else { Ok(()) }
    }

    /// `[+-]hh[:mm[:ss]]` in seconds.
    const fn time(&mut self, max_hours: i32) -> Result<i32, RuleError> {
        let negative = self.peek() == b'-';
        if negative || self.peek() == b'+' {
            self.at += 1;
        }
        let mut secs = match self.number(0, max_hours) {
            Ok(hours) => hours * 3_600,
            Err(error) => return Err(error),
        };
        let mut unit = 60;
        while unit > 0 && self.skip(b':') {
            match self.number(0, 59) {
                Ok(count) => secs += count * unit,
                Err(error) => return Err(error),
            }
            unit /= 60;
        }
        Ok(if negative { -secs } else { secs })
    }

    const fn number(&mut self, min: i32, max: i32) -> Result<i32, RuleError> {
        let start = self.at;
        let mut number = 0;
        while self.peek().is_ascii_digit() && self.at - start < 3 {
            number = number * 10 + (self.peek() - b'0') as i32;
            self.at += 1;
        }
        if self.at == start {
            return Err(self.error("a number"));
        }
        if number < min || number > max {
            self.at = start;
            return Err(self.error("a smaller or larger number"));
        }
        Ok(number)
    }

    /// `,date[/time]`.
    const fn change(&mut self) -> Result<Change, RuleError> {
        if !self.skip(b',') {
            return Err(self.error("`,` and the dates at which daylight saving starts and ends"));
        }
        let day = match self.day() {
            Ok(day) => day,
            Err(error) => return Err(error),
        };
        if !self.skip(b'/') {
            return Ok(Change { day, secs: 7_200 });
        }
        match self.time(167) {
            Ok(secs) => Ok(Change { day, secs }),
            Err(error) => Err(error),
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "`number` checked the range")]
    const fn day(&mut self) -> Result<Day, RuleError> {
        if self.skip(b'J') {
            return match self.number(1, 365) {
                Ok(day) => Ok(Day::Common(day as u16)),
                Err(error) => Err(error),
            };
        }
        if !self.skip(b'M') {
            return match self.number(0, 365) {
                Ok(day) => Ok(Day::Counted(day as u16)),
                Err(error) => Err(error),
            };
        }
        let mut parts = [0; 3];
        let limits = [(1, 12), (1, 5), (0, 6)];
        let mut i = 0;
        while i < 3 {
            if i > 0 && !self.skip(b'.') {
                return Err(self.error("`.`"));
            }
            parts[i] = match self.number(limits[i].0, limits[i].1) {
                Ok(number) => number as u8,
                Err(error) => return Err(error),
            };
            i += 1;
        }
        Ok(Day::Weekday { month: parts[0], week: parts[1], weekday: parts[2] })
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::time::Timestamp;
    use crate::zone::Zone;
    use std::string::{String, ToString};
    use std::vec::Vec;

    fn transitions(rule: &str, from: &str, count: usize) -> Vec<String> {
        let zone = Zone::posix(Rule::parse(rule).unwrap());
        let mut t: Timestamp = from.parse().unwrap();
        let mut all = Vec::new();
        for _ in 0..count {
            let Some(next) = zone.next_transition(t) else { break };
            all.push(next.at_offset(zone.offset_at(next)).to_string());
            assert_eq!(zone.prev_transition(next + crate::time::Span::from_micros(1)), Some(next));
            t = next;
        }
        all
    }

    #[test]
    fn each_form_of_date_is_understood() {
        for (rule, expected) in [
            (
                "CET-1CEST,M3.5.0,M10.5.0/3",
                ["2026-03-29T03:00:00+02:00", "2026-10-25T02:00:00+01:00"],
            ),
            (
                "AEST-10AEDT,M10.1.0,M4.1.0/3",
                ["2026-04-05T02:00:00+10:00", "2026-10-04T03:00:00+11:00"],
            ),
            (
                "IST-1GMT0,M10.5.0,M3.5.0/1",
                ["2026-03-29T02:00:00+01:00", "2026-10-25T01:00:00+00:00"],
            ),
            (
                "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
                ["2026-04-05T01:30:00+10:30", "2026-10-04T02:30:00+11:00"],
            ),
            (
                "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
                ["2026-03-29T00:00:00-01:00", "2026-10-24T23:00:00-02:00"],
            ),
            (
                "EET-2EEST,M3.4.4/50,M10.4.4/50",
                ["2026-03-28T03:00:00+03:00", "2026-10-24T01:00:00+02:00"],
            ),
            ("AAA0BBB,J60/0,300/0", ["2026-03-01T01:00:00+01:00", "2026-10-27T23:00:00+00:00"]),
        ] {
            assert_eq!(transitions(rule, "2026-01-15T00:00:00Z", 2), expected, "{rule}");
        }
        assert_eq!(transitions("AAA0BBB,J60/0,300/0", "2028-01-15T00:00:00Z", 2), {
            ["2028-03-01T01:00:00+01:00", "2028-10-26T23:00:00+00:00"]
        });
    }

    #[test]
    fn changes_around_new_year_belong_to_their_own_year() {
        assert_eq!(transitions("AAA5BBB,365/24,M1.1.0/-167", "2026-06-01T00:00:00Z", 4), {
            [
                "2026-12-27T00:00:00-05:00",
                "2027-01-02T01:00:00-04:00",
                "2027-12-26T00:00:00-05:00",
                "2028-01-02T01:00:00-04:00",
            ]
        });
    }

    #[test]
    fn an_end_on_new_years_day_may_lie_in_the_old_utc_year() {
        // 2006-01-01 is the first Sunday; its 01:00 in summer time is still 2005 in UTC.
        let rule = "AAA-12BBB,M12.5.0/23,M1.1.0/1";
        let expected = ["2005-12-26T00:00:00+13:00", "2006-01-01T00:00:00+12:00"];
        assert_eq!(transitions(rule, "2005-06-01T00:00:00Z", 2), expected);
    }

    #[test]
    fn daylight_saving_all_year_never_changes() {
        for rule in ["EST5EDT,0/0,J365/25", "XXX3EDT4,0/0,J365/23"] {
            let zone = Zone::posix(Rule::parse(rule).unwrap());
            for t in ["2026-01-01T00:00:00Z", "2026-01-01T05:00:00Z", "2028-12-31T23:00:00Z"] {
                assert_eq!(zone.offset_at(t.parse().unwrap()).as_secs(), -4 * 3_600, "{rule} {t}");
            }
            assert_eq!(transitions(rule, "2026-01-01T00:00:00Z", 1), [""; 0]);
        }
    }

    #[test]
    fn a_bad_rule_names_the_byte() {
        for (text, at) in [
            ("", 0),
            ("CE-1", 2),
            ("CET", 3),
            ("CET-25", 4),
            ("EST5EDT", 7),
            ("CET-1CEST,M3.5.0", 16),
            ("CET-1CEST,M13.5.0,M10.5.0", 11),
            ("CET-1CEST,M3.6.0,M10.5.0", 13),
            ("CET-1CEST,M3.5.0/168,M10.5.0", 17),
            ("CET-1CEST,J0,J3", 11),
            ("CET-1CEST,366,3", 10),
            ("<CET-1", 6),
            ("CET-1CEST,M3.5.0,M10.5.0/3 ", 26),
        ] {
            assert_eq!(Rule::parse(text).map_err(|error| error.at()), Err(at), "{text}");
        }
    }
}
