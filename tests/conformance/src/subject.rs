//! What an adapter says about itself to be tested.

use core::future::Future;

use mainspring_contract::Store;

/// A way to get stores of one kind. One subject serves one law.
pub trait Subject {
    /// The kind.
    type Store: Store;

    /// A store that holds nothing, each time.
    fn fresh(&self) -> impl Future<Output = Self::Store>;

    /// The store after its process ended and another one opened the same data; a store that is not
    /// durable gives an empty one.
    fn reopen(&self, store: Self::Store) -> impl Future<Output = Self::Store>;

    /// The same data opened a second time, as another process would; a store that cannot be shared
    /// gives an empty one.
    fn beside(&self, store: &Self::Store) -> impl Future<Output = Self::Store>;
}
