//! Executors that a program brings along are treated like those of the library.

use core::time::Duration;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use mainspring::{
    Call, Context, Executor, GiveUp, JobEnd, Outcome, RunEnd, Scheduler, Snooze, Task, TaskRun,
    Threads,
};
use mainspring_memory::MemoryStore;
use tokio::sync::oneshot;

const LONG: Duration = Duration::from_secs(60);

type Asked = (Call, oneshot::Sender<RunEnd>);

/// One thread, which serves one call after the other.
struct OneThread(Sender<Asked>);

impl OneThread {
    fn start() -> Self {
        let (calls, to_do) = channel::<Asked>();
        thread::spawn(move || to_do.into_iter().for_each(|(call, end)| drop(end.send(call.run()))));
        Self(calls)
    }
}

impl Executor for OneThread {
    type Work = Call;

    fn run(&self, call: Call, run: Context) -> TaskRun {
        let (end, ended) = oneshot::channel();
        let sent = self.0.send((call, end));
        Box::pin(async move {
            sent.expect("the thread lives as long as its executor");
            tokio::select! {
                end = ended => end.expect("a call never panics"),
                () = run.cancelled() => RunEnd::failure(Outcome::Cancelled, "told to stop"),
            }
        })
    }
}

/// Never comes to the work.
struct Full;

impl Executor for Full {
    type Work = ();

    fn run(&self, (): (), run: Context) -> TaskRun {
        Box::pin(async move {
            run.cancelled().await;
            run.never_began();
            RunEnd::failure(Outcome::Cancelled, "no turn")
        })
    }
}

/// Has a fault.
struct Faulty;

impl Executor for Faulty {
    type Work = ();

    fn run(&self, (): (), _: Context) -> TaskRun {
        panic!("the executor has a fault")
    }
}

async fn ended(task: Task, arguments: &impl serde::Serialize) -> JobEnd {
    let builder = Scheduler::builder(MemoryStore::default()).task(task.clone());
    let scheduler = builder.build().await.expect("it is valid");
    let running = scheduler.start().await.expect("it starts");
    let name = format!("{task:?}").split('"').nth(1).expect("it has a name").to_owned();
    let end = scheduler.job(&name, arguments).enqueue_and_wait().await.expect("it ends");
    assert_eq!(running.stop(LONG).await.left, 0);
    end
}

#[tokio::test]
async fn what_a_function_returns_or_asks_for_counts_whoever_calls_it() {
    let double = Task::on("double", OneThread::start(), |n: u32| Ok::<_, String>(2 * n));
    assert_eq!(ended(double, &21).await.output::<u32>().expect("a number"), 42);

    let misfit = Task::on("misfit", OneThread::start(), |_: u32| Ok::<_, String>(()));
    assert_eq!(ended(misfit, &"a text").await.outcome(), Outcome::Undecodable);

    let hopeless = Task::on("hopeless", OneThread::start(), |(): ()| -> Result<(), GiveUp> {
        Err(GiveUp::because("no such card"))
    });
    let end = ended(hopeless.retries(5), &()).await;
    assert_eq!((end.run().attempt, end.error()), (1, Some("no such card")));

    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let later = Task::on("later", OneThread::start(), move |(): ()| -> Result<(), Snooze> {
        match counted.fetch_add(1, Ordering::SeqCst) {
            0 => Err(Snooze::after(Duration::ZERO)),
            _ => Ok(()),
        }
    });
    assert_eq!(ended(later, &()).await.outcome(), Outcome::Succeeded);
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_panic_is_an_outcome_be_it_in_the_function_or_in_the_executor() {
    let executor = Arc::new(OneThread::start());
    let panics = Task::on("panics", Arc::clone(&executor), |(): ()| -> Result<(), String> {
        panic!("on purpose")
    });
    let end = ended(panics, &()).await;
    assert_eq!((end.outcome(), end.error()), (Outcome::Panicked, Some("on purpose")));
    // The thread has lived on.
    let next = Task::on("next", executor, |(): ()| Ok::<_, String>(()));
    assert_eq!(ended(next, &()).await.outcome(), Outcome::Succeeded);

    let end = ended(Task::with("faulty", Faulty, |_, _| Ok(())), &()).await;
    let said = (end.outcome(), end.error());
    assert_eq!(said, (Outcome::Panicked, Some("the executor has a fault")));
}

#[tokio::test]
async fn work_that_cannot_be_made_of_the_arguments_ends_the_run() {
    let refuses = |_, _: &Context| Err(RunEnd::failure(Outcome::Undecodable, "not like this"));
    let end = ended(Task::with("refuses", Full, refuses), &()).await;
    assert_eq!((end.outcome(), end.error()), (Outcome::Undecodable, Some("not like this")));
}

#[tokio::test]
async fn a_run_that_never_got_its_turn_counts_as_no_attempt() {
    let task = Task::with("full", Full, |_, _| Ok(())).abort_grace(LONG);
    let builder = Scheduler::builder(MemoryStore::default()).task(task);
    let scheduler = builder.build().await.expect("it is valid");
    let mut events = scheduler.events();
    let running = scheduler.start().await.expect("it starts");
    let job = scheduler.enqueue("full", &()).await.expect("it is queued");
    while !matches!(events.next().await, Some(mainspring::Event::RunStarted { .. })) {}
    // The node stops, and the job goes back as if it had never been handed out.
    assert_eq!(running.stop(Duration::ZERO).await.left, 0);
    assert!(scheduler.result(job).await.expect("listings work").is_none());
    let filter = mainspring_contract::store::RunFilter { job: Some(job), ..newest() };
    assert_eq!(scheduler.runs(&filter).await.expect("listings work").len(), 0);
}

fn newest() -> mainspring_contract::store::RunFilter {
    mainspring_contract::store::RunFilter::newest(10)
}

#[tokio::test]
async fn a_task_keeps_within_its_own_threads() {
    let now = Arc::new(Mutex::new((0, 0)));
    let seen = Arc::clone(&now);
    let narrow = Task::on("narrow", Threads::new(1), move |(): ()| {
        let mut at_once = seen.lock().expect("nobody panics");
        at_once.0 += 1;
        at_once.1 = at_once.1.max(at_once.0);
        drop(at_once);
        thread::yield_now();
        seen.lock().expect("nobody panics").0 -= 1;
    });
    // The scheduler's own threads are kept busy and are not what `narrow` waits for.
    let (go, wait) = channel::<()>();
    let wait = Mutex::new(wait);
    let blocks = Task::blocking("blocks", move |(): ()| {
        wait.lock().expect("nobody panics").recv().map_err(|error| error.to_string())
    });
    let builder = Scheduler::builder(MemoryStore::default()).task(narrow).task(blocks);
    let scheduler = builder.build().await.expect("it is valid");
    let running = scheduler.start().await.expect("it starts");
    let blocked = scheduler.enqueue("blocks", &()).await.expect("it is queued");
    let mut jobs = Vec::new();
    for _ in 0..20 {
        jobs.push(scheduler.enqueue("narrow", &()).await.expect("it is queued"));
    }
    for job in jobs {
        let end = scheduler.wait(job).await.expect("it ends");
        assert_eq!(end.outcome(), Outcome::Succeeded, "{:?}", end.error());
    }
    assert_eq!(now.lock().expect("nobody panics").1, 1);
    go.send(()).expect("it waits");
    assert_eq!(scheduler.wait(blocked).await.expect("it ends").outcome(), Outcome::Succeeded);
    assert_eq!(running.stop(LONG).await.left, 0);
}
