//! Lost connections, restarts, races, rights: trouble stays where it is.

mod place;

use mainspring_conformance::rig::{Rig, clock};
use mainspring_conformance::sample::{at, ended, queued, task};
use mainspring_contract::record::{Enqueued, Settle, Written};
use mainspring_contract::store::{JobFilter, RunFilter};
use mainspring_contract::{Store, StoreErrorKind as Kind};
use mainspring_core::id::Token;
use mainspring_core::outcome::Outcome;
use mainspring_postgres::{Options, PostgresStore, migrations};
use mainspring_support::Postgres;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};

use place::Place;

/// A connection beside the store's.
async fn beside(options: &Options) -> PgConnection {
    PgConnection::connect(&options.url).await.expect("a connection")
}

async fn run(connection: &mut PgConnection, sql: impl Into<String>) {
    sqlx::raw_sql(AssertSqlSafe(sql.into())).execute(connection).await.expect("it runs");
}

/// Cuts the connections of all stores on this database.
async fn cut(connection: &mut PgConnection) {
    let all = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity \
               WHERE datname = current_database() AND application_name = 'mainspring'";
    run(connection, all).await;
}

/// Returns once somebody on this database waits for a lock.
async fn until_somebody_waits(options: &Options) {
    let mut other = beside(options).await;
    let waiting = "SELECT count(*) FROM pg_stat_activity \
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while sqlx::query(waiting).fetch_one(&mut other).await.expect("a count").get::<i64, _>(0) == 0 {
    }
}

#[tokio::test]
async fn a_connection_that_was_cut_while_idle_is_replaced_without_a_word() {
    let place = Place::default();
    let rig = Rig(place.open().await);
    rig.enqueue_all(0, &[queued(1, "t")]).await;
    cut(&mut beside(&place.options().await).await).await;
    rig.enqueue_all(0, &[queued(2, "t")]).await;
    assert_eq!(rig.jobs().await.len(), 2);
}

#[tokio::test]
async fn a_connection_that_is_cut_in_the_middle_changes_nothing_and_the_verb_is_repeated() {
    let place = Place::default();
    let rig = Rig(place.fresh().await);
    let options = place.options().await;
    rig.enqueue_all(0, &[queued(1, "t")]).await;
    let job = rig.claim(0, "w", &["t"], 1).await.remove(0);
    // Somebody has the job's row, so that whoever settles it waits inside the statement.
    let mut holder = beside(&options).await;
    let schema = options.schema.clone().expect("a schema");
    let mut held = holder.begin().await.expect("a transaction");
    run(&mut held, format!("SELECT FROM \"{schema}\".mainspring_jobs FOR UPDATE")).await;
    let settle = async { rig.settle(1, &job, Outcome::Succeeded).await };
    let trouble = async {
        until_somebody_waits(&options).await;
        cut(&mut beside(&options).await).await;
        held.rollback().await.expect("it ends");
    };
    let (written, ()) = tokio::join!(settle, trouble);
    assert_eq!(written, Written::Done);
    assert_eq!(rig.runs(&RunFilter::newest(9)).await.len(), 1);
}

#[tokio::test]
async fn a_future_that_is_dropped_leaves_no_transaction_open() {
    let place = Place::default();
    let rig = Rig(place.fresh().await);
    let options = place.options().await;
    rig.enqueue_all(0, &[queued(1, "t")]).await;
    let job = rig.claim(0, "w", &["t"], 1).await.remove(0);
    let schema = options.schema.clone().expect("a schema");
    let mut holder = beside(&options).await;
    let mut held = holder.begin().await.expect("a transaction");
    run(&mut held, format!("SELECT FROM \"{schema}\".mainspring_jobs FOR UPDATE")).await;
    let mut other = beside(&options).await;
    let waits = async {
        loop {
            let waiting = "SELECT count(*) FROM pg_stat_activity \
                           WHERE datname = current_database() AND wait_event_type = 'Lock'";
            let row = sqlx::query(waiting).fetch_one(&mut other).await.expect("a count");
            if row.get::<i64, _>(0) > 0 {
                break;
            }
        }
    };
    tokio::select! {
        biased;
        _ = rig.settle(1, &job, Outcome::Succeeded) => {
            panic!("somebody else has the row")
        }
        () = waits => {}
    }
    held.rollback().await.expect("it ends");
    // The next verb waits until the server has noticed, if it has to, and not for ever.
    assert_eq!(rig.settle(1, &job, Outcome::Succeeded).await, Written::Done);
}

#[tokio::test]
async fn a_server_that_restarts_is_found_again() {
    let mut server = Postgres::start().await;
    let database = server.database().await;
    let rig = Rig(PostgresStore::open(database.url()).await.expect("it opens"));
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
async fn a_job_in_a_transaction_that_is_rolled_back_never_was() {
    let place = Place::default();
    let options = place.options().await;
    let store = place.open().await;
    let mut connection = beside(&options).await;
    let mut tx = connection.begin().await.expect("a transaction");
    let answers = store.enqueue_in(&mut tx, clock(0), &[queued(1, "t")]).await;
    assert_eq!(answers.expect("it is queued"), [Enqueued::Inserted]);
    tx.rollback().await.expect("it ends");
    assert_eq!(Rig(store).jobs().await, []);
}

#[tokio::test]
async fn a_job_is_settled_with_what_it_did_or_not_at_all() {
    let place = Place::default();
    let rig = Rig(place.fresh().await);
    let options = place.options().await;
    rig.enqueue_all(0, &[queued(1, "t")]).await;
    let job = rig.claim(0, "w", &["t"], 1).await.remove(0);
    let settle = Settle { job: job.id, token: job.token, ended: ended(Outcome::Succeeded, at(1)) };
    let mut connection = beside(&options).await;
    for keep in [false, true] {
        let mut tx = connection.begin().await.expect("a transaction");
        let answers = rig.0.complete_in(&mut tx, clock(1), core::slice::from_ref(&settle)).await;
        assert_eq!(answers.expect("it is settled"), [Written::Done]);
        if keep {
            tx.commit().await.expect("it ends");
        } else {
            tx.rollback().await.expect("it ends");
            assert_eq!(rig.jobs().await.len(), 1);
        }
    }
    assert_eq!(rig.jobs().await, []);
}

#[tokio::test]
async fn nodes_that_start_at_once_migrate_once() {
    let place = Place::default();
    let options = place.options().await;
    let all = tokio::join!(
        PostgresStore::open_with(&options),
        PostgresStore::open_with(&options),
        PostgresStore::open_with(&options),
        PostgresStore::open_with(&options),
    );
    let stores = [all.0, all.1, all.2, all.3].map(|store| store.expect("it opens"));
    assert_eq!(migrations::plan(&options).await.expect("a plan"), []);
    for store in stores {
        store.close().await;
    }
}

#[tokio::test]
async fn a_plan_changes_nothing_and_can_be_run_by_hand() {
    let place = Place::default();
    let mut options = place.options().await;
    options.schema = None;
    let plan = migrations::plan(&options).await.expect("a plan");
    assert_eq!(plan[0].version, 1);
    assert_eq!(migrations::plan(&options).await.expect("the same"), plan);
    let error = migrations::check(&options).await.expect_err("nothing is there");
    assert_eq!(error.kind(), Kind::Incompatible, "{error}");
    let mut connection = beside(&options).await;
    for step in plan {
        run(&mut connection, step.sql).await;
    }
    migrations::check(&options).await.expect("everything is there");
    options.migrate = false;
    PostgresStore::open_with(&options).await.expect("it opens");
}

#[tokio::test]
async fn a_program_that_is_too_old_says_so() {
    let place = Place::default();
    let options = place.options().await;
    let schema = options.schema.clone().expect("a schema");
    place.open().await.close().await;
    let mut connection = beside(&options).await;
    let later = |version, min_program| {
        format!(
            "INSERT INTO \"{schema}\".mainspring_migrations (version, name, min_program) \
             VALUES ({version}, 'later', {min_program})"
        )
    };
    // The next schema suits this program, too.
    run(&mut connection, later(98, 1)).await;
    place.open().await.close().await;
    run(&mut connection, later(99, 99)).await;
    let error = PostgresStore::open_with(&options).await.expect_err("it must not be used");
    assert_eq!(error.kind(), Kind::Incompatible);
    assert!(error.to_string().contains("update this program"), "{error}");
}

#[tokio::test]
async fn a_job_that_is_settled_while_it_is_queued_once_more_does_not_come_back() {
    let place = Place::default();
    // No other test of this database waits for locks.
    let rig = Rig(place.fresh().await);
    let options = place.options().await;
    let schema = options.schema.clone().expect("a schema");
    let mut other = beside(&options).await;
    let mut tx = other.begin().await.expect("a transaction");
    let added = rig.0.enqueue_in(&mut tx, clock(0), &[queued(1, "t")]).await;
    assert_eq!(added.expect("it is queued"), [Enqueued::Inserted]);
    let claim = format!(
        "UPDATE \"{schema}\".mainspring_jobs \
         SET state = 1, token = 1, node = 'w', lease_until_us = 9000000"
    );
    run(&mut tx, claim).await;
    let ended = ended(Outcome::Succeeded, at(1));
    let settle = Settle { job: queued(1, "t").id, token: Token::new(1), ended };
    let settled = rig.0.complete_in(&mut tx, clock(1), &[settle]).await;
    assert_eq!(settled.expect("it is settled"), [Written::Done]);
    // Whoever queues it now has begun before all this was committed.
    let again = async { rig.enqueue(1, &queued(1, "t")).await };
    let commit = async {
        until_somebody_waits(&options).await;
        tx.commit().await.expect("it ends");
    };
    let (answer, ()) = tokio::join!(again, commit);
    assert_eq!(answer, Enqueued::Exists);
    assert_eq!(rig.jobs().await, []);
}

#[tokio::test]
async fn a_transaction_that_would_decide_by_an_old_state_is_refused() {
    let place = Place::default();
    let rig = Rig(place.open().await);
    let mut connection = beside(&place.options().await).await;
    for isolation in ["REPEATABLE READ", "SERIALIZABLE"] {
        let mut tx = connection.begin().await.expect("a transaction");
        run(&mut tx, format!("SET TRANSACTION ISOLATION LEVEL {isolation}")).await;
        let enqueued = rig.0.enqueue_in(&mut tx, clock(0), &[queued(1, "t")]).await;
        let error = enqueued.expect_err(isolation);
        assert_eq!(error.kind(), Kind::Backend, "{error}");
        assert!(error.to_string().contains("LEVEL READ COMMITTED"), "{error}");
        tx.commit().await.expect("nothing was done in it");
        assert_eq!(rig.jobs().await, []);
    }
}

#[tokio::test]
async fn few_rights_are_enough() {
    let place = Place::default();
    let mut options = place.options().await;
    options.schema = Some("jobs".into());
    migrations::apply(&options).await.expect("the owner makes the tables");
    let mut owner = beside(&options).await;
    // Roles belong to the server, which others share.
    let row = sqlx::query("SELECT current_database()").fetch_one(&mut owner).await.expect("a name");
    let role = row.get::<String, _>(0);
    let grants = include_str!("../src/sql/grants.sql").replace("TO app", &format!("TO {role}"));
    run(&mut owner, format!("CREATE ROLE {role} LOGIN; {grants}")).await;
    options.url = options.url.replace("postgres@", &format!("{role}@"));
    let error = migrations::apply(&Options { schema: None, ..options.clone() }).await;
    assert_eq!(error.expect_err("it may not make tables").kind(), Kind::Backend);
    options.migrate = false;
    let rig = Rig(PostgresStore::open_with(&options).await.expect("it opens"));
    rig.put_task(0, task("t", Some(2))).await;
    for round in 0..8 {
        rig.enqueue_all(round, &[queued(round.unsigned_abs() + 1, "t")]).await;
        let job = rig.claim(round, "w", &["t"], 1).await.remove(0);
        assert_eq!(rig.settle(round, &job, Outcome::Succeeded).await, Written::Done);
        assert_eq!(rig.prune(at(round + 1), 99).await, 1);
    }
    rig.0.close().await;
    run(&mut owner, format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
}

#[tokio::test]
async fn an_error_never_shows_the_password() {
    let url = "postgres://app:hush@127.0.0.1:1/db";
    let error = PostgresStore::open(url).await.expect_err("nobody listens there");
    assert_eq!(error.kind(), Kind::Unavailable, "{error}");
    let shown = format!("{error} {error:?} {:?}", Options::new(url));
    assert!(error.to_string().contains("postgres://127.0.0.1:1/db"), "{error}");
    assert!(!shown.contains("hush"), "{shown}");
}

#[tokio::test]
async fn two_handles_never_claim_one_job() {
    let place = Place::default();
    let (here, there) = (place.open().await, place.open().await);
    let jobs: Vec<_> = (1..=200).map(|number| queued(number, "t")).collect();
    let rigs = (Rig(here), Rig(there));
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
