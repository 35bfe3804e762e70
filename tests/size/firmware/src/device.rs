//! A device with planner, worker and ledger, and the pump between them.
//!
//! Every verb of the ledger and every input of the machines can be reached from a [`Command`], so
//! that the linker keeps what firmware with a command channel would keep.

use core::hint::black_box;

use heapless::Vec;
use mainspring_core::domain::{Domain, Origin};
use mainspring_core::fire;
use mainspring_core::id::Token;
use mainspring_core::job::Job;
use mainspring_core::ledger::{Chain, Ledger};
use mainspring_core::outcome::Outcome;
use mainspring_core::overlap::Overlap;
use mainspring_core::planner::{self, Planner};
use mainspring_core::retry::Ask;
use mainspring_core::room::{Inline, Room};
use mainspring_core::schedule::{Coalesce, Jitter, Policies, Spec, Spread};
use mainspring_core::settings::{Backoff, Level, Priority, Retry, Terms, Timeout};
use mainspring_core::table::Vacant;
use mainspring_core::task::Task;
use mainspring_core::time::{Mono, Now, Span};
use mainspring_core::trigger::Trigger;
use mainspring_core::verb::{
    Advance, Advanced, Cancelled, ClaimJobs, ClaimSchedules, Conflict, Ended, Enqueue, Enqueued,
    Extra, Paused, PutSchedule, Quarantine, Release, Remove, Rescue, Resume, Resumed,
};
use mainspring_core::worker::{self, Worker};

use crate::domain::{Kind, Small};

/// What the bars of DESIGN.md are about.
type Store<K> = Ledger<Small<K>, Inline<32>, Inline<TASKS>, Inline<16>, Inline<0>>;

const TASKS: usize = 4;

/// Jobs that run at once.
const AT_ONCE: usize = 4;

/// Schedules that are planned at once. The store lies beside the planner, so that to claim more of
/// them takes neither time nor power.
const AHEAD: usize = 4;

/// Nobody else changes the ledger, so that there is no news to look for between deadlines.
const IDLE: Span = Span::from_days(1);

/// What comes in from outside: buttons, radio, a console.
#[derive(Clone, Copy, Debug)]
pub enum Command {
    /// Put the schedule with this number in the stock.
    Put(u16),
    /// Put a task with the settings of the schedule with this number in the stock.
    Task(u8, u8),
    /// Remove a schedule.
    Remove(u16),
    /// Remove those that an older program put.
    RemoveOthers(u16),
    /// Queue a job.
    Enqueue((u16, u32), u8),
    /// Run a schedule's task now.
    RunNow(u16),
    /// Pause a schedule.
    Pause(u16),
    /// Let a schedule fire again.
    Resume(u16),
    /// Cancel a job.
    Cancel((u16, u32)),
    /// Take a schedule out of service.
    Quarantine(u16),
    /// The clock was set.
    ClockJumped,
    /// The device starts again with the ledger of before.
    Restart,
    /// Stop starting jobs.
    Stop,
    /// Abort those that run.
    Abort,
}

/// A schedule without any wishes.
pub const fn plain<K: Kind>(id: u16, trigger: K::Fires) -> Spec<Small<K>> {
    Spec {
        id,
        task: 0,
        source: 0,
        trigger,
        payload: 0,
        exclusions: (),
        policies: Policies::DEFAULT,
        settings: K::Settings::NONE,
        tags: None,
        paused: false,
    }
}

/// A schedule with all the wishes that it may have.
pub const fn strict<K: Kind>(
    id: u16,
    trigger: K::Fires,
    settings: K::Settings,
    paused: bool,
) -> Spec<Small<K>> {
    let mut policies = Policies::DEFAULT;
    policies.misfire_grace = Some(Span::from_mins(1));
    if K::OFFER.all {
        (policies.coalesce, policies.catch_up) = (Coalesce::All, 5);
    }
    if K::OFFER.jitter {
        policies.jitter = Some(Jitter { up_to: Span::from_secs(2), spread: Spread::Stable });
    }
    if K::OFFER.slack {
        policies.slack = Span::from_secs(1);
    }
    if K::OFFER.overlap {
        policies.overlap = Overlap::Queue;
    }
    if K::OFFER.limit {
        policies.limit = Some(1_000);
    }
    if K::OFFER.max_failures {
        policies.max_failures = Some(5);
    }
    Spec { policies, settings, paused, ..plain::<K>(id, trigger) }
}

/// Three retries within 40 s each.
pub const PATIENT: Terms = Terms {
    priority: Priority::DEFAULT,
    timeout: Timeout::After(Span::from_secs(40)),
    retry: Retry { max: 3, backoff: Backoff::Fixed(Span::from_secs(5)), jitter: 0 },
    max_rescues: 2,
};

/// The engine of a device, which is a static.
#[derive(Debug)]
pub struct Engine<K: Kind> {
    ledger: Store<K>,
    planner: Planner<Small<K>, K::Plan, Inline<AHEAD>>,
    worker: Worker<Small<K>, Inline<AT_ONCE>>,
}

impl<K: Kind> Engine<K>
where
    <K::Chains<Inline<16>> as Room>::Slots<Chain<Small<K>, Inline<16>>>: Vacant,
{
    /// Without any schedule.
    pub const EMPTY: Self =
        Self { ledger: Ledger::EMPTY, planner: Planner::EMPTY, worker: Worker::EMPTY };
}

/// A device with its engine.
#[derive(Debug)]
pub struct Device<'e, K: Kind> {
    now: Now,
    stock: &'static [Spec<Small<K>>],
    ledger: &'e mut Store<K>,
    planner: &'e mut Planner<Small<K>, K::Plan, Inline<AHEAD>>,
    worker: &'e mut Worker<Small<K>, Inline<AT_ONCE>>,
    /// How many jobs succeeded.
    done: u32,
}

impl<'e, K: Kind> Device<'e, K> {
    /// A device with an empty engine.
    pub fn new(now: Now, stock: &'static [Spec<Small<K>>], engine: &'e mut Engine<K>) -> Self {
        let Engine { ledger, planner, worker } = engine;
        planner.max_idle(IDLE);
        worker.max_idle(IDLE);
        Self { now, stock, ledger, planner, worker, done: 0 }
    }

    /// Does what somebody asks for; says whether it could be done.
    #[inline(never)]
    pub fn command(&mut self, command: Command) -> bool {
        let wall = self.now.wall;
        match command {
            Command::Put(number) => {
                let Some(spec) = self.stock.get(usize::from(number)) else { return false };
                let (next, conflict) = (spec.trigger.next_after(wall).into(), Conflict::Replace);
                let put = PutSchedule { spec: K::hold(spec), next, conflict };
                self.planner.handle(planner::Input::Hint, self.now);
                self.ledger.put_schedule(put, wall).is_ok()
            }
            Command::Task(id, number) => {
                let Some(spec) = self.stock.get(usize::from(number)) else { return false };
                let task = Task { max_running: Some(2), settings: spec.settings, ..Task::new(id) };
                self.ledger.put_task(task).is_ok()
            }
            Command::Remove(id) => {
                self.ledger.remove_schedules(&Remove::Named(&[id]), |_| ());
                true
            }
            Command::RemoveOthers(id) => {
                self.ledger.remove_schedules(&Remove::SourceExcept(&0, &[id]), |_| ());
                true
            }
            Command::Enqueue(id, task) => {
                let settings = self.stock.first().map_or(K::Settings::NONE, |spec| spec.settings);
                let start_by = Some(wall);
                let job = Enqueue { settings, start_by, ..Enqueue::new(id, task, 0) };
                self.enqueue(job)
            }
            Command::RunNow(schedule) => {
                if !K::OFFER.extra {
                    return false;
                }
                let origin = Origin::Manual;
                let id = Small::<K>::fire_job(&schedule, wall, origin);
                let extra = Some(Extra { schedule, at: wall, origin });
                self.enqueue(Enqueue { extra, ..Enqueue::new(id, 0, 0) })
            }
            Command::Pause(schedule) => {
                self.planner.forget(&schedule);
                self.ledger.pause(&schedule, wall) == Paused::Done
            }
            Command::Resume(id) => {
                let Some(schedule) = self.ledger.schedule(&id) else { return false };
                let spec = schedule.spec();
                let point =
                    if K::OFFER.skips { fire::Resume::At(wall) } else { fire::Resume::Owed };
                let at = (schedule.cursor(), point);
                let (next, skip) =
                    fire::resumed_within(K::OFFER, &spec.trigger, at, &spec.policies);
                let resume = Resume { schedule: id, revision: schedule.revision, next, skip };
                self.planner.handle(planner::Input::Hint, self.now);
                self.ledger.resume(&resume, &mut ()) == Resumed::Done
            }
            Command::Cancel(job) => {
                if self.ledger.cancel(&job, wall, &mut ()) == Cancelled::Asked {
                    self.worker.handle(worker::Input::Cancelled(job), self.now);
                }
                true
            }
            Command::Quarantine(schedule) => {
                self.planner.forget(&schedule);
                let row = self.ledger.schedules().find(|(row, _)| row.spec().id == schedule);
                let Some(revision) = row.map(|(row, _)| row.revision) else { return false };
                let reason = K::BY_HAND;
                self.ledger.quarantine(Quarantine { schedule, revision, reason });
                true
            }
            Command::ClockJumped => {
                self.planner.handle(planner::Input::ClockJumped, self.now);
                self.worker.handle(worker::Input::ClockJumped, self.now);
                true
            }
            Command::Restart => {
                self.ledger.rescue(&Rescue::HeldBy(()), 16, wall, &mut ());
                true
            }
            Command::Stop => {
                self.planner.handle(planner::Input::Stop, self.now);
                self.worker.handle(worker::Input::Stop, self.now);
                true
            }
            Command::Abort => {
                self.worker.handle(worker::Input::Abort, self.now);
                true
            }
        }
    }

    /// Lets time pass until then, from deadline to deadline.
    pub fn run(&mut self, until: Mono) -> u32 {
        while self.now.mono < until {
            self.plan_all();
            self.work_all();
            self.skip_to_deadline(until);
        }
        self.done
    }

    #[inline(never)]
    fn skip_to_deadline(&mut self, until: Mono) {
        let planner = self.planner.deadline(self.now).unwrap_or(until);
        let worker = self.worker.deadline(self.now).unwrap_or(until);
        let next = planner.min(worker).min(until).max(self.now.mono);
        self.now = self.now.after(next.since(self.now.mono));
    }

    #[inline(never)]
    fn plan_all(&mut self) {
        while let Some(output) = self.planner.poll(self.now) {
            self.plan(output);
        }
    }

    #[inline(never)]
    fn work_all(&mut self) {
        while let Some(output) = self.worker.poll(self.now) {
            self.work(output);
        }
    }

    #[inline(never)]
    fn plan(&mut self, output: planner::Output<Small<K>>) {
        use planner::{Input, Output};
        let wall = self.now.wall;
        let input = match output {
            Output::Claim { ticket, within, claim_for, max } => {
                self.claim_schedules(&ClaimSchedules { node: (), within, claim_for, max });
                Input::Claimed { ticket, result: Ok(self.ledger.pulse(wall)) }
            }
            Output::Advance { ticket, advance } => {
                let done = self.advance(&advance);
                let result = Ok((done, self.ledger.pulse(wall)));
                Input::Advanced { ticket, schedule: advance.schedule, result }
            }
            Output::Rescue { ticket, max } => {
                self.ledger.rescue(&Rescue::Lapsed, max, wall, &mut ());
                self.worker.handle(worker::Input::Hint, self.now);
                Input::Rescued { ticket, result: Ok(self.ledger.pulse(wall)) }
            }
            // This device keeps no history.
            Output::Prune { .. } => return,
        };
        self.planner.handle(input, self.now);
    }

    /// By itself, so that what it needs on the stack is not there while something else is planned.
    #[inline(never)]
    fn claim_schedules(&mut self, claim: &ClaimSchedules<Small<K>>) {
        let planner = &mut *self.planner;
        self.ledger.claim_schedules(claim, self.now.wall, |schedule| {
            // A claim never brings more than fits.
            let _ = planner.adopt(schedule, K::plan(&schedule.spec));
        });
    }

    #[inline(never)]
    fn advance(&mut self, advance: &Advance<Small<K>>) -> Advanced {
        let done = self.ledger.advance(advance, self.now.wall, &mut ());
        self.worker.handle(worker::Input::Hint, self.now);
        done
    }

    #[inline(never)]
    fn work(&mut self, output: worker::Output<Small<K>>) {
        use worker::{Input, Output};
        let wall = self.now.wall;
        let (ticket, job, done) = match output {
            Output::Claim { ticket, lease_for, max } => {
                let count = self.claim_jobs(lease_for, max);
                let result = Ok((count, self.ledger.pulse(wall)));
                return self.worker.handle(Input::Claimed { ticket, result }, self.now);
            }
            Output::Run(job) => return self.perform(&job),
            Output::Abort { job, token, why } => return self.ended(job, token, why, Ask::Nothing),
            Output::Renew { ticket, renew } => {
                let result = Ok(self.ledger.renew(&renew, wall));
                let input = Input::Renewed { ticket, job: renew.job, result };
                return self.worker.handle(input, self.now);
            }
            Output::Release { ticket, release } => {
                let done = self.ledger.release(&release, wall, &mut ());
                (ticket, release.job, done)
            }
            Output::Retry { ticket, retry } => {
                let done = self.ledger.retry(&retry, wall, &mut ());
                (ticket, retry.job, done)
            }
            Output::Settle { ticket, settle } => {
                self.done += u32::from(settle.ended.outcome == Outcome::Succeeded);
                let done = self.ledger.settle(&settle, wall, &mut ());
                (ticket, settle.job, done)
            }
        };
        let result = Ok((done, self.ledger.pulse(wall)));
        self.worker.handle(Input::Written { ticket, job, result }, self.now);
    }

    #[inline(never)]
    fn perform(&mut self, job: &Job<Small<K>>) {
        match perform(job) {
            Some((outcome, ask)) => self.ended(job.id, job.token, outcome, ask),
            None => {
                let input = worker::Input::Unstarted { job: job.id, token: job.token };
                self.worker.handle(input, self.now);
            }
        }
    }

    #[inline(never)]
    fn ended(&mut self, job: (u16, u32), token: Token, outcome: Outcome, ask: Ask) {
        let wall = self.now.wall;
        let ended = Ended { outcome, started_at: Some(wall), finished_at: wall, detail: None };
        self.worker.handle(worker::Input::Finished { job, token, ended, ask }, self.now);
    }

    fn enqueue(&mut self, job: Enqueue<Small<K>>) -> bool {
        self.worker.handle(worker::Input::Hint, self.now);
        matches!(self.ledger.enqueue(job, self.now.wall, &mut ()), Ok(Enqueued::Inserted))
    }

    #[inline(never)]
    fn claim_jobs(&mut self, lease_for: Span, max: u32) -> u32 {
        let claim = &ClaimJobs { node: (), tasks: &TASK_IDS, tags: &(), lease_for, max };
        let (worker, now) = (&mut *self.worker, self.now);
        let mut refused: Vec<((u16, u32), Token), AT_ONCE> = Vec::new();
        let mut count = 0;
        self.ledger.claim_jobs(claim, now.wall, |job| {
            count += 1;
            if worker.adopt(job.clone(), now).is_err() {
                // A claim never brings more than the window holds.
                let _ = refused.push((job.id, job.token));
            }
        });
        for (job, token) in refused {
            let _ = self.ledger.release(&Release { job, token }, now.wall, &mut ());
        }
        count
    }
}

static TASK_IDS: [u8; TASKS] = [0, 1, 2, 3];

/// The task itself. What it does, the optimiser cannot know.
#[inline(never)]
fn perform<K: Kind>(job: &Job<Small<K>>) -> Option<(Outcome, Ask)> {
    black_box(job.payload);
    black_box(Some((Outcome::Succeeded, Ask::Nothing)))
}

/// Asks for everything there is, so that everything is there.
pub static SCRIPT: [Command; 17] = [
    Command::Task(0, 1),
    Command::Put(0),
    Command::Put(1),
    Command::Put(2),
    Command::Put(3),
    Command::Enqueue((9, 0), 2),
    Command::Cancel((9, 0)),
    Command::Pause(1),
    Command::RunNow(1),
    Command::Resume(1),
    Command::Remove(0),
    Command::Quarantine(1),
    Command::ClockJumped,
    Command::Restart,
    Command::RemoveOthers(2),
    Command::Abort,
    Command::Stop,
];

/// Runs the script, a command every ten minutes; says how many jobs succeeded.
pub fn live<K: Kind>(device: &mut Device<'_, K>) -> u32 {
    let mut done = 0;
    for (minute, command) in (1..).zip(black_box(&SCRIPT)) {
        device.command(*command);
        done = device.run(Mono::ZERO + Span::from_mins(10 * minute));
    }
    done
}
