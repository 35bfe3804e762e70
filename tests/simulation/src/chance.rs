//! All randomness of a simulation: numbers from its seed and nothing else.

use mainspring_core::time::Span;

/// `SplitMix64` (Steele, Lea and Flood, OOPSLA 2014).
#[derive(Clone, Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    /// The same numbers for the same seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `from..=to`.
    pub(crate) fn between(&mut self, from: i64, to: i64) -> i64 {
        let width = to.saturating_sub(from).max(0).unsigned_abs() + 1;
        from + (self.next() % width).cast_signed()
    }

    /// A number below `end`.
    pub(crate) fn index(&mut self, end: usize) -> usize {
        let end = u64::try_from(end.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.next() % end).unwrap_or(0)
    }

    /// Whether something happens that happens so many times in a thousand.
    pub(crate) fn odds(&mut self, per_mille: u32) -> bool {
        self.next() % 1_000 < u64::from(per_mille)
    }

    /// A span in `from..=to`.
    pub(crate) fn span(&mut self, from: Span, to: Span) -> Span {
        Span::from_micros(self.between(from.as_micros(), to.as_micros()))
    }

    /// A span of the order of `mean`: from a tenth of it to twice as long.
    pub(crate) fn about(&mut self, mean: Span) -> Span {
        self.span(Span::from_micros(mean.as_micros() / 10), mean + mean)
    }

    /// One of these.
    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.index(from.len())]
    }

    /// One of these, or nothing: the thing happens so many times in a thousand.
    pub(crate) fn maybe<T: Copy>(&mut self, per_mille: u32, from: &[T]) -> Option<T> {
        if self.odds(per_mille) { Some(self.pick(from)) } else { None }
    }
}
