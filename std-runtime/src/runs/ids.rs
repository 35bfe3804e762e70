//! How runs are found by their job.

use core::hash::Hasher;

/// Hashes tokens and the names of jobs, which are random numbers or hashes already. Whoever chooses
/// names that meet makes only the own process slower.
#[derive(Debug, Default)]
pub(super) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks();
        words.iter().for_each(|&word| self.write_u64(u64::from_be_bytes(word)));
        rest.iter().for_each(|&byte| self.write_u64(u64::from(byte)));
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(29) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn write_usize(&mut self, _length: usize) {
        // All names are equally long.
    }

    fn finish(&self) -> u64 {
        // A table looks at both ends, and only the upper bits depend on all of the last word.
        self.0 ^ self.0 >> 32
    }
}
