//! What becomes of a ledger when the clock that it is judged by is set.
//!
//! A server's store has a clock that is right. A device learns the time long after it has started,
//! and then hears that it was wrong: what it has been waiting for must neither happen at once nor
//! years later.

use super::Ledger;
use crate::domain::Domain;
use crate::job::JobState;
use crate::note::Note;
use crate::room::Room;
use crate::schedule::{Next, Pause, Schedule};
use crate::time::{Span, Timestamp};

impl<D: Domain, S: Room, T: Room, J: Room, K: Room> Ledger<D, S, T, J, K> {
    /// The clock shows `by` more than it would have, or less: it is `now`.
    ///
    /// What jobs wait for, they wait for as long as before: leases, start deadlines and the waits
    /// before retries move along, and so do keys that are held for a while. Where the cursor of a
    /// schedule stands from now on is for `next` to say, as only its owner knows whether it means
    /// a place on the wall clock. All claims on schedules are given up, so that planners look
    /// again.
    ///
    /// What was noted under a clock that was ahead happened now at the latest: the last fires of
    /// schedules, the beginnings of their pauses, and when jobs were written. Otherwise whoever
    /// takes the time from the last moment that a ledger knows of would find the wrong one again.
    pub fn clock_moved(
        &mut self,
        by: Span,
        now: Timestamp,
        mut next: impl FnMut(&Schedule<D>) -> Next,
    ) {
        for slot in 0..self.schedules.capacity() {
            let Some(row) = self.schedules.get_mut(slot) else { continue };
            row.claim = None;
            let next = next(&row.schedule);
            correct(&mut row.schedule, now);
            if next != row.schedule.cursor() {
                row.schedule.next = next.keep();
                row.schedule.revision = row.schedule.revision.after_put();
            }
            self.requeue(slot);
        }
        if by < Span::ZERO {
            // More than cursors may have changed: whoever keeps rows takes it for an edit.
            self.config_revision = self.config_revision.next();
        }
        // All waiting jobs of a lane move by the same span, which leaves their order as it is.
        for slot in 0..self.jobs.capacity() {
            let Some(row) = self.jobs.get_mut(slot) else { continue };
            row.job.created_at = D::Note::of(row.job.created_at.value().min(now));
            row.job.start_by = row.job.start_by.map(|at| at + by);
            match &mut row.job.state {
                JobState::Held { ready_at } | JobState::Waiting { ready_at } => {
                    *ready_at = *ready_at + by;
                }
                JobState::Leased { lease, .. } => {
                    lease.until = D::Note::of(lease.until.value() + by);
                }
                JobState::Settled { .. } => {}
            }
            self.requeue_job(slot);
        }
        self.move_keys(by);
    }

    /// Claims for `node` all schedules that are meant, whoever has them, until the clock is
    /// [moved](Self::clock_moved) or they are put, paused or resumed. A device that does not know
    /// the time yet holds like this what depends on it.
    pub fn hold_schedules(
        &mut self,
        node: &D::NodeId,
        mut meant: impl FnMut(&Schedule<D>) -> bool,
    ) {
        for slot in 0..self.schedules.capacity() {
            let Some(row) = self.schedules.get_mut(slot) else { continue };
            if meant(&row.schedule) {
                row.claim = Some((node.clone(), D::Note::of(Timestamp::MAX)));
                self.requeue(slot);
            }
        }
    }
}

/// Lets nothing that was noted of a schedule be later than now.
fn correct<D: Domain>(schedule: &mut Schedule<D>, now: Timestamp) {
    let last_fire_at = schedule.last_fire_at.value();
    schedule.last_fire_at = D::Note::of(last_fire_at.map(|at| at.min(now)));
    schedule.pause = schedule.pause.map(|pause| {
        let since = D::Note::of(pause.since.value().min(now));
        Pause { since, ..pause }
    });
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::vec::Vec;

    use super::*;
    use crate::dice::Dice;
    use crate::domain::tests::Numbers;
    use crate::id::Token;
    use crate::room::Inline;
    use crate::schedule::{Policies, Spec};
    use crate::verb::{
        Advance, Advanced, ClaimJobs, ClaimSchedules, Conflict, Enqueue, Enqueued, Put,
        PutSchedule, Rescue,
    };

    type Small = Ledger<Numbers, Inline<2>, Inline<2>, Inline<4>>;

    const YEAR: Span = Span::from_days(365);

    fn at(secs: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + Span::from_secs(secs)
    }

    fn with_schedules() -> Small {
        let mut ledger = Small::new(Inline, Inline, Inline);
        for id in [1, 2] {
            let put = PutSchedule {
                spec: Spec::new(id, 7, 0, 0, 0),
                next: Next::At(at(60)),
                conflict: Conflict::Reject,
            };
            assert!(matches!(ledger.put_schedule(put, at(0)), Ok(Put::Created)));
        }
        ledger
    }

    fn claimed(ledger: &mut Small, now: Timestamp) -> Vec<u16> {
        let claim =
            ClaimSchedules { node: 0, within: Span::ZERO, claim_for: Span::from_secs(5), max: 9 };
        let mut ids = Vec::new();
        ledger.claim_schedules(&claim, now, |schedule| ids.push(schedule.spec().id));
        ids.sort_unstable();
        ids
    }

    #[test]
    fn jobs_wait_as_long_as_before() {
        let mut ledger = Small::new(Inline, Inline, Inline);
        let start_by = Some(at(20));
        let soon = Enqueue { ready_at: Some(at(10)), start_by, ..Enqueue::new(1, 7, 0) };
        assert!(matches!(ledger.enqueue(soon, at(0), &mut ()), Ok(Enqueued::Inserted)));
        assert!(ledger.enqueue(Enqueue::new(2, 7, 0), at(0), &mut ()).is_ok());
        let lease_for = Span::from_secs(15);
        let claim = ClaimJobs { node: 0, tasks: &[7], tags: &0, lease_for, max: 9 };
        let mut got = Vec::new();
        ledger.claim_jobs(&claim, at(0), |job| got.push((job.id, job.token)));
        assert_eq!(got, [(2, Token::new(1))]);
        ledger.clock_moved(YEAR, at(0) + YEAR, |schedule| schedule.next);
        let pulse = ledger.pulse(at(1) + YEAR);
        assert_eq!(pulse.next_ready_at, Some(at(10) + YEAR));
        assert_eq!(pulse.next_lapse_at, Some(at(15) + YEAR));
        ledger.rescue(&Rescue::Lapsed, 9, at(14) + YEAR, &mut ());
        assert_eq!(ledger.jobs().count(), 2, "nothing has lapsed");
        ledger.claim_jobs(&claim, at(10) + YEAR, |job| got.push((job.id, job.token)));
        assert_eq!(got.last(), Some(&(1, Token::new(1))));
    }

    #[test]
    fn a_cursor_goes_where_its_owner_says_and_old_decisions_are_stale() {
        let mut ledger = with_schedules();
        assert_eq!(claimed(&mut ledger, at(60)), [1, 2]);
        let revision = |ledger: &Small, id| ledger.schedule(&id).map(|one| one.revision);
        let before = [revision(&ledger, 1), revision(&ledger, 2)];
        ledger.clock_moved(YEAR, at(0) + YEAR, |schedule| match schedule.spec().id {
            1 => Next::At(at(60) + YEAR),
            _ => schedule.next,
        });
        assert_ne!(revision(&ledger, 1), before[0]);
        assert_eq!(revision(&ledger, 2), before[1], "nothing has changed for it");
        // Claims are gone: who looks now finds what is due by the new clock.
        assert_eq!(claimed(&mut ledger, at(59) + YEAR), [2]);
        assert_eq!(claimed(&mut ledger, at(60) + YEAR), [1]);
    }

    #[test]
    fn what_is_held_is_not_due_until_the_clock_is_set() {
        let mut ledger = with_schedules();
        ledger.hold_schedules(&9, |schedule| schedule.spec().id == 1);
        assert_eq!(claimed(&mut ledger, at(100)), [2]);
        assert_eq!(claimed(&mut ledger, at(100) + YEAR), [2]);
        ledger.clock_moved(Span::ZERO, at(100), |schedule| schedule.next);
        assert_eq!(claimed(&mut ledger, at(100)), [1, 2]);
    }

    #[test]
    fn nothing_was_noted_later_than_the_clock_shows() {
        let mut ledger = with_schedules();
        let wrong = at(100) + YEAR;
        let revision = ledger.schedule(&1).expect("it was put").revision;
        let to = (wrong, Next::At(wrong + Span::from_secs(60)));
        let dice = &mut Dice::seeded(0);
        let advance = Advance::only((&1, revision), &Policies::DEFAULT, to, None, dice);
        let done = ledger.advance(&advance, wrong, &mut ());
        assert!(matches!(done, Advanced::Done { inserted: 1, .. }), "{done:?}");
        ledger.pause(&2, wrong);
        let noted = |ledger: &Small| {
            let fired = ledger.schedule(&1).and_then(|row| row.last_fire_at);
            let paused = ledger.schedule(&2).and_then(|row| row.pause).map(|pause| pause.since);
            let written = ledger.jobs().map(|job| job.created_at).max();
            [fired, paused, written]
        };
        assert_eq!(noted(&ledger), [Some(wrong); 3]);
        let edits = |ledger: &Small| {
            let revision = |id| ledger.schedule(&id).map(|row| row.revision);
            (revision(1), revision(2), ledger.config_revision())
        };
        let before = edits(&ledger);
        ledger.clock_moved(Span::ZERO, wrong, |schedule| schedule.next);
        assert_eq!(noted(&ledger), [Some(wrong); 3]);
        assert_eq!(edits(&ledger), before, "nothing has changed");
        let now = at(200);
        ledger.clock_moved(now.since(wrong), now, |schedule| schedule.next);
        assert_eq!(noted(&ledger), [Some(now); 3]);
        let after = edits(&ledger);
        assert_eq!((after.0, after.1), (before.0, before.1), "no decision rests on it");
        assert_ne!(after.2, before.2);
    }
}
