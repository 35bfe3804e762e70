//! Whole lives: a planner and a worker over a ledger, with hand-moved time.

extern crate std;

#[cfg(all(test, feature = "alloc"))]
mod batches;
#[cfg(test)]
mod exhaustive;
#[cfg(test)]
mod forgetting;
#[cfg(test)]
mod planning;
#[cfg(test)]
mod working;

use std::collections::BTreeMap;
use std::vec::Vec;

use crate::domain::tests::Numbers;
use crate::id::Token;
use crate::job::{Job, JobState};
use crate::lease::LeaseTerms;
use crate::ledger::Ledger;
use crate::limits;
use crate::outcome::Outcome;
use crate::planner::{self, Down, Planner};
use crate::pulse::Pulse;
use crate::retry::Ask;
use crate::room::Inline;
use crate::schedule::{Coalesce, Next, Policies, Spec};
use crate::settings::{Retry, Settings, Timeout};
use crate::table::Full;
use crate::task::Task;
use crate::time::{Mono, Now, Span, Timestamp};
use crate::trigger::Trigger;
use crate::verb::{
    Advanced, Cancelled, ClaimJobs, ClaimSchedules, Conflict, Ended, Enqueue, Enqueued, History,
    Put, PutSchedule, Release, Remove, Renewed, Rescue, Run, Written,
};
use crate::worker::{self, Worker};

type Room = Inline<16>;
type Store = Ledger<Numbers, Room, Room, Room>;

/// Fires each time the seconds since the epoch are a multiple of this.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Step(u32);

impl Trigger for Step {
    fn next_after(&self, t: Timestamp) -> Option<Timestamp> {
        let step = i64::from(self.0) * 1_000_000;
        Timestamp::from_micros((t.as_micros().div_euclid(step) + 1) * step)
    }
}

#[derive(Default)]
struct Records {
    runs: Vec<Run<Numbers>>,
    skipped: u64,
}

impl History<Numbers> for Records {
    fn run(&mut self, run: Run<Numbers>) {
        self.runs.push(run);
    }
    fn skip(&mut self, _: &u16, skip: crate::fire::Skip) {
        self.skipped += skip.count.value();
    }
    fn is_settled(&self, job: &u64) -> bool {
        self.runs.iter().any(|run| run.job == *job && run.settled)
    }
    fn ended(&self, job: &u64, token: Token) -> Option<(Outcome, bool)> {
        let run = self.runs.iter().find(|run| run.job == *job && run.token == token)?;
        Some((run.ended.outcome, run.settled))
    }
}

/// How the runs of a task behave: how long they take and how they end.
#[derive(Clone, Copy)]
struct Behaviour {
    takes: Span,
    ends: Outcome,
}

/// One node with its store.
struct Rig {
    now: Now,
    store: Store,
    records: Records,
    planner: Planner<Numbers, Step, Room>,
    worker: Worker<Numbers, Room>,
    behaviour: Behaviour,
    running: BTreeMap<u64, (Job<Numbers>, Now, Now)>,
    /// What ran: when it started, which instant it was for, under which token.
    started: Vec<(Timestamp, Option<Timestamp>, Token)>,
    store_is_down: bool,
    /// How much the store's clock is ahead of the node's.
    store_ahead: Span,
    /// Runs take no notice of being aborted.
    stubborn: bool,
    claims: u32,
}

const NODE: u8 = 1;
const TASK: u16 = 1;

fn at(secs: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + Span::from_secs(secs)
}

impl Rig {
    fn new() -> Self {
        let now = Now { wall: at(1_000), mono: Mono::from_micros(7) };
        let room = Inline::<16>;
        Self {
            now,
            store: Ledger::new(room, room, room),
            records: Records::default(),
            planner: Planner::new(&room, limits::MAX_IDLE),
            worker: Worker::new(&room, LeaseTerms::DEFAULT, limits::MAX_IDLE),
            behaviour: Behaviour { takes: Span::from_millis(5), ends: Outcome::Succeeded },
            running: BTreeMap::new(),
            started: Vec::new(),
            store_is_down: false,
            store_ahead: Span::ZERO,
            stubborn: false,
            claims: 0,
        }
    }

    /// The node is lost: its machines and runs are gone, the store remains.
    fn crash(&mut self) {
        let room = Inline::<16>;
        self.planner = Planner::new(&room, limits::MAX_IDLE);
        self.worker = Worker::new(&room, LeaseTerms::DEFAULT, limits::MAX_IDLE);
        self.running.clear();
    }

    fn store_now(&self) -> Timestamp {
        self.now.wall + self.store_ahead
    }

    fn put(&mut self, step: u32, policies: Policies, settings: Settings) {
        let spec = Spec { policies, settings, ..Spec::new(1, TASK, 0, step, 0) };
        let now = self.store_now();
        let next = Step(step).next_after(now).into();
        let put = PutSchedule { spec, next, conflict: Conflict::Replace };
        let put = self.store.put_schedule(put, now).expect("there is room");
        assert!(matches!(put, Put::Created | Put::Replaced));
    }

    fn enqueue(&mut self, id: u64, settings: Settings) -> Enqueued<u64> {
        let job = Enqueue { settings, ..Enqueue::new(id, TASK, 0) };
        let now = self.store_now();
        let done = self.store.enqueue(job, now, &mut self.records).expect("there is room");
        self.worker.handle(worker::Input::Hint, self.now);
        done
    }

    /// Lets `span` pass, from deadline to deadline.
    fn pass(&mut self, span: Span) {
        let end = self.now.mono + span;
        loop {
            self.drain();
            let runs = self.running.values().map(|(_, _, until)| until.mono).min();
            let planner = self.planner.deadline(self.now);
            let worker = self.worker.deadline(self.now);
            let next = [runs, planner, worker].into_iter().flatten().min().unwrap_or(end).min(end);
            self.check_deadlines(next);
            if next >= end && self.now.mono >= end {
                return;
            }
            let step = next.since(self.now.mono).max(Span::ZERO);
            self.now = self.now.after(step);
            self.end_runs();
        }
    }

    /// A deadline is when something happens: not before, and then.
    fn check_deadlines(&mut self, next: Mono) {
        let before = next - Span::from_micros(1);
        if before > self.now.mono {
            let early = self.now.after(before.since(self.now.mono));
            assert_eq!(self.planner.poll(early), None, "nothing happens before the deadline");
            assert_eq!(self.worker.poll(early), None, "nothing happens before the deadline");
        }
    }

    fn end_runs(&mut self) {
        let over = |(_, _, until): &(_, _, Now)| until.mono <= self.now.mono;
        let ended: Vec<u64> =
            self.running.iter().filter(|(_, run)| over(run)).map(|(id, _)| *id).collect();
        for id in ended {
            let outcome = self.behaviour.ends;
            self.end_run(id, outcome);
        }
    }

    fn end_run(&mut self, id: u64, outcome: Outcome) {
        let Some((job, started, _)) = self.running.remove(&id) else { return };
        let ended = Ended {
            outcome,
            started_at: Some(started.wall),
            finished_at: self.now.wall,
            detail: None,
        };
        let input = worker::Input::Finished { job: id, token: job.token, ended, ask: Ask::Nothing };
        self.worker.handle(input, self.now);
    }

    fn drain(&mut self) {
        loop {
            if let Some(output) = self.planner.poll(self.now) {
                self.plan(output);
            } else if let Some(output) = self.worker.poll(self.now) {
                self.work(output);
            } else {
                return;
            }
        }
    }

    fn plan(&mut self, output: planner::Output<Numbers>) {
        let wall = self.store_now();
        let down = self.store_is_down;
        let input = match output {
            planner::Output::Claim { ticket, within, claim_for, max } => {
                self.claims += 1;
                let claim = ClaimSchedules { node: NODE, within, claim_for, max };
                let planner = &mut self.planner;
                if !down {
                    self.store.claim_schedules(&claim, wall, |schedule| {
                        let trigger = Step(schedule.spec.trigger);
                        planner.adopt(schedule, trigger).expect("no more than fits");
                    });
                }
                let result = if down { Err(Down) } else { Ok(self.store.pulse(wall)) };
                planner::Input::Claimed { ticket, result }
            }
            planner::Output::Advance { ticket, advance } => {
                let schedule = advance.schedule;
                let result = if down {
                    Err(Down)
                } else {
                    let done = self.store.advance(&advance, wall, &mut self.records);
                    self.worker.handle(worker::Input::Hint, self.now);
                    Ok((done, self.store.pulse(wall)))
                };
                planner::Input::Advanced { ticket, schedule, result }
            }
            planner::Output::Prune { .. } => unreachable!("this planner keeps its history"),
            planner::Output::Rescue { ticket, max } => {
                if !down {
                    self.store.rescue(&Rescue::Lapsed, max, wall, &mut self.records);
                    self.worker.handle(worker::Input::Hint, self.now);
                }
                let result = if down { Err(Down) } else { Ok(self.store.pulse(wall)) };
                planner::Input::Rescued { ticket, result }
            }
        };
        self.planner.handle(input, self.now);
    }

    fn work(&mut self, output: worker::Output<Numbers>) {
        use worker::{Input, Output};
        let wall = self.store_now();
        let down = self.store_is_down;
        let input = match output {
            Output::Claim { ticket, lease_for, max } => {
                self.claims += 1;
                let claim = ClaimJobs { node: NODE, tasks: &[TASK], tags: &0, lease_for, max };
                let mut jobs = Vec::new();
                if !down {
                    self.store.claim_jobs(&claim, wall, |job| jobs.push(job.clone()));
                }
                let count = u32::try_from(jobs.len()).expect("few");
                for job in jobs {
                    if let Err(Full(job)) = self.worker.adopt(job, self.now) {
                        let release = Release { job: job.id, token: job.token };
                        let done = self.store.release(&release, wall, &mut self.records);
                        assert_eq!(done, Written::Done);
                    }
                }
                let pulse = self.store.pulse(wall);
                Input::Claimed { ticket, result: if down { Err(Down) } else { Ok((count, pulse)) } }
            }
            Output::Run(job) => {
                self.started.push((wall, job.fire_at, job.token));
                let until = self.now.after(self.behaviour.takes);
                self.running.insert(job.id, (job, self.now, until));
                return;
            }
            Output::Abort { .. } if self.stubborn => return,
            Output::Abort { job, why: _, .. } => return self.end_run(job, Outcome::Failed),
            Output::Renew { ticket, renew } => {
                let result = if down { Err(Down) } else { Ok(self.store.renew(&renew, wall)) };
                self.planner.handle(planner::Input::Pulse(self.store.pulse(wall)), self.now);
                Input::Renewed { ticket, job: renew.job, result }
            }
            Output::Release { ticket, release } => {
                let done = self.store.release(&release, wall, &mut self.records);
                let result = Ok((done, self.store.pulse(wall)));
                Input::Written { ticket, job: release.job, result }
            }
            Output::Retry { ticket, retry } if !down => {
                let done = self.store.retry(&retry, wall, &mut self.records);
                let result = Ok((done, self.store.pulse(wall)));
                Input::Written { ticket, job: retry.job, result }
            }
            Output::Settle { ticket, settle } if !down => {
                let done = self.store.settle(&settle, wall, &mut self.records);
                let result = Ok((done, self.store.pulse(wall)));
                Input::Written { ticket, job: settle.job, result }
            }
            Output::Retry { ticket, retry } => {
                Input::Written { ticket, job: retry.job, result: Err(Down) }
            }
            Output::Settle { ticket, settle } => {
                Input::Written { ticket, job: settle.job, result: Err(Down) }
            }
        };
        self.worker.handle(input, self.now);
    }

    fn outcomes(&self) -> Vec<Outcome> {
        self.records.runs.iter().map(|run| run.ended.outcome).collect()
    }
}

#[test]
fn every_fire_runs_once_and_on_time() {
    let mut rig = Rig::new();
    rig.put(10, Policies::DEFAULT, Settings::NONE);
    rig.pass(Span::from_mins(10));
    let expected: Vec<_> = (1..=60).map(|n| at(1_000 + n * 10)).collect();
    assert_eq!(rig.started.iter().map(|run| run.0).collect::<Vec<_>>(), expected);
    assert_eq!(rig.started.iter().filter_map(|run| run.1).collect::<Vec<_>>(), expected);
    assert_eq!(rig.outcomes().len(), 59, "the last one is still running");
    assert_eq!(rig.records.skipped, 0);
}

#[test]
fn an_idle_node_asks_no_more_than_every_max_idle() {
    let mut rig = Rig::new();
    rig.put(36_000, Policies::DEFAULT, Settings::NONE);
    rig.pass(Span::from_mins(1));
    let asked = core::mem::take(&mut rig.claims);
    assert!(asked > 0);
    rig.pass(Span::from_mins(10));
    // At most two of the eight steps of five seconds early.
    assert!(rig.claims <= 2 * 160, "two machines, every 3.75 seconds: {}", rig.claims);
}

#[test]
fn a_crashed_run_is_rescued_once_its_lease_has_ended() {
    let mut rig = Rig::new();
    rig.behaviour.takes = Span::from_secs(60);
    assert_eq!(rig.enqueue(5, Settings::NONE), Enqueued::Inserted);
    rig.pass(Span::from_secs(20));
    rig.crash();
    rig.pass(Span::from_mins(2));
    assert_eq!(rig.outcomes(), [Outcome::LeaseLost, Outcome::Succeeded]);
    let [(first, _, old), (second, _, new)] = rig.started[..] else { panic!("two runs") };
    assert!(new > old, "a new claim has a new token");
    // The lease was last renewed within the 20 s before the crash and lasts 15 s.
    let wait = second.since(first);
    assert!(wait > Span::from_secs(20) && wait <= Span::from_secs(35), "{wait}");
    assert_eq!(rig.enqueue(5, Settings::NONE), Enqueued::Exists);
}

#[test]
fn a_node_that_starts_again_rescues_its_own_jobs_at_once() {
    let mut rig = Rig::new();
    rig.behaviour.takes = Span::from_secs(60);
    rig.put(30, Policies::DEFAULT, Settings::NONE);
    rig.pass(Span::from_secs(25));
    rig.crash();
    rig.store.rescue(&Rescue::HeldBy(NODE), 10, rig.now.wall, &mut rig.records);
    let crashed_at = rig.now.wall;
    rig.pass(Span::from_secs(1));
    assert_eq!(rig.started.last().map(|run| run.0), Some(crashed_at));
    assert_eq!(rig.records.runs[0].ended.outcome, Outcome::LeaseLost);
}

#[test]
fn a_failing_job_is_retried_with_growing_waits_and_then_settles() {
    let mut rig = Rig::new();
    rig.behaviour = Behaviour { takes: Span::ZERO, ends: Outcome::Failed };
    let settings = Settings { retry: Some(Retry::times(3)), ..Settings::NONE };
    assert_eq!(rig.enqueue(5, settings), Enqueued::Inserted);
    rig.pass(Span::from_mins(1));
    let waits: Vec<i64> =
        rig.started.windows(2).map(|w| w[1].0.since(w[0].0).as_micros()).collect();
    assert_eq!(waits, [1_000_000, 2_000_000, 4_000_000]);
    assert!(rig.records.runs.last().is_some_and(|run| run.settled && run.attempt == 4));
}

#[test]
fn a_run_that_takes_too_long_is_aborted() {
    let mut rig = Rig::new();
    rig.behaviour.takes = Span::from_mins(60);
    let settings =
        Settings { timeout: Some(Timeout::After(Span::from_secs(40))), ..Settings::NONE };
    assert_eq!(rig.enqueue(5, settings), Enqueued::Inserted);
    rig.pass(Span::from_mins(2));
    assert_eq!(rig.outcomes(), [Outcome::TimedOut]);
    let run = &rig.records.runs[0].ended;
    let took = run.started_at.map(|started| run.finished_at.since(started));
    assert_eq!(took, Some(Span::from_secs(40)));
}

#[test]
fn a_run_is_aborted_before_the_store_gives_its_job_away() {
    let mut rig = Rig::new();
    rig.behaviour.takes = Span::from_mins(60);
    assert_eq!(rig.enqueue(5, Settings::NONE), Enqueued::Inserted);
    rig.pass(Span::from_secs(1));
    rig.store_is_down = true;
    rig.pass(Span::from_secs(14));
    assert!(rig.running.is_empty(), "the holder has stopped");
    let job = rig.store.jobs().next().expect("the job is there");
    let JobState::Leased { lease, .. } = &job.state else { panic!("still leased") };
    assert!(rig.now.wall < lease.until || rig.started.len() == 1);
    rig.store_is_down = false;
    rig.pass(Span::from_secs(20));
    assert_eq!(rig.started.len(), 2, "and it runs again once the store is back");
}

#[test]
fn nothing_is_lost_while_the_store_is_down() {
    let mut rig = Rig::new();
    let all = Policies { coalesce: Coalesce::All, ..Policies::DEFAULT };
    rig.put(10, all, Settings::NONE);
    rig.pass(Span::from_secs(25));
    rig.store_is_down = true;
    rig.pass(Span::from_secs(60));
    assert_eq!(rig.started.len(), 2);
    rig.store_is_down = false;
    rig.pass(Span::from_secs(16));
    let fires: Vec<_> = rig.started.iter().filter_map(|run| run.1).collect();
    assert_eq!(fires, (1..=10).map(|n| at(1_000 + n * 10)).collect::<Vec<_>>());
}

#[test]
fn a_task_at_its_limit_hides_nobody_and_goes_on_when_there_is_room() {
    let mut rig = Rig::new();
    rig.behaviour.takes = Span::from_secs(10);
    let task = Task { max_running: Some(2), ..Task::new(TASK) };
    rig.store.put_task(task).expect("there is room");
    for id in 0..6 {
        assert_eq!(rig.enqueue(id, Settings::NONE), Enqueued::Inserted);
    }
    rig.pass(Span::from_secs(5));
    assert_eq!(rig.running.len(), 2);
    rig.pass(Span::from_secs(30));
    assert_eq!(rig.started.len(), 6);
    let mut seconds: Vec<_> = rig.started.iter().map(|run| run.0.since(at(1_000))).collect();
    seconds.dedup();
    assert_eq!(seconds, [0, 10, 20].map(Span::from_secs));
}

#[test]
fn a_replaced_schedule_keeps_the_fire_that_was_due() {
    let mut rig = Rig::new();
    rig.put(100, Policies::DEFAULT, Settings::NONE);
    rig.now = rig.now.after(Span::from_secs(150));
    rig.put(1_000, Policies::DEFAULT, Settings::NONE);
    rig.pass(Span::from_secs(10));
    assert_eq!(rig.started.iter().filter_map(|run| run.1).collect::<Vec<_>>(), [at(1_100)]);
    assert_eq!(rig.store.schedules().next().map(|(s, _)| s.next), Some(Next::At(at(2_000))));
}

#[test]
fn a_change_during_planning_makes_the_decision_stale() {
    let mut rig = Rig::new();
    rig.put(10, Policies::DEFAULT, Settings::NONE);
    rig.pass(Span::from_secs(9));
    rig.now = rig.now.after(Span::from_secs(1));
    let Some(planner::Output::Advance { advance, .. }) = rig.planner.poll(rig.now) else {
        panic!("a schedule is due")
    };
    rig.put(7, Policies::DEFAULT, Settings::NONE);
    let late = rig.store.advance(&advance, rig.now.wall, &mut rig.records);
    assert_eq!(late, Advanced::Stale);
    let mut removed = 0;
    rig.store.remove_schedules(&Remove::Named(&[1]), |_| removed += 1);
    assert_eq!(removed, 1);
    let gone = rig.store.advance(&advance, rig.now.wall, &mut rig.records);
    assert_eq!((gone, rig.store.jobs().count()), (Advanced::Stale, 0));
}

#[test]
fn cancelling_works_in_every_state() {
    let mut rig = Rig::new();
    rig.behaviour.takes = Span::from_mins(60);
    assert_eq!(rig.enqueue(1, Settings::NONE), Enqueued::Inserted);
    let wall = rig.now.wall;
    assert_eq!(rig.store.cancel(&1, wall, &mut rig.records), Cancelled::Settled);
    assert_eq!(rig.store.cancel(&1, wall, &mut rig.records), Cancelled::Over);
    assert_eq!(rig.store.cancel(&9, wall, &mut rig.records), Cancelled::Missing);
    assert_eq!(rig.enqueue(2, Settings::NONE), Enqueued::Inserted);
    rig.pass(Span::from_secs(1));
    assert_eq!(rig.store.cancel(&2, rig.now.wall, &mut rig.records), Cancelled::Asked);
    rig.pass(Span::from_secs(6));
    assert_eq!(rig.outcomes(), [Outcome::Cancelled, Outcome::Cancelled]);
    assert!(rig.running.is_empty());
}

#[test]
fn stopping_hands_back_what_has_not_started() {
    let mut rig = Rig::new();
    assert_eq!(rig.enqueue(1, Settings::NONE), Enqueued::Inserted);
    let Some(worker::Output::Claim { ticket, lease_for, max }) = rig.worker.poll(rig.now) else {
        panic!("a fresh worker asks for jobs")
    };
    rig.worker.handle(worker::Input::Stop, rig.now);
    let claim = ClaimJobs { node: NODE, tasks: &[TASK], tags: &0, lease_for, max };
    let mut jobs = Vec::new();
    rig.store.claim_jobs(&claim, rig.now.wall, |job| jobs.push(job.clone()));
    rig.worker.adopt(jobs.remove(0), rig.now).expect("there is room");
    let result = Ok((1, rig.store.pulse(rig.now.wall)));
    rig.worker.handle(worker::Input::Claimed { ticket, result }, rig.now);
    rig.drain();
    assert!(rig.worker.is_idle() && rig.started.is_empty());
    let job = rig.store.jobs().next().expect("the job is there");
    assert!(matches!(job.state, JobState::Waiting { .. }) && job.attempt() == 1);
}

#[test]
fn a_stale_token_changes_nothing() {
    let mut rig = Rig::new();
    assert_eq!(rig.enqueue(1, Settings::NONE), Enqueued::Inserted);
    let claim = |rig: &mut Rig| {
        let lease_for = Span::from_secs(10);
        let request = ClaimJobs { node: NODE, tasks: &[TASK], tags: &0, lease_for, max: 5 };
        let mut tokens = Vec::new();
        rig.store.claim_jobs(&request, rig.now.wall, |job| tokens.push(job.token));
        tokens
    };
    let old = claim(&mut rig)[0];
    assert_eq!(claim(&mut rig), [], "a leased job is not handed out");
    rig.now = rig.now.after(Span::from_secs(10));
    rig.store.rescue(&Rescue::Lapsed, 5, rig.now.wall, &mut rig.records);
    let new = claim(&mut rig)[0];
    assert!(new > old);
    let stale = Release { job: 1, token: old };
    let wall = rig.now.wall;
    assert_eq!(rig.store.release(&stale, wall, &mut rig.records), Written::LeaseLost);
    let live = Release { job: 1, token: new };
    assert_eq!(rig.store.release(&live, wall, &mut rig.records), Written::Done);
}

#[test]
fn a_clock_that_is_set_back_or_forward_doubles_nothing() {
    let mut rig = Rig::new();
    rig.put(10, Policies::DEFAULT, Settings::NONE);
    rig.pass(Span::from_secs(35));
    for jump in [-20, 40, -3_000, 3_100] {
        rig.now.wall = rig.now.wall + Span::from_secs(jump);
        rig.planner.handle(planner::Input::ClockJumped, rig.now);
        rig.worker.handle(worker::Input::ClockJumped, rig.now);
        rig.pass(Span::from_secs(35));
    }
    let mut fires: Vec<_> = rig.started.iter().filter_map(|run| run.1).collect();
    assert!(fires.len() > 6 && fires.is_sorted());
    let all = fires.len();
    fires.dedup();
    assert_eq!(fires.len(), all, "no fire ran twice");
}
