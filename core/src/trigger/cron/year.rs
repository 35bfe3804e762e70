//! A set of years, for patterns that name some.

/// Years 1970 to 9999: each one up to 2161, and one stepped range beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Years {
    /// Bit n of word w is the year 1970 + 64 w + n.
    near: [u64; 3],
    /// First, last and step of the years from 2162 on; a step of 0 means none.
    far: [u16; 3],
}

/// The first year that can be named.
pub(super) const FIRST: u32 = 1_970;
/// The last one.
pub(super) const LAST: u32 = 9_999;
const FAR: u32 = FIRST + 192;
/// The last year that is kept by itself.
pub(super) const LAST_NEAR: u32 = FAR - 1;

impl Years {
    pub(super) const NONE: Self = Self { near: [0; 3], far: [0; 3] };

    /// Adds `from`, `from + step` and so on up to `to`; `false` if there is no room for them,
    /// because other years beyond 2161 are there already.
    #[expect(clippy::cast_possible_truncation, reason = "years have four digits")]
    pub(super) const fn add(&mut self, from: u32, to: u32, step: u32) -> bool {
        let mut year = from;
        while year <= to && year < FAR {
            let bit = year - FIRST;
            self.near[(bit / 64) as usize] |= 1 << (bit % 64);
            year += step;
        }
        if year > to {
            return true;
        }
        let last = to - (to - year) % step;
        let far = [year as u16, last as u16, if last == year { 1 } else { step as u16 }];
        let [first, end, step] = self.far;
        if step != 0 && !(first == far[0] && end == far[1] && step == far[2]) {
            return false;
        }
        self.far = far;
        true
    }

    /// The first year of the set from `year` on.
    pub(super) const fn from(&self, year: i32) -> Option<i32> {
        let year = if year < FIRST as i32 { FIRST } else { year.cast_unsigned() };
        if year < FAR {
            let mut word = (year - FIRST) / 64;
            let mut left =
                self.near[word as usize] >> ((year - FIRST) % 64) << ((year - FIRST) % 64);
            loop {
                if left != 0 {
                    return Some((FIRST + left.trailing_zeros() + word * 64).cast_signed());
                }
                word += 1;
                if word == 3 {
                    break;
                }
                left = self.near[word as usize];
            }
        }
        let [first, last, step] = [self.far[0] as u32, self.far[1] as u32, self.far[2] as u32];
        if step == 0 || year > last {
            return None;
        }
        let next = if year <= first { first } else { first + (year - first).div_ceil(step) * step };
        Some(next.cast_signed())
    }

    /// The last year of the set up to `year`.
    pub(super) const fn back(&self, year: i32) -> Option<i32> {
        if year < FIRST as i32 {
            return None;
        }
        let year = year.cast_unsigned();
        let [first, last, step] = [self.far[0] as u32, self.far[1] as u32, self.far[2] as u32];
        if step != 0 && year >= first {
            let year = if year < last { year } else { last };
            return Some((year - (year - first) % step).cast_signed());
        }
        let bit = if year < FAR { year - FIRST } else { 191 };
        let mut word = bit / 64;
        let mut left = self.near[word as usize] & (u64::MAX >> (63 - bit % 64));
        loop {
            if left != 0 {
                return Some((FIRST + left.ilog2() + word * 64).cast_signed());
            }
            if word == 0 {
                return None;
            }
            word -= 1;
            left = self.near[word as usize];
        }
    }

    /// First, last and step of the years beyond 2161, if there are any.
    pub(super) const fn far(&self) -> Option<(u32, u32, u32)> {
        let [first, last, step] = [self.far[0] as u32, self.far[1] as u32, self.far[2] as u32];
        if step == 0 { None } else { Some((first, last, step)) }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    #[test]
    fn years_are_found_in_both_directions() {
        let mut years = Years::NONE;
        assert!(years.add(1_970, 1_970, 1));
        assert!(years.add(2_020, 2_040, 10));
        assert!(years.add(2_160, 2_180, 5));
        assert!(years.add(2_160, 2_180, 5));
        assert!(!years.add(3_000, 3_000, 1));
        let expected = [1_970, 2_020, 2_030, 2_040, 2_160, 2_165, 2_170, 2_175, 2_180];
        let mut found = Vec::new();
        let mut year = 0;
        while let Some(next) = years.from(year) {
            found.push(next);
            year = next + 1;
        }
        assert_eq!(found, expected);
        let mut found = Vec::new();
        let mut year = 10_000;
        while let Some(prev) = years.back(year) {
            found.insert(0, prev);
            year = prev - 1;
        }
        assert_eq!(found, expected);
    }
}
