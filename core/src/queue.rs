//! A fixed-capacity priority queue whose entries are named by slot number.
//!
//! A tournament: the keys lie in slot order and are cut into blocks, and a four-ary tree over the
//! blocks holds the first entry of each block and of each group. Insert, pop, re-key and remove
//! look at one block and at the way from there to the root, O(log n); peek is O(1). A slot is in
//! the queue at most once; equal keys come out in the order of their slots.
//!
//! Why not a heap: its entries move, so removing one by slot needs an array of positions that each
//! move writes to, and which place comes next depends on what the one before held. Here nothing
//! moves, and the way to the root is known at once, so that a processor fetches all of it together:
//! among a million entries waiting for memory is most of the work. It is smaller as well.

#[cfg(feature = "alloc")]
use alloc::boxed::Box;
use core::hint::select_unpredictable;
use core::marker::PhantomData;
use core::mem::replace;
use core::num::NonZeroU64;

use crate::time::{Mono, Timestamp};

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

    /// The same for nodes in any order.
    fn first(self, other: Self) -> Self {
        let tied = (other.rank == self.rank) & (other.slot < self.slot);
        let theirs = (other.rank > self.rank) | tied;
        Self {
            rank: select_unpredictable(theirs, other.rank, self.rank),
            slot: select_unpredictable(theirs, other.slot, self.slot),
        }
    }
}

/// The storage of a queue: its capacity is the number of ranks.
///
/// With fewer nodes than [are of use](nodes_for) blocks are larger, which is slower.
#[derive(Clone, Copy, Debug)]
pub struct Cells<A, B> {
    ranks: A,
    nodes: B,
}

impl<const N: usize, const M: usize> Cells<[u64; N], [Node; M]> {
    /// Cells of which none is taken: all bits are zero. At least one node is needed.
    pub const EMPTY: Self = Self { ranks: [0; N], nodes: [Node::NONE; M] };

    /// How many nodes are in use.
    const USED: usize = tree_over(width(N, shift_for(N, M)));
}

#[cfg(feature = "alloc")]
impl Cells<Box<[u64]>, Box<[Node]>> {
    /// Empty cells for this many slots.
    pub fn boxed(capacity: usize) -> Self {
        let ranks = core::iter::repeat_n(0, capacity).collect();
        let nodes = core::iter::repeat_n(Node::NONE, nodes_for(capacity)).collect();
        Self { ranks, nodes }
    }
}

/// Ranks and nodes, wherever they are.
pub trait Storage {
    /// The binary logarithm of the length of a block.
    const SHIFT: u32;

    /// The ranks, and the nodes that are in use.
    fn parts(&self) -> (&[u64], &[Node]);
    /// Both, to write.
    fn parts_mut(&mut self) -> (&mut [u64], &mut [Node]);
}

impl<const N: usize, const M: usize> Storage for Cells<[u64; N], [Node; M]> {
    const SHIFT: u32 = shift_for(N, M);

    fn parts(&self) -> (&[u64], &[Node]) {
        (&self.ranks, &self.nodes[..Self::USED])
    }

    fn parts_mut(&mut self) -> (&mut [u64], &mut [Node]) {
        (&mut self.ranks, &mut self.nodes[..Self::USED])
    }
}

#[cfg(feature = "alloc")]
impl Storage for Cells<Box<[u64]>, Box<[Node]>> {
    const SHIFT: u32 = BLOCK_SHIFT;

    fn parts(&self) -> (&[u64], &[Node]) {
        (&self.ranks, &self.nodes)
    }

    fn parts_mut(&mut self) -> (&mut [u64], &mut [Node]) {
        (&mut self.ranks, &mut self.nodes)
    }
}

/// A priority queue over the slots `0..capacity`, smallest key first.
///
/// Invariants: a slot is in the queue if its rank is not zero. The nodes are the levels of the
/// tree one after the other, that of the blocks first and the root last; each is the first entry
/// of its block, or the first of its up to four children. The empty queue is all zeros, so that a
/// static one takes no flash.
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
    len: usize,
    key: PhantomData<K>,
}

impl<K, S> Queue<K, S> {
    /// An empty queue over empty cells.
    pub const fn new(cells: S) -> Self {
        Self { cells, len: 0, key: PhantomData }
    }
}

impl<K: Key, S: Storage> Queue<K, S> {
    /// Puts `slot` into the queue, or moves it there if it is in the queue already. With a key that
    /// never comes it is taken out.
    ///
    /// # Panics
    /// If `slot` is not below the capacity.
    pub fn put(&mut self, slot: usize, key: K) {
        self.put_rank(slot, key.rank());
    }

    /// Takes the slot with the smallest key out.
    pub fn pop(&mut self) -> Option<(usize, K)> {
        let (slot, key) = self.peek()?;
        self.put_rank(slot, 0);
        Some((slot, key))
    }

    /// Takes `slot` out and returns its key, or `None` if it was not in the queue.
    pub fn remove(&mut self, slot: usize) -> Option<K> {
        let key = self.key_of(slot)?;
        self.put_rank(slot, 0);
        Some(key)
    }

    /// The slot with the smallest key.
    pub fn peek(&self) -> Option<(usize, K)> {
        let root = self.cells.parts().1.last()?;
        K::from_rank(root.rank).map(|key| (root.slot as usize, key))
    }

    /// The key of `slot`, if it is in the queue.
    pub fn key_of(&self, slot: usize) -> Option<K> {
        self.cells.parts().0.get(slot).and_then(|&rank| K::from_rank(rank))
    }

    /// How many slots are in the queue.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether no slot is in the queue.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    fn put_rank(&mut self, slot: usize, rank: u64) {
        let (ranks, nodes) = self.cells.parts_mut();
        let old = put(ranks, nodes, S::SHIFT, slot, rank);
        self.len += usize::from(old == 0);
        self.len -= usize::from(rank == 0);
    }
}

/// Gives `slot` this rank, and returns the one that it had.
#[inline]
fn put(ranks: &mut [u64], nodes: &mut [Node], shift: u32, slot: usize, rank: u64) -> u64 {
    let old = replace(&mut ranks[slot], rank);
    let entry = Node { rank, slot: slot_number(slot) };
    let block = slot >> shift;
    let first = nodes[block];
    let first = if first.slot != entry.slot {
        // The others of the block are known by their first.
        first.first(entry)
    } else {
        first_of_block(ranks, shift, block)
    };
    settle(nodes, width(ranks.len(), shift), block, first);
    old
}

/// The first entry of a block.
fn first_of_block(ranks: &[u64], shift: u32, block: usize) -> Node {
    let start = block << shift;
    let end = (start + (1 << shift)).min(ranks.len());
    let block = &ranks[start..end];
    // Pairs that can be compared at the same time are of use to larger processors only.
    let (fours, rest) = if usize::BITS < 64 { (&[][..], block) } else { block.as_chunks::<4>() };
    let mut first = Node::NONE;
    let mut slot = slot_number(start);
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

/// Restores the tree, which has so many blocks, after the first entry of one became `first`.
fn settle(nodes: &mut [Node], mut width: usize, block: usize, mut first: Node) {
    let mut level = nodes;
    let mut at = block;
    while level[at] != first {
        level[at] = first;
        if width == 1 {
            break;
        }
        let (groups, _) = level.as_chunks::<ARITY>();
        let (group, turn) = (at / ARITY, at % ARITY);
        // The node itself comes last: the others can be compared before it is known.
        let other = |n| if n == turn { Node::NONE } else { groups[group][n] };
        let rest = other(0).or(other(1)).or(other(2).or(other(3)));
        first = first.first(rest);
        level = &mut level[width..];
        width = above(width);
        at = group;
    }
}

/// How many nodes a queue of this capacity can make use of.
pub const fn nodes_for(capacity: usize) -> usize {
    tree_over(width(capacity, BLOCK_SHIFT))
}

/// The binary logarithm of the shortest blocks for which so many nodes are enough.
const fn shift_for(capacity: usize, nodes: usize) -> u32 {
    assert!(nodes > 0, "a queue needs a node");
    let mut shift = BLOCK_SHIFT;
    while tree_over(width(capacity, shift)) > nodes {
        shift += 1;
    }
    shift
}

/// How many nodes the level of the blocks has.
const fn width(capacity: usize, shift: u32) -> usize {
    whole(capacity.div_ceil(1 << shift))
}

/// How many nodes the level above one of this width has.
const fn above(width: usize) -> usize {
    whole(width / ARITY)
}

/// A level is the root or consists of whole groups.
const fn whole(nodes: usize) -> usize {
    if nodes <= 1 { 1 } else { nodes.next_multiple_of(ARITY) }
}

/// How many nodes the tree over a level of this width has, with that level.
const fn tree_over(mut width: usize) -> usize {
    let mut nodes = width;
    while width > 1 {
        width = above(width);
        nodes += width;
    }
    nodes
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

fn slot_number(index: usize) -> u32 {
    u32::try_from(index).expect("a queue has fewer than 2^32 slots")
}

/// Blocks have at least eight keys: as many instants as a cache line holds.
const BLOCK_SHIFT: u32 = 3;

/// Children per node: they share a cache line or two, and the tree is half as high as a binary one.
const ARITY: usize = 4;

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
    fn one_node_is_enough_and_so_are_more_than_are_of_use() {
        compare(Cells::<[u64; 100], [Node; 1]>::EMPTY, 100, 1);
        compare(Cells::<[u64; 100], [Node; 90]>::EMPTY, 100, 1);
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
