//! A schedule as a program writes it down.

use core::time::Duration;

use mainspring_contract::exclude::ExcludeForm;
use mainspring_contract::record::Spec;
use mainspring_contract::trigger::{AtForm, CronForm, CustomForm, EveryForm, TriggerForm};
use mainspring_contract::{Encoded, ScheduleId, Source, Tags, TagsError, TaskId};
use mainspring_core::overlap::Overlap;
use mainspring_core::schedule::{Coalesce, Jitter, Policies, Spread};
use mainspring_core::settings::Settings;
use mainspring_core::time::{Span, Timestamp};
use serde::Serialize;

use crate::error::Error;
use crate::plan::{EXCLUSIONS_VERSION, TRIGGER_VERSION};
use crate::settings::setters;
use crate::task::PAYLOAD_VERSION;

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
    exclusions: Vec<ExcludeForm>,
    settings: Settings,
    tags: Result<Option<Tags>, TagsError>,
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
            exclusions: Vec::new(),
            settings: Settings::NONE,
            tags: Ok(None),
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

    /// All policies at once.
    #[must_use]
    pub fn policies(mut self, policies: Policies) -> Self {
        self.policies = policies;
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

    /// A delay by chance of at most `up_to` before each job can be claimed, a new one for each
    /// fire, so that not everything starts on the hour. It never reaches the next fire.
    /// Default: none.
    #[must_use]
    pub fn jitter(self, up_to: Duration) -> Self {
        self.spread(up_to, Spread::Random)
    }

    /// Like [`jitter`](Self::jitter), but always the same delay, which depends on the schedule's
    /// name: fires keep their distance.
    #[must_use]
    pub fn stable_jitter(self, up_to: Duration) -> Self {
        self.spread(up_to, Spread::Stable)
    }

    /// How much later a fire may be noticed, so that a machine that sleeps wakes up for several
    /// schedules at once. Default: not at all.
    #[must_use]
    pub fn slack(mut self, slack: Duration) -> Self {
        self.policies.slack = Span::from(slack);
        self
    }

    /// What becomes of a fire while an earlier job of this schedule is not over. Default: both may
    /// run at once.
    #[must_use]
    pub fn overlap(mut self, overlap: Overlap) -> Self {
        self.policies.overlap = overlap;
        self
    }

    /// How many fires may become jobs in the whole life of the schedule. Default: any number.
    #[must_use]
    pub fn limit(mut self, fires: u32) -> Self {
        self.policies.limit = Some(fires);
        self
    }

    /// A fixed delay: each fire but the first comes this long after the job of the fire before is
    /// over. The trigger names the first fire only. Default: the trigger names all of them.
    ///
    /// ```
    /// use core::time::Duration;
    /// use mainspring::Schedule;
    /// let minute = Duration::from_secs(60);
    /// let poll = Schedule::every("poll", "poll", minute).after_run(minute);
    /// ```
    #[must_use]
    pub fn after_run(mut self, delay: Duration) -> Self {
        self.policies.after_run = Some(Span::from(delay));
        self
    }

    /// After how many failed jobs in a row it is paused. Default: never.
    #[must_use]
    pub fn max_failures(mut self, failures: u16) -> Self {
        self.policies.max_failures = Some(failures);
        self
    }

    /// Stretches of time in which it does not fire; may be called several times. Fires within them
    /// leave a record. Default: none.
    ///
    /// ```
    /// use mainspring::{ExcludeForm, Schedule};
    /// let schedule = Schedule::cron("mornings", "greet", "0 9 * * *")
    ///     .zone("Europe/Berlin")
    ///     .exclude(ExcludeForm::dates("2026-12-24..2026-12-26", "Europe/Berlin")?);
    /// # Ok::<(), mainspring_contract::exclude::ParseDatesError>(())
    /// ```
    #[must_use]
    pub fn exclude(mut self, exclusion: ExcludeForm) -> Self {
        self.exclusions.push(exclusion);
        self
    }

    setters!("what the task says");

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

    /// What it excludes.
    pub fn exclusions(&self) -> &[ExcludeForm] {
        &self.exclusions
    }

    /// Its trigger.
    pub fn trigger(&self) -> &TriggerForm {
        &self.trigger
    }

    fn spread(mut self, up_to: Duration, spread: Spread) -> Self {
        self.policies.jitter = Some(Jitter { up_to: Span::from(up_to), spread });
        self
    }

    pub(crate) fn into_spec(self) -> Result<Spec, Error> {
        let id = ScheduleId::new(&*self.id)?;
        let payload = self.arguments.map_err(|error| {
            Error::invalid(format!("the arguments of schedule `{id}` cannot be stored: {error}"))
        })?;
        let trigger = Encoded::json(TRIGGER_VERSION, &self.trigger).map_err(|error| {
            Error::invalid(format!("the trigger of schedule `{id}` cannot be stored: {error}"))
        })?;
        let exclusions = Some(self.exclusions).filter(|all| !all.is_empty());
        let exclusions = exclusions.map(|all| Encoded::json(EXCLUSIONS_VERSION, &all)).transpose();
        let exclusions = exclusions.map_err(|error| {
            Error::invalid(format!("the exclusions of schedule `{id}` cannot be stored: {error}"))
        })?;
        Ok(Spec {
            id,
            task: TaskId::new(&*self.task)?,
            source: Source::new(&*self.source)?,
            trigger,
            payload,
            exclusions,
            policies: self.policies,
            settings: self.settings,
            tags: self.tags?,
            paused: self.paused,
        })
    }
}

/// Arguments as they are stored; if they cannot be, why, for people.
pub(crate) fn encode<A: Serialize + ?Sized>(arguments: &A) -> Result<Encoded, String> {
    Encoded::json(PAYLOAD_VERSION, arguments).map_err(|error| error.to_string())
}
