//! Random numbers for jitter: seeded by the owner, never drawn from the surroundings.

use crate::time::Span;

/// A small generator of random numbers, for spreading load and nothing else.
///
/// Marsaglia's xorshift64 (Journal of Statistical Software 8(14), 2003): eight bytes of state and
/// no multiplication, which suits a Cortex-M0. What it yields can be guessed: never use it for
/// secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Dice(
    /// The generator's state, which is never zero, mixed with [`SEED`], so that the dice of seed
    /// zero are: they lie in machines that are to take no flash.
    u64,
);

impl Dice {
    /// The same numbers for the same seed.
    pub const fn seeded(seed: u64) -> Self {
        let mixed = mix(seed);
        // From the state zero there would only be zeros.
        Self(if mixed == 0 { 1 ^ SEED } else { mixed ^ SEED })
    }

    /// Seeded by somebody else's generator, such as the one of a board.
    #[cfg(feature = "rand_core")]
    pub fn from_rng(rng: &mut impl rand_core::Rng) -> Self {
        Self::seeded(rng.next_u64())
    }

    /// The next number.
    pub const fn roll(&mut self) -> u64 {
        let mut state = self.0 ^ SEED;
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        self.0 = state ^ SEED;
        state
    }

    /// A span from zero to `longest`, both included; zero if `longest` is below zero.
    pub fn span(&mut self, longest: Span) -> Span {
        spread(self.roll(), longest)
    }
}

/// The span from zero to `longest`, both included, that `number` stands for: the same one each
/// time, and evenly spread if the numbers are.
pub fn spread(number: u64, longest: Span) -> Span {
    let longest = u64::try_from(longest.as_micros()).unwrap_or(0);
    // A span has 63 bits, so the sum does not overflow; the bias of the remainder is far below
    // what any load can notice.
    Span::from_micros((number % (longest + 1)).cast_signed())
}

/// The state of the dice of seed zero.
const SEED: u64 = mix(0);

/// Neighbouring seeds must not give neighbouring numbers: the finaliser of SplitMix (Steele, Lea
/// and Flood, OOPSLA 2014).
const fn mix(seed: u64) -> u64 {
    let mut mixed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_lie_within_their_bound_and_reach_it() {
        let mut dice = Dice::seeded(7);
        let longest = Span::from_micros(3);
        let mut seen = [false; 4];
        for _ in 0..200 {
            let span = dice.span(longest);
            seen[usize::try_from(span.as_micros()).expect("not below zero")] = true;
        }
        assert_eq!(seen, [true; 4]);
        assert_eq!(dice.span(Span::ZERO), Span::ZERO);
        assert_eq!(dice.span(Span::from_secs(-1)), Span::ZERO);
        assert!(dice.span(Span::MAX) <= Span::MAX);
    }

    #[test]
    fn every_seed_gives_numbers() {
        for seed in [0, 1, 0x9e37_79b9_7f4a_7c15, u64::MAX] {
            let mut dice = Dice::seeded(seed);
            assert_ne!(dice.roll(), dice.roll());
            let neighbour = Dice::seeded(seed.wrapping_add(1)).roll();
            assert!((neighbour ^ Dice::seeded(seed).roll()).count_ones() > 16);
        }
    }
}
