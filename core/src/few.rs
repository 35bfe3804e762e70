//! Lists of a few things, as long as what a domain offers needs them.

use core::fmt::Debug;

/// A list of at most [`ROOM`](Self::ROOM) things, in place.
pub trait Few<T>: Clone + Debug + Default + PartialEq {
    /// How many fit.
    const ROOM: usize;

    /// Adds one more; says whether there was room.
    #[must_use]
    fn push(&mut self, item: T) -> bool;

    /// All of them, in the order in which they came.
    fn as_slice(&self) -> &[T];

    /// Keeps those of which `wanted` is true.
    fn retain(&mut self, wanted: impl FnMut(&T) -> bool);
}

impl<T: Clone + Debug + PartialEq, const N: usize> Few<T> for heapless::Vec<T, N> {
    const ROOM: usize = N;

    #[inline]
    fn push(&mut self, item: T) -> bool {
        self.push(item).is_ok()
    }

    #[inline]
    fn as_slice(&self) -> &[T] {
        self
    }

    fn retain(&mut self, wanted: impl FnMut(&T) -> bool) {
        self.retain(wanted);
    }
}

/// One thing or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct One<T>(pub Option<T>);

impl<T> Default for One<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Clone + Debug + PartialEq> Few<T> for One<T> {
    const ROOM: usize = 1;

    fn push(&mut self, item: T) -> bool {
        let is_room = self.0.is_none();
        if is_room {
            self.0 = Some(item);
        }
        is_room
    }

    fn as_slice(&self) -> &[T] {
        self.0.as_slice()
    }

    fn retain(&mut self, mut wanted: impl FnMut(&T) -> bool) {
        self.0 = self.0.take().filter(|item| wanted(item));
    }
}

/// Nothing.
impl<T> Few<T> for () {
    const ROOM: usize = 0;

    fn push(&mut self, _: T) -> bool {
        false
    }

    fn as_slice(&self) -> &[T] {
        &[]
    }

    fn retain(&mut self, _: impl FnMut(&T) -> bool) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill<F: Few<u8>>() -> F {
        let mut few = F::default();
        for item in 0..9 {
            assert_eq!(few.push(item), usize::from(item) < F::ROOM);
        }
        assert_eq!(few.as_slice().len(), F::ROOM);
        few
    }

    #[test]
    fn as_many_fit_as_there_is_room_for() {
        let mut several: heapless::Vec<u8, 3> = fill();
        Few::retain(&mut several, |item| item % 2 == 0);
        assert_eq!(Few::as_slice(&several), [0, 2]);
        let mut one: One<u8> = fill();
        one.retain(|item| *item > 0);
        assert_eq!(one.as_slice(), [0_u8; 0]);
        let (): () = fill();
    }
}
