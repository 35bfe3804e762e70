//! The forms that the function of a task may have.

use core::future::Future;
use std::sync::Arc;

use mainspring_contract::Encoded;
use mainspring_core::outcome::Outcome;
use serde::{Serialize, de::DeserializeOwned};

use super::{Function, PAYLOAD_VERSION, RunEnd};
use crate::context::Context;
use crate::state::{NoState, State, States};

/// An async function that can be a [`Task`](super::Task).
///
/// It takes nothing, or its arguments (one value that can be deserialised; several are a tuple or a
/// struct), and after them, if it wants them, up to two [`State`]s and then the [`Context`] of the
/// run. What it returns is an [`Ending`].
#[diagnostic::on_unimplemented(
    message = "this function cannot be a task",
    note = "its parameters must be its arguments (one `Deserialize` value, or none), then up to \
            two `State<_>`, then a `Context` if it wants one",
    note = "it must be async and return nothing or a `Result<T, E>` with a `Serialize` `T`; the \
            parameters of a closure need their types"
)]
pub trait TaskFunction<Form>: Send + Sync + 'static {
    /// The function with its states, to be called for each run.
    ///
    /// # Errors
    /// [`NoState`], if it wants a state that is not there.
    fn bind(self: Arc<Self>, states: &States) -> Result<Function, NoState>;
}

/// What a task may return: nothing, or a [`Result`] whose value can be serialised and whose error
/// can be told.
pub trait Ending: Send {
    /// How the run ended.
    fn run_end(self) -> RunEnd;
}

impl Ending for () {
    fn run_end(self) -> RunEnd {
        encode(&self)
    }
}

impl<T, E> Ending for Result<T, E>
where
    T: Serialize + Send,
    E: Into<Box<dyn core::error::Error + Send + Sync>> + Send,
{
    fn run_end(self) -> RunEnd {
        match self {
            Ok(output) => encode(&output),
            Err(error) => RunEnd::of_error(&*error.into()),
        }
    }
}

impl<F, Fut, Out> TaskFunction<fn()> for F
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Out> + Send + 'static,
    Out: Ending,
{
    fn bind(self: Arc<Self>, _: &States) -> Result<Function, NoState> {
        Ok(Arc::new(move |_, _| {
            let run = self();
            Box::pin(async { run.await.run_end() })
        }))
    }
}

/// A form with arguments: its states, its context, what of the arguments, the states and the
/// context has a name, and how the function is called with them.
macro_rules! form {
    (
        $($state:ident: $S:ident,)* [$($Context:ty)?]
        $a:ident, $states:tt, $c:tt => $($arg:expr),*
    ) => {
        impl<F, Fut, Out, A, $($S),*> TaskFunction<fn(A, $(State<$S>,)* $($Context)?)> for F
        where
            F: Fn(A, $(State<$S>,)* $($Context)?) -> Fut + Send + Sync + 'static,
            Fut: Future<Output = Out> + Send + 'static,
            Out: Ending,
            A: DeserializeOwned + 'static,
            $($S: Send + Sync + 'static,)*
        {
            fn bind(self: Arc<Self>, $states: &States) -> Result<Function, NoState> {
                $(let $state = $states.find::<$S>()?;)*
                Ok(Arc::new(move |payload, $c| {
                    let run = decode::<A>(&payload).map(|$a| self($($arg),*));
                    Box::pin(async {
                        match run {
                            Ok(run) => run.await.run_end(),
                            Err(end) => end,
                        }
                    })
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

/// The arguments, or how a run ends whose arguments do not fit.
pub(super) fn decode<A: DeserializeOwned>(payload: &Encoded) -> Result<A, RunEnd> {
    payload.from_json(PAYLOAD_VERSION).map_err(|error| {
        // Without the arguments: they may be secret, and this goes into the log.
        let message = format!("the arguments do not fit: {error}");
        RunEnd::failure(Outcome::Undecodable, message)
    })
}

fn encode<T: Serialize>(output: &T) -> RunEnd {
    match Encoded::json(PAYLOAD_VERSION, output) {
        Ok(output) => RunEnd::success(Some(output)),
        // The work is done, so doing it again would be wrong; but its result is lost, and whoever
        // waits for it must hear that.
        Err(error) => {
            RunEnd::failure(Outcome::Succeeded, format!("the result could not be encoded: {error}"))
        }
    }
}
