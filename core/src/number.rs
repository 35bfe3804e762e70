//! The numbers of slots, as the links between them keep them.
//!
//! A link may lead nowhere. That is zero, and slot numbers are kept plus one, so that unused links
//! are all zeros and a static array of them takes no flash.

use core::fmt::Debug;
use core::hash::Hash;

/// The number of a slot, or none.
pub trait Number: Copy + Debug + Eq + Hash {
    /// No slot.
    const NONE: Self;

    /// The number of this slot.
    ///
    /// # Panics
    /// If it does not fit: the container is too large for this kind of number.
    fn of(slot: usize) -> Self;

    /// The slot.
    fn slot(self) -> Option<usize>;
}

macro_rules! numbers {
    ($($number:ty)*) => {$(
        impl Number for $number {
            const NONE: Self = 0;

            fn of(slot: usize) -> Self {
                Self::try_from(slot + 1).expect("the container has fewer slots than numbers")
            }

            fn slot(self) -> Option<usize> {
                (self as usize).checked_sub(1)
            }
        }
    )*};
}

// A device counts its slots in tens, and its bytes.
numbers!(u16 u32);
