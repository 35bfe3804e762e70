//! Bare SQL: the statements that a person would write by hand on Mainspring's own tables, with the
//! same rows in the same batches and nothing around them.

use sqlx::postgres::PgPoolOptions;
use sqlx::{PgPool, Row};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::clock;
use crate::server::Place;

pub(crate) struct Floor {
    pool: PgPool,
}

/// Rows like those that [`crate::ours`] queues: the arguments are a number.
const INSERT: &str = "
    INSERT INTO mainspring_jobs (
        id, ready_at_us, created_at_us, timeout_us, backoff_first_us, backoff_max_us, retry_max,
        max_rescues, payload_version, payload_format, priority, backoff_kind, retry_jitter, origin,
        state, delayed, watched, task, tags, payload_bytes
    )
    SELECT id, $3, $3, 0, 1000000, 600000000, 0, 3, 1, 1, 4, 1, 0, 1, 0, false, false, 'noop', '',
        payload
    FROM unnest($1::uuid[], $2::bytea[]) AS new (id, payload)";

const CLAIM: &str = "
    UPDATE mainspring_jobs SET state = 1, token = token + 1, node = 'floor', lease_until_us = $1
    WHERE id IN (
        SELECT id FROM mainspring_jobs
        WHERE state = 0 AND task = 'noop' AND lane = '' AND priority = 4 AND ready_at_us <= $2
        ORDER BY ready_at_us, id
        LIMIT $3
        FOR UPDATE SKIP LOCKED
    )
    RETURNING id, token, payload_bytes";

/// With `state = 1` the server would go through the index of all leases, which looks empty to it.
const SETTLE: &str = "
    WITH ended AS (
        SELECT * FROM unnest($1::uuid[], $2::bigint[]) AS ended (id, token)
    ), gone AS (
        DELETE FROM mainspring_jobs AS job USING ended
        WHERE job.id = ended.id AND job.state + 0 = 1 AND job.token = ended.token
        RETURNING job.id, job.token, job.task, job.origin, job.node
    )
    INSERT INTO mainspring_runs (
        job, token, attempt, task, origin, node, outcome, started_at_us, finished_at_us, settled,
        seq, noted_at_us, slot, output_version, output_format, output_bytes
    )
    SELECT id, token, 1, task, origin, node, 0, $3, $3, true, nextval('mainspring_runs_seq'), $3, 0,
        1, 1, 'null'
    FROM gone";

impl Floor {
    /// On a database in which Mainspring has made its tables.
    pub(crate) async fn new(place: &Place) -> Self {
        let pool = PgPoolOptions::new().max_connections(4).connect(place.url()).await;
        Self { pool: pool.expect("a database to connect to") }
    }

    /// Queues so many jobs, so many in one statement; returns the seconds.
    pub(crate) async fn enqueue(&self, jobs: u64, batch: u64) -> f64 {
        let mut connection = self.pool.acquire().await.expect("a connection");
        let start = clock::now();
        let mut queued = 0;
        while queued < jobs {
            let until = jobs.min(queued + batch);
            let ids: Vec<Uuid> = (queued..until).map(|_| Uuid::now_v7()).collect();
            let payloads: Vec<Vec<u8>> =
                (queued..until).map(|number| number.to_string().into_bytes()).collect();
            sqlx::query(INSERT)
                .bind(ids)
                .bind(payloads)
                .bind(clock::wall_us())
                .execute(&mut *connection)
                .await
                .expect("rows are inserted");
            queued = until;
        }
        clock::since(start)
    }

    /// Claims and settles everything over so many connections, each a batch at a time; returns the
    /// seconds.
    pub(crate) async fn drain(&self, jobs: u64, batch: u64, connections: u32) -> f64 {
        let start = clock::now();
        let mut lines = JoinSet::new();
        for _ in 0..connections {
            let pool = self.pool.clone();
            lines.spawn(async move { line(&pool, batch).await });
        }
        let done: u64 = lines.join_all().await.into_iter().sum();
        assert_eq!(done, jobs, "every job was claimed and settled once");
        clock::since(start)
    }
}

async fn line(pool: &PgPool, batch: u64) -> u64 {
    let mut connection = pool.acquire().await.expect("a connection");
    let mut done = 0;
    loop {
        let now = clock::wall_us();
        let claimed = sqlx::query(CLAIM)
            .bind(now + 15_000_000)
            .bind(now)
            .bind(i64::try_from(batch).expect("a small number"))
            .fetch_all(&mut *connection)
            .await
            .expect("rows are claimed");
        if claimed.is_empty() {
            return done;
        }
        let ids: Vec<Uuid> = claimed.iter().map(|row| row.get(0)).collect();
        let tokens: Vec<i64> = claimed.iter().map(|row| row.get(1)).collect();
        let settled = sqlx::query(SETTLE)
            .bind(ids)
            .bind(tokens)
            .bind(clock::wall_us())
            .execute(&mut *connection)
            .await
            .expect("rows are settled");
        assert_eq!(settled.rows_affected(), claimed.len() as u64, "all of them");
        done += settled.rows_affected();
    }
}
