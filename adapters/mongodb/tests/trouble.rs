//! Lost connections, restarts, conflicts, damage, long records: trouble stays where it is.

mod place;

use mainspring_conformance::rig::{Rig, clock};
use mainspring_conformance::sample::{
    at, encoded, ended, job_id, node, queued, replace, secs, spec, task, task_id,
};
use mainspring_contract::record::{
    Cancelled, ClaimJobs, Enqueue, Enqueued, Rescue, Settle, Task, Written,
};
use mainspring_contract::store::{JobFilter, RunFilter};
use mainspring_contract::{Clock, Encoded, Store, StoreErrorKind as Kind, Tags};
use mainspring_core::outcome::Outcome;
use mainspring_core::settings::Settings;
use mainspring_mongodb::{MongoStore, Options, Prefix, migrations};
use mainspring_support::{MongoDb, Settings as Start};
use mongodb::ClientSession;
use mongodb::bson::{Bson, Document, doc};

use place::{Beside, Place};

/// A job may be lost again and again.
const fn many_rescues() -> Settings {
    Settings { max_rescues: Some(99), ..Settings::NONE }
}

impl Beside {
    /// A transaction.
    async fn begin(&self) -> ClientSession {
        let mut session = self.0.client().start_session().await.expect("a session");
        session.start_transaction().await.expect("a transaction");
        session
    }

    /// Has all documents of a collection that a filter names, until the transaction ends.
    async fn hold(&self, session: &mut ClientSession, collection: &str, filter: Document) {
        let collection = self.0.collection::<Document>(collection);
        let change = collection.update_many(filter, doc! { "$inc": { "lk": 1 } });
        let done = change.session(session).await.expect("nobody else has them");
        assert!(done.matched_count > 0, "there is something to hold");
    }
}

#[tokio::test]
async fn connections_that_are_cut_again_and_again_lose_nothing_and_double_nothing() {
    let server = MongoDb::start().await;
    let database = server.database().await;
    let rig = Rig(MongoStore::open(database.url()).await.expect("it opens"));
    rig.put_task(0, Task { settings: many_rescues(), ..task("t", None) }).await;
    let jobs: Vec<_> = (1..=60).map(|number| queued(number, "t")).collect();
    rig.enqueue_all(0, &jobs).await;
    let tasks = [task_id("t")];
    let (node, tags, lease_for) = (node("w"), &Tags::NONE, secs(10));
    let claim = ClaimJobs { node: node.clone(), tasks: &tasks, tags, lease_for, max: 3 };
    let mut round = 0;
    loop {
        round += 1;
        if round % 3 == 0 && round < 60 {
            server.cut_connections().await;
        }
        // A verb that cannot be repeated says that nobody knows whether it took effect.
        let claimed = match rig.0.claim_jobs(clock(1), &claim).await {
            Ok(reply) => reply.value,
            Err(why) => {
                assert!(why.is_passing(), "{why}");
                let held = Rescue::HeldBy(node.clone());
                let _ = rig.0.rescue(clock(1), &held, 99).await;
                continue;
            }
        };
        if claimed.is_empty() {
            break;
        }
        for job in claimed {
            let ended = ended(Outcome::Succeeded, at(1));
            let settle = [Settle { job: job.id, token: job.token, ended }];
            loop {
                match rig.0.settle(clock(1), &settle).await {
                    Ok(reply) => break assert_eq!(reply.value, [Written::Done]),
                    Err(why) => assert!(why.is_passing(), "{why}"),
                }
            }
        }
    }
    assert_eq!(rig.jobs().await, []);
    let runs = rig.runs(&RunFilter { settled: Some(true), ..RunFilter::newest(999) }).await;
    assert_eq!(runs.len(), jobs.len());
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_asked_about() {
    let server = MongoDb::start().await;
    let database = server.database().await;
    let rig = Rig(MongoStore::open(database.url()).await.expect("it opens"));
    rig.enqueue_all(0, &[queued(1, "t")]).await;
    let beside = Beside::new(&server.url().replace("/?", "/admin?")).await;
    let lose = doc! {
        "configureFailPoint": "failCommand", "mode": { "times": 1 },
        "data": { "failCommands": ["commitTransaction"], "closeConnection": true },
    };
    beside.run(lose).await;
    assert_eq!(rig.claim(0, "w", &["t"], 9).await.len(), 1);
    assert_eq!(rig.claim(0, "w", &["t"], 9).await.len(), 0);
}

#[tokio::test]
async fn a_server_that_restarts_is_found_again() {
    let mut server = MongoDb::start().await;
    let database = server.database().await;
    let rig = Rig(MongoStore::open(database.url()).await.expect("it opens"));
    rig.enqueue_all(0, &[queued(1, "t")]).await;
    server.kill().await;
    let error = rig.0.jobs(&JobFilter::first(9)).await.expect_err("nobody is there");
    assert_eq!(error.kind(), Kind::Unavailable, "{error}");
    assert!(error.to_string().contains("127.0.0.1"), "{error}");
    server.start_again().await;
    assert_eq!(rig.jobs().await.len(), 1, "what was answered lasts");
    rig.0.close().await;
}

#[tokio::test]
async fn a_primary_that_steps_down_is_waited_for() {
    let server = MongoDb::start().await;
    let database = server.database().await;
    let rig = Rig(MongoStore::open(database.url()).await.expect("it opens"));
    rig.enqueue_all(0, &[queued(1, "t")]).await;
    let beside = Beside::new(&server.url().replace("/?", "/admin?")).await;
    let down = doc! { "replSetStepDown": 1, "secondaryCatchUpPeriodSecs": 0, "force": true };
    beside.run(down).await;
    rig.enqueue_all(0, &[queued(2, "t")]).await;
    assert_eq!(rig.jobs().await.len(), 2);
}

#[tokio::test]
async fn a_future_that_is_dropped_leaves_no_transaction_open() {
    let place = Place::new().await;
    let rig = Rig(place.open().await);
    for number in 1..20 {
        rig.enqueue_all(0, &[queued(number, "t")]).await;
        let job = rig.claim(0, "w", &["t"], 1).await.remove(0);
        // Each time it gets a little further.
        let mut settle = Box::pin(rig.settle(1, &job, Outcome::Succeeded));
        for _ in 0..number {
            tokio::select! {
                biased;
                _ = &mut settle => break,
                () = tokio::task::yield_now() => {}
            }
        }
        drop(settle);
        assert_eq!(rig.settle(1, &job, Outcome::Succeeded).await, Written::Done);
    }
    assert_eq!(rig.runs(&RunFilter::newest(99)).await.len(), 19);
}

#[tokio::test]
async fn a_claim_that_is_in_somebodys_way_takes_other_jobs() {
    let place = Place::new().await;
    let rig = Rig(place.open().await);
    rig.enqueue_all(0, &[1, 2, 3, 4].map(|number| queued(number, "t"))).await;
    let ids: Vec<Bson> = [1, 2].map(|number| id(&queued(number, "t"))).to_vec();
    let beside = place.beside().await;
    let mut holder = beside.begin().await;
    beside.hold(&mut holder, "mainspring_jobs", doc! { "_id": { "$in": ids } }).await;
    assert_eq!(rig.claim(1, "w", &["t"], 2).await.len(), 2, "as many as can be claimed");
    assert_eq!(rig.claim(1, "w", &["t"], 2).await.len(), 0);
    holder.abort_transaction().await.expect("it ends");
    assert_eq!(rig.claim(1, "w", &["t"], 9).await.len(), 2);
}

#[tokio::test]
async fn what_has_ended_is_written_down_although_the_next_claim_is_in_somebodys_way() {
    let place = Place::new().await;
    let rig = Rig(place.open().await);
    rig.put_task(0, task("t", Some(5))).await;
    rig.enqueue_all(0, &[1, 2].map(|number| queued(number, "t"))).await;
    let job = rig.claim(0, "w", &["t"], 1).await.remove(0);
    // Whoever claims jobs of a limited task locks the task.
    let beside = place.beside().await;
    let mut holder = beside.begin().await;
    beside.hold(&mut holder, "mainspring_tasks", doc! { "_id": "t" }).await;
    let over = ended(Outcome::Succeeded, at(1));
    let settles = [Settle { job: job.id, token: job.token, ended: over }];
    let (tasks, tags, lease_for) = ([task_id("t")], &Tags::NONE, secs(10));
    let claim = ClaimJobs { node: node("w"), tasks: &tasks, tags, lease_for, max: 9 };
    let reply = rig.0.settle_and_claim(clock(1), &settles, &claim).await.expect("an answer");
    assert_eq!(reply.value, (vec![Written::Done], vec![]));
    assert_eq!(rig.outcome(job.id).await, Some(Outcome::Succeeded));
    assert!(
        reply.pulse.next_ready_at.is_some_and(|ready| ready <= at(1)),
        "there is more to claim"
    );
    holder.abort_transaction().await.expect("it ends");
    let reply = rig.0.settle_and_claim(clock(1), &settles, &claim).await.expect("an answer");
    let (written, claimed) = reply.value;
    assert_eq!((written, claimed.len()), (vec![Written::Done], 1), "the same again");
}

fn id(job: &Enqueue) -> Bson {
    let bytes = job.id.as_bytes().to_vec();
    Bson::Binary(mongodb::bson::Binary { subtype: mongodb::bson::spec::BinarySubtype::Uuid, bytes })
}

#[tokio::test]
async fn a_schedule_that_somebody_has_hides_no_other() {
    let place = Place::new().await;
    let rig = Rig(place.open().await);
    for name in ["a", "b", "c"] {
        let _ = rig.put(0, &replace(&spec(name, "t"), at(1))).await;
    }
    let beside = place.beside().await;
    let mut holder = beside.begin().await;
    beside.hold(&mut holder, "mainspring_schedules", doc! { "_id": "a" }).await;
    assert_eq!(rig.claim_due(2, "p", 9).await.len(), 2);
    holder.abort_transaction().await.expect("it ends");
    assert_eq!(rig.claim_due(2, "p", 9).await.len(), 1);
}

#[tokio::test]
async fn two_handles_never_claim_one_job() {
    let place = Place::new().await;
    let rigs = (Rig(place.open().await), Rig(place.open().await));
    let jobs: Vec<_> = (1..=200).map(|number| queued(number, "t")).collect();
    rigs.0.enqueue_all(0, &jobs).await;
    let mut seen = std::collections::HashSet::new();
    loop {
        let (a, b) = tokio::join!(rigs.0.claim(1, "a", &["t"], 7), rigs.1.claim(1, "b", &["t"], 7));
        if a.is_empty() && b.is_empty() {
            break;
        }
        for job in a.iter().chain(&b) {
            assert!(seen.insert(job.id), "{} was claimed twice", job.id);
        }
    }
    assert_eq!(seen.len(), 200);
}

#[tokio::test]
async fn a_job_in_a_transaction_that_is_aborted_never_was() {
    let place = Place::new().await;
    let rig = Rig(place.open().await);
    let beside = place.beside().await;
    for keep in [false, true] {
        let mut session = beside.begin().await;
        let answers = rig.0.enqueue_in(&mut session, Clock::Server, &[queued(1, "t")]).await;
        assert_eq!(answers.expect("it is queued"), [Enqueued::Inserted]);
        assert_eq!(rig.jobs().await, []);
        if keep {
            session.commit_transaction().await.expect("it ends");
        } else {
            session.abort_transaction().await.expect("it ends");
        }
    }
    let mut session = beside.begin().await;
    let answers = rig.0.enqueue_in(&mut session, Clock::Server, &[queued(1, "t")]).await;
    assert_eq!(answers.expect("an answer"), [Enqueued::Exists], "and the transaction goes on");
    session.commit_transaction().await.expect("it ends");
    let reply = rig.0.enqueue(Clock::Server, &[]).await.expect("an answer");
    let waited = reply.pulse.store_now.since(rig.jobs().await.remove(0).created_at);
    assert!(waited.as_micros() < 60_000_000, "both are of the server's clock");
}

#[tokio::test]
async fn a_job_is_settled_with_what_it_did_or_not_at_all() {
    let place = Place::new().await;
    let rig = Rig(place.open().await);
    rig.enqueue_all(0, &[queued(1, "t")]).await;
    let job = rig.claim(0, "w", &["t"], 1).await.remove(0);
    let settle =
        [Settle { job: job.id, token: job.token, ended: ended(Outcome::Succeeded, at(1)) }];
    let beside = place.beside().await;
    for keep in [false, true] {
        let mut session = beside.begin().await;
        let answers = rig.0.complete_in(&mut session, clock(1), &settle).await;
        assert_eq!(answers.expect("it is settled"), [Written::Done]);
        if keep {
            session.commit_transaction().await.expect("it ends");
        } else {
            session.abort_transaction().await.expect("it ends");
            assert_eq!(rig.jobs().await.len(), 1);
        }
    }
    assert_eq!(rig.jobs().await, []);
}

#[tokio::test]
async fn nodes_that_start_at_once_migrate_once() {
    let place = Place::new().await;
    let options = place.options();
    let all = tokio::join!(
        MongoStore::open_with(&options),
        MongoStore::open_with(&options),
        MongoStore::open_with(&options),
        MongoStore::open_with(&options),
    );
    for store in [all.0, all.1, all.2, all.3] {
        store.expect("it opens");
    }
    assert_eq!(migrations::plan(&options).await.expect("a plan"), []);
}

#[tokio::test]
async fn a_plan_changes_nothing_and_a_check_says_what_is_missing() {
    let place = Place::new().await;
    let mut options = place.options();
    let plan = migrations::plan(&options).await.expect("a plan");
    assert_eq!(plan[0].version, 1);
    assert!(plan[0].commands.iter().any(|command| command.contains("mainspring_jobs")));
    assert_eq!(migrations::plan(&options).await.expect("the same"), plan);
    let error = migrations::check(&options).await.expect_err("nothing is there");
    assert_eq!(error.kind(), Kind::Incompatible, "{error}");
    migrations::apply(&options).await.expect("it is applied");
    options.migrate = false;
    MongoStore::open_with(&options).await.expect("it opens");
}

#[tokio::test]
async fn a_program_that_is_too_old_says_so() {
    let place = Place::new().await;
    drop(place.open().await);
    let beside = place.beside().await;
    let later = |version: i64, min_program: i64| {
        let row = doc! { "_id": version, "name": "later", "min_program": min_program };
        doc! { "insert": "mainspring_migrations", "documents": [row] }
    };
    // The next schema suits this program, too.
    beside.run(later(98, 1)).await;
    drop(place.open().await);
    beside.run(later(99, 99)).await;
    let error = MongoStore::open_with(&place.options()).await.expect_err("it must not be used");
    assert_eq!(error.kind(), Kind::Incompatible);
    assert!(error.to_string().contains("update this program"), "{error}");
}

#[tokio::test]
async fn stores_with_different_prefixes_do_not_meet() {
    let place = Place::new().await;
    let mut options = place.options();
    let here = Rig(place.open().await);
    options.prefix = Prefix::new("other_").expect("a prefix");
    let there = Rig(MongoStore::open_with(&options).await.expect("it opens"));
    here.enqueue_all(0, &[queued(1, "t")]).await;
    assert_eq!(there.jobs().await, []);
    there.enqueue_all(0, &[queued(1, "t"), queued(2, "t")]).await;
    assert_eq!(here.claim(0, "w", &["t"], 9).await.len(), 1);
    assert_eq!(there.claim(0, "w", &["t"], 9).await.len(), 2);
}

#[tokio::test]
async fn an_error_never_shows_the_password() {
    let url = "mongodb://app:hush@127.0.0.1:1/db?serverSelectionTimeoutMS=100";
    let error = MongoStore::open(url).await.expect_err("nobody listens there");
    assert_eq!(error.kind(), Kind::Unavailable, "{error}");
    let shown = format!("{error} {error:?} {:?}", Options::new(url));
    assert!(error.to_string().contains("mongodb://127.0.0.1:1/db"), "{error}");
    assert!(!shown.contains("hush"), "{shown}");
}

#[tokio::test]
async fn damaged_documents_are_set_aside_and_hide_nobody() {
    let place = Place::new().await;
    let rig = Rig(place.open().await);
    rig.enqueue_all(0, &[1, 2, 3].map(|number| queued(number, "t"))).await;
    for name in ["a", "b"] {
        let _ = rig.put(0, &replace(&spec(name, "t"), at(1))).await;
    }
    let beside = place.beside().await;
    let change = |collection: &str, id: Bson, change| {
        doc! { "update": collection, "updates": [{ "q": { "_id": id }, "u": { "$set": change } }] }
    };
    let first = id(&queued(1, "t"));
    beside.run(change("mainspring_jobs", first, doc! { "retry_max": "many" })).await;
    let second = id(&queued(2, "t"));
    beside.run(change("mainspring_jobs", second, doc! { "v": 99 })).await;
    beside.run(change("mainspring_schedules", "a".into(), doc! { "overlap": -1 })).await;
    assert_eq!(rig.claim(1, "w", &["t"], 9).await.len(), 1);
    let runs = rig.runs(&RunFilter::newest(9)).await;
    assert_eq!(runs.len(), 2);
    assert!(runs.iter().all(|view| view.run.ended.outcome == Outcome::Undecodable));
    assert_eq!(rig.claim_due(2, "p", 9).await.len(), 1);
    let unreadable = rig.0.unreadable(9).await.expect("a list");
    assert_eq!(unreadable.len(), 1);
    assert_eq!(unreadable[0].name, "a");
    assert_eq!(rig.claim_due(2, "p", 9).await.len(), 0);
}

#[tokio::test]
async fn a_record_that_is_too_long_is_refused_and_changes_nothing() {
    let place = Place::new().await;
    let rig = Rig(place.open().await);
    let large = |number, bytes: usize| {
        let payload = Encoded { bytes: vec![7; bytes].into(), ..encoded("") };
        Enqueue { payload, ..queued(number, "t") }
    };
    // Together they are longer than a message.
    let jobs: Vec<_> = (1..=5).map(|number| large(number, 12 << 20)).collect();
    rig.enqueue_all(0, &jobs).await;
    let error = rig.0.enqueue(clock(0), &[queued(6, "t"), large(7, 17 << 20)]).await;
    let error = error.expect_err("it cannot be kept");
    assert_eq!(error.kind(), Kind::Backend, "{error}");
    assert!(error.to_string().contains("16 MB"), "{error}");
    let jobs = rig.0.jobs(&JobFilter::first(9)).await.expect("a list");
    assert_eq!(jobs.len(), 5, "all or nothing");
    assert!(jobs.iter().all(|job| job.payload.bytes.len() == 12 << 20));
}

#[tokio::test]
async fn what_a_dead_program_has_locked_is_free_again_soon() {
    // The server alone would wait for an hour.
    let settings = Start::default().volatile().set("transactionLifetimeLimitSeconds", "3600");
    let server = MongoDb::start_with(settings).await;
    let database = server.database().await;
    let rig = Rig(MongoStore::open(database.url()).await.expect("it opens"));
    rig.enqueue_all(0, &[queued(1, "t")]).await;
    rig.put_task(0, task("t", None)).await;
    // It is as if this one had died: the server hears no more of it.
    let dead = Beside::new(&format!("{}&appName=mainspring", database.url())).await;
    let mut session = dead.begin().await;
    dead.hold(&mut session, "mainspring_jobs", doc! {}).await;
    // Somebody else's transaction may take its time.
    let user = Beside::new(database.url()).await;
    let mut theirs = user.begin().await;
    user.hold(&mut theirs, "mainspring_tasks", doc! {}).await;
    let freed = async {
        loop {
            match rig.0.cancel(clock(1), &[job_id(1)]).await {
                Ok(reply) => break reply.value,
                Err(why) => assert_eq!(why.kind(), Kind::Contended, "{why}"),
            }
        }
    };
    let freed = tokio::time::timeout(core::time::Duration::from_secs(60), freed).await;
    assert_eq!(freed.expect("nobody waits for the dead"), [Cancelled::Settled]);
    session.commit_transaction().await.expect_err("it has ended");
    theirs.commit_transaction().await.expect("it has not");
}
