//! A fixed-capacity table of records that are found by slot number or by key.
//!
//! The records lie in slots; beside them lie the links of a hash [index](crate::index) over their
//! keys. A full table hands the record back. The empty table is all zeros, so that a static one
//! takes no flash.

#[cfg(feature = "alloc")]
use alloc::boxed::Box;
use core::fmt;
use core::hash::Hash;
use core::marker::PhantomData;
use core::mem::take;

use crate::index::{Index, Link, find, hash};
use crate::number::Number;

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

/// The storage of a table: as many slots as links.
#[derive(Clone, Debug)]
pub struct Slots<A, B> {
    slots: A,
    links: B,
}

impl<T, N: Number, const LEN: usize> Slots<[Slot<T>; LEN], [Link<N>; LEN]> {
    /// Slots of which none is taken: all bits are zero.
    pub const EMPTY: Self =
        Self { slots: [const { Slot::Free }; LEN], links: [const { Link::NONE }; LEN] };
}

#[cfg(feature = "alloc")]
impl<T, N: Number> Slots<Box<[Slot<T>]>, Box<[Link<N>]>> {
    /// This many empty slots.
    pub fn boxed(capacity: usize) -> Self {
        let slots = core::iter::repeat_with(|| Slot::Free).take(capacity).collect();
        let links = core::iter::repeat_n(Link::NONE, capacity).collect();
        Self { slots, links }
    }
}

/// Slots and links, wherever they are.
pub trait Storage<T> {
    /// What slots are numbered with.
    type Number: Number;

    /// Both, to read.
    fn parts(&self) -> (&[Slot<T>], &[Link<Self::Number>]);
    /// Both, to write.
    fn parts_mut(&mut self) -> (&mut [Slot<T>], &mut [Link<Self::Number>]);
}

impl<T, N: Number, const LEN: usize> Storage<T> for Slots<[Slot<T>; LEN], [Link<N>; LEN]> {
    type Number = N;

    fn parts(&self) -> (&[Slot<T>], &[Link<N>]) {
        (&self.slots, &self.links)
    }

    fn parts_mut(&mut self) -> (&mut [Slot<T>], &mut [Link<N>]) {
        (&mut self.slots, &mut self.links)
    }
}

#[cfg(feature = "alloc")]
impl<T, N: Number> Storage<T> for Slots<Box<[Slot<T>]>, Box<[Link<N>]>> {
    type Number = N;

    fn parts(&self) -> (&[Slot<T>], &[Link<N>]) {
        (&self.slots, &self.links)
    }

    fn parts_mut(&mut self) -> (&mut [Slot<T>], &mut [Link<N>]) {
        (&mut self.slots, &mut self.links)
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
    index: Index<S::Number>,
    record: PhantomData<T>,
}

impl<T, S: Storage<T>> Table<T, S> {
    /// An empty table over empty slots.
    pub const fn new(storage: S) -> Self {
        Self { storage, index: Index::EMPTY, record: PhantomData }
    }
}

impl<T: Keyed, S: Storage<T>> Table<T, S> {
    /// Adds a record and returns its slot. The key must not be in the table yet.
    ///
    /// # Errors
    /// [`Full`] with the record, if no slot is free.
    pub fn insert(&mut self, record: T) -> Result<usize, Full<T>> {
        debug_assert!(self.find(record.key()).is_none(), "the key is in the table already");
        let (slots, links) = self.storage.parts_mut();
        let Some(slot) = self.index.insert(links, hash(record.key())) else {
            return Err(Full(record));
        };
        slots[slot] = Slot::Taken(record);
        Ok(slot)
    }

    /// Takes the record in `slot` out.
    pub fn remove(&mut self, slot: usize) -> Option<T> {
        let (slots, links) = self.storage.parts_mut();
        let Slot::Taken(record) = take(slots.get_mut(slot)?) else { return None };
        self.index.remove(links, hash(record.key()), slot);
        Some(record)
    }

    /// The record in `slot`, to change. Its key must stay what it is.
    pub fn get_mut(&mut self, slot: usize) -> Option<&mut T> {
        self.storage.parts_mut().0.get_mut(slot)?.record_mut()
    }

    /// The record in `slot`.
    pub fn get(&self, slot: usize) -> Option<&T> {
        self.storage.parts().0.get(slot)?.record()
    }

    /// The slot of the record with this key.
    pub fn find(&self, key: &T::Key) -> Option<usize> {
        let (slots, links) = self.storage.parts();
        find(links, hash(key), |slot| slots[slot].record().is_some_and(|there| there.key() == key))
    }

    /// Every record with its slot, in slot order.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &T)> {
        let slots = self.storage.parts().0.iter().enumerate();
        slots.filter_map(|(slot, there)| Some((slot, there.record()?)))
    }

    /// How many records the table holds.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether the table holds no record.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many records fit.
    pub fn capacity(&self) -> usize {
        self.storage.parts().0.len()
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
        let mut table = Table::new(Inline::<16>.slots());
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
