-- Adds one job that wants no key and has no schedule, unless it exists, or existed and is over, or
-- schedules and tasks have changed since they had $1 times. It is judged at $2. It travels with
-- BEGIN and COMMIT, and with prove.sql, which sees what this statement began too early for.
WITH added AS (
    INSERT INTO schema.mainspring_jobs (
        id, payload_bytes, ready_at_us, start_by_us, task, origin, payload_format, payload_version,
        priority, timeout_us, retry_max, backoff_kind, backoff_first_us, backoff_max_us,
        retry_jitter, max_rescues, tags, watched, state, created_at_us, delayed
    )
    SELECT
        $3, $4, coalesce($5, $2), $6, $7, $8, $9, $10,
        $11, $12, $13, $14, $15, $16,
        $17, $18, $19, false, 0, $2, coalesce($5 > $2, false)
    WHERE $1 = (SELECT value FROM schema.mainspring_meta WHERE key = 'config_revision')
        AND NOT EXISTS (SELECT FROM schema.mainspring_jobs AS old WHERE old.id = $3)
        AND NOT EXISTS (SELECT FROM schema.mainspring_runs AS run WHERE run.job = $3)
    RETURNING id
)
SELECT $2 AS now_us, EXISTS (SELECT FROM added) AS added
