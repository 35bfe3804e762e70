//! Many priority queues over the same slots: each slot is in at most one of them.
//!
//! The keys stay with the caller, who passes the order as a closure. A lane itself is one number,
//! so a table may hold one for each of its records.

#[cfg(feature = "alloc")]
mod heaps;

use core::mem::replace;

use crate::number::Number;

#[cfg(feature = "alloc")]
pub use self::heaps::Heaps;

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

/// What keeps the order of the slots within each lane.
pub trait Lanes {
    /// What slots are numbered with.
    type Number: Number;

    /// Adds a slot that is in no lane. `before(a, b)` says whether slot `a` comes first.
    fn push(
        &mut self,
        lane: &mut Lane<Self::Number>,
        slot: usize,
        before: impl Fn(usize, usize) -> bool,
    );

    /// Takes the slot on top out.
    fn pop(
        &mut self,
        lane: &mut Lane<Self::Number>,
        before: impl Fn(usize, usize) -> bool,
    ) -> Option<usize>;

    /// Takes a slot out that is in this lane.
    fn remove(
        &mut self,
        lane: &mut Lane<Self::Number>,
        slot: usize,
        before: impl Fn(usize, usize) -> bool,
    );
}

/// For a few tens of slots: each lane is a list in order.
#[derive(Clone, Debug)]
pub struct Lists<S> {
    /// For each slot the one after it.
    next: S,
}

impl<S> Lists<S> {
    /// Nothing in any lane: over numbers that are none.
    pub const fn over(next: S) -> Self {
        Self { next }
    }
}

impl<N: Number, const LEN: usize> Lists<[N; LEN]> {
    /// The place that says who comes after `from`, or who is on top.
    fn place<'p>(&'p mut self, lane: &'p mut Lane<N>, from: Option<usize>) -> &'p mut N {
        match from {
            Some(slot) => &mut self.next[slot],
            None => &mut lane.0,
        }
    }
}

impl<N: Number, const LEN: usize> Lanes for Lists<[N; LEN]> {
    type Number = N;

    fn push(&mut self, lane: &mut Lane<N>, slot: usize, before: impl Fn(usize, usize) -> bool) {
        let mut from = None;
        let mut at = lane.peek();
        while let Some(there) = at.filter(|&there| before(there, slot)) {
            from = at;
            at = self.next[there].slot();
        }
        let after = replace(self.place(lane, from), N::of(slot));
        self.next[slot] = after;
    }

    fn pop(&mut self, lane: &mut Lane<N>, _: impl Fn(usize, usize) -> bool) -> Option<usize> {
        let top = lane.peek()?;
        lane.0 = self.next[top];
        Some(top)
    }

    fn remove(&mut self, lane: &mut Lane<N>, slot: usize, _: impl Fn(usize, usize) -> bool) {
        let mut from = None;
        let mut at = lane.peek();
        while let Some(there) = at.filter(|&there| there != slot) {
            from = at;
            at = self.next[there].slot();
        }
        let after = self.next[slot];
        *self.place(lane, from) = after;
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    #[test]
    fn lanes_agree_with_sorted_lists() {
        compare(Lists::over([0_u16; 64]));
        #[cfg(feature = "alloc")]
        compare(Heaps::boxed(64));
    }

    /// Random steps on three lanes of 64 slots and on lists that are sorted when asked.
    fn compare<L: Lanes>(mut lanes: L) {
        let mut state: u32 = 7;
        let mut keys = [0_u32; 64];
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
