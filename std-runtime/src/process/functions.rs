//! Functions that run in copies of this program.

use core::fmt;
use std::collections::HashMap;
use std::sync::Arc;

use mainspring_contract::Encoded;
use mainspring_core::outcome::Outcome;

use crate::context::Context;
use crate::state::{NoState, States};
use crate::task::{BlockingFunction, Call, Callable, RunEnd};
use crate::verdict::Asked;

/// The functions that a [`Pool`](super::Pool) runs, and what they share in each process.
///
/// A process has a memory of its own: what a function changes there, no other process sees. So they
/// cannot have the [`State`](crate::State) of the scheduler, but one that each process makes.
///
/// ```no_run
/// use mainspring::State;
/// use mainspring::process::Functions;
///
/// struct Model(Vec<f32>);
///
/// fn rate(text: String, model: State<Model>) -> Result<f32, String> {
///     Ok(model.0.iter().sum::<f32>() * text.len() as f32)
/// }
///
/// fn main() {
///     let functions = Functions::new().with("rate", rate).state(|| Model(vec![0.5; 1_000]));
///     let program = functions.init();
///     // …
///     # let _ = program;
/// }
/// ```
#[derive(Default)]
pub struct Functions {
    by_name: HashMap<String, Box<Bind>>,
    states: Vec<Box<Put>>,
}

type Put = dyn FnOnce(&mut States) + Send;

type Bind = dyn Fn(&States) -> Result<Callable, NoState> + Send;

impl Functions {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// One more, with the name of its task. It takes and returns what a
    /// [blocking task](crate::Task::blocking) may; a later one takes the place of one of the same
    /// name.
    #[must_use]
    pub fn with<Form>(mut self, name: &str, function: impl BlockingFunction<Form>) -> Self {
        let function = Arc::new(function);
        let bind = move |states: &States| Arc::clone(&function).bind(states);
        self.by_name.insert(name.to_owned(), Box::new(bind));
        self
    }

    /// What the functions that want a [`State`](crate::State) of this type share, made once in each
    /// process that runs them, before the first call.
    #[must_use]
    pub fn state<T: Send + Sync + 'static>(
        mut self,
        make: impl FnOnce() -> T + Send + 'static,
    ) -> Self {
        self.states.push(Box::new(|states| states.put(make())));
        self
    }

    /// What can be called, in a process that does so.
    pub(super) fn ready(self) -> Ready {
        let mut states = States::default();
        self.states.into_iter().for_each(|put| put(&mut states));
        let bound = self.by_name.into_iter().map(|(name, bind)| (name, bind(&states)));
        Ready(bound.collect())
    }
}

impl fmt::Debug for Functions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.by_name.keys()).finish()
    }
}

/// Functions with what they share.
pub(super) struct Ready(HashMap<String, Result<Callable, NoState>>);

impl Ready {
    /// Calls one, and says how that ended.
    pub(super) fn call(&self, name: &str, payload: Encoded, run: Context) -> RunEnd {
        let function = match self.0.get(name) {
            Some(Ok(function)) => Arc::clone(function),
            Some(Err(missing)) => return hopeless(format!("function `{name}` wants {missing}")),
            None => {
                return hopeless(format!(
                    "the program has no function `{name}` (give it to `Functions::with`)"
                ));
            }
        };
        Call::new(move || function(payload, run)).run()
    }
}

/// The end of a run that will always end like this.
fn hopeless(error: String) -> RunEnd {
    RunEnd { ask: Asked::GiveUp, ..RunEnd::failure(Outcome::Failed, error) }
}
