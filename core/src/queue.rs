//! A fixed-capacity priority queue whose entries are named by slot number.
//!
//! A four-ary heap over one array of cells: insert, pop, re-key and remove take O(log n), peek
//! O(1). A slot is in the queue at most once. Equal keys come out in any order: a caller that
//! wants a stable order makes the key unique, for instance by a sequence number.

use core::marker::PhantomData;

/// One cell of a queue's storage.
///
/// Invariant: the heap fills `cells[..len]`; for each slot in the queue,
/// `cells[cells[slot].position].slot == slot`; for any other slot, `position` is `ABSENT`.
#[derive(Clone, Copy, Debug)]
pub struct Cell<K> {
    key: K,
    slot: u32,
    position: u32,
}

impl<K: Default> Default for Cell<K> {
    fn default() -> Self {
        Self { key: K::default(), slot: ABSENT, position: ABSENT }
    }
}

/// A priority queue over the slots `0..capacity`, smallest key first.
///
/// ```
/// use mainspring_core::queue::{Cell, Queue};
/// let mut queue = Queue::new([Cell::<u64>::default(); 4]);
/// queue.put(2, 50);
/// queue.put(0, 70);
/// queue.put(0, 30); // re-keys
/// assert_eq!(queue.pop(), Some((0, 30)));
/// assert_eq!(queue.peek(), Some((2, 50)));
/// assert_eq!(queue.remove(2), Some(50));
/// assert!(queue.is_empty());
/// ```
#[derive(Clone, Debug)]
pub struct Queue<K, S> {
    cells: S,
    len: u32,
    key: PhantomData<K>,
}

impl<K: Copy + Ord, S: AsRef<[Cell<K>]> + AsMut<[Cell<K>]>> Queue<K, S> {
    /// An empty queue over `storage`, whose length is its capacity.
    pub fn new(storage: S) -> Self {
        Self { cells: storage, len: 0, key: PhantomData }
    }

    /// Puts `slot` into the queue, or moves it there if it is in the queue already.
    ///
    /// # Panics
    /// If `slot` is not below the capacity.
    pub fn put(&mut self, slot: usize, key: K) {
        let position = self.cells()[slot].position;
        if position == ABSENT {
            let end = self.len;
            self.len += 1;
            self.place(end as usize, key, slot_number(slot));
            self.rise(end as usize);
        } else {
            let at = position as usize;
            let old = core::mem::replace(&mut self.cells_mut()[at].key, key);
            if key < old {
                self.rise(at);
            } else {
                self.sink(at);
            }
        }
    }

    /// Takes the slot with the smallest key out.
    pub fn pop(&mut self) -> Option<(usize, K)> {
        let (slot, key) = self.peek()?;
        self.remove(slot);
        Some((slot, key))
    }

    /// Takes `slot` out and returns its key, or `None` if it was not in the queue.
    pub fn remove(&mut self, slot: usize) -> Option<K> {
        let cell = self.cells().get(slot)?;
        if cell.position == ABSENT {
            return None;
        }
        let at = cell.position as usize;
        let key = self.cells()[at].key;
        self.cells_mut()[slot].position = ABSENT;
        self.len -= 1;
        let end = self.len as usize;
        if at < end {
            let last = self.cells()[end];
            self.place(at, last.key, last.slot);
            self.rise(at);
            self.sink(self.cells()[last.slot as usize].position as usize);
        }
        Some(key)
    }

    /// The slot with the smallest key.
    pub fn peek(&self) -> Option<(usize, K)> {
        if self.len == 0 {
            return None;
        }
        let top = &self.cells()[0];
        Some((top.slot as usize, top.key))
    }

    /// The key of `slot`, if it is in the queue.
    pub fn key_of(&self, slot: usize) -> Option<K> {
        let position = self.cells().get(slot)?.position;
        if position == ABSENT { None } else { Some(self.cells()[position as usize].key) }
    }

    /// How many slots are in the queue.
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether no slot is in the queue.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    fn rise(&mut self, mut at: usize) {
        let Cell { key, slot, .. } = self.cells()[at];
        while at > 0 {
            let parent = (at - 1) / ARITY;
            let above = self.cells()[parent];
            if above.key <= key {
                break;
            }
            self.place(at, above.key, above.slot);
            at = parent;
        }
        self.place(at, key, slot);
    }

    fn sink(&mut self, mut at: usize) {
        let Cell { key, slot, .. } = self.cells()[at];
        loop {
            let first = at * ARITY + 1;
            let children = first..(first + ARITY).min(self.len());
            let Some(child) = children.min_by_key(|&child| self.cells()[child].key) else {
                break;
            };
            let below = self.cells()[child];
            if key <= below.key {
                break;
            }
            self.place(at, below.key, below.slot);
            at = child;
        }
        self.place(at, key, slot);
    }

    fn place(&mut self, at: usize, key: K, slot: u32) {
        let cells = self.cells_mut();
        cells[at].key = key;
        cells[at].slot = slot;
        cells[slot as usize].position = slot_number(at);
    }

    fn cells(&self) -> &[Cell<K>] {
        self.cells.as_ref()
    }

    fn cells_mut(&mut self) -> &mut [Cell<K>] {
        self.cells.as_mut()
    }
}

fn slot_number(index: usize) -> u32 {
    u32::try_from(index).expect("a queue has fewer than 2^32 slots")
}

/// The position of a slot that is not in the queue.
const ABSENT: u32 = u32::MAX;

/// Children per node: a shallower tree than a binary heap, and siblings share a cache line.
const ARITY: usize = 4;

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::collections::BTreeMap;
    use std::vec::Vec;

    /// A small generator (splitmix64), so that a failing seed replays.
    fn random(state: &mut u64) -> u64 {
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    #[test]
    fn the_queue_agrees_with_a_naive_model() {
        for seed in 0..50 {
            let mut state = seed;
            let mut queue = Queue::new([Cell::<(u64, usize)>::default(); 40]);
            let mut model: BTreeMap<usize, (u64, usize)> = BTreeMap::new();
            for _ in 0..2_000 {
                let slot = (random(&mut state) % 40) as usize;
                match random(&mut state) % 4 {
                    0 | 1 => {
                        let key = (random(&mut state) % 10, slot);
                        queue.put(slot, key);
                        model.insert(slot, key);
                    }
                    2 => assert_eq!(queue.remove(slot), model.remove(&slot), "seed {seed}"),
                    _ => {
                        let least = model.iter().min_by_key(|(_, key)| **key);
                        let least = least.map(|(slot, key)| (*slot, *key));
                        assert_eq!(queue.pop(), least, "seed {seed}");
                        if let Some((slot, _)) = least {
                            model.remove(&slot);
                        }
                    }
                }
                assert_eq!(queue.len(), model.len());
                assert_eq!(queue.key_of(slot), model.get(&slot).copied());
            }
            let mut drained: Vec<_> = core::iter::from_fn(|| queue.pop()).collect();
            let sorted = drained.is_sorted_by_key(|(_, key)| *key);
            assert!(sorted && drained.len() == model.len(), "seed {seed}");
            drained.clear();
        }
    }

    #[test]
    fn an_absent_slot_is_simply_absent() {
        let mut queue = Queue::new([Cell::<u8>::default(); 1]);
        assert_eq!((queue.pop(), queue.remove(0), queue.remove(7)), (None, None, None));
        assert_eq!((queue.peek(), queue.key_of(0)), (None, None));
    }
}
