//! The ledger's verbs on schedules.

use core::borrow::Borrow;
use core::mem::replace;

use super::enqueue::Beside;
use super::{Ledger, ScheduleRow};
use crate::domain::Domain;
use crate::fire::Skip;
use crate::note::{Cursor, Note};
use crate::number::Number;
use crate::order::Order;
use crate::overlap::Overlap;
use crate::room::Room;
use crate::schedule::{PauseReason, Schedule, Step};
use crate::settings::Level;
use crate::table::Full;
use crate::time::Timestamp;
use crate::verb::{
    Advance, Advanced, ClaimSchedules, Conflict, History, Paused, Put, PutSchedule, Quarantine,
    Remove, Resume, Resumed,
};

/// What became of the fires of a decision.
#[derive(Default)]
struct Inserted {
    /// How many became jobs.
    inserted: u32,
    /// The last of them.
    last_fire_at: Option<Timestamp>,
    /// The first fire for which the limit had nothing left.
    cut_at: Option<Timestamp>,
}

impl<D: Domain, S: Room, T: Room, J: Room, K: Room> Ledger<D, S, T, J, K> {
    /// Puts a schedule.
    ///
    /// # Errors
    /// [`Full`] with the request, if there is no room for another schedule.
    pub fn put_schedule(
        &mut self,
        put: PutSchedule<D>,
        now: Timestamp,
    ) -> Result<Put, Full<PutSchedule<D>>> {
        const {
            let offer = D::OFFER;
            let counts = offer.limit || offer.after_run || offer.max_failures;
            let counts = counts || offer.all || offer.jitter || offer.slack || offer.renews();
            assert!(D::Cursor::AFTER_RUN || !offer.after_run, "the cursor cannot say what it must");
            assert!(size_of::<D::Note<u32>>() > 0 || !counts, "what must be counted is not noted");
        }
        let (id, overlap) = (put.spec().id.clone(), put.spec().known_policies().overlap);
        assert!(put.spec().policies.is_within(D::OFFER), "the domain rules this policy out");
        let terms = put.spec().settings.resolve();
        assert!(terms.borrow().retry.is_within(D::OFFER), "the domain rules this retry out");
        let PutSchedule { spec, next, conflict } = put;
        let Some(slot) = self.schedules.find(&id) else {
            let schedule = Schedule::created(spec, next, self.config_revision, now);
            let row = ScheduleRow { schedule, claim: None, aside: Number::NONE };
            let slot = self.schedules.insert(row).map_err(|Full(row)| {
                let (next, Schedule { spec, .. }) = (row.schedule.cursor(), row.schedule);
                Full(PutSchedule { spec, next, conflict })
            })?;
            self.config_revision = self.config_revision.next();
            self.requeue(slot);
            self.free_if(overlap, &id, now);
            return Ok(Put::Created);
        };
        let row = self.row_mut(slot);
        let there = &row.schedule;
        if there.spec().source != spec.borrow().source {
            return Ok(Put::OtherSource);
        }
        if there.spec == spec && there.quarantine.is_none() {
            return Ok(Put::Unchanged);
        }
        match conflict {
            Conflict::Reject => return Ok(Put::Rejected),
            Conflict::Keep => return Ok(Put::Kept),
            Conflict::Replace => row.schedule = there.replaced(spec, next, now),
        }
        row.claim = None;
        self.config_revision = self.config_revision.next();
        self.requeue(slot);
        self.free_if(overlap, &id, now);
        Ok(Put::Replaced)
    }

    /// Removes schedules and names those that were there. Jobs that exist already stay.
    pub fn remove_schedules(
        &mut self,
        remove: &Remove<'_, D>,
        mut removed: impl FnMut(&D::ScheduleId),
    ) {
        let (source, kept) = match remove {
            Remove::Named(ids) => {
                for id in *ids {
                    if let Some(slot) = self.schedules.find(id) {
                        self.remove_slot(slot, &mut removed);
                    }
                }
                return;
            }
            Remove::SourceExcept(source, kept) => (*source, *kept),
        };
        for slot in 0..self.schedules.capacity() {
            let goes = self.schedules.get(slot).is_some_and(|row| {
                let spec = row.schedule.spec();
                spec.source == *source && !kept.contains(&spec.id)
            });
            if goes {
                self.remove_slot(slot, &mut removed);
            }
        }
    }

    fn remove_slot(&mut self, slot: usize, removed: &mut impl FnMut(&D::ScheduleId)) {
        self.due.put(slot, None);
        if let Some(row) = self.schedules.remove(slot) {
            self.config_revision = self.config_revision.next();
            removed(&row.schedule.spec().id);
        }
    }

    /// Shares out schedules that are due or will be soon, the earliest first.
    pub fn claim_schedules(
        &mut self,
        claim: &ClaimSchedules<D>,
        now: Timestamp,
        mut claimed: impl FnMut(&Schedule<D>),
    ) {
        let horizon = now + claim.within;
        let mut left = claim.max;
        let mut aside: Option<S::Number> = None;
        while left > 0 {
            let Some((slot, _)) = self.first_due().filter(|(_, due)| *due <= horizon) else {
                break;
            };
            self.due.put(slot, None);
            let row = self.row_mut(slot);
            let number = Number::of(slot);
            row.aside = aside.replace(number).unwrap_or(number);
            if row.claim().is_none_or(|(_, until)| until <= now) {
                row.claim = Some((claim.node.clone(), D::Note::of(now + claim.claim_for)));
                claimed(&row.schedule);
                left -= 1;
            }
        }
        while let Some(slot) = aside.and_then(Number::slot) {
            let next = replace(&mut self.row_mut(slot).aside, Number::NONE);
            aside = Some(next).filter(|next| next.slot() != Some(slot));
            self.requeue(slot);
        }
    }

    /// Moves a schedule's cursor and turns its fires into jobs, if its revision is still the one
    /// that the decision was based on. A request that is repeated, because its first answer was
    /// lost, is recognised.
    pub fn advance(
        &mut self,
        advance: &Advance<D>,
        now: Timestamp,
        history: &mut impl History<D>,
    ) -> Advanced {
        let Some(slot) = self.schedules.find(&advance.schedule) else {
            return Advanced::Stale;
        };
        let schedule = &self.row_mut(slot).schedule;
        if schedule.is_advanced(advance.revision, advance.next) {
            return Advanced::Done { revision: schedule.revision, inserted: 0 };
        }
        if schedule.revision != advance.revision || schedule.due().is_none() {
            return Advanced::Stale;
        }
        let left = schedule.policies().limit.unwrap_or(u32::MAX);
        let fires = self.insert_fires(slot, advance, left, now, history);
        let Ok(Inserted { inserted, last_fire_at, cut_at }) = fires else { return Advanced::Full };
        let awaited = self.is_awaited(&advance.schedule);
        let step = Step { next: advance.next, last_fire_at, inserted, awaited };
        let row = self.row_mut(slot);
        row.schedule.advance(step, now);
        // What lies behind the last fire of a limit is no fire, and is not skipped either.
        let is_there = |skip: &&Skip| cut_at.is_none_or(|cut_at| skip.from < cut_at);
        for skip in advance.skips().iter().filter(is_there) {
            history.skip(&advance.schedule, *skip);
        }
        row.claim = match (row.claim.take(), advance.keep_for) {
            (Some((node, _)), Some(span)) => Some((node, D::Note::of(now + span))),
            _ => None,
        };
        let revision = row.schedule.revision;
        self.requeue(slot);
        Advanced::Done { revision, inserted }
    }

    /// Turns fires of the schedule in `slot` into jobs, as far as overlap and what is left of the
    /// limit allow.
    fn insert_fires(
        &mut self,
        slot: usize,
        advance: &Advance<D>,
        left: u32,
        now: Timestamp,
        history: &mut impl History<D>,
    ) -> Result<Inserted, Full<()>> {
        let (id, fires) = (&advance.schedule, advance.fires());
        let new = fires.iter().filter(|fire| !self.is_known(&fire.job, history)).count();
        if new == 0 {
            return Ok(Inserted::default());
        }
        let spec = self.row_mut(slot).schedule.spec();
        let overlap = spec.known_policies().overlap;
        let (task, tags) = (spec.task.clone(), spec.tags.clone());
        let (most, frees) = self.room_asked(overlap, id);
        let place = self.place(&task, tags.as_ref(), new.min(most), frees)?;
        let Inserted { mut inserted, mut last_fire_at, mut cut_at } = Inserted::default();
        let mut overlapped: Option<Skip> = None;
        for (index, fire) in fires.iter().enumerate() {
            if inserted == left {
                cut_at = Some(fire.at);
                break;
            }
            if self.is_known(&fire.job, history) {
                continue;
            }
            let last = index + 1 == fires.len();
            let beside = Beside { schedule: id, last, replaced: None };
            let admission = self.admit(overlap, beside, now, history);
            let task = &self.tasks.get(place.task).expect("a place is made of slots in use").task;
            let row = self.schedules.get(slot).expect("admitting a job removes no schedule");
            if let Some(job) = fire.job(row.schedule.spec(), task, now).admitted(admission) {
                self.insert(place, job);
                inserted += 1;
                last_fire_at = Some(fire.at);
            } else {
                overlapped = Some(Skip::overlapped(overlapped, fire.at));
            }
        }
        if let Some(skip) = overlapped {
            history.skip(id, skip);
        }
        self.leave_lane(place.lane);
        Ok(Inserted { inserted, last_fire_at, cut_at })
    }

    /// How many fires of one decision overlap lets in at most, and how many jobs it ends for them.
    fn room_asked(&self, overlap: Overlap, schedule: &D::ScheduleId) -> (usize, usize) {
        let live = self.live(schedule);
        match overlap {
            Overlap::Allow => (usize::MAX, 0),
            Overlap::Skip => (usize::from(live.free + live.held == 0), 0),
            Overlap::Queue => (2, 0),
            Overlap::Cancel => (1, self.waiting(schedule)),
        }
    }

    /// Tells a schedule to stop firing.
    pub fn pause(&mut self, schedule: &D::ScheduleId, now: Timestamp) -> Paused {
        let Some(slot) = self.schedules.find(schedule) else { return Paused::Missing };
        if !self.row_mut(slot).schedule.stop(PauseReason::Person, now) {
            return Paused::Already;
        }
        self.row_mut(slot).claim = None;
        self.config_revision = self.config_revision.next();
        self.requeue(slot);
        Paused::Done
    }

    /// Lets a paused schedule fire again.
    pub fn resume(&mut self, resume: &Resume<D>, history: &mut impl History<D>) -> Resumed {
        let Some(slot) = self.schedules.find(&resume.schedule) else { return Resumed::Stale };
        let row = self.row_mut(slot);
        if row.schedule.revision != resume.revision {
            return Resumed::Stale;
        }
        if row.schedule.spec().paused || !row.schedule.resume(resume.next) {
            return Resumed::Unchanged;
        }
        row.claim = None;
        if let Some(skip) = resume.skip {
            history.skip(&resume.schedule, skip);
        }
        self.config_revision = self.config_revision.next();
        self.requeue(slot);
        Resumed::Done
    }

    /// Takes a schedule out of service; one whose revision has changed is left alone.
    pub fn quarantine(&mut self, quarantine: Quarantine<D>) {
        let Some(slot) = self.schedules.find(&quarantine.schedule) else { return };
        let row = self.row_mut(slot);
        if row.schedule.revision != quarantine.revision {
            return;
        }
        row.schedule.quarantine = Some(quarantine.reason);
        row.schedule.revision = row.schedule.revision.next();
        row.claim = None;
        self.config_revision = self.config_revision.next();
        self.requeue(slot);
    }

    /// A schedule that now allows overlap holds no job: nobody would tell when it may go.
    fn free_if(&mut self, overlap: Overlap, schedule: &D::ScheduleId, now: Timestamp) {
        if overlap == Overlap::Allow {
            while self.free_oldest(schedule, now) {}
        }
    }

    /// Gives up every claim on a schedule that this node has.
    pub(super) fn drop_claims(&mut self, node: &D::NodeId) {
        for slot in 0..self.schedules.capacity() {
            let claim = self.schedules.get(slot).and_then(|row| row.claim.as_ref());
            if claim.is_some_and(|(holder, _)| holder == node) {
                self.row_mut(slot).claim = None;
                self.requeue(slot);
            }
        }
    }

    fn row_mut(&mut self, slot: usize) -> &mut ScheduleRow<D, S> {
        self.schedules.get_mut(slot).expect("queues and find name slots that are in use")
    }

    pub(super) fn requeue(&mut self, slot: usize) {
        self.due.put(slot, self.schedules.get(slot).and_then(ScheduleRow::due));
    }
}
