//! The forms that a function may have that blocks its thread.

use std::sync::Arc;

use mainspring_core::outcome::Outcome;
use serde::de::DeserializeOwned;

use super::form::{self, Ending};
use super::{Function, RunEnd};
use crate::context::Context;
use crate::executor::panic_text;
use crate::state::{NoState, State, States};
use crate::threads::{Lost, Threads};

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
    fn bind(self: Arc<Self>, states: &States) -> Result<Function, NoState>;
}

impl<F, Out> BlockingFunction<fn()> for F
where
    F: Fn() -> Out + Send + Sync + 'static,
    Out: Ending,
{
    fn bind(self: Arc<Self>, states: &States) -> Result<Function, NoState> {
        let threads = states.find::<Threads>()?;
        Ok(Arc::new(move |_, context| {
            let (threads, function) = (Threads::clone(&threads), Arc::clone(&self));
            Box::pin(async move {
                let work = move || function().run_end();
                ended(threads.run(work, context.cancelled()).await, &context)
            })
        }))
    }
}

/// A form with arguments: its states, its context, and how the function `f` is called.
macro_rules! form {
    ($($state:ident: $S:ident,)* [$($Context:ty)?] $a:ident, $c:ident => $($arg:expr),*) => {
        impl<F, Out, A, $($S),*> BlockingFunction<fn(A, $(State<$S>,)* $($Context)?)> for F
        where
            F: Fn(A, $(State<$S>,)* $($Context)?) -> Out + Send + Sync + 'static,
            Out: Ending,
            A: DeserializeOwned + 'static,
            $($S: Send + Sync + 'static,)*
        {
            fn bind(self: Arc<Self>, states: &States) -> Result<Function, NoState> {
                let threads = states.find::<Threads>()?;
                $(let $state = states.find::<$S>()?;)*
                Ok(Arc::new(move |payload, context| {
                    let (threads, function) = (Threads::clone(&threads), Arc::clone(&self));
                    $(let $state = $state.clone();)*
                    Box::pin(async move {
                        let $c = context.clone();
                        let work = move || match form::decode::<A>(&payload) {
                            Ok($a) => function($($arg),*).run_end(),
                            Err(end) => end,
                        };
                        ended(threads.run(work, context.cancelled()).await, &context)
                    })
                }))
            }
        }
    };
}

form!([] a, _c => a);
form!([Context] a, c => a, c);
form!(s: S, [] a, _c => a, s);
form!(s: S, [Context] a, c => a, s, c);
form!(s: S, t: T, [] a, _c => a, s, t);
form!(s: S, t: T, [Context] a, c => a, s, t, c);

fn ended(result: Result<RunEnd, Lost>, context: &Context) -> RunEnd {
    match result {
        Ok(end) => end,
        Err(Lost::Panic(payload)) => RunEnd::failure(Outcome::Panicked, panic_text(&*payload)),
        Err(Lost::NoThread(error)) => {
            RunEnd::failure(Outcome::Failed, format!("no thread could be started: {error}"))
        }
        Err(Lost::NotBegun) => {
            context.never_began();
            let why = context.why_cancelled().unwrap_or(Outcome::Interrupted);
            RunEnd::failure(why, format!("not started, because no thread became free: {why}"))
        }
    }
}
