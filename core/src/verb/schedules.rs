//! Verbs on schedules: put, remove, claim, pause, resume, quarantine.

use core::borrow::Borrow;

use super::Conflict;
use crate::domain::Domain;
use crate::fire::Skip;
use crate::id::Revision;
use crate::schedule::{Next, Spec};
use crate::time::Span;

/// Put a schedule.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(bound = "D: crate::domain::SerdeDomain, D::Held<Spec<D>>: crate::domain::Kept")
)]
pub struct PutSchedule<D: Domain> {
    /// The schedule.
    pub spec: D::Held<Spec<D>>,
    /// The first instant that its trigger names, for a schedule that is new or has a new trigger.
    pub next: Next,
    /// What to do when a schedule of this name exists.
    pub conflict: Conflict,
}

impl<D: Domain> PutSchedule<D> {
    /// The schedule.
    pub fn spec(&self) -> &Spec<D> {
        self.spec.borrow()
    }
}

/// The answer to [`PutSchedule`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Put {
    /// It is new.
    Created,
    /// It took the place of another.
    Replaced,
    /// It is there already, word for word.
    Unchanged,
    /// Another one is there and stays ([`Conflict::Keep`]).
    Kept,
    /// Another one is there ([`Conflict::Reject`]).
    Rejected,
    /// Another one is there that was written down somewhere else.
    OtherSource,
}

/// Remove schedules. Jobs that exist already stay.
#[derive(Clone, Debug, PartialEq)]
pub enum Remove<'a, D: Domain> {
    /// These.
    Named(&'a [D::ScheduleId]),
    /// All of this source, except these: what remains after the source was read again.
    SourceExcept(&'a D::Source, &'a [D::ScheduleId]),
}

/// Share schedules out among planners.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = "D: crate::domain::SerdeDomain"))]
pub struct ClaimSchedules<D: Domain> {
    /// Who plans.
    pub node: D::NodeId,
    /// Those that come due within this span.
    pub within: Span,
    /// How long nobody else shall plan them. A hint: only the revision decides.
    pub claim_for: Span,
    /// At most so many, the earliest first.
    pub max: u32,
}

/// The answer to a request that a schedule be paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Paused {
    /// It does not fire from now on.
    Done,
    /// It was paused already.
    Already,
    /// There is no such schedule.
    Missing,
}

/// Let a paused schedule fire again, if its revision is still the one that was looked at.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = "D: crate::domain::SerdeDomain"))]
pub struct Resume<D: Domain> {
    /// Which.
    pub schedule: D::ScheduleId,
    /// The revision that the cursor was computed from.
    pub revision: Revision,
    /// The cursor from now on, as [`resumed`](crate::fire::resumed) says.
    pub next: Next,
    /// What is skipped by that.
    pub skip: Option<Skip>,
}

/// The answer to [`Resume`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[must_use]
pub enum Resumed {
    /// It fires again.
    Done,
    /// It was not paused, or it is paused where it was written down, which has the last word.
    Unchanged,
    /// It changed or is gone; nothing was done.
    Stale,
}

/// Take a schedule out of service until it is put again.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = "D: crate::domain::SerdeDomain"))]
pub struct Quarantine<D: Domain> {
    /// Which.
    pub schedule: D::ScheduleId,
    /// The revision that was found unusable.
    pub revision: Revision,
    /// Why, for people.
    pub reason: D::Text,
}
