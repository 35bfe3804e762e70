//! Chance that can be repeated: a small generator and the seed that it started from.

use std::hash::{BuildHasher, RandomState};

/// The variable that repeats a run.
pub const SEED: &str = "MAINSPRING_CHAOS_SEED";

/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
#[derive(Clone, Debug)]
pub struct Dice {
    seed: u64,
    state: u64,
}

impl Dice {
    /// Dice that fall the same way for the same seed.
    pub fn new(seed: u64) -> Self {
        Self { seed, state: seed }
    }

    /// Dice from the seed in [`SEED`], or from a new one.
    pub fn from_env() -> Self {
        let given = std::env::var(SEED).ok().and_then(|seed| seed.parse().ok());
        // Each `RandomState` has keys that the system drew.
        Self::new(given.unwrap_or_else(|| RandomState::new().hash_one(SEED)))
    }

    /// What to set [`SEED`] to, to see the same again.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// A number in `from..to`.
    pub fn between(&mut self, from: u64, to: u64) -> u64 {
        from + self.next() % (to - from).max(1)
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_and_the_bounds_hold() {
        let roll = |seed| {
            let mut dice = Dice::new(seed);
            (0..1_000).map(|_| dice.between(300, 3_000)).collect::<Vec<_>>()
        };
        assert_eq!(roll(7), roll(7));
        assert_ne!(roll(7), roll(8));
        assert!(roll(7).iter().all(|n| (300..3_000).contains(n)));
        assert!(roll(7).iter().any(|n| *n < 600) && roll(7).iter().any(|n| *n > 2_700));
    }
}
