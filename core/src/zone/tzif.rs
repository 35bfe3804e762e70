//! A reader of TZif, the binary form of the IANA time zone database (RFC 9636, versions 1 to 4).
//!
//! The bytes are not trusted: whatever they are, the answer is a zone or an error, and the work
//! and memory are bounded by their length. Names, flags and leap seconds are not kept; a file that
//! counts leap seconds (`right/…`) is refused, because its time line is not ours.

use core::fmt;

use super::{Rule, Transition, Zone};
use crate::civil::Offset;

/// Reads a file into `storage` and answers the zone that borrows it.
///
/// [`transition_count`] tells how long `storage` must be.
///
/// # Errors
/// [`TzifError`]: the bytes are not a TZif file, contradict themselves or need more storage.
pub fn read<'a>(bytes: &[u8], storage: &'a mut [Transition]) -> Result<Zone<'a>, TzifError> {
    let (before, used, rule) = fill(bytes, storage)?;
    Zone::new(before, &storage[..used], rule).map_err(|_| TzifError::Unsorted)
}

/// How many transitions [`read`] may store: at most a fifth of the number of bytes.
///
/// # Errors
/// [`TzifError`], if the header is not one of a TZif file.
pub fn transition_count(bytes: &[u8]) -> Result<usize, TzifError> {
    Ok(Block::find(bytes)?.times)
}

/// Why bytes are not a usable TZif file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TzifError {
    /// The file does not begin with `TZif`.
    NotTzif,
    /// The file ends before what its header promises.
    Truncated,
    /// The header's counts contradict the format.
    BadHeader,
    /// A transition refers to a local time type that is not there.
    BadType,
    /// An offset beyond ±25:59:59.
    BadOffset,
    /// The transitions do not increase.
    Unsorted,
    /// The POSIX rule at the end cannot be read.
    BadRule(super::RuleError),
    /// The file counts leap seconds, which POSIX time does not have.
    LeapSeconds,
    /// More transitions than the caller's storage holds.
    Full,
}

impl fmt::Display for TzifError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotTzif => f.write_str("not a TZif file"),
            Self::Truncated => f.write_str("the TZif file is cut short"),
            Self::BadHeader => f.write_str("the TZif header contradicts itself"),
            Self::BadType => f.write_str("a transition names a local time type that is missing"),
            Self::BadOffset => f.write_str("an offset is beyond 25:59:59"),
            Self::Unsorted => f.write_str("the transitions do not increase"),
            Self::BadRule(error) => write!(f, "the rule at the end is not valid: {error}"),
            Self::LeapSeconds => f.write_str(
                "the file counts leap seconds (use the `posix` database instead of `right`)",
            ),
            Self::Full => f.write_str("more transitions than there is storage for"),
        }
    }
}

impl core::error::Error for TzifError {}

/// Stores the transitions that change the offset, and answers the offset before the first, their
/// number and the rule after the last.
pub(super) fn fill(
    bytes: &[u8],
    storage: &mut [Transition],
) -> Result<(Offset, usize, Rule), TzifError> {
    let block = Block::find(bytes)?;
    let before = block.offset(bytes, 0)?;
    let mut current = before;
    let mut used = 0;
    let mut latest = i64::MIN;
    for i in 0..block.times {
        let at = block.time(bytes, i)?;
        if at <= latest || !(-Transition::LIMIT..=Transition::LIMIT).contains(&at) {
            return Err(TzifError::Unsorted);
        }
        latest = at;
        let offset = block.offset(bytes, block.type_of(bytes, i)?)?;
        // The last one stays even without a change: the rule takes over from there.
        if offset == current && i + 1 < block.times {
            continue;
        }
        current = offset;
        *storage.get_mut(used).ok_or(TzifError::Full)? = Transition { at, offset };
        used += 1;
    }
    let rule = match block.footer(bytes)? {
        b"" => Rule::fixed(current),
        text => Rule::from_bytes(text).map_err(TzifError::BadRule)?,
    };
    Ok((before, used, rule))
}

const HEADER: usize = 44;

/// Where the parts of the data block lie that is worth reading: the first in version 1, the
/// second, with 64-bit times, from version 2 on.
struct Block {
    /// Bytes in one time: 4 or 8.
    width: usize,
    times: usize,
    types: usize,
    /// Offset of the transition times, from the start of the file.
    times_at: usize,
    /// Offset of the end of the block, where the footer begins.
    end: usize,
}

impl Block {
    fn find(bytes: &[u8]) -> Result<Self, TzifError> {
        let version = *Self::header(bytes, 0)?.get(4).ok_or(TzifError::Truncated)?;
        let first = Self::at(bytes, 0, 4)?;
        if version == 0 { Ok(first) } else { Self::at(bytes, first.end, 8) }
    }

    fn header(bytes: &[u8], start: usize) -> Result<&[u8], TzifError> {
        let rest = bytes.get(start..).ok_or(TzifError::Truncated)?;
        if !rest.starts_with(b"TZif") {
            return Err(TzifError::NotTzif);
        }
        rest.get(..HEADER).ok_or(TzifError::Truncated)
    }

    fn at(bytes: &[u8], start: usize, width: usize) -> Result<Self, TzifError> {
        let header = Self::header(bytes, start)?;
        let count = |i: usize| {
            let at = 20 + 4 * i;
            let word = [header[at], header[at + 1], header[at + 2], header[at + 3]];
            usize::try_from(u32::from_be_bytes(word)).map_err(|_| TzifError::BadHeader)
        };
        let [utc, standard, leaps] = [count(0)?, count(1)?, count(2)?];
        let [times, types, chars] = [count(3)?, count(4)?, count(5)?];
        if types == 0 || types > 256 {
            return Err(TzifError::BadHeader);
        }
        if leaps != 0 {
            return Err(TzifError::LeapSeconds);
        }
        let times_at = start + HEADER;
        let length = times
            .checked_mul(width + 1)
            .and_then(|sum| sum.checked_add(types * 6))
            .and_then(|sum| sum.checked_add(chars))
            .and_then(|sum| sum.checked_add(utc))
            .and_then(|sum| sum.checked_add(standard))
            .ok_or(TzifError::BadHeader)?;
        let end = times_at.checked_add(length).ok_or(TzifError::BadHeader)?;
        if end > bytes.len() {
            return Err(TzifError::Truncated);
        }
        Ok(Self { width, times, types, times_at, end })
    }

    fn time(&self, bytes: &[u8], index: usize) -> Result<i64, TzifError> {
        let rest = bytes.get(self.times_at + index * self.width..).ok_or(TzifError::Truncated)?;
        let time = if self.width == 4 {
            rest.first_chunk().map(|word| i64::from(i32::from_be_bytes(*word)))
        } else {
            rest.first_chunk().map(|word| i64::from_be_bytes(*word))
        };
        time.ok_or(TzifError::Truncated)
    }

    fn type_of(&self, bytes: &[u8], index: usize) -> Result<usize, TzifError> {
        let at = self.times_at + self.times * self.width + index;
        bytes.get(at).map(|&kind| usize::from(kind)).ok_or(TzifError::Truncated)
    }

    fn offset(&self, bytes: &[u8], kind: usize) -> Result<Offset, TzifError> {
        if kind >= self.types {
            return Err(TzifError::BadType);
        }
        let at = self.times_at + self.times * (self.width + 1) + 6 * kind;
        let word = bytes.get(at..).and_then(<[u8]>::first_chunk).ok_or(TzifError::Truncated)?;
        Offset::from_secs(i32::from_be_bytes(*word)).ok_or(TzifError::BadOffset)
    }

    /// The POSIX rule between two line feeds; empty in version 1.
    fn footer<'b>(&self, bytes: &'b [u8]) -> Result<&'b [u8], TzifError> {
        if self.width == 4 {
            return Ok(b"");
        }
        let rest = bytes.get(self.end..).and_then(|rest| rest.strip_prefix(b"\n"));
        let rest = rest.ok_or(TzifError::Truncated)?;
        let end = rest.iter().position(|&byte| byte == b'\n').ok_or(TzifError::Truncated)?;
        Ok(&rest[..end])
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::time::Timestamp;
    use crate::trigger::Dst;
    use std::vec;
    use std::vec::Vec;

    /// A version 1 block with 32-bit times, or one with 64-bit times.
    fn block(version: u8, width: usize, times: &[(i64, u8)], offsets: &[i32]) -> Vec<u8> {
        let mut bytes = b"TZif".to_vec();
        bytes.push(version);
        bytes.extend([0; 15]);
        for count in [0, 0, 0, times.len(), offsets.len(), 4] {
            bytes.extend(u32::try_from(count).unwrap().to_be_bytes());
        }
        for (at, _) in times {
            bytes.extend(&at.to_be_bytes()[8 - width..]);
        }
        bytes.extend(times.iter().map(|(_, kind)| *kind));
        for offset in offsets {
            bytes.extend(offset.to_be_bytes());
            bytes.extend([0, 0]);
        }
        bytes.extend(b"LMT\0");
        bytes
    }

    fn file(times: &[(i64, u8)], offsets: &[i32], footer: &str) -> Vec<u8> {
        let mut bytes = block(b'2', 4, &[], &[0]);
        bytes.extend(block(b'2', 8, times, offsets));
        bytes.extend(std::format!("\n{footer}\n").bytes());
        bytes
    }

    fn offsets(bytes: &[u8], at: &[i64]) -> Result<Vec<i32>, TzifError> {
        let mut storage = vec![Transition::default(); transition_count(bytes)?];
        let zone = read(bytes, &mut storage)?;
        let offset = |&secs| zone.offset_at(Timestamp::from_secs(secs).unwrap()).as_secs();
        Ok(at.iter().map(offset).collect())
    }

    #[test]
    fn both_widths_of_time_are_read() {
        let times = [(-1_000, 1), (0, 1), (1_000, 2)];
        let kinds = [30, 3_600, 7_200];
        let one = block(0, 4, &times, &kinds);
        assert_eq!(offsets(&one, &[-1_001, -1_000, 999, 1_000]), Ok(vec![30, 3_600, 3_600, 7_200]));
        let two = file(&times, &kinds, "CET-1");
        assert_eq!(offsets(&two, &[-1_001, -1_000, 999, 1_000]), Ok(vec![30, 3_600, 3_600, 3_600]));
        let mut storage = [Transition::default(); 2];
        assert!(read(&two, &mut storage).is_ok(), "a transition without a change takes no room");
        assert_eq!(read(&two, &mut storage[..1]).map(|_| ()), Err(TzifError::Full));
    }

    #[test]
    fn each_contradiction_has_its_error() {
        let error = |bytes: &[u8]| offsets(bytes, &[]).unwrap_err();
        assert_eq!(error(b"GIF89a"), TzifError::NotTzif);
        assert_eq!(error(&file(&[(1, 0), (1, 0)], &[0], "")), TzifError::Unsorted);
        assert_eq!(error(&file(&[(i64::MIN, 0)], &[0], "")), TzifError::Unsorted);
        assert_eq!(error(&file(&[(1, 1)], &[0], "")), TzifError::BadType);
        assert_eq!(error(&file(&[(1, 1)], &[0, 93_600], "")), TzifError::BadOffset);
        assert_eq!(error(&file(&[], &[], "")), TzifError::BadHeader);
        assert!(matches!(error(&file(&[], &[0], "CET")), TzifError::BadRule(_)));
        let mut leap = file(&[], &[0], "");
        leap[31] = 1;
        assert_eq!(error(&leap), TzifError::LeapSeconds);
        let mut huge = file(&[], &[0], "");
        huge[32..36].fill(0xff);
        assert_eq!(error(&huge), TzifError::Truncated);
    }

    fn exercise(zone: Zone<'_>) {
        for t in [Timestamp::MIN, Timestamp::UNIX_EPOCH, Timestamp::MAX] {
            let fire = crate::trigger::Cron::literal("0 0 1 1 *").next_after(t, &zone, Dst::ONCE);
            assert!(fire.is_none_or(|fire| fire > t));
            assert!(zone.next_transition(t).is_none_or(|next| next > t));
            assert!(zone.prev_transition(t).is_none_or(|prev| prev < t));
            let _ = zone.resolve(zone.local(t));
        }
    }

    #[test]
    fn a_file_cut_short_or_with_any_byte_changed_does_no_harm() {
        let times = [(-1_000, 1), (0, 0), (1_000, 2)];
        let whole = file(&times, &[30, 3_600, 7_200], "CET-1CEST,M3.5.0,M10.5.0/3");
        for end in 0..whole.len() {
            assert!(offsets(&whole[..end], &[0]).is_err(), "cut at {end}");
        }
        for i in 0..whole.len() {
            for byte in 0..=255 {
                let mut changed = whole.clone();
                changed[i] = byte;
                let mut storage = [Transition::default(); 3];
                if let Ok(zone) = read(&changed, &mut storage) {
                    exercise(zone);
                }
                #[cfg(feature = "alloc")]
                if let Ok(zone) = crate::zone::OwnedZone::from_tzif(&changed) {
                    exercise(crate::zone::TimeZone::zone(&zone));
                }
            }
        }
    }
}
