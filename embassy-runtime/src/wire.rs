//! Commands as bytes: what a host sends and a device takes, over whatever wire there is.
//!
//! `mainspring firmware encode` writes frames of an [`Order`] each, and a [`Receiver`] on the device
//! makes [commands](crate::command::Command) of what comes in, byte by byte.
//!
//! # Byte by byte
//!
//! A frame is encoded with COBS (Cheshire and Baker, 1999), so that no byte of it is zero, and ends
//! with a zero: whoever starts to listen in the middle is in step again after the next one. Decoded
//! it is
//!
//! | bytes | what |
//! |---|---|
//! | 1 | [`VERSION`] |
//! | 4 | checksum of what follows, least significant byte first: FNV-1a of 32 bits, as for [`Name`] |
//! | n | the [`Order`] in [postcard's wire format] |
//!
//! Orders and their fields are numbered in the order in which they are written down here; new ones
//! are added at the end. Anything else is a new version.
//!
//! [postcard's wire format]: https://postcard.jamesmunns.com/wire-format
//! [`Name`]: crate::name::Name

use core::fmt;

use mainspring_core::domain::Domain;
use mainspring_core::fire::Resume;
use mainspring_core::schedule::Spec;
use mainspring_core::task::Task;
use mainspring_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::flash::Lasting;
use crate::name::hash;

/// What can be asked of a device over a wire. The devices that understand it keep what people write
/// by value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "D: Lasting")]
pub enum Order<D: Domain> {
    /// Put a schedule, in place of one of this name.
    Put(Spec<D>),
    /// Say what all jobs of a task have in common.
    PutTask(Task<D>),
    /// Remove a schedule.
    Remove(D::ScheduleId),
    /// Let a schedule fire no more until it is resumed.
    Pause(D::ScheduleId),
    /// Let a schedule fire again, with what came due in the meantime or without.
    Resume(D::ScheduleId, Resume),
    /// Run a schedule's task now.
    RunNow(D::ScheduleId),
    /// It is this late, in the moment in which the frame ends.
    SetClock(Timestamp),
}

/// The first byte of each frame.
pub const VERSION: u8 = 1;

/// Why bytes are no order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum WireError {
    /// The frame is longer than the buffer.
    TooLong,
    /// Bytes were lost or changed on the way.
    Damaged,
    /// The frame is of this version, and not of [`VERSION`].
    Version(u8),
    /// The frame is whole, but no order of this device's domain.
    Foreign,
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => f.write_str("the frame is longer than the buffer"),
            Self::Damaged => f.write_str("the frame is damaged"),
            Self::Version(version) => {
                write!(f, "the frame is of version {version} (this device reads {VERSION})")
            }
            Self::Foreign => f.write_str("the frame is no order of this device"),
        }
    }
}

impl core::error::Error for WireError {}

/// Writes an order as a frame into a buffer, and returns the frame.
///
/// # Errors
/// [`WireError::TooLong`].
pub fn encode<'b, D: Lasting>(
    order: &Order<D>,
    buffer: &'b mut [u8],
) -> Result<&'b [u8], WireError> {
    // COBS puts one byte before each 254 and one at the end: the content starts behind those.
    let (head, body) = (HEAD, buffer.len() / 254 + 2);
    let content = buffer.get_mut(body..).ok_or(WireError::TooLong)?;
    let room = content.get_mut(head..).ok_or(WireError::TooLong)?;
    let len = postcard::to_slice(order, room).map_err(|_| WireError::TooLong)?.len();
    let sum = hash(&content[head..head + len]).to_le_bytes();
    content[0] = VERSION;
    content[1..head].copy_from_slice(&sum);
    let len = stuff(buffer, body, head + len).ok_or(WireError::TooLong)?;
    Ok(&buffer[..len])
}

/// Reads a frame, with its last zero or without.
///
/// # Errors
/// [`WireError`] says what is wrong with it. The frame is used up in any case.
pub fn decode<D: Lasting>(frame: &mut [u8]) -> Result<Order<D>, WireError> {
    let end = frame.iter().position(|byte| *byte == 0).unwrap_or(frame.len());
    let len = unstuff(&mut frame[..end]).ok_or(WireError::Damaged)?;
    let (&version, rest) = frame[..len].split_first().ok_or(WireError::Damaged)?;
    let (sum, order) = rest.split_first_chunk().ok_or(WireError::Damaged)?;
    if u32::from_le_bytes(*sum) != hash(order) {
        return Err(WireError::Damaged);
    }
    if version != VERSION {
        return Err(WireError::Version(version));
    }
    postcard::from_bytes(order).map_err(|_| WireError::Foreign)
}

/// Collects bytes until they are a frame. `N` is the longest frame: 256 is enough for every order of
/// [`Small`](crate::domain::Small).
#[derive(Debug)]
pub struct Receiver<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Receiver<N> {
    /// Nothing has come yet.
    pub const fn new() -> Self {
        Self { bytes: [0; N], len: 0 }
    }

    /// Takes the next byte; returns an order if it was the last one of a frame.
    pub fn take<D: Lasting>(&mut self, byte: u8) -> Option<Result<Order<D>, WireError>> {
        if byte != 0 {
            if let Some(place) = self.bytes.get_mut(self.len) {
                *place = byte;
            }
            self.len = self.len.saturating_add(1);
            return None;
        }
        // Two zeros after each other are a wire that was quiet.
        match core::mem::take(&mut self.len) {
            0 => None,
            len => Some(match self.bytes.get_mut(..len) {
                Some(frame) => decode(frame),
                None => Err(WireError::TooLong),
            }),
        }
    }
}

impl<const N: usize> Default for Receiver<N> {
    fn default() -> Self {
        Self::new()
    }
}

/// Moves `len` bytes from `from` to the front, without zeros, and ends them with one; says how many
/// that makes. There is room if `from` is at least one more than the blocks of 254 bytes in them.
fn stuff(buffer: &mut [u8], from: usize, len: usize) -> Option<usize> {
    let mut code_at = 0;
    let mut to = 1;
    for at in from..from + len {
        let byte = *buffer.get(at)?;
        if byte != 0 {
            *buffer.get_mut(to)? = byte;
            to += 1;
        }
        let block = to - code_at;
        if byte == 0 || block == usize::from(u8::MAX) {
            *buffer.get_mut(code_at)? = u8::try_from(block).ok()?;
            code_at = to;
            to += 1;
        }
    }
    *buffer.get_mut(code_at)? = u8::try_from(to - code_at).ok()?;
    *buffer.get_mut(to)? = 0;
    Some(to + 1)
}

/// The way back, in place; says how many bytes there were, or `None` if nothing was stuffed so.
fn unstuff(frame: &mut [u8]) -> Option<usize> {
    let (mut at, mut to) = (0, 0);
    while at < frame.len() {
        let code = usize::from(frame[at]);
        let end = at.checked_add(code).filter(|end| code > 0 && *end <= frame.len())?;
        frame.copy_within(at + 1..end, to);
        to += code - 1;
        at = end;
        if code < usize::from(u8::MAX) && at < frame.len() {
            frame[to] = 0;
            to += 1;
        }
    }
    Some(to)
}

/// Version and checksum.
const HEAD: usize = 5;
