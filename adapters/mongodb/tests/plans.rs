//! What the server does for the verbs that run all the time, among many jobs, schedules and runs
//! that are not meant: it seeks in indexes, and reads nothing from end to end. Its own profiler
//! tells.

mod place;

use std::collections::BTreeSet;

use mainspring_conformance::rig::{Rig, one};
use mainspring_conformance::sample::{advance, at, keyed, overlapping, queued, replace, task};
use mainspring_contract::record::{Advanced, Conflict, Enqueue, Hold, Renewed, Written};
use mainspring_core::outcome::Outcome;
use mainspring_core::overlap::Overlap;
use mainspring_mongodb::{MongoStore, Prefix};
use mongodb::bson::{Bson, Document, doc};

use place::{Beside, Place};

/// How many documents of each kind are in the way, at least: many more than any verb may look at,
/// or as many as `MAINSPRING_PLAN_ROWS` says.
fn row_count() -> u32 {
    let rows = std::env::var("MAINSPRING_PLAN_ROWS").ok();
    rows.map_or(20_000, |rows| rows.parse().expect("MAINSPRING_PLAN_ROWS is a number"))
}

/// How many entries of indexes, or documents, one command may look at here.
const FEW: i64 = 100;

/// Copies the one document of a collection, each with a name of its own and these changes.
async fn crowd(beside: &Beside, collection: &str, changes: Document) {
    let collection = format!("{}{collection}", Prefix::default().as_str());
    let mut copy = doc! { "_id": { "$concat": ["crowd ", { "$toString": "$n" }] } };
    copy.extend(changes);
    // Two short lists, because a server limits the length of one.
    let edge = i64::from(row_count().isqrt()) + 1;
    let numbers = doc! { "$range": [0, edge] };
    let number_of_both = doc! { "$add": [{ "$multiply": ["$i", edge] }, "$n"] };
    let pipeline = vec![
        doc! { "$limit": 1 },
        doc! { "$set": { "i": &numbers } },
        doc! { "$unwind": "$i" },
        doc! { "$set": { "n": numbers } },
        doc! { "$unwind": "$n" },
        doc! { "$set": { "n": number_of_both } },
        doc! { "$set": copy },
        doc! { "$unset": ["i", "n"] },
        doc! { "$merge": { "into": &collection, "whenMatched": "fail" } },
    ];
    let copy = doc! { "aggregate": &collection, "pipeline": pipeline, "cursor": {} };
    beside.run(copy).await;
    let counted = beside.run(doc! { "count": &collection }).await;
    assert_eq!(number(&counted, "n"), edge * edge + 1, "{collection}");
}

/// A number in a document, of whatever kind.
fn number(document: &Document, field: &str) -> i64 {
    match document.get(field) {
        Some(Bson::Int32(number)) => (*number).into(),
        Some(Bson::Int64(number)) => *number,
        _ => 0,
    }
}

/// What was run since the profiler was switched on: the collection, the command and its plan.
async fn profiled(beside: &Beside) -> Vec<Document> {
    beside.run(doc! { "profile": 0 }).await;
    let find = doc! { "find": "system.profile", "filter": {}, "batchSize": 10_000 };
    let found = beside.run(find).await;
    let cursor = found.get_document("cursor").expect("a cursor");
    assert_eq!(number(cursor, "id"), 0, "all of them came at once");
    let rows = cursor.get_array("firstBatch").expect("a list");
    rows.iter().filter_map(Bson::as_document).cloned().collect()
}

/// A store in which everything that is in nobody's way is there many times.
async fn crowded(place: &Place) -> Rig<MongoStore> {
    let rig = Rig(place.open().await);
    let beside = place.beside().await;
    rig.put_task(0, task("t", Some(50))).await;
    rig.enqueue_all(0, &[queued(1, "t")]).await;
    let run = rig.claim_one(0, "w", "t").await;
    assert_eq!(rig.settle(1, &run, Outcome::Succeeded).await, Written::Done);
    crowd(&beside, "runs", doc! { "job": { "$concat": ["job ", { "$toString": "$n" }] } }).await;
    rig.enqueue_all(0, &[Enqueue { ready_at: Some(at(LATE)), ..queued(2, "t") }]).await;
    crowd(&beside, "jobs", doc! {}).await;
    let _ = rig.put(0, &replace(&overlapping("late", Overlap::Skip), at(LATE))).await;
    crowd(&beside, "schedules", doc! {}).await;
    rig
}

/// Everything that a node does all the time, with one schedule and a few jobs.
async fn a_working_day(rig: &Rig<MongoStore>) {
    let _ = rig.put(2, &replace(&overlapping("s", Overlap::Skip), at(3))).await;
    let schedule = one(rig.claim_due(3, "p", 9).await);
    let advanced = rig.advance(3, &advance(&schedule, at(3), at(LATE))).await;
    assert!(matches!(advanced, Advanced::Done { inserted: 1, .. }), "{advanced:?}");
    rig.enqueue_all(4, &[queued(3, "t"), keyed(4, "t", "k", Hold::Live, Conflict::Keep)]).await;
    let jobs = rig.claim(5, "w", &["t", "u"], 9).await;
    let [a, b, c] = &jobs[..] else { panic!("three jobs are ready: {jobs:?}") };
    assert_eq!(rig.renew(6, a, 30).await, Renewed::Kept { cancel: false });
    assert_eq!(rig.release(6, a).await, Written::Done);
    assert_eq!(rig.retry(6, b, 0).await, Written::Done);
    assert_eq!(rig.settle(6, c, Outcome::Succeeded).await, Written::Done);
    for job in rig.claim(7, "w", &["t"], 9).await {
        assert_eq!(rig.settle(8, &job, Outcome::Succeeded).await, Written::Done);
    }
    assert_eq!(rig.claim(9, "w", &["t"], 9).await, []);
    assert_eq!(rig.rescue(9, 9).await, []);
    rig.enqueue_all(9, &[queued(5, "t")]).await;
    assert_eq!(rig.claim(9, "gone", &["t"], 9).await.len(), 1);
    assert_eq!(rig.rescue(10_000, 9).await.len(), 1, "its lease has ended");
    let _ = rig.pulse(10_000).await;
}

#[tokio::test]
async fn what_runs_all_the_time_looks_at_little_in_a_crowd() {
    let place = Place::new().await;
    let rig = crowded(&place).await;
    let beside = place.beside().await;
    beside.run(doc! { "profile": 2 }).await;
    a_working_day(&rig).await;
    let rows = profiled(&beside).await;
    let mut seen = BTreeSet::new();
    for row in &rows {
        let space = row.get_str("ns").unwrap_or_default();
        let collection = space.rsplit('_').next().unwrap_or_default();
        seen.insert((collection, row.get_str("op").unwrap_or_default()));
        // Those two have one document for each thing that a person has named, and no more.
        if matches!(collection, "meta" | "nodes") {
            continue;
        }
        let plan = row.get_str("planSummary").unwrap_or_default();
        let looked = number(row, "docsExamined").max(number(row, "keysExamined"));
        assert!(!plan.contains("COLLSCAN") && looked <= FEW, "{row}");
    }
    for expected in [
        ("jobs", "insert"),
        ("jobs", "query"),
        ("jobs", "update"),
        ("jobs", "remove"),
        ("keys", "insert"),
        ("meta", "command"),
        ("runs", "insert"),
        ("schedules", "query"),
        ("schedules", "update"),
        ("tasks", "query"),
    ] {
        assert!(seen.contains(&expected), "{expected:?} in {seen:?}");
    }
}

/// Whoever wants to be in nobody's way comes then, in seconds.
const LATE: i64 = 1_000_000_000;
