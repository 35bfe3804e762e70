//! A hash index over slots that lie elsewhere: chains of slots with the same hash, and the list of
//! free slots.
//!
//! It knows nothing of the records in the slots, so that its code is there once for all tables.

use core::hash::{Hash, Hasher};
use core::mem::replace;

use crate::number::Number;

/// The links of one slot.
///
/// Invariant: `head` starts the chain of the bucket with this slot's number; `next` continues the
/// chain that this slot is in or, if it is free, the list of free slots. There are as many buckets
/// as slots, so that chains stay short.
#[derive(Clone, Copy, Debug)]
pub struct Link<N> {
    head: N,
    next: N,
}

impl<N: Number> Link<N> {
    /// Links of a slot that was never taken.
    pub const NONE: Self = Self { head: N::NONE, next: N::NONE };
}

/// Which slots are taken. It is passed the same links each time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Index<N> {
    /// The first free slot that was taken before.
    free: N,
    /// How many slots were ever taken: the others are free too, and in no list.
    fresh: u32,
    len: u32,
}

impl<N: Number> Index<N> {
    /// No slot is taken.
    pub(crate) const EMPTY: Self = Self { free: N::NONE, fresh: 0, len: 0 };

    /// Takes a slot for a record with this hash, if one is free.
    #[inline]
    pub(crate) fn insert(&mut self, links: &mut [Link<N>], hash: u32) -> Option<usize> {
        let slot = match self.free.slot() {
            Some(slot) => {
                self.free = links[slot].next;
                slot
            }
            None => {
                let slot = self.fresh as usize;
                links.get(slot)?;
                self.fresh += 1;
                slot
            }
        };
        let bucket = bucket(hash, links.len());
        links[slot].next = replace(&mut links[bucket].head, N::of(slot));
        self.len += 1;
        Some(slot)
    }

    /// Gives a slot back that was taken for a record with this hash.
    #[inline]
    pub(crate) fn remove(&mut self, links: &mut [Link<N>], hash: u32, slot: usize) {
        let this = N::of(slot);
        let after = replace(&mut links[slot].next, self.free);
        let head = &mut links[bucket(hash, links.len())].head;
        if *head == this {
            *head = after;
        } else {
            let mut at = *head;
            while let Some(there) = at.slot() {
                at = links[there].next;
                if at == this {
                    links[there].next = after;
                    break;
                }
            }
        }
        self.free = this;
        self.len -= 1;
    }

    /// How many slots are taken.
    pub(crate) fn len(&self) -> usize {
        self.len as usize
    }
}

/// The slot with this hash of which `is_it` is true.
pub(crate) fn find<N: Number>(
    links: &[Link<N>],
    hash: u32,
    is_it: impl Fn(usize) -> bool,
) -> Option<usize> {
    let mut at = links.get(bucket(hash, links.len()))?.head;
    while let Some(slot) = at.slot() {
        if is_it(slot) {
            return Some(slot);
        }
        at = links[slot].next;
    }
    None
}

/// The hash of a key.
pub(crate) fn hash(key: &impl Hash) -> u32 {
    let mut hasher = SmallHasher(0);
    key.hash(&mut hasher);
    hasher.0.wrapping_mul(0x9e37_79b9)
}

/// Multiply and shift maps the hash onto the buckets without a division.
fn bucket(hash: u32, buckets: usize) -> usize {
    ((u64::from(hash) * buckets as u64) >> 32) as usize
}

/// A 32-bit multiplicative hash: small enough for a microcontroller.
///
/// It does not resist chosen collisions; keys come from the owner of the store.
struct SmallHasher(u32);

impl Hasher for SmallHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks();
        words.iter().for_each(|&word| self.write_u32(u32::from_le_bytes(word)));
        rest.iter().for_each(|&byte| self.write_u32(u32::from(byte)));
    }

    fn write_u8(&mut self, byte: u8) {
        self.write_u32(u32::from(byte));
    }

    fn write_u16(&mut self, word: u16) {
        self.write_u32(u32::from(word));
    }

    fn write_u32(&mut self, word: u32) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7);
    }

    fn write_u64(&mut self, word: u64) {
        #[expect(clippy::cast_possible_truncation, reason = "one half, then the other")]
        for half in [word as u32, (word >> 32) as u32] {
            self.write_u32(half);
        }
    }

    fn write_u128(&mut self, word: u128) {
        #[expect(clippy::cast_possible_truncation, reason = "one half, then the other")]
        for half in [word as u64, (word >> 64) as u64] {
            self.write_u64(half);
        }
    }

    fn finish(&self) -> u64 {
        u64::from(self.0)
    }
}
