//! What lies in an item: a header, then rows of the ledger. The bytes are described in the
//! [parent's](super) documentation.

use mainspring_core::domain::{Domain, Kept, SerdeDomain};
use mainspring_core::id::{Revision, Token};
use mainspring_core::job::{Job, JobState};
use mainspring_core::note::Note;
use mainspring_core::retry::Counts;
use mainspring_core::schedule::{Next, Schedule, Spec};
use mainspring_core::time::Timestamp;
use serde::{Deserialize, Serialize};

/// A domain whose rows can be written down and read back: what it keeps, it keeps by value. Every
/// domain that does is one.
pub trait Lasting: SerdeDomain<Held<Spec<Self>>: Kept> {}

impl<D: SerdeDomain<Held<Spec<D>>: Kept>> Lasting for D {}

/// The version of everything behind the header.
pub(super) const VERSION: u8 = 1;

/// What the bits of a header's flags mean.
pub(super) mod flag {
    /// The first item of a half: all rows follow.
    pub(crate) const OPENS: u8 = 1;
    /// The last item of its transaction. Without it, none of the transaction counts.
    pub(crate) const ENDS: u8 = 2;
    /// Cursors and jobs are not kept up to date.
    pub(crate) const CONFIG: u8 = 4;
}

/// The longest header there is.
pub(super) const HEADER_MAX: usize = 8;

/// How an item begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) version: u8,
    /// The application's own version of its domain.
    pub(super) layout: u8,
    pub(super) flags: u8,
    /// Counts items from the first one ever. It may wrap around.
    pub(super) number: u32,
}

impl Header {
    /// The header of an item, and what follows it.
    pub(super) fn read(item: &[u8]) -> Option<(Self, &[u8])> {
        postcard::take_from_bytes(item).ok()
    }

    pub(super) const fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

/// Whether one item was written after another.
pub(super) const fn is_after(number: u32, other: u32) -> bool {
    number.wrapping_sub(other).cast_signed() > 0
}

/// A row, or what became of it.
///
/// The order of the variants is their number in flash: new ones come last.
#[derive(Debug, Serialize, Deserialize)]
#[serde(bound = "D: Lasting")]
pub(super) enum Entry<D: Domain> {
    Schedule(Schedule<D>),
    Cursor(Cursor<D>),
    ScheduleGone(D::ScheduleId),
    Job(Job<D>),
    Progress(Progress<D>),
    JobGone(D::JobId),
}

/// The same, to be written: rows stay in their ledger.
#[derive(Debug, Serialize)]
#[serde(bound = "D: Lasting")]
pub(super) enum Row<'a, D: Domain> {
    Schedule(&'a Schedule<D>),
    Cursor(Cursor<D>),
    ScheduleGone(&'a D::ScheduleId),
    Job(&'a Job<D>),
    Progress(Progress<D>),
    JobGone(&'a D::JobId),
}

/// What changes in a schedule while nobody edits it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(bound = "D: Lasting")]
pub(super) struct Cursor<D: Domain> {
    pub(super) id: D::ScheduleId,
    revision: Revision,
    next: Next,
    last_fire_at: Option<Timestamp>,
    fired: u32,
    failures: u16,
}

impl<D: Domain> Cursor<D> {
    pub(super) fn of(schedule: &Schedule<D>) -> Self {
        Self {
            id: schedule.spec().id.clone(),
            revision: schedule.revision,
            next: schedule.cursor(),
            last_fire_at: schedule.last_fire_at.value(),
            fired: schedule.fired.value(),
            failures: schedule.failures.value(),
        }
    }

    /// The schedule as it stands from now on.
    pub(super) fn moved(self, schedule: Schedule<D>) -> Schedule<D> {
        let Self { id: _, revision, next, last_fire_at, fired, failures } = self;
        let (last_fire_at, fired) = (D::Note::of(last_fire_at), D::Note::of(fired));
        let (next, failures) = (next.keep(), D::Note::of(failures));
        Schedule { revision, next, last_fire_at, fired, failures, ..schedule }
    }
}

/// What changes in a job.
#[derive(Debug, Serialize, Deserialize)]
#[serde(bound = "D: Lasting")]
pub(super) struct Progress<D: Domain> {
    pub(super) id: D::JobId,
    watched: bool,
    start_by: Option<Timestamp>,
    counts: Counts,
    token: Token,
    state: JobState<D>,
}

impl<D: Domain> Progress<D> {
    pub(super) fn of(job: &Job<D>) -> Self {
        Self {
            id: job.id.clone(),
            watched: job.watched,
            start_by: job.start_by,
            counts: job.counts,
            token: job.token,
            state: job.state.clone(),
        }
    }

    /// The job as it is from now on.
    pub(super) fn made(self, job: Job<D>) -> Job<D> {
        let Self { id: _, watched, start_by, counts, token, state } = self;
        Job { watched, start_by, counts, token, state, ..job }
    }
}

/// The entries of an item's body; an error instead of the first that cannot be read.
pub(super) fn entries<D: Lasting>(
    mut body: &[u8],
) -> impl Iterator<Item = postcard::Result<Entry<D>>> {
    core::iter::from_fn(move || {
        if body.is_empty() {
            return None;
        }
        let taken = postcard::take_from_bytes(body);
        body = taken.as_ref().map_or(&[], |(_, rest)| rest);
        Some(taken.map(|(entry, _)| entry))
    })
}
