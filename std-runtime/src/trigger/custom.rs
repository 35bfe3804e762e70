//! Triggers that a program brings along under names of its own.
//!
//! Somebody else's code runs here, so nothing is taken on trust: a panic and an answer that breaks
//! a law of [`Trigger`] are remembered as a fault, and from then on the trigger names no instant.

use core::fmt;
use core::panic::AssertUnwindSafe;
use std::collections::HashMap;
use std::panic::catch_unwind;
use std::sync::{Arc, OnceLock};

use mainspring_contract::trigger::{CustomForm, TriggerForm};
use mainspring_core::time::Timestamp;
use mainspring_core::trigger::{Search, Trigger};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{AnyTrigger, TriggerError};
use crate::zone::Zones;

type Made = Arc<dyn Trigger + Send + Sync>;
type Maker = Arc<dyn Fn(&Value) -> Result<Made, String> + Send + Sync>;

/// The kinds of triggers that a program brings along, by name.
///
/// ```
/// use mainspring::{trigger::Triggers, zone::Zones};
/// use mainspring_contract::trigger::TriggerForm;
/// use mainspring_core::{time::Timestamp, trigger::{At, Trigger}};
/// let mut triggers = Triggers::default();
/// triggers.add("on-day", |day: i64| {
///     Timestamp::from_secs(day * 86_400).map(At).ok_or("there is no such day")
/// });
/// let form = TriggerForm::from_json(r#"{"custom":{"name":"on-day","arguments":1}}"#).unwrap();
/// let trigger = triggers.compile(&form, &Zones::bundled())?;
/// assert_eq!(trigger.next_after(Timestamp::MIN), Timestamp::from_secs(86_400));
/// # Ok::<(), mainspring::trigger::TriggerError>(())
/// ```
#[derive(Clone, Default)]
pub struct Triggers {
    makers: HashMap<String, Maker>,
    /// A name that was added twice.
    doubled: Option<String>,
}

impl fmt::Debug for Triggers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.makers.keys()).finish()
    }
}

impl Triggers {
    /// Adds a kind: `make` turns arguments into a trigger, or says why it cannot.
    pub fn add<A, T, E>(
        &mut self,
        name: &str,
        make: impl Fn(A) -> Result<T, E> + Send + Sync + 'static,
    ) where
        A: DeserializeOwned,
        T: Trigger + Send + Sync + 'static,
        E: fmt::Display,
    {
        let maker = move |arguments: &Value| -> Result<Made, String> {
            let read = A::deserialize(arguments).map_err(|error| format!("its arguments: {error}"));
            make(read?).map(|trigger| Arc::new(trigger) as Made).map_err(|error| error.to_string())
        };
        if self.makers.insert(name.to_owned(), Arc::new(maker)).is_some() {
            self.doubled = Some(name.to_owned());
        }
    }

    /// Checks a form's parts, looks up its zones, and makes the triggers of these kinds.
    ///
    /// # Errors
    /// [`TriggerError`] names the value at fault and what to write instead.
    pub fn compile(&self, form: &TriggerForm, zones: &Zones) -> Result<AnyTrigger, TriggerError> {
        form.check_size()?;
        AnyTrigger::build(form, zones, self)
    }

    /// A name that was added more than once.
    pub(crate) fn doubled(&self) -> Option<&str> {
        self.doubled.as_deref()
    }

    pub(super) fn make(&self, form: &CustomForm) -> Result<Custom, TriggerError> {
        let name = form.name.clone();
        let Some(maker) = self.makers.get(&name) else {
            let mut known: Vec<_> = self.makers.keys().map(|name| format!("`{name}`")).collect();
            known.sort_unstable();
            let known = if known.is_empty() {
                String::new()
            } else {
                format!("it has {}; ", known.join(", "))
            };
            return Err(TriggerError::UnknownName { name, known });
        };
        let made = catch_unwind(AssertUnwindSafe(|| maker(&form.arguments)));
        match made.unwrap_or_else(|panic| Err(said(&*panic))) {
            Ok(trigger) => {
                Ok(Custom { form: Arc::new(form.clone()), trigger, fault: Arc::default() })
            }
            Err(message) => Err(TriggerError::Custom { name, message }),
        }
    }
}

/// A trigger of the program's own, under watch.
#[derive(Clone)]
pub(super) struct Custom {
    form: Arc<CustomForm>,
    trigger: Made,
    /// What it did wrong first.
    fault: Arc<OnceLock<String>>,
}

/// Pure triggers are the same if they were made from the same.
impl PartialEq for Custom {
    fn eq(&self, other: &Self) -> bool {
        self.form == other.form
    }
}

impl Eq for Custom {}

impl fmt::Debug for Custom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Custom").field(&self.form).finish()
    }
}

impl Custom {
    pub(super) fn fault(&self) -> Option<String> {
        self.fault.get().map(|fault| format!("trigger `{}` {fault}", self.form.name))
    }

    /// Asks the trigger, unless it has failed before.
    fn ask(
        &self,
        ask: impl FnOnce(&Made) -> Search,
        broken: impl FnOnce(Timestamp) -> Option<String>,
    ) -> Search {
        if self.fault.get().is_some() {
            return Search::Over;
        }
        let fault = match catch_unwind(AssertUnwindSafe(|| ask(&self.trigger))) {
            Ok(search) => match search.found().and_then(broken) {
                None => return search,
                Some(fault) => fault,
            },
            Err(panic) => said(&*panic),
        };
        let _ = self.fault.set(fault);
        Search::Over
    }
}

/// Counting goes one by one, with what is answered here, so that it cannot contradict it.
impl Trigger for Custom {
    fn next_after(&self, t: Timestamp) -> Option<Timestamp> {
        self.search_after(t).found()
    }

    fn search_after(&self, t: Timestamp) -> Search {
        let late = |at| (at <= t).then(|| format!("named {at} as the next instant after {t}"));
        self.ask(|trigger| trigger.search_after(t), late)
    }

    fn prev_before(&self, t: Timestamp) -> Option<Timestamp> {
        let early = |at| (at >= t).then(|| format!("named {at} as the last instant before {t}"));
        self.ask(|trigger| trigger.prev_before(t).into(), early).found()
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CustomForm { name, arguments } = &*self.form;
        write!(f, "when trigger `{name}` says so")?;
        if arguments.is_null() { Ok(()) } else { write!(f, " for {arguments}") }
    }
}

/// The message of a panic.
fn said(panic: &(dyn core::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("panicked: {}", text.unwrap_or("without a message"))
}
