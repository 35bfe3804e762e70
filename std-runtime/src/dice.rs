//! The one place of this runtime that asks the system for chance.

use mainspring_core::dice::Dice;

/// Dice that nobody else has.
pub(crate) fn new() -> Dice {
    let (high, low) = uuid::Uuid::new_v4().as_u64_pair();
    // Some bits of either half are fixed; together they are not.
    Dice::seeded(high ^ low.rotate_left(17))
}

/// Ten bytes that nobody else has, for a [`JobId`](mainspring_contract::JobId).
pub(crate) fn bytes() -> [u8; 10] {
    let random = *uuid::Uuid::new_v4().as_bytes();
    core::array::from_fn(|index| random[index])
}
