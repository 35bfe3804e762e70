//! MariaDB beside bare SQL on the same tables, with the same rows in the same batches.

use mainspring_mysql::MysqlStore;
use mainspring_support::MariaDb;
use sqlx::{Connection, MySql, MySqlConnection, QueryBuilder, Row};
use uuid::Uuid;

use crate::arguments::Arguments;
use crate::stats::median;
use crate::{clock, ours};

/// Prints both and their ratio.
pub(crate) async fn run(arguments: &Arguments) {
    let Arguments { jobs, batch, window, rounds, .. } = *arguments;
    // As it comes: every commit goes to the disk.
    let server = MariaDb::start().await;
    let mut seconds: [Vec<f64>; 4] = Default::default();
    for _ in 0..rounds {
        let database = server.database().await;
        // Its tables are Mainspring's.
        MysqlStore::open(database.url()).await.expect("a store").close().await;
        let mut floor = MySqlConnection::connect(database.url()).await.expect("a connection");
        let isolation = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";
        sqlx::raw_sql(isolation).execute(&mut floor).await.expect("a setting");
        seconds[0].push(enqueue(&mut floor, jobs, batch).await);
        seconds[1].push(drain(&mut floor, jobs, batch).await);
        let database = server.database().await;
        let store = MysqlStore::open(database.url()).await.expect("a store");
        let (scheduler, runs) = ours::scheduler(store, window).await;
        seconds[2].push(ours::enqueue(&scheduler, jobs, batch).await);
        seconds[3].push(ours::drain(&scheduler, &runs, jobs).await);
    }
    let per_s = seconds.map(|all| jobs as f64 / median(&all));
    println!(
        "\nMariaDB, every commit on the disk, {jobs} jobs; medians of {rounds} rounds in turns"
    );
    println!("bare SQL    enqueued {:>9.0}/s   run {:>9.0}/s", per_s[0], per_s[1]);
    println!("mainspring  enqueued {:>9.0}/s   run {:>9.0}/s", per_s[2], per_s[3]);
    println!("ratios      {:>19.2}   {:>15.2}", per_s[2] / per_s[0], per_s[3] / per_s[1]);
}

async fn enqueue(floor: &mut MySqlConnection, jobs: u64, batch: u64) -> f64 {
    let start = clock::now();
    let mut queued = 0;
    while queued < jobs {
        let until = jobs.min(queued + batch);
        let now = clock::wall_us();
        let mut insert = QueryBuilder::<MySql>::new(INSERT);
        insert.push_values(queued..until, |mut row, number| {
            row.push_bind(Uuid::now_v7().as_bytes().to_vec());
            row.push("'noop', 1, 1, 1").push_bind(number.to_string().into_bytes());
            row.push("4, 0, 0, 1, 1000000, 600000000, 0, 3, '', 0").push_bind(now).push_bind(now);
            row.push("0, 0, 0, 0, 0").push("UUID_SHORT() & 72057594037927935");
        });
        let written = insert.build().execute(&mut *floor).await.expect("rows are inserted");
        assert_eq!(written.rows_affected(), until - queued, "all of them");
        queued = until;
    }
    clock::since(start)
}

async fn drain(floor: &mut MySqlConnection, jobs: u64, batch: u64) -> f64 {
    let start = clock::now();
    let mut done = 0;
    while done < jobs {
        let now = clock::wall_us();
        let mut claim = floor.begin().await.expect("a transaction");
        let rows = sqlx::query(READY).bind(now).bind(batch);
        let claimed = rows.fetch_all(&mut *claim).await.expect("rows are found");
        assert!(!claimed.is_empty(), "something is left");
        let ids: Vec<Vec<u8>> = claimed.iter().map(|row| row.get(0)).collect();
        let mut lease = QueryBuilder::<MySql>::new(LEASE);
        lease.push_bind(now + 15_000_000);
        let leased = named(&mut lease, &ids).build().execute(&mut *claim).await;
        assert_eq!(leased.expect("rows are leased").rows_affected(), ids.len() as u64, "all");
        claim.commit().await.expect("a commit");
        let mut settle = floor.begin().await.expect("a transaction");
        for sql in [RECORD.replace("{now}", &now.to_string()), DELETE.to_owned()] {
            let mut statement = QueryBuilder::<MySql>::new(sql);
            let written = named(&mut statement, &ids).build().execute(&mut *settle).await;
            assert_eq!(written.expect("rows are settled").rows_affected(), ids.len() as u64, "all");
        }
        settle.commit().await.expect("a commit");
        done += ids.len() as u64;
    }
    clock::since(start)
}

/// Those of these names that are leased, or about to be.
fn named<'a>(
    statement: &'a mut QueryBuilder<MySql>,
    ids: &[Vec<u8>],
) -> &'a mut QueryBuilder<MySql> {
    statement.push(" WHERE job.id IN (");
    let mut list = statement.separated(", ");
    for id in ids {
        list.push_bind(id.clone());
    }
    statement.push(")")
}

const INSERT: &str = "
    INSERT INTO mainspring_jobs (
        id, task, origin, payload_format, payload_version, payload_bytes, priority, timeout_us,
        retry_max, backoff_kind, backoff_first_us, backoff_max_us, retry_jitter, max_rescues, tags,
        watched, created_at_us, ready_at_us, state, failures, rescues, token, cancel, seq
    ) ";

const READY: &str = "
    SELECT id, token, payload_bytes FROM mainspring_jobs FORCE INDEX (mainspring_jobs_claim)
    WHERE state = 0 AND task = 'noop' AND lane = UNHEX(LEFT(SHA2('', 256), 32)) AND priority = 4
        AND ready_at_us <= ?
    ORDER BY ready_at_us, id LIMIT ? FOR UPDATE SKIP LOCKED";

const LEASE: &str = "
    UPDATE mainspring_jobs AS job FORCE INDEX (PRIMARY)
    SET state = 1, token = token + 1, node = 'floor', lease_until_us = ";

const RECORD: &str = "
    INSERT INTO mainspring_runs (
        job, token, attempt, task, origin, node, outcome, settled, started_at_us, finished_at_us,
        output_format, output_version, output_bytes, noted_at_us
    )
    SELECT id, token, 1, task, origin, node, 0, 1, {now}, {now}, 1, 1, x'6e756c6c', {now}
    FROM mainspring_jobs AS job FORCE INDEX (PRIMARY)";

const DELETE: &str = "DELETE job FROM mainspring_jobs AS job FORCE INDEX (PRIMARY)";
