//! A schedule: a trigger and a task, tied together by policies, with a cursor on the time line.

use core::borrow::Borrow;

use crate::domain::Domain;
use crate::id::{ConfigRevision, Revision};
use crate::limits;
use crate::note::{Cursor, Note};
use crate::offer::Offer;
use crate::outcome::Outcome;
use crate::overlap::Overlap;
use crate::settings::Level;
use crate::time::{Span, Timestamp};

/// Which of several due fires become jobs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
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

/// A delay by chance, so that what is due at the same instant does not start at the same instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Jitter {
    /// The longest delay. It never reaches the next fire of the same schedule.
    pub up_to: Span,
    /// What the delay depends on.
    pub spread: Spread,
}

/// What a delay by chance depends on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Spread {
    /// A new delay for each fire.
    #[default]
    Random,
    /// The schedule's name: its fires keep their distance, different schedules are spread.
    Stable,
}

impl Spread {
    /// Both, in the order of their codes.
    pub const ALL: [Self; 2] = [Self::Random, Self::Stable];

    /// The number kept in stores; it never changes its meaning.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The spread with this code, or `None` if this program knows none.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|spread| spread.code() == code)
    }

    /// The word for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Stable => "stable",
        }
    }
}

/// What becomes of a schedule's fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Policies {
    /// Which of several due fires become jobs.
    pub coalesce: Coalesce,
    /// How late a fire may still start; `None` means however late.
    pub misfire_grace: Option<Span>,
    /// With [`Coalesce::All`]: how many of the most recent due fires become jobs, at least 1.
    pub catch_up: u16,
    /// A delay by chance before its jobs can be claimed.
    pub jitter: Option<Jitter>,
    /// How much later a fire may be noticed, so that a device which sleeps wakes up for several
    /// schedules at once. A node that is awake does not wait.
    pub slack: Span,
    /// What becomes of a fire while an earlier job is not over.
    pub overlap: Overlap,
    /// How many fires may become jobs in the whole life of the schedule; `None` means any number.
    pub limit: Option<u32>,
    /// A fixed delay: each fire but the first comes this long after the job of the fire before is
    /// over. The trigger names the first fire, and there is none after its last.
    pub after_run: Option<Span>,
    /// The schedule is paused after this many jobs in a row have failed; `None` means never.
    pub max_failures: Option<u16>,
}

impl Policies {
    /// The latest of several due fires, however late; everything else is off.
    pub const DEFAULT: Self = Self {
        coalesce: Coalesce::Latest,
        misfire_grace: None,
        catch_up: limits::CATCH_UP,
        jitter: None,
        slack: Span::ZERO,
        overlap: Overlap::Allow,
        limit: None,
        after_run: None,
        max_failures: None,
    };

    /// Whether they ask for nothing that a domain rules out.
    pub const fn is_within(&self, offer: Offer) -> bool {
        (offer.all || !matches!(self.coalesce, Coalesce::All))
            && (offer.misfire_grace || self.misfire_grace.is_none())
            && (offer.jitter || self.jitter.is_none())
            && (offer.slack || self.slack.as_micros() == 0)
            && (offer.overlap || matches!(self.overlap, Overlap::Allow))
            && (offer.limit || self.limit.is_none())
            && (offer.after_run || self.after_run.is_none())
            && (offer.max_failures || self.max_failures.is_none())
    }

    /// The same, which is within the offer, so that the compiler knows it too.
    #[inline(always)]
    pub(crate) fn within(self, offer: Offer) -> Self {
        let coalesce = match self.coalesce {
            Coalesce::All if !offer.all => Coalesce::Latest,
            coalesce => coalesce,
        };
        Self {
            coalesce,
            misfire_grace: self.misfire_grace.filter(|_| offer.misfire_grace),
            catch_up: self.catch_up,
            jitter: self.jitter.filter(|_| offer.jitter),
            slack: if offer.slack { self.slack } else { Span::ZERO },
            overlap: if offer.overlap { self.overlap } else { Overlap::Allow },
            limit: self.limit.filter(|_| offer.limit),
            after_run: self.after_run.filter(|_| offer.after_run),
            max_failures: self.max_failures.filter(|_| offer.max_failures),
        }
    }

    /// Whether the schedule has to hear of the end of each of its jobs.
    pub fn watches(&self) -> bool {
        let overlap = matches!(self.overlap, Overlap::Queue | Overlap::Cancel);
        overlap || self.after_run.is_some() || self.max_failures.is_some()
    }
}

impl Default for Policies {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// When a schedule comes due next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Next {
    /// At this instant.
    At(Timestamp),
    /// Some time after its job is over, as [`Policies::after_run`] says.
    AfterRun,
    /// Never: its trigger names no further instant, or its limit is reached.
    Done,
}

impl Next {
    /// The instant, if there is one.
    pub const fn at(self) -> Option<Timestamp> {
        match self {
            Self::At(at) => Some(at),
            Self::AfterRun | Self::Done => None,
        }
    }

    /// The same as a domain keeps it.
    pub fn keep<C: Cursor>(self) -> C {
        C::new(self.at(), self == Self::AfterRun)
    }
}

impl Cursor for Next {
    const AFTER_RUN: bool = true;

    fn new(at: Option<Timestamp>, after_run: bool) -> Self {
        match at {
            Some(at) => Self::At(at),
            None if after_run => Self::AfterRun,
            None => Self::Done,
        }
    }

    fn at(self) -> Option<Timestamp> {
        self.at()
    }

    fn is_after_run(self) -> bool {
        self == Self::AfterRun
    }
}

impl From<Option<Timestamp>> for Next {
    fn from(at: Option<Timestamp>) -> Self {
        at.map_or(Self::Done, Self::At)
    }
}

/// What a person says about a schedule.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = "D: crate::domain::SerdeDomain"))]
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
    /// When it does not fire although its trigger says so.
    pub exclusions: D::Exclusions,
    /// What becomes of its fires.
    pub policies: Policies,
    /// Settings of its jobs that differ from the task's.
    pub settings: D::Settings,
    /// What a worker must offer to run its jobs; `None`: what the task says.
    pub tags: Option<D::Tags>,
    /// It is written down as paused: it keeps its cursor and does not fire until it is written down
    /// otherwise. [`Schedule::pause`] is the other way to stop it.
    pub paused: bool,
}

impl<D: Domain> Spec<D> {
    /// A schedule that excludes nothing, with the built-in policies and the settings of its task.
    pub fn new(
        id: D::ScheduleId,
        task: D::TaskId,
        source: D::Source,
        trigger: D::Trigger,
        payload: D::Payload,
    ) -> Self {
        Self {
            id,
            task,
            source,
            trigger,
            payload,
            exclusions: D::Exclusions::default(),
            policies: Policies::DEFAULT,
            settings: D::Settings::NONE,
            tags: None,
            paused: false,
        }
    }
}

impl<D: Domain> Spec<D> {
    /// The policies, as far as its domain knows any.
    #[inline(always)]
    pub(crate) fn known_policies(&self) -> Policies {
        self.policies.within(D::OFFER)
    }
}

/// A schedule was told to stop firing for a while. It keeps its cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Pause<S = Timestamp> {
    /// Why.
    pub reason: PauseReason,
    /// When, by the store's clock.
    pub since: S,
}

/// Why a schedule was told to stop firing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum PauseReason {
    /// Somebody said so.
    Person,
    /// As many of its jobs failed in a row as [`Policies::max_failures`] allows.
    Failures,
}

impl PauseReason {
    /// Every reason, in the order of their codes.
    pub const ALL: [Self; 2] = [Self::Person, Self::Failures];

    /// The number kept in stores; it never changes its meaning.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The reason with this code, or `None` if this program knows none.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }

    /// The words for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Person => "by hand",
            Self::Failures => "after failures",
        }
    }
}

/// A schedule as it is stored.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(bound = "D: crate::domain::SerdeDomain, D::Held<Spec<D>>: crate::domain::Kept")
)]
pub struct Schedule<D: Domain> {
    /// What a person said.
    pub spec: D::Held<Spec<D>>,
    /// Raised by each put, pause, resume and advance; an advance that names another one is stale.
    pub revision: Revision,
    /// When it comes due next.
    pub next: D::Cursor,
    /// The last fire that became a job.
    pub last_fire_at: D::Note<Option<Timestamp>>,
    /// How many fires became jobs.
    pub fired: D::Note<u32>,
    /// How many of its jobs in a row have failed until now. Counted only if
    /// [`Policies::max_failures`] asks for it.
    pub failures: D::Note<u16>,
    /// It was told to stop firing for a while.
    pub pause: Option<Pause<D::Note<Timestamp>>>,
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
    pub fn created(
        spec: D::Held<Spec<D>>,
        next: Next,
        config: ConfigRevision,
        now: Timestamp,
    ) -> Self {
        let number = now.as_micros().cast_unsigned().wrapping_add(config.number());
        let revision = Revision::new(u32::try_from(number & u64::from(u32::MAX)).unwrap_or(0));
        Self {
            spec,
            revision,
            next: next.keep(),
            last_fire_at: D::Note::of(None),
            fired: D::Note::of(0),
            failures: D::Note::of(0),
            pause: None,
            quarantine: None,
        }
    }

    /// What a person said.
    pub fn spec(&self) -> &Spec<D> {
        self.spec.borrow()
    }

    /// The instant that comes next.
    pub fn cursor(&self) -> Next {
        match self.next.at() {
            Some(at) => Next::At(at),
            None if self.next.is_after_run() => Next::AfterRun,
            None => Next::Done,
        }
    }

    /// When it comes due; `None` if it is paused, quarantined, done, or waits for a run to end.
    pub fn due(&self) -> Option<Timestamp> {
        let out = self.is_paused() || self.quarantine.is_some();
        if out { None } else { self.cursor().at() }
    }

    /// Whether it is paused, for whatever reason.
    pub fn is_paused(&self) -> bool {
        self.spec().paused || self.pause.is_some()
    }

    /// Its policies as they are for the next decision: the limit is what is left of it.
    pub fn policies(&self) -> Policies {
        let policies = self.spec().known_policies();
        let limit = policies.limit.map(|limit| limit.saturating_sub(self.fired.value()));
        Policies { limit, ..policies }
    }

    /// The schedule after `spec` replaced this one at `now`, with `next` as the first instant
    /// that the new trigger names after `now`.
    ///
    /// An unchanged trigger keeps the cursor. A fire that was already due stays owed under a new
    /// trigger too, also while the schedule is paused, so that editing never loses one. An edit
    /// ends a pause after failures, but not one by hand.
    #[must_use]
    pub fn replaced(&self, spec: D::Held<Spec<D>>, next: Next, now: Timestamp) -> Self {
        let owed = self.cursor().at().filter(|&at| at <= now && self.quarantine.is_none());
        let next = match owed {
            Some(at) => Next::At(at),
            None if self.keeps_cursor(spec.borrow()) => self.cursor(),
            None => next,
        };
        Self {
            spec,
            next: next.keep(),
            revision: self.revision.after_put(),
            last_fire_at: self.last_fire_at,
            fired: self.fired,
            failures: D::Note::of(0),
            pause: self.pause.filter(|pause| pause.reason == PauseReason::Person),
            quarantine: None,
        }
    }

    fn keeps_cursor(&self, spec: &Spec<D>) -> bool {
        let (old, new) = (self.spec(), spec);
        let same = old.trigger == new.trigger && old.exclusions == new.exclusions;
        let ends = match self.cursor() {
            Next::At(_) => false,
            Next::AfterRun => new.known_policies().after_run.is_none(),
            Next::Done => old.known_policies().limit != new.known_policies().limit,
        };
        same && !ends && self.quarantine.is_none()
    }

    /// Tells it to stop firing; says whether that is news. A person's word takes the place of a
    /// pause after failures, because an edit ends that and not this.
    pub fn stop(&mut self, reason: PauseReason, now: Timestamp) -> bool {
        let before = self.pause.map(|pause| pause.reason);
        let news = match reason {
            PauseReason::Person => before != Some(PauseReason::Person),
            PauseReason::Failures => before.is_none(),
        };
        if news {
            self.pause = Some(Pause { reason, since: D::Note::of(now) });
            self.revision = self.revision.next();
        }
        news
    }

    /// Lets it fire again from `next` on; says whether it was told to stop before.
    pub fn resume(&mut self, next: Next) -> bool {
        let was_paused = self.pause.take().is_some();
        if was_paused {
            self.next = next.keep();
            self.failures = D::Note::of(0);
            self.revision = self.revision.next();
        }
        was_paused
    }

    /// Carries out a decision on the schedule itself, after its fires went into the store.
    pub fn advance(&mut self, step: Step, now: Timestamp) {
        self.fired = D::Note::of(self.fired.value().saturating_add(step.inserted));
        let last_fire_at = step.last_fire_at.or_else(|| self.last_fire_at.value());
        self.last_fire_at = D::Note::of(last_fire_at);
        self.revision = self.revision.next();
        let next = match (step.next, self.spec().known_policies().after_run) {
            _ if self.is_spent() => Next::Done,
            // Nobody will report an end: the delay counts from now.
            (Next::AfterRun, Some(delay)) if !step.awaited => Next::At(now + delay),
            (next, _) => next,
        };
        self.next = next.keep();
    }

    /// Whether this schedule is what the decision that was made on `revision` has made of it: the
    /// same request once more, whose first answer was lost.
    ///
    /// A decision always moves the cursor, and no other change leads to the same place with the
    /// next revision: a pause and a quarantine leave the cursor where it was, and a put, which may
    /// move it there, [skips a revision](Revision::after_put).
    pub fn is_advanced(&self, revision: Revision, next: Next) -> bool {
        let ended = self.cursor() == Next::Done && self.is_spent();
        self.revision == revision.next() && (self.cursor() == next || ended)
    }

    /// Whether as many fires became jobs as its limit allows.
    fn is_spent(&self) -> bool {
        self.spec().known_policies().limit.is_some_and(|limit| self.fired.value() >= limit)
    }

    /// Takes note that a job of this schedule is over, and whether another is left of whose end it
    /// will hear; says whether that changes anything.
    ///
    /// A fixed delay counts from the end of the last of them: somebody may have run the schedule by
    /// hand besides.
    pub fn run_ended(&mut self, outcome: Outcome, awaited: bool, now: Timestamp) -> bool {
        let before = (self.failures, self.next, self.pause);
        if let Some(max) = self.spec().known_policies().max_failures {
            if outcome.is_failure() {
                self.failures = D::Note::of(self.failures.value().saturating_add(1));
            } else if outcome == Outcome::Succeeded {
                self.failures = D::Note::of(0);
            }
            if self.failures.value() >= max.max(1) {
                self.stop(PauseReason::Failures, now);
            }
        }
        if let (Next::AfterRun, Some(delay), false) =
            (self.cursor(), self.spec().known_policies().after_run, awaited)
        {
            self.next = Next::At(now + delay).keep();
            self.revision = self.revision.next();
        }
        before != (self.failures, self.next, self.pause)
    }
}

/// What one decision does to a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Step {
    /// The cursor from now on.
    pub next: Next,
    /// The last of the decision's fires.
    pub last_fire_at: Option<Timestamp>,
    /// How many fires became jobs.
    pub inserted: u32,
    /// Whether a job is left of whose end the schedule will hear.
    pub awaited: bool,
}
