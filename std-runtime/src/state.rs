//! What the tasks of one scheduler share: pools, clients, settings; one value of each type.

use core::any::{Any, TypeId, type_name};
use core::fmt;
use core::ops::Deref;
use std::collections::HashMap;
use std::sync::Arc;

/// A parameter of a task: the value of this type that was given to
/// [`Builder::state`](crate::Builder::state).
///
/// ```
/// use mainspring::{Scheduler, State, Task};
/// struct Shop {
///     currency: &'static str,
/// }
/// async fn price(cents: u64, shop: State<Shop>) -> Result<String, core::fmt::Error> {
///     Ok(format!("{}.{:02} {}", cents / 100, cents % 100, shop.currency))
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), mainspring::Error> {
/// # let store = mainspring_memory::MemoryStore::default();
/// let builder = Scheduler::builder(store).task(Task::new("price", price));
/// let forgotten = builder.build().await.expect_err("there is no shop");
/// assert!(forgotten.to_string().contains("`price` wants"), "{forgotten}");
/// # let store = mainspring_memory::MemoryStore::default();
/// let builder = Scheduler::builder(store).task(Task::new("price", price));
/// let scheduler = builder.state(Shop { currency: "EUR" }).build().await?;
/// # let _ = scheduler;
/// # Ok(())
/// # }
/// ```
pub struct State<T: ?Sized>(Arc<T>);

impl<T: ?Sized> Clone for State<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: ?Sized> Deref for State<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for State<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("State").field(&&*self.0).finish()
    }
}

/// One value of each type.
#[derive(Clone, Default)]
pub struct States {
    by_type: HashMap<TypeId, Arc<dyn Any + Send + Sync>>,
}

/// There is no value of this type.
#[derive(Clone, Copy, Debug)]
pub struct NoState {
    wanted: &'static str,
}

impl States {
    /// Takes a value in place of any other of its type.
    pub(crate) fn put<T: Send + Sync + 'static>(&mut self, value: T) {
        self.by_type.insert(TypeId::of::<T>(), Arc::new(value));
    }

    /// The value of this type.
    ///
    /// # Errors
    /// [`NoState`], if there is none.
    pub(crate) fn find<T: Send + Sync + 'static>(&self) -> Result<State<T>, NoState> {
        let found = self.by_type.get(&TypeId::of::<T>()).cloned();
        let value = found.and_then(|value| value.downcast().ok());
        value.map(State).ok_or_else(|| NoState { wanted: type_name::<T>() })
    }
}

impl fmt::Debug for States {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("States").field("len", &self.by_type.len()).finish()
    }
}

impl fmt::Display for NoState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a state of type `{}`, and there is none (give one to `Builder::state`, or, for \
             functions in processes of their own, to `Functions::state`)",
            self.wanted
        )
    }
}

impl core::error::Error for NoState {}
