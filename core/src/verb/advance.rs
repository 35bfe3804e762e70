//! The verb that moves a schedule's cursor and turns its fires into jobs.

use crate::dice::{Dice, spread};
use crate::domain::{Domain, Origin};
use crate::few::Few;
use crate::fire::{Due, Skip};
use crate::id::{Revision, Token};
use crate::job::{Job, JobState};
use crate::limits;
use crate::note::Note;
use crate::retry::Counts;
use crate::schedule::{Next, Policies, Spec, Spread};
use crate::settings::Level;
use crate::task::Task;
use crate::time::{Span, Timestamp};

/// A fire that becomes a job.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = "D: crate::domain::SerdeDomain"))]
pub struct Fire<D: Domain> {
    /// The job's name, derived from schedule, instant and origin.
    pub job: D::JobId,
    /// The instant that the trigger named.
    pub at: Timestamp,
    /// The job can be claimed from this instant on.
    pub ready_at: Timestamp,
    /// The job expires unless it has started by then.
    pub start_by: Option<Timestamp>,
}

/// Move a schedule's cursor and turn its due fires into jobs: both or neither, and only if the
/// schedule's revision is still the one that the decision was based on.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(bound = "D: crate::domain::SerdeDomain, D::Fires<Fire<D>>: crate::domain::Kept, \
                   D::Skips<Skip>: crate::domain::Kept")
)]
pub struct Advance<D: Domain> {
    /// Which.
    pub schedule: D::ScheduleId,
    /// The revision that the decision was based on.
    pub revision: Revision,
    /// These become jobs.
    pub fires: D::Fires<Fire<D>>,
    /// These do not; a record of why.
    pub skips: D::Skips<Skip>,
    /// The cursor from now on.
    pub next: Next,
    /// How long the planner keeps its claim; `None` gives it up.
    pub keep_for: Option<Span>,
}

impl<D: Domain> Advance<D> {
    /// The request that carries out a decision about the schedule of this name, which was made on
    /// the basis of this revision and these policies. The dice are rolled only for
    /// [`Spread::Random`].
    pub fn decided(
        schedule: &D::ScheduleId,
        revision: Revision,
        policies: &Policies,
        decision: Due<D::Fires<Timestamp>, D::Skips<Skip>>,
        dice: &mut Dice,
    ) -> Self {
        let mut advance = Self {
            schedule: schedule.clone(),
            revision,
            fires: Default::default(),
            skips: decision.skips,
            next: decision.next,
            keep_for: None,
        };
        let fires = decision.fires.as_slice();
        for (index, &at) in fires.iter().enumerate() {
            let following = fires.get(index + 1).copied().or_else(|| decision.next.at());
            advance.push(Fire::decided(schedule, at, following, policies, dice));
        }
        advance
    }

    /// The same for a decision that [`only`](crate::fire::only) has made: one fire, no skip. It is
    /// made in place, because the usual request shall not be carried about.
    #[inline]
    pub(crate) fn only(
        (schedule, revision): (&D::ScheduleId, Revision),
        policies: &Policies,
        (at, next): (Timestamp, Next),
        keep_for: Option<Span>,
        dice: &mut Dice,
    ) -> Self {
        let mut advance = Self {
            schedule: schedule.clone(),
            revision,
            fires: Default::default(),
            skips: Default::default(),
            next,
            keep_for,
        };
        advance.push(Fire::decided(schedule, at, next.at(), policies, dice));
        advance
    }

    /// What becomes a job.
    pub fn fires(&self) -> &[Fire<D>] {
        self.fires.as_slice()
    }

    /// What does not, and why.
    pub fn skips(&self) -> &[Skip] {
        self.skips.as_slice()
    }

    #[inline]
    fn push(&mut self, fire: Fire<D>) {
        const {
            let offer = D::OFFER;
            let fires = if offer.all { limits::FIRES_PER_ADVANCE } else { 1 };
            let skips = if offer.skips { limits::SKIPS_PER_ADVANCE } else { 0 };
            let room = <D::Fires<Fire<D>> as Few<Fire<D>>>::ROOM;
            assert!(room >= fires, "the domain offers more fires than fit");
            assert!(
                <D::Skips<Skip> as Few<Skip>>::ROOM >= skips,
                "the domain offers more skips than fit"
            );
        }
        let pushed = self.fires.push(fire);
        debug_assert!(pushed, "a decision has no more fires than an advance");
    }
}

/// The answer to [`Advance`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[must_use]
pub enum Advanced {
    /// Done.
    Done {
        /// The schedule's revision from now on.
        revision: Revision,
        /// How many of the fires became jobs. The others were jobs already, or were skipped because
        /// an earlier job was not over.
        inserted: u32,
    },
    /// The schedule changed or is gone; nothing was done.
    Stale,
    /// The store has no room for all of the jobs; nothing was done.
    Full,
}

impl<D: Domain> Fire<D> {
    /// The fire at `at`, which another one follows, under these policies.
    #[inline]
    fn decided(
        schedule: &D::ScheduleId,
        at: Timestamp,
        following: Option<Timestamp>,
        policies: &Policies,
        dice: &mut Dice,
    ) -> Self {
        let policies = policies.within(D::OFFER);
        let ready_at = policies.jitter.map_or(at, |jitter| {
            let room = following.map_or(Span::MAX, |next| next.since(at) - ONE_MICRO);
            let longest = jitter.up_to.min(room);
            at + match jitter.spread {
                Spread::Random => dice.span(longest),
                Spread::Stable => spread(D::spread(schedule), longest),
            }
        });
        // A fire that follows the run before is never too late.
        let grace = policies.misfire_grace.filter(|_| policies.after_run.is_none());
        let start_by = grace.map(|grace| ready_at + grace.max(Span::ZERO));
        Self { job: D::fire_job(schedule, at, Origin::Fire), at, ready_at, start_by }
    }

    /// The job that this fire of a schedule becomes at `now`, given what the store knows of its
    /// task.
    pub fn job(&self, spec: &Spec<D>, task: &Task<D>, now: Timestamp) -> Job<D> {
        Job {
            id: self.job.clone(),
            task: spec.task.clone(),
            schedule: Some(spec.id.clone()),
            origin: Origin::Fire,
            fire_at: Some(self.at),
            payload: spec.payload.clone(),
            terms: spec.settings.or(task.settings).resolve(),
            tags: spec.tags.clone().unwrap_or_else(|| task.tags.clone()),
            unique: None,
            watched: spec.known_policies().watches(),
            start_by: self.start_by,
            created_at: D::Note::of(now),
            counts: Counts::default(),
            token: Token::default(),
            state: JobState::Waiting { ready_at: self.ready_at },
        }
    }
}

const ONE_MICRO: Span = Span::from_micros(1);
