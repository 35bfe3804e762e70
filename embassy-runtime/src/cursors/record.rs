//! A record of 32 bytes: where one schedule stands. The bytes are described in the
//! [parent's](super) documentation.

use core::hash::{Hash, Hasher};

use mainspring_core::note::Note;
use mainspring_core::schedule::{Next, Pause, PauseReason};
use mainspring_core::time::Timestamp;

use crate::name::{Name, hash, hash_on};

/// How many bytes a record has: a multiple of whatever flash writes at once.
pub(super) const LEN: usize = 32;

/// The version of everything but the sum, the number, and the eight bits that hold the version.
pub(super) const VERSION: u8 = 1;

/// A record's bytes. Some flash controllers read whole words of memory only.
#[derive(Debug)]
#[repr(align(4))]
pub(super) struct Bytes(pub(super) [u8; LEN]);

impl Bytes {
    /// Whether nothing was written there.
    pub(super) fn is_erased(&self) -> bool {
        self.0.iter().all(|byte| *byte == 0xff)
    }
}

/// Where a schedule stands, as far as flash knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stand {
    /// Cursor and pause.
    pub(super) cursor: Cursor,
    pub(super) last_fire_at: Option<Timestamp>,
    pub(super) fired: u32,
}

impl Stand {
    /// There is no such schedule.
    pub(super) const NONE: Self = Self { cursor: Cursor::NONE, last_fire_at: None, fired: 0 };
}

/// Cursor and pause in one number: what is compared to see whether there is something to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cursor(i64);

impl Cursor {
    /// There is no such schedule.
    pub(super) const NONE: Self = Self(0);

    /// This instant, or the end; and why the schedule is paused, if it is.
    pub(super) fn new(next: Option<Timestamp>, pause: Option<PauseReason>) -> Self {
        let pause = match pause {
            None => 0,
            Some(PauseReason::Person) => PERSON,
            Some(PauseReason::Failures) => FAILURES,
        };
        match next {
            Some(at) => Self(at.as_micros() << BITS | AT | pause),
            None => Self(DONE | pause),
        }
    }

    /// Where the schedule stands; `None` if there is none.
    pub(super) fn next(self) -> Option<Next> {
        match self.0 & KIND {
            AT => Timestamp::from_micros(self.0 >> BITS).map(Next::At),
            DONE => Some(Next::Done),
            _ => None,
        }
    }

    /// The pause since this moment, if there is one.
    pub(super) fn pause<S: Note<Timestamp>>(self, since: Timestamp) -> Option<Pause<S>> {
        let reason = match self.0 & PAUSE {
            PERSON => PauseReason::Person,
            FAILURES => PauseReason::Failures,
            _ => return None,
        };
        Some(Pause { reason, since: S::of(since) })
    }

    /// Whether more than time lies between them: a schedule was put, removed, paused, resumed or
    /// has come to its end.
    pub(super) const fn is_edited(self, other: Self) -> bool {
        (self.0 ^ other.0) & (KIND | PAUSE) != 0
    }
}

/// A record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// Counts records from the first one ever.
    pub(super) number: u32,
    /// Which schedule, and by what it fires.
    pub(super) who: u32,
    pub(super) stand: Stand,
    /// Its half has a record of every schedule, up to this one.
    pub(super) complete: bool,
    pub(super) version: u8,
}

impl Record {
    /// Numbers are little endian.
    pub(super) fn bytes(&self) -> Bytes {
        let Stand { cursor, last_fire_at, fired } = self.stand;
        let last = last_fire_at.map_or(0, |at| at.as_micros() << BITS | THERE);
        let complete = if self.complete { COMPLETE } else { 0 };
        let last = last | complete | i64::from(self.version) << VERSION_AT & VERSIONS;
        let mut bytes = [0; LEN];
        let (sum, rest) = bytes.split_at_mut(4);
        rest[..4].copy_from_slice(&self.number.to_le_bytes());
        rest[4..8].copy_from_slice(&self.who.to_le_bytes());
        rest[8..12].copy_from_slice(&fired.to_le_bytes());
        rest[12..20].copy_from_slice(&cursor.0.to_le_bytes());
        rest[20..].copy_from_slice(&last.to_le_bytes());
        sum.copy_from_slice(&hash(rest).to_le_bytes());
        Bytes(bytes)
    }

    /// A record whose sum is right.
    pub(super) fn read(bytes: &Bytes) -> Option<Self> {
        let (sum, rest) = bytes.0.split_first_chunk()?;
        if u32::from_le_bytes(*sum) != hash(rest) {
            return None;
        }
        let (number, rest) = rest.split_first_chunk()?;
        let (who, rest) = rest.split_first_chunk()?;
        let (fired, rest) = rest.split_first_chunk()?;
        let (cursor, rest) = rest.split_first_chunk()?;
        let last = i64::from_le_bytes(*rest.first_chunk()?);
        let there = last & THERE != 0;
        let last_fire_at = Timestamp::from_micros(last >> BITS).filter(|_| there);
        let fired = u32::from_le_bytes(*fired);
        Some(Self {
            number: u32::from_le_bytes(*number),
            who: u32::from_le_bytes(*who),
            stand: Stand { cursor: Cursor(i64::from_le_bytes(*cursor)), last_fire_at, fired },
            complete: last & COMPLETE != 0,
            version: u8::try_from((last & VERSIONS) >> VERSION_AT).unwrap_or(0),
        })
    }
}

/// A number for a schedule of this name that fires by this: another one if it fires by something
/// else, because its cursor means nothing then.
pub(super) fn who(name: Name, fires: &impl Hash) -> u32 {
    let mut sum = Sum(name.number());
    fires.hash(&mut sum);
    sum.0
}

/// FNV-1a, which is here for names already.
struct Sum(u32);

impl Hasher for Sum {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = hash_on(self.0, bytes);
    }

    fn finish(&self) -> u64 {
        self.0.into()
    }
}

/// Instants of the years 1 to 9999 leave this many bits free.
const BITS: u32 = 5;

/// In a cursor: what kind of one.
const KIND: i64 = 0b11;
const AT: i64 = 1;
const DONE: i64 = 2;

/// In a cursor: who paused the schedule.
const PAUSE: i64 = 0b1100;
const PERSON: i64 = 1 << 2;
const FAILURES: i64 = 2 << 2;

/// In the last fire: whether there was one, whether the half is complete, and the version.
const THERE: i64 = 1;
const COMPLETE: i64 = 2;
const VERSION_AT: u32 = 2;
const VERSIONS: i64 = 0b11100;

#[cfg(test)]
mod tests {
    use super::*;

    fn record(cursor: Cursor, last_fire_at: Option<Timestamp>) -> Record {
        let stand = Stand { cursor, last_fire_at, fired: 7 };
        Record { number: 3, who: 0x1234_5678, stand, complete: true, version: VERSION }
    }

    #[test]
    fn records_are_read_as_they_were_written() {
        let instants = [Timestamp::MIN, Timestamp::UNIX_EPOCH, Timestamp::MAX];
        let ats = [None].into_iter().chain(instants.map(Some));
        for next in ats.clone() {
            for pause in [None, Some(PauseReason::Person), Some(PauseReason::Failures)] {
                for last in ats.clone() {
                    let cursor = Cursor::new(next, pause);
                    let written = record(cursor, last);
                    assert_eq!(Record::read(&written.bytes()), Some(written));
                    assert_eq!(cursor.next(), Some(next.into()));
                    let since = Timestamp::UNIX_EPOCH;
                    assert_eq!(cursor.pause(since), pause.map(|reason| Pause { reason, since }));
                }
            }
        }
        let gone = Record { stand: Stand::NONE, complete: false, ..record(Cursor::NONE, None) };
        assert_eq!(Record::read(&gone.bytes()), Some(gone));
        assert_eq!(Cursor::NONE.next(), None);
    }

    #[test]
    fn every_wrong_bit_is_noticed() {
        let cursor = Cursor::new(Some(Timestamp::UNIX_EPOCH), None);
        let bytes = record(cursor, None).bytes();
        assert!(!bytes.is_erased() && Bytes([0xff; LEN]).is_erased());
        assert_eq!(Record::read(&Bytes([0xff; LEN])), None);
        assert_eq!(Record::read(&Bytes([0; LEN])), None);
        for bit in 0..LEN * 8 {
            let mut wrong = bytes.0;
            wrong[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Record::read(&Bytes(wrong)), None, "bit {bit}");
        }
    }

    #[test]
    fn only_a_cursor_that_moved_is_no_edit() {
        let at = |secs| Timestamp::from_secs(secs);
        let (one, two) = (Cursor::new(at(1), None), Cursor::new(at(2), None));
        assert!(!one.is_edited(two) && one != two);
        for other in [Cursor::NONE, Cursor::new(at(1), Some(PauseReason::Person))] {
            assert!(one.is_edited(other) && other.is_edited(one));
        }
        assert!(one.is_edited(Cursor::new(None, None)));
    }
}
