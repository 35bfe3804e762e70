//! The forms that a function may have that blocks its thread.

use std::sync::Arc;

use mainspring_contract::Encoded;
use serde::de::DeserializeOwned;

use super::RunEnd;
use super::form::{self, Ending};
use crate::context::Context;
use crate::state::{NoState, State, States};

/// A function that can be a [blocking task](super::Task::blocking): like a
/// [`TaskFunction`](super::TaskFunction), but not async.
#[diagnostic::on_unimplemented(
    message = "this function cannot be a blocking task",
    note = "its parameters must be its arguments (one `Deserialize` value, or none), then up to \
            two `State<_>`, then a `Context` if it wants one",
    note = "it must return nothing or a `Result<T, E>` with a `Serialize` `T` and not be async; \
            the parameters of a closure need their types"
)]
pub trait BlockingFunction<Form>: Send + Sync + 'static {
    /// The function with its states, to be called for each run.
    ///
    /// # Errors
    /// [`NoState`], if it wants a state that is not there.
    fn bind(self: Arc<Self>, states: &States) -> Result<Callable, NoState>;
}

/// A function that is called with arguments as they are stored, for each run, and blocks meanwhile.
pub type Callable = Arc<dyn Fn(Encoded, Context) -> RunEnd + Send + Sync>;

impl<F, Out> BlockingFunction<fn()> for F
where
    F: Fn() -> Out + Send + Sync + 'static,
    Out: Ending,
{
    fn bind(self: Arc<Self>, _: &States) -> Result<Callable, NoState> {
        Ok(Arc::new(move |_, _| self().run_end()))
    }
}

/// A form with arguments: its states, its context, what of the arguments, the states and the
/// context has a name, and how the function is called with them.
macro_rules! form {
    (
        $($state:ident: $S:ident,)* [$($Context:ty)?]
        $a:ident, $states:tt, $c:tt => $($arg:expr),*
    ) => {
        impl<F, Out, A, $($S),*> BlockingFunction<fn(A, $(State<$S>,)* $($Context)?)> for F
        where
            F: Fn(A, $(State<$S>,)* $($Context)?) -> Out + Send + Sync + 'static,
            Out: Ending,
            A: DeserializeOwned + 'static,
            $($S: Send + Sync + 'static,)*
        {
            fn bind(self: Arc<Self>, $states: &States) -> Result<Callable, NoState> {
                $(let $state = $states.find::<$S>()?;)*
                Ok(Arc::new(move |payload, $c| match form::decode::<A>(&payload) {
                    Ok($a) => self($($arg),*).run_end(),
                    Err(end) => end,
                }))
            }
        }
    };
}

form!([] a, _, _ => a);
form!([Context] a, _, c => a, c);
form!(s: S, [] a, states, _ => a, s.clone());
form!(s: S, [Context] a, states, c => a, s.clone(), c);
form!(s: S, t: T, [] a, states, _ => a, s.clone(), t.clone());
form!(s: S, t: T, [Context] a, states, c => a, s.clone(), t.clone(), c);
