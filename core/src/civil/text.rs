//! The RFC 3339 text of a [`Timestamp`].

use core::fmt;
use core::str::FromStr;

use super::{Date, DateTime, Offset, TimeOfDay, date_of, split_days};
use crate::time::{MICROS_PER_SECOND, Timestamp};

impl Timestamp {
    /// This instant as a clock at `offset` shows it, for people: `2026-03-29T03:00:00+02:00`.
    ///
    /// ```
    /// # use mainspring_core::{civil::Offset, time::Timestamp};
    /// let t: Timestamp = "2026-03-29T01:00:00Z".parse().unwrap();
    /// let summer = Offset::from_secs(7_200).unwrap();
    /// assert_eq!(t.at_offset(summer).to_string(), "2026-03-29T03:00:00+02:00");
    /// ```
    pub const fn at_offset(self, offset: Offset) -> AtOffset {
        AtOffset { at: self, offset }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC: `2026-01-02T03:04:05Z`; a fraction only if there is one, without trailing
    /// zeros.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_local(f, *self, Offset::UTC)?;
        f.write_str("Z")
    }
}

/// A timestamp and the offset to show it at; made by [`Timestamp::at_offset`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AtOffset {
    at: Timestamp,
    offset: Offset,
}

impl fmt::Display for AtOffset {
    /// RFC 3339 with a numeric offset; one with seconds, which RFC 3339 lacks, is `±hh:mm:ss`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_local(f, self.at, self.offset)?;
        fmt::Display::fmt(&self.offset, f)
    }
}

fn write_local(f: &mut fmt::Formatter<'_>, at: Timestamp, offset: Offset) -> fmt::Result {
    let (days, second) = split_days(at.as_secs() + i64::from(offset.0));
    let (year, month, day) = date_of(days);
    write!(f, "{year:04}-{month:02}-{day:02}T{}", TimeOfDay(second))?;
    let mut fraction = at.subsec_micros();
    if fraction == 0 {
        return Ok(());
    }
    let mut width = 6;
    while fraction % 10 == 0 {
        fraction /= 10;
        width -= 1;
    }
    write!(f, ".{fraction:0width$}")
}

/// Why a text is not an RFC 3339 timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParseTimestampError {
    /// Something else was needed at this byte.
    Expected(&'static str, usize),
    /// A time without `Z` or a numeric offset, which would mean something else on each machine.
    MissingOffset,
    /// A date, time or offset that does not exist, such as the 30th of February or 24:00.
    NoSuch(&'static str),
    /// More than six digits after the point.
    TooPrecise,
    /// Before the year 0001 or after the year 9999.
    OutOfRange,
}

impl fmt::Display for ParseTimestampError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const HOW: &str = "write for example `2026-01-02T03:04:05Z` or `2026-01-02T03:04:05+01:00`";
        match self {
            Self::Expected(what, at) => write!(f, "expected {what} at byte {at} ({HOW})"),
            Self::MissingOffset => write!(f, "no offset from UTC ({HOW})"),
            Self::NoSuch(what) => write!(f, "there is no such {what}"),
            Self::TooPrecise => f.write_str("more than six digits of a second's fraction"),
            Self::OutOfRange => f.write_str("not in the years 0001 to 9999"),
        }
    }
}

impl core::error::Error for ParseTimestampError {}

impl FromStr for Timestamp {
    type Err = ParseTimestampError;

    /// Reads RFC 3339: `T` or a blank between date and time, `Z` or a numeric offset, and up to
    /// six digits of a fraction. The offset is mandatory; `:60` is refused, because the POSIX
    /// time line has no leap seconds.
    fn from_str(text: &str) -> Result<Self, ParseTimestampError> {
        let mut reader = Reader { bytes: text.as_bytes(), at: 0 };
        let year = reader.digits(4)?;
        reader.one_of(b"-", "`-`")?;
        let month = reader.digits(2)?;
        reader.one_of(b"-", "`-`")?;
        let day = reader.digits(2)?;
        reader.one_of(b"Tt ", "`T` or a blank")?;
        let hour = reader.digits(2)?;
        reader.one_of(b":", "`:`")?;
        let minute = reader.digits(2)?;
        reader.one_of(b":", "`:`")?;
        let second = reader.digits(2)?;
        let micros = reader.fraction()?;
        let offset = reader.offset()?;
        reader.finish()?;
        let date =
            Date::new(year.cast_signed(), month, day).ok_or(ParseTimestampError::NoSuch("date"))?;
        let time = TimeOfDay::new(hour, minute, second)
            .ok_or(ParseTimestampError::NoSuch("time of day"))?;
        let secs = DateTime { date, time }.as_secs() - i64::from(offset.0);
        Self::from_micros(secs * MICROS_PER_SECOND + i64::from(micros))
            .ok_or(ParseTimestampError::OutOfRange)
    }
}

pub(super) struct Reader<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
}

impl Reader<'_> {
    pub(super) fn digits(&mut self, count: usize) -> Result<u32, ParseTimestampError> {
        let mut number = 0;
        for _ in 0..count {
            match self.bytes.get(self.at) {
                Some(b) if b.is_ascii_digit() => number = number * 10 + u32::from(b - b'0'),
                _ => return Err(ParseTimestampError::Expected("a digit", self.at)),
            }
            self.at += 1;
        }
        Ok(number)
    }

    pub(super) fn one_of(
        &mut self,
        set: &[u8],
        what: &'static str,
    ) -> Result<(), ParseTimestampError> {
        match self.bytes.get(self.at) {
            Some(b) if set.contains(b) => {
                self.at += 1;
                Ok(())
            }
            _ => Err(ParseTimestampError::Expected(what, self.at)),
        }
    }

    pub(super) fn fraction(&mut self) -> Result<u32, ParseTimestampError> {
        if self.bytes.get(self.at) != Some(&b'.') {
            return Ok(0);
        }
        self.at += 1;
        let mut micros = self.digits(1)? * 100_000;
        let mut weight = 10_000;
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            if weight == 0 {
                return Err(ParseTimestampError::TooPrecise);
            }
            micros += self.digits(1)? * weight;
            weight /= 10;
        }
        Ok(micros)
    }

    pub(super) fn offset(&mut self) -> Result<Offset, ParseTimestampError> {
        let east = match self.bytes.get(self.at) {
            None => return Err(ParseTimestampError::MissingOffset),
            Some(b'Z' | b'z') => {
                self.at += 1;
                return Ok(Offset::UTC);
            }
            Some(b'+') => true,
            Some(b'-') => false,
            Some(_) => return Err(ParseTimestampError::Expected("`Z`, `+` or `-`", self.at)),
        };
        self.at += 1;
        let hour = self.digits(2)?;
        self.one_of(b":", "`:`")?;
        let minute = self.digits(2)?;
        let mut second = 0;
        if self.bytes.get(self.at) == Some(&b':') {
            self.at += 1;
            second = self.digits(2)?;
        }
        if minute > 59 || second > 59 {
            return Err(ParseTimestampError::NoSuch("offset"));
        }
        let secs = (hour * 3_600 + minute * 60 + second).cast_signed();
        Offset::from_secs(if east { secs } else { -secs })
            .ok_or(ParseTimestampError::NoSuch("offset"))
    }

    pub(super) const fn finish(&self) -> Result<(), ParseTimestampError> {
        if self.at == self.bytes.len() {
            Ok(())
        } else {
            Err(ParseTimestampError::Expected("the end", self.at))
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;

    #[test]
    fn a_timestamp_reads_what_it_writes() {
        for text in [
            "1970-01-01T00:00:00Z",
            "2026-01-02T03:04:05Z",
            "2026-01-02T03:04:05.5Z",
            "2026-01-02T03:04:05.000001Z",
            "1969-12-31T23:59:59.999999Z",
            "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59.999999Z",
        ] {
            assert_eq!(text.parse::<Timestamp>().unwrap().to_string(), text);
        }
        let t: Timestamp = "2026-12-24 18:00:00+01:00".parse().unwrap();
        assert_eq!(t.to_string(), "2026-12-24T17:00:00Z");
        assert_eq!("2026-12-24t17:00:00.0z".parse(), Ok(t));
    }

    #[test]
    fn a_timestamp_at_an_offset_shows_local_time() {
        let t: Timestamp = "2026-03-29T01:00:00.25Z".parse().unwrap();
        let at = |secs| t.at_offset(Offset::from_secs(secs).unwrap()).to_string();
        assert_eq!(at(7_200), "2026-03-29T03:00:00.25+02:00");
        assert_eq!(at(-12_600), "2026-03-28T21:30:00.25-03:30");
        assert_eq!(at(3_208), "2026-03-29T01:53:28.25+00:53:28");
        assert_eq!(at(3_208).parse(), Ok(t));
    }

    #[test]
    fn a_bad_timestamp_says_what_is_wrong() {
        use ParseTimestampError as E;
        let error = |text: &str| text.parse::<Timestamp>().unwrap_err();
        assert_eq!(error("2026-01-02T03:04:05"), E::MissingOffset);
        assert_eq!(error("2026-02-30T00:00:00Z"), E::NoSuch("date"));
        assert_eq!(error("2026-01-02T24:00:00Z"), E::NoSuch("time of day"));
        assert_eq!(error("2026-06-30T23:59:60Z"), E::NoSuch("time of day"));
        assert_eq!(error("2026-01-02T03:04:05+27:00"), E::NoSuch("offset"));
        assert_eq!(error("2026-01-02T03:04:05+01:60"), E::NoSuch("offset"));
        assert_eq!(error("2026-01-02T03:04:05.1234567Z"), E::TooPrecise);
        assert_eq!(error("2026-01-02T03:04:05.Z"), E::Expected("a digit", 20));
        assert_eq!(error("2026-01-02"), E::Expected("`T` or a blank", 10));
        assert_eq!(error("2026-01-02T03:04:05Zz"), E::Expected("the end", 20));
        assert_eq!(error("0000-12-31T23:59:59Z"), E::OutOfRange);
        assert_eq!(error("9999-12-31T23:59:59-01:00"), E::OutOfRange);
        assert_eq!(error("tomorrow"), E::Expected("a digit", 0));
    }
}
