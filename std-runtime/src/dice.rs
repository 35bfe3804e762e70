//! The one place of this runtime that asks the system for chance.

use mainspring_contract::JobId;
use mainspring_core::dice::Dice;
use mainspring_core::time::Timestamp;

/// Dice that nobody else has.
pub(crate) fn new() -> Dice {
    let (high, low) = uuid::Uuid::new_v4().as_u64_pair();
    // Some bits of either half are fixed; together they are not.
    Dice::seeded(high ^ low.rotate_left(17))
}

/// Ids for jobs that are queued together: each comes after the one before, so that jobs which are
/// ready together start in the order in which they were named, and lie together in a store (RFC
/// 9562, section 6.2, method 2). The system is asked for chance once.
#[derive(Debug)]
pub(crate) struct Ids {
    now: Timestamp,
    high: [u8; 2],
    low: u64,
}

impl Ids {
    /// Ids that nobody else has, of this instant.
    pub(crate) fn new(now: Timestamp) -> Self {
        let [a, b, low @ .., _, _, _, _, _, _] = *uuid::Uuid::new_v4().as_bytes();
        Self { now, high: [a, b], low: u64::from_be_bytes(low) }
    }

    /// The next one.
    pub(crate) fn next(&mut self) -> JobId {
        let Self { now, high: [a, b], low } = *self;
        let [c, d, e, f, g, h, i, j] = low.to_be_bytes();
        self.low = low.wrapping_add(1);
        JobId::queued(now, [a, b, c, d, e, f, g, h, i, j])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_call_are_in_order_and_those_of_two_differ() {
        let [mut these, mut those] = [(); 2].map(|()| Ids::new(Timestamp::UNIX_EPOCH));
        let [these, those] = [&mut these, &mut those].map(|ids| {
            let ids: Vec<JobId> = core::iter::repeat_with(|| ids.next()).take(1_000).collect();
            assert!(ids.is_sorted_by(|a, b| a < b), "{} to {}", ids[0], ids[999]);
            ids
        });
        assert!(these.iter().all(|id| !those.contains(id)));
    }
}
