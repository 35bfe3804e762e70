//! Where fixed-capacity containers live: inline arrays on a device, boxed slices on a server.

#[cfg(feature = "alloc")]
use alloc::boxed::Box;

use crate::number::Number;
use crate::{index, lane, queue, table};

/// Room for a fixed number of things.
pub trait Room {
    /// What slots are numbered with.
    type Number: Number;
    /// Slots of a [`Table`](table::Table).
    type Slots<T>: table::Storage<T>;
    /// Cells of a [`Queue`](queue::Queue).
    type Cells: queue::Storage;
    /// Links of [`Lanes`](lane::Lanes).
    type Links: AsMut<[lane::Link<Self::Number>]>;

    /// Empty slots.
    fn slots<T>(&self) -> Self::Slots<T>;
    /// Empty cells.
    fn cells(&self) -> Self::Cells;
    /// Unused links.
    fn links(&self) -> Self::Links;
}

/// Room for `N`, inside the container itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Inline<const N: usize>;

impl<const N: usize> Room for Inline<N> {
    type Number = u16;
    type Slots<T> = table::Slots<[table::Slot<T>; N], [index::Link<u16>; N]>;
    type Cells = queue::Cells<[u64; N], [queue::Node; INLINE_NODES]>;
    type Links = [lane::Link<u16>; N];

    fn slots<T>(&self) -> Self::Slots<T> {
        table::Slots::EMPTY
    }

    fn cells(&self) -> Self::Cells {
        queue::Cells::EMPTY
    }

    fn links(&self) -> Self::Links {
        [lane::Link::NONE; N]
    }
}

/// Room for this many, on the heap; it never grows.
#[cfg(feature = "alloc")]
#[derive(Clone, Copy, Debug)]
pub struct Boxed(pub usize);

#[cfg(feature = "alloc")]
impl Room for Boxed {
    type Number = u32;
    type Slots<T> = table::Slots<Box<[table::Slot<T>]>, Box<[index::Link<u32>]>>;
    type Cells = queue::Cells<Box<[u64]>, Box<[queue::Node]>>;
    type Links = Box<[lane::Link<u32>]>;

    fn slots<T>(&self) -> Self::Slots<T> {
        table::Slots::boxed(self.0)
    }

    fn cells(&self) -> Self::Cells {
        queue::Cells::boxed(self.0)
    }

    fn links(&self) -> Self::Links {
        core::iter::repeat_n(lane::Link::NONE, self.0).collect()
    }
}

/// One block: a device's queues have tens of slots, and bytes are worth more to it than speed with
/// thousands.
const INLINE_NODES: usize = 1;
