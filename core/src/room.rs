//! Where fixed-capacity containers live: inline arrays on a device, which are searched, and boxed
//! slices on a server, which have indexes, trees and heaps.

use crate::number::Number;
#[cfg(feature = "alloc")]
use crate::time::Timestamp;
use crate::{lane, order, queue, table};

/// Room for a fixed number of things.
pub trait Room {
    /// What slots are numbered with.
    type Number: Number;
    /// Slots of a [`Table`](table::Table).
    type Slots<T>: table::Storage<T>;
    /// Cells of a [`Queue`](queue::Queue).
    type Cells: queue::Storage;
    /// What finds the first row of a [`Table`](table::Table).
    type Order: order::Order;
    /// What keeps the order within [lanes](lane).
    type Lanes: lane::Lanes<Number = Self::Number>;

    /// Empty slots.
    fn slots<T>(&self) -> Self::Slots<T>;
    /// Empty cells.
    fn cells(&self) -> Self::Cells;
    /// The order of no rows.
    fn order(&self) -> Self::Order;
    /// Lanes that nothing is in.
    fn lanes(&self) -> Self::Lanes;
}

/// Room for `N`, inside the container itself: a few tens, which are looked at one by one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Inline<const N: usize>;

impl<const N: usize> Room for Inline<N> {
    type Number = u16;
    type Slots<T> = [table::Slot<T>; N];
    type Cells = [u64; N];
    type Order = order::Sought<N>;
    type Lanes = lane::Lists<[u16; N]>;

    fn slots<T>(&self) -> Self::Slots<T> {
        [const { table::Slot::Free }; N]
    }

    fn cells(&self) -> Self::Cells {
        [0; N]
    }

    fn order(&self) -> Self::Order {
        order::Sought
    }

    fn lanes(&self) -> Self::Lanes {
        lane::Lists::over([0; N])
    }
}

/// Room for this many, on the heap; it never grows.
#[cfg(feature = "alloc")]
#[derive(Clone, Copy, Debug)]
pub struct Boxed(pub usize);

#[cfg(feature = "alloc")]
impl Room for Boxed {
    type Number = u32;
    type Slots<T> = table::Indexed<T>;
    type Cells = queue::Cells;
    type Order = queue::Queue<Timestamp, queue::Cells>;
    type Lanes = lane::Heaps;

    fn slots<T>(&self) -> Self::Slots<T> {
        table::Indexed::boxed(self.0)
    }

    fn cells(&self) -> Self::Cells {
        queue::Cells::boxed(self.0)
    }

    fn order(&self) -> Self::Order {
        queue::Queue::new(self.cells())
    }

    fn lanes(&self) -> Self::Lanes {
        lane::Heaps::boxed(self.0)
    }
}
