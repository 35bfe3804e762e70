//! The ledger's verbs on schedules.

use super::{Ledger, ScheduleRow};
use crate::domain::{Domain, Origin};
use crate::id::Token;
use crate::job::{Job, JobState};
use crate::retry::Counts;
use crate::room::Room;
use crate::schedule::Schedule;
use crate::table::Full;
use crate::time::Timestamp;
use crate::verb::{
    Advance, Advanced, ClaimSchedules, Conflict, Fire, History, Put, PutSchedule, Quarantine,
    Remove,
};

impl<D: Domain, S: Room, T: Room, J: Room> Ledger<D, S, T, J> {
    /// Puts a schedule.
    ///
    /// # Errors
    /// [`Full`] with the request, if there is no room for another schedule.
    pub fn put_schedule(
        &mut self,
        put: PutSchedule<D>,
        now: Timestamp,
    ) -> Result<Put, Full<PutSchedule<D>>> {
        let PutSchedule { spec, next, conflict } = put;
        let Some(slot) = self.schedules.find(&spec.id) else {
            let schedule = Schedule::created(spec, next, self.config_revision, now);
            let row = ScheduleRow { schedule, claim: None, aside: None };
            let slot = self.schedules.insert(row).map_err(|Full(row)| {
                let Schedule { spec, next, .. } = row.schedule;
                Full(PutSchedule { spec, next, conflict })
            })?;
            self.config_revision = self.config_revision.next();
            self.requeue(slot);
            return Ok(Put::Created);
        };
        let row = self.row_mut(slot);
        let there = &row.schedule;
        if there.spec.source != spec.source {
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
        Ok(Put::Replaced)
    }

    /// Removes schedules and names those that were there. Jobs that exist already stay.
    pub fn remove_schedules(
        &mut self,
        remove: &Remove<'_, D>,
        mut removed: impl FnMut(&D::ScheduleId),
    ) {
        for slot in 0..self.schedules.capacity() {
            let goes = self.schedules.get(slot).is_some_and(|row| {
                let spec = &row.schedule.spec;
                match remove {
                    Remove::Named(ids) => ids.contains(&spec.id),
                    Remove::SourceExcept(source, ids) => {
                        spec.source == **source && !ids.contains(&spec.id)
                    }
                }
            });
            if goes {
                self.due.remove(slot);
                if let Some(row) = self.schedules.remove(slot) {
                    self.config_revision = self.config_revision.next();
                    removed(&row.schedule.spec.id);
                }
            }
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
        let mut aside = None;
        while left > 0 {
            let Some((slot, _)) = self.due.peek().filter(|(_, due)| *due <= horizon) else {
                break;
            };
            self.due.remove(slot);
            let row = self.row_mut(slot);
            if row.claim.as_ref().is_some_and(|(_, until)| *until > now) {
                row.aside = aside;
                aside = u32::try_from(slot).ok();
                continue;
            }
            row.claim = Some((claim.node.clone(), now + claim.claim_for));
            claimed(&row.schedule);
            row.aside = aside;
            aside = u32::try_from(slot).ok();
            left -= 1;
        }
        while let Some(slot) = aside {
            let slot = slot as usize;
            aside = self.row_mut(slot).aside.take();
            self.requeue(slot);
        }
    }

    /// Moves a schedule's cursor and turns its fires into jobs, if its revision is still the one
    /// that the decision was based on.
    ///
    /// # Errors
    /// [`Full`], if there is no room for all of the jobs; nothing was done then.
    pub fn advance(
        &mut self,
        advance: &Advance<D>,
        now: Timestamp,
        history: &mut impl History<D>,
    ) -> Result<Advanced, Full<()>> {
        let Some(slot) = self.schedules.find(&advance.schedule) else {
            return Ok(Advanced::Stale);
        };
        let row = self.row_mut(slot);
        if row.schedule.revision != advance.revision || row.schedule.due().is_none() {
            return Ok(Advanced::Stale);
        }
        let spec = row.schedule.spec.clone();
        let wanted =
            |fire: &&Fire<D>| self.jobs.find(&fire.job).is_none() && !history.is_settled(&fire.job);
        let new = advance.fires.iter().filter(wanted).count();
        if new > self.jobs.capacity() - self.jobs.len() {
            return Err(Full(()));
        }
        let terms = spec.settings.or(self.settings_of(&spec.task)).resolve();
        let mut inserted = 0;
        for fire in &advance.fires {
            let job = Job {
                id: fire.job.clone(),
                task: spec.task.clone(),
                schedule: Some(spec.id.clone()),
                origin: Origin::Fire,
                fire_at: Some(fire.at),
                payload: spec.payload.clone(),
                terms,
                start_by: fire.start_by,
                created_at: now,
                counts: Counts::default(),
                token: Token::default(),
                state: JobState::Waiting { ready_at: fire.ready_at },
            };
            inserted += u32::from(self.add_job(job, history).map_err(|Full(_)| Full(()))?);
        }
        for skip in &advance.skips {
            history.skip(&spec.id, *skip);
        }
        let row = self.row_mut(slot);
        row.schedule.next = advance.next;
        row.schedule.revision = row.schedule.revision.next();
        if let Some(last) = advance.fires.last() {
            row.schedule.last_fire_at = Some(last.at);
        }
        row.claim = match (row.claim.take(), advance.keep_for) {
            (Some((node, _)), Some(span)) => Some((node, now + span)),
            _ => None,
        };
        let revision = row.schedule.revision;
        self.requeue(slot);
        Ok(Advanced::Done { revision, inserted })
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

    fn row_mut(&mut self, slot: usize) -> &mut ScheduleRow<D> {
        self.schedules.get_mut(slot).expect("queues and find name slots that are in use")
    }

    fn requeue(&mut self, slot: usize) {
        match self.schedules.get(slot).and_then(ScheduleRow::due) {
            Some(due) => self.due.put(slot, due),
            None => {
                self.due.remove(slot);
            }
        }
    }
}
