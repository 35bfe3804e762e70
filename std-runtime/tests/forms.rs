//! Every form that the function of a task may have, and what becomes of what does not fit.

use core::time::Duration;
use std::io;
use std::sync::Mutex;

use mainspring::{Context, Scheduler, State, Task};
use mainspring_contract::store::{RunFilter, RunView};
use mainspring_core::outcome::Outcome;
use mainspring_memory::MemoryStore;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

/// Where runs say that they were there.
struct Said(UnboundedSender<String>);

struct Greeting(&'static str);

impl Said {
    fn say(&self, words: impl Into<String>) {
        // The test may have ended.
        let _ = self.0.send(words.into());
    }
}

async fn with_two(name: String, greeting: State<Greeting>, said: State<Said>) {
    said.say(format!("{}, {name}", greeting.0));
}

async fn with_all(
    (a, b): (u8, u8),
    greeting: State<Greeting>,
    said: State<Said>,
    run: Context,
) -> Result<u8, io::Error> {
    said.say(format!("{} {} {}", greeting.0, run.task(), a + b));
    Ok(a + b)
}

async fn with_one(name: String, said: State<Said>) -> Result<(), io::Error> {
    said.say(name);
    Ok(())
}

async fn with_one_and_context((): (), said: State<Said>, run: Context) {
    said.say(run.task().to_string());
}

#[tokio::test]
async fn every_form_of_a_function_is_called_with_what_it_asks_for() {
    static BARE: Mutex<Vec<String>> = Mutex::new(Vec::new());
    async fn with_nothing() {
        BARE.lock().unwrap().push("nothing".to_owned());
    }
    async fn with_arguments(name: String) -> Result<(), io::Error> {
        BARE.lock().unwrap().push(name);
        Ok(())
    }
    async fn with_context((): (), run: Context) {
        BARE.lock().unwrap().push(run.task().to_string());
    }
    let (sender, mut said) = unbounded_channel();
    let scheduler = Scheduler::builder(MemoryStore::default())
        .task(Task::new("nothing", with_nothing))
        .task(Task::new("arguments", with_arguments))
        .task(Task::new("context", with_context))
        .task(Task::new("two", with_two))
        .task(Task::new("all", with_all))
        .task(Task::new("one", with_one))
        .task(Task::new("one and context", with_one_and_context))
        .task(Task::new(
            "closure",
            |n: u8, said: State<Said>| async move { said.say(n.to_string()) },
        ))
        .state(Greeting("nobody hears this"))
        .state(Greeting("hello"))
        .state(Said(sender))
        .build()
        .await
        .expect("every state is there");
    let running = scheduler.start().await.expect("it starts");
    scheduler.enqueue("nothing", &()).await.expect("it is valid");
    scheduler.enqueue("arguments", "bare").await.expect("it is valid");
    scheduler.enqueue("context", &()).await.expect("it is valid");
    scheduler.enqueue("two", "ada").await.expect("it is valid");
    scheduler.enqueue("all", &(2, 3)).await.expect("it is valid");
    scheduler.enqueue("one", "grace").await.expect("it is valid");
    scheduler.enqueue("one and context", &()).await.expect("it is valid");
    scheduler.enqueue("closure", &7).await.expect("it is valid");
    let mut heard = Vec::new();
    for _ in 0..5 {
        heard.push(said.recv().await.expect("somebody speaks"));
    }
    heard.sort();
    assert_eq!(heard, ["7", "grace", "hello all 5", "hello, ada", "one and context"]);
    assert_eq!(running.stop(Duration::from_secs(60)).await.left, 0);
    let mut bare = BARE.lock().unwrap().clone();
    bare.sort();
    assert_eq!(bare, ["bare", "context", "nothing"]);
    let runs = scheduler.runs(&RunFilter::newest(100)).await.expect("listings work");
    assert!(runs.iter().all(|view| view.run.ended.outcome == Outcome::Succeeded), "{runs:?}");
    assert_eq!(runs.len(), 8);
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_an_outcome_that_names_them() {
    let scheduler = Scheduler::builder(MemoryStore::default())
        .task(Task::new("count", |_: u8| async {}))
        .build()
        .await
        .expect("it is valid");
    let running = scheduler.start().await.expect("it starts");
    let job = scheduler.enqueue("count", "many").await.expect("any arguments can be stored");
    let filter = RunFilter { job: Some(job), ..RunFilter::newest(1) };
    let RunView { run, .. } = loop {
        let mut runs = scheduler.runs(&filter).await.expect("listings work");
        match runs.pop() {
            Some(view) => break view,
            None => tokio::task::yield_now().await,
        }
    };
    assert_eq!((run.ended.outcome, run.settled), (Outcome::Undecodable, true));
    let error = run.ended.detail.and_then(|detail| detail.error).expect("it says why");
    assert!(error.contains("\"many\""), "{error}");
    assert_eq!(running.stop(Duration::from_secs(60)).await.left, 0);
}

#[tokio::test]
async fn a_state_that_was_not_given_is_named_before_anything_runs() {
    let builder = || Scheduler::builder(MemoryStore::default());
    let task = || Task::new("two", with_two);
    let missing = builder().task(task()).state(Greeting("hi")).build().await;
    let error = missing.expect_err("there is no `Said`");
    assert!(error.is_invalid() && error.to_string().contains("Said"), "{error}");

    let scheduler = builder().build().await.expect("it has no tasks");
    let error = scheduler.replace_tasks(vec![task()]).await.expect_err("there are no states");
    assert!(error.to_string().contains("task `two` wants a state of type"), "{error}");
}
