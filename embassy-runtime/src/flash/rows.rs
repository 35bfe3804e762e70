//! What the flash has of each row, in a few bytes: enough to see that a row has changed.
//!
//! A schedule is told by its revision, which every change raises, and by what changes without it:
//! its failures, and what was noted under a clock that was ahead, once that is corrected. A job is
//! told by its token, which every claim raises, by the state that it is in under that token, as no
//! job comes back to a state under the same token, and by when it is ready, which moves if the
//! clock is set. One that was written under a clock that was ahead becomes another one once that is
//! corrected. The end of a lease is not kept up to date, because whoever restores a lease takes it
//! for lost.

use mainspring_core::domain::Domain;
use mainspring_core::id::{ConfigRevision, Revision, Token};
use mainspring_core::job::{Job, JobState};
use mainspring_core::ledger::Ledger;
use mainspring_core::note::Note;
use mainspring_core::room::Room;
use mainspring_core::schedule::Schedule;
use mainspring_core::time::Timestamp;

use super::record::{Cursor, Progress, Row};

/// What the flash has of a schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
struct KeptSchedule<D: Domain> {
    id: D::ScheduleId,
    revision: Revision,
    /// What changes without it, in two bytes: if only the failures change, so does it.
    rest: u16,
}

impl<D: Domain> KeptSchedule<D> {
    #[expect(clippy::cast_possible_truncation, reason = "both halves are in it")]
    fn of(schedule: &Schedule<D>) -> Self {
        let Schedule { revision, failures, last_fire_at, pause, .. } = *schedule;
        let fired = last_fire_at.value().map_or(0, folded);
        let paused = pause.map_or(0, |pause| folded(pause.since.value()));
        let noted = fired ^ paused.rotate_left(8);
        let rest = failures.value() ^ (noted ^ noted >> 16) as u16;
        Self { id: schedule.spec().id.clone(), revision, rest }
    }
}

/// What the flash has of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
struct KeptJob<D: Domain> {
    id: D::JobId,
    /// Tells it from one of the same name that was there before.
    created: u32,
    ready: u32,
    token: Token,
    state: u8,
}

impl<D: Domain> KeptJob<D> {
    fn of(job: &Job<D>) -> Self {
        let (state, ready) = match job.state {
            JobState::Held { ready_at } => (0, folded(ready_at)),
            JobState::Waiting { ready_at } => (1, folded(ready_at)),
            JobState::Leased { cancel, .. } => (2 + u8::from(cancel), 0),
            JobState::Settled { .. } => (4, 0),
        };
        Self {
            id: job.id.clone(),
            created: folded(job.created_at.value()),
            ready,
            token: job.token,
            state: state << 1 | u8::from(job.watched),
        }
    }

    /// Whether it is the same job, whatever became of it.
    fn is(&self, job: &Self) -> bool {
        self.id == job.id && self.created == job.created
    }
}

/// An instant in four bytes, to be compared only.
#[expect(clippy::cast_possible_truncation, reason = "both halves are in it")]
const fn folded(at: Timestamp) -> u32 {
    let micros = at.as_micros();
    (micros ^ micros >> 32) as u32
}

/// Which rows are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// All of them.
    All,
    /// Those of schedules.
    Schedules,
}

/// What the flash has of every row, by the slots of the ledger.
#[derive(Debug)]
pub(super) struct Rows<D: Domain, const S: usize, const J: usize> {
    schedules: [Option<KeptSchedule<D>>; S],
    jobs: [Option<KeptJob<D>>; J],
    config: ConfigRevision,
}

impl<D: Domain, const S: usize, const J: usize> Rows<D, S, J> {
    pub(super) const NONE: Self = Self {
        schedules: [const { None }; S],
        jobs: [const { None }; J],
        config: ConfigRevision::new(0),
    };

    /// The flash has all that the ledger has.
    pub(super) fn keep<SR: Room, T: Room, JR: Room, K: Room>(
        &mut self,
        ledger: &Ledger<D, SR, T, JR, K>,
    ) {
        for (slot, kept) in self.schedules.iter_mut().enumerate() {
            *kept = ledger.schedule_at(slot).map(KeptSchedule::of);
        }
        for (slot, kept) in self.jobs.iter_mut().enumerate() {
            *kept = ledger.job_at(slot).map(KeptJob::of);
        }
        self.config = ledger.config_revision();
    }

    /// Nothing was to be written of what somebody edited: it was a task, or as it was before.
    pub(super) const fn notice<SR: Room, T: Room, JR: Room, K: Room>(
        &mut self,
        ledger: &Ledger<D, SR, T, JR, K>,
    ) {
        self.config = ledger.config_revision();
    }

    /// Whether somebody changed a schedule or a task since.
    pub(super) fn is_edited<SR: Room, T: Room, JR: Room, K: Room>(
        &self,
        ledger: &Ledger<D, SR, T, JR, K>,
    ) -> bool {
        self.config != ledger.config_revision()
    }

    /// What became of rows since: first those that are gone, because their names may be taken
    /// again.
    pub(super) fn changes<'a, SR: Room, T: Room, JR: Room, K: Room>(
        &'a self,
        ledger: &'a Ledger<D, SR, T, JR, K>,
        scope: Scope,
    ) -> impl Iterator<Item = Row<'a, D>> {
        let jobs = if scope == Scope::All { J } else { 0 };
        let schedules_gone = (0..S).filter_map(|slot| self.schedule_gone(ledger, slot));
        let jobs_gone = (0..jobs).filter_map(|slot| self.job_gone(ledger, slot));
        let schedules = (0..S).filter_map(|slot| self.schedule(ledger, slot));
        let jobs = (0..jobs).filter_map(|slot| self.job(ledger, slot));
        schedules_gone.chain(jobs_gone).chain(schedules).chain(jobs)
    }

    fn schedule_gone<SR: Room, T: Room, JR: Room, K: Room>(
        &self,
        ledger: &Ledger<D, SR, T, JR, K>,
        slot: usize,
    ) -> Option<Row<'_, D>> {
        let kept = self.schedules.get(slot)?.as_ref()?;
        let there = ledger.schedule_at(slot).is_some_and(|row| row.spec().id == kept.id);
        (!there).then_some(Row::ScheduleGone(&kept.id))
    }

    fn job_gone<SR: Room, T: Room, JR: Room, K: Room>(
        &self,
        ledger: &Ledger<D, SR, T, JR, K>,
        slot: usize,
    ) -> Option<Row<'_, D>> {
        let kept = self.jobs.get(slot)?.as_ref()?;
        let there = ledger.job_at(slot).is_some_and(|row| kept.is(&KeptJob::of(row)));
        (!there).then_some(Row::JobGone(&kept.id))
    }

    fn schedule<'a, SR: Room, T: Room, JR: Room, K: Room>(
        &self,
        ledger: &'a Ledger<D, SR, T, JR, K>,
        slot: usize,
    ) -> Option<Row<'a, D>> {
        let row = ledger.schedule_at(slot)?;
        let now = KeptSchedule::of(row);
        match self.schedules.get(slot).and_then(Option::as_ref) {
            Some(kept) if *kept == now => None,
            // Nobody has edited anything: what it is stays as it is.
            Some(kept) if kept.id == now.id && !self.is_edited(ledger) => {
                Some(Row::Cursor(Cursor::of(row)))
            }
            _ => Some(Row::Schedule(row)),
        }
    }

    fn job<'a, SR: Room, T: Room, JR: Room, K: Room>(
        &self,
        ledger: &'a Ledger<D, SR, T, JR, K>,
        slot: usize,
    ) -> Option<Row<'a, D>> {
        let row = ledger.job_at(slot)?;
        let now = KeptJob::of(row);
        match self.jobs.get(slot).and_then(Option::as_ref) {
            Some(kept) if *kept == now => None,
            Some(kept) if kept.is(&now) => Some(Row::Progress(Progress::of(row))),
            _ => Some(Row::Job(row)),
        }
    }
}
