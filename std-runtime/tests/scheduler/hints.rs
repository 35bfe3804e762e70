//! What nodes tell each other over a broker. No node here looks by itself for hours.

use core::future::pending;
use core::time::Duration;

use mainspring::{Builder, Event, Events, JobId, Overlap, Schedule, Scheduler, Task};
use mainspring_contract::broker::{Broker, BrokerCapabilities, BrokerError, Link};
use mainspring_contract::record::Cancelled;
use mainspring_core::outcome::Outcome;
use mainspring_memory::MemoryBroker;

use crate::flaky::Flaky;
use crate::rig::{long_lease, millis, next, reporting, soon, waiting};

/// Two hours.
const LONG: Duration = Duration::from_secs(7_200);

fn builder(store: &Flaky, broker: &MemoryBroker) -> Builder {
    Scheduler::builder(store.beside()).broker(broker.clone()).max_idle(LONG).lease(long_lease())
}

async fn node(store: &Flaky, broker: &MemoryBroker, task: Task) -> Scheduler {
    builder(store, broker).task(task).build().await.expect("it is valid")
}

async fn client(store: &Flaky, broker: &MemoryBroker) -> Scheduler {
    builder(store, broker).build().await.expect("it is valid")
}

/// Lets everything happen that needs no more than this: the clock is set forward only while nobody
/// has anything to do.
async fn within(span: Duration) {
    let _ = tokio::time::timeout(span, pending::<()>()).await;
}

/// Waits for an event.
async fn until(events: &mut Events, wanted: impl Fn(&Event) -> bool) -> Event {
    soon(async {
        loop {
            let event = events.next().await.expect("its scheduler is there");
            if wanted(&event) {
                return event;
            }
        }
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn a_job_starts_at_once_on_a_node_that_was_not_going_to_look() {
    let (store, broker) = (Flaky::default(), MemoryBroker::default());
    let (task, mut reports) = reporting("a");
    let running = node(&store, &broker, task).await.start().await.expect("it starts");
    within(millis(1_000)).await;
    let client = client(&store, &broker).await;
    for _ in 0..20 {
        let job = client.enqueue("a", &()).await.expect("it is valid");
        let started = tokio::time::timeout(millis(50), next(&mut reports)).await;
        assert_eq!(started.expect("without a wait").job(), job);
    }
    assert_eq!(running.stop(LONG).await.left, 0);
}

#[tokio::test(start_paused = true)]
async fn only_nodes_that_offer_the_task_look() {
    let (store, broker) = (Flaky::default(), MemoryBroker::default());
    let mut nodes = Vec::new();
    for name in ["a", "b"] {
        let (task, reports) = reporting(name);
        let store = store.beside();
        let builder = Scheduler::builder(store.clone()).broker(broker.clone()).max_idle(LONG);
        let scheduler = builder.task(task).build().await.expect("it is valid");
        nodes.push((scheduler.start().await.expect("it starts"), store, reports));
    }
    within(millis(1_000)).await;
    let claims = |node: usize| nodes[node].1.calls("claim_jobs");
    let before = [claims(0), claims(1)];
    let client = client(&store, &broker).await;
    let _ = client.enqueue("a", &()).await.expect("it is valid");
    within(millis(1_000)).await;
    assert!(claims(0) > before[0]);
    assert_eq!(claims(1), before[1], "`b` has nothing to do with it");
    assert!(nodes[0].2.try_recv().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_crowd_of_idle_nodes_does_not_storm_the_store_for_one_job() {
    let (store, broker) = (Flaky::default(), MemoryBroker::default());
    let mut nodes = Vec::new();
    for _ in 0..50 {
        let store = store.beside();
        let builder = Scheduler::builder(store.clone()).broker(broker.clone()).max_idle(LONG);
        let scheduler = builder.task(reporting("a").0).build().await.expect("it is valid");
        nodes.push((scheduler.start().await.expect("it starts"), store));
    }
    within(millis(5_000)).await;
    let claims = || nodes.iter().map(|(_, store)| store.calls("claim_jobs")).sum::<u32>();
    let before = claims();
    let client = client(&store, &broker).await;
    // A job every ten milliseconds for ten seconds; without restraint each costs fifty claims.
    for _ in 0..1_000 {
        let _ = client.enqueue("a", &()).await.expect("it is valid");
        within(millis(10)).await;
    }
    let each = f64::from(claims() - before) / 1_000.0;
    assert!(each < 25.0, "{each} claims for each job");
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_a_job_hears_of_its_end_at_once() {
    let (store, broker) = (Flaky::default(), MemoryBroker::default());
    let (task, mut reports) = waiting("a");
    let running = node(&store, &broker, task).await.start().await.expect("it starts");
    let client = client(&store, &broker).await;
    let waits = tokio::spawn({
        let client = client.clone();
        async move { client.job("a", &()).enqueue_and_wait().await }
    });
    let (_, word) = next(&mut reports).await;
    // By now it would look once an hour.
    within(LONG).await;
    word.send(()).expect("it runs");
    let end = tokio::time::timeout(millis(50), waits).await.expect("without a wait");
    assert_eq!(end.expect("no panic").expect("it is known").outcome(), Outcome::Succeeded);
    assert_eq!(running.stop(LONG).await.left, 0);
}

#[tokio::test(start_paused = true)]
async fn a_run_on_another_node_is_cancelled_at_once() {
    let (store, broker) = (Flaky::default(), MemoryBroker::default());
    let (task, mut reports) = waiting("a");
    let running = node(&store, &broker, task).await.start().await.expect("it starts");
    let client = client(&store, &broker).await;
    let job = client.enqueue("a", &()).await.expect("it is valid");
    let (context, _word) = next(&mut reports).await;
    assert_eq!(client.cancel(job).await.expect("it works"), Cancelled::Asked);
    let told = tokio::time::timeout(millis(50), context.cancelled()).await;
    assert!(told.is_ok(), "long before the lease has to be renewed");
    let end = client.wait(job).await.expect("it is known");
    assert_eq!(end.outcome(), Outcome::Cancelled);
    assert_eq!(running.stop(LONG).await.left, 0);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_makes_room_on_another_node_is_told_at_once() {
    let (store, broker) = (Flaky::default(), MemoryBroker::default());
    let (task, mut reports) = waiting("a");
    let running = node(&store, &broker, task).await.start().await.expect("it starts");
    let client = client(&store, &broker).await;
    let hourly = Schedule::every("s", "a", Duration::from_secs(3_600)).overlap(Overlap::Cancel);
    let _ = client.put(hourly).await.expect("it is valid");
    let run_now = async || client.run_now("s").await.expect("it works").expect("a job");
    let first = run_now().await;
    let (context, _word) = next(&mut reports).await;
    assert_eq!(context.job(), first);
    let second = run_now().await;
    let told = tokio::time::timeout(millis(50), context.cancelled()).await;
    assert!(told.is_ok(), "long before the lease has to be renewed");
    let (context, word) = next(&mut reports).await;
    assert_eq!(context.job(), second);
    word.send(()).expect("it runs");
    let end = client.wait(second).await.expect("it is known");
    assert_eq!(end.outcome(), Outcome::Succeeded);
    assert_eq!(running.stop(LONG).await.left, 0);
}

#[tokio::test(start_paused = true)]
async fn a_schedule_that_is_put_elsewhere_fires_in_time() {
    let (store, broker) = (Flaky::default(), MemoryBroker::default());
    let (task, mut reports) = reporting("a");
    let running = node(&store, &broker, task).await.start().await.expect("it starts");
    within(millis(1_000)).await;
    let client = client(&store, &broker).await;
    let _ = client.put(Schedule::every("s", "a", millis(50))).await.expect("it is valid");
    assert!(next(&mut reports).await.fire_at().is_some());
    assert_eq!(running.stop(LONG).await.left, 0);
}

#[tokio::test(start_paused = true)]
async fn the_fires_of_one_node_run_on_another_at_once() {
    let (store, broker) = (Flaky::default(), MemoryBroker::default());
    let (task, mut reports) = reporting("a");
    let running = node(&store, &broker, task).await.start().await.expect("it starts");
    within(millis(1_000)).await;
    // This one plans and knows no task.
    let planner = client(&store, &broker).await;
    let planning = planner.start().await.expect("it starts");
    let _ = planner.put(Schedule::every("s", "a", millis(50))).await.expect("it is valid");
    for _ in 0..10 {
        assert!(next(&mut reports).await.fire_at().is_some());
    }
    assert_eq!(planning.stop(LONG).await.left, 0);
    assert_eq!(running.stop(LONG).await.left, 0);
}

#[tokio::test(start_paused = true)]
async fn nodes_hear_of_each_other() {
    let (store, broker) = (Flaky::default(), MemoryBroker::default());
    let here = builder(&store, &broker).node("here").build().await.expect("it is valid");
    let mut events = here.events();
    let running = here.start().await.expect("it starts");
    let there = builder(&store, &broker).node("there").build().await.expect("it is valid");
    let other = there.start().await.expect("it starts");
    let joined = |event: &Event| matches!(event, Event::NodeJoined { .. });
    let Event::NodeJoined { node } = until(&mut events, joined).await else { unreachable!() };
    assert_eq!(&node, there.node());
    assert_eq!(other.stop(LONG).await.left, 0);
    let gone = |event: &Event| matches!(event, Event::NodeGone { .. });
    let Event::NodeGone { node } = until(&mut events, gone).await else { unreachable!() };
    assert_eq!(&node, there.node());
    assert_eq!(running.stop(LONG).await.left, 0);
}

#[tokio::test(start_paused = true)]
async fn jobs_that_a_node_hands_back_are_taken_by_others_at_once() {
    let (store, broker) = (Flaky::default(), MemoryBroker::default());
    let (first, mut firsts) = waiting("a");
    let leaving = node(&store, &broker, first).await.start().await.expect("it starts");
    let client = client(&store, &broker).await;
    let job = client.enqueue("a", &()).await.expect("it is valid");
    let _word = next(&mut firsts).await;
    let (second, mut seconds) = reporting("a");
    let running = node(&store, &broker, second).await.start().await.expect("it starts");
    within(millis(1_000)).await;
    assert_eq!(leaving.abort().await.left, 0);
    assert_eq!(next(&mut seconds).await.job(), job);
    assert_eq!(running.stop(LONG).await.left, 0);
}

/// A broker that nobody can reach.
struct Dead;

/// Nobody has one.
struct Never;

impl Broker for Dead {
    type Link = Never;

    async fn connect(&self, _farewell: &str) -> Result<Never, BrokerError> {
        Err(BrokerError::new("told to be dead"))
    }

    fn name(&self) -> &str {
        "dead:"
    }

    fn capabilities(&self) -> BrokerCapabilities {
        BrokerCapabilities { max_message: 1_000, last_will: false, shared: false }
    }
}

impl Link for Never {
    async fn send(&mut self, _text: &str) -> Result<(), BrokerError> {
        unreachable!("nobody has one")
    }

    async fn receive(&mut self) -> Result<Vec<u8>, BrokerError> {
        unreachable!("nobody has one")
    }

    async fn check(&mut self) -> Result<(), BrokerError> {
        unreachable!("nobody has one")
    }

    async fn close(self) {}
}

#[tokio::test(start_paused = true)]
async fn without_its_broker_a_node_does_everything_by_looking() {
    let store = Flaky::default();
    let (task, mut reports) = reporting("a");
    let with = |store: Flaky| Scheduler::builder(store).broker(Dead).max_idle(millis(500));
    let worker = with(store.beside()).task(task).build().await.expect("it is valid");
    let mut events = worker.events();
    let running = worker.start().await.expect("it starts");
    let client = with(store.beside()).build().await.expect("it is valid");
    let job: JobId = client.enqueue("a", &()).await.expect("it is valid");
    assert_eq!(next(&mut reports).await.job(), job);
    let end = client.wait(job).await.expect("it is known");
    assert_eq!(end.outcome(), Outcome::Succeeded);
    assert!(!client.told_others(millis(100)).await, "there is nobody who could be told");
    assert_eq!(running.stop(LONG).await.left, 0);
    drop(worker);
    while let Some(event) = events.next().await {
        assert!(!matches!(event, Event::BrokerBack { .. } | Event::BrokerLost { .. }), "said once");
    }
}
