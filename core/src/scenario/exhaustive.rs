//! Every life of a very small world: three schedules, three queued jobs, two workers, and all
//! orders of what can happen to them, up to a depth.
//!
//! Worlds that look the same are visited once: what a ledger shows, what its workers and planners
//! hold, and how late it is. After each step the invariants are checked against what the world
//! shows, and with facts that are kept beside the ledger.

use std::collections::{BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::*;
use crate::dice::Dice;
use crate::fire;
use crate::overlap::Overlap;
use crate::schedule::Schedule;
use crate::verb::{Advance, Renew, Resume, Retry as RetryVerb, Settle};

/// One step of a life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    /// Seconds pass.
    Pass(i64),
    /// Somebody queues a job.
    Enqueue(u64),
    /// A planner decides about a schedule, and keeps the decision.
    Decide(u16),
    /// It sends the decision, which it may do again and again.
    Advance(u16),
    Pause(u16),
    Resume(u16),
    Replace(u16),
    Remove(u16),
    Claim(u8),
    /// A worker ends the attempt that it holds, or believes to hold.
    Settle(u8),
    Retry(u8),
    Release(u8),
    Renew(u8),
    /// Somebody cancels the job that the worker holds.
    Cancel(u8),
    Rescue,
}

const ACTS: &[Act] = &[
    Act::Pass(4),
    Act::Pass(11),
    Act::Enqueue(1),
    Act::Enqueue(2),
    Act::Enqueue(3),
    Act::Decide(1),
    Act::Decide(2),
    Act::Decide(3),
    Act::Advance(1),
    Act::Advance(2),
    Act::Advance(3),
    Act::Pause(2),
    Act::Resume(2),
    Act::Replace(2),
    Act::Remove(3),
    Act::Claim(1),
    Act::Claim(2),
    Act::Settle(1),
    Act::Settle(2),
    Act::Retry(1),
    Act::Release(2),
    Act::Renew(1),
    Act::Cancel(1),
    Act::Rescue,
];

/// How many steps a life has. `DEPTH=6 cargo nextest run --release -p
/// mainspring-core exhaustive` takes minutes.
const DEPTH: usize = 4;

const LEASE: Span = Span::from_secs(10);
const START: i64 = 1_000;
const LIMITED: u16 = 1;
const FREE: u16 = 2;

fn overlap(schedule: u16) -> Overlap {
    [Overlap::Skip, Overlap::Queue, Overlap::Cancel][usize::from(schedule) - 1]
}

/// A ledger and everybody who uses it.
struct World {
    now: i64,
    store: Ledger<Numbers, Inline<4>, Inline<2>, Inline<8>>,
    records: Records,
    decisions: [Option<Advance<Numbers>>; 4],
    /// What each worker got last, whether or not that is still true.
    holds: [Option<Job<Numbers>>; 3],
    /// Jobs that were settled; they must never come back.
    over: BTreeSet<u64>,
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            now: START,
            store: Ledger::new(Inline, Inline, Inline),
            records: Records::default(),
            decisions: [const { None }; 4],
            holds: [const { None }; 3],
            over: BTreeSet::new(),
        };
        let task = Task { max_running: Some(1), ..Task::new(LIMITED) };
        world.store.put_task(task).expect("there is room");
        (1..=3).for_each(|id| world.put(id));
        world
    }

    fn put(&mut self, id: u16) {
        let policies = Policies { overlap: overlap(id), ..Policies::DEFAULT };
        let task = if id == 1 { LIMITED } else { FREE };
        // A replacement differs in something that does not matter.
        let payload = u32::try_from(self.now).expect("a small number");
        let spec = Spec { policies, ..Spec::new(id, task, 0, 10, payload) };
        let next = Step(10).next_after(at(self.now)).into();
        let put = PutSchedule { spec, next, conflict: Conflict::Replace };
        self.store.put_schedule(put, at(self.now)).expect("there is room");
    }

    fn act(&mut self, act: Act) {
        let now = at(self.now);
        match act {
            Act::Pass(secs) => self.now += secs,
            Act::Enqueue(id) => {
                let task = if id == 3 { FREE } else { LIMITED };
                let job = Enqueue::new(id, task, 0);
                let done = self.store.enqueue(job, now, &mut self.records);
                assert!(matches!(done, Ok(Enqueued::Inserted | Enqueued::Exists)));
            }
            Act::Decide(id) => {
                let Some(schedule) = self.store.schedule(&id) else { return };
                let policies = schedule.policies();
                let due =
                    schedule.due().and_then(|next| fire::due(&Step(10), next, now, &policies));
                let dice = &mut Dice::seeded(0);
                let decided =
                    due.map(|due| Advance::decided(&id, schedule.revision, &policies, due, dice));
                self.decisions[usize::from(id)] = decided;
            }
            Act::Advance(id) => {
                if let Some(advance) = self.decisions[usize::from(id)].clone() {
                    let before = self.shows();
                    let done = self.store.advance(&advance, now, &mut self.records);
                    if done == Advanced::Stale || matches!(done, Advanced::Done { inserted: 0, .. })
                    {
                        let jobs = |shows: &Shows| shows.jobs.len();
                        assert_eq!(jobs(&before), jobs(&self.shows()).min(jobs(&before)));
                    }
                }
            }
            Act::Pause(id) => drop(self.store.pause(&id, now)),
            Act::Resume(id) => {
                let Some(schedule) = self.store.schedule(&id) else { return };
                let point = fire::Resume::At(now);
                let (next, skip) =
                    fire::resumed(&Step(10), schedule.next, point, &schedule.policies());
                let resume = Resume { schedule: id, revision: schedule.revision, next, skip };
                let _ = self.store.resume(&resume, &mut self.records);
            }
            Act::Replace(id) => self.put(id),
            Act::Remove(id) => self.store.remove_schedules(&Remove::Named(&[id]), |_| {}),
            Act::Claim(worker) => {
                let tasks = &[LIMITED, FREE];
                let claim = ClaimJobs { node: worker, tasks, tags: &0, lease_for: LEASE, max: 1 };
                let hold = &mut self.holds[usize::from(worker)];
                self.store.claim_jobs(&claim, now, |job| *hold = Some(job.clone()));
            }
            Act::Settle(worker)
            | Act::Retry(worker)
            | Act::Release(worker)
            | Act::Renew(worker) => {
                self.finish(worker, act);
            }
            Act::Cancel(worker) => {
                if let Some(job) = &self.holds[usize::from(worker)] {
                    self.store.cancel(&job.id, now, &mut self.records);
                }
            }
            Act::Rescue => self.store.rescue(&Rescue::Lapsed, 9, now, &mut self.records),
        }
    }

    /// A worker writes with its token; a stale one changes nothing.
    fn finish(&mut self, worker: u8, act: Act) {
        let Some(held) = self.holds[usize::from(worker)].clone() else { return };
        let now = at(self.now);
        let (job, token) = (held.id, held.token);
        let current = self.store.jobs().any(|job| {
            let leased =
                matches!(&job.state, JobState::Leased { lease, .. } if lease.token == token);
            job.id == held.id && leased
        });
        let before = self.shows();
        let outcome = Outcome::Failed;
        let ended = Ended { outcome, started_at: None, finished_at: now, detail: None };
        let records = &mut self.records;
        let done = match act {
            Act::Retry(_) => {
                let (after, cause) = (Span::from_secs(1), crate::retry::Cause::Failure);
                self.store.retry(&RetryVerb { job, token, after, cause, ended }, now, records)
            }
            Act::Release(_) => self.store.release(&Release { job, token }, now, records),
            Act::Renew(_) => {
                let renew = Renew { job, token, lease_for: LEASE };
                let lost = self.store.renew(&renew, now) == Renewed::LeaseLost;
                if lost { Written::LeaseLost } else { Written::Done }
            }
            _ => self.store.settle(&Settle { job, token, ended }, now, records),
        };
        if current {
            assert_eq!(done, Written::Done, "a current token is good");
        } else {
            assert_eq!(before, self.shows(), "a stale token changes nothing: {act:?}");
        }
    }

    fn shows(&self) -> Shows {
        let mut schedules: Vec<_> = self.store.schedules().map(|(s, _)| s.clone()).collect();
        schedules.sort_by_key(|schedule| schedule.spec.id);
        let mut jobs: Vec<_> = self.store.jobs().cloned().collect();
        jobs.sort_by_key(|job| job.id);
        Shows { schedules, jobs, runs: self.records.runs.len(), skipped: self.records.skipped }
    }

    fn check(&mut self) {
        let shows = self.shows();
        let now = at(self.now);
        for run in self.records.runs.iter().filter(|run| run.settled) {
            self.over.insert(run.job);
        }
        let settled = self.records.runs.iter().filter(|run| run.settled).count();
        assert_eq!(settled, self.over.len(), "each job is settled once");
        assert!(shows.jobs.iter().all(|job| !self.over.contains(&job.id)), "over is over");
        let is_leased = |job: &&Job<Numbers>| matches!(job.state, JobState::Leased { .. });
        let running = shows.jobs.iter().filter(is_leased).filter(|job| job.task == LIMITED).count();
        assert!(running <= 1, "max_running");
        for id in 1..=3 {
            let of = |job: &&Job<Numbers>| job.schedule == Some(id);
            let held = |job: &&Job<Numbers>| matches!(job.state, JobState::Held { .. });
            let all = shows.jobs.iter().filter(of).count();
            let held = shows.jobs.iter().filter(of).filter(held).count();
            assert!(held <= 1 && all - held <= 1, "overlap of schedule {id}");
            assert!(held == 0 || all > held, "a job of schedule {id} is held for nobody");
            assert!(held == 0 || overlap(id) != Overlap::Skip, "a job of schedule {id} is held");
        }
        let pulse = self.store.pulse(now);
        let due = shows.schedules.iter().filter_map(Schedule::due).min();
        assert_eq!(pulse.next_due_at, due, "nobody claims schedules here");
        let ready = shows.jobs.iter().filter_map(|job| match job.state {
            JobState::Waiting { ready_at } => Some(ready_at).filter(|&at| at > now),
            _ => None,
        });
        assert_eq!(pulse.next_ready_at, ready.min());
        let lapse = shows.jobs.iter().filter_map(|job| match &job.state {
            JobState::Leased { lease, .. } => Some(lease.until),
            _ => None,
        });
        assert_eq!(pulse.next_lapse_at, lapse.min());
    }

    /// Everything that the rest of a life depends on.
    fn digest(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        let holds = self.holds.iter().map(|job| job.as_ref().map(|job| (job.id, job.token)));
        let text = std::format!(
            "{} {:?} {:?} {:?}",
            self.now,
            self.shows(),
            self.decisions,
            holds.collect::<Vec<_>>()
        );
        text.hash(&mut hasher);
        hasher.finish()
    }
}

/// What anybody can see of a ledger and its history.
#[derive(Debug, PartialEq)]
struct Shows {
    schedules: Vec<Schedule<Numbers>>,
    jobs: Vec<Job<Numbers>>,
    runs: usize,
    skipped: u64,
}

/// Where lives begin: most first steps would only lead here.
const BEGINNINGS: [&[Act]; 2] = [
    // All schedules are due, and one job waits.
    &[Act::Pass(11), Act::Enqueue(1), Act::Decide(1), Act::Decide(2), Act::Decide(3)],
    // Two schedules have jobs that run, and all are due again.
    &[
        Act::Pass(11),
        Act::Decide(2),
        Act::Advance(2),
        Act::Decide(3),
        Act::Advance(3),
        Act::Claim(1),
        Act::Claim(2),
        Act::Enqueue(1),
        Act::Pass(9),
        Act::Decide(1),
        Act::Decide(2),
        Act::Decide(3),
    ],
];

#[test]
fn no_order_of_steps_breaks_an_invariant() {
    let depth = std::env::var("DEPTH").ok().and_then(|text| text.parse().ok()).unwrap_or(DEPTH);
    let mut seen = HashSet::new();
    let mut frontier: Vec<Vec<Act>> = BEGINNINGS.iter().map(|acts| acts.to_vec()).collect();
    for _ in 0..depth {
        let mut next = Vec::new();
        for life in &frontier {
            for &act in ACTS {
                let mut longer = life.clone();
                longer.push(act);
                let lived = std::panic::catch_unwind(|| {
                    let mut world = World::new();
                    longer.iter().for_each(|&act| world.act(act));
                    world.check();
                    world.digest()
                });
                let digest = lived.unwrap_or_else(|_| panic!("after {longer:?}"));
                if seen.insert(digest) {
                    next.push(longer);
                }
            }
        }
        frontier = next;
    }
    std::eprintln!("{} worlds, {depth} steps deep", seen.len());
    assert!(seen.len() > 1_000, "the world is not that small: {}", seen.len());
}
