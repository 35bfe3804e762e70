//! A fixed-capacity priority queue whose entries are named by slot number.
//!
//! The keys lie in slot order, wherever their [`Storage`] keeps them. A slot is in the queue at
//! most once; equal keys come out in the order of their slots.

#[cfg(feature = "alloc")]
mod tree;

use core::hint::select_unpredictable;
use core::marker::PhantomData;
use core::num::NonZeroU64;

use crate::time::{Mono, Timestamp};

#[cfg(feature = "alloc")]
pub use self::tree::{Cells, nodes_for};

/// What a queue is ordered by, as it is kept: a number, so that there is one queue for all keys.
pub trait Key: Copy {
    /// The smaller the key, the larger its rank. Zero is the rank of what never comes: a slot with
    /// that key is not in the queue.
    fn rank(self) -> u64;

    /// The key of this rank; `None` if that is zero.
    fn from_rank(rank: u64) -> Option<Self>;
}

/// The first entry of a block or of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    rank: u64,
    /// Any slot, if the rank is zero.
    slot: u32,
}

impl Node {
    /// No entry.
    pub const NONE: Self = Self { rank: 0, slot: 0 };

    /// The first one of this and one with later slots.
    ///
    /// Which comes first is as good as random. So there is no branch here: it would be guessed
    /// wrong too often.
    fn or(self, later: Self) -> Self {
        let theirs = later.rank > self.rank;
        Self {
            rank: select_unpredictable(theirs, later.rank, self.rank),
            slot: select_unpredictable(theirs, later.slot, self.slot),
        }
    }

    /// The first one of this and one whose slots are all later, or all earlier. Among equals that
    /// is the earlier one: a later rank has to be larger by one.
    #[cfg(feature = "alloc")]
    fn either(self, other: Self, is_later: bool) -> Self {
        let theirs = other.rank.saturating_sub(u64::from(is_later)) >= self.rank;
        Self {
            rank: select_unpredictable(theirs, other.rank, self.rank),
            slot: select_unpredictable(theirs, other.slot, self.slot),
        }
    }
}

/// A few slots with the same key.
pub type Alike = heapless::Vec<usize, FEW>;

/// As many cache lines as a core asks memory for at once, about.
const FEW: usize = 16;

/// What keeps the ranks of slots: its capacity is their number.
///
/// An array of ranks is one that looks at all of them to find the first: with the few tens of slots
/// that a device has, that is less code, and as fast as a tree.
pub trait Storage {
    /// The rank of `slot`, if there is such a slot.
    fn rank(&self, slot: usize) -> Option<&u64>;

    /// The entry that comes first.
    fn first(&self) -> Node;

    /// A few slots with the rank of the first, in their order. Few storages are large enough for
    /// anybody to ask.
    fn alike(&self) -> Alike {
        Alike::new()
    }

    /// Gives `slot` this rank.
    fn put(&mut self, slot: usize, rank: u64);

    /// How many slots are in the queue.
    fn count(&self) -> usize;
}

impl<const N: usize> Storage for [u64; N] {
    fn rank(&self, slot: usize) -> Option<&u64> {
        self.get(slot)
    }

    fn first(&self) -> Node {
        first_of(self, 0)
    }

    fn put(&mut self, slot: usize, rank: u64) {
        self[slot] = rank;
    }

    fn count(&self) -> usize {
        self.iter().filter(|rank| **rank != 0).count()
    }
}

/// A priority queue over the slots `0..capacity`, smallest key first.
///
/// A slot is in the queue if its rank is not zero. The empty queue is all zeros, so that a static
/// one takes no flash.
///
/// ```
/// use mainspring_core::{queue::Queue, room::{Inline, Room}};
/// let mut queue: Queue<u64, _> = Queue::new(Inline::<4>.cells());
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
    key: PhantomData<K>,
}

impl<K, S> Queue<K, S> {
    /// An empty queue over empty cells.
    pub const fn new(cells: S) -> Self {
        Self { cells, key: PhantomData }
    }
}

impl<K: Key, S: Storage> Queue<K, S> {
    /// Puts `slot` into the queue, or moves it there if it is in the queue already. With a key that
    /// never comes it is taken out.
    ///
    /// # Panics
    /// If `slot` is not below the capacity.
    pub fn put(&mut self, slot: usize, key: K) {
        self.cells.put(slot, key.rank());
    }

    /// Takes the slot with the smallest key out.
    pub fn pop(&mut self) -> Option<(usize, K)> {
        let (slot, key) = self.peek()?;
        self.cells.put(slot, 0);
        Some((slot, key))
    }

    /// Takes `slot` out and returns its key, or `None` if it was not in the queue.
    pub fn remove(&mut self, slot: usize) -> Option<K> {
        let key = self.key_of(slot)?;
        self.cells.put(slot, 0);
        Some(key)
    }

    /// The slot with the smallest key.
    pub fn peek(&self) -> Option<(usize, K)> {
        let first = self.cells.first();
        K::from_rank(first.rank).map(|key| (first.slot as usize, key))
    }

    /// A few slots with the smallest key, in their order: those that come next, so that what they
    /// stand for can be fetched ahead. None, if the [`Storage`] is one that is never large.
    pub fn alike(&self) -> Alike {
        self.cells.alike()
    }

    /// The key of `slot`, if it is in the queue.
    pub fn key_of(&self, slot: usize) -> Option<K> {
        self.cells.rank(slot).and_then(|&rank| K::from_rank(rank))
    }

    /// How many slots are in the queue. They are counted one by one.
    pub fn len(&self) -> usize {
        self.cells.count()
    }

    /// Whether no slot is in the queue.
    pub fn is_empty(&self) -> bool {
        self.peek().is_none()
    }
}

/// The first of these entries, which start with this slot.
fn first_of(ranks: &[u64], start: u32) -> Node {
    // Pairs that can be compared at the same time are of use to larger processors only.
    let (fours, rest) = if usize::BITS < 64 { (&[][..], ranks) } else { ranks.as_chunks::<4>() };
    let mut first = Node::NONE;
    let mut slot = start;
    let mut node = |rank| {
        slot += 1;
        Node { rank, slot: slot - 1 }
    };
    for &[a, b, c, d] in fours {
        let (a, b, c, d) = (node(a), node(b), node(c), node(d));
        first = first.or(a.or(b).or(c.or(d)));
    }
    rest.iter().fold(first, |first, &rank| first.or(node(rank)))
}

impl Key for Timestamp {
    fn rank(self) -> u64 {
        self.number().get().wrapping_neg()
    }

    fn from_rank(rank: u64) -> Option<Self> {
        NonZeroU64::new(rank.wrapping_neg()).map(Self::from_number)
    }
}

impl Key for Mono {
    /// The last instant of all stands for one that never comes.
    fn rank(self) -> u64 {
        i64::MAX.abs_diff(self.as_micros())
    }

    fn from_rank(rank: u64) -> Option<Self> {
        (rank != 0).then(|| Self::from_micros(i64::MAX.wrapping_sub_unsigned(rank)))
    }
}

impl Key for u64 {
    /// The largest number stands for what never comes.
    fn rank(self) -> u64 {
        !self
    }

    fn from_rank(rank: u64) -> Option<Self> {
        (rank != 0).then_some(!rank)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::room::{Inline, Room};
    use std::collections::BTreeMap;
    use std::vec::Vec;

    /// Few, so that many entries are equal.
    const KEYS: [u64; 7] = [3, 0, u64::MAX - 1, 7, 1, 2, 6];

    /// A small generator (splitmix64), so that a failing seed replays.
    fn random(state: &mut u64) -> u64 {
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `limit`.
    fn below(state: &mut u64, limit: usize) -> usize {
        usize::try_from(random(state) % limit as u64).expect("less than a usize")
    }

    /// Runs random steps against a sorted map.
    fn compare(cells: impl Storage, capacity: usize, seed: u64) {
        let mut state = seed;
        let mut queue = Queue::new(cells);
        let mut model: BTreeMap<usize, u64> = BTreeMap::new();
        let least = |model: &BTreeMap<usize, u64>| {
            model.iter().min_by_key(|(slot, key)| (**key, **slot)).map(|(slot, key)| (*slot, *key))
        };
        for step in 0..600 {
            let slot = below(&mut state, capacity);
            match below(&mut state, 5) {
                0..=2 => {
                    let key = KEYS[below(&mut state, KEYS.len())];
                    queue.put(slot, key);
                    model.insert(slot, key);
                }
                3 => assert_eq!(queue.remove(slot), model.remove(&slot), "{seed} {capacity}"),
                _ => {
                    let first = least(&model);
                    assert_eq!(queue.pop(), first, "seed {seed}, capacity {capacity}");
                    first.map(|(slot, _)| model.remove(&slot));
                }
            }
            assert_eq!(queue.peek(), least(&model), "{seed} {capacity} {step}");
            let (alike, first) = (queue.alike(), least(&model));
            assert!(
                alike.is_sorted()
                    && alike.first().is_none_or(|slot| Some(*slot) == first.map(|f| f.0))
            );
            assert!(alike.iter().all(|slot| model.get(slot).copied() == first.map(|f| f.1)));
            assert_eq!((queue.len(), queue.is_empty()), (model.len(), model.is_empty()));
            assert_eq!(queue.key_of(slot), model.get(&slot).copied());
        }
        // Also the case of a queue in which every slot is.
        for slot in 0..capacity {
            queue.put(slot, KEYS[slot % 3]);
        }
        assert_eq!(queue.len(), capacity);
        let drained: Vec<_> = core::iter::from_fn(|| queue.pop()).collect();
        let sorted = drained.is_sorted_by_key(|(slot, key)| (*key, *slot));
        assert!(sorted && drained.len() == capacity, "seed {seed}, capacity {capacity}");
    }

    #[test]
    fn the_queue_agrees_with_a_sorted_list_whatever_its_capacity() {
        // Miri is a hundred times slower.
        for seed in 0..if cfg!(miri) { 1 } else { 4 } {
            #[cfg(feature = "alloc")]
            for capacity in 1..=if cfg!(miri) { 5 } else { 150 } {
                compare(Cells::boxed(capacity), capacity, seed);
            }
            compare(Inline::<1>.cells(), 1, seed);
            compare(Inline::<17>.cells(), 17, seed);
            compare(Inline::<32>.cells(), 32, seed);
            compare(Inline::<300>.cells(), 300, seed);
        }
    }

    #[test]
    fn equal_keys_come_out_in_the_order_of_their_slots() {
        let mut queue = Queue::new(Inline::<40>.cells());
        for slot in [9, 33, 2, 39, 17, 8] {
            queue.put(slot, 5_u64);
        }
        queue.put(2, 6);
        queue.put(2, 5);
        let slots: Vec<_> = core::iter::from_fn(|| queue.pop()).map(|(slot, _)| slot).collect();
        assert_eq!(slots, [2, 8, 9, 17, 33, 39]);
    }

    #[cfg(feature = "alloc")]
    #[test]
    fn a_large_queue_names_what_comes_next() {
        let mut queue = Queue::new(Cells::boxed(1_000));
        assert!(queue.alike().is_empty());
        (0..1_000).for_each(|slot| queue.put(slot, 7 + slot as u64 % 10));
        let tens: Vec<_> = (0..FEW).map(|n| 10 * n).collect();
        assert_eq!(queue.alike(), tens[..]);
        queue.put(30, 6);
        assert_eq!(queue.alike(), [30]);
    }

    #[test]
    fn a_key_that_never_comes_takes_the_slot_out() {
        let never = Mono::from_micros(i64::MAX);
        let mut queue = Queue::new(Inline::<3>.cells());
        queue.put(1, Mono::ZERO);
        queue.put(1, never);
        queue.put(2, never);
        assert_eq!((queue.len(), queue.peek(), queue.key_of(1)), (0, None, None));
    }

    #[test]
    fn ranks_stand_for_keys_in_reverse_order() {
        fn check<K: Key + Ord + core::fmt::Debug>(ordered: &[K]) {
            assert!(ordered.is_sorted_by(|a, b| a < b && a.rank() > b.rank()));
            assert!(ordered.iter().all(|key| K::from_rank(key.rank()) == Some(*key)));
            assert_eq!(K::from_rank(0), None);
        }
        check(&[Timestamp::MIN, Timestamp::UNIX_EPOCH, Timestamp::MAX]);
        check(&[i64::MIN, -1, 0, 1, i64::MAX - 1].map(Mono::from_micros));
        check(&[0, 1, u64::MAX - 1]);
    }

    #[test]
    fn an_absent_slot_is_simply_absent() {
        let mut queue: Queue<u64, _> = Queue::new(Inline::<1>.cells());
        assert_eq!((queue.pop(), queue.remove(0), queue.remove(7)), (None, None, None));
        assert_eq!((queue.peek(), queue.key_of(0), queue.key_of(7)), (None, None, None));
        let mut none: Queue<u64, _> = Queue::new(Inline::<0>.cells());
        assert_eq!((none.pop(), none.len()), (None, 0));
    }
}
