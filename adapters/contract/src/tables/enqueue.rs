//! Jobs on their way into the store.
//!
//! Schedules, chains and keys are locked first, for all requests at once; then requests are taken
//! one by one, and what can be written together waits until the end.

use std::collections::{BTreeSet, HashMap, HashSet};

use mainspring_core::domain::Origin;
use mainspring_core::job::Change;
use mainspring_core::overlap::{Admission, Overlap};
use mainspring_core::verb::Contest;

use super::chain::{self, Chains};
use super::finish::End;
use super::work::Work;
use super::{Done, Hold, Holder, Tables};
use crate::record::{Conflict, Enqueue, Enqueued, Extra, Job, JobState, Task};
use crate::store::Place;
use crate::{JobId, Key, ScheduleId, StoreError, StoreErrorKind, TaskId};

/// What the requests of one call rest on, and what is to be written for them.
struct Queue {
    tasks: HashMap<TaskId, Task>,
    chains: Chains,
    keys: HashMap<(TaskId, Key), Option<Holder>>,
    /// Of the jobs that want a key or have a schedule: those that were there before. Of all: those
    /// that this call has added.
    known: HashSet<JobId>,
    jobs: Vec<Pending>,
    holds: Vec<(Hold, Option<JobId>)>,
}

/// A job that is written with the next others.
struct Pending {
    /// The number of its request.
    request: usize,
    job: Job,
    /// It was looked for before: it must be new.
    is_new: bool,
    answer: Enqueued,
}

/// A key that a job gets, and the row that it takes over.
struct Taken {
    hold: Hold,
    from: Option<JobId>,
    /// The job that is cancelled for it.
    replaced: Option<Job>,
}

/// What a job may take, or what it is told.
type Contested<T> = Result<T, Enqueued>;

/// How a job gets in beside those of its schedule.
#[derive(Default)]
struct Turn {
    held: bool,
    watched: bool,
    cancelled: Vec<JobId>,
    watch: Vec<JobId>,
}

/// Whether a job rests on nothing but its task: it wants no key and has no schedule.
pub(super) const fn is_plain(request: &Enqueue) -> bool {
    request.unique.is_none() && request.extra.is_none()
}

impl<T: Tables> Work<T> {
    /// Queues jobs.
    pub(super) async fn enqueue(&mut self, requests: &[Enqueue]) -> Done<Vec<Enqueued>> {
        let mut queue = self.prepare(requests).await?;
        let mut answers = vec![Enqueued::Exists; requests.len()];
        for (number, request) in requests.iter().enumerate() {
            if queue.known.contains(&request.id) {
                continue;
            }
            if is_plain(request) {
                let Some(task) = queue.tasks.get(&request.task) else { continue };
                let job = request.clone().job(task, self.now());
                queue.known.insert(job.id);
                let answer = Enqueued::Inserted;
                queue.jobs.push(Pending { request: number, job, is_new: false, answer });
            } else if let Some(answer) =
                self.enqueue_one(&mut queue, number, request, &mut answers).await?
            {
                answers[number] = answer;
            }
        }
        self.flush(&mut queue, &mut answers).await?;
        Ok(answers)
    }

    /// Locks whatever the requests rest on.
    async fn prepare(&mut self, requests: &[Enqueue]) -> Done<Queue> {
        let extras = requests.iter().filter_map(|request| request.extra.as_ref());
        self.lock(extras.clone().map(|extra| extra.schedule.clone()).collect()).await?;
        let tasks = self.tasks(requests.iter().map(|one| one.task.clone()).collect()).await?;
        let in_turn = |extra: &&Extra| {
            let schedule = self.schedule(&extra.schedule);
            extra.origin != Origin::Backfill
                && schedule.is_some_and(|one| one.spec.policies.overlap != Overlap::Allow)
        };
        let chained = extras.filter(in_turn).map(|extra| extra.schedule.clone()).collect();
        let chains = self.chains(chained).await?;
        let special = requests.iter().filter(|request| !is_plain(request));
        let known = self.known(special.map(|one| one.id).collect()).await?;
        let keys = requests.iter().filter_map(|request| {
            let (unique, _) = request.unique.as_ref()?;
            Some((request.task.clone(), unique.key.clone()))
        });
        let keys = keys.collect::<BTreeSet<_>>();
        let mut queue = Queue {
            tasks,
            chains,
            keys: keys.into_iter().map(|key| (key, None)).collect(),
            known,
            jobs: Vec::new(),
            holds: Vec::new(),
        };
        self.lock_keys(&mut queue).await?;
        Ok(queue)
    }

    /// Locks the keys that the requests want, and learns who holds them now.
    async fn lock_keys(&mut self, queue: &mut Queue) -> Done<()> {
        let mut keys: Vec<(TaskId, Key)> = queue.keys.keys().cloned().collect();
        if keys.is_empty() {
            return Ok(());
        }
        keys.sort_unstable();
        let holders = self.tables.lock_keys(&keys).await?;
        queue.keys = keys.into_iter().zip(holders).collect();
        Ok(())
    }

    /// Queues a job that wants a key or belongs to a schedule; its answer, unless that is known
    /// only when it is written.
    async fn enqueue_one(
        &mut self,
        queue: &mut Queue,
        number: usize,
        request: &Enqueue,
        answers: &mut [Enqueued],
    ) -> Done<Option<Enqueued>> {
        let taken = match self.contest(queue, request, answers).await? {
            Err(answer) => return Ok(Some(answer)),
            Ok(taken) => taken,
        };
        let replaced = taken.as_ref().and_then(|taken| taken.replaced.as_ref());
        let turn = match &request.extra {
            None => Turn::default(),
            Some(extra) => match self.turn(queue, extra, replaced.map(|job| job.id)) {
                Ok(turn) => turn,
                Err(answer) => return Ok(Some(answer)),
            },
        };
        let Some(task) = queue.tasks.get(&request.task) else { return Ok(None) };
        let admission = if turn.held { Admission::Held } else { Admission::Ready };
        let job = request.clone().job(task, self.now()).admitted(admission);
        let Some(job) = job else { return Ok(Some(Enqueued::Overlapped)) };
        let job = Job { watched: turn.watched, ..job };
        let answer = replaced.map_or(Enqueued::Inserted, |job| Enqueued::Replaced(job.id));
        let in_turn = request.extra.as_ref().filter(|one| one.origin != Origin::Backfill);
        let replaced = replaced.and_then(|job| job.schedule.as_ref());
        let touched = in_turn.map(|extra| &extra.schedule).into_iter().chain(replaced).cloned();
        let mut touched: BTreeSet<ScheduleId> = touched.collect();
        touched.retain(|id| queue.chains.contains_key(id));
        let cancels = !turn.cancelled.is_empty();
        queue.known.insert(job.id);
        self.take(queue, taken, turn, answers).await?;
        queue.jobs.push(Pending { request: number, job, is_new: true, answer });
        if !touched.is_empty() {
            self.flush(queue, answers).await?;
            queue.chains.extend(self.chains(touched).await?);
        }
        if cancels {
            // Whatever was cancelled may have had a key that a later request wants.
            self.lock_keys(queue).await?;
        }
        Ok(None)
    }

    /// What a job that may want a key meets.
    async fn contest(
        &mut self,
        queue: &mut Queue,
        request: &Enqueue,
        answers: &mut [Enqueued],
    ) -> Done<Contested<Option<Taken>>> {
        let Some((unique, conflict)) = &request.unique else { return Ok(Ok(None)) };
        let (task, key) = (request.task.clone(), unique.key.clone());
        let hold = Hold { task: task.clone(), key: key.clone(), job: request.id };
        let holder = queue.keys.get(&(task, key)).copied().flatten();
        let Some(holder) = holder else {
            return Ok(Ok(Some(Taken { hold, from: None, replaced: None })));
        };
        let held = match holder.over_until {
            Some(until) => until > self.now(),
            // A holder of which nothing is left, because somebody deleted its row, holds nothing.
            None => holder.lives,
        };
        let mut taken = Taken { hold, from: Some(holder.job), replaced: None };
        if !held {
            return Ok(Ok(Some(taken)));
        }
        let mut waits = false;
        if *conflict == Conflict::Replace && holder.over_until.is_none() {
            self.flush(queue, answers).await?;
            // Not locked in the order of all others, so it does not wait.
            let found = self.tables.lock_jobs_now(&[holder.job]).await?;
            let job = self.readable(found).await?.pop().flatten();
            let Some(job) = job else {
                // It could not be read and was settled for that, or somebody deleted its row.
                let all = queue.chains.keys().cloned().collect();
                queue.chains = self.chains(all).await?;
                self.lock_keys(queue).await?;
                let key = (request.task.clone(), unique.key.clone());
                taken.from = queue.keys.get(&key).copied().flatten().map(|holder| holder.job);
                return Ok(Ok(Some(taken)));
            };
            waits = !matches!(job.state, JobState::Leased { .. });
            taken.replaced = waits.then_some(job);
        }
        Ok(match Contest::with(holder.job, waits, *conflict) {
            Contest::Lost(answer) => Err(answer),
            Contest::Free | Contest::Replace(_) => Ok(Some(taken)),
        })
    }

    /// How a job gets in beside those of its schedule, if it does.
    fn turn(&self, queue: &Queue, extra: &Extra, replaced: Option<JobId>) -> Contested<Turn> {
        let Some(schedule) = self.schedule(&extra.schedule) else { return Err(Enqueued::Missing) };
        let mut turn = Turn::default();
        if extra.origin == Origin::Backfill {
            return Ok(turn);
        }
        let policies = schedule.spec.policies;
        turn.watched = policies.watches();
        let none = Vec::new();
        let links = queue.chains.get(&extra.schedule).unwrap_or(&none);
        let cancels = policies.overlap == Overlap::Cancel;
        let stay = links.iter().filter(|link| !cancels || link.place == Place::Leased);
        let live = chain::live(stay.clone(), replaced).settle();
        turn.held = match policies.overlap.admit(live, true) {
            Admission::Overlapped => return Err(Enqueued::Overlapped),
            Admission::Held => true,
            Admission::Ready => false,
        };
        turn.watched |= live.held > 0;
        if cancels {
            turn.cancelled = links.iter().map(|link| link.job).collect();
        }
        if turn.held {
            turn.watch = stay.filter(|link| !link.watched).map(|link| link.job).collect();
        }
        Ok(turn)
    }

    /// Takes the key, and ends whatever makes room for the job.
    async fn take(
        &mut self,
        queue: &mut Queue,
        taken: Option<Taken>,
        turn: Turn,
        answers: &mut [Enqueued],
    ) -> Done<()> {
        if !turn.cancelled.is_empty() || !turn.watch.is_empty() {
            self.flush(queue, answers).await?;
        }
        let mut replaced = None;
        if let Some(Taken { hold, from, replaced: job }) = taken {
            let key = (hold.task.clone(), hold.key.clone());
            let holder = Holder { job: hold.job, over_until: None, lives: true };
            queue.keys.insert(key, Some(holder));
            queue.holds.push((hold, from));
            replaced = job;
        }
        if !turn.watch.is_empty() {
            self.tables.watch(&turn.watch).await?;
        }
        if !turn.cancelled.is_empty() || replaced.is_some() {
            // Whoever ends now must not take the key with it.
            self.take_keys(queue).await?;
        }
        self.cancel_all(&turn.cancelled).await?;
        if let Some(job) = replaced.filter(|job| !turn.cancelled.contains(&job.id)) {
            let end = End { job, change: Change::Cancel, ended: None };
            let done = self.end_all(vec![end]).await?;
            debug_assert!(done.iter().all(Result::is_ok), "a job that waits can be cancelled");
        }
        Ok(())
    }

    async fn take_keys(&mut self, queue: &mut Queue) -> Done<()> {
        let mut holds = core::mem::take(&mut queue.holds);
        holds.sort_unstable_by(|(one, _), (other, _)| one.by_key().cmp(&other.by_key()));
        if holds.is_empty() { Ok(()) } else { self.tables.take_keys(&holds).await }
    }

    /// Writes what waits to be written.
    async fn flush(&mut self, queue: &mut Queue, answers: &mut [Enqueued]) -> Done<()> {
        self.take_keys(queue).await?;
        let pending = core::mem::take(&mut queue.jobs);
        if pending.is_empty() {
            return Ok(());
        }
        let (jobs, rest): (Vec<Job>, Vec<_>) =
            pending.into_iter().map(|one| (one.job, (one.request, one.is_new, one.answer))).unzip();
        let inserted = self.tables.insert_jobs(&jobs).await?;
        for ((request, is_new, answer), inserted) in rest.into_iter().zip(inserted) {
            if inserted {
                answers[request] = answer;
            } else if is_new {
                let message = "another transaction added the same job at the same moment";
                return Err(StoreError::new(StoreErrorKind::Contended, message));
            }
        }
        Ok(())
    }
}
