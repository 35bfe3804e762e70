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

use core::hint::select_unpredictable;
use core::marker::PhantomData;

use crate::time::{Mono, Timestamp};

/// What a queue is ordered by.
pub trait Key: Copy + Ord {
    /// The largest key. It is that of slots that are not in the queue.
    const NEVER: Self;
}

/// The first entry of a block or of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node<K> {
    key: K,
    /// Any slot, if the key is `NEVER`.
    slot: u32,
}

impl<K: Key> Node<K> {
    /// No entry.
    pub const NONE: Self = Self { key: K::NEVER, slot: u32::MAX };

    /// The smaller one of this and one with later slots.
    ///
    /// Which comes first is as good as random. So there is no branch here: it would be guessed
    /// wrong too often.
    fn or(self, later: Self) -> Self {
        let theirs = later.key < self.key;
        Self {
            key: select_unpredictable(theirs, later.key, self.key),
            slot: select_unpredictable(theirs, later.slot, self.slot),
        }
    }

    /// The same for nodes in any order.
    fn min(self, other: Self) -> Self {
        let tied = (other.key == self.key) & (other.slot < self.slot);
        let theirs = (other.key < self.key) | tied;
        Self {
            key: select_unpredictable(theirs, other.key, self.key),
            slot: select_unpredictable(theirs, other.slot, self.slot),
        }
    }
}

/// The storage of a queue: its capacity is the number of keys.
///
/// With fewer nodes blocks are larger, which is slower; [`nodes_for`] says how many are of use.
#[derive(Clone, Copy, Debug)]
pub struct Cells<A, B> {
    keys: A,
    nodes: B,
}

impl<A, B> Cells<A, B> {
    /// Storage made of these arrays; what they hold does not matter. At least one node is needed.
    pub const fn new(keys: A, nodes: B) -> Self {
        Self { keys, nodes }
    }
}

/// Keys and nodes, wherever they are.
pub trait Storage<K> {
    /// Both, to read.
    fn parts(&self) -> (&[K], &[Node<K>]);
    /// Both, to write.
    fn parts_mut(&mut self) -> (&mut [K], &mut [Node<K>]);
}

impl<K, A, B> Storage<K> for Cells<A, B>
where
    A: AsRef<[K]> + AsMut<[K]>,
    B: AsRef<[Node<K>]> + AsMut<[Node<K>]>,
{
    fn parts(&self) -> (&[K], &[Node<K>]) {
        (self.keys.as_ref(), self.nodes.as_ref())
    }

    fn parts_mut(&mut self) -> (&mut [K], &mut [Node<K>]) {
        (self.keys.as_mut(), self.nodes.as_mut())
    }
}

/// A priority queue over the slots `0..capacity`, smallest key first.
///
/// Invariants: a slot is in the queue if its key is not `NEVER`. The nodes are the levels of the
/// tree one after the other, that of the blocks first and the root last; each is the smallest
/// entry of its block, or the smallest of its up to four children.
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
    len: u32,
    /// The binary logarithm of the length of a block.
    shift: u32,
    /// How many nodes are in use: the root is the last of them.
    nodes: u32,
    key: PhantomData<K>,
}

impl<K: Key, S: Storage<K>> Queue<K, S> {
    /// An empty queue over `storage`.
    ///
    /// # Panics
    /// If there is no node, or the capacity does not fit into 32 bits.
    pub fn new(mut storage: S) -> Self {
        let (keys, nodes) = storage.parts_mut();
        keys.fill(K::NEVER);
        nodes.fill(Node::NONE);
        let mut shift = BLOCK_SHIFT;
        while tree_over(width(keys.len(), shift)) > nodes.len() {
            assert!(!nodes.is_empty(), "a queue needs a node");
            shift += 1;
        }
        let used = slot_number(tree_over(width(keys.len(), shift)));
        Self { cells: storage, len: 0, shift, nodes: used, key: PhantomData }
    }

    /// Puts `slot` into the queue, or moves it there if it is in the queue already. With the key
    /// [`NEVER`](Key::NEVER) it is taken out.
    ///
    /// # Panics
    /// If `slot` is not below the capacity.
    pub fn put(&mut self, slot: usize, key: K) {
        let (keys, nodes) = self.cells.parts_mut();
        let old = core::mem::replace(&mut keys[slot], key);
        self.len += u32::from(old == K::NEVER);
        self.len -= u32::from(key == K::NEVER);
        let entry = Node { key, slot: slot_number(slot) };
        let first = nodes[slot >> self.shift];
        if first.slot != entry.slot {
            // The others of the block are known by their first.
            self.settle(slot, first.min(entry));
        } else {
            let first = self.first_of_block(slot);
            self.settle(slot, first);
        }
    }

    /// Takes the slot with the smallest key out.
    pub fn pop(&mut self) -> Option<(usize, K)> {
        let (slot, key) = self.peek()?;
        self.put(slot, K::NEVER);
        Some((slot, key))
    }

    /// Takes `slot` out and returns its key, or `None` if it was not in the queue.
    pub fn remove(&mut self, slot: usize) -> Option<K> {
        let key = self.key_of(slot)?;
        self.put(slot, K::NEVER);
        Some(key)
    }

    /// The slot with the smallest key.
    pub fn peek(&self) -> Option<(usize, K)> {
        let (_, nodes) = self.cells.parts();
        let root = nodes[self.nodes as usize - 1];
        if root.key == K::NEVER { None } else { Some((root.slot as usize, root.key)) }
    }

    /// The key of `slot`, if it is in the queue.
    pub fn key_of(&self, slot: usize) -> Option<K> {
        let (keys, _) = self.cells.parts();
        keys.get(slot).copied().filter(|key| *key != K::NEVER)
    }

    /// How many slots are in the queue.
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether no slot is in the queue.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The first entry of the block that `slot` is in.
    fn first_of_block(&self, slot: usize) -> Node<K> {
        let (keys, _) = self.cells.parts();
        let start = slot >> self.shift << self.shift;
        let end = (start + (1 << self.shift)).min(keys.len());
        let (fours, rest) = keys[start..end].as_chunks::<4>();
        let mut first = Node::NONE;
        let mut slot = slot_number(start);
        let mut node = |key| {
            slot += 1;
            Node { key, slot: slot - 1 }
        };
        for &[a, b, c, d] in fours {
            let (a, b, c, d) = (node(a), node(b), node(c), node(d));
            first = first.or(a.or(b).or(c.or(d)));
        }
        rest.iter().fold(first, |first, &key| first.or(node(key)))
    }

    /// Restores the tree after the first entry of the block that `slot` is in became `first`.
    fn settle(&mut self, slot: usize, mut first: Node<K>) {
        let (keys, nodes) = self.cells.parts_mut();
        let mut level = &mut nodes[..self.nodes as usize];
        let mut width = width(keys.len(), self.shift);
        let mut at = slot >> self.shift;
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
            first = first.min(rest);
            level = &mut level[width..];
            width = above(width);
            at = group;
        }
    }
}

/// How many nodes a queue of this capacity can make use of.
pub const fn nodes_for(capacity: usize) -> usize {
    tree_over(width(capacity, BLOCK_SHIFT))
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

macro_rules! keys {
    ($($key:ty)*) => {$(
        impl Key for $key {
            const NEVER: Self = Self::MAX;
        }
    )*};
}

keys!(Timestamp Mono u8 u16 u32 u64 i64);

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
    const KEYS: [u8; 7] = [3, 0, 254, 7, 1, 2, 6];

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
    fn compare(storage: impl Storage<u8>, capacity: usize, seed: u64) {
        let mut state = seed;
        let mut queue = Queue::new(storage);
        let mut model: BTreeMap<usize, u8> = BTreeMap::new();
        let least = |model: &BTreeMap<usize, u8>| {
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
        for seed in 0..4 {
            for capacity in 1..=150 {
                let keys = std::vec![0; capacity];
                let nodes = std::vec![Node::NONE; nodes_for(capacity)];
                compare(Cells::new(keys, nodes), capacity, seed);
            }
            compare(Inline::<1>.cells(), 1, seed);
            compare(Inline::<17>.cells(), 17, seed);
            compare(Inline::<32>.cells(), 32, seed);
            compare(Inline::<300>.cells(), 300, seed);
        }
    }

    #[test]
    fn one_node_is_enough_and_so_are_more_than_are_of_use() {
        compare(Cells::new([0; 100], [Node::NONE; 1]), 100, 1);
        compare(Cells::new([0; 100], [Node::NONE; 90]), 100, 1);
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
    fn a_key_of_never_takes_the_slot_out() {
        let mut queue = Queue::new(Inline::<3>.cells());
        queue.put(1, 7_u8);
        queue.put(1, u8::NEVER);
        queue.put(2, u8::NEVER);
        assert_eq!((queue.len(), queue.peek(), queue.key_of(1)), (0, None, None));
    }

    #[test]
    fn an_absent_slot_is_simply_absent() {
        let mut queue = Queue::new(Inline::<1>.cells::<u8>());
        assert_eq!((queue.pop(), queue.remove(0), queue.remove(7)), (None, None, None));
        assert_eq!((queue.peek(), queue.key_of(0), queue.key_of(7)), (None, None, None));
        let mut none = Queue::new(Inline::<0>.cells::<u8>());
        assert_eq!((none.pop(), none.len()), (None, 0));
    }
}
