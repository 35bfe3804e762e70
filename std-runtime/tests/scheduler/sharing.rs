//! Several schedulers on one store.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mainspring::{Context, Schedule, Scheduler, Task};
use mainspring_core::schedule::Coalesce;
use tokio::sync::mpsc::unbounded_channel;

use crate::flaky::Flaky;
use crate::rig::{millis, next, reporting, settled};

#[tokio::test]
async fn a_task_runs_no_more_often_at_once_than_it_may_whoever_runs_it() {
    let store = Flaky::default();
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let run = {
        let most = Arc::clone(&most);
        move |(): (), _: Context| {
            let (now, most) = (Arc::clone(&now), Arc::clone(&most));
            async move {
                most.fetch_max(now.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
                for _ in 0..50 {
                    tokio::task::yield_now().await;
                }
                now.fetch_sub(1, Ordering::Relaxed);
                Ok::<_, String>(())
            }
        }
    };
    let mut nodes = Vec::new();
    for _ in 0..2 {
        let task = Task::new("a", run.clone()).max_running(2);
        let builder = Scheduler::builder(store.clone()).task(task).max_idle(millis(20));
        nodes.push(builder.build().await.expect("it is valid"));
    }
    let mut ids = Vec::new();
    for _ in 0..20 {
        ids.push(nodes[0].enqueue("a", &()).await.expect("it is valid"));
    }
    let first = nodes[0].start().await.expect("it starts");
    let second = nodes[1].start().await.expect("it starts");
    for id in ids {
        assert_eq!(settled(&store, id).await.len(), 1);
    }
    assert_eq!(most.load(Ordering::Relaxed), 2);
    assert_eq!(
        (first.stop(millis(60_000)).await.left, second.stop(millis(60_000)).await.left),
        (0, 0)
    );
}

#[tokio::test]
async fn two_planners_make_one_job_of_each_fire() {
    let store = Flaky::default();
    let (report, mut reports) = unbounded_channel();
    let mut running = Vec::new();
    for _ in 0..2 {
        let report = report.clone();
        let run = move |(): (), context: Context| {
            let sent = report.send((context.fire_at(), context.job()));
            async move { sent.map_err(|error| error.to_string()) }
        };
        let builder = Scheduler::builder(store.clone()).task(Task::new("a", run));
        let scheduler = builder.max_idle(millis(20)).build().await.expect("it is valid");
        running.push(scheduler.start().await.expect("it starts"));
        let schedule = Schedule::every("ticks", "a", millis(20)).coalesce(Coalesce::All);
        scheduler.put(schedule).await.expect("it is valid");
    }
    let mut seen = BTreeSet::new();
    while seen.len() < 20 {
        assert!(seen.insert(next(&mut reports).await), "a fire ran twice");
    }
    let fires: Vec<_> = seen.iter().filter_map(|(fire_at, _)| *fire_at).collect();
    let gaps = fires.windows(2).map(|pair| pair[1].since(pair[0]).as_micros());
    assert!(gaps.into_iter().all(|gap| gap == 20_000), "a fire is missing: {fires:?}");
    for node in running {
        assert_eq!(node.stop(millis(60_000)).await.left, 0);
    }
}

#[tokio::test]
async fn a_client_that_never_starts_queues_jobs_for_others() {
    let store = Flaky::default();
    let (task, mut reports) = reporting("a");
    let builder = Scheduler::builder(store.clone()).task(task).max_idle(millis(20));
    let worker = builder.build().await.expect("it is valid");
    let running = worker.start().await.expect("it starts");
    let client = Scheduler::builder(store.clone()).build().await.expect("it is valid");
    let job = client.enqueue("a", &()).await.expect("it is valid");
    assert_eq!(next(&mut reports).await.job(), job);
    assert_eq!(running.stop(millis(60_000)).await.left, 0);
}
