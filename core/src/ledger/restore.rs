//! Rows as a journal writes them down and puts them back.
//!
//! None of this is a verb: nothing is judged, nobody is told, no other row changes.

use super::{Ledger, ScheduleRow};
use crate::domain::Domain;
use crate::id::ConfigRevision;
use crate::job::{Job, JobState};
use crate::number::Number;
use crate::room::Room;
use crate::schedule::Schedule;
use crate::table::Full;
use crate::time::Timestamp;

impl<D: Domain, S: Room, T: Room, J: Room, K: Room> Ledger<D, S, T, J, K> {
    /// Puts a schedule back as it was, in place of one of this name.
    ///
    /// # Errors
    /// [`Full`] with the schedule, if there is no room for it.
    pub fn restore_schedule(&mut self, schedule: Schedule<D>) -> Result<(), Full<Schedule<D>>> {
        let row = ScheduleRow { schedule, claim: None, aside: Number::NONE };
        let slot = if let Some(slot) = self.schedules.find(&row.schedule.spec().id)
            && let Some(there) = self.schedules.get_mut(slot)
        {
            *there = row;
            slot
        } else {
            self.schedules.insert(row).map_err(|Full(row)| Full(row.schedule))?
        };
        self.config_revision = self.config_revision.next();
        self.requeue(slot);
        Ok(())
    }

    /// Puts a job back as it was, in place of one of this name. One that is over is not put back,
    /// and a key that another job has is not taken from it.
    ///
    /// # Errors
    /// [`Full`] with the job, if there is no room for it, its task, its tags or its key.
    pub fn restore_job(&mut self, mut job: Job<D>) -> Result<(), Full<Job<D>>> {
        self.forget_job(&job.id);
        if matches!(job.state, JobState::Settled { .. }) {
            return Ok(());
        }
        let key = job.unique.as_ref().map(|unique| (job.task.clone(), unique.key.clone()));
        if let Some(key) = key {
            if self.keys.find(&key).is_some() {
                job.unique = None;
            } else if self.keys.len() == self.keys.capacity() {
                return Err(Full(job));
            }
        }
        let Ok(place) = self.place(&job.task, Some(&job.tags), 1, 0) else {
            return Err(Full(job));
        };
        let (id, leased) = (job.id.clone(), matches!(job.state, JobState::Leased { .. }));
        self.insert(place, job);
        self.leave_lane(place.lane);
        // A key that is held by waiting jobs only was left when this one was claimed.
        if leased && let Some(slot) = self.jobs.find(&id) {
            self.leave_key(slot, Timestamp::MIN);
        }
        Ok(())
    }

    /// Takes a job out as if it had never been; says whether it was there.
    pub fn forget_job(&mut self, id: &D::JobId) -> bool {
        let Some(slot) = self.jobs.find(id) else { return false };
        self.unlink(slot);
        if let Some(unique) = self.jobs.get(slot).and_then(|row| row.job.unique.clone())
            && let Some(task) = self.jobs.get(slot).map(|row| row.job.task.clone())
            && let Some(key) = self.keys.find(&(task, unique.key))
            && self.keys.get(key).is_some_and(|row| row.job() == id)
        {
            self.keys.remove(key);
        }
        self.leave_chain(slot);
        if let Some(row) = self.jobs.remove(slot) {
            self.leave_lane(row.lane());
        }
        true
    }

    /// The schedule in this slot. It stays there as long as it lives.
    pub fn schedule_at(&self, slot: usize) -> Option<&Schedule<D>> {
        self.schedules.get(slot).map(|row| &row.schedule)
    }

    /// The job in this slot. It stays there as long as it lives.
    pub fn job_at(&self, slot: usize) -> Option<&Job<D>> {
        self.jobs.get(slot).map(|row| &row.job)
    }

    /// How many slots there are for schedules and for jobs.
    pub fn slots(&self) -> (usize, usize) {
        (self.schedules.capacity(), self.jobs.capacity())
    }

    /// Rises whenever somebody changes a schedule or a task: not when one fires.
    pub const fn config_revision(&self) -> ConfigRevision {
        self.config_revision
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::vec::Vec;

    use super::*;
    use crate::domain::tests::Numbers;
    use crate::job::{Hold, Unique};
    use crate::room::Inline;
    use crate::time::Span;
    use crate::verb::{ClaimJobs, Conflict, Enqueue, Enqueued, Rescue, Run};

    type Small = Ledger<Numbers, Inline<2>, Inline<2>, Inline<3>>;

    fn at(secs: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + Span::from_secs(secs)
    }

    fn keyed(id: u64, key: u16, hold: Hold) -> Enqueue<Numbers> {
        let unique = Some((Unique { key, hold }, Conflict::Reject));
        Enqueue { unique, ..Enqueue::new(id, 1, 0) }
    }

    fn claim(ledger: &mut Small, now: Timestamp) -> Vec<u64> {
        let lease_for = Span::from_secs(15);
        let claim = ClaimJobs { node: 1, tasks: &[1], tags: &0, lease_for, max: 1 };
        let mut claimed = Vec::new();
        ledger.claim_jobs(&claim, now, |job| claimed.push(job.id));
        claimed
    }

    fn copy(ledger: &Small) -> Small {
        let mut other = Ledger::EMPTY;
        for job in ledger.jobs() {
            assert!(other.restore_job(job.clone()).is_ok());
        }
        other
    }

    #[test]
    fn a_restored_job_waits_runs_and_is_rescued_like_the_first() {
        let mut ledger = Small::EMPTY;
        let first = Enqueue::new(1, 1, 7);
        assert_eq!(ledger.enqueue(first, at(0), &mut ()), Ok(Enqueued::Inserted));
        let mut other = copy(&ledger);
        assert_eq!(claim(&mut other, at(1)), [1]);
        assert_eq!(claim(&mut ledger, at(1)), [1]);
        assert!(ledger.jobs().eq(other.jobs()));
        let mut again = copy(&other);
        again.rescue(&Rescue::HeldBy(1), 9, at(2), &mut ());
        let counts = again.jobs().map(|job| job.counts.rescues).collect::<Vec<_>>();
        assert_eq!(counts, [1]);
        assert_eq!(claim(&mut again, at(3)), [1]);
    }

    #[test]
    fn a_job_is_forgotten_without_a_trace() {
        let mut ledger = Small::EMPTY;
        let job = keyed(1, 5, Hold::Live);
        assert_eq!(ledger.enqueue(job.clone(), at(0), &mut ()), Ok(Enqueued::Inserted));
        assert_eq!((ledger.forget_job(&1), ledger.forget_job(&1)), (true, false));
        assert_eq!(claim(&mut ledger, at(1)), []);
        assert_eq!(ledger.enqueue(job, at(2), &mut ()), Ok(Enqueued::Inserted));
        assert_eq!(claim(&mut ledger, at(3)), [1]);
    }

    #[test]
    fn a_key_is_restored_with_the_job_that_has_it() {
        let mut ledger = Small::EMPTY;
        assert!(ledger.enqueue(keyed(1, 5, Hold::Live), at(0), &mut ()).is_ok());
        assert!(ledger.enqueue(keyed(2, 6, Hold::Waiting), at(0), &mut ()).is_ok());
        assert_eq!(claim(&mut ledger, at(1)), [1]);
        assert_eq!(claim(&mut ledger, at(1)), [2]);
        let mut other = copy(&ledger);
        let third = keyed(3, 5, Hold::Live);
        assert_eq!(other.enqueue(third, at(2), &mut ()), Ok(Enqueued::Rejected(1)));
        let fourth = keyed(4, 6, Hold::Live);
        assert_eq!(other.enqueue(fourth, at(2), &mut ()), Ok(Enqueued::Inserted));
        // A job that says it has a key which is taken goes without.
        let mut job = other.jobs().find(|job| job.id == 4).expect("it was queued").clone();
        job.id = 5;
        assert_eq!((other.forget_job(&2), other.restore_job(job)), (true, Ok(())));
        assert!(other.jobs().any(|job| job.id == 5 && job.unique.is_none()));
    }

    #[test]
    fn what_does_not_fit_comes_back() {
        let mut ledger = Small::EMPTY;
        for id in 1..=3 {
            assert!(ledger.enqueue(Enqueue::new(id, 1, 0), at(0), &mut ()).is_ok());
        }
        let job = Job { id: 4, ..ledger.job_at(0).expect("three are there").clone() };
        assert_eq!(ledger.restore_job(job.clone()), Err(Full(job.clone())));
        // One that is there makes room for itself.
        assert_eq!(ledger.restore_job(Job { id: 3, ..job }), Ok(()));
        assert_eq!((ledger.slots(), ledger.jobs().count()), ((2, 3), 3));
    }

    #[test]
    fn nobody_hears_of_a_job_that_is_forgotten() {
        struct Deaf;
        impl crate::verb::History<Numbers> for Deaf {
            fn run(&mut self, run: Run<Numbers>) {
                panic!("{run:?}");
            }
            fn skip(&mut self, _: &u16, _: crate::fire::Skip) {}
            fn is_settled(&self, _: &u64) -> bool {
                false
            }
            fn ended(
                &self,
                _: &u64,
                _: crate::id::Token,
            ) -> Option<(crate::outcome::Outcome, bool)> {
                None
            }
        }
        let mut ledger = Small::EMPTY;
        assert!(ledger.enqueue(Enqueue::new(1, 1, 0), at(0), &mut Deaf).is_ok());
        assert!(ledger.forget_job(&1));
        ledger.rescue(&Rescue::Lapsed, 9, at(99), &mut Deaf);
        assert_eq!(ledger.jobs().count(), 0);
    }
}
