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
use core::iter::repeat_n;
use core::mem::replace;

use super::{Alike, FEW, Node, Storage, first_of};

/// Ranks and the tree over them.
///
/// Invariant: each node of the lowest level is the first entry of its block, each node of another
/// level the first one of a group on the level below, and `first` that of the highest level, which
/// is one group.
#[derive(Clone, Debug)]
pub struct Cells {
    capacity: usize,
    blocks: Box<[Block]>,
    levels: Box<[Box<[Group]>]>,
    first: Node,
}

/// The ranks of a few slots, within a cache line. Those that the last one has too many are zero.
#[derive(Clone, Copy, Debug)]
#[repr(align(32))]
struct Block([u64; BLOCK]);

/// Nodes with a common parent, in the order of their slots, in a cache line.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Group([Node; ARITY]);

impl Cells {
    /// Empty cells for this many slots.
    pub fn boxed(capacity: usize) -> Self {
        let blocks = repeat_n(Block([0; BLOCK]), capacity.div_ceil(BLOCK)).collect();
        let groups = |count| repeat_n(Group([Node::NONE; ARITY]), count).collect();
        let levels = widths(capacity).map(groups).collect();
        Self { capacity, blocks, levels, first: Node::NONE }
    }
}

impl Storage for Cells {
    #[inline]
    fn rank(&self, slot: usize) -> Option<&u64> {
        self.blocks.get(slot / BLOCK).map(|block| &block.0[slot % BLOCK])
    }

    #[inline]
    fn first(&self) -> Node {
        self.first
    }

    /// Looks at one level after the other, so that all that is needed of one is fetched from memory
    /// together, and without a branch on what is not there yet. One slot of a block is enough.
    fn alike(&self) -> Alike {
        let mut nodes = [0; FEW];
        let mut count = usize::from(self.first.rank != 0 && !self.levels.is_empty());
        for (height, level) in self.levels.iter().enumerate().rev() {
            let mut below = [0; FEW + 1];
            let mut found = 0;
            for &at in &nodes[..count] {
                for (turn, node) in level[at].0.iter().enumerate() {
                    let (slot, below_it) = (node.slot as usize, at * ARITY + turn);
                    below[found] = if height == 0 { slot } else { below_it };
                    found = FEW.min(found + usize::from(node.rank == self.first.rank));
                }
            }
            nodes.copy_from_slice(&below[..FEW]);
            count = found;
        }
        nodes[..count].iter().copied().collect()
    }

    /// Which one of a block or a group changed makes no difference to what is done: a branch on
    /// that would be guessed wrong too often.
    fn put(&mut self, slot: usize, rank: u64) {
        assert!(slot < self.capacity, "slot {slot} of a queue over {}", self.capacity);
        let (mut at, turn) = (slot / BLOCK, slot % BLOCK);
        let ranks = &mut self.blocks[at].0;
        ranks[turn] = rank;
        let start = u32::try_from(slot - turn).expect("a queue has fewer than 2^32 slots");
        let mut first = first_of(ranks, start);
        for level in &mut self.levels {
            let group = &mut level[at / ARITY].0;
            if replace(&mut group[at % ARITY], first) == first {
                return;
            }
            // What was just written is not read again, which would take longer than all else: the
            // others are looked at on all levels at once, while the first one is on its way up.
            let turn = at % ARITY;
            let pair = (turn & 2) ^ 2;
            let others = group[pair].or(group[pair + 1]);
            first = first.either(group[turn ^ 1], turn & 1 == 0).either(others, turn < pair);
            at /= ARITY;
        }
        self.first = first;
    }

    fn count(&self) -> usize {
        self.blocks.iter().flat_map(|block| block.0).filter(|rank| *rank != 0).count()
    }
}

/// How many nodes the tree over this many slots has.
pub fn nodes_for(capacity: usize) -> usize {
    widths(capacity).sum::<usize>() * ARITY
}

/// How many groups each level has, the lowest first.
fn widths(capacity: usize) -> impl Iterator<Item = usize> {
    let above = |nodes: &usize| (*nodes > 1).then(|| nodes.div_ceil(ARITY));
    core::iter::successors(above(&capacity.div_ceil(BLOCK)), above)
}

/// Ranks in a block. With more of them there would rarely be a level less, and each is looked at.
const BLOCK: usize = 4;

/// Children per node: they share a cache line, and the tree is half as high as a binary one.
const ARITY: usize = 4;
