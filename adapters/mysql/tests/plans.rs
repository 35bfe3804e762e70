//! What the server does for the statements that run all the time, with a table full of jobs and
//! schedules of the future: seeks in an index, and nothing that walks past rows which are not
//! meant. Counted by the server itself, row by row.

mod place;

use mainspring_conformance::rig::Rig;
use mainspring_conformance::sample::{at, keyed, queued, replace, spec, task};
use mainspring_contract::JobId;
use mainspring_contract::record::{Conflict, Hold};
use mainspring_mysql::{MysqlStore, Options};
use sqlx::{MySqlConnection, Row};

use place::{Place, number, rows, run};

/// How many rows there are, at least: many more than a plan for a small table would do for, or as
/// many as `MAINSPRING_PLAN_ROWS` says.
fn row_count() -> u32 {
    let rows = std::env::var("MAINSPRING_PLAN_ROWS").ok();
    rows.map_or(100_000, |rows| rows.parse().expect("MAINSPRING_PLAN_ROWS is a number"))
}

/// Ids of jobs begin with their time, so that new ones come in order; these come after the first.
const NEXT_ID: &str = "UNHEX(LPAD(HEX(n + 2), 32, '0'))";

/// Copies the one row of a table, with changes.
async fn many(connection: &mut MySqlConnection, table: &str, changes: &[(&str, &str)]) {
    let columns = format!(
        "SELECT column_name FROM information_schema.columns \
         WHERE table_schema = DATABASE() AND table_name = '{table}' \
             AND extra NOT LIKE '%GENERATED%'"
    );
    let names: Vec<String> =
        rows(connection, columns).await.iter().map(|row| row.get::<String, _>(0)).collect();
    let value = |name: &String| {
        let changed = changes.iter().find(|(column, _)| column == name);
        changed.map_or_else(|| format!("old.{name}"), |(_, value)| (*value).to_owned())
    };
    let values: Vec<String> = names.iter().map(value).collect();
    // Two short lists, because servers limit the length of one.
    let edge = row_count().isqrt() + 1;
    run(connection, format!("SET SESSION max_recursive_iterations = {edge}")).await;
    let sql = format!(
        "INSERT INTO {table} ({}) \
         WITH RECURSIVE \
             few (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM few WHERE i < {edge} - 1), \
             new (n) AS (SELECT a.i * {edge} + b.i FROM few AS a CROSS JOIN few AS b) \
         SELECT {} FROM {table} AS old CROSS JOIN new",
        names.join(", "),
        values.join(", ")
    );
    run(connection, sql).await;
}

/// How many rows the connections of this database have read so far.
async fn read_so_far(connection: &mut MySqlConnection) -> i64 {
    let sql = "SELECT CAST(SUM(variable_value) AS SIGNED) FROM information_schema.global_status \
               WHERE variable_name IN ('HANDLER_READ_NEXT', 'HANDLER_READ_PREV', \
                                       'HANDLER_READ_RND_NEXT', 'HANDLER_READ_KEY')";
    number(connection, sql).await
}

#[tokio::test]
async fn hot_verbs_read_what_they_mean_and_nothing_else() {
    // A server of its own, because it counts for everybody together.
    let settings = mainspring_support::Settings::default().volatile();
    let server = mainspring_support::MariaDb::start_with(settings).await;
    let database = server.database().await;
    let options = Options::new(database.url());
    let rig = Rig(MysqlStore::open_with(&options).await.expect("it opens"));
    rig.put_task(0, task("t", Some(5))).await;
    rig.enqueue_all(0, &[queued(1, "t")]).await;
    let _ = rig.put(0, &replace(&spec("s", "t"), at(1))).await;
    let mut connection =
        <MySqlConnection as sqlx::Connection>::connect(database.url()).await.expect("a connection");
    let later = "old.ready_at_us + 1000000000000000";
    many(&mut connection, "mainspring_jobs", &[("id", NEXT_ID), ("ready_at_us", later)]).await;
    let later = "old.next_at_us + 1000000000000000";
    let id = "CONCAT('s', LPAD(n, 9, '0'))";
    many(&mut connection, "mainspring_schedules", &[("id", id), ("next_at_us", later)]).await;

    for analyzed in [false, true] {
        if analyzed {
            run(&mut connection, "ANALYZE TABLE mainspring_jobs, mainspring_schedules").await;
        }
        // What is prepared and known is so from now on.
        let _ = rig.claim(1, "w", &["t", "other"], 9).await;
        let _ = rig.claim_due(1, "p", 9).await;
        let start = read_so_far(&mut connection).await;
        for second in 2..12 {
            let _ = rig.claim(second, "w", &["t", "other"], 9).await;
            let _ = rig.claim_due(second, "p", 9).await;
            assert_eq!(rig.rescue(2, 9).await.len(), 0);
            assert_eq!(rig.prune(at(0), 9).await, 0);
        }
        let read = read_so_far(&mut connection).await - start;
        // Forty verbs; the count itself reads some four hundred rows of the server's own.
        assert!(read < 4_000, "{read} rows were read among {}", row_count());
    }
}

/// A statement of the store, values, and the index that it must use.
type Case = (&'static str, &'static [(&'static str, &'static str)], &'static str);

const CASES: [Case; 8] = [
    (
        include_str!("../src/sql/job_candidates.sql"),
        &[
            (":source", "0"),
            (":task", "'t'"),
            (":lane", "(UNHEX(LEFT(SHA2('', 256), 32)))"),
            (":priority", "5"),
            (":now", "2000000"),
            (":max", "9"),
        ],
        "mainspring_jobs_claim",
    ),
    (
        include_str!("../src/sql/job_take.sql"),
        &[
            (":source", "0"),
            (":task", "'t'"),
            (":lane", "(UNHEX(LEFT(SHA2('', 256), 32)))"),
            (":priority", "5"),
            (":now", "2000000"),
            (":max", "9"),
        ],
        "mainspring_jobs_claim",
    ),
    (
        include_str!("../src/sql/job_other_lanes.sql"),
        &[
            (":source", "0"),
            (":task", "'t'"),
            (
                ":stretches",
                "lane < x'e3b0c44298fc1c149afbf4c8996fb924' \
                 OR lane = x'e3b0c44298fc1c149afbf4c8996fb924' AND priority < 5 \
                 OR lane = x'e3b0c44298fc1c149afbf4c8996fb924' AND priority > 5 \
                 OR lane > x'e3b0c44298fc1c149afbf4c8996fb924'",
            ),
        ],
        "mainspring_jobs_claim",
    ),
    (
        include_str!("../src/sql/chain_any_held.sql"),
        &[("?, ...", "'s', 'u'")],
        "mainspring_jobs_schedule",
    ),
    (
        include_str!("../src/sql/chain_any_free.sql"),
        &[("?, ...", "'s', 'u'")],
        "mainspring_jobs_schedule",
    ),
    (
        include_str!("../src/sql/run_known.sql"),
        &[("?, ...", "x'00000000000000000000000000000002'")],
        "mainspring_runs_job",
    ),
    (include_str!("../src/sql/schedule_due.sql"), &[("?", "2000000")], "mainspring_schedules_open"),
    (include_str!("../src/sql/job_lapsed.sql"), &[("?", "2000000")], "mainspring_jobs_wake"),
];

#[tokio::test]
async fn hot_statements_use_their_index_and_sort_nothing() {
    let place = Place::new().await;
    let rig = Rig(place.open().await);
    rig.enqueue_all(0, &[queued(1, "t")]).await;
    let _ = rig.put(0, &replace(&spec("s", "t"), at(1))).await;
    let mut connection = place.beside().await;
    let later = "old.ready_at_us + 1000000000000000";
    many(&mut connection, "mainspring_jobs", &[("id", NEXT_ID), ("ready_at_us", later)]).await;
    for (sql, values, index) in CASES {
        let lines = sql.lines().filter(|line| !line.starts_with("--")).collect::<Vec<_>>();
        let sql =
            values.iter().fold(lines.join("\n"), |sql, (name, value)| sql.replace(name, value));
        let plan = rows(&mut connection, format!("EXPLAIN FORMAT=JSON {sql}")).await;
        let plan: String = plan[0].get(0);
        assert!(plan.contains(index), "{index} is not used:\n{plan}");
        assert!(!plan.contains("\"ALL\"") || index.ends_with("wake"), "all is read:\n{plan}");
        assert!(!plan.contains("filesort") || index.ends_with("wake"), "sorted:\n{plan}");
    }
}

/// What locks rows by their names.
const BY_NAME: [&str; 9] = [
    include_str!("../src/sql/chain_free.sql"),
    include_str!("../src/sql/chain_watch.sql"),
    include_str!("../src/sql/job_delete.sql"),
    include_str!("../src/sql/job_exist.sql"),
    include_str!("../src/sql/job_lease.sql"),
    include_str!("../src/sql/job_lock.sql"),
    include_str!("../src/sql/job_renew.sql"),
    include_str!("../src/sql/job_renewable.sql"),
    include_str!("../src/sql/job_settleable.sql"),
];

/// Each row that is read is locked, and whoever locks the rows of others waits for them.
#[tokio::test]
async fn a_small_table_is_not_read_as_a_whole_for_some_of_its_rows() {
    let place = Place::new().await;
    let rig = Rig(place.open().await);
    let jobs: Vec<_> = (0..300).map(|number| queued(number, "t")).collect();
    rig.enqueue_all(0, &jobs).await;
    let mut connection = place.beside().await;
    run(&mut connection, "ANALYZE TABLE mainspring_jobs").await;
    let ids: Vec<String> = jobs[..128].iter().map(|job| format!("0x{}", hex(job.id))).collect();
    for sql in BY_NAME {
        let lines = sql.lines().filter(|line| !line.starts_with("--")).collect::<Vec<_>>();
        let sql = lines.join("\n").replace("(?, ...)", &format!("({})", ids.join(", ")));
        let explain = format!("EXPLAIN FORMAT=JSON {}", sql.replace('?', "1"));
        let plan: String = rows(&mut connection, explain).await[0].get(0);
        assert!(plan.contains("\"range\""), "{sql} seeks no rows:\n{plan}");
        assert!(plan.contains("PRIMARY"), "{sql} seeks them elsewhere:\n{plan}");
    }
}

/// What locks keys by their names.
const KEYS: [&str; 4] = [
    include_str!("../src/sql/key_delete.sql"),
    include_str!("../src/sql/key_keep.sql"),
    include_str!("../src/sql/key_leave.sql"),
    include_str!("../src/sql/key_lock.sql"),
];

/// As with jobs.
#[tokio::test]
async fn few_keys_are_not_read_as_a_whole_for_some_of_them() {
    let place = Place::new().await;
    let rig = Rig(place.open().await);
    let key = |number: u64| format!("k{number}");
    let keyed = |number| keyed(number, "t", &key(number), Hold::Live, Conflict::Keep);
    rig.enqueue_all(0, &(0..300).map(keyed).collect::<Vec<_>>()).await;
    let mut connection = place.beside().await;
    run(&mut connection, "ANALYZE TABLE mainspring_keys").await;
    for sql in KEYS {
        let lines = sql.lines().filter(|line| !line.starts_with("--")).collect::<Vec<_>>();
        let sql = lines.join("\n");
        let start = sql.find("(task = ?").expect("keys are named");
        let one = &sql[start..start + sql[start..].find(" OR ...").expect("or more")];
        let job = "x'00000000000000000000000000000001'";
        let named = |number| {
            let key = format!("'{}'", key(number));
            one.replacen('?', "'t'", 1).replacen('?', &key, 1).replacen('?', job, 1)
        };
        let all: Vec<_> = (0..32).map(named).collect();
        let whole = sql.replace(&format!("{one} OR ..."), &all.join(" OR ")).replace('?', "1");
        let plan = rows(&mut connection, format!("EXPLAIN FORMAT=JSON {whole}")).await;
        let plan: String = plan[0].get(0);
        assert!(plan.contains("\"range\""), "{sql} seeks no rows:\n{plan}");
        assert!(plan.contains("PRIMARY"), "{sql} seeks them elsewhere:\n{plan}");
    }
}

fn hex(id: JobId) -> String {
    id.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}
