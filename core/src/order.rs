//! The order of rows that know themselves when they come.

use crate::queue::{Queue, Storage};
use crate::time::Timestamp;

/// Which row of a table comes first: the one with the earliest instant, among equals the one with
/// the lowest slot.
///
/// Each row knows its instant, so that a device, which looks at all of its few rows, keeps nothing
/// besides. A server keeps the instants in a queue.
pub trait Order {
    /// From now on the row in `slot` comes `at` this instant, or never.
    fn put(&mut self, slot: usize, at: Option<Timestamp>);

    /// The row that comes first. `at` says when the row in a slot comes, which is what was put.
    fn first(&self, at: impl Fn(usize) -> Option<Timestamp>) -> Option<(usize, Timestamp)>;
}

/// Looks at all `N` rows.
#[derive(Clone, Copy, Debug)]
pub struct Sought<const N: usize>;

impl<const N: usize> Order for Sought<N> {
    fn put(&mut self, _: usize, _: Option<Timestamp>) {}

    fn first(&self, at: impl Fn(usize) -> Option<Timestamp>) -> Option<(usize, Timestamp)> {
        let mut first: Option<(usize, Timestamp)> = None;
        for slot in 0..N {
            if let Some(at) = at(slot)
                && first.is_none_or(|(_, earliest)| at < earliest)
            {
                first = Some((slot, at));
            }
        }
        first
    }
}

impl<S: Storage> Order for Queue<Timestamp, S> {
    fn put(&mut self, slot: usize, at: Option<Timestamp>) {
        match at {
            Some(at) => self.put(slot, at),
            None => drop(self.remove(slot)),
        }
    }

    fn first(&self, _: impl Fn(usize) -> Option<Timestamp>) -> Option<(usize, Timestamp)> {
        self.peek()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::{Inline, Room};
    use crate::time::Span;

    #[test]
    fn looking_at_all_rows_finds_what_a_queue_keeps() {
        let mut state: u32 = 7;
        let mut rows = [None; 9];
        let mut kept: Queue<Timestamp, _> = Queue::new(Inline::<9>.cells());
        let mut seen = 0;
        for _ in 0..if cfg!(miri) { 200 } else { 5_000 } {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let slot = (state >> 8) as usize % rows.len();
            let wait = Span::from_micros(i64::from(state >> 24) % 8);
            rows[slot] = (wait > Span::ZERO).then(|| Timestamp::UNIX_EPOCH + wait);
            Order::put(&mut kept, slot, rows[slot]);
            let sought = Sought::<9>.first(|slot| rows[slot]);
            assert_eq!(sought, kept.first(|_| None));
            seen += usize::from(sought.is_some());
        }
        assert!(seen > 0);
    }
}
