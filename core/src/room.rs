//! Where fixed-capacity containers live: inline arrays on a device, boxed slices on a server.

use crate::lane::Link;
#[cfg(feature = "alloc")]
use crate::queue::nodes_for;
use crate::queue::{Cells, Key, Node, Storage};
use crate::table::Slot;

/// Room for a fixed number of things.
pub trait Room {
    /// Slots of a [`Table`](crate::table::Table).
    type Slots<T>: AsRef<[Slot<T>]> + AsMut<[Slot<T>]>;
    /// Cells of a [`Queue`](crate::queue::Queue).
    type Cells<K: Key>: Storage<K>;
    /// Links of [`Lanes`](crate::lane::Lanes).
    type Links: AsRef<[Link]> + AsMut<[Link]>;

    /// Empty slots.
    fn slots<T>(&self) -> Self::Slots<T>;
    /// Empty cells.
    fn cells<K: Key>(&self) -> Self::Cells<K>;
    /// Unused links.
    fn links(&self) -> Self::Links;
}

/// Room for `N`, inside the container itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Inline<const N: usize>;

impl<const N: usize> Room for Inline<N> {
    type Slots<T> = [Slot<T>; N];
    type Cells<K: Key> = Cells<[K; N], [Node<K>; INLINE_NODES]>;
    type Links = [Link; N];

    fn slots<T>(&self) -> [Slot<T>; N] {
        [const { Slot::EMPTY }; N]
    }

    fn cells<K: Key>(&self) -> Self::Cells<K> {
        Cells::new([K::NEVER; N], [Node::NONE; INLINE_NODES])
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
    type Cells<K: Key> = Cells<alloc::boxed::Box<[K]>, alloc::boxed::Box<[Node<K>]>>;
    type Links = alloc::boxed::Box<[Link]>;

    fn slots<T>(&self) -> Self::Slots<T> {
        core::iter::repeat_with(|| Slot::EMPTY).take(self.0).collect()
    }

    fn cells<K: Key>(&self) -> Self::Cells<K> {
        let keys = core::iter::repeat_n(K::NEVER, self.0).collect();
        let nodes = core::iter::repeat_n(Node::NONE, nodes_for(self.0)).collect();
        Cells::new(keys, nodes)
    }

    fn links(&self) -> Self::Links {
        core::iter::repeat_with(Link::default).take(self.0).collect()
    }
}

/// Blocks of a quarter of the capacity, but not less than usual: a device's queues have tens of
/// slots, and bytes are worth more to it than speed with thousands.
const INLINE_NODES: usize = 5;
