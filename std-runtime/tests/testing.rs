//! The testing kit: time passes only when a test says so.

use core::time::Duration;

use mainspring::testing::HandClock;
use mainspring::{Context, RetryAfter, Schedule, Scheduler, Snooze, State, Task};
use mainspring_contract::store::RunFilter;
use mainspring_core::time::{Span, Timestamp};
use mainspring_memory::MemoryStore;
use std::sync::{Arc, Mutex};

/// What runs have noted: when they began, and for which fire.
type Notes = Arc<Mutex<Vec<(Timestamp, Option<Timestamp>)>>>;

fn start() -> Timestamp {
    "2027-01-01T00:00:00Z".parse().expect("an instant")
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn noted(notes: &Notes) -> Vec<(Timestamp, Option<Timestamp>)> {
    notes.lock().expect("nobody panics").clone()
}

async fn note((): (), notes: State<Notes>, run: Context) {
    notes.lock().expect("nobody panics").push((run.started_at(), run.fire_at()));
}

async fn noting(clock: &HandClock, store: MemoryStore) -> (Scheduler, Notes) {
    let notes = Notes::default();
    let builder = clock.builder(store).state(Arc::clone(&notes)).task(Task::new("note", note));
    (builder.build().await.expect("a scheduler"), notes)
}

#[tokio::test]
async fn each_fire_runs_at_its_very_instant() {
    let clock = HandClock::at(start());
    let (scheduler, notes) = noting(&clock, MemoryStore::default()).await;
    scheduler.put(Schedule::cron("hourly", "note", "0 * * * *")).await.expect("it is put");
    let _running = scheduler.start().await.expect("it starts");
    clock.advance(seconds(3_599)).await;
    assert_eq!(noted(&notes), []);
    clock.advance(seconds(86_400)).await;
    let hour = |hour: i64| start() + Span::from_secs(3_600 * hour);
    let expected: Vec<_> = (1..=24).map(|one| (hour(one), Some(hour(one)))).collect();
    assert_eq!(noted(&notes), expected);
    assert_eq!(clock.now(), start() + Span::from_secs(89_999));
    let runs = scheduler.runs(&RunFilter::newest(1)).await.expect("they are listed");
    assert_eq!(runs[0].run.ended.finished_at, hour(24), "records have the same clock");
}

#[tokio::test]
async fn a_year_of_days_is_the_same_in_one_step_and_in_many() {
    let mut all = Vec::new();
    for steps in [1, 365] {
        let clock = HandClock::at(start());
        let (scheduler, notes) = noting(&clock, MemoryStore::default()).await;
        scheduler.put(Schedule::cron("daily", "note", "30 4 * * *")).await.expect("it is put");
        let _running = scheduler.start().await.expect("it starts");
        for _ in 0..steps {
            clock.advance(seconds(365 * 86_400 / steps)).await;
        }
        all.push(noted(&notes));
    }
    assert_eq!(all[0].len(), 365);
    assert_eq!(all[0], all[1]);
}

#[tokio::test]
async fn a_task_sleeps_until_an_instant_of_the_clock() {
    async fn wait((): (), notes: State<Notes>, run: Context) -> Result<(), Snooze> {
        note((), notes, run.clone()).await;
        let noon = start() + Span::from_hours(12);
        if run.started_at() < noon { Err(Snooze::until(noon)) } else { Ok(()) }
    }
    let clock = HandClock::at(start());
    let notes = Notes::default();
    let builder = clock.builder(MemoryStore::default()).state(Arc::clone(&notes));
    let scheduler = builder.task(Task::new("wait", wait)).build().await.expect("a scheduler");
    let _running = scheduler.start().await.expect("it starts");
    let _ = scheduler.enqueue("wait", &()).await.expect("it is queued");
    clock.advance(seconds(86_400)).await;
    let began: Vec<_> = noted(&notes).into_iter().map(|(at, _)| at).collect();
    assert_eq!(began, [start(), start() + Span::from_hours(12)]);
}

#[tokio::test]
async fn retries_wait_by_the_clock() {
    async fn fail((): (), run: Context) -> Result<u32, RetryAfter> {
        let attempt = run.attempt();
        if attempt < 3 { Err(RetryAfter::new(seconds(60), "not yet")) } else { Ok(attempt) }
    }
    let clock = HandClock::at(start());
    let task = Task::new("fail", fail).retries(5);
    let builder = clock.builder(MemoryStore::default()).task(task);
    let scheduler = builder.build().await.expect("a scheduler");
    let _running = scheduler.start().await.expect("it starts");
    let job = scheduler.enqueue("fail", &()).await.expect("it is queued");
    clock.advance(seconds(119)).await;
    assert!(scheduler.result(job).await.expect("an answer").is_none());
    clock.advance(seconds(1)).await;
    let end = scheduler.result(job).await.expect("an answer").expect("it is over");
    assert_eq!(end.output::<u32>().expect("a number"), 3);
}

#[tokio::test]
async fn a_sleeping_run_keeps_its_lease() {
    async fn nap((): (), clock: State<HandClock>) {
        clock.wait(seconds(3_600)).await;
    }
    let clock = HandClock::at(start());
    let builder = clock.builder(MemoryStore::default()).state(clock.clone());
    let scheduler = builder.task(Task::new("nap", nap)).build().await.expect("a scheduler");
    let _running = scheduler.start().await.expect("it starts");
    let job = scheduler.enqueue("nap", &()).await.expect("it is queued");
    clock.advance(seconds(3_599)).await;
    assert!(scheduler.result(job).await.expect("an answer").is_none());
    clock.advance(seconds(1)).await;
    let end = scheduler.result(job).await.expect("an answer").expect("it is over");
    assert_eq!(end.outcome().to_string(), "succeeded");
    let run = end.run();
    let took = run.ended.finished_at.since(run.ended.started_at.expect("it started"));
    assert_eq!((took, run.attempt), (Span::from_secs(3_600), 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn blocking_tasks_and_threads_change_nothing() {
    fn count((): (), notes: State<Notes>, run: Context) -> Result<(), String> {
        std::thread::yield_now();
        notes.lock().expect("nobody panics").push((run.started_at(), run.fire_at()));
        Ok(())
    }
    let clock = HandClock::at(start());
    let notes = Notes::default();
    let builder = clock.builder(MemoryStore::default()).state(Arc::clone(&notes));
    let task = Task::blocking("count", count).timeout(seconds(1));
    let scheduler = builder.task(task).build().await.expect("a scheduler");
    scheduler.put(Schedule::every("often", "count", seconds(10))).await.expect("it is put");
    let _running = scheduler.start().await.expect("it starts");
    clock.advance(seconds(1_000)).await;
    let late: Vec<_> = noted(&notes).into_iter().filter(|&(at, fire)| Some(at) != fire).collect();
    assert_eq!((noted(&notes).len(), late), (100, vec![]));
}

#[tokio::test]
async fn what_was_queued_is_told_in_the_order_of_its_turn() {
    let clock = HandClock::at(start());
    let builder = clock.builder(MemoryStore::default());
    let scheduler = builder.build().await.expect("a scheduler");
    for (name, wait) in [("grace", 20), ("ada", 10), ("mary", 30)] {
        let job = scheduler.job("mail", name).delay(seconds(wait));
        let _ = job.enqueue().await.expect("it is queued");
    }
    let names: Vec<String> = clock.enqueued(&scheduler, "mail").await.expect("texts");
    assert_eq!(names, ["ada", "grace", "mary"]);
    let other: Vec<u8> = clock.enqueued(&scheduler, "other").await.expect("nothing");
    assert!(other.is_empty());
    let wrong = clock.enqueued::<u8>(&scheduler, "mail").await;
    assert!(wrong.is_err_and(|error| error.to_string().contains("do not fit")));
}

#[tokio::test]
async fn what_an_aborted_node_ran_goes_to_the_next() {
    async fn hang((): ()) {
        core::future::pending::<()>().await;
    }
    let clock = HandClock::at(start());
    let store = MemoryStore::default();
    let first = clock.builder(store.clone()).task(Task::new("note", hang));
    let first = first.build().await.expect("a scheduler");
    let job = first.enqueue("note", &()).await.expect("it is queued");
    let mut events = first.events();
    let running = first.start().await.expect("it starts");
    while !matches!(events.next().await, Some(mainspring::Event::RunStarted { .. })) {}
    assert_eq!(running.abort().await.left, 0);
    let (scheduler, notes) = noting(&clock, store).await;
    let _running = scheduler.start().await.expect("it starts");
    clock.advance(seconds(60)).await;
    assert_eq!(noted(&notes).len(), 1);
    let end = scheduler.result(job).await.expect("an answer").expect("it is over");
    assert_eq!(end.outcome().to_string(), "succeeded");
}
