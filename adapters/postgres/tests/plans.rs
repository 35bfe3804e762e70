//! What the server does for the statements that run all the time, with a table full of jobs and
//! schedules of the future: seeks in an index, and nothing that reads a table from end to end.

mod place;

use mainspring_conformance::rig::Rig;
use mainspring_conformance::sample::{queued, replace, spec};
use mainspring_postgres::PostgresStore;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};

use place::Place;

/// How many rows there are: many more than a plan for a small table would do for.
fn row_count() -> u32 {
    let rows = std::env::var("MAINSPRING_PLAN_ROWS").ok();
    rows.map_or(100_000, |rows| rows.parse().expect("MAINSPRING_PLAN_ROWS is a number"))
}

/// A store with one ready job and one due schedule among many that are not, and a connection with
/// the store's own settings.
async fn crowded(place: &Place, analyzed: bool) -> (Rig<PostgresStore>, PgConnection, String) {
    let rig = Rig(place.fresh().await);
    let options = place.options().await;
    rig.enqueue_all(0, &[queued(1, "t")]).await;
    let _ = rig.put(0, &replace(&spec("s", "t"), mainspring_conformance::sample::at(1))).await;
    let schema = format!("\"{}\"", options.schema.clone().expect("a schema"));
    let mut connection = PgConnection::connect(&options.url).await.expect("a connection");
    for (table, key, later) in [
        ("jobs", "id = gen_random_uuid()", "ready_at_us = old.ready_at_us + 1e15, delayed = true"),
        ("schedules", "id = 's' || n", "next_at_us = old.next_at_us + 1e15"),
    ] {
        many(&mut connection, &schema, table, [key, later]).await;
    }
    if analyzed {
        run(&mut connection, format!("ANALYZE {schema}.mainspring_jobs")).await;
        run(&mut connection, format!("ANALYZE {schema}.mainspring_schedules")).await;
    }
    run(&mut connection, include_str!("../src/sql/setup.sql").to_owned()).await;
    (rig, connection, schema)
}

/// Copies the one row of a table, with changes.
async fn many(connection: &mut PgConnection, schema: &str, table: &str, changes: [&str; 2]) {
    let columns = sqlx::query(
        "SELECT attname FROM pg_attribute
         WHERE attrelid = to_regclass($1) AND attnum > 0 AND attgenerated = '' ORDER BY attnum",
    );
    let rows = columns.bind(format!("{schema}.mainspring_{table}")).fetch_all(&mut *connection);
    let names: Vec<String> =
        rows.await.expect("columns").iter().map(|row| row.get::<String, _>(0)).collect();
    let changes: Vec<(&str, &str)> =
        changes.iter().flat_map(|c| c.split(", ")).filter_map(|c| c.split_once(" = ")).collect();
    let value = |name: &String| {
        let changed = changes.iter().find(|(column, _)| column == name);
        changed.map_or_else(|| format!("old.{name}"), |(_, value)| (*value).to_owned())
    };
    let values: Vec<String> = names.iter().map(value).collect();
    let sql = format!(
        "INSERT INTO {schema}.mainspring_{table} ({}) SELECT {} \
         FROM {schema}.mainspring_{table} AS old, generate_series(1, {}) AS n",
        names.join(", "),
        values.join(", "),
        row_count()
    );
    run(connection, sql).await;
}

async fn run(connection: &mut PgConnection, sql: String) {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.expect("it runs");
}

/// The plan of a statement of the store, with these values.
async fn plan(
    connection: &mut PgConnection,
    schema: &str,
    sql: &str,
    types: &str,
    values: &str,
) -> String {
    let pulse = include_str!("../src/sql/pulse.sql");
    let sql = sql
        .replace("{pulse}", &pulse.replace("$1", "(SELECT now_us FROM clock)"))
        .replace("schema.", &format!("{schema}."))
        .replace("{job}, ", "id, ")
        .replace("{schedule}", "id")
        .replace("{job}", "id");
    let explain = format!(
        "DEALLOCATE ALL; PREPARE this {types} AS {sql}; \
         EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE this {values}"
    );
    let mut tx = connection.begin().await.expect("a transaction");
    let rows = sqlx::raw_sql(AssertSqlSafe(explain)).fetch_all(&mut *tx).await.expect("a plan");
    tx.rollback().await.expect("it ends");
    rows.iter().map(|row| row.get::<String, _>(0) + "\n").collect()
}

/// One hot statement: its text, its types, values, and the indexes that it has to use.
type Case = (&'static str, &'static str, &'static str, &'static [&'static str]);

const CASES: [Case; 14] = [
    (
        include_str!("../src/sql/job_claim.sql"),
        "(text[], bigint, bigint, bigint, text[], text, bigint, boolean, boolean)",
        "('{t,u}', 10, 0, 2000000000000000, '{}', 'n', 9, false, true)",
        &["mainspring_jobs_claim", "mainspring_schedules_due", "mainspring_jobs_lease"],
    ),
    (
        include_str!("../src/sql/job_claim.sql"),
        "(text[], bigint, bigint, bigint, text[], text, bigint, boolean, boolean)",
        "('{t,u}', 10, 0, 2000000000000000, '{}', 'n', 9, true, false)",
        &["mainspring_jobs_claim"],
    ),
    (
        include_str!("../src/sql/prove.sql"),
        "(uuid, uuid)",
        "('00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-000000000002')",
        &["mainspring_runs_0_job_idx"],
    ),
    (
        include_str!("../src/sql/job_take_back.sql"),
        "(uuid[], uuid, uuid)",
        "('{00000000-0000-0000-0000-000000000002}', '00000000-0000-0000-0000-000000000002', \
          '00000000-0000-0000-0000-000000000002')",
        &["mainspring_jobs_pkey", "mainspring_runs_0_job_idx"],
    ),
    (
        include_str!("../src/sql/schedule_claim.sql"),
        "(bigint, bigint, text, bigint, bigint)",
        "(2000000000000000, 2000000000000000, 'n', 9, 10)",
        &["mainspring_schedules_next", "mainspring_schedules_pkey"],
    ),
    (
        include_str!("../src/sql/pulse.sql"),
        "(bigint)",
        "(2000000000000000)",
        &["mainspring_schedules_due", "mainspring_jobs_ready", "mainspring_jobs_lease"],
    ),
    (
        include_str!("../src/sql/job_renew.sql"),
        "(uuid[], bigint[], bigint[])",
        "('{00000000-0000-0000-0000-000000000001}', '{1}', '{1}')",
        &["mainspring_jobs_pkey"],
    ),
    (
        include_str!("../src/sql/job_lapsed.sql"),
        "(bigint, bigint)",
        "(2000000000000000, 10)",
        &["mainspring_jobs_lease", "mainspring_jobs_start_by"],
    ),
    (
        include_str!("../src/sql/chain_lock.sql"),
        "(text[])",
        "('{s,u}')",
        &["mainspring_jobs_schedule", "mainspring_jobs_pkey"],
    ),
    (
        include_str!("../src/sql/job_insert.sql"),
        "(uuid[], bytea[], bigint[], bigint[], bigint[], text[], integer[], text[], smallint[], \
          boolean[], smallint[], text[], smallint[], integer[], smallint[], bigint[], integer[], \
          smallint[], bigint[], bigint[], smallint[], integer[], text[], smallint[], bigint[], \
          bigint[], bigint, uuid, uuid)",
        "('{00000000-0000-0000-0000-000000000002}', '{x}', '{1}', '{}', '{}', '{}', '{1}', '{}', \
          '{1}', '{f}', '{0}', '{t}', '{1}', '{1}', '{4}', '{0}', '{0}', '{1}', '{1}', '{1}', \
          '{0}', '{3}', array[''], '{}', '{}', '{1}', 1, \
          '00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-000000000002')",
        &["mainspring_jobs_pkey", "mainspring_runs_0_job_idx"],
    ),
    (
        include_str!("../src/sql/job_add.sql"),
        "(bigint, bigint, uuid, bytea, bigint, bigint, text, smallint, smallint, integer, \
          smallint, bigint, integer, smallint, bigint, bigint, smallint, integer, text)",
        "(0, 1, '00000000-0000-0000-0000-000000000002', 'x', NULL, NULL, 't', 1, 1, 1, \
          4, 0, 0, 1, 1, 1, 0, 3, '')",
        &["mainspring_jobs_pkey", "mainspring_runs_0_job_idx"],
    ),
    (
        include_str!("../src/sql/chain_held.sql"),
        "(text[])",
        "('{s,u}')",
        &["mainspring_jobs_schedule"],
    ),
    (
        include_str!("../src/sql/chain_any_free.sql"),
        "(text[])",
        "('{s,u}')",
        &["mainspring_jobs_schedule"],
    ),
    (
        include_str!("../src/sql/job_settle.sql"),
        "(uuid[], bigint[], smallint[], bigint[], bigint[], smallint[], integer[], bytea[], \
          text[], bigint)",
        "('{00000000-0000-0000-0000-000000000001}', '{1}', '{0}', '{1}', '{1}', '{}', '{}', '{}', \
          '{}', 1)",
        &["mainspring_jobs_pkey"],
    ),
];

#[tokio::test]
async fn hot_statements_seek() {
    for analyzed in [false, true] {
        let place = Place::default();
        let (_rig, mut connection, schema) = crowded(&place, analyzed).await;
        for (sql, types, values, indexes) in CASES {
            let plan = plan(&mut connection, &schema, sql, types, values).await;
            for index in indexes {
                assert!(plan.contains(index), "{index} is not used:\n{plan}");
            }
            for table in ["jobs", "schedules", "runs_0", "runs_1", "tasks"] {
                let whole = format!("Seq Scan on mainspring_{table} ");
                assert!(!plan.contains(&whole), "{table} is read from end to end:\n{plan}");
            }
            // Rows of the future are not even looked at.
            let removed =
                plan.lines().filter_map(|line| line.split("Rows Removed by Filter: ").nth(1));
            let passed: u64 = removed.filter_map(|count| count.trim().parse::<u64>().ok()).sum();
            assert!(passed < 10, "{passed} rows are passed over:\n{plan}");
        }
    }
}
