//! The storage of large queues: a tournament.
//!
//! The ranks are cut into blocks, and a four-ary tree over the blocks holds the first entry of each
//! block and of each group. Insert, pop, re-key and remove look at one block and at the way from
//! there to the root, O(log n); peek is O(1).
//!
//! Why not a heap: its entries move, so removing one by slot needs an array of positions that each
//! move writes to, and which place comes next depends on what the one before held. Here nothing
//! moves, and the way to the root is known at once, so that a processor fetches all of it together:
//! among a million entries waiting for memory is most of the work. It is smaller as well.

use alloc::boxed::Box;
use core::hint::select_unpredictable;
use core::mem::replace;

use super::{Node, Storage, first_of};

/// Ranks and nodes.
///
/// Invariant: the nodes are the levels of the tree one after the other, that of the blocks first
/// and the root last; each is the first entry of its block, or the first of its up to four
/// children.
#[derive(Clone, Debug)]
pub struct Cells {
    ranks: Box<[u64]>,
    nodes: Box<[Node]>,
    len: usize,
}

impl Cells {
    /// Empty cells for this many slots.
    pub fn boxed(capacity: usize) -> Self {
        let ranks = core::iter::repeat_n(0, capacity).collect();
        let nodes = core::iter::repeat_n(Node::NONE, nodes_for(capacity)).collect();
        Self { ranks, nodes, len: 0 }
    }
}

impl Storage for Cells {
    #[inline]
    fn ranks(&self) -> &[u64] {
        &self.ranks
    }

    #[inline]
    fn first(&self) -> Node {
        self.nodes.last().copied().unwrap_or(Node::NONE)
    }

    #[inline]
    fn put(&mut self, slot: usize, rank: u64) {
        let old = put(&mut self.ranks, &mut self.nodes, slot, rank);
        self.len += usize::from(old == 0);
        self.len -= usize::from(rank == 0);
    }

    #[inline]
    fn count(&self) -> usize {
        self.len
    }
}

impl Node {
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

/// Gives `slot` this rank, and returns the one that it had.
#[inline]
fn put(ranks: &mut [u64], nodes: &mut [Node], slot: usize, rank: u64) -> u64 {
    let old = replace(&mut ranks[slot], rank);
    let entry = Node { rank, slot: slot_number(slot) };
    let block = slot >> BLOCK_SHIFT;
    let first = nodes[block];
    let first = if first.slot != entry.slot {
        // The others of the block are known by their first.
        first.first(entry)
    } else {
        first_of_block(ranks, block)
    };
    settle(nodes, width(ranks.len()), block, first);
    old
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
    tree_over(width(capacity))
}

/// How many nodes the level of the blocks has.
const fn width(capacity: usize) -> usize {
    whole(capacity.div_ceil(1 << BLOCK_SHIFT))
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

/// The first entry of a block.
fn first_of_block(ranks: &[u64], block: usize) -> Node {
    let start = block << BLOCK_SHIFT;
    let end = (start + (1 << BLOCK_SHIFT)).min(ranks.len());
    first_of(&ranks[start..end], slot_number(start))
}

fn slot_number(index: usize) -> u32 {
    u32::try_from(index).expect("a queue has fewer than 2^32 slots")
}

/// Blocks have at least eight keys: as many instants as a cache line holds.
const BLOCK_SHIFT: u32 = 3;

/// Children per node: they share a cache line or two, and the tree is half as high as a binary one.
const ARITY: usize = 4;
