//! The engine of a device: ledger, planner, worker and clock, and what each asks of the others.
//!
//! Nothing here waits. The pump tells what happened, asks for the next piece of [`Work`] until
//! there is none, and then waits until [`deadline`](Engine::deadline).
//!
//! # The clock
//!
//! While nobody has said what time it is, schedules that follow the wall clock are *held*: a claim
//! on them that ends when the clock is set. One that is put meanwhile stands at [`UNTOLD`], because
//! nobody knows its first fire. Schedules that follow elapsed time run.
//!
//! When the clock is set, whatever waits for a while goes on waiting for as long. Schedules that
//! follow the clock keep their cursors, so that no instant fires twice and none that was passed
//! over is forgotten: the policies of each say what becomes of it. Only if the clock goes back by
//! more than [`KEEPS`] was it plainly wrong, and cursors are planned anew: otherwise a device that
//! was told a wrong year would wait for that year.

use core::borrow::Borrow;

use heapless::Vec;
use mainspring_core::dice::Dice;
use mainspring_core::domain::Origin;
use mainspring_core::fire;
use mainspring_core::id::Token;
use mainspring_core::job::Job;
use mainspring_core::lease::LeaseTerms;
use mainspring_core::ledger::{Chain, Ledger};
use mainspring_core::note::Note;
use mainspring_core::outcome::Outcome;
use mainspring_core::planner::{self, Planner};
use mainspring_core::pulse::Pulse;
use mainspring_core::retry::Ask;
use mainspring_core::room::{Inline, Room};
use mainspring_core::schedule::{Next, Schedule, Spec};
use mainspring_core::table::{Full, Vacant};
use mainspring_core::time::{Mono, Now, Span, Timestamp};
use mainspring_core::verb::{
    Advanced, Cancelled, ClaimJobs, ClaimSchedules, Conflict, Ended, Enqueue, Enqueued, Extra,
    History, PutSchedule, Release, Remove, Rescue, Resume, Resumed,
};
use mainspring_core::worker::{self, Suspects, Worker};

use crate::clock::Clock;
use crate::command::{Answer, Command};
use crate::domain::Device;
use crate::journal::{Cursors, Restored};
use crate::log;
use crate::task::{Report, Run, judged};

/// What the pump is to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Work<D: Device> {
    /// Start this.
    Start(Run<D>),
    /// Drop the run of this job that has this token.
    Drop(D::JobId, Token),
}

/// Ledger, planner, worker and clock of a device, all of them in place: for so many schedules,
/// tasks and jobs, of which so many run at once, while so many schedules are looked at ahead.
///
/// If `AHEAD` is as large as `SCHEDULES`, no fire needs a wake-up besides its own, and
/// [slack](mainspring_core::schedule::Policies::slack) merges as many as it allows; if it is
/// smaller, schedules are looked up ten seconds ahead. It takes less memory then.
#[derive(Debug)]
pub struct Engine<
    D: Device,
    const SCHEDULES: usize,
    const TASKS: usize,
    const JOBS: usize,
    const RUNS: usize,
    const AHEAD: usize,
> {
    pub(crate) ledger: DeviceLedger<D, SCHEDULES, TASKS, JOBS>,
    planner: Planner<D, D::Plan, Inline<AHEAD>>,
    worker: Worker<D, Inline<RUNS>>,
    clock: Clock,
    stopping: bool,
}

/// The ledger of a device: schedules, tasks and jobs in place, and no keys.
pub type DeviceLedger<D, const SCHEDULES: usize, const TASKS: usize, const JOBS: usize> =
    Ledger<D, Inline<SCHEDULES>, Inline<TASKS>, Inline<JOBS>, Inline<0>>;

impl<
    D: Device,
    const SCHEDULES: usize,
    const TASKS: usize,
    const JOBS: usize,
    const RUNS: usize,
    const AHEAD: usize,
> Engine<D, SCHEDULES, TASKS, JOBS, RUNS, AHEAD>
where
    <D::Chains<Inline<JOBS>> as Room>::Slots<Chain<D, Inline<JOBS>>>: Vacant,
{
    /// Nothing in it: all its bits are zero, so that a static one takes no flash.
    pub const EMPTY: Self = Self {
        ledger: Ledger::EMPTY,
        planner: Planner::EMPTY,
        worker: Worker::EMPTY,
        clock: Clock::UNKNOWN,
        stopping: false,
    };
}

impl<
    D: Device,
    const SCHEDULES: usize,
    const TASKS: usize,
    const JOBS: usize,
    const RUNS: usize,
    const AHEAD: usize,
> Engine<D, SCHEDULES, TASKS, JOBS, RUNS, AHEAD>
{
    /// Gets ready for [work](Self::work), after what was kept over a loss of power is back.
    #[inline(never)]
    pub fn begin(&mut self, restored: &Restored, history: &mut impl History<D>) {
        self.worker.leases(LEASES);
        self.worker.max_idle(IDLE);
        self.planner.max_idle(IDLE);
        if AHEAD >= SCHEDULES {
            self.planner.lookahead(IDLE);
        }
        // Without any, time begins with 1970.
        if let Some(latest) = self.latest() {
            self.clock.begin(latest, Clock::raw());
        }
        let wall = self.clock.now().wall;
        let knows = restored.cursors == Cursors::Kept;
        self.ledger.clock_moved(Span::ZERO, wall, |schedule| restarted(schedule, wall, knows));
        // Whoever ran when the power went is gone.
        let max = u32::try_from(JOBS).unwrap_or(u32::MAX);
        self.ledger.rescue(&Rescue::HeldBy(D::NODE), max, wall, history);
        self.hold();
    }

    /// Rolls these dice where jitter asks for chance. Without, every device draws the same delays.
    pub fn dice(&mut self, mut dice: Dice) {
        self.planner.dice(dice);
        self.worker.dice(Dice::seeded(dice.roll()));
    }

    /// Does what somebody asks for.
    pub fn tell(&mut self, command: Command<D>, history: &mut impl History<D>) -> Answer<D> {
        let now = self.clock.now();
        let answer = match command {
            Command::Put(spec) => self.put(spec, now),
            Command::PutTask(task) => match self.ledger.put_task(task) {
                Ok(()) => Answer::Done,
                Err(Full(task)) => Answer::Full(Command::PutTask(task)),
            },
            Command::Remove(id) => {
                let mut removed = false;
                self.ledger.remove_schedules(&Remove::Named(&[id]), |_| removed = true);
                Answer::Removed(removed)
            }
            Command::Pause(id) => Answer::Paused(self.ledger.pause(&id, now.wall)),
            Command::Resume(id, point) => Answer::Resumed(self.resume(id, point, now, history)),
            Command::RunNow(id) => self.run_now(id, now, history),
            Command::Enqueue(job) => self.enqueue(job, now, history),
            Command::Cancel(job) => {
                let cancelled = self.ledger.cancel(&job, now.wall, history);
                if cancelled == Cancelled::Asked {
                    self.worker.handle(worker::Input::Cancelled(job), now);
                }
                Answer::Cancelled(cancelled)
            }
            Command::SetClock(wall, raw) => {
                self.set_clock(wall, raw);
                return Answer::Done;
            }
            Command::Stop | Command::Abort => {
                self.stopping = true;
                self.planner.handle(planner::Input::Stop, now);
                self.worker.handle(worker::Input::Stop, now);
                if matches!(command, Command::Abort) {
                    self.worker.handle(worker::Input::Abort, now);
                }
                return Answer::Done;
            }
        };
        // A put or a resume has let go of what waits for the clock.
        self.hold();
        self.planner.handle(planner::Input::Hint, now);
        self.worker.handle(worker::Input::Hint, now);
        answer
    }

    /// The next thing to do, or `None` until something happens or the [deadline](Self::deadline)
    /// has come. `tasks` are those that can be run here.
    #[inline(never)]
    pub fn work(&mut self, tasks: &[D::TaskId], history: &mut impl History<D>) -> Option<Work<D>> {
        let now = self.clock.now();
        loop {
            if let Some(output) = self.worker.poll(now) {
                let work = self.carry_out(output, tasks, now, history);
                if work.is_some() {
                    return work;
                }
            } else if let Some(output) = self.planner.poll(now) {
                self.plan(output, now, history);
            } else {
                return None;
            }
        }
    }

    /// What was started has ended, or was dropped: then `report` is `None`.
    #[inline(never)]
    pub fn ended(&mut self, run: &Run<D>, started_at: Timestamp, report: Option<Report>) {
        let now = self.clock.now();
        // Why it was dropped the worker knows.
        let (outcome, ask, detail) = match report {
            Some(report) => judged(report),
            None => (Outcome::Interrupted, Ask::Nothing, None),
        };
        log::ended(run.attempt, outcome);
        let started_at = Some(started_at);
        let ended = Ended { outcome, started_at, finished_at: now.wall, detail };
        let (job, token) = (run.job.clone(), run.token);
        self.worker.handle(worker::Input::Finished { job, token, ended, ask }, now);
    }

    /// What was to be started could not be: its job goes back, and nothing is counted.
    #[inline(never)]
    pub(crate) fn unstarted(&mut self, run: &Run<D>) {
        let (job, token) = (run.job.clone(), run.token);
        self.worker.handle(worker::Input::Unstarted { job, token }, self.clock.now());
    }

    /// When there is [work](Self::work) if nothing happens before, by the board's timer: how long a
    /// device can sleep. `None`: until somebody asks for something.
    pub fn deadline(&self) -> Option<Mono> {
        let now = self.clock.now();
        let deadlines = [self.planner.deadline(now), self.worker.deadline(now)];
        deadlines.into_iter().flatten().min().map(|mono| self.clock.raw_at(mono))
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// What there is: schedules, tasks and jobs.
    pub fn ledger(&self) -> &DeviceLedger<D, SCHEDULES, TASKS, JOBS> {
        &self.ledger
    }

    /// Whether the engine was told to stop and has nothing under way any more.
    pub fn is_over(&self) -> bool {
        self.stopping && self.planner.is_idle() && self.worker.is_idle()
    }

    #[inline(never)]
    fn put(&mut self, spec: D::Held<Spec<D>>, now: Now) -> Answer<D> {
        let Spec { trigger, .. } = spec.borrow();
        let held = !self.clock.is_set() && D::follows_clock(trigger);
        let first = if held { Some(UNTOLD) } else { D::first(trigger, now.wall) };
        let put = PutSchedule { spec, next: first.into(), conflict: Conflict::Replace };
        match self.ledger.put_schedule(put, now.wall) {
            Ok(put) => Answer::Put(put),
            Err(Full(put)) => Answer::Full(Command::Put(put.spec)),
        }
    }

    #[inline(never)]
    fn resume(
        &mut self,
        id: D::ScheduleId,
        point: fire::Resume,
        now: Now,
        history: &mut impl History<D>,
    ) -> Resumed {
        let Some(schedule) = self.ledger.schedule(&id) else { return Resumed::Stale };
        let spec = schedule.spec();
        let held = !self.clock.is_set() && follows_clock(schedule);
        // Without a clock nobody can say what came due.
        let point = if held { fire::Resume::Owed } else { point };
        let plan = D::plan(&schedule.spec, schedule.cursor().at().unwrap_or(now.wall));
        let at = (schedule.cursor(), point);
        let (next, skip) = fire::resumed_within(D::OFFER, &plan, at, &spec.policies);
        let resume = Resume { schedule: id, revision: schedule.revision, next, skip };
        self.ledger.resume(&resume, history)
    }

    #[inline(never)]
    fn run_now(
        &mut self,
        schedule: D::ScheduleId,
        now: Now,
        history: &mut impl History<D>,
    ) -> Answer<D> {
        if !D::OFFER.extra {
            return Answer::NotOffered;
        }
        let origin = Origin::Manual;
        let id = D::fire_job(&schedule, now.wall, origin);
        let Some(there) = self.ledger.schedule(&schedule) else {
            return Answer::Queued(id, Enqueued::Missing);
        };
        let Spec { task, payload, settings, tags, .. } = there.spec().clone();
        let extra = Some(Extra { schedule: schedule.clone(), at: now.wall, origin });
        let job = Enqueue { settings, tags, extra, ..Enqueue::new(id, task, payload) };
        let answer = self.enqueue(job, now, history);
        // What the schedule says about overlap may have cancelled what runs.
        self.worker.handle(worker::Input::Verify(Suspects::Schedule(schedule)), now);
        answer
    }

    #[inline(never)]
    fn enqueue(&mut self, job: Enqueue<D>, now: Now, history: &mut impl History<D>) -> Answer<D> {
        let id = job.id.clone();
        let again = job.clone();
        match self.ledger.enqueue(job, now.wall, history) {
            Ok(enqueued) => Answer::Queued(id, enqueued),
            Err(Full(())) => Answer::Full(Command::Enqueue(again)),
        }
    }

    #[inline(never)]
    fn set_clock(&mut self, wall: Timestamp, raw: Mono) {
        let moved = self.clock.set(wall, raw);
        log::clock_set(moved, self.clock.drift());
        let now = self.clock.now();
        self.ledger.clock_moved(moved, now.wall, |schedule| stepped(schedule, moved, now.wall));
        // What the planner holds is at the old place.
        for slot in 0..SCHEDULES {
            if let Some(schedule) = self.ledger.schedule_at(slot) {
                self.planner.forget(&schedule.spec().id);
            }
        }
        self.planner.handle(planner::Input::ClockJumped, now);
        self.worker.handle(worker::Input::Hint, now);
    }

    /// While the time is unknown, nothing that follows the clock is due.
    fn hold(&mut self) {
        if !self.clock.is_set() {
            self.ledger.hold_schedules(&D::CLOCK, follows_clock);
        }
    }

    /// The last moment that the ledger knows of.
    fn latest(&self) -> Option<Timestamp> {
        let schedules = self.ledger.schedules().flat_map(|(schedule, _)| {
            [schedule.last_fire_at.value(), schedule.pause.map(|pause| pause.since.value())]
        });
        let jobs = self.ledger.jobs().map(|job| Some(job.created_at.value()));
        schedules.chain(jobs).flatten().max()
    }

    #[inline(never)]
    fn plan(&mut self, output: planner::Output<D>, now: Now, history: &mut impl History<D>) {
        use planner::{Input, Output};
        let input = match output {
            Output::Claim { ticket, within, max, .. } => {
                let claim = ClaimSchedules { node: D::NODE, within, claim_for: FOREVER, max };
                let planner = &mut self.planner;
                self.ledger.claim_schedules(&claim, now.wall, |schedule| {
                    let cursor = schedule.due().unwrap_or(now.wall);
                    // A claim never brings more than fits.
                    let _ = planner.adopt(schedule, D::plan(&schedule.spec, cursor));
                });
                Input::Claimed { ticket, result: Ok(self.ledger.pulse(now.wall)) }
            }
            Output::Advance { ticket, mut advance } => {
                advance.keep_for = advance.keep_for.map(|_| FOREVER);
                let done = self.ledger.advance(&advance, now.wall, history);
                let pulse = self.ledger.pulse(now.wall);
                if let Advanced::Done { inserted: 1.., .. } = done {
                    self.worker.handle(worker::Input::Hint, now);
                }
                let suspects = Suspects::Schedule(advance.schedule.clone());
                self.worker.handle(worker::Input::Verify(suspects), now);
                self.share(pulse, now);
                Input::Advanced { ticket, schedule: advance.schedule, result: Ok((done, pulse)) }
            }
            Output::Rescue { ticket, max } => {
                self.ledger.rescue(&Rescue::Lapsed, max, now.wall, history);
                self.worker.handle(worker::Input::Hint, now);
                Input::Rescued { ticket, result: Ok(self.ledger.pulse(now.wall)) }
            }
            // A device keeps no history that would have to go.
            Output::Prune { ticket, .. } => {
                Input::Pruned { ticket, result: Ok((0, self.ledger.pulse(now.wall))) }
            }
        };
        self.planner.handle(input, now);
    }

    #[inline(never)]
    fn carry_out(
        &mut self,
        output: worker::Output<D>,
        tasks: &[D::TaskId],
        now: Now,
        history: &mut impl History<D>,
    ) -> Option<Work<D>> {
        use worker::{Input, Output};
        let (ticket, job, written) = match output {
            Output::Claim { ticket, lease_for, max } => {
                let claim = ClaimJobs { node: D::NODE, tasks, tags: &(), lease_for, max };
                let count = self.claim_jobs(&claim, now, history);
                let pulse = self.ledger.pulse(now.wall);
                self.worker.handle(Input::Claimed { ticket, result: Ok((count, pulse)) }, now);
                return None;
            }
            Output::Run(job) => return Some(Work::Start(Run::of(&job))),
            // Why, the worker remembers until it hears that this was done.
            Output::Abort { job, token, .. } => return Some(Work::Drop(job, token)),
            Output::Renew { ticket, renew } => {
                let result = Ok(self.ledger.renew(&renew, now.wall));
                self.worker.handle(Input::Renewed { ticket, job: renew.job, result }, now);
                return None;
            }
            Output::Release { ticket, release } => {
                let done = self.ledger.release(&release, now.wall, history);
                (ticket, release.job, done)
            }
            Output::Retry { ticket, retry } => {
                (ticket, retry.job.clone(), self.ledger.retry(&retry, now.wall, history))
            }
            Output::Settle { ticket, settle } => {
                (ticket, settle.job.clone(), self.ledger.settle(&settle, now.wall, history))
            }
        };
        let pulse = self.ledger.pulse(now.wall);
        self.planner.handle(planner::Input::Pulse(pulse), now);
        self.worker.handle(Input::Written { ticket, job, result: Ok((written, pulse)) }, now);
        None
    }

    #[inline(never)]
    fn claim_jobs(
        &mut self,
        claim: &ClaimJobs<'_, D>,
        now: Now,
        history: &mut impl History<D>,
    ) -> u32 {
        let worker = &mut self.worker;
        let mut refused: Vec<Release<D>, RUNS> = Vec::new();
        let mut count = 0;
        self.ledger.claim_jobs(claim, now.wall, |job: &Job<D>| {
            count += 1;
            if let Err(Full(job)) = worker.adopt(job.clone(), now) {
                // A claim never brings more than the window holds.
                let _ = refused.push(Release { job: job.id, token: job.token });
            }
        });
        for release in refused {
            let _ = self.ledger.release(&release, now.wall, history);
        }
        count
    }

    /// Tells the worker what a reply to the planner says about jobs.
    fn share(&mut self, pulse: Pulse, now: Now) {
        self.worker.handle(worker::Input::Pulse(pulse), now);
    }
}

/// Where a restored schedule stands when the time is not known yet.
fn restarted<D: Device>(schedule: &Schedule<D>, now: Timestamp, knows_cursor: bool) -> Next {
    let cursor = schedule.cursor();
    let Next::At(at) = cursor else {
        // The run that it waited for was lost without a trace, or nothing follows.
        let waits = cursor == Next::AfterRun && !knows_cursor;
        return if waits { Next::At(now) } else { cursor };
    };
    let trigger = &schedule.spec().trigger;
    // After the first run it is no longer the trigger that says when the next one is.
    let delay = schedule.spec().policies.after_run.filter(|_| schedule.fired.value() > 0);
    match (follows_clock(schedule), knows_cursor) {
        (true, true) => cursor,
        (true, false) => Next::At(UNTOLD),
        // Power may have been lost under a clock that showed something else.
        (false, true) => {
            let longest = delay.map_or_else(|| D::first(trigger, now), |delay| Some(now + delay));
            longest.map_or(cursor, |longest| Next::At(at.min(longest)))
        }
        (false, false) if delay.is_some() => Next::At(now),
        (false, false) => D::first(trigger, now).into(),
    }
}

/// Where a schedule stands after the clock has moved and it is `now`.
fn stepped<D: Device>(schedule: &Schedule<D>, moved: Span, now: Timestamp) -> Next {
    let cursor = schedule.cursor();
    let Next::At(at) = cursor else { return cursor };
    if !follows_clock(schedule) {
        return Next::At(at + moved);
    }
    let anew = || Next::from(D::first(&schedule.spec().trigger, now));
    if at == UNTOLD {
        return anew();
    }
    match anew() {
        Next::At(first) if moved < Span::ZERO - KEEPS && first < at => Next::At(first),
        _ => cursor,
    }
}

/// Whether the cursor of this schedule is a place on the wall clock. After its first run, a fixed
/// delay counts the time that passes.
fn follows_clock<D: Device>(schedule: &Schedule<D>) -> bool {
    let delayed = schedule.spec().policies.after_run.is_some() && schedule.fired.value() > 0;
    D::follows_clock(&schedule.spec().trigger) && !delayed
}

/// Where a schedule stands whose first fire nobody can tell yet.
pub const UNTOLD: Timestamp = Timestamp::MAX;

/// How far the wall clock may go back before it is taken to have been wrong: what cron(8) takes for
/// a correction and not for daylight saving.
pub const KEEPS: Span = Span::from_hours(3);

/// Nobody else could take a job over, so that there is nothing to be renewed.
const LEASES: LeaseTerms =
    LeaseTerms { lease_for: Span::from_days(3_650), margin: Span::from_secs(2) };

/// Nobody else plans: a claim on a schedule ends when it is given up, and wakes nobody up before.
const FOREVER: Span = Span::MAX;

/// Nobody else changes the ledger, so that there is no news to look for between deadlines.
const IDLE: Span = Span::from_days(365);
