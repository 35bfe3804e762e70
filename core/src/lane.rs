//! Many priority queues over one array of links: each slot is in at most one of them.
//!
//! Pairing heaps (Fredman, Sedgewick, Sleator, Tarjan 1986): push and merge take O(1), pop and
//! remove O(log n) amortised. The keys stay with the caller, who passes the order as a closure.
//! A lane itself is one number, so a table may hold one for each of its records.

use core::marker::PhantomData;
use core::mem::replace;

use crate::number::Number;

/// One slot's links.
#[derive(Clone, Copy, Debug)]
pub struct Link<N> {
    child: N,
    next: N,
    /// The left sibling or, for a first child, the parent.
    previous: N,
}

impl<N: Number> Link<N> {
    /// Links of a slot that is in no lane, or alone in one.
    pub const NONE: Self = Self { child: N::NONE, next: N::NONE, previous: N::NONE };
}

/// One priority queue: the slot on top, if there is any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lane<N>(N);

impl<N: Number> Lane<N> {
    /// Nothing in it.
    pub const EMPTY: Self = Self(N::NONE);

    /// The slot on top.
    pub fn peek(self) -> Option<usize> {
        self.0.slot()
    }
}

/// The links of all slots.
#[derive(Clone, Debug)]
pub struct Lanes<N, S> {
    links: S,
    number: PhantomData<N>,
}

impl<N, S> Lanes<N, S> {
    /// Lanes over unused links, as many as there are slots.
    pub const fn new(links: S) -> Self {
        Self { links, number: PhantomData }
    }
}

impl<N: Number, S: AsMut<[Link<N>]>> Lanes<N, S> {
    /// Adds a slot that is in no lane. `before(a, b)` says whether slot `a` comes first.
    pub fn push(&mut self, lane: &mut Lane<N>, slot: usize, before: impl Fn(usize, usize) -> bool) {
        self.links.as_mut()[slot] = Link::NONE;
        lane.0 = self.meld(lane.0, N::of(slot), &before);
    }

    /// Takes the slot on top out.
    pub fn pop(
        &mut self,
        lane: &mut Lane<N>,
        before: impl Fn(usize, usize) -> bool,
    ) -> Option<usize> {
        let top = lane.peek()?;
        lane.0 = self.meld_children(top, &before);
        Some(top)
    }

    /// Takes a slot out that is in this lane.
    pub fn remove(
        &mut self,
        lane: &mut Lane<N>,
        slot: usize,
        before: impl Fn(usize, usize) -> bool,
    ) {
        let links = self.links.as_mut();
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

    /// Joins two heaps whose roots have no siblings.
    fn meld(&mut self, a: N, b: N, before: &impl Fn(usize, usize) -> bool) -> N {
        let Some(first) = a.slot() else { return b };
        let Some(second) = b.slot() else { return a };
        let swap = before(second, first);
        let (top, above, below, under) =
            if swap { (b, second, a, first) } else { (a, first, b, second) };
        let links = self.links.as_mut();
        let child = replace(&mut links[above].child, below);
        if let Some(child) = child.slot() {
            links[child].previous = below;
        }
        links[under].next = child;
        links[under].previous = top;
        top
    }

    /// Joins the children of `slot` in pairs, then the pairs from the last to the first.
    fn meld_children(&mut self, slot: usize, before: &impl Fn(usize, usize) -> bool) -> N {
        let mut rest = replace(&mut self.links.as_mut()[slot].child, N::NONE);
        let mut pairs = N::NONE;
        while rest != N::NONE {
            let (first, second) = (rest, self.detach(rest));
            rest = self.detach(second);
            let pair = self.meld(first, second, before);
            if let Some(pair) = pair.slot() {
                self.links.as_mut()[pair].next = pairs;
            }
            pairs = pair;
        }
        let mut root = N::NONE;
        while pairs != N::NONE {
            let after = self.detach(pairs);
            root = self.meld(root, pairs, before);
            pairs = after;
        }
        root
    }

    /// Makes a slot a root of its own; returns its former right sibling.
    fn detach(&mut self, slot: N) -> N {
        let Some(slot) = slot.slot() else { return N::NONE };
        let link = &mut self.links.as_mut()[slot];
        link.previous = N::NONE;
        replace(&mut link.next, N::NONE)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    #[test]
    fn lanes_agree_with_sorted_lists() {
        let mut state: u32 = 7;
        let mut keys = [0_u32; 64];
        let mut lanes = Lanes::new([Link::<u16>::NONE; 64]);
        let mut heads = [Lane::EMPTY; 3];
        let mut model: [Vec<usize>; 3] = [Vec::new(), Vec::new(), Vec::new()];
        for _ in 0..if cfg!(miri) { 1_000 } else { 50_000 } {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let slot = (state >> 8) as usize % 64;
            let lane = (state >> 16) as usize % 3;
            let home = model.iter().position(|list| list.contains(&slot));
            match (state >> 24) % 3 {
                0 => {
                    if home.is_none() {
                        keys[slot] = (state >> 4) % 100;
                        lanes.push(&mut heads[lane], slot, |a, b| keys[a] < keys[b]);
                        model[lane].push(slot);
                    }
                }
                1 => {
                    if let Some(home) = home {
                        lanes.remove(&mut heads[home], slot, |a, b| keys[a] < keys[b]);
                        model[home].retain(|&other| other != slot);
                    }
                }
                _ => {
                    let top = lanes.pop(&mut heads[lane], |a, b| keys[a] < keys[b]);
                    let least = model[lane].iter().map(|&slot| keys[slot]).min();
                    assert_eq!(top.map(|slot| keys[slot]), least);
                    model[lane].retain(|&other| Some(other) != top);
                }
            }
        }
        assert!(model.iter().any(|list| !list.is_empty()));
    }
}
