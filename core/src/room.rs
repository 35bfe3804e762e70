//! Where fixed-capacity containers live: inline arrays on a device, boxed slices on a server.

use crate::lane::Link;
use crate::queue::Cell;
use crate::table::Slot;

/// Room for a fixed number of things.
pub trait Room {
    /// Slots of a [`Table`](crate::table::Table).
    type Slots<T>: AsRef<[Slot<T>]> + AsMut<[Slot<T>]>;
    /// Cells of a [`Queue`](crate::queue::Queue).
    type Cells<K: Copy + Default>: AsRef<[Cell<K>]> + AsMut<[Cell<K>]>;
    /// Links of [`Lanes`](crate::lane::Lanes).
    type Links: AsRef<[Link]> + AsMut<[Link]>;

    /// Empty slots.
    fn slots<T>(&self) -> Self::Slots<T>;
    /// Empty cells.
    fn cells<K: Copy + Default>(&self) -> Self::Cells<K>;
    /// Unused links.
    fn links(&self) -> Self::Links;
}

/// Room for `N`, inside the container itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Inline<const N: usize>;

impl<const N: usize> Room for Inline<N> {
    type Slots<T> = [Slot<T>; N];
    type Cells<K: Copy + Default> = [Cell<K>; N];
    type Links = [Link; N];

    fn slots<T>(&self) -> [Slot<T>; N] {
        [const { Slot::EMPTY }; N]
    }

    fn cells<K: Copy + Default>(&self) -> [Cell<K>; N] {
        [Cell::default(); N]
    }

    fn links(&self) -> [Link; N] {
        [Link::default(); N]
    }
}

/// Room for this many, on the heap; it never grows.
#[cfg(feature = "alloc")]
#[derive(Clone, Copy, Debug)]
pub struct Boxed(pub usize);

#[cfg(feature = "alloc")]
impl Room for Boxed {
    type Slots<T> = alloc::boxed::Box<[Slot<T>]>;
    type Cells<K: Copy + Default> = alloc::boxed::Box<[Cell<K>]>;
    type Links = alloc::boxed::Box<[Link]>;

    fn slots<T>(&self) -> Self::Slots<T> {
        core::iter::repeat_with(|| Slot::EMPTY).take(self.0).collect()
    }

    fn cells<K: Copy + Default>(&self) -> Self::Cells<K> {
        core::iter::repeat_with(Cell::default).take(self.0).collect()
    }

    fn links(&self) -> Self::Links {
        core::iter::repeat_with(Link::default).take(self.0).collect()
    }
}
