//! Many priority queues over one array of links: each slot is in at most one of them.
//!
//! Pairing heaps (Fredman, Sedgewick, Sleator, Tarjan 1986): push and merge take O(1), pop and
//! remove O(log n) amortised. The keys stay with the caller, who passes the order as a closure.
//! A lane itself is one number, so a table may hold one for each of its records.

/// One slot's links.
#[derive(Clone, Copy, Debug)]
pub struct Link {
    child: u32,
    next: u32,
    /// The left sibling or, for a first child, the parent.
    previous: u32,
}

impl Default for Link {
    fn default() -> Self {
        Self { child: NONE, next: NONE, previous: NONE }
    }
}

/// One priority queue: the slot on top, if there is any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lane(u32);

impl Default for Lane {
    fn default() -> Self {
        Self(NONE)
    }
}

impl Lane {
    /// The slot on top.
    pub fn peek(self) -> Option<usize> {
        if self.0 == NONE { None } else { Some(self.0 as usize) }
    }
}

/// The links of all slots.
#[derive(Clone, Debug)]
pub struct Lanes<S> {
    links: S,
}

impl<S: AsRef<[Link]> + AsMut<[Link]>> Lanes<S> {
    /// Links over `storage`, whose length is the number of slots.
    pub fn new(storage: S) -> Self {
        Self { links: storage }
    }

    /// Adds a slot that is in no lane. `before(a, b)` says whether slot `a` comes first.
    pub fn push(&mut self, lane: &mut Lane, slot: usize, before: impl Fn(usize, usize) -> bool) {
        let slot = u32::try_from(slot).expect("a lane has fewer than 2^32 slots");
        self.links.as_mut()[slot as usize] = Link::default();
        lane.0 = self.meld(lane.0, slot, &before);
    }

    /// Takes the slot on top out.
    pub fn pop(&mut self, lane: &mut Lane, before: impl Fn(usize, usize) -> bool) -> Option<usize> {
        let top = lane.peek()?;
        lane.0 = self.meld_children(top, &before);
        Some(top)
    }

    /// Takes a slot out that is in this lane.
    pub fn remove(&mut self, lane: &mut Lane, slot: usize, before: impl Fn(usize, usize) -> bool) {
        if lane.peek() == Some(slot) {
            self.pop(lane, before);
            return;
        }
        let links = self.links.as_mut();
        let Link { next, previous, .. } = links[slot];
        let left = &mut links[previous as usize];
        if left.child as usize == slot {
            left.child = next;
        } else {
            left.next = next;
        }
        if next != NONE {
            links[next as usize].previous = previous;
        }
        let rest = self.meld_children(slot, &before);
        lane.0 = self.meld(lane.0, rest, &before);
    }

    /// Joins two heaps whose roots have no siblings.
    fn meld(&mut self, a: u32, b: u32, before: &impl Fn(usize, usize) -> bool) -> u32 {
        if a == NONE {
            return b;
        }
        if b == NONE {
            return a;
        }
        let (top, below) = if before(b as usize, a as usize) { (b, a) } else { (a, b) };
        let links = self.links.as_mut();
        let child = links[top as usize].child;
        if child != NONE {
            links[child as usize].previous = below;
        }
        links[below as usize].next = child;
        links[below as usize].previous = top;
        links[top as usize].child = below;
        top
    }

    /// Joins the children of `slot` in pairs, then the pairs from the last to the first.
    fn meld_children(&mut self, slot: usize, before: &impl Fn(usize, usize) -> bool) -> u32 {
        let mut rest = core::mem::replace(&mut self.links.as_mut()[slot].child, NONE);
        let mut pairs = NONE;
        while rest != NONE {
            let first = self.detach(rest);
            let second = first.1;
            let (second_root, after) =
                if second == NONE { (NONE, NONE) } else { self.detach(second) };
            let pair = self.meld(first.0, second_root, before);
            self.links.as_mut()[pair as usize].next = pairs;
            pairs = pair;
            rest = after;
        }
        let mut root = NONE;
        while pairs != NONE {
            let (pair, after) = self.detach(pairs);
            root = self.meld(root, pair, before);
            pairs = after;
        }
        root
    }

    /// Makes `slot` a root of its own; returns it and its former right sibling.
    fn detach(&mut self, slot: u32) -> (u32, u32) {
        let link = &mut self.links.as_mut()[slot as usize];
        let next = core::mem::replace(&mut link.next, NONE);
        link.previous = NONE;
        (slot, next)
    }
}

const NONE: u32 = u32::MAX;

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    #[test]
    fn lanes_agree_with_sorted_lists() {
        let mut state: u32 = 7;
        let mut keys = [0_u32; 64];
        let mut lanes = Lanes::new([Link::default(); 64]);
        let mut heads = [Lane::default(); 3];
        let mut model: [Vec<usize>; 3] = [Vec::new(), Vec::new(), Vec::new()];
        for _ in 0..50_000 {
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
