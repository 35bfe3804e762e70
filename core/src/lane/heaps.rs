//! Lanes as pairing heaps (Fredman, Sedgewick, Sleator, Tarjan 1986): push and merge take O(1), pop
//! and remove O(log n) amortised.
//!
//! Most slots come in order, each after the one before. Such a slot becomes a child of that one and
//! not of the slot on top: what comes in order lies in a chain then, of which pop takes one link
//! after the other, and looks at no key.

use alloc::boxed::Box;
use core::mem::replace;

use super::{Lane, Lanes};
use crate::number::Number;

/// One slot's links.
#[derive(Clone, Copy, Debug)]
struct Link<N> {
    child: N,
    /// The right sibling. The slot on top has none: there it is the slot that was added last, if
    /// that is known and still in the lane.
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
        let newest = self.newest(*lane);
        match newest.slot().filter(|&newest| !before(slot, newest)) {
            Some(newest) => self.hang(slot, newest),
            None => lane.0 = self.meld(lane.0, u32::of(slot), &before),
        }
        if let Some(top) = lane.peek() {
            self.links[top].next = u32::of(slot);
        }
    }

    /// Takes the slot on top out.
    fn pop(
        &mut self,
        lane: &mut Lane<u32>,
        before: impl Fn(usize, usize) -> bool,
    ) -> Option<usize> {
        let top = lane.peek()?;
        let newest = self.newest(*lane);
        lane.0 = self.meld_children(top, &before);
        self.keep_newest(*lane, newest, top);
        Some(top)
    }

    /// Takes a slot out that is in this lane.
    fn remove(&mut self, lane: &mut Lane<u32>, slot: usize, before: impl Fn(usize, usize) -> bool) {
        let newest = self.newest(*lane);
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
        self.keep_newest(*lane, newest, slot);
    }
}

impl Heaps {
    /// The slot that was added last, if it is known.
    fn newest(&self, lane: Lane<u32>) -> u32 {
        lane.peek().map_or(u32::NONE, |top| self.links[top].next)
    }

    /// Keeps in mind which slot was added last, unless it is the one that is gone.
    fn keep_newest(&mut self, lane: Lane<u32>, newest: u32, gone: usize) {
        if let Some(top) = lane.peek() {
            self.links[top].next = if newest == u32::of(gone) { u32::NONE } else { newest };
        }
    }

    /// Makes a root without siblings the first child of another slot.
    fn hang(&mut self, below: usize, above: usize) {
        let links = &mut self.links;
        let child = replace(&mut links[above].child, u32::of(below));
        if let Some(child) = child.slot() {
            links[child].previous = u32::of(below);
        }
        links[below].next = child;
        links[below].previous = u32::of(above);
    }

    /// Joins two heaps whose roots have no siblings.
    fn meld(&mut self, a: u32, b: u32, before: &impl Fn(usize, usize) -> bool) -> u32 {
        let Some(first) = a.slot() else { return b };
        let Some(second) = b.slot() else { return a };
        if before(second, first) {
            self.hang(first, second);
            return b;
        }
        self.hang(second, first);
        a
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_in_order_goes_without_a_look_at_the_keys() {
        let (mut heaps, mut lane) = (Heaps::boxed(100), Lane::EMPTY);
        (0..100).for_each(|slot| heaps.push(&mut lane, slot, |a, b| a < b));
        for slot in 0..100 {
            let top = heaps.pop(&mut lane, |a, b| panic!("{a} and {b} are in order"));
            assert_eq!(top, Some(slot));
        }
        assert_eq!(lane, Lane::EMPTY);
    }
}
