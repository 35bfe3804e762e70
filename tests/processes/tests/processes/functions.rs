//! Functions in a pool of processes: what they return, how they go wrong, and that it harms nobody.

use core::time::Duration;
use std::collections::HashSet;

use mainspring::process::{Pool, Program};
use mainspring::{Backoff, Outcome, Retry, RunEnd, Span, Task};
use tokio::sync::oneshot;

use crate::rig::{Node, Tree, app, off};

/// A pool of so many processes, and a node that runs these functions in it.
async fn node(max: usize, functions: &[&str]) -> Node {
    let pool = Pool::new(&app(), max);
    Node::start(functions.iter().map(|name| pool.task(name))).await
}

#[tokio::test]
async fn arguments_go_there_and_results_come_back() {
    let node = node(2, &["double", "fails", "about"]).await;
    assert_eq!(node.run("double", &21_u64).await.output::<u64>().expect("a number"), 42);
    let failed = node.run("fails", "no water").await;
    assert_eq!((failed.outcome(), failed.error()), (Outcome::Failed, Some("no water")));
    let misfit = node.run("double", "a text").await;
    assert_eq!(misfit.outcome(), Outcome::Undecodable);
    let end = node.run("about", &()).await;
    let run = end.run();
    let wanted = (run.job.to_string(), "about".to_owned(), run.attempt);
    type About = ((String, String, u32), u32, String);
    let (about, token, started_at) = end.output::<About>().expect("what it is about");
    assert_eq!((about, token), (wanted, run.token.number()));
    assert_eq!(Some(started_at), run.ended.started_at.map(|at| at.to_string()));
    node.stop().await;
}

#[tokio::test]
async fn what_a_function_asks_for_follows() {
    let pool = Pool::new(&app(), 1);
    let names = ["gives_up", "retries", "snoozes"];
    let node = Node::start(names.map(|name| pool.task(name).retries(5))).await;
    let hopeless = node.run("gives_up", &()).await;
    assert_eq!((hopeless.run().attempt, hopeless.error()), (1, Some("no such card")));
    assert_eq!(node.run("retries", &()).await.output::<u32>().expect("it succeeds"), 2);
    assert_eq!(node.run("snoozes", &()).await.outcome(), Outcome::Succeeded);
    node.stop().await;
}

#[tokio::test]
async fn a_panic_is_a_failure_with_its_message_and_its_process_lives_on() {
    let node = node(1, &["process", "panics"]).await;
    let before = node.run("process", &()).await.output::<u32>().expect("a number");
    let end = node.run("panics", "boom").await;
    assert_eq!((end.outcome(), end.error()), (Outcome::Panicked, Some("on purpose: boom")));
    let after = node.run("process", &()).await.output::<u32>().expect("a number");
    assert_eq!(before, after);
    assert_ne!(after, std::process::id());
    node.stop().await;
}

#[tokio::test]
async fn a_crash_is_the_outcome_of_its_run_and_names_what_ended_the_process() {
    let node = node(1, &["process", "exits", "aborts", "signals"]).await;
    let before = node.run("process", &()).await.output::<u32>().expect("a number");
    let said = [
        (node.run("signals", &11).await, "its process: ended by signal 11 (SIGSEGV)"),
        (node.run("signals", &9).await, "its process: ended by signal 9 (SIGKILL)"),
        (node.run("aborts", &()).await, "its process: ended by signal 6 (SIGABRT): no memory left"),
        (node.run("exits", &3).await, "its process: exit code 3"),
        (node.run("exits", &0).await, "its process: exit code 0"),
    ];
    for (end, wanted) in said {
        assert_eq!((end.outcome(), end.error()), (Outcome::Failed, Some(wanted)));
    }
    let after = node.run("process", &()).await.output::<u32>().expect("a new process");
    assert_ne!(before, after);
    node.stop().await;
}

#[tokio::test]
async fn a_crash_harms_nobody_else() {
    let tree = Tree::new();
    let node = node(2, &["listens", "signals"]).await;
    let listening = node.scheduler.enqueue("listens", tree.path()).await.expect("it is queued");
    let (_, rest) = tree.up().await;
    for _ in 0..3 {
        assert_eq!(node.run("signals", &11).await.outcome(), Outcome::Failed);
    }
    // It has run all the time, and is told to stop in order.
    node.scheduler.cancel(listening).await.expect("the store works");
    let end = node.scheduler.wait(listening).await.expect("it ends");
    assert_eq!((end.outcome(), end.error()), (Outcome::Cancelled, Some("tidied up: cancelled")));
    off(rest).await;
    node.stop().await;
}

#[tokio::test]
async fn a_crash_is_tried_again_like_any_failure() {
    let at_once = Retry { max: 2, backoff: Backoff::Fixed(Span::ZERO), jitter: 0 };
    let node = Node::start([Pool::new(&app(), 1).task("signals").retry(at_once)]).await;
    let end = node.run("signals", &11).await;
    assert_eq!((end.outcome(), end.run().attempt), (Outcome::Failed, 3));
    node.stop().await;
}

#[tokio::test]
async fn what_functions_print_does_not_disturb_what_they_return() {
    let node = node(1, &["prints", "process", "reads"]).await;
    let before = node.run("process", &()).await.output::<u32>().expect("a number");
    for n in 0..3 {
        assert_eq!(node.run("prints", &n).await.output::<u64>().expect("its number"), n);
    }
    assert_eq!(node.run("reads", &()).await.output::<String>().expect("no input"), "");
    assert_eq!(node.run("process", &()).await.output::<u32>().expect("the same"), before);
    node.stop().await;
}

#[tokio::test]
async fn a_process_makes_its_state_once_and_is_replaced_after_so_many_runs() {
    let task = Pool::new(&app(), 1).recycle_after(3).task("count");
    let node = Node::start([task]).await;
    let mut seen = Vec::new();
    for _ in 0..7 {
        seen.push(node.run("count", &()).await.output::<(u32, u32)>().expect("two numbers"));
    }
    let counts: Vec<_> = seen.iter().map(|(_, count)| *count).collect();
    assert_eq!(counts, [1, 2, 3, 1, 2, 3, 1]);
    let processes: HashSet<_> = seen.iter().map(|(process, _)| *process).collect();
    assert_eq!(processes.len(), 3);
    node.stop().await;
}

#[tokio::test]
async fn there_are_never_more_processes_than_the_pool_has() {
    let node = node(2, &["count"]).await;
    let mut jobs = Vec::new();
    for _ in 0..40 {
        jobs.push(node.scheduler.enqueue("count", &()).await.expect("it is queued"));
    }
    let mut processes = HashSet::new();
    for job in jobs {
        let end = node.scheduler.wait(job).await.expect("it ends");
        processes.insert(end.output::<(u32, u32)>().expect("two numbers").0);
    }
    assert!((1..=2).contains(&processes.len()), "{processes:?}");
    node.stop().await;
}

/// One thread for everything that the node does, and a function that computes for ever.
#[tokio::test]
async fn a_function_that_computes_for_ever_starves_nobody_and_is_killed_when_its_time_is_over() {
    let tree = Tree::new();
    let hangs = Pool::new(&app(), 1).grace(Duration::ZERO).task("hangs");
    let echo = Task::raw("echo", async |payload, _| RunEnd::success(Some(payload)));
    let node = Node::start([hangs.timeout(Duration::from_secs(3)), echo]).await;
    let hanging = node.scheduler.enqueue("hangs", tree.path()).await.expect("it is queued");
    let (_, rest) = tree.up().await;
    for n in 0..100_u32 {
        assert_eq!(node.run("echo", &n).await.output::<u32>().expect("its number"), n);
    }
    let end = node.scheduler.wait(hanging).await.expect("it ends");
    assert_eq!(end.outcome(), Outcome::TimedOut);
    assert!(end.error().is_some_and(|error| error.starts_with("its process was killed")));
    off(rest).await;
    node.stop().await;
}

#[tokio::test]
async fn a_cancelled_function_that_does_not_listen_is_killed_with_its_children() {
    let tree = Tree::new();
    let hangs = Pool::new(&app(), 1).grace(Duration::from_millis(50)).task("hangs");
    let node = Node::start([hangs]).await;
    let hanging = node.scheduler.enqueue("hangs", tree.path()).await.expect("it is queued");
    let (_, rest) = tree.up().await;
    node.scheduler.cancel(hanging).await.expect("the store works");
    assert_eq!(node.scheduler.wait(hanging).await.expect("ends").outcome(), Outcome::Cancelled);
    off(rest).await;
    node.stop().await;
}

#[tokio::test]
async fn a_job_that_never_got_a_process_counts_as_not_begun() {
    let tree = Tree::new();
    let pool = Pool::new(&app(), 1);
    let node = Node::start(["listens", "double"].map(|name| pool.task(name))).await;
    let first = node.scheduler.enqueue("listens", tree.path()).await.expect("it is queued");
    let (_, rest) = tree.up().await;
    let mut events = node.scheduler.events();
    let second = node.scheduler.enqueue("double", &1).await.expect("it is queued");
    while !matches!(events.next().await, Some(mainspring::Event::RunStarted { .. })) {}
    let Node { scheduler, running } = node;
    assert_eq!(running.stop(Duration::ZERO).await.left, 0);
    off(rest).await;
    let attempts = async |job| {
        let filter = mainspring_contract::store::RunFilter {
            job: Some(job),
            ..mainspring_contract::store::RunFilter::newest(5)
        };
        scheduler.runs(&filter).await.expect("listings work").len()
    };
    // The one that ran was interrupted; the other one was as good as never handed out.
    assert_eq!((attempts(first).await, attempts(second).await), (1, 0));
}

#[tokio::test]
async fn what_the_program_does_not_have_is_told_and_not_tried_again() {
    let pool = Pool::new(&app(), 1);
    let node = Node::start(["nothing", "stranger"].map(|name| pool.task(name).retries(3))).await;
    let missing = node.run("nothing", &()).await;
    assert_eq!((missing.outcome(), missing.run().attempt), (Outcome::Failed, 1));
    assert!(missing.error().is_some_and(|error| error.contains("no function `nothing`")));
    let stranger = node.run("stranger", &()).await;
    assert_eq!(stranger.run().attempt, 1);
    assert!(stranger.error().is_some_and(|error| error.contains("`stranger` wants a state")));
    node.stop().await;
}

#[tokio::test]
async fn a_program_that_is_not_there_or_knows_nothing_of_it_says_so() {
    let lost = Pool::new(&Program::at("/no/such/program"), 1).task("double");
    let node = Node::start([lost]).await;
    let end = node.run("double", &1).await;
    assert!(end.error().is_some_and(|error| error.contains("could be started")), "{end:?}");
    node.stop().await;
    let odd = Pool::new(&Program::at("/bin/false"), 1).task("double");
    let node = Node::start([odd]).await;
    let end = node.run("double", &1).await;
    assert!(end.error().is_some_and(|error| error.contains("process::init")), "{end:?}");
    node.stop().await;
}

/// The process is not looked after by the runtime that started it any more.
#[test]
fn a_pool_outlives_the_async_runtime_that_used_it() {
    let pool = Pool::new(&app(), 1);
    let mut seen = HashSet::new();
    for _ in 0..2 {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let pool = pool.clone();
        let (told, process) = oneshot::channel();
        runtime.expect("it starts").block_on(async move {
            let node = Node::start([pool.task("process")]).await;
            let process = node.run("process", &()).await.output::<u32>().expect("a number");
            node.stop().await;
            told.send(process).expect("it is wanted");
        });
        seen.insert(process.blocking_recv().expect("it was told"));
    }
    assert_eq!(seen.len(), 2);
}
