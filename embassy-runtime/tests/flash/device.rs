//! A device without a pump: one verb of the ledger after the other, as a script says.

use mainspring_core::dice::Dice;
use mainspring_core::domain::{Domain, Origin};
use mainspring_core::fire;
use mainspring_core::job::{Job, JobState};
use mainspring_core::ledger::Ledger;
use mainspring_core::outcome::Outcome;
use mainspring_core::overlap::Overlap;
use mainspring_core::retry::Cause;
use mainspring_core::room::Inline;
use mainspring_core::schedule::{Policies, Schedule, Spec};
use mainspring_core::settings::{Settings, Terms};
use mainspring_core::time::{Mono, Span, Timestamp};
use mainspring_core::trigger::{Every, Trigger};
use mainspring_core::verb::{
    Advance, Advanced, ClaimJobs, Conflict, Ended, Enqueue, Extra, PutSchedule, Remove, Rescue,
    Resume, Retry, Settle, Written,
};
use mainspring_embassy::flash::{FlashJournal, Options};

use crate::nor::Nor;

/// Numbers for everything, all of which can be read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Numbers;

impl Domain for Numbers {
    type ScheduleId = u16;
    type TaskId = u8;
    type JobId = (u16, u64);
    type NodeId = u8;
    type Source = u8;
    /// Seconds between fires.
    type Trigger = u32;
    type Payload = u32;
    type Detail = ();
    type Text = u8;
    type Exclusions = ();
    type Key = u8;
    type Tags = ();
    type Held<T: Clone + core::fmt::Debug + PartialEq + 'static> = T;
    type Settings = Settings;
    type Terms = Terms;
    type Fires<T: Clone + core::fmt::Debug + PartialEq> = fire::Several<T>;
    type Skips<T: Clone + core::fmt::Debug + PartialEq> = fire::Skips<T>;
    type Chains<J: mainspring_core::room::Room> = J;
    type Cursor = mainspring_core::schedule::Next;
    type Note<T: mainspring_core::note::Notable> = T;

    fn fire_job(schedule: &u16, at: Timestamp, origin: Origin) -> (u16, u64) {
        (*schedule, at.as_micros().unsigned_abs() << 2 | u64::from(origin.code()))
    }

    fn spread(schedule: &u16) -> u64 {
        u64::from(*schedule) << 48
    }

    fn covers((): &(), (): &()) -> bool {
        true
    }
}

pub(crate) const SCHEDULES: usize = 6;
pub(crate) const JOBS: usize = 8;

/// The ledger of the device.
pub(crate) type Store = Ledger<Numbers, Inline<SCHEDULES>, Inline<4>, Inline<JOBS>>;

/// Its journal.
pub(crate) type Kept<const PAGE: usize, const WORD: usize> =
    FlashJournal<Numbers, Nor<PAGE, WORD>, SCHEDULES, JOBS, 160>;

/// A journal in all of a flash.
pub(crate) fn journal<const PAGE: usize, const WORD: usize>(
    flash: Nor<PAGE, WORD>,
    options: Options,
) -> Kept<PAGE, WORD> {
    let range = flash.range();
    FlashJournal::new(flash, range, options).expect("a flash of even pages")
}

/// All that must be the same after a loss of power.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct State {
    schedules: Vec<Schedule<Numbers>>,
    jobs: Vec<Job<Numbers>>,
}

impl State {
    /// That of this ledger. Until when a lease lasts is not kept: it is lost with the power.
    pub(crate) fn of(ledger: &Store) -> Self {
        let mut schedules: Vec<_> = ledger.schedules().map(|(row, _)| row.clone()).collect();
        let mut jobs: Vec<_> = ledger.jobs().cloned().collect();
        schedules.sort_by_key(|schedule| schedule.spec.id);
        jobs.sort_by_key(|job| job.id);
        for job in &mut jobs {
            if let JobState::Leased { lease, .. } = &mut job.state {
                lease.until = Timestamp::UNIX_EPOCH;
            }
        }
        Self { schedules, jobs }
    }

    /// How many schedules and jobs.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.schedules.len(), self.jobs.len())
    }
}

/// When a step of the script happens.
pub(crate) fn wall(step: u32) -> Timestamp {
    Timestamp::UNIX_EPOCH + Span::from_days(20_000) + Span::from_secs(20 * i64::from(step))
}

/// The same on the other clock.
pub(crate) fn mono(step: u32) -> Mono {
    Mono::ZERO + Span::from_secs(20 * i64::from(step))
}

const NODE: u8 = 1;

/// What came of a step for jobs, beside the ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// These were claimed, so that they would start.
    pub(crate) started: Vec<(u16, u64)>,
    /// These are over.
    pub(crate) settled: Vec<(u16, u64)>,
}

/// One step of the script: it depends on its number and the ledger only.
pub(crate) fn step(ledger: &mut Store, number: u32) -> Seen {
    let now = wall(number);
    let mut seen = Seen::default();
    match number % 12 {
        0 | 3 | 6 | 9 => plan(ledger, now),
        1 | 4 | 7 | 10 => claim(ledger, now, &mut seen),
        2 | 5 | 8 => finish(ledger, number, now, &mut seen),
        _ => edit(ledger, number / 12, now),
    }
    seen
}

/// The power is back: what ran is lost.
pub(crate) fn restart(ledger: &mut Store, number: u32) {
    ledger.rescue(&Rescue::HeldBy(NODE), 99, wall(number), &mut ());
}

/// Plans every schedule that is due.
pub(crate) fn plan(ledger: &mut Store, now: Timestamp) {
    for slot in 0..SCHEDULES {
        let Some(schedule) = ledger.schedule_at(slot) else { continue };
        let Some(next) = schedule.due() else { continue };
        let policies = schedule.policies();
        let Some(due) = fire::due(&plan_of(schedule), next, now, &policies) else { continue };
        let (id, revision) = (&schedule.spec.id, schedule.revision);
        let advance = Advance::decided(id, revision, &policies, due, &mut Dice::seeded(1));
        let done = ledger.advance(&advance, now, &mut ());
        assert!(!matches!(done, Advanced::Stale), "nobody else plans");
    }
}

/// The trigger of a schedule.
pub(crate) fn plan_of(schedule: &Schedule<Numbers>) -> Every {
    every(schedule.spec.trigger)
}

pub(crate) fn every(seconds: u32) -> Every {
    Every::new(Span::from_secs(i64::from(seconds)), wall(0)).expect("positive")
}

/// Takes two jobs.
pub(crate) fn claim(ledger: &mut Store, now: Timestamp, seen: &mut Seen) {
    let lease_for = Span::from_mins(30);
    let claim = ClaimJobs { node: NODE, tasks: &[1, 2], tags: &(), lease_for, max: 2 };
    ledger.claim_jobs(&claim, now, |job| seen.started.push(job.id));
}

/// Ends every run; some fail at first.
pub(crate) fn finish(ledger: &mut Store, number: u32, now: Timestamp, seen: &mut Seen) {
    for slot in 0..JOBS {
        let Some(job) = ledger.job_at(slot) else { continue };
        if !matches!(job.state, JobState::Leased { .. }) {
            continue;
        }
        let fails = job.counts.failures == 0 && (number + u32::from(job.id.0)).is_multiple_of(4);
        let outcome = if fails { Outcome::Failed } else { Outcome::Succeeded };
        let ended = Ended { outcome, started_at: Some(now), finished_at: now, detail: None };
        let (job, token) = (job.id, job.token);
        let done = if fails {
            let after = Span::from_secs(45);
            let retry = Retry { job, token, after, cause: Cause::Failure, ended };
            ledger.retry(&retry, now, &mut ())
        } else {
            seen.settled.push(job);
            ledger.settle(&Settle { job, token, ended }, now, &mut ())
        };
        assert_eq!(done, Written::Done, "the lease is not over");
    }
}

/// People change something.
fn edit(ledger: &mut Store, turn: u32, now: Timestamp) {
    let id = u16::try_from(turn % 5).expect("small");
    match turn % 7 {
        0 | 1 | 4 => put(ledger, id, turn, now),
        2 => {
            ledger.pause(&id, now);
        }
        3 => {
            let paused: Vec<_> = ledger.schedules().map(|(row, _)| row.clone()).collect();
            for row in paused.iter().filter(|row| row.is_paused()) {
                let point = fire::Resume::At(now);
                let policies = row.policies();
                let (next, skip) = fire::resumed(&plan_of(row), row.next, point, &policies);
                let resume = Resume { schedule: row.spec.id, revision: row.revision, next, skip };
                let _ = ledger.resume(&resume, &mut ());
            }
        }
        5 => ledger.remove_schedules(&Remove::Named(&[id]), |_| ()),
        _ => {
            let origin = Origin::Manual;
            let job = Numbers::fire_job(&id, now, origin);
            let extra = Some(Extra { schedule: id, at: now, origin });
            let _ = ledger.enqueue(Enqueue { extra, ..Enqueue::new(job, 1, 7) }, now, &mut ());
            let waiting = |job: &&Job<Numbers>| matches!(job.state, JobState::Waiting { .. });
            let first = ledger.jobs().find(waiting).map(|job| job.id);
            if let Some(job) = first {
                ledger.cancel(&job, now, &mut ());
            }
        }
    }
}

/// Puts a schedule whose trigger and policies depend on the turn.
pub(crate) fn put(ledger: &mut Store, id: u16, turn: u32, now: Timestamp) {
    let trigger = 30 + turn % 4 * 25;
    let policies = Policies {
        overlap: Overlap::ALL[(turn as usize + usize::from(id)) % 4],
        after_run: (turn % 3 == 1).then_some(Span::from_secs(70)),
        max_failures: (turn % 4 == 2).then_some(2),
        limit: (turn % 5 == 4).then_some(30),
        ..Policies::DEFAULT
    };
    let task = 1 + u8::try_from(turn % 2).expect("small");
    let next = every(trigger).next_after(now).into();
    let spec = Spec { policies, ..Spec::new(id, task, 0, trigger, turn) };
    let put = PutSchedule { spec, next, conflict: Conflict::Replace };
    let _ = ledger.put_schedule(put, now);
}
