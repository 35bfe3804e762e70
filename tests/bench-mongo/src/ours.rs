//! The store.

use mainspring_contract::record::{ClaimJobs, Ended, Enqueue, Enqueued, Job, Settle, Written};
use mainspring_contract::{Clock, Encoded, JobId, NodeId, Store, Tags, TaskId};
use mainspring_core::outcome::Outcome;
use mainspring_core::settings::Settings;
use mainspring_core::time::{Span, Timestamp};
use mainspring_mongodb::MongoStore;
use mongodb::Client;
use mongodb::bson::{RawDocumentBuf, doc};

/// A store, and how many jobs it was given so far.
pub(crate) struct Ours {
    store: MongoStore,
    given: core::sync::atomic::AtomicU64,
}

impl Ours {
    pub(crate) async fn open(url: &str) -> Self {
        let store = MongoStore::open(url).await.expect("the database opens");
        Self { store, given: 1.into() }
    }

    /// Queues jobs.
    pub(crate) async fn enqueue(&self, jobs: usize, batch: usize) {
        let mut left = jobs;
        while left > 0 {
            let jobs: Vec<Enqueue> = (0..batch.min(left)).map(|_| self.job()).collect();
            left -= jobs.len();
            let answers = self.store.enqueue(Clock::Server, &jobs).await.expect("an answer").value;
            assert!(answers.iter().all(|answer| *answer == Enqueued::Inserted));
        }
    }

    fn job(&self) -> Enqueue {
        let number = self.given.fetch_add(1, core::sync::atomic::Ordering::Relaxed);
        let mut random = [0; 10];
        random[2..].copy_from_slice(&number.to_be_bytes());
        let now = Timestamp::UNIX_EPOCH + Span::from_millis(i64::try_from(number).unwrap_or(0));
        Enqueue {
            id: JobId::queued(now, random),
            task: task(),
            payload: Encoded::json(1, &"x".repeat(100)).expect("a text"),
            settings: Settings::NONE,
            tags: None,
            ready_at: None,
            start_by: None,
            unique: None,
            extra: None,
        }
    }

    /// Every job that waits, as a document.
    pub(crate) async fn documents(&self, url: &str) -> Vec<RawDocumentBuf> {
        let client = Client::with_uri_str(url).await.expect("an address");
        let database = client.default_database().expect("a database");
        let jobs = database.collection::<RawDocumentBuf>("mainspring_jobs");
        let mut cursor = jobs.find(doc! {}).await.expect("documents");
        let mut all = Vec::new();
        while cursor.advance().await.expect("a document") {
            all.push(cursor.current().to_owned());
        }
        all
    }

    /// Claims and settles jobs, as a busy worker does.
    pub(crate) async fn run(&self, jobs: usize, batch: usize) {
        let (tasks, node) = ([task()], NodeId::new("w").expect("a name"));
        let max = u32::try_from(batch).expect("a small batch");
        let (tags, lease_for) = (&Tags::NONE, Span::from_secs(60));
        let (mut over, mut settles) = (0, Vec::new());
        while over < jobs {
            let claim = ClaimJobs { node: node.clone(), tasks: &tasks, tags, lease_for, max };
            let reply = self.store.settle_and_claim(Clock::Server, &settles, &claim).await;
            let (written, claimed) = reply.expect("an answer").value;
            assert!(written.iter().all(|written| *written == Written::Done));
            over += written.len();
            settles = claimed.iter().map(settle).collect();
        }
    }
}

fn settle(job: &Job) -> Settle {
    let ended = Ended {
        outcome: Outcome::Succeeded,
        started_at: Some(job.created_at),
        finished_at: job.created_at,
        detail: None,
    };
    Settle { job: job.id, token: job.token, ended }
}

fn task() -> TaskId {
    TaskId::new("t").expect("a name")
}
