//! A fixed-capacity table of records that are found by slot number or by key.
//!
//! One array holds everything: the records, the chains of a hash index over their keys (as many
//! buckets as slots, so chains stay short) and the list of free slots. A full table hands the
//! record back.

use core::fmt;
use core::hash::{Hash, Hasher};
use core::marker::PhantomData;

/// A record that knows its own key.
pub trait Keyed {
    /// What the record is found by.
    type Key: Eq + Hash;

    /// The key. It must not change while the record is in a table.
    fn key(&self) -> &Self::Key;
}

/// One slot of a table's storage.
///
/// Invariant: `head` starts the chain of bucket number "this slot's index"; `next` continues the
/// chain that this slot's record is in or, if the slot is free, the list of free slots.
#[derive(Clone, Debug)]
pub struct Slot<T> {
    record: Option<T>,
    next: u32,
    head: u32,
}

impl<T> Slot<T> {
    /// A slot without a record.
    pub const EMPTY: Self = Self { record: None, next: END, head: END };
}

/// Nothing more fits; the record comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Full<T>(pub T);

impl<T> fmt::Display for Full<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the table is full (remove a record or choose a larger capacity)")
    }
}

impl<T: fmt::Debug> core::error::Error for Full<T> {}

/// A table of at most `storage.len()` records.
#[derive(Clone, Debug)]
pub struct Table<T, S> {
    slots: S,
    free: u32,
    len: usize,
    record: PhantomData<T>,
}

impl<T: Keyed, S: AsRef<[Slot<T>]> + AsMut<[Slot<T>]>> Table<T, S> {
    /// An empty table over `storage`, whose length is its capacity.
    pub fn new(mut storage: S) -> Self {
        let slots = storage.as_mut();
        let capacity = slots.len();
        for (index, slot) in slots.iter_mut().enumerate() {
            let next = if index + 1 < capacity { slot_number(index + 1) } else { END };
            *slot = Slot { record: None, next, head: END };
        }
        Self {
            slots: storage,
            free: if capacity == 0 { END } else { 0 },
            len: 0,
            record: PhantomData,
        }
    }

    /// Adds a record and returns its slot. The key must not be in the table yet.
    ///
    /// # Errors
    /// [`Full`] with the record, if no slot is free.
    pub fn insert(&mut self, record: T) -> Result<usize, Full<T>> {
        if self.free == END {
            return Err(Full(record));
        }
        debug_assert!(self.find(record.key()).is_none(), "the key is in the table already");
        let index = self.free as usize;
        let bucket = self.bucket(record.key());
        let slots = self.slots.as_mut();
        self.free = slots[index].next;
        slots[index].next = slots[bucket].head;
        slots[index].record = Some(record);
        slots[bucket].head = slot_number(index);
        self.len += 1;
        Ok(index)
    }

    /// Takes the record in `index` out.
    pub fn remove(&mut self, index: usize) -> Option<T> {
        let record = self.slots.as_mut().get_mut(index)?.record.take()?;
        let bucket = self.bucket(record.key());
        let free = self.free;
        let slots = self.slots.as_mut();
        let after = slots[index].next;
        if slots[bucket].head as usize == index {
            slots[bucket].head = after;
        } else {
            let mut at = slots[bucket].head as usize;
            while slots[at].next as usize != index {
                at = slots[at].next as usize;
            }
            slots[at].next = after;
        }
        slots[index].next = free;
        self.free = slot_number(index);
        self.len -= 1;
        Some(record)
    }

    /// The record in `index`, to change. Its key must stay what it is.
    pub fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        self.slots.as_mut().get_mut(index)?.record.as_mut()
    }

    /// The record in `index`.
    pub fn get(&self, index: usize) -> Option<&T> {
        self.slots.as_ref().get(index)?.record.as_ref()
    }

    /// The slot of the record with this key.
    pub fn find(&self, key: &T::Key) -> Option<usize> {
        let slots = self.slots.as_ref();
        if slots.is_empty() {
            return None;
        }
        let mut at = slots[self.bucket(key)].head;
        while at != END {
            let slot = &slots[at as usize];
            if slot.record.as_ref().is_some_and(|record| record.key() == key) {
                return Some(at as usize);
            }
            at = slot.next;
        }
        None
    }

    /// Every record with its slot, in slot order.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &T)> {
        let slots = self.slots.as_ref().iter().enumerate();
        slots.filter_map(|(index, slot)| Some((index, slot.record.as_ref()?)))
    }

    /// How many records the table holds.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether the table holds no record.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many records fit.
    pub fn capacity(&self) -> usize {
        self.slots.as_ref().len()
    }

    fn bucket(&self, key: &T::Key) -> usize {
        let mut hasher = SmallHasher(0);
        key.hash(&mut hasher);
        let spread = hasher.0.wrapping_mul(0x9e37_79b9);
        // Multiply and shift maps the hash onto the buckets without a division.
        let bucket = (u64::from(spread) * self.capacity() as u64) >> 32;
        bucket as usize
    }
}

/// A 32-bit multiplicative hash: small enough for a microcontroller.
///
/// It does not resist chosen collisions; keys come from the owner of the store.
struct SmallHasher(u32);

impl Hasher for SmallHasher {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u32(u32::from(byte));
        }
    }

    fn write_u32(&mut self, word: u32) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7);
    }

    fn finish(&self) -> u64 {
        u64::from(self.0)
    }
}

fn slot_number(index: usize) -> u32 {
    u32::try_from(index).expect("a table has fewer than 2^32 slots")
}

/// The end of a chain.
const END: u32 = u32::MAX;

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::collections::BTreeMap;

    impl Keyed for (u16, u32) {
        type Key = u16;
        fn key(&self) -> &u16 {
            &self.0
        }
    }

    #[test]
    fn the_table_agrees_with_a_map() {
        let mut table = Table::new([const { Slot::<(u16, u32)>::EMPTY }; 16]);
        let mut model = BTreeMap::new();
        let mut state: u32 = 1;
        for step in 0..20_000 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let key = ((state >> 16) % 40) as u16;
            match (table.find(&key), state & 0x100 == 0) {
                (None, true) => match table.insert((key, step)) {
                    Ok(_) => assert_eq!(model.insert(key, step), None),
                    Err(Full(record)) => {
                        assert_eq!((record, model.len()), ((key, step), 16));
                    }
                },
                (Some(slot), false) => {
                    assert_eq!(table.remove(slot).map(|r| r.1), model.remove(&key));
                }
                (found, _) => {
                    assert_eq!(
                        found.and_then(|s| table.get(s)).map(|r| r.1),
                        model.get(&key).copied()
                    );
                }
            }
            assert_eq!(table.len(), model.len());
        }
        assert!(table.iter().map(|(_, record)| *record).all(|(k, v)| model[&k] == v));
    }

    #[test]
    fn a_table_without_slots_is_full_and_empty() {
        let none: [Slot<(u16, u32)>; 0] = [];
        let mut table = Table::new(none);
        assert_eq!((table.find(&1), table.is_empty()), (None, true));
        assert_eq!(table.insert((1, 2)), Err(Full((1, 2))));
    }
}
