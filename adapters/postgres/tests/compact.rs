//! Dead rows that vacuum has to keep go all the same, and nothing that lives goes with them.

mod place;

use mainspring_conformance::rig::{Rig, clock};
use mainspring_conformance::sample::{at, queued, replace, spec, task};
use mainspring_contract::record::{ClaimJobs, Written};
use mainspring_contract::{NodeId, Store, Tags, TaskId};
use mainspring_core::outcome::Outcome;
use mainspring_core::time::Span;
use mainspring_postgres::{Options, PostgresStore};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};

use place::Place;

/// More than make a table worth the trouble.
const DEAD: i64 = 60_000;

/// More verbs than pass between two looks.
const VERBS: i64 = 40;

/// A connection beside the store's, which looks at its table of jobs.
struct Beside {
    connection: PgConnection,
    schema: String,
}

impl Beside {
    async fn new(options: &Options) -> Self {
        let connection = PgConnection::connect(&options.url).await.expect("a connection");
        Self { connection, schema: format!("\"{}\"", options.schema.clone().expect("a schema")) }
    }

    async fn run(&mut self, sql: &str) {
        let sql = sql.replace("schema.", &format!("{}.", self.schema));
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut self.connection).await.expect("it runs");
    }

    async fn number(&mut self, sql: &str) -> i64 {
        let sql = sql.replace("schema.", &format!("{}.", self.schema));
        let row = sqlx::query(AssertSqlSafe(sql)).fetch_one(&mut self.connection).await;
        row.expect("an answer").get(0)
    }

    /// Bytes of the table of jobs, without its indexes.
    async fn size(&mut self) -> i64 {
        self.number("SELECT pg_relation_size('schema.mainspring_jobs')").await
    }
}

/// Leaves dead rows behind, as if so many jobs had run; returns when the server has counted them.
async fn wear_out(options: &Options) {
    let mut worker = Beside::new(options).await;
    let columns = "SELECT string_agg(attname, ', ')::text FROM pg_attribute \
                   WHERE attrelid = 'schema.mainspring_jobs'::regclass AND attnum > 1 \
                       AND attgenerated = '' AND NOT attisdropped"
        .replace("schema.", &format!("{}.", worker.schema));
    let row = sqlx::query(AssertSqlSafe(columns)).fetch_one(&mut worker.connection).await;
    let columns: String = row.expect("columns").get(0);
    let copies = format!(
        "CREATE TEMP TABLE mark AS SELECT id FROM schema.mainspring_jobs;
         INSERT INTO schema.mainspring_jobs (id, {columns}) SELECT gen_random_uuid(), {columns}
         FROM (SELECT * FROM schema.mainspring_jobs ORDER BY octet_length(payload_bytes) LIMIT 1)
            AS old, generate_series(1, {DEAD});
         DELETE FROM schema.mainspring_jobs WHERE id NOT IN (SELECT id FROM mark)"
    );
    worker.run(&copies).await;
    // What a connection has done is counted at the latest when it ends.
    worker.connection.close().await.expect("it ends");
    let mut other = Beside::new(options).await;
    let dead = "SELECT pg_stat_get_dead_tuples('schema.mainspring_jobs'::regclass)";
    while other.number(dead).await < DEAD {}
    assert!(other.size().await > 4_194_304);
}

/// Enough verbs for somebody to look, of which none touches a job.
async fn go_on(rig: &Rig<PostgresStore>) {
    for round in 0..VERBS {
        rig.put_task(round, task("other", None)).await;
    }
}

/// Somebody else's transaction, which never ends and has seen the database as it was.
async fn old_snapshot(options: &Options, sql: &str) -> Beside {
    let mut beside = Beside::new(options).await;
    beside.run("BEGIN ISOLATION LEVEL REPEATABLE READ").await;
    beside.run(sql).await;
    beside
}

#[tokio::test]
async fn dead_rows_go_beside_an_old_snapshot_and_live_ones_stay() {
    let place = Place::default();
    let rig = Rig(place.fresh().await);
    let options = place.options().await;
    let mut beside = Beside::new(&options).await;
    // A later program has added something.
    beside.run("ALTER TABLE schema.mainspring_jobs ADD COLUMN later integer").await;
    rig.enqueue_all(0, &[queued(1, "t"), queued(2, "t"), queued(3, "t")]).await;
    let _ = rig.put(0, &replace(&spec("s", "t"), at(1))).await;
    let leased = rig.claim(0, "w", &["t"], 1).await.remove(0);
    beside.run("UPDATE schema.mainspring_jobs SET later = 7 WHERE state = 0").await;
    let jobs = rig.jobs().await;
    let _old = old_snapshot(&options, "SELECT txid_current()").await;
    wear_out(&options).await;
    beside.run("VACUUM schema.mainspring_jobs").await;
    let kept = "SELECT pg_stat_get_dead_tuples('schema.mainspring_jobs'::regclass)";
    let dead = beside.number(kept).await;
    assert!(dead >= DEAD, "vacuum cannot remove them: {dead}");

    go_on(&rig).await;
    assert!(beside.size().await < 100_000, "they are gone");
    assert_eq!(rig.jobs().await, jobs);
    let later = "SELECT count(*) FROM schema.mainspring_jobs WHERE later = 7";
    assert_eq!(beside.number(later).await, 2);
    assert_eq!(rig.settle(1, &leased, Outcome::Succeeded).await, Written::Done);
    let rest = rig.claim(1, "w", &["t"], 9).await;
    assert_eq!(
        rest.iter().map(|job| job.id).collect::<Vec<_>>(),
        [2, 3].map(|n| queued(n, "t").id)
    );
}

#[tokio::test]
async fn who_has_touched_the_table_keeps_its_rows_and_is_in_nobodys_way() {
    let place = Place::default();
    let rig = Rig(place.fresh().await);
    let options = place.options().await;
    rig.enqueue_all(0, &[queued(1, "t"), queued(2, "t")]).await;
    let jobs = rig.jobs().await;
    let mut old = old_snapshot(&options, "SELECT count(*) FROM schema.mainspring_jobs").await;
    wear_out(&options).await;
    go_on(&rig).await;
    let mut beside = Beside::new(&options).await;
    assert!(beside.size().await > 4_194_304, "somebody may look at them");
    assert_eq!(rig.jobs().await, jobs);
    assert_eq!(old.number("SELECT count(*) FROM schema.mainspring_jobs").await, 2);
    old.run("ROLLBACK").await;
    go_on(&rig).await;
    assert!(beside.size().await < 100_000, "nobody does any more");
    assert_eq!(rig.jobs().await, jobs);
}

#[tokio::test]
async fn a_table_in_which_too_much_lives_is_left_alone() {
    let place = Place::default();
    let rig = Rig(place.fresh().await);
    let options = place.options().await;
    rig.enqueue_all(0, &[queued(1, "t"), queued(2, "t")]).await;
    let mut beside = Beside::new(&options).await;
    let heavy = "UPDATE schema.mainspring_jobs SET payload_bytes = \
                 decode(repeat('00', 34000000), 'hex') WHERE id = (SELECT max(id::text)::uuid \
                 FROM schema.mainspring_jobs)";
    beside.run(heavy).await;
    wear_out(&options).await;
    go_on(&rig).await;
    assert!(beside.size().await > 4_194_304);
    assert_eq!(beside.number("SELECT count(*) FROM schema.mainspring_jobs").await, 2);
}

#[tokio::test]
async fn a_backup_is_waited_for() {
    let place = Place::default();
    let rig = Rig(place.fresh().await);
    let options = place.options().await;
    rig.enqueue_all(0, &[queued(1, "t")]).await;
    let mut backup = Beside::new(&options).await;
    // It has no snapshot yet, or has one and no lock.
    backup.run("SET application_name = 'pg_dump'").await;
    wear_out(&options).await;
    go_on(&rig).await;
    let mut beside = Beside::new(&options).await;
    assert!(beside.size().await > 4_194_304);
    backup.run("RESET application_name").await;
    go_on(&rig).await;
    assert!(beside.size().await < 100_000);
    assert_eq!(rig.jobs().await.len(), 1);
}

#[tokio::test]
async fn who_waits_for_a_table_that_is_filled_again_sees_its_rows() {
    let place = Place::default();
    let rig = Rig(place.fresh().await);
    let options = place.options().await;
    rig.enqueue_all(0, &[queued(1, "t"), queued(2, "t2")]).await;
    let _ = rig.put(0, &replace(&spec("s", "t"), at(1))).await;
    let (jobs, schedules) = (rig.jobs().await, rig.schedules(None, 9).await);
    let mut compacts = Beside::new(&options).await;
    let mut other = Beside::new(&options).await;
    let generated = [("jobs", "lane"), ("schedules", "due_at_us")];
    // A claim is asked for twice: as a new statement, and as one that was planned before.
    for verb in 0..5 {
        let mut fill = String::from("BEGIN;");
        for (table, without) in generated {
            fill.push_str(&format!(
                "LOCK TABLE schema.mainspring_{table} IN ACCESS EXCLUSIVE MODE;
                 CREATE TEMP TABLE kept_{table} ON COMMIT DROP AS
                    SELECT * FROM schema.mainspring_{table};
                 ALTER TABLE kept_{table} DROP COLUMN {without};
                 TRUNCATE schema.mainspring_{table};"
            ));
        }
        compacts.run(&fill).await;
        let ask = async {
            match verb {
                0 => assert_eq!(rig.jobs().await, jobs),
                1 => assert_eq!(rig.schedules(None, 9).await, schedules),
                3 | 4 => {
                    let node = NodeId::new("w").expect("a name");
                    let tasks = [TaskId::new(["t", "t2"][verb - 3]).expect("a name")];
                    let lease_for = Span::from_secs(9);
                    let claim =
                        ClaimJobs { node, tasks: &tasks, tags: &Tags::NONE, lease_for, max: 9 };
                    let reply = rig.0.claim_jobs(clock(0), &claim).await.expect("an answer");
                    assert_eq!(reply.value.len(), 1);
                    assert!(reply.pulse.next_due_at.is_some());
                }
                _ => {
                    // A verb that touches neither, and whose pulse speaks of both.
                    let reply = rig.0.put_tasks(clock(0), &[task("u", None)]).await;
                    assert!(reply.expect("it is put").pulse.next_due_at.is_some());
                }
            }
        };
        let finish = async {
            let waiting = "SELECT count(*) FROM pg_stat_activity \
                           WHERE datname = current_database() AND wait_event_type = 'Lock'";
            while other.number(waiting).await == 0 {}
            for (table, _) in generated {
                let names = "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum)::text \
                             FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 \
                                 AND NOT attisdropped";
                let row = sqlx::query(names)
                    .bind(format!("kept_{table}"))
                    .fetch_one(&mut compacts.connection)
                    .await;
                let names: String = row.expect("columns").get(0);
                let back = format!(
                    "INSERT INTO schema.mainspring_{table} ({names})
                     SELECT {names} FROM kept_{table}"
                );
                compacts.run(&back).await;
            }
            compacts.run("COMMIT").await;
        };
        tokio::join!(ask, finish);
    }
}
