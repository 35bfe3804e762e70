//! Lanes as pairing heaps (Fredman, Sedgewick, Sleator, Tarjan 1986): push and merge take O(1), pop
//! and remove O(log n) amortised.

use alloc::boxed::Box;
use core::mem::replace;

use super::{Lane, Lanes};
use crate::number::Number;

/// One slot's links.
#[derive(Clone, Copy, Debug)]
struct Link<N> {
    child: N,
    next: N,
    /// The left sibling or, for a first child, the parent.
    previous: N,
}

impl<N: Number> Link<N> {
    /// Links of a slot that is in no lane, or alone in one.
    const NONE: Self = Self { child: N::NONE, next: N::NONE, previous: N::NONE };
}

/// For any number of slots: each lane is a heap.
#[derive(Clone, Debug)]
pub struct Heaps {
    links: Box<[Link<u32>]>,
}

impl Heaps {
    /// Nothing in any lane, for so many slots.
    pub fn boxed(capacity: usize) -> Self {
        Self { links: core::iter::repeat_n(Link::NONE, capacity).collect() }
    }
}

impl Lanes for Heaps {
    type Number = u32;

    /// Adds a slot that is in no lane. `before(a, b)` says whether slot `a` comes first.
    fn push(&mut self, lane: &mut Lane<u32>, slot: usize, before: impl Fn(usize, usize) -> bool) {
        self.links[slot] = Link::NONE;
        lane.0 = self.meld(lane.0, u32::of(slot), &before);
    }

    /// Takes the slot on top out.
    fn pop(
        &mut self,
        lane: &mut Lane<u32>,
        before: impl Fn(usize, usize) -> bool,
    ) -> Option<usize> {
        let top = lane.peek()?;
        lane.0 = self.meld_children(top, &before);
        Some(top)
    }

    /// Takes a slot out that is in this lane.
    fn remove(&mut self, lane: &mut Lane<u32>, slot: usize, before: impl Fn(usize, usize) -> bool) {
        let links = &mut self.links;
        let Link { next, previous, .. } = links[slot];
        // Only the one on top has nothing to its left.
        let Some(left) = previous.slot() else {
            self.pop(lane, before);
            return;
        };
        let left = &mut links[left];
        if left.child.slot() == Some(slot) {
            left.child = next;
        } else {
            left.next = next;
        }
        if let Some(next) = next.slot() {
            links[next].previous = previous;
        }
        let rest = self.meld_children(slot, &before);
        lane.0 = self.meld(lane.0, rest, &before);
    }
}

impl Heaps {
    /// Joins two heaps whose roots have no siblings.
    fn meld(&mut self, a: u32, b: u32, before: &impl Fn(usize, usize) -> bool) -> u32 {
        let Some(first) = a.slot() else { return b };
        let Some(second) = b.slot() else { return a };
        let swap = before(second, first);
        let (top, above, below, under) =
            if swap { (b, second, a, first) } else { (a, first, b, second) };
        let links = &mut self.links;
        let child = replace(&mut links[above].child, below);
        if let Some(child) = child.slot() {
            links[child].previous = below;
        }
        links[under].next = child;
        links[under].previous = top;
        top
    }

    /// Joins the children of `slot` in pairs, then the pairs from the last to the first.
    fn meld_children(&mut self, slot: usize, before: &impl Fn(usize, usize) -> bool) -> u32 {
        let mut rest = replace(&mut self.links[slot].child, u32::NONE);
        let mut pairs = u32::NONE;
        while rest != u32::NONE {
            let (first, second) = (rest, self.detach(rest));
            rest = self.detach(second);
            let pair = self.meld(first, second, before);
            if let Some(pair) = pair.slot() {
                self.links[pair].next = pairs;
            }
            pairs = pair;
        }
        let mut root = u32::NONE;
        while pairs != u32::NONE {
            let after = self.detach(pairs);
            root = self.meld(root, pairs, before);
            pairs = after;
        }
        root
    }

    /// Makes a slot a root of its own; returns its former right sibling.
    #[inline]
    fn detach(&mut self, slot: u32) -> u32 {
        let Some(slot) = slot.slot() else { return u32::NONE };
        let link = &mut self.links[slot];
        link.previous = u32::NONE;
        replace(&mut link.next, u32::NONE)
    }
}
