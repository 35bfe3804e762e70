//! Inputs from good inputs: bytes changed, words of the grammar put in, parts left out or doubled.

/// A reproducible sequence: `SplitMix64` (Steele, Lea and Flood, 2014).
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    /// The sequence of one input.
    pub fn new(seed: u64, number: u64) -> Self {
        let mut random = Self(seed ^ number.wrapping_mul(0xd134_2543_de82_ef95));
        random.next();
        random
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`, which is not zero.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap_or(0)
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }
}

/// A good input after a few changes, or noise.
pub(crate) fn mutate(good: &[u8], words: &[&str], random: &mut Random) -> Vec<u8> {
    let mut input = good.to_vec();
    for _ in 0..random.below(6) {
        change(&mut input, words, random);
    }
    input.truncate(100_000);
    input
}

fn change(input: &mut Vec<u8>, words: &[&str], random: &mut Random) {
    let at = random.below(input.len() + 1);
    let end = (at + random.below(12)).min(input.len());
    match random.below(8) {
        0 if at < input.len() => input[at] ^= 1 << random.below(8),
        1 if at < input.len() => input[at] = random.byte(),
        2 => drop(input.drain(at..end)),
        3 => {
            let part = input[at..end].to_vec();
            let to = random.below(input.len() + 1);
            drop(input.splice(to..to, part));
        }
        4 => input.insert(at, random.byte()),
        5 => {
            let number = random.next() >> random.below(64);
            drop(input.splice(at..end, number.to_string().into_bytes()));
        }
        _ if words.is_empty() => input.push(random.byte()),
        6 => {
            let word = words[random.below(words.len())];
            drop(input.splice(at..at, word.bytes()));
        }
        _ => {
            let word = words[random.below(words.len())];
            drop(input.splice(at..end, word.bytes()));
        }
    }
}
