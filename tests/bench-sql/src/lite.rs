//! SQLite beside bare SQL on the same tables, with the same rows in the same batches.

use mainspring_sqlite::SqliteStore;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{Connection, Row, SqliteConnection};
use tempfile::TempDir;
use uuid::Uuid;

use crate::arguments::Arguments;
use crate::stats::median;
use crate::{clock, ours};

/// Prints both and their ratio.
pub(crate) async fn run(arguments: &Arguments) {
    let Arguments { jobs, batch, window, rounds, .. } = *arguments;
    let mut seconds: [Vec<f64>; 4] = Default::default();
    for _ in 0..rounds {
        let folder = TempDir::new().expect("a folder");
        let file = folder.path().join("floor.db");
        // Its tables are Mainspring's.
        SqliteStore::open(&file).await.expect("a store").close().await;
        let options = SqliteConnectOptions::new()
            .filename(&file)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        let mut floor = SqliteConnection::connect_with(&options).await.expect("a connection");
        seconds[0].push(enqueue(&mut floor, jobs, batch).await);
        seconds[1].push(drain(&mut floor, jobs, batch).await);
        let store = SqliteStore::open(folder.path().join("ours.db")).await.expect("a store");
        let (scheduler, runs) = ours::scheduler(store, window).await;
        seconds[2].push(ours::enqueue(&scheduler, jobs, batch).await);
        seconds[3].push(ours::drain(&scheduler, &runs, jobs).await);
    }
    let per_s = seconds.map(|all| jobs as f64 / median(&all));
    println!("\nSQLite, synchronous FULL, {jobs} jobs; medians of {rounds} rounds in turns");
    println!("bare SQL    enqueued {:>9.0}/s   run {:>9.0}/s", per_s[0], per_s[1]);
    println!("mainspring  enqueued {:>9.0}/s   run {:>9.0}/s", per_s[2], per_s[3]);
    println!("ratios      {:>19.2}   {:>15.2}", per_s[2] / per_s[0], per_s[3] / per_s[1]);
}

async fn enqueue(floor: &mut SqliteConnection, jobs: u64, batch: u64) -> f64 {
    let start = clock::now();
    let mut queued = 0;
    while queued < jobs {
        let until = jobs.min(queued + batch);
        // The ids one after the other, and the payloads as a list that SQLite takes apart.
        let ids: Vec<u8> = (queued..until).flat_map(|_| *Uuid::now_v7().as_bytes()).collect();
        let payloads: Vec<String> = (queued..until).map(|number| format!("\"{number}\"")).collect();
        let rows = sqlx::query(INSERT)
            .bind(ids)
            .bind(format!("[{}]", payloads.join(",")))
            .bind(clock::wall_us());
        let written = rows.execute(&mut *floor).await.expect("rows are inserted");
        assert_eq!(written.rows_affected(), until - queued, "all of them");
        queued = until;
    }
    clock::since(start)
}

async fn drain(floor: &mut SqliteConnection, jobs: u64, batch: u64) -> f64 {
    let start = clock::now();
    let mut done = 0;
    while done < jobs {
        let now = clock::wall_us();
        let rows = sqlx::query(CLAIM)
            .bind(now + 15_000_000)
            .bind(now)
            .bind(i64::try_from(batch).expect("a small number"));
        let claimed = rows.fetch_all(&mut *floor).await.expect("rows are claimed");
        assert!(!claimed.is_empty(), "something is left");
        let tokens = claimed.iter().map(|row| row.get::<i64, _>(1).to_string());
        let tokens = format!("[{}]", tokens.collect::<Vec<_>>().join(","));
        let ids: Vec<u8> = claimed.iter().flat_map(|row| row.get::<Vec<u8>, _>(0)).collect();
        let mut all = floor.begin().await.expect("a transaction");
        for sql in [RECORD, DELETE] {
            let written = sqlx::query(sql).bind(&ids).bind(&tokens).bind(now);
            let written = written.execute(&mut *all).await.expect("rows are settled");
            assert_eq!(written.rows_affected(), claimed.len() as u64, "all of them");
        }
        all.commit().await.expect("a commit");
        done += claimed.len() as u64;
    }
    clock::since(start)
}

const INSERT: &str = "
    INSERT INTO mainspring_jobs (
        id, task, origin, payload_format, payload_version, payload_bytes, priority, timeout_us,
        retry_max, backoff_kind, backoff_first_us, backoff_max_us, retry_jitter, max_rescues, tags,
        watched, created_at_us, ready_at_us, state, failures, rescues, token, cancel
    )
    SELECT substr(?1, 16 * key + 1, 16), 'noop', 1, 1, 1, CAST(value AS BLOB), 4, 0, 0, 1, 1000000,
        600000000, 0, 3, '', 0, ?3, ?3, 0, 0, 0, 0, 0
    FROM json_each(?2)";

const CLAIM: &str = "
    UPDATE mainspring_jobs SET state = 1, token = token + 1, node = 'floor', lease_until_us = ?1
    WHERE seq IN (
        SELECT seq FROM mainspring_jobs
        WHERE state = 0 AND task = 'noop' AND tags = '' AND priority = 4 AND ready_at_us <= ?2
        ORDER BY ready_at_us, id LIMIT ?3
    )
    RETURNING id, token, payload_bytes";

const RECORD: &str = "
    INSERT INTO mainspring_runs (
        job, token, attempt, task, origin, node, outcome, settled, started_at_us, finished_at_us,
        output_format, output_version, output_bytes, noted_at_us
    )
    SELECT job.id, job.token, 1, job.task, job.origin, job.node, 0, 1, ?3, ?3, 1, 1, x'6e756c6c',
        ?3
    FROM json_each(?2) AS ended CROSS JOIN mainspring_jobs AS job
        ON job.id = substr(?1, 16 * ended.key + 1, 16)
    WHERE job.state = 1 AND job.token = ended.value";

const DELETE: &str = "
    DELETE FROM mainspring_jobs
    WHERE id IN (SELECT substr(?1, 16 * key + 1, 16) FROM json_each(?2)) AND state = 1";
