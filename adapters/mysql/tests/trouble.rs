//! Lost connections, restarts, rights, long records: trouble stays where it is.

mod place;

use mainspring_conformance::node::record;
use mainspring_conformance::rig::{Rig, clock, value};
use mainspring_conformance::sample::{at, encoded, ended, node, queued, secs, task, task_id};
use mainspring_contract::record::{ClaimJobs, Enqueue, Rescue, Settle, Task, Written};
use mainspring_contract::store::{JobFilter, Page, RunFilter};
use mainspring_contract::tables::{Database, Mode, Tables};
use mainspring_contract::{Encoded, Store, StoreErrorKind as Kind, Tags};
use mainspring_core::outcome::Outcome;
use mainspring_core::settings::Settings;
use mainspring_mysql::{MysqlStore, Options, Prefix, migrations};
use mainspring_support::MariaDb;
use sqlx::{MySqlConnection, Row};

use place::{Place, number, rows, run};

/// A job may be lost again and again.
const fn many_rescues() -> Settings {
    Settings { max_rescues: Some(99), ..Settings::NONE }
}

/// Cuts the connections of everybody else on this database.
async fn cut(connection: &mut MySqlConnection) {
    let all = "SELECT CAST(id AS SIGNED) FROM information_schema.processlist \
               WHERE db = DATABASE() AND id <> CONNECTION_ID()";
    for row in rows(connection, all).await {
        let id: i64 = row.get(0);
        // It may have gone by itself.
        let kill = sqlx::AssertSqlSafe(format!("KILL CONNECTION {id}"));
        let _ = sqlx::raw_sql(kill).execute(&mut *connection).await;
    }
}

/// Returns once somebody on this database is inside a statement that locks rows: it waits there,
/// because somebody else has them. InnoDB's own list of waits stands still while it is asked often.
async fn until_somebody_waits(connection: &mut MySqlConnection) {
    let waiting = "SELECT COUNT(*) FROM information_schema.processlist \
                   WHERE db = DATABASE() AND id <> CONNECTION_ID() AND command <> 'Sleep' \
                       AND info LIKE '%FOR UPDATE%'";
    while number(connection, waiting).await == 0 {}
}

#[tokio::test]
async fn a_connection_that_was_cut_while_idle_is_replaced_without_a_word() {
    let place = Place::new().await;
    let rig = Rig(place.open().await);
    rig.enqueue_all(0, &[queued(1, "t")]).await;
    cut(&mut place.beside().await).await;
    rig.enqueue_all(0, &[queued(2, "t")]).await;
    assert_eq!(rig.jobs().await.len(), 2);
}

#[tokio::test]
async fn a_connection_that_is_cut_in_the_middle_changes_nothing_and_the_verb_is_repeated() {
    let place = Place::new().await;
    let rig = Rig(place.open().await);
    rig.enqueue_all(0, &[queued(1, "t")]).await;
    let job = rig.claim(0, "w", &["t"], 1).await.remove(0);
    // Somebody has the job's row, so that whoever settles it waits inside the statement.
    let mut holder = place.beside().await;
    run(&mut holder, "START TRANSACTION; SELECT * FROM mainspring_jobs FOR UPDATE").await;
    let settle = async { rig.settle(1, &job, Outcome::Succeeded).await };
    let trouble = async {
        let mut other = place.beside().await;
        until_somebody_waits(&mut other).await;
        // Everybody: the holder's lock goes with its connection.
        cut(&mut other).await;
    };
    let (written, ()) = tokio::join!(settle, trouble);
    assert_eq!(written, Written::Done);
    assert_eq!(rig.runs(&RunFilter::newest(9)).await.len(), 1);
}

#[tokio::test]
async fn connections_that_are_cut_again_and_again_lose_nothing_and_double_nothing() {
    let place = Place::new().await;
    let rig = Rig(place.open().await);
    let generous = task("t", None);
    rig.put_task(0, Task { settings: many_rescues(), ..generous }).await;
    let jobs: Vec<_> = (1..=60).map(|number| queued(number, "t")).collect();
    rig.enqueue_all(0, &jobs).await;
    let work = async {
        let tasks = [task_id("t")];
        let (node, tags, lease_for) = (node("w"), &Tags::NONE, secs(10));
        let claim = ClaimJobs { node: node.clone(), tasks: &tasks, tags, lease_for, max: 3 };
        loop {
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
                let settle = Settle { job: job.id, token: job.token, ended };
                while let Err(why) =
                    rig.0.settle(clock(1), core::slice::from_ref(&settle)).await.map(|reply| {
                        assert_eq!(reply.value, [Written::Done]);
                    })
                {
                    assert!(why.is_passing(), "{why}");
                }
            }
        }
    };
    let trouble = async {
        let mut other = place.beside().await;
        for _ in 0..20 {
            cut(&mut other).await;
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(work, trouble);
    assert_eq!(rig.jobs().await, []);
    let runs = rig.runs(&RunFilter { settled: Some(true), ..RunFilter::newest(999) }).await;
    assert_eq!(runs.len(), jobs.len());
}

#[tokio::test]
async fn a_future_that_is_dropped_leaves_no_transaction_open() {
    let place = Place::new().await;
    let rig = Rig(place.open().await);
    rig.enqueue_all(0, &[queued(1, "t")]).await;
    let job = rig.claim(0, "w", &["t"], 1).await.remove(0);
    let mut holder = place.beside().await;
    run(&mut holder, "START TRANSACTION; SELECT * FROM mainspring_jobs FOR UPDATE").await;
    let mut other = place.beside().await;
    tokio::select! {
        biased;
        _ = rig.settle(1, &job, Outcome::Succeeded) => panic!("somebody else has the row"),
        () = until_somebody_waits(&mut other) => {}
    }
    run(&mut holder, "ROLLBACK").await;
    // The next verb waits until the server has noticed, if it has to, and not for ever.
    assert_eq!(rig.settle(1, &job, Outcome::Succeeded).await, Written::Done);
    assert_eq!(rig.runs(&RunFilter::newest(9)).await.len(), 1);
}

#[tokio::test]
async fn a_node_that_stands_still_in_a_transaction_lets_go_of_what_it_has_locked() {
    let place = Place::new().await;
    let rig = Rig(place.open().await);
    rig.enqueue_all(0, &[queued(1, "t")]).await;
    let job = rig.claim(0, "w", &["t"], 1).await.remove(0);
    let still = place.open().await;
    let mut tx = still.begin(Mode::Write, clock(1)).await.expect("a transaction");
    assert!(tx.lock_jobs(&[job.id]).await.expect("it is locked")[0].is_some());
    // The server ends the idle transaction, and whoever waits is tried again until then.
    assert_eq!(rig.settle(1, &job, Outcome::Succeeded).await, Written::Done);
    let late = tx.lock_jobs(&[job.id]).await.expect_err("it is over");
    assert_eq!(late.kind(), Kind::Unavailable, "{late}");
}

#[tokio::test]
async fn a_server_that_restarts_is_found_again() {
    let mut server = MariaDb::start().await;
    let database = server.database().await;
    let rig = Rig(MysqlStore::open(database.url()).await.expect("it opens"));
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
async fn nodes_that_start_at_once_migrate_once() {
    let place = Place::new().await;
    let options = place.options();
    let all = tokio::join!(
        MysqlStore::open_with(&options),
        MysqlStore::open_with(&options),
        MysqlStore::open_with(&options),
        MysqlStore::open_with(&options),
    );
    let stores = [all.0, all.1, all.2, all.3].map(|store| store.expect("it opens"));
    assert_eq!(migrations::plan(&options).await.expect("a plan"), []);
    let mut connection = place.beside().await;
    let noted = number(&mut connection, "SELECT COUNT(*) FROM mainspring_migrations").await;
    assert_eq!(noted, 2);
    for store in stores {
        store.close().await;
    }
}

#[tokio::test]
async fn a_migration_that_was_broken_off_after_any_statement_is_finished_by_the_next_node() {
    let place = Place::new().await;
    let mut options = place.options();
    let plan = migrations::plan(&options).await.expect("a plan");
    let statements: Vec<String> = plan
        .iter()
        .flat_map(|step| step.sql.split(";\n"))
        .map(|sql| sql.trim().to_owned())
        .filter(|sql| !sql.is_empty())
        .collect();
    assert!(statements.len() > 8, "one for each table at least");
    let mut connection = place.beside().await;
    for done in 0..=statements.len() {
        let prefix = Prefix::new(&format!("after_{done}_")).expect("a prefix");
        for statement in &statements[..done] {
            run(&mut connection, prefix.render(statement)).await;
        }
        options.prefix = prefix;
        let rig = Rig(MysqlStore::open_with(&options).await.expect("it opens"));
        rig.put_task(0, task("t", None)).await;
        rig.enqueue_all(0, &[queued(1, "t")]).await;
        assert_eq!(rig.pulse(0).await.config_revision.number(), 1);
    }
}

#[tokio::test]
async fn a_plan_changes_nothing_and_can_be_run_by_hand() {
    let place = Place::new().await;
    let mut options = place.options();
    let plan = migrations::plan(&options).await.expect("a plan");
    assert_eq!(plan[0].version, 1);
    assert_eq!(migrations::plan(&options).await.expect("the same"), plan);
    let error = migrations::check(&options).await.expect_err("nothing is there");
    assert_eq!(error.kind(), Kind::Incompatible, "{error}");
    let mut connection = place.beside().await;
    for step in plan {
        run(&mut connection, step.sql).await;
    }
    migrations::check(&options).await.expect("everything is there");
    options.migrate = false;
    MysqlStore::open_with(&options).await.expect("it opens");
}

#[tokio::test]
async fn a_program_that_is_too_old_says_so() {
    let place = Place::new().await;
    place.open().await.close().await;
    let mut connection = place.beside().await;
    let later = |version, min_program| {
        format!("INSERT INTO mainspring_migrations VALUES ({version}, 'later', 0, {min_program})")
    };
    // The next schema suits this program, too.
    run(&mut connection, later(98, 1)).await;
    place.open().await.close().await;
    run(&mut connection, later(99, 99)).await;
    let error = MysqlStore::open_with(&place.options()).await.expect_err("it must not be used");
    assert_eq!(error.kind(), Kind::Incompatible);
    assert!(error.to_string().contains("update this program"), "{error}");
}

#[tokio::test]
async fn a_node_that_cannot_be_read_is_left_out_of_pages() {
    let place = Place::new().await;
    let rig = Rig(place.open().await);
    for name in ["a", "b", "c"] {
        value(rig.0.beat(clock(0), &record(name)).await);
    }
    let mut connection = place.beside().await;
    run(&mut connection, "UPDATE mainspring_nodes SET role = 9 WHERE id = 'b'").await;
    let found = value(rig.0.nodes(clock(0), &Page::first(2)).await);
    let names: Vec<_> = found.iter().map(|view| view.node.id.as_str()).collect();
    assert_eq!(names, ["a", "c"], "a page is filled up");
}

#[tokio::test]
async fn stores_with_different_prefixes_do_not_meet() {
    let place = Place::new().await;
    let mut options = place.options();
    let here = Rig(place.open().await);
    options.prefix = Prefix::new("other_").expect("a prefix");
    let there = Rig(MysqlStore::open_with(&options).await.expect("it opens"));
    here.enqueue_all(0, &[queued(1, "t")]).await;
    assert_eq!(there.jobs().await, []);
    there.enqueue_all(0, &[queued(1, "t"), queued(2, "t")]).await;
    assert_eq!(here.claim(0, "w", &["t"], 9).await.len(), 1);
    assert_eq!(there.claim(0, "w", &["t"], 9).await.len(), 2);
}

#[tokio::test]
async fn few_rights_are_enough() {
    let place = Place::new().await;
    let mut options = place.options();
    migrations::apply(&options).await.expect("the owner makes the tables");
    let mut owner = place.beside().await;
    let database: String = rows(&mut owner, "SELECT DATABASE()").await[0].get(0);
    // Users belong to the server, which others share; their names are short.
    let user = &database[database.len() - 16..];
    let grants = include_str!("../src/sql/grants.sql");
    let grants = grants.replace("app.", &format!("{database}."));
    let grants = grants.replace("TO app", &format!("TO '{user}'@'%'"));
    run(&mut owner, format!("CREATE USER '{user}'@'%' IDENTIFIED BY 'few'; {grants}")).await;
    let address = options.url.split_once('@').expect("a user").1;
    options.url = format!("mysql://{user}:few@{address}");
    options.prefix = Prefix::new("more_").expect("a prefix");
    let error = migrations::apply(&options).await.expect_err("it may not make tables");
    assert_eq!(error.kind(), Kind::Backend, "{error}");
    assert!(error.to_string().contains("right"), "{error}");
    (options.prefix, options.migrate) = (Prefix::default(), false);
    let rig = Rig(MysqlStore::open_with(&options).await.expect("it opens"));
    rig.put_task(0, task("t", Some(2))).await;
    for round in 0..3 {
        rig.enqueue_all(round, &[queued(round.unsigned_abs() + 1, "t")]).await;
        let job = rig.claim(round, "w", &["t"], 1).await.remove(0);
        assert_eq!(rig.settle(round, &job, Outcome::Succeeded).await, Written::Done);
        assert_eq!(rig.prune(at(round + 1), 99).await, 1);
    }
    rig.0.close().await;
    run(&mut owner, format!("DROP USER '{user}'@'%'")).await;
}

#[tokio::test]
async fn an_error_never_shows_the_password() {
    let url = "mysql://app:hush@127.0.0.1:1/db";
    let error = MysqlStore::open(url).await.expect_err("nobody listens there");
    assert_eq!(error.kind(), Kind::Unavailable, "{error}");
    let shown = format!("{error} {error:?} {:?}", Options::new(url));
    assert!(error.to_string().contains("mysql://127.0.0.1:1/db"), "{error}");
    assert!(!shown.contains("hush"), "{shown}");
}

fn large(number: u64, bytes: usize) -> Enqueue {
    let payload = Encoded { bytes: vec![7; bytes].into(), ..encoded("") };
    Enqueue { payload, ..queued(number, "t") }
}

#[tokio::test]
async fn a_batch_larger_than_a_packet_is_split_and_a_record_larger_than_one_is_refused() {
    let place = Place::new().await;
    let rig = Rig(place.open().await);
    let mut connection = place.beside().await;
    let packet = number(&mut connection, "SELECT CAST(@@max_allowed_packet AS SIGNED)").await;
    let packet = usize::try_from(packet).expect("a length");
    let jobs: Vec<_> = (1..=5).map(|number| large(number, packet / 3)).collect();
    rig.enqueue_all(0, &jobs).await;
    let page = JobFilter::first(9);
    for job in rig.0.jobs(&page).await.expect("a list") {
        assert_eq!(job.payload.bytes.len(), packet / 3);
    }
    let error = rig.0.enqueue(clock(0), &[queued(6, "t"), large(7, packet)]).await;
    let error = error.expect_err("it cannot be sent");
    assert_eq!(error.kind(), Kind::Backend, "{error}");
    assert!(error.to_string().contains("max_allowed_packet"), "{error}");
    assert_eq!(rig.0.jobs(&page).await.expect("a list").len(), 5, "all or nothing");
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
async fn a_claim_that_is_in_somebodys_way_takes_other_jobs() {
    let place = Place::new().await;
    let rig = Rig(place.open().await);
    rig.enqueue_all(0, &[1, 2, 3, 4].map(|number| queued(number, "t"))).await;
    let mut holder = place.beside().await;
    run(
        &mut holder,
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED; START TRANSACTION; \
         SELECT * FROM mainspring_jobs FORCE INDEX (PRIMARY) \
         WHERE RIGHT(HEX(id), 2) IN ('01', '02') FOR UPDATE",
    )
    .await;
    assert_eq!(rig.claim(1, "w", &["t"], 2).await.len(), 2, "as many as can be claimed");
    assert_eq!(rig.claim(1, "w", &["t"], 2).await.len(), 0);
    run(&mut holder, "ROLLBACK").await;
    assert_eq!(rig.claim(1, "w", &["t"], 9).await.len(), 2);
}
