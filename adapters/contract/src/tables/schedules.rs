//! Schedules: put, remove, claim, pause, resume, quarantine.

use std::collections::BTreeSet;

use mainspring_core::overlap::Overlap;
use mainspring_core::schedule::PauseReason;

use super::work::Work;
use super::{Claim, Done, Tables};
use crate::ScheduleId;
use crate::record::{
    ClaimSchedules, Conflict, Paused, Put, PutSchedule, Quarantine, Remove, Resume, Resumed,
    Schedule,
};

impl<T: Tables> Work<T> {
    /// Puts schedules.
    pub(super) async fn put_schedules(&mut self, puts: &[PutSchedule]) -> Done<Vec<Put>> {
        self.lock(puts.iter().map(|put| put.spec.id.clone()).collect()).await?;
        let (mut new, mut changed) = (BTreeSet::new(), BTreeSet::new());
        let mut answers = Vec::with_capacity(puts.len());
        let mut config = None;
        for put in puts {
            let id = &put.spec.id;
            let answer = self.decide_put(put);
            match answer {
                Put::Created => {
                    let config = match config {
                        Some(known) => known,
                        None => *config.insert(self.tables.config_revision().await?),
                    };
                    let now = self.now();
                    let PutSchedule { spec, next, .. } = put.clone();
                    self.set_schedule(Schedule::created(spec, next, config, now));
                    new.insert(id.clone());
                }
                Put::Replaced => {
                    self.replace(put);
                    if !new.contains(id) {
                        changed.insert(id.clone());
                    }
                }
                _ => {}
            }
            answers.push(answer);
        }
        self.write_all(new, changed).await?;
        Ok(answers)
    }

    fn decide_put(&self, put: &PutSchedule) -> Put {
        let PutSchedule { spec, conflict, .. } = put;
        let Some(found) = self.found(&spec.id) else { return Put::Created };
        // A source that cannot be read owns nothing, so that putting the schedule again heals it.
        if found.source.as_ref().is_some_and(|source| *source != spec.source) {
            return Put::OtherSource;
        }
        if let Ok(old) = &found.schedule
            && old.spec == *spec
            && old.quarantine.is_none()
        {
            return Put::Unchanged;
        }
        match conflict {
            Conflict::Reject => Put::Rejected,
            Conflict::Keep => Put::Kept,
            Conflict::Replace => Put::Replaced,
        }
    }

    fn replace(&mut self, put: &PutSchedule) {
        let now = self.now();
        let PutSchedule { spec, next, .. } = put.clone();
        let Some(found) = self.found(&spec.id) else { return };
        let schedule = match &found.schedule {
            Ok(old) => old.replaced(spec, next, now),
            // Whatever the old row says is not to be trusted, except for its revision: an advance
            // that is under way must find itself stale.
            Err(_) => Schedule {
                spec,
                revision: found.revision.after_put(),
                next,
                last_fire_at: None,
                fired: 0,
                failures: 0,
                pause: None,
                quarantine: None,
            },
        };
        self.set_schedule(schedule);
    }

    async fn write_all(
        &mut self,
        new: BTreeSet<ScheduleId>,
        changed: BTreeSet<ScheduleId>,
    ) -> Done<()> {
        self.changes_config(!new.is_empty() || !changed.is_empty());
        let (created, replaced) = (self.all_of(&new), self.all_of(&changed));
        if !created.is_empty() {
            self.tables.insert_schedules(&created).await?;
        }
        if !replaced.is_empty() {
            self.tables.replace_schedules(&replaced).await?;
        }
        // Jobs of a former schedule of the same name may be held, and nobody would tell when they
        // may go.
        let all = created.iter().chain(&replaced);
        let allowing = all.filter(|schedule| schedule.spec.policies.overlap == Overlap::Allow);
        let allowing = allowing.map(|schedule| schedule.spec.id.clone()).collect();
        self.free_all(allowing).await
    }

    fn all_of(&self, ids: &BTreeSet<ScheduleId>) -> Vec<Schedule> {
        ids.iter().filter_map(|id| self.schedule(id).cloned()).collect()
    }

    /// Removes schedules and returns the names of those that were there.
    pub(super) async fn remove_schedules(&mut self, remove: &Remove<'_>) -> Done<Vec<ScheduleId>> {
        let removed = self.tables.remove_schedules(remove).await?;
        self.changes_config(!removed.is_empty());
        Ok(removed)
    }

    /// Shares out schedules that come due.
    pub(super) async fn claim_schedules(&mut self, claim: &ClaimSchedules) -> Done<Vec<Schedule>> {
        let mut claimed = Vec::new();
        loop {
            let open = claim.max.saturating_sub(u32::try_from(claimed.len()).unwrap_or(u32::MAX));
            if open == 0 {
                return Ok(claimed);
            }
            let mut damaged = Vec::new();
            for row in self.tables.claim_schedules(claim, open).await? {
                match row {
                    Ok(schedule) => claimed.push(schedule),
                    Err(row) => damaged.push(row),
                }
            }
            // Rows that were set aside leave room for others.
            if damaged.is_empty() {
                return Ok(claimed);
            }
            self.tables.set_aside(&damaged).await?;
            self.changes_config(true);
        }
    }

    /// Tells schedules to stop firing. One that cannot be read does not fire, and counts as
    /// missing: what would be written down about it could not be read either.
    pub(super) async fn pause(&mut self, ids: &[ScheduleId]) -> Done<Vec<Paused>> {
        self.lock(ids.to_vec()).await?;
        let now = self.now();
        let mut stopped = Vec::new();
        let mut answers = Vec::with_capacity(ids.len());
        for id in ids {
            let done = self.schedule_mut(id).map(|one| one.stop(PauseReason::Person, now));
            if done == Some(true) {
                stopped.push((id.clone(), Claim::GivenUp));
            }
            answers.push(match done {
                None => Paused::Missing,
                Some(true) => Paused::Done,
                Some(false) => Paused::Already,
            });
        }
        self.changes_config(!stopped.is_empty());
        self.update(&stopped).await?;
        Ok(answers)
    }

    /// Lets paused schedules fire again.
    pub(super) async fn resume(&mut self, resumes: &[Resume]) -> Done<Vec<Resumed>> {
        self.lock(resumes.iter().map(|resume| resume.schedule.clone()).collect()).await?;
        let (mut resumed, mut skips) = (Vec::new(), Vec::new());
        let mut answers = Vec::with_capacity(resumes.len());
        for resume in resumes {
            let id = &resume.schedule;
            answers.push(match self.schedule_mut(id) {
                Some(schedule) if schedule.revision == resume.revision => {
                    if schedule.spec.paused || !schedule.resume(resume.next) {
                        Resumed::Unchanged
                    } else {
                        resumed.push((id.clone(), Claim::GivenUp));
                        skips.extend(resume.skip.map(|skip| (id.clone(), skip)));
                        Resumed::Done
                    }
                }
                _ => Resumed::Stale,
            });
        }
        self.changes_config(!resumed.is_empty());
        if !skips.is_empty() {
            self.tables.note_skips(&skips).await?;
        }
        self.update(&resumed).await?;
        Ok(answers)
    }

    /// Takes schedules out of service.
    pub(super) async fn quarantine(&mut self, quarantines: &[Quarantine]) -> Done<()> {
        let changed = self.tables.quarantine(quarantines).await?;
        self.changes_config(changed);
        Ok(())
    }
}
