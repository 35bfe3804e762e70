//! A schedule: a trigger and a task, tied together by policies, with a cursor on the time line.

use crate::domain::Domain;
use crate::id::{ConfigRevision, Revision};
use crate::limits;
use crate::settings::Settings;
use crate::time::{Span, Timestamp};

/// Which of several due fires become jobs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Coalesce {
    /// Only the most recent one.
    #[default]
    Latest,
    /// Only the oldest one.
    Earliest,
    /// Each of them, up to the catch-up limit.
    All,
}

impl Coalesce {
    /// Every policy, in the order of their codes.
    pub const ALL: [Self; 3] = [Self::Latest, Self::Earliest, Self::All];

    /// The number kept in stores; it never changes its meaning.
    pub const fn code(self) -> u8 {
        match self {
            Self::Latest => 0,
            Self::Earliest => 1,
            Self::All => 2,
        }
    }

    /// The policy with this code, or `None` if this program knows none.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.code() == code)
    }

    /// The word for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Latest => "latest",
            Self::Earliest => "earliest",
            Self::All => "all",
        }
    }
}

/// What becomes of fires that are noticed late.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Policies {
    /// Which of several due fires become jobs.
    pub coalesce: Coalesce,
    /// How late a fire may still start; `None` means however late.
    pub misfire_grace: Option<Span>,
    /// With [`Coalesce::All`]: how many of the most recent due fires become jobs, at least 1.
    pub catch_up: u16,
}

impl Policies {
    /// The latest of several due fires, however late.
    pub const DEFAULT: Self =
        Self { coalesce: Coalesce::Latest, misfire_grace: None, catch_up: limits::CATCH_UP };
}

impl Default for Policies {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// When a schedule comes due next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Next {
    /// At this instant.
    At(Timestamp),
    /// Never: its trigger names no further instant.
    Done,
}

impl Next {
    /// The instant, if there is one.
    pub const fn at(self) -> Option<Timestamp> {
        match self {
            Self::At(at) => Some(at),
            Self::Done => None,
        }
    }
}

impl From<Option<Timestamp>> for Next {
    fn from(at: Option<Timestamp>) -> Self {
        at.map_or(Self::Done, Self::At)
    }
}

/// What a person says about a schedule.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec<D: Domain> {
    /// Its name.
    pub id: D::ScheduleId,
    /// The task that its jobs run.
    pub task: D::TaskId,
    /// Where it was written down; a source that is read again removes only its own schedules.
    pub source: D::Source,
    /// When it fires.
    pub trigger: D::Trigger,
    /// The arguments of its jobs.
    pub payload: D::Payload,
    /// What becomes of late fires.
    pub policies: Policies,
    /// Settings of its jobs that differ from the task's.
    pub settings: Settings,
    /// A paused schedule keeps its cursor and does not fire.
    pub paused: bool,
}

/// A schedule as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule<D: Domain> {
    /// What a person said.
    pub spec: Spec<D>,
    /// Raised by each put, pause, resume and advance; an advance that names another one is stale.
    pub revision: Revision,
    /// When it comes due next.
    pub next: Next,
    /// The last fire that became a job.
    pub last_fire_at: Option<Timestamp>,
    /// Why it is out of service, if it is: for instance a trigger that cannot be decoded. It is
    /// neither claimed nor fired until it is put again.
    pub quarantine: Option<D::Text>,
}

impl<D: Domain> Schedule<D> {
    /// A schedule that is new to a store, at `now` and after as many changes as `config` says.
    ///
    /// Its first revision is one that no former schedule of the same name had: the configuration
    /// changed in between, and no schedule is advanced a million times a second. Otherwise a
    /// planner that still holds the former one would go on with it.
    pub fn created(spec: Spec<D>, next: Next, config: ConfigRevision, now: Timestamp) -> Self {
        let number = now.as_micros().cast_unsigned().wrapping_add(config.number());
        let revision = Revision::new(u32::try_from(number & u64::from(u32::MAX)).unwrap_or(0));
        Self { spec, revision, next, last_fire_at: None, quarantine: None }
    }

    /// Whether it can be claimed at all: neither paused, nor quarantined, nor done.
    pub fn due(&self) -> Option<Timestamp> {
        if self.spec.paused || self.quarantine.is_some() { None } else { self.next.at() }
    }

    /// The schedule after `spec` replaced this one at `now`, with `next` as the first instant
    /// that the new trigger names after `now`.
    ///
    /// An unchanged trigger keeps the cursor. A fire that was already due stays owed under a new
    /// trigger too, so that editing a schedule never loses one.
    #[must_use]
    pub fn replaced(&self, spec: Spec<D>, next: Next, now: Timestamp) -> Self {
        let owed = self.due().filter(|&at| at <= now);
        let same_trigger = spec.trigger == self.spec.trigger;
        let next = match owed {
            Some(at) => Next::At(at),
            None if same_trigger && self.quarantine.is_none() => self.next,
            None => next,
        };
        Self {
            spec,
            next,
            revision: self.revision.next(),
            last_fire_at: self.last_fire_at,
            quarantine: None,
        }
    }
}
