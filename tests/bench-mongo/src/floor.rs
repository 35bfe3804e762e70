//! The bare driver: what nobody could leave out who keeps jobs in these collections.
//!
//! Jobs are added in one request and a commit. A worker settles and claims in one transaction:
//! records are added, jobs removed, the next ones found in the order of the index and leased.

use core::sync::atomic::{AtomicI64, Ordering};

use mainspring_mongodb::MongoStore;
use mongodb::bson::{Bson, Document, RawDocumentBuf, doc};
use mongodb::{Client, Collection, Database};

/// The collections of a store that nobody else uses.
pub(crate) struct Floor {
    database: Database,
    seq: AtomicI64,
}

impl Floor {
    pub(crate) async fn open(url: &str) -> Self {
        MongoStore::open(url).await.expect("the collections are made");
        let client = Client::with_uri_str(url).await.expect("an address");
        let database = client.default_database().expect("a database");
        Self { database, seq: AtomicI64::new(0) }
    }

    fn jobs<T: Send + Sync>(&self) -> Collection<T> {
        self.database.collection("mainspring_jobs")
    }

    /// Adds documents.
    pub(crate) async fn enqueue(&self, documents: Vec<RawDocumentBuf>, batch: usize) {
        let jobs = self.jobs::<RawDocumentBuf>();
        for part in documents.chunks(batch) {
            let mut session = self.database.client().start_session().await.expect("a session");
            session.start_transaction().await.expect("a transaction");
            jobs.insert_many(part).session(&mut session).await.expect("they are new");
            session.commit_transaction().await.expect("it lasts");
        }
    }

    /// Claims and settles jobs.
    pub(crate) async fn run(&self, jobs: usize, batch: usize) {
        let (mut over, mut claimed) = (0, Vec::<Document>::new());
        while over < jobs {
            let mut session = self.database.client().start_session().await.expect("a session");
            session.start_transaction().await.expect("a transaction");
            if !claimed.is_empty() {
                let records = claimed.iter().map(|job| self.record(job));
                let runs = self.database.collection::<Document>("mainspring_runs");
                let records: Vec<Document> = records.collect();
                runs.insert_many(records).session(&mut session).await.expect("they are new");
                let gone = doc! { "_id": { "$in": ids(&claimed) } };
                let gone = self.jobs::<Document>().delete_many(gone).session(&mut session).await;
                over += usize::try_from(gone.expect("they go").deleted_count).unwrap_or(0);
            }
            let ready = doc! {
                "state": 0, "task": "t", "tags": "", "ready_at_us": { "$lte": i64::MAX },
            };
            let order = doc! { "priority": 1, "ready_at_us": 1, "_id": 1 };
            let limit = i64::try_from(batch).expect("a small batch");
            let jobs = self.jobs::<Document>();
            let found = jobs.find(ready).sort(order).limit(limit);
            let found = found.batch_size(u32::try_from(batch).expect("a small batch"));
            let mut found = found.session(&mut session).await.expect("jobs");
            claimed.clear();
            while let Some(job) = found.next(&mut session).await {
                claimed.push(job.expect("a job"));
            }
            if !claimed.is_empty() {
                let these = doc! { "_id": { "$in": ids(&claimed) } };
                let lease = doc! {
                    "$set": {
                        "state": 1, "node": "w", "lease_until_us": 9_000_000_000_000_000_i64,
                        "cancel": false,
                    },
                    "$inc": { "token": 1 },
                };
                jobs.update_many(these, lease).session(&mut session).await.expect("they are ours");
            }
            session.commit_transaction().await.expect("it lasts");
        }
    }

    /// The record of an attempt, with the fields that the store writes.
    fn record(&self, job: &Document) -> Document {
        let field = |name: &str| job.get(name).cloned().unwrap_or(Bson::Null);
        doc! {
            "_id": self.seq.fetch_add(1, Ordering::Relaxed), "job": field("_id"), "token": 1,
            "attempt": 1, "task": field("task"), "origin": field("origin"), "node": "w",
            "settled": true, "outcome": 0, "started_at_us": field("created_at_us"),
            "finished_at_us": field("created_at_us"), "noted_at_us": field("created_at_us"),
            "v": 1, "lk": 0_i64,
        }
    }
}

fn ids(jobs: &[Document]) -> Vec<Bson> {
    jobs.iter().filter_map(|job| job.get("_id").cloned()).collect()
}
