//! A device whose schedules are part of its program, without a pump: one verb of the ledger after
//! the other, as a script says.

use std::fmt::Debug;

use embassy_futures::block_on;
use mainspring_core::dice::Dice;
use mainspring_core::domain::Origin;
use mainspring_core::fire;
use mainspring_core::job::JobState;
use mainspring_core::note::Notable;
use mainspring_core::offer::Offer;
use mainspring_core::outcome::Outcome;
use mainspring_core::overlap::Overlap;
use mainspring_core::retry::Cause;
use mainspring_core::schedule::{Next, PauseReason, Policies, Schedule, Spec};
use mainspring_core::time::{Span, Timestamp};
use mainspring_core::trigger::At;
use mainspring_core::verb::{
    Advance, Advanced, ClaimJobs, Conflict, Ended, PutSchedule, Remove, Resume, Retry, Settle,
    Written,
};
use mainspring_embassy::cursors::{CursorJournal, Interrupted, Options};
use mainspring_embassy::domain::{Device, Kind};
use mainspring_embassy::engine::DeviceLedger;
use mainspring_embassy::fixed::{Fixed, InProgram};
use mainspring_embassy::journal::{Journal, Restored};
use mainspring_embassy::name::Name;
use mainspring_embassy::timing::Fires;

use crate::device::wall;
use crate::nor::Nor;

/// Whatever there is, with schedules that are part of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Rich;

impl Kind for Rich {
    type Fires = Fires;
    type Payload = u32;
    type Fired<T: Clone + Debug + PartialEq> = fire::Several<T>;
    type Skips<T: Clone + Debug + PartialEq> = fire::Skips<T>;
    type Chains<J: mainspring_core::room::Room> = J;
    type Cursor = Next;
    type Note<T: Notable> = T;
    const OFFER: Offer = Offer::EVERYTHING;
}

pub(crate) type Here = Fixed<Rich>;
pub(crate) type Store = DeviceLedger<Here, 8, 2, 16>;
pub(crate) type Kept<const PAGE: usize, const WORD: usize> =
    CursorJournal<Rich, Nor<PAGE, WORD>, 7>;

const TASK: Name = Name::of("task");

const fn spec(name: &str, fires: Fires, policies: Policies) -> Spec<Here> {
    Spec { policies, ..Fixed::spec(Name::of(name), TASK, fires) }
}

/// Twenty seconds pass from step to step.
pub(crate) static SCHEDULES: [Spec<Here>; 7] = [
    spec("beat", Fires::every_secs(30), Policies::DEFAULT),
    spec("slow", Fires::every_secs(170), Policies::DEFAULT),
    spec("minute", Fires::cron("* * * * *", "UTC0"), Policies::DEFAULT),
    spec("once", Fires::At(At(ONCE)), Policies::DEFAULT),
    spec(
        "after",
        Fires::every_secs(60),
        Policies { after_run: Some(Span::from_secs(50)), ..Policies::DEFAULT },
    ),
    spec("few", Fires::every_secs(90), Policies { limit: Some(9), ..Policies::DEFAULT }),
    spec(
        "queue",
        Fires::every_secs(40),
        Policies { overlap: Overlap::Queue, max_failures: Some(2), ..Policies::DEFAULT },
    ),
];

/// A beat that is another one.
pub(crate) static OTHER: Spec<Here> = spec("beat", Fires::every_secs(45), Policies::DEFAULT);

const ONCE: Timestamp = match Timestamp::from_secs(20_000 * 86_400 + 700) {
    Some(at) => at,
    None => panic!("far away"),
};

pub(crate) fn journal<const PAGE: usize, const WORD: usize>(
    flash: Nor<PAGE, WORD>,
    options: Options,
) -> Kept<PAGE, WORD> {
    let range = flash.range();
    CursorJournal::new(flash, range, &SCHEDULES, options).expect("a flash of even pages")
}

/// Which fires of a schedule are to run after a loss of power: from the first on; and whether it is
/// paused.
pub(crate) type Owed = Option<(Option<Timestamp>, Option<PauseReason>)>;

/// What must be the same after a loss of power, schedule by schedule.
pub(crate) fn owed(ledger: &Store, interrupted: Interrupted) -> [Owed; 7] {
    SCHEDULES.each_ref().map(|spec| {
        let row = ledger.schedule(&spec.id).filter(|row| row.spec == InProgram(spec))?;
        let open = open(ledger).into_iter().filter(|(schedule, _)| *schedule == spec.id);
        let first = open.map(|(_, at)| at).min().filter(|_| interrupted == Interrupted::RunsAgain);
        let delay = spec.policies.after_run.unwrap_or(Span::ZERO);
        let next = match row.next {
            Next::AfterRun => row.last_fire_at.map(|at| at + delay),
            next => next.at(),
        };
        let next = next.into_iter().chain(first).min();
        Some((next, row.pause.map(|pause| pause.reason)))
    })
}

/// Fires whose jobs are not over.
pub(crate) fn open(ledger: &Store) -> Vec<Fire> {
    let fires = ledger.jobs().filter(|job| job.origin == Origin::Fire);
    let fires = fires.filter(|job| !matches!(job.state, JobState::Settled { .. }));
    fires.filter_map(|job| Some((job.schedule?, job.fire_at?))).collect()
}

/// A device that has just got its power back: what its journal has, and then what its program
/// brings along.
pub(crate) fn boot<const PAGE: usize, const WORD: usize>(
    flash: Nor<PAGE, WORD>,
    options: Options,
) -> (Store, Kept<PAGE, WORD>, Restored) {
    let mut ledger = Store::EMPTY;
    let mut journal = journal(flash, options);
    let restored = block_on(journal.restore(&mut ledger)).expect("a device starts");
    (ledger, journal, restored)
}

/// What came of a step for jobs, beside the ledger.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// These were claimed, so that they would start.
    pub(crate) started: Vec<Fire>,
    /// These are over.
    pub(crate) settled: Vec<Fire>,
}

/// A fire of a schedule.
pub(crate) type Fire = (Name, Timestamp);

/// One step of the script: it depends on its number and the ledger only.
pub(crate) fn step(ledger: &mut Store, number: u32) -> Seen {
    let now = wall(number);
    let mut seen = Seen::default();
    match number % 8 {
        0 if number == 0 => put_all(ledger, now),
        0 | 3 | 5 => plan(ledger, now),
        1 | 4 | 6 => claim(ledger, now, &mut seen),
        2 => finish(ledger, number, now, &mut seen),
        _ => {
            edit(ledger, number / 8, now);
            finish(ledger, number, now, &mut seen);
        }
    }
    seen
}

/// What the program does after each start.
pub(crate) fn put_all(ledger: &mut Store, now: Timestamp) {
    for spec in &SCHEDULES {
        put(ledger, spec, now);
    }
}

pub(crate) fn put(ledger: &mut Store, spec: &'static Spec<Here>, now: Timestamp) {
    let next = Here::first(&spec.trigger, now).into();
    let put = PutSchedule { spec: InProgram(spec), next, conflict: Conflict::Replace };
    assert!(ledger.put_schedule(put, now).is_ok(), "there is room");
}

/// Plans every schedule that is due.
pub(crate) fn plan(ledger: &mut Store, now: Timestamp) {
    for slot in 0..ledger.slots().0 {
        let Some(schedule) = ledger.schedule_at(slot) else { continue };
        let Some(next) = schedule.due() else { continue };
        let (policies, plan) = (schedule.policies(), Here::plan(&schedule.spec, next));
        let Some(due) = fire::due(&plan, next, now, &policies) else { continue };
        let (id, revision) = (&schedule.spec().id, schedule.revision);
        let advance = Advance::decided(id, revision, &policies, due, &mut Dice::seeded(1));
        let done = ledger.advance(&advance, now, &mut ());
        assert!(!matches!(done, Advanced::Stale), "nobody else plans");
    }
}

/// Takes three jobs.
pub(crate) fn claim(ledger: &mut Store, now: Timestamp, seen: &mut Seen) {
    let lease_for = Span::from_mins(30);
    let claim = ClaimJobs { node: (), tasks: &[TASK], tags: &(), lease_for, max: 3 };
    ledger.claim_jobs(&claim, now, |job| {
        seen.started.extend(job.schedule.zip(job.fire_at));
    });
}

/// Ends every run; some fail at first.
pub(crate) fn finish(ledger: &mut Store, number: u32, now: Timestamp, seen: &mut Seen) {
    for slot in 0..ledger.slots().1 {
        let Some(job) = ledger.job_at(slot) else { continue };
        if !matches!(job.state, JobState::Leased { .. }) {
            continue;
        }
        let dice = number.wrapping_mul(7).wrapping_add(job.schedule.map_or(0, Name::number));
        let fails = job.counts.failures == 0 && dice.is_multiple_of(3);
        let outcome = if fails { Outcome::Failed } else { Outcome::Succeeded };
        let ended = Ended { outcome, started_at: Some(now), finished_at: now, detail: None };
        let (fire, job, token) = (job.schedule.zip(job.fire_at), job.id, job.token);
        let done = if fails {
            let after = Span::from_secs(45);
            let retry = Retry { job, token, after, cause: Cause::Failure, ended };
            ledger.retry(&retry, now, &mut ())
        } else {
            seen.settled.extend(fire);
            ledger.settle(&Settle { job, token, ended }, now, &mut ())
        };
        assert_eq!(done, Written::Done, "the lease is not over");
    }
}

/// People change something.
fn edit(ledger: &mut Store, turn: u32, now: Timestamp) {
    let spec = &SCHEDULES[turn as usize % SCHEDULES.len()];
    match turn % 6 {
        0 | 3 => {
            ledger.pause(&spec.id, now);
        }
        1 | 4 => resume(ledger, now),
        2 => remove(ledger, spec.id),
        _ if turn % 12 == 5 => put(ledger, &OTHER, now),
        _ => put_all(ledger, now),
    }
}

pub(crate) fn remove(ledger: &mut Store, id: Name) {
    ledger.remove_schedules(&Remove::Named(&[id]), |_| ());
}

/// Every schedule that is paused goes on.
fn resume(ledger: &mut Store, now: Timestamp) {
    let paused = |row: &Schedule<Here>| row.is_paused();
    let rows: Vec<_> = ledger.schedules().map(|(row, _)| row.clone()).filter(paused).collect();
    for row in rows {
        let plan = Here::plan(&row.spec, row.next.at().unwrap_or(now));
        let at = (row.next, fire::Resume::At(now));
        let (next, skip) = fire::resumed(&plan, at.0, at.1, &row.policies());
        let resume = Resume { schedule: row.spec().id, revision: row.revision, next, skip };
        let _ = ledger.resume(&resume, &mut ());
    }
}
