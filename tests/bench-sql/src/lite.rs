//! SQLite beside bare SQL on the same tables.

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
        let mut all = floor.begin().await.expect("a transaction");
        for number in queued..until {
            let row = sqlx::query(INSERT)
                .bind(Uuid::now_v7().as_bytes().to_vec())
                .bind(number.to_string().into_bytes())
                .bind(clock::wall_us());
            row.execute(&mut *all).await.expect("a row is inserted");
        }
        all.commit().await.expect("a commit");
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
        let mut all = floor.begin().await.expect("a transaction");
        for row in &claimed {
            let (id, token): (Vec<u8>, i64) = (row.get(0), row.get(1));
            for sql in [RECORD, DELETE] {
                let written = sqlx::query(sql).bind(&id).bind(token).bind(now);
                written.execute(&mut *all).await.expect("a row is settled");
            }
        }
        all.commit().await.expect("a commit");
        assert!(!claimed.is_empty(), "something is left");
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
    VALUES (?1, 'noop', 1, 1, 1, ?2, 4, 0, 0, 1, 1000000, 600000000, 0, 3, '', 0, ?3, ?3, 0, 0, 0,
        0, 0)";

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
    SELECT id, token, 1, task, origin, node, 0, 1, ?3, ?3, 1, 1, x'6e756c6c', ?3
    FROM mainspring_jobs WHERE id = ?1 AND state = 1 AND token = ?2";

const DELETE: &str = "DELETE FROM mainspring_jobs WHERE id = ?1 AND state = 1 AND token = ?2";
