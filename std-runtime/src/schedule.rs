//! A schedule as a program writes it down.

use core::time::Duration;

use mainspring_contract::record::{self, Spec};
use mainspring_contract::trigger::{AtForm, CronForm, CustomForm, EveryForm, TriggerForm};
use mainspring_contract::{Encoded, ScheduleId, Source, TaskId};
use mainspring_core::schedule::{Coalesce, Policies};
use mainspring_core::settings::{Priority, Retry, Settings, Timeout};
use mainspring_core::time::{Span, Timestamp};
use serde::Serialize;

use crate::error::Error;
use crate::task::PAYLOAD_VERSION;
use crate::trigger::{AnyTrigger, Triggers};
use crate::zone::Zones;

/// The version of the trigger's stored JSON form.
const TRIGGER_VERSION: u16 = 1;

/// When a task runs, with what arguments, and what becomes of late fires.
///
/// ```
/// use mainspring::Schedule;
/// let schedule = Schedule::cron("morning", "greet", "0 9 * * mon-fri")
///     .zone("Europe/Berlin")
///     .arguments(&"world");
/// ```
#[derive(Clone, Debug)]
pub struct Schedule {
    id: String,
    task: String,
    source: String,
    trigger: TriggerForm,
    arguments: Result<Encoded, String>,
    policies: Policies,
    settings: Settings,
    paused: bool,
}

impl Schedule {
    /// A schedule with any trigger. An `H` in a cron pattern depends on the id.
    pub fn new(id: &str, task: &str, mut trigger: TriggerForm) -> Self {
        trigger.spread_by(id);
        Self {
            id: id.to_owned(),
            task: task.to_owned(),
            source: "code".to_owned(),
            trigger,
            arguments: encode(&()),
            policies: Policies::DEFAULT,
            settings: Settings::NONE,
            paused: false,
        }
    }

    /// A schedule that follows a crontab pattern, in UTC unless [`zone`](Self::zone) says
    /// otherwise.
    pub fn cron(id: &str, task: &str, pattern: &str) -> Self {
        Self::new(id, task, TriggerForm::Cron(CronForm::new(pattern, "UTC")))
    }

    /// A schedule that fires at each multiple of `span` since the Unix epoch.
    pub fn every(id: &str, task: &str, span: Duration) -> Self {
        Self::new(id, task, TriggerForm::Every(EveryForm::new(Span::from(span))))
    }

    /// A schedule that fires once. An instant that has passed already fires at once.
    pub fn at(id: &str, task: &str, time: Timestamp) -> Self {
        Self::new(id, task, TriggerForm::At(AtForm { time }))
    }

    /// A schedule with a trigger that the program brings along; see
    /// [`Builder::trigger`](crate::Builder::trigger). It is given `arguments`.
    ///
    /// # Errors
    /// If the arguments cannot be written as JSON.
    pub fn custom<A: Serialize + ?Sized>(
        id: &str,
        task: &str,
        trigger: &str,
        arguments: &A,
    ) -> Result<Self, Error> {
        let arguments = serde_json::to_value(arguments).map_err(|error| {
            let message = format!("the arguments of trigger `{trigger}` cannot be stored: {error}");
            Error::invalid(message)
        })?;
        let name = trigger.to_owned();
        Ok(Self::new(id, task, TriggerForm::Custom(CustomForm { name, arguments })))
    }

    /// The zone whose clocks a cron pattern or a calendar follows; the other triggers have none.
    #[must_use]
    pub fn zone(mut self, zone: &str) -> Self {
        match &mut self.trigger {
            TriggerForm::Cron(form) => zone.clone_into(&mut form.zone),
            TriggerForm::Calendar(form) => zone.clone_into(&mut form.zone),
            _ => {}
        }
        self
    }

    /// The arguments of its jobs. Default: `()`.
    #[must_use]
    pub fn arguments<A: Serialize + ?Sized>(mut self, arguments: &A) -> Self {
        self.arguments = encode(arguments);
        self
    }

    /// Which of several due fires become jobs. Default: the latest.
    #[must_use]
    pub fn coalesce(mut self, coalesce: Coalesce) -> Self {
        self.policies.coalesce = coalesce;
        self
    }

    /// How late a fire may still start. Default: however late.
    #[must_use]
    pub fn misfire_grace(mut self, grace: Duration) -> Self {
        self.policies.misfire_grace = Some(Span::from(grace));
        self
    }

    /// With [`Coalesce::All`]: how many of the most recent due fires become jobs. Default: 100.
    #[must_use]
    pub fn catch_up(mut self, limit: u16) -> Self {
        self.policies.catch_up = limit;
        self
    }

    /// Whether and when a failed job is tried again. Default: what the task says.
    #[must_use]
    pub fn retry(mut self, retry: Retry) -> Self {
        self.settings.retry = Some(retry);
        self
    }

    /// How long one attempt may run. Default: what the task says.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = Some(Timeout::after(Span::from(timeout)));
        self
    }

    /// How urgent its jobs are among those of the task. Default: what the task says.
    #[must_use]
    pub fn priority(mut self, priority: Priority) -> Self {
        self.settings.priority = Some(priority);
        self
    }

    /// All settings of its jobs that differ from the task's.
    #[must_use]
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Whether it waits until it is resumed. Default: it does not.
    #[must_use]
    pub fn paused(mut self, paused: bool) -> Self {
        self.paused = paused;
        self
    }

    /// Where it is written down. [`Scheduler::sync`](crate::Scheduler::sync) removes only
    /// schedules of its own source. Default: `code`.
    #[must_use]
    pub fn source(mut self, source: &str) -> Self {
        source.clone_into(&mut self.source);
        self
    }

    /// Its trigger.
    pub fn trigger(&self) -> &TriggerForm {
        &self.trigger
    }

    pub(crate) fn into_spec(self) -> Result<Spec, Error> {
        let id = ScheduleId::new(&*self.id)?;
        let payload = self.arguments.map_err(|error| {
            Error::invalid(format!("the arguments of schedule `{id}` cannot be stored: {error}"))
        })?;
        let trigger = Encoded::json(TRIGGER_VERSION, &self.trigger).map_err(|error| {
            Error::invalid(format!("the trigger of schedule `{id}` cannot be stored: {error}"))
        })?;
        Ok(Spec {
            id,
            task: TaskId::new(&*self.task)?,
            source: Source::new(&*self.source)?,
            trigger,
            payload,
            policies: self.policies,
            settings: self.settings,
            paused: self.paused,
        })
    }
}

/// The trigger of a stored schedule; if it cannot be used, why, for people.
pub(crate) fn trigger_of(
    stored: &record::Schedule,
    triggers: &Triggers,
    zones: &Zones,
) -> Result<AnyTrigger, String> {
    let form = stored
        .spec
        .trigger
        .from_json::<TriggerForm>(TRIGGER_VERSION)
        .map_err(|error| format!("its trigger cannot be read: {error}"))?;
    triggers
        .compile(&form, zones)
        .map_err(|error| format!("its trigger {form} cannot be used: {error}"))
}

fn encode<A: Serialize + ?Sized>(arguments: &A) -> Result<Encoded, String> {
    Encoded::json(PAYLOAD_VERSION, arguments).map_err(|error| error.to_string())
}
