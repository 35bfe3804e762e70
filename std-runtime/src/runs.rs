//! Runs tasks; a panic or an abort becomes an outcome like any other.
//!
//! Many runs are short and end without ever waiting. So a run is not given a tokio task from the
//! start: as many *starters* as the runtime has threads take runs from one list and poll each once,
//! and only a run that has to wait goes on as a task of its own. Runs that keep their threads delay
//! others, be it their start or the news of their end, by no more than [`STUCK_AFTER`]: then each
//! run on the list gets a starter.
//!
//! A run that is told to stop before it has started never starts: its lease may be lost.

use core::any::Any;
use core::future::poll_fn;
use core::hash::BuildHasherDefault;
use core::task::{Context as Poller, Poll};
use core::time::Duration;
use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mainspring_contract::record::{Ended, Job};
use mainspring_contract::{Encoded, JobId};
use mainspring_core::id::Token;
use mainspring_core::outcome::Outcome;
use mainspring_core::retry::Ask;
use mainspring_core::time::Timestamp;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tracing::Span;

use self::ids::IdHasher;
use crate::clock::{self, Steady, Time};
use crate::context::Context;
use crate::task::{Bound, RunEnd, TaskRun};
use crate::telemetry::{self, Telemetry};

mod ids;

/// The runs of one node.
#[derive(Debug)]
pub(crate) struct Runs {
    shared: Arc<Shared>,
    /// What [`launch`](Self::launch) is going to start.
    fresh: Vec<Start>,
    contexts: HashMap<(JobId, Token), Context, BuildHasherDefault<IdHasher>>,
}

/// A run that has ended.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) job: JobId,
    pub(crate) token: Token,
    /// How it went; `None`, if it was told to stop before it began.
    pub(crate) ended: Option<(Ended, Ask)>,
}

impl Runs {
    /// No runs, and where those to come are told of. Of `batch` ends the pump hears at once, of
    /// fewer when there is time.
    pub(crate) fn new(telemetry: Telemetry, time: Time, batch: u32) -> Self {
        let batch = usize::try_from(batch).unwrap_or(usize::MAX);
        let shared = Arc::new(Shared { telemetry, time, batch, ..Shared::default() });
        Self { shared, fresh: Vec::new(), contexts: HashMap::default() }
    }

    /// Prepares a run; [`launch`](Self::launch) starts it.
    pub(crate) fn start(&mut self, task: Arc<Bound>, job: Job, now: Timestamp) {
        let span = telemetry::run_span(&job);
        let (context, payload) = Context::new(job, now);
        self.shared.telemetry.run_started(&context, &span, now);
        self.contexts.insert((context.job(), context.token()), context.clone());
        self.fresh.push(Start { task, payload, context, span });
    }

    /// Starts what was prepared.
    pub(crate) fn launch(&mut self) {
        if !self.fresh.is_empty() {
            let threads = Handle::current().metrics().num_workers();
            {
                let mut unstarted = self.shared.unstarted();
                if unstarted.starts.is_empty() {
                    unstarted.moved_at = clock::steady();
                }
                unstarted.starts.extend(self.fresh.drain(..));
            }
            self.shared.man(threads);
        }
    }

    /// Tells a run to stop.
    pub(crate) fn abort(&self, job: JobId, token: Token, why: Outcome) {
        if let Some(context) = self.contexts.get(&(job, token)) {
            self.shared.telemetry.run_aborted(context, why);
            context.cancel(why);
        }
    }

    /// Waits until there is something to [take](Self::take_ended).
    pub(crate) async fn any_ended(&self) {
        loop {
            let (starters, moved_at) = {
                let unstarted = self.shared.unstarted();
                (unstarted.starters, unstarted.moved_at)
            };
            if starters == 0 {
                return self.shared.any_ended.notified().await;
            }
            // Starters tell of ends from time to time, and not while a run keeps their thread. What
            // wakes the pump meanwhile does not begin the wait anew.
            tokio::select! {
                () = self.shared.any_ended.notified() => return,
                () = clock::wait_until(moved_at + STUCK_AFTER) => self.shared.unstick(),
            }
            if !self.shared.ended().is_empty() {
                return;
            }
        }
    }

    /// Takes the runs that have ended.
    pub(crate) fn take_ended(&mut self) -> Vec<Finished> {
        let ended = core::mem::take(&mut *self.shared.ended());
        for run in &ended {
            self.contexts.remove(&(run.job, run.token));
        }
        ended
    }

    /// Whether all runs are among these sleepers, and none of them was told to stop.
    pub(crate) fn only_sleeps(&self, sleepers: usize) -> bool {
        let told = self.contexts.values().any(|context| context.why_cancelled().is_some());
        self.len() <= sleepers && !told
    }

    /// The runs that have not ended.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Context> {
        self.contexts.values()
    }

    /// How many runs there are.
    pub(crate) fn len(&self) -> usize {
        self.contexts.len()
    }
}

impl Drop for Runs {
    fn drop(&mut self) {
        self.shared.unstarted().starts.clear();
        // Nobody is left who could renew leases: what runs is dropped as soon as it waits.
        self.contexts.values().for_each(|context| context.cancel(Outcome::LeaseLost));
    }
}

/// A run that has not started.
#[derive(Debug)]
struct Start {
    task: Arc<Bound>,
    payload: Encoded,
    context: Context,
    span: Span,
}

/// What all runs share.
#[derive(Debug, Default)]
struct Shared {
    unstarted: Mutex<Unstarted>,
    ended: Mutex<Vec<Finished>>,
    any_ended: Notify,
    telemetry: Telemetry,
    time: Time,
    /// Of so many ends the pump hears at once: as many as a claim brings jobs.
    batch: usize,
}

#[derive(Debug)]
struct Unstarted {
    starts: VecDeque<Start>,
    /// How many starters there are. Each ends when it finds no start, so that there is none without
    /// a starter.
    starters: usize,
    /// When a starter last took starts.
    moved_at: Steady,
}

impl Default for Unstarted {
    fn default() -> Self {
        Self { starts: VecDeque::new(), starters: 0, moved_at: clock::steady() }
    }
}

impl Shared {
    /// Gives each start a starter, if none was taken for too long.
    fn unstick(self: &Arc<Self>) {
        let now = clock::steady();
        {
            let mut unstarted = self.unstarted();
            if now < unstarted.moved_at + STUCK_AFTER {
                return;
            }
            unstarted.moved_at = now;
        }
        self.man(usize::MAX);
    }

    /// Makes starters: one for each start, but no more than `most` in all.
    fn man(self: &Arc<Self>, most: usize) {
        let more = {
            let mut unstarted = self.unstarted();
            let most = most.saturating_sub(unstarted.starters);
            let more = unstarted.starts.len().min(most);
            unstarted.starters += more;
            more
        };
        for _ in 0..more {
            tokio::spawn(start_all(Arc::clone(self)));
        }
    }

    /// A starter takes starts now.
    fn moves(&self) {
        let now = clock::steady();
        self.unstarted().moved_at = now;
    }

    /// The next start, for a starter that ends if there is none.
    fn next(&self) -> Option<Start> {
        let mut unstarted = self.unstarted();
        let next = unstarted.starts.pop_front();
        if next.is_none() {
            unstarted.starters -= 1;
        }
        next
    }

    /// Polls a run for the first time; if it has to wait, it goes on as a task of its own.
    fn begin(self: &Arc<Self>, start: Start, poller: &mut Poller<'_>) {
        let Start { task, payload, context, span } = start;
        if let Some(why) = context.why_cancelled() {
            context.never_began();
            return self.end(&context, span, RunEnd::failure(why, format!("not started: {why}")));
        }
        let mut run = None;
        let first = caught(&span, || {
            let run = run.insert(task.call(payload, context.clone()));
            run.as_mut().poll(poller)
        });
        match (first, run) {
            (Poll::Ready(end), run) => {
                // What is left of a run may panic too; the run itself has ended by then.
                let _ = catch_unwind(AssertUnwindSafe(|| drop(run)));
                self.end(&context, span, end);
            }
            (Poll::Pending, Some(run)) => {
                let shared = Arc::clone(self);
                tokio::spawn(async move {
                    let mut run = Box::pin(guarded(run, task.abort_grace, context.clone()));
                    let end = poll_fn(|poller| caught(&span, || run.as_mut().poll(poller))).await;
                    let _ = catch_unwind(AssertUnwindSafe(|| drop(run)));
                    shared.end(&context, span, end);
                    shared.any_ended.notify_one();
                });
            }
            (Poll::Pending, None) => unreachable!("what has not been made cannot wait"),
        }
    }

    fn end(&self, context: &Context, span: Span, end: RunEnd) {
        let finished_at = self.time.wall();
        self.telemetry.run_finished(context, &span, &end, finished_at);
        drop(span);
        let RunEnd { outcome, detail, ask } = end;
        let started_at = Some(context.started_at());
        let ended = Ended { outcome, started_at, finished_at, detail: Some(detail) };
        let ended = (!context.is_unstarted()).then_some((ended, ask.at(finished_at)));
        self.ended().push(Finished { job: context.job(), token: context.token(), ended });
    }

    fn unstarted(&self) -> MutexGuard<'_, Unstarted> {
        // Nothing under the lock can panic halfway.
        self.unstarted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ended(&self) -> MutexGuard<'_, Vec<Finished>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A starter.
async fn start_all(shared: Arc<Shared>) {
    let mut tell_at = clock::steady() + AT_ONCE;
    loop {
        let more = poll_fn(|poller| {
            shared.moves();
            for _ in 0..STARTS_AT_ONCE {
                let Some(start) = shared.next() else { return Poll::Ready(false) };
                shared.begin(start, poller);
                if clock::steady() >= tell_at {
                    break;
                }
            }
            Poll::Ready(true)
        });
        let more = more.await;
        if !more {
            // What ended together is to be written down together: the last one tells of all.
            if shared.unstarted().starters == 0 {
                shared.any_ended.notify_one();
            }
            return;
        }
        let now = clock::steady();
        if now >= tell_at || shared.ended().len() >= shared.batch {
            shared.any_ended.notify_one();
            tell_at = now + AT_ONCE;
        }
        tokio::task::yield_now().await;
    }
}

/// A run that is dropped some time after it was told to stop.
async fn guarded(run: TaskRun, grace: Duration, context: Context) -> RunEnd {
    let told = async {
        context.cancelled().await;
        // A lost lease leaves no time: the job may start elsewhere at any moment.
        tokio::select! {
            () = context.lost() => {}
            () = clock::wait_for(grace) => {}
        }
    };
    tokio::select! {
        // A run that ends while it is being told to stop has ended by itself.
        biased;
        end = run => end,
        () = told => {
            let why = context.why_cancelled().unwrap_or(Outcome::Interrupted);
            RunEnd::failure(why, format!("aborted: {why}"))
        }
    }
}

/// What happens meanwhile belongs to the span of the run. A panic is an end like any other; what
/// panicked is not polled again.
fn caught(span: &Span, poll: impl FnOnce() -> Poll<RunEnd>) -> Poll<RunEnd> {
    let _inside = span.enter();
    catch_unwind(AssertUnwindSafe(poll)).unwrap_or_else(|panic| {
        let text = panic_text(&*panic);
        Poll::Ready(RunEnd::failure(Outcome::Panicked, text))
    })
}

/// What a panic said.
pub(crate) fn panic_text(payload: &(dyn Any + Send)) -> String {
    payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned())
}

/// How many runs a starter begins, and for how long, before it lets other tasks of its thread go
/// on: enough to make little of the change, few enough to keep nobody waiting. As long as it finds
/// more to begin, it tells of ends no more often, unless they fill a claim's batch: each call that
/// writes them down costs as much as many of them.
const STARTS_AT_ONCE: usize = 32;
const AT_ONCE: Duration = Duration::from_millis(1);

/// How long runs wait for starters whose runs keep their threads.
const STUCK_AFTER: Duration = Duration::from_millis(5);

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use mainspring_contract::TaskId;
    use mainspring_contract::record::Enqueue;
    use mainspring_core::task;

    use super::*;
    use crate::state::States;
    use crate::task::{Task, TaskFunction};

    const HOUR: Duration = Duration::from_secs(3_600);
    /// Of so many ends the pump hears at once.
    const BATCH: u32 = 100;

    /// A run that takes no notice of being told to stop, and has an hour to do so.
    fn stubborn() -> (impl Future<Output = RunEnd>, Context) {
        let task = Task::new("t", core::future::pending::<()>).abort_grace(HOUR);
        let task = task.bind(&States::default()).expect("it wants no state");
        let payload = Encoded::json(1, &()).expect("it can be encoded");
        let name = TaskId::new("t").expect("a name");
        let id = JobId::from_bytes([1; 16]);
        let known = task::Task::new(name.clone());
        let job = Enqueue::new(id, name, payload).job(&known, Timestamp::UNIX_EPOCH);
        let (context, payload) = Context::new(job, Timestamp::UNIX_EPOCH);
        let run = task.call(payload, context.clone());
        (guarded(run, task.abort_grace, context.clone()), context)
    }

    #[tokio::test(start_paused = true)]
    async fn a_run_within_its_grace_is_dropped_when_its_lease_is_lost() {
        let (run, context) = stubborn();
        context.cancel(Outcome::TimedOut);
        context.cancel(Outcome::LeaseLost);
        tokio::select! {
            end = run => assert_eq!(end.outcome, Outcome::TimedOut, "the first reason stays"),
            () = clock::wait_for(HOUR / 2) => panic!("the job may have started elsewhere by now"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_run_has_its_grace_to_stop() {
        let (run, context) = stubborn();
        context.cancel(Outcome::TimedOut);
        tokio::select! {
            _ = run => panic!("it was given an hour"),
            () = clock::wait_for(HOUR / 2) => {}
        }
    }

    fn job(number: u8) -> Job {
        let name = TaskId::new("t").expect("a name");
        let payload = Encoded::json(1, &()).expect("it can be encoded");
        let known = task::Task::new(name.clone());
        let id = JobId::from_bytes([number; 16]);
        Enqueue::new(id, name, payload).job(&known, Timestamp::UNIX_EPOCH)
    }

    fn started<Form>(function: impl TaskFunction<Form>, jobs: impl Iterator<Item = u8>) -> Runs {
        let task = Task::new("t", function);
        let task = task.bind(&States::default()).expect("it wants no state");
        let task = Arc::new(task);
        let mut runs = Runs::new(Telemetry::default(), Time::default(), BATCH);
        jobs.for_each(|number| runs.start(Arc::clone(&task), job(number), Timestamp::UNIX_EPOCH));
        runs.launch();
        runs
    }

    async fn all_ended(runs: &mut Runs) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        while runs.len() > 0 {
            runs.any_ended().await;
            outcomes.extend(
                runs.take_ended()
                    .iter()
                    .filter_map(|run| run.ended.as_ref().map(|(ended, _)| ended.outcome)),
            );
        }
        outcomes
    }

    #[tokio::test]
    async fn runs_that_wait_and_runs_that_panic_keep_none_from_ending() {
        let turn = Arc::new(Mutex::new(0_u8));
        let function = move || {
            let mine = {
                let mut turn = turn.lock().expect("nobody panics under the lock");
                *turn = (*turn + 1) % 3;
                *turn
            };
            async move {
                match mine {
                    0 => {}
                    1 => tokio::task::yield_now().await,
                    _ => panic!("on purpose"),
                }
            }
        };
        let mut runs = started(function, 0..99);
        let outcomes = all_ended(&mut runs).await;
        let panicked = outcomes.iter().filter(|&&outcome| outcome == Outcome::Panicked).count();
        assert_eq!((outcomes.len(), panicked), (99, 33));
    }

    #[tokio::test(start_paused = true)]
    async fn runs_that_end_in_one_go_are_told_of_together() {
        let mut runs = started(|| async {}, 0..99);
        runs.any_ended().await;
        assert_eq!(runs.take_ended().len(), 99, "more than a starter begins at once");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn runs_that_keep_their_threads_do_not_keep_others_from_starting() {
        // More than there are starters: each goes on only once all of them have begun.
        let all = Arc::new(std::sync::Barrier::new(6));
        let function = move || {
            let all = Arc::clone(&all);
            async move {
                tokio::task::block_in_place(|| all.wait());
            }
        };
        let mut runs = started(function, 0..6);
        assert_eq!(all_ended(&mut runs).await, [Outcome::Succeeded; 6]);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn the_end_of_a_run_is_told_while_the_next_one_keeps_its_thread() {
        let (go_on, wait) = std::sync::mpsc::channel::<()>();
        let (first, wait) = (std::sync::atomic::AtomicBool::new(true), Arc::new(Mutex::new(wait)));
        let function = move || {
            let first = first.swap(false, std::sync::atomic::Ordering::Relaxed);
            let wait = Arc::clone(&wait);
            async move {
                if !first {
                    let wait = wait.lock().expect("nobody panics under the lock");
                    // It ends with its sender.
                    let _ = tokio::task::block_in_place(|| wait.recv());
                }
            }
        };
        let mut runs = started(function, 0..2);
        runs.any_ended().await;
        assert_eq!(runs.take_ended().len(), 1);
        drop(go_on);
        assert_eq!(all_ended(&mut runs).await, [Outcome::Succeeded]);
    }

    /// The clock stands still, so that no time passes that would tell of them.
    #[tokio::test(start_paused = true)]
    async fn a_batch_of_ends_is_told_of_while_others_wait_to_be_started() {
        let mut runs = started(|| async {}, 0..200);
        runs.any_ended().await;
        let told = runs.take_ended().len();
        assert!((BATCH as usize..200).contains(&told), "{told}");
    }

    #[tokio::test]
    async fn runs_end_when_nobody_holds_them() {
        let (alive, dead) = tokio::sync::oneshot::channel::<()>();
        let alive = Mutex::new(Some(alive));
        let function = move || {
            let alive = alive.lock().expect("nobody panics under the lock").take();
            async move {
                core::future::pending::<()>().await;
                drop(alive);
            }
        };
        let runs = started(function, 0..1);
        // The run starts and waits.
        tokio::task::yield_now().await;
        drop(runs);
        assert!(dead.await.is_err(), "the run was dropped, and what it owned with it");
    }
}
