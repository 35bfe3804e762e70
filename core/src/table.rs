//! A fixed-capacity table of records that are found by slot number or by key.
//!
//! The records lie in slots, which their [`Storage`] finds. A full table hands the record back. The
//! empty table is all zeros, so that a static one takes no flash.

#[cfg(feature = "alloc")]
use alloc::boxed::Box;
use core::fmt;
use core::hash::Hash;
use core::marker::PhantomData;
use core::mem::take;

#[cfg(feature = "alloc")]
use crate::index::{Index, Link, find, hash};

/// A record that knows its own key.
pub trait Keyed {
    /// What the record is found by.
    type Key: Eq + Hash;

    /// The key. It must not change while the record is in a table.
    fn key(&self) -> &Self::Key;
}

/// Where a record is or could be.
///
/// No `Option`: what its `None` looks like depends on the record, and is not always zeros.
#[derive(Clone, Copy, Debug, Default)]
#[repr(u8)]
pub enum Slot<T> {
    /// No record.
    #[default]
    Free = 0,
    /// A record.
    Taken(T) = 1,
}

impl<T> Slot<T> {
    fn record(&self) -> Option<&T> {
        match self {
            Self::Free => None,
            Self::Taken(record) => Some(record),
        }
    }

    fn record_mut(&mut self) -> Option<&mut T> {
        match self {
            Self::Free => None,
            Self::Taken(record) => Some(record),
        }
    }
}

/// Where the records of a table lie, and how they are found.
///
/// An array of slots is one that looks at all of them: with the few tens that a device has, that is
/// less code and memory than an index.
pub trait Storage<T> {
    /// Every slot.
    fn slots(&self) -> &[Slot<T>];

    /// Every slot, to write.
    fn slots_mut(&mut self) -> &mut [Slot<T>];

    /// A free slot, if there is any, for a record with this key, which is put there next.
    fn take(&mut self, key: &T::Key) -> Option<usize>
    where
        T: Keyed;

    /// What is in this slot, if anything, is about to be taken out.
    fn give_back(&mut self, slot: usize)
    where
        T: Keyed;

    /// The slot of the record with this key.
    fn find(&self, key: &T::Key) -> Option<usize>
    where
        T: Keyed;

    /// How many slots are taken.
    fn count(&self) -> usize;
}

/// Slots that a static can begin with.
pub trait Vacant {
    /// All of them free, and all bits zero.
    const VACANT: Self;
}

impl<T, const N: usize> Vacant for [Slot<T>; N] {
    const VACANT: Self = [const { Slot::Free }; N];
}

impl<T, const N: usize> Storage<T> for [Slot<T>; N] {
    fn slots(&self) -> &[Slot<T>] {
        self
    }

    fn slots_mut(&mut self) -> &mut [Slot<T>] {
        self
    }

    fn take(&mut self, _: &T::Key) -> Option<usize>
    where
        T: Keyed,
    {
        self.iter().position(|slot| slot.record().is_none())
    }

    fn give_back(&mut self, _: usize)
    where
        T: Keyed,
    {
    }

    fn find(&self, key: &T::Key) -> Option<usize>
    where
        T: Keyed,
    {
        self.iter().position(|slot| slot.record().is_some_and(|there| there.key() == key))
    }

    fn count(&self) -> usize {
        self.iter().filter(|slot| slot.record().is_some()).count()
    }
}

/// Many slots, with a hash [index](crate::index) over the keys of their records.
#[cfg(feature = "alloc")]
#[derive(Clone, Debug)]
pub struct Indexed<T> {
    slots: Box<[Slot<T>]>,
    links: Box<[Link<u32>]>,
    index: Index<u32>,
}

#[cfg(feature = "alloc")]
impl<T> Indexed<T> {
    /// This many empty slots.
    pub fn boxed(capacity: usize) -> Self {
        let slots = core::iter::repeat_with(|| Slot::Free).take(capacity).collect();
        let links = core::iter::repeat_n(Link::NONE, capacity).collect();
        Self { slots, links, index: Index::EMPTY }
    }
}

#[cfg(feature = "alloc")]
impl<T> Storage<T> for Indexed<T> {
    fn slots(&self) -> &[Slot<T>] {
        &self.slots
    }

    fn slots_mut(&mut self) -> &mut [Slot<T>] {
        &mut self.slots
    }

    fn take(&mut self, key: &T::Key) -> Option<usize>
    where
        T: Keyed,
    {
        self.index.insert(&mut self.links, hash(key))
    }

    fn give_back(&mut self, slot: usize)
    where
        T: Keyed,
    {
        if let Some(record) = self.slots.get(slot).and_then(Slot::record) {
            self.index.remove(&mut self.links, hash(record.key()), slot);
        }
    }

    fn find(&self, key: &T::Key) -> Option<usize>
    where
        T: Keyed,
    {
        let is_it = |slot: usize| self.slots[slot].record().is_some_and(|there| there.key() == key);
        find(&self.links, hash(key), is_it)
    }

    fn count(&self) -> usize {
        self.index.len()
    }
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

/// A table of as many records as it has slots.
#[derive(Clone, Debug)]
pub struct Table<T, S: Storage<T>> {
    storage: S,
    record: PhantomData<T>,
}

impl<T, S: Storage<T>> Table<T, S> {
    /// An empty table over empty slots.
    pub const fn new(storage: S) -> Self {
        Self { storage, record: PhantomData }
    }
}

impl<T: Keyed, S: Storage<T>> Table<T, S> {
    /// Adds a record and returns its slot. The key must not be in the table yet.
    ///
    /// # Errors
    /// [`Full`] with the record, if no slot is free.
    pub fn insert(&mut self, record: T) -> Result<usize, Full<T>> {
        debug_assert!(self.find(record.key()).is_none(), "the key is in the table already");
        let Some(slot) = self.storage.take(record.key()) else {
            return Err(Full(record));
        };
        self.storage.slots_mut()[slot] = Slot::Taken(record);
        Ok(slot)
    }

    /// Takes the record in `slot` out.
    pub fn remove(&mut self, slot: usize) -> Option<T> {
        self.storage.give_back(slot);
        match take(self.storage.slots_mut().get_mut(slot)?) {
            Slot::Taken(record) => Some(record),
            Slot::Free => None,
        }
    }

    /// Drops the record in `slot` where it lies: large ones take time to be copied.
    pub fn discard(&mut self, slot: usize) {
        self.storage.give_back(slot);
        if let Some(slot) = self.storage.slots_mut().get_mut(slot) {
            *slot = Slot::Free;
        }
    }

    /// The record in `slot`, to change. Its key must stay what it is.
    pub fn get_mut(&mut self, slot: usize) -> Option<&mut T> {
        self.storage.slots_mut().get_mut(slot)?.record_mut()
    }

    /// The record in `slot`.
    pub fn get(&self, slot: usize) -> Option<&T> {
        self.storage.slots().get(slot)?.record()
    }

    /// The slot of the record with this key.
    pub fn find(&self, key: &T::Key) -> Option<usize> {
        self.storage.find(key)
    }

    /// Every record with its slot, in slot order.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &T)> {
        let slots = self.storage.slots().iter().enumerate();
        slots.filter_map(|(slot, there)| Some((slot, there.record()?)))
    }

    /// How many records the table holds.
    pub fn len(&self) -> usize {
        self.storage.count()
    }

    /// Whether the table holds no record.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many records fit.
    pub fn capacity(&self) -> usize {
        self.storage.slots().len()
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::room::{Inline, Room};
    use std::collections::BTreeMap;

    impl Keyed for (u16, u32) {
        type Key = u16;
        fn key(&self) -> &u16 {
            &self.0
        }
    }

    #[test]
    fn the_table_agrees_with_a_map() {
        compare(Inline::<16>.slots());
        #[cfg(feature = "alloc")]
        compare(crate::room::Boxed(16).slots());
    }

    /// Random steps on a table of 16 slots and on a map.
    fn compare(slots: impl Storage<(u16, u32)>) {
        let mut table = Table::new(slots);
        let mut model = BTreeMap::new();
        let mut state: u32 = 1;
        for step in 0..if cfg!(miri) { 500 } else { 20_000 } {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let key = ((state >> 16) % 40) as u16;
            match (table.find(&key), state & 0x100 == 0) {
                (None, true) => match table.insert((key, step)) {
                    Ok(_) => assert_eq!(model.insert(key, step), None),
                    Err(Full(record)) => {
                        assert_eq!((record, model.len()), ((key, step), 16));
                    }
                },
                (Some(slot), false) if state & 0x200 == 0 => {
                    table.discard(slot);
                    model.remove(&key);
                }
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
        let mut table: Table<(u16, u32), _> = Table::new(Inline::<0>.slots());
        assert_eq!((table.find(&1), table.is_empty()), (None, true));
        assert_eq!(table.insert((1, 2)), Err(Full((1, 2))));
    }
}
