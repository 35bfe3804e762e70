//! Several users of one file at the same time, and users that go away in the middle.

use core::future::Future;
use core::pin::pin;
use core::task::{Context, Waker};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::task::Wake;
use std::thread::Thread;

use mainspring_conformance::rig::{Rig, clock};
use mainspring_conformance::sample::{at, ended, node, queued, secs, task, task_id};
use mainspring_contract::record::{ClaimJobs, Enqueued, Job, JobState, Settle, Task, Written};
use mainspring_contract::store::JobFilter;
use mainspring_contract::{Clock, JobId, Store, Tags};
use mainspring_core::outcome::Outcome;
use mainspring_sqlite::SqliteStore;
use tempfile::TempDir;

fn folder() -> TempDir {
    TempDir::new().expect("a folder for temporary files")
}

async fn open(folder: &TempDir) -> Rig<SqliteStore> {
    Rig(SqliteStore::open(folder.path().join("jobs.db")).await.expect("it opens"))
}

/// Claims and settles until nothing is left; returns what it ran.
async fn work(rig: &Rig<SqliteStore>, name: &str) -> Vec<JobId> {
    let tasks = [task_id("t")];
    let claim = ClaimJobs {
        node: node(name),
        tasks: &tasks,
        tags: &Tags::NONE,
        lease_for: secs(3_600),
        max: 4,
    };
    let (any, all) = (JobFilter::first(1), JobFilter::first(999));
    let mut ran = Vec::new();
    while !rig.0.jobs(&any).await.expect("it answers").is_empty() {
        let jobs = rig.0.claim_jobs(Clock::Server, &claim).await.expect("it answers").value;
        let running = rig.0.jobs(&all).await.expect("it answers");
        let leased = running.iter().filter(|job| matches!(job.state, JobState::Leased { .. }));
        assert!(leased.count() <= LIMIT as usize, "over all stores");
        let settle = |job: &Job| {
            let ended = ended(Outcome::Succeeded, at(0));
            Settle { job: job.id, token: job.token, ended }
        };
        let settles: Vec<_> = jobs.iter().map(settle).collect();
        let written = rig.0.settle(Clock::Server, &settles).await.expect("it answers").value;
        assert!(written.iter().all(|written| *written == Written::Done));
        ran.extend(jobs.iter().map(|job| job.id));
    }
    ran
}

/// How many jobs may run at once.
const LIMIT: u32 = 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn workers_on_stores_of_their_own_share_the_jobs_without_overlap() {
    const JOBS: u64 = 400;
    let folder = folder();
    let producer = open(&folder).await;
    producer.put_task(0, task("t", Some(LIMIT))).await;
    let jobs: Vec<_> = (1..=JOBS).map(|n| queued(n, "t")).collect();
    let (first, later) = jobs.split_at(jobs.len() / 2);
    producer.enqueue_all(0, first).await;
    let mut workers = Vec::new();
    for name in ["one", "two", "three"] {
        let rig = open(&folder).await;
        workers.push(tokio::spawn(async move {
            // Two tasks on one store, so that its one writer has a queue.
            let (a, b) = tokio::join!(work(&rig, name), work(&rig, name));
            [a, b].concat()
        }));
    }
    for job in later {
        let answers = producer.0.enqueue(Clock::Server, core::slice::from_ref(job)).await;
        assert_eq!(answers.expect("it answers").value, [Enqueued::Inserted]);
    }
    let mut ran = work(&producer, "four").await;
    for worker in workers {
        ran.extend(worker.await.expect("no panic"));
    }
    let distinct: BTreeSet<_> = ran.iter().copied().collect();
    assert_eq!((ran.len(), distinct.len()), (jobs.len(), jobs.len()), "each job ran once");
}

/// Wakes the thread that polls.
struct Bell(Thread);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Takes a future so many steps forward, each as soon as SQLite's own thread has answered, and
/// drops it; says whether it was ready.
fn step_and_drop<F: Future>(future: F, steps: usize) -> bool {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Bell(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    for step in 0..steps {
        if step > 0 {
            std::thread::park();
        }
        if future.as_mut().poll(&mut context).is_ready() {
            return true;
        }
    }
    false
}

#[tokio::test]
async fn a_future_that_is_dropped_half_way_leaves_no_transaction_open() {
    let folder = folder();
    let rig = open(&folder).await;
    let other = open(&folder).await;
    let (mut dropped, mut finished) = (BTreeSet::new(), 0);
    for number in 1..200_u64 {
        let jobs = [queued(number, "t"), queued(number + 1_000, "t")];
        let steps = usize::try_from(number).expect("small") % 20;
        if step_and_drop(rig.0.enqueue(clock(0), &jobs), steps) {
            finished += 1;
            assert!(rig.job(jobs[0].id).await.is_some());
        } else {
            dropped.insert(steps);
        }
        // Both the store itself and another process get the write lock next.
        let probe = task(&format!("probe {number}"), None);
        other.put_task(0, probe.clone()).await;
        rig.put_task(0, Task { version: 2, ..probe }).await;
        let both = [rig.job(jobs[0].id).await.is_some(), rig.job(jobs[1].id).await.is_some()];
        assert!(both[0] == both[1], "all or nothing");
    }
    assert!(dropped.len() >= 7, "dropped after so many steps: {dropped:?}");
    assert!(finished > 0, "the last steps reach the end");
}

#[tokio::test]
async fn a_process_that_was_killed_leaves_a_file_that_opens() {
    let folder = folder();
    let rig = open(&folder).await;
    rig.enqueue_all(0, &[queued(1, "t")]).await;
    let copy = self::folder();
    // What a killed process leaves: the file and its log, at any moment, never tidied.
    for name in ["jobs.db", "jobs.db-wal"] {
        std::fs::copy(folder.path().join(name), copy.path().join(name)).expect("a copy");
    }
    let after = open(&copy).await;
    assert_eq!(after.jobs().await, rig.jobs().await);
    assert_eq!(after.claim(1, "w", &["t"], 9).await.len(), 1);
}

#[tokio::test]
async fn an_idle_store_never_takes_the_write_lock() {
    let folder = folder();
    let rig = open(&folder).await;
    let other = open(&folder).await;
    rig.enqueue_all(0, &[queued(1, "t")]).await;
    // Somebody holds the lock for the whole test.
    let path = folder.path().join("jobs.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
    let mut writer = sqlx::ConnectOptions::connect(&options).await.expect("it opens");
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut writer).await.expect("nobody else writes");
    for rig in [&rig, &other] {
        assert_eq!(rig.claim_due(9, "p", 9).await, []);
        assert_eq!(rig.claim(9, "w", &["unknown"], 9).await, []);
        assert_eq!(rig.rescue(9, 9).await, []);
        assert_eq!(rig.prune(at(0), 9).await, 0);
        assert_eq!(rig.jobs().await.len(), 1);
    }
}

#[tokio::test]
async fn the_stores_own_clock_goes_forward_and_judges_leases() {
    let folder = folder();
    let rig = open(&folder).await;
    let mut last = None;
    for number in 1..=20 {
        let reply = rig.0.enqueue(Clock::Server, &[queued(number, "t")]).await.expect("an answer");
        assert!(Some(reply.pulse.store_now) >= last);
        last = Some(reply.pulse.store_now);
    }
    let now = last.expect("twenty replies");
    let tasks = [task_id("t")];
    let claim = ClaimJobs {
        node: node("w"),
        tasks: &tasks,
        tags: &Tags::NONE,
        lease_for: secs(15),
        max: 1,
    };
    let reply = rig.0.claim_jobs(Clock::Server, &claim).await.expect("an answer");
    assert_eq!(reply.value.len(), 1);
    assert_eq!(reply.pulse.next_lapse_at, Some(reply.pulse.store_now + secs(15)));
    assert!(reply.pulse.store_now >= now);
}
