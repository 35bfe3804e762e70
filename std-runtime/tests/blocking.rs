//! Programs that are not async, tasks that block, and results that are waited for.

use core::time::Duration;
use std::collections::BTreeSet;
use std::sync::mpsc::{Receiver, channel};

use mainspring::blocking::{Runtime, Scheduler};
use mainspring::{Context, Scheduler as Async, State, Task};
use mainspring_core::outcome::Outcome;
use mainspring_memory::MemoryStore;

const LONG: Duration = Duration::from_secs(60);

/// Adds on a thread of its own.
fn add((a, b): (u8, u8)) -> Result<u8, &'static str> {
    a.checked_add(b).ok_or("too much")
}

fn scheduler(runtime: &Runtime, tasks: impl IntoIterator<Item = Task>) -> Scheduler {
    let builder = Async::builder(MemoryStore::default());
    let builder = tasks.into_iter().fold(builder, |builder, task| builder.task(task));
    runtime.build(builder).expect("it is valid")
}

fn a_life() {
    let runtime = Runtime::start().expect("there are threads");
    let scheduler = scheduler(&runtime, [Task::blocking("add", add)]);
    let running = scheduler.start().expect("it starts");
    let end = scheduler.run(scheduler.job("add", &(2, 3))).expect("it is over");
    assert_eq!(end.output::<u8>().expect("a sum"), 5);
    let misfit = end.output::<String>().expect_err("a sum is no text");
    assert!(misfit.is_invalid(), "{misfit}");
    let failed = scheduler.run(scheduler.job("add", &(200, 100))).expect("it is over");
    assert_eq!((failed.outcome(), failed.error()), (Outcome::Failed, Some("too much")));
    let error = failed.output::<u8>().expect_err("there is no sum");
    assert!(error.is_failed() && error.to_string().ends_with("failed: too much"), "{error}");
    // Looking at a result does not consume it.
    let again = scheduler.result(end.run().job).expect("listings work");
    assert_eq!(again, Some(end));
    assert_eq!(running.stop(LONG).left, 0);
}

#[test]
fn a_program_without_async_needs_nothing_else() {
    a_life();
}

#[tokio::test]
async fn inside_an_async_runtime_of_one_thread_nothing_panics_and_nothing_hangs() {
    a_life();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn inside_an_async_runtime_of_many_threads_neither() {
    a_life();
}

#[test]
fn every_method_of_the_async_scheduler_has_its_twin() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
    let read = |file: &str| {
        std::fs::read_to_string(format!("{folder}/{file}")).expect("the source is there")
    };
    let parts = ["", "/backfill", "/health", "/jobs", "/results", "/schedules"];
    let mut theirs: BTreeSet<String> = parts
        .iter()
        .flat_map(|part| methods(&read(&format!("scheduler{part}.rs")), "pub async fn "))
        .collect();
    assert!(theirs.len() > 20, "{theirs:?}");
    // Twins under another name: a signal is not a future there, and a job is not borrowed.
    for (name, twin) in [("run_until", "run_until_interrupted"), ("enqueue_and_wait", "run")] {
        assert!(theirs.remove(name), "{name} is gone");
        theirs.insert(twin.to_owned());
    }
    let twins = read("blocking.rs");
    let mut ours: BTreeSet<String> = methods(&twins, "pub fn ").into_iter().collect();
    let table = twins.split_once("twins! {").expect("there is a table").1;
    let table = table.split_once("\n}").expect("it ends").0;
    ours.extend(table.lines().filter_map(|line| Some(line.trim().split_once('(')?.0.to_owned())));
    let missing: Vec<_> = theirs.difference(&ours).collect();
    assert!(missing.is_empty(), "without a twin: {missing:?}");
}

/// The names of what is defined by lines that begin so.
fn methods(source: &str, start: &str) -> Vec<String> {
    let name = |line: &str| {
        let end = line.find(|c: char| !c.is_alphanumeric() && c != '_')?;
        Some(line[..end].to_owned())
    };
    let lines = source.lines().map(str::trim_start);
    lines.filter_map(|line| name(line.strip_prefix(start)?)).collect()
}

#[test]
fn a_blocking_task_that_panics_is_an_outcome() {
    fn faint(words: String) {
        panic!("{words}");
    }
    let runtime = Runtime::start().expect("there are threads");
    let scheduler = scheduler(&runtime, [Task::blocking("faint", faint)]);
    let running = scheduler.start().expect("it starts");
    let end = scheduler.run(scheduler.job("faint", "too warm")).expect("it is over");
    assert_eq!((end.outcome(), end.error()), (Outcome::Panicked, Some("too warm")));
    assert_eq!(running.stop(LONG).left, 0);
}

#[test]
fn a_blocking_task_hears_that_it_should_stop() {
    type Started = std::sync::Mutex<Option<std::sync::mpsc::Sender<()>>>;
    fn wait_for_the_end((): (), started: State<Started>, run: Context) -> Result<(), &'static str> {
        if let Some(sender) = started.lock().unwrap().take() {
            sender.send(()).expect("the test waits");
        }
        while run.why_cancelled().is_none() {
            std::thread::yield_now();
        }
        Err("told to stop")
    }
    let (sender, started): (_, Receiver<()>) = channel();
    let runtime = Runtime::start().expect("there are threads");
    let task = Task::blocking("wait", wait_for_the_end).abort_grace(LONG);
    let builder = Async::builder(MemoryStore::default()).task(task);
    let builder = builder.state(Started::new(Some(sender)));
    let scheduler = runtime.build(builder).expect("it is valid");
    let running = scheduler.start().expect("it starts");
    let job = scheduler.enqueue("wait", &()).expect("it is valid");
    started.recv().expect("it starts");
    scheduler.cancel(job).expect("the store works");
    let end = scheduler.wait(job).expect("it is over");
    assert_eq!(end.outcome(), Outcome::Cancelled);
    assert_eq!(running.stop(LONG).left, 0);
}

#[test]
fn a_job_that_nobody_knows_is_not_waited_for() {
    let runtime = Runtime::start().expect("there are threads");
    let scheduler = scheduler(&runtime, []);
    let job = mainspring::JobId::from_bytes([7; 16]);
    let error = scheduler.wait(job).expect_err("there is no such job");
    assert!(error.is_missing() && error.to_string().contains(&job.to_string()), "{error}");
    assert_eq!(scheduler.result(job).expect("listings work"), None);
}

#[tokio::test]
async fn a_job_that_another_node_settles_is_noticed() {
    let store = MemoryStore::default();
    let client = Async::builder(store.clone()).build().await.expect("it is valid");
    let worker = Async::builder(store)
        .task(Task::new("echo", async |word: String| Ok::<_, core::convert::Infallible>(word)));
    let worker = worker.max_idle(Duration::from_millis(10)).build().await.expect("it is valid");
    let running = worker.start().await.expect("it starts");
    let end = client.job("echo", "hear").enqueue_and_wait().await.expect("it is over");
    assert_eq!(end.output::<String>().expect("a word"), "hear");
    assert_eq!(running.stop(LONG).await.left, 0);
}
