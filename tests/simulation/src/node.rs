//! One node: both machines, driven as the runtime's pump drives them.

use std::collections::BTreeMap;

use mainspring_core::dice::Dice;
use mainspring_core::id::{Ticket, Token};
use mainspring_core::job::Job;
use mainspring_core::lease::LeaseTerms;
use mainspring_core::outcome::Outcome;
use mainspring_core::planner::{self, Down, Planner};
use mainspring_core::pulse::Pulse;
use mainspring_core::retry::Ask;
use mainspring_core::room::Boxed;
use mainspring_core::schedule::Schedule;
use mainspring_core::table::Full;
use mainspring_core::time::{Mono, Now, Span, Timestamp};
use mainspring_core::verb::{
    Advance, Advanced, Ended, Quarantine, Release, Renew, Renewed, Retry, Settle, Written,
};
use mainspring_core::worker::{self, Worker};

use crate::bug::Bug;
use crate::domain::{Plan, Sim, plan};
use crate::fact::RunId;
use crate::hands::Hands;

/// One call of the store.
#[derive(Clone, Debug)]
pub(crate) enum Request {
    /// Schedules to plan.
    ClaimSchedules { ticket: Ticket, within: Span, claim_for: Span, max: u32 },
    /// Jobs to run.
    ClaimJobs { ticket: Ticket, lease_for: Span, max: u32 },
    /// A sweep; with what the node's wall clock shows.
    Rescue { ticket: Ticket, max: u32, wall: Timestamp },
    /// Forgetting what was recorded before.
    Prune { ticket: Ticket, before: Timestamp, max: u32 },
    /// Schedules that cannot be read.
    Quarantine(Vec<Quarantine<Sim>>),
    /// Decisions.
    Advance(Vec<(Ticket, Advance<Sim>)>),
    /// Leases to prolong.
    Renew(Vec<(Ticket, Renew<Sim>)>),
    /// Jobs that go back.
    Release(Vec<(Ticket, Release<Sim>)>),
    /// Attempts that ended.
    Retry(Vec<(Ticket, Retry<Sim>)>),
    /// Last attempts that ended.
    Settle(Vec<(Ticket, Settle<Sim>)>),
    /// Last attempts that ended, and a claim for what they leave free, in one transaction.
    SettleAndClaim {
        settles: Vec<(Ticket, Settle<Sim>)>,
        ticket: Ticket,
        lease_for: Span,
        max: u32,
    },
}

/// What the store answers, by the kind of request.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// To a claim on schedules.
    Schedules(Vec<Schedule<Sim>>),
    /// To a claim on jobs.
    Jobs(Vec<Job<Sim>>),
    /// To decisions.
    Advanced(Vec<Advanced>),
    /// To renewals.
    Renewed(Vec<Renewed>),
    /// To releases, retries and settles.
    Written(Vec<Written>),
    /// To settles with a claim.
    WrittenAndJobs(Vec<Written>, Vec<Job<Sim>>),
    /// To a sweep.
    Swept,
    /// To a request to forget: how many records went.
    Pruned(u32),
}

/// A request with what came back.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) request: Request,
    pub(crate) result: Result<(Reply, Pulse), Down>,
}

/// What wakes a pump.
#[derive(Clone, Debug)]
pub(crate) enum Delivery {
    /// The store answered.
    Answer(Answer),
    /// A run ended.
    RunOver(RunId, Outcome, Ask),
    /// A run could not start here after all.
    Unstarted(u64, Token),
    /// The deadline of this number.
    Timer(u64),
    /// Somebody changed something through this process.
    Told(Pulse),
    /// Start nothing more.
    Stop,
    /// Abort what runs.
    Abort,
}

/// What a pump wants done.
#[derive(Clone, Debug)]
pub(crate) enum Effect {
    /// Call the store.
    Call(Request),
    /// Start a run.
    Run(Job<Sim>),
    /// Make a run stop.
    Abort(u64, Token, Outcome),
}

impl Delivery {
    /// What it tells a planner of the store.
    pub(crate) fn planners_pulse(&self) -> Option<Pulse> {
        use Request as R;
        match self {
            Self::Told(pulse) => Some(*pulse),
            Self::Answer(Answer {
                request:
                    R::ClaimSchedules { .. } | R::Advance(_) | R::Rescue { .. } | R::Prune { .. },
                result: Ok((_, pulse)),
            }) => Some(*pulse),
            _ => None,
        }
    }
}

/// A run on a node.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Run {
    /// It takes no notice of being aborted.
    pub(crate) stubborn: bool,
    /// It has been told to stop.
    pub(crate) told: bool,
}

/// One life of a node.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) name: u16,
    /// No other life of any node has this number.
    pub(crate) process: u16,
    pub(crate) hands: Hands,
    pub(crate) stopping: bool,
    /// Its runs.
    pub(crate) runs: BTreeMap<(u64, Token), Run>,
    /// Calls without an answer yet.
    pub(crate) calls: u32,
    /// The number of the deadline that counts.
    pub(crate) timer: u64,
    /// What it stands for.
    pub(crate) deadline: Option<Mono>,
    planner: Planner<Sim, Plan, Boxed>,
    worker: Worker<Sim, Boxed>,
    releases: Vec<Release<Sim>>,
    quarantines: Vec<Quarantine<Sim>>,
    batches: bool,
    travels: bool,
    bug: Option<Bug>,
    /// What the store's clock showed first, if that is all that counts.
    heard: Option<(Timestamp, Mono)>,
}

/// What a [`Node`] is made of.
#[derive(Clone, Debug)]
pub(crate) struct Make {
    pub(crate) name: u16,
    pub(crate) process: u16,
    pub(crate) hands: Hands,
    pub(crate) plans: usize,
    pub(crate) works: usize,
    pub(crate) max_idle: Span,
    pub(crate) keep_history: Span,
    pub(crate) terms: LeaseTerms,
    pub(crate) seed: u64,
    pub(crate) batches: bool,
    pub(crate) travels: bool,
    pub(crate) bug: Option<Bug>,
}

impl Node {
    pub(crate) fn new(make: Make) -> Self {
        let mut planner = Planner::new(&Boxed(make.plans), make.max_idle);
        planner.keep_history(make.keep_history);
        planner.dice(Dice::seeded(make.seed));
        let mut worker = Worker::new(&Boxed(make.works), make.terms, make.max_idle);
        worker.dice(Dice::seeded(make.seed ^ 1));
        if make.travels {
            worker.settles_travel();
        }
        if make.seed.is_multiple_of(2) {
            // So few that two claims may be under way together.
            worker.jobs_per_claim(u32::try_from(make.works / 4).unwrap_or(u32::MAX));
        }
        Self {
            name: make.name,
            process: make.process,
            hands: make.hands,
            stopping: false,
            runs: BTreeMap::new(),
            calls: 0,
            timer: 0,
            deadline: None,
            planner,
            worker,
            releases: Vec::new(),
            quarantines: Vec::new(),
            batches: make.batches,
            travels: make.travels,
            bug: make.bug,
            heard: None,
        }
    }

    /// Whether everything has ended that was to end.
    pub(crate) fn is_done(&self) -> bool {
        self.planner.is_idle() && self.worker.is_idle() && self.calls == 0
    }

    /// Whether the worker holds no job.
    pub(crate) fn is_empty(&self) -> bool {
        self.worker.is_empty()
    }

    /// One turn of the pump; says what is to be done, and by when the next turn comes.
    pub(crate) fn turn(
        &mut self,
        delivery: Delivery,
        at: Timestamp,
    ) -> (Vec<Effect>, Option<Mono>) {
        let now = self.hands.now(at);
        let mut delivery = delivery;
        if self.bug == Some(Bug::ClockHeardOnce) {
            self.stop_clock(&mut delivery, now);
        }
        self.told(delivery, now);
        if self.hands.jumped(at) {
            self.worker.handle(worker::Input::ClockJumped, now);
            self.planner.handle(planner::Input::ClockJumped, now);
        }
        self.drain(now)
    }

    /// Replaces what the store's clock shows with what it showed first, and what has passed since.
    fn stop_clock(&mut self, delivery: &mut Delivery, now: Now) {
        let (Delivery::Answer(Answer { result: Ok((_, pulse)), .. }) | Delivery::Told(pulse)) =
            delivery
        else {
            return;
        };
        let (first, heard_at) = *self.heard.get_or_insert((pulse.store_now, now.mono));
        pulse.store_now = first + now.mono.since(heard_at);
    }

    fn told(&mut self, delivery: Delivery, now: Now) {
        match delivery {
            Delivery::Answer(answer) => {
                self.calls -= 1;
                self.answered(answer, now);
            }
            Delivery::RunOver(RunId { job, token, .. }, outcome, ask) => {
                let started_at = Some(now.wall);
                let ended = Ended { outcome, started_at, finished_at: now.wall, detail: None };
                self.worker.handle(worker::Input::Finished { job, token, ended, ask }, now);
            }
            Delivery::Unstarted(job, token) => {
                self.worker.handle(worker::Input::Unstarted { job, token }, now);
            }
            Delivery::Timer(_) => {}
            Delivery::Told(pulse) => {
                self.worker.handle(worker::Input::Pulse(pulse), now);
                self.worker.handle(worker::Input::Hint, now);
                self.planner.handle(planner::Input::Pulse(pulse), now);
                self.planner.handle(planner::Input::Hint, now);
            }
            Delivery::Stop => {
                self.stopping = true;
                self.worker.handle(worker::Input::Stop, now);
                self.planner.handle(planner::Input::Stop, now);
            }
            Delivery::Abort => self.worker.handle(worker::Input::Abort, now),
        }
    }

    fn drain(&mut self, now: Now) -> (Vec<Effect>, Option<Mono>) {
        let mut effects = Vec::new();
        let mut batch = Batch { effects: &mut effects, joins: self.batches, joined: [None; 5] };
        for release in self.releases.drain(..) {
            batch.add(Request::Release(vec![(Ticket::default(), release)]));
        }
        if !self.quarantines.is_empty() {
            batch.add(Request::Quarantine(core::mem::take(&mut self.quarantines)));
        }
        let mut turns = 0;
        while let Some(output) = self.worker.poll(now) {
            batch.work(output);
            turns += 1;
            assert!(turns < MANY, "the worker does not come to an end");
        }
        while let Some(output) = self.planner.poll(now) {
            batch.plan(output, now);
            turns += 1;
            assert!(turns < MANY, "the planner does not come to an end");
        }
        if self.travels {
            travel(&mut effects);
        }
        let calls = effects.iter().filter(|effect| matches!(effect, Effect::Call(_))).count();
        self.calls += u32::try_from(calls).unwrap_or(u32::MAX);
        if self.bug == Some(Bug::HolderNeverStops) {
            effects.retain(|effect| !matches!(effect, Effect::Abort(.., Outcome::LeaseLost)));
        }
        let deadlines = [self.worker.deadline(now), self.planner.deadline(now)];
        (effects, deadlines.into_iter().flatten().min())
    }

    fn answered(&mut self, answer: Answer, now: Now) {
        let Answer { request, result } = answer;
        match request {
            Request::ClaimSchedules { ticket, .. } => {
                let result = result.map(|(reply, pulse)| {
                    if let Reply::Schedules(schedules) = reply {
                        schedules.iter().for_each(|schedule| self.adopt_schedule(schedule));
                    }
                    pulse
                });
                self.planner.handle(planner::Input::Claimed { ticket, result }, now);
            }
            Request::ClaimJobs { ticket, .. } => {
                let result = result.map(|(reply, pulse)| match reply {
                    Reply::Jobs(jobs) => (jobs, pulse),
                    _ => (Vec::new(), pulse),
                });
                self.claimed(ticket, result, now);
            }
            Request::SettleAndClaim { settles, ticket, .. } => {
                let (written, claimed) = match result {
                    Ok((Reply::WrittenAndJobs(written, jobs), pulse)) => {
                        (Ok((Reply::Written(written), pulse)), Ok((jobs, pulse)))
                    }
                    _ => (Err(Down), Err(Down)),
                };
                self.written(settles.iter().map(|(t, one)| (*t, one.job)).collect(), written, now);
                self.claimed(ticket, claimed, now);
            }
            Request::Rescue { ticket, .. } => {
                let result = result.map(|(_, pulse)| {
                    self.share(pulse, true, now);
                    pulse
                });
                self.planner.handle(planner::Input::Rescued { ticket, result }, now);
            }
            Request::Prune { ticket, .. } => {
                let result = result.map(|(reply, pulse)| match reply {
                    Reply::Pruned(count) => (count, pulse),
                    _ => (0, pulse),
                });
                self.planner.handle(planner::Input::Pruned { ticket, result }, now);
            }
            // Whatever became of it: what is still in the way is claimed and found again.
            Request::Quarantine(_) => {}
            Request::Advance(list) => self.advanced(list, result, now),
            Request::Renew(list) => {
                let answers = match result {
                    Ok((Reply::Renewed(answers), _)) => answers.into_iter().map(Ok).collect(),
                    _ => vec![Err(Down); list.len()],
                };
                for ((ticket, renew), result) in list.into_iter().zip(answers) {
                    let input = worker::Input::Renewed { ticket, job: renew.job, result };
                    self.worker.handle(input, now);
                }
            }
            Request::Release(list) => {
                self.written(list.iter().map(|(t, one)| (*t, one.job)).collect(), result, now);
            }
            Request::Retry(list) => {
                self.written(list.iter().map(|(t, one)| (*t, one.job)).collect(), result, now);
            }
            Request::Settle(list) => {
                self.written(list.iter().map(|(t, one)| (*t, one.job)).collect(), result, now);
            }
        }
    }

    fn claimed(&mut self, ticket: Ticket, result: Result<(Vec<Job<Sim>>, Pulse), Down>, now: Now) {
        let result = result.map(|(jobs, pulse)| {
            // The end of a job that could not be read may have set its schedule's next instant.
            self.planner.handle(planner::Input::Pulse(pulse), now);
            let count = u32::try_from(jobs.len()).unwrap_or(u32::MAX);
            jobs.into_iter().for_each(|job| self.adopt(job, now));
            (count, pulse)
        });
        self.worker.handle(worker::Input::Claimed { ticket, result }, now);
    }

    fn adopt_schedule(&mut self, schedule: &Schedule<Sim>) {
        let spec = &schedule.spec;
        match plan(spec.trigger, spec.exclusions) {
            // A full window leaves it to whoever claims it next.
            Some(plan) => drop(self.planner.adopt(schedule, plan)),
            None => self.quarantines.push(Quarantine {
                schedule: spec.id,
                revision: schedule.revision,
                reason: "it cannot be read",
            }),
        }
    }

    fn adopt(&mut self, job: Job<Sim>, now: Now) {
        if let Err(Full(job)) = self.worker.adopt(job, now) {
            self.releases.push(Release { job: job.id, token: job.token });
        }
    }

    fn advanced(
        &mut self,
        list: Vec<(Ticket, Advance<Sim>)>,
        result: Result<(Reply, Pulse), Down>,
        now: Now,
    ) {
        let answers: Vec<Result<(Advanced, Pulse), Down>> = match result {
            Ok((Reply::Advanced(answers), pulse)) => {
                answers.into_iter().map(|one| Ok((one, pulse))).collect()
            }
            _ => vec![Err(Down); list.len()],
        };
        for ((ticket, advance), result) in list.into_iter().zip(answers) {
            if let Ok((Advanced::Done { inserted, .. }, pulse)) = result {
                self.share(pulse, inserted > 0, now);
            }
            if self.bug == Some(Bug::RepliesDropped) && ticket.number() % 8 == 7 {
                continue;
            }
            let schedule = advance.schedule;
            let input = planner::Input::Advanced { ticket, schedule, result };
            self.planner.handle(input, now);
        }
    }

    fn written(
        &mut self,
        list: Vec<(Ticket, u64)>,
        result: Result<(Reply, Pulse), Down>,
        now: Now,
    ) {
        let answers: Vec<Result<(Written, Pulse), Down>> = match result {
            Ok((Reply::Written(answers), pulse)) => {
                answers.into_iter().map(|one| Ok((one, pulse))).collect()
            }
            _ => vec![Err(Down); list.len()],
        };
        for ((ticket, job), result) in list.into_iter().zip(answers) {
            if let Ok((_, pulse)) = result {
                self.planner.handle(planner::Input::Pulse(pulse), now);
            }
            self.worker.handle(worker::Input::Written { ticket, job, result }, now);
        }
    }

    /// Tells the worker what a reply to the planner says about jobs.
    fn share(&mut self, pulse: Pulse, new_jobs: bool, now: Now) {
        self.worker.handle(worker::Input::Pulse(pulse), now);
        if new_jobs {
            self.worker.handle(worker::Input::Hint, now);
        }
    }
}

/// Outputs of both machines; those of one verb go in one call, if the node batches.
struct Batch<'a> {
    effects: &'a mut Vec<Effect>,
    joins: bool,
    /// Where the call of each verb that can be batched stands.
    joined: [Option<usize>; 5],
}

impl Batch<'_> {
    fn work(&mut self, output: worker::Output<Sim>) {
        use worker::Output as O;
        match output {
            O::Claim { ticket, lease_for, max } => {
                self.add(Request::ClaimJobs { ticket, lease_for, max });
            }
            O::Run(job) => self.effects.push(Effect::Run(job)),
            O::Abort { job, token, why } => self.effects.push(Effect::Abort(job, token, why)),
            O::Renew { ticket, renew } => self.add(Request::Renew(vec![(ticket, renew)])),
            O::Release { ticket, release } => self.add(Request::Release(vec![(ticket, release)])),
            O::Retry { ticket, retry } => self.add(Request::Retry(vec![(ticket, retry)])),
            O::Settle { ticket, settle } => self.add(Request::Settle(vec![(ticket, settle)])),
        }
    }

    fn plan(&mut self, output: planner::Output<Sim>, now: Now) {
        use planner::Output as O;
        match output {
            O::Claim { ticket, within, claim_for, max } => {
                self.add(Request::ClaimSchedules { ticket, within, claim_for, max });
            }
            O::Advance { ticket, advance } => self.add(Request::Advance(vec![(ticket, advance)])),
            O::Rescue { ticket, max } => self.add(Request::Rescue { ticket, max, wall: now.wall }),
            O::Prune { ticket, before, max } => {
                self.add(Request::Prune { ticket, before, max });
            }
        }
    }

    fn add(&mut self, request: Request) {
        let kind = match &request {
            Request::Advance(_) => 0,
            Request::Renew(_) => 1,
            Request::Release(_) => 2,
            Request::Retry(_) => 3,
            Request::Settle(_) => 4,
            _ => return self.effects.push(Effect::Call(request)),
        };
        let there = self.joined[kind].and_then(|at| self.effects.get_mut(at));
        match (there, request) {
            (Some(Effect::Call(Request::Advance(list))), Request::Advance(more)) => {
                list.extend(more);
            }
            (Some(Effect::Call(Request::Renew(list))), Request::Renew(more)) => list.extend(more),
            (Some(Effect::Call(Request::Release(list))), Request::Release(more)) => {
                list.extend(more);
            }
            (Some(Effect::Call(Request::Retry(list))), Request::Retry(more)) => list.extend(more),
            (Some(Effect::Call(Request::Settle(list))), Request::Settle(more)) => {
                list.extend(more);
            }
            (_, request) => {
                if self.joins {
                    self.joined[kind] = Some(self.effects.len());
                }
                self.effects.push(Effect::Call(request));
            }
        }
    }
}

/// Lets settles travel with a claim of the same turn.
fn travel(effects: &mut Vec<Effect>) {
    let settle = effects.iter().position(|one| matches!(one, Effect::Call(Request::Settle(_))));
    let claims = |one: &Effect| matches!(one, Effect::Call(Request::ClaimJobs { .. }));
    let claim = effects.iter().position(claims);
    let (Some(settle), Some(claim)) = (settle, claim) else { return };
    let (
        Effect::Call(Request::Settle(settles)),
        Effect::Call(Request::ClaimJobs { ticket, lease_for, max }),
    ) = (effects[settle].clone(), effects[claim].clone())
    else {
        return;
    };
    let both = Request::SettleAndClaim { settles, ticket, lease_for, max };
    effects[claim] = Effect::Call(both);
    effects.remove(settle);
}

/// More outputs than any turn has.
const MANY: u32 = 20_000;
